"""Windows' own notifications, with buttons, replacement and urgency: the extra ``toasts``.

The only importer of ``windows_toasts``. It was never run on Windows. Wine has no such
notifications: there it fails, and the icon's balloon follows. Each failure raises.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from importlib.util import find_spec
from threading import Event
from typing import Any

from tray_app.core.monitor.commands import Order
from tray_app.desktop import paths
from tray_app.desktop.notifier import ON_TEXT, keyed

APP_USER_MODEL = "RunAnalyze.Tray"
APP_NAME = "RunAnalyze"
CLASSES = r"Software\Classes\AppUserModelId"
GROUP = "alerts"
BUTTONS_AT_MOST = 5
CRITICAL = 2
REFUSED_WITHIN_S = 0.5
"""Windows reports that it does not show a notification after it has taken it."""


def is_installed() -> bool:
    """Whether the library is there."""
    return find_spec("windows_toasts") is not None


class Toasts:
    """A button that is pressed calls ``press`` with its command, a click beside them ``clicked``;
    both from threads of Windows' own."""

    name = "Windows toasts"

    def __init__(self, press: Callable[[Order], None], clicked: Callable[[], None]) -> None:
        self._press = press
        self._clicked = clicked
        self._library: Any = None
        self._toaster: Any = None
        self._shown: dict[str, tuple[Any, bool]] = {}

    def show(self, note: dict[str, Any]) -> None:
        """Show a notification. :raises Exception: Windows does not"""
        if self._toaster is None:
            self._open()
        if self._toaster.toastNotifier.setting:  # 0 is on; each other number is a reason
            raise OSError("turned off in Windows' settings")
        hints = note.get("hints") or {}
        toast, refused = self._made(note, hints), Event()
        toast.on_failed = lambda _: refused.set()
        self._toaster.show_toast(toast)
        if refused.wait(REFUSED_WITHIN_S):
            raise OSError("Windows did not show the notification")
        self._shown[toast.tag] = (toast, bool(hints.get("stays")))

    def _open(self) -> None:
        _register()
        self._library = importlib.import_module("windows_toasts")
        self._toaster = self._library.InteractableWindowsToaster(APP_NAME, APP_USER_MODEL)

    def _made(self, note: dict[str, Any], hints: dict[str, Any]) -> Any:
        toast = self._library.Toast([note["title"], note["message"]], group=GROUP)
        buttons = keyed(hints.get("actions", ())[:BUTTONS_AT_MOST])
        for key, action in buttons.items():
            if key != ON_TEXT:
                toast.AddAction(self._library.ToastButton(action.label, key))
        if word := hints.get("replace"):
            toast.tag = word  # the one with the same tag is replaced
        if hints.get("silent"):
            toast.audio = self._library.ToastAudio(silent=True)
        if buttons and int(hints.get("urgency", 1)) == CRITICAL:
            toast.scenario = self._library.ToastScenario.Reminder  # it stays on the screen

        def activated(pressed: Any) -> None:
            action = buttons.get(pressed.arguments or "") or buttons.get(ON_TEXT)
            if action is None:
                self._clicked()
            else:
                self._press(action.command)

        toast.on_activated = activated
        return toast

    def close(self, word: str) -> None:
        """Take this notification away, if it is shown."""
        if shown := self._shown.pop(word, None):
            self._toaster.remove_toast(shown[0])

    def close_all(self) -> None:
        """At the end nothing stays whose buttons nobody hears."""
        for word, (_, stays) in tuple(self._shown.items()):
            if not stays:
                self.close(word)


def _register() -> None:
    """Tell Windows the name and the picture of who sends notifications."""
    if sys.platform == "win32":
        import winreg

        place = rf"{CLASSES}\{APP_USER_MODEL}"
        with winreg.CreateKeyEx(
            winreg.HKEY_CURRENT_USER, place, access=winreg.KEY_SET_VALUE
        ) as key:
            winreg.SetValueEx(key, "DisplayName", 0, winreg.REG_SZ, APP_NAME)
            winreg.SetValueEx(key, "IconUri", 0, winreg.REG_SZ, paths.app_icon())
