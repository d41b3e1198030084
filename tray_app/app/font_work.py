"""Looks at the desktop's fonts, beside everything else."""

from __future__ import annotations

from collections.abc import Callable

from tray_app.core.monitor.inputs import FontsSeen
from tray_app.worker_thread import WorkerThread


def look(post: Callable[[FontsSeen], None]) -> None:
    """Report what they can draw, from a thread of its own."""

    def ask() -> None:
        from tray_app.desktop import fonts  # not before the icon is there

        post(FontsSeen(fonts.has_blocks(), fonts.has_emoji()))

    WorkerThread("fonts", ask, again=False).start()
