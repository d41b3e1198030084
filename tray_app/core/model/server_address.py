"""The server's address: checked and split once, and shown without its secrets."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address
from urllib.parse import urlsplit, urlunsplit

from msgspec import Struct

_LOOPBACK = (IPv4Address("127.0.0.1"), IPv6Address("::1"))
_LOOPBACK_NAMES = ("localhost.localdomain", "ip6-localhost", "ip6-loopback")
LABEL_HOST_CHARS = 80
DEFAULT_URL = "http://localhost:8000"


class ServerAddress(Struct, frozen=True):
    """``url`` without trailing slash, as requests are sent; ``shown`` with userinfo masked."""

    url: str
    shown: str
    host: str
    port: int

    @property
    def identity(self) -> str:
        """The same for each spelling of one server's address: host, port and path.

        Not the scheme, as a port speaks only one, nor the userinfo. All names of this machine's
        loopback are one.
        """
        path = urlsplit(self.url).path
        return f"{_one_host(self.host)}:{self.port}{_one_path(path)}"

    @property
    def label(self) -> str:
        """``gpu-box:8000``: host and port alone, of a bounded length. For other programs, which
        keep it and pass it on."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host[:LABEL_HOST_CHARS]}:{self.port}"

    @property
    def short(self) -> str:
        """Host, port and path, as people tell servers apart."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}{urlsplit(self.url).path}"

    def __repr__(self) -> str:
        return f"ServerAddress({self.shown})"


def parse_address(text: str) -> ServerAddress:
    """Split and check an http(s) URL; ValueError with a plain reason for people.

    Without a scheme (``gpu-box:8000``) it is http.
    """
    text = text.strip()
    if text and "://" not in text:
        text = f"http://{text}"
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        # urllib's own reason may repeat a part of a password that has a slash or a bracket in it.
        raise ValueError("is not a valid URL (the port must be a number up to 65535)") from None
    if parts.scheme not in ("http", "https"):
        raise ValueError("must start with http:// or https://")
    if not parts.hostname:
        raise ValueError("needs a host, as in http://localhost:8000")
    if port == 0:
        raise ValueError("has port 0, where nothing can listen")
    if parts.query or parts.fragment:
        raise ValueError("must not contain ? or #")
    if any(c.isspace() or not c.isprintable() for c in text):
        raise ValueError("must not contain white space")
    path = parts.path.rstrip("/")
    hostpart = parts.netloc.rpartition("@")[2]
    userinfo = "***@" if "@" in parts.netloc else ""
    return ServerAddress(
        url=urlunsplit((parts.scheme, parts.netloc, path, "", "")),
        shown=urlunsplit((parts.scheme, userinfo + hostpart, path, "", "")),
        host=_readable(parts.hostname),
        port=port or (443 if parts.scheme == "https" else 80),
    )


def at_port(address: ServerAddress, port: int) -> ServerAddress:
    """The same address but for its port."""
    scheme, _, rest = address.url.partition("://")
    netloc, slash, path = rest.partition("/")
    userinfo, at, _ = netloc.rpartition("@")
    host = f"[{address.host}]" if ":" in address.host else address.host
    return parse_address(f"{scheme}://{userinfo}{at}{host}:{port}{slash}{path}")


def _readable(host: str) -> str:
    """The host as addresses are compared: IPv4 as C reads it (``127.1``) in four parts."""
    address = _address(host)
    return str(address) if isinstance(address, IPv4Address) and ":" not in host else host


def _one_host(host: str) -> str:
    name = host.lower().partition("%25")[0].partition("%")[0].removesuffix(".")
    if name.rpartition(".")[2] == "localhost" or name in _LOOPBACK_NAMES:
        return "localhost"
    address = _address(name)
    if address is not None:
        # To connect to "any address" is to connect to this machine.
        is_here = address in _LOOPBACK or address.is_unspecified
        return "localhost" if is_here else str(address)
    try:
        return name if name.isascii() else name.encode("idna").decode()
    except UnicodeError:
        return name


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """Also of IPv4 as C reads it: ``127.1``, ``0x7f000001``, ``2130706433``; None for a name."""
    try:
        address = ip_address(text)
    except ValueError:
        parts = [_number(part) for part in text.split(".")]
        *first, last = parts
        if len(parts) > 4 or None in parts:
            return None
        value = 0
        for part in first:
            value = value * 256 + (part or 0)
        value = value * 256 ** (4 - len(first)) + (last or 0)
        return IPv4Address(value) if value < 2**32 else None
    return getattr(address, "ipv4_mapped", None) or address


def _number(text: str) -> int | None:
    if re.fullmatch("0[xX][0-9a-fA-F]{1,8}", text):
        return int(text, 16)
    if re.fullmatch("0[0-7]{1,11}", text):
        return int(text, 8)
    return int(text) if re.fullmatch("0|[1-9][0-9]{0,9}", text) else None


def _one_path(path: str) -> str:
    """The path without dots, a trailing slash and needless escapes."""
    plain = re.sub("%[0-9a-fA-F]{2}", lambda it: _plain(it[0]), path)
    kept: list[str] = []
    for part in plain.split("/"):
        if part == "..":
            kept = kept[:1] + kept[1:-1]
        elif part != ".":
            kept.append(part)
    return "/".join(kept).rstrip("/")


def _plain(escape: str) -> str:
    char = chr(int(escape[1:], 16))
    return char if char.isascii() and (char.isalnum() or char in "-._~") else escape.upper()


def public_url(address: ServerAddress) -> str:
    """The URL without userinfo: for a browser, whose history others read."""
    scheme, _, rest = address.url.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"
