"""Silences in words."""

from __future__ import annotations

from datetime import datetime

import pytest
from msgspec.structs import replace

from tests.core.prometheus.made import alert
from tray_app.core.model.api_failure import ApiFailureKind, ApiProblem
from tray_app.core.model.label_selector import parse_selector
from tray_app.core.model.silence_length import SilenceLength
from tray_app.core.monitor.commands import SilenceAlerts, UnsilenceAlerts
from tray_app.core.presentation import silence_text
from tray_app.core.presentation.notifications import Note
from tray_app.core.prometheus.silences import (
    OURS,
    EndSilence,
    MakeSilence,
    SilenceOrder,
    SilenceResult,
    SilenceScope,
)
from tray_app.core.prometheus.silencing import (
    Refusal,
    SilenceDoubted,
    SilenceRefused,
    SilenceRequested,
    SilenceSettled,
)
from tray_app.core.prometheus.values import Silence


def local(*when: int) -> float:
    return datetime(*when).timestamp()  # type: ignore[arg-type]


NOW_S = local(2026, 11, 27, 13, 30)
END_S = local(2026, 11, 27, 14, 30)
MATCHERS = parse_selector('instance="gpu-1:9435"').matchers
SCOPE = SilenceScope(MATCHERS, "gpu-1:8000")
ORDER = MakeSilence(SCOPE, "ana@desk", "", NOW_S, END_S)
MADE = Silence("s", MATCHERS, "ana@desk", "new disk", NOW_S + 1, END_S)


def told(order: SilenceOrder = ORDER, silence: Silence | None = None, **problem: object) -> Note:
    wrong = None if silence else ApiProblem(**({"kind": ApiFailureKind.STATUS} | problem))  # type: ignore[arg-type]
    note = silence_text.note(SilenceSettled(SilenceResult(order, silence, wrong), NOW_S))
    assert note is not None
    return note


@pytest.mark.parametrize(
    ("ends_s", "expected"),
    [
        (END_S, "until 14:30"),
        (local(2026, 11, 28, 8), "until 08:00 tomorrow"),
        (local(2026, 12, 3, 8), "until 08:00 on 3 Dec"),
        (local(2027, 12, 3, 8), "until 08:00 on 3 Dec 2027"),
        (253_402_300_799.0, "for years"),  # the end of 9999, in UTC
    ],
)
def test_an_end_has_its_day(ends_s: float, expected: str) -> None:
    """Where it is not today's."""
    assert silence_text.until(ends_s, NOW_S) == expected


def test_what_a_row_offers() -> None:
    """A length, or the morning by its clock."""
    assert silence_text.length(SilenceLength.FOUR_HOURS, END_S, NOW_S) == "For 4 h"
    morning_s = local(2026, 11, 28, 8)
    assert silence_text.length(SilenceLength.MORNING, morning_s, NOW_S) == "Until 08:00 tomorrow"


def test_whose_alerts_a_silence_holds_back() -> None:
    """A server, those of the selector, or all."""
    assert silence_text.whose(SCOPE) == "gpu-1:8000"
    video = SilenceScope((*parse_selector('team="video"').matchers, OURS))
    assert silence_text.whose(video) == 'all servers with team="video"'
    assert silence_text.whose(SilenceScope((OURS,))) == "all servers"


def test_a_silence_says_who_and_until_when() -> None:
    """In the menu and the tooltip."""
    assert silence_text.line(MADE, NOW_S) == "Silenced until 14:30 · ana@desk"
    assert silence_text.line(MADE, NOW_S, partly=True).startswith("Partly silenced until 14:30")
    assert silence_text.about(MADE) == 'instance="gpu-1:9435" · new disk'
    assert silence_text.brief((), NOW_S) == ""
    assert silence_text.brief((MADE,), NOW_S) == "Alerts silenced until 14:30 (ana@desk)"
    several = silence_text.brief((MADE, MADE), NOW_S)
    assert several == "2 silences hold alerts back, first until 14:30"


