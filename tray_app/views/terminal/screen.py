"""The live screen: redraws one picture in place, of which it writes only the lines that differ. Its
layout is pure (`ScreenContent`).

Rule of the room: rich is imported when a screen is made (40 ms).
"""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import Protocol, Self, TextIO

from msgspec import Struct
from msgspec.structs import replace

from tray_app.core.analysis.bands import Band
from tray_app.core.model.readings import ProcessRow
from tray_app.core.monitor.sample import Sample
from tray_app.core.presentation import (
    figures,
    format,
    memory_text,
    process_text,
    program_text,
    source_text,
    summary_text,
)
from tray_app.core.presentation.figure import Figure
from tray_app.views.terminal import chart
from tray_app.views.terminal.chart import Piece, Recent
from tray_app.views.terminal.lines import (
    EMOJI,
    MAX_WIDTH,
    NOTES_SHOWN,
    Marks,
    alert_now,
    cells,
    clock_of,
    cut,
    fit,
    mark_of,
    printable,
    wrap,
)
from tray_app.views.terminal.streams import is_in_foreground, terminal_size

MIN_WIDTH = 40
FIXED_ROWS = 5  # the heading, the figure on top, and a blank line

ALL_NOTES_FROM_HEIGHT = 32  # rows of screen; a shorter one has room for the newest note

# Rows of the chart with its time axis: at least, and where the height is free. Where fewer are
# left, a strip of one row stands at the top instead.
CHART_ROWS_MIN = 4
CHART_MIN_WIDTH = 20
CHART_ROWS = 10
CHART_PART = 2  # at least one of so many free rows is the chart's
LISTS_ROWS_MIN = 4  # a blank line, a heading and one process before the dots
WHOLE_EVERY = 30  # pictures, of which one is written whole
LISTS_STEP = 3  # rows: a process that comes or goes changes the chart's height seldom
Span = tuple[str, str]  # text, rich style

Line = tuple[Span, ...]

BLANK: Line = ()

STYLES = {
    Band.GREEN: "green",
    Band.YELLOW: "yellow",
    Band.ORANGE: "dark_orange",
    Band.RED: "red",
    Band.UNKNOWN: "bright_black",
}


