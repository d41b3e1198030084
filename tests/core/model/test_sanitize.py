"""Other people's text, made harmless."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray_app.core.model.sanitize import visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("uvicorn main:app", "uvicorn main:app"),
        ("Größe 🐍 naïve", "Größe 🐍 naïve"),
        ("a\x1b]0;title\x07b", r"a\x1b]0;title\x07b"),
        ("two\nlines\r\tand a tab", r"two\nlines\r\tand a tab"),
        ("main\u202eyp.exe", r"main\u202eyp.exe"),
        ("C1\x9b2J, line\u2028end, \U000e0041tag", r"C1\x9b2J, line\u2028end, \U000e0041tag"),
        ("\udcff\ud800", "\ufffd\ufffd"),
        ("no\u00a0break", "no break"),
        ("\0", r"\x00"),
    ],
)
def test_what_cannot_be_seen_is_made_visible(text: str, shown: str) -> None:
    """Escapes for what steers, a sign for what is no text, and all else as it is."""
    assert visible(text) == shown


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_becomes_one_printable_line(text: str) -> None:
    """It is UTF-8, and another cleaning changes nothing."""
    shown = visible(text)
    assert shown.isprintable()
    assert shown.encode().decode() == shown
    assert visible(shown) == shown


def test_line_ends_may_be_kept() -> None:
    """A trace in the log has several lines."""
    assert visible("one\ntwo\x1b", keep="\n") == "one\ntwo\\x1b"
