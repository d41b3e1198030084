"""A way in: with RIG_SPY=NAME in its environment, a process runs what a test asks.

A test writes Python into ``C:\\bridge\\NAME\\1.ask``; the value of its last line is in ``1.told``,
as JSON. It reads what only the process itself can (a menu's rows), and what Wine alone shows.
"""

from __future__ import annotations

import ctypes
import json
import os
import subprocess
import threading
import time
import traceback
from ctypes import wintypes
from pathlib import Path
from typing import Any

BRIDGE = Path(r"C:\bridge")
user32 = ctypes.WinDLL("user32", use_last_error=True)
kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
user32.SendMessageTimeoutW.argtypes = (
    *(wintypes.HWND, wintypes.UINT, ctypes.c_size_t, ctypes.c_ssize_t),
    *(wintypes.UINT, wintypes.UINT, ctypes.POINTER(ctypes.c_size_t)),
)
user32.PostMessageW.argtypes = (wintypes.HWND, wintypes.UINT, ctypes.c_size_t, ctypes.c_ssize_t)
user32.GetSubMenu.restype = user32.GetMenu.restype = wintypes.HMENU
user32.GetSubMenu.argtypes = (wintypes.HMENU, ctypes.c_int)
user32.GetMenuItemCount.argtypes = (wintypes.HMENU,)
user32.GetMenuStringW.argtypes = (
    *(wintypes.HMENU, wintypes.UINT, wintypes.LPWSTR, ctypes.c_int, wintypes.UINT),
)
user32.GetMenuState.argtypes = (wintypes.HMENU, wintypes.UINT, wintypes.UINT)
user32.GetMenuItemRect.argtypes = (
    *(wintypes.HWND, wintypes.HMENU, wintypes.UINT, ctypes.POINTER(wintypes.RECT)),
)
user32.WindowFromPoint.restype = wintypes.HWND
kernel32.OpenProcess.restype = wintypes.HANDLE
kernel32.WaitForSingleObject.argtypes = (wintypes.HANDLE, wintypes.DWORD)
kernel32.GetExitCodeProcess.argtypes = (wintypes.HANDLE, ctypes.POINTER(wintypes.DWORD))
SYNCHRONIZE, QUERY_LIMITED = 0x100000, 0x1000
told: list[dict[str, Any]] = []
_started: list[Any] = []
_watched: dict[int, Any] = {}
WM_GETTEXT = 0xD
MN_GETHMENU = 0x01E1
BY_POSITION = 0x400
GRAYED, CHECKED, RADIO, POPUP, SEPARATOR = 0x3, 0x8, 0x200, 0x10, 0x800


def send(hwnd: int, message: int, wparam: int = 0, lparam: int = 0, within_ms: int = 20_000) -> int:
    """SendMessage with a limit; its answer, -1 when there is none."""
    answer = ctypes.c_size_t()
    done = user32.SendMessageTimeoutW(
        hwnd, message, wparam, lparam, 0, within_ms, ctypes.byref(answer)
    )
    return answer.value if done else -1


def post(hwnd: int, message: int, wparam: int = 0, lparam: int = 0) -> bool:
    return bool(user32.PostMessageW(hwnd, message, wparam, lparam))


def _described(hwnd: int) -> dict[str, Any]:
    """What Windows knows of a window without asking it."""
    name, owner, rect = ctypes.create_unicode_buffer(256), wintypes.DWORD(), wintypes.RECT()
    user32.GetClassNameW(hwnd, name, 256)
    user32.GetWindowThreadProcessId(hwnd, ctypes.byref(owner))
    user32.GetWindowRect(hwnd, ctypes.byref(rect))
    return {
        "hwnd": hwnd,
        "class": name.value,
        "pid": owner.value,
        "visible": bool(user32.IsWindowVisible(hwnd)),
        "rect": (rect.left, rect.top, rect.right, rect.bottom),
    }


def _text_of(hwnd: int) -> str:
    """A window's title or words, by itself; nothing where it does not answer in 2 s."""
    text = ctypes.create_unicode_buffer(1024)
    send(hwnd, WM_GETTEXT, len(text), ctypes.addressof(text), within_ms=2000)
    return text.value


def windows(pid: int | None = None, class_part: str = "") -> list[dict[str, Any]]:
    """The top-level windows (of a process)."""
    found: list[dict[str, Any]] = []

    @ctypes.WINFUNCTYPE(wintypes.BOOL, wintypes.HWND, wintypes.LPARAM)
    def each(hwnd: int, _: int) -> bool:
        described = _described(hwnd)
        if pid in (None, described["pid"]) and class_part in described["class"]:
            found.append({**described, "text": _text_of(hwnd)})
        return True

    user32.EnumWindows(each, 0)
    return found


