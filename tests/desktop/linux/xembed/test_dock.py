"""The icon in panels that have only the old system tray."""

from __future__ import annotations

import signal

import pytest

from tests.desktop.legacy_tray import (
    LegacyApp,
    Panel,
    StartTray,
    climb_to,
    icon_box,
    open_menu,
    shown_picture,
    wait_for_icon,
)
from tests.desktop.session import Theme
from tests.server.starting import ServerFactory
from tests.waiting import wait_for
from tray_app.core.analysis.bands import Band

pytestmark = pytest.mark.desktop


@pytest.mark.parametrize("panel", ["tint2", "trayer", "i3bar", "polybar"])
def test_every_band_in_the_panel(
    panel: Panel, start_tray: StartTray, runanalyze_server: ServerFactory
) -> None:
    """The panel shows the drawn picture pixel by pixel, in a size that is drawn."""
    tray = start_tray(panel)
    server = runanalyze_server()
    app = LegacyApp(tray.desktop, "--url", server.url)
    wait_for_icon(tray, app, band=Band.GREEN)
    for band, mb in ((Band.YELLOW, 185), (Band.ORANGE, 260), (Band.RED, 340)):
        climb_to(server, mb)
        wait_for_icon(tray, app, band=band)
        tray.desktop.screenshot(f"xembed-{panel}-{band}", tray.box)


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("icon_px", [16, 22, 24, 32])
def test_every_size(icon_px: int, theme: Theme, start_tray: StartTray) -> None:
    """The icon is as large as the panel's icons are."""
    tray = start_tray("tint2", icon_px=icon_px, theme=theme)
    app = LegacyApp(tray.desktop, "--demo")
    wait_for_icon(tray, app)
    box = icon_box(tray)
    assert box
    assert box[2] - box[0] == icon_px
    tray.desktop.screenshot(f"xembed-{icon_px}-{theme}", tray.box)


def test_a_tray_that_dies_is_followed_by_another(start_tray: StartTray) -> None:
    """The icon docks again wherever there is a tray, also with a menu open when one dies."""
    tray = start_tray("tint2")
    app = LegacyApp(tray.desktop, "--demo")
    wait_for_icon(tray, app)
    tray.kill()
    for panel in ("tint2", "trayer"):
        tray = start_tray(panel, tray.desktop)
        wait_for(lambda tray=tray: shown_picture(tray), f"the icon is in {panel}")
        open_menu(tray)
        tray.kill()
        wait_for(lambda tray=tray: not tray.popups(), "the menu is closed")
    assert app.running
    assert "Traceback" not in app.log


def test_a_panel_that_reads_its_settings_again(start_tray: StartTray) -> None:
    """It restarts in place, with another tray; the icon is in that one."""
    tray = start_tray("tint2")
    app = LegacyApp(tray.desktop, "--demo")
    wait_for_icon(tray, app)
    tray.process.send_signal(signal.SIGUSR1)
    wait_for(lambda: tray.desktop.log("tint2").count("add_icon") == 2, "it has taken it again")
    wait_for(lambda: shown_picture(tray), "the icon is back")


def test_nothing_of_it_writes_a_traceback(start_tray: StartTray) -> None:
    """Trays come and go as fast as they can."""
    tray = start_tray("tint2")
    app = LegacyApp(tray.desktop, "--demo", "-v")
    for _ in range(5):
        tray.kill()
        tray = start_tray("tint2", tray.desktop)
    wait_for(lambda: shown_picture(tray), "the icon is in the last one")
    assert "Traceback" not in app.log
    assert "X protocol error" not in app.log
