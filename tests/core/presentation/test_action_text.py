"""The words about clicks that leave the program."""

from __future__ import annotations

import pytest

from tests.core.made import mb
from tray_app.core.model.api_failure import ApiFailureKind, ApiProblem
from tray_app.core.model.readings import GIB, TempUsage
from tray_app.core.model.server_action import (
    ActionResult,
    Extent,
    NoTempPlace,
    RefusalReason,
    Risk,
    ServerAction,
)
from tray_app.core.model.server_address import parse_address
from tray_app.core.monitor.commands import CleanUp, Command, FreeMemory
from tray_app.core.monitor.events import (
    ActionEnded,
    ActionRefused,
    ConfirmationNeeded,
    Event,
    OpenFailed,
    PortWatched,
    TempPlaceMissing,
    TestRequested,
)
from tray_app.core.presentation import action_text
from tray_app.core.presentation.menu_text import ROW_CHARS
from tray_app.core.presentation.notifications import note

FILES = TempUsage(mb(154), 3, 0.0)


@pytest.mark.parametrize(
    ("event", "title", "text", "replaces"),
    [
        (
            ActionRefused(ServerAction.CLEAN_UP, RefusalReason.RUNNING, ServerAction.FREE_MEMORY),
            "No files were deleted",
            "Freeing memory is still in progress.",
            "server-action",
        ),
        (
            ActionRefused(ServerAction.CLEAN_UP, RefusalReason.JOB),
            "No files were deleted",
            "A job is running and may need its files.",
            "server-action",
        ),
        (
            OpenFailed("/srv/tmp", "there is no such directory"),
            "Could not open the temp directory",
            "/srv/tmp: there is no such directory.",
            "open",
        ),
        (
            OpenFailed("http://localhost:8000", "xdg-open is missing"),
            "Could not open the server's page",
            "http://localhost:8000: xdg-open is missing.",
            "open",
        ),
        (
            TempPlaceMissing(NoTempPlace.REMOTE),
            "Could not open the temp directory",
            "Not available: the server runs on another machine.",
            "open",
        ),
        (
            PortWatched(parse_address("http://user:secret@localhost:8772")),
            "Now watching port 8772",
            'Until the program ends. To keep it, set url = "http://***@localhost:8772" '
            "in the config file.",
            "watch",
        ),
        (TestRequested(), "Test notification", "Alerts will look like this.", "test"),
    ],
)
def test_an_answer_to_a_click_is_a_notification(
    event: Event, title: str, text: str, replaces: str
) -> None:
    """Short, and in the place of the last one of its kind."""
    told = note(event)
    assert told is not None
    assert (told.title, told.text, told.replace, told.actions) == (title, text, replaces, ())


def test_there_are_words_for_every_reason() -> None:
    """Whatever is refused, and wherever there is no directory."""
    for reason in set(RefusalReason) - {RefusalReason.RUNNING}:
        assert note(ActionRefused(ServerAction.CLEAN_UP, reason))
    assert all(note(TempPlaceMissing(reason)) for reason in NoTempPlace)


@pytest.mark.parametrize(
    ("command", "event", "title", "text", "label"),
    [
        (
            FreeMemory(sure=True),
            ConfirmationNeeded(ServerAction.FREE_MEMORY, Risk.FILES, FILES),
            "Free memory and delete old files?",
            "This also deletes temp files older than 1 h. There are 154 MB in 3 files now.",
            "Free memory, delete old files",
        ),
        (
            FreeMemory(sure=True),
            ConfirmationNeeded(ServerAction.FREE_MEMORY, Risk.JOB, None),
            "Free memory while a job is running?",
            "This also deletes temp files older than 1 h.",
            "Free memory, delete old files",
        ),
        (
            FreeMemory(sure=True),
            ConfirmationNeeded(ServerAction.FREE_MEMORY, Risk.UNKNOWN, None),
            "Free memory anyway?",
            "It is unknown whether a job is running. This also deletes temp files older than 1 h.",
            "Free memory, delete old files",
        ),
        (
            CleanUp(sure=True),
            ConfirmationNeeded(ServerAction.CLEAN_UP, Risk.FILES, FILES),
            "Delete temp files older than 24 h?",
            "There are 154 MB in 3 files now.",
            "Delete files older than 24 h",
        ),
        (
            CleanUp(ServerAction.CLEAN_UP_HOUR, sure=True),
            ConfirmationNeeded(ServerAction.CLEAN_UP_HOUR, Risk.FILES, FILES),
            "Delete temp files older than 1 h?",
            "There are 154 MB in 3 files now.",
            "Delete files older than 1 h",
        ),
    ],
)
def test_a_question_has_a_button_that_answers_it(
    command: Command, event: ConfirmationNeeded, title: str, text: str, label: str
) -> None:
    """A second click, on it, has the action done."""
    told = note(event)
    assert told is not None
    assert (told.title, told.text, told.replace) == (title, text, "server-action")
    assert [(each.label, each.command) for each in told.actions] == [(label, command)]


