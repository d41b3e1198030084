"""The terminal: JSON lines, plain lines, or a live screen, all from the same samples.

Rule of the room: layout is pure (`plain_lines`, `Picture`) and its columns never move; only
`TerminalView` and `LiveScreen` write. rich is imported for a live screen only (40 ms).
"""

from __future__ import annotations

import errno
import os
import textwrap
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from datetime import datetime
from types import TracebackType
from typing import TYPE_CHECKING, Self, TextIO
from unicodedata import east_asian_width

from tray_app.core import notes, wording
from tray_app.core.alerts import Level
from tray_app.core.bands import Band
from tray_app.core.events import (
    Alerted,
    DiskFull,
    Eased,
    Event,
    Grown,
    JobEnded,
    Leaking,
    Littered,
    Recovered,
    Sampled,
    Scarce,
    Summarised,
    TargetChanged,
)
from tray_app.core.readings import GIB, ProcessRow, Source
from tray_app.core.sample import Sample
from tray_app.core.values import dataclass, replace
from tray_app.views.record import json_line

if TYPE_CHECKING:
    from rich.console import Group

MIN_WIDTH = 40
MAX_WIDTH = 100  # columns: on a wider screen the eye has too far to go
NOTES_SHOWN = 3
ALL_NOTES_FROM_HEIGHT = 32  # rows of screen; a shorter one has room for the newest note
# The strip of past samples is as high as this at least, so that a calm server looks calm.
STRIP_TOP_BYTES = GIB


class OutputClosed(Exception):
    """The reader of the output has gone (``| head``, a closed terminal): a reason to end well."""


@dataclass(frozen=True, slots=True)
class Marks:
    """The signs of one kind of terminal, each with the space that follows it.

    ``bar`` is the done and the open part of a progress bar; ``strip`` steps from low to high
    (empty: no strip).
    """

    band: dict[Band, str]
    source: dict[Source, str]
    level: dict[Level, str]
    recovered: str
    target: str
    python: str
    bar: tuple[str, str]
    strip: str


EMOJI = Marks(
    band={
        Band.GREEN: "🟢 ",
        Band.YELLOW: "🟡 ",
        Band.ORANGE: "🟠 ",
        Band.RED: "🔴 ",
        Band.UNKNOWN: "⚪ ",
    },
    source={Source.API: "🌐 ", Source.PROCESS: "🔄 ", Source.NONE: ""},
    level={Level.NONE: "", Level.ELEVATED: "⚡ ", Level.HIGH: "⚠️ ", Level.CRITICAL: "🚨 "},
    recovered="✅ ",
    target="🎯 ",
    python="🐍 ",
    bar=("━", "─"),
    strip="▁▂▃▄▅▆▇█",
)
# Bands and sources are also said in words, so that a terminal without emoji loses nothing.
WORDS = Marks(
    band=dict.fromkeys(Band, ""),
    source=dict.fromkeys(Source, ""),
    level={Level.NONE: "", Level.ELEVATED: "! ", Level.HIGH: "!! ", Level.CRITICAL: "!!! "},
    recovered="ok ",
    target="> ",
    python="- ",
    bar=("#", "-"),
    strip="",
)

_ASCII = str.maketrans({"–": "-", "−": "-", "·": "|", "…": "~", "²": "2"})


def marks_for(encoding: str | None) -> Marks:
    """Emoji where the stream can carry them; an unnamed encoding (a test's buffer) can."""
    return EMOJI if _carries("🟢▁━…", encoding) else WORDS


