"""The API's bodies, as recorded from the real server and as nobody ever sent them."""

from __future__ import annotations

import copy
import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import astuple

from tests.sources.any_json import ANY_JSON, FLAT, NESTED, NODES, SCALARS, replaced
from tray_app.core.model.readings import (
    GIB,
    MIB,
    ApiReading,
    Disk,
    StageMark,
    SystemMemory,
    TempUsage,
)
from tray_app.core.presentation.api_failure_text import problem_text
from tray_app.sources.api.errors import ApiError, plain_text
from tray_app.sources.api.payload import (
    decode_stage,
    decode_status,
    error_words,
)

PAYLOADS = Path(__file__).parents[2] / "data" / "payloads"
STATUS_FILES = sorted(PAYLOADS.glob("memory-status.*"))
OTHER_FILES = sorted(set(PAYLOADS.iterdir()) - set(STATUS_FILES))
HISTORY_FILES = sorted(PAYLOADS.glob("memory-history.*"))


def decode(body: object) -> ApiReading:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return decode_status(data, taken_s=100.0, latency_s=0.25)


def reason(body: object) -> str:
    with pytest.raises(ApiError) as caught:
        decode(body)
    return problem_text(caught.value.problem)


def nested(part: str, **fields: object) -> dict[str, Any]:
    """The recorded body with some fields of one part replaced (``...`` removes)."""
    body = copy.deepcopy(NESTED)
    body[part] |= fields
    body[part] = {key: value for key, value in body[part].items() if value is not ...}
    return body


def numbers_of(reading: ApiReading) -> list[float]:
    def flat(value: object) -> list[float]:
        if isinstance(value, tuple):
            return [number for item in value for number in flat(item)]
        return [value] if isinstance(value, int | float) else []

    return flat(astuple(reading))


@pytest.mark.parametrize("file", STATUS_FILES, ids=lambda file: file.stem)
def test_recorded_status(file: Path) -> None:
    """Every recorded status decodes to the numbers that stand in it."""
    body = file.read_bytes()
    said = json.loads(body)
    reading = decode(body)
    assert reading.rss_bytes == round(said["process_memory"]["rss_mb"] * MIB)
    assert reading.system == SystemMemory(
        round(said["system_memory"]["total_gb"] * GIB),
        round(said["system_memory"]["available_gb"] * GIB),
        said["system_memory"]["used_percent"],
    )
    assert reading.temp == TempUsage(
        round(said["tmp_directory"]["total_size_mb"] * MIB),
        said["tmp_directory"]["file_count"],
        taken_s=100.0,
        disk=Disk(
            round(said["disk_usage"]["total_gb"] * GIB), round(said["disk_usage"]["free_gb"] * GIB)
        ),
    )
    summary = said["tracker_summary"]
    names = ("stage_count", "peak_memory_mb", "total_increase_mb", "final_memory_mb")
    assert reading.tracker == tuple(summary[name] for name in names if summary)
    assert (reading.taken_s, reading.latency_s, reading.stage) == (100.0, 0.25, None)
    assert reading.advice == tuple(said["recommendations"])


@pytest.mark.parametrize("file", OTHER_FILES, ids=lambda file: file.name)
def test_any_other_answer_of_the_server(file: Path) -> None:
    """What the server says on other paths is refused as a status, with a short reason."""
    why = reason(file.read_bytes())
    assert why == plain_text(why, 160)
    assert why.startswith(("process_memory is missing", "answer is", "the server reports"))


def test_flat_shape() -> None:
    """The older flat shape gives memory and system, and has no temp directory."""
    assert decode(FLAT) == ApiReading(
        100.0, 0.25, round(225.6 * MIB), SystemMemory(16 * GIB, 9 * GIB, 43.5), None
    )


def test_flat_shape_of_memory_alone() -> None:
    """A flat answer without system fields has no system part; with some, it must have all."""
    assert decode({"process_memory_mb": 1}).system is None
    assert (
        reason({"process_memory_mb": 1, "system_memory_total_gb": 1})
        == "system_memory_available_gb is missing"
    )


@pytest.mark.parametrize("part", ["system_memory", "tmp_directory", "tracker_summary"])
@pytest.mark.parametrize("how", ["absent", "null"])
def test_parts_may_be_missing(part: str, how: str) -> None:
    """Without its optional parts an answer still is a reading."""
    body = {key: value for key, value in NESTED.items() if key != part}
    if how == "null":
        body[part] = None
    reading = decode(body)
    left = {
        "system_memory": reading.system,
        "tmp_directory": reading.temp,
        "tracker_summary": reading.tracker or None,
    }
    assert left.pop(part) is None
    assert None not in left.values()


