"""Start at login: looks at it and changes it, beside everything else."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence

from tray_app.core.monitor.inputs import AutostartSeen
from tray_app.core.presentation import program_text
from tray_app.worker_thread import WorkerThread

_log = logging.getLogger(__name__)
Post = Callable[[AutostartSeen], None]


def look(post: Post) -> None:
    """Report whether it is on, from a thread of its own."""

    def read_autostart() -> None:
        from tray_app.desktop import autostart  # not before the icon is there

        post(AutostartSeen(autostart.is_on()))

    WorkerThread("autostart", read_autostart, again=False).start()


def switch(on: bool, flags: Sequence[str], post: Post) -> None:
    """Switch it on with these flags, or off, and report whether it is on."""
    from tray_app.desktop import autostart

    problem = None
    try:
        autostart.set_on(on, tuple(flags))
    except OSError as error:
        problem = error.strerror or str(error)
        _log.warning("start at login: %s", program_text.autostart_failed(on, str(error)))
    post(AutostartSeen(autostart.is_on(), problem))
