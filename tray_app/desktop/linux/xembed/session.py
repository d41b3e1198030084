"""What one X connection serves: the icon's dock, its tooltip and its menu, in one thread."""

from __future__ import annotations

import logging
from asyncio import AbstractEventLoop
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Self

from tray_app.core.model.icon_options import Theme
from tray_app.desktop.linux.xembed import x11
from tray_app.desktop.linux.xembed.delay import Delay, Handle
from tray_app.desktop.linux.xembed.dock import Dock, Place
from tray_app.desktop.linux.xembed.geometry import Box, beyond_panel, monitor_of

if TYPE_CHECKING:
    from tray_app.desktop.linux.xembed.menu import OpenMenu
    from tray_app.desktop.linux.xembed.paint import Painter
    from tray_app.desktop.linux.xembed.shown import Shown
    from tray_app.desktop.linux.xembed.tooltip import Tooltip

_log = logging.getLogger(__name__)

HOVER_S = 0.5
LEFT, RIGHT = 1, 3
# An open menu is reported again and again: a report holds for a minute.
OPEN_TOLD_EVERY_S = 10.0
# Brightness of a panel that counts as light.
LIGHT_FROM = 140.0


class Session:
    """Serves until the X server goes, or ``loop`` is stopped."""

    def __init__(self, connection: x11.Connection, shown: Shown, loop: AbstractEventLoop) -> None:
        self._connection = connection
        self._shown = shown
        self._loop = loop
        self._hover, self._telling = Delay(self._later), Delay(self._later)
        self._tooltip: Tooltip | None = None
        self._menu: OpenMenu | None = None
        self._dock = Dock(connection, shown.name, self._docked, self._later)
        self._dock.show(shown.images)
        self._socket = connection.fileno()
        loop.add_reader(self._socket, self.act, _nothing)
        self.act(lambda session: session.want(shown.is_wanted))

    def act(self, action: Callable[[Self], None]) -> None:
        """Do something, then all that the X server has reported: an answer that was waited for may
        have brought events along. Nothing that fails ends the thread but the connection's end."""
        try:
            self._guarded(lambda: action(self))
            for event in self._connection.events():
                self._guarded(partial(self._handle, event))
            self._connection.flush()
        except (x11.ConnectionLostError, OSError) as error:
            _log.info("the X server is gone: %s", error)
            self._loop.remove_reader(self._socket)
            self._loop.stop()

    def _guarded(self, action: Callable[[], None]) -> None:
        try:
            action()
        except x11.RequestError as error:
            _log.debug("X: %s", error)
        except x11.ConnectionLostError:
            raise
        except Exception:  # noqa: BLE001 - the icon must not end with a defect
            _log.exception("the XEmbed icon failed")
            self._abandon_menu()

    def _abandon_menu(self) -> None:
        """Let others have pointer and keyboard: a menu that fails must not keep them."""
        menu, self._menu = self._menu, None
        self._connection.ungrab()
        if menu is not None:
            self._telling.stop()
            menu.abandon()
            self._shown.on_menu(False)

    def _later(self, after_s: float, action: Callable[[], None]) -> Handle:
        return self._loop.call_later(after_s, self.act, lambda _: action())

    # What the program wants

    def want(self, is_wanted: bool) -> None:
        """Whether the icon is to be in a tray."""
        self._dock.want(is_wanted)

    def show_images(self, images: Sequence[Any]) -> None:
        """The picture in these sizes, smallest first."""
        self._dock.show(images)

    def show_tooltip(self, text: str) -> None:
        """The text under the pointer, also while it is shown."""
        if self._tooltip is not None:
            self._tooltip.show(text)

    def refresh_menu(self) -> None:
        """Rows have changed."""
        if self._menu is not None:
            self._menu.refresh()

    # What a person and the X server do

    def _handle(self, event: x11.Event) -> None:
        self._dock.handle(event)
        if self._menu is not None:
            self._menu.handle(event)
            return
        match event:
            case x11.Entered(window) if self._dock.is_icon(window):
                self._hover.start(HOVER_S, self._open_tooltip)
            case x11.Left(window) if self._dock.is_icon(window):
                self._close_tooltip()
            case x11.Pressed(window, button, time_ms=time_ms) if self._dock.is_icon(window):
                self._close_tooltip()
                if button == LEFT:
                    self._shown.on_click()
                elif button == RIGHT:
                    self._open_menu(time_ms)

    def _docked(self, is_docked: bool) -> None:
        if not is_docked:
            self._close_tooltip()
            if self._menu is not None:
                self._menu.close()
        self._shown.on_host(is_docked)

    def _by(self, place: Place) -> tuple[Box, Box]:
        """What a window is to stand beside, and the monitor that it is to stay on."""
        area = monitor_of(self._connection.monitors(), place.icon)
        return beyond_panel(place.icon, place.panel, area), area

    def _painter(self, icon: Box) -> Painter:
        """In the chosen theme, else in the panel's: the icon's corners let it through."""
        theme = self._shown.theme
        if theme is Theme.AUTO:
            brightness = self._connection.brightness_at(icon.left, icon.top)
            is_light = brightness is not None and brightness >= LIGHT_FROM
            theme = Theme.LIGHT if is_light else Theme.DARK
        return _make_painter(theme, self._connection.scale())

    def _open_tooltip(self) -> None:
        from tray_app.desktop.linux.xembed.tooltip import Tooltip

        place = self._dock.place()
        if place is not None:
            self._tooltip = Tooltip(self._connection, self._painter(place.icon), *self._by(place))
            self._tooltip.show(self._shown.tooltip)

    def _close_tooltip(self) -> None:
        self._hover.stop()
        if self._tooltip is not None:
            self._tooltip.close()
            self._tooltip = None

    def _open_menu(self, time_ms: int) -> None:
        from tray_app.desktop.linux.xembed.menu import OpenMenu

        place = self._dock.place()
        if place is None:
            return
        anchor, area = self._by(place)
        self._tell_open()
        self._menu = OpenMenu(
            self._connection,
            self._painter(place.icon),
            anchor,
            area,
            read=self._shown.read,
            on_close=self._menu_closed,
            later=self._later,
        )
        self._menu.open(time_ms)

    def _tell_open(self) -> None:
        self._shown.on_menu(True)
        self._telling.start(OPEN_TOLD_EVERY_S, self._tell_open)

    def _menu_closed(self, chosen: str | None) -> None:
        self._menu = None
        self._telling.stop()
        self._shown.on_menu(False)
        if chosen is not None:
            self._shown.choose(chosen)


@lru_cache(maxsize=1)
def _make_painter(theme: Theme, scale: float) -> Painter:
    from tray_app.desktop.linux.xembed.paint import Painter

    return Painter(theme, scale)


def _nothing(_session: Session) -> None:
    """Only read what has come."""
