"""Asks an engine for one part of what it knows, one request at a time, from threads of a pool.

The network never blocks the caller, and no exception leaves an exchange: failures are values. Each
part has a connection of its own, so that a slow one delays no other.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from functools import partial

from tray_app.core.model.api_failure import ApiFailureKind, ApiProblem
from tray_app.core.prometheus.answers import NotUnderstoodError
from tray_app.core.prometheus.values import EngineOutcome, Part, ReadFailed
from tray_app.sources.api.errors import ApiError, Secrets, problem_of
from tray_app.sources.api.request_pool import RequestPool
from tray_app.sources.api.session import ApiSession

MAX_BODY_BYTES = 8 * 1024 * 1024
"""The maximum size of an answer. 5,000 servers are 700 KB, 5,000 alerts 3 MB."""

_log = logging.getLogger(__name__)


class PartClient:
    """Brings one ``report(outcome)`` per `ask`, called in a thread of the ``pool``.

    ``path`` is asked for below ``base_url``, and ``decode`` makes its answer a value. The rest as
    in `ApiSession`.
    """

    def __init__(
        self,
        part: Part,
        base_url: str,
        path: str,
        decode: Callable[[bytes], EngineOutcome],
        report: Callable[[EngineOutcome], None],
        clock: Callable[[], float],
        headers: Iterable[tuple[str, str]] = (),
        verify: bool | str = True,
        pool: RequestPool | None = None,
    ) -> None:
        sent = dict(headers)
        self._part = part
        self._path = path
        self._decode = decode
        self._report = report
        self._session = ApiSession(
            *(base_url, sent, verify, clock), max_body_bytes=MAX_BODY_BYTES, pool=pool
        )
        self._secrets = Secrets(base_url, sent)
        self._in_flight = threading.Lock()
        self._last: tuple[bytes, EngineOutcome] | None = None
        self._is_puzzled = False

    def ask(self, patience_s: float) -> bool:
        """Start one request and return at once; False (and no request) while one is in flight, or
        an abandoned one has not ended. ``patience_s`` covers the whole request."""
        if self._session.is_cut or not self._in_flight.acquire(blocking=False):
            return False
        try:
            self._session.begin("GET", self._path, patience_s, partial(self._take, patience_s))
        except (ApiError, OSError, RuntimeError):  # busy, closed, or no room for a thread now
            self._in_flight.release()
            return False
        return True

    def close(self) -> None:
        """Abort the request in flight; reports nothing further."""
        self._session.cut()
        self._session.hang_up()

    def _take(self, patience_s: float, result: bytes | Exception, _asked_s: float) -> None:
        """Report the result of a request in any case, unless it was aborted."""
        unexpected = ApiProblem(ApiFailureKind.UNEXPECTED)
        outcome: EngineOutcome = ReadFailed(self._part, unexpected)
        try:
            outcome = self._outcome(patience_s, result)
        finally:
            if not self._session.is_cut:
                self._in_flight.release()  # before the report, which may start another request
                self._report(outcome)

    def _outcome(self, patience_s: float, result: bytes | Exception) -> EngineOutcome:
        try:
            if not isinstance(result, bytes):
                raise result
            return self._decoded(result)
        except NotUnderstoodError as error:
            return ReadFailed(self._part, self._secrets.masked(error.problem))
        except Exception as error:  # noqa: BLE001 - whatever it is becomes a visible outcome
            problem = problem_of(error, patience_s)
            self._log_puzzle(error if problem.kind is ApiFailureKind.UNEXPECTED else None)
            return ReadFailed(self._part, self._secrets.masked(problem))
        finally:
            del result  # else the error holds this frame, and this frame the error

    def _decoded(self, body: bytes) -> EngineOutcome:
        """An answer that says the same as the last one is the same value, as alerts mostly do."""
        if self._last is None or self._last[0] != body:
            self._last = body, self._decode(body)
        self._is_puzzled = False
        return self._last[1]

    def _log_puzzle(self, error: Exception | None) -> None:
        """Log a failure without a kind, the first time."""
        if error is not None and not self._is_puzzled:
            _log.warning("unexpected error in a request\n%s", self._secrets.trace(error))
        self._is_puzzled = error is not None