@pytest.mark.parametrize(
    ("outcome", "title", "text"),
    [
        (
            ActionResult(
                ServerAction.FREE_MEMORY, 3.2, Extent(mb(944), 0, 0), Extent(mb(532), 0, 0)
            ),
            "Freed 412 MB in 3 s",
            "The server now uses 532 MB.",
        ),
        (
            ActionResult(ServerAction.FREE_MEMORY, 0.2, Extent(2 * GIB), Extent(GIB)),
            "Freed 1.00 GB in 1 s",
            "1.00 GB in use; number of deleted files unknown.",
        ),
        (
            ActionResult(
                ServerAction.FREE_MEMORY,
                3.0,
                Extent(mb(944), mb(61), 5),
                Extent(mb(532), mb(11), 3),
            ),
            "Freed 412 MB in 3 s",
            "Deleted 2 temp files (50 MB). 532 MB in use.",
        ),
        (
            ActionResult(
                ServerAction.FREE_MEMORY, 3.0, Extent(mb(532), 0, 0), Extent(mb(532), 0, 0)
            ),
            "Memory unchanged at 532 MB",
            "No temp file was deleted.",
        ),
        (
            ActionResult(
                ServerAction.FREE_MEMORY,
                3.0,
                Extent(mb(532.4), mb(61), 5),
                Extent(mb(532), mb(11), 3),
            ),
            "Memory unchanged at 532 MB",
            "Deleted 2 temp files (50 MB).",
        ),
        (
            ActionResult(
                ServerAction.FREE_MEMORY, 3.0, Extent(mb(532), mb(9), 1), Extent(mb(532), 0, 0)
            ),
            "Memory unchanged at 532 MB",
            "Deleted 1 temp file (9 MB).",
        ),
        (
            ActionResult(
                ServerAction.FREE_MEMORY, 3.0, Extent(mb(500), mb(9), 1), Extent(mb(532), mb(12), 2)
            ),
            "Memory rose by 32 MB meanwhile",
            "The server now uses 532 MB.",
        ),
        (
            ActionResult(ServerAction.FREE_MEMORY, 3.0, Extent(mb(500)), None),
            "Garbage collection finished",
            "The server did not report how much was freed.",
        ),
        (
            ActionResult(
                ServerAction.CLEAN_UP, 1.0, Extent(0, int(1.25 * GIB), 17), Extent(0, mb(51.2), 3)
            ),
            "Deleted 14 temp files (1.20 GB)",
            "Temp: 51 MB in 3 files.",
        ),
        (
            ActionResult(ServerAction.CLEAN_UP, 1.0, Extent(0, mb(51), 3), Extent(0, mb(51), 3)),
            "Nothing was older than 24 h",
            "Temp: 51 MB in 3 files.",
        ),
        (
            ActionResult(
                ServerAction.CLEAN_UP_HOUR, 1.0, Extent(0, mb(51), 3), Extent(0, mb(80), 4)
            ),
            "Nothing was older than 1 h",
            "Temp: 80 MB in 4 files.",
        ),
        (
            ActionResult(ServerAction.CLEAN_UP, 1.0, Extent(mb(300)), Extent(mb(300))),
            "Old files deleted",
            "The server did not report what was deleted.",
        ),
        (
            ActionResult(ServerAction.FREE_MEMORY, problem=ApiProblem(ApiFailureKind.REFUSED)),
            "Memory was not freed",
            "Connection refused.",
        ),
        (
            ActionResult(
                ServerAction.CLEAN_UP,
                problem=ApiProblem(ApiFailureKind.STATUS, "Method Not Allowed", 405),
            ),
            "No files were deleted",
            "This server does not support it (HTTP 405: Method Not Allowed).",
        ),
        (
            ActionResult(
                ServerAction.CLEAN_UP, problem=ApiProblem(ApiFailureKind.NO_ANSWER, waited_s=5.0)
            ),
            "No files were deleted",
            "No answer for 5 s. The server may be busy.",
        ),
    ],
)
def test_what_a_server_action_brought_is_said_with_figures_first(
    outcome: ActionResult, title: str, text: str
) -> None:
    """As measured, or one plain sentence of why not; in a notification, and in one line."""
    assert action_text.brought(outcome) == (title, text)
    told = note(ActionEnded(outcome))
    assert told is not None
    assert (told.title, told.text, told.replace) == (title, text, "server-action")
    if outcome.problem:
        assert action_text.line(outcome) == f"{title}: {text}"
    else:
        assert action_text.line(outcome) == f"{title}; {text[0].lower()}{text[1:-1]}"


def test_what_a_server_action_brought_is_one_line_in_menu_and_log() -> None:
    """As the recorded server: nothing freed, and two old files gone that its answer hides."""
    before, after = Extent(mb(532), mb(50), 2), Extent(mb(532), 0, 0)
    told = action_text.line(ActionResult(ServerAction.FREE_MEMORY, 1.0, before, after))
    assert told == "Memory unchanged at 532 MB; deleted 2 temp files (50 MB)"
    freed = ActionResult(
        ServerAction.FREE_MEMORY, 30.0, Extent(3 * GIB, GIB, 123), Extent(GIB, mb(500), 1)
    )
    assert len(action_text.line(freed)) <= ROW_CHARS
