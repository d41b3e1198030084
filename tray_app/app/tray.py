"""Runs the program with an icon in the panel."""

from __future__ import annotations

import logging
import queue
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from tray_app.app import autostart_work, first_instance, font_work, wiring
from tray_app.app import exporter as exporters
from tray_app.app.boards import Board, FleetBoard, OneServerBoard
from tray_app.app.document_files import DemoFiles, DocumentFiles
from tray_app.app.documents import Documents
from tray_app.app.event_log import log_event
from tray_app.app.server_run import ServerRun
from tray_app.app.servers import edited
from tray_app.app.shown_pages import ShownPages
from tray_app.core.monitor.commands import (
    Command,
    ForServer,
    LeftClick,
    Mute,
    OpenOverview,
    OpenPage,
    Order,
    Quit,
    SetClick,
    SetInterval,
    SetMode,
    SetPalette,
    SetPaused,
    SetPreset,
    SetStyle,
    SetTheme,
    ShowInIcon,
    ShowStatus,
    SilenceAlerts,
    Unmute,
    UnsilenceAlerts,
)
from tray_app.core.monitor.events import (
    AutostartWanted,
    DocumentAsked,
    Ended,
    Event,
    HistoryAsked,
    NotifierCame,
    Sampled,
    SettingsWrong,
)
from tray_app.core.monitor.inputs import (
    HostSeen,
    MenuSeen,
    NoteEnded,
    NotifierSeen,
    NotOpened,
    Report,
    ThemeSeen,
    ThreadRestarted,
)
from tray_app.core.monitor.state import State, has_menus_figures
from tray_app.core.presentation import tray_text
from tray_app.desktop import paths
from tray_app.desktop.session import unfolds_submenus
from tray_app.runtime import clock
from tray_app.runtime.ending import Ending, end_together
from tray_app.views.notifications import Outbox
from tray_app.worker_thread import WorkerThread, tell_restarts

if TYPE_CHECKING:
    from tray_app.app.first_instance import OwnInstance
    from tray_app.app.invocation import Invocation
    from tray_app.core.config.servers import ServerEntry
    from tray_app.core.model.icon_options import Theme
    from tray_app.core.presentation.notifications import Note
    from tray_app.desktop.panel_icon import Desktop

_log = logging.getLogger(__name__)

MENU_LIMIT_S = 0.3
"""A menu that cannot change while it is open waits this long for its figures at most."""

