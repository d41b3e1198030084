"""What an exception means, and what is never shown."""

from __future__ import annotations

import errno
import http.client
import socket

import pytest

from tray_app.core.model.api_failure import ApiFailureKind, ApiProblem, FailureClass
from tray_app.sources.api.errors import ApiError, Secrets, problem_of


@pytest.mark.parametrize(
    ("error", "kind", "failure_class"),
    [
        (ConnectionRefusedError(), ApiFailureKind.REFUSED, FailureClass.REFUSED),
        (socket.gaierror(-2, "no"), ApiFailureKind.HOST_NOT_FOUND, FailureClass.REFUSED),
        (OSError(errno.EHOSTUNREACH, "no"), ApiFailureKind.NO_ROUTE, FailureClass.REFUSED),
        (TimeoutError(), ApiFailureKind.NO_ANSWER, FailureClass.TIMEOUT),
        (OSError(errno.EPERM, "no"), ApiFailureKind.SYSTEM, FailureClass.ERROR),
        (ConnectionResetError(), ApiFailureKind.RESET, FailureClass.ERROR),
        (http.client.RemoteDisconnected(), ApiFailureKind.CLOSED, FailureClass.ERROR),
        (http.client.IncompleteRead(b""), ApiFailureKind.BROKEN_OFF, FailureClass.ERROR),
        (http.client.LineTooLong("x"), ApiFailureKind.NOT_HTTP, FailureClass.ERROR),
        (ZeroDivisionError(), ApiFailureKind.UNEXPECTED, FailureClass.ERROR),
        (OSError(), ApiFailureKind.UNEXPECTED, FailureClass.ERROR),
    ],
)
def test_the_cause_decides(
    error: Exception, kind: ApiFailureKind, failure_class: FailureClass
) -> None:
    """Not what a library wraps it in."""
    try:
        try:
            raise error
        except Exception as cause:
            raise LookupError("a library's own") from cause
    except LookupError as wrapped:
        problem = problem_of(wrapped, 3.0)
    assert (problem.kind, problem.failure_class) == (kind, failure_class)
    assert problem.waited_s == (3.0 if kind is ApiFailureKind.NO_ANSWER else 0.0)


def test_a_known_problem_stays_as_it_is() -> None:
    """With all its facts."""
    problem = ApiProblem(ApiFailureKind.STATUS, "no", 503, retry_after_s=5.0)
    assert problem_of(ApiError(problem), 1.0) == problem


def test_secrets_are_masked_in_all_that_others_say() -> None:
    """As written in the URL and as meant, and a token without the word before it."""
    secrets = Secrets("http://joe:s3cret%21@host", {"A": "Bearer t0psecret", "V": "5"})
    problem = ApiProblem(ApiFailureKind.REDIRECT, "joe s3cret! t0psecret 5", 301, "//s3cret%21@x")
    assert secrets.masked(problem) == ApiProblem(ApiFailureKind.REDIRECT, "… … … 5", 301, "//…@x")


def test_a_url_that_cannot_be_split_hides_its_headers_all_the_same() -> None:
    """No exception is raised where one is told."""
    assert Secrets("http://[::1", {"A": "t0psecret"}).mask("t0psecret") == "…"
