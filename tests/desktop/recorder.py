"""Stand-ins for a desktop's services that remember what they were asked.

Rule: they obey the freedesktop specifications as real ones do, and misbehave only when told to.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, Self

from tests.desktop.dbus import DBusError, Variant
from tests.desktop.wire import DBUS, Heard, Later, Peer, Reply
from tests.waiting import wait_for

NOTIFICATIONS = "org.freedesktop.Notifications"
NOTIFICATIONS_PATH = "/org/freedesktop/Notifications"
WATCHER = "org.kde.StatusNotifierWatcher"
WATCHER_PATH = "/StatusNotifierWatcher"
PORTAL, PORTAL_PATH = "org.freedesktop.portal.Desktop", "/org/freedesktop/portal/desktop"
SETTINGS = "org.freedesktop.portal.Settings"
APPEARANCE = ("org.freedesktop.appearance", "color-scheme")


@dataclass(frozen=True, slots=True)
class Notice:
    """One ``Notify`` call. ``at_s`` is monotonic; ``hints`` are unpacked.

    ``id`` is what it was answered with; 0 when the daemon hung or refused.
    """

    at_s: float
    id: int
    app_name: str
    replaces_id: int
    icon: str
    summary: str
    body: str
    actions: tuple[str, ...]
    hints: dict[str, Any]
    expire_ms: int

    @property
    def urgency(self) -> int | None:
        """0 low, 1 normal, 2 critical; None when not given."""
        return self.hints.get("urgency")


class _Service:
    """Something on the bus with a well-known name, present as long as its ``with`` block."""

    def __init__(self, address: str, name: str) -> None:
        self._address = address
        self._name = name
        self._peer: Peer | None = None

    @property
    def peer(self) -> Peer:
        assert self._peer, f"{self._name} is not started"
        return self._peer

    def start(self) -> None:
        """Connect, serve, then take the name: who sees the name finds it answering."""
        self._peer = Peer(self._address)
        self._serve(self._peer)
        self._peer.own(self._name)

    def stop(self) -> None:
        """Leave the bus, as if the process had ended. May be started again."""
        if self._peer:
            self._peer.close()
            self._peer = None

    def _serve(self, peer: Peer) -> None:
        raise NotImplementedError

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()


class NotificationRecorder(_Service):
    """A notification daemon that records every notice.

    ``behaviour`` may change at any time: ``hang`` takes a notice and never answers, ``error``
    answers with ``org.freedesktop.DBus.Error.Failed``. It shows a notice at once, and answers at
    once unless it ``waits``: then when it is told to `answer`. ``notices`` holds all of them in
    order; ``shown`` what would be on the screen, ``closed`` the numbers that a caller closed.
    ``server`` and ``version`` are what it says of itself.
    """

    def __init__(
        self,
        address: str,
        capabilities: tuple[str, ...] = ("actions", "body", "body-markup", "icon-static"),
        server: str = "recorder",
        version: str = "1.2",
    ) -> None:
        super().__init__(address, NOTIFICATIONS)
        self.server, self.version = server, version
        self.closed: list[int] = []
        self.capabilities = capabilities
        self.behaviour: Literal["answer", "hang", "error"] = "answer"
        self.waits = False
        self._waiting: list[Later] = []
        self.notices: list[Notice] = []
        self.shown: dict[int, Notice] = {}
        self._last_id = 0

    def press(self, notice_id: int, action: str = "default") -> None:
        """Do as if a person pressed a button: ``ActionInvoked``, then the notice closes."""
        self.peer.emit(NOTIFICATIONS_PATH, NOTIFICATIONS, "ActionInvoked", "us", notice_id, action)
        self.dismiss(notice_id)

    def answer(self) -> None:
        """Give the answers that wait; later ones come at once."""
        self.waits = False
        while self._waiting:
            later = self._waiting.pop(0)
            wait_for(lambda it=later: it.send, "the connection knows it")()

    def dismiss(self, notice_id: int, reason: int = 2) -> None:
        """Close a notice. Reasons: 1 expired, 2 dismissed by a person, 3 closed by a call."""
        self.shown.pop(notice_id, None)
        self.peer.emit(
            NOTIFICATIONS_PATH, NOTIFICATIONS, "NotificationClosed", "uu", notice_id, reason
        )

    def _serve(self, peer: Peer) -> None:
        self.shown.clear()
        server_information = Reply("ssss", (self.server, "tests", "1", self.version))
        peer.serve(
            NOTIFICATIONS_PATH,
            NOTIFICATIONS,
            {
                "Notify": self._notify,
                "CloseNotification": self._close_notification,
                "GetCapabilities": lambda _call: self._unless_broken(
                    lambda: Reply("as", (list(self.capabilities),))
                ),
                "GetServerInformation": lambda _call: self._unless_broken(
                    lambda: server_information
                ),
            },
        )

    def _unless_broken(self, answer: Callable[[], Reply]) -> Reply | None:
        if self.behaviour == "hang":
            return None
        if self.behaviour == "error":
            raise DBusError("org.freedesktop.DBus.Error.Failed", "told to fail")
        return answer()

    def _notify(self, call: Heard) -> Reply | Later | None:
        answered_id = 0
        replaces_id: int = call.body[1]
        if self.behaviour == "answer":
            # The specification lets a server reuse an id only for one that is still shown.
            if replaces_id in self.shown:
                answered_id = replaces_id
            else:
                self._last_id += 1
                answered_id = self._last_id
        notice = _notice(call, answered_id)
        self.notices.append(notice)
        if answered_id:
            self.shown[answered_id] = notice
        reply = self._unless_broken(lambda: Reply("u", (answered_id,)))
        if reply is None or not self.waits:
            return reply
        self._waiting.append(Later(reply))
        return self._waiting[-1]

    def _close_notification(self, call: Heard) -> Reply | None:
        def close() -> Reply:
            self.closed.append(call.body[0])
            self.dismiss(call.body[0], reason=3)
            return Reply()

        return self._unless_broken(close)


class Eavesdropper:
    """Hears what a real notification daemon is told, which answers it; alive inside its ``with``.

    ``notices`` holds all of it in order; their ``id`` is unknown, 0.
    """

    def __init__(self, address: str) -> None:
        self.notices: list[Notice] = []
        self._peer = Peer(address)
        self._peer.serve(NOTIFICATIONS_PATH, NOTIFICATIONS, {"Notify": self._hear})
        rule = f"type='method_call',interface='{NOTIFICATIONS}',member='Notify'"
        bus, path, _ = DBUS
        self._peer.call(bus, path, f"{bus}.Monitoring", "BecomeMonitor", "asu", [rule], 0)

    def _hear(self, call: Heard) -> None:
        self.notices.append(_notice(call, 0))  # and no answer: who overhears must not speak

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._peer.close()


def _notice(call: Heard, answered_id: int) -> Notice:
    app_name, replaces_id, icon, summary, body, actions, hints, expire_ms = call.body
    return Notice(
        at_s=time.monotonic(),
        id=answered_id,
        app_name=app_name,
        replaces_id=replaces_id,
        icon=icon,
        summary=summary,
        # as a person reads it
        body=body.replace("\N{NO-BREAK SPACE}", " ").replace("\N{WORD JOINER}", ""),
        actions=tuple(actions),
        hints=hints,
        expire_ms=expire_ms,
    )


class SettingsPortal(_Service):
    """The settings portal with a colour scheme: 1 dark, 2 light, 0 none; None: it knows of none."""

    def __init__(self, address: str, scheme: int | None) -> None:
        super().__init__(address, PORTAL)
        self.scheme = scheme
        self.asked = 0

    def change(self, scheme: int) -> None:
        """Choose another scheme, as a person does in the desktop's settings."""
        self.scheme = scheme
        value = Variant("u", scheme)
        self.peer.emit(PORTAL_PATH, SETTINGS, "SettingChanged", "ssv", *APPEARANCE, value)

    def _serve(self, peer: Peer) -> None:
        peer.serve(PORTAL_PATH, SETTINGS, {"Read": self._read})

    def _read(self, call: Heard) -> Reply:
        self.asked += 1
        if tuple(call.body) != APPEARANCE or self.scheme is None:
            raise DBusError("org.freedesktop.portal.Error.NotFound", "Requested setting not found")
        return Reply("v", (Variant("v", Variant("u", self.scheme)),))


