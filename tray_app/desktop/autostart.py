"""Start at login: one small file, or on Windows one value in the registry, and nothing else.

All of it raises OSError where the platform refuses.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tray_app.desktop import paths
from tray_app.sources.file_owner import write_file

LABEL = "runanalyze.tray"  # a LaunchAgent's name is a domain turned round
WINDOWS_RUN = r"Software\Microsoft\Windows\CurrentVersion\Run"


def is_on() -> bool:
    """Whether the program starts with the desktop session."""
    if sys.platform == "win32":
        import winreg

        try:
            with winreg.OpenKey(winreg.HKEY_CURRENT_USER, WINDOWS_RUN) as key:
                winreg.QueryValueEx(key, paths.APP_ID)
        except FileNotFoundError:
            return False
        return True
    return place().exists()


def set_on(on: bool) -> None:
    """Start with the desktop session, or no more."""
    if sys.platform == "win32":
        _set_in_registry(on)
    elif on:
        text = _agent() if sys.platform == "darwin" else _entry()
        write_file(place(), text.encode("utf-8", "surrogateescape"))
    else:
        place().unlink(missing_ok=True)


def place() -> Path:
    """The file that makes it start (not on Windows)."""
    if sys.platform == "darwin":
        return paths.home() / "Library" / "LaunchAgents" / f"{LABEL}.plist"
    return paths.config_home() / "autostart" / f"{paths.APP_ID}.desktop"


def _set_in_registry(on: bool) -> None:
    if sys.platform == "win32":
        import winreg

        root, write = winreg.HKEY_CURRENT_USER, winreg.KEY_SET_VALUE
        with winreg.CreateKeyEx(root, WINDOWS_RUN, access=write) as key:
            if on:
                command = subprocess.list2cmdline(paths.program())
                winreg.SetValueEx(key, paths.APP_ID, 0, winreg.REG_SZ, command)
            else:
                try:
                    winreg.DeleteValue(key, paths.APP_ID)
                except FileNotFoundError:
                    return


def _entry() -> str:
    from tray_app.desktop import entry

    return entry.text()


def _agent() -> str:
    import plistlib

    agent = {"Label": LABEL, "ProgramArguments": paths.program(), "RunAtLoad": True}
    return plistlib.dumps(agent).decode()
