"""Records for tests."""

from __future__ import annotations

from tray_app.core.history.records import ProcessShare, SampleRecord

MIB = 1024 * 1024
T0 = 1_795_700_000.0


def sample(at_s: float, memory_mb: float | None = 500.0, **given: object) -> SampleRecord:
    """A sample of 2 s at ``at_s`` seconds after `T0`."""
    fields: dict[str, object] = {
        "at_s": T0 + at_s,
        "interval_s": 2.0,
        "source": "api",
        "memory_bytes": None if memory_mb is None else round(memory_mb * MIB),
        "cpu_percent": 12.5,
        "descriptors": 40,
        "available_bytes": 8000 * MIB,
        "temp_bytes": 3 * MIB,
        "band": "yellow",
        "level": "normal",
        "activity": "processing",
        "stage": "frames",
        "processes": (ProcessShare(42, "uvicorn", 400 * MIB), ProcessShare(43, "ffmpeg", MIB)),
    }
    return SampleRecord(**{**fields, **given})  # type: ignore[arg-type]
