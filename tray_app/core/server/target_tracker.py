"""Tracks the watched server from reading to reading and reports each change once.

A reload ends a worker some readings before its successor answers. So the tracker keeps the old
target until another takes its place.
"""

from __future__ import annotations

from enum import Enum, auto

from msgspec import Struct

from tray_app.core.model.readings import Loss, ProcessReading, Target


class Transition(Enum):
    """ENDED: the target is gone. RETURNED: it, or another, runs again after that. RESTARTED: both
    within one reading. SWITCHED: another process is now watched, and the old one has not ended.
    WORKER_REPLACED: a worker answers in an old one's place."""

    ENDED = auto()
    RETURNED = auto()
    RESTARTED = auto()
    SWITCHED = auto()
    WORKER_REPLACED = auto()


class Change(Struct, frozen=True):
    """``target`` is the new one, or with ENDED the old one, whose end ``loss`` describes.

    ``left`` and ``joined`` are the workers' pids with WORKER_REPLACED. ``falls_back``: the user's
    chosen process has ended, so the search for the server starts again.
    """

    transition: Transition
    target: Target
    loss: Loss | None = None
    left: tuple[int, ...] = ()
    joined: tuple[int, ...] = ()
    falls_back: bool = False


class TargetTracker(Struct, frozen=True):
    """The last target, whether it has ended, and the workers below it that answered last."""

    target: Target | None = None
    has_ended: bool = False
    workers: frozenset[int] = frozenset()


def update(before: TargetTracker, reading: ProcessReading) -> tuple[TargetTracker, Change | None]:
    """The tracker after one more reading, and the change if there is one.

    A reading without a target and without a loss changes nothing: the server was not found, or
    could not be read. Nor does the end of a process that was not taken for the server: a proxy.
    """
    target, loss = reading.target, reading.loss
    if target is None:
        if loss is None or before.target is None:
            return before, None
        return TargetTracker(loss.target, has_ended=True), Change(
            Transition.ENDED, loss.target, loss
        )
    # A root that answers itself is no worker: its end is the target's.
    workers = frozenset(reading.workers) - {target.pid}
    if before.target is None:
        return TargetTracker(target, workers=workers), None
    if target == before.target and workers == before.workers and not before.has_ended:
        return before, None  # the usual
    if target.identity != before.target.identity or before.has_ended:
        if loss:
            transition = Transition.RESTARTED
        else:
            transition = Transition.RETURNED if before.has_ended else Transition.SWITCHED
        return TargetTracker(target, workers=workers), Change(transition, target, loss)
    left, joined = before.workers - workers, workers - before.workers
    if not joined:  # fewer, perhaps only until a successor answers
        return TargetTracker(target, workers=before.workers), None
    now = TargetTracker(target, workers=workers)
    if not left:
        return now, None
    return now, Change(
        transition=Transition.WORKER_REPLACED,
        target=target,
        loss=None,
        left=tuple(sorted(left)),
        joined=tuple(sorted(joined)),
    )
