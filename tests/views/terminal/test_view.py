"""The terminal: plain lines, the live screen, and who writes what where."""

from __future__ import annotations

import errno
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tray_app.core.alerts.forecast import Forecast, ForecastKind
from tray_app.core.alerts.job_leak import Leak
from tray_app.core.alerts.levels import ForecastWithdrawn, LevelReached, Recovered
from tray_app.core.alerts.limits import Level
from tray_app.core.analysis.activity import Activity
from tray_app.core.analysis.bands import Band
from tray_app.core.analysis.jobs import Figure, Job
from tray_app.core.analysis.measurement import Summary
from tray_app.core.analysis.stage import Stage
from tray_app.core.model.api_failure import ApiFailureKind, ApiProblem
from tray_app.core.model.presets import Mode
from tray_app.core.model.process_finding import (
    Evidence,
    EvidenceKind,
    ProcessProblem,
    ProcessProblemKind,
)
from tray_app.core.model.readings import (
    GIB,
    MIB,
    Now,
    ProcessRow,
    Role,
    Source,
    SystemMemory,
    Target,
    TempUsage,
    UssPss,
)
from tray_app.core.monitor.events import (
    Alert,
    Ended,
    Event,
    JobEnded,
    Sampled,
    Summarised,
    TargetChanged,
)
from tray_app.core.monitor.sample import Sample
from tray_app.core.server.target_tracker import Change, Transition
from tray_app.core.source_choice.circuit_breaker import ApiCondition, ApiState
from tray_app.core.source_choice.selection import Why
from tray_app.views.terminal.lines import (
    EMOJI,
    WORDS,
    alert_line,
    alert_now,
    cells,
    change_line,
    job_line,
    marks_for,
    plain_lines,
    printable,
    summary_lines,
    wrap,
)
from tray_app.views.terminal.screen import Line, ScreenContent
from tray_app.views.terminal.view import OutputClosed, OutputFailed, TerminalView

REPOSITORY = Path(__file__).parents[3]
CALM = Sample(
    number=1,
    at=Now(100.0, 1_795_000_000.0),
    mode=Mode.AUTO,
    source=Source.API,
    api=ApiCondition(ApiState.OK, age_s=0.0, latency_s=0.004),
    age_s=0.0,
    memory_bytes=126 * MIB,
    band=Band.GREEN,
    peak_bytes=130 * MIB,
    rate_bytes_s=0.0,
    cpu_percent=2.0,
    system=SystemMemory(24 * GIB, 12 * GIB, 50.0),
    temp=TempUsage(18 * MIB, 1, 99.0),
)
BUSY = replace(
    CALM,
    number=2,
    at=Now(110.0, 1_795_000_010.0),
    source=Source.PROCESS,
    api=ApiCondition(
        ApiState.SILENT, 12.0, 0.004, ApiProblem(ApiFailureKind.NO_ANSWER, waited_s=12.0)
    ),
    why=Why.API_AWAY,
    fallback=True,
    memory_bytes=2200 * MIB,
    band=Band.RED,
    peak_bytes=2200 * MIB,
    rate_bytes_s=120.0 * MIB,
    cpu_percent=182.0,
    temp=TempUsage(180 * MIB, 12, 109.0),
    activity=Activity.PROCESSING,
    stage=Stage("frames", inferred=True),
    alert=Level.HIGH,
    target=Target(
        42,
        1.0,
        "uvicorn",
        ("uvicorn", "main:app"),
        "/srv/run",
        Evidence(EvidenceKind.LISTENS, 8000),
    ),
    rows=(
        ProcessRow(42, "uvicorn", Role.TARGET, 2100 * MIB, 98.0),
        ProcessRow(43, "ffmpeg", Role.CHILD, 100 * MIB, None),
    ),
    others=(ProcessRow(7, "jupyter-lab", Role.PYTHON, 210 * MIB, 0.0),),
)
BLIND = Sample(
    number=1,
    at=Now(100.0, 1_795_000_000.0),
    mode=Mode.AUTO,
    source=Source.NONE,
    api=ApiCondition(ApiState.UNREACHABLE, problem=ApiProblem(ApiFailureKind.REFUSED)),
    why=Why.NO_PROCESS,
    problem=ProcessProblem(ProcessProblemKind.NOT_FOUND, port=8000),
)
ALERT = Alert(LevelReached(Level.HIGH, 2000.0), BUSY)
RECOVERY = Alert(Recovered(Level.HIGH, 2200 * MIB), CALM)
END = Summarised(Summary(30.0, 2, 2200 * MIB, 1163.0 * MIB, None), ends_run=True)
STORY: tuple[Event, ...] = (Sampled(CALM), Sampled(BUSY), ALERT, END, Ended())


