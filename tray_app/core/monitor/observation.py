"""The first step of a sample: the sources' readings, and which of them to trust."""

from __future__ import annotations

from msgspec import Struct

from tray_app.core.analysis import shared_memory
from tray_app.core.analysis.jobs import Measured
from tray_app.core.model.presets import Mode
from tray_app.core.model.readings import (
    ApiReading,
    Loss,
    MemoryKind,
    Now,
    ProcessReading,
    SystemMemory,
    Target,
)
from tray_app.core.monitor.inputs import SourcesRead
from tray_app.core.monitor.state import State, interval_s
from tray_app.core.source_choice import circuit_breaker, cross_check
from tray_app.core.source_choice.circuit_breaker import ApiCondition, ApiState, CircuitBreaker
from tray_app.core.source_choice.cross_check import CrossCheck
from tray_app.core.source_choice.selection import Selected, fresh, select

NOT_ASKED = ApiCondition(ApiState.OFF)
UNUSED_BREAKER = CircuitBreaker()


class Observation(Struct, frozen=True):
    """The sources' readings.

    ``process`` is the reading of this machine; a target that is not the server is removed
    (``is_mismatch``). ``answer`` is the API's newest one while it is fresh, ``new_answer`` if no
    sample has used it yet. ``apart``: the watched process is not the one that answers the API.
    ``figure`` is the memory to judge: None without a new one, or while it is too low because shared
    memory is being measured (``unmeasured``).
    """

    breaker: CircuitBreaker
    process: ProcessReading | None
    answer: ApiReading | None
    new_answer: ApiReading | None
    cross_check: CrossCheck
    apart: bool
    is_mismatch: bool
    selected: Selected
    condition: ApiCondition
    every_s: float
    unmeasured: bool
    figure: Measured | None

    @property
    def target(self) -> Target | None:
        """The server's root process."""
        return self.process.target if self.process else None

    @property
    def system(self) -> SystemMemory | None:
        """The machine's memory."""
        if self.process and self.process.system:
            return self.process.system
        return self.answer.system if self.answer else None

    @property
    def own_breaker(self) -> CircuitBreaker:
        """The API's breaker while the API is the watched process's own, else an unused one."""
        is_off = self.condition is NOT_ASKED
        return UNUSED_BREAKER if self.apart or is_off else self.breaker


def observe(state: State, readings: SourcesRead, now: Now) -> Observation:
    """The observation of one reading and the newest answer."""
    mode, every_s = state.settings.mode, interval_s(state)
    process = (
        shared_memory.corrected(readings.process, readings.sharing) if readings.process else None
    )
    breaker = _breaker(state, process)
    answer = breaker.reading if fresh(breaker, now.mono_s, every_s) else None
    is_used = answer is not None and answer.taken_s == state.seen_answer_s
    new_answer = None if is_used else answer
    check = cross_check.update(state.cross_check, new_answer, process)
    apart, is_mismatch = _whose(state, process, check)
    if process and process.target and is_mismatch:
        process = cross_check.without_target(process, state.settings.address.port)
    if breaker.failures and _is_found(state, process):
        breaker = circuit_breaker.reset(breaker)
    selected = select(
        Mode.FALLBACK if apart and mode is Mode.AUTO else mode,
        breaker,
        process,
        now.mono_s,
        every_s,
        local=state.local,
        is_mismatch=is_mismatch,
        is_suspect=cross_check.is_suspect(check),
        sudden=readings.sudden,
        sudden_s=state.sudden_s,
    )
    is_asked = mode is not Mode.FALLBACK
    # A figure that is too low for a moment is shown but not judged.
    unmeasured = process is not None and process.kind is MemoryKind.UNMEASURED
    return Observation(
        breaker=breaker,
        process=process,
        answer=answer,
        new_answer=new_answer,
        cross_check=check,
        apart=apart,
        is_mismatch=is_mismatch,
        selected=selected,
        condition=circuit_breaker.condition(breaker, now.mono_s, every_s)
        if is_asked
        else NOT_ASKED,
        every_s=every_s,
        unmeasured=unmeasured,
        figure=None if unmeasured else _figure(selected),
    )


def _breaker(state: State, process: ProcessReading | None) -> CircuitBreaker:
    """The API's breaker, reset when the process that answers has ended."""
    ended = process is not None and process.loss is not None and _answered(state, process.loss)
    return circuit_breaker.ended(state.breaker) if ended else state.breaker


def _answered(state: State, loss: Loss) -> bool:
    """Whether the process that ended answered the API, as far as known."""
    before = state.process
    if before is None or before.target is None or before.worker_count == 0:
        return False
    return before.target.identity == loss.target.identity


def _figure(selected: Selected) -> Measured | None:
    if selected.memory_bytes is None or selected.stale:
        return None
    return Measured(selected.memory_bytes, selected.source)


def _whose(state: State, process: ProcessReading | None, check: CrossCheck) -> tuple[bool, bool]:
    """Whether the API reports another process than the watched one; and whether the watched one is
    not the server. A person's choice is not questioned: away from the port the API is another's."""
    if process is None:
        return False, False
    unlike = cross_check.is_another(check, process)
    if process.target is not None and not state.override.is_open:
        return unlike or process.worker_count == 0, False
    return False, unlike


def _is_found(state: State, process: ProcessReading | None) -> bool:
    """Whether this reading finds a server that the last one did not."""
    found = process.target if process else None
    known = state.process.target if state.process else None
    return found is not None and found != known
