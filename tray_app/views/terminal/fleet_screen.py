"""The live screen of several servers: a table with a row for each, the worst first. Pure.

A narrow terminal leaves out some columns; alerts are below the table.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from msgspec import Struct
from msgspec.structs import replace

from tray_app.core.alerts.limits import Level
from tray_app.core.fleet.overview import Fleet, Member, by_rank
from tray_app.core.fleet.rank import Rank
from tray_app.core.model.readings import MIB
from tray_app.core.monitor.sample import Sample
from tray_app.core.monitor.state import alert_limits
from tray_app.core.presentation import (
    activity_text,
    figures,
    fleet_text,
    format,
    memory_text,
    program_text,
    source_text,
)
from tray_app.views.terminal.lines import (
    EMOJI,
    NAME_PART,
    NAME_WIDTH_MAX,
    Marks,
    alert_now,
    cells,
    clock_of,
    cut,
    fit,
    wrap,
)
from tray_app.views.terminal.screen import BLANK, MIN_WIDTH, STYLES, Line, progress, within

MAX_WIDTH = 140  # columns
NAME_WIDTH_MIN = 6  # columns: "Server"
GAP = "  "
TAIL_MIN_WIDTH = 20  # columns: "high · processing fr"
HEAD_ROWS = 4  # the heading, progress, a blank line, and the table's head
NOTES_SHOWN = 8  # where the height is free
NOTE_PART = 3  # at most one in this many rows is the newest alert's, where space is short
NOTE_ROWS_MIN = 2
NOTES_INDENT = " " * 9  # below the clock


class Column(Struct, frozen=True):
    """A column of the table. ``is_right``: its texts stand at its right edge."""

    heading: str
    width: int
    text: Callable[[Member, Sample, Marks], str]
    is_right: bool = True

    def cell(self, text: str) -> str:
        """``text`` in the column's width."""
        if not self.is_right:
            return fit(text, self.width)
        text = cut(text, self.width)
        return " " * (self.width - cells(text)) + text


def _part(member: Member, sample: Sample) -> float | None:
    critical_mb = alert_limits(member.state).critical_mb
    return None if sample.memory_bytes is None else sample.memory_bytes / MIB / critical_mb


def _percent(member: Member, sample: Sample, _: Marks) -> str:
    part = _part(member, sample)
    return "" if part is None else format.percent(100 * part)


def _of_limit(member: Member, sample: Sample, marks: Marks) -> str:
    limit = format.size(alert_limits(member.state).critical_mb * MIB)
    return f"{_percent(member, sample, marks)} of {limit}"


def _source(_: Member, sample: Sample, marks: Marks) -> str:
    return f"{marks.source[sample.source]}{figures.SOURCE.column(sample).strip()}"


MEMORY = Column("Memory", 8, lambda _, it, __: format.size(it.memory_bytes))
OF_CRITICAL = Column("Of critical", 16, _of_limit)
PERCENT = Column("Of limit", 8, _percent)
CHANGE = Column("Change", 9, lambda _, it, __: format.rate(it.rate_bytes_s))
CPU = Column("CPU", 6, lambda _, it, __: format.percent(it.cpu_percent))
SOURCE = Column("Source", 10, _source, is_right=False)
PLAIN_SOURCE = Column("Source", 7, lambda _, it, __: figures.SOURCE.column(it), is_right=False)
COLUMNS = (MEMORY, OF_CRITICAL, CHANGE, CPU, SOURCE)
NARROWER: tuple[tuple[Column, tuple[Column, ...]], ...] = (
    (CPU, ()),
    (OF_CRITICAL, (PERCENT,)),
    (SOURCE, (PLAIN_SOURCE,)),
    (CHANGE, ()),
    (PERCENT, ()),
    (PLAIN_SOURCE, ()),
)
"""Which columns a narrower terminal leaves out, in this order, and what takes their place."""
DETAILS = (figures.SOURCE, figures.SYSTEM, figures.TEMP)
"""What the line below a row tells with --details."""


