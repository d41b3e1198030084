"""The icon in a real panel: every colour from a real server, the tooltip, what panels ask for."""

from __future__ import annotations

import re
import socket
from typing import Any

import pytest

from tests.desktop.conftest import StartApp, StartDesktop
from tests.desktop.recorder import WATCHER, SettingsPortal, Watcher
from tests.desktop.running import NEAR_PANEL_END, App, wait_for_panel
from tests.desktop.session import ITEM, SCREEN, DesktopSession, Host, Rgb
from tests.desktop.wire import Heard, Peer
from tests.exporter.made import get
from tests.ports import free_port
from tests.server.starting import RunAnalyzeServer, ServerFactory
from tests.waiting import wait_for
from tray_app.core.analysis.bands import Band
from tray_app.core.model.icon_options import Theme
from tray_app.core.model.listen_address import ListenAddress

pytestmark = pytest.mark.desktop

# What DESIGN found to keep apart on dark and light panels; grey is the unknown form's rim.
COLOURS: dict[Band, Rgb] = {
    Band.GREEN: (46, 160, 67),
    Band.YELLOW: (234, 179, 8),
    Band.ORANGE: (234, 111, 18),
    Band.RED: (218, 54, 51),
    Band.UNKNOWN: (119, 127, 135),
}
PANEL_END = (SCREEN[0] - 320, 0, SCREEN[0], 48)


def show_band(desktop: DesktopSession, app: App, band: Band) -> None:
    """Wait until the panel shows this band and nothing of another; keep a picture."""
    wait_for_panel(app, band=band, process_source=False)
    for other, rgb in COLOURS.items():
        patch = desktop.find_colour(rgb, tolerance=4)
        assert (patch is not None and patch.count > 20) == (other is band), f"{other}: {patch}"
    name = "grey" if band is Band.UNKNOWN else band.value
    desktop.screenshot(f"icon-{name}", PANEL_END)


def climb_to(server: RunAnalyzeServer, mb: float) -> None:
    """Let the server hold so much altogether."""
    if (missing := mb - server.rss_mb()) >= 1:
        server.allocate(round(missing))


def test_every_colour_in_the_panel(
    desktop: DesktopSession, start_app: StartApp, runanalyze_server: ServerFactory
) -> None:
    """Real allocations turn the panel's icon green, yellow, orange and red; a kill, grey."""
    server = runanalyze_server()
    app = start_app(desktop, "--url", server.url)
    show_band(desktop, app, Band.GREEN)
    climb = ((Band.YELLOW, "raised", 185), (Band.ORANGE, "high", 260), (Band.RED, "critical", 340))
    for band, word, mb in climb:
        climb_to(server, mb)
        show_band(desktop, app, band)
        app.wait_for_tooltip(f" · {word}")
    desktop.screenshot("panel-red")
    server.kill()
    show_band(desktop, app, Band.UNKNOWN)
    server.start()
    show_band(desktop, app, Band.GREEN)


def test_the_exporter_serves_beside_the_icon(
    session_bus: DesktopSession, start_app: StartApp, runanalyze_server: ServerFactory
) -> None:
    """The same server. Where its port is taken, the log has a line, and the icon comes all the
    same."""
    server = runanalyze_server()
    address = ListenAddress("127.0.0.1", free_port())

    def metrics() -> str:
        try:
            return get(address)[2]
        except OSError:
            return ""

    flags = ("--url", server.url, "--exporter", str(address))
    with Watcher(session_bus.bus_address):
        app = start_app(session_bus, *flags)
        line = f'runanalyze_memory_bytes{{server="127.0.0.1:{server.port}"'
        wait_for(lambda: line in metrics(), "its memory is served", 60)
        assert app.item(60)
        app.end()
        with socket.create_server((address.host, address.port)):
            app = start_app(session_bus, *flags, name="second")
            assert app.item(60)
            wait_for(lambda: f"cannot listen at {address}" in app.log, "the log says so", 60)
            app.end()


def test_the_first_picture_has_a_figure(
    session_bus: DesktopSession, start_app: StartApp, runanalyze_server: ServerFactory
) -> None:
    """The icon comes up with the server's memory; without a reading it comes up all the same."""
    server = runanalyze_server()
    first: list[str] = []

    def read(signal: Heard) -> None:
        with Peer(session_bus.bus_address) as peer:
            item = signal.body[0].partition("/")[0]
            first.append(peer.get(item, "/StatusNotifierItem", ITEM, "ToolTip")[2])

    with Watcher(session_bus.bus_address) as watcher:
        watcher.peer.listen(read, interface=WATCHER, member="StatusNotifierItemRegistered")
        for mode, seen in (("auto", r"RunAnalyze: \d+ MB .*"), ("api", "RunAnalyze: [^0-9]+")):
            app = start_app(session_bus, "--url", server.url, "--mode", mode)
            wait_for(lambda: first, "the item is registered")
            assert re.fullmatch(seen, first.pop()), mode
            app.end()


def test_process_readings_are_marked(
    desktop: DesktopSession, start_app: StartApp, runanalyze_server: ServerFactory
) -> None:
    """A figure read from processes is marked in the icon and named in the tooltip."""
    server = runanalyze_server()
    app = start_app(desktop, "--url", server.url, "--mode", "fallback")
    wait_for_panel(app, band=Band.GREEN, process_source=True)
    app.wait_for_source("Process (1 process)")
    desktop.screenshot("icon-process", PANEL_END)


