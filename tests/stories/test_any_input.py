"""Whatever comes in, in whatever order and at whatever time: no exception, no number that is none.

A life is a list of inputs with the time between them; answers are decoded from arbitrary bodies,
and each sample goes all the way to the record and the tooltip.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import Struct
from msgspec.structs import fields

from tests.core.made import no_process, refusal, timeout, tree_reading, wrong
from tests.sources.any_json import BODIES
from tray_app.core.config.settings import Settings
from tray_app.core.model.api_failure import ApiFailureKind, ApiProblem
from tray_app.core.model.presets import Mode, Preset
from tray_app.core.model.readings import (
    MIB,
    ApiFailure,
    ApiOutcome,
    MemoryKind,
    Now,
    TempUsage,
)
from tray_app.core.model.server_action import ActionResult, Extent, ServerAction
from tray_app.core.monitor.commands import (
    CleanUp,
    FreeMemory,
    OpenServer,
    OpenTemp,
    Quit,
    SendTest,
    SetMode,
    SetPaused,
    SetPreset,
    ShowStatus,
)
from tray_app.core.monitor.events import Event, Sampled
from tray_app.core.monitor.inputs import (
    ActionFinished,
    Answered,
    Asked,
    Delivered,
    HostSeen,
    Input,
    NotifierSeen,
    NotOpened,
    SourcesRead,
    TimeUp,
)
from tray_app.core.monitor.sample import Sample
from tray_app.core.monitor.state import GAP_S, State, begin
from tray_app.core.monitor.step import step
from tray_app.core.presentation import summary_text
from tray_app.core.presentation.menu import rows
from tray_app.sources.api.errors import ApiError
from tray_app.sources.api.payload import decode_stage, decode_status
from tray_app.views.terminal.json_record import json_line

START = Now(500.0, 1_795_000_000.0)
SIGNED = {"rate_bytes_s", "wall_s"}
"""A fall of memory is negative, and so is a moment before 1970."""
MAX_STATE_CHARACTERS = 20_000


def heard(body: bytes, at_s: float, latency_s: float) -> ApiOutcome:
    """What the client makes of a body."""
    try:
        reading = decode_status(body, taken_s=at_s, latency_s=latency_s)
    except ApiError as error:
        return ApiFailure(at_s, error.problem)
    return reading


Maker = Callable[[float], Input]
_figures = st.floats(0, 6000) | st.sampled_from([0.0, 1e9])
_inputs: st.SearchStrategy[Maker] = st.one_of(
    st.builds(
        lambda body, latency_s, jitter: (
            lambda at_s: Answered(heard(body, at_s - latency_s / 2, latency_s), jitter)
        ),
        BODIES,
        st.floats(0, 40),
        st.floats(0, 0.999),
    ),
    st.sampled_from([refusal, timeout, wrong]).map(lambda make: lambda at_s: Answered(make(at_s))),
    st.builds(
        lambda figure, cpu, answering: (
            lambda at_s: SourcesRead(
                tree_reading(figure, at_s, cpu_percent=cpu, answering_mb=answering)
            )
        ),
        _figures,
        st.none() | st.floats(0, 6400),
        st.none() | _figures,
    ),
    st.just(lambda at_s: SourcesRead(no_process(at_s))),
    st.just(lambda _: SourcesRead()),
    st.builds(
        lambda size, count: lambda at_s: SourcesRead(None, TempUsage(size * MIB, count, at_s)),
        st.integers(0, 2**40),
        st.integers(0, 10**6),
    ),
    st.sampled_from(
        [
            Asked(),
            TimeUp(),
            Quit(),
            Delivered("no service"),
            Delivered(None, "High: 2.10 GB", "plyer"),
            NotifierSeen(),
            ActionFinished(
                ActionResult(
                    ServerAction.FREE_MEMORY, 2.0, Extent(500, 300, 2), Extent(400, 100, 1)
                )
            ),
            ActionFinished(
                ActionResult(ServerAction.CLEAN_UP, problem=ApiProblem(ApiFailureKind.REFUSED))
            ),
            NotOpened("/srv/tmp", "there is no such directory"),
            FreeMemory(),
            FreeMemory(sure=True),
            CleanUp(),
            CleanUp(ServerAction.CLEAN_UP_HOUR, sure=True),
            OpenTemp(),
            OpenServer(),
            SendTest(),
            ShowStatus(),
            HostSeen(False),
            HostSeen(True),
            SetPaused(True),
            SetPaused(False),
            *map(SetMode, Mode),
            *map(SetPreset, Preset),
        ]
    ).map(lambda happened: lambda _: happened),
)
_mono_steps = st.sampled_from([0.0, 0.25, 2.0, 5.1, 3600.0, 1e6]) | st.floats(0, 10)
_wall_steps = st.sampled_from([0.0] * 6 + [3600.0, -3600.0, 1e7, -1e7]) | st.floats(-1, 1)
LIVES = st.lists(st.tuples(_mono_steps, _wall_steps, _inputs), max_size=40)
Life = list[tuple[float, float, Maker]]


def numbers(value: object, name: str = "") -> Iterator[tuple[str, float]]:
    """Every number in a value, with the name of the field that it stands in."""
    if isinstance(value, Struct):
        for each in fields(value):
            yield from numbers(getattr(value, each.name), each.name)
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield from numbers(inner, key)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from numbers(inner, name)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield name, value


def check_numbers(value: object, signed: set[str]) -> None:
    for name, number in numbers(value):
        assert math.isfinite(number), name
        assert name in signed or number >= 0, name


def lived(life: Life, local: bool) -> Iterator[tuple[State, tuple[Event, ...]]]:
    """The state and the events after each input."""
    state, now = begin(Settings(), Settings(), START, local=local), START
    for mono_s, wall_s, make in life:
        now = Now(now.mono_s + mono_s, now.wall_s + mono_s + wall_s)
        state, events = step(state, make(now.mono_s), now)
        yield state, events


def samples_of(life: Life, local: bool) -> list[Sample]:
    told = [event for _, events in lived(life, local) for event in events]
    return [event.sample for event in told if isinstance(event, Sampled)]


@settings(deadline=None)  # a slow machine is no defect
@given(LIVES, st.booleans())
def test_only_numbers_that_are_some(life: Life, local: bool) -> None:
    """In state, sample and record every number is finite, and none is negative but a rate."""
    for state, _ in lived(life, local):
        check_numbers(state, SIGNED)
        if state.sample is not None:
            check_numbers(json.loads(json_line(state.sample, "desk")), {"rate_mb_s"})


@settings(deadline=None)  # a slow machine is no defect
@given(LIVES, st.booleans())
def test_texts_are_short_and_plain(life: Life, local: bool) -> None:
    """Tooltip and menu are printable lines of bounded length, in which no number is missing."""
    for state, _ in lived(life, local):
        tooltip = summary_text.tooltip(state.sample, demo=False, paused=state.paused)
        for text in (*tooltip.split("\n"), *(row.text for row in rows(state))):
            assert len(text) <= 300
            assert text.isprintable()
            assert not re.search(r"\b(nan|inf|None)\b|(?<!\w)-\d", text)


@settings(deadline=None)  # a slow machine is no defect
@given(LIVES, st.booleans())
def test_samples_follow_each_other(life: Life, local: bool) -> None:
    """Samples are counted, the peak falls only where it begins again, no rate crosses a gap."""
    samples = samples_of(life, local)
    assert [sample.number for sample in samples] == list(range(1, len(samples) + 1))
    peak_bytes = 0
    for sample in samples:
        before_bytes, peak_bytes = peak_bytes, sample.peak_bytes or 0
        if sample.memory_kind is not MemoryKind.UNMEASURED:
            assert peak_bytes >= (sample.memory_bytes or 0)
        assert peak_bytes >= before_bytes or peak_bytes in (0, sample.memory_bytes)
    for before, after in pairwise(samples):
        mono_s = after.at.mono_s - before.at.mono_s
        wall_s = after.at.wall_s - before.at.wall_s
        if abs(wall_s - mono_s) > GAP_S + 0.001:
            assert after.rate_bytes_s is None


@settings(deadline=None)  # a slow machine is no defect
@given(LIVES, st.booleans())
def test_the_state_is_bounded(life: Life, local: bool) -> None:
    """Nothing that comes in makes the state large, however large it is itself."""
    for state, _ in lived(life, local):
        assert len(repr(state)) < MAX_STATE_CHARACTERS


@given(BODIES)
def test_a_stage_is_short(body: bytes) -> None:
    """The server's word for its stage is one printable line of bounded length."""
    mark = decode_stage(body)
    if mark is not None:
        assert 0 < len(mark.name) <= 120
        assert len(mark.timestamp) <= 120
