"""Which desktop session this process belongs to, and what runs in it."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection
from pathlib import Path


def session_marks() -> dict[str, str]:
    """Marks that distinguish this desktop session from others.

    ``DISPLAY`` does not: the next session has the same. Nor do the parameters after a bus address.
    """
    if sys.platform != "linux":
        return {}
    from tray_app.desktop.linux.session_bus import session_address

    marks = {"session": os.environ.get("XDG_SESSION_ID"), "bus": session_address()}
    return {name: mark.partition(",guid=")[0] for name, mark in marks.items() if mark}


def around(panels: Collection[str]) -> tuple[str, ...]:
    """Which of these panels run as this user, and the desktop's names for itself."""
    running = {name for name in _own_programs() if name in panels}
    desktop = os.environ.get("XDG_CURRENT_DESKTOP", "")
    return (*sorted(running), *filter(None, desktop.split(":")))


def unfolds_submenus() -> bool:
    """Whether this desktop opens a submenu inside its menu: GNOME's extension does."""
    return "GNOME" in os.environ.get("XDG_CURRENT_DESKTOP", "").split(":")


def _own_programs() -> set[str]:
    if sys.platform != "linux":
        return set()
    names, own = set(), os.getuid()
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdecimal() and entry.stat().st_uid == own:
                names.add((entry / "comm").read_text("utf-8", "replace").strip())
        except OSError:  # it has ended
            continue
    return names
