"""Finds the times that were not watched, between two samples: a pause, or the machine's sleep."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from tray_app.core.history.records import GapRecord
from tray_app.core.monitor.sample import Sample
from tray_app.core.summary.measurement import usual_s


class GapState(Struct, frozen=True):
    """When the last sample was made (Unix time), and since when sampling is paused."""

    last_s: float | None = None
    interval_s: float = 0.0
    paused_s: float | None = None


def update(
    state: GapState, sample: Sample | None, *, paused: bool, now_s: float
) -> tuple[GapState, GapRecord | None]:
    """The state after a step of the monitor; ``sample`` is a new one, if the step made one."""
    if paused:
        return (state if state.paused_s else replace(state, paused_s=now_s)), None
    if sample is None:
        return state, None
    at_s, last_s = sample.at.wall_s, state.last_s
    after = GapState(last_s=at_s, interval_s=sample.interval_s)
    if state.paused_s is not None:
        return after, _gap(state.paused_s, at_s, "paused")
    if last_s is None or at_s - last_s <= usual_s(state.interval_s):
        return after, None
    return after, _gap(last_s, at_s, "asleep")


def _gap(from_s: float, to_s: float, why: str) -> GapRecord | None:
    """None where the clock was set back meanwhile."""
    return GapRecord(from_s, to_s, why) if to_s > from_s else None
