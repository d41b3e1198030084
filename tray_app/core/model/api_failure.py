"""Why a request to the server's API brought nothing: a kind, and the facts that belong to it.

Data alone: the sentences stand in `core.presentation.api_failure_text`.
"""

from __future__ import annotations

from enum import Enum, StrEnum, auto

from msgspec import Struct


class FailureClass(StrEnum):
    """The classes that the circuit breaker distinguishes. REFUSED: nobody listens. TIMEOUT: no
    (whole) answer in time. ERROR: a wrong answer."""

    REFUSED = "refused"
    TIMEOUT = "timeout"
    ERROR = "error"


class ApiFailureKind(Enum):
    """The kind of failure. The facts of `ApiProblem` that belong to a kind stand beside it."""

    # The server cannot be reached.
    REFUSED = auto()
    HOST_NOT_FOUND = auto()
    NO_ROUTE = auto()
    # No answer in time.
    NO_CONNECTION = auto()  # waited_s
    NO_ANSWER = auto()  # waited_s
    BUSY = auto()  # the request before it has not ended
    GATEWAY_TIMEOUT = auto()  # status, detail, location: a proxy speaks for a silent server
    # The way to it.
    SYSTEM = auto()  # detail: the system's words
    CA_FILE_MISSING = auto()  # detail: the file's name
    CERTIFICATE = auto()  # detail: OpenSSL's words
    TLS = auto()  # detail: OpenSSL's words
    TLS_UNEXPECTED = auto()  # https:// to a port without TLS
    TLS_REQUIRED = auto()  # http:// to a port with TLS
    CLOSED = auto()
    RESET = auto()
    BROKEN_OFF = auto()
    # The answer.
    NOT_HTTP = auto()
    STATUS = auto()  # status, detail: the server's words
    REDIRECT = auto()  # status, location
    TOO_LARGE = auto()  # limit_bytes
    COMPRESSED = auto()  # detail: the encoding
    CORRUPT = auto()  # compressed, and broken
    EMPTY = auto()
    NOT_UTF8 = auto()
    NOT_JSON = auto()
    NESTED_TOO_DEEPLY = auto()
    WRONG_SHAPE = auto()  # field, fault
    NOT_UNDERSTOOD = auto()  # detail: what is wrong
    SERVER_ERROR = auto()  # detail: the server's words, in a good answer
    # All else; the log has more.
    UNEXPECTED = auto()


_CLASSES = {
    ApiFailureKind.REFUSED: FailureClass.REFUSED,
    ApiFailureKind.HOST_NOT_FOUND: FailureClass.REFUSED,
    ApiFailureKind.NO_ROUTE: FailureClass.REFUSED,
    ApiFailureKind.NO_CONNECTION: FailureClass.TIMEOUT,
    ApiFailureKind.NO_ANSWER: FailureClass.TIMEOUT,
    ApiFailureKind.BUSY: FailureClass.TIMEOUT,
    ApiFailureKind.GATEWAY_TIMEOUT: FailureClass.TIMEOUT,
}


class FieldFault(Enum):
    """The fault of a field in an answer."""

    MISSING = auto()
    NOT_AN_OBJECT = auto()
    NOT_A_NUMBER = auto()
    NEGATIVE = auto()
    TOO_LARGE = auto()


class ApiProblem(Struct, frozen=True):
    """A kind and its facts. ``detail`` and ``location`` are others' words, sanitized and without
    secrets. ``field`` is a path such as ``process_memory.rss_mb``; "" is the whole answer.

    ``retry_after_s`` is the server's Retry-After; None: it sent none.
    """

    kind: ApiFailureKind
    detail: str = ""
    status: int | None = None
    location: str = ""
    retry_after_s: float | None = None
    waited_s: float = 0.0
    limit_bytes: int = 0
    field: str = ""
    fault: FieldFault | None = None

    @property
    def failure_class(self) -> FailureClass:
        """Its class for the circuit breaker."""
        return _CLASSES.get(self.kind, FailureClass.ERROR)
