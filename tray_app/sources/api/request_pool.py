"""The threads that make requests: all servers share them.

A thread has one request at a time, and a request that finds no idle thread starts one. So a
silent server holds up none of the others.
"""

from __future__ import annotations

import math
import queue
import threading
from collections.abc import Callable
from heapq import heappop, heappush
from itertools import count

from tray_app.worker_thread import WorkerThread

IDLE_S = 30.0
"""A thread that has been idle for this long ends. Many are needed only while many servers are
silent."""

Work = Callable[[], None]


class RequestPool:
    """Runs each work in a thread of its own, and calls what is late. ``clock`` gives monotonic
    seconds. The threads end with the last of its users."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.deadlines = Deadlines(clock)
        self._lock = threading.Lock()
        self._users: set[object] = set()
        self._idle: list[_Worker] = []

    def enter(self, user: object) -> None:
        """This one will have work. A second call changes nothing."""
        with self._lock:
            self._users.add(user)

    def leave(self, user: object) -> None:
        """It will have no further work. A second call changes nothing."""
        with self._lock:
            self._users.discard(user)
            if self._users:
                return
            idle, self._idle = self._idle, []
            # Before another one enters: its deadlines hold.
            self.deadlines.close()
        for worker in idle:
            worker.works.put(None)

    def run(self, work: Work) -> None:
        """Do this now; returns at once. Raises RuntimeError where the system has no room for a
        thread."""
        with self._lock:
            worker = self._idle.pop() if self._idle else None
        if worker is not None:
            worker.works.put(work)
        else:
            _Worker(self, work).start()

    def next_of(self, worker: _Worker) -> Work | None:
        """Wait for this thread's next work; None: end."""
        with self._lock:
            if not self._users:
                return None
            self._idle.append(worker)
        try:
            return worker.works.get(timeout=IDLE_S)
        except queue.Empty:
            with self._lock:
                if worker in self._idle:
                    self._idle.remove(worker)
                    return None
        return worker.works.get()  # it was chosen just now


class _Worker:
    """One thread of the pool."""

    def __init__(self, pool: RequestPool, first: Work) -> None:
        self.works: queue.SimpleQueue[Work | None] = queue.SimpleQueue()
        self._pool = pool
        self._first: Work | None = first

    def start(self) -> None:
        WorkerThread("api", self._work).start()

    def _work(self) -> None:
        # After a work that failed, the thread begins here again, and is not idle before.
        work, self._first = self._first, None
        while (work := work or self._pool.next_of(self)) is not None:
            doing, work = work, None
            doing()
            del doing  # it keeps the answer alive


class Due:
    """A call that is due at some time, unless it is cancelled."""

    __slots__ = ("call",)

    def __init__(self, call: Work) -> None:
        self.call: Work | None = call

    def cancel(self) -> None:
        """It is in time; from any thread."""
        self.call = None


class Deadlines:
    """Calls what is late, in a thread of its own. Most requests are in time: so the thread sleeps
    to the earliest time that it knows, and then forgets all that were cancelled."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._changed = threading.Condition()
        self._heap: list[tuple[float, int, Due]] = []
        self._number = count()
        self._wakes_s = math.inf
        self._thread: WorkerThread | None = None

    def set(self, within_s: float, call: Work) -> Due:
        """Have this called after ``within_s``."""
        due, at_s = Due(call), self._clock() + within_s
        with self._changed:
            heappush(self._heap, (at_s, next(self._number), due))
            if self._thread is None:
                thread = WorkerThread("api deadline", self._work)
                thread.start()
                self._thread = thread
            elif at_s < self._wakes_s:
                self._changed.notify()
        return due

    def close(self) -> None:
        """End the thread; what is due later is not called."""
        with self._changed:
            self._heap.clear()
            self._thread = None
            self._changed.notify()

    def _work(self) -> None:
        while (call := self._next()) is not None:
            call()

    def _next(self) -> Work | None:
        """Wait until one is due; None: this thread is not needed any longer."""
        with self._changed:
            while self._thread is threading.current_thread():
                while self._heap and self._heap[0][2].call is None:
                    heappop(self._heap)
                self._wakes_s = self._heap[0][0] if self._heap else math.inf
                left_s = self._wakes_s - self._clock()
                if left_s > 0:
                    self._changed.wait(left_s if left_s < math.inf else None)
                    continue
                if (call := heappop(self._heap)[2].call) is not None:
                    return call
            return None
