"""Handles a second start for the same server, on both sides."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from tray_app import APP_ID
from tray_app.core.config.options import check
from tray_app.core.monitor.commands import (
    Command,
    Quit,
    SetInterval,
    SetMode,
    SetPreset,
    ShowStatus,
)
from tray_app.core.presentation import program_text
from tray_app.desktop import single_instance
from tray_app.desktop.session import session_marks
from tray_app.desktop.single_instance import Instance, TakenError
from tray_app.runtime import clock
from tray_app.views.terminal.streams import OutputClosed, OutputFailed, say

if TYPE_CHECKING:
    from tray_app.app.invocation import Invocation
    from tray_app.core.model.server_address import ServerAddress
    from tray_app.desktop.panel_icon import Desktop

_log = logging.getLogger(__name__)

# What a second start may change in the first one.
_HANDED_OVER: dict[str, Callable[[Any], Command]] = {
    "preset": SetPreset,
    "mode": SetMode,
    "interval_s": SetInterval,
}


class OwnInstance:
    """This process as the only instance for the server whose address is set."""

    def __init__(self, instance: Instance | None, address: ServerAddress) -> None:
        self._instance = instance
        self._address = address
        self._receive: single_instance.Receive | None = None

    def listen(self, receive: single_instance.Receive) -> None:
        """From now on ``receive`` answers later starts."""
        self._receive = receive
        if self._instance is not None:
            self._instance.listen(receive)

    def follow(self, address: ServerAddress) -> bool:
        """Be the instance for another server, and no longer for the last one; False: another
        process is that. Waits for nothing: the sampler calls it."""
        new: Instance | None = None
        try:
            new = Instance(address.identity)
        except TakenError:
            _log.warning("%s", program_text.address_taken(address.shown, self._address.shown))
            return False
        except OSError as error:
            _log.info("cannot check for a running instance: %s", error)
        if new is not None and self._receive is not None:
            new.listen(self._receive)
        self.close()
        self._instance, self._address = new, address
        return True

    def close(self) -> None:
        """Let another process have the server."""
        if self._instance is not None:
            self._instance.close()


def claim(invocation: Invocation) -> tuple[Instance | None, bool]:
    """This process as the only instance; and whether an instance that cannot show anything holds
    the server. :raises TakenError: a working instance watches this server"""
    server = invocation.instance
    try:
        return (None if invocation.demo else Instance(server)), False
    except TakenError:
        if single_instance.proves(server, session_marks(), clock.mono_s):
            raise
        return None, True
    except OSError as error:
        _log.info("cannot check for a running instance: %s", error)
        return None, False


def take_over(invocation: Invocation) -> Instance | None:
    """Take the place of a first instance that cannot show anything."""
    shown = invocation.shown
    _log.info("replacing the instance for %s: it cannot show an icon in this session", shown)
    try:
        return single_instance.take_over(invocation.instance, session_marks(), clock.mono_s)
    except OSError as error:
        _log.info("cannot replace the running instance: %s", error)
        return None


def hand_over(invocation: Invocation) -> int:
    """Send this start's options to the first instance, and report that it is running; the exit
    status."""
    chosen = {key: value for key, value in (invocation.flags or {}).items() if key in _HANDED_OVER}
    heard = single_instance.hand_over(invocation.instance, chosen)
    with suppress(OutputClosed, OutputFailed):
        say(f"{APP_ID}: {program_text.already_running(invocation.shown, heard=heard)}")
    return 0


def answer(
    desktop: Desktop, post: Callable[..., None], message: Mapping[str, Any]
) -> Mapping[str, Any] | None:
    """The first instance's answer to a later start; None: it received the message."""
    if isinstance(marks := message.get(single_instance.PROVE), dict):
        return {single_instance.SHOWS: desktop.shows_to(marks)}
    if message.get(single_instance.MAKE_WAY) is True:
        _log.info("another instance replaces this one")
        post(Quit())
    else:
        post(*handed_over(message))
    return None


def handed_over(message: Mapping[str, Any]) -> list[Command]:
    """The commands that a second start sends: its settings, and to show the status. Wrong values
    are ignored."""
    commands: list[Command] = []
    for key, make in _HANDED_OVER.items():
        try:
            if key in message:
                commands.append(make(check(key, message[key])))
        except ValueError as error:
            _log.info("ignored a second start's setting: %s %s", key, error)
    return [*commands, ShowStatus()]
