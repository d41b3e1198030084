"""Whether the desktop is dark or light, told again whenever that changes.

Linux: the settings portal, where it runs anyway (it is never started for this). Windows: the
registry's word for the taskbar. Elsewhere nothing is known.
"""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tray_app.core.presentation.icon import Theme

if TYPE_CHECKING:
    from dbus_fast.aio import MessageBus

_log = logging.getLogger(__name__)

PORTAL = "org.freedesktop.portal.Desktop"
PORTAL_PATH = "/org/freedesktop/portal/desktop"
SETTINGS = "org.freedesktop.portal.Settings"
NAMESPACE, KEY = "org.freedesktop.appearance", "color-scheme"
# The portal's documented values; 0 is "no preference".
_SCHEMES = {1: Theme.DARK, 2: Theme.LIGHT}

PERSONALIZE = r"Software\Microsoft\Windows\CurrentVersion\Themes\Personalize"
LOOK_EVERY_S = 30.0


def theme_of(scheme: Any) -> Theme:
    """The theme behind a colour scheme as the portal sends it: a number, wrapped once or twice."""
    while hasattr(scheme, "value"):
        scheme = scheme.value
    return _SCHEMES.get(scheme, Theme.AUTO) if isinstance(scheme, int) else Theme.AUTO


async def follow_portal(bus: MessageBus, seen: Callable[[Theme], None]) -> None:
    """Tell ``seen`` the portal's colour scheme, now or when the portal comes, and each change."""
    import asyncio

    from dbus_fast import DBusError, Message, MessageType

    from tray_app.desktop.linux.session_bus import DBUS, bus_call, watch_owner

    tasks: set[asyncio.Task[None]] = set()

    def on_message(message: Message) -> None:
        if (
            message.message_type is MessageType.SIGNAL
            and (message.path, message.interface) == (PORTAL_PATH, SETTINGS)
            and message.member == "SettingChanged"
            and message.body[:2] == [NAMESPACE, KEY]
        ):
            seen(theme_of(message.body[2]))

    async def read() -> None:
        try:
            (scheme,) = await bus_call(
                bus, PORTAL, PORTAL_PATH, SETTINGS, "Read", "ss", NAMESPACE, KEY
            )
        except (DBusError, OSError, EOFError) as error:
            _log.debug("the portal tells no colour scheme: %s", error)
        else:
            seen(theme_of(scheme))

    def on_owner(owned: bool) -> None:
        if owned:
            task = asyncio.ensure_future(read())
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    bus.add_message_handler(on_message)
    rule = (
        f"type='signal',path='{PORTAL_PATH}',interface='{SETTINGS}',"
        f"member='SettingChanged',arg0='{NAMESPACE}'"
    )
    await bus_call(bus, DBUS, "/org/freedesktop/DBus", DBUS, "AddMatch", "s", rule)
    await watch_owner(bus, PORTAL, on_owner)


def follow_registry(seen: Callable[[Theme], None], stopped: threading.Event) -> None:
    """Tell ``seen`` what Windows' taskbar is, now and after each change, until ``stopped``."""
    last: Theme | None = None
    while True:
        theme = taskbar_theme()
        if theme is not last:
            seen(theme)
            last = theme
        if stopped.wait(LOOK_EVERY_S):
            return


def taskbar_theme() -> Theme:
    """The taskbar's theme; AUTO where Windows does not tell."""
    if sys.platform == "win32":
        import winreg

        try:
            with winreg.OpenKey(winreg.HKEY_CURRENT_USER, PERSONALIZE) as key:
                light, _kind = winreg.QueryValueEx(key, "SystemUsesLightTheme")
        except OSError:
            return Theme.AUTO
        return Theme.LIGHT if light else Theme.DARK
    return Theme.AUTO
