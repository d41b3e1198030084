"""Every alert policy at work together, through the one transition."""

from __future__ import annotations

import csv
import json
import math
import random
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.core.made import SYSTEM, TARGET, found, found_in, mb, no_process, tree_reading
from tests.core.monitor.told import Told
from tray_app.core.alerts import levels
from tray_app.core.alerts.idle_growth import IdleGrowth
from tray_app.core.alerts.levels import LevelReached, Recovered
from tray_app.core.alerts.limits import AlertLimits, Level
from tray_app.core.alerts.policy import Condition
from tray_app.core.alerts.server_exit import ServerExit, ServerReturn
from tray_app.core.alerts.system_memory import MachineShort
from tray_app.core.config.settings import RememberedChoices, Settings
from tray_app.core.model.readings import (
    GIB,
    MIB,
    Killed,
    Loss,
    Now,
    OomKills,
    ProcessRow,
    Role,
    SystemMemory,
)
from tray_app.core.model.server_address import parse_address
from tray_app.core.monitor.commands import Mute, SetPaused, Unmute, WatchAutomatically, WatchPort
from tray_app.core.monitor.events import (
    AlertFate,
    AlertMemoryChanged,
    AlertWithdrawn,
    Event,
    PendingAlerts,
    Sampled,
)
from tray_app.core.monitor.inputs import Delivered, Input, NoteEnded, Reconfigured, SourcesRead
from tray_app.core.monitor.state import begin, wants_largest, wants_reading_s
from tray_app.core.monitor.step import step
from tray_app.core.presentation.alert_memory import remembered, restore, resumed
from tray_app.core.presentation.format import STEADY_BYTES_S
from tray_app.core.presentation.notifications import note

STAIRCASE = Path(__file__).parents[2] / "data" / "forecast-staircase.csv"

WALL_S = 1_795_000_000.0


class Watched:
    """A monitor of a process, read every 2 s, and all that it says."""

    def __init__(
        self, said: object = None, wall_s: float = WALL_S, left: dict[str, object] | None = None
    ) -> None:
        self.now_s, self.offset_s = 0.0, wall_s
        self.kills: OomKills | None = OomKills(1)
        self.state = resumed(
            begin(
                Settings(),
                Settings(),
                self.now(),
                local=True,
                remembered=RememberedChoices(alerts=said, notifications=left),
            )
        )
        self.events: list[Event] = []
        self.stored: object = None

    def now(self) -> Now:
        return Now(self.now_s, self.offset_s + self.now_s)

    def happen(self, happened: Input) -> None:
        self.state, events = step(self.state, happened, self.now())
        self.events += events
        self.stored = next(
            (
                remembered(self.state, self.now())
                for each in events
                if isinstance(each, AlertMemoryChanged)
            ),
            self.stored,
        )

    def see(
        self,
        memory_mb: float | None,
        *,
        cpu_percent: float = 1.0,
        system: SystemMemory = SYSTEM,
        after_s: float = 2.0,
    ) -> None:
        self.now_s += after_s
        if memory_mb is None:
            lost = replace(no_process(self.now_s), loss=Loss(TARGET, self.kills))
            self.happen(SourcesRead(lost))
        else:
            reading = tree_reading(memory_mb, self.now_s, cpu_percent=cpu_percent)
            self.happen(SourcesRead(replace(reading, system=system)))

    def stay(self, memory_mb: float, for_s: float, **more: float) -> None:
        for _ in range(round(for_s / 2)):
            self.see(memory_mb, **more)  # type: ignore[arg-type]

    def told(self) -> list[str]:
        """The titles of the notifications since the last call."""
        notes = [note(event) for event in self.events]
        self.events.clear()
        return [each.title for each in notes if each]


