"""The signs of work in one sample: CPU, ffmpeg, files in tmp, memory."""

from __future__ import annotations

from msgspec import Struct

from tray_app.core.model.readings import ApiReading, MemoryKind, ProcessReading, TempUsage

PROCESSING_CPU_PERCENT = 40.0
# A weak sign: a recorded job begins with 35 to 80 % of a core.
STIRRING_CPU_PERCENT = 20.0


class WorkSigns(Struct, frozen=True):
    """The signs of work in one sample.

    ``reading`` is the server's processes without the CPU of a start, and ``memory`` their figure or
    the API's, None while the server ``starts``. ``is_reading``: there is a new reading.
    ``temp_told``: the figure of tmp is the API's own. ``cpu_percent`` is 0 if unknown, and
    ``computes`` true if it does more than answer. ``comes`` is how many files have come to tmp
    since the sample before, below 0: gone; ``grows``: some came, or they are larger. ``more_files``
    is the number of files beyond the idle ones; None if unknown. ``is_empty``: the server reports
    none. ``temp_s`` is when tmp was measured.
    """

    reading: ProcessReading | None
    starts: bool
    memory: tuple[int, bool] | None
    is_reading: bool
    temp: TempUsage | None
    temp_told: bool
    cpu_percent: float
    computes: bool
    encodes: bool
    comes: int
    grows: bool
    more_files: int | None
    is_empty: bool
    temp_s: float | None

    def has_none_since(self, at_s: float) -> bool:
        """Whether a later check of tmp found no file beyond the earlier ones."""
        more = self.more_files
        return self.temp_s is not None and self.temp_s > at_s and more is not None and more <= 0

    @property
    def stirs(self) -> bool:
        """Some CPU, while a video lies there."""
        has_files = self.more_files is not None and self.more_files > 0
        return has_files and self.cpu_percent >= STIRRING_CPU_PERCENT

    @property
    def is_quiet(self) -> bool:
        return self.cpu_percent < PROCESSING_CPU_PERCENT and not self.encodes


def moves(before: TempUsage | None, temp: TempUsage | None, *, alike: bool) -> tuple[int, bool]:
    """How many files have come to tmp, and whether some came or are larger. ``alike``: both figures
    are of one kind (the API counts file lengths, the walker disk blocks)."""
    if temp is None or before is None:
        return 0, False
    comes = temp.file_count - before.file_count
    return comes, comes > 0 or (alike and temp.size_bytes > before.size_bytes)


def memory_of(api: ApiReading | None, reading: ProcessReading | None) -> tuple[int, bool] | None:
    """The server's memory, and whether it comes from processes; None without any source."""
    if reading is not None and reading.kind is MemoryKind.UNMEASURED:
        return None  # too low for a moment: the next figure is not a climb
    if reading is not None and reading.footprint_bytes is not None:
        return reading.footprint_bytes, True
    return (api.rss_bytes, False) if api else None
