"""Asks the server's API, one request at a time: `ApiClient` from a thread of its own, and
`ServerCalls`, which blocks, for what a person has the server do.

Rule of the room: the only importer of requests (and of urllib3, which comes with it). Both are
imported by the worker at its first request, because that takes 70 ms. Nothing that the
network does holds up the caller, and no exception leaves the worker: failures are values.
"""

from __future__ import annotations

import errno
import io
import logging
import queue
import re
import socket
import sys
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote, urlsplit

from msgspec.structs import replace

from tray_app.core.model.readings import (
    ApiFailure,
    ApiFailureKind,
    ApiOutcome,
    ApiReading,
    StageMark,
)
from tray_app.core.model.server_action import AGE_HOURS
from tray_app.core.presentation.format import duration
from tray_app.sources.api.http_fields import is_known_encoding, retry_after_s, unpacked
from tray_app.sources.api.payload import (
    PayloadError,
    check_done,
    decode_stage,
    decode_status,
    error_words,
    plain_text,
)
from tray_app.worker_thread import WorkerThread

if TYPE_CHECKING:
    from http.client import HTTPResponse

    import requests
    from urllib3.connection import HTTPConnection

STATUS_PATH = "/memory-status/"  # without its last slash the server redirects
STAGE_PATH = "/memory-history/?limit=1"
ROOT_PATH = "/"

OPTIMIZE_PATH = "/optimize-memory/"
CLEANUP_PATH = "/cleanup-old-files/?max_age_hours="
_READ = (STATUS_PATH, STAGE_PATH, ROOT_PATH)
"""All other paths are posted to: an errand of a person, which is never sent twice."""

MAX_BODY_BYTES = 256 * 1024
"""A real answer has 0.6 to 2 KB."""

MAX_ANSWER_BYTES = MAX_BODY_BYTES + 64 * 1024
"""With its head and its framing, in which a server can flood as well as in the body: a stream of
``100 Continue`` or of chunked trailers kept a core busy for the whole patience."""

REASON_LIMIT = 80
"""Characters: a tooltip shows the reason on one line with others."""

LONGEST_WISH_S = 300.0
"""For so long the stage is not asked for because the server says so."""

STAGE_PATIENCE_S = 1.0
"""Longest that a good reading waits for its stage, which the server has in memory."""

SHORTEST_SECRET = 4
_CLOSE_PATIENCE_S = 1.0
_READ_BYTES = 64 * 1024
_END_OF_HEAD = b"\r\n\r\n"
_USUAL_HEAD = re.compile(rb"http/1\.1 200 [^\r\n]*(?:\r\n[a-z0-9-]+:[^\r\n]*)*")
_SPECIAL_FIELDS = (b"transfer-encoding", b"content-encoding", b"connection")
_GATEWAY_TIMEOUT = 504
_NO_ROUTE = {errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL}

_log = logging.getLogger(__name__)
T = TypeVar("T")


