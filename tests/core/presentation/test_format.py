"""How figures are written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.made import mb
from tray_app.core.model.readings import GIB, MIB
from tray_app.core.presentation import format


@pytest.mark.parametrize(
    ("size_bytes", "text"),
    [
        (None, "–"),
        (0, "0 MB"),
        (mb(342.4), "342 MB"),
        (mb(1023), "1023 MB"),
        (mb(1023.9), "1.00 GB"),
        (mb(1556), "1.52 GB"),
        (9.99 * GIB, "9.99 GB"),
        (9.996 * GIB, "10.0 GB"),
        (12.34 * GIB, "12.3 GB"),
        (123.4 * GIB, "123.4 GB"),
    ],
)
def test_sizes(size_bytes: float | None, text: str) -> None:
    """MB of 1024² bytes below a GB, three digits from there on."""
    assert format.size(size_bytes) == text


@pytest.mark.parametrize(
    ("mb_s", "text"),
    [
        (None, ""),
        (0, "steady"),
        (-0.49, "steady"),
        (0.51, "+0.5 MB/s"),
        (-3, "−3.0 MB/s"),
        (12.4, "+12 MB/s"),
        (-250, "−250 MB/s"),
    ],
)
def test_rates(mb_s: float | None, text: str) -> None:
    """With a sign; noise is called steady; no trend yet is nothing."""
    assert format.rate(None if mb_s is None else mb_s * MIB) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0, "0 s"),
        (8.4, "8 s"),
        (99, "99 s"),
        (240, "4 min"),
        (5969, "99 min"),
        (5970, "1 h 40 min"),
        (28800, "8 h"),
        (7500, "2 h 5 min"),
        (90000, "25 h"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    """In the two largest units that matter."""
    assert format.duration(seconds) == text


@given(st.floats(0, 1e9))
def test_no_duration_has_sixty_minutes(seconds: float) -> None:
    """Rounding carries over."""
    text = format.duration(seconds)
    assert " h 60 min" not in text
    assert text.endswith((" s", " min", " h"))


@given(st.integers(0, 2**50))
def test_a_size_is_written_in_few_characters(size_bytes: int) -> None:
    """It fits a menu row."""
    assert len(format.size(size_bytes)) <= 12


def test_shares_and_latencies() -> None:
    """A latency from one second on is written in seconds."""
    assert (format.percent(38.4), format.percent(None)) == ("38 %", "–")
    assert (format.latency(0.37), format.latency(1.23)) == ("370 ms", "1.2 s")


def test_a_forecast_is_no_shorter_than_five_seconds() -> None:
    """In steps of five."""
    assert format.about(0.4) == "about 5 s"
    assert format.about(41.7) == "about 40 s"


def test_what_says_nothing_is_left_out() -> None:
    """Of phrases and of sentences in a row."""
    assert format.joined("API", "", "4 s old") == "API · 4 s old"
    assert format.sentences("", "One.", "Two.") == "One. Two."


def test_a_long_name_keeps_its_ends() -> None:
    """Host and port; the figure after it has room."""
    assert format.shortened("gpu-17.eu-west.local:800") == "gpu-17.eu-west.local:800"
    name = format.shortened("gpu-17.eu-west-1.compute.internal:8000")
    assert name == "gpu-17.eu-w…nternal:8000"
    assert len(format.shortened("x" * 200)) == format.NAME_CHARS
