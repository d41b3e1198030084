"""Has the panel's watcher list the icon, and tries again until it does.

A watcher may own its name before its object answers, or answer the first time with an error or not
at all (seen while a session starts). With a single attempt the icon would never appear.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator
from itertools import chain, repeat
from typing import Any

from dbus_fast import DBusError, Message
from dbus_fast.aio import MessageBus

from tray_app.desktop.linux.session_bus import add_match, bus_call, heed, watch_owner

_log = logging.getLogger(__name__)

WATCHER = "org.kde.StatusNotifierWatcher"
WATCHER_PATH = "/StatusNotifierWatcher"
PROPERTIES = "org.freedesktop.DBus.Properties"
HOST_CAME, HOST_WENT = "StatusNotifierHostRegistered", "StatusNotifierHostUnregistered"
PAUSES_S = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
LONGEST_PAUSE_S = 60.0
ANSWER_LIMIT_S = 5.0
# There is no watcher: the bus reports the next one.
_ABSENT = (
    "org.freedesktop.DBus.Error.ServiceUnknown",
    "org.freedesktop.DBus.Error.NameHasNoOwner",
)
_FAILED = (DBusError, OSError, EOFError, TimeoutError)


def pauses_s() -> Iterator[float]:
    """Between one attempt and the next, without end."""
    return chain(PAUSES_S, repeat(LONGEST_PAUSE_S))


class Registration:
    """The item at ``path`` on one connection; all of it runs in the connection's loop.

    ``on_host`` gets whether a watcher with a panel is there, at the start and after each change;
    ``wanted`` says whether the icon is to be shown; ``tried`` is called after each attempt.
    """

    def __init__(
        self,
        connection: MessageBus,
        path: str,
        *,
        on_host: Callable[[bool], None],
        wanted: Callable[[], bool],
        tried: Callable[[], None],
    ) -> None:
        self._connection = connection
        self._path = path
        self._on_host = on_host
        self._wanted = wanted
        self._tried = tried
        self._task: asyncio.Task[None] | None = None
        self._question: asyncio.Task[None] | None = None
        self.is_listed = False
        """Whether the watcher lists the item, as far as known."""

    async def follow(self) -> None:
        """Register with each new watcher, and check again when a panel joins one."""
        heed(self._connection, self._heard)
        for member in (HOST_CAME, HOST_WENT):
            await add_match(self._connection, sender=WATCHER, interface=WATCHER, member=member)
        await watch_owner(self._connection, WATCHER, self._owner_changed)

    def begin(self) -> None:
        """Try now, and again after each of the pauses, until the watcher has it."""
        self._do(self._attempts())

    def end(self) -> None:
        """Stop trying; no watcher has it."""
        self.is_listed = False
        for task in (self._task, self._question):
            if task is not None:
                task.cancel()
        self._task = self._question = None

    def _do(self, work: Coroutine[Any, Any, None]) -> None:
        if self._task is not None:
            self._task.cancel()
        self._task = asyncio.ensure_future(work)

    def _owner_changed(self, owned: bool) -> None:
        self.end()
        if owned:
            self._question = asyncio.ensure_future(self._report_panel())
        else:
            self._on_host(False)
        if owned and self._wanted():
            self.begin()

    def _heard(self, message: Message) -> None:
        if message.interface != WATCHER:
            return
        if message.member == HOST_WENT:
            self._question = asyncio.ensure_future(self._report_panel())
        if message.member == HOST_CAME:
            self._on_host(True)
        if message.member == HOST_CAME and self._wanted():
            # To register twice makes some panels draw the icon again.
            self._do(self._look_again() if self.is_listed else self._attempts())

    async def _report_panel(self) -> None:
        """Whether the watcher has a panel: KDE's is started by any of its programs, on any desktop.
        One that does not say so has one."""
        name = "IsStatusNotifierHostRegistered"
        try:
            (has_panel,) = await self._call(PROPERTIES, "Get", "ss", WATCHER, name)
        except _FAILED as error:
            _log.debug("the watcher does not say whether it has a panel: %r", error)
            has_panel = True
        self._on_host(bool(getattr(has_panel, "value", has_panel)))

    async def _look_again(self) -> None:
        if not await self._is_on_the_list():
            await self._attempts()

    async def _attempts(self) -> None:
        for pause_s in pauses_s():
            self.is_listed = False
            try:
                await self._call(WATCHER, "RegisterStatusNotifierItem", "s", self._path)
                self.is_listed = True
            except DBusError as error:
                _log.debug("registering with the panel failed: %s: %s", error.type, error)
                if error.type in _ABSENT:
                    return
            except _FAILED as error:
                _log.debug("registering with the panel failed: %r", error)
            finally:
                self._tried()
            # A watcher that answers late, or with an error, may list it nevertheless.
            if self.is_listed or await self._is_on_the_list():
                self.is_listed = True
                return
            await asyncio.sleep(pause_s)

    async def _is_on_the_list(self) -> bool:
        try:
            (items,) = await self._call(
                PROPERTIES, "Get", "ss", WATCHER, "RegisteredStatusNotifierItems"
            )
        except _FAILED as error:
            _log.debug("cannot list the panel's items: %r", error)
            return False
        own = self._connection.unique_name
        named = getattr(items, "value", items)
        return isinstance(named, list) and any(
            item == own or str(item).startswith(f"{own}/") for item in named
        )

    async def _call(self, interface: str, member: str, signature: str, *body: str) -> list[Any]:
        # Not wait_for: up to Python 3.11 it takes an error that comes with the end for an answer,
        # and the attempts went on (python/cpython#86296).
        async with asyncio.timeout(ANSWER_LIMIT_S):
            return await bus_call(
                self._connection, WATCHER, WATCHER_PATH, interface, member, signature, *body
            )
