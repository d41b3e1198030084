"""Alerts of several servers that come together are one message.

The first one is shown at once. If another server's follows within some seconds, one message about
both takes its place, and so on. What happens later to a server of that message changes it, until
none of them is left.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from tray_app.core.alerts.hung import Hang, HangKind
from tray_app.core.alerts.levels import ForecastWithdrawn
from tray_app.core.alerts.limits import Level
from tray_app.core.alerts.policy import Condition
from tray_app.core.alerts.server_exit import ServerExit
from tray_app.core.monitor.events import Alert, AlertEvent

TOGETHER_S = 5.0
"""Alerts that are no further apart than this are one message."""
SILENCE_TOGETHER_S = 30.0
"""The same where servers of other machines fall silent: a network that is down is noticed at each
one's next request, which a circuit breaker may delay."""


class Told(Struct, frozen=True):
    """An alert of one server. ``slot`` is what its message replaces, ``title`` that message's, and
    ``word`` what is wrong, after a number of servers. ``at_s`` is monotonic.

    ``ends``: it says that something is over. ``is_silence``: the server no longer answers.
    ``remote``: it runs on another machine. ``is_quiet``: it says less than the one before.
    """

    server: str
    slot: str
    title: str
    word: str
    urgency: int
    at_s: float
    ends: bool = False
    is_silence: bool = False
    remote: bool = False
    is_quiet: bool = False


class Group(Struct, frozen=True):
    """One message about several servers, in the place of the ``first`` one's: ``holding`` are the
    alerts that hold, ``ended`` is what has just ended one (None: nothing has).

    ``louder``: it says more than the message before.
    """

    first: Told
    holding: tuple[Told, ...]
    ended: Told | None = None
    louder: bool = False

    @property
    def is_over(self) -> bool:
        """Whether no alert of it holds any longer."""
        return not self.holding


class Grouping(Struct, frozen=True):
    """``recent`` are the alerts that a next one may join, ``groups`` the messages on the screen
    about several servers, newest last."""

    recent: tuple[Told, ...] = ()
    groups: tuple[Group, ...] = ()


def told(state: Grouping, new: Told) -> tuple[Grouping, Group | None]:
    """The state after an alert, and the message that it becomes a part of; None: its own."""
    others = _without(state.recent, new.server, new.slot)
    known = next((each for each in state.groups if _holds(each, new)), None)
    if known is not None:
        left = _without(known.holding, new.server, new.slot)
        changed = replace(
            known,
            holding=left if new.ends else (*left, new),
            ended=new if new.ends else None,
            louder=not new.ends and not new.is_quiet,
        )
        return Grouping(others, _with(state.groups, known, changed)), changed
    if new.ends:
        return replace(state, recent=others), None
    recent = (*(each for each in others if _is_together(each, new)), new)
    open_ = next((each for each in state.groups if _is_together(each.holding[-1], new)), None)
    if open_ is not None:
        joined = replace(open_, holding=(*open_.holding, new), ended=None, louder=True)
        return Grouping(recent, _with(state.groups, open_, joined)), joined
    if len({each.server for each in recent}) > 1:
        made = Group(recent[0], recent, louder=True)
        return Grouping(recent, (*state.groups, made)), made
    return replace(state, recent=recent), None


def withdrawn(state: Grouping, server: str, slot: str) -> tuple[Grouping, Group | None]:
    """The state after an alert has been taken back without a word, and what is left of the message
    that it was part of; None: it was none's."""
    recent = _without(state.recent, server, slot)
    for group in state.groups:
        left = _without(group.holding, server, slot)
        if len(left) < len(group.holding):
            changed = replace(group, holding=left, ended=None, louder=False)
            return Grouping(recent, _with(state.groups, group, changed)), changed
    return replace(state, recent=recent), None


def all_silent(group: Group) -> bool:
    """Whether each alert says that a server of another machine no longer answers."""
    return all(each.remote and each.is_silence for each in group.holding)


def _with(groups: tuple[Group, ...], old: Group, new: Group) -> tuple[Group, ...]:
    """The groups with this one instead of that; without it, if nothing of it holds."""
    changed = (new if each is old else each for each in groups)
    return tuple(each for each in changed if not each.is_over)


def _holds(group: Group, new: Told) -> bool:
    return any((each.server, each.slot) == (new.server, new.slot) for each in group.holding)


def _without(several: tuple[Told, ...], server: str, slot: str) -> tuple[Told, ...]:
    return tuple(each for each in several if (each.server, each.slot) != (server, slot))


def _is_together(one: Told, other: Told) -> bool:
    silent = one.remote and other.remote and one.is_silence and other.is_silence
    return other.at_s - one.at_s <= (SILENCE_TOGETHER_S if silent else TOGETHER_S)


def is_silence(event: AlertEvent) -> bool:
    """Whether it says that the server no longer answers."""
    if not isinstance(event, Alert):
        return False
    found = event.finding
    return isinstance(found, ServerExit) or (
        isinstance(found, Hang) and found.kind is HangKind.SILENT
    )


def ends(event: AlertEvent) -> bool:
    """Whether it says that something is over."""
    if not isinstance(event, Alert):
        return False
    found = event.finding
    if isinstance(found, ForecastWithdrawn):
        return found.level is Level.NONE
    return isinstance(found.ends, Condition)
