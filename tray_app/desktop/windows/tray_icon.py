"""pystray's Windows icon, mended where it falls short.

- pystray rebuilds (and destroys) the menu at each update, even an open one. Here it is built when
  it opens, from the newest rows.
- It answers 0 to each message that it does not know, which for `WM_QUERYENDSESSION` vetoes the
  logout, and the menu's own window was destroyed by `WM_CLOSE`. Here Windows handles those.
- It gives Windows one picture, which is scaled twice. Here it has the taskbar's own size.
- It does not look whether Windows took a notification.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from tray_app.core.model.icon_options import Theme
from tray_app.desktop.windows.taskbar_theme import follow_registry
from tray_app.desktop.windows.winapi import Shell
from tray_app.worker_thread import WorkerThread

WM_CLOSE = 0x0010
WM_QUERYENDSESSION = 0x0011
WM_ENDSESSION = 0x0016
WM_DISPLAYCHANGE = 0x007E
WM_RBUTTONUP = 0x0205
WM_DPICHANGED = 0x02E0
NIN_BALLOONUSERCLICK = 0x0405
NIM_ADD, NIM_MODIFY, NIM_DELETE = 0, 1, 2
NIF_INFO = 0x10
NIIF_INFO, NIIF_WARNING, NIIF_ERROR, NIIF_NOSOUND = 1, 2, 3, 0x10
LANCZOS = 1

Handler = Callable[[int, int], Any]


class Messages:
    """A window's messages: those with a handler, and Windows' own way with all others.

    Stands in for pystray's table, of which it is only asked to `get` a handler.
    """

    def __init__(
        self,
        handlers: dict[int, Handler],
        window: Callable[[], int],
        default: Callable[[int, int, int, int], int],
    ) -> None:
        self._handlers = handlers
        self._window = window
        self._default = default

    def get(self, message: int, _otherwise: Handler | None = None) -> Handler:
        """The handler of this message."""
        return self._handlers.get(message) or partial(self._default, self._window(), message)


class MenuWindow:
    """What pystray's dispatcher needs to know of the window that owns the menu."""

    def __init__(self, messages: Messages) -> None:
        self._message_handlers = messages


def balloon_kind(urgency: int, *, warns: bool, silent: bool) -> int:
    """Windows' flags for a notification. Only one that ``warns`` has a warning's sign: an answer
    to a click has none, though its urgency is usual, too."""
    usual = NIIF_WARNING if warns else NIIF_INFO
    kind = {0: NIIF_INFO, 1: usual, 2: NIIF_ERROR}[urgency]
    return kind | NIIF_NOSOUND if silent else kind


def _ignore(_wparam: int, _lparam: int) -> int:
    return 0


def fitting(images: Sequence[Any], size: int) -> Any:
    """The picture of this size; where none was drawn, the next larger one, reduced."""
    larger = [image for image in images if image.width >= size]
    image = min(larger or images, key=lambda each: abs(each.width - size))
    return image if image.width == size else image.resize((size, size), LANCZOS)


class Hooks(NamedTuple):
    """What the icon calls. ``on_menu``: the menu opens or closes. ``until_read`` waits, briefly,
    until what only an open menu shows was read. ``on_theme`` gets the taskbar's theme."""

    shell: Shell
    on_menu: Callable[[bool], None] = lambda _: None
    on_theme: Callable[[Theme], None] = lambda _: None
    until_read: Callable[[], None] = lambda: None


if TYPE_CHECKING:
    _Base = Any
else:
    _Base = object


