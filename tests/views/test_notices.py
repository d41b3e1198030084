"""Which event interrupts a person, how urgently, and what became of it."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from tray_app.core.activity import Activity
from tray_app.core.alerts import Level
from tray_app.core.events import Alerted, Event, HostMissing, Recovered, Sampled, Summarised
from tray_app.core.link import ApiCondition, ApiState
from tray_app.core.modes import Mode
from tray_app.core.readings import GIB, MIB, Now, Source, SystemMemory
from tray_app.core.sample import Sample
from tray_app.core.stage import Stage
from tray_app.core.state import Delivered
from tray_app.core.summary import Summary
from tray_app.views.notices import CRITICAL, LOW, NORMAL, Notice, Notices, notice


def sample(memory_mb: float, activity: Activity = Activity.IDLE) -> Sample:
    """A sample of this height."""
    return Sample(
        number=1,
        at=Now(0, 0),
        mode=Mode.AUTO,
        source=Source.API,
        api=ApiCondition(ApiState.OK),
        memory_bytes=int(memory_mb * MIB),
        rate_bytes_s=45.0 * MIB,
        system=SystemMemory(16 * GIB, int(0.9 * GIB), 94.0),
        activity=activity,
        stage=Stage("frames", inferred=False) if activity is not Activity.IDLE else None,
    )


def sent(event: Event) -> Notice:
    """The notice of an event that has one."""
    found = notice(event)
    assert found is not None
    return found


def test_elevated_while_processing_is_quiet_information() -> None:
    """While a video is processed, elevated is normal: low urgency, and it says so."""
    found = sent(Alerted(Level.ELEVATED, 1500, sample(1600, Activity.PROCESSING)))
    assert found.urgency == LOW
    assert found.title == "Elevated: 1.56 GB"
    assert "Normal while processing." in found.text


def test_elevated_while_idle_says_that_nothing_is_processed() -> None:
    """The same height while idle is suspicious: normal urgency, and it says why."""
    found = sent(Alerted(Level.ELEVATED, 1500, sample(1600)))
    assert found.urgency == NORMAL
    assert "Nothing is being processed." in found.text


def test_critical_is_urgent_and_says_that_processing_may_fail() -> None:
    """Critical interrupts, with the rate, the stage and what is left."""
    found = sent(Alerted(Level.CRITICAL, 3000, sample(3174, Activity.PROCESSING)))
    assert found.urgency == CRITICAL
    assert found.title == "Critical: 3.10 GB"
    for words in ("+45 MB/s", "Processing (frames)", "Processing may fail", "922 MB free"):
        assert words in found.text


def test_a_recovery_replaces_the_alert() -> None:
    """The note that memory is back takes the place of the alert on the screen."""
    alert = sent(Alerted(Level.HIGH, 2000, sample(2100)))
    recovery = sent(Recovered(Level.HIGH, 2100 * MIB, sample(500)))
    assert recovery.replace == alert.replace
    assert (recovery.title, recovery.urgency) == ("Back to normal: 500 MB", LOW)
    assert "2.05 GB" in recovery.text


def test_samples_interrupt_nobody() -> None:
    """An ordinary sample is no notification."""
    assert notice(Sampled(sample(300))) is None


def test_a_summary_and_a_missing_panel_are_said() -> None:
    """A quick test's result and a desktop without a tray are worth a word."""
    summary = sent(Summarised(Summary(30.0, 15, 400 * MIB, 350.0 * MIB, 0.0), ends_run=False))
    assert summary.title == "Quick test: peak 400 MB"
    assert "AppIndicator" in sent(HostMissing()).text


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
        notices.handle(Alerted(level, 1500, sample(3200)))
    assert [result.problem for result in told] == ["no service", "OSError: gone", None]
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
