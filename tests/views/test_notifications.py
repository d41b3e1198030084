"""What becomes of notifications."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from tests.core.made import mb
from tray_app.core.alerts.levels import LevelReached
from tray_app.core.alerts.limits import Level
from tray_app.core.model.presets import Mode
from tray_app.core.model.readings import Now, Source
from tray_app.core.monitor.events import Alert, Event
from tray_app.core.monitor.inputs import Delivered
from tray_app.core.monitor.sample import Sample
from tray_app.core.presentation import notifications
from tray_app.core.presentation.notifications import Note, Urgency
from tray_app.core.source_choice.circuit_breaker import ApiCondition, ApiState
from tray_app.views.notifications import RETRY_EVERY_S, NotificationSender

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

    means: str | None = None
    problem: str | None = None
    pending: bool = False


@dataclass
class FakeNotifier:
    """Fails as told (at first), else records; ``slow``: that comes later (`handed_over`)."""

    problems: list[str | Exception | None] = field(default_factory=list)
    sent: list[str] = field(default_factory=list)
    slow: bool = False
    handed_over: list[Note] = field(default_factory=list)

    def notify(self, note: Note) -> Result:
        if self.slow:
            self.handed_over.append(note)
            return Result(problem="no answer for 5 s", pending=True)
        problem = self.problems.pop(0) if self.problems else None
        if isinstance(problem, Exception):
            raise problem
        if problem:
            return Result(problem=problem)
        self.sent.append(note.title)
        return Result(means="plyer")


@dataclass
class FakeClock:
    """Monotonic seconds, as set."""

    now_s: float = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture(autouse=True)
def notes_as_events(monkeypatch: pytest.MonkeyPatch) -> None:
    """A note that stands for its event: what is sent is not what these tests are about."""
    make = notifications.note

    def note(event: Event | Note) -> Note | None:
        return event if isinstance(event, Note) else make(event)

    monkeypatch.setattr(notifications, "note", note)


def told(word: str, title: str) -> Note:
    return Note(title, "text", Urgency.NORMAL, word)


def test_failures_are_told_and_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    """Each result is reported; the log has the first failure and the recovery only."""
    reports: list[Delivered] = []
    notices = NotificationSender(
        FakeNotifier(["no service", OSError("gone"), None]), reports.append, FakeClock()
    )
    caplog.set_level("INFO")
    for level in (Level.RAISED, Level.HIGH, Level.CRITICAL):
        notices.handle(Alert(LevelReached(level, 1500), SAMPLE))
    assert [report.problem for report in reports] == ["no service", "OSError: gone", None]
    assert [report.means for report in reports] == [None, None, "plyer"]
    assert {report.title.partition(":")[0] for report in reports} == {
        "Raised",
        "High",
        "Critical",
    }
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


def test_nothing_is_lost_while_nothing_delivers() -> None:
    """What was not delivered is sent later, once, in order: of each word the latest only."""
    notifier = FakeNotifier(["gone"] * 7)
    reports: list[Delivered] = []
    clock = FakeClock()
    notices = NotificationSender(notifier, reports.append, clock)
    assert notices.retry_after_s is None
    notices.handle(told("memory", "High"))
    notices.handle(told("host", "No panel"))
    notices.handle(told("memory", "Critical"))
    assert notices.retry_after_s == RETRY_EVERY_S
    clock.now_s += RETRY_EVERY_S - 1
    assert notices.retry_after_s == 1.0
    clock.now_s += 5
    assert notices.retry_after_s == 0.0
    notices.retry()
    assert notices.retry_after_s == RETRY_EVERY_S
    assert notifier.sent == []
    assert [report.title for report in reports] == ["High", "No panel", "Critical"]
    notifier.problems.clear()
    notices.retry()
    notices.retry()
    assert notifier.sent == ["No panel", "Critical"]
    assert [(report.title, report.problem) for report in reports[3:]] == [
        ("No panel", None),
        ("Critical", None),
    ]
    assert notices.retry_after_s is None


def test_what_was_kept_comes_before_what_is_new() -> None:
    """The order on the screen is the order in which things happened."""
    notifier = FakeNotifier(["gone"])
    notices = NotificationSender(notifier, lambda _: None, FakeClock())
    notices.handle(told("host", "No panel"))
    notices.handle(told("memory", "High"))
    assert notifier.sent == ["No panel", "High"]


def test_one_that_always_fails_holds_up_no_other() -> None:
    """The newest is tried although one that was kept has failed again."""
    notifier = FakeNotifier(["refused", "refused"])
    notices = NotificationSender(notifier, lambda _: None, FakeClock())
    notices.handle(told("host", "No panel"))
    notices.handle(told("memory", "High"))
    assert notifier.sent == ["High"]


def test_a_status_that_nobody_saw_is_not_sent_later() -> None:
    """Some minutes later it is no answer any more."""
    notices = NotificationSender(FakeNotifier(["gone"]), lambda _: None, FakeClock())
    notices.handle(told("status", "RunAnalyze: 300 MB"))
    assert notices.retry_after_s is None


def test_what_may_still_come_is_not_sent_again(caplog: pytest.LogCaptureFixture) -> None:
    """Until its answer comes it counts as undelivered; then all is well, and it was sent once."""
    notifier = FakeNotifier(slow=True)
    reports: list[Delivered] = []
    notices = NotificationSender(notifier, reports.append, FakeClock())
    caplog.set_level("INFO")
    notices.handle(told("memory", "High"))
    assert notices.retry_after_s is None
    notices.retry()
    notices.retry()
    (note,) = notifier.handed_over
    notices.settle(note, Result(means="notification service"))
    assert [(report.problem, report.title) for report in reports] == [
        ("no answer for 5 s", "High"),
        (None, "High"),
    ]
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]


def test_what_failed_in_the_end_is_kept() -> None:
    """A service that was ended before it answered has shown nothing."""
    notifier = FakeNotifier(slow=True)
    notices = NotificationSender(notifier, lambda _: None, FakeClock())
    notices.handle(told("memory", "High"))
    notices.settle(notifier.handed_over[0], Result(problem="it was ended"))
    assert notices.retry_after_s == RETRY_EVERY_S
    notifier.slow = False
    notices.retry()
    assert notifier.sent == ["High"]
    assert notices.retry_after_s is None


def test_what_was_replaced_meanwhile_is_not_kept() -> None:
    """The newer one says more."""
    notifier = FakeNotifier(slow=True)
    notices = NotificationSender(notifier, lambda _: None, FakeClock())
    notices.handle(told("memory", "High"))
    notifier.slow = False
    notices.handle(told("memory", "Critical"))
    notices.settle(notifier.handed_over[0], Result(problem="it was ended"))
    assert notices.retry_after_s is None
    assert notifier.sent == ["Critical"]


def test_a_kept_one_that_is_handed_over_is_not_sent_again() -> None:
    """Nor is what may still come when it is tried again."""
    notifier = FakeNotifier(["gone"])
    notices = NotificationSender(notifier, lambda _: None, FakeClock())
    notices.handle(told("memory", "High"))
    notifier.slow = True
    notices.retry()
    assert len(notifier.handed_over) == 1
    assert notices.retry_after_s is None
