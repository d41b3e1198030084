"""The one transition."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.core.made import TARGET, answer, mb, no_process, refusal, tree_reading
from tests.core.monitor.told import LIVES, START_S, WALL_S, Told, lived, started
from tray_app.core.alerts.levels import LevelReached, Recovered
from tray_app.core.alerts.limits import Level
from tray_app.core.analysis.activity import Activity
from tray_app.core.analysis.bands import Band, BandLimits
from tray_app.core.analysis.stage import Stage
from tray_app.core.config.mistake import Mistake
from tray_app.core.config.settings import (
    RememberedChoices,
    Settings,
    with_preset,
)
from tray_app.core.model.document import Document
from tray_app.core.model.icon_options import (
    Click,
    Palette,
    Style,
    Theme,
)
from tray_app.core.model.incident import (
    Cause,
    PastIncident,
)
from tray_app.core.model.presets import Mode, Preset
from tray_app.core.model.process_finding import ProcessProblem, ProcessProblemKind
from tray_app.core.model.readings import Loss, Now, Source, StageMark, TempUsage, UssPss
from tray_app.core.model.server_address import parse_address
from tray_app.core.monitor.commands import (
    Command,
    DeleteHistory,
    EditLimits,
    ExportHistory,
    LeftClick,
    OpenFolder,
    OpenHelp,
    OpenHistory,
    OpenIncident,
    OpenLog,
    OpenSettingsFile,
    Quit,
    SetAutostart,
    SetClick,
    SetInterval,
    SetMode,
    SetPalette,
    SetPaused,
    SetPreset,
    SetStyle,
    SetTheme,
    ShowReport,
    ShowSummary,
    WatchAutomatically,
    WatchPort,
    WatchProcess,
)
from tray_app.core.monitor.delivery_log import Delivery
from tray_app.core.monitor.events import (
    Alert,
    AutostartFailed,
    AutostartWanted,
    Chosen,
    DayAsked,
    DeletionAsked,
    DeletionDoubted,
    DocumentAsked,
    Ended,
    ExportAsked,
    HistoryAsked,
    HistoryDeleted,
    HistoryExported,
    HostMissing,
    OpenAsked,
    OpenFailed,
    PortWatched,
    Sampled,
    SettingsWrong,
    StatusRequested,
    Summarised,
    SummaryMade,
    TargetChanged,
)
from tray_app.core.monitor.inputs import (
    AlertsRecalled,
    Answered,
    Asked,
    AutostartSeen,
    DaySummed,
    Delivered,
    ExportEnded,
    HistoryForgotten,
    HistoryGone,
    HostSeen,
    IncidentsSeen,
    Input,
    NotOpened,
    Reconfigured,
    SourcesRead,
    ThemeSeen,
    TimeUp,
)
from tray_app.core.monitor.make_sample import HOST_MISSING_AFTER_S
from tray_app.core.monitor.sample import Sample
from tray_app.core.monitor.state import (
    begin,
    ends_s,
    is_watching,
    samples_at_once,
    style,
    theme,
    wants_processes,
)
from tray_app.core.presentation import alert_memory
from tray_app.core.presentation.menu_text import last_alerts
from tray_app.core.server.target_override import NO_OVERRIDE, TargetOverride, named
from tray_app.core.server.target_tracker import Change, Transition
from tray_app.core.source_choice.circuit_breaker import ApiState, CircuitBreaker
from tray_app.core.source_choice.selection import Why
from tray_app.core.summary.measurement import Scope


class TestPast:
    def test_the_time_since_the_start_is_summed_up_at_once(self, told: Told) -> None:
        """From the state alone: also where nothing is recorded."""
        told.happen(0.5, ShowSummary(Scope.START))
        event = told.events[-1]
        assert event == SummaryMade(Scope.START, None, told.state.started)
        told.read(2, 300)
        told.read(4, 500)
        told.happen(5, ShowSummary(Scope.START))
        event = told.events[-1]
        assert isinstance(event, SummaryMade)
        assert event.summary is not None
        assert (event.summary.peak_bytes, event.summary.trend_bytes) == (mb(500), mb(200))
        assert (event.summary.watched_s, event.summary.elapsed_s) == (5.0, 5.0)

    def test_today_comes_from_the_history(self, told: Told) -> None:
        """It is read elsewhere, and comes back as an input."""
        told.happen(1, ShowSummary(Scope.TODAY))
        assert told.events[-1] == DayAsked()
        told.happen(2, DaySummed(None))
        event = told.events[-1]
        assert event == SummaryMade(Scope.TODAY, None, told.state.started)

    def test_the_history_is_deleted_after_a_question(self, told: Told) -> None:
        """As other risky actions are done; the result says whether recording goes on."""
        told.happen(1, DeleteHistory())
        assert told.events[-1] == DeletionDoubted()
        told.happen(2, DeleteHistory(sure=True))
        assert told.events[-1] == DeletionAsked()
        told.happen(3, HistoryForgotten())
        assert told.events[-1] == HistoryDeleted("", goes_on=True)

    @pytest.mark.parametrize("how", [HistoryForgotten(), HistoryGone()])
    def test_with_the_history_go_the_menus_alerts(self, told: Told, how: Input) -> None:
        """Also where another program has deleted it. A failure keeps them."""
        alert = Delivery(Now(0.0, 0.0), "High: 2.10 GB", "bus", is_alert=True)
        told.happen(1, AlertsRecalled((alert,)), Delivered(None, "Raised", "bus", is_alert=True))
        told.happen(2, HistoryForgotten("permission denied"))
        assert last_alerts(told.state, Now(START_S + 2, WALL_S + 2))[1].startswith("High: ")
        told.happen(3, how)
        assert last_alerts(told.state, Now(START_S + 3, WALL_S + 3))[0] == "No alerts yet"
        assert len(told.state.deliveries) == 1

    def test_the_history_is_exported_once_at_a_time(self, told: Told) -> None:
        """The result tells the folder, which a click opens; or what went wrong."""
        told.happen(1, ExportHistory(), ExportHistory())
        assert told.of(ExportAsked) == [ExportAsked()]
        told.happen(2, ExportEnded("/d/out", 3))
        assert told.events[-1] == HistoryExported("/d/out", 3)
        told.happen(3, OpenFolder("/d/out"))
        assert told.events[-1] == OpenAsked("/d/out")
        told.happen(4, ExportHistory(), ExportEnded("/d/out-2", problem="no space left on device"))
        assert told.events[-1] == HistoryExported("/d/out-2", problem="no space left on device")

    def test_the_history_and_its_incidents_are_pages(self, told: Told) -> None:
        """The left click opens the history where that is chosen, otherwise the status."""
        told.happen(1, OpenHistory())
        assert told.events[-1] == HistoryAsked()
        told.happen(2, OpenIncident(1e9))
        assert told.events[-1] == HistoryAsked(1e9)
        told.happen(3, LeftClick())
        assert isinstance(told.events[-1], StatusRequested)
        told.happen(4, SetClick(Click.HISTORY))
        assert told.events[-1] == Chosen(RememberedChoices(click=Click.HISTORY))
        told.happen(5, LeftClick())
        assert told.events[-1] == HistoryAsked()

    def test_incidents_are_kept_for_the_menu(self, told: Told) -> None:
        """As the writer reports them."""
        past = PastIncident(1e9, (Cause.HUNG,), "Server hangs")
        told.happen(1, IncidentsSeen((past,)))
        assert told.state.incidents == (past,)

    def test_the_demo_has_no_history(self, told: Told) -> None:
        """A click says so, and the left click shows the status."""
        told.state = replace(told.state, demo=True, choice=RememberedChoices(click=Click.HISTORY))
        for command in (OpenHistory(), OpenIncident(1e9)):
            told.happen(1, command)
            assert told.events[-1] == OpenFailed("the history", "not in the demo")
        told.happen(2, LeftClick())
        assert isinstance(told.events[-1], StatusRequested)


class TestApi:
    def test_the_first_answer_after_a_silence_is_shown_at_once(self, told: Told) -> None:
        """Waiting for the tick would mislead."""
        told.happen(1.95, Asked())
        told.read(2, 300)
        now = Now(START_S + 2.5, WALL_S)
        assert not samples_at_once(told.state, now)
        told.happen(2.5, Answered(answer(300, START_S + 2.5)))
        assert samples_at_once(told.state, now)
        told.happen(2.5, SourcesRead(tree_reading(300, START_S + 2.5)))
        assert told.sample.source is Source.API
        assert not samples_at_once(told.state, now)

    def test_an_answer_just_after_its_tick_waits_for_the_next(self, told: Told) -> None:
        """It is not late: two samples of two sources, one after the other, would say nothing."""
        told.answer(2, 300)
        told.happen(3.95, Asked())
        told.read(4, 300)
        assert told.sample.why is Why.BETWEEN
        told.happen(4.01, Answered(answer(300, START_S + 4.01)))
        assert not samples_at_once(told.state, Now(START_S + 4.01, WALL_S))

    @pytest.mark.parametrize(
        ("entry", "at_once"), [("STREAMING_BATCH_20", False), ("BEFORE_VIDEO_UPLOAD", True)]
    )
    def test_another_stage_is_shown_at_once(self, told: Told, entry: str, at_once: bool) -> None:
        """But not another entry of the same stage."""
        temp = TempUsage(mb(9), 2, START_S + 2)
        frames = StageMark("PROCESSING_START", "10:00")
        for at_s, stage in ((2, None), (4, None), (6, frames)):
            told.happen(at_s, Answered(answer(300, START_S + at_s, temp=temp, stage=stage)))
            told.happen(at_s, SourcesRead(tree_reading(300, START_S + at_s, cpu_percent=100.0)))
        assert told.sample.stage == Stage("frames", inferred=False)
        mark = StageMark(entry, "10:01")
        told.happen(6.5, Answered(answer(300, START_S + 6.5, temp=temp, stage=mark)))
        assert samples_at_once(told.state, Now(START_S + 6.5, WALL_S)) is at_once

    def test_an_answer_that_is_not_to_be_used_changes_nothing_at_once(self, told: Told) -> None:
        """With several workers the tree is the source in any case."""
        workers = tree_reading(300, START_S + 2, workers=2, answering_mb=None)
        told.happen(2, Answered(answer(300, START_S + 2)), SourcesRead(workers))
        told.happen(3.95, Answered(answer(120, START_S + 3.95)))
        assert told.sample.why is Why.WORKERS
        assert not samples_at_once(told.state, Now(START_S + 3.95, WALL_S))

    def test_an_answer_counts_once_as_a_sign_of_work(self, told: Told) -> None:
        """Two samples may use the same answer."""
        told.answer(2, 300, tracker=(1.0,))  # type: ignore[arg-type]
        told.happen(3.95, Answered(answer(300, START_S + 3.95, tracker=(2.0,))))
        told.happen(4, SourcesRead())
        first = told.sample.activity
        worked_s = told.state.activity.worked_s
        told.happen(4.5, SourcesRead())
        assert first is Activity.PROCESSING
        assert told.state.activity.worked_s == worked_s

    def test_a_server_that_was_found_is_asked_at_once(self, told: Told) -> None:
        """After refusals, when its process appears."""
        for at_s in (0, 1, 3, 7):
            told.happen(at_s, Asked(), Answered(refusal(START_S + at_s)))
            told.happen(at_s, SourcesRead(no_process(START_S + at_s)))
        assert told.state.breaker.next_ask_s > START_S + 12
        told.read(8, 120)
        assert told.state.breaker.next_ask_s == 0.0
        told.happen(8, Asked(), Answered(refusal(START_S + 8)))
        told.read(10, 120)
        assert told.state.breaker.next_ask_s > START_S + 8

    def test_process_only_is_off_and_no_fallback(self) -> None:
        """It was chosen."""
        told = Told(started(Settings(mode=Mode.FALLBACK)))
        told.read(2, 300)
        assert (told.sample.api.state, told.sample.fallback) == (ApiState.OFF, False)
        assert told.sample.why is Why.CHOSEN


class TestNotTheServer:
    """A proxy of 12 MB holds the port; behind it a server of 400 MB answers."""

    def tick(self, told: Told, at_s: float, *, answers: bool = True, pid: int = 42) -> Sample:
        proxy = tree_reading(12, START_S + at_s, cpu_percent=100, children={"ffmpeg": 30})
        proxy = replace(proxy, target=replace(TARGET, pid=pid, name="docker-proxy"))
        if answers:
            told.happen(at_s, Answered(answer(400, START_S + at_s)))
        told.happen(at_s, SourcesRead(proxy, TempUsage(mb(9), 2, START_S + at_s)))
        return told.sample

    def test_with_its_first_answer_nothing_of_it_is_used(self, told: Told) -> None:
        """Neither memory, CPU, helpers, activity nor its temp directory; and the reason is
        shown."""
        sample = self.tick(told, 6)
        assert (sample.source, sample.memory_bytes) == (Source.API, mb(400))
        assert (sample.cpu_percent, sample.rows, sample.target) == (None, (), None)
        assert (sample.temp, sample.why) == (None, Why.NOT_THE_SERVER)
        assert sample.problem == ProcessProblem(
            ProcessProblemKind.NOT_THE_SERVER, port=8000, pid=42, name="docker-proxy"
        )
        for at_s in (8, 10, 12, 14):
            sample = self.tick(told, at_s)
        assert (sample.activity, sample.stage) == (Activity.IDLE, None)

    def test_a_silent_api_leaves_its_last_value_and_then_none(self, told: Told) -> None:
        """As in the API-only mode; the process never steps in, and that is no fallback."""
        for at_s in (2, 4, 6):
            self.tick(told, at_s)
        told.happen(7.95, Asked())
        sample = self.tick(told, 10, answers=False)
        assert (sample.source, sample.stale, sample.memory_bytes) == (Source.API, True, mb(400))
        sample = self.tick(told, 22, answers=False)
        assert (sample.source, sample.memory_bytes, sample.band) == (
            Source.NONE,
            None,
            Band.UNKNOWN,
        )
        assert (sample.fallback, sample.why) == (False, Why.NOT_THE_SERVER)

    def test_another_process_on_the_port_gets_its_chance(self, told: Told) -> None:
        """The server may have taken the port itself."""
        for at_s in (2, 4, 6):
            self.tick(told, at_s)
        assert self.tick(told, 8, answers=False, pid=43).target is not None


class TestWhatIsWatched:
    def test_the_override_comes_from_the_settings_and_then_from_the_menu(self) -> None:
        """A picked process, and back to the evidence, whatever the command line said."""
        told = Told(started(Settings(match="serve")))
        assert told.state.override == TargetOverride(match="serve")
        assert Told(started(Settings(pid=7, match="serve"))).state.override == TargetOverride(pid=7)
        told.happen(1, WatchProcess(42, 1.0))
        assert told.state.override == TargetOverride(pinned=(42, 1.0))
        told.happen(2, WatchAutomatically())
        assert told.state.override == NO_OVERRIDE

    def test_the_end_of_a_picked_process_is_said_and_the_server_looked_for(
        self, told: Told
    ) -> None:
        """Once."""
        told.happen(1, WatchProcess(42, 1.0))
        told.read(2, 300)
        lost = replace(no_process(START_S + 4), loss=Loss(TARGET))
        told.happen(4, SourcesRead(lost))
        told.happen(6, SourcesRead(no_process(START_S + 6)))
        (said,) = told.of(TargetChanged)
        assert isinstance(said, TargetChanged)
        assert said.change == Change(Transition.ENDED, TARGET, Loss(TARGET), falls_back=True)
        assert told.state.override == NO_OVERRIDE

    def test_the_command_lines_override_outlives_the_process(self) -> None:
        """A pattern is looked for again; a pid is nobody else's."""
        for from_start in (Settings(match="serve"), Settings(pid=42)):
            told = Told(started(from_start))
            told.read(2, 300)
            told.happen(4, SourcesRead(replace(no_process(START_S + 4), loss=Loss(TARGET))))
            (said,) = told.of(TargetChanged)
            assert isinstance(said, TargetChanged)
            assert not said.change.falls_back
            assert told.state.override == Told(started(from_start)).state.override

    def test_a_chosen_process_away_from_the_port_is_shown_by_its_own_figure(
        self, told: Told
    ) -> None:
        """The API there speaks for another; and a person's choice is not questioned for that."""
        told.happen(0, WatchProcess(42, 1.0))
        for at_s in range(2, 12, 2):
            other = tree_reading(900, START_S + at_s, workers=0, answering_mb=None)
            told.happen(at_s, Answered(answer(300, START_S + at_s)), SourcesRead(other))
            assert (told.sample.source, told.sample.memory_bytes) == (Source.PROCESS, mb(900))
        assert told.sample.target == TARGET
        told.happen(12, WatchAutomatically())
        told.happen(
            12, Answered(answer(300, START_S + 12)), SourcesRead(tree_reading(300, START_S + 12))
        )
        assert told.sample.source is Source.API

    def test_a_chosen_process_on_the_port_is_the_apis(self, told: Told) -> None:
        """Both tell of the same server."""
        told.happen(0, WatchProcess(42, 1.0))
        told.happen(
            2, Answered(answer(300, START_S + 2)), SourcesRead(tree_reading(300, START_S + 2))
        )
        assert told.sample.source is Source.API

    def test_a_process_that_is_not_the_server_leaves_nothing_to_say(self, told: Told) -> None:
        """A rejected one has neither ended nor been replaced."""
        for at_s in range(2, 12, 2):
            proxy = tree_reading(20, START_S + at_s)
            told.happen(at_s, Answered(answer(300, START_S + at_s)), SourcesRead(proxy))
        assert told.sample.target is None
        assert told.of(TargetChanged) == []

    def test_what_is_its_own_belongs_to_the_present_target(self, told: Told) -> None:
        """The figure of a server that is gone is not its successor's."""
        own = UssPss(42, mb(200), mb(220), START_S)
        told.happen(2, SourcesRead(tree_reading(300, START_S + 2), own=own))
        assert told.sample.own == own
        other = replace(tree_reading(300, START_S + 4), target=replace(TARGET, pid=57))
        told.happen(4, SourcesRead(other, own=own))
        assert told.sample.own is None

    def test_candidates_are_shown(self, told: Told) -> None:
        """So that a person can pick one."""
        reading = replace(tree_reading(300, START_S + 2), candidates=(TARGET,))
        told.happen(2, SourcesRead(reading))
        assert told.sample.candidates == (TARGET,)


