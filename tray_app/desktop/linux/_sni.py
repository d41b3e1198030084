"""A pystray backend for Linux: StatusNotifierItem over D-Bus, nothing but pip packages.

Registered by object path, because with a bus name GNOME's extension shows no icon (seen in
GNOME Shell 43), and again whenever a watcher appears (`_registration`).
"""

import logging
import threading
from collections.abc import Callable, Sequence
from typing import Annotated, Any

from dbus_fast import PropertyAccess
from dbus_fast.aio import MessageBus
from dbus_fast.annotations import DBusSignature
from dbus_fast.service import ServiceInterface, dbus_method, dbus_property, dbus_signal
from pystray import _base

from tray_app.desktop.linux.dbusmenu import MENU_PATH, DbusMenu, Ids, Node, build
from tray_app.desktop.linux.held_signal import HeldSignal
from tray_app.desktop.linux.registration import Registration
from tray_app.desktop.linux.session_bus import SessionBus
from tray_app.worker_thread import WorkerThread

_log = logging.getLogger(__name__)

ITEM_PATH = "/StatusNotifierItem"
ACTIVE, ATTENTION = "Active", "NeedsAttention"

_Str = Annotated[str, DBusSignature("s")]
_Int = Annotated[int, DBusSignature("i")]
_Bool = Annotated[bool, DBusSignature("b")]
_Path = Annotated[str, DBusSignature("o")]
_Pixmaps = Annotated[list[Any], DBusSignature("a(iiay)")]
_ToolTip = Annotated[list[Any], DBusSignature("(sa(iiay)ss)")]


def argb(image: Any) -> list[Any]:
    """A Pillow image as SNI's (width, height, ARGB bytes in network order)."""
    rgba = image.convert("RGBA").tobytes()
    pixels = bytearray(len(rgba))
    for channel, wanted in enumerate((1, 2, 3, 0)):
        pixels[wanted::4] = rgba[channel::4]
    return [*image.size, bytes(pixels)]


class StatusNotifierItem(ServiceInterface):
    """Every property of the interface, also the empty ones: panels ask for all of them."""

    def __init__(self, name: str) -> None:
        super().__init__("org.kde.StatusNotifierItem")
        self._name = name
        self.pixmaps: list[Any] = []
        self.title = name
        self.tooltip = ""
        self.status = ACTIVE
        self.on_activate: Callable[[], None] = lambda: None

    @dbus_property(access=PropertyAccess.READ)
    def Category(self) -> _Str:
        return "SystemServices"

    @dbus_property(access=PropertyAccess.READ)
    def Id(self) -> _Str:
        return self._name

    @dbus_property(access=PropertyAccess.READ)
    def Title(self) -> _Str:
        return self.title

    @dbus_property(access=PropertyAccess.READ)
    def Status(self) -> _Str:
        return self.status

    @dbus_property(access=PropertyAccess.READ)
    def WindowId(self) -> _Int:
        return 0

    @dbus_property(access=PropertyAccess.READ)
    def IconThemePath(self) -> _Str:
        return ""

    @dbus_property(access=PropertyAccess.READ)
    def IconName(self) -> _Str:
        return ""

    @dbus_property(access=PropertyAccess.READ)
    def IconPixmap(self) -> _Pixmaps:
        return self.pixmaps

    @dbus_property(access=PropertyAccess.READ)
    def OverlayIconName(self) -> _Str:
        return ""

    @dbus_property(access=PropertyAccess.READ)
    def OverlayIconPixmap(self) -> _Pixmaps:
        return []

    @dbus_property(access=PropertyAccess.READ)
    def AttentionIconName(self) -> _Str:
        return ""

    @dbus_property(access=PropertyAccess.READ)
    def AttentionIconPixmap(self) -> _Pixmaps:
        # XFCE's panel shows it until it gets another picture or none.
        return self.pixmaps if self.status == ATTENTION else []

    @dbus_property(access=PropertyAccess.READ)
    def AttentionMovieName(self) -> _Str:
        return ""

    @dbus_property(access=PropertyAccess.READ)
    def ToolTip(self) -> _ToolTip:
        title, _, text = self.tooltip.partition("\n")
        return ["", [], title, text]

    @dbus_property(access=PropertyAccess.READ)
    def IconAccessibleDesc(self) -> _Str:
        # GNOME's extension asks for it at each new picture, and complains where there is none.
        return self.tooltip.partition("\n")[0]

    @dbus_property(access=PropertyAccess.READ)
    def AttentionAccessibleDesc(self) -> _Str:
        return self.tooltip.partition("\n")[0]

    @dbus_property(access=PropertyAccess.READ)
    def ItemIsMenu(self) -> _Bool:
        return False

    @dbus_property(access=PropertyAccess.READ)
    def Menu(self) -> _Path:
        return MENU_PATH

    @dbus_method()
    def ContextMenu(self, x: _Int, y: _Int) -> None:
        """Panels show the menu themselves."""

    @dbus_method()
    def Activate(self, x: _Int, y: _Int) -> None:  # noqa: ARG002 - D-Bus signature
        self.on_activate()

    @dbus_method()
    def SecondaryActivate(self, x: _Int, y: _Int) -> None:
        """The middle button does nothing."""

    @dbus_method()
    def Scroll(self, delta: _Int, orientation: _Str) -> None:
        """The wheel does nothing."""

    @dbus_method()
    def ProvideXdgActivationToken(self, token: _Str) -> None:
        """No window is opened."""

    @dbus_signal()
    def NewTitle(self) -> None:
        """The title is another."""

    @dbus_signal()
    def NewIcon(self) -> None:
        """The picture is another."""

    @dbus_signal()
    def NewToolTip(self) -> None:
        """The tooltip is another."""

    @dbus_signal()
    def NewAttentionIcon(self) -> None:
        """The attention state's picture is another, or there is none."""

    @dbus_signal()
    def NewStatus(self, status: str) -> _Str:
        return status


