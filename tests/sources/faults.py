"""All that a server on the other end may do wrong, by name: for the client alone and end to end.

Rule: every script here is for `FaultServer` and ends with it; a reason is what people read.
"""

from __future__ import annotations

import gzip
import json
import re
import zlib
from pathlib import Path

from tests.needs import is_wine
from tests.sources.fault_server import (
    Exchange,
    Script,
    answer,
    close,
    drip,
    flood,
    hang,
    head_of,
    raw,
    reset,
    stream,
)

PAYLOADS = Path(__file__).parents[1] / "data" / "payloads"
STATUS = (PAYLOADS / "memory-status.processing.json").read_bytes()
RSS_MB = 339.94
CHUNKED = head_of(None, "200 OK", "Transfer-Encoding: chunked")
BIG = 200 * 1024**2
EARLY_HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\n"
PROCESSING = b"HTTP/1.1 102 Processing\r\n\r\n"
UTF_16 = STATUS.decode().encode("utf-16")
CLOSED = "connection closed without an answer"
NOT_HTTP = "answer is not HTTP"
TOO_LARGE = "answer is larger than 256 KiB"
TLS_ALERT = b"\x15\x03\x01\x00\x02\x02\x0a"
PACKED = gzip.compress(STATUS)
LONG_HEADER = b"X-Long: " + b"y" * 60_000 + b"\r\n"


def check_plain(reason: str) -> None:
    """One short line for people: no name of a class, no repr, nothing unprintable."""
    assert reason
    assert len(reason) <= 80
    assert reason.isprintable()
    assert not re.search(r"[a-z](Error|Exception)|Traceback|0x\w{4}|urllib3|object at", reason)


def stops_in_the_body(exchange: Exchange) -> None:
    exchange.send(head_of(1000) + b"{")
    hang(exchange)


def stops_before_the_end(exchange: Exchange) -> None:
    """Promises one byte more than it has."""
    exchange.send(head_of(len(STATUS) + 1) + STATUS)
    hang(exchange)


def nothing_after_an_interim_answer(exchange: Exchange) -> None:
    exchange.send(PROCESSING)
    hang(exchange)


def same_length_in_one_field(exchange: Exchange) -> None:
    """And the connection stays open: its end does not tell that of the body."""
    length = len(STATUS)
    exchange.send(head_of(None, "200 OK", f"Content-Length: {length}, {length}") + STATUS)


