"""The highest memory that the fast polls saw, as far as they measured what a sample shows."""

from __future__ import annotations

from tray_app.core.model.readings import MemoryKind, ProcessReading, Target
from tray_app.core.monitor.inputs import SourcesRead
from tray_app.core.monitor.observation import Observation
from tray_app.core.monitor.state import State
from tray_app.core.source_choice import cross_check


def highest_bytes(state: State, readings: SourcesRead, seen: Observation) -> int | None:
    """The highest figure of the fast polls since the last sample; None: they may have measured
    something else than the figure."""
    peak_bytes, before, process = readings.peak_rss_bytes, state.process, seen.process
    if peak_bytes is None or before is None or process is None:
        return None
    if seen.selected.memory_bytes is None or cross_check.is_suspect(seen.cross_check):
        return None
    if process.target is None or _identity(before.target) != _identity(process.target):
        return None
    if MemoryKind.UNMEASURED in (process.kind, before.kind):
        return None
    # A poll sums RSS. It may include processes that started or ended since, with their shared
    # memory.
    return peak_bytes - max(before.shared_bytes, process.shared_bytes)


def last_bytes(before: ProcessReading | None, readings: SourcesRead) -> int | None:
    """The highest figure of the fast polls of a server that has ended."""
    peak_bytes, loss = readings.peak_rss_bytes, readings.process.loss if readings.process else None
    if peak_bytes is None or loss is None or before is None or before.target is None:
        return None
    is_same = before.target.identity == loss.target.identity
    if not is_same or before.kind is MemoryKind.UNMEASURED:
        return None
    return peak_bytes - before.shared_bytes


def _identity(target: Target | None) -> tuple[int, float] | None:
    return (target.pid, target.created_s) if target else None
