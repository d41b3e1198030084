"""The icon on Linux: StatusNotifierItem where a panel supports it, else XEmbed; never both.

The XEmbed icon starts when no panel with the former is there. python-xlib is not loaded before.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Sequence
from typing import Any

from tray_app.core.model.icon_options import Theme
from tray_app.desktop.icon_adapters import MenuSource, SniIcon
from tray_app.desktop.linux.xembed.icon import XembedIcon

# A panel that is restarted is back by then.
RESTART_S = 3.0


class LinuxIcon:
    """A `PanelIcon` made of both.

    ``make_sni`` makes the one on the session bus, and takes who hears that its panel comes or
    goes; None without a bus. ``on_host`` gets whether any panel is there, ``on_menu`` whether the
    menu is open. ``has_panel``: one with StatusNotifierItem is there now.
    """

    asks_for_menu = True
    runs_python = True
    is_menu_open = False  # an open menu takes new texts
    notify = None

    def __init__(
        self,
        name: str,
        make_sni: Callable[[Callable[[bool], None]], SniIcon] | None,
        on_host: Callable[[bool], None],
        on_menu: Callable[[bool], None],
        *,
        has_panel: bool,
    ) -> None:
        self.on_click: Callable[[], None] = lambda: None
        self._on_host = on_host
        self._has_panel = has_panel
        self._waiting: asyncio.TimerHandle | None = None
        self._xembed = XembedIcon(name, lambda _: self._tell_host(), on_menu)
        self._xembed.shown.on_click = lambda: self.on_click()
        self._sni = make_sni(self._panel_changed) if make_sni else None
        if self._sni is not None:
            self._sni.on_click = lambda: self.on_click()
        self.serves_bus = self._sni is not None
        self.ends_with_display = self._sni is None

    def run(self, ready: Callable[[], None]) -> None:
        if not self._has_panel:
            self._use_xembed()
        if self._sni is not None:
            self._sni.run(ready)
            self._xembed.stop()
        else:
            ready()
            self._xembed.wait_for_end()

    def stop(self) -> None:
        if self._sni is not None:
            self._sni.stop()
        self._xembed.stop()

    @property
    def is_shown(self) -> bool:
        is_in_panel = self._has_panel and self._sni is not None and self._sni.is_shown
        return is_in_panel or self._xembed.is_docked

    def sizes(self, drawn: Sequence[int]) -> Sequence[int]:
        if self._sni is None or self._xembed.is_started:
            return drawn
        return self._sni.sizes(drawn)

    def show_images(self, images: Sequence[Any]) -> None:
        if self._sni is not None:
            wanted = self._sni.sizes([image.width for image in images])
            self._sni.show_images([image for image in images if image.width in wanted])
        self._xembed.show_images(images)

    def show_attention(self, wanted: bool) -> None:
        if self._sni is not None:
            self._sni.show_attention(wanted)

    def show_tooltip(self, text: str) -> None:
        if self._sni is not None:
            self._sni.show_tooltip(text)
        self._xembed.show_tooltip(text)

    def show_theme(self, theme: Theme) -> None:
        self._xembed.show_theme(theme)

    def set_menu(self, menu: MenuSource) -> None:
        if self._sni is not None:
            self._sni.set_menu(menu)
        self._xembed.set_menu(menu.rows, menu.choose)

    def update_menu(self) -> None:
        if self._sni is not None:
            self._sni.update_menu()
        self._xembed.update_menu()

    def _panel_changed(self, has_panel: bool) -> None:
        """A panel with StatusNotifierItem has come or gone; in the bus' loop."""
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
        self._has_panel = has_panel
        if has_panel:
            self._xembed.want(False)
        else:
            loop = asyncio.get_running_loop()
            self._waiting = loop.call_later(RESTART_S, self._use_xembed)
        self._tell_host()

    def _use_xembed(self) -> None:
        self._xembed.want(True)
        if not self._xembed.is_started and os.environ.get("DISPLAY"):
            self._xembed.start()

    def _tell_host(self) -> None:
        self._on_host(self._has_panel or self._xembed.is_docked)