class TestMode:
    def test_a_mode_is_used_and_remembered(self, told: Told) -> None:
        """At once."""
        told.happen(2, SetMode(Mode.FALLBACK))
        assert told.state.settings.mode is Mode.FALLBACK
        assert told.events == [Chosen(RememberedChoices(mode=Mode.FALLBACK))]

    def test_the_api_gets_a_new_chance(self, told: Told) -> None:
        """Old failures say nothing after a change."""
        for at_s in (0, 1, 3):
            told.happen(at_s, Asked(), Answered(refusal(START_S + at_s)))
        told.happen(4, SetMode(Mode.API))
        assert (told.state.breaker.failures, told.state.breaker.next_ask_s) == (0, 0.0)

    def test_a_request_in_flight_stays_in_flight_and_its_silence_counts(self, told: Told) -> None:
        """The worker has one request at a time; fallback is shown 3 s after it was sent."""
        told.answer(2, 300)
        told.happen(3.95, Asked())
        told.happen(5, SetMode(Mode.AUTO))
        assert told.state.breaker.asked_s == START_S + 3.95
        told.read(6, 300)
        assert not told.sample.fallback
        told.read(7, 300)
        assert (told.sample.fallback, told.sample.api.state) == (True, ApiState.SILENT)


class TestView:
    @pytest.mark.parametrize(
        ("command", "choice"),
        [
            (SetStyle(Style.BARS), RememberedChoices(style=Style.BARS)),
            (SetPalette(Palette.OKABE_ITO), RememberedChoices(palette=Palette.OKABE_ITO)),
            (SetTheme(Theme.LIGHT), RememberedChoices(theme=Theme.LIGHT)),
        ],
    )
    def test_a_choice_is_remembered(
        self, told: Told, command: Command, choice: RememberedChoices
    ) -> None:
        """Beside what was chosen before."""
        told.happen(2, command)
        assert told.events == [Chosen(choice)]
        told.happen(3, SetMode(Mode.API))
        assert told.events[-1] == Chosen(replace(choice, mode=Mode.API))

    def test_a_preset_leaves_it(self, told: Told) -> None:
        """A preset says nothing of how the icon looks."""
        told.happen(2, SetStyle(Style.CALM), SetPreset(Preset.DEBUG))
        assert style(told.state) is Style.CALM

    def test_the_theme_follows_the_desktop_until_one_is_chosen(self, told: Told) -> None:
        """And follows it again when that is chosen."""
        assert theme(told.state) is Theme.AUTO
        told.happen(2, ThemeSeen(Theme.DARK))
        assert theme(told.state) is Theme.DARK
        told.happen(3, SetTheme(Theme.LIGHT), ThemeSeen(Theme.DARK))
        assert theme(told.state) is Theme.LIGHT
        told.happen(4, SetTheme(Theme.AUTO))
        assert theme(told.state) is Theme.DARK


