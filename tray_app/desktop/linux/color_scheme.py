"""The desktop's colour scheme, dark or light, from the settings portal.

The portal is asked only where it runs anyway; it is never started for this.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Any

from dbus_fast import DBusError, Message
from dbus_fast.aio import MessageBus

from tray_app.core.model.icon_options import Theme
from tray_app.desktop.linux.session_bus import add_match, bus_call, heed, watch_owner

_log = logging.getLogger(__name__)

PORTAL = "org.freedesktop.portal.Desktop"
PORTAL_PATH = "/org/freedesktop/portal/desktop"
SETTINGS = "org.freedesktop.portal.Settings"
NAMESPACE, KEY = "org.freedesktop.appearance", "color-scheme"
# The portal's documented values; 0 is "no preference".
_SCHEMES = {1: Theme.DARK, 2: Theme.LIGHT}


def theme_of(scheme: Any) -> Theme:
    """The theme behind a colour scheme as the portal sends it: a number, wrapped once or twice."""
    while hasattr(scheme, "value"):
        scheme = scheme.value
    return _SCHEMES.get(scheme, Theme.AUTO) if isinstance(scheme, int) else Theme.AUTO


async def follow_portal(bus: MessageBus, seen: Callable[[Theme], None]) -> None:
    """Call ``seen`` with the portal's colour scheme, now or when the portal appears, and after each
    change."""
    tasks: set[asyncio.Task[None]] = set()

    def on_signal(signal: Message) -> None:
        if (
            (signal.path, signal.interface) == (PORTAL_PATH, SETTINGS)
            and signal.member == "SettingChanged"
            and signal.body[:2] == [NAMESPACE, KEY]
        ):
            seen(theme_of(signal.body[2]))

    async def read() -> None:
        try:
            (scheme,) = await bus_call(
                bus, PORTAL, PORTAL_PATH, SETTINGS, "Read", "ss", NAMESPACE, KEY
            )
        except (DBusError, OSError, EOFError) as error:
            _log.debug("the portal reports no colour scheme: %s", error)
        else:
            seen(theme_of(scheme))

    def on_owner(owned: bool) -> None:
        if owned:
            task = asyncio.ensure_future(read())
            tasks.add(task)
            task.add_done_callback(tasks.discard)

    heed(bus, on_signal)
    await add_match(
        bus, path=PORTAL_PATH, interface=SETTINGS, member="SettingChanged", arg0=NAMESPACE
    )
    await watch_owner(bus, PORTAL, on_owner)