class TestWhatIsSaid:
    def test_the_end_of_a_server_at_work_and_its_return(self) -> None:
        """With the evidence that it was out of memory."""
        watched = Watched()
        watched.stay(3200, 10, cpu_percent=100)
        watched.told()
        watched.see(None)
        (gone,) = found(watched.events, ServerExit)
        assert (gone.memory_bytes, gone.busy, gone.oom_kills) == (mb(3200), True, OomKills(1))
        watched.stay(120, 4)
        (back,) = found(watched.events, ServerReturn)
        assert back.away_s == 2.0
        assert watched.told() == [
            "RunAnalyze ended at 3.12 GB while processing",
            "RunAnalyze is back: 120 MB",
        ]

    def test_a_server_that_its_limit_killed(self) -> None:
        """At whatever size, also at rest; with the limit."""
        watched = Watched()
        watched.stay(300, 10)
        watched.kills = OomKills(1, own_group=True, limit_bytes=mb(320))
        watched.see(None)
        assert watched.told() == ["RunAnalyze ended at 300 MB"]

    @pytest.mark.parametrize("kills", [OomKills(0, own_group=True), OomKills(1), None])
    def test_a_kill_of_something_else_is_not_news(self, kills: OomKills | None) -> None:
        """Nobody knows whose it was, and a server at rest was stopped by somebody."""
        watched = Watched()
        watched.stay(300, 10)
        watched.kills = kills
        watched.see(None)
        assert watched.told() == []

    def test_a_worker_that_the_kernel_killed(self) -> None:
        """The server runs on, and may show nothing of it."""
        watched = Watched()
        watched.stay(300, 10)
        worker = ProcessRow(43, "python", Role.CHILD, mb(460), None)
        killed = Killed((worker,), OomKills(1, own_group=True, limit_bytes=mb(512)))
        watched.now_s += 2
        watched.happen(SourcesRead(replace(tree_reading(20, watched.now_s), killed=killed)))
        assert watched.told() == ["RunAnalyze: python was killed at 460 MB"]

    def test_a_limit_is_warned_of_at_once(self) -> None:
        """The kernel kills at it. The server counts as one with all its processes; processes
        outside the limit do not count."""
        watched = Watched()
        short = SystemMemory(GIB, 200 * MIB, 80.0, limited=True)
        watched.see(300, system=short)
        assert wants_largest(watched.state)
        assert wants_reading_s(watched.state) == pytest.approx(watched.now_s + 0.2)
        watched.now_s += 0.2
        reading = tree_reading(300, watched.now_s, children={"worker": 500})
        other = ProcessRow(9, "postgres", Role.OTHER, mb(20), None)
        reading = replace(reading, system=short, largest=(reading.rows[0], other))
        watched.happen(SourcesRead(reading, sudden=True))
        (scarce,) = found(watched.events, MachineShort)
        assert [(row.name, row.rss_bytes) for row in scarce.holders] == [
            ("uvicorn", mb(800)),
            ("postgres", mb(20)),
        ]
        assert watched.told() == ["Memory limit nearly reached: 200 MB free"]

    def test_a_machine_short_of_memory_while_the_server_is_green(self) -> None:
        """With who holds it, once it was asked for."""
        watched = Watched()
        short = SystemMemory(16 * GIB, 300 * MIB, 98.0)
        watched.see(300)
        assert not wants_largest(watched.state)
        watched.see(300, system=short)
        assert wants_largest(watched.state)
        browser = ProcessRow(9, "firefox", Role.OTHER, 9 * GIB, None)
        watched.now_s += 2
        reading = replace(tree_reading(300, watched.now_s), system=short, largest=(browser,))
        watched.happen(SourcesRead(reading))
        (scarce,) = found(watched.events, MachineShort)
        assert scarce.holders == (browser,)
        assert watched.told() == ["Machine low on memory: 300 MB free"]

    def test_a_sample_shows_its_forecast(self) -> None:
        """The nearest of the next level and the machine's end."""
        watched = Watched()
        for at_s in range(0, 22, 2):
            watched.see(1000 + 10 * at_s)
        sample = watched.state.sample
        assert sample is not None
        assert sample.forecast is not None
        assert sample.forecast.kind.value == "raised"
        assert sample.forecast.seconds == pytest.approx(30, abs=0.1)

    def test_a_slow_leak_is_called_although_requests_come(self) -> None:
        """A burst of CPU is not work; work restarts the count."""
        for cpu_percent, called in ((45.0, True), (100.0, False)):
            watched = Watched()
            for n in range(600):
                watched.see(300 + 0.1 * n, cpu_percent=cpu_percent if n % 60 == 30 else 1.0)
            assert any(found_in(event, IdleGrowth) for event in watched.events) == called

    def test_a_server_that_fills_a_small_machine_is_foretold(self) -> None:
        """However low its own level: once, in time, as a forecast."""
        watched = Watched()
        for n in range(65):
            left = SystemMemory(2 * GIB, (1400 - 20 * n) * MIB, 40.0)
            watched.see(120 + 20 * n, system=left)
        (alert,) = found(watched.events, LevelReached)
        assert alert.level is Level.CRITICAL
        assert alert.forecast is not None
        assert alert.forecast.kind.value == "full"
        assert 15 < alert.forecast.seconds < 21


