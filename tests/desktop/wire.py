"""A connection to a D-Bus bus that a test can use without ``await``.

Rule: only here does a test open a connection. Each ``Peer`` has a loop in a thread of its own;
what it serves runs there, what it hears is appended to plain lists.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

from tests.desktop.dbus import (
    DBusError,
    Message,
    MessageBus,
    MessageType,
    Variant,
    unpack_variants,
)
from tests.waiting import AMPLE_S

DBUS = ("org.freedesktop.DBus", "/org/freedesktop/DBus", "org.freedesktop.DBus")
PROPERTIES = "org.freedesktop.DBus.Properties"


@dataclass(frozen=True, slots=True)
class Reply:
    """What a served method answers: a D-Bus signature and one value for each of its types."""

    signature: str = ""
    body: tuple[Any, ...] = ()


@dataclass(frozen=True, slots=True)
class Heard:
    """A call or signal that arrived. ``body`` holds plain values, variants unpacked."""

    sender: str
    path: str
    interface: str
    member: str
    body: list[Any]


@dataclass(slots=True)
class Later:
    """An answer that comes when ``send`` is called, which the connection sets."""

    reply: Reply
    send: Callable[[], object] | None = None


Method = Callable[[Heard], Reply | Later | None]
"""Answers one call. None means no answer ever comes; raise ``DBusError`` to answer an error."""


class Peer:
    """One connection. ``name`` is its unique name on the bus. Use as a context manager."""

    def __init__(self, address: str) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="peer", daemon=True)
        self._served: dict[tuple[str, str], Mapping[str, Method]] = {}
        self._listeners: list[tuple[Mapping[str, str], Callable[[Heard], object]]] = []
        self._thread.start()
        try:
            self._run(self._connect(address))
        except BaseException:
            self._stop_loop()
            raise
        self.name = self._bus.unique_name or ""

    async def _connect(self, address: str) -> None:
        self._bus = await MessageBus(bus_address=address).connect()
        self._bus.add_message_handler(self._on_message)

    def _run(self, work: Coroutine[Any, Any, Any], within_s: float = AMPLE_S) -> Any:
        assert threading.current_thread() is not self._thread, "a served method must not call out"
        future = asyncio.run_coroutine_threadsafe(asyncio.wait_for(work, within_s), self._loop)
        return future.result()

    # Asking

    def call(
        self,
        destination: str,
        path: str,
        interface: str,
        member: str,
        signature: str = "",
        *body: Any,
        within_s: float = AMPLE_S,
    ) -> list[Any]:
        """Call a method; return its body, variants unpacked.

        Raises ``DBusError`` for an error answer and ``TimeoutError`` when none comes.
        """
        message = Message(
            destination=destination,
            path=path,
            interface=interface,
            member=member,
            signature=signature,
            body=list(body),
        )
        answer: Message = self._run(self._bus.call(message), within_s)
        if answer.message_type is MessageType.ERROR:
            text = str(answer.body[0]) if answer.body else ""
            raise DBusError(answer.error_name or "unnamed", text)
        plain: list[Any] = unpack_variants(answer.body)
        return plain

    def send(
        self,
        destination: str,
        path: str,
        interface: str,
        member: str,
        signature: str = "",
        *body: Any,
    ) -> None:
        """Call a method, and do not wait for its answer."""
        message = Message(
            destination=destination,
            path=path,
            interface=interface,
            member=member,
            signature=signature,
            body=list(body),
        )
        self._loop.call_soon_threadsafe(self._send, message)

    def get(self, destination: str, path: str, interface: str, name: str) -> Any:
        """One property's value."""
        return self.call(destination, path, PROPERTIES, "Get", "ss", interface, name)[0]

    def get_all(self, destination: str, path: str, interface: str) -> dict[str, Any]:
        """All properties of an interface, as a host reads them."""
        values: dict[str, Any] = self.call(destination, path, PROPERTIES, "GetAll", "s", interface)[
            0
        ]
        return values

    def owner(self, name: str) -> str | None:
        """The unique name that owns ``name``, or None."""
        with contextlib.suppress(DBusError):
            owner: str = self.call(*DBUS, "GetNameOwner", "s", name)[0]
            return owner
        return None

    def pid(self, name: str) -> int | None:
        """The process that owns ``name``, or None."""
        with contextlib.suppress(DBusError):
            pid: int = self.call(*DBUS, "GetConnectionUnixProcessID", "s", name)[0]
            return pid
        return None

    # Serving

    def own(self, name: str) -> None:
        """Take a well-known name, without queueing; RuntimeError when another has it."""
        do_not_queue, primary_owner = 4, 1
        if self.call(*DBUS, "RequestName", "su", name, do_not_queue) != [primary_owner]:
            raise RuntimeError(f"{name} is taken on this bus")

    def reject(self, name: str) -> None:
        """Give a well-known name back."""
        self.call(*DBUS, "ReleaseName", "s", name)

    def serve(
        self,
        path: str,
        interface: str,
        methods: Mapping[str, Method],
        properties: Callable[[], Mapping[str, Variant]] = dict,
    ) -> None:
        """Answer calls to ``interface`` at ``path``; ``properties`` is asked at each read."""

        def get(call: Heard) -> Reply:
            if call.body[1] not in (known := properties()):
                raise DBusError("org.freedesktop.DBus.Error.InvalidArgs", "no such property")
            return Reply("v", (known[call.body[1]],))

        self._served[path, interface] = methods
        self._served[path, f"{PROPERTIES} {interface}"] = {
            "Get": get,
            "GetAll": lambda _call: Reply("a{sv}", (dict(properties()),)),
        }

    def emit(self, path: str, interface: str, member: str, signature: str = "", *body: Any) -> None:
        """Send a signal. May be used by a served method, too."""
        message = Message.new_signal(path, interface, member, signature, list(body))
        self._loop.call_soon_threadsafe(self._send, message)

    def _send(self, message: Message) -> None:
        # To send on a connection that was left is an error of asyncio's selector, which is logged.
        if self._bus.connected:
            self._bus.send(message)

    # Listening

    def listen(self, heed: Callable[[Heard], object], **rule: str) -> None:
        """Pass each signal that matches to ``heed``.

        ``rule`` takes ``sender``, ``path``, ``interface`` and ``member``. ``sender`` may be a
        well-known name only for the bus itself; else give a unique one.
        """
        self._listeners.append((rule, heed))
        terms = ["type='signal'", *(f"{key}='{value}'" for key, value in rule.items())]
        self.call(*DBUS, "AddMatch", "s", ",".join(terms))

    def hear(self, **rule: str) -> list[Heard]:
        """A list that grows with each signal that matches ``rule`` from now on."""
        heard: list[Heard] = []
        self.listen(heard.append, **rule)
        return heard

    def _on_message(self, message: Message) -> Message | bool:
        if not self._bus.connected:
            return True  # it came while this one was leaving; nobody can answer it
        heard = Heard(
            sender=message.sender or "",
            path=message.path or "",
            interface=message.interface or "",
            member=message.member or "",
            body=unpack_variants(message.body),
        )
        if message.message_type is MessageType.SIGNAL:
            for rule, heed in self._listeners:
                if all(getattr(heard, key) == value for key, value in rule.items()):
                    heed(heard)
            return False
        if message.message_type is not MessageType.METHOD_CALL:
            return False
        interface = heard.interface
        if interface == PROPERTIES:
            interface = f"{PROPERTIES} {heard.body[0]}"
        method = self._served.get((heard.path, interface), {}).get(heard.member)
        if method is None:
            return False
        reply = method(heard)
        if reply is None:
            return True  # handled, and never answered
        told = reply.reply if isinstance(reply, Later) else reply
        answer = Message.new_method_return(message, told.signature, list(told.body))
        if not isinstance(reply, Later):
            return answer
        reply.send = lambda: self._loop.call_soon_threadsafe(self._send, answer)
        return True

    # Leaving

    def close(self) -> None:
        """Leave the bus; names are given up. Closing twice is allowed."""
        if not self._thread.is_alive():
            return
        self._run(self._disconnect())
        self._stop_loop()

    async def _disconnect(self) -> None:
        self._bus.disconnect()
        # A bus that died before us reports its end as an error; the connection is gone either way.
        with contextlib.suppress(OSError, EOFError):
            await self._bus.wait_for_disconnect()

    def _stop_loop(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(AMPLE_S)
        self._loop.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()
