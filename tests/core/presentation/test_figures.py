"""The table of figures."""

from __future__ import annotations

from collections.abc import Iterator
from enum import Enum
from typing import Any

import pytest
from msgspec.structs import replace

from tests.core.presentation.samples import HEALTHY, NOTHING
from tests.views.terminal.test_json_record import BARE, FULL
from tray_app.core.monitor.sample import Sample
from tray_app.core.presentation import figures
from tray_app.core.presentation.figure import OBJECT, OBJECTS, WORD, Field, Figure
from tray_app.core.presentation.figures import FIGURES

PLACES = (
    (figures.SOURCE, figures.TEMP),
    figures.MENU_PROCESSES,
    figures.PLAIN_LINE,
    figures.PLAIN_DETAILS,
    figures.SCREEN,
)
SAMPLES = (HEALTHY, NOTHING, BARE, FULL)


def pairs(fields: tuple[Field[Any], ...], of: object) -> Iterator[tuple[Field[Any], Any]]:
    """Each field with its value, also those of objects."""
    for field in fields:
        value = field.value(of)
        yield field, value
        if field.unit is OBJECT and value is not None:
            yield from pairs(field.fields, value)
        if field.unit is OBJECTS:
            for each in value:
                yield from pairs(field.fields, each)


def test_each_figure_has_a_key_of_its_own() -> None:
    """In the table and in the JSON."""
    keys = [figure.key for figure in FIGURES]
    json_keys = [field.key for figure in FIGURES for field in figure.json]
    assert len(set(keys)) == len(keys)
    assert len(set(json_keys)) == len(json_keys)


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_value_is_null_only_where_the_table_says_when(sample: Sample) -> None:
    """And a word is one of those that the table lists."""
    for figure in FIGURES:
        for field, value in pairs(figure.json, sample):
            assert value is not None or field.null, field.key
            if field.unit is WORD and value is not None:
                assert (value.value if isinstance(value, Enum) else value) in field.words


@pytest.mark.parametrize("sample", SAMPLES)
@pytest.mark.parametrize("place", PLACES)
def test_what_people_see_has_a_label_and_a_text(place: tuple[Figure, ...], sample: Sample) -> None:
    """In one line, whatever is unknown."""
    for figure in place:
        assert figure.label
        assert "\n" not in figure.text(sample) + figure.menu_line(sample)
        assert figure.menu_line(None) == f"{figure.label}: –"


@pytest.mark.parametrize("figure", figures.PLAIN_LINE, ids=lambda each: each.key)
def test_a_column_is_as_wide_at_each_sample(figure: Figure) -> None:
    """Columns of figures never move."""
    assert len({len(figure.column(sample)) for sample in SAMPLES}) == 1


def test_a_figure_is_written_as_its_unit_is() -> None:
    """Where the table says nothing else."""
    peak = next(figure for figure in FIGURES if figure.key == "peak")
    assert peak.text(replace(BARE, peak_bytes=532 << 20)) == "532 MB"
    assert peak.text(BARE) == "–"
    assert peak.column(BARE) == "peak       –"


def test_open_files_are_the_sum_over_the_servers_processes() -> None:
    """In the menu and in details; unknown where one process does not tell."""
    figure = next(figure for figure in FIGURES if figure.key == "descriptors")
    assert figure.menu_line(FULL) == "Open files: 143"
    hidden = replace(FULL, rows=(FULL.rows[0], replace(FULL.rows[1], descriptors=None)))
    assert (figure.text(hidden), figure.is_known(hidden)) == ("–", False)
    assert not figure.is_known(replace(FULL, rows=()))
    assert figure in figures.MENU_PROCESSES
    assert figure in figures.ONLY_IN_DETAILS
