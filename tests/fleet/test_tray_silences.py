"""Silences from the tray's menu, in a real Alertmanager."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.desktop.conftest import StartApp
from tests.desktop.recorder import Notice, NotificationRecorder, Watcher
from tests.desktop.session import DesktopSession
from tests.fleet.engine import LIMIT_S, Receiver, alertmanager, ask, silence_elsewhere
from tests.fleet.test_tray import CONFIG, Fleet, fleet, settled
from tests.needs import path_of
from tests.ports import free_port
from tests.waiting import wait_for

__all__ = ["fleet"]

pytestmark = [pytest.mark.desktop, pytest.mark.xdist_group("fleet")]

CRITICAL = "🔴 gpu-1:8000: 3.91 GB · critical"


class Notices:
    """What was notified, by how it begins."""

    def __init__(self, recorder: NotificationRecorder) -> None:
        self._recorder = recorder

    def wait_for(self, beginning: str, after: int = 0) -> Notice:
        """The first one after that many."""

        def found() -> Notice | None:
            new = self._recorder.notices[after:]
            return next((each for each in new if each.summary.startswith(beginning)), None)

        notice = wait_for(found, f"a notification {beginning!r}", LIMIT_S)
        assert notice
        return notice

    def press(self, notice: Notice, label: str) -> None:
        keys = dict(zip(notice.actions[1::2], notice.actions[::2], strict=True))
        self._recorder.press(notice.id, keys[label])

    @property
    def number(self) -> int:
        return len(self._recorder.notices)


@contextmanager
def desktop_of(session: DesktopSession) -> Iterator[Notices]:
    address = session.bus_address
    with Watcher(address), NotificationRecorder(address) as recorder:
        yield Notices(recorder)


def holding(url: str) -> list[dict[str, Any]]:
    """The silences that hold, as Alertmanager lists them."""
    silences = ask(f"{url}/api/v2/silences") or []
    return [each for each in silences if each["status"]["state"] == "active"]


def test_an_alert_is_silenced_and_fires_again(
    session_bus: DesktopSession, start_app: StartApp, fleet: Fleet
) -> None:
    """From its notification, after a question; the silence is real, and ends from the menu."""
    manager = fleet.alertmanager
    fleet.publish()
    with desktop_of(session_bus) as notices:
        app = start_app(
            session_bus,
            *("--prometheus", fleet.url, "--alertmanager", manager),
            settings=CONFIG,
        )
        settled(app)
        fleet.publish(gpu_1=4000)
        alert = notices.wait_for("gpu-1:8000: Critical")
        notices.press(alert, "Silence for 1 h…")
        question = notices.wait_for("Silence gpu-1:8000?")
        assert holding(manager) == []
        notices.press(question, "Silence for everybody")
        notices.wait_for("Silenced until ")
        (silence,) = holding(manager)
        assert silence["createdBy"].count("@") == 1
        assert silence["comment"] == "From the menu of runanalyze-tray"
        assert {each["name"] for each in silence["matchers"]} == {"instance", "server"}
        app.wait_for_tooltip("gpu-1:8000: 3.91 GB · critical · silenced", LIMIT_S)
        app.wait_for_tooltip("Alerts silenced until ", LIMIT_S)
        known = notices.number
        app.wait_for_row(CRITICAL, "Silenced until ", within_s=LIMIT_S)
        app.click(CRITICAL, "Silenced until ", "Silenced until ", "End this silence")
        notices.wait_for("The silence is over", known)
        assert holding(manager) == []
        notices.wait_for("gpu-1:8000: Critical", known)


def test_silences_made_elsewhere_are_shown(
    session_bus: DesktopSession, start_app: StartApp, fleet: Fleet
) -> None:
    """Who made them and until when; and they can be ended here."""
    manager = fleet.alertmanager
    fleet.publish()
    with desktop_of(session_bus) as notices:
        app = start_app(
            session_bus,
            *("--prometheus", fleet.url, "--alertmanager", manager),
            settings=CONFIG,
        )
        settled(app)
        silence_elsewhere(manager, "server=gpu-2:8000")
        silence_elsewhere(manager, "server=other:8000")
        app.wait_for_tooltip("Alerts silenced until ", LIMIT_S)
        app.wait_for_row("🟢 gpu-2:8000: 300 MB · normal", "Silenced until ", "Silenced until ")
        app.click("Alerts silenced until ", "Silenced until ", "End this silence")
        notices.wait_for("The silence is over")
        (left,) = holding(manager)
        assert left["matchers"][0]["value"] == "other:8000"
        app.wait_for_row("Silence all", within_s=LIMIT_S)


def test_an_alertmanager_that_is_away(
    session_bus: DesktopSession, start_app: StartApp, tmp_path: Path
) -> None:
    """Silences nothing, and the tray says so; when it is back, it does."""
    path_of("prometheus-alertmanager")
    receiver, port = Receiver(), free_port()
    away = f"http://127.0.0.1:{free_port()}"
    everything = "Silence all", "For 4 h", "Silence for everybody"
    with ExitStack() as stack, desktop_of(session_bus) as notices:
        stack.callback(receiver.close)
        manager = stack.enter_context(ExitStack())
        url = manager.enter_context(alertmanager(tmp_path, receiver, port))
        flags = ("--prometheus", away, "--alertmanager", url, "--selector", 'team="video"')
        app = start_app(session_bus, *flags, settings=CONFIG)
        app.wait_for_row(*everything)
        manager.close()
        app.click(*everything)
        failed = notices.wait_for('Not silenced: all servers with team="video"')
        assert failed.body == "Alertmanager: connection refused."
        app.wait_for_row(*everything)
        stack.enter_context(alertmanager(tmp_path, receiver, port))
        app.click(*everything)
        notices.wait_for("Silenced until ")
        (silence,) = holding(url)
        assert [(each["name"], each["value"]) for each in silence["matchers"]] == [
            ("team", "video")
        ]
        app.wait_for_row("Alerts silenced until ", within_s=LIMIT_S)
