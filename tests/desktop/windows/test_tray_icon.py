"""What pystray's Windows icon is made to do; the icon itself and Windows are stand-ins."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any, ClassVar

import pytest
from PIL import Image

from tests.desktop.fake_icon import rows
from tray_app.core.monitor.commands import Command, LeftClick, SetPaused, ShowStatus
from tray_app.core.presentation.menu_row import Row
from tray_app.core.presentation.notifications import Action, Note, Urgency
from tray_app.desktop import backends
from tray_app.desktop.icon_adapters import WindowsIcon
from tray_app.desktop.panel_icon import Desktop
from tray_app.desktop.text_limits import WINDOWS
from tray_app.desktop.windows import tray_icon
from tray_app.desktop.windows.tray_icon import WM_RBUTTONUP, Hooks, fitting, icon_type
from tray_app.desktop.windows.winapi import Shell


class StockWindowsIcon:
    """pystray's Windows icon as far as it is mended: its menu is built by a call, shown by a right
    click, and its messages are looked up in a table."""

    HAS_NOTIFICATION = True
    _HWND_TO_ICON: ClassVar[dict[int, Any]] = {}

    def __init__(self, _name: str = "") -> None:
        self._menu_handle: Any = None
        self._icon_handle: int | None = None
        self._hwnd, self._menu_hwnd = 1, 2
        self._message_handlers: dict[int, Any] = {tray_icon.WM_DISPLAYCHANGE: self._again}
        self.calls: list[str] = []
        self.while_open: Any = lambda: None
        self.visible = True
        self.menu: Any = ()

    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name == "icon":
            self._update_icon()

    def _again(self, _wparam: int, _lparam: int) -> None:
        self._assert_icon_handle()

    def _update_icon(self) -> None:
        self._release_icon()
        self._assert_icon_handle()

    def _assert_icon_handle(self) -> None:
        raise AssertionError("pystray's own would blur it")

    def _release_icon(self) -> None:
        self._icon_handle = None

    def _update_menu(self) -> None:
        self.calls.append("built")
        self._menu_handle = [item.text for item in self.menu]

    def _on_notify(self, _wparam: int, lparam: int) -> None:
        self.calls.append("shown" if lparam == WM_RBUTTONUP and self._menu_handle else "other")
        self.while_open()

    def _create_menu_item(self, descriptor: Any, _callbacks: Any) -> Any:
        return type("MENUITEMINFO", (), {"dwTypeData": descriptor.text})()

    def _mark_ready(self) -> None:
        self.calls.append("ready")

    def _run(self) -> None:
        self._mark_ready()


class Windows:
    """What the icon asks of Windows; ``takes`` is what the taskbar says."""

    def __init__(self) -> None:
        self.px = 16
        self.takes = True
        self.pictures: list[tuple[int, int]] = []
        self.asked: list[tuple[int, int, dict[str, Any]]] = []
        self.left: list[tuple[int, int]] = []

    def icon_of_png(self, png: bytes, size: int) -> int:
        import io

        self.pictures.append((Image.open(io.BytesIO(png)).width, size))
        return len(self.pictures)

    def notify_icon(self, code: int, _window: int, flags: int, **fields: Any) -> bool:
        self.asked.append((code, flags, fields))
        return self.takes

    def default(self, window: int, message: int, _wparam: int, _lparam: int) -> int:
        self.left.append((window, message))
        return 1

    @property
    def shell(self) -> Shell:
        return Shell(
            lambda: self.px, self.icon_of_png, self.notify_icon, self.default, lambda: "&&&"
        )


@pytest.fixture
def windows() -> Windows:
    return Windows()


def made(windows: Windows, **hooks: Any) -> Any:
    """The mended icon."""
    return icon_type(StockWindowsIcon, Hooks(windows.shell, **hooks))()


def shown(windows: Windows) -> tuple[Desktop, Any]:
    """A desktop over the mended icon, as a run has it."""
    icon = made(windows)
    with backends.harmless_pystray():
        return Desktop("Windows", WindowsIcon(icon)), icon


def images(*sizes: int) -> list[Image.Image]:
    return [Image.new("RGBA", (size, size)) for size in sizes]


def test_windows_builds_the_menu_on_a_right_click(windows: Windows) -> None:
    """Not at each update, which would destroy the one that is open; the click is told around it,
    and what only an open menu shows is read before."""
    told: list[Any] = []
    icon = made(windows, on_menu=told.append, until_read=lambda: told.append("read"))
    icon.menu = [Row("status", "300 MB")]
    for _ in range(3):
        icon._update_menu()
    assert icon.calls == ["built"], "pystray shows none without a first one"
    icon._on_notify(0, WM_RBUTTONUP)
    assert icon.calls == ["built", "built", "shown"]
    assert told == [True, "read", False]
    icon._on_notify(0, WM_RBUTTONUP - 3)
    assert icon.calls[-1] == "other"
    assert told == [True, "read", False]


def test_a_second_right_click_leaves_the_open_menu(windows: Windows) -> None:
    """Building another one would destroy it."""
    icon = made(windows)
    icon.menu = [Row("status", "300 MB")]
    icon.while_open = lambda: icon._on_notify(0, WM_RBUTTONUP)
    icon._on_notify(0, WM_RBUTTONUP)
    assert icon.calls == ["built", "shown"]


def test_a_row_does_what_it_said_when_the_menu_opened(windows: Windows) -> None:
    """An open menu cannot change on Windows, so another command for the same row does not count."""
    desktop, icon = shown(windows)
    newest: list[tuple[Row, ...]] = [rows("300 MB", False)]
    submitted: list[Command] = []
    desktop.show_menu(lambda: newest[0], submitted.append)
    opened = list(icon.menu)
    newest[0] = (Row("status", "300 MB"), Row("line", separator=True), Row("pause", "Resume"))
    pause = next(item for item in opened if item.text == "Pause")
    pause(icon)
    assert submitted == [SetPaused(True)]
    assert [item.text for item in icon.menu if item.text != "- - - -"] == ["300 MB", "Resume"]
    icon.menu(icon)
    assert submitted[1:] == [LeftClick()]


def test_a_frozen_menu_has_all_of_its_rows_marks(windows: Windows) -> None:
    """Check and radio marks, grey rows, submenus, hidden rows."""
    desktop, icon = shown(windows)
    child = Row("child", "Child", SetPaused(False), True, radio=True)
    of = (
        Row("grey", "Grey"),
        Row("gone", ""),
        Row("more", "More", children=(child,)),
        Row("none", "None", children=(Row("hidden", ""),)),
    )
    desktop.show_menu(lambda: of, lambda _: None)
    grey, more = icon.menu
    assert (grey.text, grey.enabled, grey.checked) == ("Grey", False, None)
    (shown_child,) = more.submenu
    assert (shown_child.text, shown_child.checked, shown_child.radio) == ("Child", True, True)


def test_the_session_end_is_allowed_and_heard(windows: Windows) -> None:
    """The logout is not vetoed, and only its coming true is told; then the run ends."""
    icon = made(windows)
    ended: list[str] = []
    icon.on_session_end = lambda: ended.append("ended")
    icon.on_close = lambda: ended.append("close")
    handlers = icon._message_handlers
    assert handlers.get(tray_icon.WM_QUERYENDSESSION)(0, 0)
    handlers.get(tray_icon.WM_ENDSESSION)(0, 0)
    assert ended == []
    handlers.get(tray_icon.WM_ENDSESSION)(1, 0)
    assert ended == ["ended", "close"]


def test_closing_either_window_ends_the_run(windows: Windows) -> None:
    """As ``taskkill`` asks; neither window is destroyed by it."""
    icon = made(windows)
    closed: list[str] = []
    icon.on_close = lambda: closed.append("closed")
    icon._message_handlers.get(tray_icon.WM_CLOSE)(0, 0)
    icon._mark_ready()
    icon._HWND_TO_ICON[2]._message_handlers.get(tray_icon.WM_CLOSE)(0, 0)
    assert closed == ["closed", "closed"]
    assert windows.left == []
    icon._run()
    assert 2 not in icon._HWND_TO_ICON


def test_messages_without_a_handler_are_left_to_windows(windows: Windows) -> None:
    """Each window's own; pystray answers 0, which vetoes or refuses things."""
    icon = made(windows)
    assert icon._message_handlers.get(0x86, lambda _w, _l: 0)(1, 0) == 1
    icon._mark_ready()
    icon._HWND_TO_ICON[2]._message_handlers.get(tray_icon.WM_QUERYENDSESSION)(0, 0)
    assert windows.left == [(1, 0x86), (2, tray_icon.WM_QUERYENDSESSION)]