def test_tooltip_under_the_mouse(
    desktop: DesktopSession, start_app: StartApp, runanalyze_server: ServerFactory
) -> None:
    """A resting mouse brings up memory and band, source and stage, and the system."""
    server = runanalyze_server()
    # A tooltip that changes while it is shown may be closed by the panel: an hour's rest.
    app = start_app(desktop, "--url", server.url, "--interval", "3600")
    app.wait_for_source("API")
    lines = app.tooltip
    assert re.fullmatch(r"RunAnalyze: \d+ MB · normal", lines[0])
    assert re.match(r"API\b.* · idle", lines[1])
    assert re.search(r"[\d.]+ GB of [\d.]+ GB", lines[2])
    desktop.hover(*desktop.wait_for_colour(COLOURS[Band.GREEN]).centre)
    left, top, right, bottom = wait_for(desktop.tooltips, "a tooltip is shown")[0]
    assert right - left > 100
    assert bottom - top > 40, "three lines"
    desktop.screenshot("tooltip", NEAR_PANEL_END)


@pytest.mark.parametrize("host", ["xfce", "qt"])
def test_critical_memory_wants_attention(
    host: Host, start_desktop: StartDesktop, start_app: StartApp, runanalyze_server: ServerFactory
) -> None:
    """The panel is told so at the critical level, shows the same picture all the time, and is
    told when it is over."""
    desktop = start_desktop(host=host)
    server = runanalyze_server()
    app = start_app(desktop, "--url", server.url)
    app.wait_for_picture(band=Band.GREEN)
    item = app.item()

    def status() -> str:
        return str(desktop.item_properties(item)["Status"])

    climb_to(server, 310)
    desktop.wait_for_colour(COLOURS[Band.RED])
    assert status() == "Active", "red is not critical yet"
    climb_to(server, 360)
    wait_for(lambda: status() == "NeedsAttention", "attention is wanted")
    for _ in range(30):  # about a second: nothing flashes
        patch = desktop.find_colour(COLOURS[Band.RED])
        assert patch is not None
        assert patch.count > 20
    desktop.screenshot(f"icon-attention-{host}", PANEL_END)
    server.free()
    wait_for(lambda: status() == "Active", "it is over")
    desktop.wait_for_colour(COLOURS[Band.GREEN])
    assert not desktop.find_colour(COLOURS[Band.RED], tolerance=4)


def test_the_icon_follows_the_desktops_theme(
    session_bus: DesktopSession, start_app: StartApp, runanalyze_server: ServerFactory
) -> None:
    """Drawn for a light panel on a light desktop, at once when that changes; a choice wins."""
    server = runanalyze_server()
    address = session_bus.bus_address
    with Watcher(address), SettingsPortal(address, scheme=2) as portal:
        app = start_app(session_bus, "--url", server.url)
        app.wait_for_picture(band=Band.GREEN, theme=Theme.LIGHT)
        portal.change(1)
        app.wait_for_picture(theme=Theme.DARK)
        app.click("Settings", "Panel", "Light")
        app.wait_for_picture(theme=Theme.LIGHT)
        app.click("Settings", "Panel", "As the desktop (dark)")
        app.wait_for_picture(theme=Theme.DARK)


PROPERTIES: dict[str, Any] = {
    "Category": "SystemServices",
    "Id": "runanalyze-tray",
    "Status": "Active",
    "WindowId": 0,
    "IconThemePath": "",
    "IconName": "",
    "OverlayIconName": "",
    "OverlayIconPixmap": [],
    "AttentionIconName": "",
    "AttentionIconPixmap": [],
    "AttentionMovieName": "",
    "ItemIsMenu": False,
    "Menu": "/MenuBar",
}


def test_every_property_is_supplied(desktop: DesktopSession, start_app: StartApp) -> None:
    """Panels ask for all properties, also empty ones; the picture comes in several sizes."""
    app = start_app(desktop, "--demo")
    properties = desktop.item_properties(app.item())
    assert {name: properties.get(name) for name in PROPERTIES} == PROPERTIES
    assert properties.keys() == PROPERTIES.keys() | {
        *("Title", "IconPixmap", "ToolTip", "IconAccessibleDesc", "AttentionAccessibleDesc")
    }
    assert properties["Title"]
    pixmaps = {width: argb for width, height, argb in properties["IconPixmap"] if width == height}
    assert pixmaps.keys() == {16, 20, 22, 24, 32, 40, 44, 48}
    assert all(len(argb) == 4 * width * width for width, argb in pixmaps.items())


def test_a_demo_says_so(desktop: DesktopSession, start_app: StartApp) -> None:
    """Tooltip and menu of a demo are marked, from its first sample on."""
    app = start_app(desktop, "--demo")
    assert app.wait_for_tooltip(" MB")[0].startswith("RunAnalyze (demo): ")
    assert app.labels()[0].startswith("Demo · ")


def test_qt_panel(
    start_desktop: StartDesktop, start_app: StartApp, runanalyze_server: ServerFactory
) -> None:
    """LXQt's panel shows the same icon and offers the same menu; it survives a restart."""
    desktop = start_desktop(host="qt")
    server = runanalyze_server()
    app = start_app(desktop, "--url", server.url)
    app.wait_for_picture(band=Band.GREEN)
    desktop.open_menu(*desktop.wait_for_colour(COLOURS[Band.GREEN]).centre)
    desktop.screenshot("menu-qt", NEAR_PANEL_END)
    desktop.key("Escape")
    wait_for(lambda: not desktop.menus(), "the menu is closed")
    assert app.labels()[-3:] == ["Settings", "Help and about", "Quit"]
    desktop.restart_panel()
    desktop.wait_for_colour(COLOURS[Band.GREEN])
    app.click("Quit")
    assert app.wait_for_exit() == 0
    wait_for(lambda: not desktop.find_colour(COLOURS[Band.GREEN]), "the icon is gone")
