"""The pages on the server's API and on the console say what the program does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from msgspec import Struct
from msgspec.structs import replace

from tests.views.terminal.shown import BUSY
from tray_app.core.alerts.levels import FORECAST, LevelReached
from tray_app.core.alerts.limits import Level
from tray_app.core.alerts.policies import Found
from tray_app.core.analysis.bands import Band
from tray_app.core.history.records import SERVER_WORDS
from tray_app.core.model.readings import GIB, MIB
from tray_app.core.model.server_action import AGE_HOURS
from tray_app.sources.api import payload
from tray_app.sources.api.action_worker import DOCS_PATH
from tray_app.sources.api.actions import CLEANUP_PATH, OPTIMIZE_PATH, ROOT_PATH
from tray_app.sources.api.client import STAGE_PATH
from tray_app.sources.api.payload import decode_stage, decode_status
from tray_app.sources.api.session import STATUS_PATH
from tray_app.views.terminal.lines import EMOJI, WORDS, plain_lines

DOCS = Path(__file__).parents[1] / "docs"
API = (DOCS / "api.md").read_text("utf-8")
CONSOLE = (DOCS / "console.md").read_text("utf-8")
HISTORY = (DOCS / "history.md").read_text("utf-8")
EXAMPLES = re.findall(r"```json\n(.*?)```", API, re.DOTALL)


@pytest.mark.parametrize(
    "path", [STATUS_PATH, STAGE_PATH, OPTIMIZE_PATH, CLEANUP_PATH, ROOT_PATH, DOCS_PATH]
)
def test_each_path_is_named(path: str) -> None:
    """That the program asks."""
    assert re.search(rf"(?:GET |POST |`){re.escape(path)}", API)


@pytest.mark.parametrize(
    "word",
    [
        *(kind.WORD for kind in get_args(Found) if kind is not LevelReached),
        *(level.word for level in Level),
        *(FORECAST, *SERVER_WORDS.values()),
    ],
)
def test_each_word_of_an_exported_history_is_named(word: str) -> None:
    """Kinds of alerts, and what can happen to the server."""
    assert f"`{word}`" in HISTORY


def fields(struct: type[Struct]) -> set[str]:
    return {field.encode_name for field in msgspec.structs.fields(struct)}


@pytest.mark.parametrize(
    "struct",
    [
        payload._Process,
        payload._System,
        payload._Temp,
        payload._Disk,
        payload._Tracker,
        payload._Status,
        payload._FlatStatus,
        payload._History,
        payload._HistoryEntry,
    ],
)
def test_each_field_is_named(struct: type[Struct]) -> None:
    """That the program reads."""
    assert {field for field in fields(struct) if f"{field}" not in API} == set()


def test_both_examples_are_understood() -> None:
    """The nested shape with everything, and the flat one."""
    nested, flat = (decode_status(text.encode(), taken_s=0.0, latency_s=0.0) for text in EXAMPLES)
    assert nested.rss_bytes == flat.rss_bytes == round(339.94 * MIB)
    assert nested.system == flat.system
    assert nested.temp is not None
    assert nested.temp.disk is not None
    assert nested.temp.disk.free_bytes == round(75.61 * GIB)
    assert len(nested.tracker) == 4


def test_only_the_process_memory_is_needed() -> None:
    """The table says so."""
    body = b'{"process_memory": {"rss_mb": 1}, "system_memory": null, "tmp_directory": null}'
    reading = decode_status(body, taken_s=0.0, latency_s=0.0)
    assert (reading.system, reading.temp, reading.tracker) == (None, None, ())
    assert API.count("| yes |") == 1


def test_the_answer_with_a_stage_is_understood() -> None:
    """As the page shows it."""
    (example,) = re.findall(r'`(\{"history".*?\]\})`', API)
    mark = decode_stage(example.encode())
    assert mark is not None
    assert mark.name == "STREAMING_BATCH_4"


def test_the_ages_of_a_clean_up_are_named() -> None:
    """24 h or 1 h."""
    assert set(AGE_HOURS.values()) == {24, 1}
    assert "(24 or 1, never 0)" in API


@pytest.mark.parametrize("marks", [EMOJI, WORDS])
def test_each_mark_of_a_line_is_explained(marks: object) -> None:
    """Emoji, and the signs of a terminal without them."""
    assert isinstance(marks, type(EMOJI))
    signs = [*marks.band.values(), *marks.source.values(), *marks.level.values()]
    signs += [marks.recovered, marks.target, marks.python]
    shown = {sign.strip() for sign in signs if sign.strip()} - {"ok"}
    assert {sign for sign in shown if sign not in CONSOLE} == set()


def test_the_example_is_a_line_of_the_program() -> None:
    """With the clock's time left out."""
    sample = replace(
        BUSY,
        memory_bytes=round(1.52 * GIB),
        rate_bytes_s=12.0 * MIB,
        band=Band.ORANGE,
        level=Level.RAISED,
        peak_bytes=round(2.44 * GIB),
    )
    (line,) = plain_lines(sample)
    assert line.partition(" ")[2] in CONSOLE
