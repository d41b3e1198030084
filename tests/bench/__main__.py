"""What the app costs and how fast it is: ``python -m tests.bench``."""

from __future__ import annotations

from tests.bench import (
    alerts,
    beside,
    delay,
    growth,
    history,
    idle,
    memory,
    page,
    sample,
    servers,
    start,
    truth,
    walk,
)
from tests.bench.fleet import above, disk, losses, scale, shards, tray
from tests.bench.table import run

if __name__ == "__main__":
    raise SystemExit(
        run(
            idle.PART,
            sample.PART,
            memory.PART,
            servers.PART,
            growth.PART,
            history.PART,
            start.PART,
            delay.PART,
            walk.PART,
            alerts.PART,
            truth.PART,
            beside.PART,
            page.PART,
            scale.PART,
            disk.PART,
            losses.PART,
            shards.PART,
            above.PART,
            tray.PART,
        )
    )
