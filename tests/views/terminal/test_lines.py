"""Plain lines for samples and events."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.views.terminal.shown import ALERT, BLIND, BUSY, CALM, END, RECOVERY, texts, view
from tray_app.core.alerts.forecast import Forecast, ForecastKind
from tray_app.core.alerts.job_leak import Leak
from tray_app.core.alerts.levels import ForecastWithdrawn, LevelReached
from tray_app.core.alerts.limits import Level
from tray_app.core.analysis.jobs import Job, Measured
from tray_app.core.model.process_finding import (
    Evidence,
    EvidenceKind,
    ProcessProblem,
    ProcessProblemKind,
)
from tray_app.core.model.readings import (
    MIB,
    Now,
    Source,
    Target,
    UssPss,
)
from tray_app.core.monitor.events import (
    Alert,
    JobEnded,
    TargetChanged,
)
from tray_app.core.monitor.sample import Sample
from tray_app.core.server.target_tracker import Change, Transition
from tray_app.views.terminal.lines import (
    EMOJI,
    WORDS,
    Marks,
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
from tray_app.views.terminal.screen import ScreenContent


def test_a_plain_line_tells_everything_about_a_sample() -> None:
    """Level, memory, rate, peak, CPU, source and stage stand on one line of 100 columns."""
    (line,) = plain_lines(BUSY)
    wanted = (
        "🔴 high",
        "2.15 GB",
        "+120 MB/s",
        "peak 2.15 GB",
        "CPU 182 %",
        "🔄 process",
        "processing frames?",
    )
    assert [part for part in wanted if part not in line] == []
    assert cells(line) <= 100


def test_plain_columns_stand_below_each_other() -> None:
    """Every field up to the source starts in the same column, whatever its value."""
    lines = [plain_lines(sample)[0] for sample in (CALM, BUSY)]
    for label in ("peak ", "CPU "):
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
    _, *figures, one, two, three = plain_lines(BUSY, details=True)
    assert [line.split(":")[0].strip() for line in figures] == ["source", "machine", "temp"]
    rows = [one, two, three]
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
    assert f"🔴 {level.word} " in plain_lines(replace(BUSY, level=level))[0]


def test_a_recovery_has_its_line() -> None:
    """The end of an alert is told with the peak."""
    assert "Back to normal: 126 MB. Peak 2.15 GB." in alert_line(RECOVERY)


def test_a_job_that_ended_has_its_line() -> None:
    """Its memory before, at most and after; on the live screen it is a note."""
    job = Job(3, Now(0, 0), Now(41, 41), Measured(126 * MIB, Source.API), peak_bytes=532 * MIB)
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
    first, second = out.getvalue().splitlines()
    assert " ".join((first, second.strip())) == alert_line(event)
    assert second.startswith(" " * 9)
    assert "Possible leak: 180 MB kept by 3 jobs." in first
    assert "Not released after each job: 60, 60, 60 MB." in alert_line(event)


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
        assert "memory limit · pressure 12 %" in told
        assert "1.86 GB (USS)" in told
        assert "python (pid 50), command line: main.py" in told
    assert len(plain_lines(BUSY, details=True)) == len(plain_lines(sample, details=True)) - 2


@given(
    sample=st.sampled_from([CALM, BUSY, BLIND]),
    name=st.text(max_size=80),
    width=st.integers(40, 120),
    marks=st.sampled_from([EMOJI, WORDS]),
    forecast=st.sampled_from([None, Forecast(ForecastKind.FULL, 170.0)]),
)
def test_a_plain_line_is_never_too_wide(
    sample: Sample, name: str, width: int, marks: Marks, forecast: Forecast | None
) -> None:
    """Whatever goes on; what does not fit ends in an ellipsis."""
    relay = ProcessProblem(ProcessProblemKind.HELD_BY_RELAY, port=8000, name=name)
    sample = replace(sample, forecast=forecast, problem=relay)
    first, *rest = plain_lines(sample, marks, details=width >= 70, width=width)
    assert max(map(cells, (first, *rest))) <= width


def test_a_narrow_terminal_does_without_peak_and_cpu() -> None:
    """So that there is room for what goes on."""
    shown = {width: plain_lines(BUSY, width=width)[0] for width in (100, 85, 72)}
    assert "peak" in shown[100]
    assert ["peak" in shown[85], "CPU" in shown[85]] == [False, True]
    assert ["peak" in shown[72], "CPU" in shown[72]] == [False, False]
    assert all(line.endswith("processing frames?") for line in shown.values())


def test_a_server_on_another_port_is_named_with_its_flag() -> None:
    """A console line asks nothing, because nobody can click on it."""
    there = Target(
        50,
        1.0,
        "uvicorn",
        ("uvicorn", "main:app"),
        None,
        Evidence(EvidenceKind.LISTENS_ELSEWHERE, port=8772, command="uvicorn main:app"),
        port=8772,
    )
    lines = plain_lines(replace(BLIND, candidates=(there,)), details=True)
    told = " ".join(line.strip() for line in lines)
    assert "watch it with --url http://localhost:8772" in told
    assert "?" not in told


def test_alert_forecast_and_recovery_are_three_words() -> None:
    """Critical is a line's word only while memory is critical."""
    ahead = replace(CALM, forecast=Forecast(ForecastKind.CRITICAL, 41.7))
    high = replace(ahead, level=Level.HIGH)
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
    lasts = {name: plain_lines(sample, WORDS)[0][72:] for name, sample in coming.items()}
    assert lasts == {
        "CALM": "idle",
        "ahead": "critical in about 40 s",
        "high": "critical in about 40 s",
        "back": "ok recovering · idle",
    }


def test_a_forecast_taken_back_is_a_line() -> None:
    """It is no notification only."""
    line = alert_line(Alert(ForecastWithdrawn(Level.HIGH, 2000.0), BUSY), WORDS)
    assert " ok Forecast withdrawn: " in line


def test_a_summary_is_some_lines() -> None:
    """Peak; then time, samples and average."""
    assert summary_lines(END) == [
        "Summary: peak 2.15 GB",
        "30 s watched, 2 samples",
        "Average 1.14 GB",
    ]


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
