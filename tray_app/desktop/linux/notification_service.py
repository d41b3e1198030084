"""The desktop's notification service, over our own connection to the session bus."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

from dbus_fast import DBusError, Message, Variant
from dbus_fast.aio import MessageBus
from msgspec import Struct

from tray_app.core.monitor.commands import Order
from tray_app.desktop.linux.session_bus import (
    SessionBus,
    add_match,
    bus_call,
    heed,
    identity,
    owner_of,
    watch_owner,
)
from tray_app.desktop.notifier import FinalError, Settled, Unanswered, keyed

_log = logging.getLogger(__name__)

LIMIT_S = 5.0
BUTTONS_AT_MOST = 3
# Why a notification was closed, in the protocol.
BY_USER = 2
CRITICAL = 2
# A notification's time on the screen in ms: the service's own, and until it is closed.
# mate-notification-daemon's own is 8 s, critical or not.
USUAL_TIME, NO_END = -1, 0
# It takes the buttons off a banner that is replaced while it is on the screen.
REDRAWS_NO_BUTTONS = ("gnome-shell",)
# dunst and mako show a picture as large as it is, up to a limit: so large it leaves room for text.
# GNOME makes one of 64 px of it, others an icon of 48 px.
IMAGE_PX = {"dunst": 96, "mako": 64, "gnome-shell": 64}
NAME_LIMIT_S = 1.0
# At the end, for answers that are still to come.
SETTLE_LIMIT_S = 0.15
# xfce4-notifyd broke a line between a figure and its unit, Plasma after the slash of MB/s.
_UNIT = re.compile(r"(?<=\d) (?=(?:GB|MB|s|min|h|%)(?!\w))")
_PER_SECOND = re.compile(r"(?<=[KMG]B)/(?=s\b)")
SERVICE = "org.freedesktop.Notifications"
SERVICE_PATH = "/org/freedesktop/Notifications"
SERVICE_UNKNOWN = "org.freedesktop.DBus.Error.ServiceUnknown"


class _About(Struct, frozen=True):
    """What a service says of itself. ``owner`` is its name on the bus with this identity."""

    name: str
    version: tuple[int, ...]
    able: tuple[str, ...]
    bus: str
    owner: str


class _Shown(Struct, frozen=True):
    """A notification on the screen; ``stays`` after the end of the program."""

    number: int
    stays: bool


class BusNotifications:
    """``org.freedesktop.Notifications`` over our own connection.

    A button that is pressed calls ``press`` with its command; ``appeared`` is called when a service
    comes; ``ended`` gets the hint ``about`` of a notification that the user closed, or whose button
    was pressed (True). All are called in the bus' loop. A notification's state ends with the
    notification, and with the service that shows it.
    """

    name = "notification service"

    def __init__(
        self,
        bus: SessionBus,
        app_name: str,
        desktop_entry: str,
        press: Callable[[Order], None] = lambda _: None,
        appeared: Callable[[], None] = lambda: None,
        ended: Callable[[Any, bool], None] = lambda _about, _clicked: None,
    ) -> None:
        self._bus = bus
        self._app_name = app_name
        self._desktop_entry = desktop_entry
        self._press = press
        self._appeared = appeared
        self._ended = ended
        self._abouts: dict[int, Any] = {}
        self._shown: dict[str, _Shown] = {}
        self._buttons: dict[int, dict[str, Order]] = {}
        self._about: _About | None = None
        self._sending: dict[str, asyncio.Task[Any]] = {}
        bus.on_connect(self._listen)
        bus.on_leave(self._close_all)

    def __call__(self, note: dict[str, Any], settled: Settled) -> None:
        """Send it and wait for the service's confirmation, at most `LIMIT_S`.

        A later answer still counts: it brings the number for replacing the notification, and for
        its buttons.
        """
        word = (note.get("hints") or {}).get("replace", "")
        sending = self._bus.start(
            lambda connection: self._in_turn(word, lambda: self._send(connection, note))
        )
        try:
            sending.result(LIMIT_S)
        except TimeoutError:
            sending.add_done_callback(lambda sent: _settle(sent, settled))
            raise Unanswered(f"no answer for {LIMIT_S:.0f} s") from None
        except DBusError as error:
            if error.type == SERVICE_UNKNOWN:
                raise OSError("not running") from None
            raise FinalError(str(error)) from None

    def image_px(self) -> int | None:
        """The size in pixels in which this service shows a picture; None: its icon's."""
        if self._about is None:  # the first one is asked for
            with suppress(OSError, DBusError, TimeoutError):
                self._bus.start(self._ask).result(NAME_LIMIT_S)
        about = self._about
        return IMAGE_PX.get(about.name.lower()) if about else None

    def close(self, word: str) -> None:
        """Close the notification with this word, if one is shown; returns at once."""
        self._try(
            lambda connection: self._in_turn(word, lambda: self._close_word(connection, word))
        )

    def left(self) -> dict[str, Any] | None:
        """What is on the screen, as plain values for JSON, for `close_left` of the next run; None
        without any. From any thread."""
        about = self._about
        numbers = sorted(each.number for each in tuple(self._shown.values()) if not each.stays)
        if about is None or not numbers:
            return None
        return {"bus": about.bus, "owner": about.owner, "ids": numbers}

    def close_left(self, left: Mapping[str, Any]) -> None:
        """Close what an earlier run has left, whose buttons are dead; returns at once.

        Numbers mean nothing to another service, so only the one that gave them is asked.
        """

        async def close(connection: MessageBus) -> None:
            if left.get("owner") != await owner_of(connection, SERVICE):
                return
            if left.get("bus") != await identity(connection):
                return
            numbers = left.get("ids")
            for number in numbers if isinstance(numbers, list) else ():
                if type(number) is int and 0 < number < 2**32:
                    await _close(connection, number)

        if left.get("owner"):
            self._try(close)

    def _try(self, work: Callable[[MessageBus], Any]) -> None:
        """Do what nobody waits for."""
        with suppress(OSError):
            self._bus.start(work).add_done_callback(_log_failure)

    async def _in_turn(self, word: str, work: Callable[[], Any]) -> None:
        """Do it after the answer to the notification with the same word that was sent before, but
        wait no longer for that than for an answer."""
        before, own = self._sending.get(word), asyncio.current_task()
        assert own is not None
        self._sending[word] = own
        try:
            if before is not None:
                await asyncio.wait({before}, timeout=LIMIT_S)
            await work()
        finally:
            if self._sending.get(word) is own:
                del self._sending[word]

    async def _send(self, connection: MessageBus, note: dict[str, Any]) -> None:
        about = await self._ask(connection)
        hints = note.get("hints") or {}
        word, urgency = hints.get("replace", ""), int(hints.get("urgency", 1))
        actions = hints.get("actions", ()) if "actions" in about.able else ()
        buttons = keyed(actions[:BUTTONS_AT_MOST])
        before = self._shown.get(word)
        if before is not None and buttons and about.name.lower() in REDRAWS_NO_BUTTONS:
            await self._close_word(connection, word)
            before = None
        body: tuple[Any, ...] = (
            self._app_name,
            before.number if before else 0,
            note.get("app_icon", ""),
            note["title"],
            _body(note["message"], about.able),
            [part for key, action in buttons.items() for part in (key, action.label)],
            {
                "urgency": Variant("y", urgency),
                "desktop-entry": Variant("s", self._desktop_entry),
                **({"suppress-sound": Variant("b", True)} if hints.get("silent") else {}),
                **_image_hint(hints.get("image"), about.version),
            },
            NO_END if urgency == CRITICAL else USUAL_TIME,
        )
        signature = "susssasa{sv}i"
        try:
            reply = await bus_call(
                connection, SERVICE, SERVICE_PATH, SERVICE, "Notify", signature, *body
            )
        except DBusError:
            self._forget()
            raise
        self._abouts[reply[0]] = hints.get("about")
        self._buttons[reply[0]] = {key: action.command for key, action in buttons.items()}
        if word:
            self._shown[word] = _Shown(reply[0], bool(hints.get("stays")))

    async def _close_word(self, connection: MessageBus, word: str) -> None:
        if shown := self._shown.pop(word, None):
            self._buttons.pop(shown.number, None)
            self._abouts.pop(shown.number, None)
            await _close(connection, shown.number)

    async def _close_all(self, connection: MessageBus) -> None:
        """At the end nothing stays whose buttons nobody hears."""
        if self._sending:  # a number that comes now can still be closed
            await asyncio.wait(self._sending.values(), timeout=SETTLE_LIMIT_S)
        words = [word for word, shown in self._shown.items() if not shown.stays]
        await asyncio.gather(*(self._close_word(connection, word) for word in words))

    async def _ask(self, connection: MessageBus) -> _About:
        """What the service says of itself: asked once, because a slow one is slow each time."""
        if self._about is None:
            (able,), told = await asyncio.gather(
                bus_call(connection, SERVICE, SERVICE_PATH, SERVICE, "GetCapabilities", ""),
                bus_call(connection, SERVICE, SERVICE_PATH, SERVICE, "GetServerInformation", ""),
            )
            bus, owner = await asyncio.gather(identity(connection), owner_of(connection, SERVICE))
            numbers = tuple(int(part) for part in str(told[3]).split(".") if part.isdecimal())
            self._about = _About(
                name=str(told[0]), version=numbers, able=tuple(able or ()), bus=bus, owner=owner
            )
        return self._about

    async def _listen(self, connection: MessageBus) -> None:
        if left := self.left():  # by a connection that was lost
            self.close_left(left)
        self._about = None
        self._forget()
        heed(connection, self._heard)
        for member in ("ActionInvoked", "NotificationClosed"):
            await add_match(connection, sender=SERVICE, interface=SERVICE, member=member)
        await watch_owner(connection, SERVICE, self._owner_changed)

    def _heard(self, message: Message) -> None:
        if message.interface != SERVICE:
            return
        if message.member == "ActionInvoked" and message.signature == "us":
            number, key = message.body
            # Not every key is ours: "default", a click on the text, has a command in few.
            if command := self._buttons.get(number, {}).get(key):
                self._end(number, clicked=True)
                self._press(command)
        elif message.member == "NotificationClosed" and message.signature == "uu":
            number, reason = message.body
            self._buttons.pop(number, None)
            if reason == BY_USER:
                self._end(number, clicked=False)
            self._abouts.pop(number, None)
            self._shown = {w: each for w, each in self._shown.items() if each.number != number}

    def _end(self, number: int, *, clicked: bool) -> None:
        if (about := self._abouts.pop(number, None)) is not None:
            self._ended(about, clicked)

    def _owner_changed(self, owned: bool) -> None:
        self._about = None
        self._forget()  # another service starts its numbers again
        if owned:
            self._appeared()

    def _forget(self) -> None:
        self._shown.clear()
        self._abouts.clear()
        self._buttons.clear()