def texts(lines: list[Line]) -> list[str]:
    return ["".join(text for text, _ in line) for line in lines]


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "COLORTERM"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LINES", "24")
    return Terminal()


def view(
    stdout: io.TextIOBase,
    stderr: io.TextIOBase | None = None,
    *,
    json: bool = False,
    live: bool = False,
    duration_s: float | None = None,
    details: bool = False,
    demo: bool = False,
) -> TerminalView:
    return TerminalView(
        stdout,  # type: ignore[arg-type]
        stderr or io.StringIO(),  # type: ignore[arg-type]
        json=json,
        live=live,
        duration_s=duration_s,
        details=details,
        demo=demo,
    )


# --- plain lines


def test_a_plain_line_tells_everything_about_a_sample() -> None:
    """Band, memory, rate, peak, CPU, system, temp, stage, source and alert stand on one line."""
    (line,) = plain_lines(BUSY)
    wanted = (
        "🔴 high",
        "2.15 GB",
        "+120 MB/s",
        "peak 2.15 GB",
        "CPU 182 %",
        "system  50 % used 12.0 GB free",
        "temp  180 MB  12 files",
        "processing: frames?",
        "🔄 Process (2 processes) · API busy, no answer for 12 s",
    )
    assert [part for part in wanted if part not in line] == []


def test_plain_columns_stand_below_each_other() -> None:
    """Every field up to the source starts in the same column, whatever its value."""
    lines = [plain_lines(sample)[0] for sample in (CALM, BUSY, BLIND)]
    for label in ("peak ", "CPU ", "system ", "temp "):
        assert len({line.index(label) for line in lines}) == 1, label
    assert lines[0].index("🌐") == lines[1].index("🔄")


def test_an_unknown_sample_says_why_and_claims_nothing() -> None:
    """Without a reading there is a grey band, dashes, the reason, and no word of being idle."""
    (line,) = plain_lines(BLIND)
    assert "⚪ no reading" in line
    assert "API unreachable: connection refused · no server process found" in line
    assert "idle" not in line


def test_details_add_one_line_per_process() -> None:
    """The server's tree is marked as target, other Python processes as Python."""
    _, *rows = plain_lines(BUSY, details=True)
    assert [row.split()[:2] for row in rows] == [
        ["🎯", "uvicorn"],
        ["🎯", "ffmpeg"],
        ["🐍", "jupyter-lab"],
    ]
    assert len({row.index("CPU") for row in rows}) == 1


@pytest.mark.parametrize(
    ("level", "mark"), [(Level.RAISED, "⚡"), (Level.HIGH, "⚠️"), (Level.CRITICAL, "🚨")]
)
def test_each_alert_level_has_its_own_mark(level: Level, mark: str) -> None:
    """⚡ raised, ⚠️ high, 🚨 critical: in the alert's line. A sample's has the word."""
    assert f" {mark} " in alert_line(Alert(LevelReached(level, 1500.0), BUSY))
    assert f"🔴 {level.word} " in plain_lines(replace(BUSY, alert=level))[0]


def test_a_recovery_has_its_line() -> None:
    """The end of an alert is told with the peak."""
    assert "Back to normal: 126 MB. The peak was 2.15 GB." in alert_line(RECOVERY)