def test_the_picture_has_the_taskbars_size(windows: Windows) -> None:
    """Drawn natively, again where the scale or the display changes, and only while it is shown."""
    desktop, icon = shown(windows)
    assert desktop.sizes((16, 24, 64, 96)) == [16, 24, 64]
    desktop.show_images(images(16, 24, 32))
    windows.px = 24
    icon._message_handlers.get(tray_icon.WM_DPICHANGED)(0, 0)
    windows.px = 32
    icon._message_handlers.get(tray_icon.WM_DISPLAYCHANGE)(0, 0)
    icon.visible = False
    icon._message_handlers.get(tray_icon.WM_DPICHANGED)(0, 0)
    assert windows.pictures == [(16, 16), (24, 24), (32, 32)]


def test_a_size_that_is_not_drawn_is_reduced_from_the_next() -> None:
    """175 % wants 28 px; beyond the largest one that is taken."""
    assert fitting(images(16, 24, 32), 24).width == 24
    assert fitting(images(16, 24, 32), 28).width == 28
    assert fitting(images(16, 24), 64).width == 64


def test_a_notification_tells_its_urgency(windows: Windows) -> None:
    """By Windows' own signs; one that updates another comes without a sound. An answer to a click
    is no warning."""
    desktop, _ = shown(windows)
    for urgency, silent, alert_s in (
        (Urgency.LOW, False, 5.0),
        (Urgency.NORMAL, False, 5.0),
        (Urgency.NORMAL, False, None),
        (Urgency.CRITICAL, True, 5.0),
    ):
        note = Note("t" * 99, "Text", urgency, "", silent=silent, about_s=alert_s)
        sent = desktop.notify(note)
        assert (sent.means, sent.problem) == ("Windows", None)
    assert [(flags, fields["dwInfoFlags"]) for _, flags, fields in windows.asked] == [
        (tray_icon.NIF_INFO, tray_icon.NIIF_INFO),
        (tray_icon.NIF_INFO, tray_icon.NIIF_WARNING),
        (tray_icon.NIF_INFO, tray_icon.NIIF_INFO),
        (tray_icon.NIF_INFO, tray_icon.NIIF_ERROR | tray_icon.NIIF_NOSOUND),
    ]
    assert len(windows.asked[0][2]["szInfoTitle"]) == 63


