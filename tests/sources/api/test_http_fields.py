"""What header fields say of an answer."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray_app.sources.api.http_fields import (
    is_interim,
    is_known_encoding,
    repeated_length,
    retry_after_s,
)

TEN = "Thu, 26 Nov 2026 10:00:00 GMT"


@pytest.mark.parametrize(
    ("text", "date", "expected"),
    [
        ("30", None, 30.0),
        ("Thu, 26 Nov 2026 10:00:30 GMT", TEN, 30.0),
        ("Thursday, 26-Nov-26 10:00:30 GMT", TEN, 30.0),
        ("Thu Nov 26 10:00:30 2026", TEN, 30.0),
        ("Thu, 26 Nov 2026 09:00:00 GMT", TEN, 0.0),
        ("Thu, 26 Nov 2026 10:00:30", TEN, 30.0),
        ("Wed, 99 Nov 2026 10:00:00 GMT", TEN, None),
        ("1.5", TEN, None),
        ("", TEN, None),
        (None, TEN, None),
    ],
)
def test_retry_after(text: str | None, date: str | None, expected: float | None) -> None:
    """All of HTTP's three forms of a date, and whole seconds."""
    assert retry_after_s(text, date) == expected


@given(st.text(max_size=40), st.none() | st.text(max_size=40) | st.just(TEN))
def test_any_retry_after_is_seconds_or_nothing(text: str, date: str | None) -> None:
    """Whatever a server sends there."""
    seconds = retry_after_s(text, date)
    assert seconds is None or seconds >= 0


@pytest.mark.parametrize("encoding", ["", "identity", "gzip", "X-GZIP", "deflate", " Deflate"])
def test_what_requests_unpacks_everywhere(encoding: str) -> None:
    """In any letters."""
    assert is_known_encoding(encoding)


@pytest.mark.parametrize("encoding", ["br", "zstd", "gzip, gzip"])
def test_what_it_unpacks_only_with_other_packages(encoding: str) -> None:
    """Or by as many layers as a server likes."""
    assert not is_known_encoding(encoding)


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("120, 120", 120),
        ("0,0 , 0", 0),
        ("120", None),  # http.client reads it
        ("120, 121", None),
        ("120,", None),
        ("-1, -1", None),
        ("+1, +1", None),
        ("a, a", None),
        (", ".join(2 * ["9" * 5000]), None),
        ("", None),
        (None, None),
    ],
)
def test_a_length_that_is_repeated(text: str | None, length: int | None) -> None:
    """The same number each time is that number (RFC 9110, 8.6); anything else tells none."""
    assert repeated_length(text) == length


def test_interim_answers() -> None:
    """All of 1xx but 101, after which no HTTP comes."""
    assert [status for status in range(99, 201) if not is_interim(status)] == [99, 101, 200]
