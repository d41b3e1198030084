"""What notifications say, how urgently, and what they offer to do."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest
from msgspec.structs import replace

from tests.core.made import SYSTEM, mb
from tests.desktop.test_every_notification import KINDS, SILENT
from tray_app.core.alerts.disk_space import DiskFull
from tray_app.core.alerts.forecast import Forecast, ForecastKind
from tray_app.core.alerts.hung import Answering, Hang
from tray_app.core.alerts.idle_growth import IdleGrowth
from tray_app.core.alerts.job_leak import Leak
from tray_app.core.alerts.leftover_files import LeftoverFiles
from tray_app.core.alerts.levels import ForecastWithdrawn, LevelReached, Recovered
from tray_app.core.alerts.limits import Level
from tray_app.core.alerts.policies import Found
from tray_app.core.alerts.room import RoomAgain
from tray_app.core.alerts.server_exit import (
    ChildKilled,
    ServerExit,
    ServerReturn,
    WorkerReplacement,
)
from tray_app.core.alerts.system_memory import MachineEased, MachineShort
from tray_app.core.analysis.activity import Activity
from tray_app.core.analysis.stage import Stage
from tray_app.core.history.incidents import cause_of
from tray_app.core.model.presets import Mode
from tray_app.core.model.readings import (
    GIB,
    MIB,
    Disk,
    MemoryKind,
    Now,
    OomKills,
    ProcessRow,
    Role,
    Source,
    SystemMemory,
    TempUsage,
)
from tray_app.core.monitor.commands import FreeMemory, Mute, OpenTemp
from tray_app.core.monitor.events import (
    Alert,
    AutostartFailed,
    Event,
    HostMissing,
    PendingAlerts,
    Sampled,
    Summarised,
)
from tray_app.core.monitor.sample import Sample
from tray_app.core.presentation import notifications
from tray_app.core.presentation.notifications import Note, Urgency, note, with_incident
from tray_app.core.source_choice.circuit_breaker import ApiCondition, ApiState
from tray_app.core.summary.measurement import Summary

FRAMES = Stage("frames", inferred=False)
# GNOME's banner shows so much of a text; xfce4-notifyd so much of a title.
SHOWN_OF_A_TEXT = 55
SHOWN_OF_A_TITLE = 46
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


@pytest.mark.parametrize("kind", KINDS)
def test_the_meaning_comes_first(kind: str) -> None:
    """The first statement of each text ends within what a banner shows; nothing ends in a blank."""
    found = sent(KINDS[kind])
    assert len(found.title) <= SHOWN_OF_A_TITLE
    first = re.split(r"[.;:](?= |$)| \(|\n", found.text)[0]
    assert 0 < len(first) < SHOWN_OF_A_TEXT, first
    assert found.title == found.title.strip()
    assert [line.strip() for line in found.text.split("\n")] == found.text.split("\n")


def test_an_alert_that_is_an_incident_can_be_shown() -> None:
    """By one more button; others have none."""
    shown = 0
    for event in KINDS.values():
        if (found := note(event)) is None:
            continue
        more = with_incident(found, event).actions[len(found.actions) :]
        is_incident = isinstance(event, Alert) and cause_of(event.finding) is not None
        assert [each.label for each in more] == ["Show"] * is_incident
        shown += is_incident
    assert shown >= 4


def test_there_is_a_sample_of_each_event_and_each_finding() -> None:
    """So each is worded here, collected in strings.txt, and looked at on a real screen."""
    shown = {type(event) for event in KINDS.values()}
    assert shown | set(SILENT) == set(get_args(Event))
    assert not shown & set(SILENT)
    findings = {type(event.finding) for event in KINDS.values() if isinstance(event, Alert)}
    assert findings == set(get_args(Found))


IN_THE_PAPER = {
    LevelReached: ("**Raised**", "**High**", "**Critical**", "**Heading for critical**"),
    ForecastWithdrawn: ("the forecast is withdrawn",),
    Recovered: ("**Back to normal.**",),
    MachineShort: ("**The machine is short of memory",),
    MachineEased: ("Enough memory again",),
    ServerExit: ("**The server is gone",),
    ServerReturn: ("and back.**",),
    ChildKilled: ("A worker that is killed",),
    WorkerReplacement: ("replaced during a job",),
    Hang: ("**The server hangs",),
    Answering: ("answers again.**",),
    Leak: ("**Possible leak.**",),
    IdleGrowth: ("memory grows for 15 min",),
    LeftoverFiles: ("**Temp directory",),
    DiskFull: ("of the disk is free",),
    RoomAgain: ("**Room for the next video again.**",),
}
"""Where docs/notifications.md describes each finding."""


def test_the_paper_describes_each_finding() -> None:
    """A new kind of alert has its rule in docs/notifications.md."""
    assert set(IN_THE_PAPER) == set(get_args(Found))
    paper = (Path(__file__).parents[3] / "docs" / "notifications.md").read_text("utf-8")
    text = " ".join(paper.split())
    assert [words for each in IN_THE_PAPER.values() for words in each if words not in text] == []


def test_raised_while_processing_is_quiet_information() -> None:
    """While a video is processed, raised is normal: low urgency, and it says so."""
    found = sent(Alert(LevelReached(Level.RAISED, 1500), sample(1600, Activity.PROCESSING)))
    assert found.urgency == Urgency.LOW
    assert found.title == "Raised: 1.56 GB"
    assert "Normal while processing frames." in found.text


def test_raised_while_idle_says_that_nothing_is_processed() -> None:
    """The same height while idle is suspicious: normal urgency, and it says why."""
    found = sent(Alert(LevelReached(Level.RAISED, 1500), replace(sample(1600), rests=True)))
    assert found.urgency == Urgency.NORMAL
    assert "No job is running." in found.text


def test_what_is_normal_here_is_no_notification() -> None:
    """Raised while something is processed, unless somebody wants it."""
    assert note(Alert(LevelReached(Level.RAISED, 1500, quiet=True), sample(1600))) is None


@pytest.mark.parametrize("level", list(Level)[1:])
def test_idle_is_not_said_before_it_is_known(level: Level) -> None:
    """A video may have been posted half a second ago."""
    just_now = sample(3174)
    assert just_now.activity is Activity.IDLE
    for event in (
        Alert(LevelReached(level, 1500), just_now),
        Alert(Recovered(level, 1500), just_now),
        Alert(ForecastWithdrawn(level, 1500), just_now),
        Alert(MachineEased(just_now.system or SYSTEM), just_now),
        Alert(MachineShort(SystemMemory(16 * GIB, 300 * MIB, 98.0), ()), just_now),
        Alert(ServerExit(MIB, False, None), just_now),
    ):
        text = sent(event).text
        assert "Nothing is" not in text
        assert "Nothing was" not in text
        assert "next video" not in text


def test_what_was_foretold_comes_in_its_place_without_a_sound() -> None:
    """The same notification, with the height that was reached; so is a forecast taken back."""
    busy = sample(3100, Activity.PROCESSING)
    early = sent(
        Alert(
            LevelReached(Level.CRITICAL, 3000, forecast=Forecast(ForecastKind.CRITICAL, 15.0)), busy
        )
    )
    there = sent(Alert(LevelReached(Level.CRITICAL, 3000, foretold=True), busy))
    over = sent(Alert(ForecastWithdrawn(Level.HIGH, 2000), sample(2584)))
    assert (early.title, early.silent) == ("Heading for critical: 3.03 GB", False)
    assert (there.title, there.silent) == ("Critical: 3.03 GB", True)
    assert there.urgency is Urgency.CRITICAL
    assert (over.title, over.silent, over.urgency) == (
        "Forecast withdrawn: 2.52 GB",
        True,
        Urgency.LOW,
    )
    assert over.text.startswith("Memory no longer rises that fast. Still above 1.95 GB.")
    assert early.replace == there.replace == over.replace


def test_some_seconds_are_any_moment() -> None:
    """No forecast is better than that."""
    busy = sample(2900, Activity.PROCESSING)
    for seconds, words in ((9.9, "Any moment now at +45 MB/s."), (10.0, "About 10 s left at")):
        soon = Alert(
            LevelReached(Level.CRITICAL, 3000, forecast=Forecast(ForecastKind.CRITICAL, seconds)),
            busy,
        )
        assert sent(soon).title == "Heading for critical: 2.83 GB"
        assert sent(soon).text.startswith(words)


def test_critical_is_urgent_and_says_that_processing_may_fail() -> None:
    """Critical interrupts: what may happen, what is left, and the rate."""
    found = sent(Alert(LevelReached(Level.CRITICAL, 3000), sample(3174, Activity.PROCESSING)))
    assert found.urgency == Urgency.CRITICAL
    assert found.title == "Critical: 3.10 GB"
    assert found.text == "Processing may fail. 922 MB free, +45 MB/s."


def test_a_recovery_replaces_the_alert() -> None:
    """The note that memory is back takes the place of the alert on the screen."""
    alert = sent(Alert(LevelReached(Level.HIGH, 2000), sample(2100)))
    recovery = sent(Alert(Recovered(Level.HIGH, 2100 * MIB), sample(500)))
    assert recovery.replace == alert.replace
    assert (recovery.title, recovery.urgency) == ("Back to normal: 500 MB", Urgency.LOW)
    assert "2.05 GB" in recovery.text


def test_samples_interrupt_nobody() -> None:
    """An ordinary sample is no notification."""
    assert note(Sampled(sample(300))) is None


def test_a_summary_and_a_missing_panel_are_said() -> None:
    """A quick test's result and a desktop without a tray are worth a word."""
    summary = sent(Summarised(Summary(30.0, 15, 400 * MIB, 350.0 * MIB), ends_run=False))
    assert summary.title == "Quick test: peak 400 MB"
    assert "AppIndicator" in sent(HostMissing(("GNOME",))).text
    assert "AppIndicator" not in sent(HostMissing(("KDE",))).text


