"""The desktop entry by which launchers find the program, and its icon (freedesktop.org)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path

from tray_app import APP_ID
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


def keys(text: str) -> dict[str, str]:
    """The keys of an entry's main group, with their values as written."""
    found: dict[str, str] = {}
    for is_main, line in _lines(text):
        key, sign, value = line.partition("=")
        if is_main and sign and not line.startswith("#"):
            found.setdefault(key.strip(), value.strip())
    return found


def without(text: str, unwanted: Collection[str]) -> str:
    """The entry without these keys of its main group; the rest stays as it is."""
    kept = [
        line
        for is_main, line in _lines(text)
        if not (is_main and line.partition("=")[0].strip() in unwanted)
    ]
    return "".join(f"{line}\n" for line in kept)


def _lines(text: str) -> Iterator[tuple[bool, str]]:
    """Each line, and whether it is below the heading of the main group."""
    is_main = False
    for line in text.splitlines():
        if line.startswith("["):
            is_main = line.strip() == "[Desktop Entry]"
            yield False, line
        else:
            yield is_main, line


_ESCAPES = {"s": " ", "n": "\n", "t": "\t", "r": "\r", "\\": "\\"}
_UNQUOTED = re.compile(r'"((?:[^"\\]|\\.)*)"|([^\s"]+)|(\s+)', re.DOTALL)


def command(value: str) -> list[str]:
    """The arguments that Exec stands for; `quoted` the other way round, field codes left out.

    Quoting outside the specification makes it no command.
    """
    line = re.sub(r"\\(.)", lambda found: _ESCAPES.get(found[1], found[0]), value)
    arguments: list[str] = []
    joins = False  # with the part before
    end = 0
    for part in _UNQUOTED.finditer(line):
        if part.start() != end:
            return []
        end = part.end()
        if part[3]:
            joins = False
            continue
        word = re.sub(r"\\(.)", r"\1", part[1]) if part[1] is not None else part[2]
        if joins:
            arguments[-1] += word
        else:
            arguments.append(word)
        joins = True
    if end != len(line):
        return []
    return [word.replace("%%", "%") for word in arguments if not re.fullmatch("%[a-zA-Z]", word)]


def text(arguments: Sequence[str] = ()) -> str:
    """The entry's text, with these arguments to the program. Its icon is a file, so that it shows
    before any icon is installed."""
    return (
        "[Desktop Entry]\n"
        "Type=Application\n"
        "Name=RunAnalyze Tray\n"
        "GenericName=Memory monitor\n"
        "Comment=The memory of a RunAnalyze server, in the system tray\n"
        f"Exec={quoted([*paths.program(), *arguments])}\n"
        f"Icon={paths.app_icon()}\n"
        "Terminal=false\n"
        "Categories=System;Monitor;\n"
        "Keywords=memory;monitor;RunAnalyze;\n"
    )


def places() -> tuple[Path, Path]:
    """Where the entry and its icon go."""
    home, name = paths.data_home(), APP_ID
    return (
        home / "applications" / f"{name}.desktop",
        home / "icons" / "hicolor" / f"{ICON_PX}x{ICON_PX}" / "apps" / f"{name}.png",
    )


def install() -> list[Path]:
    """Write entry and icon; returns their paths. :raises OSError: it cannot be written"""
    desktop, icon = places()
    write_file(icon, Path(paths.app_icon()).read_bytes())
    named = text().replace(f"Icon={paths.app_icon()}\n", f"Icon={APP_ID}\n")
    write_file(desktop, named.encode("utf-8", "surrogateescape"))
    return [desktop, icon]


def uninstall() -> list[Path]:
    """Remove the files that `install` wrote; returns those that existed.

    :raises OSError: a file cannot be removed
    """
    return remove(places())


def remove(files: Iterable[Path]) -> list[Path]:
    """Remove those of these files that exist, and return them. :raises OSError: one cannot be"""
    removed = [path for path in files if path.exists()]
    for path in removed:
        path.unlink()
    return removed
