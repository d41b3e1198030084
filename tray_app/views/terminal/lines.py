"""Formats samples and events as plain lines, with fixed columns, for any terminal."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from datetime import datetime
from unicodedata import east_asian_width

from msgspec import Struct

from tray_app.core.alerts.forecast import Forecast
from tray_app.core.alerts.levels import ForecastWithdrawn, LevelReached, Recovered
from tray_app.core.alerts.limits import Level
from tray_app.core.analysis.bands import Band
from tray_app.core.fleet.rank import Rank
from tray_app.core.model.readings import Now, ProcessRow, Source
from tray_app.core.monitor.events import Alert, DemoRepeats, JobEnded, Summarised, TargetChanged
from tray_app.core.monitor.sample import Sample
from tray_app.core.presentation import (
    activity_text,
    figures,
    fleet_text,
    format,
    memory_text,
    notifications,
    process_text,
    program_text,
    source_text,
    summary_text,
)
from tray_app.core.presentation.figure import Figure
from tray_app.views.terminal.chart import ASCII, BLOCKS, Signs

MAX_WIDTH = 100  # columns: on a wider screen the eye has too far to go
NOTES_SHOWN = 3
NAME_WIDTH_MAX = 20  # columns of a server's name among several
NAME_PART = 4  # at most one in this many columns is a name's
INDENT = " " * 9  # below the clock
TAIL_MIN_WIDTH = 20  # columns: "processing frames?"


class Marks(Struct, frozen=True):
    """The signs of one kind of terminal, each with its trailing space.

    ``rank`` marks a server among others. ``bar`` is the done and the open part of a progress bar.
    """

    band: dict[Band, str]
    rank: dict[Rank, str]
    source: dict[Source, str]
    level: dict[Level, str]
    recovered: str
    target: str
    python: str
    bar: tuple[str, str]
    chart: Signs


EMOJI = Marks(
    band={
        Band.GREEN: "🟢 ",
        Band.YELLOW: "🟡 ",
        Band.ORANGE: "🟠 ",
        Band.RED: "🔴 ",
        Band.UNKNOWN: "⚪ ",
    },
    rank={rank: f"{mark} " for rank, mark in fleet_text.MARKS.items()},
    source={Source.API: "🌐 ", Source.PROCESS: "🔄 ", Source.NONE: ""},
    level={Level.NONE: "", Level.RAISED: "⚡ ", Level.HIGH: "⚠️ ", Level.CRITICAL: "🚨 "},
    recovered="✅ ",
    target="🎯 ",
    python="🐍 ",
    bar=("━", "─"),
    chart=BLOCKS,
)

_WORDS_OF_RANK = {
    Rank.RED: "red",
    Rank.ORANGE: "orange",
    Rank.YELLOW: "yellow",
    Rank.GREEN: "green",
    Rank.LOST: "lost",
}
# Bands and sources are also written as words, so that a terminal without emoji loses nothing.
WORDS = Marks(
    band=dict.fromkeys(Band, ""),
    rank={rank: f"{_WORDS_OF_RANK.get(rank, '')} " for rank in Rank},
    source=dict.fromkeys(Source, ""),
    level={Level.NONE: "", Level.RAISED: "! ", Level.HIGH: "!! ", Level.CRITICAL: "!!! "},
    recovered="ok ",
    target="> ",
    python="- ",
    bar=("#", "-"),
    chart=ASCII,
)

_ASCII = str.maketrans({"–": "-", "−": "-", "·": "|", "…": "~", "²": "2"})


def marks_for(encoding: str | None, *, has_emoji: bool = True) -> Marks:
    """Emoji if the terminal has some and the stream can encode them; an unnamed encoding (a test's
    buffer) can."""
    return EMOJI if has_emoji and carries("🟢▁╌┤━…", encoding) else WORDS


def carries(text: str, encoding: str | None) -> bool:
    try:
        text.encode(encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def printable(text: str, encoding: str | None) -> str:
    """``text`` without control characters and characters that the encoding lacks.

    Names of processes and a server's error texts are foreign: an escape sequence in them must not
    control the terminal. The number of characters stays the same.
    """
    text = "".join(char if char.isprintable() else "?" for char in text)
    if carries(text, encoding):
        return text
    encoding = encoding or "utf-8"
    return text.translate(_ASCII).encode(encoding, "replace").decode(encoding)


def cells(text: str) -> int:
    """Columns that ``text`` takes. A variation selector counts one: it widens its character."""
    if text.isascii():  # the usual
        return len(text)
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in text)


def cut(text: str, width: int) -> str:
    """``text`` in at most ``width`` columns, with an ellipsis if it was cut."""
    return text if cells(text) <= width else f"{_beginning(text, width - 1).rstrip()}…"


def fit(text: str, width: int) -> str:
    """``text`` in exactly ``width`` columns: padded, or cut with an ellipsis."""
    text = cut(text, width)
    return text + " " * (width - cells(text))


def wrap(text: str, width: int, indent: str = "") -> list[str]:
    """``text`` in lines of at most ``width`` columns, broken at spaces where there are some.

    Every line but the first begins with ``indent``. The standard library's counts characters.
    """
    lines: list[str] = []
    line = ""
    for word in re.findall(r"\s*\S+", text):
        if line and cells(line + word) > width:
            lines.append(line)
            line = indent + word.lstrip()
        else:
            line += word
        while cells(line) > width:
            part = _beginning(line, width)
            lines.append(part)
            line = indent + line[len(part) :]
    return [*lines, line] if line else lines


def _beginning(text: str, width: int) -> str:
    """As much of ``text`` as fits into ``width`` columns."""
    taken = 0
    for count, char in enumerate(text):
        taken += cells(char)
        if taken > width:
            return text[:count]
    return text


def clock_of(sample: Sample) -> str:
    return _clock(sample.at)


def _clock(at: Now) -> str:
    return datetime.fromtimestamp(at.wall_s).strftime("%H:%M:%S")


def alert_now(
    sample: Sample, marks: Marks, foretold: Callable[[Forecast], str] = memory_text.foretold
) -> str:
    """Recovery and forecast. The level itself stands beside the figure."""
    ahead = foretold(sample.forecast) if sample.forecast else ""
    recovering = memory_text.recovering(sample)
    return format.joined(f"{marks.recovered}{recovering}" if recovering else "", ahead)


def mark_of(figure: Figure, sample: Sample, marks: Marks) -> str:
    """The sign before a figure's text; mostly there is none."""
    match figure.key:
        case "memory":
            return marks.band[sample.band]
        case "source":
            return marks.source[sample.source]
    return ""