class ApiClient:
    """Brings one ``report(outcome)`` per ``ask``, called in its worker thread.

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
    ) -> None:
        self._report = report
        self._clock = clock
        sent = dict(headers)
        self._line = _Line(base_url.rstrip("/"), sent, verify, clock, _READ)
        self._secrets = _secrets(base_url, sent)
        self._orders: queue.SimpleQueue[tuple[float, bool] | None] = queue.SimpleQueue()
        self._in_flight = threading.Lock()
        self._worker: WorkerThread | None = None
        self._is_puzzled = False
        self._stage_not_before_s = 0.0
        self._tracker: tuple[float, ...] | None = None

    def ask(self, patience_s: float, with_stage: bool = False) -> bool:
        """Start one request and return at once; False (and nothing) while one is in flight.

        ``patience_s`` covers connecting, headers and body together, at whatever pace they come;
        only the look-up of a host name takes as long as the system's resolver does.
        ``with_stage`` also asks for the newest stage; so does a summary that has changed since the
        last answer. Its failure leaves the reading as it is.
        """
        if self._line.is_cut or not self._in_flight.acquire(blocking=False):
            return False
        if self._worker is None:
            worker = WorkerThread("api", self._work)
            try:
                worker.start()
            except RuntimeError:  # the system has no room for a thread now
                self._in_flight.release()
                return False
            self._worker = worker
        self._orders.put((patience_s, with_stage))
        return True

    def close(self) -> None:
        """Cut the request in flight and end the worker; waits at most 1 s, reports no more."""
        self._line.cut()
        self._orders.put(None)
        if self._worker is not None and self._worker is not threading.current_thread():
            self._worker.join(_CLOSE_PATIENCE_S)

    def _work(self) -> None:
        while (order := self._orders.get()) is not None and self._answer(*order):
            pass
        self._line.hang_up()

    def _answer(self, patience_s: float, with_stage: bool) -> bool:
        """Make one request; False when the line was cut. Whatever happens, it is reported."""
        outcome: ApiOutcome = ApiFailure(self._clock(), ApiFailureKind.ERROR, _PUZZLE)
        try:
            outcome = self._outcome(patience_s, with_stage)
        finally:
            if not self._line.is_cut:
                self._in_flight.release()  # before the report, which may ask again
                self._report(outcome)
        return not self._line.is_cut

    def _outcome(self, patience_s: float, with_stage: bool) -> ApiOutcome:
        try:
            self._line.open()
            asked_s = self._clock()
            body = self._line.get(STATUS_PATH, asked_s + patience_s)
            taken_s = self._clock()
            reading = decode_status(body, taken_s=taken_s, latency_s=taken_s - asked_s)
        except Exception as error:  # noqa: BLE001 - whatever it is becomes a visible outcome
            kind, reason = _explain(error, self._line.is_connected, patience_s)
            self._log_puzzle(error if reason is _PUZZLE else None)
            return ApiFailure(
                self._clock(),
                kind,
                _shown(reason, self._secrets),
                accepted=self._line.is_connected,
                retry_after_s=_wish_of(error),
            )
        self._log_puzzle(None)
        known, self._tracker = self._tracker, reading.tracker
        # The stage belongs to its summary: asked for with the next answer it is 2 s old.
        moved = known is not None and bool(reading.tracker) and reading.tracker != known
        if (with_stage or moved) and taken_s >= self._stage_not_before_s:
            deadline_s = min(asked_s + patience_s, taken_s + STAGE_PATIENCE_S)
            return replace(reading, stage=self._stage(deadline_s))
        return reading

    def _log_puzzle(self, error: Exception | None) -> None:
        """What people cannot be told in plain words is for the log, the first time."""
        if error is not None and not self._is_puzzled:
            _log.warning("a request failed in an unexpected way\n%s", _trace(error, self._secrets))
        self._is_puzzled = error is not None

    def _stage(self, deadline_s: float) -> StageMark | None:
        try:
            return decode_stage(self._line.get(STAGE_PATH, deadline_s))
        except Exception as error:  # noqa: BLE001 - whatever happens, the reading is good
            self._stage_not_before_s = self._clock() + min(_wish_of(error) or 0.0, LONGEST_WISH_S)
            return None


class CallError(Exception):
    """A call to the server failed; its text is a short reason for people."""

    def __init__(self, reason: str, kind: ApiFailureKind = ApiFailureKind.ERROR) -> None:
        super().__init__(reason)
        self.kind = kind


class ServerCalls:
    """Calls that block, on one connection: of several workers the same one answers them all.

    Patience, userinfo, ``headers`` and ``verify`` as in `ApiClient`. Calls raise CallError.
    """

    def __init__(
        self,
        base_url: str,
        clock: Callable[[], float],
        headers: Iterable[tuple[str, str]] = (),
        verify: bool | str = True,
    ) -> None:
        self._clock = clock
        cleanups = (f"{CLEANUP_PATH}{age_hours}" for age_hours in set(AGE_HOURS.values()))
        paths = (STATUS_PATH, ROOT_PATH, OPTIMIZE_PATH, *cleanups)
        sent = dict(headers)
        self._line = _Line(base_url.rstrip("/"), sent, verify, clock, paths)
        self._secrets = _secrets(base_url, sent)

    def status(self, patience_s: float) -> ApiReading:
        """The server's figures now."""
        asked_s = self._clock()

        def decode(body: bytes) -> ApiReading:
            taken_s = self._clock()
            return decode_status(body, taken_s=taken_s, latency_s=taken_s - asked_s)

        return self._call(STATUS_PATH, patience_s, decode)

    def has_root(self, patience_s: float) -> bool:
        """Whether there is anything at the address itself; False: HTTP 404."""
        try:
            self._call(ROOT_PATH, patience_s, bytes)
        except CallError as error:
            if str(error).startswith("HTTP 404"):
                return False
            raise
        return True

    def free_memory(self, patience_s: float) -> None:
        """Have the server collect its garbage, and delete temp files older than 1 h."""
        self._call(OPTIMIZE_PATH, patience_s, check_done)

    def clean_up(self, age_hours: int, patience_s: float) -> None:
        """Have the server delete its temp files that are older than this.

        Of `AGE_HOURS` only: else ValueError, for 0 would put a running job's files at risk.
        """
        if age_hours not in AGE_HOURS.values():
            raise ValueError(f"{age_hours} h would delete files that a job may need")
        self._call(f"{CLEANUP_PATH}{age_hours}", patience_s, check_done)

    def close(self) -> None:
        """From any thread: cut the call under way, and let no other begin."""
        self._line.cut()

    def hang_up(self) -> None:
        """Close the connection; from the thread that calls."""
        self._line.hang_up()

    def _call(self, path: str, patience_s: float, decode: Callable[[bytes], T]) -> T:
        try:
            self._line.open()
            return decode(self._line.get(path, self._clock() + patience_s))
        except Exception as error:  # noqa: BLE001 - whatever it is becomes a plain reason
            kind, reason = _explain(error, self._line.is_connected, patience_s)
            if reason is _PUZZLE:
                _log.warning("a call failed in an unexpected way\n%s", _trace(error, self._secrets))
            raise CallError(_shown(reason, self._secrets), kind) from None


