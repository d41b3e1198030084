"""Several real servers in one icon: the worst is shown, each has its own menu and notifications."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from tests.desktop.conftest import StartApp, StartDesktop
from tests.desktop.recorder import Notice, NotificationRecorder, Watcher
from tests.desktop.running import CONFIG, App
from tests.desktop.session import DesktopSession
from tests.desktop.test_tray import climb_to
from tests.server.starting import RunAnalyzeServer, ServerFactory
from tests.waiting import wait_for

pytestmark = pytest.mark.desktop

NAMES = ("desk", "gpu-1", "gpu-2")
TRIES = 5
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
    wait_for(lambda: f" · {name} " in app.tooltip[0], f"{name} is the worst")


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


def wait_for_line(app: App, name: str, *, hangs: bool) -> None:
    """The tooltip's line of this server says that it hangs, or gives its figure alone."""

    def fits() -> bool:
        line = next((each for each in app.tooltip if each.startswith(f"{name}: ")), "")
        return " MB" in line and line.endswith(" · hangs") is hangs

    wait_for(fits, f"{name} {'hangs' if hangs else 'does not hang'}")


def wait_for_notice(recorder: NotificationRecorder, line: str, known: int = 0) -> Notice:
    """A notification that has this in its title or in a line of its text, after the first
    ``known`` ones."""

    def fits() -> Notice | None:
        new = recorder.notices[known:]
        return next((it for it in new if line in f"{it.summary}\n{it.body}"), None)

    found = wait_for(fits, f"a notification with {line!r}")
    assert found
    return found


@pytest.mark.skipif(sys.platform == "win32", reason="no process is stopped there")
@pytest.mark.parametrize("kind", ["stopped", "silent"])
def test_one_hangs_one_is_killed_and_one_is_critical(
    start_desktop: StartDesktop, start_app: StartApp, servers: Servers, kind: str
) -> None:
    """A server that hangs, by SIGSTOP or because its API answers nothing, holds up neither the
    figures nor the alerts of the others. Icon, tooltip, menu and notifications tell of all."""
    desktop = start_desktop(notifier=False)
    hung, killed, full = servers["gpu-1"], servers["gpu-2"], servers["desk"]
    settings = config_of(servers).replace("recovery_s = 2", "recovery_s = 2\nhung_s = 3")
    with NotificationRecorder(desktop.bus_address) as recorder:
        app = start_app(desktop, settings=settings)
        for name in NAMES:
            wait_for_line(app, name, hangs=False)
        climb_to(killed, 205)
        app.wait_for_tooltip("gpu-2: 20")
        try:
            if kind == "stopped":
                os.kill(hung.pid, signal.SIGSTOP)
            else:
                hung.hang(120)
            wait_for_line(app, "gpu-1", hangs=True)
            killed.kill()
            climb_to(full, 360)
            wait_for_first(app, "desk")
            app.wait_for_tooltip("gpu-2: no reading")
            app.wait_for_tooltip(" · critical")
            wait_for_line(app, "gpu-1", hangs=True)
            desktop.screenshot(f"several-{kind}")
            wait_for_notice(recorder, "gpu-1: RunAnalyze has not answered for ")
            wait_for_notice(recorder, "gpu-2: RunAnalyze ended at 20")
            wait_for_notice(recorder, "desk: Critical: 3")
            app.wait_for_row("🔴 desk: 3", "3")
            app.wait_for_row("❓ gpu-1: 5", "Not answering for ")
            app.wait_for_row("❓ gpu-2: no reading", "Server: http://")
        finally:
            os.kill(hung.pid, signal.SIGCONT)
            hung.go_on()
        wait_for_line(app, "gpu-1", hangs=False)
        wait_for_notice(recorder, "gpu-1: RunAnalyze answers again: ")


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


def notice_of(notices: list[Notice], beginning: str) -> Notice | None:
    return next((each for each in notices if each.summary.startswith(beginning)), None)


def end_together(app: App, recorder: NotificationRecorder, servers: Servers) -> Notice:
    """The message that these have gone. They end at once; where the machine is too busy to notice
    that within the 5 s of one message, they do so again."""
    for _ in range(TRIES):
        for name, server in servers.items():
            climb_to(server, 205)  # the end of a small idle server is no alert
            app.wait_for_tooltip(f"{name}: 20")
        known = len(recorder.notices)
        for server in servers.values():
            server.strike()
        for name, server in servers.items():
            server.kill()
            wait_for_notice(recorder, f"{name}: RunAnalyze ended", known)
        if both := notice_of(recorder.notices[known:], f"{len(servers)} servers gone: "):
            return both
        for name, server in servers.items():
            server.start()
            app.wait_for_tooltip(f"{name}: 5")
    raise AssertionError(f"{TRIES} times a message for each of them")


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

        both = end_together(app, recorder, {name: servers[name] for name in ("gpu-1", "gpu-2")})
        single = next(each for each in recorder.notices if each.id == both.replaces_id)
        assert single.summary.startswith("gpu-")
        servers["gpu-1"].start()
        left = wait_for(lambda: notice_of(recorder.notices, "1 server gone: gpu-2"), "who is left")
        assert left
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
        )
        app.wait_for_tooltip("gpu-2: 5")
        app.wait_for_row("🟢 gpu-2")
        assert not any("desk" in label for label in app.labels())
