"""What pystray's Windows icon is made to do; the icon itself is a stand-in."""

from __future__ import annotations

import ast
import re
from pathlib import Path
from typing import Any

from tray_app.desktop import backends
from tray_app.desktop.windows import tray_icon
from tray_app.desktop.windows.tray_icon import WM_RBUTTONUP


class WindowsIcon:
    """pystray's Windows icon as far as the menu goes: built by a call, shown by a right click."""

    def __init__(self) -> None:
        self._menu_handle: Any = None
        self._message_handlers: dict[int, Any] = {}
        self.calls: list[str] = []

    def _update_menu(self) -> None:
        self.calls.append("built")
        self._menu_handle = object()

    def _on_notify(self, _wparam: int, lparam: int) -> None:
        self.calls.append("shown" if lparam == WM_RBUTTONUP and self._menu_handle else "other")

    def _run(self) -> None:
        self.calls.append("run")


def test_windows_builds_the_menu_on_a_right_click() -> None:
    """Not at each update, which would destroy the one that is open; the click is told around it."""
    told: list[bool] = []
    icon = tray_icon.icon_type(WindowsIcon, told.append, lambda _: None)()
    for _ in range(3):
        icon._update_menu()
    assert icon.calls == ["built"], "pystray shows none without a first one"
    icon._on_notify(0, WM_RBUTTONUP)
    assert icon.calls == ["built", "built", "shown"]
    assert told == [True, False]
    icon._on_notify(0, WM_RBUTTONUP - 3)
    assert icon.calls[-1] == "other"
    assert told == [True, False]


def test_windows_session_end_is_allowed_and_heard() -> None:
    """The logout is not vetoed, and only its coming true is told."""
    icon = tray_icon.icon_type(WindowsIcon, lambda _: None, lambda _: None)()
    ended: list[str] = []
    icon.on_session_end = lambda: ended.append("ended")
    handlers = icon._message_handlers
    assert handlers[tray_icon.WM_QUERYENDSESSION](0, 0)
    handlers[tray_icon.WM_ENDSESSION](0, 0)
    assert ended == []
    handlers[tray_icon.WM_ENDSESSION](1, 0)
    assert ended == ["ended"]


def test_windows_icon_of_pystray_is_as_it_is_taken_for() -> None:
    """The methods that are wrapped are there, and the right button's message has that number."""
    from importlib.util import find_spec

    found = find_spec("pystray")
    assert found is not None
    assert found.submodule_search_locations
    folder = Path(found.submodule_search_locations[0])
    tree = ast.parse((folder / "_win32.py").read_text("utf-8"))
    methods = {
        node.name: [argument.arg for argument in node.args.args]
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef)
    }
    assert methods["_update_menu"] == ["self"]
    assert methods["_on_notify"] == ["self", "wparam", "lparam"]
    assert methods["_run"] == ["self"]
    numbers = (folder / "_util" / "win32.py").read_text("utf-8")
    assert re.search(rf"^WM_RBUTTONUP = 0x0*{WM_RBUTTONUP:x}$", numbers, re.IGNORECASE | re.M)


def test_the_desktop_hands_the_session_end_on() -> None:
    """From an icon that reports it to the program that set the desktop's."""

    made: list[Any] = []

    class Base(WindowsIcon):
        def __init__(self, _name: str) -> None:
            super().__init__()
            made.append(self)

    with backends.harmless_pystray():
        shown = backends.windows_desktop(Base, lambda _: None, lambda _: None)
    ended: list[str] = []
    shown.on_session_end = lambda: ended.append("ended")
    made[0].on_session_end()
    assert ended == ["ended"]