class ScreenContent(Struct, frozen=True):
    """All that a live screen shows; ``recent`` is its chart.

    ``duration_s`` None: the run has no set end. ``final``: it is over and takes no keys.
    """

    sample: Sample
    recent: Recent | None = None
    notes: tuple[str, ...] = ()
    elapsed_s: float = 0.0
    duration_s: float | None = None
    details: bool = False
    demo: bool = False
    final: bool = False
    marks: Marks = EMOJI

    def lines(self, width: int, height: int | None = None) -> list[Line]:
        """The screen's lines for ``width`` columns, at most ``height`` of them.

        If space is short, it drops older notes, then processes, then blank lines. The chart stands
        at the lower end, where its height moves nothing else.
        """
        # A narrower terminal cuts the texts at its edge, but must not cut the newest column.
        across = min(width - 1, MAX_WIDTH)
        width = max(MIN_WIDTH, across)
        short = height is not None and height < ALL_NOTES_FROM_HEIGHT
        has_chart = across >= CHART_MIN_WIDTH and self._has_chart(height)
        strip_width = 0 if has_chart else across - 4
        lines = [*self._heading(width), *self._figures(width, strip_width)]
        notes = list(self._told(width, 1 if short else NOTES_SHOWN))
        # Processes come and go, so they are below the others, where they move nothing else.
        lists = list(self._processes(width))
        free = None if height is None else height - len(lines) - 1
        drawn: list[Line] = []
        if has_chart:
            drawn = list(self._chart(across, free, len(notes) + len(lists)))
        room = None if height is None else height - len(drawn)
        lines += notes
        lines += _cut(lists, None if room is None else room - len(lines))
        lines = lines if room is None else _filled(lines, room if drawn else 0, room)
        return [*(within(line, width) for line in lines), *drawn]

    def _has_chart(self, height: int | None) -> bool:
        """Whether there is room for it, whatever the figures are just now."""
        if self.recent is None or height is None:
            return self.recent is not None
        above = FIXED_ROWS + len(self._shown_figures())
        return height >= above + 1 + LISTS_ROWS_MIN + CHART_ROWS_MIN

    def _chart(self, width: int, free: int | None, listed: int) -> Iterator[Line]:
        """A blank line and the chart, in its part of the free rows; nothing if it has none."""
        if self.recent is None or (free is not None and free < CHART_ROWS_MIN):
            return
        rows = CHART_ROWS if free is None else _chart_rows(free, listed)
        yield BLANK
        now_s, signs = self.sample.at.mono_s, self.marks.chart
        for pieces in chart.rows(self.recent, now_s, width, rows, signs):
            yield tuple(map(_span, pieces))

    def _heading(self, width: int) -> Iterator[Line]:
        name, clock = f" {program_text.title(self.demo)}", clock_of(self.sample)
        mode = f"  {source_text.mode(self.sample)}"
        yield (name, "bold"), (fit(mode, width - len(name) - len(clock)), "dim"), (clock, "dim")
        yield progress(
            *(self.elapsed_s, self.duration_s, self.sample.number),
            *(self.marks, width),
            final=self.final,
        )
        yield BLANK

    def _figures(self, width: int, strip_width: int) -> Iterator[Line]:
        sample, marks = self.sample, self.marks
        yield (
            (f" {marks.band[sample.band]}", ""),
            (f"{format.size(sample.memory_bytes):>8}", "bold"),
            (f"  {memory_text.beside_colour(sample):10}", STYLES[sample.band]),
            (f"  {format.rate(sample.rate_bytes_s):10}  ", ""),
            (alert_now(sample, marks), "bold"),
        )
        if strip_width > 0 and self.recent and len(marks.chart.steps) > 1:
            columns = chart.strip(self.recent, sample.at.mono_s, strip_width, marks.chart)
            yield ("    ", ""), *map(_span, columns)
        yield BLANK
        rows = self._shown_figures()
        label = max(len(figure.label) for figure in rows) + 2
        for figure in rows:
            text = f"{mark_of(figure, sample, marks)}{figure.text(sample)}"
            # Only the last may take several lines: another would push those below it around.
            told = wrap(text, width - label - 2) if figure is rows[-1] else [text]
            yield _row(figure.label, told[0] if told else format.UNKNOWN, label)
            yield from (_row("", more, label) for more in told[1:])

    def _shown_figures(self) -> list[Figure]:
        hidden = () if self.details else figures.ONLY_IN_DETAILS
        return [figure for figure in figures.SCREEN if figure not in hidden]

    def _processes(self, width: int) -> Iterator[Line]:
        sample, marks = self.sample, self.marks
        target = sample.target
        if sample.rows:
            yield BLANK
            yield _columns(f"{marks.target}Server", "PID", "Memory", "CPU", width, "dim")
            if self.details and target:
                told = (
                    " ".join(target.cmdline),
                    f"{process_text.evidence(target.evidence)}, in {target.cwd or '?'}",
                )
                candidates = (
                    f"or {process_text.process(each)}, {process_text.evidence(each.evidence)}"
                    for each in sample.candidates
                )
                shown = (*told, *candidates)
                yield from (((f"    {fit(text, width - 4)}", "dim"),) for text in shown)
            yield from (_process(row, width) for row in sample.rows)
        elif problem := source_text.problem_in_full(sample):
            yield BLANK
            for text in wrap(f"{marks.target}{problem}", width - 2):
                yield ((f" {text}", "dim"),)
        if sample.others:
            yield BLANK
            yield _columns(f"{marks.python}Other Python", "", "", "", width, "dim")
            yield from (_process(row, width) for row in sample.others)

    def _told(self, width: int, shown: int) -> Iterator[Line]:
        if self.notes:
            yield BLANK
        for note in self.notes[-shown:]:
            for text in wrap(note, width - 2, " " * 9):
                yield ((f" {text}", ""),)

    def at_end(self) -> ScreenContent:
        """The same once the run is over."""
        return replace(self, final=True)


def progress(
    elapsed_s: float,
    duration_s: float | None,
    samples: int,
    marks: Marks,
    width: int,
    *,
    final: bool,
) -> Line:
    """How far the run is: with a bar, where it has a set end."""
    text = summary_text.progress(elapsed_s, duration_s, samples)
    if duration_s is None:
        hint = "" if final else f" · {program_text.HOW_TO_END}"
        return ((f" {text}{hint}", "dim"),)
    room = width - max(28, len(text)) - 3
    done = round(room * min(elapsed_s / duration_s, 1.0))
    full, empty = marks.bar
    return (f" {full * done}", ""), (empty * (room - done), "dim"), (f"  {text}", "")


class Content(Protocol):
    """What a live screen shows."""

    def lines(self, width: int, height: int | None = None) -> list[Line]:
        """The screen's lines for ``width`` columns, at most ``height`` of them."""

    def at_end(self) -> Content:
        """The same once the run is over."""


def _filled(lines: list[Line], least: int, room: int) -> list[Line]:
    """At least so many lines, and at most as there is room for."""
    if len(lines) > room:
        lines = [line for line in lines if line][:room]
    return lines + [BLANK] * (least - len(lines))