class TestPresets:
    def test_a_preset_is_used_and_remembered(self, told: Told) -> None:
        """With all that it sets."""
        told.happen(2, SetPreset(Preset.DEBUG))
        settings = told.state.settings
        assert (settings.preset, settings.interval_s, settings.details) == (
            Preset.DEBUG,
            1.0,
            True,
        )
        assert told.events == [Chosen(RememberedChoices(preset=Preset.DEBUG))]

    def test_the_other_choice_stays_remembered(self) -> None:
        """Also one from an earlier run."""
        remembered = RememberedChoices(mode=Mode.FALLBACK)
        state = begin(
            Settings(),
            Settings(mode=Mode.FALLBACK),
            Now(0, 0),
            local=True,
            remembered=remembered,
        )
        told = Told(state)
        told.happen(2, SetPreset(Preset.HEAVY))
        assert told.events == [Chosen(RememberedChoices(mode=Mode.FALLBACK, preset=Preset.HEAVY))]
        assert told.state.settings.mode is Mode.FALLBACK

    def test_a_preset_leaves_nothing_of_the_one_before(self, told: Told) -> None:
        """Standard is standard again."""
        for preset in (Preset.HEAVY, Preset.DEBUG, Preset.STANDARD):
            told.happen(2, SetPreset(preset))
        assert told.state.settings == Settings()

    def test_a_preset_keeps_what_the_command_line_has_set(self) -> None:
        """Whom to watch, above all: the server is asked at the same address as before."""
        address = parse_address("http://localhost:9000")
        flags = replace(Settings(), address=address, tmp_dir="/elsewhere", match="api.py")
        told = Told(replace(started(), settings=flags))
        for preset in (Preset.HEAVY, Preset.QUICK, Preset.STANDARD):
            told.happen(2, SetPreset(preset))
            settings = told.state.settings
            assert (settings.address, settings.tmp_dir, settings.match) == (
                address,
                "/elsewhere",
                "api.py",
            )

    def test_the_fallback_presets_mode_goes_with_it(self) -> None:
        """It was the preset's, not the person's."""
        told = Told(started(with_preset(Settings(), Preset.FALLBACK)))
        told.happen(2, SetPreset(Preset.STANDARD))
        assert told.state.settings.mode is Mode.AUTO