def test_an_alert_offers_something_to_do() -> None:
    """Free the server's memory, or be left alone for half an hour."""
    found = sent(Alert(LevelReached(Level.HIGH, 2000), sample(2100)))
    assert [action.command for action in found.actions] == [FreeMemory(), Mute(1800.0)]


class TestAlerts:
    def alerted(self, level: Level, **changes: object) -> str:
        sample = replace(CALM, **changes)  # type: ignore[arg-type]
        sample = replace(sample, rests=sample.activity is Activity.IDLE)
        return notifications.alert(
            Alert(LevelReached(level, {1: 1500.0, 2: 2000.0, 3: 3000.0}[level]), sample)
        ).text

    def test_the_title_is_level_and_figure(self) -> None:
        """What matters most, first."""
        for level, word in (
            (Level.RAISED, "Raised"),
            (Level.HIGH, "High"),
            (Level.CRITICAL, "Critical"),
        ):
            assert (
                notifications.alert(Alert(LevelReached(level, 1500), CALM)).title
                == f"{word}: 1.58 GB"
            )

    def test_raised_while_processing_is_normal(self) -> None:
        """And says so."""
        text = self.alerted(Level.RAISED, activity=Activity.PROCESSING, stage=FRAMES)
        assert text == (
            "Normal while processing frames. "
            "Above your limit of 1.46 GB; the machine has 10.0 GB free. +12 MB/s."
        )

    def test_raised_while_idle_says_that_nothing_is_processed(self) -> None:
        """That memory was left behind."""
        text = self.alerted(Level.RAISED, rate_bytes_s=0.0)
        assert text == (
            "No job is running. Above your limit of 1.46 GB; the machine has 10.0 GB free."
        )

    def test_high_is_not_called_normal(self) -> None:
        """Not even while processing."""
        text = self.alerted(Level.HIGH, activity=Activity.INTENSIVE)
        assert text.startswith("Processing. Above your limit of 1.95 GB; ")
        assert "ormal" not in text

    def test_critical_says_what_may_happen(self) -> None:
        """Processing may fail, now or with the next video."""
        tight = replace(SYSTEM, available_bytes=GIB)
        busy = self.alerted(Level.CRITICAL, activity=Activity.PROCESSING, system=tight)
        assert busy == "Processing may fail. 1.00 GB free, +12 MB/s."
        idle = self.alerted(Level.CRITICAL, system=tight)
        assert idle == "The next video may fail. 1.00 GB free, +12 MB/s."

    @pytest.mark.parametrize("level", list(Level)[1:])
    def test_with_half_of_the_machine_free_only_a_limit_is_reached(self, level: Level) -> None:
        """It says whose, and that nothing else is short."""
        limit = {1: "1.46 GB", 2: "1.95 GB", 3: "2.93 GB"}[level]
        roomy = SystemMemory(32 * GIB, 20 * GIB, 37.0)
        text = self.alerted(level, activity=Activity.PROCESSING, system=roomy)
        assert f"bove your limit of {limit}; the machine has 20.0 GB free." in text
        assert "fail" not in text
        limited = self.alerted(level, system=replace(roomy, limited=True))
        assert f"bove your limit of {limit}; 20.0 GB free." in limited
        half = self.alerted(level, system=replace(roomy, available_bytes=16 * GIB))
        assert "your limit" not in half
        assert "16.0 GB free" in half

    def test_a_limit_has_the_unit_of_memory(self) -> None:
        """Two figures of one sentence can be compared; also a share of the machine."""
        found = LevelReached(Level.HIGH, 12345.678)
        assert "Above your limit of 12.1 GB; " in sent(Alert(found, CALM)).text

    def test_what_is_unknown_is_left_out(self) -> None:
        """No dashes in a notification."""
        text = self.alerted(Level.HIGH, system=None, rate_bytes_s=None)
        assert text == "No job is running. Above 1.95 GB."

    def test_a_figure_that_may_be_too_high_says_so(self) -> None:
        """Where forked workers are another user's."""
        sample = replace(CALM, memory_kind=MemoryKind.RSS_SUM)
        uncertainty = "This may be too high: shared memory cannot be measured."
        assert uncertainty in sent(Alert(LevelReached(Level.CRITICAL, 3000.0), sample)).text
        assert uncertainty not in sent(Alert(LevelReached(Level.CRITICAL, 3000.0), CALM)).text

    def test_recovery_tells_the_peak(self) -> None:
        """And that it is over."""
        calm = replace(CALM, memory_bytes=mb(420), rests=True)
        assert notifications.recovery(Recovered(Level.HIGH, mb(2500)), calm) == (
            "Back to normal: 420 MB",
            "Peak 2.44 GB.",
        )


