"""How late the system may wake a thread."""

from __future__ import annotations

import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tray_app.runtime import timer_slack
from tray_app.runtime.timer_slack import allow_timer_slack


def slack_ns() -> int:
    return int(Path(f"/proc/{threading.get_native_id()}/timerslack_ns").read_text())


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone has timer slack")
def test_one_thread_allows_slack() -> None:
    """The slack counts for this thread alone."""
    before_ns = slack_ns()
    with ThreadPoolExecutor(1) as thread:
        thread.submit(allow_timer_slack, 0.02).result()
        assert thread.submit(slack_ns).result() == 20_000_000
    assert slack_ns() == before_ns


def test_a_system_without_timer_slack(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nothing happens there."""
    monkeypatch.setattr(timer_slack, "Path", lambda _: tmp_path / "none" / "timerslack_ns")
    allow_timer_slack(0.02)
