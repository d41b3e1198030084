"""Makes and ends silences in an Alertmanager: what a person's click asks for.

Each request is sent once. Alertmanager may have done it even where no answer came: then the next
list of its silences shows it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from http import HTTPStatus
from typing import TypeVar

from msgspec.structs import replace

from tray_app.core.model.api_failure import ApiFailureKind, ApiProblem
from tray_app.core.prometheus import alertmanager
from tray_app.core.prometheus.answers import NotUnderstoodError
from tray_app.core.prometheus.silences import EndSilence, MakeSilence, SilenceOrder, SilenceResult
from tray_app.core.prometheus.values import Silence, SilenceState
from tray_app.sources.api.errors import ApiError, Secrets, failed, problem_of
from tray_app.sources.api.request_pool import RequestPool
from tray_app.sources.api.session import ApiSession
from tray_app.worker_thread import WorkerThread

PATIENCE_S = 10.0
"""Time limit of one request: Alertmanager answers in milliseconds, a proxy before it may wake."""
_CLOSE_PATIENCE_S = 0.3

_log = logging.getLogger(__name__)
T = TypeVar("T")


class SilenceCalls:
    """Blocking calls on one connection; they raise ApiError.

    ``base_url`` is Alertmanager's, ``headers``, ``verify`` and ``pool`` as in `ApiSession`.
    """

    def __init__(
        self,
        base_url: str,
        clock: Callable[[], float],
        headers: Iterable[tuple[str, str]] = (),
        verify: bool | str = True,
        pool: RequestPool | None = None,
    ) -> None:
        sent = dict(headers)
        self._session = ApiSession(base_url, sent, verify, clock, pool=pool)
        self._secrets = Secrets(base_url, sent)

    def make(self, order: MakeSilence, patience_s: float) -> Silence:
        """Make a silence, and read how Alertmanager has understood it.

        One that holds back something else, or does not begin now, is ended, and counts as a
        failure.
        """
        body = self._call(
            lambda: self._session.post(
                alertmanager.SILENCES_PATH, patience_s, alertmanager.new_silence(order)
            ),
            patience_s,
        )
        silence_id = self._call(lambda: alertmanager.made_id(body), patience_s)
        try:
            made = self._read(silence_id, patience_s)
        except ApiError as error:
            # It was made: its own answer said so. Another Alertmanager of a cluster may not know
            # it yet.
            _log.info("could not read a new silence: %s", error)
            return Silence(
                silence_id,
                order.scope.matchers,
                order.author,
                order.comment,
                starts_s=order.starts_s,
                ends_s=order.ends_s,
            )
        if fault := _fault(made, order):
            with suppress(ApiError):
                self.end(made, patience_s)
            raise failed(ApiFailureKind.NOT_UNDERSTOOD, fault)
        return made

    def end(self, silence: Silence, patience_s: float) -> Silence:
        """End a silence; one that is over or not known has ended."""
        path = alertmanager.silence_path(silence.id)
        try:
            self._call(lambda: self._session.delete(path, patience_s), patience_s)
        except ApiError as error:
            if not _is_unknown(error.problem):
                raise
        return replace(silence, state=SilenceState.EXPIRED)

    def close(self) -> None:
        """From any thread: abort the call in progress, and refuse others."""
        self._session.cut()

    def hang_up(self) -> None:
        """Close the connection; from the thread that calls."""
        self._session.hang_up()

    def _read(self, silence_id: str, patience_s: float) -> Silence:
        path = alertmanager.silence_path(silence_id)
        return self._call(
            lambda: alertmanager.silence(self._session.get(path, patience_s)), patience_s
        )

    def _call(self, call: Callable[[], T], patience_s: float) -> T:
        try:
            return call()
        except NotUnderstoodError as error:
            raise ApiError(self._secrets.masked(error.problem)) from None
        except Exception as error:  # noqa: BLE001 - whatever it is becomes a problem
            problem = self._secrets.masked(problem_of(error, patience_s))
            if problem.kind is ApiFailureKind.UNEXPECTED:
                _log.warning("unexpected error about a silence\n%s", self._secrets.trace(error))
            raise ApiError(problem) from None


class SilenceWorker:
    """Carries out one order and calls ``report`` with the result, once, from a thread of its
    own."""

    def __init__(
        self, order: SilenceOrder, calls: SilenceCalls, report: Callable[[SilenceResult], None]
    ) -> None:
        self._order = order
        self._calls = calls
        self._report = report
        self._is_closing = False
        self._thread = WorkerThread("silence", self._work, again=False)

    def start(self) -> None:
        """Begin; returns at once."""
        try:
            self._thread.start()
        except RuntimeError:  # the system has no room for a thread now
            problem = ApiProblem(ApiFailureKind.SYSTEM, "this machine has no room for a thread")
            self._report(SilenceResult(self._order, problem=problem))

    def close(self) -> None:
        """Abort it and report nothing further; waits a moment at most."""
        self._is_closing = True
        self._calls.close()
        self._thread.join(_CLOSE_PATIENCE_S)

    def _work(self) -> None:
        # An order without an end would block all others.
        result = SilenceResult(self._order, problem=ApiProblem(ApiFailureKind.UNEXPECTED))
        try:
            result = SilenceResult(self._order, self._carried_out())
        except ApiError as error:
            result = SilenceResult(self._order, problem=error.problem)
        finally:
            try:
                self._calls.hang_up()
            finally:
                if not self._is_closing:
                    self._report(result)

    def _carried_out(self) -> Silence:
        match self._order:
            case MakeSilence():
                return self._calls.make(self._order, PATIENCE_S)
            case EndSilence(silence):
                return self._calls.end(silence, PATIENCE_S)


def _fault(made: Silence, order: MakeSilence) -> str:
    """Why the new silence does not do what was asked for; empty: it does."""
    if not alertmanager.is_as_asked(made, order):
        return "the new silence has other matchers"
    if made.state is SilenceState.PENDING:  # it was to begin a day ago
        return "its clock is more than a day behind"
    return "" if made.state is SilenceState.ACTIVE else "the new silence is over already"


def _is_unknown(problem: ApiProblem) -> bool:
    """Alertmanager answers 404; before version 0.28 it was 500 with these words."""
    if problem.status == HTTPStatus.NOT_FOUND:
        return True
    return problem.status == HTTPStatus.INTERNAL_SERVER_ERROR and "not found" in problem.detail
