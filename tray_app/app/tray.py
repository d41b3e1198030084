"""Runs the program with an icon in the panel."""

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

from tray_app.app import exporter as exporters
from tray_app.app import first_instance, wiring
from tray_app.app.document_files import DemoFiles, DocumentFiles
from tray_app.app.documents import Documents
from tray_app.app.event_log import log_event
from tray_app.app.history import HistoryRecorder, recall
from tray_app.core.history.thinning import DAY_S, HOUR_S, Spans
from tray_app.core.monitor.commands import Quit
from tray_app.core.monitor.events import (
    ActionRequested,
    AlertMemoryChanged,
    AutostartWanted,
    Chosen,
    DayAsked,
    DeletionAsked,
    DocumentAsked,
    Ended,
    Event,
    ExportAsked,
    HistoryAsked,
    NotifierCame,
    OpenAsked,
    PageAsked,
    Sampled,
    SettingsWrong,
)
from tray_app.core.monitor.inputs import (
    ActionFinished,
    AutostartSeen,
    BlocksSeen,
    DaySummed,
    HistoryForgotten,
    HistoryGone,
    HistorySeen,
    HostSeen,
    IncidentsSeen,
    MenuSeen,
    NoteEnded,
    NotifierSeen,
    NotOpened,
    ThemeSeen,
)
from tray_app.core.monitor.state import State, alert_limits, has_menus_figures, records
from tray_app.core.presentation import alert_memory, program_text, tray_text
from tray_app.desktop import paths
from tray_app.desktop.paths import history_file
from tray_app.desktop.session import unfolds_submenus
from tray_app.runtime import clock, state_file
from tray_app.runtime.ending import Ending
from tray_app.sources.processes.host import own_use
from tray_app.views.notifications import NotificationSender
from tray_app.views.presenter import Presenter, picture
from tray_app.worker_thread import WorkerThread, tell_restarts

if TYPE_CHECKING:
    from tray_app.app.first_instance import OwnInstance
    from tray_app.app.invocation import Invocation
    from tray_app.app.pages import Pages
    from tray_app.core.config.settings import RememberedChoices, Settings
    from tray_app.core.model.icon_options import Theme
    from tray_app.core.model.incident import PastIncident
    from tray_app.core.model.server_action import ServerAction
    from tray_app.core.monitor.sample import Sample
    from tray_app.core.presentation.icon import Picture
    from tray_app.core.presentation.notifications import Note
    from tray_app.desktop.panel_icon import Desktop
    from tray_app.sources.api.action_worker import ActionWorker

_log = logging.getLogger(__name__)

MENU_LIMIT_S = 0.3
"""A menu that cannot change while it is open waits this long for its figures at most."""

Task = Callable[[], None]
"""Other work for the event handler's thread."""


class DesktopReports:
    """The desktop's reports, from its start on; dropped until there is a receiver."""

    def __init__(self) -> None:
        self.receive: Callable[[HostSeen | MenuSeen | ThemeSeen], None] = lambda _: None
        self._read = threading.Event()

    def host_changed(self, present: bool) -> None:
        """A panel has come or gone."""
        from tray_app.desktop.session import around

        self.receive(HostSeen(present, () if present else around(tray_text.PANELS)))

    def menu_changed(self, is_open: bool) -> None:
        """The menu was opened or closed."""
        self._read.clear()
        self.receive(MenuSeen(is_open))

    def until_read(self) -> None:
        """Wait until what only an open menu shows was read, but not longer than nobody notices."""
        self._read.wait(MENU_LIMIT_S)

    @property
    def is_read(self) -> bool:
        """Whether it was read since the menu was opened or closed."""
        return self._read.is_set()

    def menu_was_read(self) -> None:
        """The newest state has it."""
        self._read.set()

    def theme_changed(self, theme: Theme) -> None:
        """The desktop is dark or light."""
        self.receive(ThemeSeen(theme))


