"""The words for memory: the server's, what it has kept, what is ahead, and the machine's."""

from __future__ import annotations

from tray_app.core.alerts.forecast import Forecast, ForecastKind
from tray_app.core.alerts.job_leak import RetainedMemory
from tray_app.core.alerts.limits import Level
from tray_app.core.alerts.room import NextVideo, Short
from tray_app.core.analysis.bands import Band
from tray_app.core.model.readings import GIB, MIB, SystemMemory, TempUsage, UssPss
from tray_app.core.monitor.sample import Sample
from tray_app.core.presentation.format import UNKNOWN, about, joined, rate, rough_size, size

NO_READING = "no reading"
# A job that keeps less is noise: the recorded idle server moves by less.
KEPT_SHOWN_BYTES = 10 * MIB
# A forecast is exact to some seconds at best.
ANY_MOMENT_S = 10.0
# A smaller use of swap is normal: kernels move unused pages there.
SWAP_SHOWN_BYTES = MIB


def forecast(value: Forecast) -> str:
    """``about 40 s until memory is full``, ``about 4 min until it is high``, ``critical any
    moment``."""
    if value.seconds < ANY_MOMENT_S:
        return f"{_foretold(value)} any moment"
    what = "memory is full" if value.kind is ForecastKind.FULL else f"it is {value.kind.value}"
    return f"{about(value.seconds)} until {what}"


def foretold(value: Forecast) -> str:
    """``forecast: critical in about 40 s``: beside the current level."""
    return f"forecast: {foreseen(value)}"


def foreseen(value: Forecast) -> str:
    """``critical in about 40 s``, ``memory full any moment``."""
    return f"{_foretold(value)} {when(value.seconds)}"


def _foretold(value: Forecast) -> str:
    return "memory full" if value.kind is ForecastKind.FULL else value.kind.value


def when(seconds: float) -> str:
    """``in about 40 s``, ``any moment``: the time of a forecast."""
    return "any moment" if seconds < ANY_MOMENT_S else f"in {about(seconds)}"


def kept(value: RetainedMemory | None) -> str:
    """``140 MB not released after the last video``; empty if unknown or too small to show."""
    if value is None or value.kept_bytes < KEPT_SHOWN_BYTES:
        return ""
    return f"{size(value.kept_bytes)} not released after the last video"


def kept_briefly(value: RetainedMemory | None) -> str:
    """``140 MB not released``, for a row that has no room for more."""
    return kept(value).partition(" after ")[0]


def compared(value: RetainedMemory) -> str:
    """``Job 3 did not release 140 MB``, ``Job 3 released all its memory``, ``Job 3 released an
    extra 20 MB``."""
    number, kept_bytes = value.job.number, value.kept_bytes
    if abs(kept_bytes) < 0.5 * MIB:
        return f"Job {number} released all its memory"
    what = "did not release" if kept_bytes > 0 else "released an extra"
    return f"Job {number} {what} {size(abs(kept_bytes))}"


def memory(sample: Sample) -> str:
    """``1.52 GB · raised · +12 MB/s``."""
    if sample.memory_bytes is None:
        return NO_READING
    return joined(size(sample.memory_bytes), beside_colour(sample), rate(sample.rate_bytes_s))


def state(sample: Sample) -> str:
    """``normal``, ``raised``, ``high``, ``critical``: the alert level that memory is in.

    A state has no other name anywhere. The icon's colours have finer limits, and no names.
    """
    return NO_READING if sample.memory_bytes is None else sample.level.word


def beside_colour(sample: Sample) -> str:
    """The same where the icon's colour is in sight: nothing where the word would seem to deny it.

    Colours have finer limits than levels: yellow and orange beside "normal" were read as a
    contradiction.
    """
    is_coloured = sample.band in (Band.YELLOW, Band.ORANGE, Band.RED)
    return "" if is_coloured and sample.level is Level.NONE else state(sample)


def recovering(sample: Sample) -> str:
    """``recovering`` while memory has just left a level; else empty."""
    return "" if sample.recovering is Level.NONE else "recovering"


def ahead(sample: Sample) -> str:
    """The level that memory will reach and when; empty without a forecast."""
    return forecast(sample.forecast) if sample.forecast else ""


def free_of(value: SystemMemory | None) -> str:
    """``12.3 GB of 23.5 GB free (48 % used)``, and the signs of scarcity."""
    if value is None:
        return UNKNOWN
    free, total = size(value.available_bytes), size(value.total_bytes)
    return joined(f"{free} of {total} free ({value.used_percent:.0f} % used)", scarce(value))


def machine(value: SystemMemory | None) -> str:
    """``9.6 of 16.0 GB free``, and the signs of scarcity: short enough for a row of the menu."""
    if value is None:
        return "This machine's memory is unknown"
    free, total = size(value.available_bytes), size(value.total_bytes)
    if value.available_bytes >= GIB:
        free = f"{value.available_bytes / GIB:.1f}"
    return joined(f"{free} of {total} free", scarce(value))


def next_video(value: NextVideo | None) -> str:
    """``Next video needs about 1.4 GB``, and where there is no room for it ``…; 0.9 GB free:
    wait`` or ``…; critical in 0.9 GB``; empty where that is unknown."""
    if value is None:
        return ""
    if value.short is None:
        return f"Next video needs about {rough_size(value.needs_bytes)}"
    room_bytes = value.left_bytes if value.short is Short.CRITICAL else value.free_bytes or 0
    if value.needs_bytes > room_bytes:
        needs = f"Next video needs about {rough_size(value.needs_bytes)}"
    else:
        needs = f"Next video may need {rough_size(value.most_bytes)}"
    room = rough_size(room_bytes)
    is_limit = value.short is Short.CRITICAL
    return f"{needs}; critical in {room}" if is_limit else f"{needs}; {room} free: wait"


def scarce(value: SystemMemory | None) -> str:
    """Signs of scarce memory, or empty: ``memory limit · 420 MB in swap · pressure 12 %``."""
    if value is None:
        return ""
    swap_bytes, pressure = value.swap_used_bytes or 0, round(value.pressure_percent or 0.0)
    if not (value.limited or pressure) and swap_bytes < SWAP_SHOWN_BYTES:
        return ""  # the usual
    return joined(
        "memory limit" if value.limited else "",
        f"{size(swap_bytes)} in swap" if swap_bytes >= SWAP_SHOWN_BYTES else "",
        f"pressure {pressure} %" if pressure else "",
    )


def own_memory(value: UssPss) -> str:
    """``301 MB (USS), 322 MB with its share of shared pages (PSS)``."""
    own = f"{size(value.uss_bytes)} (USS)"
    if value.pss_bytes is None:
        return own
    return f"{own}, {size(value.pss_bytes)} with its share of shared pages (PSS)"


def size_in_files(value: TempUsage | None) -> str:
    """``18 MB in 3 files``."""
    if value is None:
        return UNKNOWN
    files = "1 file" if value.file_count == 1 else f"{value.file_count} files"
    return f"{size(value.size_bytes)} in {files}"