def _chart_rows(free: int, listed: int) -> int:
    """How many of the free rows the chart gets beside so many rows of notes and processes."""
    wanted = LISTS_STEP * -(-listed // LISTS_STEP)
    return max(free - wanted, free // CHART_PART, CHART_ROWS_MIN)


def _span(piece: Piece) -> Span:
    text, ink = piece
    if ink.band is None:
        return text, "dim"
    colour = STYLES[ink.band]
    return text, f"{colour} reverse" if ink.is_line else colour


def within(line: Line, width: int) -> Line:
    """The line in at most ``width`` columns, with an ellipsis if it was cut."""
    if sum(cells(text) for text, _ in line) <= width:  # the usual
        return line
    spans: list[Span] = []
    for text, style in line:
        if cells(text) > width:
            return (*spans, (cut(text, width), style))
        spans.append((text, style))
        width -= cells(text)
    return tuple(spans)


def _row(label: str, text: str, label_width: int) -> Line:
    return (f" {label:{label_width}}", "dim"), (text, "")


def _process(row: ProcessRow, width: int) -> Line:
    size, cpu = format.size(row.rss_bytes), format.percent(row.cpu_percent)
    return _columns(f"   {row.name}", str(row.pid), size, cpu, width, "")


def _columns(name: str, pid: str, size: str, cpu: str, width: int, style: str) -> Line:
    name = fit(name, min(width, 72) - 27)
    return ((f" {name}{pid:>9}{size:>9}{cpu:>8}", style),)


def _cut(lines: list[Line], room: int | None) -> list[Line]:
    if room is None or len(lines) <= room:
        return lines
    if room < LISTS_ROWS_MIN:
        return []
    shown = lines[: room - 1] if lines[room - 2] else lines[: room - 2]
    return [*shown, (("    …", "dim"),)]


class LiveScreen:
    """Pictures on the terminal's second screen; on leaving, the last one is left on the first.

    The second screen, because there a resize cannot leave pieces of old pictures behind. Only the
    lines that differ from those on the screen are written, all at once.
    """

    def __init__(self, stdout: TextIO) -> None:
        from rich.console import Console

        self._stdout = stdout
        self._console = Console(file=stdout, highlight=False)
        self._encoding = stdout.encoding
        self._last: Content | None = None
        self._is_on = False
        self._size = (0, 0)
        self._on_screen: list[Line] = []
        self._written = 0

    @property
    def usable(self) -> bool:
        """Whether the terminal can be drawn on (``TERM=dumb`` cannot)."""
        return self._console.is_terminal and not self._console.is_dumb_terminal

    def __enter__(self) -> Self:
        return self

    def show(self, picture: Content) -> None:
        """Draw over the last picture.

        In the background (``bg``, ``&``) the terminal belongs to another program: draw nothing
        until it is ours again.
        """
        self._last = picture
        if is_in_foreground(self._stdout):
            self._turn(on=True)
            # Each time: rich asks the environment first, which a resize does not change.
            if size := terminal_size(self._stdout):
                self._console.size = size
            width, height = self._console.size
            if self._size != (width, height):
                self._size, self._on_screen = (width, height), []
            self._write(picture.lines(width, height))

    def _write(self, lines: list[Line]) -> None:
        from rich.control import Control
        from rich.segment import ControlType

        before = self._on_screen
        self._written += 1
        # What another program wrote in between goes away, too.
        whole = self._written % WHOLE_EVERY == 0
        erase_row = Control((ControlType.ERASE_IN_LINE, 0))
        with self._console as console:  # one write for all
            if not before:
                console.control(Control.clear())
            for at in range(max(len(lines), len(before))):
                line = lines[at] if at < len(lines) else BLANK
                if whole or at >= len(before) or line != before[at]:
                    console.control(Control.move_to(0, at))
                    self._print(line, end="")
                    # Behind the last column some terminals would erase what stands in it.
                    if sum(cells(text) for text, _ in line) < console.width:
                        console.control(erase_row)
        self._on_screen = lines

    def redraw(self) -> None:
        """Draw the last picture again, after a resize or in the foreground again."""
        if self._last:
            self._on_screen = []
            self.show(self._last)

    def leave(self) -> None:
        """Give the terminal back until the next picture."""
        self._turn(on=False)

    def _turn(self, *, on: bool) -> None:
        """Switch to the second screen or back, if not there already."""
        if on != self._is_on:
            self._is_on, self._on_screen = on, []
            if not on:  # the cursor that is shown is the first screen's
                self._console.show_cursor()
            self._console.set_alt_screen(on)
            if on:
                self._console.show_cursor(show=False)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._turn(on=False)
        if self._last:
            final = self._last.at_end()
            with self._console as console:
                for line in final.lines(console.width):
                    self._print(line)

    def _print(self, line: Line, end: str = "\n") -> None:
        from rich.text import Text

        parts = ((printable(text, self._encoding), style) for text, style in line)
        # Rich's own ellipsis is not in every encoding. A text's own `no_wrap` does not count here.
        self._console.print(Text.assemble(*parts), end=end, no_wrap=True, overflow="crop")