def _wish_of(error: Exception) -> float | None:
    """For how long the server wants not to be asked, where it has said so."""
    return error.retry_after_s if isinstance(error, _WrongAnswer) else None


def _shown(reason: str, secrets: tuple[str, ...]) -> str:
    """The reason in one line, without what a server may echo of what it was sent."""
    return plain_text(_masked(reason, secrets), REASON_LIMIT)


def _trace(error: Exception, secrets: tuple[str, ...]) -> str:
    """For the log: what happened where, without secrets."""
    import traceback

    return _masked("".join(traceback.format_exception(error)), secrets)


def _masked(text: str, secrets: tuple[str, ...]) -> str:
    for secret in secrets:
        text = text.replace(secret, "…")
    return text


class _WrongAnswer(Exception):
    """An answer that is not the one asked for; its text is the reason. ``retry_after_s``: for so
    long the server wants not to be asked again."""

    retry_after_s: float | None = None


class _NoAnswerBehind(Exception):
    """A proxy answers that who should has not: a silence, told by another."""


_NOT_HTTP = "answer is not HTTP"
_TOO_LARGE = f"answer is larger than {MAX_BODY_BYTES // 1024} KiB"
_PUZZLE = "unexpected error (the log has more)"


class _Line:
    """One kept-alive connection on which all waiting ends at one deadline.

    requests checks and prepares what is asked, and its adapter makes the connection with all that
    belongs to TLS. The exchange itself is http.client's, past three layers that are for what is
    never wanted here (redirects, retries, cookies, decompression): at a pace of one request in 2 s
    they took twice the time of all the rest.

    A time-out of a socket is per read, so a dripping server stretches it without end. Here each
    read first sets it to what is left: no timer thread, and the same for plain and TLS
    connections. A reset kept connection is replaced once by a fresh one.
    """

    def __init__(
        self,
        base_url: str,
        headers: dict[str, str],
        verify: bool | str,
        clock: Callable[[], float],
        paths: tuple[str, ...],
    ) -> None:
        self._base_url = base_url
        self._paths = paths
        self._headers = {
            "Accept": "application/json",
            "Accept-Encoding": "identity",  # what is not compressed is no bomb
            "User-Agent": "runanalyze-tray",
        } | headers
        self._verify = verify
        self._clock = clock
        self._deadline_s = 0.0
        self._connection: HTTPConnection | None = None
        self._requests: dict[str, bytes] = {}
        self._socket: socket.socket | None = None
        self._is_fresh = False
        self.is_connected = False
        self.is_cut = False

    def open(self) -> None:
        """Import requests and prepare the requests, once; a bad URL raises requests' errors."""
        if self._connection is not None:
            return
        if isinstance(self._verify, str) and not Path(self._verify).is_file():
            raise _WrongAnswer(f"CA file not found: {Path(self._verify).name}")
        requests = _requests()
        import urllib3

        if self._verify is False:  # the user's choice; no warning at each new connection
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        session = requests.Session()
        session.trust_env = False  # no http_proxy, no .netrc
        session.headers.clear()
        session.headers.update(self._headers)
        prepared = {
            path: session.prepare_request(requests.Request(_method(path), self._base_url + path))
            for path in self._paths
        }
        connection = _connection(self, prepared[STATUS_PATH], self._verify)
        self._requests = {path: _written(connection, it) for path, it in prepared.items()}
        self._connection = connection

    def get(self, path: str, deadline_s: float) -> bytes:
        """The body of a good answer; raises _WrongAnswer and what http.client and ssl do."""
        self._deadline_s = deadline_s
        self._is_fresh = False
        try:
            return self._body(path)
        except BaseException:
            self.hang_up()
            raise

    def cut(self) -> None:
        """From any thread: end the exchange under way, and let no other begin."""
        self.is_cut = True
        if self._socket is not None:
            with suppress(OSError):  # not connected, or closed already
                self._socket.shutdown(socket.SHUT_RDWR)

    def hang_up(self) -> None:
        """Close the connection."""
        if self._connection is not None:
            self._connection.close()

    def remaining_s(self) -> float:
        """What is left of the patience; raises TimeoutError when nothing is.

        Asked before each wait, and after the socket waited for is known to ``cut``.
        """
        if self.is_cut:
            raise ConnectionAbortedError
        left_s = self._deadline_s - self._clock()
        if left_s <= 0:
            raise TimeoutError
        return left_s

    def connect(self, host: str, port: int) -> socket.socket:
        """A connected socket; unlike urllib3's, all addresses of a host share one patience."""
        self._is_fresh, self.is_connected = True, False
        failure = OSError("no address")
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except UnicodeError as error:  # a label of the name is empty or too long
            raise socket.gaierror from error
        for family, kind, proto, _, address in found:
            try:
                sock = self._socket = socket.socket(family, kind, proto)
            except OSError as error:  # a machine without IPv6
                failure = error
                continue
            try:
                sock.settimeout(self.remaining_s())
                sock.connect(address)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                sock.settimeout(self.remaining_s())  # a TLS handshake comes next
            except OSError as error:
                sock.close()
                failure = error
            else:
                self.is_connected = True
                return sock
        raise failure

    def receive(self) -> bytes:
        """The next part of the answer within the patience; b"" at its end."""
        assert self._socket is not None
        self._socket.settimeout(self.remaining_s())
        return self._socket.recv(_READ_BYTES)

    def _body(self, path: str) -> bytes:
        answer = b""
        try:
            answer = self._ask(path)
        except OSError as error:
            if self._is_fresh or isinstance(error, TimeoutError) or path not in _READ:
                raise
        if not answer and not self._is_fresh and path in _READ:
            # The server closed the kept connection meanwhile (uvicorn does after 5 s of idling).
            self.hang_up()
            answer = self._ask(path)
        answer = answer.lstrip(b"\r\n")  # some end the answer before with one line end too many
        size = _usual_size(answer)
        while size and len(answer) < size and (part := self.receive()):
            answer += part
        if len(answer) == size:
            return answer.partition(_END_OF_HEAD)[2]
        return self._unusual_body(answer)

    def _ask(self, path: str) -> bytes:
        """Send a request; the first part of its answer."""
        connection = self._connection
        assert connection is not None
        if connection.sock is not None and not connection.is_connected:
            connection.close()
        if connection.sock is None:
            connection.connect()
            self._socket = connection.sock  # after a handshake it is another one
        connection.sock.settimeout(self.remaining_s())
        # A server may answer before it has read everything, and close.
        with suppress(BrokenPipeError, ConnectionResetError):
            connection.sock.sendall(self._requests[path])
        return self.receive()

    def _unusual_body(self, begun: bytes) -> bytes:
        """The body of an answer of any kind, of which ``begun`` was read."""
        from http.client import SWITCHING_PROTOCOLS, HTTPResponse

        answer: Any = _Answer(begun, self)
        while True:
            response = HTTPResponse(answer, method="GET")
            response.begin()
            # Hints that come before the answer; http.client knows no other than 100.
            if not 100 < response.status < 200 or response.status == SWITCHING_PROTOCOLS:
                break
            response.fp = None  # type: ignore[assignment] # the answer comes through it, too
        body = _body_of(response)
        if response.will_close:
            self.hang_up()
        return body


