"""Decodes the API's bodies: bytes in, values out.

Rule of the room: pure functions that trust no byte; only JSON numbers that are finite, not
negative and plausible get through, and every refusal names its field in plain words.

The standard library's json does it: requests has loaded it already (0 MB, 7 µs a body), where
msgspec would add 1.5 MB of RSS and 7 ms of start-up.
"""

from __future__ import annotations

import json
import math
from typing import Any

from tray_app.core.model.readings import (
    GIB,
    MIB,
    ApiReading,
    Disk,
    StageMark,
    SystemMemory,
    TempUsage,
)
from tray_app.core.model.sanitize import visible

PETABYTE = 1024**5
"""Figures above this are nonsense."""

_FLAT_SYSTEM = {
    name: f"system_memory_{name}" for name in ("total_gb", "available_gb", "used_percent")
}


class PayloadError(ValueError):
    """An answer that is not a reading; its text is a short reason for people."""


def decode_status(body: bytes, *, taken_s: float, latency_s: float) -> ApiReading:
    """Read a ``/memory-status/`` body, in the nested shape or the older flat one.

    The process memory is required, the system and temp parts may be absent (or null); unknown
    fields are ignored. Raises PayloadError, also for ``{"error": …}``.
    """
    data = _parse(body)
    if not isinstance(data, dict):
        raise PayloadError("answer is not a JSON object")
    if data.get("error"):
        words = _words(data["error"]) or "without words"
        raise PayloadError(f"the server reports an error: {words}")
    if "process_memory_mb" in data and "process_memory" not in data:
        rss_bytes = _number(data, "process_memory_mb", MIB)
        parts = {key: data[name] for key, name in _FLAT_SYSTEM.items() if name in data}
        system = _system(parts, "system_memory_") if parts else None
    else:
        process = _part(data, "process_memory")
        if process is None:
            raise PayloadError("process_memory is missing")
        rss_bytes = _number(process, "rss_mb", MIB, "process_memory.")
        part = _part(data, "system_memory")
        system = None if part is None else _system(part, "system_memory.")
    return ApiReading(
        taken_s=taken_s,
        latency_s=latency_s,
        rss_bytes=round(rss_bytes),
        system=system,
        temp=_temp(_part(data, "tmp_directory"), data.get("disk_usage"), taken_s),
        tracker=_tracker(data.get("tracker_summary")),
    )


def decode_stage(body: bytes) -> StageMark | None:
    """The newest entry of a ``/memory-history/`` body; None without one, or if it is odd."""
    try:
        newest = _parse(body)["history"][-1]  # oldest first
        name, timestamp = newest["stage"], newest.get("timestamp")
    except (PayloadError, LookupError, TypeError, AttributeError):
        return None
    if not isinstance(name, str) or not plain_text(name):
        return None
    return StageMark(plain_text(name), plain_text(timestamp) if isinstance(timestamp, str) else "")


def check_done(body: bytes) -> None:
    """Raise PayloadError unless the answer to a POST says that it was done."""
    data = _parse(body)
    if not isinstance(data, dict):
        raise PayloadError("answer is not a JSON object")
    if data.get("error") or data.get("success") is False:
        words = _words(data) or "without words"
        raise PayloadError(f"the server reports an error: {words}")


def error_words(body: bytes) -> str:
    """What the body of an HTTP error says, in one short line; "" if nothing for people.

    FastAPI's ``detail`` may be text, an object or a list; a 500 may be plain text. Web pages
    (a proxy's) say nothing that their status does not.
    """
    try:
        return _words(_parse(body))
    except PayloadError:
        text = plain_text(body.decode("utf-8", "replace"))
        return "" if text.startswith("<") else text


def plain_text(text: str, limit: int = 120) -> str:
    """``text`` as one line of at most ``limit`` printable characters."""
    line = visible(" ".join(text[: 8 * limit].split()))
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _parse(body: bytes) -> Any:
    """JSON as Python values; NaN and 1e999 pass here and are refused where a number is used."""
    if not body.strip():
        raise PayloadError("answer is empty")
    try:
        # UTF-8, or what else JSON may be written in, with or without a byte order mark.
        return json.loads(body.decode(json.detect_encoding(body)))
    except RecursionError:
        raise PayloadError("answer is nested too deeply") from None
    except UnicodeDecodeError:
        raise PayloadError("answer is not UTF-8 text") from None
    except ValueError:  # JSONDecodeError, or an integer of more than 4300 digits
        raise PayloadError("answer is not JSON") from None


def _part(data: dict[str, Any], name: str) -> dict[str, Any] | None:
    part = data.get(name)
    if part is not None and not isinstance(part, dict):
        raise PayloadError(f"{name} is not an object")
    return part


def _number(
    part: dict[str, Any], key: str, unit: int = 1, where: str = "", limit: float = PETABYTE
) -> float:
    """``part[key]`` in ``unit``: a JSON number, finite and in 0 <= value <= ``limit``."""
    if key not in part:
        raise PayloadError(f"{where}{key} is missing")
    value = part[key]
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise PayloadError(f"{where}{key} is not a number")
    if not isinstance(value, int) and not math.isfinite(value):
        raise PayloadError(f"{where}{key} is not a finite number")
    if value < 0:
        raise PayloadError(f"{where}{key} is negative")
    if value * unit > limit:
        raise PayloadError(f"{where}{key} is too large to be true")
    return float(value * unit) + 0.0  # -0.0 + 0.0 is 0.0


def _system(part: dict[str, Any], where: str) -> SystemMemory:
    return SystemMemory(
        total_bytes=round(_number(part, "total_gb", GIB, where)),
        available_bytes=round(_number(part, "available_gb", GIB, where)),
        used_percent=_number(part, "used_percent", 1, where, limit=100),
    )


def _temp(part: dict[str, Any] | None, disk: object, taken_s: float) -> TempUsage | None:
    if part is None:
        return None
    return TempUsage(
        size_bytes=round(_number(part, "total_size_mb", MIB, "tmp_directory.")),
        file_count=round(_number(part, "file_count", 1, "tmp_directory.")),
        taken_s=taken_s,
        disk=_disk(disk),
    )


def _disk(part: object) -> Disk | None:
    """Lenient: a disk that is not told is one that nothing is said of."""
    if not isinstance(part, dict):
        return None
    try:
        total, free = (_number(part, name, GIB) for name in ("total_gb", "free_gb"))
    except PayloadError:
        return None
    return Disk(round(total), round(free)) if total > 0 else None


def _tracker(part: object) -> tuple[float, ...]:
    """Lenient: it is only ever compared with the last one, and stays filled when idle.

    ``final_memory_mb`` is the newest entry's memory: the only figure that still moves when a
    second video goes through stages that are counted already. Older servers do not send it.
    """
    if not isinstance(part, dict):
        return ()
    names = ["stage_count", "peak_memory_mb", "total_increase_mb"]
    if "final_memory_mb" in part:
        names.append("final_memory_mb")
    try:
        return tuple(_number(part, name) for name in names)
    except PayloadError:
        return ()


def _words(value: object) -> str:
    """What a server's error value says: its text, or the first text that says it in it."""
    while not isinstance(value, str):
        if isinstance(value, dict):
            names = ("detail", "message", "error", "msg", "reason")
            value = next((value[name] for name in names if value.get(name)), "")
        elif isinstance(value, list):
            value = value[0] if value else ""
        else:
            value = "" if value is None or isinstance(value, bool) else str(value)
    return plain_text(value)