def plain_lines(
    sample: Sample,
    marks: Marks = EMOJI,
    *,
    details: bool = False,
    width: int = MAX_WIDTH,
    server: str = "",
) -> list[str]:
    """One line per sample, texts of variable length last; with details, each process.

    No line takes more than ``width`` columns. The last column is cut, and a narrow terminal does
    without some others. ``server`` is its name among several, as wide as the others' names.
    """
    lines = [_line(sample, marks, width, server)]
    if details:
        for text in _details(sample):
            lines += wrap(f"{INDENT}{text}", width, INDENT)
        lines += [_plain_process(marks.target, row) for row in sample.rows]
        lines += [_plain_process(marks.python, row) for row in sample.others]
    return lines


def _line(sample: Sample, marks: Marks, width: int, server: str) -> str:
    clock = f"{clock_of(sample)} {f'{server}  ' if server else ''}"
    if sample.memory_bytes is None:
        mark, why = marks.band[sample.band], source_text.in_terminal(sample)
        return cut(f"{clock}{mark}{memory_text.NO_READING}  {why}", width)
    columns = {
        figure: f"{mark_of(figure, sample, marks)}{figure.column(sample)}"
        for figure in figures.PLAIN_LINE
    }
    dropped = list(figures.PLAIN_DROPPED)
    while _room(clock, columns.values(), width) < TAIL_MIN_WIDTH and dropped:
        del columns[dropped.pop(0)]
    going_on = alert_now(sample, marks, memory_text.foreseen), figures.ACTIVITY.text(sample)
    tail = _fitted(going_on, _room(clock, columns.values(), width))
    return cut(f"{clock}{'  '.join((*columns.values(), tail))}", width)


def _fitted(parts: Iterable[str], room: int) -> str:
    """As many of the parts as fit: the first one matters most."""
    text = ""
    for part in filter(None, parts):
        longer = format.joined(text, part)
        if text and cells(longer) > room:
            break
        text = longer
    return text


def _room(clock: str, columns: Collection[str], width: int) -> int:
    """The columns that are left for what goes on."""
    return width - cells(clock) - sum(cells(column) + 2 for column in columns)


def _details(sample: Sample) -> Iterator[str]:
    """Extra lines below the figures: those that are known, and other candidates."""
    for figure in figures.PLAIN_DETAILS:
        told = figure.text(sample) if figure.is_known(sample) else ""
        if told not in ("", format.UNKNOWN):
            yield f"{figure.plain_label}: {told}"
    for each in sample.candidates:
        evidence = process_text.evidence(each.evidence)
        yield f"other candidate: {process_text.process(each)}, {evidence}"


def _plain_process(mark: str, row: ProcessRow) -> str:
    size, cpu = format.size(row.rss_bytes), format.percent(row.cpu_percent)
    return f"{INDENT}{mark}{fit(row.name, 24)} {row.pid:>7}  {size:>7}  CPU {cpu:>6}"


def alert_line(event: Alert, marks: Marks = EMOJI, server: str = "") -> str:
    """A notification's text on one line with its time, and the server's name among several."""
    note = notifications.alert(event)
    match event.finding:
        case LevelReached(level):
            mark = marks.level[level]
        case ForecastWithdrawn() | Recovered():
            mark = marks.recovered
        case _:
            mark = ""
    return f"{clock_of(event.sample)} {mark}{_named(server)}{note.title}. {note.text}"


def job_line(event: JobEnded, server: str = "") -> str:
    """The figures of a job that ended, with the time of the sample."""
    return f"{clock_of(event.sample)} {_named(server)}{activity_text.job(event.job)}."


def change_line(event: TargetChanged, server: str = "") -> str:
    """A change of the server, with the time of the sample."""
    return f"{clock_of(event.sample)} {_named(server)}{process_text.change(event.change)}"


def repeat_line(event: DemoRepeats) -> str:
    """That the demo begins again, with its time."""
    title, text = program_text.DEMO_REPEATS_TITLE, program_text.DEMO_REPEATS
    return f"{_clock(event.at)} {title}. {text}"


def summary_lines(event: Summarised, server: str = "") -> list[str]:
    """The figures of a measurement that ended; among several servers all in one line."""
    title, text = summary_text.quick_test(event)
    if server:
        return [format.joined(f"{_named(server)}{title}", *text.splitlines())]
    return [title, *text.splitlines()]


def _named(server: str) -> str:
    return f"{server}: " if server else ""