def _method(path: str) -> str:
    return "GET" if path in _READ else "POST"


def _usual_size(answer: bytes) -> int | None:
    """Size of an answer that is as uvicorn sends it; None for one that http.client must read.

    That is one with a length, and nothing else said of its body or connection. Its head is
    whole: what comes in pieces is not usual. http.client reads heads with the parser for e-mail,
    which takes as long as the whole rest of a request.
    """
    end = answer.find(_END_OF_HEAD)
    head = answer[:end].lower()
    if end < 0 or not _USUAL_HEAD.fullmatch(head):
        return None
    fields = [line.partition(b":") for line in head.split(b"\r\n")[1:]]
    lengths = [value.strip() for name, _, value in fields if name == b"content-length"]
    special = any(name in _SPECIAL_FIELDS for name, _, _ in fields)
    if special or len(lengths) != 1 or not re.fullmatch(rb"[0-9]{1,6}", lengths[0]):
        return None
    size = int(lengths[0])
    return end + len(_END_OF_HEAD) + size if size <= MAX_BODY_BYTES else None


def _body_of(response: HTTPResponse) -> bytes:
    """The body if the answer is a good one."""
    if response.status == _GATEWAY_TIMEOUT:
        raise _NoAnswerBehind(_http_words(response, None))
    if not 200 <= response.status < 300:
        raise _wrong_status(response)
    encoding = response.headers.get("Content-Encoding", "identity")
    if not is_known_encoding(encoding):
        raise _WrongAnswer(f"answer is compressed ({plain_text(encoding, 20)})")
    body = unpacked(_body(response), encoding, MAX_BODY_BYTES)
    if body is None:
        raise _WrongAnswer("answer is compressed, and broken")
    if len(body) > MAX_BODY_BYTES:
        raise _WrongAnswer(_TOO_LARGE)
    return body


