"""Runs the program with an icon that shows the servers of a Prometheus."""

from __future__ import annotations

import logging
import queue
import sys
import threading
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from tray_app import APP_ID
from tray_app.app import autostart_work, first_instance, font_work, wiring
from tray_app.app.document_files import DocumentFiles
from tray_app.app.documents import Documents
from tray_app.app.event_log import log_event
from tray_app.core.monitor.commands import (
    ForServer,
    OpenOverview,
    OpenPage,
    Order,
    Quit,
    ShowInIcon,
)
from tray_app.core.monitor.events import (
    AutostartWanted,
    Chosen,
    DocumentAsked,
    Ended,
    NotifierCame,
    OpenAsked,
    SettingsWrong,
)
from tray_app.core.monitor.inputs import (
    HostSeen,
    MenuSeen,
    NotifierSeen,
    NotOpened,
    ThemeSeen,
    ThreadRestarted,
)
from tray_app.core.monitor.state import is_menu_open
from tray_app.core.presentation import engine_text, silence_text
from tray_app.core.prometheus.events import (
    AlertsChanged,
    EngineAway,
    EngineBack,
    EngineEvent,
    FleetStatusAsked,
)
from tray_app.core.prometheus.silencing import (
    SilenceDoubted,
    SilenceRefused,
    SilenceRequested,
    SilenceSettled,
)
from tray_app.core.prometheus.state import EngineState, begin
from tray_app.core.prometheus.values import OF_PICTURE
from tray_app.desktop import paths
from tray_app.desktop.session import unfolds_submenus
from tray_app.runtime import clock, state_file
from tray_app.runtime.ending import Ending
from tray_app.runtime.engine_monitor import EngineMonitor
from tray_app.views.engine_look import ENGINE, picture
from tray_app.views.engine_notes import EngineNotes
from tray_app.views.notifications import NotificationSender, Outbox
from tray_app.views.presenter import Presenter
from tray_app.worker_thread import WorkerThread, tell_restarts

if TYPE_CHECKING:
    from tray_app.app.first_instance import OwnInstance
    from tray_app.app.invocation import Invocation
    from tray_app.app.tray import DesktopReports
    from tray_app.core.config.settings import RememberedChoices
    from tray_app.core.presentation.icon import Picture
    from tray_app.core.presentation.notifications import Note
    from tray_app.desktop.panel_icon import Desktop
    from tray_app.sources.prometheus.alertmanager import SilenceWorker

_log = logging.getLogger(__name__)