class Icon(_base.Icon):  # type: ignore[misc]  # pystray has no types
    """pystray's ten hooks over one D-Bus connection.

    ``sni_bus`` is the connection (run by ``run``), ``sni_on_host`` gets whether a panel
    that shows icons is there, whenever that changes.
    """

    HAS_DEFAULT_ACTION = True
    HAS_NOTIFICATION = False
    # XFCE's panel scales down the largest picture it is given, whatever its own size: 48 is a
    # whole multiple of its 16 and 24, where 64 blurred the figure.
    LARGEST_PX = 48

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._bus: SessionBus = self._options["bus"]
        self._on_host: Callable[[bool], None] = self._options.get("on_host", lambda _: None)
        on_menu: Callable[[bool], None] = self._options.get("on_menu", lambda _: None)
        self._item = StatusNotifierItem(self.name)
        self._item.on_activate = self._activate
        self.on_click: Callable[[], None] = lambda: None
        self._ids = Ids()
        self._new_tooltip = HeldSignal(self._item.NewToolTip)

        def on_open(is_open: bool) -> None:
            self._new_tooltip.hold(is_open)
            on_menu(is_open)

        self._dbus_menu = DbusMenu(self._nodes, on_open)
        self._told_menu: Any = None
        self._registration: Registration | None = None
        self._tried = threading.Event()
        self._bus.on_connect(self._export)

    def set_images(self, images: Sequence[Any]) -> None:
        """The picture in the sizes that panels may ask for; one change for all of them."""
        self._pixmaps = [argb(image) for image in images]
        self.icon = images[-1]

    async def _export(self, connection: MessageBus) -> None:
        if self._registration is not None:
            self._registration.end()
        self._registration = Registration(
            connection,
            ITEM_PATH,
            on_host=self._on_host,
            wanted=lambda: bool(self.visible),
            tried=self._tried.set,
        )
        connection.export(ITEM_PATH, self._item)
        connection.export(MENU_PATH, self._dbus_menu)
        await self._registration.follow()

    def _register(self) -> None:
        if self._registration is not None:
            self._registration.begin()

    def wait_until_told(self, limit_s: float) -> None:
        """Wait until the registration with a panel has succeeded or failed."""
        self._tried.wait(limit_s)

    @property
    def is_listed(self) -> bool:
        """Whether a panel has the icon; from any thread."""
        registration = self._registration
        return registration is not None and registration.is_listed and self._bus.is_connected

    def _activate(self) -> None:
        self.on_click()

    def _nodes(self) -> tuple[Node, ...]:
        return build(self.menu, self, self._ids)

    def _show(self) -> None:
        self._update_title()  # pystray queues a title while the icon is hidden
        self._bus.soon(self._register)

    def _hide(self) -> None:
        """An item leaves the panel when its connection closes, in `_stop`."""

    def _update_icon(self) -> None:
        self._icon_valid = True
        pixmaps = getattr(self, "_pixmaps", None) or [argb(self.icon)]

        def update() -> None:
            self._item.pixmaps = pixmaps
            self._item.NewIcon()
            if self._item.status == ATTENTION:
                self._item.NewAttentionIcon()

        self._bus.soon(update)

    def set_attention(self, wanted: bool) -> None:
        """Ask the panel to reveal the icon, with the same picture: nothing flashes.

        The picture is signalled first: LXQt's panel shows what it has when the status changes, and
        XFCE's looks at the status only together with a picture.
        """

        def update() -> None:
            self._item.status = ATTENTION if wanted else ACTIVE
            self._item.NewAttentionIcon()
            self._item.NewStatus(self._item.status)

        self._bus.soon(update)

    def _update_title(self) -> None:
        title = self.title

        def update() -> None:
            self._item.tooltip = title
            self._new_tooltip.send()

        self._bus.soon(update)

    def _update_menu(self) -> None:
        # A closed menu is built when a panel asks for it, so only a change of shape needs a signal.
        if self.menu is not self._told_menu or self._dbus_menu.is_open(self._bus.time_s()):
            self._told_menu = self.menu
            self._bus.soon(self._refresh_menu)

    def _refresh_menu(self) -> None:
        self._dbus_menu.refresh()

    def _run(self) -> None:
        self._bus.run(ready=self._mark_ready)

    def _run_detached(self) -> None:
        WorkerThread("icon", self._run, again=False).start()

    def _stop(self) -> None:
        self._bus.stop()

    def _notify(self, message: str, title: str | None = None) -> None:
        raise NotImplementedError("notifications go to org.freedesktop.Notifications")

    def _remove_notification(self) -> None:
        pass