def test_a_job_that_ended_has_its_line() -> None:
    """Its memory before, at most and after; on the live screen it is a note."""
    job = Job(3, Now(0, 0), Now(41, 41), Figure(126 * MIB, Source.API), peak_bytes=532 * MIB)
    event = JobEnded(job, CALM)
    assert job_line(event).endswith(" Job 3: 41 s, 126 MB before, peak 532 MB.")
    out, err = io.StringIO(), io.StringIO()
    shown = view(out, err)
    shown.handle(event)
    assert out.getvalue() == f"{job_line(event)}\n"


def test_a_leak_has_its_line() -> None:
    """As a notification says it."""
    event = Alert(Leak((60 * MIB,) * 3, 180 * MIB, 3), CALM)
    out, err = io.StringIO(), io.StringIO()
    shown = view(out, err)
    shown.handle(event)
    assert out.getvalue() == f"{alert_line(event)}\n"
    assert "Possible leak: 180 MB kept by 3 jobs." in out.getvalue()
    assert "Not released after each job: 60, 60, 60 MB." in out.getvalue()


def test_what_became_of_the_server_has_its_line() -> None:
    """In plain output with its time, beside JSON on stderr."""
    assert BUSY.target is not None
    ended = TargetChanged(Change(Transition.ENDED, BUSY.target), BUSY)
    line = change_line(ended)
    assert line[8:] == " Server ended: uvicorn (pid 42)."
    out, err = io.StringIO(), io.StringIO()
    view(out, err, json=False).handle(ended)
    view(out, err, json=True).handle(ended)
    assert (out.getvalue(), err.getvalue()) == (line + "\n", line + "\n")


def test_details_say_what_is_scarce_whose_it_is_and_who_else_it_might_be() -> None:
    """Each on a line of its own, and only where there is something to say."""
    assert BUSY.system is not None
    sample = replace(
        BUSY,
        system=replace(BUSY.system, limited=True, pressure_percent=12.0),
        own=UssPss(42, 1900 * MIB, None, 100.0),
        candidates=(
            Target(
                50,
                1.0,
                "python",
                ("python", "main.py"),
                None,
                Evidence(EvidenceKind.COMMAND_LINE, command="main.py"),
            ),
        ),
    )
    plain = "\n".join(plain_lines(sample, details=True))
    screen = "\n".join(texts(ScreenContent(sample, details=True).lines(100)))
    for told in (plain, screen):
        assert "limited · pressure 12 %" in told
        assert "1.86 GB private (USS)" in told
        assert "python (pid 50), command line: main.py" in told
    assert len(plain_lines(BUSY, details=True)) == len(plain_lines(sample, details=True)) - 3


def test_a_plain_line_names_the_watched_process() -> None:
    """Which process is watched, how many helpers it has, and how many other Pythons there are."""
    assert BUSY.target is not None
    line = plain_lines(BUSY)[0]
    helpers = len(BUSY.rows) - 1
    assert f"🎯 {BUSY.target.name} {BUSY.target.pid} +{helpers}  🐍 {len(BUSY.others)}" in line
    assert "🎯" not in plain_lines(BLIND)[0]


def test_alert_forecast_and_recovery_are_three_words() -> None:
    """Critical is a line's word only while memory is critical."""
    ahead = replace(CALM, forecast=Forecast(ForecastKind.CRITICAL, 41.7))
    high = replace(ahead, alert=Level.HIGH)
    back = replace(CALM, recovering=Level.CRITICAL)
    coming = {"CALM": CALM, "ahead": ahead, "high": high, "back": back}
    ends = {name: alert_now(sample, WORDS) for name, sample in coming.items()}
    assert ends == {
        "CALM": "",
        "ahead": "forecast: critical in about 40 s",
        "high": "forecast: critical in about 40 s",
        "back": "ok recovering",
    }
    words = {name: plain_lines(sample, WORDS)[0].split()[1] for name, sample in coming.items()}
    assert words == {"CALM": "normal", "ahead": "normal", "high": "high", "back": "normal"}
    for sample in coming.values():
        assert plain_lines(sample, WORDS)[0].endswith(alert_now(sample, WORDS))


def test_a_forecast_taken_back_is_a_line() -> None:
    """It is no notification only."""
    line = alert_line(Alert(ForecastWithdrawn(Level.HIGH, 2000.0), BUSY), WORDS)
    assert " ok Forecast withdrawn: " in line


