"""Runs the program with an icon in the panel."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from msgspec.structs import replace

from tray_app.app import exporter as exporters
from tray_app.app import wiring
from tray_app.app.boards import Board, FleetBoard, OneServerBoard
from tray_app.app.icon_run import IconRun, handle_and_log
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
from tray_app.core.monitor.inputs import NoteEnded, Report
from tray_app.core.monitor.state import State, has_menus_figures
from tray_app.runtime.ending import end_together

if TYPE_CHECKING:
    from tray_app.app.desktop_reports import DesktopReports
    from tray_app.app.first_instance import OwnInstance
    from tray_app.app.invocation import Invocation
    from tray_app.core.config.servers import ServerEntry
    from tray_app.core.presentation.notifications import Note
    from tray_app.desktop.panel_icon import Desktop

FOR_ALL = (
    *(Mute, Unmute, SetPaused, Quit),
    *(SetMode, SetPreset, SetInterval),
    *(SetStyle, SetPalette, SetTheme, SetClick),
)
"""What is done by each of several servers' monitors. Anything else is done once."""


class TrayApp(IconRun):
    """A run with an icon of one server or several, and what they share.

    The samplers call in here (`_publish`), the event handler (`_handle`) and main (`run`).
    """

    def __init__(
        self,
        invocation: Invocation,
        desktop: Desktop,
        reports: DesktopReports,
        instance: OwnInstance,
    ) -> None:
        super().__init__(invocation, desktop, reports, instance)
        self._board: Board = (
            OneServerBoard(desktop, self._submit)
            if not invocation.servers
            else FleetBoard(desktop, self._submit, shown=invocation.remembered.shown or "")
        )
        self._exporter = exporters.attach(invocation.settings)
        self._runs: list[ServerRun] = []
        self._runs = [self._make_run(each) for each in invocation.servers or (invocation,)]
        self._first = self._runs[0]
        self._pages = ShownPages(lambda: self._runs, desktop, self._not_opened)
        desktop.on_note_ended = self._note_ended
        self._attach()

    def _make_run(self, invocation: Invocation) -> ServerRun:
        begun = self._first_state(invocation)
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

    def show_first_figure(self) -> None:
        for run in self._runs:
            self._board.begin(run.name, run.begun)
        for run in self._runs:
            run.start()
        self._first.wait_for_first(wiring.FIRST_LIMIT_S)
        self._board.show()

    def _start_rest(self) -> None:
        for run in self._runs:
            run.start_rest()
        self._board.start()
        if mistakes := self._first.begun.mistakes:
            self._put(self._first, SettingsWrong(mistakes))
        self._exporter.start()

    def _stop(self) -> None:
        end_all(self._runs)
        self._board.close(wiring.JOIN_LIMIT_S)
        for run in self._runs:
            run.close_actions()
        self._exporter.close()

    def _leave_session(self) -> None:
        store_all(self._runs)

    def _store(self) -> None:
        self._first.store()

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
                    self._open(url)
                case ShowStatus() | LeftClick() if len(self._runs) > 1:
                    self._events.put(self._show_status)
                case _ if isinstance(order, FOR_ALL):
                    self._post_to_all(order)
                case _:
                    self._first.post(order)

    def _post(self, item: Command | Report) -> None:
        self._first.post(item)

    def _post_to_all(self, item: Command | Report) -> None:
        for run in self._runs:
            run.post(item)

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
                if run in self._runs:  # it has not left the list
                    self._ending.begin()
                    self._events.put(None)
            elif not isinstance(event, Sampled):
                self._put(run, event)

    def _put(self, run: ServerRun, event: Event) -> None:
        name = run.name if self._invocation.servers else ""
        self._events.put(partial(handle_and_log, partial(self._handle, run), event, name))

    def _has_ended(self) -> bool:
        return all(run.has_ended for run in self._runs)

    def _handle(self, run: ServerRun, event: Event) -> None:
        match event:
            case AutostartWanted(on):
                self._switch_autostart(on)
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


def end_all(runs: Sequence[ServerRun]) -> None:
    """End sampling, and store what the next start needs."""
    end_together([run.stop for run in runs], wiring.JOIN_LIMIT_S)
    store_all(runs)


def store_all(runs: Sequence[ServerRun]) -> None:
    """Store choices and alerts, and write what is left of the history."""
    for run in runs:
        run.store_all()
    end_together([run.close for run in runs], wiring.JOIN_LIMIT_S)
