"""The server's address."""

from __future__ import annotations

import pytest

from tray_app.core.model.server_address import (
    DEFAULT_URL,
    ServerAddress,
    at_port,
    parse_address,
    public_url,
)


@pytest.mark.parametrize(
    ("text", "url", "host", "port"),
    [
        (DEFAULT_URL, "http://localhost:8000", "localhost", 8000),
        ("http://localhost:8000/", "http://localhost:8000", "localhost", 8000),
        ("  http://host  ", "http://host", "host", 80),
        ("https://Host.Example", "https://Host.Example", "host.example", 443),
        ("http://host:9/api//", "http://host:9/api", "host", 9),
        ("localhost:8000", "http://localhost:8000", "localhost", 8000),
        ("gpu-box/api/", "http://gpu-box/api", "gpu-box", 80),
        ("http://[::1]:8000", "http://[::1]:8000", "::1", 8000),
        ("http://127.0.0.1:65535", "http://127.0.0.1:65535", "127.0.0.1", 65535),
        ("http://127.1:8000", "http://127.1:8000", "127.0.0.1", 8000),
        ("http://0x7f.1:8000", "http://0x7f.1:8000", "127.0.0.1", 8000),
        ("2130706433:8000", "http://2130706433:8000", "127.0.0.1", 8000),
    ],
)
def test_an_address_is_split_once(text: str, url: str, host: str, port: int) -> None:
    """Into the base of requests, and the host and port that processes are found by."""
    assert parse_address(text) == ServerAddress(url=url, shown=url, host=host, port=port)


SPELLINGS = {
    "localhost:8000": [
        DEFAULT_URL,
        "localhost:8000",
        "HTTP://LocalHost:8000/",
        "http://localhost.:8000",
        "http://runs.localhost:8000",
        "http://127.0.0.1:8000//",
        "http://127.1:8000",
        "http://0x7f.1:8000",
        "http://2130706433:8000",
        "http://0177.0.0.01:8000",
        "http://[::1]:8000",
        "http://[0:0:0:0:0:0:0:1]:8000",
        "http://[::ffff:127.0.0.1]:8000",
        "http://0.0.0.0:8000",
        "http://[::]:8000",
        "http://ip6-localhost:8000",
        "https://joe:secret@localhost:8000/.",
        "http://localhost:8000/a/..",
        "http://localhost:8000/../",
        "http://localhost:08000",
    ],
    "gpu-box.example:80/a/~b": [
        "http://gpu-box.example/a/~b",
        "http://GPU-Box.Example.:80/./a/x/../%7Eb/",
        "gpu-box.example/a/%7eb",
    ],
    "gpu-box.example:443": ["https://gpu-box.example", "https://gpu-box.example:443/"],
    "xn--bcher-kva.example:80": ["http://b\xfccher.example", "http://XN--bcher-kva.example"],
    "fe80::1:80": ["http://[FE80:0::1]", "http://[fe80::1%25eth0]"],
    "10.0.0.7:80/A%2FB": ["http://10.0.0.7/A%2fB", "http://10.7/A%2FB"],
    "127.0.0.2:80": ["http://127.0.0.2"],
    "1.2.3.4.5:80": ["http://1.2.3.4.5"],
    "300.1.1.1.example:80": ["http://300.1.1.1.example"],
}


@pytest.mark.parametrize(
    ("text", "identity"), [(text, one) for one, texts in SPELLINGS.items() for text in texts]
)
def test_a_server_has_one_identity(text: str, identity: str) -> None:
    """However its address is spelled; another port, path or machine is another server."""
    assert parse_address(text).identity == identity


def test_secrets_are_sent_and_not_shown() -> None:
    """User and password stay in the URL, and nobody reads them."""
    address = parse_address("http://anna:pa@ss@host:8000/x")
    assert address.url == "http://anna:pa@ss@host:8000/x"
    assert address.shown == "http://***@host:8000/x"
    assert (address.host, address.port) == ("host", 8000)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("ftp://x", "http:// or https://"),
        ("mailto:joe", "not a valid URL"),
        ("/path", "needs a host"),
        ("", "http:// or https://"),
        ("http://", "needs a host"),
        ("http://:8000", "needs a host"),
        ("http:///path", "needs a host"),
        ("http://host:eight", "not a valid URL"),
        ("http://host:70000", "not a valid URL"),
        ("http://host:0", "port"),
        ("http://[::1", "not a valid URL"),
        ("http://host/?a=1", "must not contain ?"),
        ("http://host/#top", "or #"),
        ("http://ho st", "white space"),
        ("http://host/a\nb", "white space"),
        ("http://host/a\0b", "white space"),
    ],
)
def test_a_bad_address_has_a_plain_reason(text: str, reason: str) -> None:
    """Said as a ValueError in words for people."""
    with pytest.raises(ValueError) as caught:
        parse_address(text)
    assert reason in str(caught.value)


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("http://user:secret@host:8000/api/", "http://host:8000/api"),
        ("https://a%40b@[::1]:9", "https://[::1]:9"),
        ("http://host/a@b", "http://host/a@b"),
    ],
)
def test_a_browser_is_given_no_userinfo(text: str, url: str) -> None:
    """Its history would keep the password."""
    assert public_url(parse_address(text)) == url


@pytest.mark.parametrize("text", ["http://joe:s3/cret@host", "http://joe:s3[cret@host"])
def test_a_password_that_breaks_the_url_is_not_repeated(text: str) -> None:
    """The reason says what is wrong without a part of it."""
    with pytest.raises(ValueError) as caught:
        parse_address(text)
    assert "s3" not in str(caught.value)


def test_a_repr_has_no_userinfo() -> None:
    """An address may stand in any log line."""
    assert repr(parse_address("http://joe:s3cret@host:1/x")) == "ServerAddress(http://***@host:1/x)"


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("http://localhost:8000", "http://localhost:8772"),
        ("http://localhost", "http://localhost:8772"),
        ("https://joe:s3cret@host:1/api", "https://joe:s3cret@host:8772/api"),
        ("https://a%40b@[::1]:9/x", "https://a%40b@[::1]:8772/x"),
    ],
)
def test_another_port_changes_nothing_else(text: str, url: str) -> None:
    """Scheme, userinfo, host and path are those that were set."""
    assert at_port(parse_address(text), 8772) == parse_address(url)
