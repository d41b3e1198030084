"""What header fields say of an answer."""

from __future__ import annotations

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray_app.sources.api.http_fields import is_known_encoding, retry_after_s, unpacked

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


@given(st.binary(max_size=500))
def test_what_was_packed_is_unpacked(body: bytes) -> None:
    """By each encoding, in any letters."""
    for encoding, packed in (
        ("gzip", gzip.compress(body)),
        ("X-GZIP", gzip.compress(body)),
        ("deflate", zlib.compress(body)),
        (" Deflate", zlib.compress(body, wbits=-15)),
        ("identity", body),
        ("", body),
    ):
        assert is_known_encoding(encoding)
        assert unpacked(packed, encoding, 1000) == body
    assert not is_known_encoding("br")


@given(st.binary(max_size=200))
def test_any_bytes_are_unpacked_or_broken(body: bytes) -> None:
    """Nothing is raised, and the limit holds."""
    whole = unpacked(body, "gzip", 100)
    assert whole is None or len(whole) <= 101


def test_a_bomb_does_not_go_off() -> None:
    """Just so much is unpacked that one sees that it is too much."""
    whole = unpacked(gzip.compress(bytes(50_000_000)), "gzip", 1000)
    assert whole is not None
    assert len(whole) == 1001
