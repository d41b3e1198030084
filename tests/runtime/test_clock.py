"""The clock's room: what a thread asks of the system's timers."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tray_app.runtime import clock


def slack_ns() -> int:
    return int(Path(f"/proc/{threading.get_native_id()}/timerslack_ns").read_text())


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone has timer slack")
def test_one_thread_is_lenient() -> None:
    """What it lets the system do is for itself alone."""
    before_ns = slack_ns()
    with ThreadPoolExecutor(1) as thread:
        thread.submit(clock.allow_timer_slack, 0.02).result()
        assert thread.submit(slack_ns).result() == 20_000_000
    assert slack_ns() == before_ns


def test_a_system_that_knows_no_leniency(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing happens where it cannot be asked for."""
    monkeypatch.setattr(clock, "Path", lambda _: tmp_path / "none" / "timerslack_ns")
    clock.allow_timer_slack(0.02)
