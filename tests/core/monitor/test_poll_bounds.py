"""Fast polls: which of them call for a reading."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.core.made import SYSTEM, answer, mb, no_process, tree_reading
from tray_app.core.analysis.activity import Activity
from tray_app.core.analysis.bands import Band
from tray_app.core.config.settings import Settings
from tray_app.core.model.presets import Mode
from tray_app.core.model.readings import ApiReading, Now, PollReading, ProcessReading, Source
from tray_app.core.monitor import poll_bounds
from tray_app.core.monitor.inputs import Answered, SourcesRead
from tray_app.core.monitor.state import State, begin
from tray_app.core.monitor.step import step
from tray_app.core.source_choice.selection import Why

START_S = 100.0


def at(now_s: float) -> Now:
    return Now(now_s, 1e9 + now_s)


def shown(memory_mb: float, mode: Mode = Mode.FALLBACK) -> State:
    """A state that shows this much, from processes, since `START_S`."""
    settings = replace(Settings(), mode=mode)
    state = begin(settings, settings, at(START_S), local=True)
    return step(state, SourcesRead(tree_reading(memory_mb, START_S)), at(START_S))[0]


def at_work(state: State) -> State:
    """The same in a job, in which memory may move by more without a word."""
    return replace(state, activity=replace(state.activity, activity=Activity.PROCESSING))


def calls(state: State, memory_mb: float | None, after_s: float = 0.25) -> bool:
    """Whether such a poll brings a reading, in a job."""
    state = at_work(state)
    reading = PollReading(None if memory_mb is None else mb(memory_mb), SYSTEM.available_bytes)
    return poll_bounds.is_outside(poll_bounds.bounds_of(state), reading, START_S + after_s)


@pytest.mark.parametrize(
    ("before_mb", "seen_mb"), [(499, 501), (999, 1001), (1490, 1510), (1990, 2010), (2990, 3010)]
)
def test_a_rise_over_a_limit(before_mb: float, seen_mb: float) -> None:
    """A higher band or alert level is shown and said at once."""
    assert calls(shown(before_mb), seen_mb)
    assert not calls(shown(before_mb - 9), before_mb)


def test_a_fall_waits_a_second() -> None:
    """A figure that swings about a limit brings a reading a second at most."""
    state = shown(1010)
    assert not calls(state, 900, 0.5)
    assert calls(state, 900, 1.0)


def test_a_fall_is_confirmed_a_second_later() -> None:
    """A band falls with the second reading below it, for which nobody waits an interval."""
    state = shown(1010)
    now = at(START_S + 1)
    state = step(state, SourcesRead(tree_reading(900, now.mono_s), sudden=True), now)[0]
    assert state.sample
    assert state.sample.band is Band.ORANGE
    assert not poll_bounds.is_outside(
        poll_bounds.bounds_of(state), PollReading(mb(900)), START_S + 1.5
    )
    assert poll_bounds.is_outside(poll_bounds.bounds_of(state), PollReading(mb(900)), START_S + 2)


def test_a_step_of_an_idle_server_is_the_beginning_of_a_job() -> None:
    """An upload takes 30 MB and more; what an idle server moves by does not call for a reading."""
    idle = poll_bounds.bounds_of(shown(300))
    assert not poll_bounds.is_outside(idle, PollReading(mb(307)), START_S + 0.25)
    assert poll_bounds.is_outside(idle, PollReading(mb(309)), START_S + 0.25)
    assert not poll_bounds.is_outside(idle, PollReading(mb(200)), START_S + 1.5), (
        "a fall begins nothing"
    )


def test_ffmpeg_is_seen_to_come_and_to_go() -> None:
    """It takes 60 MB and more for a second or two; the frames before it move by less."""
    state = shown(340)
    assert not calls(state, 380)
    assert calls(state, 400)
    assert not calls(shown(425), 390, 1.0)
    assert calls(shown(425), 340, 1.0)


def test_the_end_of_the_server() -> None:
    """A poll that has lost the target calls for a reading; when it was not there before, none."""
    assert calls(shown(300), None)
    settings = replace(Settings(), mode=Mode.FALLBACK)
    state = begin(settings, settings, at(START_S), local=True)
    nobody = no_process(START_S)
    state = step(state, SourcesRead(nobody), at(START_S))[0]
    assert not calls(state, None)


def test_only_the_change_since_the_last_reading_counts() -> None:
    """The API may count more than the processes that are seen: a poll adds what has changed."""
    settings = Settings()
    state = begin(settings, settings, at(START_S), local=True)
    state = step(state, Answered(answer(480, START_S)), at(START_S))[0]
    state = step(state, SourcesRead(tree_reading(450, START_S)), at(START_S))[0]
    assert state.sample
    assert state.sample.source is Source.API
    assert not calls(state, 465)
    assert calls(state, 471)


def test_an_answer_may_be_older_than_the_processes() -> None:
    """What they have grown by since is nothing that the answer leaves out: a limit is theirs."""
    settings = Settings()
    state = begin(settings, settings, at(START_S), local=True)
    state = step(state, Answered(answer(460, START_S)), at(START_S))[0]
    state = step(state, SourcesRead(tree_reading(490, START_S)), at(START_S))[0]
    assert state.sample
    assert state.sample.source is Source.API
    assert not calls(state, 499)
    assert calls(state, 501)


def test_processes_over_a_limit_that_the_api_is_below() -> None:
    """They were so at the last reading, which has the API's word: no poll says otherwise."""
    settings = Settings()
    state = begin(settings, settings, at(START_S), local=True)
    state = step(state, Answered(answer(480, START_S)), at(START_S))[0]
    state = step(state, SourcesRead(tree_reading(510, START_S)), at(START_S))[0]
    assert state.sample
    assert state.sample.source is Source.API
    assert not calls(state, 520)
    assert calls(state, 531)


