"""The first step of a sample: the sources' readings, and which of them to trust."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.core.made import answer, mb, no_process, refusal, tree_reading
from tray_app.core.config.settings import Settings
from tray_app.core.model.presets import Mode
from tray_app.core.model.process_finding import ProcessProblemKind
from tray_app.core.model.readings import Loss, MemoryKind, Now, ProcessReading, Source
from tray_app.core.monitor.inputs import Answered, Asked, Input, SourcesRead
from tray_app.core.monitor.observation import NOT_ASKED, UNUSED_BREAKER, Observation, observe
from tray_app.core.monitor.state import State, begin
from tray_app.core.monitor.step import step
from tray_app.core.server.target_override import TargetOverride

NOW = Now(10.0, 1e9)


def after(*inputs: Input, mode: Mode = Mode.AUTO, local: bool = True) -> State:
    """The state after these inputs, all at ``NOW``."""
    settings = Settings(mode=mode)
    state = begin(settings, settings, NOW, local=local)
    for happened in inputs:
        state, _ = step(state, happened, NOW)
    return state


def seen(state: State, process: ProcessReading | None, **more: bool) -> Observation:
    return observe(state, SourcesRead(process, **more), NOW)


ANSWERED = (Asked(), Answered(answer(300, 10.0)))


def test_a_fresh_answer_is_the_figure() -> None:
    """With the process beside it the source is the API, and the answer is new."""
    found = seen(after(*ANSWERED), tree_reading(300, 10.0))
    assert found.figure is not None
    assert (found.figure.memory_bytes, found.figure.source) == (mb(300), Source.API)
    assert found.new_answer is found.answer is not None
    assert found.target == tree_reading(300, 10.0).target


def test_an_answer_is_new_to_one_sample_only() -> None:
    """The next sample still shows it, and counts it no second time."""
    state = replace(after(*ANSWERED), seen_answer_s=10.0)
    found = seen(state, tree_reading(300, 10.0))
    assert found.answer is not None
    assert found.new_answer is None


def test_without_an_answer_the_processes_are_the_figure() -> None:
    """The machine's memory comes from them, too."""
    found = seen(after(), tree_reading(300, 10.0))
    assert found.selected.source is Source.PROCESS
    assert found.system == tree_reading(300, 10.0).system


def test_nothing_read_is_no_figure() -> None:
    """Neither a target nor the machine's memory."""
    found = seen(after(local=False), None)
    assert (found.figure, found.target, found.system) == (None, None, None)


def test_processes_only_asks_no_api() -> None:
    """Its condition is off, and a breaker without any history stands for it."""
    found = seen(after(mode=Mode.FALLBACK), tree_reading(300, 10.0))
    assert found.condition is NOT_ASKED
    assert found.own_breaker is UNUSED_BREAKER


def test_a_process_that_the_cross_check_rejects_is_no_target() -> None:
    """The API stands alone, and the reading names the process on the port."""
    found = seen(after(*ANSWERED), tree_reading(12, 10.0))
    assert found.is_mismatch
    assert found.target is None
    assert found.process is not None
    assert found.process.problem is not None
    assert found.process.problem.kind is ProcessProblemKind.NOT_THE_SERVER
    assert found.selected.source is Source.API


def test_a_chosen_process_is_not_rejected() -> None:
    """The API reports another process, so the chosen one stands alone."""
    state = replace(after(*ANSWERED), override=TargetOverride(pid=42))
    found = seen(state, tree_reading(12, 10.0))
    assert (found.apart, found.is_mismatch) == (True, False)
    assert found.selected.source is Source.PROCESS
    assert found.own_breaker is UNUSED_BREAKER


def test_a_found_server_resets_the_pause_after_failures() -> None:
    """The API is asked again at once."""
    state = after(Asked(), Answered(refusal(10.0)))
    assert seen(state, no_process(10.0)).breaker.failures == 1
    assert seen(state, tree_reading(300, 10.0)).breaker != state.breaker


def test_the_end_of_the_answering_process_drops_its_answer() -> None:
    """Its last figure is no figure of the server that comes next."""
    reading = tree_reading(300, 10.0)
    state = after(*ANSWERED, SourcesRead(reading))
    assert reading.target is not None
    lost = replace(no_process(10.0), loss=Loss(reading.target))
    assert seen(state, lost).answer is None


@pytest.mark.parametrize("kind", MemoryKind)
def test_an_unmeasured_figure_is_shown_and_not_judged(kind: MemoryKind) -> None:
    """It is too low for a moment."""
    found = seen(after(), replace(tree_reading(300, 10.0), kind=kind))
    assert found.selected.memory_bytes == mb(300)
    assert found.unmeasured is (kind is MemoryKind.UNMEASURED)
    assert (found.figure is None) is found.unmeasured
