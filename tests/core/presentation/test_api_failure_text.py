"""Every way to fail has its words."""

from __future__ import annotations

import pytest

from tray_app.core.model.api_failure import ApiFailureKind, ApiProblem, FieldFault
from tray_app.core.presentation.api_failure_text import PROBLEM_LIMIT, problem_text


@pytest.mark.parametrize("kind", ApiFailureKind)
def test_every_kind_is_one_short_line(kind: ApiFailureKind) -> None:
    """Also where a server's own words are long, or have braces in them."""
    text = problem_text(ApiProblem(kind, "{x} " * 99, 500, waited_s=3.0, limit_bytes=1024))
    assert 0 < len(text) <= PROBLEM_LIMIT
    assert text.isprintable()


@pytest.mark.parametrize("fault", FieldFault)
def test_every_fault_names_its_field(fault: FieldFault) -> None:
    """And says what is wrong with it."""
    problem = ApiProblem(ApiFailureKind.WRONG_SHAPE, field="tmp.size", fault=fault)
    assert problem_text(problem).startswith("tmp.size is ")


@pytest.mark.parametrize(
    ("problem", "text"),
    [
        (ApiProblem(ApiFailureKind.STATUS, status=599), "HTTP 599"),
        (ApiProblem(ApiFailureKind.STATUS, "no", 500), "HTTP 500: no"),
        (ApiProblem(ApiFailureKind.REDIRECT, "", 302, "/x"), "HTTP 302: redirects to /x"),
        (
            ApiProblem(ApiFailureKind.STATUS, "slow down", 429, retry_after_s=120.0),
            "HTTP 429, asks to wait 2 min: slow down",
        ),
        (ApiProblem(ApiFailureKind.NO_ANSWER, waited_s=0.3), "no answer for 0.3 s"),
        (ApiProblem(ApiFailureKind.NO_ANSWER, waited_s=12.0), "no answer for 12 s"),
        (ApiProblem(ApiFailureKind.TOO_LARGE, limit_bytes=2048), "answer is larger than 2 KiB"),
        (ApiProblem(ApiFailureKind.WRONG_SHAPE), "answer is not a JSON object"),
        (
            ApiProblem(ApiFailureKind.SERVER_ERROR),
            "the server reports an error: no message",
        ),
    ],
)
def test_facts_stand_in_the_words(problem: ApiProblem, text: str) -> None:
    """A status, what the server says, how long it was waited."""
    assert problem_text(problem) == text
