"""One kept-alive connection to the server's API, through requests.

Rule of the room: the only importer of requests and of urllib3, which comes with it. Both are
imported at the first exchange, because that takes 0.1 s.

A time-out of requests covers one wait of a socket, so a server that sends a byte now and then
stretches it without end, and a name lookup has no limit. So an exchange runs in a thread of the
pool, and another one cuts its connection at its deadline.
"""

from __future__ import annotations

import queue
import re
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct

from tray_app import APP_ID
from tray_app.core.model.api_failure import ApiFailureKind, ApiProblem
from tray_app.sources.api.errors import ApiError, causes, failed, plain_text, problem_of
from tray_app.sources.api.http_fields import (
    is_interim,
    is_known_encoding,
    repeated_length,
    retry_after_s,
)
from tray_app.sources.api.payload import error_words
from tray_app.sources.api.request_pool import Due, RequestPool

if TYPE_CHECKING:
    from http.client import HTTPConnection

    import requests

STATUS_PATH = "/memory-status/"  # without its last slash the server redirects

MAX_BODY_BYTES = 256 * 1024
"""The maximum size of a RunAnalyze server's body, decompressed. A real answer has 0.6 to 2 KB."""

CUT_GRACE_S = 0.25
"""Time for an exchange to end after its connection was cut. One that cannot be cut, because it
connects or looks up a name, keeps the session busy until it ends."""

_READ_BYTES = 16 * 1024
_GATEWAY_TIMEOUT = 504


Done = Callable[[bytes | Exception, float], None]
"""Takes the body of a good answer, or the error, and when its exchange began."""


class _Exchange:
    """One exchange. ``is_given_up``: its time is over, or nobody waits for it any longer; then
    ``late`` is its failure."""

    def __init__(self, method: str, path: str, body: bytes, patience_s: float, done: Done) -> None:
        self.method = method
        self.path = path
        self.body = body
        self.patience_s = patience_s
        self.began_s = 0.0
        self.is_given_up = False
        self.is_settled = False
        self.late: ApiError | None = None
        self._done = done

    def settle(self, result: bytes | Exception) -> None:
        """Hand over the result."""
        self._done(result, self.began_s)


