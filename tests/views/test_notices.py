"""What becomes of notifications."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from tests.core.made import mb
from tray_app.core.alerts import Level
from tray_app.core.events import Alerted
from tray_app.core.link import ApiCondition, ApiState
from tray_app.core.modes import Mode
from tray_app.core.readings import Now, Source
from tray_app.core.sample import Sample
from tray_app.core.state import Delivered
from tray_app.views.notices import Notices

SAMPLE = Sample(
    number=1,
    at=Now(0, 0),
    mode=Mode.AUTO,
    source=Source.API,
    api=ApiCondition(ApiState.OK),
    memory_bytes=mb(3200),
)


@dataclass
class Result:
    """What a notifier answers."""

    problem: str | None = None


@dataclass
class FakeNotifier:
    """Fails as told, else records."""

    problems: list[str | Exception | None]
    sent: list[str] = field(default_factory=list)

    def notify(self, title: str, text: str, *, urgency: int, replace: str) -> Result:
        problem = self.problems.pop(0)
        if isinstance(problem, Exception):
            raise problem
        self.sent.append(title)
        return Result(problem)


def test_failures_are_told_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """Each result is reported; the log has the first failure and the recovery only."""
    told: list[Delivered] = []
    notices = Notices(FakeNotifier(["no service", OSError("gone"), None]), told.append)
    caplog.set_level("INFO")
    for level in (Level.ELEVATED, Level.HIGH, Level.CRITICAL):
        notices.handle(Alerted(level, 1500, SAMPLE))
    assert [result.problem for result in told] == ["no service", "OSError: gone", None]
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