class MendedIcon(_Base):  # type: ignore[misc]  # pystray has no types
    """What is put over pystray's icon: see `icon_type`."""

    hooks: Hooks
    _message_handlers: Any
    _icon_handle: Any

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.on_session_end: Callable[[], None] = lambda: None
        self.on_close: Callable[[], None] = lambda: None
        self.on_balloon_click: Callable[[], None] = lambda: None
        self._images: Sequence[Any] = ()
        self._is_menu_open = False
        handlers: dict[int, Handler] = self._message_handlers
        self._usual_display_change: Handler = handlers.get(WM_DISPLAYCHANGE, _ignore)
        handlers[WM_CLOSE] = self._on_close
        handlers[WM_QUERYENDSESSION] = lambda _wparam, _lparam: True
        handlers[WM_ENDSESSION] = self._on_end_session
        handlers[WM_DISPLAYCHANGE] = self._on_new_display
        handlers[WM_DPICHANGED] = self._on_new_scale
        self._message_handlers = Messages(handlers, lambda: self._hwnd, self.hooks.shell.default)

    def set_images(self, images: Sequence[Any]) -> None:
        """The picture in these sizes, smallest first."""
        self._images = images
        self.icon = images[-1]

    def _on_close(self, _wparam: int, _lparam: int) -> None:
        self.on_close()

    def _on_end_session(self, wparam: int, _lparam: int) -> None:
        if wparam:  # else another program vetoed the logout
            self.on_session_end()
            self.on_close()

    def _on_new_display(self, wparam: int, lparam: int) -> None:
        self._release_icon()
        self._usual_display_change(wparam, lparam)

    def _on_new_scale(self, _wparam: int, _lparam: int) -> None:
        if self.visible:
            self._update_icon()

    def _update_menu(self) -> None:
        """Nothing yet: texts are read when the menu is built."""
        if not getattr(self, "_menu_handle", None):
            super()._update_menu()  # a right click needs it

    def _on_notify(self, wparam: Any, lparam: Any) -> Any:
        if lparam == NIN_BALLOONUSERCLICK:
            self.on_balloon_click()
            return 0
        if lparam != WM_RBUTTONUP:
            return super()._on_notify(wparam, lparam)
        if self._is_menu_open:  # a second one would destroy it
            return 0
        self._is_menu_open = True
        try:
            self.hooks.on_menu(True)
            self.hooks.until_read()
            super()._update_menu()
            return super()._on_notify(wparam, lparam)  # returns when the menu is closed
        finally:
            self._is_menu_open = False
            self.hooks.on_menu(False)

    def _create_menu_item(self, descriptor: Any, callbacks: Any) -> Any:
        item = super()._create_menu_item(descriptor, callbacks)
        if text := getattr(item, "dwTypeData", None):
            item.dwTypeData = text.replace("&", "&&")  # one would underline a letter
        return item

    def _assert_icon_handle(self) -> None:
        if not self._icon_handle:
            size = self.hooks.shell.small_icon_px()
            png = io.BytesIO()
            fitting(self._images or [self.icon], size).save(png, "PNG")
            self._icon_handle = self.hooks.shell.icon_of_png(png.getvalue(), size)

    def _message(self, code: int, flags: int, **fields: Any) -> None:
        fields.pop("hID", None)  # pystray's slip: there is no such field
        is_taken = self.hooks.shell.notify_icon(code, self._hwnd, flags, **fields)
        if flags & NIF_INFO and not is_taken:
            raise OSError("Windows did not take the notification")

    def show_balloon(self, title: str, text: str, kind: int) -> None:
        """Show a notification of this kind. :raises OSError: Windows did not take it"""
        self._message(NIM_MODIFY, NIF_INFO, szInfo=text, szInfoTitle=title, dwInfoFlags=kind)

    def _mark_ready(self) -> None:
        close = Messages(
            {WM_CLOSE: self._on_close}, lambda: self._menu_hwnd, self.hooks.shell.default
        )
        self._HWND_TO_ICON[self._menu_hwnd] = MenuWindow(close)
        super()._mark_ready()

    def _run(self) -> None:
        stopped = threading.Event()
        WorkerThread("theme", lambda: follow_registry(self.hooks.on_theme, stopped)).start()
        try:
            super()._run()
        finally:
            stopped.set()
            self._HWND_TO_ICON.pop(self._menu_hwnd, None)


def icon_type(base: Any, hooks: Hooks) -> Any:
    """pystray's icon ``base``, mended.

    The icon's ``on_session_end`` is called when the session ends; Windows may end the process as
    soon as it returns. ``on_close`` is called when another program wants this one to end, and
    ``on_balloon_click`` for a click on a notification.
    """
    return type("Icon", (MendedIcon, base), {"hooks": hooks})
