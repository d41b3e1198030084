"""Computes the memory of a process tree, counting shared memory once.

RSS counts a page for each process that has it. So the sum over forked workers may be many times
their real memory, and most of it would not be freed if one of them ended. How much a process shares
is costly to ask (`UssPss`), so each quick figure is corrected with the newest measurement.

Two sums are near what the tree holds, and the higher one is taken: each process's own memory and,
once for each program, the largest shared part; and PSS, which splits a page among all that have it,
also those outside. For one process the first is its RSS: nothing jumps when a helper comes or goes.

What processes of one program share, they share with each other. Measured by page frames: of two
spawned workers 33 MB of libraries count once, and the first sum is right to 0.2 MB. What an ffmpeg
shares, it shares with others of the machine (10 MB and more), and only 4 MB with the server. So
between two programs only a part is taken for common that no library explains: a process that was
forked, and has named itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection

from msgspec.structs import replace

from tray_app.core.model.readings import (
    MIB,
    MemoryKind,
    ProcessReading,
    ProcessRow,
    ProcessShare,
    Sharing,
)
from tray_app.core.server.command_line import may_be_server

# A process below this counts in full until it is measured: no sample waits for it.
SMALL_BYTES = 8 * MIB
# A shared part above this was forked; the libraries of an ffmpeg take 10 to 20 MB.
FORKED_BYTES = 48 * MIB
# All interpreters and launchers are one program.
SERVER = "server"


def corrected(process: ProcessReading, sharing: Sharing | None) -> ProcessReading:
    """The reading with ``shared_bytes`` and ``kind``. ``sharing`` is the newest measurement of the
    tree; None: nothing measures it."""
    rows = process.rows
    if len(rows) < 2:
        return process
    shares = sharing.shares if sharing else ()
    known = {(each.pid, each.created_s, each.name): each for each in shares}
    is_pending = sharing is not None and sharing.is_pending
    own_bytes = pss_bytes = rss_bytes = 0
    parts: dict[str, int] = {}
    has_pss, waits = True, False
    untold: list[ProcessRow] = []
    for row in rows:
        share = known.get((row.pid, row.created_s, row.name))
        pss = row.rss_bytes
        shared_bytes = 0
        if share is not None:
            shared_bytes = min(share.shared_bytes, row.rss_bytes)
            has_pss = has_pss and share.pss_bytes is not None
            pss = _pss_bytes(share, row)
        elif row.rss_bytes >= SMALL_BYTES:
            if is_pending:
                waits, pss, shared_bytes = True, 0, row.rss_bytes
            else:
                untold.append(row)
        rss_bytes += row.rss_bytes
        own_bytes += row.rss_bytes - shared_bytes
        program = SERVER if may_be_server(row.name) else row.name
        parts[program] = max(parts.get(program, 0), shared_bytes)
        pss_bytes += pss
    footprint_bytes = max(own_bytes + _once(parts.values()), pss_bytes if has_pss else 0)
    kind = MemoryKind.SHARED_ONCE
    if waits:
        kind = MemoryKind.UNMEASURED
    elif untold and _may_share(untold, rows):
        kind = MemoryKind.RSS_SUM
    return replace(process, shared_bytes=rss_bytes - footprint_bytes, kind=kind)


def _once(parts: Collection[int]) -> int:
    """The shared parts of some programs; of those that were forked the largest, which has the
    others."""
    forked = [part for part in parts if part > FORKED_BYTES]
    return sum(part for part in parts if part <= FORKED_BYTES) + max(forked, default=0)


def _pss_bytes(share: ProcessShare, row: ProcessRow) -> int:
    """Memory that was added or freed since the measurement was private."""
    then_bytes = share.rss_bytes if share.pss_bytes is None else share.pss_bytes
    return min(max(0, then_bytes + row.rss_bytes - share.rss_bytes), row.rss_bytes)


def _may_share(untold: list[ProcessRow], rows: tuple[ProcessRow, ...]) -> bool:
    """Whether two processes have one name, as forked ones do: others share only libraries."""
    names = Counter(row.name for row in rows if row.rss_bytes >= SMALL_BYTES)
    return any(names[row.name] > 1 for row in untold)