Told = tuple[ServerRun, Event] | Callable[[], None]
"""A server's event, or other work for the event handler's thread."""
FOR_ALL = (
    *(Mute, Unmute, SetPaused, Quit),
    *(SetMode, SetPreset, SetInterval),
    *(SetStyle, SetPalette, SetTheme, SetClick),
)
"""What is done by each of several servers' monitors. Anything else is done once."""


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
    """The parts of one run with an icon: one server or several, and the desktop that they share.

    The samplers call in here (`_publish`), the event handler (`_handle`) and main (`run`). Panel,
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
        self._instance = instance
        self._events: queue.SimpleQueue[Told] = queue.SimpleQueue()
        self._outbox = Outbox(desktop, clock.mono_s)
        self._board: Board = (
            OneServerBoard(desktop, self._submit)
            if not invocation.servers
            else FleetBoard(desktop, self._submit, shown=invocation.remembered.shown or "")
        )
        self._exporter = exporters.attach(invocation.settings)
        self._runs: list[ServerRun] = []
        self._runs = [self._make_run(each) for each in invocation.servers or (invocation,)]
        self._first = self._runs[0]
        tell_restarts(lambda name, problem: self._first.post(ThreadRestarted(name, problem)))
        self._pages = ShownPages(lambda: self._runs, desktop, self._not_opened)
        self._demo_files: DemoFiles | None = None
        self._documents = self._make_documents()
        self._ending = Ending(lambda: self._post_to_all(Quit()), desktop.stop)
        self._reports = reports
        reports.receive = self._take_report
        desktop.on_notifier = lambda: self._first.post(NotifierSeen())
        desktop.on_settled = lambda note, sent: self._events.put(
            partial(self._outbox.settle, note, sent)
        )
        desktop.on_note_ended = self._note_ended
        desktop.on_session_end = self._leave_session
        desktop.on_close = self._ending.ask

    def _make_run(self, invocation: Invocation) -> ServerRun:
        begun = replace(
            wiring.first_state(invocation),
            backend=self._desktop.backend,
            unfolds=unfolds_submenus(),
        )
        if self._runs:  # what the desktop has reported since the start
            known = self._first.last
            begun = replace(
                begun,
                theme_seen=known.theme_seen,
                has_blocks=known.has_blocks,
                has_emoji=known.has_emoji,
            )
        is_only = not self._invocation.servers
        return ServerRun(
            invocation,
            begun,
            self._desktop,
            publish=self._publish,
            outbox=self._outbox,
            outlets=self._exporter.outlets(),
            address=self._board.address(begun),
            # The lock of several servers is that of their list.
            claim=self._instance.follow if is_only and not begun.demo else None,
            listed=lambda entries: self._events.put(partial(self._follow_list, entries)),
        )

    def _follow_list(self, entries: tuple[ServerEntry, ...]) -> None:
        """Watch the servers of the edited list, and no others."""
        known = {run.name: run for run in self._runs}
        stays, new = edited(self._invocation, tuple(known), entries)
        left = [run for name, run in known.items() if name not in stays]
        added = [self._make_run(each) for each in new]
        self._runs = [*(known[name] for name in stays), *added]
        self._first = self._runs[0]
        for run in added:
            self._board.begin(run.name, run.begun)
            run.start()
            run.start_rest()
        for run in left:
            self._board.leave(run.name)
            self._exporter.leave(run.outlets)
        end_all(left)

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
            report=lambda place, problem, document: self._first.post(
                NotOpened(place, problem, document)
            ),
        )

    def show_first_figure(self) -> None:
        """Start sampling, and let the icon come up with a figure if there is one in time."""
        for run in self._runs:
            self._board.begin(run.name, run.begun)
        for run in self._runs:
            run.start()
        self._first.wait_for_first(wiring.FIRST_LIMIT_S)
        self._board.show()

    def run(self) -> int:
        """Serve the icon until the run ends; the exit status."""
        self._ending.heed_signals(in_foreign_loop=not self._desktop.runs_python)
        self._desktop.run(self._icon_is_shown)
        self._ending.begin()
        end_all(self._runs)
        self._board.close(wiring.JOIN_LIMIT_S)
        self._exporter.close()
        if self._demo_files is not None:
            self._demo_files.close()
        self._ending.over()
        tell_restarts(None)
        return 0

    def _icon_is_shown(self) -> None:
        """Start everything that the first figure does not need."""
        for run in self._runs:
            run.start_rest()
        self._board.start()
        if self._first.begun.mistakes:
            self._events.put((self._first, SettingsWrong(self._first.begun.mistakes)))
        # What was stored before: the thread of the events stores what is on the screen now.
        if left := self._invocation.remembered.notifications:
            self._desktop.close_notes_left(left)
        WorkerThread("notices", self._handle_events).start()
        self._exporter.start()
        font_work.look(self._post_to_all)
        self._look_at_autostart()
        self._instance.listen(self._answer)

    def _answer(self, message: Mapping[str, Any]) -> Mapping[str, Any] | None:
        return first_instance.answer(self._desktop, self._submit, message)

    # Orders and reports, from threads of the desktop

    def _submit(self, *orders: Order) -> None:
        """Hand a click's order to the server that it is for, or to all."""
        for order in orders:
            match order:
                case ForServer(name, command):
                    for run in self._runs:
                        if run.name == name:
                            run.post(command)
                case ShowInIcon(name):
                    self._events.put(partial(self._choose_shown, name))
                case SilenceAlerts() | UnsilenceAlerts():
                    pass  # only the menu of an engine's servers has them
                case OpenOverview():
                    self._events.put(self._pages.open)
                case OpenPage(url):
                    self._desktop.open(url, partial(self._not_opened, url))
                case ShowStatus() | LeftClick() if len(self._runs) > 1:
                    self._events.put(self._show_status)
                case _ if isinstance(order, FOR_ALL):
                    self._post_to_all(order)
                case _:
                    self._first.post(order)

    def _not_opened(self, place: str, problem: str) -> None:
        self._first.post(NotOpened(place, problem))

    def _post_to_all(self, *items: Command | Report) -> None:
        for run in self._runs:
            run.post(*items)

    def _take_report(self, report: HostSeen | MenuSeen | ThemeSeen) -> None:
        if isinstance(report, HostSeen):  # one message is enough
            self._first.post(report)
        else:
            self._post_to_all(report)
        if report == MenuSeen(True):  # the user may have changed it in the desktop's settings
            self._look_at_autostart()

    def _note_ended(self, note: Note, clicked: bool) -> None:
        if note.about_s is None:
            return
        for run in self._runs:
            if note.server in ("", run.name):
                run.post(NoteEnded(note.about_s, note.recorded_title, clicked))

    # Events, in a thread of their own

    def _publish(self, run: ServerRun, state: State, events: tuple[Event, ...]) -> None:
        """Pass on what a step made; in the sampler's thread, so nothing here waits."""
        self._board.tell(run.name, state)
        if has_menus_figures(state):
            self._reports.menu_was_read()
        for event in events:
            if isinstance(event, Ended):
                run.has_ended = True
                if run not in self._runs:  # it has left the list
                    continue
                self._ending.begin()
            if not isinstance(event, Sampled):
                self._events.put((run, event))

    def _handle_events(self) -> None:
        named = bool(self._invocation.servers)
        handle_all(self._events, self._handle, self._has_ended, self._retry_in_s, named=named)
        try:
            for run in self._runs:
                run.close_actions()
        finally:
            self._desktop.stop()

    def _retry_in_s(self) -> float | None:
        """Send the kept notifications again once that is due, and say when it is next."""
        if self._outbox.retry_after_s == 0.0:
            self._outbox.retry()
            self._first.store()
        return self._outbox.retry_after_s

    def _has_ended(self) -> bool:
        return all(run.has_ended for run in self._runs)

    def _handle(self, run: ServerRun, event: Event) -> None:
        match event:
            case AutostartWanted(on):
                autostart_work.switch(on, self._invocation.login_flags, self._first.post)
            case DocumentAsked(document, line):
                self._documents.open(document, line)
            case HistoryAsked(at_s):
                self._pages.open(run.name, at_s)
            case NotifierCame():
                self._outbox.retry()
                run.store()
            case _:
                run.handle(event)

    def _show_status(self) -> None:
        if note := self._board.status():
            self._outbox.send(note, lambda _: None)

    def _choose_shown(self, name: str) -> None:
        self._board.choose(name)
        self._first.store_shown(name)

    def _leave_session(self) -> None:
        """Keep what is known: the process may be killed any time now."""
        store_all(self._runs)

    # Short work in threads of its own

    def _look_at_autostart(self) -> None:
        autostart_work.look(self._first.post)


def end_all(runs: Sequence[ServerRun]) -> None:
    """End sampling, and store what the next start needs."""
    end_together([run.stop for run in runs], wiring.JOIN_LIMIT_S)
    store_all(runs)


def store_all(runs: Sequence[ServerRun]) -> None:
    """Store choices and alerts, and write what is left of the history."""
    for run in runs:
        run.store_all()
    end_together([run.close for run in runs], wiring.JOIN_LIMIT_S)


def handle_all(
    events: queue.SimpleQueue[Told],
    handle: Callable[[ServerRun, Event], None],
    has_ended: Callable[[], bool],
    retry: Callable[[], float | None],
    *,
    named: bool = False,
) -> None:
    """Handle every event until the run ends. A failing event leaves the queue, too, so the
    restarted thread continues with the next one. ``retry`` tries again what is due, and says in
    how many seconds it is to be called next (None: after the next event)."""
    while True:
        try:
            told = events.get(timeout=retry())
        except queue.Empty:
            continue
        if callable(told):
            told()
            continue
        run, event = told
        if isinstance(event, Ended):
            if has_ended():
                break
            continue
        # Work first, log line second: writing the log may fail.
        try:
            handle(run, event)
        finally:
            log_event(event, run.name if named else "")
