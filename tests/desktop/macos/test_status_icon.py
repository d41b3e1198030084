"""What pystray's macOS icon is made to do; AppKit and pystray's icon are stand-ins.

Nothing of this was ever run on macOS.
"""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image

from tests.desktop.fake_icon import rows
from tests.desktop.test_contracts import function, signatures
from tray_app.core.monitor.commands import Command, SetPaused
from tray_app.core.presentation.menu_row import Row
from tray_app.desktop import backends
from tray_app.desktop.panel_icon import Desktop


class Thing:
    """An object of AppKit's: remembers what it was told, by name."""

    def __init__(self, **told: Any) -> None:
        self.told: dict[str, Any] = told

    @classmethod
    def alloc(cls) -> Any:
        return cls()

    def init(self) -> Any:
        return self

    def __getattr__(self, name: str) -> Any:
        if name.startswith(("init", "set")):
            return lambda value: [self.told.update({name: value}), self][1]
        raise AttributeError(name)


class Menu(Thing):
    """NSMenu, as far as it holds items."""

    def __init__(self) -> None:
        super().__init__()
        self.items: list[Any] = []

    def itemArray(self) -> list[Any]:
        return self.items

    def addItem_(self, item: Any) -> None:
        self.items.append(item)

    def removeItem_(self, item: Any) -> None:
        self.items.remove(item)

    def removeAllItems(self) -> None:
        self.items.clear()


class Picture(Thing):
    """NSImage, with its pictures in pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.drawn: list[Thing] = []

    def addRepresentation_(self, drawn: Thing) -> None:
        self.drawn.append(drawn)


class Kit:
    """AppKit and Foundation in one."""

    NSApplicationWillTerminateNotification = "will terminate"
    NSMenu, NSImage, NSObject = Menu, Picture, Thing

    def __init__(self) -> None:
        self.observed: dict[str, Any] = {}
        self.NSNotificationCenter = self.NSData = self.NSBitmapImageRep = self

    def defaultCenter(self) -> Any:
        return self

    def addObserverForName_object_queue_usingBlock_(
        self, name: str, _of: None, _queue: None, block: Any
    ) -> Any:
        self.observed[name] = block
        return block

    def dataWithBytes_length_(self, data: bytes, length: int) -> bytes:
        return data[:length]

    def imageRepWithData_(self, data: bytes) -> Thing:
        return Thing(px=Image.open(io.BytesIO(data)).width)


class StockIcon:
    """pystray's macOS icon as far as it is mended."""

    HAS_NOTIFICATION = True
    __module__ = "pystray._darwin"
    made: Any = None

    def __init__(self, name: str) -> None:
        StockIcon.made = self
        self.name = name
        self.calls: list[str] = []
        self._app = Thing(run=lambda: self.calls.append("run"))
        self._app.run = self._app.told["run"]  # type: ignore[attr-defined]
        self._button = Thing()
        self._status_item = Thing()
        self._status_item.button = lambda: self._button  # type: ignore[attr-defined]
        self._status_bar = Thing()
        self._status_bar.thickness = lambda: 24.0  # type: ignore[attr-defined]
        self._status_bar.removeStatusItem_ = lambda _: self.calls.append("removed")  # type: ignore[attr-defined]
        self._icon: Any = None
        self._menu: Any = ()
        self.visible = True

    @property
    def icon(self) -> Any:
        return self._icon

    @icon.setter
    def icon(self, image: Any) -> None:
        self._icon = image
        self._assert_image()  # type: ignore[attr-defined]

    @property
    def menu(self) -> Any:
        return self._menu

    @menu.setter
    def menu(self, menu: Any) -> None:
        self._menu = menu
        self._update_menu()  # type: ignore[attr-defined]

    def _mark_ready(self) -> None:
        self.calls.append("ready")

    def _create_menu(self, descriptors: Any, callbacks: list[Any]) -> Menu | None:
        if not descriptors:
            return None
        made = Menu()
        for each in descriptors:
            made.addItem_((each.text, len(callbacks)))
            callbacks.append(each)
        return made

    def click(self, text: str) -> None:
        """As pystray's delegate does: the callback with the clicked item's number."""
        menu, callbacks = self._menu_handle  # type: ignore[attr-defined]
        (number,) = [number for shown, number in menu.items if shown == text]
        callbacks[number](self)


