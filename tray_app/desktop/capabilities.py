"""Surveys the desktop for ``--doctor``, with the same questions as `backends.open_desktop`.

It shows nothing and makes no icon.
"""

from __future__ import annotations

import importlib
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from tray_app.desktop import backends

if TYPE_CHECKING:
    from tray_app.desktop.linux.session_bus import SessionBus


class Survey(Struct, frozen=True):
    """``desktop`` is the session's name for itself. ``host`` is the panel that shows icons and
    ``notifications`` the service with its capabilities; both None where there is none. ``backend``
    would show the icon; ``others`` says why the other ones were not chosen."""

    desktop: str
    backend: str | None
    others: tuple[str, ...] = ()
    bus: str | None = None
    host: str | None = None
    notifications: str | None = None


def survey() -> Survey:
    """Ask the desktop; takes at most a few seconds where it does not answer."""
    chosen = os.environ.get("PYSTRAY_BACKEND")
    if sys.platform != "linux" or (chosen and chosen != "dummy"):
        desktop = {"win32": "Windows", "darwin": "macOS"}.get(sys.platform, sys.platform)
        asked = f"PYSTRAY_BACKEND={chosen}" if chosen else desktop
        own = (f"StatusNotifierItem: not used with {asked}",)
        return Survey(desktop, f"pystray ({asked})", own, host=desktop, notifications=desktop)
    with backends.harmless_pystray():
        importlib.import_module("pystray")
    return _linux()


def _linux() -> Survey:
    words = (os.environ.get(name, "") for name in ("XDG_CURRENT_DESKTOP", "XDG_SESSION_TYPE"))
    desktop = ", ".join(word for word in words if word)
    bus = _bus()
    chosen, others = _backend(bus, legacy := backends.legacy_tray())
    if bus.host is None and legacy is not None:
        host: str | None = f"{legacy} (XEmbed)"
    else:
        host = bus.host
    return Survey(
        desktop=desktop or "unknown (XDG_CURRENT_DESKTOP is not set)",
        backend=chosen,
        others=others,
        bus=bus.address,
        host=host,
        notifications=bus.notifications,
    )


class _Bus(Struct, frozen=True):
    """The session bus, and who answers there."""

    address: str | None
    is_connected: bool = False
    host: str | None = None
    notifications: str | None = None


def _bus() -> _Bus:
    from tray_app.desktop.linux.registration import WATCHER
    from tray_app.desktop.linux.session_bus import SessionBus, session_address

    address = session_address()
    bus = SessionBus(address) if address else None
    if bus is None or not bus.connect():
        return _Bus(address)
    try:
        return _Bus(address, True, _owner(bus, WATCHER), _notifications(bus))
    finally:
        bus.leave()


def _backend(bus: _Bus, legacy: str | None) -> tuple[str | None, tuple[str, ...]]:
    """Which icon would be shown, and why no other one."""
    no_tray = f"{backends.XEMBED}: no system tray here"
    if bus.host is not None:
        reason = f"{backends.XEMBED}: works here, but the panel supports {backends.SNI}"
        return backends.SNI, (reason if legacy else no_tray,)
    if legacy is not None:
        why_not = "no panel here supports it" if bus.is_connected else "no session bus"
        return backends.XEMBED, (f"{backends.SNI}: {why_not}",)
    if bus.is_connected:
        return backends.SNI, (no_tray,)
    return None, (f"{backends.SNI}: no session bus", no_tray)


def _owner(bus: SessionBus, name: str) -> str | None:
    """The owner of a name: the program's name if it can be read."""
    from tray_app.desktop.linux.session_bus import DBUS, DBUS_PATH, bus_call

    if not bus.has_owner(name):
        return None
    member = "GetConnectionUnixProcessID"
    (pid,) = bus.ask(lambda line: bus_call(line, DBUS, DBUS_PATH, DBUS, member, "s", name))
    try:
        name = Path(f"/proc/{pid}/comm").read_text("utf-8", "replace").strip()
        return f"{name} (pid {pid})"
    except OSError:
        return f"pid {pid}"


def _notifications(bus: SessionBus) -> str | None:
    from dbus_fast import DBusError

    from tray_app.desktop.linux.notification_service import SERVICE, SERVICE_PATH
    from tray_app.desktop.linux.session_bus import bus_call

    try:
        name, vendor, version, _ = bus.ask(
            lambda line: bus_call(line, SERVICE, SERVICE_PATH, SERVICE, "GetServerInformation", "")
        )
        (capabilities,) = bus.ask(
            lambda line: bus_call(line, SERVICE, SERVICE_PATH, SERVICE, "GetCapabilities", "")
        )
    except (DBusError, OSError, TimeoutError):
        return None
    return f"{name} {version} ({vendor}): {', '.join(sorted(capabilities)) or 'no capabilities'}"
