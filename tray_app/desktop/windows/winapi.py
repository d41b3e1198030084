"""What this program asks of Windows itself: the only user of ctypes.

pystray has its own bindings; here is what it lacks. Each function does nothing elsewhere, so that
its callers can be tested anywhere.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any, NamedTuple

SMALL_ICON_PX = 16
"""The icon's size where Windows does not report it."""

PER_MONITOR_V2 = -4
PER_MONITOR = 2
SM_CXSMICON = 49
WINDOWS_11_BUILD = 22000
ICON_VERSION = 0x00030000
MB_ICONERROR, MB_SETFOREGROUND = 0x10, 0x10000
CTRL_C_EVENT, CTRL_BREAK_EVENT = 0, 1

_kept: list[Any] = []
"""Functions that Windows calls: they must live as long as the process."""


class Shell(NamedTuple):
    """The parts of Windows that the icon needs, so that a test can stand in for them."""

    small_icon_px: Callable[[], int]
    icon_of_png: Callable[[bytes, int], int]
    notify_icon: Callable[..., bool]
    default: Callable[[int, int, int, int], int]
    ampersand: Callable[[], str]


def shell() -> Shell:
    """Windows' own."""
    return Shell(
        small_icon_px,
        icon_of_png,
        notify_icon,
        default=default_window_procedure,
        ampersand=tooltip_ampersand,
    )


def become_dpi_aware() -> None:
    """Draw in the screen's pixels, and not in Windows' stretched ones; before the first window."""
    if sys.platform == "win32":
        import ctypes

        try:  # Windows 10 1703
            set_context = ctypes.WinDLL("user32").SetProcessDpiAwarenessContext
            set_context.argtypes = (ctypes.c_void_p,)
            if set_context(PER_MONITOR_V2):
                return
        except (AttributeError, OSError):
            pass
        try:  # Windows 8.1
            ctypes.WinDLL("shcore").SetProcessDpiAwareness(PER_MONITOR)
        except (AttributeError, OSError):
            return


def small_icon_px() -> int:
    """The size of an icon in the taskbar, in pixels."""
    if sys.platform == "win32":
        import ctypes

        user32 = ctypes.WinDLL("user32")
        try:  # Windows 10 1607: the taskbar's monitor may have another scale than this process
            user32.FindWindowW.restype = ctypes.c_void_p
            user32.GetDpiForWindow.argtypes = (ctypes.c_void_p,)
            dpi = user32.GetDpiForWindow(user32.FindWindowW("Shell_TrayWnd", None))
            size = user32.GetSystemMetricsForDpi(SM_CXSMICON, dpi) if dpi else 0
        except AttributeError:
            size = 0
        return int(size or user32.GetSystemMetrics(SM_CXSMICON)) or SMALL_ICON_PX
    return SMALL_ICON_PX


def icon_of_png(png: bytes, size: int) -> int:
    """A handle of this picture as an icon, which the caller destroys. :raises OSError: it fails"""
    if sys.platform == "win32":
        import ctypes
        from ctypes import wintypes

        create = ctypes.WinDLL("user32", use_last_error=True).CreateIconFromResourceEx
        create.restype = wintypes.HICON
        create.argtypes = (
            *(ctypes.c_char_p, wintypes.DWORD, wintypes.BOOL, wintypes.DWORD),
            *(ctypes.c_int, ctypes.c_int, wintypes.UINT),
        )
        if handle := create(png, len(png), True, ICON_VERSION, size, size, 0):
            return int(handle)
        raise ctypes.WinError(ctypes.get_last_error())
    return 0


def tooltip_ampersand() -> str:
    """What to write for a "&" in a tooltip of the taskbar. Windows 10 removes two, each of which
    would underline the next letter; Windows 11 shows the text as it is."""
    if sys.platform == "win32":
        return "&" if sys.getwindowsversion().build >= WINDOWS_11_BUILD else "&&&"
    return "&"


def notify_icon(code: int, window: int, flags: int, **fields: Any) -> bool:
    """Add, change or remove the icon of this window; whether the taskbar took it."""
    if sys.platform == "win32":
        import ctypes

        from pystray._util import win32  # it has the structure

        size = ctypes.sizeof(win32.NOTIFYICONDATAW)
        data = win32.NOTIFYICONDATAW(cbSize=size, hWnd=window, uFlags=flags, **fields)
        return bool(win32.Shell_NotifyIcon(code, data))
    return False