class TestQuickTest:
    def test_it_measures_for_half_a_minute_and_returns(self, told: Told) -> None:
        """To the preset before it; it is not remembered, and the program goes on."""
        told.happen(0, SetPreset(Preset.HEAVY))
        told.read(9, 2500)
        told.happen(10, SetPreset(Preset.QUICK))
        assert told.state.settings.preset is Preset.QUICK
        assert ends_s(told.state) == START_S + 40
        for at_s, memory_mb in ((20, 300), (30, 500)):
            told.read(at_s, memory_mb)
        assert told.of(Summarised) == []
        told.read(40, 400)
        (summarised,) = told.of(Summarised)
        assert isinstance(summarised, Summarised)
        assert not summarised.ends_run
        summary = summarised.summary
        assert (summary.elapsed_s, summary.samples, summary.peak_bytes) == (30.0, 3, mb(500))
        assert summary.average_bytes == pytest.approx(mb(400))
        assert summary.trend_bytes == mb(100)
        assert told.state.settings == with_preset(Settings(), Preset.HEAVY)
        assert told.of(Chosen) == [Chosen(RememberedChoices(preset=Preset.HEAVY))]
        assert (told.of(Ended), ends_s(told.state)) == ([], math.inf)

    def test_chosen_again_it_begins_again(self, told: Told) -> None:
        """And returns to the same preset as before."""
        told.happen(0, SetPreset(Preset.DEBUG))
        told.happen(10, SetPreset(Preset.QUICK))
        told.happen(20, SetPreset(Preset.QUICK))
        told.read(40, 300)
        assert told.of(Summarised) == []
        told.read(50, 300)
        assert told.state.settings.preset is Preset.DEBUG

    def test_a_mode_chosen_meanwhile_stays(self, told: Told) -> None:
        """It is newer than the quick test."""
        told.happen(0, SetPreset(Preset.QUICK))
        told.happen(10, SetMode(Mode.FALLBACK))
        told.read(30, 300)
        assert told.state.settings == Settings(mode=Mode.FALLBACK)

    def test_another_preset_ends_it_without_a_summary(self, told: Told) -> None:
        """The person wants something else."""
        told.happen(0, SetPreset(Preset.QUICK))
        told.happen(10, SetPreset(Preset.HEAVY))
        told.read(40, 300)
        assert told.of(Summarised) == []
        assert told.state.settings.preset is Preset.HEAVY


