"""The terminal: who writes what where."""

from __future__ import annotations

import errno
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.core.fleet.made import sample, state
from tests.views.terminal.shown import ALERT, BUSY, CALM, END, STORY, Terminal, recent_of, view
from tests.waiting import AMPLE_S
from tray_app.core.alerts.levels import LevelReached
from tray_app.core.alerts.limits import Level
from tray_app.core.config.settings import Settings
from tray_app.core.model.readings import (
    ProcessRow,
    Role,
)
from tray_app.core.monitor.events import (
    Alert,
    Event,
    Sampled,
)
from tray_app.core.monitor.inputs import StoryBeganAgain
from tray_app.core.monitor.state import begin
from tray_app.core.monitor.step import step
from tray_app.core.presentation.notifications import Urgency, note
from tray_app.views.terminal.lines import (
    WORDS,
    alert_line,
    cells,
    plain_lines,
    summary_lines,
)
from tray_app.views.terminal.screen import WHOLE_EVERY
from tray_app.views.terminal.view import OutputClosed, OutputFailed, line_width

REPOSITORY = Path(__file__).parents[3]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    # Windows' own console is asked what it can do, although nothing is written to it.
    monkeypatch.setattr("rich.console.detect_legacy_windows", lambda: False)
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LINES", "24")
    return Terminal()


def test_json_is_alone_on_standard_output() -> None:
    """One object per sample there, then the summary's; as text alerts and summary go to standard
    error."""
    out, err = io.StringIO(), io.StringIO()
    shown = view(out, err, json=True)
    for event in STORY:
        shown.handle(event)
    shown.close()
    *samples, last = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [each["band"] for each in samples] == ["green", "red"]
    assert list(last) == ["server", "summary"]
    alert, *summary = err.getvalue().splitlines()
    assert "High: 2.15 GB" in alert
    assert summary == summary_lines(END)


def test_plain_output_is_all_on_standard_output_in_order() -> None:
    """Samples, alerts and the summary, as they happened."""
    out, err = io.StringIO(), io.StringIO()
    shown = view(out, err)
    for event in STORY:
        shown.handle(event)
    shown.close()
    expected = [*plain_lines(CALM), *plain_lines(BUSY), alert_line(ALERT), *summary_lines(END)]
    assert out.getvalue().splitlines() == expected
    assert err.getvalue() == ""


def test_each_line_names_its_server_among_several() -> None:
    """Samples in columns that stand below each other; alerts, jobs and the summary before their
    text."""
    out = io.StringIO()
    shown = view(out)
    shown.learn("desk", state(300))
    shown.learn("gpu-1", state(300))
    shown.handle(Sampled(CALM), "desk")
    shown.handle(Sampled(BUSY), "gpu-1")
    shown.handle(ALERT, "gpu-1")
    shown.handle(END, "gpu-1")
    shown.close()
    calm, busy, alert, *summary = out.getvalue().splitlines()
    assert calm[8:] == plain_lines(CALM, server="desk ")[0][8:]
    assert busy[8:].startswith(" gpu-1  🔴 high")
    assert " gpu-1: High: 2.15 GB" in alert
    assert summary[0].startswith("gpu-1: Summary: peak 2.15 GB · 30 s watched, 2 samples")


def test_json_names_its_server() -> None:
    """In the first key of each object, and in the lines beside them."""
    out, err = io.StringIO(), io.StringIO()
    shown = view(out, err, json=True)
    for name in ("desk", "gpu-1"):
        shown.learn(name, state(300))
    for event in STORY:
        shown.handle(event, "gpu-1")
    told = [json.loads(line) for line in out.getvalue().splitlines()]
    assert [(next(iter(each)), each["server"]) for each in told] == [("server", "gpu-1")] * 3
    assert " gpu-1: High: " in err.getvalue()


