"""Polls memory between two samples, and asks for a reading if it has moved.

One thread polls for all servers. This is the app's hottest loop: eight turns in 2 s, with cold
caches, so calls dominate. It sleeps instead of waiting for a lock (25 % cheaper) and compares
numbers at hand. A new plan takes effect at the next turn.
"""

from __future__ import annotations

import logging
import math
from collections import deque
from collections.abc import Callable
from threading import Lock

from msgspec import Struct

from tray_app.core.model.readings import Now, PollReading
from tray_app.core.monitor import poll_bounds
from tray_app.core.monitor.poll_bounds import PollBounds
from tray_app.core.monitor.state import GAP_S
from tray_app.runtime.clock import sleep, thread_cpu_s
from tray_app.runtime.mailbox import WITHOUT_LIMIT, WakeSignal
from tray_app.runtime.timer_slack import allow_timer_slack
from tray_app.worker_thread import WorkerThread

SET_PACE_EVERY_S = 30.0
# In intervals: no poll in the last quarter before the next sample.
NEAR = 1.25
PAUSE_AFTER_DEFECT_S = 1.0
# A minute or more, until the next sample takes them.
POLLS_KEPT = 300
_log = logging.getLogger(__name__)


class PollPlan(Struct, frozen=True):
    """A poll after a sample, and the bounds within which nothing has happened.

    ``until_s`` is when the next sample is due, in monotonic seconds.
    """

    poll: Callable[[], PollReading]
    bounds: PollBounds
    until_s: float


class PollLoop:
    """The thread that polls for all servers, from the first plan until the last poller is closed.

    A poll reads what is in the kernel's memory, so none can delay another's.
    ``on_battery``: whether the machine saves power.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], Now],
        on_battery: Callable[[], bool] = lambda: False,
        sleep: Callable[[float], None] = sleep,
    ) -> None:
        self._clock = clock
        self._sleep = sleep
        self._on_battery = on_battery
        self._every_s = poll_bounds.EVERY_S
        self._set_pace_s = -math.inf
        self._cpu_s = 0.0
        self._turns = 0
        self._rests = True
        self._last = clock()
        self._lock = Lock()
        self._pollers: tuple[FastPoller, ...] = ()
        self._thread: WorkerThread | None = None
        self._wake = WakeSignal()

    def poller(self, report: Callable[[PollPlan], None]) -> FastPoller:
        """One server's part; ``report`` takes the plan whose poll has left its bounds."""
        return FastPoller(self, report)

    def join(self, poller: FastPoller) -> None:
        """It is about to have a plan."""
        with self._lock:
            if self._thread is None:
                thread = WorkerThread("fast poll", self._run)
                thread.start()
                self._thread = thread
            if poller not in self._pollers:
                self._pollers += (poller,)

    def wake(self) -> None:
        """There is a plan after a rest."""
        self._wake.ring()

    def leave(self, poller: FastPoller) -> None:
        """It is closed. With the last one the thread ends, at its next wake-up."""
        with self._lock:
            self._pollers = tuple(each for each in self._pollers if each is not poller)
        self.wake()

    def _run(self) -> None:
        allow_timer_slack()
        while not self._is_over():
            try:
                if self._rests:
                    self._wake.wait(WITHOUT_LIMIT)
                    self._sleep(poll_bounds.EVERY_S)
                    self._last = self._clock()
                    self._rests = False
                self._rests = not self._turn()
            except Exception:  # noqa: BLE001 - whatever it is, the next samples are made all the same
                _log.exception("polling failed")
                self._sleep(PAUSE_AFTER_DEFECT_S)

    def _is_over(self) -> bool:
        if self._pollers:
            return False
        with self._lock:
            if not self._pollers:
                self._thread, self._rests = None, True
            return self._thread is None

    def _turn(self) -> bool:
        """Poll for each server, and sleep until the next turn; False: all rest."""
        plans = [(each, plan) for each in self._pollers if (plan := each.plan) is not None]
        if not plans:
            return False
        now = self._clock()
        was_set = self._is_clock_set(now)
        if now.mono_s >= self._set_pace_s:
            self._set_pace(now.mono_s)
        self._turns += 1
        pause_s = math.inf
        for poller, plan in plans:
            if was_set:
                poller.report(plan)
            poller.poll(plan, now.mono_s)
            pause_s = min(pause_s, self._pause_s(plan.until_s - now.mono_s))
        self._sleep(pause_s)
        return True

    def _is_clock_set(self, now: Now) -> bool:
        """Whether the wall clock has moved by more or less than the monotonic one: the machine has
        slept, or the wall clock was set."""
        last, self._last = self._last, now
        return abs(now.wall_s - last.wall_s - now.mono_s + last.mono_s) > GAP_S

    def _pause_s(self, left_s: float) -> float:
        """Until the next poll, where the next sample is due in ``left_s``: a poll that would come
        just before the sample comes after it."""
        is_near = 0.0 < left_s < NEAR * self._every_s
        return self._every_s + left_s if is_near else self._every_s

    def _set_pace(self, now_s: float) -> None:
        """How often to poll, from the average cost of a turn and from the battery."""
        self._set_pace_s = now_s + SET_PACE_EVERY_S
        before_s, self._cpu_s = self._cpu_s, thread_cpu_s()
        cost_s = (self._cpu_s - before_s) / self._turns if self._turns else 0.0
        self._every_s = poll_bounds.every_s(cost_s, on_battery=self._on_battery())
        self._turns = 0


