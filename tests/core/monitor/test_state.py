"""The questions that the state answers: what is wanted next, and when."""

from __future__ import annotations

import math

import pytest
from msgspec.structs import replace

from tests.core.made import answer, refusal, timeout, tree_reading
from tests.core.monitor.told import START_S, WALL_S, Told, started
from tray_app.core.config.settings import RememberedChoices, Settings
from tray_app.core.model.icon_options import Palette, Style
from tray_app.core.model.presets import Mode, Preset
from tray_app.core.model.readings import Now, OwnUse
from tray_app.core.monitor.commands import SetPaused, SetPreset
from tray_app.core.monitor.inputs import Answered, Asked, MenuSeen, SourcesRead
from tray_app.core.monitor.state import (
    ends_s,
    has_menus_figures,
    is_gap,
    is_menu_open,
    newest,
    palette,
    patience_s,
    rebased,
    style,
    wants_api,
    wants_health,
    wants_processes,
    wants_stage,
)
from tray_app.core.monitor.step import MENU_OPEN_AT_MOST_S, step
from tray_app.core.presentation import source_text


class TestWhatIsWanted:
    @pytest.mark.parametrize(
        ("mode", "local", "api", "processes"),
        [
            (Mode.AUTO, True, True, True),
            (Mode.AUTO, False, True, False),
            (Mode.API, True, True, False),
            (Mode.FALLBACK, True, False, True),
            (Mode.FALLBACK, False, False, False),
        ],
    )
    def test_the_mode_says_which_sources_may_be_used(
        self, mode: Mode, local: bool, api: bool, processes: bool
    ) -> None:
        """API only never reads processes, process only never sends a request."""
        state = started(Settings(mode=mode), local=local)
        assert (wants_api(state), wants_processes(state)) == (api, processes)

    def test_patience_and_stage_depend_on_whether_the_server_works(self, told: Told) -> None:
        """10 s while idle and 30 s while processing; the stage is asked for once it begins."""
        told.read(2, 300)
        assert (patience_s(told.state), wants_stage(told.state)) == (10.0, False)
        told.read(4, 300, cpu_percent=100)
        assert (patience_s(told.state), wants_stage(told.state)) == (30.0, True)
        told.happen(4, Asked())
        assert (patience_s(told.state), wants_stage(told.state)) == (30.0, False)

    def test_a_stage_that_was_asked_for_in_vain_is_asked_for_again(self, told: Told) -> None:
        """With the next request that is answered."""
        told.read(2, 300)
        told.read(4, 300, cpu_percent=100)
        told.happen(4, Asked())
        told.happen(5, Answered(timeout(START_S + 5)))
        assert wants_stage(told.state)

    def test_a_pause_asks_nothing(self, told: Told) -> None:
        """Until it ends."""
        told.happen(1, SetPaused(True))
        assert not wants_api(told.state)
        told.happen(2, SetPaused(False))
        assert wants_api(told.state)


class TestMenu:
    def test_it_counts_as_open_until_it_is_closed(self, told: Told) -> None:
        """Or for a minute, where no panel says that it was closed."""
        told.happen(2, MenuSeen(True))
        assert told.state.menu_until_s is not None
        now_s = told.state.menu_until_s - MENU_OPEN_AT_MOST_S
        assert is_menu_open(told.state, now_s + 59)
        assert not is_menu_open(told.state, now_s + 61)
        told.happen(3, MenuSeen(False))
        assert not is_menu_open(told.state, now_s + 2)

    def test_its_figures_are_those_of_a_sample_after_its_opening(self, told: Told) -> None:
        """An older one has none of what only an open menu shows; during a pause none follows."""
        told.read(2, 300)
        assert not has_menus_figures(told.state)
        told.happen(3, MenuSeen(True))
        assert not has_menus_figures(told.state)
        told.read(3, 300)
        assert has_menus_figures(told.state)
        told.happen(4, MenuSeen(False))
        assert not has_menus_figures(told.state)
        told.happen(5, SetPaused(True), MenuSeen(True))
        assert has_menus_figures(told.state)

    def test_its_own_health_is_read_rarely_while_it_is_closed(self, told: Told) -> None:
        """Once a minute, and at each sample while it is open."""
        own = OwnUse(34 * 1024**2, 0.4)
        assert wants_health(told.state, START_S)
        told.happen(2, SourcesRead(monitor=own))
        assert told.state.health is not None
        assert (told.state.health.own, told.state.health.samples) == (own, told.state.samples)
        at_s = told.state.health.at.mono_s
        assert not wants_health(told.state, at_s + 59)
        assert wants_health(told.state, at_s + 60)
        told.happen(3, MenuSeen(True))
        assert wants_health(told.state, at_s + 2)


