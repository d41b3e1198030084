"""What notifications say, how urgently, and what they offer to do."""

from __future__ import annotations

from dataclasses import replace

from tests.core.made import SYSTEM, mb
from tray_app.core import notes
from tray_app.core.activity import Activity
from tray_app.core.alerts import Level
from tray_app.core.commands import FreeMemory, Mute
from tray_app.core.events import (
    Alerted,
    AutostartFailed,
    Event,
    HostMissing,
    Recovered,
    Sampled,
    Summarised,
)
from tray_app.core.link import ApiCondition, ApiState
from tray_app.core.modes import Mode
from tray_app.core.notes import Note, Urgency, note
from tray_app.core.readings import GIB, MIB, Now, Source, SystemMemory
from tray_app.core.sample import Sample
from tray_app.core.stage import Stage
from tray_app.core.summary import Summary

FRAMES = Stage("frames", inferred=False)
CALM = Sample(
    number=7,
    at=Now(100.0, 1e9),
    mode=Mode.AUTO,
    source=Source.API,
    api=ApiCondition(ApiState.OK),
    memory_bytes=mb(1620),
    rate_bytes_s=12.4 * MIB,
    cpu_percent=104.6,
    system=SYSTEM,
)


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


def sent(event: Event) -> Note:
    """The notification of an event that has one."""
    found = note(event)
    assert found is not None
    return found


def test_elevated_while_processing_is_quiet_information() -> None:
    """While a video is processed, elevated is normal: low urgency, and it says so."""
    found = sent(Alerted(Level.ELEVATED, 1500, sample(1600, Activity.PROCESSING)))
    assert found.urgency == Urgency.LOW
    assert found.title == "Elevated: 1.56 GB"
    assert "Normal while processing." in found.text


def test_elevated_while_idle_says_that_nothing_is_processed() -> None:
    """The same height while idle is suspicious: normal urgency, and it says why."""
    found = sent(Alerted(Level.ELEVATED, 1500, sample(1600)))
    assert found.urgency == Urgency.NORMAL
    assert "Nothing is being processed." in found.text


def test_critical_is_urgent_and_says_that_processing_may_fail() -> None:
    """Critical interrupts, with the rate, the stage and what is left."""
    found = sent(Alerted(Level.CRITICAL, 3000, sample(3174, Activity.PROCESSING)))
    assert found.urgency == Urgency.CRITICAL
    assert found.title == "Critical: 3.10 GB"
    for words in ("+45 MB/s", "Processing (frames)", "Processing may fail", "922 MB free"):
        assert words in found.text


def test_a_recovery_replaces_the_alert() -> None:
    """The note that memory is back takes the place of the alert on the screen."""
    alert = sent(Alerted(Level.HIGH, 2000, sample(2100)))
    recovery = sent(Recovered(Level.HIGH, 2100 * MIB, sample(500)))
    assert recovery.replace == alert.replace
    assert (recovery.title, recovery.urgency) == ("Back to normal: 500 MB", Urgency.LOW)
    assert "2.05 GB" in recovery.text


def test_samples_interrupt_nobody() -> None:
    """An ordinary sample is no notification."""
    assert note(Sampled(sample(300))) is None


def test_a_summary_and_a_missing_panel_are_said() -> None:
    """A quick test's result and a desktop without a tray are worth a word."""
    summary = sent(Summarised(Summary(30.0, 15, 400 * MIB, 350.0 * MIB, 0.0), ends_run=False))
    assert summary.title == "Quick test: peak 400 MB"
    assert "AppIndicator" in sent(HostMissing()).text


def test_an_alert_offers_something_to_do() -> None:
    """Free the server's memory, or be left alone for half an hour."""
    found = sent(Alerted(Level.HIGH, 2000, sample(2100)))
    assert [action.command for action in found.actions] == [FreeMemory(), Mute(1800.0)]


class TestAlerts:
    def alerted(self, level: Level, **changes: object) -> str:
        sample = replace(CALM, **changes)  # type: ignore[arg-type]
        return notes.alert(Alerted(level, {1: 1500.0, 2: 2000.0, 3: 3000.0}[level], sample))[1]

    def test_the_title_is_level_and_figure(self) -> None:
        """What matters most, first."""
        for level, word in (
            (Level.ELEVATED, "Elevated"),
            (Level.HIGH, "High"),
            (Level.CRITICAL, "Critical"),
        ):
            assert notes.alert(Alerted(level, 1500, CALM))[0] == f"{word}: 1.58 GB"

    def test_elevated_while_processing_is_normal(self) -> None:
        """And says so."""
        text = self.alerted(Level.ELEVATED, activity=Activity.PROCESSING, stage=FRAMES)
        assert text == (
            "Above 1500 MB. +12 MB/s. Processing (frames). Normal while processing. 10.0 GB free."
        )

    def test_elevated_while_idle_says_that_nothing_is_processed(self) -> None:
        """That memory was left behind."""
        text = self.alerted(Level.ELEVATED, rate_bytes_s=0.0)
        assert text == "Above 1500 MB. Nothing is being processed. 10.0 GB free."

    def test_high_is_not_called_normal(self) -> None:
        """Not even while processing."""
        text = self.alerted(Level.HIGH, activity=Activity.INTENSIVE)
        assert "Above 2000 MB." in text
        assert "Processing, CPU 105 %." in text
        assert "ormal" not in text

    def test_critical_says_what_may_happen(self) -> None:
        """Processing may fail, now or with the next video."""
        assert "Processing may fail." in self.alerted(Level.CRITICAL, activity=Activity.PROCESSING)
        assert "Processing may fail." in self.alerted(Level.CRITICAL)

    def test_what_is_unknown_is_left_out(self) -> None:
        """No dashes in a notification."""
        text = self.alerted(Level.HIGH, system=None, rate_bytes_s=None)
        assert text == "Above 2000 MB. Nothing is being processed."

    def test_recovery_tells_the_peak(self) -> None:
        """And that it is over."""
        calm = replace(CALM, memory_bytes=mb(420))
        assert notes.recovery(Recovered(Level.HIGH, mb(2500), calm)) == (
            "Back to normal: 420 MB",
            "The peak was 2.44 GB. Nothing is being processed.",
        )


def test_start_at_login_that_cannot_be_changed_is_told() -> None:
    """What was wanted, and why it is not so."""
    told = note(AutostartFailed(on=True, reason="Permission denied"))
    assert told
    assert (told.title, told.text) == (
        "Start at login",
        "It could not be switched on: Permission denied.",
    )