class TestDuration:
    def test_a_set_time_ends_the_run_with_a_summary(self) -> None:
        """At the first sample after it."""
        told = Told(started(Settings(duration_s=5.0)))
        told.read(2, 100)
        told.read(4, 300)
        assert not told.state.ended
        told.read(5, 200)
        assert isinstance(told.events[-2], Summarised)
        assert told.events[-2].ends_run
        assert told.events[-2].summary.average_bytes == mb(200)
        assert told.events[-1] == Ended()
        assert told.state.ended

    def test_a_quick_run_may_be_kept_on(self) -> None:
        """Started as a quick test, and another preset is chosen: it does not end."""
        told = Told(started(with_preset(Settings(), Preset.QUICK)))
        told.happen(10, SetPreset(Preset.STANDARD))
        told.read(31, 100)
        assert not told.state.ended
        assert ends_s(told.state) == math.inf

    def test_a_duration_survives_other_presets(self) -> None:
        """It was asked for on the command line."""
        told = Told(started(Settings(duration_s=60.0)))
        told.happen(10, SetPreset(Preset.DEBUG))
        told.read(60, 100)
        assert told.state.ended


class TestOthers:
    def test_a_pause_is_not_remembered(self, told: Told) -> None:
        """And the rate starts over after it."""
        for at_s, memory_mb in ((2, 100), (4, 200), (6, 300)):
            told.read(at_s, memory_mb)
        told.happen(7, SetPaused(True))
        assert told.of(Chosen) == []
        told.happen(100, SetPaused(False))
        told.read(100, 900)
        assert told.sample.rate_bytes_s is None

    def test_quit_ends_the_run(self, told: Told) -> None:
        """Without a summary that nobody asked for."""
        told.happen(1, Quit())
        assert (told.events, told.state.ended) == ([Ended()], True)

    def test_quit_in_the_terminal_tells_the_summary_first(self, told: Told) -> None:
        """Of a run that has samples; of none there is nothing to tell."""
        told.happen(0, Quit(summed_up=True))
        assert told.events == [Ended()]
        told.events.clear()
        told.read(1, 300)
        told.read(3, 310)
        told.events.clear()
        told.happen(4, Quit(summed_up=True))
        summarised, ended = told.events
        assert ended == Ended()
        assert isinstance(summarised, Summarised)
        assert summarised.ends_run
        assert (summarised.summary.samples, summarised.summary.trend_bytes) == (2, 10 * 2**20)

    def test_a_delivery_that_works_again_clears_its_problem(self, told: Told) -> None:
        """The menu shows the newest state."""
        told.happen(1, Delivered("no service"))
        assert told.state.delivery_problem == "no service"
        told.happen(2, Delivered())
        assert told.state.delivery_problem is None

    def test_a_missing_panel_is_said_once(self, told: Told) -> None:
        """After ten seconds: panels start after the programs of a session."""
        told.happen(1, HostSeen(False))
        told.read(1 + HOST_MISSING_AFTER_S - 1, 100)
        assert told.of(HostMissing) == []
        told.read(1 + HOST_MISSING_AFTER_S, 100)
        told.read(1 + HOST_MISSING_AFTER_S + 2, 100)
        told.happen(30, HostSeen(True), HostSeen(False))
        told.read(60, 100)
        assert told.of(HostMissing) == [HostMissing()]

    def test_a_panel_that_comes_in_time_is_no_word_worth(self, told: Told) -> None:
        """Nothing is said."""
        told.happen(1, HostSeen(False))
        told.happen(5, HostSeen(True))
        told.read(60, 100)
        assert told.of(HostMissing) == []


