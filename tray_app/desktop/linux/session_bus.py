"""The session bus: one connection, one asyncio loop, in whichever thread runs it.

Calls from other threads are handed to the loop; nothing but this loop touches the bus.
"""

from __future__ import annotations

import asyncio
import logging
import math
import os
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import Future
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

from dbus_fast import BusType, Message, MessageType
from dbus_fast.aio import MessageBus
from dbus_fast.errors import AuthError, DBusError, InvalidAddressError

from tray_app.desktop.linux.patient_socket import be_patient

_log = logging.getLogger(__name__)
T = TypeVar("T")

DBUS = "org.freedesktop.DBus"
DBUS_PATH = "/org/freedesktop/DBus"
RECONNECT_S = 2.0
CONNECT_LIMIT_S = 3.0
BEGIN_LIMIT_S = 10.0
"""For the whole setup of a new connection; after that the connection is dropped."""
LEAVE_LIMIT_S = 0.4
"""For the last calls before the connection is closed: the whole end takes 2 s at most."""
SESSION_OVER_S = 10.0
"""A bus that stays away for this long has ended with its session. A restarted one is back within a
second or two."""
UNREACHABLE = (OSError, EOFError, AuthError, InvalidAddressError, TimeoutError)


def session_address() -> str | None:
    """The session bus' address: the environment's, else where systemd puts it; None without."""
    if address := os.environ.get("DBUS_SESSION_BUS_ADDRESS"):
        return address
    runtime = os.environ.get("XDG_RUNTIME_DIR")
    socket = Path(runtime, "bus") if runtime else None
    return f"unix:path={socket}" if socket and socket.exists() else None


