"""The live screen: redraws one picture in place. Its layout is pure (`Picture`).

Rule of the room: rich is imported when a screen is made (40 ms).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO

from msgspec import Struct
from msgspec.structs import replace

from tray_app.core.analysis.bands import Band
from tray_app.core.model.readings import GIB, ProcessRow
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

if TYPE_CHECKING:
    from rich.console import Group

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


ALL_NOTES_FROM_HEIGHT = 32  # rows of screen; a shorter one has room for the newest note

# The strip of past samples is as high as this at least, so that a calm server looks calm.
STRIP_TOP_BYTES = GIB

Span = tuple[str, str]  # text, rich style

Line = tuple[Span, ...]

_BLANK: Line = ()

_STYLES = {
    Band.GREEN: "green",
    Band.YELLOW: "yellow",
    Band.ORANGE: "dark_orange",
    Band.RED: "red",
    Band.UNKNOWN: "bright_black",
}


class ScreenContent(Struct, frozen=True):
    """All that a live screen shows. ``past`` is (bytes, band) per sample, oldest first.

    ``duration_s`` None: the run has no set end. ``final``: it is over and takes no keys.
    """

    sample: Sample
    past: tuple[tuple[int | None, Band], ...] = ()
    notes: tuple[str, ...] = ()
    elapsed_s: float = 0.0
    duration_s: float | None = None
    details: bool = False
    demo: bool = False
    final: bool = False
    marks: Marks = EMOJI

    def lines(self, width: int, height: int | None = None) -> list[Line]:
        """The screen's lines for ``width`` columns, at most ``height`` of them.

        If space is short, it drops older notes, then processes, then blank lines.
        """
        width = max(MIN_WIDTH, min(width - 1, MAX_WIDTH))
        short = height is not None and height < ALL_NOTES_FROM_HEIGHT
        # Processes come and go, so they are at the end, where they move nothing else.
        lines = [
            *self._heading(width),
            *self._figures(width),
            *self._told(width, 1 if short else NOTES_SHOWN),
        ]
        lines += _cut(list(self._processes(width)), None if height is None else height - len(lines))
        if height is not None and len(lines) > height:
            lines = [line for line in lines if line][:height]
        return [_within(line, width) for line in lines]

    def _heading(self, width: int) -> Iterator[Line]:
        name, clock = f" {program_text.title(self.demo)}", clock_of(self.sample)
        mode = f"  {source_text.mode(self.sample)}"
        yield (name, "bold"), (fit(mode, width - len(name) - len(clock)), "dim"), (clock, "dim")
        yield self._progress(width)
        yield _BLANK

    def _figures(self, width: int) -> Iterator[Line]:
        sample, marks = self.sample, self.marks
        yield (
            (f" {marks.band[sample.band]}", ""),
            (f"{format.size(sample.memory_bytes):>8}", "bold"),
            (f"  {memory_text.state(sample):10}", _STYLES[sample.band]),
            (f"  {format.rate(sample.rate_bytes_s):10}  ", ""),
            (alert_now(sample, marks), "bold"),
        )
        if marks.strip:
            yield self._strip(width - 4)
        yield _BLANK
        hidden = () if self.details else figures.ONLY_IN_DETAILS
        rows = [figure for figure in figures.SCREEN if figure not in hidden]
        label = max(len(figure.label) for figure in rows) + 2
        for figure in rows:
            text = f"{mark_of(figure, sample, marks)}{figure.text(sample)}"
            # Only the last may take several lines: another would push those below it around.
            told = wrap(text, width - label - 2) if figure is rows[-1] else [text]
            yield _row(figure.label, told[0] if told else format.UNKNOWN, label)
            yield from (_row("", more, label) for more in told[1:])

    def _strip(self, width: int) -> Line:
        """Memory of the last ``width`` samples as columns in their bands' colours."""
        steps = self.marks.strip
        past = self.past[-width:]
        top = max((size for size, _ in past if size is not None), default=0)
        top = max(top, STRIP_TOP_BYTES)
        return (
            ("    ", ""),
            *(
                (" " if size is None else steps[size * (len(steps) - 1) // top], _STYLES[band])
                for size, band in past
            ),
        )

    def _processes(self, width: int) -> Iterator[Line]:
        sample, marks = self.sample, self.marks
        target = sample.target
        if sample.rows:
            yield _BLANK
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
            yield _BLANK
            for text in wrap(f"{marks.target}{problem}", width - 2):
                yield ((f" {text}", "dim"),)
        if sample.others:
            yield _BLANK
            yield _columns(f"{marks.python}Other Python", "", "", "", width, "dim")
            yield from (_process(row, width) for row in sample.others)

    def _told(self, width: int, shown: int) -> Iterator[Line]:
        if self.notes:
            yield _BLANK
        for note in self.notes[-shown:]:
            for text in wrap(note, width - 2, " " * 9):
                yield ((f" {text}", ""),)

    def _progress(self, width: int) -> Line:
        text = summary_text.progress(self.elapsed_s, self.duration_s, self.sample.number)
        if self.duration_s is None:
            hint = "" if self.final else f" · {program_text.HOW_TO_END}"
            return ((f" {text}{hint}", "dim"),)
        room = width - max(28, len(text)) - 3
        done = round(room * min(self.elapsed_s / self.duration_s, 1.0))
        full, empty = self.marks.bar
        return (f" {full * done}", ""), (empty * (room - done), "dim"), (f"  {text}", "")


def _within(line: Line, width: int) -> Line:
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
    if room < 4:  # at least a blank line, a heading and one process before the dots
        return []
    return [*lines[: room - 1], (("    …", "dim"),)]


class LiveScreen:
    """Pictures on the terminal's second screen; on leaving, the last one is left on the first.

    The second screen, because there a resize cannot leave pieces of old pictures behind.
    """

    def __init__(self, stdout: TextIO) -> None:
        from rich.console import Console
        from rich.live import Live

        self._stdout = stdout
        self._console = Console(file=stdout, highlight=False)
        self._encoding = stdout.encoding
        self._live = Live(
            console=self._console,
            screen=True,
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._last: ScreenContent | None = None
        self._is_on = False

    @property
    def usable(self) -> bool:
        """Whether the terminal can be drawn on (``TERM=dumb`` cannot)."""
        return self._console.is_terminal and not self._console.is_dumb_terminal

    def __enter__(self) -> Self:
        return self

    def show(self, picture: ScreenContent) -> None:
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
            self._live.update(self._drawn(picture.lines(width, height)), refresh=True)

    def redraw(self) -> None:
        """Draw the last picture again, after a resize or in the foreground again."""
        if self._last:
            self.show(self._last)

    def leave(self) -> None:
        """Give the terminal back until the next picture."""
        self._turn(on=False)

    def _turn(self, *, on: bool) -> None:
        """Switch to the second screen or back, if not there already."""
        if on != self._is_on:
            self._is_on = on
            (self._live.start if on else self._live.stop)()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._turn(on=False)
        if self._last:
            final = replace(self._last, final=True)
            self._console.print(self._drawn(final.lines(self._console.width)))

    def _drawn(self, lines: Iterable[Line]) -> Group:
        from rich.console import Group
        from rich.text import Text

        return Group(
            *(
                Text.assemble(
                    *((printable(text, self._encoding), style) for text, style in line),
                    no_wrap=True,
                    overflow="crop",  # rich's own ellipsis is not in every encoding
                )
                for line in lines
            )
        )
