"""The user's actions on the server: blocking calls, made from the caller's thread."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from typing import TypeVar

from tray_app.core.model.api_failure import ApiFailureKind
from tray_app.core.model.readings import ApiReading
from tray_app.core.model.server_action import AGE_HOURS
from tray_app.sources.api.errors import ApiError, Secrets, problem_of
from tray_app.sources.api.payload import check_done, decode_status
from tray_app.sources.api.request_pool import RequestPool
from tray_app.sources.api.session import STATUS_PATH, ApiSession

ROOT_PATH = "/"
OPTIMIZE_PATH = "/optimize-memory/"
CLEANUP_PATH = "/cleanup-old-files/?max_age_hours="
_NOT_FOUND = 404

_log = logging.getLogger(__name__)
T = TypeVar("T")


class ServerCalls:
    """Blocking calls on one connection, so that the same worker answers them all.

    Patience, userinfo, ``headers``, ``verify`` and ``pool`` as in `ApiClient`. Calls raise
    ApiError.
    """

    def __init__(
        self,
        base_url: str,
        clock: Callable[[], float],
        headers: Iterable[tuple[str, str]] = (),
        verify: bool | str = True,
        pool: RequestPool | None = None,
    ) -> None:
        self._clock = clock
        sent = dict(headers)
        self._session = ApiSession(base_url, sent, verify, clock, pool=pool)
        self._secrets = Secrets(base_url, sent)

    def status(self, patience_s: float) -> ApiReading:
        """The server's figures now."""

        def ask() -> ApiReading:
            asked_s = self._clock()
            body = self._session.get(STATUS_PATH, patience_s)
            taken_s = self._clock()
            return decode_status(body, taken_s=taken_s, latency_s=taken_s - asked_s)

        return self._call(ask, patience_s)

    def has_root(self, patience_s: float) -> bool:
        """Whether there is anything at the address itself; False: HTTP 404."""
        try:
            self._call(lambda: self._session.get(ROOT_PATH, patience_s), patience_s)
        except ApiError as error:
            if error.problem.status == _NOT_FOUND:
                return False
            raise
        return True

    def free_memory(self, patience_s: float) -> None:
        """Have the server collect its garbage, and delete temp files older than 1 h."""
        self._do(OPTIMIZE_PATH, patience_s)

    def clean_up(self, age_hours: int, patience_s: float) -> None:
        """Have the server delete its temp files that are older than this.

        Only the ages of `AGE_HOURS`, otherwise ValueError: 0 would put a running job's files at
        risk.
        """
        if age_hours not in AGE_HOURS.values():
            raise ValueError(f"{age_hours} h would delete files that a job may need")
        self._do(f"{CLEANUP_PATH}{age_hours}", patience_s)

    def close(self) -> None:
        """From any thread: abort the call in progress, and refuse others."""
        self._session.cut()

    def hang_up(self) -> None:
        """Close the connection; from the thread that calls."""
        self._session.hang_up()

    def _do(self, path: str, patience_s: float) -> None:
        self._call(lambda: check_done(self._session.post(path, patience_s)), patience_s)

    def _call(self, call: Callable[[], T], patience_s: float) -> T:
        try:
            return call()
        except Exception as error:  # noqa: BLE001 - whatever it is becomes a problem
            problem = self._secrets.masked(problem_of(error, patience_s))
            if problem.kind is ApiFailureKind.UNEXPECTED:
                _log.warning("unexpected error in a server action\n%s", self._secrets.trace(error))
            raise ApiError(problem) from None
