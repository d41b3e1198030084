"""Sleep, clocks that are set, and a program that could not run: the gap stays a gap.

`Life` has two clocks: while the machine sleeps the wall clock goes on, and the monotonic one
stands still (Linux, macOS) or goes on, too (Windows).
"""

from __future__ import annotations

import pytest

from tests.core.made import answer, mb, timeout, tree_reading
from tray_app.core.analysis.activity import Activity
from tray_app.core.config.settings import Settings
from tray_app.core.model.api_failure import ApiFailureKind, ApiProblem
from tray_app.core.model.presets import Mode, Preset
from tray_app.core.model.readings import Now, Source
from tray_app.core.monitor.commands import SetPaused, SetPreset
from tray_app.core.monitor.events import Event, Summarised
from tray_app.core.monitor.inputs import Answered, Asked, HostSeen, Input, SourcesRead
from tray_app.core.monitor.sample import Sample
from tray_app.core.monitor.state import GAP_S, State, begin, ends_s
from tray_app.core.monitor.step import step
from tray_app.core.presentation import summary_text
from tray_app.core.source_choice.circuit_breaker import ApiState, due_s

HOUR_S = 3600.0
INTERVAL_S = Settings().interval_s
GAPS = {"mono stands still": (HOUR_S, 0.0), "mono goes on": (HOUR_S, HOUR_S)}
"""How far the wall clock and the monotonic clock get in an hour of sleep."""
CLOCK_SET = {"set forward": (HOUR_S, 0.0), "set back": (-HOUR_S, 0.0)}


class Life:
    """The monitor, its two clocks, and the server's memory."""

    def __init__(self, **settings: object) -> None:
        self.now = Now(500.0, 1_795_000_000.0)
        chosen = Settings(**settings)  # type: ignore[arg-type]
        self.state: State = begin(chosen, chosen, self.now, local=chosen.mode is not Mode.API)
        self.events: list[Event] = []

    def go(self, seconds: float) -> None:
        self.skip(seconds, seconds)

    def skip(self, wall_s: float, mono_s: float) -> None:
        self.now = Now(self.now.mono_s + mono_s, self.now.wall_s + wall_s)

    def happen(self, *inputs: Input) -> None:
        for happened in inputs:
            self.state, events = step(self.state, happened, self.now)
            self.events += events

    def hear(self, memory_mb: float) -> None:
        """An answer that has just come."""
        self.happen(Asked(), Answered(answer(memory_mb, self.now.mono_s)))

    def tick(self, memory_mb: float = 300, cpu_percent: float = 1.0) -> Sample:
        """A sample with a process reading, where processes may be read."""
        reads = self.state.local
        reading = (
            tree_reading(memory_mb, self.now.mono_s, cpu_percent=cpu_percent) if reads else None
        )
        self.happen(SourcesRead(reading))
        assert self.state.sample is not None
        return self.state.sample

    def climb(self, ticks: int = 5) -> Sample:
        """Samples at the interval, 100 MB apart: 50 MB/s."""
        for number in range(ticks):
            self.go(INTERVAL_S)
            sample = self.tick(300 + 100 * number)
        return sample


@pytest.fixture(params=GAPS.values(), ids=GAPS)
def sleep(request: pytest.FixtureRequest) -> tuple[float, float]:
    wall_s, mono_s = request.param
    return wall_s, mono_s


@pytest.fixture(params=(GAPS | CLOCK_SET).values(), ids=GAPS | CLOCK_SET)
def gap(request: pytest.FixtureRequest) -> tuple[float, float]:
    wall_s, mono_s = request.param
    return wall_s, mono_s


def test_no_rate_reaches_across_a_gap(gap: tuple[float, float]) -> None:
    """The points before it say nothing about those after it, and a new rate needs new ones."""
    life = Life()
    assert life.climb().rate_bytes_s == pytest.approx(mb(50))
    life.skip(*gap)
    assert life.tick(2400).rate_bytes_s is None
    assert len(life.state.trend.points) == 1
    assert life.climb().rate_bytes_s == pytest.approx(mb(50))


def test_a_gap_is_one_gap(gap: tuple[float, float]) -> None:
    """What comes after it is as steady as what was before: nothing is dropped twice."""
    life = Life()
    life.climb()
    life.skip(*gap)
    life.tick()
    life.hear(300)
    life.go(INTERVAL_S)
    life.hear(320)
    assert life.tick().source is Source.API
    assert len(life.state.trend.points) == 2


def test_an_answer_from_before_a_sleep_is_not_fresh(sleep: tuple[float, float]) -> None:
    """The last thing before the lid was closed may be an answer that no sample has used yet."""
    life = Life(mode=Mode.API)
    life.climb(2)
    life.hear(777)
    life.skip(*sleep)
    woken = life.tick()
    assert (woken.source, woken.memory_bytes, woken.age_s) == (Source.NONE, None, None)
    assert "777" not in summary_text.tooltip(woken, demo=False, paused=False)


def test_an_answer_that_lay_in_the_inbox_is_asked_for_again(sleep: tuple[float, float]) -> None:
    """An answer that is handed over only after the sleep has no known age: another one is asked
    for at once."""
    life = Life(mode=Mode.API)
    life.climb(2)
    life.happen(Asked())
    old = answer(777, life.now.mono_s)
    life.skip(*sleep)
    life.happen(Answered(old))
    assert life.tick().memory_bytes is None
    next_ask_s = due_s(life.state.breaker, life.now.mono_s + INTERVAL_S, INTERVAL_S)
    assert next_ask_s is not None
    assert next_ask_s <= life.now.mono_s
    life.hear(400)
    assert life.tick().memory_bytes == mb(400)