def test_a_summary_is_two_lines() -> None:
    """Peak; then time, samples, average and trend."""
    assert summary_lines(END) == [
        "Summary: peak 2.15 GB",
        "30 s, 2 samples, average 1.14 GB.",
    ]


# --- what a stream can carry


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "cp437"])
def test_an_encoding_without_emoji_gets_words(encoding: str) -> None:
    """Everything can be written there, and nothing is left as a question mark."""
    marks = marks_for(encoding)
    assert marks is WORDS
    lines = [*plain_lines(BUSY, marks, details=True), alert_line(ALERT, marks)]
    lines += texts(ScreenContent(BUSY, notes=(lines[-1],), duration_s=60.0, marks=marks).lines(80))
    told = [printable(line, encoding).encode(encoding).decode(encoding) for line in lines]
    assert "?" not in "".join(told).replace("frames?", "")
    assert "high " in told[0]


def test_utf8_and_an_unnamed_encoding_get_emoji() -> None:
    """A buffer without an encoding takes any text."""
    assert marks_for("utf-8") is marks_for(None) is EMOJI


def test_a_process_name_cannot_steer_the_terminal() -> None:
    """Escape sequences, newlines and lone surrogates in others' words are made harmless."""
    assert printable("a\x1b[2Jb\nc\udc80\u202e", "utf-8") == "a?[2Jb?c??"


# --- the picture


def test_the_picture_shows_every_part() -> None:
    """All that the plain line tells, and both process lists."""
    told = "\n".join(texts(ScreenContent(BUSY).lines(100)))
    wanted = (
        "🔴  2.15 GB  high",
        "+120 MB/s",
        "182 %",
        "12.0 GB of 24.0 GB free (50 % used)",
        "180 MB in 12 files",
        "processing: frames?",
        "🔄 Process (2 processes) · API busy, no answer for 12 s",
        "Automatic, using processes",
        "🎯 Server",
        "🐍 Other Python",
        "jupyter-lab",
    )
    assert [part for part in wanted if part not in told] == []


def test_figures_keep_their_place_from_sample_to_sample() -> None:
    """Other values move no label and no row of the figures."""

    def places(sample: Sample) -> list[int]:
        labels = [line[1:11].strip() for line in texts(ScreenContent(sample).lines(80, 40))]
        figures = ("Peak", "CPU", "System", "Temp", "Activity", "Source")
        return [labels.index(figure) for figure in figures]

    assert places(CALM) == places(BUSY) == places(BLIND)


def test_a_process_that_comes_moves_nothing_above_it() -> None:
    """Process lists are the last part of the picture."""
    joined = replace(CALM, rows=BUSY.rows, others=BUSY.others)
    before = texts(ScreenContent(CALM, notes=("note",)).lines(80))
    assert texts(ScreenContent(joined, notes=("note",)).lines(80))[: len(before)] == before