class PrometheusTray:
    """The parts of one run as the face of a Prometheus, and the desktop.

    The monitor calls in here (`_publish`), the event handler (`_handle`) and main (`run`). Panel,
    menu and notification service call from threads of the desktop; they only post.
    """

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
        self._stored = invocation.remembered
        desk = replace(
            wiring.first_state(invocation),
            backend=desktop.backend,
            unfolds=unfolds_submenus(),
        )
        self._last = begin(desk, _user())
        self._events: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._monitor = EngineMonitor(self._last, clock.now, self._publish)
        self._presenter = Presenter(desktop, self._submit, ENGINE)
        self._outbox = Outbox(desktop, clock.mono_s)
        self._sender = NotificationSender(self._outbox, self._monitor.post, self._tile)
        self._notes = EngineNotes(clock.mono_s)
        self._first_answers = threading.Event()
        self._silence: SilenceWorker | None = None
        tell_restarts(lambda name, problem: self._monitor.post(ThreadRestarted(name, problem)))
        settings = invocation.config.path if invocation.config else paths.config_file()
        log = Path(own_log) if (own_log := invocation.settings.log_file) else paths.log_file()
        files = DocumentFiles(settings, log)
        self._documents = Documents(
            desktop,
            lambda: files,
            arguments=sys.argv[1:],
            report=lambda place, problem, document: self._monitor.post(
                NotOpened(place, problem, document)
            ),
        )
        self._ending = Ending(lambda: self._monitor.post(Quit()), desktop.stop)
        reports.receive = self._take_report
        desktop.on_notifier = lambda: self._monitor.post(NotifierSeen())
        desktop.on_settled = lambda note, sent: self._events.put(
            partial(self._outbox.settle, note, sent)
        )
        desktop.on_session_end = self._store
        desktop.on_close = self._ending.ask

    def show_first_figure(self) -> None:
        """Start reading, and let the icon come up with a figure if there is one in time."""
        self._presenter.tell(self._last)
        self._monitor.start(wiring.make_readers(self._invocation.settings, self._monitor.post))
        self._first_answers.wait(wiring.FIRST_LIMIT_S)
        self._presenter.show()

    def run(self) -> int:
        """Serve the icon until the run ends; the exit status."""
        self._ending.heed_signals(in_foreign_loop=not self._desktop.runs_python)
        self._desktop.run(self._icon_is_shown)
        self._ending.begin()
        self._monitor.stop(wiring.JOIN_LIMIT_S)
        self._presenter.close(wiring.JOIN_LIMIT_S)
        if self._silence is not None:
            self._silence.close()
        self._store()
        self._ending.over()
        tell_restarts(None)
        return 0

    def _icon_is_shown(self) -> None:
        """Start everything that the first figure does not need."""
        self._presenter.start()
        if mistakes := self._last.desk.mistakes:
            self._events.put(partial(self._sender.handle, SettingsWrong(mistakes)))
        if left := self._invocation.remembered.notifications:
            self._desktop.close_notes_left(left)
        WorkerThread("notices", self._handle_events).start()
        font_work.look(self._monitor.post)
        autostart_work.look(self._monitor.post)
        self._instance.listen(self._answer)

    def _answer(self, message: Mapping[str, Any]) -> Mapping[str, Any] | None:
        return first_instance.answer(self._desktop, self._submit, message)

    # Orders and reports, from threads of the desktop

    def _submit(self, *orders: Order) -> None:
        for order in orders:
            match order:
                case OpenPage(url):
                    self._open(url)
                case ForServer(_, command):
                    self._monitor.post(command)
                case ShowInIcon() | OpenOverview():
                    pass  # only the menu of servers that are watched here has them
                case _:
                    self._monitor.post(order)

    def _open(self, place: str) -> None:
        self._desktop.open(place, lambda problem: self._monitor.post(NotOpened(place, problem)))

    def _take_report(self, report: HostSeen | MenuSeen | ThemeSeen) -> None:
        self._monitor.post(report)
        if report == MenuSeen(True):  # the user may have changed it in the desktop's settings
            autostart_work.look(self._monitor.post)

    # Events, in a thread of their own

    def _publish(self, state: EngineState, events: tuple[EngineEvent, ...]) -> None:
        """Pass on what a step made; in the monitor's thread, so nothing here waits."""
        self._last = state
        if all(state.part(part).read_s is not None for part in OF_PICTURE):
            self._first_answers.set()
        self._presenter.tell(state)
        if is_menu_open(state.desk, state.now.mono_s):
            self._reports.menu_was_read()
        for event in events:
            if isinstance(event, Ended):
                self._ending.begin()
                self._events.put(None)
            else:
                self._events.put(partial(self._handle, event, state))

    def _handle_events(self) -> None:
        """Handle every event until the run ends. A failing one leaves the queue, too, so the
        restarted thread continues with the next one."""
        while True:
            try:
                work = self._events.get(timeout=self._retry_in_s())
            except queue.Empty:
                continue
            if work is None:
                break
            work()
        self._desktop.stop()

    def _retry_in_s(self) -> float | None:
        """Send the kept notifications again once that is due, and say when it is next."""
        if self._outbox.retry_after_s == 0.0:
            self._outbox.retry()
        return self._outbox.retry_after_s

    def _handle(self, event: EngineEvent, state: EngineState) -> None:
        match event:
            case AlertsChanged():
                self._tell_alerts(event, state)
            case EngineAway():
                self._send(engine_text.away(event, state))
                _log.warning("%s", engine_text.trouble(state))
            case EngineBack():
                self._send(engine_text.back(event))
                _log.info("Prometheus answers again")
            case FleetStatusAsked():
                self._send(engine_text.status(state))
            case SilenceRequested(order):
                settings = self._invocation.settings
                self._silence = wiring.make_silence_worker(settings, order, self._monitor.post)
                self._silence.start()
            case SilenceDoubted() | SilenceSettled() | SilenceRefused():
                if said := silence_text.note(event):
                    self._send(said)
                    _log.info("%s. %s", said.title, said.text)
            case Chosen(choice):
                self._store(choice)
            case AutostartWanted(on):
                autostart_work.switch(on, self._invocation.login_flags, self._monitor.post)
            case DocumentAsked(document, line):
                self._documents.open(document, line)
            case OpenAsked(place):
                self._open(place)
            case NotifierCame():
                self._outbox.retry()
            case _:
                self._sender.handle(event)
                log_event(event)

    def _tell_alerts(self, changed: AlertsChanged, state: EngineState) -> None:
        for said in self._notes.take(changed, state):
            if isinstance(said, str):
                self._outbox.close(said)
            else:
                self._send(said)
                _log.info("%s. %s", said.title, said.text)

    def _send(self, note: Note) -> None:
        tile = replace(self._tile(None), muted=False, undelivered=False)
        self._outbox.send(replace(note, picture=tile), self._monitor.post)

    def _tile(self, _sample: object) -> Picture:
        return picture(self._last)

    def _store(self, choice: RememberedChoices | None = None) -> None:
        """Store this (None: the same as before) if it has changed, with what is on the screen
        now."""
        path = self._invocation.state_file
        choice = replace(choice or self._stored, notifications=self._desktop.notes_left())
        if path and choice != self._stored and state_file.write_choice(path, choice):
            self._stored = choice


def _user() -> str:
    """``ana@desk``: who a silence is by."""
    import getpass
    import platform

    try:
        user = getpass.getuser()
    except (OSError, KeyError, ImportError):  # without a name, as in some containers
        user = APP_ID
    return f"{user}@{platform.node()}"
