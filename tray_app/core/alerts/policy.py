"""The shape of an alert policy, and of what it finds.

A policy keeps a state of its own and judges one sample after the other: its module defines the
state, the findings and ``POLICY``. `policies` lists them, and the presentation words findings.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from msgspec import Struct

from tray_app.core.alerts.facts import Facts
from tray_app.core.alerts.limits import AlertLimits

State = TypeVar("State")


class Finding(Struct, frozen=True):
    """Something that is worth a word to a person."""

    @property
    def is_critical(self) -> bool:
        """Whether it may come through a mute."""
        return False

    @property
    def is_repeated(self) -> bool:
        """Whether it was said before, and lasts. The newest of the same ``subject`` is enough."""
        return False

    @property
    def is_quiet(self) -> bool:
        """Whether it is normal here, and interrupts nobody."""
        return False

    @property
    def subject(self) -> object:
        """What it is about."""
        return type(self)


def _same(state: Any, _now_s: float) -> Any:
    return state


class Policy(Struct, Generic[State], frozen=True, eq=False):
    """``update`` gives the state after one more sample, and what is to be said of it.

    ``woken`` gives the state after a gap that nobody watched, and ``rebased`` that from which on
    the memory figure has another meaning. ``due_s`` is when a reading apart from the usual ones
    would change what is said, if things stay (monotonic; never is infinity); None: never.
    """

    initial: State
    update: Callable[[State, Facts], tuple[State, Finding | None]]
    woken: Callable[[State, float], State] = _same
    rebased: Callable[[State, float], State] = _same
    due_s: Callable[[State, float, AlertLimits], float] | None = None