ENDLESS: dict[str, Script] = {
    "hang": hang,
    "body stops": stops_in_the_body,
    "length one too many": stops_before_the_end,
    "status line drips": drip(b"", b"H"),
    "header drips": drip(b"HTTP/1.1 200 OK\r\nX-Slow: ", b"x"),
    "headers drip": drip(b"HTTP/1.1 200 OK\r\n", b"X-A: b\r\n", every_s=0.05),
    "continue drips": drip(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "body drips": drip(head_of(1000), b" "),
    "endless body drips": drip(head_of(None), b" "),
    "chunks drip": drip(CHUNKED, b"1\r\n \r\n"),
    "chunk size drips": drip(CHUNKED, b"0"),
    "trailers without end": stream(CHUNKED + b"0\r\n", b"X: y\r\n"),
    "100 without end": stream(b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
    "103 without end": stream(b"", EARLY_HINTS),
    "nothing comes after 102": nothing_after_an_interim_answer,
}
"""What never comes to an end: the patience does."""


def status_with(part: str, field: str, value: object) -> bytes:
    """The recorded status with one value replaced."""
    body = json.loads(STATUS)
    body[part][field] = value
    return json.dumps(body).encode()


def _status_without(part: str) -> bytes:
    return json.dumps({k: v for k, v in json.loads(STATUS).items() if k != part}).encode()


WRONG: dict[str, tuple[Script, str]] = {
    # Errors of HTTP
    "500 in JSON": (
        answer(b'{"detail":"Processing failed: no"}', "500 Internal Server Error"),
        "HTTP 500: Processing failed: no",
    ),
    "500 in plain text": (
        answer(b"Internal\nServer Error", "500 Oops"),
        "HTTP 500: Internal Server Error",
    ),
    "503 without a body": (
        answer(b"", "503 Service Unavailable"),
        "HTTP 503: Service Unavailable",
    ),
    "502 of a proxy": (answer(b"<html>", "502 Bad\x07Gateway"), r"HTTP 502: Bad\x07Gateway"),
    "404": (answer(b'{"detail":"Not Found"}', "404 Not Found"), "HTTP 404: Not Found"),
    "401": (
        answer(b"", "401 Unauthorized", "WWW-Authenticate: Basic realm=x"),
        "HTTP 401: Unauthorized",
    ),
    "status without words": (answer(b"", "599"), "HTTP 599"),
    "error that says yes": (answer(b'{"detail":true}', "500 Oops"), "HTTP 500: Oops"),
    "long error": (answer(b"y" * 999, "500 x"), f"HTTP 500: {'y' * 69}…"),
    "error with control characters": (
        answer(b"\x1b[31m\xed\xa0\x80a\x00b\x07\xe2\x80\xaec", "500 \xff\x1b"),
        r"HTTP 500: \x1b[31m���a\x00b\x07\u202ec",
    ),
    "broken off error": (raw(head_of(9999, "500 Oops") + b"broken off"), "HTTP 500: Oops"),
    "200 with an error": (
        answer(b'{"error":"psutil"}'),
        "the server reports an error: psutil",
    ),
    "200 with an error of odd characters": (
        answer(b'{"error":"\\u202e \\u0000x\\u2028y"}'),
        r"the server reports an error: \u202e \x00x y",
    ),
    "304": (answer(b"", "304 Not Modified"), "HTTP 304: Not Modified"),
    "101": (raw(b"HTTP/1.1 101 Switching Protocols\r\n\r\n"), "HTTP 101: Switching Protocols"),
    "nothing after 103": (
        raw(b"HTTP/1.1 103 Early Hints\r\n\r\n"),
        "connection closed without an answer",
    ),
    "an empty line before it": (raw(b"\r\n" + head_of(len(STATUS)) + STATUS), NOT_HTTP),
    # Redirects
    "redirect loop": (
        answer(b"", "302 Found", "Location: /memory-status/"),
        "HTTP 302: redirects to /memory-status/",
    ),
    "redirect to another host": (
        answer(b"", "307 T", "Location: https://u:p@other.example/x"),
        "HTTP 307: redirects to https://other.example/x",
    ),
    "redirect to nowhere": (
        answer(b"", "302 F", "Location: http://[::1"),
        "HTTP 302: redirects to http://[::1",
    ),
    # Bodies
    "204": (answer(b"", "204 No Content"), "answer is empty"),
    "empty": (answer(b""), "answer is empty"),
    "half a body": (answer(STATUS[:100]), "answer is not JSON"),
    "a web page": (answer(b"<!doctype html><title>nginx</title>"), "answer is not JSON"),
    "zeros": (answer(b"\0" * 1000), "answer is not JSON"),
    "NaN": (
        answer(status_with("process_memory", "rss_mb", float("nan"))),
        "answer is not JSON",
    ),
    "Infinity": (
        answer(status_with("system_memory", "total_gb", float("inf"))),
        "answer is not JSON",
    ),
    "NaN where nobody looks": (
        answer(status_with("disk_usage", "free_gb", float("nan"))),
        "answer is not JSON",
    ),
    "negative": (
        answer(status_with("tmp_directory", "file_count", -3)),
        "tmp_directory.file_count is negative",
    ),
    "huge float": (
        answer(status_with("process_memory", "rss_mb", 1e300)),
        "process_memory.rss_mb is implausibly large",
    ),
    "huge integer": (
        answer(status_with("process_memory", "rss_mb", 10**400)),
        "process_memory.rss_mb is implausibly large",
    ),
    "integer of 5000 digits": (
        answer(b'{"process_memory":{"rss_mb":' + b"9" * 5000 + b"}}"),
        "answer is not JSON",
    ),
    "number as text": (
        answer(status_with("process_memory", "rss_mb", "339.94")),
        "process_memory.rss_mb is not a number",
    ),
    "missing part": (answer(_status_without("process_memory")), "process_memory is missing"),
    "nested deeply": (answer(b"[" * 100_000), "answer is nested too deeply"),
    "UTF-16 cut in a character": (answer(UTF_16 + b"x"), "answer is not UTF-8 text"),
    "UTF-16 without its mark": (answer(UTF_16[2:]), "answer is not JSON"),
    "500 in UTF-16": (answer("\ufeffno".encode("utf-16-be"), "500 Oops"), "HTTP 500: no"),
    "a mark and nothing else": (answer(UTF_16[:2]), "answer is empty"),
    "invalid UTF-8": (answer(b"\xff" + STATUS), "answer is not UTF-8 text"),
    # Lengths and framing
    "truncated": (raw(head_of(len(STATUS)) + STATUS[:99]), "answer was cut off"),
    "truncated without a length": (raw(head_of(None) + STATUS[:99]), "answer is not JSON"),
    "length too short": (raw(head_of(50) + STATUS), "answer is not JSON"),
    "length of 30 digits": (raw(head_of(10**30) + STATUS), "answer was cut off"),
    "two lengths in one field": (
        raw(head_of(None, "200 OK", f"Content-Length: {len(STATUS)}, 7") + STATUS),
        NOT_HTTP,
    ),
    "two lengths": (raw(head_of(5, "200 OK", "Content-Length: 7") + STATUS), NOT_HTTP),
    "broken chunk": (raw(CHUNKED + b"ff\r\n{"), "answer was cut off"),
    "chunk without a size": (raw(CHUNKED + b"zz\r\n{"), "answer was cut off"),
    "chunk of garbage size": (raw(CHUNKED + b"\x00\xff\r\n\r\n"), "answer was cut off"),
    "chunk of negative size": (raw(CHUNKED + b"-5\r\nabc"), NOT_HTTP),
    "chunk of 60 digits": (raw(CHUNKED + b"f" * 60 + b"\r\nabc"), "answer was cut off"),
    # Compression, which was not asked for
    "gzip bomb": (
        answer(gzip.compress(bytes(BIG // 10)), "200 OK", "Content-Encoding: gzip"),
        TOO_LARGE,
    ),
    "gzip broken off": (
        answer(PACKED[: len(PACKED) // 2], "200 OK", "Content-Encoding: gzip"),
        "answer is not JSON",
    ),
    "gzip of nothing like it": (
        answer(STATUS, "200 OK", "Content-Encoding: gzip"),
        "compressed answer is damaged",
    ),
    "brotli": (
        answer(STATUS, "200 OK", "Content-Encoding: br"),
        "answer is compressed (br)",
    ),
    "gzip unsaid": (answer(gzip.compress(STATUS)), "answer is not UTF-8 text"),
    "five encodings": (
        answer(STATUS, "200 OK", "Content-Encoding: br, gzip, deflate, zstd, br"),
        "answer is compressed (br, gzip, deflate, …)",
    ),
    # Floods
    "200 MB": (flood(head_of(BIG), BIG), TOO_LARGE),
    "200 MB without a length": (flood(head_of(None), BIG), TOO_LARGE),
    "200 MB in one chunk": (flood(CHUNKED + b"ffffffff\r\n", BIG), TOO_LARGE),
    "200 MB in tiny chunks": (stream(CHUNKED, b"1\r\n \r\n"), TOO_LARGE),
    "200 MB of error": (flood(head_of(BIG, "500 Oops"), BIG), "HTTP 500: Oops"),
    "200 MB of redirect": (
        flood(head_of(BIG, "302 F", "Location: /x"), BIG),
        "HTTP 302: redirects to /x",
    ),
    "huge header line": (flood(b"HTTP/1.1 200 OK\r\nX: ", BIG), NOT_HTTP),
    "headers without end": (stream(b"HTTP/1.1 200 OK\r\n", b"X: y\r\n"), NOT_HTTP),
    "long headers without end": (stream(b"HTTP/1.1 200 OK\r\n", LONG_HEADER), NOT_HTTP),
    "chunk extension without end": (stream(CHUNKED + b"5;", b"a=b;"), NOT_HTTP),
    "100 with headers without end": (
        stream(b"HTTP/1.1 100 Continue\r\n", LONG_HEADER),
        NOT_HTTP,
    ),
    "a line without end": (flood(b"", BIG), NOT_HTTP),
    # Other programs on the port
    "SSH": (raw(b"SSH-2.0-OpenSSH_9.2\r\n"), NOT_HTTP),
    "Redis": (raw(b"-ERR unknown command 'GET'\r\n"), NOT_HTTP),
    "MySQL": (raw(b"J\x00\x00\x00\x0a8.0.32\x00"), NOT_HTTP),
    "HTTP/2 only": (raw(b"\x00\x00\x12\x04\x00\x00\x00\x00\x00"), NOT_HTTP),
    "Icecast": (raw(b"ICY 200 OK\r\n\r\n"), NOT_HTTP),
    "status that is no number": (raw(b"HTTP/1.1 abc\r\n\r\n"), NOT_HTTP),
    "status of four digits": (raw(b"HTTP/1.1 1000 x\r\n\r\n"), NOT_HTTP),
    "noise": (raw(b"\x00\xff" * 50), NOT_HTTP),
    "TLS": (raw(TLS_ALERT), "this port uses TLS: try https:// instead of http://"),
    # No answer
    "close": (close, CLOSED),
    "reset": (reset, CLOSED if is_wine() else "connection reset"),
}
"""What is an error at once, and the reason that is given."""


UNUSUAL: dict[str, Script] = {
    "wrong content type": answer(STATUS, "200 OK", "Content-Type: text/html"),
    "201": answer(STATUS, "201 Created"),
    "cookie": answer(STATUS, "200 OK", "Set-Cookie: a=b"),
    "256 KiB": answer(STATUS + b" " * (256 * 1024 - len(STATUS))),
    "no length": raw(head_of(None) + STATUS),
    "HTTP/1.0": raw(b"HTTP/1.0 200 OK\r\n\r\n" + STATUS),
    "one chunk": raw(CHUNKED + b"%x\r\n%b\r\n0\r\n\r\n" % (len(STATUS), STATUS)),
    "100 before it": raw(b"HTTP/1.1 100 Continue\r\n\r\n" + head_of(len(STATUS)) + STATUS),
    "102 before it": raw(PROCESSING + head_of(len(STATUS)) + STATUS),
    "103 before it, in chunks": raw(
        EARLY_HINTS + CHUNKED + b"%x\r\n%b\r\n0\r\n\r\n" % (len(STATUS), STATUS)
    ),
    "several before it": raw(
        b"HTTP/1.1 100 Continue\r\n\r\n"
        + 2 * EARLY_HINTS
        + PROCESSING
        + head_of(len(STATUS))
        + STATUS
    ),
    # Around it
    "no reason phrase": raw(b"HTTP/1.1 200\r\n\r\n" + STATUS),
    "bare line ends": raw(b"HTTP/1.1 200 OK\nContent-Length: %d\n\n" % len(STATUS) + STATUS),
    "small letters": raw(b"HTTP/1.1 200 OK\r\ncontent-length:%d\r\n\r\n" % len(STATUS) + STATUS),
    "a folded header": answer(STATUS, "200 OK", "X-Long: one,\r\n\ttwo"),
    "a header of other letters": answer(STATUS, "200 OK", "X-Name: \xe9\xff"),
    "the same length twice": raw(
        head_of(len(STATUS), "200 OK", f"Content-Length: {len(STATUS)}") + STATUS
    ),
    "the same length twice in one field": same_length_in_one_field,
    "chunks with extensions and trailers": raw(
        CHUNKED
        + b'3;a=b;c="d"\r\n%b\r\n%X ; e\r\n%b\r\n000\r\nX-Sum: 1\r\nX-Sum: 2\r\n\r\n'
        % (STATUS[:3], len(STATUS) - 3, STATUS[3:])
    ),
    "Connection: close": raw(head_of(len(STATUS), "200 OK", "Connection: Close") + STATUS),
    "a character set": answer(STATUS, "200 OK", "Content-Type: application/json; charset=utf-8"),
    "byte order mark": answer(b"\xef\xbb\xbf" + STATUS),
    "UTF-16": answer(UTF_16),
    "UTF-16, big end first": answer(b"\xfe\xff" + STATUS.decode().encode("utf-16-be")),
    "UTF-32": answer(STATUS.decode().encode("utf-32")),
    "gzip": answer(gzip.compress(STATUS), "200 OK", "Content-Encoding: gzip"),
    "gzip in chunks": raw(
        head_of(None, "200 OK", "Transfer-Encoding: chunked", "Content-Encoding: x-GZip")
        + b"%x\r\n%b\r\n0\r\n\r\n" % (len(PACKED), PACKED)
    ),
    "deflate": answer(zlib.compress(STATUS), "200 OK", "Content-Encoding: deflate"),
    "deflate without a header": answer(
        zlib.compress(STATUS, wbits=-15), "200 OK", "Content-Encoding: deflate"
    ),
    "Retry-After of a good answer": answer(STATUS, "200 OK", "Retry-After: 9"),
    "more than its length": raw(head_of(len(STATUS)) + STATUS + b"and more"),
    "negative length": raw(head_of(-5) + STATUS),
    "length in words": raw(head_of(None, "200 OK", "Content-Length: many") + STATUS),
    "length of 5000 digits": raw(head_of(None, "200 OK", f"Content-Length: {'9' * 5000}") + STATUS),
    "header without a colon": raw(b"HTTP/1.1 200 OK\r\nno colon here\r\n\r\n" + STATUS),
    "duplicate keys": answer(STATUS.replace(b'{"rss_mb":', b'{"rss_mb":7,"rss_mb":')),
}
"""Odd, but a reading of RSS_MB can be made of it."""
