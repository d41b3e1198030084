"""``python -m tests.bench.fleet``: every part of it."""

from __future__ import annotations

from tests.bench.fleet import above, disk, losses, scale, shards, tray
from tests.bench.table import run

if __name__ == "__main__":
    raise SystemExit(run(scale.PART, disk.PART, losses.PART, shards.PART, above.PART, tray.PART))
