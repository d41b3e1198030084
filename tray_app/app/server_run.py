"""One watched server: what samples, records and notifies, and what each of its events makes it do.

The desktop belongs to `tray`: one server or several share it.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from tray_app.app import wiring
from tray_app.app.history import HistoryRecorder, recall
from tray_app.app.watcher import Watcher
from tray_app.core.history.thinning import DAY_S, HOUR_S, Spans
from tray_app.core.monitor.events import (
    ActionRequested,
    AlertMemoryChanged,
    Chosen,
    DayAsked,
    DeletionAsked,
    Event,
    ExportAsked,
    OpenAsked,
    PageAsked,
)
from tray_app.core.monitor.inputs import (
    ActionFinished,
    DaySummed,
    HistoryForgotten,
    HistoryGone,
    HistorySeen,
    IncidentsSeen,
    NotOpened,
)
from tray_app.core.monitor.state import State, alert_limits, records
from tray_app.core.presentation import alert_memory
from tray_app.desktop.paths import documents, history_file
from tray_app.runtime import clock, state_file
from tray_app.sources.processes.host import own_use
from tray_app.views.notifications import Address, NotificationSender, Outbox
from tray_app.views.presenter import picture
from tray_app.worker_thread import WorkerThread

if TYPE_CHECKING:
    from pathlib import Path

    from tray_app.app.invocation import Invocation
    from tray_app.app.pages import ServerPages
    from tray_app.core.config.servers import ServerEntry
    from tray_app.core.config.settings import RememberedChoices, Settings
    from tray_app.core.model.incident import PastIncident
    from tray_app.core.model.server_action import ServerAction
    from tray_app.core.model.server_address import ServerAddress
    from tray_app.core.monitor.sample import Sample
    from tray_app.core.presentation.icon import Picture
    from tray_app.desktop.panel_icon import Desktop
    from tray_app.runtime.ports import Outlet
    from tray_app.sources.api.action_worker import ActionWorker

Publish = Callable[["ServerRun", State, tuple[Event, ...]], None]


class ServerRun(Watcher):
    """The parts that belong to one server in the tray.

    Two threads call in here: the sampler (`_take`) and the event handler (`handle`). ``publish``
    gets each state and its events, in the sampler's thread, and so do ``outlets``.
    """

    def __init__(
        self,
        invocation: Invocation,
        begun: State,
        desktop: Desktop,
        publish: Publish,
        outbox: Outbox,
        outlets: tuple[Outlet, ...] = (),
        address: Address | None = None,
        claim: Callable[[ServerAddress], bool] | None = None,
        listed: Callable[[tuple[ServerEntry, ...]], None] = lambda _: None,
    ) -> None:
        self.last = begun
        self.has_ended = False
        self._invocation = invocation
        self._desktop = desktop
        self._publish = publish
        self._stored = invocation.remembered
        self._shown = invocation.remembered.shown
        self._history = HistoryRecorder()
        self._pages: ServerPages | None = None
        self._first_sample = threading.Event()
        options: dict[str, Any] = {} if claim is None else {"claim": claim}
        super().__init__(
            invocation,
            begun,
            (self._take, *((self._history.publish,) if records(begun) else ()), *outlets),
            shown=False,
            own_use=own_use,
            listed=listed,
            **options,
        )
        self._sender = NotificationSender(
            outbox,
            self.sampler.post,
            self._tile,
            past=lambda: self.last.course,
            records=lambda: records(self.last),
            address=address,
        )
        self._actions = ServerActions(self.sampler.post, demo=begun.demo)

    def wait_for_first(self, limit_s: float) -> None:
        """Wait for the first sample."""
        self._first_sample.wait(limit_s)

    def start_rest(self) -> None:
        """Start everything that the first figure does not need."""
        super().start_rest()
        self._start_history()

    def close(self, limit_s: float) -> None:
        """Write what is left of the history."""
        self._history.close(limit_s)

    def close_actions(self) -> None:
        """Wait for no action."""
        self._actions.close()

    def store_all(self) -> None:
        """Store the choices and the alerts as they are now."""
        self.store(alert_memory.choice(self.last, clock.now()))

    def store(self, choice: RememberedChoices | None = None) -> None:
        """Store this (None: the same as before) if it has changed, with what is on the screen
        now."""
        path = self._invocation.state_file
        choice = replace(
            choice or self._stored, notifications=self._desktop.notes_left(), shown=self._shown
        )
        if path and choice != self._stored and state_file.write_choice(path, choice):
            self._stored = choice

    def store_shown(self, name: str) -> None:
        """Store which of several servers the icon shows."""
        self._shown = name
        self.store()

    def handle(self, event: Event) -> None:
        """Do what an event of this server asks for."""
        match event:
            case Chosen(choice):
                self.store(replace(choice, alerts=self._stored.alerts))
            case AlertMemoryChanged():
                memory = alert_memory.remembered(self.last, clock.now())
                self.store(replace(self._stored, alerts=memory or None))
            case ActionRequested(action, settings):
                self._actions.run(action, settings)
            case OpenAsked(place):
                self._open(place)
            case PageAsked(settings):
                self._actions.find_page(settings, self._open)
            case ExportAsked():
                self._history.export(self._history_file, documents(), self.post)
            case DayAsked():
                WorkerThread("summary", self._sum_up_today, again=False).start()
            case DeletionAsked():
                self._history.forget(
                    self._history_file, lambda why: self.post(HistoryForgotten(why))
                )
            case _:
                self._sender.handle(event)
                self.store()

    def _take(self, state: State, events: tuple[Event, ...]) -> None:
        """Pass on what a step made; in the sampler's thread, so nothing here waits."""
        is_first, self.last = self.last is self.begun, state
        self._publish(self, state, events)
        if is_first:
            self._first_sample.set()

    def _tile(self, sample: Sample | None) -> Picture:
        """The icon's picture of a sample, or the newest."""
        state = self.last
        return picture(state if sample is None else replace(state, sample=sample))

    def _open(self, place: str) -> None:
        self._desktop.open(place, lambda problem: self.post(NotOpened(place, problem)))

    # The past

    @property
    def _history_file(self) -> Path:
        return history_file(self.begun.settings.address.identity)

    def _start_history(self) -> None:
        settings = self.begun.settings
        if not records(self.begun):
            return
        spans = Spans(
            samples_s=settings.history_samples_h * HOUR_S,
            minutes_s=settings.history_minutes_days * DAY_S,
            hours_s=settings.history_hours_days * DAY_S,
        )

        def told(problem: str) -> None:
            self.post(HistorySeen(problem))

        def listed(incidents: tuple[PastIncident, ...]) -> None:
            self.post(IncidentsSeen(incidents))

        def gone() -> None:
            self.post(HistoryGone())

        recall(self._history_file, self.post)
        self._history.start(self._history_file, spans, told, listed, gone)

    def _sum_up_today(self) -> None:
        from tray_app.history.today import summary_of_today  # SQLite takes 2 MB

        now_s = clock.now().wall_s
        self.post(DaySummed(summary_of_today(self._history_file, now_s)))

    @property
    def pages(self) -> ServerPages:
        """The pages of this server's past."""
        from tray_app.app.pages import ServerPages  # it needs SQLite, asyncio and the page

        if self._pages is None:
            self._pages = ServerPages(
                *(self._history_file, self.begun.settings.address.shown),
                limits=lambda: alert_limits(self.last),
                bands=lambda: self.last.settings.bands,
                now_s=lambda: clock.now().wall_s,
                watched=self._history.watched,
            )
        return self._pages


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
