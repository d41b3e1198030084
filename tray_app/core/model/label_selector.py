"""Chooses series and alerts by their labels, in the words of Prometheus: ``team="video"``."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import StrEnum

from msgspec import Struct

_MATCHER = re.compile(
    r"""\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|!~|!=|=)\s*("(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*')\s*"""
)
_WORDS = 'must be matchers such as team="video", site!="lab"'
_ESCAPED = re.compile(r"\\(.)")
_UNESCAPED = {"n": "\n", "t": "\t"}


class Operator(StrEnum):
    """How a label's value is compared. A label that is not there has an empty value."""

    EQUAL = "="
    UNEQUAL = "!="
    LIKE = "=~"
    UNLIKE = "!~"


class Matcher(Struct, frozen=True):
    """One comparison; a pattern stands for the whole value."""

    name: str
    operator: Operator
    value: str

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Whether it holds for these labels."""
        value = labels.get(self.name, "")
        match self.operator:
            case Operator.EQUAL:
                return value == self.value
            case Operator.UNEQUAL:
                return value != self.value
            case Operator.LIKE:
                return re.fullmatch(self.value, value) is not None
            case Operator.UNLIKE:
                return re.fullmatch(self.value, value) is None

    def __str__(self) -> str:
        value = self.value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        return f'{self.name}{self.operator}"{value}"'


class Selector(Struct, frozen=True):
    """All of these must hold; with none, everything is chosen."""

    matchers: tuple[Matcher, ...] = ()

    def holds(self, labels: Mapping[str, str]) -> bool:
        """Whether these labels are chosen."""
        return all(each.holds(labels) for each in self.matchers)

    def __str__(self) -> str:
        return ", ".join(map(str, self.matchers))


def parse_selector(text: str) -> Selector:
    """``team="video", site=~"a|b"``, in braces or without.

    :raises ValueError: it is not that; with a plain reason for people
    """
    rest = text.strip()
    if rest.startswith("{") and rest.endswith("}"):
        rest = rest[1:-1].strip()
    matchers: list[Matcher] = []
    while rest:
        found = _MATCHER.match(rest)
        if found is None:
            raise ValueError(_WORDS)
        matchers.append(_matcher(found))
        rest = rest[found.end() :]
        if rest and not rest.startswith(","):
            raise ValueError(_WORDS)
        rest = rest[1:].strip()
    return Selector(tuple(matchers))


def _matcher(found: re.Match[str]) -> Matcher:
    name, operator = found[1], Operator(found[2])
    if name == "__name__":
        raise ValueError("must not have __name__: the metric is known")
    value = _ESCAPED.sub(lambda it: _UNESCAPED.get(it[1], it[1]), found[3][1:-1])
    if operator in (Operator.LIKE, Operator.UNLIKE):
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"has an invalid regular expression for {name}: {error}") from None
    return Matcher(name, operator, value)