class TestTruth:
    """A statement is true at its time."""

    @pytest.mark.parametrize("limit_mb", [600.0, 650.0, 700.0])
    def test_a_staircase_of_jobs_is_no_climb(self, limit_mb: float) -> None:
        """A recorded one, level at 583.8 MB from 98.9 s on: no forecast reaches 600 MB then, and no
        alert comes for a limit that memory never passed."""
        watched = Watched()
        limits = AlertLimits(raised_mb=580.0, high_mb=590.0, critical_mb=limit_mb)
        settings = replace(watched.state.settings, alerts=limits)
        watched.state = replace(watched.state, settings=settings)
        with STAIRCASE.open(encoding="utf-8") as file:
            points = [(float(row["t_s"]), float(row["memory_mb"])) for row in csv.DictReader(file)]
        points += [(112.9 + 2 * n, 583.8) for n in range(60)]
        last_mb = points[0][1]
        for at_s, memory_mb in points:
            # As the server was: a core at work while memory moves.
            cpu_percent = 1.0 if memory_mb == last_mb else 100.0
            last_mb = memory_mb
            watched.see(memory_mb, cpu_percent=cpu_percent, after_s=at_s - watched.now_s)
            sample = watched.state.sample
            assert sample is not None
            if at_s >= 98.9:
                assert sample.forecast is None
            if sample.forecast:
                assert sample.rate_bytes_s is not None
                assert sample.rate_bytes_s > STEADY_BYTES_S
        alerts = found(watched.events, LevelReached)
        assert not [event for event in alerts if event.forecast and limit_mb > 635]
        reached = {Level.RAISED} if limit_mb > 635 else {Level.RAISED, Level.CRITICAL}
        assert {event.level for event in alerts} == reached

    @pytest.mark.parametrize("after_s", [0.25, 1.0, 2.0])
    def test_high_comes_after_its_own_hold(self, after_s: float) -> None:
        """Not at the crossing, although raised was said a while ago."""
        watched = Watched()
        watched.stay(1700, 20)
        assert watched.told() == ["Raised: 1.66 GB"]
        crossed_s = watched.now_s + after_s
        while not watched.told():
            assert watched.now_s < crossed_s + 2.0
            watched.see(2100, after_s=after_s)
        assert watched.now_s >= crossed_s + 1.9

    def test_just_after_a_post_nothing_is_said_of_idleness(self) -> None:
        """Memory jumps with a video that was posted 0.4 s ago, before any CPU was counted; of
        memory that stands it is known that nothing is processed."""
        watched = Watched()
        watched.stay(1700, 20)
        watched.events.clear()
        watched.see(3100, after_s=0.4)
        (alert,) = (event for event in watched.events if found_in(event, LevelReached))
        said = note(alert)
        assert said is not None
        assert "Nothing" not in said.text
        assert "next video" not in said.text
        watched.stay(3100, 600)
        again = [event for event in watched.events if found_in(event, LevelReached)][-1]
        said = note(again)
        assert again.finding.again
        assert said is not None
        assert "No job is running." in said.text

    @pytest.mark.parametrize("wanted", [False, True])
    def test_raised_in_a_job_is_for_who_wants_it(self, wanted: bool) -> None:
        """It is shown and logged in any case; high always notifies."""
        watched = Watched()
        limits = AlertLimits(raised_while_processing=wanted)
        settings = replace(watched.state.settings, alerts=limits)
        watched.state = replace(watched.state, settings=settings)
        watched.stay(300, 6)
        watched.stay(1600, 10, cpu_percent=100)
        (alert,) = found(watched.events, LevelReached)
        assert alert.level is Level.RAISED
        assert watched.state.sample is not None
        assert watched.state.sample.alert is Level.RAISED
        assert watched.told() == (["Raised: 1.56 GB"] if wanted else [])
        watched.stay(2100, 4, cpu_percent=100)
        assert watched.told() == ["High: 2.05 GB"]

    @pytest.mark.parametrize("restarts", [False, True])
    def test_raised_that_outlasts_its_job_is_said_after_it(self, restarts: bool) -> None:
        """Once, with the words of then; also by a program that was started again meanwhile."""
        watched = Watched()
        watched.stay(300, 6)
        watched.stay(1600, 10, cpu_percent=100)
        assert watched.told() == []
        if restarts:
            watched = Watched(json.loads(json.dumps(watched.stored)), WALL_S + 20)
        watched.stay(1600, 600)
        (alert,) = (event for event in watched.events if found_in(event, LevelReached))
        said = note(alert)
        assert said is not None
        assert said.title == "Raised: 1.56 GB"
        assert "No job is running." in said.text
        watched.told()
        watched.stay(300, 40)
        assert watched.told() == ["Back to normal: 300 MB"]

    def test_raised_that_ends_with_its_job_is_never_said(self) -> None:
        """Nor is its end; both are in the log."""
        watched = Watched()
        watched.stay(300, 6)
        watched.stay(1600, 10, cpu_percent=100)
        watched.stay(300, 600)
        seen = found(watched.events, LevelReached, Recovered)
        assert [type(event) for event in seen] == [LevelReached, Recovered]
        assert watched.told() == []

    def test_what_is_foretold_is_told_when_it_is_there(self) -> None:
        """Alert, forecast and recovery are three: each at its time."""
        watched = Watched()
        stands = []
        for n in range(26):
            watched.see(1600 + 60 * n)
            sample = watched.state.sample
            assert sample is not None
            stands.append((sample.alert, sample.forecast is not None))
            assert (sample.alert is Level.CRITICAL) == (1600 + 60 * n > 3000)
        assert (Level.RAISED, True) in stands
        notes = [note(event) for event in watched.events if found_in(event, LevelReached)]
        told = [(each.title.split(":")[0], each.silent) for each in notes if each]
        assert told == [
            ("Raised", False),
            ("High", False),
            ("Heading for critical", False),
            ("Critical", True),
        ]
        watched.events.clear()
        watched.stay(420, 20)
        sample = watched.state.sample
        assert sample is not None
        assert (sample.alert, sample.recovering) == (Level.NONE, Level.CRITICAL)
        watched.stay(420, 20)
        assert watched.told() == ["Back to normal: 420 MB"]
        sample = watched.state.sample
        assert sample is not None
        assert (sample.alert, sample.recovering) == (Level.NONE, Level.NONE)

    def test_a_forecast_that_was_said_is_known_after_a_restart(self) -> None:
        """It is not said twice, and is taken back when memory does not climb any longer."""
        watched = Watched()
        while watched.state.alerts.of(levels.POLICY).foreseen_s is None:
            watched.see(100 + 20 * watched.now_s)
        assert watched.told()[-1].startswith("Heading for critical: ")
        later = Watched(watched.stored, WALL_S + watched.now_s + 10)
        later.stay(1600, 30)
        assert later.told() == ["Forecast withdrawn: 1.56 GB"]


