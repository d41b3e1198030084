"""What processes use, as the kernel counts it, and processes that do nothing but be there.

Linux only. What is started here ends with its block.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

INTERVAL_S = 2.0
MB = 10**6
MIB = 1024**2

# All read the one pipe that this program holds, and end when it does. Not Python's: the app looks
# closer at those, and a machine has few.
_IDLE_PROCESSES = """
import os, shutil, sys
cat = shutil.which("cat")
idle = [os.posix_spawn(cat, ["cat"], {}) for _ in range(int(sys.argv[1]))]
print("ready", flush=True)
for pid in idle:
    os.waitpid(pid, 0)
"""


def cpu_s(pid: int) -> float:
    """User and system time of a process with all its threads, those that ended included."""
    # As clock_getcpuclockid(3) does: nanoseconds, where /proc/PID/stat counts in 10 ms.
    return time.clock_gettime(~pid << 3 | 2)


def rss_and_pss_bytes(pid: int) -> tuple[int, int]:
    """Resident memory, and the same with each shared page divided among its users."""
    fields = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    kib = {line.partition(":")[0]: int(line.split()[1]) for line in fields}
    return kib["Rss"] * 1024, kib["Pss"] * 1024


def process_count() -> int:
    """Processes on this machine now."""
    return sum(entry.name.isdecimal() for entry in Path("/proc").iterdir())


@contextlib.contextmanager
def running(command: Sequence[str], **env: str) -> Iterator[int]:
    """A program whose output nobody reads, killed with the block; gives its pid."""
    with subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=os.environ | env,
    ) as process:
        try:
            yield process.pid
        finally:
            process.kill()


@contextlib.contextmanager
def python(source: str, *arguments: str, **env: str) -> Iterator[int]:
    """A Python process that says a line when it is ready, then reads its input to the end.

    Gives its pid; the block's end closes its input.
    """
    with subprocess.Popen(
        [sys.executable, "-c", source, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=os.environ | env,
    ) as process:
        assert process.stdout
        assert process.stdout.readline(), "ended before it was ready"
        yield process.pid


@contextlib.contextmanager
def population(total: int) -> Iterator[int]:
    """So many processes on this machine, if there are not more anyway; gives how many it are.

    A few that come and go are not counted: 2003 are given as 2000.
    """
    with python(_IDLE_PROCESSES, str(max(0, total - process_count() - 1))):  # its parent counts
        count = process_count()
        yield total if abs(count - total) <= 0.03 * total else count
