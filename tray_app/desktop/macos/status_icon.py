"""pystray's macOS icon, mended where it falls short. Written by reading: it was never run.

- Ctrl-C ended pystray's loop by `terminate:`, which ends the process with nothing stored, and
  SIGTERM waited for an event. Here no signal is handled in the loop: a thread of
  `runtime.ending` hears of them.
- The logout ended the process without a word. Here AppKit's notification of it is heard.
- pystray makes another menu at each update, also while one is open, and a click then ran the row
  that has the same place in the new one. Here the menu is filled when it opens, and stays so.
- The Dock showed Python's icon. Here the program is an accessory: its icon is in the menu bar only.
- The picture was scaled to the menu bar's points. Here it has one in its pixels for a usual and for
  a Retina screen. It is no template, which macOS would draw in one colour: the colour is the news.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

POINTS = 22
"""The icon's size, as far as the menu bar has room for it."""
PIXELS = (POINTS, 2 * POINTS)
"""On a usual and on a Retina screen."""
ACCESSORY = 1


class Hooks(NamedTuple):
    """What the icon calls: AppKit, Foundation, ``on_menu`` when the menu opens or closes, and
    ``until_read``, which waits, briefly, until what only an open menu shows was read."""

    app_kit: Any
    foundation: Any
    on_menu: Callable[[bool], None] = lambda _: None
    until_read: Callable[[], None] = lambda: None


if TYPE_CHECKING:
    _Base = Any
else:
    _Base = object


class MendedIcon(_Base):  # type: ignore[misc]  # pystray has no types
    """What is put over pystray's icon: see `icon_type`."""

    hooks: Hooks

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.on_session_end: Callable[[], None] = lambda: None
        self._images: Sequence[Any] = ()
        self._filled: tuple[Any, list[Any]] | None = None
        self._menu_delegate = _menu_delegate(self.hooks.foundation, self)
        self._app.setActivationPolicy_(ACCESSORY)
        center = self.hooks.foundation.NSNotificationCenter.defaultCenter()
        self._observer = center.addObserverForName_object_queue_usingBlock_(
            self.hooks.app_kit.NSApplicationWillTerminateNotification,
            *(None, None),
            lambda _notification: self.on_session_end(),
        )

    def set_images(self, images: Sequence[Any]) -> None:
        """The picture in `PIXELS`."""
        self._images = images
        self.icon = images[-1]

    def _run(self) -> None:
        self._mark_ready()
        try:
            self._app.run()
        finally:
            self._status_bar.removeStatusItem_(self._status_item)

    def _update_menu(self) -> None:
        """Nothing: rows are read when the menu opens."""
        if self._filled is not None:
            return
        menu = self.hooks.app_kit.NSMenu.alloc().initWithTitle_(self.name)
        menu.setAutoenablesItems_(False)
        menu.setDelegate_(self._menu_delegate)
        self._status_item.setMenu_(menu)
        self._menu_handle = self._filled = (menu, [])

    def fill_menu(self) -> None:
        """The menu is about to open."""
        if self._filled is None:
            return
        self.hooks.on_menu(True)
        self.hooks.until_read()
        menu, callbacks = self._filled[0], list[Any]()
        made = self._create_menu(self.menu, callbacks)
        menu.removeAllItems()
        for item in list(made.itemArray()) if made else ():
            made.removeItem_(item)
            menu.addItem_(item)
        self._menu_handle = self._filled = (menu, callbacks)

    def menu_closed(self) -> None:
        """The menu has closed; a click on a row comes after it."""
        self.hooks.on_menu(False)

    def _assert_image(self) -> None:
        kit, foundation = self.hooks.app_kit, self.hooks.foundation
        points = min(POINTS, int(self._status_bar.thickness()))
        image = kit.NSImage.alloc().initWithSize_((points, points))
        for picture in self._images or [self._icon]:
            png = io.BytesIO()
            picture.save(png, "PNG")
            data = foundation.NSData.dataWithBytes_length_(png.getvalue(), len(png.getvalue()))
            drawn = kit.NSBitmapImageRep.imageRepWithData_(data)
            drawn.setSize_((points, points))
            image.addRepresentation_(drawn)
        image.setTemplate_(False)
        self._icon_image = image
        self._status_item.button().setImage_(image)


def _menu_delegate(foundation: Any, icon: MendedIcon) -> Any:
    """An object of AppKit's kind that hears when the menu opens and closes. A menu does not hold
    its delegate, so the icon must."""

    class MenuDelegate(foundation.NSObject):  # type: ignore[misc]
        def menuNeedsUpdate_(self, _menu: Any) -> None:
            icon.fill_menu()

        def menuDidClose_(self, _menu: Any) -> None:
            icon.menu_closed()

    return MenuDelegate.alloc().init()


def icon_type(base: Any, hooks: Hooks) -> Any:
    """pystray's icon ``base``, mended. Its ``on_session_end`` is called when the user logs out or
    macOS ends the program; the process ends when it returns."""
    return type("Icon", (MendedIcon, base), {"hooks": hooks})
