"""The JSON of a sample: a promise to other programs."""

from __future__ import annotations

import json
import math
import re
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.core.made import mb
from tools.make_json_docs import SUMMARY
from tray_app.core.alerts.forecast import Forecast, ForecastKind
from tray_app.core.alerts.hung import Hang, HangKind
from tray_app.core.alerts.limits import Level
from tray_app.core.alerts.room import NextVideo, Short
from tray_app.core.analysis.activity import Activity
from tray_app.core.analysis.bands import Band
from tray_app.core.analysis.jobs import Job, Measured
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
    MemoryKind,
    Now,
    ProcessRow,
    Role,
    Source,
    SystemMemory,
    Target,
    TempUsage,
    UssPss,
)
from tray_app.core.model.sanitize import visible
from tray_app.core.monitor.sample import Sample
from tray_app.core.source_choice.circuit_breaker import ApiCondition, ApiState
from tray_app.core.summary.measurement import Summary
from tray_app.views.terminal.json_record import json_line, record, summary_line

WALL_S = 1_795_000_000.25
BARE = Sample(
    number=1,
    at=Now(100.0, WALL_S),
    mode=Mode.AUTO,
    source=Source.NONE,
    api=ApiCondition(ApiState.SLOW),
)
FULL = replace(
    BARE,
    source=Source.PROCESS,
    api=ApiCondition(
        ApiState.SILENT,
        age_s=12.34567,
        latency_s=0.0041,
        problem=ApiProblem(ApiFailureKind.NO_ANSWER, waited_s=12.0),
    ),
    memory_bytes=int(1620.26 * MIB),
    memory_kind=MemoryKind.SHARED_ONCE,
    rss_bytes=int(1900.26 * MIB),
    shared_bytes=280 * MIB,
    band=Band.ORANGE,
    peak_bytes=1700 * MIB,
    rate_bytes_s=-12.34567 * MIB,
    forecast=Forecast(ForecastKind.CRITICAL, 41.7),
    cpu_percent=98.76,
    system=SystemMemory(24 * GIB, 12 * GIB, 48.04, GIB // 2, 2 * GIB, 2.52, limited=True),
    temp=TempUsage(18 * MIB, 3, 99.0, ("a.mp4",)),
    hung=Hang(HangKind.STOPPED, 30.0, busy=False),
    activity=Activity.PROCESSING,
    stage=Stage("frames", inferred=True),
    job=Job(
        3,
        Now(59.0, WALL_S - 41),
        before=Measured(126 * MIB, Source.API),
        peak_bytes=1700 * MIB,
    ),
    level=Level.HIGH,
    alert=Level.RAISED,
    recovering=Level.HIGH,
    target=Target(
        42,
        1.0,
        "uvicorn",
        ("python", "uvicorn", "main:app"),
        "/srv",
        Evidence(EvidenceKind.LISTENS, 8000),
    ),
    rows=(
        ProcessRow(42, "uvicorn", Role.TARGET, 1500 * MIB, 98.0, descriptors=131),
        ProcessRow(43, "ffmpeg", Role.CHILD, 90 * MIB, None, descriptors=12),
    ),
    others=(ProcessRow(7, "jupyter", Role.PYTHON, 210 * MIB, 0.04),),
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
    own=UssPss(42, 1400 * MIB, 1450 * MIB, 80.0),
    next_video=NextVideo(1400 * MIB, 1500 * MIB, 900 * MIB, 1536 * MIB, 5, short=Short.MACHINE),
)


def test_every_part_of_a_full_sample_has_its_key_unit_and_place() -> None:
    """The object is the documented one, keys in the documented order."""
    told = record(FULL, "desk")
    time = told.pop("time")
    assert told == {
        "server": "desk",
        "mode": "auto",
        "source": "process",
        "band": "orange",
        "memory_mb": 1620.3,
        "memory_kind": "shared_once",
        "rss_mb": 1900.3,
        "shared_mb": 280.0,
        "peak_mb": 1700.0,
        "own_mb": 1400.0,
        "pss_mb": 1450.0,
        "own_age_s": 20.0,
        "rate_mb_s": -12.346,
        "forecast": {"kind": "critical", "seconds": 42.0},
        "cpu_percent": 98.8,
        "descriptors": 143,
        "system": {
            "used_percent": 48.0,
            "available_gb": 12.0,
            "total_gb": 24.0,
            "limited": True,
            "swap_used_gb": 0.5,
            "swap_total_gb": 2.0,
            "pressure_percent": 2.5,
        },
        "next_video": {
            "needs_mb": 1400.0,
            "most_mb": 1500.0,
            "free_mb": 900.0,
            "to_critical_mb": 1536.0,
            "jobs": 5,
            "short": "machine",
        },
        "tmp": {"size_mb": 18.0, "files": 3, "age_s": 1.0},
        "activity": "processing",
        "stage": "frames",
        "job": {
            "number": 3,
            "started": datetime.fromtimestamp(WALL_S - 41)
            .astimezone()
            .isoformat(timespec="milliseconds"),
            "ended": None,
            "before_mb": 126.0,
            "peak_mb": 1700.0,
            "after_mb": None,
        },
        "level": "high",
        "alert": "raised",
        "recovering": "high",
        "hung": "stopped",
        "api": {
            "state": "silent",
            "age_s": 12.346,
            "latency_ms": 4.1,
            "error": "no answer for 12 s",
        },
        "target": {
            "pid": 42,
            "name": "uvicorn",
            "cmdline": ["python", "uvicorn", "main:app"],
            "evidence": "listens on port 8000",
        },
        "candidates": [
            {
                "pid": 50,
                "name": "python",
                "cmdline": ["python", "main.py"],
                "evidence": "command line: main.py",
                "port": None,
            }
        ],
        "problem": None,
        "processes": [
            {
                "pid": 42,
                "name": "uvicorn",
                "role": "target",
                "memory_mb": 1500.0,
                "cpu_percent": 98.0,
            },
            {"pid": 43, "name": "ffmpeg", "role": "child", "memory_mb": 90.0, "cpu_percent": None},
            {
                "pid": 7,
                "name": "jupyter",
                "role": "python",
                "memory_mb": 210.0,
                "cpu_percent": 0.0,
            },
        ],
    }
    assert isinstance(time, str)


def test_a_job_that_ended_has_its_end_and_what_it_left() -> None:
    """Until the next one begins."""
    assert FULL.job is not None
    after = Measured(301 * MIB, Source.API)
    job = record(replace(FULL, job=replace(FULL.job, ended=FULL.at, after=after)), "desk")["job"]
    assert isinstance(job, dict)
    assert (job["ended"], job["after_mb"]) == (record(FULL, "desk")["time"], 301.0)


def test_the_time_is_that_of_the_sample_with_the_local_zone() -> None:
    """``time`` parses as ISO 8601, knows its zone, and is the sample's moment."""
    time = datetime.fromisoformat(str(record(FULL, "desk")["time"]))
    assert time.timestamp() == WALL_S
    assert time.utcoffset() == datetime.fromtimestamp(WALL_S).astimezone().utcoffset()
    assert isinstance(time.utcoffset(), timedelta)


def test_what_is_unknown_is_null_and_keeps_its_key() -> None:
    """A sample without any reading has the same keys, with nulls."""
    told = json.loads(json_line(BARE, "desk"))
    assert list(told) == list(record(FULL, "desk"))
    assert set(told["system"].values()) == {None}
    assert told["tmp"] == {"size_mb": None, "files": None, "age_s": None}
    assert told["api"] == {"state": "slow", "age_s": None, "latency_ms": None, "error": None}
    unknown = (
        "memory_mb",
        "peak_mb",
        "rate_mb_s",
        "cpu_percent",
        "stage",
        "level",
        "alert",
        "target",
    )
    assert [told[key] for key in unknown] == [None] * len(unknown)
    assert (told["source"], told["band"], told["processes"]) == ("none", "unknown", [])


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_a_number_that_is_not_finite_is_null(value: float) -> None:
    """NaN is no JSON."""
    sample = replace(FULL, rate_bytes_s=value, cpu_percent=value)
    told = json.loads(json_line(sample, "desk"))
    assert told["rate_mb_s"] is None
    assert told["cpu_percent"] is None


def test_a_rate_that_rounds_to_nothing_has_no_sign() -> None:
    """There is no -0.0 in the output."""
    assert '"rate_mb_s":0.0,' in json_line(replace(FULL, rate_bytes_s=-1.0), "desk")


def test_ascii_only_escapes_instead_of_losing_characters() -> None:
    """A stream that cannot carry a character gets its escape."""
    sample = replace(FULL, stage=Stage("läuft 🐍", inferred=False))
    line = json_line(sample, "desk", ascii_only=True)
    assert line.isascii()
    assert json.loads(line)["stage"] == "läuft 🐍"
    assert "läuft 🐍" in json_line(sample, "desk")


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_of_others_makes_one_line_of_valid_utf8(raw: str) -> None:
    """Names, arguments and errors of any kind, as they are sanitized, stay one JSON line."""
    text = visible(raw)
    sample = replace(
        FULL,
        api=replace(FULL.api, problem=ApiProblem(ApiFailureKind.SYSTEM, text)),
        stage=Stage(text, inferred=False),
        target=Target(
            1, 1.0, text, (text,), None, Evidence(EvidenceKind.COMMAND_LINE, command=text)
        ),
        rows=(ProcessRow(1, text, Role.TARGET, 1, None),),
    )
    line = json_line(sample, "desk")
    told = json.loads(line.encode("utf-8"))
    relay = ProcessProblem(ProcessProblemKind.HELD_BY_RELAY, port=8000, name=raw)
    assert json.loads(
        json_line(replace(sample, problem=relay), "desk", ascii_only=True).encode("ascii")
    )
    assert "\n" not in line
    assert told["target"]["cmdline"] == [told["stage"]]


def test_a_summary_is_an_object_of_its_own() -> None:
    """Its trend is the difference of the two figures beside it, also rounded."""
    summary = Summary(
        30.04,
        15,
        mb(900) + 60_000,
        float(mb(500)),
        mb(300) + 50_000,
        mb(310),
        watched_s=30.0,
        peak_wall_s=1_795_000_000.0,
        peak_stage="frames",
        bands_s=(("green", 20.0), ("yellow", 10.0)),
        levels_s=(("normal", 30.0),),
        jobs=2,
        kept_bytes=mb(7),
    )
    told = json.loads(summary_line(summary, "desk"))["summary"]
    assert told["trend_mb"] == round(told["last_mb"] - told["first_mb"], 1)
    assert told["bands_s"] == {"green": 20.0, "yellow": 10.0}
    assert datetime.fromisoformat(told["peak_time"]).timestamp() == 1_795_000_000.0
    assert (told["elapsed_s"], told["average_mb"], told["kept_mb"]) == (30.0, 500.0, 7.0)


def test_a_summary_without_readings_has_null() -> None:
    """No zero that nobody measured; each key of docs/json.md is there."""
    told = json.loads(summary_line(Summary(3.0, 2), "desk"))["summary"]
    unknown = ("average", "peak", "first", "last", "trend", "kept")
    assert {told[f"{key}_mb"] for key in unknown} | {told["peak_time"]} == {None}
    keys = re.findall(r"^\| `(\w+)` \|", SUMMARY, re.MULTILINE)
    assert list(told) == keys