async def _close(connection: MessageBus, number: int) -> None:
    """Close a notification, if it is still shown."""
    with suppress(DBusError):
        await bus_call(connection, SERVICE, SERVICE_PATH, SERVICE, "CloseNotification", "u", number)


def unbroken(text: str) -> str:
    """A text in which no line breaks inside a figure with its unit."""
    return _PER_SECOND.sub("/\N{WORD JOINER}", _UNIT.sub("\N{NO-BREAK SPACE}", text))


def _body(message: str, able: Sequence[str]) -> str:
    text = unbroken(message)
    if "body-markup" in able:
        text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return text


def _image_hint(image: Any, version: tuple[int, ...]) -> dict[str, Variant]:
    """The picture (a Pillow image, RGBA), under the name that this version of the protocol has."""
    if image is None:
        return {}
    name = "image-data" if version >= (1, 2) else "image_data" if version == (1, 1) else "icon_data"
    width, height = image.size
    data = [width, height, 4 * width, True, 8, 4, image.tobytes()]
    return {name: Variant("(iiibiiay)", data)}


def _log_failure(done: Future[Any]) -> None:
    if not done.cancelled() and (error := done.exception()):
        _log.debug("a notification was not closed: %r", error)


def _settle(sent: Future[None], settled: Settled) -> None:
    if not sent.cancelled():  # at the end of the run
        error = sent.exception()
        settled(None if error is None else str(error) or type(error).__name__)
