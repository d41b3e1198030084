"""The server's transition in one sample: whether it is gone, replaced or another one."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from tray_app.core.model.readings import Now, ProcessReading, Source
from tray_app.core.monitor.inputs import SourcesRead
from tray_app.core.monitor.observation import Observation
from tray_app.core.monitor.state import State, rebased
from tray_app.core.server import target_tracker
from tray_app.core.server.target_override import TargetOverride, named
from tray_app.core.server.target_tracker import Change, TargetTracker, Transition
from tray_app.core.source_choice import basis as bases
from tray_app.core.source_choice.circuit_breaker import ApiState


class ServerLife(Struct, frozen=True):
    """The server's transition. ``lost``: the watched server is gone; ``change`` is the tracker's.
    ``override`` is the user's choice that still holds."""

    lost: bool
    change: Change | None
    tracker: TargetTracker
    override: TargetOverride


def life_of(state: State, readings: SourcesRead, seen: Observation) -> ServerLife:
    """The transition from the last sample to this reading."""
    lost = _is_lost(state, readings.process, seen)
    tracker, change = _tracker(state.tracker, readings.process, seen.is_mismatch)
    override = _next_override(state, readings.process)
    if change is not None:
        change = replace(change, falls_back=override != state.override)
    return ServerLife(lost, change, tracker, override)


def _tracker(
    before: TargetTracker, process: ProcessReading | None, is_mismatch: bool
) -> tuple[TargetTracker, Change | None]:
    if process is None:
        return before, None
    return (TargetTracker(), None) if is_mismatch else target_tracker.update(before, process)


def _next_override(state: State, process: ProcessReading | None) -> TargetOverride:
    """A process picked in the menu stays the override until it ends."""
    if state.override.pinned is None or process is None or process.target is not None:
        return state.override
    return named(None, state.settings.match)


def _is_lost(state: State, process: ProcessReading | None, seen: Observation) -> bool:
    """Whether the server that was watched is gone, or another process has taken its place.

    Silence is neither: a server is gone only if the search does not find it, or it refuses
    connections.
    """
    known = state.cross_check.target
    if known is not None and seen.cross_check.target != known:
        return state.basis is None or not state.basis.ended  # else its end is known
    if seen.selected.source is not Source.NONE:
        return False
    missed = known is not None and process is not None and process.target is None
    return missed or seen.condition.state is ApiState.UNREACHABLE


def on_basis(state: State, seen: Observation, now: Now, life: ServerLife) -> State:
    """The state before this sample, on the basis of its figure."""
    basis = bases.of(seen.selected, seen.process, seen.cross_check)
    before = bases.ENDED if life.lost else state.basis
    if basis is None:  # there is no figure
        return replace(state, basis=before) if life.lost else state
    if before is not None and bases.is_another(before, basis):
        follows = life.change is not None and life.change.transition is Transition.SWITCHED
        state = rebased(state, now, same_run=before.ended and not follows)
    return replace(state, basis=basis) if state.basis != basis else state