def default_window_procedure(window: int, message: int, wparam: int, lparam: int) -> int:
    """What Windows does with a message that the window does not handle."""
    if sys.platform == "win32":
        import ctypes
        from ctypes import wintypes

        procedure = ctypes.WinDLL("user32").DefWindowProcW
        procedure.argtypes = (wintypes.HWND, wintypes.UINT, wintypes.WPARAM, wintypes.LPARAM)
        procedure.restype = ctypes.c_ssize_t
        return int(procedure(window, message, wparam, lparam))
    return 0


def on_console_close(closed: Callable[[], None]) -> None:
    """Call this, in a thread of Windows' own, when the console window closes or the user logs off.
    Windows ends the process when it returns, or 5 s later. Ctrl-C and Ctrl-Break stay signals."""
    if sys.platform == "win32":
        import ctypes
        from ctypes import wintypes

        def handle(event: int) -> bool:
            if event in (CTRL_C_EVENT, CTRL_BREAK_EVENT):
                return False
            closed()
            return True

        handler = ctypes.WINFUNCTYPE(wintypes.BOOL, wintypes.DWORD)(handle)
        _kept.append(handler)
        ctypes.WinDLL("kernel32").SetConsoleCtrlHandler(handler, True)


def message_box(title: str, text: str) -> None:
    """A window with this text, until the user closes it: for errors that nothing else can show."""
    if sys.platform == "win32":
        import ctypes

        flags = MB_ICONERROR | MB_SETFOREGROUND
        ctypes.WinDLL("user32").MessageBoxW(None, text, title, flags)


CLSID_SHELL_LINK = "{00021401-0000-0000-C000-000000000046}"
IID_SHELL_LINK = "{000214F9-0000-0000-C000-000000000046}"
IID_PERSIST_FILE = "{0000010B-0000-0000-C000-000000000046}"
# Places in the tables of methods of IUnknown, IShellLinkW and IPersistFile.
QUERY_INTERFACE, RELEASE = 0, 2
SET_DESCRIPTION, SET_ARGUMENTS, SET_ICON, SET_PATH = 7, 11, 17, 20
SAVE = 6


def write_shortcut(file: str, program: str, arguments: str, about: str, icon: str) -> None:
    """Write a shortcut (.lnk) to a program, by the shell's own object. :raises OSError: it fails"""
    if sys.platform == "win32":
        import ctypes
        from ctypes import wintypes

        ole32 = ctypes.OleDLL("ole32")
        pointer = ctypes.c_void_p

        def guid(text: str) -> Any:
            made = (ctypes.c_byte * 16)()
            ole32.CLSIDFromString(ctypes.c_wchar_p(text), made)
            return made

        def call(thing: Any, method: int, *values: Any) -> None:
            table = ctypes.cast(thing, ctypes.POINTER(ctypes.POINTER(pointer))).contents
            kinds: list[Any] = [pointer, *(type(value) for value in values)]
            ctypes.WINFUNCTYPE(ctypes.HRESULT, *kinds)(table[method] or 0)(thing, *values)

        def release(thing: Any) -> None:
            table = ctypes.cast(thing, ctypes.POINTER(ctypes.POINTER(pointer))).contents
            ctypes.WINFUNCTYPE(wintypes.ULONG, pointer)(table[RELEASE] or 0)(thing)

        text = ctypes.c_wchar_p
        link, saver = pointer(), pointer()
        ole32.CoInitialize(None)
        try:
            in_process = 1
            ole32.CoCreateInstance(
                *(guid(CLSID_SHELL_LINK), None, in_process),
                *(guid(IID_SHELL_LINK), ctypes.byref(link)),
            )
            call(link, SET_PATH, text(program))
            call(link, SET_ARGUMENTS, text(arguments))
            call(link, SET_DESCRIPTION, text(about))
            call(link, SET_ICON, text(icon), ctypes.c_int(0))
            call(link, QUERY_INTERFACE, guid(IID_PERSIST_FILE), ctypes.pointer(saver))
            call(saver, SAVE, text(file), wintypes.BOOL(True))
        finally:
            for thing in (saver, link):
                if thing:
                    release(thing)
            ole32.CoUninitialize()
