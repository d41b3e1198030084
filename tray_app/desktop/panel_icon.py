"""The only door to pystray, plyer and dbus-fast: an icon, its menu, and notifications.

What a view may ask is `Desktop`; which library answers is decided here, once, at start.
"""

from __future__ import annotations

import importlib
import logging
import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tray_app.core.model.sanitize import visible
from tray_app.core.monitor.commands import Command, ShowStatus
from tray_app.core.presentation.icon import Theme
from tray_app.core.presentation.menu import Row
from tray_app.core.presentation.notifications import Note
from tray_app.desktop import paths
from tray_app.worker_thread import WorkerThread

if TYPE_CHECKING:
    from tray_app.desktop.linux.notification_service import BusNotifications
    from tray_app.desktop.linux.session_bus import SessionBus
    from tray_app.desktop.notifier import Delivery, NotificationChain

_log = logging.getLogger(__name__)

# Windows: NOTIFYICONDATA's fields less their terminating zero, in UTF-16 units.
WINDOWS_TOOLTIP, WINDOWS_TEXT, WINDOWS_TITLE = 127, 255, 63
# Less of a line of the tooltip says nothing.
SHORTEST_LINE = 24
# pystray's stock back ends for Linux that can show a menu (`_xorg` cannot).
STOCK_WITH_MENU = ("_gtk", "_appindicator")
# So long a panel that does not answer holds up what comes after the icon.
TELL_LIMIT_S = 0.5


class BackendError(Exception):
    """The backend that the environment wants cannot be used; its text says why."""


class NoDesktopError(Exception):
    """There is nowhere to show an icon; the text says why."""


def cut_utf16(text: str, limit: int) -> str:
    """At most ``limit`` UTF-16 units, with an ellipsis where something was cut."""
    raw = text.encode("utf-16-le")
    if len(raw) <= 2 * limit:
        return text
    return raw[: 2 * (limit - 1)].decode("utf-16-le", "ignore") + "…"