def test_what_a_crash_left_on_the_screen_is_said_again() -> None:
    """The start closes it, so a level that lasts is repeated; after Quit the usual time holds."""
    watched = Watched()
    watched.stay(3200, 10)
    for left, told in (({"ids": [1]}, ["Still critical: 3.12 GB"]), (None, [])):
        later = Watched(watched.stored, WALL_S + watched.now_s + 10, left)
        later.stay(3200, 30)
        assert later.told() == told
        later = Watched(watched.stored, WALL_S + watched.now_s + 10, left)
        later.stay(300, 40)
        assert later.told() == ["Back to normal: 300 MB"]


def test_what_was_told_of_memory_ends_with_the_server() -> None:
    """Its successor is told as back, and not as back to normal from the old peak."""
    watched = Watched()
    watched.stay(3200, 10)
    watched.see(None)
    watched.see(None)
    watched.told()
    watched.stay(48, 60)
    assert watched.told() == ["RunAnalyze is back: 48 MB"]
    watched.stay(2100, 10)
    assert watched.told() == ["High: 2.05 GB"]
    watched.stay(48, 60)
    assert watched.told() == ["Back to normal: 48 MB"]


def test_a_new_server_that_is_critical_at_once_is_reported() -> None:
    """The level of the one before it ended with that one."""
    watched = Watched()
    watched.stay(3200, 10)
    watched.see(None)
    watched.see(None)
    watched.told()
    watched.stay(48, 4)
    assert watched.told() == ["RunAnalyze is back: 48 MB"]
    watched.stay(3300, 4)
    assert watched.told() == ["Critical: 3.22 GB"]