class FleetContent(Struct, frozen=True):
    """All that a live screen of several servers shows; the rest is as in `ScreenContent`.

    ``details`` adds a line below each row: the source in full, the machine, temp files.
    """

    fleet: Fleet
    notes: tuple[str, ...] = ()
    elapsed_s: float = 0.0
    duration_s: float | None = None
    details: bool = False
    final: bool = False
    marks: Marks = EMOJI

    def lines(self, width: int, height: int | None = None) -> list[Line]:
        """The screen's lines for ``width`` columns, at most ``height`` of them: where space is
        short, the last servers are counted, and older alerts are left out."""
        width = max(MIN_WIDTH, min(width - 1, MAX_WIDTH))
        notes = [wrap(note, width - 2, NOTES_INDENT) for note in self.notes]
        room = None
        if height is not None:
            free = height - HEAD_ROWS
            newest = 1 + len(notes[-1]) if notes else 0  # after a blank line
            room = free - min(newest, max(NOTE_ROWS_MIN, free // NOTE_PART))
        table = self._table(width, room)
        lines = [*self._heading(width), *table]
        lines += _newest(notes, None if height is None else height - len(lines))
        return [within(line, width) for line in lines[:height]]

    def at_end(self) -> FleetContent:
        """The same once the run is over."""
        return replace(self, final=True)

    def _heading(self, width: int) -> Iterator[Line]:
        members = self.fleet.members
        samples = [it.state.sample for it in members if it.state.sample is not None]
        newest = max(samples, key=lambda it: it.at.wall_s, default=None)
        clock = clock_of(newest) if newest else ""
        count = format.counted(len(members), "server")
        name, how = f" {program_text.APP}", f"  {count}: {fleet_text.by_band(members)}"
        room = width - len(name) - len(clock) - 1
        yield (name, "bold"), (f"{fit(how, room)} ", "dim"), (clock, "dim")
        yield progress(
            *(self.elapsed_s, self.duration_s, sum(it.number for it in samples)),
            *(self.marks, width),
            final=self.final,
        )
        yield BLANK

    def _table(self, width: int, room: int | None) -> list[Line]:
        """The table's head and its rows; where there is no room for all, the last are counted."""
        ordered = by_rank(self.fleet.members)
        shape = _Shape.of(ordered, self.marks, width)
        rows = [[shape.row(each), *self._told(each, shape)] for each in ordered]
        shown = len(ordered)
        if room is not None and sum(map(len, rows)) > room:
            shown = _fitting(rows, room - 1)
        lines = [line for each in rows[:shown] for line in each]
        rest = ordered[shown:]
        more = [((f"{' ' * shape.indent}{fleet_text.rest(rest)}", "dim"),)] if rest else []
        return [shape.head(), *lines, *more]

    def _told(self, member: Member, shape: _Shape) -> Iterator[Line]:
        """The line below a row with --details; a row without a figure has named its source."""
        sample = member.state.sample
        if not self.details or sample is None:
            return
        shown = DETAILS if sample.memory_bytes is not None else DETAILS[1:]
        told = format.joined(
            *(it.text(sample) for it in shown if it.text(sample) != format.UNKNOWN)
        )
        if told:
            yield ((f"{' ' * shape.indent}{told}", "dim"),)


class _Shape(Struct, frozen=True):
    """The table's columns for one width."""

    marks: Marks
    mark_width: int
    name_width: int
    columns: tuple[Column, ...]

    @staticmethod
    def of(members: Sequence[Member], marks: Marks, width: int) -> _Shape:
        mark_width = max(cells(mark) for mark in marks.rank.values())
        longest = max((cells(each.name) for each in members), default=0)
        name_width = max(NAME_WIDTH_MIN, min(longest, NAME_WIDTH_MAX, width // NAME_PART))
        columns = list(COLUMNS)
        for dropped, instead in NARROWER:
            taken = sum(each.width + len(GAP) for each in columns)
            if width - 1 - mark_width - name_width - taken - len(GAP) >= TAIL_MIN_WIDTH:
                break
            at = columns.index(dropped)
            columns[at : at + 1] = instead
        return _Shape(marks, mark_width, name_width, tuple(columns))

    @property
    def indent(self) -> int:
        """Columns before a name."""
        return 1 + self.mark_width

    def head(self) -> Line:
        """The columns' names."""
        named = (each.cell(each.heading) for each in self.columns)
        begin = f"{' ' * self.indent}{fit('Server', self.name_width)}"
        return ((GAP.join((begin, *named, "Now")), "dim"),)

    def row(self, member: Member) -> Line:
        """A server's row; without a figure, why there is none."""
        mark = fit(self.marks.rank[member.rank], self.mark_width)
        named = f" {mark}{fit(member.name, self.name_width)}{GAP}"
        state, sample = member.state, member.state.sample
        if state.paused or sample is None or sample.memory_bytes is None:
            return (named, ""), *_missing(member)
        memory, *others = (
            each.cell(each.text(member, sample, self.marks)) for each in self.columns
        )
        alert, doing = _now(sample, self.marks)
        return (
            (named, ""),
            (memory, STYLES[sample.band]),
            (f"{GAP}{GAP.join((*others, ''))}", ""),
            (alert, "bold"),
            (f" · {doing}" if alert and doing else doing, ""),
        )


def _missing(member: Member) -> Line:
    """Why there is no figure."""
    state, sample = member.state, member.state.sample
    if state.paused:
        return (("paused", "dim"),)
    if sample is None:
        return (("starting", "dim"),)
    why = source_text.in_terminal(sample)
    if member.rank is Rank.NOT_THERE:
        return ((why, "dim"),)
    return (memory_text.NO_READING, "bold"), (f" · {why}", "")


def _now(sample: Sample, marks: Marks) -> tuple[str, str]:
    """What holds the eye (level, forecast, recovery, a hang), and what the server does."""
    level = "" if sample.level is Level.NONE else sample.level.word
    alert = format.joined(level, alert_now(sample, marks, memory_text.foreseen))
    if sample.hung is not None:
        return format.joined(alert, figures.ACTIVITY.text(sample)), ""
    old = f"{format.duration(sample.age_s or 0.0)} old" if sample.stale else ""
    return alert, format.joined(old, activity_text.doing(sample))


def _fitting(rows: Sequence[Sequence[Line]], room: int) -> int:
    """How many of these groups of lines there is room for."""
    for count, each in enumerate(rows):
        room -= len(each)
        if room < 0:
            return count
    return len(rows)


def _newest(notes: Sequence[Sequence[str]], room: int | None) -> Iterator[Line]:
    """A blank line and as many of the newest alerts as there is room for, the newest last; at least
    the beginning of that one."""
    shown = [list(each) for each in notes[-NOTES_SHOWN:]]
    if room is not None:
        while len(shown) > 1 and 1 + sum(map(len, shown)) > room:
            del shown[0]
        shown = [each[: max(0, room - 1)] for each in shown]
    if any(shown):
        yield BLANK
    for note in shown:
        for text in note:
            yield ((f" {text}", ""),)
