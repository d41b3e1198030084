"""Which desktop session this process belongs to."""

from __future__ import annotations

import os
import sys


def session_marks() -> dict[str, str]:
    """Marks that distinguish this desktop session from others.

    ``DISPLAY`` does not: the next session has the same. Nor do the parameters after a bus address.
    """
    if sys.platform != "linux":
        return {}
    from tray_app.desktop.linux.session_bus import session_address

    marks = {"session": os.environ.get("XDG_SESSION_ID"), "bus": session_address()}
    return {name: mark.partition(",guid=")[0] for name, mark in marks.items() if mark}
