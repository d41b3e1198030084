"""Determines the basis of the memory figure: which process or tree it measures.

The server's process tree and the API's answer mean the same where the API's figure fits the tree
(`cross_check`). Otherwise they are two figures, and one says nothing about the other: a proxy's 20
MB followed by its server's 2 GB is not growth.
"""

from __future__ import annotations

from msgspec import Struct

from tray_app.core.model.readings import ProcessReading
from tray_app.core.source_choice.cross_check import CrossCheck
from tray_app.core.source_choice.selection import Selected


class Basis(Struct, frozen=True):
    """The tree of ``target`` (an identity); None: whatever process answers the API.

    ``answers``: the API's answer measures the same. ``ended``: that run of the server is over.
    """

    target: tuple[int, float] | None = None
    answers: bool = False
    ended: bool = False


ENDED = Basis(ended=True)


def of(selected: Selected, process: ProcessReading | None, check: CrossCheck) -> Basis | None:
    """The basis of this sample's figure; None where it has no new one.

    ``process`` is the reading without a target that is not the server. With several workers the API
    reports one of them.
    """
    if selected.memory_bytes is None or selected.stale:
        return None
    if process is None or process.target is None:
        return Basis()
    fits = check.proven and not check.misfits
    target = process.target.identity
    return Basis(target, fits and process.worker_count <= 1)


def is_another(before: Basis | None, after: Basis) -> bool:
    """Whether the figure's basis differs from the previous one."""
    if before is None:
        return False
    if before.ended:
        return True
    if before.target == after.target:
        return False
    if before.target is None:
        return not after.answers
    return after.target is not None or not before.answers
