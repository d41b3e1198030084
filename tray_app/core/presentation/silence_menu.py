"""Silences in the menu: a submenu that makes one after asking, and those that hold.

The number of rows never changes; a row without a text is hidden.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache

from msgspec import Struct

from tray_app.core.model.silence_length import SilenceLength, ends_s
from tray_app.core.monitor.commands import ShowStatus, SilenceAlerts, UnsilenceAlerts
from tray_app.core.presentation import menu_text, silence_text
from tray_app.core.presentation.menu_row import Row, heading, line
from tray_app.core.prometheus import silences
from tray_app.core.prometheus.silences import Coverage, SilenceScope
from tray_app.core.prometheus.silencing import Silencing
from tray_app.core.prometheus.values import EngineServer, Silence

ALL = "silence"
"""The key of the submenu for all."""
SHOWN, SHOWN_OF_SERVER = 5, 2
"""Silences that have a row: in the submenu of all, and in a server's."""


def of_server(
    key: str,
    state: Silencing | None,
    server: EngineServer | None,
    others: tuple[EngineServer, ...],
    now_s: float,
) -> Row:
    """*Silence* for one server. Hidden without a server, or one without a label that names it, or
    an Alertmanager; the row's ``key`` is that of the server's own row."""
    if state is None or server is None or not any(server.key):
        return _hidden(f"{key}-silence")
    scope = silences.of_server(server, others)
    covered = [(each, silences.coverage(each, server.key, state.selector)) for each in state.shown]
    held = [_Held(each, part is Coverage.SOME) for each, part in covered if part]
    # The one that holds back all alerts says more.
    held.sort(key=lambda each: each.partly)
    return _submenu(state, f"{key}-silence", scope, server, held, now_s)


def of_all(state: Silencing | None, now_s: float) -> Row:
    """*Silence all*, and all silences of what is shown; hidden without an Alertmanager."""
    if state is None:
        return _hidden(ALL)
    scope = silences.of_all(state.selector)
    held = [_Held(each) for each in state.shown]
    return _submenu(state, ALL, scope, None, held, now_s)


@lru_cache(maxsize=32)
def _hidden(key: str) -> Row:
    """The rows of a submenu that is not shown: as many, so that nothing moves."""
    lengths = (_length(key, SilenceAlerts(each, sure=True)) for each in SilenceLength)
    most = SHOWN if key == ALL else SHOWN_OF_SERVER
    return Row(key, children=(*lengths, line(key), *_held(key, (), most, 0.0)))


class _Held(Struct, frozen=True):
    """A silence of a server, or of any; ``partly``: of some of its alerts."""

    silence: Silence
    partly: bool = False

    def line(self, now_s: float) -> str:
        """It in one row."""
        return silence_text.line(self.silence, now_s, partly=self.partly)


def _submenu(
    state: Silencing,
    key: str,
    scope: SilenceScope,
    server: EngineServer | None,
    held: list[_Held],
    now_s: float,
) -> Row:
    instance, address = server.key if server else ("", "")
    if server is None:
        label = silence_text.brief(state.shown, now_s) or silence_text.SILENCE_ALL
    else:
        label = held[0].line(now_s) if held else silence_text.SILENCE
    minute_s = now_s // 60 * 60
    return Row(
        key,
        menu_text.cut(label, menu_text.ROOM_CHARS),
        children=(
            *_lengths(
                key,
                scope,
                instance,
                address,
                is_running=state.running is not None,
                now_s=minute_s,
            ),
            line(key),
            *_held(key, held, SHOWN_OF_SERVER if server else SHOWN, now_s),
        ),
    )


@lru_cache(maxsize=32)
def _lengths(
    key: str, scope: SilenceScope, instance: str, server: str, *, is_running: bool, now_s: float
) -> tuple[Row, ...]:
    """How long; a click on it leads to what it does, and the row that does it."""
    rows = []
    for chosen in SilenceLength:
        until_s = ends_s(chosen, now_s)
        warning = silence_text.warning(scope, until_s, now_s)
        rows.append(
            _length(
                key,
                SilenceAlerts(chosen, instance, server, sure=True),
                silence_text.length(chosen, until_s, now_s),
                silence_text.UNDER_WAY if is_running else warning,
                barred=is_running,
            )
        )
    return tuple(rows)


def _length(
    key: str, command: SilenceAlerts, text: str = "", risk: str = "", *, barred: bool = False
) -> Row:
    own = f"{key} {command.length.name.lower()}"
    sure = Row(f"{own} sure", silence_text.FOR_EVERYBODY if text else "", command, barred=barred)
    return Row(own, text, children=(heading(f"{own} risk", risk), sure))


def _held(key: str, held: Sequence[_Held], most: int, now_s: float) -> Iterator[Row]:
    """A row for each that holds, then how many have none."""
    for number in range(most):
        own = f"{key} held-{number}"
        each = held[number] if number < len(held) else None
        about = silence_text.about(each.silence) if each else ""
        end = UnsilenceAlerts(each.silence.id) if each else None
        yield Row(
            own,
            menu_text.cut(each.line(now_s)) if each else "",
            children=(
                Row(f"{own} about", menu_text.cut(about), ShowStatus()),
                Row(f"{own} end", silence_text.END if each else "", end),
            ),
        )
    more = len(held) - most
    text = f"and {more} more: see Alertmanager" if more > 0 else ""
    yield Row(f"{key} more", text, ShowStatus())
