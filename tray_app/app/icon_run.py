"""What each run with an icon has in common, whatever the icon shows: the desktop, its reports, the
thread that handles events, and the end."""

from __future__ import annotations

import queue
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from tray_app.app import autostart_work, first_instance, font_work, wiring
from tray_app.app.document_files import DemoFiles, DocumentFiles
from tray_app.app.documents import Documents
from tray_app.app.event_log import log_event
from tray_app.core.monitor.commands import Command, Order, Quit
from tray_app.core.monitor.events import Event
from tray_app.core.monitor.inputs import (
    HostSeen,
    MenuSeen,
    NotifierSeen,
    NotOpened,
    Report,
    ThemeSeen,
    ThreadRestarted,
)
from tray_app.desktop import paths
from tray_app.desktop.session import unfolds_submenus
from tray_app.runtime import clock
from tray_app.runtime.ending import Ending
from tray_app.views.notifications import Outbox
from tray_app.worker_thread import WorkerThread, tell_restarts

if TYPE_CHECKING:
    from tray_app.app.desktop_reports import DesktopReports
    from tray_app.app.first_instance import OwnInstance
    from tray_app.app.invocation import Invocation
    from tray_app.core.monitor.state import State
    from tray_app.desktop.panel_icon import Desktop

Work = Callable[[], None]
"""Something for the event handler's thread."""


class IconRun(ABC):
    """One run with an icon. Its monitors put into `_events` what their events ask for; None: one of
    them has ended. Panel, menu and notification service call from threads of the desktop; they only
    post."""

    def __init__(
        self,
        invocation: Invocation,
        desktop: Desktop,
        reports: DesktopReports,
        instance: OwnInstance,
    ) -> None:
        self._invocation = invocation
        self._desktop = desktop
        self._reports = reports
        self._instance = instance
        self._events: queue.SimpleQueue[Work | None] = queue.SimpleQueue()
        self._outbox = Outbox(desktop, clock.mono_s)
        self._demo_files: DemoFiles | None = None
        self._documents = self._make_documents()
        self._ending = Ending(lambda: self._post_to_all(Quit()), desktop.stop)

    def _make_documents(self) -> Documents:
        invocation = self._invocation
        settings = invocation.config.path if invocation.config else paths.config_file()
        log = Path(own_log) if (own_log := invocation.settings.log_file) else None
        if invocation.demo:
            self._demo_files = DemoFiles(settings, log)
        usual = DocumentFiles(settings, log or paths.log_file())
        return Documents(
            self._desktop,
            self._demo_files or (lambda: usual),
            arguments=[each for each in sys.argv[1:] if each != "--demo"],
            report=lambda place, problem, document: self._post(NotOpened(place, problem, document)),
        )

    def _attach(self) -> None:
        """Receive what the desktop reports, now that there are monitors to post it to."""
        tell_restarts(lambda name, problem: self._post(ThreadRestarted(name, problem)))
        self._reports.receive = self._take_report
        self._desktop.on_notifier = lambda: self._post(NotifierSeen())
        self._desktop.on_settled = lambda note, sent: self._events.put(
            partial(self._outbox.settle, note, sent)
        )
        self._desktop.on_session_end = self._leave_session
        self._desktop.on_close = self._ending.ask

    def _first_state(self, invocation: Invocation) -> State:
        return replace(
            wiring.first_state(invocation),
            backend=self._desktop.backend,
            unfolds=unfolds_submenus(),
        )

    @abstractmethod
    def show_first_figure(self) -> None:
        """Start reading, and let the icon come up with a figure if there is one in time."""

    def run(self) -> int:
        """Serve the icon until the run ends; the exit status."""
        self._ending.heed_signals(in_foreign_loop=not self._desktop.runs_python)
        self._desktop.run(self._icon_is_shown)
        self._ending.begin()
        self._stop()
        if self._demo_files is not None:
            self._demo_files.close()
        self._ending.over()
        tell_restarts(None)
        return 0

    def _icon_is_shown(self) -> None:
        """Start everything that the first figure does not need."""
        self._start_rest()
        # What was stored before: the thread of the events stores what is on the screen now.
        if left := self._invocation.remembered.notifications:
            self._desktop.close_notes_left(left)
        WorkerThread("notices", self._handle_events).start()
        font_work.look(self._post_to_all)
        autostart_work.look(self._post)
        self._instance.listen(self._answer)

    @abstractmethod
    def _start_rest(self) -> None: ...

    @abstractmethod
    def _stop(self) -> None:
        """End the parts, and store what the next start needs."""

    @abstractmethod
    def _store(self) -> None:
        """Store which notifications are on the screen, if others are than before."""

    def _leave_session(self) -> None:
        """Store what is known: the process may be killed any time now."""
        self._store()

    def _answer(self, message: Mapping[str, Any]) -> Mapping[str, Any] | None:
        return first_instance.answer(self._desktop, self._submit, message)

    # Orders and reports, from threads of the desktop

    @abstractmethod
    def _submit(self, *orders: Order) -> None:
        """Hand a click's order to whom it is for."""

    @abstractmethod
    def _post(self, item: Command | Report) -> None:
        """Hand this to the monitor that keeps what is known of desktop and program."""

    def _post_to_all(self, item: Command | Report) -> None:
        """Hand this to each monitor."""
        self._post(item)

    def _take_report(self, report: HostSeen | MenuSeen | ThemeSeen) -> None:
        if isinstance(report, HostSeen):  # one message is enough
            self._post(report)
        else:
            self._post_to_all(report)
        if report == MenuSeen(True):  # the user may have changed it in the desktop's settings
            autostart_work.look(self._post)

    def _open(self, place: str) -> None:
        self._desktop.open(place, partial(self._not_opened, place))

    def _not_opened(self, place: str, problem: str) -> None:
        self._post(NotOpened(place, problem))

    # Events, in a thread of their own

    def _handle_events(self) -> None:
        handle_all(self._events, self._has_ended, self._retry_in_s)
        self._desktop.stop()

    def _has_ended(self) -> bool:
        """Whether no monitor is left, once one has ended."""
        return True

    def _retry_in_s(self) -> float | None:
        """Send the kept notifications again once that is due, and say when it is next."""
        if self._outbox.retry_after_s == 0.0:
            self._outbox.retry()
            self._store()
        return self._outbox.retry_after_s

    def _switch_autostart(self, on: bool) -> None:
        autostart_work.switch(on, self._invocation.login_flags, self._post)


def handle_all(
    events: queue.SimpleQueue[Work | None],
    has_ended: Callable[[], bool],
    retry: Callable[[], float | None],
) -> None:
    """Handle every event until the run ends. A failing event leaves the queue, too, so the
    restarted thread continues with the next one. ``retry`` tries again what is due, and says in
    how many seconds it is to be called next (None: after the next event)."""
    while True:
        try:
            work = events.get(timeout=retry())
        except queue.Empty:
            continue
        if work is not None:
            work()
        elif has_ended():
            break


def handle_and_log(handle: Callable[[Event], None], event: Event, server: str = "") -> None:
    """Work first, log line second: writing the log may fail."""
    try:
        handle(event)
    finally:
        log_event(event, server)
