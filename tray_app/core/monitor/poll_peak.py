"""The highest memory that the fast polls saw, as far as they measured what a sample shows."""

from __future__ import annotations

from tray_app.core.model.readings import MemoryKind, Now, ProcessReading, Target
from tray_app.core.monitor.inputs import SourcesRead
from tray_app.core.monitor.observation import Observation
from tray_app.core.monitor.state import State
from tray_app.core.source_choice import cross_check


def highest_bytes(state: State, readings: SourcesRead, seen: Observation) -> int | None:
    """The highest figure of the fast polls since the last sample; None: they may have measured
    something else than the figure."""
    shared_bytes = _shared_bytes(state, seen)
    if readings.peak_rss_bytes is None or shared_bytes is None:
        return None
    return readings.peak_rss_bytes - shared_bytes


def last_bytes(before: ProcessReading | None, readings: SourcesRead) -> int | None:
    """The highest figure of the fast polls of a server that has ended."""
    shared_bytes = _last_shared_bytes(before, readings)
    if readings.peak_rss_bytes is None or shared_bytes is None:
        return None
    return readings.peak_rss_bytes - shared_bytes


def course(
    state: State, readings: SourcesRead, seen: Observation, now: Now, *, lost: bool
) -> tuple[tuple[float, int], ...]:
    """Each of those polls: its moment in Unix time, and its figure. ``lost``: of a server that has
    ended."""
    if not readings.polls:
        return ()
    shared_bytes = (
        _last_shared_bytes(state.process, readings) if lost else _shared_bytes(state, seen)
    )
    if shared_bytes is None:
        return ()
    zero_s = now.wall_s - now.mono_s
    return tuple((zero_s + at_s, rss - shared_bytes) for at_s, rss in readings.polls)


def _shared_bytes(state: State, seen: Observation) -> int | None:
    """What a poll counts more than once; None: it measures something else."""
    before, process = state.process, seen.process
    if before is None or process is None:
        return None
    if seen.selected.memory_bytes is None or cross_check.is_suspect(seen.cross_check):
        return None
    if process.target is None or _identity(before.target) != _identity(process.target):
        return None
    if MemoryKind.UNMEASURED in (process.kind, before.kind):
        return None
    # A poll sums RSS. It may include processes that started or ended since, with their shared
    # memory.
    return max(before.shared_bytes, process.shared_bytes)


def _last_shared_bytes(before: ProcessReading | None, readings: SourcesRead) -> int | None:
    loss = readings.process.loss if readings.process else None
    if loss is None or before is None or before.target is None:
        return None
    is_same = before.target.identity == loss.target.identity
    if not is_same or before.kind is MemoryKind.UNMEASURED:
        return None
    return before.shared_bytes


def _identity(target: Target | None) -> tuple[int, float] | None:
    return (target.pid, target.created_s) if target else None
