"""The start menu's shortcut to the program, and its icon."""

from __future__ import annotations

import struct
from pathlib import Path

from tray_app import APP_ID, child_program
from tray_app.desktop import paths
from tray_app.desktop.desktop_entry import remove
from tray_app.desktop.windows.winapi import write_shortcut
from tray_app.sources.file_owner import write_file

NAME = "RunAnalyze Tray"
ABOUT = "The memory of a RunAnalyze server, in the notification area"


def places() -> tuple[Path, Path]:
    """Where the shortcut and its icon go."""
    icon = paths.data_home() / APP_ID / f"{APP_ID}.ico"
    return paths.start_menu() / f"{NAME}.lnk", icon


def icon_file(png: bytes) -> bytes:
    """A picture of 256 px as an icon file, in which a zero is that size."""
    heading = struct.pack("<3H", 0, 1, 1)
    place = len(heading) + struct.calcsize("<4B2H2I")
    return heading + struct.pack("<4B2H2I", 0, 0, 0, 0, 1, 32, len(png), place) + png


def install() -> list[Path]:
    """Write shortcut and icon; returns their paths. :raises OSError: it cannot be written"""
    shortcut, icon = places()
    write_file(icon, icon_file(Path(paths.app_icon()).read_bytes()))
    shortcut.parent.mkdir(parents=True, exist_ok=True)
    program, *arguments = paths.program()
    given = child_program.windows_line(arguments)
    write_shortcut(str(shortcut), program, given, ABOUT, str(icon))
    return [shortcut, icon]


def uninstall() -> list[Path]:
    """Remove the files that `install` wrote; returns those that existed.

    :raises OSError: a file cannot be removed
    """
    return remove(places())