def _wrong_status(response: HTTPResponse) -> _WrongAnswer:
    """An error, or a redirect, with the server's wish to be asked later."""
    fields = response.headers
    wait_s = retry_after_s(fields.get("Retry-After"), fields.get("Date"))
    error = _WrongAnswer(_http_words(response, wait_s))
    error.retry_after_s = wait_s
    return error


def _body(response: HTTPResponse) -> bytes:
    from http.client import IncompleteRead

    lengths = response.headers.get_all("Content-Length", ())
    different = {each.strip() for length in lengths for each in length.split(",")}
    if len(different) > 1:
        raise _WrongAnswer(_NOT_HTTP)
    # One that is told several times, in one field: http.client makes nothing of that.
    told = next(iter(different), "")
    if response.length is None and not response.chunked and re.fullmatch("[0-9]{1,9}", told):
        response.length = int(told)
    body = b""
    try:
        while part := response.read(_READ_BYTES):
            body += part
            if len(body) > MAX_BODY_BYTES:
                raise _WrongAnswer(_TOO_LARGE)
    except ValueError as error:  # a chunk of negative size
        raise _WrongAnswer(_NOT_HTTP) from error
    if response.length:
        raise IncompleteRead(body, response.length)
    return body


def _http_words(response: HTTPResponse, wait_s: float | None) -> str:
    status = f"HTTP {response.status}"
    if wait_s:
        status += f", asks to wait {duration(wait_s)}"
    if location := response.headers.get("Location"):
        # Without userinfo: a redirect may repeat what the request's URL held.
        return f"{status}: redirects to {plain_text(re.sub('//[^/]*@', '//', location))}"
    words = ""
    with suppress(Exception):  # the status is known, whatever becomes of the body
        words = error_words(_body(response))
    words = words or plain_text(response.reason or "")
    return f"{status}: {words}" if words else status


def _requests() -> ModuleType:
    """requests, without its guess of a body's character set: what is read here is JSON.

    It knows how to do without a package that guesses, but warns of it. Imported without one,
    requests takes 3 MB and 30 ms less.
    """
    guessing = [name for name in ("chardet", "charset_normalizer") if name not in sys.modules]
    sys.modules.update(dict.fromkeys(guessing))  # type: ignore[arg-type] # None: not to be found
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", "Unable to find acceptable character detection")
            import requests
    finally:
        for name in guessing:
            sys.modules.pop(name, None)
    return requests


