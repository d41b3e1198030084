"""The texts of the recorded past."""

from __future__ import annotations

from pathlib import PurePosixPath

from tray_app.core.monitor.commands import DeleteHistory, OpenFolder
from tray_app.core.monitor.events import DeletionDoubted, HistoryDeleted, HistoryExported
from tray_app.core.presentation.history_text import deleted, no_history
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


def test_an_export_says_where_it_is() -> None:
    """A click on the text opens the folder, as the button does; a failure is one sentence."""
    written = note(HistoryExported("/home/joe/Documents/out", 5))
    assert written is not None
    words = ("History exported: 5 files", "CSV files in a new folder. /home/joe/Documents/out")
    assert (written.title, written.text) == words
    (button,) = written.actions
    assert (button.command, button.on_text) == (OpenFolder("/home/joe/Documents/out"), True)
    failed = note(HistoryExported("/d/out", problem="no space left on device"))
    assert failed is not None
    words = ("The history was not exported", "No space left on device.")
    assert (failed.title, failed.text) == words
    assert failed.actions == ()


def test_a_missing_history_names_those_that_there_are() -> None:
    """With the flag to add; where a file's name does not tell its server, how many and where."""
    here, path = "http://localhost:8000", PurePosixPath("/h/a.sqlite3")
    assert no_history(here, path, ()) == f"no history of {here} yet: {path} does not exist"
    one = no_history(here, path, ["localhost:18731"])
    other = "http://localhost:18731"
    assert one == f"no history of {here}; there is one of {other}: add --url {other}"
    assert no_history(here, path, [None]) == f"no history of {here}; of other servers: 1 in /h"
    many = no_history(here, path, ["a:1", None, "b:443/x", "c:3", "d:4"])
    assert many.endswith("of http://a:1, https://b:443/x, http://c:3 and 2 more: add --url URL")