class SessionBus:
    """A connection that comes back. ``on_connect`` runs in the loop after each connecting,
    ``on_leave`` before `run` closes it."""

    def __init__(self, address: str) -> None:
        self._address = address
        self._loop = asyncio.new_event_loop()
        self._bus: MessageBus | None = None
        self._stopping: asyncio.Event | None = None
        self._on_connect: list[Callable[[MessageBus], Awaitable[None]]] = []
        self._on_leave: list[Callable[[MessageBus], Awaitable[None]]] = []

    def on_connect(self, callback: Callable[[MessageBus], Awaitable[None]]) -> None:
        """Have this run after each connecting; register before `run`."""
        self._on_connect.append(callback)

    def on_leave(self, callback: Callable[[MessageBus], Awaitable[None]]) -> None:
        """Have this run before the connection is closed; register before `run`."""
        self._on_leave.append(callback)

    def connect(self) -> bool:
        """Try once, before `run` and in its thread; False when the bus cannot be reached."""
        try:
            self._loop.run_until_complete(asyncio.wait_for(self._connect(), CONNECT_LIMIT_S))
        except UNREACHABLE as error:
            _log.info("no session bus at %s: %r", self._address, error)
            self._loop.close()
            return False
        return True

    def has_owner(self, name: str) -> bool:
        """Whether the bus reports an owner of this name now; before `run` and in its thread."""
        try:
            return self.ask(lambda line: name_has_owner(line, name))
        except (*UNREACHABLE, DBusError) as error:
            _log.info("the session bus does not answer: %r", error)
            return False

    def ask(self, work: Callable[[MessageBus], Coroutine[Any, Any, T]]) -> T:
        """Run ``work`` before `run`, in its thread. :raises TimeoutError, DBusError, OSError"""
        limited = asyncio.wait_for(work(self._connected()), CONNECT_LIMIT_S)
        return self._loop.run_until_complete(limited)

    def leave(self) -> None:
        """Disconnect instead of running."""
        if self._bus is not None and self._bus.connected:
            self._bus.disconnect()
            limited = asyncio.wait_for(_end_of(self._bus), CONNECT_LIMIT_S)
            self._loop.run_until_complete(limited)
        self._loop.close()

    def run(
        self, ready: Callable[[], None] = lambda: None, *, outlives_session: bool = False
    ) -> None:
        """Serve until `stop`, or until the session is over; reconnects when the bus goes away.

        Blocks this thread. ``outlives_session``: something else reports the end of the session.
        """
        over_s = math.inf if outlives_session else SESSION_OVER_S
        try:
            self._loop.run_until_complete(self._serve(ready, over_s))
        finally:
            self._loop.run_until_complete(_cancel_all())
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
            self._loop.close()

    @property
    def is_connected(self) -> bool:
        """Whether the bus is connected now; from any thread."""
        return self._bus is not None and self._bus.connected

    def time_s(self) -> float:
        """The loop's clock (monotonic seconds); from any thread."""
        return self._loop.time()

    def stop(self) -> None:
        """Let `run` end; from any thread, at any time."""
        self._in_loop(self._stop_now)

    def soon(self, callback: Callable[[], object]) -> None:
        """Run a short function in the loop; dropped when `run` is ending or has ended."""
        self._in_loop(lambda: None if self._is_leaving() else callback())

    def _is_leaving(self) -> bool:
        # A signal sent after the connection was closed raises in asyncio's selector.
        return self._stopping is not None and self._stopping.is_set()

    def _in_loop(self, callback: Callable[[], object]) -> None:
        try:
            self._loop.call_soon_threadsafe(callback)
        except RuntimeError:
            _log.debug("the bus loop has ended")

    def start(self, work: Callable[[MessageBus], Coroutine[Any, Any, T]]) -> Future[T]:
        """Run ``work`` in the loop, from another thread; it goes on if the caller stops waiting.

        :raises OSError: the bus was left. What the future raises is the work's, or an OSError where
        there is no connection; it is cancelled when the bus is left
        """

        async def connected() -> T:
            return await work(self._connected())

        coroutine = connected()
        try:
            return asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        except RuntimeError:
            coroutine.close()
            raise OSError("disconnected from the session bus") from None

    def _connected(self) -> MessageBus:
        if self._bus is None or not self._bus.connected:
            raise OSError("no connection to the session bus")
        return self._bus

    async def _connect(self) -> MessageBus:
        if self._bus is None or not self._bus.connected:
            bus = MessageBus(bus_address=self._address, bus_type=BusType.SESSION)
            self._bus = await bus.connect()
            be_patient(self._bus)
        return self._bus

    async def _serve(self, ready: Callable[[], None], over_s: float) -> None:
        self._stopping = asyncio.Event()
        stopped = asyncio.ensure_future(self._stopping.wait())
        away_since_s: float | None = None
        while not stopped.done():
            try:
                beginning = asyncio.ensure_future(self._connect_and_begin())
                await asyncio.wait({stopped, beginning}, return_when=asyncio.FIRST_COMPLETED)
                if not beginning.done():
                    break
                bus = await beginning
                away_since_s = None
                ready()
                ready = _nothing
                lost = asyncio.ensure_future(_end_of(bus))
                await asyncio.wait({stopped, lost}, return_when=asyncio.FIRST_COMPLETED)
                if lost.done():
                    lost.exception()
                    _log.warning("the session bus went away; trying again")
                lost.cancel()
            except (*UNREACHABLE, DBusError) as error:
                _log.debug("connecting to the session bus failed: %r", error)
                self._leave_now()
            except Exception:  # noqa: BLE001 - the icon must not end with a defect
                _log.exception("the connection to the session bus failed")
                self._leave_now()
            now_s = self._loop.time()
            if away_since_s is None:
                away_since_s = now_s
            elif now_s - away_since_s >= over_s:
                _log.info("the session is over: there was no bus for %.0f s", over_s)
                self._stopping.set()
            await asyncio.wait({stopped}, timeout=RECONNECT_S)
        if self._bus is not None and self._bus.connected:
            last = asyncio.gather(
                *(callback(self._bus) for callback in self._on_leave), return_exceptions=True
            )
            with suppress(TimeoutError):
                await asyncio.wait_for(last, LEAVE_LIMIT_S)
        if self._bus is not None and self._bus.connected:
            self._bus.disconnect()
            await asyncio.wait({asyncio.ensure_future(_end_of(self._bus))}, timeout=0.5)

    async def _connect_and_begin(self) -> MessageBus:
        """Connect, and set up the new connection."""
        async with asyncio.timeout(CONNECT_LIMIT_S):
            bus = await self._connect()
        async with asyncio.timeout(BEGIN_LIMIT_S):
            await asyncio.gather(*(callback(bus) for callback in self._on_connect))
        return bus

    def _leave_now(self) -> None:
        """Drop a connection whose setup failed; the next one starts from scratch."""
        bus, self._bus = self._bus, None
        if bus is not None and bus.connected:
            bus.disconnect()

    def _stop_now(self) -> None:
        if self._stopping is not None:
            self._stopping.set()