def _connection(line: _Line, request: requests.PreparedRequest, verify: bool | str) -> Any:
    """requests' connection for this request, made when it is needed, by ``line``."""
    from requests.adapters import HTTPAdapter
    from urllib3 import HTTPConnectionPool, HTTPSConnectionPool
    from urllib3.connection import HTTPConnection, HTTPSConnection

    class Connection(HTTPConnection):
        def _new_conn(self) -> socket.socket:
            return line.connect(self._dns_host, self.port)

    class TlsConnection(HTTPSConnection):
        _new_conn = Connection._new_conn

    class Pool(HTTPConnectionPool):
        ConnectionCls = Connection

    class TlsPool(HTTPSConnectionPool):
        ConnectionCls = TlsConnection

    adapter = HTTPAdapter()
    adapter.poolmanager.pool_classes_by_scheme = {"http": Pool, "https": TlsPool}
    pool: Any = adapter.get_connection_with_tls_context(request, verify)
    adapter.cert_verify(pool, request.url, verify, None)  # type: ignore[no-untyped-call]
    return pool._new_conn()


def _written(connection: HTTPConnection, request: requests.PreparedRequest) -> bytes:
    """The request as http.client writes it."""
    parts: list[bytes] = []
    connection.send = parts.append  # type: ignore[method-assign,assignment]
    connection.request(str(request.method), request.path_url, headers=request.headers)
    del connection.send
    connection.close()  # ready for another
    return b"".join(parts)


class _Answer(io.RawIOBase):
    """An answer of which ``begun`` was read, and the rest as it comes, as http.client wants it.

    It reads no more of it than MAX_ANSWER_BYTES.
    """

    def __init__(self, begun: bytes, line: _Line) -> None:
        self._ahead = begun
        self._line = line
        self._left_bytes = MAX_ANSWER_BYTES
        self._reader: Any = io.BufferedReader(self)

    def makefile(self, _mode: str) -> Any:
        """All that http.client asks of what it takes for a socket."""
        return self._reader

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if self._left_bytes <= 0:
            raise _WrongAnswer(_TOO_LARGE)
        data = self._ahead or self._line.receive()
        count = min(len(data), len(buffer))
        buffer[:count], self._ahead = data[:count], data[count:]
        self._left_bytes -= count
        return count


def _explain(error: Exception, is_connected: bool, patience_s: float) -> tuple[ApiFailureKind, str]:
    """What an exception means to people; the cause decides, not requests' wrapping of it."""
    import http.client
    import ssl

    refused, timeout, wrong = (
        ApiFailureKind.REFUSED,
        ApiFailureKind.TIMEOUT,
        ApiFailureKind.ERROR,
    )
    for cause in _causes(error):
        match cause:
            case PayloadError() | _WrongAnswer():
                return wrong, str(cause)
            case _NoAnswerBehind():
                return timeout, str(cause)
            case ssl.SSLCertVerificationError():
                return wrong, f"certificate is not trusted: {plain_text(cause.verify_message)}"
            case ssl.SSLError() if cause.reason in ("WRONG_VERSION_NUMBER", "HTTP_REQUEST"):
                return wrong, "no TLS on this port: http:// instead of https://?"
            case ssl.SSLError():
                words = (cause.reason or "no reason given").replace("_", " ").lower()
                return wrong, f"TLS failed: {plain_text(words)}"
            case socket.gaierror():
                return refused, "host not found"
            case TimeoutError():
                what = "answer" if is_connected else "connection"
                return timeout, f"no {what} for {patience_s:g} s"
            case ConnectionRefusedError():
                return refused, "connection refused"
            case http.client.RemoteDisconnected():
                return wrong, "connection closed without an answer"
            case http.client.IncompleteRead():
                return wrong, "answer broke off"
            case http.client.BadStatusLine() if str(cause)[:2] == "\x15\x03":  # an alert
                return wrong, "TLS on this port: https:// instead of http://?"
            case http.client.HTTPException():
                return wrong, _NOT_HTTP
            case ConnectionError():
                return wrong, "connection reset"
            case OSError() if cause.errno in _NO_ROUTE:
                return refused, "no route to the host"
            case OSError() if cause.strerror:
                return wrong, plain_text(cause.strerror)
    return wrong, _PUZZLE


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__


def _secrets(url: str, headers: Mapping[str, str]) -> tuple[str, ...]:
    """What must not be shown, longest first: the URL's userinfo, as written and as meant, and the
    headers' values, a token also without the word before it. A value of a few characters is no
    secret, and hiding it would hide much else."""
    values = {part for value in headers.values() for part in (value, value.rpartition(" ")[2])}
    sent = [part for part in values if len(part) >= SHORTEST_SECRET]
    try:
        parts = urlsplit(url)
    except ValueError:
        return tuple(sorted(sent, key=len, reverse=True))
    written = [part for part in (parts.password, parts.username) if part]
    return tuple(sorted({*written, *map(unquote, written), *sent}, key=len, reverse=True))