def test_unknown_fields_are_ignored() -> None:
    """Fields that nobody asked for may hold anything, even numbers that are none."""
    assert decode(NESTED | {"gpu": {"load": "much", "x": [10**400]}}) == decode(NESTED)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", "answer is empty"),
        (b" \r\n", "answer is empty"),
        (b"Internal Server Error", "answer is not JSON"),
        (b"<html></html>", "answer is not JSON"),
        (b'{"process_memory":{"rss_mb":12', "answer is not JSON"),
        (b'{"process_memory":{"rss_mb":' + b"9" * 5000 + b"}}", "answer is not JSON"),
        (b'{"process_memory":{"rss_mb":1}}\xff', "answer is not UTF-8 text"),
        (b"[" * 100_000, "answer is nested too deeply"),
        (b'{"a":' * 40_000, "answer is nested too deeply"),
        (b"[]", "answer is not a JSON object"),
        (b"null", "answer is not a JSON object"),
        (b"12.5", "answer is not a JSON object"),
        ({}, "process_memory is missing"),
        ({"process_memory": None}, "process_memory is missing"),
        ({"process_memory": 5}, "process_memory is not an object"),
        (NESTED | {"system_memory": [1]}, "system_memory is not an object"),
        (NESTED | {"tmp_directory": "x"}, "tmp_directory is not an object"),
        (nested("process_memory", rss_mb=...), "process_memory.rss_mb is missing"),
        (nested("process_memory", rss_mb="12"), "process_memory.rss_mb is not a number"),
        (nested("process_memory", rss_mb=True), "process_memory.rss_mb is not a number"),
        (nested("process_memory", rss_mb=None), "process_memory.rss_mb is not a number"),
        (nested("process_memory", rss_mb=math.nan), "answer is not JSON"),
        (nested("process_memory", rss_mb=math.inf), "answer is not JSON"),
        (
            b'{"process_memory":{"rss_mb":1e999}}',
            "process_memory.rss_mb is implausibly large",
        ),
        (nested("process_memory", rss_mb=-0.1), "process_memory.rss_mb is negative"),
        (
            nested("process_memory", rss_mb=2**30 + 1),
            "process_memory.rss_mb is implausibly large",
        ),
        (nested("process_memory", rss_mb=1e300), "process_memory.rss_mb is implausibly large"),
        (
            nested("process_memory", rss_mb=10**400),
            "process_memory.rss_mb is implausibly large",
        ),
        (nested("system_memory", total_gb=...), "system_memory.total_gb is missing"),
        (nested("system_memory", available_gb="8"), "system_memory.available_gb is not a number"),
        (
            nested("system_memory", used_percent=100.5),
            "system_memory.used_percent is implausibly large",
        ),
        (nested("tmp_directory", file_count=-1), "tmp_directory.file_count is negative"),
        (nested("tmp_directory", total_size_mb=[]), "tmp_directory.total_size_mb is not a number"),
        ({"process_memory_mb": "5"}, "process_memory_mb is not a number"),
        (FLAT | {"system_memory_used_percent": -1}, "system_memory_used_percent is negative"),
        ({"error": "no psutil"}, "the server reports an error: no psutil"),
        (NESTED | {"error": {"message": "x\ny"}}, "the server reports an error: x y"),
        ({"error": {"code": 7}}, "the server reports an error: no message"),
    ],
)
def test_reasons(body: object, expected: str) -> None:
    """A body that is no reading is refused with a reason that names the fault."""
    assert reason(body) == expected


def test_duplicate_keys() -> None:
    """Of a key that comes twice the last value counts."""
    body = b'{"process_memory":{"rss_mb":1,"rss_mb":2},"process_memory":{"rss_mb":5,"rss_mb":3}}'
    assert decode(body).rss_bytes == 3 * MIB


@pytest.mark.parametrize(
    "summary",
    [{}, [], "x", {"stage_count": 1}, NESTED["tracker_summary"] | {"peak_memory_mb": -1}],
)
def test_odd_tracker(summary: object) -> None:
    """A tracker summary that is odd is left out; the reading is good without it."""
    assert decode(NESTED | {"tracker_summary": summary}).tracker == ()


def test_a_summary_without_a_final_figure() -> None:
    """An older server does not send it; the rest is compared all the same."""
    summary = {"stage_count": 20, "peak_memory_mb": 558.3, "total_increase_mb": 28.4}
    assert decode(NESTED | {"tracker_summary": summary}).tracker == (20, 558.3, 28.4)


