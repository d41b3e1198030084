"""What becomes of notifications."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from msgspec.structs import replace

from tests.core.made import mb
from tray_app.core.alerts.levels import LevelReached
from tray_app.core.alerts.limits import Level
from tray_app.core.alerts.policy import Condition
from tray_app.core.analysis.bands import Band
from tray_app.core.analysis.course import Course, update
from tray_app.core.model.presets import Mode
from tray_app.core.model.readings import MIB, Now, Source
from tray_app.core.monitor.events import Alert, AlertWithdrawn, Event, TestRequested
from tray_app.core.monitor.inputs import Delivered
from tray_app.core.monitor.sample import Sample
from tray_app.core.presentation import notifications
from tray_app.core.presentation.icon import Picture
from tray_app.core.presentation.notifications import Note, Urgency
from tray_app.core.source_choice.circuit_breaker import ApiCondition, ApiState
from tray_app.views.icon import draw
from tray_app.views.notifications import RETRY_EVERY_S, NotificationSender, Outbox

SAMPLE = Sample(
    number=1,
    at=Now(0, 0),
    mode=Mode.AUTO,
    source=Source.API,
    api=ApiCondition(ApiState.OK),
    memory_bytes=mb(3200),
)


def tile(of: Sample | None) -> Picture:
    """A red tile of an alert's sample, else a green one; with marks."""
    band = Band.RED if of else Band.GREEN
    return Picture(band, "1.0", muted=True, undelivered=True)


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

    closed: list[str] = field(default_factory=list)
    images: list[Any] = field(default_factory=list)

    def note_px(self, drawn: Sequence[int]) -> int:
        assert 48 in drawn
        return 48

    def chart_px(self) -> int:
        return 64

    def close_note(self, replace: str) -> None:
        self.closed.append(replace)

    def notify(self, note: Note, image: Any) -> Result:
        self.images.append(image)
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


class Notices:
    """A sender of one server's notifications, and the outbox that it fills."""

    def __init__(
        self,
        notifier: FakeNotifier,
        report: Callable[[Delivered], None] = lambda _: None,
        clock: Callable[[], float] | None = None,
        past: Course | None = None,
    ) -> None:
        self.outbox = Outbox(notifier, clock or FakeClock())
        known = past or Course()
        self.handle = NotificationSender(self.outbox, report, tile, lambda: known).handle
        self.retry, self.settle = self.outbox.retry, self.outbox.settle

    @property
    def retry_after_s(self) -> float | None:
        return self.outbox.retry_after_s


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
    notices = Notices(FakeNotifier(["no service", OSError("gone"), None]), reports.append)
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
    notices = Notices(notifier, reports.append, clock)
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
    notices = Notices(notifier)
    notices.handle(told("host", "No panel"))
    notices.handle(told("memory", "High"))
    assert notifier.sent == ["No panel", "High"]


def test_one_that_always_fails_holds_up_no_other() -> None:
    """The newest is tried although one that was kept has failed again."""
    notifier = FakeNotifier(["refused", "refused"])
    notices = Notices(notifier)
    notices.handle(told("host", "No panel"))
    notices.handle(told("memory", "High"))
    assert notifier.sent == ["High"]


def test_a_status_that_nobody_saw_is_not_sent_later() -> None:
    """Some minutes later it is no answer any more."""
    notices = Notices(FakeNotifier(["gone"]))
    notices.handle(told("status", "RunAnalyze: 300 MB"))
    assert notices.retry_after_s is None


def test_what_may_still_come_is_not_sent_again(caplog: pytest.LogCaptureFixture) -> None:
    """Until its answer comes it counts as undelivered; then all is well, and it was sent once."""
    notifier = FakeNotifier(slow=True)
    reports: list[Delivered] = []
    notices = Notices(notifier, reports.append)
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
    notices = Notices(notifier)
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
    notices = Notices(notifier)
    notices.handle(told("memory", "High"))
    notifier.slow = False
    notices.handle(told("memory", "Critical"))
    notices.settle(notifier.handed_over[0], Result(problem="it was ended"))
    assert notices.retry_after_s is None
    assert notifier.sent == ["Critical"]


def test_a_kept_one_that_is_handed_over_is_not_sent_again() -> None:
    """Nor is what may still come when it is tried again."""
    notifier = FakeNotifier(["gone"])
    notices = Notices(notifier)
    notices.handle(told("memory", "High"))
    notifier.slow = True
    notices.retry()
    assert len(notifier.handed_over) == 1
    assert notices.retry_after_s is None


class TestPictures:
    def test_an_alert_has_the_tile_of_its_sample(self) -> None:
        """In 48 px, drawn once for several notifications."""
        notifier = FakeNotifier()
        notices = Notices(notifier)
        alert = Alert(LevelReached(Level.CRITICAL, 3000), SAMPLE)
        notices.handle(alert)
        notices.handle(alert)
        notices.handle(TestRequested())
        critical, again, test = notifier.images
        assert critical is again
        assert critical.size == (48, 48)
        assert critical.tobytes() == draw.draw(Picture(Band.RED, "1.0"), 48).tobytes()
        assert test.tobytes() == draw.draw(Picture(Band.GREEN, "1.0"), 48).tobytes()

    def test_a_critical_one_has_a_chart_where_the_past_is_known(self) -> None:
        """In the size that the service shows; other events keep the tile."""
        past = Course()
        for second in range(0, 102, 2):
            past = update(past, float(second), (1 + second) * MIB, None, 2.0)
        sample = replace(SAMPLE, at=Now(100, 100))
        notifier = FakeNotifier()
        notices = Notices(notifier, past=past)
        notices.handle(Alert(LevelReached(Level.CRITICAL, 3000), sample))
        notices.handle(TestRequested())
        chart, test = notifier.images
        assert (chart.size, test.size) == ((64, 64), (48, 48))

    def test_a_kept_one_has_the_tile_of_its_time(self) -> None:
        """Although memory has changed until it is sent."""
        notifier = FakeNotifier(["gone"])
        notices = Notices(notifier)
        notices.handle(Alert(LevelReached(Level.CRITICAL, 3000), SAMPLE))
        notices.retry()
        failed, sent = notifier.images
        assert failed is sent


class TestWithdrawn:
    def test_what_is_no_longer_true_is_closed(self) -> None:
        """It is no notification."""
        notifier, reports = FakeNotifier(), list[Delivered]()
        notices = Notices(notifier, reports.append)
        notices.handle(AlertWithdrawn(Condition.MEMORY))
        assert notifier.closed == ["memory"]
        assert notifier.sent == []
        assert reports == []

    def test_one_that_was_not_delivered_is_not_sent_later(self) -> None:
        """It would be untrue."""
        notifier = FakeNotifier(["gone"])
        notices = Notices(notifier)
        notices.handle(Alert(LevelReached(Level.CRITICAL, 3000), SAMPLE))
        notices.handle(AlertWithdrawn(Condition.MEMORY))
        notices.retry()
        assert notifier.sent == []
        assert notices.retry_after_s is None
