"""What pystray and plyer promise where they cannot be run: Windows and macOS.

Their installed sources are read, not imported, and held against what was recorded when the app was
written for them. A release that changes a hook, a parameter or a limit shows here first.
"""

from __future__ import annotations

import ast
import inspect
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tray_app.desktop import backends
from tray_app.desktop.notifier import plyer_native
from tray_app.desktop.text_limits import WINDOWS

# Recorded from pystray 0.19.5.
HOOKS = {
    "_show": "self",
    "_hide": "self",
    "_update_icon": "self",
    "_update_title": "self",
    "_update_menu": "self",
    "_run": "self",
    "_run_detached": "self",
    "_stop": "self",
    "_notify": "self, message, title=None",
    "_remove_notification": "self",
}
USED = {
    "run": "self, setup=None",
    "stop": "self",
    "update_menu": "self",
    "notify": "self, message, title=None",
    "_mark_ready": "self",
}
# Recorded from plyer 2.1.0.
NOTIFY = (
    "self, title='', message='', app_name='', app_icon='', timeout=10, ticker='', toast=False,"
    " hints={}"
)


@cache
def tree(module: str) -> ast.Module:
    """A module's source; importing its package might start a backend."""
    package, *rest = module.split(".")
    spec = find_spec(package)
    assert spec
    assert spec.submodule_search_locations
    path = Path(spec.submodule_search_locations[0], *rest).with_suffix(".py")
    return ast.parse(path.read_text("utf-8"))


def signatures(module: str, name: str) -> dict[str, str]:
    """The parameters of a class' methods, as they are written."""
    for node in tree(module).body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            methods = [each for each in node.body if isinstance(each, ast.FunctionDef)]
            return {each.name: ast.unparse(each.args) for each in methods}
    raise AssertionError(f"{module} has no class {name}")


def function(module: str, name: str, method: str) -> str:
    """A method's source."""
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.ClassDef) and node.name == name:
            for each in node.body:
                if isinstance(each, ast.FunctionDef) and each.name == method:
                    return ast.unparse(each)
    raise AssertionError(f"{module} has no {name}.{method}")


@pytest.mark.parametrize("backend", ["_base", "_win32", "_darwin"])
def test_the_ten_hooks_are_as_recorded(backend: str) -> None:
    """A backend supplies these and no other; ours is one of them."""
    found = signatures(f"pystray.{backend}", "Icon")
    assert {name: found.get(name) for name in HOOKS} == HOOKS


def test_our_backend_supplies_the_same_hooks() -> None:
    """With the same parameters, so that pystray can call it."""
    with backends.harmless_pystray():
        from tray_app.desktop.linux import _sni
    for name, parameters in HOOKS.items():
        own = inspect.signature(vars(_sni.Icon)[name])
        assert [str(p).partition(":")[0] for p in own.parameters.values()] == [
            part.partition("=")[0].strip() for part in parameters.split(",")
        ]


def test_what_is_called_of_an_icon_is_as_recorded() -> None:
    """`StockIcon` uses these methods and the properties icon, title, menu, visible."""
    found = signatures("pystray._base", "Icon")
    assert {name: found.get(name) for name in USED} == USED
    assert {"icon", "title", "menu", "visible"} <= found.keys()


def test_windows_fields_are_as_long_as_the_texts_are_cut() -> None:
    """NOTIFYICONDATAW's texts, less their terminating zero."""
    lengths = {}
    for node in ast.walk(tree("pystray._util.win32")):
        if isinstance(node, ast.Tuple) and len(node.elts) == 2:
            name, kind = node.elts
            if isinstance(name, ast.Constant) and isinstance(kind, ast.BinOp):
                assert isinstance(kind.right, ast.Constant)
                lengths[name.value] = kind.right.value
    assert lengths["szTip"] == WINDOWS.tooltip + 1
    assert lengths["szInfo"] == WINDOWS.text + 1
    assert lengths["szInfoTitle"] == WINDOWS.title + 1


def test_windows_fills_these_fields_unchecked() -> None:
    """pystray cuts nothing, so the app must; ctypes raises ValueError for a longer text."""
    assert "szTip=self.title" in function("pystray._win32", "Icon", "_update_title")
    notify = function("pystray._win32", "Icon", "_notify")
    assert "szInfo=message" in notify
    assert "szInfoTitle=title or self.title" in notify


def test_windows_messages_are_looked_up_where_they_are_added() -> None:
    """By number, in the icon's own table, which its initialiser fills."""
    assert "self._message_handlers = {" in function("pystray._win32", "Icon", "__init__")
    functions = [n for n in tree("pystray._win32").body if isinstance(n, ast.FunctionDef)]
    dispatcher = next(ast.unparse(node) for node in functions if node.name == "_dispatcher")
    assert "icon._message_handlers.get(uMsg, lambda w, l: 0)(wParam, lParam) or 0" in dispatcher


def test_macos_needs_a_title_for_a_notification() -> None:
    """It escapes the title without looking whether there is one; ours always has one."""
    assert "title.replace(" in function("pystray._darwin", "Icon", "_notify")


def test_macos_notifies_past_appkit() -> None:
    """A program of its own does it: any thread may, unlike all else that is done to an icon."""
    assert "osascript" in function("pystray._darwin", "Icon", "_notify")


def test_plyers_notify_is_as_recorded() -> None:
    """These parameters are what the chain's facade is called with."""
    assert signatures("plyer.facades.notification", "Notification")["notify"] == NOTIFY


@pytest.mark.parametrize(
    ("module", "name"),
    [("win", "WindowsNotification"), ("macosx", "OSXNotification")],
)
def test_plyers_implementations_have_the_facades_hook(module: str, name: str) -> None:
    """And are found under the names that `plyer_native` imports them by."""
    where = f"plyer.platforms.{module}.notification"
    assert signatures(where, name)["_notify"] == "self, **kwargs"
    functions = [node.name for node in tree(where).body if isinstance(node, ast.FunctionDef)]
    assert "instance" in functions


def test_plyer_gets_what_its_facade_takes(monkeypatch: pytest.MonkeyPatch) -> None:
    """No parameter that it does not know, and none that is left out of the chain by mistake."""
    from plyer.facades.notification import Notification

    given: dict[str, Any] = {}

    class Native(Notification):  # type: ignore[misc]
        def _notify(self, **note: Any) -> None:
            given.update(note)

    module = type("module", (), {"instance": staticmethod(Native)})
    monkeypatch.setattr("builtins.__import__", _importing(module))
    plyer_native({"title": "Title", "message": "-text", "app_name": "App", "hints": {}})
    assert (given["title"], given["message"], given["app_name"]) == ("Title", " -text", "App")


def _importing(module: Any) -> Any:
    real = __import__

    def importing(name: str, *arguments: Any, **more: Any) -> Any:
        if name.startswith("plyer.platforms."):
            return module
        return real(name, *arguments, **more)

    return importing


def test_dbus_fast_sends_through_its_writers_socket() -> None:
    """What `patient_socket` replaces is there, and is what messages are sent with."""
    source = ast.unparse(tree("dbus_fast.aio.message_bus"))
    assert "self._writer = _MessageWriter(self)" in source
    write = function("dbus_fast.aio.message_bus", "_MessageWriter", "write_callback")
    assert "sock = self.sock" in write
    assert "sock.send(self.buf[self.offset:])" in write