@pytest.mark.parametrize("file", HISTORY_FILES, ids=lambda file: file.stem)
def test_recorded_history(file: Path) -> None:
    """The stage is the newest history entry's; no history (or an error) is no stage."""
    body = file.read_bytes()
    history = json.loads(body).get("history", [])
    newest = max(history, key=lambda entry: entry["timestamp"], default=None)
    assert decode_stage(body) == (
        StageMark(newest["stage"], newest["timestamp"]) if newest else None
    )


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"history":[{"stage":"A"}]}', StageMark("A", "")),
        (b'{"history":[{"stage":"A\\nB","timestamp":5}]}', StageMark("A B", "")),
        (b'{"history":[{"stage":"\\u0007"}]}', StageMark(r"\x07", "")),
        (b'{"history":[{"stage":7}]}', None),
        (b'{"history":[{}]}', None),
        (b'{"history":["stage"]}', None),
        (b'{"history":"stage"}', None),
        (b'{"history":{}}', None),
        (b"[]", None),
        (b"", None),
    ],
)
def test_odd_history(body: bytes, expected: StageMark | None) -> None:
    """An odd history gives what stage it can, as plain text, and never an error."""
    assert decode_stage(body) == expected


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ((PAYLOADS / "error-404.json").read_bytes(), "Not Found"),
        ((PAYLOADS / "error-500-plain.txt").read_bytes(), "Internal Server Error"),
        (
            (PAYLOADS / "error-500.json").read_bytes(),
            "Processing failed: cannot unpack non-iterable coroutine object",
        ),
        (
            (PAYLOADS / "memory-history.error-422.json").read_bytes(),
            "Input should be a valid integer, unable to parse string as an integer",
        ),
        (
            (PAYLOADS / "process-video.error-400-no-person.json").read_bytes(),
            "Insufficient pose detection (only 0 frames with poses detected)",
        ),
        (b'{"detail":[]}', ""),
        (b'{"detail":null}', ""),
        (b"", ""),
        (b"<!doctype html><h1>502 Bad Gateway</h1>", ""),
        (b"\x1b[31mred\x00\r\n\xff alert", r"\x1b[31mred\x00 � alert"),
        (b"x" * 500, "x" * 119 + "…"),
        (b"[" * 100_000, "[" * 119 + "…"),
    ],
)
def test_error_words(body: bytes, expected: str) -> None:
    """An error body gives one short line in whatever form FastAPI or a proxy wrote it."""
    assert error_words(body) == expected


def check(body: bytes) -> None:
    """Whatever the body, there is a reading of good numbers or a reason; nothing else."""
    try:
        reading, why = decode(body), "none"
    except ApiError as error:
        reading, why = None, problem_text(error.problem)
    assert why
    assert why.isprintable()
    if reading:
        for number in numbers_of(reading):
            assert math.isfinite(number)
            assert math.copysign(1, number) == 1  # not even -0.0, which would be written "-0"
        assert isinstance(reading.rss_bytes, int)
    stage = decode_stage(body)
    assert stage is None or (stage.name and (stage.name + stage.timestamp).isprintable())
    assert error_words(body).isprintable()


@given(ANY_JSON)
def test_arbitrary_json(value: object) -> None:
    """Arbitrary JSON is a reading of finite, non-negative numbers or a reason."""
    check(json.dumps(value).encode())


@given(st.sampled_from(NODES), ANY_JSON)
def test_recorded_answer_with_one_odd_node(
    node: tuple[object, tuple[Any, ...]], value: object
) -> None:
    """A recorded answer in which any one node is anything is a good reading or a reason."""
    body, path = node
    check(json.dumps(replaced(body, path, value)).encode())


@given(st.dictionaries(st.sampled_from(sorted(FLAT)), SCALARS))
def test_flat_answer_with_odd_values(values: dict[str, object]) -> None:
    """A flat answer in which values are arbitrary is a good reading or a reason."""
    check(json.dumps(FLAT | values).encode())


@given(st.binary() | st.binary().map(lambda noise: json.dumps(NESTED).encode()[:200] + noise))
def test_arbitrary_bytes(body: bytes) -> None:
    """Arbitrary bytes are a reason."""
    check(body)


@pytest.mark.parametrize(
    "disk", [None, 3, {}, {"total_gb": 0, "free_gb": 0}, {"total_gb": "much", "free_gb": 1}]
)
def test_a_disk_that_is_not_told_is_no_reason_to_refuse(disk: object) -> None:
    """The memory counts."""
    body = {
        "process_memory": {"rss_mb": 100},
        "disk_usage": disk,
        "tmp_directory": {"total_size_mb": 1, "file_count": 1},
    }
    reading = decode_status(json.dumps(body).encode(), taken_s=1.0, latency_s=0.1)
    assert reading.temp == TempUsage(MIB, 1, 1.0)


@pytest.mark.parametrize(
    ("said", "advice"),
    [
        (
            ["Restart\x1b[31m the server\n now", 3, None, "", "<b>"],
            ("Restart\\x1b[31m the server now", "<b>"),
        ),
        (["x" * 300] * 9, ("x" * 199 + "…",) * 5),
        ("one text", ()),
        ({"a": 1}, ()),
        (None, ()),
    ],
)
def test_recommendations_are_a_few_plain_lines(said: object, advice: tuple[str, ...]) -> None:
    """Whatever they are, the figures count."""
    body = {"process_memory": {"rss_mb": 100}, "recommendations": said}
    assert decode_status(json.dumps(body).encode(), taken_s=1.0, latency_s=0.1).advice == advice
