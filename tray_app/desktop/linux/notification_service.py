"""The desktop's notification service, over our own connection to the session bus."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

from dbus_fast import DBusError, Message, MessageType, Variant
from dbus_fast.aio import MessageBus

from tray_app.core.monitor.commands import Command
from tray_app.core.presentation.notifications import Action
from tray_app.desktop.linux.session_bus import SessionBus, add_match, bus_call, watch_owner
from tray_app.desktop.notifier import FinalError, Settled, Unanswered

LIMIT_S = 5.0
BUTTONS_AT_MOST = 3
# xfce4-notifyd broke a line between a figure and its unit.
_UNIT = re.compile(r"(?<=\d) (?=(?:GB|MB|s|min|h|%)(?!\w))")
SERVICE = "org.freedesktop.Notifications"
SERVICE_PATH = "/org/freedesktop/Notifications"
SERVICE_UNKNOWN = "org.freedesktop.DBus.Error.ServiceUnknown"


class BusNotifications:
    """``org.freedesktop.Notifications`` over our own connection.

    A button that is pressed calls ``press`` with its command; ``appeared`` is called when a service
    comes, both in the bus' loop. A notification's state ends with the notification, and with the
    service that shows it.
    """

    name = "notification service"

    def __init__(
        self,
        bus: SessionBus,
        app_name: str,
        desktop_entry: str,
        press: Callable[[Command], None] = lambda _: None,
        appeared: Callable[[], None] = lambda: None,
    ) -> None:
        self._bus = bus
        self._app_name = app_name
        self._desktop_entry = desktop_entry
        self._press = press
        self._appeared = appeared
        self._ids: dict[str, int] = {}
        self._buttons: dict[int, dict[str, Command]] = {}
        self._capabilities: list[str] | None = None
        self._sending: dict[str, asyncio.Task[Any]] = {}
        bus.on_connect(self._listen)

    def __call__(self, note: dict[str, Any], settled: Settled) -> None:
        """Send it and wait for the service's confirmation, at most `LIMIT_S`.

        A later answer still counts: it brings the number for replacing the notification, and for
        its buttons.
        """
        word = (note.get("hints") or {}).get("replace", "")
        sending = self._bus.start(lambda connection: self._send_in_turn(connection, note, word))
        try:
            sending.result(LIMIT_S)
        except TimeoutError:
            sending.add_done_callback(lambda sent: _settle(sent, settled))
            raise Unanswered(f"no answer for {LIMIT_S:.0f} s") from None
        except DBusError as error:
            if error.type == SERVICE_UNKNOWN:
                raise OSError("not running") from None
            raise FinalError(str(error)) from None

    async def _send_in_turn(self, connection: MessageBus, note: dict[str, Any], word: str) -> None:
        """Send it after the answer to the notification that it replaces, but wait no longer for
        that than for an answer."""
        before, own = self._sending.get(word), asyncio.current_task()
        assert own is not None
        self._sending[word] = own
        try:
            if before is not None:
                await asyncio.wait({before}, timeout=LIMIT_S)
            await self._send(connection, note)
        finally:
            if self._sending.get(word) is own:
                del self._sending[word]

    async def _send(self, connection: MessageBus, note: dict[str, Any]) -> None:
        able = await self._able(connection)
        text = _UNIT.sub("\N{NO-BREAK SPACE}", note["message"])
        if "body-markup" in able:
            text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
        hints = note.get("hints") or {}
        replace = hints.get("replace", "")
        actions = hints.get("actions", ()) if "actions" in able else ()
        buttons = _keyed(actions[:BUTTONS_AT_MOST])
        body: tuple[Any, ...] = (
            self._app_name,
            self._ids.get(replace, 0),
            note.get("app_icon", ""),
            note["title"],
            text,
            [part for key, action in buttons.items() for part in (key, action.label)],
            {
                "urgency": Variant("y", int(hints.get("urgency", 1))),
                "desktop-entry": Variant("s", self._desktop_entry),
                **({"suppress-sound": Variant("b", True)} if hints.get("silent") else {}),
            },
            -1,
        )
        signature = "susssasa{sv}i"
        try:
            reply = await bus_call(
                connection, SERVICE, SERVICE_PATH, SERVICE, "Notify", signature, *body
            )
        except DBusError:
            self._forget()
            raise
        self._buttons[reply[0]] = {key: action.command for key, action in buttons.items()}
        if replace:
            self._ids[replace] = reply[0]

    async def _able(self, connection: MessageBus) -> Sequence[str]:
        """The service's capabilities: asked once, because a slow service is slow each time."""
        if self._capabilities is None:
            (self._capabilities,) = await bus_call(
                connection, SERVICE, SERVICE_PATH, SERVICE, "GetCapabilities", ""
            )
        return self._capabilities or ()

    async def _listen(self, connection: MessageBus) -> None:
        self._capabilities = None
        self._forget()
        connection.remove_message_handler(self._heard)  # if an earlier attempt failed
        connection.add_message_handler(self._heard)
        for member in ("ActionInvoked", "NotificationClosed"):
            await add_match(connection, sender=SERVICE, interface=SERVICE, member=member)
        await watch_owner(connection, SERVICE, self._owner_changed)

    def _heard(self, message: Message) -> None:
        if message.message_type is not MessageType.SIGNAL or message.interface != SERVICE:
            return
        if message.member == "ActionInvoked" and message.signature == "us":
            number, key = message.body
            # Not every key is ours: a click on the text is "default", which has no command.
            if command := self._buttons.get(number, {}).get(key):
                self._press(command)
        elif message.member == "NotificationClosed" and message.signature == "uu":
            number = message.body[0]
            self._buttons.pop(number, None)
            self._ids = {word: each for word, each in self._ids.items() if each != number}

    def _owner_changed(self, owned: bool) -> None:
        self._capabilities = None
        self._forget()  # another service starts its numbers again
        if owned:
            self._appeared()

    def _forget(self) -> None:
        self._ids.clear()
        self._buttons.clear()


def _settle(sent: Future[None], settled: Settled) -> None:
    if not sent.cancelled():  # at the end of the run
        error = sent.exception()
        settled(None if error is None else str(error) or type(error).__name__)


def _keyed(actions: Sequence[Action]) -> dict[str, Action]:
    """Buttons by a key that names their kind of command.

    A click while the notification is being replaced runs the newest command of that kind, or
    nothing: never another button's.
    """
    keyed: dict[str, Action] = {}
    for action in actions:
        kind = type(action.command).__name__
        same = sum(key.partition("-")[0] == kind for key in keyed)
        keyed[f"{kind}-{same}"] = action
    return keyed
