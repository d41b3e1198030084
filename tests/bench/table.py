"""What a benchmark prints: one line per figure, and the same as Markdown tables.

Rule: a figure is compared with another of the same run, because absolute times are the machine's.
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Effort:
    """How thoroughly to measure; what each field means says the option of its name."""

    rounds: int
    window_s: float
    times: int
    processes: tuple[int, ...]
    files: tuple[int, ...]
    age_s: float
    minutes: float = 20.0
    seed: int = 1
    url: str = ""
    pid: int = 0
    videos: tuple[Path, ...] = ()
    keep: Path | None = None
    commit: str = "HEAD"
    servers: tuple[int, ...] = (10, 100, 1000, 5000)


@dataclass(frozen=True, slots=True)
class Figure:
    """One cell: the row ``what``, the column ``at``. ``reached`` is None where there is no goal."""

    what: str
    at: str
    value: str
    ratio: str = ""
    goal: str = ""
    reached: bool | None = None

    def line(self) -> str:
        """For the terminal, under `HEADING`."""
        mark = {None: "", True: "yes", False: "NO"}[self.reached]
        return (
            f"{self.what:<34} {self.at:>15} {self.value:>12} {self.ratio:>9} "
            f"{self.goal:>10} {mark:>8}"
        ).rstrip()

    def cell(self) -> str:
        """For Markdown: a goal that was missed is marked."""
        ratio = f" ({self.ratio})" if self.ratio else ""
        return f"{self.value}{ratio}{' ✗' if self.reached is False else ''}"


HEADING = f"{'':<34} {'':>15} {'':>12} {'ratio':>9} {'goal':>10} {'reached':>8}"


@dataclass(frozen=True, slots=True)
class Part:
    """A part that can be asked for alone; ``title`` heads the first column.

    ``by_name_only``: it takes so long that it is not measured with all the others.
    """

    name: str
    title: str
    measure: Callable[[Effort], Iterator[Figure]]
    by_name_only: bool = False


def part_of(ratio: float) -> str:
    """``1/7.4``, ``1/8``, ``1/120``."""
    times = f"{1 / ratio:.1f}" if ratio > 0.1 else f"{1 / ratio:.0f}"
    return f"1/{times.removesuffix('.0')}"


def milliseconds(seconds: float) -> str:
    """``0.094 ms``, ``2.1 ms``, ``353 ms``."""
    value_ms = seconds * 1000
    decimals = 3 if value_ms < 1 else 1 if value_ms < 100 else 0
    return f"{value_ms:.{decimals}f} ms"


def run(*parts: Part) -> int:
    """Measure what the command line asks for; the exit status is 1 when a goal was missed."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.bench" + (f".{parts[0].name}" if len(parts) == 1 else ""),
        description="What the app costs and how fast it is. Goals that were missed are marked.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    names = [part.name for part in parts]
    if len(parts) > 1:
        parser.add_argument("parts", nargs="*", metavar="PART", help=f"some of: {' '.join(names)}")
    option = parser.add_argument
    option("--rounds", type=int, default=3, help="repetitions whose median is told")
    option("--window", type=float, default=30.0, help="seconds of CPU that one round counts")
    option("--times", type=int, default=20, help="starts, and steps in memory per API state")
    option("--processes", type=_numbers, default="150,600,2000", help="processes on the machine")
    option("--files", type=_numbers, default="10,10000,100000", help="sizes of temp trees")
    option("--age", type=float, default=60.0, help="seconds before the app's memory is read")
    option("--commit", default="HEAD", help="for the part beside: the other source tree")
    option("--servers", type=_numbers, default="10,100,1000,5000", help="for fleet: how many")
    truth = parser.add_argument_group("truth").add_argument
    truth("--minutes", type=float, default=20.0, help="of load, for the part truth")
    truth("--seed", type=int, default=1, help="the load's order comes from")
    truth("--url", default="", help="a server that runs already, in place of the tests' own")
    truth("--pid", type=int, default=0, help="its first process")
    truth("--video", type=Path, action="append", default=[], help="what to upload to it")
    truth("--keep", type=Path, metavar="DIR", help="write the run there; judge it if it is there")
    option(
        "--markdown", type=Path, metavar="FILE", help="also write tables, between this file's marks"
    )
    given = parser.parse_args()
    usual = [part.name for part in parts if not part.by_name_only]
    chosen = getattr(given, "parts", None) or usual or names
    if unknown := set(chosen) - set(names):
        parser.error(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(names)}")
    effort = Effort(
        given.rounds,
        given.window,
        given.times,
        given.processes,
        given.files,
        given.age,
        given.minutes,
        given.seed,
        given.url,
        given.pid,
        tuple(given.video),
        given.keep,
        given.commit,
        given.servers,
    )
    blocks = {"machine": machine()}
    print(blocks["machine"], HEADING, sep="\n", flush=True)
    reached = True
    for part in parts:
        if part.name not in chosen:
            continue
        figures = []
        for figure in part.measure(effort):
            print(figure.line(), flush=True)
            figures.append(figure)
            reached &= figure.reached is not False
        blocks[part.name] = markdown(part.title, figures)
    if given.markdown:
        write(given.markdown, blocks)
    return 0 if reached else 1


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(int(number) for number in text.split(","))


def machine() -> str:
    """What the figures were measured on."""
    return (
        f"{platform.system()}, {platform.python_implementation()} {platform.python_version()}, "
        f"{os.cpu_count()} processors."
    )


def markdown(title: str, figures: Sequence[Figure]) -> str:
    """A table with a row per ``what``, a column per ``at``, and the goals at the end."""
    rows = list(dict.fromkeys(figure.what for figure in figures))
    columns = list(dict.fromkeys(figure.at for figure in figures))
    cells = {(figure.what, figure.at): figure for figure in figures}
    lines = [[title, *columns, "goal"], ["---"] * (len(columns) + 2)]
    for row in rows:
        there = [cells.get((row, column)) for column in columns]
        goals = [figure.goal if figure else "" for figure in there]
        told = list(dict.fromkeys(goals))
        goal = told[0] if len(told) == 1 else " · ".join(goal or "–" for goal in goals)
        lines.append([row, *(figure.cell() if figure else "" for figure in there), goal])
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def write(path: Path, blocks: dict[str, str]) -> None:
    """Put each block between its marks, ``<!-- bench NAME -->`` and ``<!-- end -->``.

    A file that has none of these marks, or is not there, becomes the blocks alone.
    """
    text = path.read_text("utf-8") if path.exists() else ""
    has_marks = False
    for name, block in blocks.items():
        pattern = rf"(<!-- bench {name} -->\n).*?(\n<!-- end -->)"
        text, count = re.subn(pattern, rf"\g<1>{block}\g<2>", text, flags=re.DOTALL)
        has_marks |= count > 0
    if not has_marks:
        marked = (
            f"<!-- bench {name} -->\n{block}\n<!-- end -->\n" for name, block in blocks.items()
        )
        text = "\n".join(marked)
    path.write_text(text, "utf-8")


def remark(text: str) -> None:
    """Say what is not a figure, apart from the table."""
    print(text, file=sys.stderr, flush=True)
