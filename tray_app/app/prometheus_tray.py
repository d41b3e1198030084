"""Runs the program with an icon that shows the servers of a Prometheus."""

from __future__ import annotations

import logging
import threading
from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace

from tray_app import APP_ID
from tray_app.app import wiring
from tray_app.app.icon_run import IconRun, handle_and_log
from tray_app.core.monitor.commands import (
    Command,
    ForServer,
    OpenOverview,
    OpenPage,
    Order,
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
from tray_app.core.monitor.inputs import Report
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
from tray_app.runtime import clock, state_file
from tray_app.runtime.engine_monitor import EngineMonitor
from tray_app.views.engine_look import ENGINE, picture
from tray_app.views.engine_notes import EngineNotes
from tray_app.views.notifications import NotificationSender
from tray_app.views.presenter import Presenter

if TYPE_CHECKING:
    from tray_app.app.desktop_reports import DesktopReports
    from tray_app.app.first_instance import OwnInstance
    from tray_app.app.invocation import Invocation
    from tray_app.core.config.settings import RememberedChoices
    from tray_app.core.presentation.icon import Picture
    from tray_app.desktop.panel_icon import Desktop
    from tray_app.sources.prometheus.alertmanager import SilenceWorker

_log = logging.getLogger(__name__)


class PrometheusTray(IconRun):
    """A run with an icon that is the face of a Prometheus.

    The monitor calls in here (`_publish`), the event handler (`_handle`) and main (`run`).
    """

    def __init__(
        self,
        invocation: Invocation,
        desktop: Desktop,
        reports: DesktopReports,
        instance: OwnInstance,
    ) -> None:
        super().__init__(invocation, desktop, reports, instance)
        self._stored = invocation.remembered
        self._last = begin(self._first_state(invocation), _user())
        self._monitor = EngineMonitor(self._last, clock.now, self._publish)
        self._presenter = Presenter(desktop, self._submit, ENGINE)
        self._sender = NotificationSender(self._outbox, self._monitor.post, self._tile)
        self._notes = EngineNotes(clock.mono_s)
        self._first_answers = threading.Event()
        self._silence: SilenceWorker | None = None
        self._attach()

    def show_first_figure(self) -> None:
        self._presenter.tell(self._last)
        self._monitor.start(wiring.make_readers(self._invocation.settings, self._monitor.post))
        self._first_answers.wait(wiring.FIRST_LIMIT_S)
        self._presenter.show()

    def _start_rest(self) -> None:
        self._presenter.start()
        if mistakes := self._last.desk.mistakes:
            self._events.put(partial(self._sender.handle, SettingsWrong(mistakes)))

    def _stop(self) -> None:
        self._monitor.stop(wiring.JOIN_LIMIT_S)
        self._presenter.close(wiring.JOIN_LIMIT_S)
        if self._silence is not None:
            self._silence.close()
        self._store()

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

    def _post(self, item: Command | Report) -> None:
        self._monitor.post(item)

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

    def _handle(self, event: EngineEvent, state: EngineState) -> None:
        match event:
            case AlertsChanged():
                self._tell_alerts(event, state)
            case EngineAway():
                self._sender.send(engine_text.away(event, state))
                _log.warning("%s", engine_text.trouble(state))
            case EngineBack():
                self._sender.send(engine_text.back(event))
                _log.info("Prometheus answers again")
            case FleetStatusAsked():
                self._sender.send(engine_text.status(state))
            case SilenceRequested(order):
                settings = self._invocation.settings
                self._silence = wiring.make_silence_worker(settings, order, self._monitor.post)
                self._silence.start()
            case SilenceDoubted() | SilenceSettled() | SilenceRefused():
                if said := silence_text.note(event):
                    self._sender.send(said)
                    _log.info("%s. %s", said.title, said.text)
            case Chosen(choice):
                self._store(choice)
            case AutostartWanted(on):
                self._switch_autostart(on)
            case DocumentAsked(document, line):
                self._documents.open(document, line)
            case OpenAsked(place):
                self._open(place)
            case NotifierCame():
                self._outbox.retry()
            case _:
                handle_and_log(self._sender.handle, event)
        self._store()

    def _tell_alerts(self, changed: AlertsChanged, state: EngineState) -> None:
        for said in self._notes.take(changed, state):
            if isinstance(said, str):
                self._outbox.close(said)
            else:
                self._sender.send(said)
                _log.info("%s. %s", said.title, said.text)

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
