"""Which icon can be shown here: the platform's, or ours on Linux (StatusNotifierItem, XEmbed)."""

from __future__ import annotations

import importlib
import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from tray_app import APP_ID
from tray_app.core.model.icon_options import Theme
from tray_app.core.model.sanitize import visible
from tray_app.desktop.icon_adapters import MacIcon, SniIcon, StockIcon, WindowsIcon
from tray_app.desktop.panel_icon import Desktop
from tray_app.desktop.text_limits import NO_LIMITS

SNI, XEMBED = "StatusNotifierItem", "XEmbed"
OWN_ICONS = {"_win32": "Windows", "_darwin": "macOS"}
"""Whose icon pystray's modules show."""
CONSOLE_LIMIT_S = 4.0
"""Windows kills a program that has not ended 5 s after its console was closed."""


class BackendError(Exception):
    """The backend named in the environment cannot be used; the message says why."""


class NoDesktopError(Exception):
    """There is nowhere to show an icon; the message says why."""


@contextmanager
def harmless_pystray() -> Iterator[None]:
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


def open_desktop(
    on_host: Callable[[bool], None],
    on_menu: Callable[[bool], None] = lambda _: None,
    on_theme: Callable[[Theme], None] = lambda _: None,
    until_read: Callable[[], None] = lambda: None,
) -> Desktop:
    """Find out where an icon can be shown.

    ``on_host`` hears when a panel comes or goes, ``on_menu`` when the menu is opened or closed,
    ``on_theme`` whether the desktop is dark or light; each as far as the desktop reports it.
    ``until_read`` waits, briefly, until what only an open menu shows was read: for menus that
    cannot change while they are open.

    :raises BackendError: the environment names a backend that cannot be used
    :raises NoDesktopError: there is neither a session bus nor a usable display
    """
    chosen = os.environ.get("PYSTRAY_BACKEND")
    if sys.platform == "linux" and chosen in (None, "", "dummy"):
        return _linux_desktop(on_host, on_menu, on_theme)
    if sys.platform == "win32":
        from tray_app.desktop.windows import winapi

        winapi.become_dpi_aware()
    try:
        import pystray
    except Exception as error:
        # pystray chooses its backend while it is imported, and its libraries may raise anything.
        if not chosen:
            raise
        why = visible(str(error)) or type(error).__name__
        raise BackendError(f"PYSTRAY_BACKEND={chosen}: {why}") from None
    if sys.platform == "win32":
        return windows_desktop(pystray.Icon, on_menu, on_theme, until_read)
    if sys.platform == "darwin":
        import AppKit
        import Foundation

        return macos_desktop(pystray.Icon, AppKit, Foundation, on_menu, until_read)
    return Desktop(_backend(pystray.Icon), StockIcon(pystray.Icon(APP_ID), NO_LIMITS))


def windows_desktop(
    base: Any,
    on_menu: Callable[[bool], None],
    on_theme: Callable[[Theme], None],
    until_read: Callable[[], None] = lambda: None,
) -> Desktop:
    """pystray's icon ``base`` with a menu that stays open, and the end of the session."""
    from tray_app.desktop.windows import toasts, tray_icon, winapi

    hooks = tray_icon.Hooks(winapi.shell(), on_menu, on_theme, until_read)
    icon = tray_icon.icon_type(base, hooks)(APP_ID)
    desktop = Desktop(_backend(base), WindowsIcon(icon), has_toasts=toasts.is_installed())

    def console_closed() -> None:
        desktop.on_session_end()
        desktop.on_close()
        threading.Event().wait(CONSOLE_LIMIT_S)  # the process ends meanwhile

    icon.on_session_end = lambda: desktop.on_session_end()
    icon.on_close = lambda: desktop.on_close()
    icon.on_balloon_click = desktop.note_clicked
    winapi.on_console_close(console_closed)
    return desktop


def macos_desktop(
    base: Any,
    app_kit: Any,
    foundation: Any,
    on_menu: Callable[[bool], None] = lambda _: None,
    until_read: Callable[[], None] = lambda: None,
) -> Desktop:
    """pystray's icon ``base`` with a menu that is filled when it opens, and the logout."""
    from tray_app.desktop.macos import status_icon

    hooks = status_icon.Hooks(app_kit, foundation, on_menu, until_read)
    icon = status_icon.icon_type(base, hooks)(APP_ID)
    desktop = Desktop(_backend(base), MacIcon(icon))
    icon.on_session_end = lambda: desktop.on_session_end()
    return desktop


def _backend(icon_type: Any) -> str:
    module = icon_type.__module__.rpartition(".")[2]
    return OWN_ICONS.get(module, f"pystray {module}")


def _linux_desktop(
    on_host: Callable[[bool], None],
    on_menu: Callable[[bool], None],
    on_theme: Callable[[Theme], None],
) -> Desktop:
    with harmless_pystray():
        importlib.import_module("pystray")
    from tray_app.desktop.linux import _sni
    from tray_app.desktop.linux.color_scheme import follow_portal
    from tray_app.desktop.linux.registration import WATCHER
    from tray_app.desktop.linux.session_bus import SessionBus, session_address
    from tray_app.desktop.linux_icon import LinuxIcon

    address = session_address()
    bus = SessionBus(address) if address else None
    connected = bus if bus is not None and bus.connect() else None
    has_panel = connected is not None and connected.has_owner(WATCHER)
    is_legacy = not has_panel and legacy_tray() is not None
    if connected is None and not is_legacy:
        raise NoDesktopError("no session bus")

    def make_sni(on_panel: Callable[[bool], None]) -> SniIcon:
        return SniIcon(
            _sni.Icon(APP_ID, sni_bus=connected, sni_on_host=on_panel, sni_on_menu=on_menu)
        )

    if connected is not None:
        connected.on_connect(lambda connection: follow_portal(connection, on_theme))
    icon = LinuxIcon(APP_ID, make_sni if connected else None, on_host, on_menu, has_panel=has_panel)
    return Desktop(XEMBED if is_legacy else SNI, icon, connected)


def legacy_tray() -> str | None:
    """The X11 panel that takes icons the old way (XEmbed), if there is one; loads python-xlib."""
    if not os.environ.get("DISPLAY"):
        return None
    from tray_app.desktop.linux.xembed.x11 import tray_name

    return tray_name()