@settings(deadline=None)  # a slow machine is no defect
@given(LIVES, st.booleans())
def test_no_level_is_said_twice_without_being_left(
    life: list[tuple[float, float, Callable[[float], Input]]], local: bool
) -> None:
    """Whatever happens: between two equal alerts a reading was below 90 % of the limit, and
    only a reading is a recovery."""
    limits = Settings().alerts
    not_left = set[Level]()
    for event in lived(life, local).events:
        match event:
            case Sampled(sample) if sample.memory_bytes is not None:
                figure = sample.memory_bytes
                not_left = {lv for lv in not_left if figure >= 0.9 * mb(limits.limit_mb(lv))}
            case Alert(LevelReached(level, limit_mb), sample):
                assert level not in not_left
                assert sample.memory_bytes is not None
                assert sample.memory_bytes > mb(limit_mb)
                not_left.add(level)
            case Alert(Recovered(level, peak_bytes), sample):
                assert sample.memory_bytes is not None
                assert sample.memory_bytes < 0.9 * mb(limits.raised_mb)
                assert peak_bytes > mb(limits.limit_mb(level))
                assert not not_left


class TestSettingsWhileRunning:
    def test_an_edit_keeps_what_the_person_has_chosen(self) -> None:
        """Mode and preset are the person's; limits are the file's."""
        told = Told(started())
        told.happen(1, SetMode(Mode.API), SetPreset(Preset.HEAVY))
        base = Settings(mode=Mode.FALLBACK, interval_s=9.0, bands=BandLimits(1, 2, 3))
        told.happen(2, Reconfigured(base, local=True))
        settings = told.state.settings
        assert (settings.mode, settings.preset, settings.interval_s) == (
            Mode.API,
            Preset.HEAVY,
            3.0,
        )
        assert settings.bands == BandLimits(1, 2, 3)
        told.happen(3, SetPreset(Preset.STANDARD))
        assert told.state.settings.interval_s == 9.0

    def test_a_wrong_edit_is_reported_until_it_is_mended(self) -> None:
        """Each set of mistakes once, however often the file is saved."""
        wrong = (Mistake("unknown setting 'hihg_mb'", "/c.toml", 3),)
        told = Told(started())
        for at_s in (1, 2):
            told.happen(at_s, Reconfigured(Settings(interval_s=at_s), local=True, mistakes=wrong))
        assert told.of(SettingsWrong) == [SettingsWrong(wrong)]
        assert told.state.mistakes == wrong
        told.happen(3, OpenSettingsFile())
        assert told.of(DocumentAsked) == [DocumentAsked(Document.SETTINGS, 3)]
        told.happen(4, Reconfigured(Settings(), local=True))
        assert told.state.mistakes == ()
        assert len(told.of(SettingsWrong)) == 1

    def test_documents_are_opened_by_others(self) -> None:
        """A click is an event; what could not be opened comes back and is told."""
        told = Told(started())
        told.happen(1, EditLimits(), OpenLog(), OpenHelp(), ShowReport())
        assert [event.document for event in told.of(DocumentAsked)] == [
            Document.LIMITS,
            Document.LOG,
            Document.HELP,
            Document.REPORT,
        ]
        told.happen(2, NotOpened("/x.log", "it does not exist", Document.LOG))
        assert told.of(OpenFailed) == [OpenFailed("/x.log", "it does not exist", Document.LOG)]

    def test_a_quick_test_does_not_keep_the_mode_of_the_preset_before_it(self) -> None:
        """Fallback, quick test, standard: the standard preset has the mode of the settings."""
        told = Told(started())
        told.happen(1, SetPreset(Preset.FALLBACK), SetPreset(Preset.QUICK))
        assert told.state.settings.mode is Mode.FALLBACK
        told.happen(2, SetPreset(Preset.STANDARD))
        assert told.state.settings.mode is Mode.AUTO

    def test_a_quick_test_returns_to_the_edited_settings(self) -> None:
        """The edit came while it ran."""
        told = Told(started())
        told.happen(1, SetPreset(Preset.QUICK))
        told.happen(2, Reconfigured(Settings(interval_s=9.0), local=True))
        told.happen(40, TimeUp())
        assert told.state.settings.interval_s == 9.0

    def test_another_port_is_watched_for_this_run(self) -> None:
        """Of the same host, and nothing is known of it yet; nothing of it is remembered."""
        told = Told(started())
        told.answer(1, 2500)
        configured = told.state.settings.address
        told.happen(2, WatchPort(8772))
        address = told.state.settings.address
        assert (address.host, address.port) == (configured.host, 8772)
        assert (told.state.base.address, told.state.choice) == (configured, RememberedChoices())
        assert (told.state.breaker, told.state.peak_bytes) == (CircuitBreaker(), None)
        assert is_watching(told.state)
        assert told.of(PortWatched) == [PortWatched(address)]

    def test_the_configured_address_is_watched_again(self) -> None:
        """By the row "Detect automatically", or by an edit of the URL; not by other edits."""
        configured = started().settings.address
        told = Told(started())
        told.happen(1, WatchPort(8772), WatchPort(8773), WatchAutomatically())
        assert told.state.settings.address == configured
        assert not is_watching(told.state)
        told.happen(2, WatchPort(8772), Reconfigured(Settings(interval_s=9.0), local=True))
        assert told.state.settings.address.port == 8772
        there = Settings(interval_s=9.0, address=parse_address("http://there:1"))
        told.happen(3, Reconfigured(there, local=False))
        assert told.state.settings.address == there.address
        assert (told.state.configured, told.state.local) == (None, False)

    def test_of_another_server_nothing_old_is_known(self) -> None:
        """No figure, rate, check or silence of the last one."""
        told = Told(started())
        told.answer(1, 2500)
        assert told.state.sample
        assert told.state.sample.memory_bytes
        there = Settings(address=parse_address("http://there:1"))
        told.happen(2, Reconfigured(there, local=False))
        told.happen(3, SourcesRead())
        sample = told.state.sample
        assert (sample.memory_bytes, sample.source, sample.band) == (
            None,
            Source.NONE,
            Band.UNKNOWN,
        )
        assert told.state.peak_bytes is None
        assert not wants_processes(told.state)

    def test_what_to_watch_follows_the_file_until_somebody_picks(self) -> None:
        """A process picked in the menu is newer than the file."""
        told = Told(started())
        told.happen(1, Reconfigured(Settings(match="main:app"), local=True))
        assert told.state.override == named(None, "main:app")
        told.happen(2, WatchProcess(7, 1.0))
        picked = told.state.override
        told.happen(3, Reconfigured(Settings(pid=9), local=True))
        assert told.state.override == picked

    def test_an_interval_that_was_handed_over_is_not_remembered(self) -> None:
        """As with the flag itself."""
        told = Told(started())
        told.happen(1, SetInterval(0.5))
        assert told.state.settings.interval_s == 0.5
        assert alert_memory.choice(told.state, Now(1.0, 1e9)) == RememberedChoices()
        assert told.events == []

    def test_start_at_login_is_done_by_others(self) -> None:
        """The state knows what is seen, not what was wanted."""
        told = Told(started())
        told.happen(1, SetAutostart(True))
        assert told.events == [AutostartWanted(True)]
        assert not told.state.autostart
        told.happen(2, AutostartSeen(True))
        assert told.state.autostart
        told.happen(3, SetAutostart(False), AutostartSeen(True, "Permission denied"))
        assert told.events[1:] == [
            AutostartWanted(False),
            AutostartFailed(False, "Permission denied"),
        ]
        assert told.state.autostart