class Watcher(_Service):
    """A StatusNotifierWatcher without a panel: registration and its signals, nothing drawn.

    ``behaviours`` are what becomes of the next registrations, one after another: ``error`` refuses,
    ``hang`` never answers, ``list and fail`` takes the item and answers with an error. After them
    all are taken. ``asked`` has when (monotonic seconds) somebody registered, ``read`` counts how
    often a property was read.
    """

    def __init__(self, address: str, *, host_registered: bool = True) -> None:
        super().__init__(address, WATCHER)
        self.host_registered = host_registered
        self.items: list[str] = []
        self.behaviours: list[Literal["error", "hang", "list and fail"]] = []
        self.asked: list[float] = []
        self.read = 0

    def _count_read(self) -> dict[str, Variant]:
        self.read += 1
        return {}

    def host_comes(self) -> None:
        """A panel joins."""
        self.host_registered = True
        self.peer.emit(WATCHER_PATH, WATCHER, "StatusNotifierHostRegistered")

    def _serve(self, peer: Peer) -> None:
        self.items.clear()
        peer.listen(self._name_owner_changed, sender=DBUS[0], member="NameOwnerChanged")
        peer.serve(
            WATCHER_PATH,
            WATCHER,
            {
                "RegisterStatusNotifierItem": self._register_item,
                "RegisterStatusNotifierHost": lambda _call: Reply(),
            },
            lambda: (
                self._count_read()
                | {
                    "RegisteredStatusNotifierItems": Variant("as", list(self.items)),
                    "IsStatusNotifierHostRegistered": Variant("b", self.host_registered),
                    "ProtocolVersion": Variant("i", 0),
                }
            ),
        )

    def _register_item(self, call: Heard) -> Reply | None:
        self.asked.append(time.monotonic())
        behaviour = self.behaviours.pop(0) if self.behaviours else ""
        if behaviour == "hang":
            return None
        if behaviour == "error":
            raise DBusError("org.freedesktop.DBus.Error.UnknownObject", "told to refuse")
        # Items register by object path (libayatana, Electron) or by bus name (KDE): both are real.
        service = call.body[0]
        item = call.sender + service if service.startswith("/") else service + "/StatusNotifierItem"
        if item not in self.items:
            self.items.append(item)
            self.peer.emit(WATCHER_PATH, WATCHER, "StatusNotifierItemRegistered", "s", item)
        if behaviour == "list and fail":
            raise DBusError("org.freedesktop.DBus.Error.Failed", "told to fail")
        return Reply()

    def _name_owner_changed(self, signal: Heard) -> None:
        name, _old, new = signal.body
        for item in [item for item in self.items if not new and item.startswith(name + "/")]:
            self.items.remove(item)
            self.peer.emit(WATCHER_PATH, WATCHER, "StatusNotifierItemUnregistered", "s", item)
