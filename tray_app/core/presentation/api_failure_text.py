"""The texts of failed requests: one short line for each `ApiFailureKind`."""

from __future__ import annotations

from tray_app.core.model.api_failure import ApiFailureKind, ApiProblem, FieldFault
from tray_app.core.presentation.format import duration

PROBLEM_LIMIT = 80
"""Characters: a tooltip shows the problem on one line with others."""

_WORDS = {
    ApiFailureKind.REFUSED: "connection refused",
    ApiFailureKind.HOST_NOT_FOUND: "host not found",
    ApiFailureKind.NO_ROUTE: "no route to the host",
    ApiFailureKind.NO_CONNECTION: "no connection for {waited_s:g} s",
    ApiFailureKind.NO_ANSWER: "no answer for {waited_s:g} s",
    ApiFailureKind.BUSY: "the last request is still running",
    ApiFailureKind.SYSTEM: "{detail}",
    ApiFailureKind.CA_FILE_MISSING: "CA file not found: {detail}",
    ApiFailureKind.CERTIFICATE: "certificate is not trusted: {detail}",
    ApiFailureKind.TLS: "TLS failed: {detail}",
    ApiFailureKind.TLS_UNEXPECTED: "this port does not use TLS: try http:// instead of https://",
    ApiFailureKind.TLS_REQUIRED: "this port uses TLS: try https:// instead of http://",
    ApiFailureKind.CLOSED: "connection closed without an answer",
    ApiFailureKind.RESET: "connection reset",
    ApiFailureKind.BROKEN_OFF: "answer was cut off",
    ApiFailureKind.NOT_HTTP: "answer is not HTTP",
    ApiFailureKind.TOO_LARGE: "answer is larger than {limit_kib} KiB",
    ApiFailureKind.COMPRESSED: "answer is compressed ({detail})",
    ApiFailureKind.CORRUPT: "compressed answer is damaged",
    ApiFailureKind.EMPTY: "answer is empty",
    ApiFailureKind.NOT_UTF8: "answer is not UTF-8 text",
    ApiFailureKind.NOT_JSON: "answer is not JSON",
    ApiFailureKind.NESTED_TOO_DEEPLY: "answer is nested too deeply",
    ApiFailureKind.NOT_UNDERSTOOD: "answer is not understood: {detail}",
    ApiFailureKind.UNEXPECTED: "unexpected error (see the log)",
}

_FAULTS = {
    FieldFault.MISSING: "is missing",
    FieldFault.NOT_AN_OBJECT: "is not an object",
    FieldFault.NOT_A_NUMBER: "is not a number",
    FieldFault.NEGATIVE: "is negative",
    FieldFault.TOO_LARGE: "is implausibly large",
}


def problem_text(problem: ApiProblem) -> str:
    """The problem in one line of at most `PROBLEM_LIMIT` characters."""
    line = _text(problem)
    return line if len(line) <= PROBLEM_LIMIT else line[: PROBLEM_LIMIT - 1] + "…"


def _text(problem: ApiProblem) -> str:
    match problem.kind:
        case ApiFailureKind.STATUS | ApiFailureKind.REDIRECT | ApiFailureKind.GATEWAY_TIMEOUT:
            return _status(problem)
        case ApiFailureKind.WRONG_SHAPE:
            return _shape(problem)
        case ApiFailureKind.SERVER_ERROR:
            return f"the server reports an error: {problem.detail or 'no message'}"
    return _WORDS[problem.kind].format(
        detail=problem.detail,
        waited_s=problem.waited_s,
        limit_kib=problem.limit_bytes // 1024,
    )


def _status(problem: ApiProblem) -> str:
    status = f"HTTP {problem.status}"
    if problem.retry_after_s:
        status += f", asks to wait {duration(problem.retry_after_s)}"
    if problem.location:
        return f"{status}: redirects to {problem.location}"
    return f"{status}: {problem.detail}" if problem.detail else status


def _shape(problem: ApiProblem) -> str:
    if not problem.field or problem.fault is None:
        return "answer is not a JSON object"
    return f"{problem.field} {_FAULTS[problem.fault]}"