class TrayApp:
    """The parts of one run with an icon, and what each event makes them do.

    Three threads call in here: the sampler (`_publish`), the event handler (`_handle`) and main
    (`run`). Panel, menu and notification service call from threads of the desktop; they only post.
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
        self._instance = instance
        self._events: queue.SimpleQueue[Event | Task] = queue.SimpleQueue()
        self._history = HistoryRecorder()
        self._exporter = exporters.attach(invocation.settings)
        self._pages: Pages | None = None
        self._first_sample = threading.Event()
        self._stored = invocation.remembered
        begun = replace(
            wiring.first_state(invocation), backend=desktop.backend, unfolds=unfolds_submenus()
        )
        self._begun = self._last = begun
        follow = {} if begun.demo else {"claim": instance.follow}
        recorded = (self._history.publish,) if _is_recorded(begun) else ()
        self._sampler = wiring.make_sampler(
            invocation,
            begun,
            self._publish,
            *recorded,
            *self._exporter.outlets,
            shown=False,
            own_use=own_use,
            **follow,
        )
        self._uss_pss = wiring.make_uss_pss(self._sampler, begun, shown=False)
        self._presenter = Presenter(desktop, self._sampler.post)
        self._sender = NotificationSender(
            desktop,
            self._sampler.post,
            clock.mono_s,
            self._tile,
            past=lambda: self._last.course,
            records=lambda: records(self._last),
        )
        self._actions = ServerActions(self._sampler.post, demo=begun.demo)
        self._demo_files: DemoFiles | None = None
        self._documents = self._make_documents()
        self._ending = Ending(lambda: self._sampler.post(Quit()), desktop.stop)
        self._reports = reports
        reports.receive = self._take_report
        desktop.on_notifier = lambda: self._sampler.post(NotifierSeen())
        desktop.on_settled = lambda note, sent: self._events.put(
            partial(self._sender.settle, note, sent)
        )
        desktop.on_note_ended = self._note_ended
        desktop.on_session_end = self._leave_session
        desktop.on_close = self._ending.ask

    def _note_ended(self, note: Note, clicked: bool) -> None:
        if note.about_s is not None:
            self._sampler.post(NoteEnded(note.about_s, note.title, clicked))

    def _leave_session(self) -> None:
        """Keep what is known: the process may be killed any time now."""
        self._store(alert_memory.choice(self._last, clock.now()))
        self._history.close(wiring.JOIN_LIMIT_S)

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
            report=lambda place, problem, document: self._sampler.post(
                NotOpened(place, problem, document)
            ),
        )

    def show_first_figure(self) -> None:
        """Start sampling, and let the icon come up with a figure if there is one in time."""
        self._presenter.tell(self._begun)
        self._sampler.start(
            wiring.make_probe(self._begun.settings, demo=self._begun.demo), uss_pss=self._uss_pss
        )
        self._first_sample.wait(wiring.FIRST_LIMIT_S)
        self._presenter.show()

    def run(self) -> int:
        """Serve the icon until the run ends; the exit status."""
        self._ending.heed_signals(in_foreign_loop=not self._desktop.runs_python)
        self._desktop.run(self._icon_is_shown)
        self._ending.begin()
        self._sampler.stop(wiring.JOIN_LIMIT_S)
        self._store(alert_memory.choice(self._last, clock.now()))
        self._presenter.close(wiring.JOIN_LIMIT_S)
        self._history.close(wiring.JOIN_LIMIT_S)
        self._exporter.close()
        if self._demo_files is not None:
            self._demo_files.close()
        self._ending.over()
        tell_restarts(None)
        return 0

    def _icon_is_shown(self) -> None:
        """Start everything that the first figure does not need."""
        self._sampler.add(wiring.make_helpers(self._sampler, self._begun, self._uss_pss))
        self._presenter.start()
        if self._begun.mistakes:
            self._events.put(SettingsWrong(self._begun.mistakes))
        # What was stored before: the thread of the events stores what is on the screen now.
        if left := self._invocation.remembered.notifications:
            self._desktop.close_notes_left(left)
        WorkerThread("notices", self._handle_events).start()
        self._start_history()
        self._exporter.start()
        self._look_for_blocks()
        self._look_at_autostart()
        self._instance.listen(self._answer)

    def _start_history(self) -> None:
        settings = self._begun.settings
        if not _is_recorded(self._begun):
            return
        spans = Spans(
            samples_s=settings.history_samples_h * HOUR_S,
            minutes_s=settings.history_minutes_days * DAY_S,
            hours_s=settings.history_hours_days * DAY_S,
        )

        def told(problem: str) -> None:
            self._sampler.post(HistorySeen(problem))

        def listed(incidents: tuple[PastIncident, ...]) -> None:
            self._sampler.post(IncidentsSeen(incidents))

        recall(self._history_file, self._sampler.post)

        def gone() -> None:
            self._sampler.post(HistoryGone())

        self._history.start(self._history_file, spans, told, listed, gone)

    @property
    def _history_file(self) -> Path:
        return history_file(self._begun.settings.address.identity)

    def _sum_up_today(self) -> None:
        from tray_app.history.today import summary_of_today  # SQLite takes 2 MB

        now_s = clock.now().wall_s
        self._sampler.post(DaySummed(summary_of_today(self._history_file, now_s)))

    def _open_page(self, at_s: float | None) -> None:
        """Open the history's page in the browser, or an incident's."""
        from tray_app.app.pages import Pages  # it needs SQLite, asyncio and the page

        if self._pages is None:
            shown = self._begun.settings.address.shown
            self._pages = Pages(
                *(self._history_file, shown),
                limits=lambda: alert_limits(self._last),
                bands=lambda: self._last.settings.bands,
                now_s=lambda: clock.now().wall_s,
                watched=self._history.watched,
            )
        try:
            self._open(self._pages.address(at_s))
        except OSError as error:
            self._sampler.post(NotOpened("the history", error.strerror or str(error)))

    def _tile(self, sample: Sample | None) -> Picture:
        """The icon's picture of a sample, or the newest."""
        state = self._last
        return picture(state if sample is None else replace(state, sample=sample))

    def _answer(self, message: Mapping[str, Any]) -> Mapping[str, Any] | None:
        return first_instance.answer(self._desktop, self._sampler.post, message)

    def _publish(self, state: State, events: tuple[Event, ...]) -> None:
        """Pass on what a step made; in the sampler's thread, so nothing here waits."""
        is_first, self._last = self._last is self._begun, state
        self._presenter.tell(state)
        if has_menus_figures(state):
            self._reports.menu_was_read()
        for event in events:
            if not isinstance(event, Sampled):
                self._events.put(event)
            if isinstance(event, Ended):
                self._ending.begin()
        if is_first:
            self._first_sample.set()

    def _take_report(self, report: HostSeen | MenuSeen | ThemeSeen) -> None:
        self._sampler.post(report)
        if report == MenuSeen(True):  # the user may have changed it in the desktop's settings
            self._look_at_autostart()

    def _look_at_autostart(self) -> None:
        def read_autostart() -> None:
            from tray_app.desktop import autostart  # not before the icon is there

            self._sampler.post(AutostartSeen(autostart.is_on()))

        WorkerThread("autostart", read_autostart, again=False).start()

    def _look_for_blocks(self) -> None:
        def look() -> None:
            from tray_app.desktop.fonts import has_blocks

            self._sampler.post(BlocksSeen(has_blocks()))

        WorkerThread("fonts", look, again=False).start()

    def _handle_events(self) -> None:
        handle_all(self._events, self._handle, lambda: self._sender.retry_after_s)
        try:
            self._actions.close()
        finally:
            self._desktop.stop()

    def _handle(self, event: Event) -> None:
        match event:
            case Chosen(choice):
                self._store(replace(choice, alerts=self._stored.alerts))
            case AlertMemoryChanged():
                memory = alert_memory.remembered(self._last, clock.now())
                self._store(replace(self._stored, alerts=memory or None))
            case AutostartWanted(on):
                self._set_autostart(on)
            case ActionRequested(action, settings):
                self._actions.run(action, settings)
            case OpenAsked(place):
                self._open(place)
            case PageAsked(settings):
                self._actions.find_page(settings, self._open)
            case DocumentAsked(document, line):
                self._documents.open(document, line)
            case HistoryAsked(at_s):
                self._open_page(at_s)
            case ExportAsked():
                self._history.export(self._history_file, paths.documents(), self._sampler.post)
            case DayAsked():
                WorkerThread("summary", self._sum_up_today, again=False).start()
            case DeletionAsked():
                self._history.forget(
                    self._history_file, lambda why: self._sampler.post(HistoryForgotten(why))
                )
            case NotifierCame():
                self._sender.retry()
                self._store(self._stored)
            case _:
                self._sender.handle(event)
                self._store(self._stored)

    def _store(self, choice: RememberedChoices) -> None:
        """Store this if it has changed, with what is on the screen now."""
        path = self._invocation.state_file
        choice = replace(choice, notifications=self._desktop.notes_left())
        if path and choice != self._stored and state_file.write_choice(path, choice):
            self._stored = choice

    def _open(self, place: str) -> None:
        def report(problem: str) -> None:
            self._sampler.post(NotOpened(place, problem))

        self._desktop.open(place, report)

    def _set_autostart(self, on: bool) -> None:
        """Switch start at login on or off, and report whether it is on."""
        from tray_app.desktop import autostart

        problem = None
        try:
            autostart.set_on(on, self._invocation.login_flags)
        except OSError as error:
            problem = error.strerror or str(error)
            _log.warning("start at login: %s", program_text.autostart_failed(on, str(error)))
        self._sampler.post(AutostartSeen(autostart.is_on(), problem))


