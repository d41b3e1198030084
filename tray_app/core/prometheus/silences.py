"""Silences: who holds which alerts back until when, and the silence that a click asks for.

Alertmanager holds alerts back, for everybody. What is decided here is which of its silences are
about the servers that are shown, and what a new one is to say.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Mapping
from enum import IntEnum
from functools import lru_cache

from msgspec import Struct

from tray_app.core.model.api_failure import ApiProblem
from tray_app.core.model.label_selector import Matcher, Operator, Selector
from tray_app.core.prometheus.naming import Key
from tray_app.core.prometheus.values import EngineServer, Silence

EARLIER_S = 24 * 3600.0
"""A new silence is to begin this long before it is made. Alertmanager replaces a past time with its
own, so that the silence begins at once, even where this machine's clock is fast."""
OURS = Matcher("alertname", Operator.LIKE, "RunAnalyze.*")
"""All alerts of ``assets/fleet/rules.yml``."""
_ALL_OURS = (OURS, Matcher("alertname", Operator.LIKE, "RunAnalyze.+"))
_PLAIN_PATTERN = re.compile(r"(?:[\w:/@ -]|\\[.+-]|\.[*+]?|\|)*")
"""A pattern that means the same in Go and in Python, and is quick to match."""
_WILD_MAX = 3
_KEY = ("instance", "server")
"""The labels in the key of a server."""
_ANY = ("", "")


class SilenceScope(Struct, frozen=True):
    """Whose alerts a new silence holds back: those of one server, or of all that are shown (an
    empty ``name``). ``name`` is what people call the server."""

    matchers: tuple[Matcher, ...]
    name: str = ""


class MakeSilence(Struct, frozen=True):
    """A silence to be made. ``asked_s`` is when the person asked for it, by this machine's
    clock."""

    scope: SilenceScope
    author: str
    comment: str
    asked_s: float
    ends_s: float

    @property
    def starts_s(self) -> float:
        """See `EARLIER_S`."""
        return self.asked_s - EARLIER_S


class EndSilence(Struct, frozen=True):
    """A silence to be ended."""

    silence: Silence


SilenceOrder = MakeSilence | EndSilence
"""What one request to Alertmanager is to do; one at a time."""


class SilenceResult(Struct, frozen=True):
    """What became of an order: the ``silence`` as Alertmanager has it now, or why it failed."""

    order: SilenceOrder
    silence: Silence | None = None
    problem: ApiProblem | None = None

    @property
    def skew_s(self) -> float:
        """How much Alertmanager's clock is ahead of this machine's, as far as the result tells."""
        if self.silence is None or not isinstance(self.order, MakeSilence):
            return 0.0
        if self.silence.starts_s <= self.order.starts_s:  # it kept the time of the order
            return 0.0
        return self.silence.starts_s - self.order.asked_s


class Coverage(IntEnum):
    """Which alerts of a server a silence holds back."""

    NONE = 0
    SOME = 1
    ALL = 2


def of_server(server: EngineServer, others: Iterable[EngineServer]) -> SilenceScope:
    """All alerts of this server, and of its exporter where that watches no other. A label that it
    has not must not be there: else the silence would be one of others, too."""
    is_alone = all(each.instance != server.instance for each in others if each.key != server.key)
    labels = {"instance": server.instance, "server": server.server}
    if server.instance and is_alone:
        del labels["server"]
    return SilenceScope(_exactly(labels), server.name)


def of_exporter(instance: str) -> SilenceScope:
    """The alerts that are of this exporter or its machine, and of no server."""
    return SilenceScope(_exactly({"instance": instance, "server": ""}), instance)


def _exactly(labels: Mapping[str, str]) -> tuple[Matcher, ...]:
    return tuple(Matcher(name, Operator.EQUAL, value) for name, value in labels.items())


def of_all(selector: Selector) -> SilenceScope:
    """All alerts that the selector chooses. One that would choose everything that Alertmanager has
    chooses this program's alerts only."""
    chooses_all = all(each.holds({}) for each in selector.matchers)
    return SilenceScope((*selector.matchers, OURS) if chooses_all else selector.matchers)


def coverage(silence: Silence, key: Key, selector: Selector) -> Coverage:
    """Which alerts of this server the silence holds back, as far as its labels are known: its
    exporter, its address, and what the selector says of it."""
    known = {
        each.name: each.value for each in selector.matchers if each.operator is Operator.EQUAL
    } | dict(zip(_KEY, key, strict=True))
    is_ours, is_whole = False, True
    for matcher in silence.matchers:
        if matcher.name in known:
            if not _holds(matcher, known[matcher.name]):
                return Coverage.NONE
            is_ours = True
        elif matcher in _ALL_OURS or matcher in selector.matchers:
            is_ours = True
        else:
            is_whole = False
            is_ours = is_ours or _is_our_alert(matcher)
    if not is_ours:
        return Coverage.NONE
    return Coverage.ALL if is_whole else Coverage.SOME


def shown(
    silences: Iterable[Silence], keys: Iterable[Key], named: Container[str], selector: Selector
) -> tuple[Silence, ...]:
    """Those that hold back an alert (they are ``named`` by it), or would hold one back, of the
    servers with these ``keys``."""
    known = set(keys)
    by_instance: dict[str, list[Key]] = {}
    for key in known:
        by_instance.setdefault(key[0], []).append(key)

    def tried(silence: Silence) -> Iterable[Key]:
        """The servers that it may be about: not all, for there may be thousands of both."""
        of_key = [each for each in silence.matchers if each.name in _KEY]
        if not of_key:  # about all or none
            return (_ANY,)
        instance = next((each.value for each in of_key if _names_one(each)), None)
        return known if instance is None else by_instance.get(instance, ())

    return tuple(
        each
        for each in silences
        if each.id in named or any(coverage(each, key, selector) for key in tried(each))
    )


def _names_one(matcher: Matcher) -> bool:
    return matcher.name == "instance" and matcher.operator is Operator.EQUAL


def _holds(matcher: Matcher, value: str) -> bool:
    """Whether it surely holds for this value."""
    if matcher.operator in (Operator.EQUAL, Operator.UNEQUAL):
        return matcher.holds({matcher.name: value})
    if not _is_readable(matcher.value):
        return False  # an alert that it holds back names it
    return matcher.holds({matcher.name: value})


@lru_cache(maxsize=16)
def _is_readable(pattern: str) -> bool:
    """Asked of one pattern for each server."""
    wild = pattern.count("*") + pattern.count("+")
    return wild <= _WILD_MAX and _PLAIN_PATTERN.fullmatch(pattern) is not None


def _is_our_alert(matcher: Matcher) -> bool:
    return matcher.name == OURS.name and matcher.value.startswith("RunAnalyze")
