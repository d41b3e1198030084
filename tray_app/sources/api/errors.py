"""Turns exceptions of a request into an `ApiProblem`, by their cause.

A request's secrets never leave this module.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator, Mapping
from urllib.parse import unquote, urlsplit

from msgspec.structs import replace

from tray_app.core.model.api_failure import ApiFailureKind, ApiProblem
from tray_app.core.model.sanitize import visible

SHORTEST_SECRET = 4
_NO_ROUTE = {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL}


class ApiError(Exception):
    """A request failed with a known problem."""

    def __init__(self, problem: ApiProblem) -> None:
        super().__init__(f"{problem.kind.name.replace('_', ' ').lower()} {problem.detail}".strip())
        self.problem = problem


def failed(kind: ApiFailureKind, detail: str = "") -> ApiError:
    """The error of this kind."""
    return ApiError(ApiProblem(kind, detail))


def plain_text(text: str, limit: int = 120) -> str:
    """``text`` as one line of at most ``limit`` printable characters."""
    line = visible(" ".join(text[: 8 * limit].split()))
    return line if len(line) <= limit else line[: limit - 1] + "…"


def problem_of(error: BaseException, waited_s: float) -> ApiProblem:
    """The problem behind an exception of a request; ``waited_s`` is its time limit."""
    for cause in causes(error):
        if problem := _known(cause, waited_s):
            return problem
    return ApiProblem(ApiFailureKind.UNEXPECTED)


def _known(cause: BaseException, waited_s: float) -> ApiProblem | None:
    import http.client
    import socket
    import ssl
    import zlib

    match cause:
        case ApiError():
            return cause.problem
        case ssl.SSLError():
            return _tls_problem(cause)
        case socket.gaierror():
            return ApiProblem(ApiFailureKind.HOST_NOT_FOUND)
        case TimeoutError():
            return ApiProblem(ApiFailureKind.NO_ANSWER, waited_s=waited_s)
        case ConnectionRefusedError():
            return ApiProblem(ApiFailureKind.REFUSED)
        case http.client.RemoteDisconnected():
            return ApiProblem(ApiFailureKind.CLOSED)
        case http.client.IncompleteRead():
            return ApiProblem(ApiFailureKind.BROKEN_OFF)
        case http.client.BadStatusLine() if str(cause)[:2] == "\x15\x03":  # a TLS alert
            return ApiProblem(ApiFailureKind.TLS_REQUIRED)
        case http.client.HTTPException():
            return ApiProblem(ApiFailureKind.NOT_HTTP)
        case zlib.error():
            return ApiProblem(ApiFailureKind.CORRUPT)
        case ConnectionError():
            return ApiProblem(ApiFailureKind.RESET)
        case OSError() if cause.errno in _NO_ROUTE:
            return ApiProblem(ApiFailureKind.NO_ROUTE)
        case OSError() if cause.strerror:
            return ApiProblem(ApiFailureKind.SYSTEM, plain_text(cause.strerror))
    return None


def _tls_problem(cause: Exception) -> ApiProblem:
    import ssl

    match cause:
        case ssl.SSLCertVerificationError():
            return ApiProblem(ApiFailureKind.CERTIFICATE, plain_text(cause.verify_message))
        case ssl.SSLError() if cause.reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST"):
            return ApiProblem(ApiFailureKind.TLS_UNEXPECTED)
        case ssl.SSLError():
            words = (cause.reason or "no reason given").replace("_", " ").lower()
            return ApiProblem(ApiFailureKind.TLS, plain_text(words))
    return ApiProblem(ApiFailureKind.TLS)


def causes(error: BaseException | None) -> Iterator[BaseException]:
    """The error and its causes."""
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


class Secrets:
    """The strings to hide: the URL's userinfo, encoded and decoded, and the values of the headers,
    a token also without the word before it.

    A value of a few characters is not a secret, and hiding it would hide much else.
    """

    def __init__(self, url: str, headers: Mapping[str, str]) -> None:
        values = {part for value in headers.values() for part in (value, value.rpartition(" ")[2])}
        found = {part for part in values if len(part) >= SHORTEST_SECRET}
        try:
            parts = urlsplit(url)
        except ValueError:
            pass
        else:
            written = [part for part in (parts.password, parts.username) if part]
            found |= {*written, *map(unquote, written)}
        self._longest_first = sorted(found, key=len, reverse=True)

    def mask(self, text: str) -> str:
        """``text`` without secrets: a server may echo a request."""
        for secret in self._longest_first:
            text = text.replace(secret, "…")
        return text

    def masked(self, problem: ApiProblem) -> ApiProblem:
        """The problem without secrets."""
        detail, location = self.mask(problem.detail), self.mask(problem.location)
        return replace(problem, detail=detail, location=location)

    def trace(self, error: Exception) -> str:
        """The traceback for the log, without secrets."""
        import traceback

        return self.mask("".join(traceback.format_exception(error)))