class TestForecasts:
    SHORT = replace(
        CALM,
        memory_bytes=mb(3174),
        rate_bytes_s=45.0 * MIB,
        activity=Activity.PROCESSING,
        stage=FRAMES,
        system=SystemMemory(16 * GIB, 900 * MIB, 94.0),
    )

    def test_a_critical_alert_tells_how_long_is_left(self) -> None:
        """The figures, what is going on, and what is free."""
        sample = replace(self.SHORT, forecast=Forecast(ForecastKind.FULL, 39.0))
        found = sent(Alert(LevelReached(Level.CRITICAL, 3000), sample))
        assert found.title == "Critical: 3.10 GB"
        assert found.text == (
            "Processing may fail: memory full in about 40 s. 900 MB free, +45 MB/s."
        )

    def test_an_early_alert_says_that_it_is_a_forecast(self) -> None:
        """With the height of now in its title."""
        sample = replace(self.SHORT, memory_bytes=mb(1700))
        event = Alert(
            LevelReached(Level.CRITICAL, 3000, forecast=Forecast(ForecastKind.CRITICAL, 28.9)),
            sample,
        )
        found = sent(event)
        assert found.title == "Heading for critical: 1.66 GB"
        assert found.text == ("About 30 s left at +45 MB/s. Processing may fail then. 900 MB free.")
        assert found.urgency is Urgency.CRITICAL
        full = Alert(
            LevelReached(Level.CRITICAL, 3000, forecast=Forecast(ForecastKind.FULL, 42.0)), sample
        )
        assert sent(full).title == "Memory is filling up: 1.66 GB"
        assert sent(full).text.startswith("About 40 s left at +45 MB/s.")

    def test_a_forecast_on_a_roomy_machine_threatens_nothing(self) -> None:
        """Only a limit is ahead; memory that fills up is ahead on every machine."""
        sample = replace(self.SHORT, system=SystemMemory(32 * GIB, 20 * GIB, 37.0))
        for kind, means in (
            (ForecastKind.CRITICAL, "Your limit is 2.93 GB; the machine has 20.0 GB free."),
            (ForecastKind.FULL, "Processing may fail then. 20.0 GB free."),
        ):
            found = LevelReached(Level.CRITICAL, 3000, forecast=Forecast(kind, 28.9))
            text = sent(Alert(found, sample)).text
            assert text == f"About 30 s left at +45 MB/s. {means}"

    def test_a_slower_forecast_comes_before_the_figures(self) -> None:
        """A level that is reached says which one is next."""
        ahead = replace(self.SHORT, forecast=Forecast(ForecastKind.CRITICAL, 240.0))
        found = sent(Alert(LevelReached(Level.HIGH, 2000), ahead))
        assert found.text == "Critical in about 4 min. Above 1.95 GB, 900 MB free, +45 MB/s."

    def test_a_level_that_lasts_is_still_there(self) -> None:
        """It replaces the earlier notification."""
        first = sent(Alert(LevelReached(Level.HIGH, 2000), CALM))
        again = sent(Alert(LevelReached(Level.HIGH, 2000, again=True), CALM))
        assert again.title == "Still high: 1.58 GB"
        assert again.replace == first.replace


