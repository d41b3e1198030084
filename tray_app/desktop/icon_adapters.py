"""The kinds of icon behind one interface: ours (StatusNotifierItem, XEmbed) and pystray's."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from msgspec import Struct

from tray_app.core.model.icon_options import Theme
from tray_app.core.monitor.commands import Order
from tray_app.core.presentation.menu_row import Row
from tray_app.desktop.text_limits import NO_LIMITS, WINDOWS, TextLimits, cut_utf16, fit_lines

if TYPE_CHECKING:
    from tray_app.desktop.linux import _sni

# A hanging panel delays the rest of the start by this much at most.
TELL_LIMIT_S = 0.5
STOCK_PX = 64


class MenuSource(Struct, frozen=True):
    """The menu, as an icon may want it: pystray's ``items``, whose texts are functions, or the
    ``rows`` as they are now, and ``choose`` for the key of one that was clicked, or ``submit`` for
    its command."""

    items: Callable[[], Sequence[Any]]
    rows: Callable[[], Sequence[Row]]
    choose: Callable[[str], None]
    submit: Callable[[Order], None]


class PanelIcon(Protocol):
    """An icon with a menu. `run` owns the main thread; everything else comes from any thread.

    ``on_click`` is called for a left click. ``asks_for_menu``: the panel reads the rows when the
    menu opens, and reports that. ``serves_bus``: `run` serves the session bus, too.
    ``ends_with_display``: the icon ends with its display. ``runs_python``: while `run` waits,
    Python's handlers of signals run.
    """

    on_click: Callable[[], None]
    asks_for_menu: bool
    runs_python: bool
    serves_bus: bool
    ends_with_display: bool

    def run(self, ready: Callable[[], None]) -> None:
        """Show the icon until `stop`; ``ready`` runs once, in another thread."""

    def stop(self) -> None: ...

    @property
    def is_shown(self) -> bool:
        """Whether a panel shows the icon, as far as known."""

    def sizes(self, drawn: Sequence[int]) -> Sequence[int]:
        """The useful ones of these sizes in pixels."""

    def show_images(self, images: Sequence[Any]) -> None:
        """The picture in these sizes, smallest first (Pillow images)."""

    def show_attention(self, wanted: bool) -> None: ...
    def show_tooltip(self, text: str) -> None: ...

    def show_theme(self, theme: Theme) -> None:
        """How windows of our own are drawn; others are the panel's."""

    def set_menu(self, menu: MenuSource) -> None:
        """Where the rows come from; again where there are other rows."""

    @property
    def is_menu_open(self) -> bool:
        """Whether an update would close a menu that the user is reading."""

    def update_menu(self) -> None:
        """Rows have changed."""

    @property
    def notify(self) -> Callable[[dict[str, Any]], None] | None:
        """Shows a notification beside the icon; None where the icon has none of its own."""


class SniIcon:
    """Our own icon, which speaks StatusNotifierItem over D-Bus."""

    asks_for_menu = True
    runs_python = True
    serves_bus = True
    ends_with_display = False
    is_menu_open = False  # an open menu accepts new texts
    notify = None

    def __init__(self, icon: _sni.Icon) -> None:
        self._icon = icon
        self.on_click: Callable[[], None] = lambda: None
        icon.on_click = lambda: self.on_click()

    def run(self, ready: Callable[[], None]) -> None:
        def setup(icon: Any) -> None:
            icon.visible = True
            icon.wait_until_told(TELL_LIMIT_S)
            ready()

        self._icon.run(setup)

    def stop(self) -> None:
        self._icon.stop()

    @property
    def is_shown(self) -> bool:
        return self._icon.is_listed

    def sizes(self, drawn: Sequence[int]) -> Sequence[int]:
        return [size for size in drawn if size <= self._icon.LARGEST_PX]

    def show_images(self, images: Sequence[Any]) -> None:
        self._icon.set_images(images)

    def show_attention(self, wanted: bool) -> None:
        self._icon.set_attention(wanted)

    def show_tooltip(self, text: str) -> None:
        self._icon.title = text

    def show_theme(self, theme: Theme) -> None:
        """The panel draws tooltip and menu."""

    def set_menu(self, menu: MenuSource) -> None:
        from pystray import Menu

        self._icon.menu = Menu(*menu.items())

    def update_menu(self) -> None:
        self._icon.update_menu()


