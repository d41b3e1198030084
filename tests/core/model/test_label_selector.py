"""Labels choose series and alerts."""

from __future__ import annotations

import pytest

from tray_app.core.model.label_selector import Selector, parse_selector


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ('team="video"', 'team="video"'),
        ("{team='video'}", 'team="video"'),
        (' team = "video" , site!="lab",', 'team="video", site!="lab"'),
        (r'path=~"a\\.b|\"c\""', r'path=~"a\\.b|\"c\""'),
        ("{}", ""),
        ("", ""),
        ('a="x, y}"', 'a="x, y}"'),
    ],
)
def test_matchers_are_read_and_written(text: str, shown: str) -> None:
    """As Prometheus writes them; what is written is read as the same again."""
    selector = parse_selector(text)
    assert str(selector) == shown
    assert parse_selector(shown) == selector


@pytest.mark.parametrize(
    "text",
    [
        *("team", "team=video", 'team="video', 'te-am="video"', 'a="b" c="d"', ',a="b"'),
        *('a="b"} or up{', 'a="b") or vector(1', '__name__="up"', 'a=~"("', 'a=="b"', 'a=~"b"}'),
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    """With a reason; so nothing but matchers gets into a query."""
    with pytest.raises(ValueError, match=r"must|has an invalid regular expression"):
        parse_selector(text)


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("", True),
        ('team="video"', True),
        ('team="vid"', False),
        ('team=~"vid.+"', True),
        ('team=~"vid"', False),
        ('team!="video"', False),
        ('site!="lab"', True),
        ('site=""', True),
        ('team!~"a|b"', True),
        ('team!~"v.*"', False),
        ('team="video", site="lab"', False),
    ],
)
def test_all_matchers_must_hold(text: str, holds: bool) -> None:
    """A pattern stands for the whole value; a label that is not there is empty."""
    assert parse_selector(text).holds({"team": "video"}) is holds
    assert Selector().holds({})
