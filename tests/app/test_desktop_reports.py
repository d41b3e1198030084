"""What the desktop reports."""

from __future__ import annotations

import pytest

from tray_app.app import desktop_reports
from tray_app.app.desktop_reports import DesktopReports
from tray_app.core.monitor.inputs import MenuSeen


def test_a_menu_waits_for_what_only_it_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    """From its opening until a state has it; without one no longer than the limit, and the next
    opening waits again."""
    monkeypatch.setattr(desktop_reports, "MENU_LIMIT_S", 60.0)
    reports = DesktopReports()
    seen: list[object] = []

    def receive(report: object) -> None:
        seen.append(report)
        if report == MenuSeen(True):  # as the sampler does, after its next sample
            reports.menu_was_read()

    reports.receive = receive
    reports.menu_changed(True)
    reports.until_read()
    reports.menu_changed(False)
    monkeypatch.setattr(desktop_reports, "MENU_LIMIT_S", 0.0)
    reports.until_read()
    assert seen == [MenuSeen(True), MenuSeen(False)]
    assert not reports.is_read
