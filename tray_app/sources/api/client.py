"""Asks the server's API for its figures, one request at a time, from threads of a pool.

The network never blocks the caller, and no exception leaves an exchange: failures are values.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from functools import partial

from msgspec.structs import replace

from tray_app.core.model.api_failure import ApiFailureKind, ApiProblem
from tray_app.core.model.readings import ApiFailure, ApiOutcome, StageMark
from tray_app.sources.api.errors import ApiError, Secrets, problem_of
from tray_app.sources.api.payload import decode_stage, decode_status
from tray_app.sources.api.request_pool import RequestPool
from tray_app.sources.api.session import STATUS_PATH, ApiSession

STAGE_PATH = "/memory-history/?limit=1"

LONGEST_RETRY_AFTER_S = 300.0
"""The longest time that a Retry-After keeps the stage from being requested."""

STAGE_PATIENCE_S = 1.0
"""The longest time that a good reading waits for its stage, which the server has in memory."""

_CLOSE_PATIENCE_S = 1.0

_log = logging.getLogger(__name__)


class ApiClient:
    """Brings one ``report(outcome)`` per ``ask``, called in a thread of the ``pool``.

    ``base_url`` may have a path and user:password (sent as basic auth, never shown).
    ``clock`` gives monotonic seconds. ``headers`` are sent along. ``verify`` is requests': True,
    False, or the path of a CA bundle. Proxies, .netrc and redirects are never followed.
    """

    def __init__(
        self,
        base_url: str,
        report: Callable[[ApiOutcome], None],
        clock: Callable[[], float],
        headers: Iterable[tuple[str, str]] = (),
        verify: bool | str = True,
        pool: RequestPool | None = None,
    ) -> None:
        self._report = report
        self._clock = clock
        sent = dict(headers)
        self._session = ApiSession(base_url, sent, verify, clock, pool=pool)
        self._secrets = Secrets(base_url, sent)
        self._in_flight = threading.Lock()
        self._reporting = threading.RLock()
        self._is_puzzled = False
        self._stage_not_before_s = 0.0
        self._tracker: tuple[float, ...] | None = None

    def ask(self, patience_s: float, with_stage: bool = False) -> bool:
        """Start one request and return at once; False (and no request) while one is in flight, or
        an abandoned one has not ended (the system is still looking up a host's name).

        ``patience_s`` covers the whole request, however slowly it comes. ``with_stage`` also asks
        for the newest stage; so does a summary that has changed since the last answer. If that
        fails, the reading stays as it is.
        """
        if self._session.is_cut or not self._in_flight.acquire(blocking=False):
            return False
        took = partial(self._take, patience_s, with_stage)
        try:
            self._session.begin("GET", STATUS_PATH, patience_s, took)
        except (ApiError, OSError, RuntimeError):  # busy, closed, or no room for a thread now
            self._in_flight.release()
            return False
        return True

    def close(self) -> None:
        """Abort the request in flight, and report nothing further; waits at most 1 s for a
        report."""
        self._session.cut()
        self._session.hang_up()
        if self._reporting.acquire(timeout=_CLOSE_PATIENCE_S):
            self._reporting.release()

    def _take(
        self, patience_s: float, with_stage: bool, result: bytes | Exception, asked_s: float
    ) -> None:
        """Report the result of a request in any case, unless it was aborted."""
        outcome: ApiOutcome = ApiFailure(self._clock(), ApiProblem(ApiFailureKind.UNEXPECTED))
        try:
            outcome = self._outcome(patience_s, with_stage, result, asked_s)
        finally:
            with self._reporting:
                if not self._session.is_cut:
                    self._in_flight.release()  # before the report, which may start another request
                    self._report(outcome)

    def _outcome(
        self, patience_s: float, with_stage: bool, result: bytes | Exception, asked_s: float
    ) -> ApiOutcome:
        try:
            if not isinstance(result, bytes):
                raise result
            taken_s = self._clock()
            reading = decode_status(result, taken_s=taken_s, latency_s=taken_s - asked_s)
        except Exception as error:  # noqa: BLE001 - whatever it is becomes a visible outcome
            problem = problem_of(error, patience_s)
            self._log_puzzle(error if problem.kind is ApiFailureKind.UNEXPECTED else None)
            return ApiFailure(self._clock(), self._secrets.masked(problem))
        finally:
            del result  # else the error holds this frame, and this frame the error
        self._log_puzzle(None)
        known, self._tracker = self._tracker, reading.tracker
        # The stage belongs to its summary: asked for with the next answer it is 2 s old.
        moved = known is not None and bool(reading.tracker) and reading.tracker != known
        if (with_stage or moved) and taken_s >= self._stage_not_before_s:
            left_s = min(asked_s + patience_s - taken_s, STAGE_PATIENCE_S)
            return replace(reading, stage=self._stage(left_s))
        return reading

    def _log_puzzle(self, error: Exception | None) -> None:
        """Log a failure without a kind, the first time."""
        if error is not None and not self._is_puzzled:
            _log.warning("unexpected error in a request\n%s", self._secrets.trace(error))
        self._is_puzzled = error is not None

    def _stage(self, patience_s: float) -> StageMark | None:
        try:
            return decode_stage(self._session.get(STAGE_PATH, patience_s))
        except Exception as error:  # noqa: BLE001 - whatever happens, the reading is good
            retry_after_s = problem_of(error, patience_s).retry_after_s or 0.0
            self._stage_not_before_s = self._clock() + min(retry_after_s, LONGEST_RETRY_AFTER_S)
            return None