def test_the_bar_grows_to_full_and_no_further() -> None:
    """The done part is the elapsed share of the duration; a late last sample does not overflow."""

    def done(elapsed_s: float) -> tuple[int, int]:
        line = texts(ScreenContent(BUSY, elapsed_s=elapsed_s, duration_s=30.0).lines(80))[1]
        return line.count("━"), line.count("─")

    (none, room), (half, _), (full, rest) = done(0.0), done(15.0), done(31.0)
    assert (none, half, full, rest) == (0, room // 2, room, 0)


def test_a_run_without_end_says_how_to_end_it() -> None:
    """Instead of a bar; the picture that stays on the terminal does not say it."""
    assert (
        texts(ScreenContent(BUSY, elapsed_s=20.0).lines(80))[1]
        == " 20 s · 2 samples · Ctrl-C to quit"
    )
    assert (
        texts(ScreenContent(BUSY, elapsed_s=20.0, final=True).lines(80))[1] == " 20 s · 2 samples"
    )


def test_the_strip_shows_the_past_in_its_bands_colours() -> None:
    """A calm past is low, a gap is a gap, and the newest sample stands last."""
    past = ((126 * MIB, Band.GREEN), (None, Band.UNKNOWN), (2200 * MIB, Band.RED))
    line = ScreenContent(BUSY, past=past).lines(80)[4]
    assert line[1:] == (("▁", "green"), (" ", "bright_black"), ("█", "red"))


def test_details_tell_how_the_server_was_recognised() -> None:
    """Command line, evidence and directory stand under the server's heading."""
    told = "\n".join(texts(ScreenContent(BUSY, details=True).lines(80)))
    assert "uvicorn main:app" in told
    assert "listens on port 8000, in /srv/run" in told
    assert "listens on" not in "\n".join(texts(ScreenContent(BUSY).lines(80)))


def test_a_low_screen_keeps_the_figures_and_the_newest_alert() -> None:
    """Older alerts and processes make room; the dots say that there is more."""
    picture = ScreenContent(BUSY, notes=("old", "older", "newest"))
    low = texts(picture.lines(80, 16))
    assert len(low) <= 16
    assert " newest" in low
    assert " old" not in low
    assert any(line.startswith(" Source") for line in low)
    assert "    …" in texts(picture.lines(80, 18))


@given(st.text(), st.integers(12, 60))
def test_a_wrapped_text_keeps_its_words_and_its_width(text: str, width: int) -> None:
    """Columns count, not characters: a wide one takes two. Nothing is lost but spaces."""
    lines = wrap(text, width, " " * 9)
    assert all(cells(line) <= width for line in lines)
    assert all(line.startswith(" " * 9) for line in lines[1:])
    assert "".join("".join(lines).split()) == "".join(text.split())


def test_a_text_is_wrapped_at_its_spaces() -> None:
    """A word that is longer than a line is broken, and what follows goes on behind it."""
    assert wrap("12:00:01 memory is high", 15, "  ") == ["12:00:01 memory", "  is high"]
    assert wrap("表" * 5 + " is wide", 6) == ["表表表", "表表", "is", "wide"]
    assert wrap("", 20) == []


@given(
    width=st.integers(40, 220),
    height=st.one_of(st.none(), st.integers(1, 60)),
    name=st.text(max_size=80),
    count=st.integers(0, 30),
    sample=st.sampled_from([CALM, BUSY, BLIND]),
)
def test_a_picture_never_outgrows_its_terminal(
    width: int, height: int | None, name: str, count: int, sample: Sample
) -> None:
    """Whatever the processes are called and however many there are."""
    rows = tuple(ProcessRow(10**7 + n, name, Role.TARGET, n * GIB, 100.0 * n) for n in range(count))
    sample = replace(sample, rows=rows, others=rows)
    relay = ProcessProblem(ProcessProblemKind.HELD_BY_RELAY, port=8000, name=name)
    sample = replace(sample, problem=relay)
    notes = (alert_line(ALERT), alert_line(RECOVERY))
    picture = ScreenContent(sample, ((5 * MIB, Band.GREEN),) * 300, notes, 9.0, 30.0, details=True)
    lines = texts(picture.lines(width, height))
    if width >= 60:
        assert max(cells(line) for line in lines) <= width
    assert height is None or len(lines) <= height


# --- the view


def test_json_is_alone_on_standard_output() -> None:
    """One object per sample there; alerts and the summary go to standard error as text."""
    out, err = io.StringIO(), io.StringIO()
    shown = view(out, err, json=True)
    for event in STORY:
        shown.handle(event)
    shown.close()
    assert [json.loads(line)["band"] for line in out.getvalue().splitlines()] == ["green", "red"]
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
    """``TERM=dumb`` has no cursor to move."""
    monkeypatch.setenv("TERM", term)
    shown = view(terminal, live=True)
    shown.handle(Sampled(BUSY))
    shown.close()
    assert terminal.getvalue().splitlines() == plain_lines(BUSY)


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


# --- a reader that goes


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


# Unbuffered output has nothing left to complain about at exit.
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
        return process.wait(30), process.stderr.read()


def test_a_pipe_into_head_ends_without_a_word() -> None:
    """When the reader leaves, the program ends by itself, with status 0 and nothing on stderr."""
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
