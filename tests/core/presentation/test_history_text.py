"""The texts of the recorded past."""

from __future__ import annotations

from tray_app.core.monitor.commands import DeleteHistory
from tray_app.core.monitor.events import DeletionDoubted, HistoryDeleted
from tray_app.core.presentation.history_text import deleted
from tray_app.core.presentation.notifications import note


def test_a_question_says_what_is_lost_and_its_button_confirms() -> None:
    """Nothing is deleted by one click."""
    asked = note(DeletionDoubted())
    assert asked is not None
    assert asked.title.endswith("?")
    assert "alerts" in asked.text
    assert [each.command for each in asked.actions] == [DeleteHistory(sure=True)]


def test_the_result_is_told() -> None:
    """With the reason where it failed, and whether recording goes on."""
    assert deleted(HistoryDeleted("", goes_on=True))[1] == "Recording goes on."
    assert deleted(HistoryDeleted("", goes_on=False)) == ("The history is deleted", "")
    title, text = deleted(HistoryDeleted("permission denied", goes_on=True))
    assert (title, text) == ("The history was not deleted", "Permission denied.")