def test_a_server_just_below_a_limit_leaves_the_level_of_the_one_before_it() -> None:
    """With that one's peak, which nobody is shown; an alert of its own is left with its own."""
    for memory_mb, left in ((1350, (Level.CRITICAL, 3200)), (1600, (Level.RAISED, 1600))):
        watched = Watched()
        watched.stay(3200, 10)
        for _ in range(2):
            watched.see(None)
            watched.see(memory_mb)
        watched.stay(48, 60)
        (back,) = (it.finding for it in watched.events if found_in(it, Recovered))
        assert (back.level, back.peak_bytes / 2**20, back.quiet) == (*left, True)
        watched = Watched()
        watched.stay(3200, 10)
        watched.see(None)
        watched.stay(memory_mb, 4)
        watched.stay(2100, 10)
        watched.stay(48, 60)
        (back,) = (it.finding for it in watched.events if found_in(it, Recovered))
        assert (back.level, back.peak_bytes / 2**20, back.quiet) == (Level.HIGH, 2100, False)


def test_a_forecast_ends_with_its_server() -> None:
    """Of the server that comes back nothing was forecast, so nothing is withdrawn later."""
    watched = Watched()
    while watched.state.alerts.of(levels.POLICY).foreseen_s is None:
        watched.see(100 + 20 * watched.now_s)
    watched.see(None)
    watched.see(None)
    watched.told()
    watched.stay(48, 90)
    assert watched.told() == ["RunAnalyze is back: 48 MB"]