def fit_lines(text: str, limit: int) -> str:
    """At most ``limit`` UTF-16 units: the second line, which may give reasons, gives way first."""
    first, *rest = text.split("\n")
    excess = len(text.encode("utf-16-le")) // 2 - limit
    if excess > 0 and rest:
        room = max(SHORTEST_LINE, len(rest[0].encode("utf-16-le")) // 2 - excess)
        rest[0] = cut_utf16(rest[0], room)
    return cut_utf16("\n".join((first, *rest)), limit)


@contextmanager
def _harmless_pystray() -> Iterator[None]:
    """pystray picks a backend while it is imported, and without a display that raises."""
    before = os.environ.get("PYSTRAY_BACKEND")
    os.environ["PYSTRAY_BACKEND"] = "dummy"
    try:
        yield
    finally:
        if before is None:
            del os.environ["PYSTRAY_BACKEND"]
        else:
            os.environ["PYSTRAY_BACKEND"] = before


@contextmanager
def _without_tls() -> Iterator[None]:
    """asyncio takes `ssl` along where there is one: 8 ms, of no use on a session bus."""
    if "ssl" in sys.modules:
        yield
        return
    sys.modules["ssl"] = None  # type: ignore[assignment]  # then importing it is an ImportError
    try:
        yield
    finally:
        del sys.modules["ssl"]


class Desktop:
    """An icon in the panel with a menu, and notifications. `run` owns the main thread.

    ``on_notifier`` is called when a notification service appears, from any thread;
    ``on_session_end`` where the session's end comes as no signal (Windows), and the process may
    end when it returns. ``on_settled`` is told, from any thread, what became of a notification
    that had got no answer in time. A left click on the icon submits ShowStatus to whom the menu
    submits.
    """

    def __init__(
        self, name: str, backend: str, make_icon: Callable[..., Any], bus: SessionBus | None
    ) -> None:
        from pystray import Menu, MenuItem

        self.backend = backend
        self._menu_type, self._item_type = Menu, MenuItem
        self._bus = bus
        self._read: Callable[[], Sequence[Row]] | None = None
        self._known: tuple[Any, dict[str, Row]] = (None, {})
        self._shown: tuple[Row, ...] = ()
        self._widest = 0
        self._submit: Callable[[Command], None] = lambda _: None
        self._icon = make_icon(name)
        if hasattr(self._icon, "on_click"):
            self._icon.on_click = self._clicked
        if hasattr(self._icon, "on_session_end"):
            self._icon.on_session_end = lambda: self.on_session_end()
        self.on_notifier: Callable[[], None] = lambda: None
        self.on_session_end: Callable[[], None] = lambda: None
        self.on_settled: Callable[[Note, Delivery], None] = lambda _note, _delivery: None
        self._windows = backend == "pystray _win32"
        self._service = self._notification_service(bus, name) if bus is not None else None
        self._chain: NotificationChain | None = None
        self._touch: Callable[[Callable[[], None]], None] = _at_once

    def _notification_service(self, bus: SessionBus, name: str) -> BusNotifications:
        from tray_app.desktop.linux.notification_service import BusNotifications

        return BusNotifications(
            bus,
            "RunAnalyze",
            name,
            press=lambda command: self._submit(command),
            appeared=lambda: self.on_notifier(),
        )

    def _notifications(self) -> NotificationChain:
        """What brings notifications; made when it is first asked for, as plyer takes 6 ms."""
        if self._chain is None:
            from tray_app.desktop import notifier

            means: list[Any] = []
            if self._service is not None:
                means.append(self._service)
            elif getattr(self._icon, "HAS_NOTIFICATION", False):
                means.append(notifier.InTime(self.backend, self._notify_by_icon))
            means.append(notifier.InTime("plyer", notifier.plyer_native))
            self._chain = notifier.NotificationChain(tuple(means))
        return self._chain

    def _notify_by_icon(self, note: dict[str, Any]) -> None:
        title, text = note["title"], note["message"]
        if self._windows:
            title, text = cut_utf16(title, WINDOWS_TITLE), cut_utf16(text, WINDOWS_TEXT)
        self._icon.notify(text, title)

    def run(self, ready: Callable[[], None]) -> None:
        """Show the icon and serve it until `stop`; ``ready`` runs once, in another thread."""

        def setup(icon: Any) -> None:
            # Before anybody writes to it: while an icon comes up, pystray holds back what is set,
            # and some of that was not seen until its next change.
            self._touch(lambda: setattr(icon, "visible", True))
            if hasattr(icon, "wait_until_told"):
                icon.wait_until_told(TELL_LIMIT_S)
            ready()
            self._notifications()  # not when there is something to tell

        bus = self._bus
        if bus is not None and not hasattr(self._icon, "set_images"):
            # An icon of another kind ends with its display.
            WorkerThread("bus", lambda: bus.run(outlives_session=True), again=False).start()
        self._touch = _toucher()
        self._icon.run(setup)
        if self._bus is not None:
            self._bus.stop()

    def stop(self) -> None:
        """Take the icon away and let `run` return; from any thread."""
        self._touch(self._icon.stop)

    @property
    def is_shown(self) -> bool:
        """Whether a panel has the icon, as far as is known; from any thread."""
        return bool(getattr(self._icon, "is_listed", self._icon.visible))

    def shows_to(self, marks: Mapping[str, Any]) -> bool:
        """Whether something can be shown to whoever sits at the session with these marks.

        A panel has the icon, or will: this is the same session, and its bus is there.
        """
        if not hasattr(self._icon, "is_listed"):
            return True  # it lives as long as its display
        if self.is_shown:
            return True
        own = session_marks()
        is_same = any(mark == marks.get(name) for name, mark in own.items())
        return is_same and self._bus is not None and self._bus.is_connected

    def sizes(self, drawn: Sequence[int]) -> Sequence[int]:
        """Those of the sizes that can be drawn, in pixels, that are of use here."""
        if hasattr(self._icon, "set_images"):
            return [size for size in drawn if size <= self._icon.LARGEST_PX]
        return [max(drawn)]  # which is scaled to what is needed

    def show_images(self, images: Sequence[Any]) -> None:
        """The picture in these sizes, smallest first (Pillow images)."""
        if hasattr(self._icon, "set_images"):
            self._icon.set_images(images)
        else:
            self._touch(lambda: setattr(self._icon, "icon", images[-1]))

    def show_attention(self, wanted: bool) -> None:
        """Bring the icon to the fore, where the desktop can."""
        if hasattr(self._icon, "set_attention"):
            self._icon.set_attention(wanted)

    def show_tooltip(self, text: str) -> None:
        """The text under the pointer; its first line is the title."""
        title = fit_lines(text, WINDOWS_TOOLTIP) if self._windows else text
        self._touch(lambda: setattr(self._icon, "title", title))

    def show_menu(
        self, read: Callable[[], Sequence[Row]], widest: int, submit: Callable[[Command], None]
    ) -> None:
        """The menu as ``read`` gives it, which is called when rows are to be shown: for each row,
        so what has not changed is best given again.

        Rows keep number, order and kind for as long as the program runs. ``widest`` is the number
        of characters of the longest row on top.
        """
        self._submit = submit
        is_first, self._read = self._read is None, read
        if is_first:
            self._shown = tuple(read())
            menu = self._menu_type(*(self._item(row) for row in self._shown), *self._left_click())
            self._touch(lambda: setattr(self._icon, "menu", menu))
        elif self.asks_for_menu:
            # XFCE measures a menu before it asks for its texts: with longer ones than it
            # knows, the menu would reach beyond the edge of the screen.
            (self._icon.tell_menu if widest > self._widest else self._icon.update_menu)()
        elif not _is_menu_shown(self._icon) and (rows := tuple(read())) != self._shown:
            self._shown = rows
            self._touch(self._icon.update_menu)
        self._widest = max(widest, self._widest)

    @property
    def asks_for_menu(self) -> bool:
        """Whether a menu that is closed is asked for when it opens, which is reported then."""
        return hasattr(self._icon, "tell_menu")

    def _row(self, key: str) -> Row:
        """A row as it is now."""
        read, (known, rows) = self._read, self._known
        newest = read() if read else known
        if newest is not known:
            rows = {row.key: row for row in _all(newest)}
            self._known = (newest, rows)
        return rows[key]

    def _clicked(self) -> None:
        self._submit(ShowStatus())

    def _left_click(self) -> tuple[Any, ...]:
        """pystray's stock icons call the menu's default row when they are clicked."""
        if hasattr(self._icon, "on_click"):
            return ()
        return (
            self._item_type(
                "Show status", lambda _icon, _item: self._clicked(), default=True, visible=False
            ),
        )

    def _item(self, row: Row) -> Any:
        if not row.text and row.key.startswith("separator"):
            return self._menu_type.SEPARATOR
        key = row.key

        def click(_icon: Any, _item: Any) -> None:
            if command := self._row(key).command:
                self._submit(command)

        submenu = self._menu_type(*(self._item(child) for child in row.children))
        return self._item_type(
            lambda _: self._row(key).text,
            submenu if row.children else click,
            checked=(lambda _: self._row(key).checked) if row.checked is not None else None,
            radio=row.radio,
            enabled=lambda _: self._row(key).enabled,
            visible=lambda _: bool(self._row(key).text),
        )

    def notify(self, note: Note) -> Delivery:
        """Bring a notification to the person; blocks until it is delivered, has failed, or has got
        no answer: then what becomes of it is told to ``on_settled``."""
        from tray_app.desktop.notifier import Delivery

        chain = self._notifications()
        chain.notify(
            title=note.title,
            message=note.text,
            app_name="RunAnalyze",
            app_icon=paths.app_icon(),
            hints={
                "urgency": note.urgency,
                "replace": note.replace,
                "actions": note.actions,
                "settled": lambda delivery: self.on_settled(note, delivery),
                "silent": note.silent,
            },
        )
        return chain.last or Delivery(note.title, None, "nothing was tried")

    def open(self, place: str, report: Callable[[str], None]) -> None:
        """Open a directory or an address; returns at once, and only a problem is reported."""
        from tray_app.desktop.opener import open_place

        open_place(place, report)


def _is_menu_shown(icon: Any) -> bool:
    """Whether GTK shows the icon's menu now: a new one would close it under the pointer."""
    mapped = getattr(getattr(icon, "_menu_handle", None), "get_mapped", None)
    return mapped is not None and bool(mapped())


def _at_once(action: Callable[[], None]) -> None:
    action()


def _toucher() -> Callable[[Callable[[], None]], None]:
    """How a running icon may be touched: AppKit's from the main thread only."""
    if sys.platform == "darwin":
        from PyObjCTools import AppHelper

        after: Callable[[Callable[[], None]], None] = AppHelper.callAfter
        return after
    return _at_once


def _all(rows: Sequence[Row]) -> Iterator[Row]:
    for row in rows:
        yield row
        yield from _all(row.children)


def open_desktop(
    name: str,
    on_host: Callable[[bool], None],
    on_menu: Callable[[bool], None] = lambda _: None,
    on_theme: Callable[[Theme], None] = lambda _: None,
) -> Desktop:
    """Find out where an icon can be shown.

    ``on_host`` is told when a panel comes or goes, ``on_menu`` when the menu is opened or closed,
    ``on_theme`` whether the desktop is dark or light; each as far as the desktop tells.

    :raises BackendError: the environment names a backend that cannot be used
    :raises NoDesktopError: there is neither a session bus nor a usable display
    """
    chosen = os.environ.get("PYSTRAY_BACKEND")
    if sys.platform != "linux" or (chosen and chosen != "dummy"):
        try:
            import pystray
        except Exception as error:
            # Whatever its libraries raise while they are loaded, which is when pystray chooses.
            if not chosen:
                raise
            why = visible(str(error)) or type(error).__name__
            raise BackendError(f"PYSTRAY_BACKEND={chosen}: {why}") from None

        backend = f"pystray {pystray.Icon.__module__.rpartition('.')[2]}"
        if sys.platform == "win32":
            from tray_app.desktop.windows import tray_icon

            icon = tray_icon.icon_type(pystray.Icon, on_menu, on_theme)
            return Desktop(name, backend, icon, bus=None)
        return Desktop(name, backend, pystray.Icon, bus=None)

    with _harmless_pystray():
        importlib.import_module("pystray")
    with _without_tls():
        from tray_app.desktop.linux.session_bus import SessionBus, session_address

    address = session_address()
    bus = SessionBus(address) if address else None
    connected = bus if bus is not None and bus.connect() else None
    if connected is not None:
        from tray_app.desktop.panel_theme import follow_portal

        connected.on_connect(lambda connection: follow_portal(connection, on_theme))
    from tray_app.desktop.linux import _sni
    from tray_app.desktop.linux.registration import WATCHER

    if connected is None or not connected.has_owner(WATCHER):
        stock = _stock_icon()
        if stock is not None:
            return Desktop(name, f"pystray {stock.__module__.rpartition('.')[2]}", stock, connected)
    if connected is None:
        raise NoDesktopError("no session bus")

    def make_icon(icon_name: str) -> Any:
        return _sni.Icon(icon_name, sni_bus=connected, sni_on_host=on_host, sni_on_menu=on_menu)

    return Desktop(name, "StatusNotifierItem", make_icon, connected)


def session_marks() -> dict[str, str]:
    """What tells this desktop session from others, as far as anything does.

    ``DISPLAY`` does not: the next session has the same. Nor does what may follow a bus' address.
    """
    if sys.platform != "linux":
        return {}
    from tray_app.desktop.linux.session_bus import session_address

    marks = {"session": os.environ.get("XDG_SESSION_ID"), "bus": session_address()}
    return {name: mark.partition(",guid=")[0] for name, mark in marks.items() if mark}


def has_legacy_tray() -> bool:
    """Whether an X11 panel takes icons the old way (XEmbed), which is what GTK's icon needs.

    Without one that icon would stay unseen for ever (GNOME), where ours appears as soon as a
    panel that knows it does.
    """
    if not os.environ.get("DISPLAY"):
        return False
    from Xlib.display import Display  # pystray brings it
    from Xlib.error import DisplayError

    try:
        display = Display()
    except (DisplayError, OSError) as error:
        _log.debug("no X display: %s", error)
        return False
    try:
        selection = f"_NET_SYSTEM_TRAY_S{display.get_default_screen()}"
        return bool(display.get_selection_owner(display.intern_atom(selection)))
    finally:
        display.close()


def _stock_icon() -> Any:
    """pystray's own icon type where one that has a menu works here, else None."""
    if not has_legacy_tray():
        return None
    for module in STOCK_WITH_MENU:
        try:
            return importlib.import_module(f"pystray.{module}").Icon
        except (ImportError, ValueError) as error:  # ValueError: gi lacks the namespace
            _log.debug("pystray's %s cannot be used here: %s", module, error)
    return None
