"""The file with every sentence that a person reads."""

from __future__ import annotations

from tools.collect_strings import PAGE, page


def test_it_is_up_to_date() -> None:
    """``python -m tools.collect_strings`` writes the file."""
    assert PAGE.read_text("utf-8") == page()


def test_it_has_sentences_of_each_kind() -> None:
    """As a person sees them, and as they stand in the code."""
    text = page()
    assert "Notifications\n====" in text
    assert "[Mute for 30 min]" in text
    assert "Start at login" in text
    assert "--init-config" in text
    assert "- sources/api/client.py\n" in text
