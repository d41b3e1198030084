"""The tooltip: a window of our own, half a second after the pointer has come to the icon."""

from __future__ import annotations

from tray_app.desktop.linux.xembed.geometry import Box, beside_icon
from tray_app.desktop.linux.xembed.paint import Painter
from tray_app.desktop.linux.xembed.x11 import Connection, Window, native


class Tooltip:
    """Shown until it is closed, beside the ``anchor`` and inside the ``area``."""

    def __init__(self, connection: Connection, painter: Painter, anchor: Box, area: Box) -> None:
        self._connection = connection
        self._painter = painter
        gap = painter.px(4)
        self._anchor = Box(anchor.left, anchor.top - gap, anchor.right, anchor.bottom + gap)
        self._area = area
        self._window: Window | None = None
        self._text = ""

    def show(self, text: str) -> None:
        """Show this text; an empty one closes it."""
        if not text:
            self.close()
            return
        if text == self._text:
            return
        self._text = text
        image = self._painter.tooltip(text, self._area.width)
        box = beside_icon(self._anchor, image.width, image.height, self._area, centred=True)
        is_new = self._window is None
        if self._window is None:
            self._window = self._connection.make_popup(box, "TOOLTIP")
        if self._window is None:
            return
        self._window.place(box)
        self._window.take_pixels(*image.size, native(image.convert("RGBA").tobytes()))
        if is_new:
            self._window.show()

    def close(self) -> None:
        """Take it away."""
        if self._window is not None:
            self._window.destroy()
        self._window, self._text = None, ""
