"""Several real servers in one icon: the worst is shown, each has its own menu and notifications."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.desktop.conftest import StartApp
from tests.desktop.recorder import Notice, NotificationRecorder, Watcher
from tests.desktop.running import CONFIG, App
from tests.desktop.session import DesktopSession
from tests.desktop.test_tray import climb_to
from tests.server.starting import RunAnalyzeServer, ServerFactory
from tests.waiting import wait_for

pytestmark = pytest.mark.desktop

NAMES = ("desk", "gpu-1", "gpu-2")
WITHIN_S = 30.0
Servers = dict[str, RunAnalyzeServer]


def config_of(servers: Servers) -> str:
    """A config file that lists these servers."""
    tables = (f'[[servers]]\nname = "{name}"\nurl = "{it.url}"\n' for name, it in servers.items())
    return "\n".join([CONFIG, *tables])


@pytest.fixture
def servers(runanalyze_server: ServerFactory) -> Servers:
    return {name: runanalyze_server() for name in NAMES}


def wait_for_first(app: App, name: str) -> None:
    """The icon and the tooltip's heading show this server."""
    wait_for(lambda: f" · {name} " in app.tooltip[0], f"{name} is the worst", WITHIN_S)


def test_the_worst_is_shown_and_each_is_in_the_menu(
    desktop: DesktopSession, start_app: StartApp, servers: Servers
) -> None:
    """Over critical, hung and killed: each is in the tooltip, and the menu has one row for each."""
    app = start_app(desktop, settings=config_of(servers))
    for name in NAMES:
        app.wait_for_tooltip(f"{name}: ")
    climb_to(servers["gpu-1"], 260)
    climb_to(servers["gpu-2"], 360)
    wait_for_first(app, "gpu-2")
    app.wait_for_tooltip("gpu-2: 3")
    desktop.screenshot("several-panel")
    app.wait_for_row("🔴 gpu-2: 3", "History and alerts")
    servers["gpu-2"].kill()
    wait_for_first(app, "gpu-1")
    app.wait_for_tooltip("gpu-2: no reading")
    app.click("In the icon", "desk")
    wait_for_first(app, "desk")
    app.wait_for_row("In the icon: desk")


def test_a_command_is_for_one_server_or_for_all(
    session_bus: DesktopSession, start_app: StartApp, servers: Servers
) -> None:
    """A row of a server's menu concerns that one; *Pause all* concerns all."""
    with Watcher(session_bus.bus_address):
        app = start_app(session_bus, settings=config_of(servers))
        app.wait_for_tooltip("gpu-1: ")
        app.click("🟢 gpu-1", "Pause")
        app.wait_for_tooltip("gpu-1: paused")
        assert "gpu-2: paused" not in app.tooltip
        app.click("Pause all")
        app.wait_for_tooltip("gpu-2: paused")
        app.click("Resume all")
        for name in NAMES:
            app.wait_for_tooltip(f"{name}: 5")


def test_several_alerts_at_once_are_one_notification(
    session_bus: DesktopSession, start_app: StartApp, servers: Servers
) -> None:
    """In the place of the first one, without a second sound; a recovery names who is left."""
    with (
        Watcher(session_bus.bus_address),
        NotificationRecorder(session_bus.bus_address) as recorder,
    ):
        app = start_app(session_bus, settings=config_of(servers))
        for name in NAMES:
            app.wait_for_tooltip(f"{name}: 5")

        def notice(beginning: str) -> Notice | None:
            return next(
                (each for each in recorder.notices if each.summary.startswith(beginning)), None
            )

        for name in ("gpu-1", "gpu-2"):
            climb_to(servers[name], 200)  # the end of a small idle server is no alert
            app.wait_for_tooltip(f"{name}: 200 MB")
        for name in ("gpu-1", "gpu-2"):
            servers[name].kill()
        both = wait_for(lambda: notice("2 servers gone: gpu-"), "one message", WITHIN_S)
        single = next(each for each in recorder.notices if each.id == both.replaces_id)
        assert single.summary.startswith("gpu-")
        servers["gpu-1"].start()
        left = wait_for(lambda: notice("1 server gone: gpu-2"), "who is left", WITHIN_S)
        assert left.body.startswith("gpu-1: ")
        assert left.replaces_id == single.id


def test_an_edit_of_the_list_is_followed(
    session_bus: DesktopSession, start_app: StartApp, servers: Servers
) -> None:
    """A server that is added is watched, one that is removed is not, and the others go on."""
    with Watcher(session_bus.bus_address):
        two = {name: servers[name] for name in NAMES[:2]}
        app = start_app(session_bus, settings=config_of(two))
        app.wait_for_tooltip("gpu-1: 5")
        file = Path(session_bus.home / f"{app.name}.toml")
        new = {name: servers[name] for name in ("gpu-1", "gpu-2")}
        file.write_text(config_of(new).format(interval_s=0.25))
        wait_for(
            lambda: {line.split(":")[0] for line in app.tooltip[1:]} == {"gpu-1", "gpu-2"},
            "the new list",
            WITHIN_S,
        )
        app.wait_for_tooltip("gpu-2: 5")
        app.wait_for_row("🟢 gpu-2")
        assert not any("desk" in label for label in app.labels())
