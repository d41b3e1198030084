"""Weak signs of work, each of which proves nothing: together they may."""

from __future__ import annotations

from msgspec import Struct

from tray_app.core.analysis.work_signs import STIRRING_CPU_PERCENT, WorkSigns
from tray_app.core.model.readings import MIB

# A recorded job begins with an upload that takes 30 MB and more at once; an idle server moves by
# less than 1 MB.
CLIMB_BYTES = 8 * MIB
LEAP_BYTES = 24 * MIB
# Weak signs expire after this long without another one, or without proof.
STIRS_FOR_S = 2.5
# ... or after this long if a later check of tmp finds nothing new: an upload that takes memory has
# its file there at once.
STIRS_WITHOUT_FILE_S = 0.5
STIRS_AT_MOST_S = 15.0


class Stir(Struct, frozen=True):
    """Weak signs in a row that may be the beginning of work; ``began_s`` is before the first.

    ``grown_bytes`` is the highest rise above the idle level, ``has_cpu`` whether CPU use came with
    it, ``temp_signs`` the number of readings with new data in tmp.
    """

    began_s: float
    last_s: float
    grown_bytes: int = 0
    has_cpu: bool = False
    temp_signs: int = 0

    @property
    def leaps(self) -> bool:
        """Whether memory is above the idle level by as much as an upload takes."""
        return self.grown_bytes >= LEAP_BYTES

    @property
    def is_work(self) -> bool:
        """Whether the signs together prove work.

        A file alone may be another program's, memory alone a cache. A server that only stores a
        file may grow by its size, without much CPU.
        """
        return self.temp_signs > 1 or (self.temp_signs > 0 and (self.has_cpu or self.leaps))

    @property
    def is_likely(self) -> bool:
        """Whether they look like the beginning of a video whose file is not known yet."""
        return self.has_cpu and self.leaps


def update(
    old: Stir | None, now_s: float, signs: WorkSigns, *, grown_bytes: int, began_s: float
) -> Stir | None:
    """The weak signs after this sample; None: there are none, or they have proved nothing.

    ``grown_bytes``: how far memory is above the calm level. ``began_s``: when signs that are new
    began.
    """
    climbs = grown_bytes >= CLIMB_BYTES and (old is None or grown_bytes > old.grown_bytes)
    has_cpu = signs.cpu_percent >= STIRRING_CPU_PERCENT
    if not (climbs or signs.grows or (old is not None and has_cpu)):
        return old if old is not None and _may_go_on(old, now_s, signs) else None
    if old is None:
        old = Stir(began_s, now_s)
    stir = Stir(
        began_s=old.began_s,
        last_s=now_s,
        grown_bytes=max(old.grown_bytes, grown_bytes),
        has_cpu=old.has_cpu or has_cpu,
        # A file that grows while the server does nothing is written by another program.
        temp_signs=old.temp_signs + (signs.grows and (signs.computes or not old.temp_signs)),
    )
    return stir if stir.is_work or now_s - stir.began_s < STIRS_AT_MOST_S else None


def _may_go_on(stir: Stir, now_s: float, signs: WorkSigns) -> bool:
    """Whether weak signs that no other has followed yet still count."""
    is_alone = not stir.temp_signs and signs.has_none_since(stir.last_s)
    return now_s - stir.last_s < (STIRS_WITHOUT_FILE_S if is_alone else STIRS_FOR_S)
