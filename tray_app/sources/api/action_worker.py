"""Runs a server action and measures its effect, in a thread of its own.

It asks the server itself before and after, on one connection, because the latest sample may come
from another worker or source.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from tray_app.core.model.api_failure import ApiFailureKind, ApiProblem, FailureClass
from tray_app.core.model.readings import MIB, ApiReading
from tray_app.core.model.server_action import AGE_HOURS, ActionResult, Extent, ServerAction
from tray_app.core.model.server_address import ServerAddress, public_url
from tray_app.sources.api.errors import ApiError
from tray_app.worker_thread import WorkerThread

LIMIT_S = 30.0
"""Time limit for the action itself: a busy server was silent for 39 s at most, usually 14 s, and a
user does not wait longer after a click."""
BEFORE_LIMIT_S = {
    ServerAction.FREE_MEMORY: LIMIT_S,
    ServerAction.CLEAN_UP: 5.0,
    ServerAction.CLEAN_UP_HOUR: 5.0,
}
"""Time limit for the measurement before it. A silent server is busy: not a good time to clean
up."""
SETTLE_S = 4.0
MEASURE_EVERY_S = 0.5
SETTLED_BYTES = MIB

PAGE_LIMIT_S = 2.0
"""Time limit for finding the server's page: the user waits for a browser."""
DOCS_PATH = "/docs"

_CLOSE_PATIENCE_S = 0.3
_log = logging.getLogger(__name__)


class Server(Protocol):
    """The calls that a server action needs; they block, and raise ApiError."""

    def status(self, patience_s: float) -> ApiReading: ...
    def free_memory(self, patience_s: float) -> None: ...
    def clean_up(self, age_hours: int, patience_s: float) -> None: ...
    def close(self) -> None: ...
    def hang_up(self) -> None: ...


class Root(Protocol):
    """The call that finds the server's page."""

    def has_root(self, patience_s: float) -> bool: ...
    def hang_up(self) -> None: ...


def find_page(address: ServerAddress, server: Root, found: Callable[[str], None]) -> None:
    """Call ``found`` once, from a thread of its own, with the URL of the server's page.

    The address itself, or its documentation: the real server has no page at its root, and FastAPI
    answers 404. A silent server is busy: it gets no second request, and the result is the
    documentation.
    """

    def work() -> None:
        has_root = True
        try:
            has_root = server.has_root(PAGE_LIMIT_S)
        except ApiError as error:
            has_root = error.problem.failure_class is not FailureClass.TIMEOUT
        finally:
            with suppress(Exception):  # the user waits for a page
                server.hang_up()
        found(public_url(address) + ("" if has_root else DOCS_PATH))

    WorkerThread("page", work, again=False).start()


class ActionWorker:
    """Runs one action and calls ``report`` with its outcome, once, from its thread.

    ``clock`` gives monotonic seconds.
    """

    def __init__(
        self,
        action: ServerAction,
        server: Server,
        report: Callable[[ActionResult], None],
        clock: Callable[[], float],
    ) -> None:
        self._action = action
        self._server = server
        self._report = report
        self._clock = clock
        self._closing = threading.Event()
        self._thread = WorkerThread("server action", self._work, again=False)

    def start(self) -> None:
        """Begin; returns at once."""
        self._thread.start()

    def close(self) -> None:
        """Abort it and report nothing further; waits a moment at most."""
        self._closing.set()
        self._server.close()
        self._thread.join(_CLOSE_PATIENCE_S)

    def _work(self) -> None:
        # A server action that never ends would block all others.
        outcome = ActionResult(self._action, problem=ApiProblem(ApiFailureKind.UNEXPECTED))
        try:
            outcome = self._outcome()
        except ApiError as error:
            outcome = ActionResult(self._action, problem=error.problem)
        finally:
            try:
                self._server.hang_up()
            finally:
                if not self._closing.is_set():
                    self._report(outcome)

    def _outcome(self) -> ActionResult:
        before = self._extent(BEFORE_LIMIT_S[self._action])
        began_s = self._clock()
        if self._action is ServerAction.FREE_MEMORY:
            self._server.free_memory(LIMIT_S)
        else:
            self._server.clean_up(AGE_HOURS[self._action], LIMIT_S)
        after = self._settled(self._clock() + SETTLE_S)
        return ActionResult(self._action, self._clock() - began_s, before, after)

    def _extent(self, patience_s: float) -> Extent:
        reading = self._server.status(patience_s)
        temp = reading.temp
        if temp is None:
            return Extent(reading.rss_bytes)
        return Extent(reading.rss_bytes, temp.size_bytes, temp.file_count)

    def _settled(self, until_s: float) -> Extent | None:
        """The extent once two in a row are the same, or the last one at ``until_s``.

        The lowest count of files is used, because a job may write new ones meanwhile. The action
        was done even if the measurement fails: then the effect is unknown.
        """
        last: Extent | None = None
        try:
            while (left_s := until_s - self._clock()) > 0:
                extent = self._extent(left_s)
                settled = last is not None and _alike(extent, last)
                last = _with_fewest(extent, last)
                if settled or self._closing.wait(
                    min(MEASURE_EVERY_S, max(0.0, until_s - self._clock()))
                ):
                    break
        except ApiError as error:
            _log.info("could not measure the effect of a server action: %s", error)
        return last


def _alike(one: Extent, other: Extent) -> bool:
    return abs(one.memory_bytes - other.memory_bytes) < SETTLED_BYTES


def _with_fewest(new: Extent, old: Extent | None) -> Extent:
    if old is None or old.file_count is None:
        return new
    if new.file_count is not None and new.file_count < old.file_count:
        return new
    return Extent(new.memory_bytes, old.temp_bytes, old.file_count)
