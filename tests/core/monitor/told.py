"""A state of the monitor, and what happens to it; and lives of any inputs."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from hypothesis import strategies as st

from tests.core.made import answer, found_in, no_process, refusal, timeout, tree_reading, wrong
from tray_app.core.config.settings import Settings
from tray_app.core.model.presets import Mode, Preset
from tray_app.core.model.readings import Now
from tray_app.core.monitor.commands import SetMode, SetPaused, SetPreset
from tray_app.core.monitor.events import Event
from tray_app.core.monitor.inputs import Answered, Asked, Input, SourcesRead
from tray_app.core.monitor.sample import Sample
from tray_app.core.monitor.state import State, begin
from tray_app.core.monitor.step import step

START_S = 1000.0
WALL_S = 1_795_000_000.0


def started(settings: Settings | None = None, *, local: bool = True) -> State:
    settings = settings or Settings()
    return begin(Settings(), settings, Now(START_S, WALL_S), local=local)


class Told:
    """A state, and what happened to it; moments count from the start."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.events: list[Event] = []
        self.slept_s = 0.0

    def happen(self, at_s: float, *inputs: Input) -> None:
        now = Now(START_S + at_s, WALL_S + at_s + self.slept_s)
        for happened in inputs:
            self.state, events = step(self.state, happened, now)
            self.events += events

    def answer(self, at_s: float, memory_mb: float, **more: float) -> None:
        """An answer, and the tick that uses it."""
        self.happen(at_s, Answered(answer(memory_mb, START_S + at_s, **more)), SourcesRead())  # type: ignore[arg-type]

    def read(self, at_s: float, memory_mb: float, cpu_percent: float = 1.0) -> None:
        """A tick with a process reading and no answer."""
        self.happen(
            at_s, SourcesRead(tree_reading(memory_mb, START_S + at_s, cpu_percent=cpu_percent))
        )

    def of(self, kind: type) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind) or found_in(event, kind)]

    @property
    def sample(self) -> Sample:
        assert self.state.sample is not None
        return self.state.sample


_figures = st.floats(0, 6000)
_outcomes = st.one_of(
    st.builds(lambda f: lambda at_s: answer(f, at_s), _figures),
    st.sampled_from([refusal, timeout, wrong]),
)
_inputs: st.SearchStrategy[Callable[[float], Input]] = st.one_of(
    st.builds(lambda f: lambda at_s: SourcesRead(tree_reading(f, at_s)), _figures),
    st.builds(lambda f: lambda at_s: SourcesRead(tree_reading(f, at_s, cpu_percent=100)), _figures),
    st.just(lambda at_s: SourcesRead(no_process(at_s))),
    st.just(lambda _: SourcesRead()),
    st.builds(lambda outcome: lambda at_s: Answered(outcome(at_s), 0.3), _outcomes),
    st.just(lambda _: Asked()),
    st.sampled_from([SetMode(mode) for mode in Mode]).map(lambda i: lambda _: i),
    st.sampled_from([SetPreset(preset) for preset in Preset]).map(lambda i: lambda _: i),
    st.sampled_from([SetPaused(True), SetPaused(False)]).map(lambda i: lambda _: i),
)
LIVES = st.lists(st.tuples(st.floats(0, 10), st.floats(-1, 1), _inputs), max_size=60)


def lived(life: Iterable[tuple[float, float, Callable[[float], Input]]], local: bool) -> Told:
    """What a life of (seconds since the last, step of the wall clock, input) tells."""
    told, at_s = Told(started(local=local)), 0.0
    for step_s, wall_step_s, make in life:
        at_s += step_s
        told.slept_s += wall_step_s if abs(wall_step_s) < 0.9 else 5000 * wall_step_s
        told.happen(at_s, make(START_S + at_s))
    return told
