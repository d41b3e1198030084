"""Keeps the icon's window in the system tray, as the System Tray protocol and XEmbed have it.

A tray may come, die or be replaced at any time. Each time the icon gets a fresh window, because
the old one may have died with its tray.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from itertools import chain, repeat
from typing import Any

from msgspec import Struct

from tray_app.desktop.linux.xembed import picture, x11
from tray_app.desktop.linux.xembed.delay import Delay, Later
from tray_app.desktop.linux.xembed.geometry import Box

_log = logging.getLogger(__name__)

# A tray that has not taken the icon, or has given it back, is asked again after these.
PAUSES_S = (1.0, 2.0, 5.0, 10.0, 30.0)
# The tray's colour where it cannot be read: most bars are dark.
GROUND = bytes((34, 34, 34, 255))


class Place(Struct, frozen=True):
    """Where the icon is, and the panel around it."""

    icon: Box
    panel: Box


class Dock:
    """The icon's window on one connection.

    ``name`` is the window's, ``on_change`` gets whether a tray has the icon.
    """

    def __init__(
        self,
        connection: x11.Connection,
        name: str,
        on_change: Callable[[bool], None],
        later: Later,
    ) -> None:
        self._connection = connection
        self._name = name
        self._on_change = on_change
        self._again = Delay(later)
        self._pauses = iter(())
        self._is_wanted = False
        self._tray: int | None = None
        self._window: x11.Window | None = None
        self._size = (0, 0)
        self._is_docked = False
        self._images: Sequence[Any] = ()

    def want(self, is_wanted: bool) -> None:
        """Whether the icon is to be in a tray."""
        if is_wanted is self._is_wanted:
            return
        self._is_wanted = is_wanted
        if is_wanted:
            self._connection.watch_for_trays()
            self._look()
        else:
            self._leave()

    def show(self, images: Sequence[Any]) -> None:
        """The picture in these sizes, smallest first."""
        self._images = images
        self._draw()

    def is_icon(self, window: int) -> bool:
        """Whether this is the icon's window."""
        return self._window is not None and self._window.number == window

    def place(self) -> Place | None:
        """Where the icon and its panel are on the screen, while a tray has it."""
        if self._window is None or not self._is_docked:
            return None
        try:
            return Place(self._window.on_screen(), self._window.panel())
        except x11.RequestError as error:
            _log.debug("the icon's window is gone: %s", error)
            return None

    def handle(self, event: x11.Event) -> None:
        """What the X server has reported."""
        match event:
            case x11.TrayCame(window) if self._is_wanted and window != self._tray:
                self._pauses = _pauses()
                self._dock(window)
            case x11.Gone(window) if window == self._tray:
                _log.info("the system tray is gone")
                self._leave()
                self._look()
            case x11.Gone(window) | x11.Embedded(window, is_root=True) if self.is_icon(window):
                self._set_docked(False)
                self._ask_later()
            case x11.Embedded(window) if self.is_icon(window):
                self._pauses = _pauses()
                self._again.stop()
                self._set_docked(True)
            case x11.Resized(window, width, height) if self.is_icon(window):
                if (width, height) != self._size:
                    self._size = (width, height)
                    self._ask_for_a_square()
                    self._draw()
            case x11.Exposed(window) if self.is_icon(window):
                self._draw()

    def _look(self) -> None:
        """Dock at the tray that is there; one that comes later reports itself."""
        self._pauses = _pauses()
        tray = self._connection.tray()
        if tray is not None:
            self._dock(tray)

    def _dock(self, tray: int) -> None:
        self._leave()
        self._tray = tray
        self._connection.watch(tray)
        try:
            visual = self._connection.tray_visual(tray)
        except x11.RequestError as error:
            _log.debug("the system tray was gone at once: %s", error)
            self._tray = None
            return
        if visual is None:
            _log.warning("no icon: the screen has no pixels of 24 or 32 bits")
            return
        self._window = self._connection.make_icon(visual, self._name)
        self._size = (x11.SMALLEST_ICON_PX, x11.SMALLEST_ICON_PX)
        self._draw()
        self._connection.ask_to_dock(tray, self._window)
        self._ask_later()

    def _ask_later(self) -> None:
        pause_s = next(self._pauses, PAUSES_S[-1])
        self._again.start(pause_s, self._ask_again)

    def _ask_again(self) -> None:
        tray = self._connection.tray()
        if self._is_wanted and tray is not None and not self._is_docked:
            self._dock(tray)

    def _leave(self) -> None:
        self._again.stop()
        if self._window is not None:
            self._window.destroy()
        self._window = self._tray = None
        self._set_docked(False)

    def _set_docked(self, is_docked: bool) -> None:
        if is_docked is not self._is_docked:
            self._is_docked = is_docked
            self._on_change(is_docked)

    def _draw(self) -> None:
        """Show the picture in the window's own size."""
        window, (width, height) = self._window, self._size
        if window is None or not self._images or min(width, height) < 1:
            return
        if window.visual.has_alpha:
            pixels = picture.on_nothing(self._images, width, height)
        else:
            pixels = picture.on_ground(self._images, width, height, self._ground(window))
        window.take_pixels(width, height, x11.native(pixels))

    def _ask_for_a_square(self) -> None:
        """A tray that gives what it is asked for (trayer) gives the bar's height at first."""
        width, height = self._size
        if self._window is not None and height > width:
            self._window.ask_for_size(height)

    def _ground(self, window: x11.Window) -> bytes:
        width, height = self._size
        if not self._is_docked:
            return GROUND * (width * height)
        behind = window.background(width, height)
        if behind is None or len(behind) != x11.BYTES_PER_PIXEL * width * height:
            return GROUND * (width * height)
        return x11.foreign(behind)


def _pauses() -> Any:
    return chain(PAUSES_S, repeat(PAUSES_S[-1]))