def _is_recorded(state: State) -> bool:
    return state.settings.history and not state.demo


def handle_all(
    events: queue.SimpleQueue[Event | Task],
    handle: Callable[[Event], None],
    retry_after_s: Callable[[], float | None],
) -> None:
    """Handle every event until the run ends. A failing event leaves the queue, too, so the
    restarted thread continues with the next one."""
    while not isinstance(event := _next_event(events, retry_after_s()), Ended):
        if callable(event):
            event()
            continue
        # Work first, log line second: writing the log may fail.
        try:
            handle(event)
        finally:
            log_event(event)


def _next_event(
    events: queue.SimpleQueue[Event | Task], retry_after_s: float | None
) -> Event | Task:
    """The next event, or NotifierCame (try again) when none comes in time."""
    try:
        return events.get(timeout=retry_after_s)
    except queue.Empty:
        return NotifierCame()


class ServerActions:
    """Runs the server's actions; the core lets only one run at a time."""

    def __init__(self, post: Callable[[ActionFinished], None], *, demo: bool = False) -> None:
        self._post = post
        self._demo = demo
        self._worker: ActionWorker | None = None

    def run(self, action: ServerAction, settings: Settings) -> None:
        """Run one in a thread of its own, which posts the result."""
        from tray_app.sources.api.action_worker import ActionWorker

        calls = wiring.make_actions_server(settings, demo=self._demo)
        self._worker = ActionWorker(
            action, calls, lambda result: self._post(ActionFinished(result)), clock.mono_s
        )
        self._worker.start()

    def find_page(self, settings: Settings, found: Callable[[str], None]) -> None:
        """Find the page that shows the server's memory, and hand over its address."""
        from tray_app.sources.api.action_worker import find_page

        find_page(settings.address, wiring.make_server_calls(settings), found)

    def close(self) -> None:
        """Wait for no action."""
        if self._worker is not None:
            self._worker.close()