def test_a_notification_that_windows_does_not_take_has_failed(
    windows: Windows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not delivered, and nothing else pretends to."""
    monkeypatch.setattr("sys.platform", "win32")
    desktop, icon = shown(windows)
    windows.takes = False
    sent = desktop.notify(Note("Title", "Text", Urgency.NORMAL, ""))
    assert (sent.means, sent.problem) == (None, "Windows: Windows did not take the notification")
    icon._message(tray_icon.NIM_ADD, 7, hID=3, szTip="")
    assert windows.asked[-1] == (tray_icon.NIM_ADD, 7, {"szTip": ""}), "pystray looks for itself"


def test_a_click_on_a_notification_shows_the_status(windows: Windows) -> None:
    """And counts as one for the notification that is shown."""
    desktop, icon = shown(windows)
    icon.on_balloon_click = desktop.note_clicked
    submitted: list[Command] = []
    desktop.show_menu(lambda: (), submitted.append)
    ended: list[tuple[Note, bool]] = []
    desktop.on_note_ended = lambda note, clicked: ended.append((note, clicked))
    note = Note("Title", "Text", Urgency.NORMAL, "")
    icon._on_notify(0, tray_icon.NIN_BALLOONUSERCLICK)
    desktop.notify(note)
    icon._on_notify(0, tray_icon.NIN_BALLOONUSERCLICK)
    assert submitted == [ShowStatus(), ShowStatus()]
    assert ended == [(note, True)]
    opens = Action("Show", SetPaused(True), on_text=True)
    desktop.notify(Note("Title", "Text", Urgency.NORMAL, "", actions=(opens,)))
    icon._on_notify(0, tray_icon.NIN_BALLOONUSERCLICK)
    assert submitted[2:] == [SetPaused(True)], "a notification that has its own"


def test_an_ampersand_is_shown(windows: Windows) -> None:
    """One alone underlines the next letter in a menu."""
    item = made(windows)._create_menu_item(Row("match", "R&D_server"), [])
    assert item.dwTypeData == "R&&D_server"


def test_an_ampersand_is_shown_in_a_tooltip(windows: Windows) -> None:
    """As this Windows wants it there, and still within its room."""
    desktop, icon = shown(windows)
    desktop.show_tooltip("R&D: 300 MB")
    assert icon.title == "R&&&D: 300 MB"
    desktop.show_tooltip("&" * 50)
    assert len(icon.title) == WINDOWS.tooltip


def test_windows_icon_of_pystray_is_as_it_is_taken_for() -> None:
    """The methods that are wrapped are there, and the right button's message has that number."""
    from importlib.util import find_spec

    found = find_spec("pystray")
    assert found is not None
    assert found.submodule_search_locations
    folder = Path(found.submodule_search_locations[0])
    text = (folder / "_win32.py").read_text("utf-8")
    methods = {
        node.name: [argument.arg for argument in node.args.args]
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.FunctionDef)
    }
    assert methods["_update_menu"] == ["self"]
    assert methods["_on_notify"] == ["self", "wparam", "lparam"]
    assert methods["_run"] == ["self"]
    assert methods["_message"] == ["self", "code", "flags"]
    assert methods["_create_menu_item"] == ["self", "descriptor", "callbacks"]
    assert methods["_assert_icon_handle"] == methods["_release_icon"] == ["self"]
    assert "self._menu_hwnd = self._create_window(self._atom)" in text
    assert "self._HWND_TO_ICON[self._hwnd] = self\n\n        self._mark_ready()" in text
    numbers = (folder / "_util" / "win32.py").read_text("utf-8")
    assert re.search(rf"^WM_RBUTTONUP = 0x0*{WM_RBUTTONUP:x}$", numbers, re.IGNORECASE | re.M)


def test_the_desktop_hands_on_what_the_icon_hears(monkeypatch: pytest.MonkeyPatch) -> None:
    """The session's end, a request to end, and the console's end, which waits for the process'."""
    icons: list[Any] = []
    consoles: list[Any] = []

    class Base(StockWindowsIcon):
        def __init__(self, name: str) -> None:
            super().__init__(name)
            icons.append(self)

    monkeypatch.setattr("tray_app.desktop.windows.winapi.on_console_close", consoles.append)
    monkeypatch.setattr(backends, "CONSOLE_LIMIT_S", 0.0)
    with backends.harmless_pystray():
        desktop = backends.windows_desktop(Base, lambda _: None, lambda _: None)
    heard: list[str] = []
    desktop.on_session_end = lambda: heard.append("ended")
    desktop.on_close = lambda: heard.append("close")
    icons[0].on_session_end()
    icons[0].on_close()
    assert heard == ["ended", "close"]
    consoles[0]()
    assert heard[2:] == ["ended", "close"]
    assert desktop.runs_python is False
