"""Quick looks between two samples, in a thread of their own that says when one has seen more.

The loop is the app's hottest: eight times in 2 s, from cold caches, where what is called costs many
times what it does. So it sleeps, which costs a quarter less than to wait for a lock, and compares
numbers that are at hand; it cannot be interrupted for it, and never needs to be.
"""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from threading import Thread

from tray_app.core import looks
from tray_app.core.looks import Calm
from tray_app.core.readings import Glance, Now
from tray_app.core.state import GAP_S
from tray_app.core.values import dataclass
from tray_app.runtime.mailbox import WITHOUT_LIMIT, Bell

ON_BATTERY_EVERY_S = 30.0
COST_WEIGHT = 0.1
PAUSE_AFTER_DEFECT_S = 1.0
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Scene:
    """What there is to look at since a sample: how, and what it is held against.

    ``until_s`` is when the next sample is due, in monotonic seconds.
    """

    glance: Callable[[], Glance]
    calm: Calm
    until_s: float


class Lookout:
    """Looks at the newest scene that it is told; ``report`` gets one in which something happens.

    A scene that is told meanwhile takes over at the next look, so a report may be of one that is
    over. ``clock`` tells both times, ``wall_s`` the one alone; ``on_battery``: whether the machine
    saves power.
    """

    def __init__(
        self,
        report: Callable[[Scene], None],
        *,
        clock: Callable[[], Now],
        on_battery: Callable[[], bool] = lambda: False,
        wall_s: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._report = report
        self._clock = clock
        self._wall_s = wall_s
        self._sleep = sleep
        self._on_battery = on_battery
        self._saves_power = False
        self._ask_battery_s = -math.inf
        self._cost_s = 0.0
        self._scene: Scene | None = None
        self._is_closed = False
        self._bell = Bell()
        self._thread: Thread | None = None

    def watch(self, scene: Scene | None) -> None:
        """Look at this from the next look on; None: rest. From one thread, and returns at once."""
        rests, self._scene = self._scene is None, scene
        if scene is not None and rests:
            if self._thread is None:
                self._thread = Thread(target=self._run, name="lookout", daemon=True)
                self._thread.start()
            self._bell.ring()

    def close(self) -> None:
        """Look no more. The thread ends by itself when it wakes: at most a second later."""
        self._is_closed, self._scene = True, None
        self._bell.ring()

    def _run(self) -> None:
        scene: Scene | None = None
        while not self._is_closed:
            try:
                if scene is None:
                    self._bell.wait(WITHOUT_LIMIT)
                    self._sleep(looks.EVERY_S)
                else:
                    self._look_at(scene)
            except Exception:  # noqa: BLE001 - whatever it is, the next sample is made anyhow
                _log.exception("a look failed")
                self._sleep(PAUSE_AFTER_DEFECT_S)
            scene = self._scene

    def _look_at(self, scene: Scene) -> None:
        """Look now, and again until the next sample is due; then sleep until a look after that."""
        glance, calm, sleep, wall_s = scene.glance, scene.calm, self._sleep, self._wall_s
        low_bytes, high_bytes = calm.low_bytes, calm.high_bytes
        least_bytes = calm.available_bytes
        began_cpu_s = time.thread_time()
        naps_s = self._naps_s(scene)
        woke_s = wall_s()
        for nap_s in naps_s:
            rss_bytes, available_bytes = seen = glance()
            is_calm = low_bytes <= rss_bytes <= high_bytes and available_bytes >= least_bytes
            if not is_calm and looks.is_left(calm, seen, self._clock().mono_s):
                self._report(scene)
            sleep(nap_s)
            before_s, woke_s = woke_s, wall_s()
            # More time has passed than was slept, or less: the machine slept, or a clock was set.
            if not -GAP_S < woke_s - before_s - nap_s < GAP_S:
                self._report(scene)
            if self._scene is not scene:
                break
        else:
            cost_s = (time.thread_time() - began_cpu_s) / len(naps_s)
            self._cost_s += COST_WEIGHT * (cost_s - self._cost_s)

    def _naps_s(self, scene: Scene) -> list[float]:
        """How long to sleep after each look; a look that would come just before the next sample is
        left to it."""
        now_s = self._clock().mono_s
        if now_s >= self._ask_battery_s:
            self._ask_battery_s = now_s + ON_BATTERY_EVERY_S
            self._saves_power = self._on_battery()
        every_s = looks.every_s(self._cost_s, on_battery=self._saves_power)
        more = max(0, math.ceil((scene.until_s - now_s) / every_s - 1.25))
        rest_s = scene.until_s + every_s - now_s - more * every_s
        return [every_s] * more + [max(every_s, rest_s)]
