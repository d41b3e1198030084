"""The interface of an alert policy and of its findings.

A policy keeps a state of its own and judges one sample after the other: its module defines the
state, the findings and ``POLICY``. `policies` lists them, and the presentation words findings.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from enum import StrEnum
from typing import Any, ClassVar, Generic, TypeVar

from msgspec import Struct

from tray_app.core.alerts.facts import Facts
from tray_app.core.alerts.limits import AlertLimits

State = TypeVar("State")


class Condition(StrEnum):
    """What an alert can say that stays true until another finding ends it."""

    MEMORY = "memory"
    MACHINE = "machine"
    SERVER = "server"


class Finding(Struct, frozen=True):
    """A finding that the user should hear about. ``WORD`` is its kind in an exported history."""

    WORD: ClassVar[str]

    @property
    def word(self) -> str:
        """Its kind in one word, stable across versions."""
        return self.WORD

    @property
    def is_critical(self) -> bool:
        """Whether it may come through a mute."""
        return False

    @property
    def is_repeated(self) -> bool:
        """Whether it repeats an alert that still holds. The newest of the same ``subject`` is
        enough."""
        return False

    @property
    def is_quiet(self) -> bool:
        """Whether it is normal here, so that it sends no notification."""
        return False

    @property
    def ends(self) -> Condition | None:
        """What is over with it: an alert that said so is no longer true."""
        return None

    @property
    def subject(self) -> object:
        """What it is about."""
        return type(self)


def _same(state: Any, _now_s: float) -> Any:
    return state


def _never(_state: Any, _now_s: float, _limits: AlertLimits) -> float:
    return math.inf


class Policy(Struct, Generic[State], frozen=True, eq=False):
    """``update`` returns the state after one more sample, and the finding.

    ``woken`` returns the state after a gap, and ``rebased`` the state for a memory figure on
    another basis. ``due_s`` is when an extra reading would change the findings if things stay
    (monotonic; infinity: never).
    """

    initial: State
    update: Callable[[State, Facts], tuple[State, Finding | None]]
    woken: Callable[[State, float], State] = _same
    rebased: Callable[[State, float], State] = _same
    due_s: Callable[[State, float, AlertLimits], float] = _never