def test_the_question_names_server_and_end() -> None:
    """Its button is the confirmation."""
    sure = SilenceAlerts(SilenceLength.HOUR, "gpu-1:9435", sure=True)
    note = silence_text.note(SilenceDoubted(SCOPE, END_S, NOW_S, sure))
    assert note is not None
    assert note.title == "Silence gpu-1:8000?"
    assert note.text == "Alertmanager then notifies nobody of its alerts until 14:30."
    assert [(each.label, each.command) for each in note.actions] == [
        ("Silence for everybody", sure)
    ]


def test_a_silence_that_was_made() -> None:
    """Can be ended from its notification."""
    note = told(silence=MADE)
    assert note.title == "Silenced until 14:30: gpu-1:8000"
    assert note.text == "Alertmanager notifies nobody of these alerts."
    assert [each.command for each in note.actions] == [UnsilenceAlerts("s")]


@pytest.mark.parametrize(("ahead_s", "way"), [(600, "ahead of"), (-600, "behind")])
def test_clocks_that_differ_are_told(ahead_s: int, way: str) -> None:
    """Alertmanager's counts."""
    made = Silence("s", MATCHERS, "ana", "", NOW_S + ahead_s, END_S)
    assert told(silence=made).text.endswith(
        f"Its clock is 10 min {way} this machine's, and the silence ends by it."
    )


@pytest.mark.parametrize(
    ("problem", "expected"),
    [
        (
            {"status": 400, "detail": "Failed to create silence: end time can't be in the past"},
            "Alertmanager's clock is ahead: by its time the end has passed.",
        ),
        (
            {"status": 400, "detail": "bad matcher"},
            "Alertmanager refuses it (HTTP 400: bad matcher).",
        ),
        (
            {"status": 401, "detail": "Unauthorized"},
            "Alertmanager rejects the credentials (HTTP 401: Unauthorized).",
        ),
        (
            {"status": 404, "detail": "Not Found"},
            "There is no Alertmanager at this address (HTTP 404: Not Found).",
        ),
        (
            {"status": 503, "retry_after_s": 30.0},
            "Alertmanager is not available now (HTTP 503, asks to wait 30 s).",
        ),
        ({"status": 500, "detail": "disk"}, "Alertmanager: HTTP 500: disk."),
        ({"kind": ApiFailureKind.REFUSED}, "Alertmanager: connection refused."),
        (
            {"kind": ApiFailureKind.NO_ANSWER, "waited_s": 10.0},
            "No answer for 10 s: the menu shows whether Alertmanager did it after all.",
        ),
    ],
)
def test_a_silence_that_was_not_made_says_why(problem: dict[str, object], expected: str) -> None:
    """In one sentence; the title says first that nothing is silenced."""
    note = told(**problem)
    assert note.title == "Not silenced: gpu-1:8000"
    assert note.text == expected
    assert note.actions == ()


def test_the_end_of_a_silence() -> None:
    """Done, or not and why."""
    order = EndSilence(MADE)
    assert told(order, MADE).title == "The silence is over"
    failed = told(order, kind=ApiFailureKind.REFUSED)
    assert (failed.title, failed.text) == (
        "The silence was not ended",
        "Alertmanager: connection refused.",
    )


@pytest.mark.parametrize("reason", list(Refusal))
def test_a_refused_click_says_why(reason: Refusal) -> None:
    """Each reason has a sentence."""
    note = silence_text.note(SilenceRefused(reason))
    assert note is not None
    assert note.text.endswith(".")


def test_an_order_itself_says_nothing() -> None:
    """Its result does."""
    assert silence_text.note(SilenceRequested(ORDER)) is None
    assert silence_text.failure(None) == "Alertmanager: unexpected error (see the log)."


def test_an_alert_of_a_server_has_a_button() -> None:
    """It asks first."""
    button = silence_text.button(alert())
    assert button is not None
    assert button.command == SilenceAlerts(SilenceLength.HOUR, "gpu-1:9435", "localhost:8000")


def test_what_another_person_wrote_is_visible() -> None:
    """A value in a silence may be anything."""
    odd = replace(MADE, matchers=parse_selector('team="a\u202eb"').matchers)
    assert silence_text.about(odd) == 'team="a\\u202eb" · new disk'
