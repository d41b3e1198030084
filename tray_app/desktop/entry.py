"""The desktop entry by which launchers find the program, and its icon (freedesktop.org)."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tray_app.desktop import paths
from tray_app.sources.file_owner import write_file

ICON_PX = 256


def quoted(arguments: Sequence[str]) -> str:
    """A command as a desktop entry's Exec wants it: by the entry specification's two rules of
    escaping, of the argument and then of the line."""
    return " ".join(_argument(argument) for argument in arguments)


def _argument(argument: str) -> str:
    escaped = "".join(f"\\{c}" if c in '"`$\\' else c for c in argument)
    return '"' + escaped.replace("\\", "\\\\").replace("%", "%%") + '"'


def text() -> str:
    """The entry's text. Its icon is a file, so that it shows before any icon is installed."""
    return (
        "[Desktop Entry]\n"
        "Type=Application\n"
        "Name=RunAnalyze Tray\n"
        "GenericName=Memory monitor\n"
        "Comment=The memory of a RunAnalyze server, in the system tray\n"
        f"Exec={quoted(paths.program())}\n"
        f"Icon={paths.app_icon()}\n"
        "Terminal=false\n"
        "Categories=System;Monitor;\n"
        "Keywords=memory;monitor;RunAnalyze;\n"
    )


def places() -> tuple[Path, Path]:
    """Where the entry and its icon go."""
    home, name = paths.data_home(), paths.APP_ID
    return (
        home / "applications" / f"{name}.desktop",
        home / "icons" / "hicolor" / f"{ICON_PX}x{ICON_PX}" / "apps" / f"{name}.png",
    )


def install() -> list[Path]:
    """Put entry and icon in place; what was written. :raises OSError: it cannot be written"""
    desktop, icon = places()
    write_file(icon, Path(paths.app_icon()).read_bytes())
    named = text().replace(f"Icon={paths.app_icon()}\n", f"Icon={paths.APP_ID}\n")
    write_file(desktop, named.encode("utf-8", "surrogateescape"))
    return [desktop, icon]


def uninstall() -> list[Path]:
    """Remove what `install` wrote; what was there. :raises OSError: it cannot be removed"""
    removed = [path for path in places() if path.exists()]
    for path in removed:
        path.unlink()
    return removed