def test_a_request_over_a_sleep_has_its_answer_after_it(sleep: tuple[float, float]) -> None:
    """A request that was in flight stays so: its answer after the first sample is used."""
    life = Life()
    life.climb(2)
    life.happen(Asked())
    life.skip(*sleep)
    assert life.tick().source is Source.PROCESS
    assert due_s(life.state.breaker, life.now.mono_s, INTERVAL_S) is None
    life.go(0.1)
    life.happen(Answered(answer(555, life.now.mono_s)))
    assert life.tick().memory_bytes == mb(555)


def test_a_silence_does_not_count_the_sleep(gap: tuple[float, float]) -> None:
    """It is not the server that said nothing for an hour."""
    life = Life()
    life.climb(2)
    life.happen(Asked())
    life.skip(*gap)
    woken = life.tick()
    assert woken.api.state is ApiState.WAITING
    assert not woken.fallback
    assert (woken.api.problem, woken.api.age_s) == (None, None)
    life.go(4.0)
    late = life.tick()
    assert late.api.problem == ApiProblem(ApiFailureKind.NO_ANSWER, waited_s=4)


def test_what_was_wrong_before_a_sleep_is_asked_about_again(sleep: tuple[float, float]) -> None:
    """Half a minute of pause after failures is forgotten with them."""
    life = Life()
    for _ in range(8):
        life.go(1.0)
        life.happen(Asked(), Answered(timeout(life.now.mono_s)))
    life.tick()
    life.skip(*sleep)
    woken = life.tick()
    assert woken.api.state is ApiState.WAITING
    assert life.state.breaker.next_ask_s <= life.now.mono_s


@pytest.mark.parametrize("mode", [Mode.AUTO, Mode.API, Mode.FALLBACK])
def test_no_age_is_negative_or_counts_a_gap(gap: tuple[float, float], mode: Mode) -> None:
    """After it every age shown is of what was measured after it."""
    life = Life(mode=mode)
    for _ in range(4):
        life.go(INTERVAL_S)
        life.hear(300)
        life.tick()
    life.skip(*gap)
    for _ in range(4):
        sample = life.tick()
        for age_s in (sample.age_s, sample.api.age_s, sample.api.latency_s):
            assert age_s is None or 0 <= age_s <= 8
        life.go(INTERVAL_S)
        life.hear(300)


def test_a_burst_of_cpu_does_not_count_the_sleep(sleep: tuple[float, float]) -> None:
    """A reading of 100 % after an hour covers nobody knows what: it is no hour of work."""
    life = Life()
    life.climb(2)
    life.skip(*sleep)
    assert life.tick(cpu_percent=100.0).activity is Activity.IDLE
    assert life.state.activity.burst_s == 0.0


@pytest.mark.parametrize("asleep", GAPS.values(), ids=GAPS)
def test_a_quick_test_over_a_sleep_ends_with_a_summary(asleep: tuple[float, float]) -> None:
    """It measures its half minute of time awake, or ends at once where the monotonic clock has
    gone on; the elapsed time told is that clock's, and the figures are what was read."""
    life = Life()
    life.tick()
    life.happen(SetPreset(Preset.QUICK))
    for _ in range(5):
        life.go(INTERVAL_S)
        life.tick(300)
    life.skip(*asleep)
    while ends_s(life.state) < float("inf"):
        life.tick(300)
        life.go(INTERVAL_S)
    (event,) = [event for event in life.events if isinstance(event, Summarised)]
    assert event.summary.average_bytes == pytest.approx(mb(300))
    assert event.summary.trend_bytes == 0
    told_s = 30.0 if asleep[1] == 0 else 10 + HOUR_S
    assert event.summary.elapsed_s == pytest.approx(told_s, abs=0.1)


def test_a_late_sample_is_no_gap() -> None:
    """A machine that is busy for a few seconds is no reason to forget the rate."""
    life = Life()
    life.climb()
    life.go(INTERVAL_S + GAP_S - 0.1)
    life.tick(900)
    assert len(life.state.trend.points) > 1


def test_small_corrections_of_the_clock_are_no_gap() -> None:
    """They happen every day, and however many there are."""
    life = Life()
    for number in range(50):
        life.skip(INTERVAL_S + 0.9, INTERVAL_S)
        sample = life.tick(300 + 100 * number)
    assert sample.rate_bytes_s == pytest.approx(mb(50))


@pytest.mark.parametrize("pause_s", [60.0, 10 * HOUR_S])
def test_a_pause_is_no_gap(pause_s: float) -> None:
    """Nothing was due in it; what was asked before it may be answered in it."""
    life = Life()
    life.climb()
    life.happen(Asked(), SetPaused(True))
    awake = life.state.awake
    life.go(pause_s)
    life.happen(HostSeen(True))
    assert life.state.awake == awake


def test_before_the_first_sample_nothing_is_late() -> None:
    """A program that takes long to start has no gap in what it has not begun."""
    life = Life()
    life.go(60.0)
    life.hear(400)
    assert life.tick().memory_bytes == mb(400)