class TestWithdrawn:
    """An alert on the screen is closed where no other takes its place."""

    def withdrawn(self, watched: Watched) -> list[Condition]:
        return [each.condition for each in watched.events if isinstance(each, AlertWithdrawn)]

    def test_the_end_of_the_server_withdraws_what_was_said_of_its_memory(self) -> None:
        """Without an alert of its memory there is nothing to withdraw."""
        watched = Watched()
        watched.stay(3200, 10)
        watched.see(None)
        assert self.withdrawn(watched) == [Condition.MEMORY]
        small = Watched()
        small.stay(300, 10)
        small.see(None)
        assert self.withdrawn(small) == []

    def test_a_pause_withdraws_what_nobody_checks_any_longer(self) -> None:
        """Of the server's memory, and of the machine's."""
        watched = Watched()
        watched.stay(3200, 10)
        watched.happen(SetPaused(True))
        assert self.withdrawn(watched) == [Condition.MEMORY]
        watched.happen(SetPaused(False))
        assert self.withdrawn(watched) == [Condition.MEMORY]

    def edit(self, watched: Watched, limits: AlertLimits, **more: Any) -> None:
        watched.happen(Reconfigured(Settings(alerts=limits, **more), local=True))

    def test_a_limit_that_is_raised_withdraws_the_alert_above_it(self) -> None:
        """At once, and nothing else is told: memory has not changed."""
        watched = Watched()
        watched.stay(3200, 10)
        assert watched.told() == ["Critical: 3.12 GB"]
        self.edit(watched, AlertLimits(raised_mb=4000, high_mb=5000, critical_mb=6000))
        assert self.withdrawn(watched) == [Condition.MEMORY]
        watched.stay(3200, 60)
        watched.stay(300, 60)
        assert self.withdrawn(watched) == [Condition.MEMORY]
        assert watched.told() == []

    def test_the_level_that_is_left_takes_the_place(self) -> None:
        """With the new limits, as any other level."""
        watched = Watched()
        watched.stay(3200, 10)
        assert watched.told() == ["Critical: 3.12 GB"]
        self.edit(watched, AlertLimits(critical_mb=6000))
        watched.stay(3200, 10)
        assert self.withdrawn(watched) == [Condition.MEMORY]
        assert watched.told() == ["High: 3.12 GB"]

    def test_an_alert_that_is_still_true_stays(self) -> None:
        """After an edit of other limits or settings, and while memory is above the new limit."""
        watched = Watched()
        watched.stay(3200, 10)
        self.edit(watched, AlertLimits(critical_mb=3100))
        self.edit(watched, AlertLimits(critical_mb=2500))
        self.edit(watched, AlertLimits(raised_mb=1800), interval_s=1.0)
        assert self.withdrawn(watched) == []
        small = Watched()
        small.stay(300, 10)
        self.edit(small, AlertLimits(critical_mb=6000))
        assert self.withdrawn(small) == []

    def test_another_server_withdraws_what_was_said_of_the_last(self) -> None:
        """By an edit of its address, or by a choice in the menu."""
        watched = Watched()
        watched.stay(3200, 10)
        self.edit(watched, AlertLimits(), address=parse_address("http://127.0.0.1:9"))
        assert self.withdrawn(watched) == [Condition.MEMORY]
        chosen = Watched()
        chosen.stay(3200, 10)
        chosen.happen(WatchPort(8772))
        assert self.withdrawn(chosen) == [Condition.MEMORY]
        chosen.stay(3200, 10)
        chosen.happen(WatchAutomatically())
        assert self.withdrawn(chosen) == [Condition.MEMORY] * 2

    def test_back_to_normal_in_a_mute_withdraws_a_critical_that_stands(self) -> None:
        """Silently: the summary tells it afterwards."""
        watched = Watched()
        watched.happen(Mute(1800.0))
        watched.stay(3200, 10)
        assert watched.told() == ["Critical: 3.12 GB"]
        watched.stay(300, 60)
        assert self.withdrawn(watched) == [Condition.MEMORY]
        assert watched.told() == []

    def test_a_forecast_comes_through_a_mute(self) -> None:
        """It is one of critical; its withdrawal comes, too."""
        watched = Watched()
        watched.happen(Mute(1800.0))
        while watched.state.alerts.of(levels.POLICY).foreseen_s is None:
            watched.see(100 + 20 * watched.now_s)
        assert watched.told() == ["Heading for critical: 2.64 GB"]
        watched.stay(1800, 30)
        assert watched.told() == ["Forecast withdrawn: 1.76 GB"]


class TestQuiet:
    def test_a_mute_loses_no_recovery(self) -> None:
        """It comes in the summary."""
        watched = Watched()
        watched.stay(2100, 6)
        assert watched.told() == ["High: 2.05 GB"]
        watched.happen(Mute(1800.0))
        watched.stay(300, 60)
        assert watched.told() == []
        watched.happen(Unmute())
        assert watched.told() == ["Back to normal: 300 MB"]

    def test_a_mute_that_ends_by_itself_tells_what_was(self) -> None:
        """As one notification, at the next reading."""
        watched = Watched()
        watched.happen(Mute(60.0))
        watched.stay(2100, 10)
        watched.stay(300, 40)
        assert watched.told() == []
        watched.stay(300, 14)
        assert watched.told() == ["While muted for 60 s: 2 messages"]

    def test_what_sleep_brought_comes_as_one(self) -> None:
        """After waking."""
        watched = Watched()
        watched.stay(300, 20)
        watched.offset_s += 8 * 3600
        watched.stay(2100, 4)
        assert watched.told() == []
        watched.stay(2100, 6)
        assert watched.told() == ["High: 2.05 GB"]