async def _cancel_all() -> None:
    """Cancel all pending calls."""
    waiting = asyncio.all_tasks() - {asyncio.current_task()}
    for task in waiting:
        task.cancel()
    await asyncio.gather(*waiting, return_exceptions=True)


def _nothing() -> None:
    pass


async def _end_of(bus: MessageBus) -> None:
    await bus.wait_for_disconnect()  # type: ignore[no-untyped-call]


async def bus_call(
    bus: MessageBus, to: str, path: str, interface: str, member: str, signature: str, *body: Any
) -> list[Any]:
    """One method call; its reply's body. :raises DBusError: the reply was an error."""
    reply = await bus.call(
        Message(
            destination=to,
            path=path,
            interface=interface,
            member=member,
            signature=signature,
            body=list(body),
        )
    )
    if reply is None:
        raise OSError("no reply")
    if reply.message_type is MessageType.ERROR:
        text = reply.body[0] if reply.body else "no text"
        raise DBusError(reply.error_name or "org.freedesktop.DBus.Error.Failed", str(text), reply)
    return list(reply.body)


async def add_match(bus: MessageBus, **criteria: str) -> None:
    """Subscribe to the signals that match these criteria (``sender``, ``member`` ...)."""
    rule = ",".join(("type='signal'", *(f"{key}='{value}'" for key, value in criteria.items())))
    await bus_call(bus, DBUS, DBUS_PATH, DBUS, "AddMatch", "s", rule)


async def name_has_owner(bus: MessageBus, name: str) -> bool:
    """Whether this name has an owner on the bus."""
    body = await bus_call(bus, DBUS, DBUS_PATH, DBUS, "NameHasOwner", "s", name)
    return bool(body[0])


async def owner_of(bus: MessageBus, name: str) -> str:
    """The unique name behind a name; empty without an owner."""
    try:
        body = await bus_call(bus, DBUS, DBUS_PATH, DBUS, "GetNameOwner", "s", name)
    except DBusError:
        return ""
    return str(body[0])


async def identity(bus: MessageBus) -> str:
    """The bus' own identity: unique names begin again with another bus."""
    return str((await bus_call(bus, DBUS, DBUS_PATH, DBUS, "GetId", ""))[0])


def heed(bus: MessageBus, heard: Callable[[Message], None]) -> None:
    """Call ``heard`` with each signal, after the reply that came before it was taken.

    A handler of dbus-fast runs at once, but who awaits a reply runs in the loop's next turn: of a
    reply and a signal that are read together, the handler would get the newer one first.
    """
    loop = asyncio.get_running_loop()

    def on_message(message: Message) -> None:
        if message.message_type is MessageType.SIGNAL:
            loop.call_soon(heard, message)

    bus.add_message_handler(on_message)


async def watch_owner(bus: MessageBus, name: str, changed: Callable[[bool], None]) -> None:
    """Call ``changed(owned)`` now and whenever the name gets or loses an owner."""

    def on_signal(signal: Message) -> None:
        if signal.member == "NameOwnerChanged" and signal.sender == DBUS and signal.body[0] == name:
            changed(bool(signal.body[2]))

    heed(bus, on_signal)
    await add_match(bus, sender=DBUS, member="NameOwnerChanged", arg0=name)
    changed(await name_has_owner(bus, name))
