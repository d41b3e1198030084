"""The tray as the face of a real Prometheus and Alertmanager."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.desktop.conftest import StartApp
from tests.desktop.recorder import Notice, NotificationRecorder, Watcher
from tests.desktop.running import App, wait_for_panel
from tests.desktop.session import DesktopSession
from tests.desktop.test_tray import COLOURS
from tests.fleet.engine import (
    LIMIT_S,
    Receiver,
    SteadyExporter,
    alertmanager,
    prometheus,
)
from tests.fleet.test_engine import publish, with_memory
from tests.needs import path_of
from tests.ports import free_port
from tests.waiting import wait_for
from tray_app.core.analysis.bands import Band

pytestmark = [pytest.mark.desktop, pytest.mark.xdist_group("fleet")]

HOSTS = ("gpu-1", "gpu-2", "desk")
CONFIG = "interval_s = 0.25\n"


class Fleet:
    """Three servers behind one exporter, and an engine that can be killed."""

    def __init__(self, stack: ExitStack, folder: Path) -> None:
        for name in ("prometheus", "prometheus-alertmanager"):
            path_of(name)
        receiver = Receiver()
        stack.callback(receiver.close)
        self._exporter = SteadyExporter(*(f"http://{host}:8000" for host in HOSTS))
        self._folder = folder
        self._targets = [str(stack.enter_context(self._exporter.served()))]
        self.alertmanager = stack.enter_context(alertmanager(folder, receiver))
        self._port = free_port()
        self._engine = ExitStack()
        stack.callback(self.kill)
        self.url = self.start()

    def start(self) -> str:
        engine = prometheus(self._folder, self._targets, self.alertmanager, self._port)
        return self._engine.enter_context(engine)

    def kill(self) -> None:
        self._engine.close()

    def publish(self, **memory_mb: float) -> None:
        """Servers by name, with ``_`` for ``-``, and what they have."""
        for host in HOSTS:
            publish(self._exporter, host, with_memory(memory_mb.get(host.replace("-", "_"), 300)))


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    with ExitStack() as stack:
        yield Fleet(stack, tmp_path)


def notice(recorder: NotificationRecorder, beginning: str) -> Notice | None:
    return next((it for it in recorder.notices if it.summary.startswith(beginning)), None)


def is_green(app: App) -> bool:
    shown = app.picture()
    return shown is not None and shown.band is Band.GREEN


def settled(app: App) -> None:
    """All three are read, and green."""
    app.wait_for_tooltip("3 servers", LIMIT_S)
    app.wait_for_tooltip("desk:8000: 300 MB · normal", LIMIT_S)
    app.wait_for_picture(LIMIT_S, band=Band.GREEN)


@pytest.mark.parametrize("asks", ["prometheus", "alertmanager"])
def test_the_tray_shows_what_the_rules_say(
    session_bus: DesktopSession, start_app: StartApp, fleet: Fleet, asks: str
) -> None:
    """Icon, tooltip and menu; an alert is one notification, and so is its end."""
    fleet.publish()
    flags = ("--alertmanager", fleet.alertmanager) if asks == "alertmanager" else ()
    with (
        Watcher(session_bus.bus_address),
        NotificationRecorder(session_bus.bus_address) as recorder,
    ):
        app = start_app(session_bus, "--prometheus", fleet.url, *flags, settings=CONFIG)
        settled(app)
        fleet.publish(gpu_1=4000)
        first = wait_for(lambda: notice(recorder, "gpu-1:8000: Critical"), "the alert", LIMIT_S)
        assert "above the critical limit" in first.body
        app.wait_for_tooltip("gpu-1:8000: 3.91 GB · critical", LIMIT_S)
        app.wait_for_row("🔴 gpu-1:8000: 3.91 GB · critical", "Open Prometheus")
        fleet.publish()
        last = wait_for(lambda: notice(recorder, "gpu-1:8000: resolved"), "the end", LIMIT_S)
        assert last.replaces_id == first.id
        settled(app)


def test_an_engine_that_is_killed_is_grey_and_comes_back(
    session_bus: DesktopSession, start_app: StartApp, fleet: Fleet
) -> None:
    """By itself; meanwhile the tooltip says why. One message says so, and one that it is back."""
    fleet.publish()
    with (
        Watcher(session_bus.bus_address),
        NotificationRecorder(session_bus.bus_address) as recorder,
    ):
        app = start_app(session_bus, "--prometheus", fleet.url, settings=CONFIG)
        settled(app)
        fleet.kill()
        app.wait_for_tooltip("connection refused", LIMIT_S)
        wait_for(lambda: not is_green(app), "the icon is not green", LIMIT_S)
        away = wait_for(lambda: notice(recorder, "Prometheus cannot"), "it is away", LIMIT_S)
        fleet.publish(gpu_2=4000)
        fleet.start()
        back = wait_for(lambda: notice(recorder, "Prometheus answers"), "it is back", LIMIT_S)
        assert back.replaces_id == away.id
        app.wait_for_tooltip("gpu-2:8000: 3.91 GB · critical", LIMIT_S)


def test_a_selector_without_a_match_is_no_green(
    session_bus: DesktopSession, start_app: StartApp, fleet: Fleet
) -> None:
    """There are no servers, and the tooltip names what was asked for."""
    fleet.publish()
    with Watcher(session_bus.bus_address):
        flags = ("--prometheus", fleet.url, "--selector", 'team="nobody"')
        app = start_app(session_bus, *flags, settings=CONFIG)
        app.wait_for_tooltip(
            'Prometheus has no server:runanalyze_memory_bytes:by_band with team="nobody"'
        )
        app.wait_for_picture(band=Band.UNKNOWN)
        app.wait_for_row("No servers")


def test_a_panel_shows_the_worst(
    desktop: DesktopSession, start_app: StartApp, fleet: Fleet
) -> None:
    """In pixels: green, then red; the menu has a row for each."""
    fleet.publish()
    app = start_app(desktop, "--prometheus", fleet.url, settings=CONFIG)
    app.wait_for_tooltip("desk:8000: 300 MB · normal", LIMIT_S)
    wait_for_panel(app, band=Band.GREEN, figure=".3")
    fleet.publish(gpu_1=4000, gpu_2=3500)
    app.wait_for_tooltip("gpu-2:8000: 3.42 GB · critical", LIMIT_S)
    app.wait_for_row("🔴 gpu-1:8000: 3.91 GB · critical", "🔴 Critical")
    icon = desktop.wait_for_colour(COLOURS[Band.RED])
    desktop.open_menu(*icon.centre)
    desktop.screenshot("fleet-panel")