class TestTheIntervalInForce:
    def test_it_stretches_when_readings_take_longer(self) -> None:
        """An interval that is too short is lengthened visibly, and returns when possible."""
        settings = Settings(mode=Mode.FALLBACK, interval_s=0.2)
        told = Told(started(settings))
        for second in range(12):
            told.happen(second, SourcesRead(tree_reading(300, START_S + second), took_s=1.0))
        assert told.state.sample
        assert told.state.sample.stretched
        assert told.state.sample.interval_s == pytest.approx(1.25, rel=0.05)
        assert "slowed to one sample per 1 s" in source_text.source(told.state.sample)
        for second in range(12, 40):
            told.happen(second, SourcesRead(tree_reading(300, START_S + second), took_s=0.001))
        assert not told.state.sample.stretched
        assert told.state.sample.interval_s == 0.2

    def test_an_api_that_stands_alone_sets_the_pace(self) -> None:
        """Where nothing else is read, a sample without a new answer would show nothing new."""
        settings = Settings(mode=Mode.API)
        told = Told(started(settings))
        told.happen(1, Answered(answer(300, START_S + 1.0, latency_s=0.4)))
        told.happen(1.1, SourcesRead())
        assert told.state.sample
        assert told.state.sample.interval_s == pytest.approx(8.0)
        assert "slowed to one sample per 8 s" in source_text.source(told.state.sample)


def test_the_state_stays_small_over_ten_thousand_samples() -> None:
    """After a month the state is no larger than after an hour in which 36 jobs ran."""
    told, sizes = Told(started()), list[int]()
    for number in range(1, 10_001):
        at_s, memory_mb = 0.5 * number, 300 + 2900 * (number % 400) / 400
        if number % 50 > 10:
            reading = answer(memory_mb, START_S + at_s, tracker=(float(number),))
            told.happen(at_s, Asked(), Answered(reading))
        elif number % 50 == 5:
            told.happen(at_s, Asked(), Answered(refusal(START_S + at_s)))
        told.happen(at_s, SourcesRead(tree_reading(memory_mb, START_S + at_s)))
        told.events.clear()
        if number >= 7200 and number % 400 == 0:
            sizes.append(len(repr(told.state)))
    assert max(sizes) < 1.1 * sizes[0]
    assert told.sample.number == 10_000


def test_a_state_is_a_value() -> None:
    """A step changes nothing but its result."""
    state = started()
    before = replace(state)
    step(state, SourcesRead(tree_reading(2500, START_S + 2)), Now(START_S + 2, WALL_S + 2))
    assert state == before


class TestMoments:
    def test_a_gap_is_sleep_a_clock_that_was_set_or_a_stall(self, told: Told) -> None:
        """Measured from the last sample; a pause is none, but sleep during it is."""
        told.read(2, 300)
        state = told.state

        def is_gap_at(mono_s: float, wall_s: float) -> bool:
            return is_gap(state, Now(START_S + mono_s, WALL_S + wall_s))

        assert not is_gap_at(8.9, 8.9)
        assert is_gap_at(9.1, 9.1)
        assert not is_gap_at(4.0, 8.9)
        assert is_gap_at(4.0, 9.1)
        assert is_gap_at(4.0, -1.1)
        told.happen(3, SetPaused(True))
        state = told.state
        assert not is_gap_at(60.0, 60.0)
        assert is_gap_at(60.0, 120.0)

    def test_the_newest_moment_is_of_a_sample_or_of_the_menu(self, told: Told) -> None:
        """Before both it is the start."""
        assert newest(told.state) == told.state.started
        told.read(2, 300)
        assert newest(told.state) == told.sample.at
        told.happen(3, MenuSeen(True))
        assert newest(told.state).mono_s == START_S + 3

    def test_a_set_time_ends_the_run(self) -> None:
        """The nearer of the run's end and that of a quick test; without both never."""
        assert ends_s(started()) == math.inf
        assert ends_s(started(Settings(duration_s=60.0))) == START_S + 60
        told = Told(started(Settings(duration_s=60.0)))
        told.happen(2, SetPreset(Preset.QUICK))
        assert ends_s(told.state) == START_S + 32


def test_the_menus_choice_comes_before_the_settings(told: Told) -> None:
    """Style and colours."""
    state = replace(told.state, settings=Settings(style=Style.BARS, palette=Palette.OKABE_ITO))
    assert (style(state), palette(state)) == (Style.BARS, Palette.OKABE_ITO)
    chosen = RememberedChoices(style=Style.CALM, palette=Palette.STANDARD)
    state = replace(state, choice=chosen)
    assert (style(state), palette(state)) == (Style.CALM, Palette.STANDARD)


def test_on_another_basis_nothing_old_counts(told: Told) -> None:
    """Peak, rate, jobs and the run's measurement begin again; of a restart the run goes on."""
    for at_s, memory_mb in ((2, 300), (4, 900), (6, 600)):
        told.read(at_s, memory_mb)
    after = rebased(told.state, told.sample.at)
    assert (after.peak_bytes, after.basis, after.temp) == (None, None, None)
    assert after.trend.points == ()
    assert (after.run.peak_bytes, after.run.readings) == (None, 0)
    assert rebased(told.state, told.sample.at, same_run=True).run == told.state.run
