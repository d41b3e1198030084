"""What servers take on Prometheus' disk: blocks of its own tool, made from what servers tell."""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.bench.fleet.generator import CALM_MB, Fleet, host
from tests.bench.fleet.lives import lives, steady
from tests.bench.fleet.scale import INTERVAL_S
from tests.bench.measuring import MB
from tests.bench.table import Effort, Figure, Part, run
from tests.needs import path_of

SERVERS = 30
BLOCK_S = 7200
DAY_S = 86_400
# A block begins at a multiple of two hours.
BEGINS_S = 1_795_680_000
_LABELS = re.compile(rb"^(\w+)(?:\{(.*)\})? (\S+)$", re.MULTILINE)


def history(fleet: Fleet, clock_s: list[float]) -> Iterator[bytes]:
    """OpenMetrics of two hours of scrapes, server after server."""
    for number in range(SERVERS):
        labels = f'instance="{host(number)}:9435",job="runanalyze",team="video"'.encode()
        for moment_s in range(BEGINS_S, BEGINS_S + BLOCK_S, int(INTERVAL_S)):
            clock_s[0] = moment_s
            yield timed(fleet.answer(f"/{number}/metrics") or b"", labels, moment_s)
    yield b"# EOF\n"


def timed(answer: bytes, labels: bytes, moment_s: float) -> bytes:
    """The points of this answer with these labels, too, and their moment; no comments."""
    lines = []
    for name, others, value in _LABELS.findall(answer.partition(b"\r\n\r\n")[2]):
        both = b",".join(each for each in (others, labels) if each)
        lines.append(b"%s{%s} %s %d\n" % (name, both, value, moment_s))
    return b"".join(lines)


def measure(_: Effort) -> Iterator[Figure]:
    """Two hours of thirty servers that work, and of thirty that only rest."""
    for what, usual in (("with jobs", lives()), ("at rest", [steady(CALM_MB)])):
        clock_s = [float(BEGINS_S)]
        fleet = Fleet(SERVERS, usual, lambda clock_s=clock_s: clock_s[0])
        with tempfile.TemporaryDirectory() as name:
            folder = Path(name)
            with (folder / "history.txt").open("wb") as file:
                file.writelines(history(fleet, clock_s))
            tool = [path_of("promtool"), "tsdb", "create-blocks-from", "openmetrics"]
            subprocess.run([*tool, file.name, folder / "blocks"], check=True, capture_output=True)
            (meta,) = folder.glob("blocks/*/meta.json")
            stats = json.loads(meta.read_bytes())["stats"]
            chunks = sum(each.stat().st_size for each in meta.parent.glob("chunks/*"))
            index = (meta.parent / "index").stat().st_size
        samples, series = stats["numSamples"], stats["numSeries"]
        day_bytes = (chunks + index) / SERVERS * DAY_S / BLOCK_S
        yield Figure("series per server", what, f"{series / SERVERS:.1f}")
        yield Figure("chunks, bytes per sample", what, f"{chunks / samples:.2f}")
        yield Figure("index, bytes per series", what, f"{index / series:.0f}")
        yield Figure("all, bytes per sample", what, f"{(chunks + index) / samples:.2f}")
        yield Figure("a server's day", what, f"{day_bytes / MB:.2f} MB")


PART = Part("fleet-disk", "A block of 2 h of 30 servers", measure, by_name_only=True)

if __name__ == "__main__":
    raise SystemExit(run(PART))
