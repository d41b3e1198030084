"""Quick looks between two samples, in a thread of their own that says when one has seen more.

The loop is the app's hottest: eight times in 2 s, from cold caches, where what is called costs many
times what it does. So it sleeps, which costs a quarter less than to wait for a lock, and compares
numbers that are at hand; it cannot be interrupted for it, and never needs to be.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable

from msgspec import Struct

from tray_app.core.model.readings import GONE, Now, PollReading
from tray_app.core.monitor import poll_bounds
from tray_app.core.monitor.poll_bounds import PollBounds
from tray_app.core.monitor.state import GAP_S
from tray_app.runtime.clock import allow_timer_slack, sleep, thread_cpu_s
from tray_app.runtime.mailbox import WITHOUT_LIMIT, WakeSignal
from tray_app.worker_thread import WorkerThread

ASK_PACE_EVERY_S = 30.0
# In intervals: a look that would come in the last quarter before the next sample is left to it.
NEAR = 1.25
# The clocks are compared in between: what a look need not do is left out.
LOOKS_IN_A_ROW = 4
PAUSE_AFTER_DEFECT_S = 1.0
_log = logging.getLogger(__name__)


class PollPlan(Struct, frozen=True):
    """What there is to look at since a sample: how, and what it is held against.

    ``until_s`` is when the next sample is due, in monotonic seconds.
    """

    glance: Callable[[], PollReading]
    calm: PollBounds
    until_s: float


class FastPoller:
    """Looks at the newest scene that it is told; ``report`` gets one in which something happens.

    A scene that is told meanwhile takes over at the next look, so a report may be of one that is
    over. ``on_battery``: whether the machine saves power.
    """

    def __init__(
        self,
        report: Callable[[PollPlan], None],
        *,
        clock: Callable[[], Now],
        on_battery: Callable[[], bool] = lambda: False,
        sleep: Callable[[float], None] = sleep,
    ) -> None:
        self._report = report
        self._clock = clock
        self._sleep = sleep
        self._on_battery = on_battery
        self._every_s = poll_bounds.EVERY_S
        self._ask_pace_s = -math.inf
        self._cpu_s = 0.0
        self._looks = 0
        self._peak_bytes = GONE
        self._last = clock()
        self._scene: PollPlan | None = None
        self._looks_at: PollPlan | None = None
        self._is_closed = False
        self._bell = WakeSignal()
        self._thread: WorkerThread | None = None

    def watch(self, scene: PollPlan | None) -> None:
        """Look at this from the next look on; None: rest. From one thread, and returns at once."""
        rests, self._scene = self._scene is None, scene
        if scene is not None and rests:
            if self._thread is None:
                thread = WorkerThread("lookout", self._run)
                thread.start()
                self._thread = thread
            self._bell.ring()

    def take_peak(self) -> int | None:
        """The highest RSS of the tree that was seen since this was last asked; None: no look was
        made, or nobody was there."""
        peak_bytes, self._peak_bytes = self._peak_bytes, GONE
        return None if peak_bytes == GONE else peak_bytes

    def close(self) -> None:
        """Look no more. The thread ends by itself when it wakes: at most a second later."""
        self._is_closed, self._scene = True, None
        self._bell.ring()

    def _run(self) -> None:
        allow_timer_slack()
        while not self._is_closed:
            try:
                if self._looks_at is None:
                    self._bell.wait(WITHOUT_LIMIT)
                    self._sleep(poll_bounds.EVERY_S)
                    self._last = self._clock()
                else:
                    self._look_at(self._looks_at)
            except Exception:  # noqa: BLE001 - whatever it is, the next sample is made anyhow
                _log.exception("a look failed")
                self._sleep(PAUSE_AFTER_DEFECT_S)
            self._looks_at = self._scene

    def _look_at(self, scene: PollPlan) -> None:
        """Look now, and again some times; a look that would come just before the next sample comes
        after it."""
        now = self._clock()
        self._watch_the_clock(scene, now)
        if now.mono_s >= self._ask_pace_s:
            self._ask_pace(now.mono_s)
        glance, calm, sleep = scene.glance, scene.calm, self._sleep
        low_bytes, high_bytes = calm.low_bytes, calm.high_bytes
        least_bytes = calm.available_bytes
        every_s = self._every_s
        until_sample = math.ceil((scene.until_s - now.mono_s) / every_s - NEAR)
        more = max(0, min(until_sample, LOOKS_IN_A_ROW - 1))
        self._looks += more + 1
        for left in range(more, -1, -1):
            rss_bytes, available_bytes = seen = glance()
            if rss_bytes > self._peak_bytes:
                self._peak_bytes = rss_bytes
            is_calm = low_bytes <= rss_bytes <= high_bytes and available_bytes >= least_bytes
            if not is_calm and poll_bounds.is_left(calm, seen, self._clock().mono_s):
                self._report(scene)
            sleep(every_s if left else self._last_nap_s(scene.until_s))
            if self._scene is not scene:
                break

    def _watch_the_clock(self, scene: PollPlan, now: Now) -> None:
        """Report when more time has passed on the wall than here, or less: the machine has slept,
        or a clock was set."""
        last, self._last = self._last, now
        if abs(now.wall_s - last.wall_s - now.mono_s + last.mono_s) > GAP_S:
            self._report(scene)

    def _last_nap_s(self, until_s: float) -> float:
        left_s = until_s - self._clock().mono_s
        is_near = 0.0 < left_s < NEAR * self._every_s
        return self._every_s + left_s if is_near else self._every_s

    def _ask_pace(self, now_s: float) -> None:
        """What a look has cost on average, and whether power is to be saved, say how often to."""
        self._ask_pace_s = now_s + ASK_PACE_EVERY_S
        before_s, self._cpu_s = self._cpu_s, thread_cpu_s()
        cost_s = (self._cpu_s - before_s) / self._looks if self._looks else 0.0
        self._every_s = poll_bounds.every_s(cost_s, on_battery=self._on_battery())
        self._looks = 0
