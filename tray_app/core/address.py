"""The server's address: checked once, split once, and shown without its secrets."""

from __future__ import annotations

from urllib.parse import urlsplit, urlunsplit

from tray_app.core.values import dataclass

DEFAULT_URL = "http://localhost:8000"


@dataclass(frozen=True, slots=True)
class ServerAddress:
    """``url`` without trailing slash, as requests are sent; ``shown`` with userinfo masked."""

    url: str
    shown: str
    host: str
    port: int

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
        raise ValueError("is not a usable URL (is the port a number up to 65535?)") from None
    if parts.scheme not in ("http", "https"):
        raise ValueError("must start with http:// or https://")
    if not parts.hostname:
        raise ValueError("has no host, e.g. http://localhost:8000")
    if port == 0:
        raise ValueError("has port 0, where nothing can listen")
    if parts.query or parts.fragment:
        raise ValueError("must end with the path: no ? and no #")
    if any(c.isspace() or not c.isprintable() for c in text):
        raise ValueError("has white space inside")
    path = parts.path.rstrip("/")
    hostpart = parts.netloc.rpartition("@")[2]
    userinfo = "***@" if "@" in parts.netloc else ""
    return ServerAddress(
        url=urlunsplit((parts.scheme, parts.netloc, path, "", "")),
        shown=urlunsplit((parts.scheme, userinfo + hostpart, path, "", "")),
        host=parts.hostname,
        port=port or (443 if parts.scheme == "https" else 80),
    )


def at_port(address: ServerAddress, port: int) -> ServerAddress:
    """The same address but for its port."""
    scheme, _, rest = address.url.partition("://")
    netloc, slash, path = rest.partition("/")
    userinfo, at, _ = netloc.rpartition("@")
    host = f"[{address.host}]" if ":" in address.host else address.host
    return parse_address(f"{scheme}://{userinfo}{at}{host}:{port}{slash}{path}")


def public_url(address: ServerAddress) -> str:
    """The URL without userinfo: for a browser, whose history others read."""
    scheme, _, rest = address.url.partition("://")
    host, slash, path = rest.partition("/")
    return f"{scheme}://{host.rpartition('@')[2]}{slash}{path}"
