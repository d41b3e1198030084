"""Checks whether the process on the port really is the server.

An ssh tunnel, a container's proxy or nginx only forwards its port. The API reports the server's own
memory, so a tree in which no process has that much is not the server's. One answer is enough to
reject a process that never fitted, if it was quick or the tree stood still while it was on its way.
A process that fitted before is rejected only after three misfits in a row, because memory may move
between the two readings.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from tray_app.core.model.process_finding import ProcessProblem, ProcessProblemKind
from tray_app.core.model.readings import MIB, ApiReading, ProcessReading

# Figures further apart than both limits belong to two processes.
MISMATCH_FACTOR = 0.2
MISMATCH_BYTES = 50 * MIB
ANSWERS_TO_REJECT = 3
# The figure of an answer that took longer may be as much older than the reading beside it; the
# first reading and the first request are no further apart.
QUICK_S = 0.5


class CrossCheck(Struct, frozen=True):
    """How many answers in a row fitted no process of the tree of ``target`` (an identity).

    ``tree_bytes`` is what the whole tree had at the last tick, and ``still_bytes`` what it had at
    ``still_s``, since when it has not moved far from that. ``proven``: an answer has fitted.
    """

    target: tuple[int, float] | None = None
    misfits: int = 0
    tree_bytes: int | None = None
    proven: bool = False
    still_bytes: int | None = None
    still_s: float = 0.0


def alike(api_bytes: int, rss_bytes: int) -> bool:
    """Whether the API's figure may be that of a process with ``rss_bytes``."""
    differs = abs(api_bytes - rss_bytes)
    return differs <= MISMATCH_BYTES or differs <= MISMATCH_FACTOR * api_bytes


def update(
    check: CrossCheck, answer: ApiReading | None, process: ProcessReading | None
) -> CrossCheck:
    """The count after one more tick; ``answer`` is the newest one if it is new.

    Any process of the tree may have answered (with several workers a random one). If there is
    nothing to compare, the count stays: no new answer, no target, or a tree that itself moved that
    far since the last tick, as when a slow API reports a steep climb late. An answer that fits, and
    another target, clear the count.
    """
    if process is None or process.target is None:
        return check
    target = process.target.identity
    tree_bytes = process.rss_bytes
    if target != check.target:
        check = CrossCheck(target)
    still_bytes, still_s = check.still_bytes, check.still_s
    if still_bytes is None or tree_bytes is None or not alike(still_bytes, tree_bytes):
        still_bytes, still_s = tree_bytes, process.taken_s
    misfits, proven = check.misfits, check.proven
    if answer is not None and _fits(answer, process):
        misfits, proven = 0, True
    elif answer is not None and _has_rested(check, tree_bytes):
        asked_s = answer.taken_s - answer.latency_s
        is_comparable = answer.latency_s <= QUICK_S or asked_s >= still_s - QUICK_S
        enough = not proven and is_comparable
        misfits = ANSWERS_TO_REJECT if enough else min(misfits + 1, ANSWERS_TO_REJECT)
    return CrossCheck(
        target=target,
        misfits=misfits,
        tree_bytes=tree_bytes,
        proven=proven,
        still_bytes=still_bytes,
        still_s=still_s,
    )


def _fits(answer: ApiReading, process: ProcessReading) -> bool:
    """Whether any process of the tree may have answered."""
    return any(alike(answer.rss_bytes, row.rss_bytes) for row in process.rows)


def _has_rested(check: CrossCheck, tree_bytes: int | None) -> bool:
    """Whether the tree has not moved far since the last tick, as far as is known."""
    before_bytes = check.tree_bytes
    return before_bytes is None or tree_bytes is None or alike(before_bytes, tree_bytes)


def is_another(check: CrossCheck, process: ProcessReading) -> bool:
    """Whether the target of this reading is certainly not the server."""
    target = process.target
    return (
        target is not None
        and check.misfits >= ANSWERS_TO_REJECT
        and check.target == target.identity
    )


def is_suspect(check: CrossCheck) -> bool:
    """Whether the newest answer fitted no process of the tree."""
    return check.misfits > 0


def without_target(process: ProcessReading, port: int) -> ProcessReading:
    """The reading without its target, which holds the server's ``port`` but is another program."""
    name, pid = (process.target.name, process.target.pid) if process.target else ("", None)
    return replace(
        process,
        target=None,
        rows=(),
        worker_count=0,
        answering_rss_bytes=None,
        cpu_percent=None,
        problem=ProcessProblem(ProcessProblemKind.NOT_THE_SERVER, port, pid, name),
    )
