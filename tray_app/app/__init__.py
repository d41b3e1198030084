"""Builds, starts and stops the parts of the program. Only this package imports all others.

`run` decides between `tray` (an icon), `terminal` (console, live screen, JSON) and `headless`
(nothing but the exporter).
docs/architecture.md lists the threads: who owns what, and who stops them.
"""

from __future__ import annotations

import logging
import os
import sys
from typing import TYPE_CHECKING

from tray_app.app.invocation import Invocation, View
from tray_app.app.servers import of_several
from tray_app.core.presentation import program_text
from tray_app.runtime.gc_pause import gc_paused
from tray_app.views.terminal.streams import STATUS_FAILED, complain

if TYPE_CHECKING:
    from tray_app.app.icon_run import IconRun

__all__ = ["Invocation", "View", "of_several", "run"]

_log = logging.getLogger(__name__)

NO_ICON = 1
"""Exit status where only an icon would be visible and the desktop can show none."""


def run(invocation: Invocation) -> int:
    """Run until the set time is over or the user quits; the exit status."""
    if invocation.view is View.TRAY:
        status = _run_tray(invocation)
        if status is not None:
            return status
    if invocation.view is View.HEADLESS:
        from tray_app.app.headless import run_headless

        return run_headless(invocation)
    from tray_app.app.terminal import run_terminal

    return run_terminal(invocation)


def _run_tray(invocation: Invocation) -> int | None:
    """The exit status of a run with an icon; None: no icon can be shown here."""
    with gc_paused():
        from tray_app.app import first_instance
        from tray_app.app.desktop_reports import DesktopReports
        from tray_app.desktop import backends
        from tray_app.desktop.single_instance import Instance, TakenError

        make_run = _kind_of_run(invocation)
    instance: Instance | None = None
    own: first_instance.OwnInstance | None = None
    try:
        instance, is_taken = first_instance.claim(invocation)
        reports = DesktopReports()
        with gc_paused():
            desktop = backends.open_desktop(
                reports.host_changed,
                reports.menu_changed,
                reports.theme_changed,
                reports.until_read,
            )
        if is_taken:  # only now: without a desktop here there is no reason to take its place
            instance = first_instance.take_over(invocation)
    except TakenError:
        return first_instance.hand_over(invocation)
    except backends.BackendError as error:
        complain(str(error))
        return STATUS_FAILED
    except backends.NoDesktopError as error:
        _log.debug("no tray: %s", error)
        if invocation.engine is not None:  # a terminal would show another server
            complain(program_text.NO_DESKTOP_FOR_ENGINE)
            return NO_ICON
        if _is_unseen():
            complain(program_text.NO_BUS)
            return NO_ICON
        complain(program_text.NO_DESKTOP)
        return None
    else:
        with gc_paused():
            own = first_instance.OwnInstance(instance, invocation.settings.address)
            icon_run = make_run(invocation, desktop, reports, own)
            icon_run.show_first_figure()
        return icon_run.run()
    finally:
        for held in (own, instance):
            if held is not None:
                held.close()


def _kind_of_run(invocation: Invocation) -> type[IconRun]:
    if invocation.engine is None:
        from tray_app.app.tray import TrayApp

        return TrayApp
    from tray_app.app.prometheus_tray import PrometheusTray

    return PrometheusTray


def _is_unseen() -> bool:
    """Whether nobody reads the console: there is a display, but standard output is no terminal.

    A program that the desktop starts writes to the session's log.
    """
    on_display = any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
    return on_display and not sys.stdout.isatty()
