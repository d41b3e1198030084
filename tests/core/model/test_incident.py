"""The causes of an incident."""

from __future__ import annotations

from tray_app.core.model.incident import Cause


def test_a_cause_is_a_word_that_people_read() -> None:
    """In the menu, in JSON and in the file."""
    assert [str(each) for each in Cause] == ["critical", "gone", "hung", "leak"]