class TestTheOthers:
    def test_a_machine_short_of_memory_says_who_holds_it(self) -> None:
        """The largest first; with the pressure where there is any."""
        system = SystemMemory(16 * GIB, 300 * MIB, 98.0, pressure_percent=23.4)
        holders = (
            ProcessRow(9, "firefox", Role.OTHER, 9 * GIB, None),
            ProcessRow(42, "uvicorn", Role.OTHER, mb(1620), None),
        )
        found = sent(Alert(MachineShort(system, holders), replace(CALM, rests=True)))
        assert found.title == "Machine low on memory: 300 MB free"
        assert found.text == (
            "A program may be killed. Largest: firefox 9.00 GB, uvicorn 1.58 GB; 16.0 GB in all. "
            "Programs are stalled waiting for memory 23 % of the time."
        )
        limited = sent(Alert(MachineShort(replace(system, limited=True), ()), CALM))
        assert limited.title == "Memory limit nearly reached: 300 MB free"
        eased = sent(Alert(MachineEased(SYSTEM), CALM))
        assert eased.title == "Enough memory again: 10.0 GB free"
        assert eased.replace == found.replace == limited.replace

    def test_the_end_of_the_server(self) -> None:
        """How high it was, what it did, and the kernel's word where there is one."""
        found = sent(Alert(ServerExit(mb(3277), True, OomKills(1, own_group=True)), CALM))
        assert found.title == "RunAnalyze ended at 3.20 GB while processing"
        assert found.text == (
            "The running job is lost. "
            "Out of memory: the kernel's OOM killer ended a process in its control group."
        )
        idle = sent(Alert(ServerExit(mb(1700), False, None, rested=True), CALM))
        assert (idle.title, idle.text) == (
            "RunAnalyze ended at 1.66 GB",
            "No job was running.",
        )
        limited = sent(
            Alert(ServerExit(mb(500), False, OomKills(1, True, mb(512)), rested=True), CALM)
        )
        assert limited.text == (
            "Its memory limit of 512 MB was reached: the kernel's OOM killer ended a process in "
            "its control group. No job was running."
        )
        perhaps = sent(Alert(ServerExit(mb(1700), False, OomKills(2), rested=True), CALM))
        assert perhaps.text == (
            "Out of memory: the kernel's OOM killer ended 2 processes on this machine, "
            "possibly including the server. No job was running."
        )
        assert (
            "kernel"
            not in sent(Alert(ServerExit(mb(1700), False, OomKills(0), rested=True), CALM)).text
        )
        back = sent(Alert(ServerReturn(42.0), CALM))
        assert (back.title, back.text) == (
            "RunAnalyze is back: 1.58 GB",
            "It was down for 42 s.",
        )
        after_job = sent(Alert(ServerReturn(1.0, ServerExit(mb(123), True)), CALM))
        assert after_job.text == (
            "It was down for 1 s. The running job is lost. It had ended at 123 MB."
        )
        after_rest = sent(Alert(ServerReturn(1.0, ServerExit(mb(1700), False, rested=True)), CALM))
        assert after_rest.text == "It was down for 1 s."
        assert (
            sent(Alert(WorkerReplacement(mb(900)), CALM)).title == "A worker was replaced at 900 MB"
        )

    def test_a_child_that_was_killed(self) -> None:
        """Which, how large, and why."""
        worker = ProcessRow(43, "python", Role.CHILD, mb(460), None)
        kills = OomKills(1, own_group=True, limit_bytes=mb(512))
        found = sent(Alert(ChildKilled((worker,), kills), CALM))
        assert found.title == "RunAnalyze: python was killed at 460 MB"
        assert found.text == (
            "Its memory limit of 512 MB was reached: the kernel's OOM killer ended a process in "
            "its control group. 10.0 GB free."
        )
        several = sent(Alert(ChildKilled((worker, worker), replace(kills, count=2)), CALM))
        assert several.title == "RunAnalyze: 2 processes were killed: python"

    def test_leaks(self) -> None:
        """The sum first, then each job; or how much in how long."""
        leak = Leak((mb(140), mb(60), mb(81)), mb(281), 3)
        found = sent(Alert(leak, CALM))
        assert found.title == "Possible leak: 281 MB kept by 3 jobs"
        assert found.text == (
            "Restarting the server frees it. "
            "Not released after each job: 140, 60, 81 MB. Now 1.58 GB."
        )
        many = sent(Alert(Leak((mb(60),) * 12, mb(900), 15), CALM))
        assert "the last 6 jobs: 60, 60, 60, 60, 60, 60 MB." in many.text
        grown = sent(Alert(IdleGrowth(mb(45), 900.0), CALM))
        assert grown.title == "Possible leak: 45 MB more in 15 min"
        assert grown.text == (
            "No job is running. Restarting the server frees it. About 3 MB a minute, now 1.58 GB."
        )

    def test_the_disk(self) -> None:
        """What was left behind, and a disk that is full: both open the directory."""
        sample = replace(CALM, temp=TempUsage(mb(340), 7, 0.0))
        left = sent(Alert(LeftoverFiles(mb(320)), sample))
        assert left.title == "320 MB left in the temp directory"
        assert left.text == ("A job did not remove its files: now 340 MB in 7 files.")
        full = sent(Alert(DiskFull(Disk(100 * GIB, 3 * GIB)), sample))
        assert full.title == "Disk nearly full: 3.00 GB of 100.0 GB free"
        assert full.text == (
            "A video may fail. The server's temp directory is on this disk (340 MB in 7 files)."
        )
        for found in (left, full):
            assert found.actions[0].command == OpenTemp()

    def test_pending_alerts(self) -> None:
        """One line each with its time; a single one keeps its words."""
        now = Now(1900.0, 1e9 + 1800.0)
        events = (
            Alert(LevelReached(Level.HIGH, 2000), CALM),
            Alert(Recovered(Level.HIGH, mb(2100)), CALM),
        )
        found = sent(PendingAlerts(events, 0, CALM.at, now))
        assert found.title == "While muted for 30 min: 2 messages"
        assert found.text == "Back to normal: 1.58 GB, 30 min ago\nHigh: 1.58 GB, 30 min ago"
        assert found.urgency is Urgency.NORMAL
        (one,) = events[:1]
        single = sent(PendingAlerts((one,), 0, CALM.at, now, slept_s=28800.0))
        assert single.title == "High: 1.58 GB"
        assert single.text.startswith("30 min ago. Above your limit of 1.95 GB; ")
        assert single.text.endswith(" Held back after 8 h of sleep.")
        many = sent(PendingAlerts(events * 5, 3, CALM.at, now))
        assert many.title == "While muted for 30 min: 13 messages"
        assert many.text.splitlines()[-1] == "7 earlier messages"


def test_start_at_login_that_cannot_be_changed_is_told() -> None:
    """What was wanted, and why it is not so."""
    told = note(AutostartFailed(on=True, reason="Permission denied"))
    assert told
    assert (told.title, told.text) == (
        "Start at login",
        "Could not enable start at login: Permission denied.",
    )
