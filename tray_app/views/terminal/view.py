"""The terminal: JSON lines, plain lines, or a live screen, all from the same samples; of one server
or of several."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from typing import TYPE_CHECKING, TextIO

from msgspec.structs import replace

from tray_app.core.alerts.server_exit import ServerExit, ServerReturn, WorkerReplacement
from tray_app.core.fleet.overview import Fleet, Member
from tray_app.core.monitor.events import (
    Alert,
    DemoRepeats,
    Event,
    JobEnded,
    Sampled,
    Summarised,
    TargetChanged,
)
from tray_app.core.monitor.sample import Sample
from tray_app.core.monitor.state import alert_limits
from tray_app.views.terminal.chart import Recent
from tray_app.views.terminal.json_record import json_line, summary_line
from tray_app.views.terminal.lines import (
    INDENT,
    MAX_WIDTH,
    NAME_PART,
    NAME_WIDTH_MAX,
    alert_line,
    carries,
    cells,
    change_line,
    fit,
    job_line,
    marks_for,
    plain_lines,
    printable,
    repeat_line,
    summary_lines,
    wrap,
)
from tray_app.views.terminal.streams import (
    OutputClosed,
    OutputFailed,
    shows_emoji,
    silence,
    terminal_size,
    write,
)

if TYPE_CHECKING:
    from tray_app.core.monitor.state import State
    from tray_app.views.terminal.fleet_screen import FleetContent
    from tray_app.views.terminal.screen import LiveScreen, ScreenContent


NOTES_KEPT = 8
SUMMARY_INDENT = "  "
MIN_WIDTH = 40
USUAL_COLUMNS = 80
"""Columns of a terminal that does not report them."""


class TerminalView:
    """Shows events in a terminal.

    JSON: objects on ``stdout``, other events on ``stderr``. Else all on ``stdout``: as a live
    screen if ``live`` (and the terminal can), else as plain lines. ``duration_s`` is the run's set
    length, ``details`` adds the processes to plain lines and their origin to the screen.
    While it knows several servers, lines name theirs, and the screen is a table. Not thread-safe:
    one thread hands over all events.
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
        self._states: dict[str, State] = {}
        shown = stderr if json else stdout
        self._marks = marks_for(shown.encoding, has_emoji=shows_emoji(shown, os.environ))
        self._screen = _live_screen(stdout) if live and not json else None
        self._picture: ScreenContent | FleetContent | None = None
        self._notes: deque[str] = deque(maxlen=NOTES_KEPT)
        self._started_s: float | None = None
        self._elapsed_s = 0.0
        self._changed_in: dict[str, int] = {}
        self._summaries: dict[str, list[str]] = {}
        self._open = ExitStack()

    @property
    def _several(self) -> bool:
        return len(self._states) > 1

    def learn(self, server: str, state: State) -> None:
        """Take the newest state of a server, before the events that belong to it."""
        self._states[server] = state

    def forget(self, server: str) -> None:
        """This server is no longer watched. :raises OutputClosed: the reader is gone"""
        self._states.pop(server, None)
        if self._picture and self._several:
            self._draw(self._fleet_content())

    def handle(self, event: Event, server: str = "") -> None:
        """Show one event, of the server with this name.

        :raises OutputClosed: the reader is gone
        :raises OutputFailed: it cannot be written
        """
        named = server if self._several else ""
        match event:
            case Sampled(sample):
                self._sampled(sample, server)
            case Alert(ServerExit() | ServerReturn() | WorkerReplacement()) if (
                event.sample.number == self._changed_in.get(server)
            ):
                pass  # the change was shown
            case Alert():
                self._say(alert_line(event, self._marks, named))
            case JobEnded():
                self._say(job_line(event, named))
            case TargetChanged():
                self._changed_in[server] = event.sample.number
                self._say(change_line(event, named))
            case DemoRepeats():
                self._say(repeat_line(event))
            case Summarised(summary) if self._picture and event.ends_run:
                self._summaries[server] = summary_lines(event, named)
                self._draw(replace(self._picture, elapsed_s=summary.elapsed_s))
            case Summarised(summary):
                if self._json:
                    self._write_json(partial(summary_line, summary, server))
                self._say(*summary_lines(event, named))
            case _:
                pass

    def close(self) -> None:
        """Give the terminal back, with the last picture and the summary on it.

        Raises nothing when the output is gone; a second call does nothing.
        """
        with suppress(OutputClosed, OutputFailed, OSError):
            self._open.close()
            self._print(self._stdout, self._last_lines())
        self._summaries = {}

    def _last_lines(self) -> list[str]:
        """The summaries below the last picture, in the order of the settings."""
        width = line_width(self._stdout)
        ordered = dict.fromkeys((*self._states, *self._summaries))
        lines = [line for name in ordered for line in self._summaries.get(name, ())]
        parts = [part for line in lines for part in wrap(line, width, SUMMARY_INDENT)]
        return ["", *parts] if parts else []

    def _sampled(self, sample: Sample, server: str) -> None:
        if self._json:
            self._write_json(partial(json_line, sample, server))
        elif not self._screen:
            self._print(self._stdout, self._lines(sample, server))
        else:
            if self._started_s is None:
                self._started_s = sample.at.mono_s
            self._elapsed_s = max(self._elapsed_s, sample.at.mono_s - self._started_s)
            several = self._several
            self._draw(self._fleet_content() if several else self._content(sample, server))

    def _content(self, sample: Sample, server: str) -> ScreenContent:
        from tray_app.views.terminal.screen import ScreenContent

        state = self._states.get(server)
        recent = None
        if state is not None:
            recent = Recent(state.course, alert_limits(state), state.settings.bands)
        return ScreenContent(
            sample,
            recent=recent,
            notes=tuple(self._notes),
            elapsed_s=self._elapsed_s,
            duration_s=self._duration_s,
            details=self._details,
            demo=self._demo,
            marks=self._marks,
        )

    def _fleet_content(self) -> FleetContent:
        from tray_app.views.terminal.fleet_screen import FleetContent

        return FleetContent(
            Fleet(tuple(Member(name, state) for name, state in self._states.items())),
            notes=tuple(self._notes),
            elapsed_s=self._elapsed_s,
            duration_s=self._duration_s,
            details=self._details,
            marks=self._marks,
        )

    def _lines(self, sample: Sample, server: str) -> list[str]:
        width = line_width(self._stdout)
        name = ""
        if self._several:
            longest = max(map(cells, (server, *self._states)))
            name = fit(server, min(longest, NAME_WIDTH_MAX, width // NAME_PART))
        return plain_lines(sample, self._marks, details=self._details, width=width, server=name)

    def _write_json(self, line: Callable[..., str]) -> None:
        text = line()
        if not carries(text, self._stdout.encoding):
            text = line(ascii_only=True)
        self._write(self._stdout, f"{text}\n")

    def _say(self, *lines: str) -> None:
        """Lines of their own; on the live screen among the notes."""
        if not self._screen:
            stream = self._stderr if self._json else self._stdout
            width = line_width(stream)
            self._print(stream, [part for line in lines for part in wrap(line, width, INDENT)])
            return
        self._notes.append(" ".join(lines))
        if self._picture:
            self._draw(replace(self._picture, notes=tuple(self._notes)))

    def _draw(self, picture: ScreenContent | FleetContent) -> None:
        assert self._screen
        with self._terminal():
            if self._picture is None:
                self._open.enter_context(self._screen)
            self._picture = picture
            self._screen.show(picture)

    @contextmanager
    def _terminal(self) -> Iterator[None]:
        try:
            yield
        except OSError:  # a terminal fails only by going away
            silence(self._stdout)
            raise OutputClosed from None

    def leave(self) -> None:
        """Give the terminal back for a while (Ctrl-Z), until `redraw`. :raises OutputClosed:"""
        if self._screen and self._picture:
            with self._terminal():
                self._screen.leave()

    def redraw(self) -> None:
        """Draw the live screen again. :raises OutputClosed: the reader is gone"""
        if self._screen and self._picture:
            with self._terminal():
                self._screen.redraw()

    def _print(self, stream: TextIO, lines: Iterable[str]) -> None:
        self._write(stream, "".join(f"{printable(line, stream.encoding)}\n" for line in lines))

    def _write(self, stream: TextIO, text: str) -> None:
        try:
            write(stream, text)
        except (OutputClosed, OutputFailed):
            if stream is self._stdout:  # lines beside the JSON may be lost
                raise


def line_width(stream: TextIO) -> int:
    """How wide a line may be here: 100 columns, or less than a narrower terminal has."""
    if not stream.isatty():
        return MAX_WIDTH
    size = terminal_size(stream)
    return max(MIN_WIDTH, min(MAX_WIDTH, (size[0] if size else USUAL_COLUMNS) - 1))


def _live_screen(stdout: TextIO) -> LiveScreen | None:
    """The live screen, if the terminal supports it; plain lines and JSON never load it."""
    from tray_app.views.terminal.screen import LiveScreen

    screen = LiveScreen(stdout)
    return screen if screen.usable else None
