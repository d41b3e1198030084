"""The desktop as views use it: an icon, its menu, and notifications.

Which icon it is was decided in `backends`.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from tray_app import APP_ID
from tray_app.core.model.icon_options import Theme
from tray_app.core.model.sanitize import visible
from tray_app.core.monitor.commands import LeftClick, Order, ShowStatus
from tray_app.core.presentation.menu_row import Row
from tray_app.core.presentation.notifications import Note
from tray_app.desktop import paths
from tray_app.desktop.icon_adapters import MenuSource
from tray_app.desktop.session import session_marks
from tray_app.worker_thread import WorkerThread

if TYPE_CHECKING:
    from tray_app.desktop.icon_adapters import PanelIcon
    from tray_app.desktop.linux.notification_service import BusNotifications
    from tray_app.desktop.linux.session_bus import SessionBus
    from tray_app.desktop.notifier import DeliveryResult, NotificationChain
    from tray_app.desktop.windows.toasts import Toasts

# The pictures of notifications in pixels, on a usual and on a dense screen.
NOTE_PX, DENSE_NOTE_PX = 48, 96
LEAVE_LIMIT_S = 1.0
"""For the end of the session bus beside an icon of another kind."""


class Desktop:
    """An icon in the panel with a menu, and notifications. `run` owns the main thread.

    ``on_notifier`` is called when a notification service appears, from any thread;
    ``on_session_end`` if no signal reports the session's end (Windows, macOS), and the process may
    end when it returns. ``on_close`` when the desktop wants this program to end, from any thread.
    ``on_settled`` gets, from any thread, the late result of a notification. A left click on the
    icon submits LeftClick, like a row of the menu.
    """

    def __init__(
        self,
        backend: str,
        icon: PanelIcon,
        bus: SessionBus | None = None,
        *,
        has_toasts: bool = False,
    ) -> None:
        from pystray import Menu, MenuItem

        self.backend = backend
        self._menu_type, self._item_type = Menu, MenuItem
        self._icon = icon
        self._bus = bus
        self._read: Callable[[], Sequence[Row]] | None = None
        self._known: tuple[Any, dict[str, Row]] = (None, {})
        self._shown: tuple[Row, ...] = ()
        self._shape: object = None
        self._submit: Callable[[Order], None] = lambda _: None
        icon.on_click = lambda: self._submit(LeftClick())
        self.on_notifier: Callable[[], None] = lambda: None
        self.on_session_end: Callable[[], None] = lambda: None
        self.on_close: Callable[[], None] = lambda: None
        self.on_settled: Callable[[Note, DeliveryResult], None] = lambda _note, _delivery: None
        self.on_note_ended: Callable[[Note, bool], None] = lambda _note, _clicked: None
        self._newest_note: Note | None = None
        self._service = self._notification_service(bus) if bus is not None else None
        self._toasts = self._windows_toasts() if has_toasts else None
        self._chain: NotificationChain | None = None

    def _windows_toasts(self) -> Toasts:
        from tray_app.desktop.windows.toasts import Toasts

        return Toasts(lambda command: self._submit(command), self.note_clicked)

    def _notification_service(self, bus: SessionBus) -> BusNotifications:
        from tray_app.desktop.linux.notification_service import BusNotifications

        return BusNotifications(
            bus,
            "RunAnalyze",
            APP_ID,
            press=lambda command: self._submit(command),
            appeared=lambda: self.on_notifier(),
            ended=lambda note, clicked: self.on_note_ended(note, clicked),
        )

    def _notifications(self) -> NotificationChain:
        """The notifier; made at its first use, because plyer takes 6 ms."""
        if self._chain is None:
            from tray_app.desktop import notifier

            means: list[Any] = []
            if self._service is not None:
                means.append(self._service)
            if self._toasts is not None:
                means.append(notifier.InTime(self._toasts.name, self._toasts.show))
            if self._service is None and (beside := self._icon.notify):
                means.append(notifier.InTime(self.backend, beside))
            if sys.platform != "win32":  # there it would be another balloon, unchecked
                means.append(notifier.InTime("plyer", notifier.plyer_native))
            self._chain = notifier.NotificationChain(tuple(means))
        return self._chain

    def run(self, ready: Callable[[], None]) -> None:
        """Show the icon and serve it until `stop`; ``ready`` runs once, in another thread."""

        def begin() -> None:
            ready()
            self._notifications()  # not if there is a problem to report

        bus, serving = self._bus, None
        if bus is not None and not self._icon.serves_bus:
            # An icon of another kind ends with its display.
            serving = WorkerThread("bus", lambda: bus.run(outlives_session=True), again=False)
            serving.start()
        self._icon.run(begin)
        if bus is not None:
            bus.stop()
        if serving is not None:
            serving.join(LEAVE_LIMIT_S)

    def stop(self) -> None:
        """Remove the icon and let `run` return; from any thread."""
        if self._toasts is not None:
            self._toasts.close_all()
        self._icon.stop()

    @property
    def is_shown(self) -> bool:
        """Whether a panel has the icon, as far as is known; from any thread."""
        return self._icon.is_shown

    def shows_to(self, marks: Mapping[str, Any]) -> bool:
        """Whether this instance can show anything in the session with these marks.

        It can if a panel shows the icon, or will: the session is the same and its bus is connected.
        """
        if self._icon.ends_with_display or self._icon.is_shown:
            return True
        own = session_marks()
        is_same = any(mark == marks.get(name) for name, mark in own.items())
        return is_same and self._bus is not None and self._bus.is_connected

    def sizes(self, drawn: Sequence[int]) -> Sequence[int]:
        """The useful ones of the sizes that can be drawn, in pixels."""
        return self._icon.sizes(drawn)

    def show_images(self, images: Sequence[Any]) -> None:
        """The picture in these sizes, smallest first (Pillow images)."""
        self._icon.show_images(images)

    def show_attention(self, wanted: bool) -> None:
        """Reveal the icon, if the desktop can."""
        self._icon.show_attention(wanted)

    def show_tooltip(self, text: str) -> None:
        """The text under the pointer; its first line is the title."""
        self._icon.show_tooltip(text)

    def show_theme(self, theme: Theme) -> None:
        """How windows of our own are drawn: for a dark or a light panel."""
        self._icon.show_theme(theme)

    def show_menu(
        self,
        read: Callable[[], Sequence[Row]],
        submit: Callable[[Order], None],
        shape: object = None,
    ) -> None:
        """The menu that ``read`` returns. It is called for each row that is shown, so it should
        return the same object while nothing changes.

        Rows keep number, order and kind while ``shape`` is the same.
        """
        self._submit = submit
        is_other, self._read = self._read is None or shape != self._shape, read
        self._shape = shape
        if is_other:
            self._shown = tuple(read())
            self._icon.set_menu(
                MenuSource(self._items, self._rows, self._choose, lambda each: self._submit(each))
            )
        elif self._icon.asks_for_menu:
            self._icon.update_menu()
        elif not self._icon.is_menu_open and (rows := tuple(read())) != self._shown:
            self._shown = rows
            self._icon.update_menu()

    def note_clicked(self) -> None:
        """The user has clicked the newest notification, beside its buttons if it has any: its own
        command for that, or the status."""
        command: Order = ShowStatus()
        if (note := self._newest_note) is not None:
            self.on_note_ended(note, True)
            command = next((each.command for each in note.actions if each.on_text), command)
        self._submit(command)

    @property
    def runs_python(self) -> bool:
        """Whether Python's handlers of signals run while `run` waits."""
        return self._icon.runs_python

    @property
    def asks_for_menu(self) -> bool:
        """Whether the panel reads the menu when it opens, and that is reported."""
        return self._icon.asks_for_menu

    def _row(self, key: str) -> Row:
        """A row as it is now."""
        read, (known, rows) = self._read, self._known
        newest = read() if read else known
        if newest is not known:
            rows = {row.key: row for row in _all(newest)}
            self._known = (newest, rows)
        # A panel may ask for a row of the menu before.
        return rows.get(key) or Row(key)

    def _rows(self) -> Sequence[Row]:
        return self._read() if self._read else ()

    def _choose(self, key: str) -> None:
        if command := self._row(key).command:
            self._submit(command)

    def _items(self) -> list[Any]:
        return [self._item(row) for row in self._shown]

    def _item(self, row: Row) -> Any:
        if row.separator:
            return self._menu_type.SEPARATOR
        live = _LiveRow(row.key, self._row, self._choose)
        children = [self._item(child) for child in row.children]
        return self._item_type(
            live.text,
            self._menu_type(*children) if children else live.click,
            checked=live.checked if row.checked is not None else None,
            radio=row.radio,
            enabled=live.enabled,
            visible=live.visible,
        )

    def note_px(self, drawn: Sequence[int]) -> int:
        """The size of a notification's picture, one of those that can be drawn."""
        return DENSE_NOTE_PX if _is_dense() and DENSE_NOTE_PX in drawn else NOTE_PX

    def chart_px(self) -> int:
        """The size in which the notification service shows a chart, in pixels."""
        usual_px = NOTE_PX if self._service is None else self._service.image_px() or NOTE_PX
        return 2 * usual_px if _is_dense() else usual_px

    def notify(self, note: Note, image: Any = None) -> DeliveryResult:
        """Send a notification with a picture (a Pillow image); blocks until it is delivered, has
        failed, or has got no answer: then ``on_settled`` gets its result later."""
        from tray_app.desktop.notifier import DeliveryResult

        self._newest_note = note
        chain = self._notifications()
        chain.notify(
            title=visible(note.title),
            message=visible(note.text, keep="\n"),
            app_name="RunAnalyze",
            app_icon=paths.app_icon(),
            hints={
                "urgency": note.urgency,
                "replace": note.slot,
                "about": note,
                "actions": note.actions,
                "settled": lambda delivery: self.on_settled(note, delivery),
                "silent": note.silent,
                "image": image,
                "stays": note.stays,
            },
        )
        return chain.last or DeliveryResult(note.title, None, "nothing was tried")

    def close_note(self, replace: str) -> None:
        """Close the notification with this ``replace``, where that can be done; returns at once."""
        if self._service is not None:
            self._service.close(replace)
        if self._toasts is not None:
            self._toasts.close(replace)

    def notes_left(self) -> Mapping[str, Any] | None:
        """The notifications on the screen, as plain values, for `close_notes_left` of the next run;
        from any thread."""
        return self._service.left() if self._service is not None else None

    def close_notes_left(self, left: Mapping[str, Any]) -> None:
        """Close the notifications that an earlier run has left on the screen."""
        if self._service is not None:
            self._service.close_left(left)

    def open(self, place: str, report: Callable[[str], None]) -> None:
        """Open a directory, a page or an address; returns at once, and only a problem is
        reported."""
        from tray_app.desktop.opener import open_place

        open_place(place, report)

    def edit(self, file: str, line: int, report: Callable[[str], None]) -> None:
        """Open a text file in an editor, likewise, at this line if the editor can."""
        from tray_app.desktop.opener import edit_file

        edit_file(file, line, report)


class _LiveRow:
    """What pystray asks of a row, as it is now. Ten servers have a thousand rows: methods of one
    object take half the memory of as many functions."""

    __slots__ = ("_choose", "_key", "_row")

    def __init__(self, key: str, row: Callable[[str], Row], choose: Callable[[str], None]) -> None:
        self._key = key
        self._row = row
        self._choose = choose

    def click(self, _icon: Any, _item: Any) -> None:
        self._choose(self._key)

    def text(self, _item: Any) -> str:
        return self._row(self._key).text

    def checked(self, _item: Any) -> bool | None:
        return self._row(self._key).checked

    def enabled(self, _item: Any) -> bool:
        return self._row(self._key).enabled

    def visible(self, _item: Any) -> bool:
        return bool(self._row(self._key).text)


def _is_dense() -> bool:
    scales = (os.environ.get(name, "") for name in ("GDK_SCALE", "QT_SCALE_FACTOR"))
    return any(scale[:1].isdecimal() and int(scale[:1]) >= 2 for scale in scales)


def _all(rows: Sequence[Row]) -> Iterator[Row]:
    for row in rows:
        yield row
        yield from _all(row.children)