class TestRestart:
    def test_a_restart_knows_what_was_said(self) -> None:
        """Within an hour; and its recovery is still told."""
        first = Watched()
        first.stay(2100, 6)
        memory = json.loads(json.dumps(remembered(first.state, first.now())))
        second = Watched(memory, first.now().wall_s + 600)
        second.stay(2100, 60)
        assert second.told() == []
        second.stay(300, 40)
        assert second.told() == ["Back to normal: 300 MB"]
        third = Watched(memory, first.now().wall_s + 3700)
        third.stay(2100, 6)
        assert third.told() == ["High: 2.05 GB"]

    def test_what_is_to_be_remembered_is_handed_out_when_it_changes(self) -> None:
        """And its stamp is renewed while a level lasts."""
        watched = Watched()
        watched.stay(2100, 6)
        assert sum(isinstance(event, AlertMemoryChanged) for event in watched.events) == 1
        watched.stay(2100, 1250)
        assert sum(isinstance(event, AlertMemoryChanged) for event in watched.events) == 3

    def test_a_mute_survives_but_not_one_until_the_restart(self) -> None:
        """By the wall clock."""
        watched = Watched()
        watched.happen(Mute(3600.0))
        memory = remembered(watched.state, watched.now())
        assert Watched(memory, WALL_S + 600).state.mute.muted_s(
            Now(0.0, WALL_S + 600)
        ) == pytest.approx(3000.0)
        watched.happen(Mute(None))
        assert "muted_until" not in remembered(watched.state, watched.now())

    def test_pending_alerts_survive(self) -> None:
        """As soon as they are pending; they come once, when the mute is over."""
        first = Watched()
        first.happen(Mute(1800.0))
        first.stay(2100, 10)
        first.stay(300, 60)
        assert first.told() == []
        memory = json.loads(json.dumps(first.stored))
        second = Watched(memory, first.now().wall_s)
        second.stay(300, 1200)
        assert second.told() == []
        second.stay(300, 700)
        assert second.told() == ["While muted for 30 min: 2 messages"]
        assert second.stored == {}

    def test_a_mute_that_ends_while_nobody_watches_is_summed_up_at_the_start(self) -> None:
        """So is one until the restart; after a day it is no news."""
        for duration_s in (600.0, None):
            first = Watched()
            first.happen(Mute(duration_s))
            first.stay(2100, 10)
            first.stay(300, 60)
            memory = first.stored
            second = Watched(memory, first.now().wall_s + 3600)
            second.stay(300, 4)
            assert second.told() == ["While muted for 61 min: 2 messages"]
            third = Watched(memory, first.now().wall_s + 90000)
            third.stay(300, 4)
            assert third.told() == []

    @given(
        st.none()
        | st.lists(st.integers())
        | st.dictionaries(
            st.sampled_from(["at", "level", "raised", "peak_bytes", "said", "muted_until"]),
            st.one_of(
                st.none(),
                st.booleans(),
                st.floats(),
                st.integers(),
                st.just(WALL_S),
                st.sampled_from(["none", "high", "critical", "much"]),
                st.lists(st.integers(), max_size=1),
            ),
        )
    )
    def test_garbage_is_no_memory(self, memory: object) -> None:
        """Whatever stands in the file, the watch begins."""
        now = Now(5.0, WALL_S + 1)
        alerts, muted = restore(memory, now)
        level = alerts.of(levels.POLICY)
        assert level.level <= level.highest
        assert 0.0 <= muted.muted_s(now) <= 86400.0
        state = begin(
            Settings(), Settings(), now, local=True, remembered=RememberedChoices(alerts=memory)
        )
        json.dumps(remembered(resumed(state), now), allow_nan=False)


def test_the_end_of_a_hold_wants_a_reading() -> None:
    """Once: what it has not settled waits for the next usual one."""
    watched = Watched()
    watched.see(1600)
    assert wants_reading_s(watched.state) == watched.now_s + 2.0
    watched.happen(SourcesRead())
    assert wants_reading_s(watched.state) == watched.now_s + 2.0
    watched.now_s += 3.0
    watched.happen(SourcesRead())
    assert wants_reading_s(watched.state) == math.inf


