"""Whether Windows' taskbar is dark or light, from the registry."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable

from tray_app.core.model.icon_options import Theme

PERSONALIZE = r"Software\Microsoft\Windows\CurrentVersion\Themes\Personalize"
READ_EVERY_S = 30.0


def follow_registry(seen: Callable[[Theme], None], stopped: threading.Event) -> None:
    """Call ``seen`` with the taskbar's theme now and after each change, until ``stopped``."""
    last: Theme | None = None
    while True:
        theme = taskbar_theme()
        if theme is not last:
            seen(theme)
            last = theme
        if stopped.wait(READ_EVERY_S):
            return


def taskbar_theme() -> Theme:
    """The taskbar's theme; AUTO if Windows does not report it."""
    if sys.platform == "win32":
        import winreg

        try:
            with winreg.OpenKey(winreg.HKEY_CURRENT_USER, PERSONALIZE) as key:
                light, _kind = winreg.QueryValueEx(key, "SystemUsesLightTheme")
        except OSError:
            return Theme.AUTO
        return Theme.LIGHT if light else Theme.DARK
    return Theme.AUTO