@pytest.fixture
def kit() -> Kit:
    return Kit()


def shown(kit: Kit, **hooks: Any) -> tuple[Desktop, Any]:
    with backends.harmless_pystray():
        desktop = backends.macos_desktop(StockIcon, kit, kit, **hooks)
    return desktop, StockIcon.made


def test_the_menu_is_filled_when_it_opens(kit: Kit) -> None:
    """After what only an open menu shows was read; a change while it is open changes nothing, and
    a click runs the row that was clicked."""
    told: list[Any] = []
    desktop, icon = shown(kit, on_menu=told.append, until_read=lambda: told.append("read"))
    submitted: list[Command] = []
    newest = [rows("300 MB", False)]
    desktop.show_menu(lambda: newest[0], submitted.append)
    menu = icon._status_item.told["setMenu_"]
    delegate = menu.told["setDelegate_"]
    assert (menu.items, told) == ([], [])
    delegate.menuNeedsUpdate_(menu)
    assert [text for text, _ in menu.items if text != "- - - -"] == ["300 MB", "Pause", "More"]
    newest[0] = (Row("more", "More", SetPaused(False)), *newest[0])
    desktop.show_menu(lambda: newest[0], submitted.append)
    delegate.menuDidClose_(menu)
    icon.click("Pause")
    assert submitted == [SetPaused(True)]
    assert told == [True, "read", False]
    delegate.menuNeedsUpdate_(menu)
    assert menu.items[0][0] == "More"
    assert icon._status_item.told["setMenu_"] is menu


def test_a_menu_without_rows_is_empty(kit: Kit) -> None:
    """And one that opens before there is any."""
    desktop, icon = shown(kit)
    icon.fill_menu()
    desktop.show_menu(lambda: (), lambda _: None)
    icon.fill_menu()
    assert icon._status_item.told["setMenu_"].items == []


def test_the_icon_is_in_the_menu_bar_only(kit: Kit) -> None:
    """Without one in the Dock."""
    _, icon = shown(kit)
    assert icon._app.told["setActivationPolicy_"] == 1


def test_the_picture_has_the_pixels_of_both_screens(kit: Kit) -> None:
    """Natively drawn for a usual and a Retina screen, in its own colours."""
    desktop, icon = shown(kit)
    assert desktop.sizes((16, 22, 24, 44, 64)) == [22, 44]
    desktop.show_images([Image.new("RGBA", (size, size)) for size in (22, 44)])
    image = icon._button.told["setImage_"]
    assert [each.told["px"] for each in image.drawn] == [22, 44]
    assert {each.told["setSize_"] for each in image.drawn} == {(22, 22)}
    assert image.told["initWithSize_"] == (22, 22)
    assert image.told["setTemplate_"] is False


def test_the_logout_is_heard(kit: Kit) -> None:
    """AppKit ends the process after it."""
    desktop, _ = shown(kit)
    ended: list[str] = []
    desktop.on_session_end = lambda: ended.append("ended")
    kit.observed[Kit.NSApplicationWillTerminateNotification](None)
    assert ended == ["ended"]


def test_the_loop_leaves_signals_to_python(kit: Kit) -> None:
    """pystray's would end the process by itself; the icon goes with the loop."""
    desktop, icon = shown(kit)
    icon._run()
    assert icon.calls == ["ready", "run", "removed"]
    assert desktop.runs_python is False


def test_macos_icon_of_pystray_is_as_it_is_taken_for() -> None:
    """The methods that are replaced are there, and do what was read."""
    found = signatures("pystray._darwin", "Icon")
    replaced = {"_run", "_update_menu", "_assert_image"}
    assert {name: found[name] for name in replaced} == dict.fromkeys(replaced, "self")
    assert found["_create_menu"] == "self, descriptors, callbacks"
    made = function("pystray._darwin", "Icon", "__init__")
    for part in ("self._app =", "self._status_bar =", "self._status_item ="):
        assert part in made
    loop = function("pystray._darwin", "Icon", "_run")
    assert "MachSignals.signal(signal.SIGINT" in loop
    assert "self._status_bar.removeStatusItem_(self._status_item)" in loop
    clicked = function("pystray._darwin", "IconDelegate", "activate_menu_item")
    assert "callbacks[sender.tag()](self.icon)" in clicked
