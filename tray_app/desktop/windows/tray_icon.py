"""pystray's Windows icon with a menu that is built on request, and never while open.

pystray itself rebuilds (and destroys) the menu at each update, even an open one. It also answers 0
to unknown messages, which for `WM_QUERYENDSESSION` vetoes the logout.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

from tray_app.core.model.icon_options import Theme
from tray_app.desktop.windows.taskbar_theme import follow_registry
from tray_app.worker_thread import WorkerThread

WM_RBUTTONUP = 0x0205
WM_QUERYENDSESSION = 0x0011
WM_ENDSESSION = 0x0016


def icon_type(base: Any, on_menu: Callable[[bool], None], on_theme: Callable[[Theme], None]) -> Any:
    """pystray's icon ``base`` with callbacks: ``on_menu`` when the menu opens and closes.

    ``on_theme`` gets the taskbar's theme while the icon runs. The icon's ``on_session_end`` is
    called when the session ends; Windows may end the process as soon as it returns.
    """

    class Icon(base):  # type: ignore[misc]  # pystray has no types
        def __init__(self, *args: Any, **options: Any) -> None:
            super().__init__(*args, **options)
            self.on_session_end: Callable[[], None] = lambda: None
            self._message_handlers[WM_QUERYENDSESSION] = lambda _wparam, _lparam: True
            self._message_handlers[WM_ENDSESSION] = self._on_end_session

        def _on_end_session(self, wparam: Any, _lparam: Any) -> None:
            if wparam:  # else another program vetoed the logout
                self.on_session_end()

        def _update_menu(self) -> None:
            """Nothing yet: texts are read when the menu is built."""
            if not getattr(self, "_menu_handle", None):
                super()._update_menu()  # a right click needs it

        def _on_notify(self, wparam: Any, lparam: Any) -> Any:
            if lparam != WM_RBUTTONUP:
                return super()._on_notify(wparam, lparam)
            super()._update_menu()
            on_menu(True)
            try:
                return super()._on_notify(wparam, lparam)  # returns when the menu is closed
            finally:
                on_menu(False)

        def _run(self) -> None:
            stopped = threading.Event()
            WorkerThread("theme", lambda: follow_registry(on_theme, stopped)).start()
            try:
                super()._run()
            finally:
                stopped.set()

    return Icon
