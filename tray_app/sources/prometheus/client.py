"""Asks an engine for one part of what it knows, one request at a time, from a thread of its own.

The network never blocks the caller, and no exception leaves the worker: failures are values. Each
part has a connection and a thread, so that a slow one delays no other.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable, Iterable

from tray_app.core.model.api_failure import ApiFailureKind, ApiProblem
from tray_app.core.prometheus.answers import NotUnderstoodError
from tray_app.core.prometheus.values import EngineOutcome, Part, ReadFailed
from tray_app.sources.api.errors import Secrets, problem_of
from tray_app.sources.api.session import ApiSession
from tray_app.worker_thread import WorkerThread

MAX_BODY_BYTES = 8 * 1024 * 1024
"""The maximum size of an answer. 5,000 servers are 700 KB, 5,000 alerts 3 MB."""
_CLOSE_PATIENCE_S = 0.3

_log = logging.getLogger(__name__)


class PartClient:
    """Brings one ``report(outcome)`` per `ask`, called in its worker thread.

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
    ) -> None:
        sent = dict(headers)
        self._part = part
        self._path = path
        self._decode = decode
        self._report = report
        self._session = ApiSession(base_url, sent, verify, clock, max_body_bytes=MAX_BODY_BYTES)
        self._secrets = Secrets(base_url, sent)
        self._orders: queue.SimpleQueue[float | None] = queue.SimpleQueue()
        self._in_flight = threading.Lock()
        self._worker: WorkerThread | None = None
        self._last: tuple[bytes, EngineOutcome] | None = None
        self._is_puzzled = False

    def ask(self, patience_s: float) -> bool:
        """Start one request and return at once; False (and no request) while one is in flight, or
        an abandoned one has not ended. ``patience_s`` covers the whole request."""
        if self._session.is_cut or not self._in_flight.acquire(blocking=False):
            return False
        if self._session.is_busy() or not self._has_worker():
            self._in_flight.release()
            return False
        self._orders.put(patience_s)
        return True

    def close(self) -> None:
        """Abort the request in flight and end the worker; reports nothing further."""
        self._session.cut()
        self._orders.put(None)
        if self._worker is not None:
            self._worker.join(_CLOSE_PATIENCE_S)

    def _has_worker(self) -> bool:
        if self._worker is None:
            worker = WorkerThread("engine", self._work)
            try:
                worker.start()
            except RuntimeError:  # the system has no room for a thread now
                return False
            self._worker = worker
        return True

    def _work(self) -> None:
        while (patience_s := self._orders.get()) is not None and self._answer(patience_s):
            pass
        self._session.hang_up()

    def _answer(self, patience_s: float) -> bool:
        """Make one request and report its result in any case; False if it was aborted."""
        unexpected = ApiProblem(ApiFailureKind.UNEXPECTED)
        outcome: EngineOutcome = ReadFailed(self._part, unexpected)
        try:
            outcome = self._outcome(patience_s)
        finally:
            if not self._session.is_cut:
                self._in_flight.release()  # before the report, which may start another request
                self._report(outcome)
        return not self._session.is_cut

    def _outcome(self, patience_s: float) -> EngineOutcome:
        try:
            self._session.open()
            return self._decoded(self._session.get(self._path, patience_s))
        except NotUnderstoodError as error:
            return ReadFailed(self._part, self._secrets.masked(error.problem))
        except Exception as error:  # noqa: BLE001 - whatever it is becomes a visible outcome
            problem = problem_of(error, patience_s)
            self._log_puzzle(error if problem.kind is ApiFailureKind.UNEXPECTED else None)
            return ReadFailed(self._part, self._secrets.masked(problem))

    def _decoded(self, body: bytes) -> EngineOutcome:
        """An answer that says the same as the last one is the same value: alerts mostly do."""
        if self._last is None or self._last[0] != body:
            self._last = body, self._decode(body)
        self._is_puzzled = False
        return self._last[1]

    def _log_puzzle(self, error: Exception | None) -> None:
        """Log a failure without a kind, the first time."""
        if error is not None and not self._is_puzzled:
            _log.warning("unexpected error in a request\n%s", self._secrets.trace(error))
        self._is_puzzled = error is not None