class FastPoller:
    """One server's part of the loop: it follows the newest plan.

    A report may belong to a plan that was replaced meanwhile.
    """

    def __init__(self, loop: PollLoop, report: Callable[[PollPlan], None]) -> None:
        self.plan: PollPlan | None = None
        self.report = report
        self._loop = loop
        self._peak_bytes: int | None = None
        self._seen: deque[tuple[float, int]] = deque(maxlen=POLLS_KEPT)
        self._not_before_s = -math.inf

    def follow(self, plan: PollPlan | None) -> None:
        """Follow this plan from the next turn on; None: rest. From one thread; returns at once."""
        begins = self.plan is None and plan is not None
        if begins:
            self._loop.join(self)
        self.plan = plan
        if begins:
            self._loop.wake()

    def take_peak(self) -> int | None:
        """The tree's highest RSS in the polls since the last call; None: there was no poll, or
        no server."""
        peak_bytes, self._peak_bytes = self._peak_bytes, None
        return peak_bytes

    def take_polls(self) -> tuple[tuple[float, int], ...]:
        """The newest polls since the last call: moment (monotonic seconds) and the tree's RSS."""
        taken, self._seen = self._seen, deque(maxlen=POLLS_KEPT)
        return tuple(taken.copy())  # a poll may come at this moment

    def close(self) -> None:
        """Stop polling, from the next turn on."""
        self.plan = None
        self._loop.leave(self)

    def poll(self, plan: PollPlan, now_s: float) -> None:
        """Poll now, in the loop's thread. A defect costs one server one second of its polls."""
        if now_s < self._not_before_s:
            return
        try:
            reading = plan.poll()
        except Exception:  # noqa: BLE001 - whatever it is, the next sample is made all the same
            if self.plan is not plan:  # what it reads has been closed meanwhile
                return
            _log.exception("a poll failed")
            self._not_before_s = now_s + PAUSE_AFTER_DEFECT_S
            return
        rss_bytes = reading.rss_bytes
        if rss_bytes is not None:
            self._seen.append((now_s, rss_bytes))
            if self._peak_bytes is None or rss_bytes > self._peak_bytes:
                self._peak_bytes = rss_bytes
        if poll_bounds.is_outside(plan.bounds, reading, now_s):
            self.report(plan)
