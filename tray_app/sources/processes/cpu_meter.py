"""Measures one process's CPU between two readings."""

from __future__ import annotations

from tray_app.sources.processes.process_table import ProcessHandle, Usage

# The kernel counts CPU in ticks of 10 ms: over less than this they are mostly noise.
MIN_SPAN_S = 0.2


class CpuMeter:
    """``cpu_percent`` is of one core, None before two readings; above 100 with threads.

    ``is_new`` until the first reading. ``since_s`` is set for a process that did not exist then:
    all of its CPU came after. ``known_s`` is all CPU of the process and its reaped children at the
    last reading; ``spent_s`` and ``reaped_s`` are that reading's increments.
    """

    def __init__(self, handle: ProcessHandle, since_s: float | None = None) -> None:
        self.cpu_percent: float | None = None
        self.created_s = handle.created_s
        self.is_new = True
        self.handle = handle
        self.known_s = 0.0
        self.spent_s = 0.0
        self.reaped_s = 0.0
        self._since_s = since_s
        self._since_cpu_s = 0.0
        self._cpu_s = 0.0

    def read(self, now_s: float) -> Usage | None:
        """None once the process is gone (its handle is closed then)."""
        usage = self.handle.read()
        if usage is None:
            self.handle.close()
            return None
        total_s = usage.cpu_s + usage.reaped_s
        if self.is_new and self._since_s is None:
            self.spent_s = self.reaped_s = 0.0
        else:
            self.spent_s = max(0.0, usage.cpu_s - self._cpu_s)
            self.reaped_s = max(0.0, total_s - self.known_s - self.spent_s)
        self._cpu_s, self.known_s = usage.cpu_s, total_s
        self.is_new = False
        if self._since_s is None:
            self._since_s, self._since_cpu_s = now_s, usage.cpu_s
        elif now_s - self._since_s >= MIN_SPAN_S:
            spent_s = max(0.0, usage.cpu_s - self._since_cpu_s)
            self.cpu_percent = 100 * spent_s / (now_s - self._since_s)
            self._since_s, self._since_cpu_s = now_s, usage.cpu_s
        return usage

    def close(self) -> None:
        """Release the process (closing twice is allowed)."""
        self.handle.close()