_steps = st.lists(
    st.tuples(
        st.sampled_from([200.0, 1400.0, 1600.0, 2100.0, 3100.0, None]),
        st.integers(1, 25),
        st.sampled_from([0.0, 0.0, 0.0, 3600.0, -3600.0, 40000.0]),
    ),
    max_size=12,
)


@settings(deadline=None, max_examples=15)
@given(_steps)
def test_a_clock_that_jumps_says_nothing_by_itself(
    steps: list[tuple[float | None, int, float]],
) -> None:
    """The same life with and without jumps of the wall clock raises the same alerts in the same
    order; only later, if a hold time restarted."""
    told = []
    for jumps in (False, True):
        watched = Watched()
        watched.stay(300, 20)
        for memory_mb, count, jump_s in steps:
            if jumps:
                watched.offset_s += jump_s
            for _ in range(count + 25):
                watched.see(memory_mb)
        watched.stay(300, 80)
        told.append(_alerts(watched.events))
    assert told[0] == told[1]


def _alerts(events: list[Event]) -> list[Level | str]:
    words: list[tuple[int, Level | str]] = []
    for event in events:
        for each in event.events if isinstance(event, PendingAlerts) else (event,):
            if found_in(each, LevelReached) and not each.finding.again:
                words.append((each.sample.number, each.finding.level))
            elif found_in(each, Recovered):
                words.append((each.sample.number, "back"))
    # What a mute lets through comes before what it has held back, which tells its age.
    return [word for _number, word in sorted(words, key=lambda pair: pair[0])]


@settings(deadline=None, max_examples=15)
@given(_steps)
def test_the_order_of_what_is_said_is_sane(
    steps: list[tuple[float | None, int, float]],
) -> None:
    """A sample comes before its alerts, and a recovery after an alert; muted or not, each alert's
    recovery is reported."""
    for mutes in (False, True):
        watched = Watched()
        for number, (memory_mb, count, jump_s) in enumerate(steps):
            watched.offset_s += jump_s
            if mutes and number % 3 == 0:
                watched.happen(Mute(60.0))
            for _ in range(count):
                watched.see(memory_mb)
        watched.happen(Unmute())
        watched.stay(300, 120)
        raised, number = False, 0
        for event in watched.events:
            if isinstance(event, Sampled):
                number = event.sample.number
            elif found_in(event, LevelReached, Recovered):
                assert event.sample.number == number
        for word in _alerts(watched.events):
            assert word != "back" or raised
            raised = word != "back"
        assert not raised


def test_a_day_of_samples_leaves_the_state_bounded() -> None:
    """With jobs, alerts, mutes and noise."""
    watched, dice, sizes = Watched(), random.Random(1), list[int]()
    for number in range(14_400):
        works = number % 200 < 10
        height = 300 + 900 * works + number % 1300 * 1.5 + dice.uniform(-5, 5)
        watched.see(height, cpu_percent=100 if works else 1, after_s=6.0)
        if number % 300 == 0:
            watched.happen(Mute(1800.0))
        if number % 1200 == 1199:
            watched.events.clear()
            sizes.append(len(repr((watched.state.alerts, watched.state.mute))))
    assert max(sizes[4:]) < 1.5 * max(sizes[:4])


def test_the_fate_of_an_alerts_notification_is_an_event() -> None:
    """Delivered, not delivered, closed or clicked; of another notification nothing is told."""
    told = Told(begin(Settings(), Settings(), Now(0.0, 0.0), local=True))
    told.happen(1, Delivered(None, "High", "plyer", about_s=5.0), Delivered(None, "Test", "plyer"))
    told.happen(2, Delivered("no service", "High", about_s=6.0))
    told.happen(3, NoteEnded(5.0, "High", clicked=False), NoteEnded(6.0, "High", clicked=True))
    assert told.events == [
        AlertFate(5.0, "High", "shown"),
        AlertFate(6.0, "High", "not delivered: no service"),
        AlertFate(5.0, "High", "closed"),
        AlertFate(6.0, "High", "clicked"),
    ]
