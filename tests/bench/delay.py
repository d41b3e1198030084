"""Time from a step in the server's memory to the notification, in every state of the API."""

from __future__ import annotations

import contextlib
import math
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from statistics import median

from tests.bench.measuring import INTERVAL_S, MIB, rss_and_pss_bytes
from tests.bench.scene import (
    ANSWERS,
    HANGS,
    PROCESS_ONLY,
    REFUSES,
    SLOW,
    Watch,
    watching,
)
from tests.bench.table import Effort, Figure, Part, milliseconds, run
from tests.desktop.recorder import NotificationRecorder
from tests.waiting import wait_for

STATES = (ANSWERS, SLOW, REFUSES, HANGS, PROCESS_ONLY)
MOST_GOAL_S = 0.25
ALL_GOAL_S = 1.1
# The step begins just below the limit and is small, so it is sudden: 20 MiB come in some 4 ms.
# Below 90 % of the limit is normal again. What is measured is how soon a level is seen, not held.
LIMIT_MB = 200
NORMAL_MB = 168
READY_MB = 195
STEP_MB = 20
LIMITS = f"[alerts]\nraised_mb = {LIMIT_MB}\nraised_hold_s = 0\nrecovery_s = 1\n"


@dataclass(slots=True)
class Alerting:
    """An app whose server is about to step over the limit."""

    watch: Watch
    recorder: NotificationRecorder
    delays_s: list[float] = field(default_factory=list)

    def heard(self, beginning: str) -> list[float]:
        """When notifications with such a title came."""
        notices = self.recorder.notices
        return [each.at_s for each in notices if each.summary.startswith(beginning)]

    def hold_up_to(self, mb: float) -> None:
        """Have the server hold as much as makes this its resident memory."""
        server = self.watch.server
        assert server
        server.order("hold", mb - rss_and_pss_bytes(server.pid)[0] / MIB)

    def step(self) -> None:
        """Once memory is normal again, step up, take the time, and step down."""
        server = self.watch.server
        assert server
        done = len(self.delays_s)
        wait_for(lambda: len(self.heard("Back to normal")) == done, "the recovery")
        self.hold_up_to(READY_MB)
        # The recovery came with a sample: only a whole interval's choice makes the phase random.
        time.sleep(random.uniform(0.0, INTERVAL_S))
        stepped_s = server.order("hold", STEP_MB)
        wait_for(lambda: len(self.heard("Raised")) > done, f"the alert, {self.watch.state.name}")
        self.delays_s.append(self.heard("Raised")[done] - stepped_s)
        server.order("free", 2)


def measure(effort: Effort) -> Iterator[Figure]:
    """The states take turns, so that one recovers while another is measured."""
    with contextlib.ExitStack() as stack:
        alerting = []
        for state in STATES:
            watch = stack.enter_context(watching(state, LIMITS))
            recorder = NotificationRecorder(watch.session.bus_address)
            alerting.append(Alerting(watch, stack.enter_context(recorder)))
            alerting[-1].hold_up_to(NORMAL_MB)
        for _ in range(effort.times):
            for each in alerting:
                each.step()
        for each in alerting:
            each.watch.wait_for_state()
    for each in alerting:
        delays_s = sorted(each.delays_s)
        # The nearest rank: so many of them are at most as long.
        most_s = delays_s[math.ceil(0.95 * len(delays_s)) - 1]
        name = each.watch.state.name
        yield Figure(name, "median", milliseconds(median(delays_s)))
        yield _judged(name, "95 %", most_s, MOST_GOAL_S)
        yield _judged(name, f"longest of {effort.times}", delays_s[-1], ALL_GOAL_S)


def _judged(name: str, column: str, value_s: float, goal_s: float) -> Figure:
    return Figure(
        name, column, milliseconds(value_s), "", f"≤ {goal_s * 1000:.0f} ms", value_s <= goal_s
    )


PART = Part("delay", "From a step in memory to the notification", measure)

if __name__ == "__main__":
    raise SystemExit(run(PART))
