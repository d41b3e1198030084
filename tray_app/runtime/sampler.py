"""The sampler: one thread, and the only one that changes `State`.

It waits in one place only, its inbox, and never longer than to the next tick, poll or request.
Sources that can be slow (API, temp directory) work in threads of their own and post here.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable
from threading import Event as Flag
from typing import TypeAlias

from msgspec.structs import replace

from tray_app.core.alerts.system_memory import HOLDERS_SHOWN
from tray_app.core.model.api_failure import ApiFailureKind, ApiProblem
from tray_app.core.model.process_finding import ProcessProblem, ProcessProblemKind
from tray_app.core.model.readings import (
    ApiFailure,
    ApiOutcome,
    ApiReading,
    Now,
    OwnUse,
    ProcessReading,
    Source,
    TempUsage,
    UssPss,
)
from tray_app.core.model.server_address import ServerAddress
from tray_app.core.monitor import poll_bounds
from tray_app.core.monitor.commands import Command, Quit, WatchAutomatically, WatchPort
from tray_app.core.monitor.inputs import (
    AlertsRecalled,
    Answered,
    Asked,
    AutostartSeen,
    DaySummed,
    Delivered,
    ExportEnded,
    FontsSeen,
    HistoryForgotten,
    HistoryGone,
    HistorySeen,
    HostSeen,
    IncidentsSeen,
    Input,
    LifeRecalled,
    MenuSeen,
    NoteEnded,
    NotifierSeen,
    NotOpened,
    Reconfigured,
    Report,
    SourcesRead,
    ThemeSeen,
    ThreadRestarted,
    TimeUp,
)
from tray_app.core.monitor.state import (
    State,
    ends_s,
    hastens,
    interval_s,
    is_gap,
    is_menu_open,
    patience_s,
    samples_at_once,
    set_address,
    wants_api,
    wants_health,
    wants_largest,
    wants_processes,
    wants_reading_s,
    wants_stage,
)
from tray_app.core.monitor.step import step
from tray_app.core.source_choice import circuit_breaker
from tray_app.runtime.fast_poller import PollLoop, PollPlan
from tray_app.runtime.mailbox import Inbox
from tray_app.runtime.ports import Api, Helpers, Outlet, Posted, Probe, UssPssSource, Walker
from tray_app.runtime.timer_slack import allow_timer_slack
from tray_app.worker_thread import WorkerThread

_log = logging.getLogger(__name__)

LONGEST_WAIT_S = 3600.0
# A defect that occurs at every tick must not fill the log.
PAUSE_AFTER_DEFECT_S = 0.2
# The config file is checked at most this often, along with other work.
CONFIG_PACE_S = 4.0
# An idle server answers within 5 ms, and the first request takes 0.1 s to import its libraries.
FIRST_ANSWER_S = 0.3
LONGEST_PARTS = 1.1
# The answer that a tick waits for comes just before it: making the tick then saves a wake-up.
EARLY_S = 0.06
# ... but at most a small part of a short interval, because it delays the next sample.
EARLY_PART = 0.1
# Inputs that no user waits for: the next sample shows them.
_QUIET = (
    Delivered
    | HistorySeen
    | LifeRecalled
    | AlertsRecalled
    | HistoryGone
    | DaySummed
    | HistoryForgotten
    | ExportEnded
    | IncidentsSeen
    | HostSeen
    | NoteEnded
    | NotifierSeen
    | NotOpened
    | ThemeSeen
    | AutostartSeen
    | FontsSeen
    | ThreadRestarted
)

_OF_SAMPLES = PollPlan | TempUsage | UssPss
"""What may call for a sample, and is no input."""

_Item: TypeAlias = Posted | PollPlan | TempUsage | UssPss


def next_tick_s(last_s: float, every_s: float, now_s: float, phase_s: float) -> float:
    """The tick after ``last_s``: intervals after ``phase_s``, so that several servers share their
    wake-ups. It is `LONGEST_PARTS` intervals away at most."""
    since_s = last_s - phase_s
    after_s = phase_s + every_s * math.floor(since_s / every_s + LONGEST_PARTS)
    return after_s if after_s > now_s else phase_s + every_s * ((now_s - phase_s) // every_s + 1)


class Sampler:
    """Runs `step` on each input.

    ``outlets`` get the new state after each visible input; the next sample shows the result of a
    request. ``poll_loop`` polls for all samplers (None: for this one alone), and ``phase_s`` is the
    monotonic time from which all count their intervals (None: this one's start). ``own_use`` reads
    this program itself. ``edited`` returns an edit of the config file, once; ``claim`` takes the
    server at another address for this instance, and says whether it could; ``renew`` makes the
    sources for another server.
    """

    def __init__(
        self,
        state: State,
        *,
        clock: Callable[[], Now],
        jitter: Callable[[], float],
        outlets: tuple[Outlet, ...] = (),
        others: bool = False,
        poll_loop: PollLoop | None = None,
        phase_s: float | None = None,
        own_use: Callable[[], OwnUse | None] = lambda: None,
        edited: Callable[[], Reconfigured | None] = lambda: None,
        claim: Callable[[ServerAddress], bool] = lambda _: True,
        renew: Callable[[State], tuple[Probe, Helpers]] | None = None,
    ) -> None:
        self._state = state
        self._monitor_use = own_use
        self._clock = clock
        self._jitter = jitter
        self._outlets = outlets
        self._others = others
        self._edited = edited
        self._claim = claim
        self._renew = renew
        self._config_s = state.started.mono_s + CONFIG_PACE_S
        self._inbox: Inbox[_Item] = Inbox()
        self._stopping = Flag()
        self._thread = WorkerThread("sampler", self._run)
        self._temp: TempUsage | None = None
        start_s = state.started.mono_s
        self._tick_s = start_s
        self._phase_s = start_s if phase_s is None else phase_s
        self._plan: PollPlan | None = None
        self._poller = (poll_loop or PollLoop(clock=clock)).poller(self._inbox.put)
        self._wanted_s = math.inf
        self._api: Api | None = None
        self._probe: Probe | None = None
        self._walker: Walker | None = None
        self._uss_pss: UssPssSource | None = None
        self._newest_uss_pss: UssPss | None = None
        self._waits_for_uss_pss = False

    def note_temp(self, usage: TempUsage | None) -> None:
        """Take the walker's result, from any thread, for the next sample; None: it rests, or the
        directory cannot be read. New or removed files trigger a sample at once: they mark a job's
        begin or end."""
        before, self._temp = self._temp, usage
        if before is None or usage is None:
            return
        if before.file_count != usage.file_count:
            self._inbox.put(usage)

    def note_uss_pss(self, uss_pss: UssPss) -> None:
        """Take the USS and PSS, likewise; a sample that did not wait for them is made again."""
        self._newest_uss_pss = uss_pss
        if self._waits_for_uss_pss:
            self._inbox.put(uss_pss)

    def post(self, *items: ApiOutcome | Command | Report) -> None:
        """Hand in an outcome or a command, from any thread; returns at once."""
        for item in items:
            self._inbox.put(item)

    def start(
        self, probe: Probe, helpers: Helpers | None = None, uss_pss: UssPssSource | None = None
    ) -> None:
        """Start sampling: with helpers after the API's answer, or after `FIRST_ANSWER_S`; without
        them at once, because the other sources take longer to load. ``uss_pss`` is the helpers', if
        the first sample needs it, too."""
        self._probe, self._uss_pss = probe, uss_pss
        if helpers is not None:
            self._api, self._walker, self._uss_pss = helpers
            if wants_api(self._state):
                self._tick_s = self._clock().mono_s + FIRST_ANSWER_S
        self._thread.start()

    def add(self, helpers: Helpers) -> None:
        """Add these sources, which post their results here; from any thread."""
        self._inbox.put(helpers)

    def stop(self, timeout_s: float = 1.0) -> None:
        """End the thread; safe to call twice and from any other thread."""
        self._stopping.set()
        self._inbox.put(Quit())
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _run(self) -> None:
        allow_timer_slack()
        while not self._state.ended:
            try:
                if not self._turn():
                    break
            except Exception:  # noqa: BLE001 - whatever it is, the picture must not freeze
                # The promise is a fresh picture at every interval: a defect costs one sample.
                _log.exception("a sample failed")
                self._tick_s = self._clock().mono_s + interval_s(self._state)
                self._stopping.wait(PAUSE_AFTER_DEFECT_S)
        self._poller.close()
        self._close_sources()

    def _close_sources(self) -> None:
        self._rest()
        for source in (self._api, self._probe, self._walker, self._uss_pss):
            try:
                if source:
                    source.close()
            except Exception:  # noqa: BLE001 - the others are to be closed all the same
                _log.exception("a source could not be closed")

    def _turn(self) -> bool:
        """Wait for the next input or time, and handle it; False to stop."""
        item = self._await_next()
        if self._stopping.is_set():
            return False
        if item is not None and not isinstance(item, _OF_SAMPLES):
            self._receive(item)
        now = self._clock()
        if not self._state.paused:
            self._sample_if_due(item, now)
        if now.mono_s >= ends_s(self._state):
            self._step(TimeUp())
        if now.mono_s >= self._config_s:
            self._config_s = now.mono_s + CONFIG_PACE_S
            if edit := self._edited():
                self._reconfigure(self._claimed(edit))
        return True

    def _claimed(self, edit: Reconfigured) -> Reconfigured:
        """The edit, without another address if another instance watches the server there."""
        old, new = set_address(self._state), set_address(step(self._state, edit, self._clock())[0])
        if new.identity == old.identity or self._claim(new):
            return edit
        return replace(edit, base=replace(edit.base, address=self._state.base.address))

    def _await_next(self) -> _Item | None:
        """Send a request that is due, then wait; None: nothing came until the next thing is due."""
        now_s, due_s = self._clock().mono_s, self._due_s()
        if due_s is not None and now_s >= due_s:
            self._ask()
            due_s = self._due_s()
        wake_s = self._wake_s() if due_s is None else min(self._wake_s(), due_s)
        return self._inbox.get(min(max(0.0, wake_s - now_s), LONGEST_WAIT_S))

    def _sample_if_due(self, item: _Item | None, now: Now) -> None:
        """Make a sample at its tick, or a sudden one where ``item`` calls for it."""
        early_s = 0.0
        if isinstance(item, ApiReading):
            early_s = min(EARLY_S, EARLY_PART * interval_s(self._state))
        if now.mono_s >= self._tick_s - early_s:
            self._tick(now)
        elif self._is_called_for(item) or now.mono_s >= self._wanted_s:
            self._tick(now, sudden=True)

    def _is_called_for(self, item: _Item | None) -> bool:
        """Whether a poll has left the bounds of the plan that holds, files are new or gone, or USS
        and PSS have come that a sample could not wait for."""
        if isinstance(item, PollPlan):
            return item is self._plan
        if isinstance(item, TempUsage):
            # The API may have told of them already, or a sample that was under way.
            shown = self._state.temp
            is_shown = shown is not None and shown.file_count == item.file_count
            return self._plan is not None and not is_shown
        return isinstance(item, UssPss) and self._waits_for_uss_pss

    def _reconfigure(self, edit: Reconfigured | Command) -> None:
        """Handle an input that may change the server, and make new sources if it did."""
        before = self._state.settings
        self._step(edit)
        after = self._state.settings
        names = ("address", "headers", "ca_file")
        if self._renew and any(getattr(before, name) != getattr(after, name) for name in names):
            self._close_sources()
            self._temp, self._newest_uss_pss = None, None
            self._probe, (self._api, self._walker, self._uss_pss) = self._renew(self._state)
        self._tick_s = self._clock().mono_s

    def _wake_s(self) -> float:
        if self._state.paused:
            return ends_s(self._state)
        return min(self._tick_s, self._wanted_s, ends_s(self._state))

    def _due_s(self) -> float | None:
        if self._api is None or not wants_api(self._state):
            return None
        every_s = interval_s(self._state)
        return circuit_breaker.due_s(
            self._state.breaker, self._tick_s, every_s, hastens=hastens(self._state)
        )

    def _ask(self) -> None:
        if self._api and self._api.ask(patience_s(self._state), wants_stage(self._state)):
            self._step(Asked())
        else:
            # The worker is still busy with a request from before the mode changed.
            busy = ApiProblem(ApiFailureKind.BUSY)
            self._step(Answered(ApiFailure(self._clock().mono_s, busy)))

    def _receive(self, item: Posted) -> None:
        if isinstance(item, ApiReading | ApiFailure):
            self._step(Answered(item, self._jitter()))
            first = self._state.sample is None
            if first or samples_at_once(self._state, self._clock()):
                self._tick_s = self._clock().mono_s
        elif isinstance(item, tuple):
            self._api, self._walker, self._uss_pss = item
            self._watch_temp()
        elif isinstance(item, WatchPort | WatchAutomatically):
            self._reconfigure(item)
        else:
            self._step(item)
            if item != MenuSeen(False) and not isinstance(item, _QUIET):
                self._tick_s = self._clock().mono_s  # show the result of a user's command at once
        if self._state.paused:
            self._rest()

    def _tick(self, now: Now, *, sudden: bool = False) -> None:
        """Make a sample; a sudden one leaves the next tick where it is."""
        state = self._state
        if is_gap(state, now) and self._probe:
            self._probe.forget()
        process = self._read(now) if wants_processes(state) else None
        sharing = None
        if self._uss_pss:
            self._waits_for_uss_pss = True  # they may come before it is known
            sharing = self._uss_pss.watch(process.rows if process else ())
        self._waits_for_uss_pss = sharing is not None and sharing.is_pending
        read = self._clock()
        took_s = read.mono_s - now.mono_s
        monitor = self._monitor_use() if wants_health(state, now.mono_s) else None
        late_s = 0.0 if sudden else now.mono_s - self._tick_s
        peak_bytes = self._poller.take_peak()
        readings = SourcesRead(
            process=process,
            temp=self._temp,
            took_s=took_s,
            sudden=sudden,
            own=self._newest_uss_pss,
            monitor=monitor,
            late_s=late_s,
            peak_rss_bytes=peak_bytes,
            polls=self._poller.take_polls(),
            sharing=sharing,
        )
        self._step(readings, read)
        self._watch_temp()
        now_s, every_s = read.mono_s, interval_s(self._state)
        if not sudden:
            self._tick_s = next_tick_s(self._tick_s, every_s, now_s, self._phase_s)
        self._wanted_s = wants_reading_s(self._state)
        self._poll_memory(now_s)

    def _poll_memory(self, now_s: float) -> None:
        """Poll from now on, until the next sample."""
        is_soon = self._tick_s - now_s < poll_bounds.EVERY_S
        if self._probe is None or is_soon or not wants_processes(self._state):
            self._rest()
        else:
            bounds = poll_bounds.bounds_of(self._state)
            # Children start during jobs: at rest, searching for them is not worth its cost.
            poll = self._probe.make_poller(bounds.floor_bytes, self._state.activity.stirs)
            self._plan = PollPlan(poll, bounds, self._tick_s)
            self._poller.follow(self._plan)

    def _rest(self) -> None:
        """Poll nothing."""
        self._plan = None
        self._poller.follow(None)

    def _read(self, now: Now) -> ProcessReading:
        if self._probe is None:
            return ProcessReading(
                now.mono_s, None, problem=ProcessProblem(ProcessProblemKind.NO_SOURCE)
            )
        # Figures that only the menu shows are read only while it is open.
        others = self._others or self._state.settings.details
        others = others or is_menu_open(self._state, now.mono_s)
        try:
            reading = self._probe.read(now.mono_s, others, self._state.override)
            if wants_largest(self._state):
                reading = replace(reading, largest=self._probe.largest(HOLDERS_SHOWN))
            return reading
        except Exception as error:  # noqa: BLE001 - the same
            # A failed reading counts as a reading with that problem; the sampler goes on.
            _log.warning("reading processes failed: %r", error)
            problem = ProcessProblem(ProcessProblemKind.READING_FAILED)
            return ProcessReading(now.mono_s, None, problem=problem)

    def _watch_temp(self) -> None:
        """Walk the directory only while the API does not report its size."""
        sample = self._state.sample
        if self._walker is None or sample is None:
            return
        told = sample.source is Source.API and sample.temp is not None
        wanted = None if told else sample.temp_place
        if wanted is None:
            self._temp = None
        self._walker.watch(wanted, lively=self._state.activity.stirs)

    def _step(self, happened: Input, now: Now | None = None) -> None:
        self._state, events = step(self._state, happened, now or self._clock())
        if isinstance(happened, Asked | Answered):
            return
        for outlet in self._outlets:
            outlet(self._state, events)