def _carries(text: str, encoding: str | None) -> bool:
    try:
        text.encode(encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def printable(text: str, encoding: str | None) -> str:
    """``text`` as it can be written: no control characters, nothing the encoding lacks.

    Names of processes and a server's error texts are others' words: an escape sequence in
    one must not steer the terminal. The number of characters stays the same.
    """
    text = "".join(char if char.isprintable() else "?" for char in text)
    if _carries(text, encoding):
        return text
    encoding = encoding or "utf-8"
    return text.translate(_ASCII).encode(encoding, "replace").decode(encoding)


def _cells(text: str) -> int:
    """Columns that ``text`` takes. A variation selector counts one: it widens its character."""
    return sum(2 if east_asian_width(char) in "WF" else 1 for char in text)


def _fit(text: str, width: int) -> str:
    """``text`` in exactly ``width`` columns: padded, or cut with an ellipsis."""
    if _cells(text) > width:
        while text and _cells(text) >= width:
            text = text[:-1]
        text += "…"
    return text + " " * (width - _cells(text))


def _clock(sample: Sample) -> str:
    return datetime.fromtimestamp(sample.at.wall_s).strftime("%H:%M:%S")


def _alert_now(sample: Sample, marks: Marks) -> str:
    return "" if sample.alert is Level.NONE else f"{marks.level[sample.alert]}{sample.alert.word}"


def _doing(sample: Sample) -> str:
    known = sample.memory_bytes is not None
    return wording.stage(sample.activity, sample.stage) if known else wording.UNKNOWN


def _source(sample: Sample, marks: Marks) -> str:
    return f"{marks.source[sample.source]}{wording.source(sample)}"


# --- plain lines -------------------------------------------------------------------------


def plain_lines(sample: Sample, marks: Marks = EMOJI, *, details: bool = False) -> list[str]:
    """One line per sample, the words of unforeseen length last; with details, each process."""
    system, temp = sample.system, sample.temp
    used = wording.percent(system.used_percent if system else None)
    free = wording.size(system.available_bytes if system else None)
    size, count = (temp.size_bytes, temp.file_count) if temp else (None, wording.UNKNOWN)
    files = "file" if count == 1 else "files"
    fields = (
        f"{_clock(sample)} {marks.band[sample.band]}{sample.band.value:7}"
        f" {wording.size(sample.memory_bytes):>7} {wording.rate(sample.rate_bytes_s):>10}",
        f"peak {wording.size(sample.peak_bytes):>7}",
        f"CPU {wording.percent(sample.cpu_percent):>5}",
        f"system {used:>5} used {free:>7} free",
        f"temp {wording.size(size):>7} {count:>3} {files:5}",
        f"{_doing(sample):22}",
        _source(sample, marks),
        "" if details else _processes(sample, marks),
        _alert_now(sample, marks),
    )
    lines = ["  ".join(field for field in fields if field)]
    if details:
        lines += [f"{'':9}{text}" for text in _details(sample)]
        lines += [_plain_process(marks.target, row) for row in sample.rows]
        lines += [_plain_process(marks.python, row) for row in sample.others]
    return lines


def _details(sample: Sample) -> Iterator[str]:
    """What is worth a line below the figures: scarce memory, whose it is, who else might be it."""
    scarce = wording.scarce(sample.system)
    if scarce:
        yield f"system: {scarce}"
    if sample.own:
        yield wording.own_memory(sample.own)
    for each in sample.candidates:
        yield f"might be the server, too: {wording.process(each)}, {each.evidence}"


def _processes(sample: Sample, marks: Marks) -> str:
    """The watched process and how many belong to it; how many other Pythons there are."""
    helpers = f" +{len(sample.rows) - 1}" if len(sample.rows) > 1 else ""
    target = sample.target
    watched = f"{marks.target}{target.name} {target.pid}{helpers}" if target else ""
    others = f"{marks.python}{len(sample.others)}" if sample.others else ""
    return "  ".join(part for part in (watched, others) if part)


def _plain_process(mark: str, row: ProcessRow) -> str:
    size, cpu = wording.size(row.rss_bytes), wording.percent(row.cpu_percent)
    return f"{'':9}{mark}{_fit(row.name, 24)} {row.pid:>7}  {size:>7}  CPU {cpu:>6}"


def alert_line(event: Alerted | Recovered, marks: Marks = EMOJI) -> str:
    """What a notification says, on one line with its time."""
    if isinstance(event, Alerted):
        mark, (heading, text) = marks.level[event.level], notes.alert(event)
    else:
        mark, (heading, text) = marks.recovered, notes.recovery(event)
    return f"{_clock(event.sample)} {mark}{heading}. {text}"


def note_line(event: Scarce | Eased | Leaking | Grown | Littered | DiskFull) -> str:
    """What a notification says, on one line with its time."""
    note = notes.note(event)
    return f"{_clock(event.sample)} {note.title}. {note.text}" if note else ""


def job_line(event: JobEnded) -> str:
    """The figures of a job that ended, with the time at which that was seen."""
    return f"{_clock(event.sample)} {wording.job(event.job)}."


def change_line(event: TargetChanged) -> str:
    """What became of the server, with the time at which that was seen."""
    return f"{_clock(event.sample)} {wording.change(event.change)}"


def summary_lines(event: Summarised) -> list[str]:
    """The figures of a measurement that ended."""
    return list(wording.quick_test(event))


# --- the live screen ---------------------------------------------------------------------

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


@dataclass(frozen=True, slots=True)
class Picture:
    """All that a live screen shows. ``past`` is (bytes, band) per sample, oldest first.

    ``duration_s`` None: the run has no set end. ``final``: it is over, nothing can be pressed.
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

        What does not fit is given up in the order: older notes, processes, blank lines.
        """
        width = max(MIN_WIDTH, min(width - 1, MAX_WIDTH))
        short = height is not None and height < ALL_NOTES_FROM_HEIGHT
        # Processes come and go, so they stand where they push nothing around: at the end.
        lines = [
            *self._heading(width),
            *self._figures(width),
            *self._told(width, 1 if short else NOTES_SHOWN),
        ]
        lines += _cut(list(self._processes(width)), None if height is None else height - len(lines))
        if height is not None and len(lines) > height:
            lines = [line for line in lines if line][:height]
        return lines

    def _heading(self, width: int) -> Iterator[Line]:
        name, clock = f" {wording.title(self.demo)}", _clock(self.sample)
        mode = f"  {wording.mode(self.sample)}"
        yield (name, "bold"), (_fit(mode, width - len(name) - len(clock)), "dim"), (clock, "dim")
        yield self._progress(width)
        yield _BLANK

    def _figures(self, width: int) -> Iterator[Line]:
        sample, marks = self.sample, self.marks
        yield (
            (f" {marks.band[sample.band]}", ""),
            (f"{wording.size(sample.memory_bytes):>8}", "bold"),
            (f"  {wording.band(sample.band):10}", _STYLES[sample.band]),
            (f"  {wording.rate(sample.rate_bytes_s):10}  ", ""),
            (_alert_now(sample, marks), "bold"),
        )
        if marks.strip:
            yield self._strip(width - 4)
        yield _BLANK
        yield _row("Peak", wording.size(sample.peak_bytes))
        if self.details:
            own = wording.own_memory(sample.own) if sample.own else wording.UNKNOWN
            yield _row("Own", own)
        yield _row("CPU", wording.percent(sample.cpu_percent))
        yield _row("System", wording.free_of(sample.system))
        yield _row("Temp", wording.size_in_files(sample.temp))
        yield _row("Stage", _doing(sample))
        told = textwrap.wrap(_source(sample, marks), width - _LABEL - 2) or [wording.UNKNOWN]
        yield _row("Source", told[0])
        yield from (_row("", text) for text in told[1:])

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
                told = (" ".join(target.cmdline), f"{target.evidence}, in {target.cwd or '?'}")
                candidates = (
                    f"or {wording.process(each)}, {each.evidence}" for each in sample.candidates
                )
                shown = (*told, *candidates)
                yield from (((f"    {_fit(text, width - 4)}", "dim"),) for text in shown)
            yield from (_process(row, width) for row in sample.rows)
        elif sample.problem:
            yield _BLANK
            yield ((_fit(f" {marks.target}{sample.problem}", width), "dim"),)
        if sample.others:
            yield _BLANK
            yield _columns(f"{marks.python}Other Python", "", "", "", width, "dim")
            yield from (_process(row, width) for row in sample.others)

    def _told(self, width: int, shown: int) -> Iterator[Line]:
        if self.notes:
            yield _BLANK
        for note in self.notes[-shown:]:
            for text in textwrap.wrap(note, width - 2, subsequent_indent=" " * 9):
                yield ((f" {text}", ""),)

    def _progress(self, width: int) -> Line:
        text = wording.progress(self.elapsed_s, self.duration_s, self.sample.number)
        if self.duration_s is None:
            hint = "" if self.final else f" · {wording.HOW_TO_END}"
            return ((f" {text}{hint}", "dim"),)
        room = width - max(28, len(text)) - 3
        done = round(room * min(self.elapsed_s / self.duration_s, 1.0))
        full, empty = self.marks.bar
        return (f" {full * done}", ""), (empty * (room - done), "dim"), (f"  {text}", "")


_LABEL = 9


def _row(label: str, text: str) -> Line:
    return (f" {label:{_LABEL}}", "dim"), (text, "")


def _process(row: ProcessRow, width: int) -> Line:
    size, cpu = wording.size(row.rss_bytes), wording.percent(row.cpu_percent)
    return _columns(f"   {row.name}", str(row.pid), size, cpu, width, "")


def _columns(name: str, pid: str, size: str, cpu: str, width: int, style: str) -> Line:
    name = _fit(name, min(width, 72) - 27)
    return ((f" {name}{pid:>9}{size:>9}{cpu:>8}", style),)


def _cut(lines: list[Line], room: int | None) -> list[Line]:
    if room is None or len(lines) <= room:
        return lines
    if room < 4:  # a blank line, a heading and one process before the dots: less says nothing
        return []
    return [*lines[: room - 1], (("    …", "dim"),)]


class LiveScreen:
    """Pictures on the terminal's second screen; on leaving, the last one is left on the first.

    The second screen, because there a resize cannot leave pieces of old pictures behind.
    """

    def __init__(self, stdout: TextIO) -> None:
        from rich.console import Console
        from rich.live import Live

        self._console = Console(file=stdout, highlight=False)
        self._encoding = stdout.encoding
        self._live = Live(
            console=self._console,
            screen=True,
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._last: Picture | None = None

    @property
    def usable(self) -> bool:
        """Whether the terminal can be drawn on (``TERM=dumb`` cannot)."""
        return self._console.is_terminal and not self._console.is_dumb_terminal

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def show(self, picture: Picture) -> None:
        """Draw in the place of the last picture."""
        width, height = self._console.size
        self._last = picture
        self._live.update(self._drawn(picture.lines(width, height)), refresh=True)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._live.stop()
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


# --- the view ----------------------------------------------------------------------------


class TerminalView:
    """What the app hands events to when it runs in a terminal.

    JSON: objects on ``stdout``, other events on ``stderr``. Else all on ``stdout``: as a
    live screen if ``live`` (and the terminal can), else as plain lines. ``duration_s`` is the
    run's set length, ``details`` adds the processes to plain lines and their origin to the
    screen. Not thread-safe: one thread hands over all events.
    """

    def __init__(
        self,
        stdout: TextIO,
        stderr: TextIO,
        *,
        json: bool,
        live: bool,
        duration_s: float | None,
        details: bool,
        demo: bool = False,
    ) -> None:
        self._stdout, self._stderr = stdout, stderr
        self._json = json
        self._duration_s, self._details, self._demo = duration_s, details, demo
        self._marks = marks_for((stderr if json else stdout).encoding)
        screen = LiveScreen(stdout) if live and not json else None
        self._screen = screen if screen and screen.usable else None
        self._picture: Picture | None = None
        self._past: deque[tuple[int | None, Band]] = deque(maxlen=MAX_WIDTH)
        self._notes: deque[str] = deque(maxlen=NOTES_SHOWN)
        self._started_s: float | None = None
        self._summary: list[str] = []
        self._open = ExitStack()

    def handle(self, event: Event) -> None:
        """Show one event.

        :raises OutputClosed: nobody reads the output any more
        """
        match event:
            case Sampled(sample):
                self._sampled(sample)
            case Alerted() | Recovered():
                self._say(alert_line(event, self._marks))
            case Scarce() | Eased() | Leaking() | Grown() | Littered() | DiskFull():
                self._say(note_line(event))
            case JobEnded():
                self._say(job_line(event))
            case TargetChanged():
                self._say(change_line(event))
            case Summarised(summary) if self._picture and event.ends_run:
                self._summary = ["", *summary_lines(event)]
                self._draw(replace(self._picture, elapsed_s=summary.elapsed_s))
            case Summarised():
                self._say(*summary_lines(event))
            case _:
                pass

    def close(self) -> None:
        """Give the terminal back, with the last picture and the summary on it.

        Raises nothing when the output is gone; a second call does nothing.
        """
        with suppress(OutputClosed, OSError):
            self._open.close()
            self._print(self._stdout, self._summary)
        self._summary = []

    def _sampled(self, sample: Sample) -> None:
        if self._json:
            ascii_only = not _carries("\U0010ffff", self._stdout.encoding)
            self._write(self._stdout, json_line(sample, ascii_only=ascii_only) + "\n")
        elif not self._screen:
            self._print(self._stdout, plain_lines(sample, self._marks, details=self._details))
        else:
            if self._started_s is None:
                self._started_s = sample.at.mono_s
            self._past.append((sample.memory_bytes, sample.band))
            self._draw(
                Picture(
                    sample,
                    past=tuple(self._past),
                    notes=tuple(self._notes),
                    elapsed_s=sample.at.mono_s - self._started_s,
                    duration_s=self._duration_s,
                    details=self._details,
                    demo=self._demo,
                    marks=self._marks,
                )
            )

    def _say(self, *lines: str) -> None:
        """Lines of their own; on the live screen among the notes."""
        if not self._screen:
            self._print(self._stderr if self._json else self._stdout, lines)
            return
        self._notes.append(" ".join(lines))
        if self._picture:
            self._draw(replace(self._picture, notes=tuple(self._notes)))

    def _draw(self, picture: Picture) -> None:
        assert self._screen
        try:
            if self._picture is None:
                self._open.enter_context(self._screen)
            self._picture = picture
            self._screen.show(picture)
        except OSError:  # a terminal does not fail in another way than by going away
            raise self._gone() from None

    def _print(self, stream: TextIO, lines: Iterable[str]) -> None:
        self._write(stream, "".join(f"{printable(line, stream.encoding)}\n" for line in lines))

    def _write(self, stream: TextIO, text: str) -> None:
        try:
            stream.write(text)
            stream.flush()
        except OSError as error:
            # Windows reports a pipe without a reader as EINVAL.
            if error.errno not in (errno.EPIPE, errno.EINVAL):
                raise
            if stream is self._stdout:
                raise self._gone() from None

    def _gone(self) -> OutputClosed:
        """Let what is still to be written go nowhere, or Python complains about it at exit."""
        with suppress(OSError):
            stdout = self._stdout.fileno()
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stdout)
            os.close(nowhere)
        return OutputClosed()
