"""The open menu: a window for each level, moved by pointer and keys.

What is open and selected is decided in `menu_state`, where rows are in `menu_layout`, and where
windows are in `geometry`. It has pointer and keyboard to itself, so a click outside closes it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from msgspec import Struct

from tray_app.core.presentation.menu_row import Row
from tray_app.core.presentation.menu_text import ROOM_CHARS
from tray_app.desktop.linux.xembed import menu_state, x11
from tray_app.desktop.linux.xembed.delay import Delay, Later
from tray_app.desktop.linux.xembed.geometry import (
    Box,
    beside_icon,
    beside_row,
)
from tray_app.desktop.linux.xembed.menu_layout import Layout, clamp_scroll, layout, scroll_to
from tray_app.desktop.linux.xembed.menu_state import MenuState
from tray_app.desktop.linux.xembed.paint import Painter, scroll_end

_log = logging.getLogger(__name__)

# So long the pointer rests on a row before its submenu opens, or another one closes.
REST_S = 0.2
# A button that is let go so soon after it opened the menu has chosen nothing.
OPENING_MS = 400
SCROLL_EVERY_S = 0.06
WHEEL_UP, WHEEL_DOWN = 4, 5
LAST_CLICK = 3  # of the mouse buttons that click
GRAB_PAUSES_S = (0.02, 0.05, 0.1, 0.2)


class _Level(Struct):
    """One window. ``shown`` is what it shows, so that only a change is drawn."""

    window: x11.Window
    layout: Layout
    box: Box
    scroll: int = 0
    shown: object = None


class OpenMenu:
    """It stands beside the ``anchor`` and inside the ``area``. ``read`` gives the rows as they are
    now; ``on_close`` gets the key of the row that was clicked, or None."""

    def __init__(
        self,
        connection: x11.Connection,
        painter: Painter,
        anchor: Box,
        area: Box,
        read: Callable[[], Sequence[Row]],
        on_close: Callable[[str | None], None],
        later: Later,
    ) -> None:
        self._connection = connection
        self._painter = painter
        self._anchor, self._area = anchor, area
        self._read = read
        self._on_close = on_close
        self._rows = tuple(read())
        self._levels: list[_Level] = []
        self._state = MenuState()
        self._rest, self._scrolling, self._grabbing = Delay(later), Delay(later), Delay(later)
        self._is_pressed = False
        self._opened_ms = 0

    def open(self, time_ms: int) -> None:
        """Show it; it closes at once where another program holds the pointer."""
        self._opened_ms = time_ms
        self._show(self._state)
        if self._levels:
            self._grab(time_ms, iter(GRAB_PAUSES_S))
        else:
            self.close()

    def _grab(self, time_ms: int, pauses: object) -> None:
        if self._connection.grab(self._levels[0].window, time_ms):
            return
        pause_s = next(pauses, None)  # type: ignore[call-overload]
        if pause_s is None:
            _log.info("no menu: another program holds the pointer or the keyboard")
            self.close()
        else:
            self._grabbing.start(pause_s, lambda: self._grab(time_ms, pauses))

    def refresh(self) -> None:
        """Rows may have changed."""
        self._rows = tuple(self._read())
        self._show(menu_state.settle(self._state, self._rows))

    def close(self, chosen: str | None = None) -> None:
        """Take it away, and report what was clicked."""
        self._connection.ungrab()
        self.abandon()
        self._on_close(chosen)

    def abandon(self) -> None:
        """Take its windows away, and report nothing."""
        for delay in (self._rest, self._scrolling, self._grabbing):
            delay.stop()
        for level in reversed(self._levels):
            level.window.destroy()
        self._levels.clear()

    def handle(self, event: x11.Event) -> None:
        """What the pointer or the keyboard has done."""
        if not self._levels:
            return
        match event:
            case x11.Moved(x, y):
                self._move(x, y)
            case x11.Pressed(_, button, x, y) if button in (WHEEL_UP, WHEEL_DOWN):
                self._wheel(x, y, -1 if button == WHEEL_UP else 1)
            case x11.Pressed(_, button, x, y) if button <= LAST_CLICK:
                self._is_pressed = self._level_at(x, y) is not None
                if not self._is_pressed:
                    self.close()
            case x11.Released(button, x, y, time_ms) if button <= LAST_CLICK:
                if self._is_pressed or time_ms - self._opened_ms >= OPENING_MS:
                    self._click(x, y)
                self._is_pressed = False
            case x11.KeyPressed(key):
                self._rest.stop()
                self._show(menu_state.keyboard(self._state, key, self._rows), is_key=True)

    # Mouse

    def _level_at(self, x: int, y: int) -> int | None:
        for number in reversed(range(len(self._levels))):
            if self._levels[number].box.holds(x, y):
                return number
        return None

    def _row_at(self, number: int, x: int, y: int) -> Row | None:
        level = self._levels[number]
        placed = level.layout.at(x - level.box.left, y - level.box.top + level.scroll)
        return placed.row if placed else None

    def _move(self, x: int, y: int) -> None:
        number = self._level_at(x, y)
        way = self._end_at(number, y) if number is not None else 0
        if number is None or way:
            self._rest.stop()
            if number is not None and not self._scrolling.is_waiting:
                self._scroll_on(number, way)
            elif number is None:
                self._scrolling.stop()
            return
        self._scrolling.stop()
        row = self._row_at(number, x, y)
        self._rest_on(number, row.key if row and row.enabled else None)

    def _rest_on(self, number: int, key: str | None) -> None:
        """Select a row at once; open its submenu, and close another one, after a rest: on its way
        to a submenu the pointer crosses other rows."""
        state = self._state
        if key is None or state.path[number : number + 1] == (key,):
            self._rest.stop()
            if number == len(state.path):
                self._select(None)
            return
        rested = menu_state.point(state, number, key, self._rows)
        is_deepest = number == len(state.path)
        if is_deepest and state.selected == key and self._rest.is_waiting:
            return
        if is_deepest:
            self._select(key)
        if not is_deepest or rested.path != state.path:
            self._rest.start(
                REST_S,
                lambda: self._show(menu_state.point(self._state, number, key, self._rows)),
            )
        else:
            self._rest.stop()

    def _select(self, key: str | None) -> None:
        """In the level that was opened last; the pointer moves far more often than that changes."""
        if key != self._state.selected:
            self._show(MenuState(self._state.path, key))

    def _click(self, x: int, y: int) -> None:
        number = self._level_at(x, y)
        row = self._row_at(number, x, y) if number is not None else None
        if number is not None and row is not None and not self._end_at(number, y):
            self._rest.stop()
            self._show(menu_state.click(self._state, number, row.key, self._rows))

    # Scrolling

    def _end_at(self, number: int, y: int) -> int:
        """-1 over the arrow at the upper end, 1 over the lower one, else 0."""
        level, end = self._levels[number], scroll_end(self._painter.metrics)
        below = level.layout.height - level.box.height - level.scroll
        if level.scroll > 0 and y < level.box.top + end:
            return -1
        return 1 if below > 0 and y >= level.box.bottom - end else 0

    def _scroll_on(self, number: int, way: int) -> None:
        if number >= len(self._levels) or not way:
            return
        self._scroll_by(number, way * self._painter.metrics.row // 2)
        self._scrolling.start(SCROLL_EVERY_S, lambda: self._scroll_on(number, way))

    def _wheel(self, x: int, y: int, way: int) -> None:
        number = self._level_at(x, y)
        if number is not None:
            self._scroll_by(number, 3 * way * self._painter.metrics.row)

    def _scroll_by(self, number: int, distance: int) -> None:
        level = self._levels[number]
        wanted = clamp_scroll(level.scroll + distance, level.layout.height, level.box.height)
        if wanted == level.scroll:
            self._scrolling.stop()
            return
        level.scroll = wanted
        self._draw(number)

    # Showing

    def _show(self, state: MenuState, *, is_key: bool = False) -> None:
        if not state.is_open:
            self.close(state.chosen)
            return
        kept = _common(self._state.path, state.path) + 1
        self._state = state
        while len(self._levels) > kept:
            self._levels.pop().window.destroy()
        for number in range(len(state.path) + 1):
            self._lay_out(number)
            if is_key:
                self._keep_in_sight(number)
            self._draw(number)

    def _selected(self, number: int) -> str | None:
        path = self._state.path
        return path[number] if number < len(path) else self._state.selected

    def _lay_out(self, number: int) -> None:
        rows = menu_state.rows_at(self._rows, self._state.path[:number])
        metrics = self._painter.metrics
        if number < len(self._levels):
            # An open menu keeps its width: it would move under the pointer.
            known = self._levels[number]
            known.layout = layout(rows, metrics, known.layout.width, known.layout.width)
            self._fit_height(known, number)
            return
        room = metrics.measure("0" * ROOM_CHARS) if number == 0 else self._painter.px(120)
        arranged = layout(rows, metrics, min(room, self._area.width), self._area.width)
        box = self._place(number, arranged)
        window = self._connection.make_popup(box, "POPUP_MENU")
        if window is not None:
            self._levels.append(_Level(window, arranged, box))
            self._draw(number)
            window.show()

    def _fit_height(self, level: _Level, number: int) -> None:
        box = self._place(number, level.layout)
        if box.height != level.box.height:
            level.box = box
            level.window.place(box)
        level.scroll = clamp_scroll(level.scroll, level.layout.height, box.height)

    def _place(self, number: int, arranged: Layout) -> Box:
        if number == 0:
            return beside_icon(self._anchor, arranged.width, arranged.height, self._area)
        above = self._levels[number - 1]
        placed = above.layout.of(self._state.path[number - 1])
        top = placed.box.top - above.scroll if placed else 0
        border = self._painter.metrics.border
        row = Box(above.box.left, above.box.top + top - border, above.box.right, 0)
        return beside_row(
            row, arranged.width, arranged.height, self._area, overlap=self._painter.px(2)
        )

    def _keep_in_sight(self, number: int) -> None:
        level = self._levels[number]
        placed = level.layout.of(self._selected(number))
        if placed is not None and level.layout.height > level.box.height:
            margin = scroll_end(self._painter.metrics)
            wanted = scroll_to(placed.box, level.scroll, level.box.height, margin)
            level.scroll = clamp_scroll(wanted, level.layout.height, level.box.height)

    def _draw(self, number: int) -> None:
        if number >= len(self._levels):
            return
        level = self._levels[number]
        content = (level.layout, level.box, level.scroll, self._selected(number))
        if content == level.shown:
            return
        level.shown = content
        image = self._painter.menu(level.layout, level.box.height, level.scroll, content[-1])
        level.window.take_pixels(*image.size, x11.native(image.convert("RGBA").tobytes()))


def _common(one: Sequence[str], other: Sequence[str]) -> int:
    """How many keys two paths have in common, from the top down."""
    count = 0
    for mine, theirs in zip(one, other, strict=False):
        if mine != theirs:
            break
        count += 1
    return count