def test_processes_over_a_limit_that_an_old_answer_is_below() -> None:
    """They may have come over it since: the first poll brings a reading that says so."""
    settings = Settings()
    state = begin(settings, settings, at(START_S - 0.6), local=True)
    state = step(state, Answered(answer(480, START_S - 0.6)), at(START_S - 0.6))[0]
    state = step(state, SourcesRead(tree_reading(510, START_S)), at(START_S))[0]
    assert state.sample
    assert state.sample.source is Source.API
    assert calls(state, 510)


def test_processes_that_are_not_the_server_are_not_listened_to() -> None:
    """A process that the cross-check has rejected may do what it likes."""
    settings = Settings()
    state = begin(settings, settings, at(START_S), local=True)
    for turn in range(4):
        now = at(START_S + 2 * turn)
        state = step(state, Answered(answer(400, now.mono_s)), now)[0]
        state = step(state, SourcesRead(tree_reading(20, now.mono_s)), now)[0]
    assert state.sample
    assert state.sample.why is Why.NOT_THE_SERVER
    reading = PollReading(mb(5000))
    assert not poll_bounds.is_outside(
        poll_bounds.bounds_of(state), reading, state.sample.at.mono_s + 0.5
    )


@pytest.mark.parametrize(
    ("cost_s", "on_battery", "every_s"),
    [(0.00005, False, 0.225), (0.0011, False, 1.0), (0.00005, True, 1.0)],
)
def test_how_often(cost_s: float, on_battery: bool, every_s: float) -> None:
    """Four times a second; once where that would cost too much, or the battery."""
    assert poll_bounds.every_s(cost_s, on_battery=on_battery) == every_s


class TestWhatASuddenReadingShows:
    """A reading that a poll called for, while the API is well."""

    def sudden(self, state: State, reading: ProcessReading, now_s: float) -> State:
        return step(state, SourcesRead(reading, sudden=True), at(now_s))[0]

    def well(self, *answers: ApiReading, tree_mb: float = 300) -> State:
        settings = Settings()
        state = begin(settings, settings, at(START_S), local=True)
        for each in answers:
            state = step(state, Answered(each), at(each.taken_s))[0]
            reading = tree_reading(tree_mb, each.taken_s)
            state = step(state, SourcesRead(reading), at(each.taken_s))[0]
        return state

    def test_the_processes_speak_between_two_answers(self) -> None:
        """Their figure is fresher than the API's last value, and it says so."""
        state = self.well(answer(300, START_S))
        before = state.source
        state, events = step(
            state, SourcesRead(tree_reading(1200, START_S + 1), sudden=True), at(START_S + 1)
        )
        assert state.sample
        assert (state.sample.source, state.sample.why) == (Source.PROCESS, Why.BETWEEN)
        assert state.sample.memory_bytes == mb(1200)
        assert state.source is before is Source.API
        assert [type(event).__name__ for event in events if "Source" in type(event).__name__] == []

    def test_an_answer_that_came_just_now_is_older(self) -> None:
        """A poll sees a step 40 ms after an answer that does not have it yet: the step counts."""
        state = shown(990, Mode.AUTO)
        at_s = START_S + 2
        state = step(state, Answered(answer(990, at_s, latency_s=0.4)), at(at_s))[0]
        state = step(state, SourcesRead(tree_reading(990, at_s)), at(at_s))[0]
        assert state.sample
        assert state.sample.source is Source.API
        later_s = at_s + 2
        state = step(state, Answered(answer(990, later_s, latency_s=0.4)), at(later_s))[0]
        state = self.sudden(state, tree_reading(1010, later_s + 0.04), later_s + 0.04)
        assert state.sample
        assert (state.sample.band, state.sample.why) == (Band.ORANGE, Why.BETWEEN)

    def test_suspect_processes_do_not(self) -> None:
        """The last answer fitted no process: the API's figure stays, with its age."""
        state = self.well(answer(700, START_S), tree_mb=20)
        state = self.sudden(state, tree_reading(1200, START_S + 1), START_S + 1)
        assert state.sample
        assert (state.sample.source, state.sample.memory_bytes) == (Source.API, mb(700))
        assert state.sample.age_s == pytest.approx(1.0)


def test_a_machine_that_runs_short_of_memory() -> None:
    """Another program's appetite calls for a reading, too; once, since the reading knows of it."""
    state = shown(300)
    short = mb(300), mb(300)
    assert poll_bounds.is_outside(poll_bounds.bounds_of(state), short, START_S + 0.25)
    system = replace(SYSTEM, available_bytes=mb(300))
    reading = replace(tree_reading(300, START_S + 0.25), system=system)
    state = step(state, SourcesRead(reading, sudden=True), at(START_S + 0.25))[0]
    assert not poll_bounds.is_outside(poll_bounds.bounds_of(state), short, START_S + 0.5)