class StockIcon:
    """One of pystray's own icons (Windows, macOS, GTK), with the platform's ``limits`` of text."""

    asks_for_menu = False
    runs_python = False
    serves_bus = False
    ends_with_display = True

    def __init__(self, icon: Any, limits: TextLimits = NO_LIMITS) -> None:
        self._icon = icon
        self._limits = limits
        self._touch: Callable[[Callable[[], None]], None] = _at_once
        self.on_click: Callable[[], None] = lambda: None

    def run(self, ready: Callable[[], None]) -> None:
        def setup(icon: Any) -> None:
            # Before the first change: while an icon comes up, pystray queues changes, and some did
            # not show until the next one.
            self._touch(lambda: setattr(icon, "visible", True))
            ready()

        self._touch = _toucher()
        self._icon.run(setup)

    def stop(self) -> None:
        self._touch(self._icon.stop)

    @property
    def is_shown(self) -> bool:
        return bool(self._icon.visible)

    def sizes(self, drawn: Sequence[int]) -> Sequence[int]:
        return [max(size for size in drawn if size <= STOCK_PX)]  # the platform scales it

    def show_images(self, images: Sequence[Any]) -> None:
        self._touch(lambda: setattr(self._icon, "icon", images[-1]))

    def show_attention(self, wanted: bool) -> None:
        """A stock icon has no such state."""

    def show_tooltip(self, text: str) -> None:
        title = fit_lines(text, self._limits.tooltip)
        self._touch(lambda: setattr(self._icon, "title", title))

    def show_theme(self, theme: Theme) -> None:
        """The platform draws tooltip and menu."""

    def set_menu(self, menu: MenuSource) -> None:
        from pystray import Menu

        rows = Menu(*menu.items(), self._click_row())
        self._touch(lambda: setattr(self._icon, "menu", rows))

    def _click_row(self) -> Any:
        """pystray calls the menu's default row for a left click."""
        from pystray import MenuItem

        return MenuItem("Show status", lambda *_: self.on_click(), default=True, visible=False)

    @property
    def is_menu_open(self) -> bool:
        """GTK's menu is made again at each update, and one that is shown would vanish."""
        mapped = getattr(getattr(self._icon, "_menu_handle", None), "get_mapped", None)
        return mapped is not None and bool(mapped())

    def update_menu(self) -> None:
        self._touch(self._icon.update_menu)

    @property
    def notify(self) -> Callable[[dict[str, Any]], None] | None:
        return self._notify if self._icon.HAS_NOTIFICATION else None

    def _notify(self, note: dict[str, Any]) -> None:
        limits = self._limits
        text, title = (
            cut_utf16(note["message"], limits.text),
            cut_utf16(note["title"], limits.title),
        )
        self._icon.notify(text, title)


class FrozenMenuIcon(StockIcon):
    """A stock icon that builds its menu when it opens, and cannot change it while it is open.

    So each row keeps the command that it was shown with: what a row says is what it does, also
    when something else has its place by then.
    """

    asks_for_menu = True
    is_menu_open = False

    def set_menu(self, menu: MenuSource) -> None:
        from pystray import Menu

        def items() -> list[Any]:
            return [*(_frozen(row, menu.submit) for row in menu.rows()), self._click_row()]

        self._touch(lambda: setattr(self._icon, "menu", Menu(items)))

    def update_menu(self) -> None:
        """It is read when it opens."""


class WindowsIcon(FrozenMenuIcon):
    """pystray's Windows icon, as `windows.tray_icon` mends it."""

    def __init__(self, icon: Any) -> None:
        super().__init__(icon, WINDOWS)

    def sizes(self, drawn: Sequence[int]) -> Sequence[int]:
        return [size for size in drawn if size <= STOCK_PX]  # the scale may change

    def show_images(self, images: Sequence[Any]) -> None:
        self._icon.set_images(images)

    def show_tooltip(self, text: str) -> None:
        super().show_tooltip(text.replace("&", self._icon.hooks.shell.ampersand()))

    def _notify(self, note: dict[str, Any]) -> None:
        from tray_app.desktop.windows.tray_icon import balloon_kind

        hints = note.get("hints") or {}
        about = hints.get("about")
        kind = balloon_kind(
            int(hints.get("urgency", 1)),
            warns=about is not None and about.about_s is not None,
            silent=bool(hints.get("silent")),
        )
        title = cut_utf16(note["title"], self._limits.title)
        self._icon.show_balloon(title, cut_utf16(note["message"], self._limits.text), kind)


class MacIcon(FrozenMenuIcon):
    """pystray's macOS icon, as `macos.status_icon` mends it."""

    def sizes(self, drawn: Sequence[int]) -> Sequence[int]:
        from tray_app.desktop.macos.status_icon import PIXELS

        return [size for size in drawn if size in PIXELS]

    def show_images(self, images: Sequence[Any]) -> None:
        self._touch(lambda: self._icon.set_images(images))


def _frozen(row: Row, submit: Callable[[Order], None]) -> Any:
    """A row as it is now, for a menu of pystray."""
    from pystray import Menu, MenuItem

    if row.separator:
        return Menu.SEPARATOR
    command = row.command

    def click(_icon: Any, _item: Any) -> None:
        if command is not None:
            submit(command)

    checked = row.checked
    return MenuItem(
        row.text,
        Menu(*(_frozen(child, submit) for child in row.children)) if row.children else click,
        checked=None if checked is None else lambda _: checked,
        radio=row.radio,
        enabled=row.enabled,
        visible=bool(row.text),
    )


def _at_once(action: Callable[[], None]) -> None:
    action()


def _toucher() -> Callable[[Callable[[], None]], None]:
    """How to change a running icon: AppKit's only from the main thread."""
    if sys.platform == "darwin":
        from PyObjCTools import AppHelper

        after: Callable[[Callable[[], None]], None] = AppHelper.callAfter
        return after
    return _at_once