class ApiSession:
    """Makes one exchange at a time, each within its patience.

    ``base_url`` may have a path and user:password (sent as basic auth). ``verify`` is requests':
    True, False, or the path of a CA bundle. Proxies, .netrc, redirects and cookies are ignored.
    ``max_body_bytes`` is the maximum size of an answer's body, decompressed. ``pool`` is shared
    with other sessions (None: one of its own).
    """

    def __init__(
        self,
        base_url: str,
        headers: dict[str, str],
        verify: bool | str,
        clock: Callable[[], float],
        max_body_bytes: int = MAX_BODY_BYTES,
        pool: RequestPool | None = None,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._headers = {
            "Accept": "application/json",
            "Accept-Encoding": "identity",  # without compression there is no bomb
            "User-Agent": APP_ID,
        } | headers
        self._verify = verify
        self._clock = clock
        self._max_body_bytes = max_body_bytes
        self._session: requests.Session | None = None
        self._prepared: dict[tuple[str, str], requests.PreparedRequest] = {}
        self._pool = pool or RequestPool(clock)
        self._lock = threading.Lock()
        self._current: _Exchange | None = None
        self._hangs_up = False
        self._connection: HTTPConnection | None = None
        self._socket: socket.socket | None = None
        self._is_reused = False
        self.is_cut = False

    def get(self, path: str, patience_s: float) -> bytes:
        """The body of a good answer; raises ApiError and the network libraries' exceptions."""
        return self._exchange("GET", path, patience_s)

    def post(self, path: str, patience_s: float, body: bytes = b"") -> bytes:
        """As `get`, but sent only once, whatever happens; ``body`` is JSON."""
        return self._exchange("POST", path, patience_s, body)

    def delete(self, path: str, patience_s: float) -> bytes:
        """As `post`."""
        return self._exchange("DELETE", path, patience_s)

    def begin(
        self, method: str, path: str, patience_s: float, done: Done, body: bytes = b""
    ) -> None:
        """Begin an exchange, and return at once. ``done`` is called once, in another thread; the
        next exchange may begin there. Raises where none can begin."""
        if self.is_cut:
            raise ConnectionAbortedError
        exchange = _Exchange(method, path, body=body, patience_s=patience_s, done=done)
        with self._lock:
            if self._current is not None:
                raise failed(ApiFailureKind.BUSY)
            self._current = exchange
        self._pool.enter(self)
        try:
            self._pool.run(partial(self._make, exchange))
        except RuntimeError:
            self._current = None
            raise

    def cut(self) -> None:
        """From any thread: end the exchange in progress, and refuse others."""
        self.is_cut = True
        with self._lock:
            current = self._current
            self._give_up(current)
        if current is not None:
            self._settle(current, ConnectionAbortedError())

    def hang_up(self) -> None:
        """Close the connection, once the exchange has ended; nothing begins after it."""
        with self._lock:
            self._hangs_up = True
            is_free = self._current is None
        if is_free:
            self._close()

    def _close(self) -> None:
        if self._session is not None:
            self._session.close()
        self._pool.leave(self)

    def connecting(self, connection: HTTPConnection) -> None:
        """A connection is about to be made."""
        self._connection, self._socket, self._is_reused = connection, None, False

    def connected(self, connection: HTTPConnection) -> None:
        """It has been made: send nothing if the caller has stopped waiting."""
        self._socket = connection.sock
        if self._is_given_up():
            raise ConnectionAbortedError

    def _exchange(self, method: str, path: str, patience_s: float, body: bytes = b"") -> bytes:
        """Make an exchange and wait for it."""
        results: queue.SimpleQueue[bytes | Exception] = queue.SimpleQueue()
        self.begin(method, path, patience_s, lambda result, _: results.put(result), body)
        result = results.get()
        if isinstance(result, bytes):
            return result
        try:
            raise result
        finally:
            del result  # else the error holds this frame, and this frame the error

    def _request(self, method: str, path: str, body: bytes) -> requests.PreparedRequest:
        """Prepared once, if it is made again and again: that takes as long as half an exchange."""
        import requests

        assert self._session is not None
        request = self._prepared.get((method, path))
        if request is None:
            made = requests.Request(method, self._base_url + path)
            if body:
                made.data, made.headers = body, {"Content-Type": "application/json"}
            request = self._session.prepare_request(made)
            if method != "DELETE" and not body:
                self._prepared[method, path] = request
        return request

    def _give_up(self, current: _Exchange | None) -> bool:
        """Cut the connection; whether there was one. A handshake ends by its own time-out."""
        if current is not None:
            current.is_given_up = True
        if self._socket is not None:
            with suppress(OSError):  # closed already
                self._socket.shutdown(socket.SHUT_RDWR)
        return self._connection is not None and (
            self._socket is not None or self._connection.sock is not None
        )

    def _is_given_up(self) -> bool:
        current = self._current
        return self.is_cut or current is None or current.is_given_up

    # In the thread of the deadlines

    def _is_due(self, exchange: _Exchange) -> None:
        """The time of an exchange is over. Mostly the cut ends it, and an error's status may have
        come; else it is abandoned."""
        with self._lock:
            if self._current is not exchange:
                return
            has_connected = self._give_up(exchange)
            kind = ApiFailureKind.NO_ANSWER if has_connected else ApiFailureKind.NO_CONNECTION
            exchange.late = ApiError(ApiProblem(kind, waited_s=exchange.patience_s))
        self._pool.deadlines.set(CUT_GRACE_S, partial(self._settle, exchange, exchange.late))

    def _settle(self, exchange: _Exchange, result: bytes | Exception) -> None:
        """Hand over the result, unless that was done."""
        with self._lock:
            if exchange.is_settled:
                return
            exchange.is_settled = True
        exchange.settle(result)

    # In a thread of the pool

    def _make(self, exchange: _Exchange) -> None:
        result = self._result(exchange)
        with self._lock:
            self._current = None
            hangs_up = self._hangs_up
        if hangs_up:
            self._close()
        self._settle(exchange, result)

    def _result(self, exchange: _Exchange) -> bytes | Exception:
        due: Due | None = None
        try:
            self._open()
            request = self._request(exchange.method, exchange.path, exchange.body)
            exchange.began_s = began_s = self._clock()
            due = self._pool.deadlines.set(exchange.patience_s, partial(self._is_due, exchange))
            order = _Order(request, exchange.patience_s, began_s + exchange.patience_s)
            result: bytes | Exception = self._body_of_good_answer(order)
        except Exception as error:  # noqa: BLE001 - raised where it is waited for
            result = _without_frames(error, exchange.patience_s)
        if due is not None:
            due.cancel()
        with self._lock:  # after a cut that is under way
            late = ConnectionAbortedError() if self.is_cut else exchange.late
        return result if late is None or (not self.is_cut and _has_status(result)) else late

    def _open(self) -> None:
        """Import requests and make its session, once."""
        if self._session is not None:
            return
        if isinstance(self._verify, str) and not Path(self._verify).is_file():
            raise failed(ApiFailureKind.CA_FILE_MISSING, Path(self._verify).name)
        self._session = _new_session(self._headers, self._verify, self)

    def _body_of_good_answer(self, order: _Order) -> bytes:
        import requests
        from urllib3.exceptions import LocationParseError

        self._is_reused = True  # unless this exchange makes a new connection
        try:
            try:
                return self._body(order)
            except requests.ConnectionError as error:
                # The server has closed the kept connection (uvicorn does after 5 s of idling).
                if order.request.method != "GET" or not self._is_reused or not _is_broken(error):
                    raise
                return self._body(order)
        except requests.exceptions.ConnectTimeout:
            problem = ApiProblem(ApiFailureKind.NO_CONNECTION, waited_s=order.patience_s)
            raise ApiError(problem) from None
        except LocationParseError as error:  # a label of the host's name is empty or too long
            raise failed(ApiFailureKind.HOST_NOT_FOUND) from error
        except requests.exceptions.InvalidHeader as error:  # two different lengths
            raise failed(ApiFailureKind.NOT_HTTP) from error

    def _body(self, order: _Order) -> bytes:
        assert self._session is not None
        if self._is_given_up():
            raise ConnectionAbortedError
        left_s = order.deadline_s - self._clock()
        if left_s <= 0:
            raise TimeoutError
        # Not Session.send: it follows redirects, or reads their whole body, which may have no end;
        # and it keeps cookies.
        adapter = self._session.get_adapter(self._base_url)
        response = adapter.send(order.request, stream=True, timeout=left_s, verify=self._verify)
        try:
            _check_status(response)
            encoding = response.headers.get("Content-Encoding", "")
            if not is_known_encoding(encoding):
                raise failed(ApiFailureKind.COMPRESSED, plain_text(encoding, 20))
            return _read(response, self._max_body_bytes)
        finally:
            response.close()


def _new_session(headers: dict[str, str], verify: bool | str, owner: ApiSession) -> Any:
    """A requests.Session that reads no proxy and no .netrc, and shows its connections."""
    from http.client import HTTPResponse

    import requests
    import urllib3
    from requests.adapters import HTTPAdapter
    from urllib3.connection import HTTPConnection, HTTPSConnection

    class Response(HTTPResponse):
        """Beyond http.client's: it passes over each interim answer, not only over 100, and takes
        one length that is repeated in one field (RFC 9110, 15.2 and 8.6)."""

        def begin(self) -> None:
            super().begin()
            while is_interim(self.status):
                self.headers = None  # type: ignore[assignment]  # else nothing is read
                super().begin()
            if self.length is None and not self.chunked:
                self.length = repeated_length(self.headers.get("Content-Length"))

    class Connection(HTTPConnection):
        response_class = Response

        def connect(self) -> None:
            owner.connecting(self)
            super().connect()
            owner.connected(self)

    class TlsConnection(HTTPSConnection):
        response_class = Response

        def connect(self) -> None:
            owner.connecting(self)
            super().connect()
            owner.connected(self)

    class Pool(urllib3.HTTPConnectionPool):
        ConnectionCls = Connection

    class TlsPool(urllib3.HTTPSConnectionPool):
        ConnectionCls = TlsConnection

    class Adapter(HTTPAdapter):
        def init_poolmanager(self, *args: Any, **options: Any) -> None:
            super().init_poolmanager(*args, **options)
            self.poolmanager.pool_classes_by_scheme = {"http": Pool, "https": TlsPool}

    if verify is False:  # the user's choice; no warning at each new connection
        urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
    session = requests.Session()
    session.trust_env = False  # no http_proxy, no .netrc
    session.headers.clear()
    session.headers.update(headers)
    for scheme in ("http://", "https://"):
        session.mount(scheme, Adapter())
    return session


class _Order(Struct, frozen=True):
    request: requests.PreparedRequest
    patience_s: float
    deadline_s: float


def _has_status(result: bytes | Exception) -> bool:
    """Whether it is an error of the server's own."""
    return isinstance(result, ApiError) and result.problem.status is not None


def _is_broken(error: BaseException) -> bool:
    """Whether the connection was closed or reset."""
    return any(isinstance(it, ConnectionResetError | BrokenPipeError) for it in causes(error))


def _without_frames(error: Exception, waited_s: float) -> Exception:
    """The error as ours: the libraries' own errors keep their frames alive in cycles, with all data
    read so far, which may be megabytes of headers."""
    import traceback

    problem = problem_of(error, waited_s)
    if problem.kind is ApiFailureKind.UNEXPECTED:
        return error  # for the log
    for cause in causes(error):
        traceback.clear_frames(cause.__traceback__)
    return ApiError(problem)


def _read(response: requests.Response, max_bytes: int) -> bytes:
    body = bytearray()
    # Not iter_content: it parses chunks itself, and reads an endless chunk header whole.
    try:
        while part := response.raw.read(_READ_BYTES, decode_content=True):
            body += part
            if len(body) > max_bytes:
                raise ApiError(ApiProblem(ApiFailureKind.TOO_LARGE, limit_bytes=max_bytes))
    except ValueError as error:  # a chunk of negative size
        raise failed(ApiFailureKind.NOT_HTTP) from error
    return bytes(body)


def _check_status(response: requests.Response) -> None:
    """Raise for an error or a redirect, with the server's Retry-After."""
    status = response.status_code
    if 200 <= status < 300:
        return
    fields = response.headers
    wait_s = retry_after_s(fields.get("Retry-After"), fields.get("Date"))
    kind = ApiFailureKind.STATUS
    location = detail = ""
    if status == _GATEWAY_TIMEOUT:  # the server itself was silent; a proxy reports it
        kind, wait_s = ApiFailureKind.GATEWAY_TIMEOUT, None
    if place := fields.get("Location"):
        # Without userinfo: a redirect may repeat that of the request's URL.
        location = plain_text(re.sub("//[^/]*@", "//", place))
        if kind is ApiFailureKind.STATUS:
            kind = ApiFailureKind.REDIRECT
    else:
        with suppress(Exception):  # the status is known, even if the body fails
            detail = error_words(_read(response, MAX_BODY_BYTES))
        detail = detail or plain_text(response.reason or "")
    raise ApiError(
        ApiProblem(kind=kind, detail=detail, status=status, location=location, retry_after_s=wait_s)
    )