def children(parent: int) -> list[dict[str, Any]]:
    """All windows below one."""
    found: list[dict[str, Any]] = []

    @ctypes.WINFUNCTYPE(wintypes.BOOL, wintypes.HWND, wintypes.LPARAM)
    def each(hwnd: int, _: int) -> bool:
        found.append({**_described(hwnd), "text": _text_of(hwnd)})
        return True

    user32.EnumChildWindows(parent, each, 0)
    return found


def menus() -> list[dict[str, Any]]:
    """The open menus of this process, each with its rows; ``menu`` tells a row's submenu."""
    found = []
    for window in windows(os.getpid(), "#32768"):
        if not window["visible"]:
            continue
        menu = send(window["hwnd"], MN_GETHMENU)
        if menu > 0:
            found.append({**window, "menu": menu, "rows": rows(menu, window["hwnd"])})
    return found


def rows(menu: int, window: int = 0) -> list[dict[str, Any]]:
    """A menu's rows, with those of its submenus."""
    found = []
    for position in range(user32.GetMenuItemCount(menu)):
        text = ctypes.create_unicode_buffer(512)
        user32.GetMenuStringW(menu, position, text, 512, BY_POSITION)
        state = user32.GetMenuState(menu, position, BY_POSITION)
        below = user32.GetSubMenu(menu, position)
        rect = wintypes.RECT()
        user32.GetMenuItemRect(window, menu, position, ctypes.byref(rect))
        flags = state & 0xFF | (0 if below else state & 0xFF00)
        found.append(
            {
                "text": text.value,
                "enabled": not flags & GRAYED,
                "checked": bool(flags & CHECKED),
                "separator": bool(not below and state & SEPARATOR),
                "menu": below or 0,
                "rows": rows(below) if below else None,
                "rect": (rect.left, rect.top, rect.right, rect.bottom),
            }
        )
    return found


def start(command: str, name: str) -> int:
    """Start this as Windows does: a console program gets a console of its own."""
    console = subprocess.CREATE_NEW_CONSOLE  # type: ignore[attr-defined]
    process = subprocess.Popen(command, env={**os.environ, "RIG_SPY": name}, creationflags=console)
    _started.append(process)
    return process.pid


def exit_status(pid: int) -> int | None:
    """How this process has ended; None while it runs. First asked while it does."""
    if pid not in _watched:
        _watched[pid] = kernel32.OpenProcess(SYNCHRONIZE | QUERY_LIMITED, False, pid)
    status = wintypes.DWORD()
    if not kernel32.GetExitCodeProcess(_watched[pid], ctypes.byref(status)):
        raise ctypes.WinError(ctypes.get_last_error())  # type: ignore[attr-defined]
    runs = kernel32.WaitForSingleObject(_watched[pid], 0)
    return None if runs else status.value


def press_ctrl_c(pid: int) -> bool:
    """In the console of this process, which `start` has started: Wine has one group for both."""
    kernel32.FreeConsole()
    if not kernel32.AttachConsole(pid):
        return False
    pressed = bool(kernel32.GenerateConsoleCtrlEvent(0, 0))
    kernel32.FreeConsole()
    return pressed


def watch_taskbar() -> int:
    """From now on `told` has what this process tells the taskbar of its icon, with the answer."""
    from pystray._util import win32

    tell = win32.Shell_NotifyIcon

    def tell_and_note(code: int, data: Any) -> Any:
        answer = tell(code, data)
        note = {"flags": data.uFlags, "kind": data.dwInfoFlags, "taken": bool(answer)}
        told.append({**note, "title": data.szInfoTitle, "text": data.szInfo})
        return answer

    win32.Shell_NotifyIcon = tell_and_note
    return 1


def _run(code: str) -> Any:
    *lines, last = code.strip().split("\n")
    names = globals()
    exec("\n".join(lines), names)
    return eval(last, names)


def _serve(folder: Path) -> None:
    while True:
        for ask in sorted(folder.glob("*.ask")):
            code = ask.read_text("utf-8")
            ask.unlink()
            try:
                told = {"value": _run(code)}
            except BaseException:  # noqa: BLE001 - the test is told
                told = {"error": traceback.format_exc()}
            part = ask.with_suffix(".part")
            part.write_text(json.dumps(told, default=repr), "utf-8")
            part.rename(ask.with_suffix(".told"))
        time.sleep(0.02)


def begin(name: str) -> None:
    folder = BRIDGE / name
    folder.mkdir(parents=True, exist_ok=True)
    threading.Thread(target=_serve, args=(folder,), daemon=True, name="rig spy").start()
    (folder / "pid").write_text(str(os.getpid()), "ascii")