def test_a_name_of_any_script_is_written_in_json(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the output's encoding lacks it."""
    buffer = io.BytesIO()
    shown = view(io.TextIOWrapper(buffer, encoding="ascii"), json=True)
    shown.handle(Sampled(CALM), "büro")
    shown.handle(END, "büro")
    told = [json.loads(line) for line in buffer.getvalue().decode("ascii").splitlines()]
    assert [each["server"] for each in told] == ["büro", "büro"]


def test_several_servers_are_a_table_on_the_live_screen(terminal: Terminal) -> None:
    """A row for each that is watched; the summaries stand below the last picture."""
    shown = view(terminal, live=True)
    for name, mb in (("desk", 300), ("gpu-1", 3100)):
        shown.learn(name, state(mb))
        shown.handle(Sampled(sample(mb)), name)
    shown.handle(ALERT, "gpu-1")
    before = terminal.getvalue()
    assert before.index("desk") < before.index("gpu-1: High: 2.15 GB")
    shown.learn("lab", state(300))
    shown.forget("desk")
    shown.handle(END, "gpu-1")
    shown.close()
    last = terminal.getvalue()[len(before) :].rpartition("\x1b[?1049l")[2]
    assert "gpu-1" in last
    assert "desk" not in last
    assert last.index("3.03 GB") < last.index("gpu-1: Summary: peak 2.15 GB")


def test_the_screen_of_one_server_becomes_a_table_and_back(terminal: Terminal) -> None:
    """As servers join the list and leave it."""
    shown = view(terminal, live=True)

    def drawn(event: Event, server: str) -> str:
        before = len(terminal.getvalue())
        shown.handle(event, server)
        return terminal.getvalue()[before:]

    shown.learn("desk", state(300))
    assert "Machine" in drawn(Sampled(CALM), "desk")
    shown.learn("gpu-1", state(3100))
    both = drawn(Sampled(sample(3100)), "gpu-1")
    assert "2 servers: 1 red, 1 green" in both
    assert "gpu-1: High" in drawn(ALERT, "gpu-1")
    shown.forget("gpu-1")
    assert "Machine" in drawn(Sampled(CALM), "desk")


def test_summaries_stand_in_the_order_of_the_settings(terminal: Terminal) -> None:
    """Whichever server ends first."""
    shown = view(terminal, live=True)
    for name in ("desk", "gpu-1"):
        shown.learn(name, state(300))
        shown.handle(Sampled(sample(300)), name)
    for name in ("gpu-1", "desk"):
        shown.handle(END, name)
    shown.close()
    last = terminal.getvalue()
    assert last.index("desk: Summary: ") < last.index("gpu-1: Summary: ")


@pytest.mark.parametrize("as_json", [True, False])
def test_every_sample_is_flushed(as_json: bool) -> None:
    """A reader at the other end of a pipe sees a sample when it is made."""
    buffer = io.BytesIO()
    out = io.TextIOWrapper(io.BufferedWriter(buffer, 1 << 20), encoding="utf-8")
    shown = view(out, json=as_json)
    for count in (1, 2):
        shown.handle(Sampled(CALM))
        assert buffer.getvalue().count(b"\n") == count


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
@pytest.mark.parametrize("mode", ["json", "plain", "live"])
def test_no_encoding_makes_the_view_fail(
    encoding: str, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names beyond the terminal's encoding are written as far as it can."""
    monkeypatch.setenv("TERM", "xterm")
    buffer = io.BytesIO()
    out = io.TextIOWrapper(buffer, encoding=encoding)
    monkeypatch.setattr(out, "isatty", lambda: True)
    shown = view(out, out, json=mode == "json", live=mode == "live", duration_s=30.0, details=True)
    odd = replace(BUSY, rows=(ProcessRow(1, "日本-−·é", Role.TARGET, 1, None),), temp=None)
    for event in (*STORY[:2], Sampled(odd), *STORY[2:]):
        shown.handle(event)
    shown.close()
    assert b"2.15 GB" in buffer.getvalue()


def test_the_live_screen_leaves_its_last_picture_and_the_summary(terminal: Terminal) -> None:
    """The run plays on the second screen; the first gets it back with the end of the story."""
    shown = view(terminal, live=True, duration_s=30.0)
    for event in STORY:
        shown.handle(event)
    assert "Summary" not in terminal.getvalue()
    shown.close()
    entered, _, rest = terminal.getvalue().partition("\x1b[?1049h")
    played, _, left = rest.partition("\x1b[?1049l")
    assert entered == ""
    assert "126 MB" in played
    assert "\x1b[?25h" in played + left  # the cursor is back
    assert left.count("RunAnalyze") == 1
    assert "30 s of 30 s" in left
    assert left.index("High: 2.15 GB") < left.index("Summary: peak 2.15 GB")
    before = terminal.getvalue()
    shown.close()
    assert terminal.getvalue() == before


def test_the_elapsed_time_counts_from_the_first_sample(terminal: Terminal) -> None:
    """The bar runs on the samples' own clock."""
    shown = view(terminal, live=True, duration_s=30.0)
    for event in STORY[:2]:
        shown.handle(event)
    shown.close()
    assert "10 s of 30 s" in terminal.getvalue().rpartition("\x1b[?1049l")[2]


def test_only_lines_that_differ_are_written(terminal: Terminal) -> None:
    """So nothing flickers, and a terminal far away has little to read."""
    shown = view(terminal, live=True)
    shown.handle(Sampled(BUSY))
    before = len(terminal.getvalue())
    shown.handle(Sampled(replace(BUSY, cpu_percent=77.0)))
    written = terminal.getvalue()[before:]
    assert "77 %" in written
    assert "Machine" not in written
    before = len(terminal.getvalue())
    shown.handle(Sampled(replace(BUSY, cpu_percent=77.0)))
    assert terminal.getvalue()[before:] == ""
    shown.redraw()
    assert "Machine" in terminal.getvalue()[before:]


def test_no_line_runs_into_the_next(terminal: Terminal, monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal narrower than the texts cuts them at its edge."""
    monkeypatch.setenv("COLUMNS", "30")
    shown = view(terminal, live=True)
    shown.handle(Sampled(BUSY))
    assert "\n" not in terminal.getvalue()
    shown.close()
    left = terminal.getvalue().rpartition("\x1b[?1049l")[2]
    plain = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", left)
    assert 25 < max(map(cells, plain.splitlines())) <= 30


def test_what_another_program_wrote_on_the_screen_goes_away(terminal: Terminal) -> None:
    """Some pictures are written whole, without an empty screen in between."""
    shown = view(terminal, live=True)
    shown.handle(Sampled(BUSY))
    before = len(terminal.getvalue())
    for _ in range(WHOLE_EVERY):
        shown.handle(Sampled(BUSY))
    written = terminal.getvalue()[before:]
    assert written.count("Machine") == 1
    assert "\x1b[2J" not in written


def test_the_live_screen_has_a_chart_of_what_it_learnt(terminal: Terminal) -> None:
    """With the limits as lines."""
    shown = view(terminal, live=True)
    course = recent_of(*range(1400, 1450), until_s=BUSY.at.mono_s).course
    begun = begin(Settings(), Settings(), CALM.at, local=True)
    shown.learn("desk", replace(begun, course=course))
    shown.handle(Sampled(BUSY), "desk")
    assert "1.46 GB┤" in terminal.getvalue()
    assert " raised" in terminal.getvalue()


def test_only_the_last_few_alerts_stay_on_the_screen(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of many alerts the newest three are shown."""
    monkeypatch.setenv("LINES", "50")
    shown = view(terminal, live=True)
    shown.handle(Sampled(BUSY))
    for limit in (1001.0, 1002.0, 1003.0, 1004.0):
        shown.handle(Alert(LevelReached(Level.HIGH, limit), BUSY))
    shown.close()
    left = terminal.getvalue().rpartition("\x1b[?1049l")[2]
    assert [limit for limit in (1001, 1002, 1003, 1004) if f"Above {limit} MB" in left] == [
        1002,
        1003,
        1004,
    ]


@pytest.mark.usefixtures("terminal")
def test_no_color_is_obeyed(monkeypatch: pytest.MonkeyPatch) -> None:
    """With NO_COLOR set the screen has no colours; without it the band has one."""

    def coloured() -> bool:
        stream = Terminal()
        shown = view(stream, live=True)
        shown.handle(Sampled(BUSY))
        shown.close()
        return "\x1b[31m" in stream.getvalue()

    assert coloured()
    monkeypatch.setenv("NO_COLOR", "1")
    assert not coloured()


@pytest.mark.parametrize("term", ["dumb", "unknown"])
def test_a_terminal_that_cannot_be_drawn_on_gets_plain_lines(
    terminal: Terminal, term: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``TERM=dumb`` has no cursor to move and no emoji; no line wraps at 80 columns."""
    monkeypatch.setenv("TERM", term)
    shown = view(terminal, live=True, details=True)
    shown.handle(Sampled(BUSY))
    shown.handle(ALERT)
    shown.close()
    lines = terminal.getvalue().splitlines()
    samples = plain_lines(BUSY, WORDS, details=True, width=79)
    assert lines[: len(samples)] == samples
    assert len(lines) > len(samples) + 1
    assert max(map(cells, lines)) < 80


@pytest.mark.parametrize(
    ("columns", "width"), [((120, 40), 100), ((90, 40), 89), ((20, 40), 40), (None, 79)]
)
def test_a_line_fits_the_terminal(
    columns: tuple[int, int] | None, width: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Up to 100 columns; a pipe or a file gets 100."""
    monkeypatch.setattr("tray_app.views.terminal.view.terminal_size", lambda _: columns)
    assert line_width(Terminal()) == width
    assert line_width(io.StringIO()) == 100


def test_a_demo_says_when_it_begins_again(terminal: Terminal) -> None:
    """A line with its time, among the samples."""
    begun = begin(Settings(), Settings(), CALM.at, local=True, demo=True)
    _, events = step(begun, StoryBeganAgain(), CALM.at)
    shown = view(terminal)
    shown.handle(events[0])
    assert "The demo starts again. It repeats every minute until you quit." in terminal.getvalue()
    sent = note(events[0])
    assert sent is not None
    assert (sent.title, sent.urgency) == ("The demo starts again", Urgency.LOW)


def test_a_demo_says_so(terminal: Terminal) -> None:
    """The live screen's title marks the demo."""
    shown = view(terminal, live=True, demo=True)
    shown.handle(Sampled(BUSY))
    shown.close()
    assert "RunAnalyze (demo)" in terminal.getvalue()


def test_closing_before_the_first_sample_writes_nothing(terminal: Terminal) -> None:
    """The second screen is entered with the first picture only."""
    view(terminal, live=True).close()
    assert terminal.getvalue() == ""


class Failing(io.StringIO):
    """A stream whose reader has gone, or whose disk is full, as ``number`` says."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number

    def flush(self) -> None:
        raise OSError(self.number, os.strerror(self.number))


@pytest.mark.parametrize("number", [errno.EPIPE, errno.EINVAL])
@pytest.mark.parametrize("as_json", [True, False])
def test_output_that_nobody_reads_ends_the_run(number: int, as_json: bool) -> None:
    """A closed pipe (Windows: an invalid argument) is OutputClosed; closing is then quiet."""
    shown = view(Failing(number), json=as_json)
    with pytest.raises(OutputClosed):
        shown.handle(Sampled(CALM))
    shown.close()


def test_a_full_disk_is_not_taken_for_a_reader_that_left() -> None:
    """Any other failure to write is told."""
    with pytest.raises(OutputFailed, match="no space left"):
        view(Failing(errno.ENOSPC)).handle(Sampled(CALM))


def test_json_goes_on_when_only_standard_error_is_closed() -> None:
    """The program that reads the samples has not asked for the alerts."""
    out = io.StringIO()
    shown = view(out, Failing(errno.EPIPE), json=True)
    for event in (ALERT, Sampled(CALM)):
        shown.handle(event)
    assert out.getvalue().count("\n") == 1


def test_a_terminal_that_was_closed_ends_the_run(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    """EIO is what a write to a terminal brings whose window is gone."""
    shown = view(terminal, live=True)
    shown.handle(Sampled(CALM))

    def gone(text: str) -> int:
        raise OSError(errno.EIO, text[:0])

    monkeypatch.setattr(terminal, "write", gone)
    with pytest.raises(OutputClosed):
        shown.handle(Sampled(BUSY))
    shown.close()


BUFFERED = {key: value for key, value in os.environ.items() if key != "PYTHONUNBUFFERED"}


def run(script: str, read: Callable[[subprocess.Popen[bytes]], None]) -> tuple[int, bytes]:
    with subprocess.Popen(
        [sys.executable, "-c", script],
        cwd=REPOSITORY,
        env=BUFFERED,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdout
        assert process.stderr
        read(process)
        process.stdout.close()
        return process.wait(AMPLE_S), process.stderr.read()


def test_a_pipe_into_head_ends_without_a_word() -> None:
    """When the reader leaves, the program ends with status 0 and nothing on stderr."""
    script = """
import sys
from tray_app.core.monitor.events import Sampled
from tray_app.core.source_choice.circuit_breaker import ApiCondition, ApiState
from tray_app.core.model.presets import Mode
from tray_app.core.model.readings import Now, Source
from tray_app.core.monitor.sample import Sample
from tray_app.views.terminal.view import OutputClosed, TerminalView
view = TerminalView(
    sys.stdout, sys.stderr, json=True, live=False, duration_s=None, details=False
)
sample = Sample(1, Now(0.0, 0.0), Mode.AUTO, Source.NONE, ApiCondition(ApiState.OK))
try:
    while True:
        view.handle(Sampled(sample))
except OutputClosed:
    view.close()
"""

    def one_line(process: subprocess.Popen[bytes]) -> None:
        assert process.stdout
        assert process.stdout.readline().startswith(b"{")

    assert run(script, one_line) == (0, b"")


def test_rich_is_not_imported_for_plain_output() -> None:
    """Only the live screen pays for it."""
    script = "import sys, tray_app.views.terminal.view; sys.exit('rich' in sys.modules)"
    assert run(script, lambda _: None) == (0, b"")
