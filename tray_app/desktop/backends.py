"""Which icon can be shown here: the platform's, GTK's or our StatusNotifierItem."""

from __future__ import annotations

import importlib
import logging
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tray_app import APP_ID
from tray_app.core.model.icon_options import Theme
from tray_app.core.model.sanitize import visible
from tray_app.desktop.icon_adapters import SniIcon, StockIcon
from tray_app.desktop.panel_icon import Desktop
from tray_app.desktop.text_limits import NO_LIMITS, WINDOWS

if TYPE_CHECKING:
    from tray_app.desktop.linux.session_bus import SessionBus

_log = logging.getLogger(__name__)

# pystray's stock back ends for Linux that can show a menu (`_xorg` cannot).
STOCK_WITH_MENU = ("_gtk", "_appindicator")


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
) -> Desktop:
    """Find out where an icon can be shown.

    ``on_host`` hears when a panel comes or goes, ``on_menu`` when the menu is opened or closed,
    ``on_theme`` whether the desktop is dark or light; each as far as the desktop reports it.

    :raises BackendError: the environment names a backend that cannot be used
    :raises NoDesktopError: there is neither a session bus nor a usable display
    """
    chosen = os.environ.get("PYSTRAY_BACKEND")
    if sys.platform == "linux" and chosen in (None, "", "dummy"):
        return _linux_desktop(on_host, on_menu, on_theme)
    try:
        import pystray
    except Exception as error:
        # pystray chooses its backend while it is imported, and its libraries may raise anything.
        if not chosen:
            raise
        why = visible(str(error)) or type(error).__name__
        raise BackendError(f"PYSTRAY_BACKEND={chosen}: {why}") from None
    if sys.platform == "win32":
        return windows_desktop(pystray.Icon, on_menu, on_theme)
    return _stock_desktop(pystray.Icon)


def windows_desktop(
    base: Any, on_menu: Callable[[bool], None], on_theme: Callable[[Theme], None]
) -> Desktop:
    """pystray's icon ``base`` with a menu that stays open, and the end of the session."""
    from tray_app.desktop.windows import tray_icon

    icon = tray_icon.icon_type(base, on_menu, on_theme)(APP_ID)
    desktop = Desktop(_backend(base), StockIcon(icon, WINDOWS))
    icon.on_session_end = lambda: desktop.on_session_end()
    return desktop


def _stock_desktop(base: Any, bus: SessionBus | None = None) -> Desktop:
    return Desktop(_backend(base), StockIcon(base(APP_ID), NO_LIMITS), bus)


def _backend(icon_type: Any) -> str:
    return f"pystray {icon_type.__module__.rpartition('.')[2]}"


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

    address = session_address()
    bus = SessionBus(address) if address else None
    connected = bus if bus is not None and bus.connect() else None
    if connected is not None:
        connected.on_connect(lambda connection: follow_portal(connection, on_theme))
    if connected is None or not connected.has_owner(WATCHER):
        stock = _stock_icon()
        if stock is not None:
            return _stock_desktop(stock, connected)
    if connected is None:
        raise NoDesktopError("no session bus")
    icon = _sni.Icon(APP_ID, sni_bus=connected, sni_on_host=on_host, sni_on_menu=on_menu)
    return Desktop("StatusNotifierItem", SniIcon(icon), connected)


def has_legacy_tray() -> bool:
    """Whether an X11 panel accepts XEmbed icons, which GTK's icon needs.

    Without such a panel it would never be visible (GNOME); ours appears as soon as a panel supports
    it.
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
