"""Decodes the API's bodies: bytes in, values out. JSON is UTF-8; of other encodings those are read
that a byte order mark tells, whatever the Content-Type says.

Rule of the room: pure functions that trust no byte. msgspec decodes and checks; only numbers that
are not negative and plausible get through, and every refusal names its field.
"""

from __future__ import annotations

import codecs
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from tray_app.core.model.api_failure import ApiFailureKind, ApiProblem, FieldFault
from tray_app.core.model.readings import (
    GIB,
    MIB,
    ApiReading,
    Disk,
    StageMark,
    SystemMemory,
    TempUsage,
)
from tray_app.sources.api.errors import ApiError, failed, plain_text

PETABYTE = 1024**5
"""Figures above this are nonsense."""

ADVICE_MAX, ADVICE_CHARACTERS = 5, 200
"""Of the server's recommendations. It has one or two sentences."""

Megabytes = Annotated[float, Meta(ge=0, le=PETABYTE / MIB)]
Gigabytes = Annotated[float, Meta(ge=0, le=PETABYTE / GIB)]
Percent = Annotated[float, Meta(ge=0, le=100)]
Count = Annotated[float, Meta(ge=0, le=PETABYTE)]

T = TypeVar("T")


class _Process(Struct):
    rss_mb: Megabytes


class _System(Struct):
    total_gb: Gigabytes
    available_gb: Gigabytes
    used_percent: Percent


class _Temp(Struct):
    total_size_mb: Megabytes
    file_count: Count


class _Disk(Struct):
    total_gb: Annotated[float, Meta(gt=0, le=PETABYTE / GIB)]
    free_gb: Gigabytes


class _Tracker(Struct):
    """``final_memory_mb`` is the newest entry's memory: the only figure that still changes when a
    second video goes through stages already counted. Older servers do not send it."""

    stage_count: Count
    peak_memory_mb: Count
    total_increase_mb: Count
    final_memory_mb: Count | UnsetType = UNSET


class _Status(Struct, kw_only=True):
    """The nested shape. Fields of type `Any` may be invalid: the rest of the answer is usable
    without them."""

    error: Any = None
    process_memory: _Process | UnsetType | None = UNSET
    system_memory: _System | None = None
    tmp_directory: _Temp | None = None
    disk_usage: Any = None
    tracker_summary: Any = None
    recommendations: Any = None
    process_memory_mb: Any = UNSET


class _FlatStatus(Struct, kw_only=True):
    """The older flat shape."""

    process_memory_mb: Megabytes
    system_memory_total_gb: Gigabytes | UnsetType = UNSET
    system_memory_available_gb: Gigabytes | UnsetType = UNSET
    system_memory_used_percent: Percent | UnsetType = UNSET


class _History(Struct):
    history: list[Any]


class _HistoryEntry(Struct):
    stage: str
    timestamp: Any = None


# A number such as 1e999 is infinite here, and too large; msgspec refuses it as a whole.
_ANYTHING = msgspec.json.Decoder(float_hook=float)


def decode_status(body: bytes, *, taken_s: float, latency_s: float) -> ApiReading:
    """Read a ``/memory-status/`` body, in the nested shape or the older flat one.

    The process memory is required, the system and temp parts may be absent (or null); unknown
    fields are ignored. Raises ApiError, also for ``{"error": …}``.
    """
    status = _decoded(body, _Status)
    if status.error:
        raise failed(ApiFailureKind.SERVER_ERROR, _words(status.error))
    if status.process_memory is UNSET and status.process_memory_mb is not UNSET:
        flat = _decoded(body, _FlatStatus)
        rss_mb, system = flat.process_memory_mb, _flat_system(flat)
    elif isinstance(status.process_memory, _Process):
        rss_mb, system = status.process_memory.rss_mb, status.system_memory
    else:
        raise _wrong("process_memory", FieldFault.MISSING)
    return ApiReading(
        taken_s=taken_s,
        latency_s=latency_s,
        rss_bytes=round(rss_mb * MIB),
        system=_system(system) if system else None,
        temp=_temp(status.tmp_directory, status.disk_usage, taken_s),
        tracker=_tracker(status.tracker_summary),
        advice=_advice(status.recommendations),
    )


def decode_stage(body: bytes) -> StageMark | None:
    """The newest entry of a ``/memory-history/`` body; None without one, or if it is invalid."""
    try:
        history = _decoded(body, _History).history  # oldest first
        newest = msgspec.convert(history[-1], _HistoryEntry)
    except (ApiError, IndexError, msgspec.ValidationError):
        return None
    name, timestamp = plain_text(newest.stage), newest.timestamp
    if not name:
        return None
    return StageMark(name, plain_text(timestamp) if isinstance(timestamp, str) else "")


def check_done(body: bytes) -> None:
    """Raise ApiError unless the answer to a POST says that it was done."""
    data = _decoded(body, dict[str, Any])
    if data.get("error") or data.get("success") is False:
        raise failed(ApiFailureKind.SERVER_ERROR, _words(data))


def error_words(body: bytes) -> str:
    """The message in the body of an HTTP error, in one short line; "" without one.

    FastAPI's ``detail`` may be text, an object or a list; a 500 may be plain text. A web page (a
    proxy's) adds nothing to its status.
    """
    try:
        return _words(_decoded(body, Any))
    except ApiError:
        text = plain_text(_text(body, "replace"))
        return "" if text.startswith("<") else text


# UTF-32's begins with UTF-16's.
_MARKS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}


def _text(body: bytes, errors: str = "strict") -> str:
    """The body as text, in the encoding that its byte order mark tells, else in UTF-8.

    :raises UnicodeDecodeError: it is none
    """
    for mark, encoding in _MARKS.items():
        if body.startswith(mark):
            return body.removeprefix(mark).decode(encoding, errors)
    return body.decode("utf-8", errors)


def _decoded(body: bytes, kind: type[T]) -> T:
    text: bytes | str = body
    try:
        # msgspec reads bytes in less time.
        if body.startswith(tuple(_MARKS)):
            text = _text(body)
        if not text.strip():
            raise failed(ApiFailureKind.EMPTY)
        try:
            return msgspec.json.decode(text, type=kind)
        except msgspec.ValidationError:
            raise _first_fault(_ANYTHING.decode(text), kind) from None
    except RecursionError:
        raise failed(ApiFailureKind.NESTED_TOO_DEEPLY) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise failed(_kind_of_no_json(body)) from None


def _kind_of_no_json(body: bytes) -> ApiFailureKind:
    try:
        _text(body)
    except UnicodeDecodeError:
        return ApiFailureKind.NOT_UTF8
    return ApiFailureKind.NOT_JSON


def _wrong(field: str, fault: FieldFault) -> ApiError:
    return ApiError(ApiProblem(ApiFailureKind.WRONG_SHAPE, field=field, fault=fault))


def _first_fault(value: object, kind: Any, where: str = "") -> ApiError:
    """The first field of ``value`` that does not fit ``kind``, a Struct: msgspec reports it only in
    a sentence."""
    if not isinstance(value, dict):
        return _wrong(where, FieldFault.NOT_AN_OBJECT)
    for field in msgspec.structs.fields(kind):
        name = f"{where}.{field.encode_name}" if where else field.encode_name
        if field.encode_name not in value:
            if field.required:
                return _wrong(name, FieldFault.MISSING)
            continue
        part = value[field.encode_name]
        try:
            msgspec.convert(part, field.type)
        except msgspec.ValidationError:
            parts = [each for each in _members(field.type) if issubclass(each, Struct)]
            return _first_fault(part, parts[0], name) if parts else _number_fault(part, name)
    return failed(ApiFailureKind.NOT_JSON)  # a number without a checked range


def _members(kind: Any) -> list[type]:
    """The classes of a union, or of a single type."""
    return [each for each in getattr(kind, "__args__", (kind,)) if isinstance(each, type)]


def _number_fault(value: object, name: str) -> ApiError:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _wrong(name, FieldFault.NOT_A_NUMBER)
    return _wrong(name, FieldFault.NEGATIVE if value < 0 else FieldFault.TOO_LARGE)


def _flat_system(flat: _FlatStatus) -> _System | None:
    total, available = flat.system_memory_total_gb, flat.system_memory_available_gb
    used = flat.system_memory_used_percent
    if total is UNSET and available is UNSET and used is UNSET:
        return None
    if total is UNSET:
        raise _wrong("system_memory_total_gb", FieldFault.MISSING)
    if available is UNSET:
        raise _wrong("system_memory_available_gb", FieldFault.MISSING)
    if used is UNSET:
        raise _wrong("system_memory_used_percent", FieldFault.MISSING)
    return _System(total, available, used)


def _system(part: _System) -> SystemMemory:
    return SystemMemory(
        total_bytes=round(part.total_gb * GIB),
        available_bytes=round(part.available_gb * GIB),
        used_percent=part.used_percent + 0.0,  # -0.0 + 0.0 is 0.0
    )


def _temp(part: _Temp | None, disk: object, taken_s: float) -> TempUsage | None:
    if part is None:
        return None
    size_bytes = round(part.total_size_mb * MIB)
    return TempUsage(size_bytes, round(part.file_count), taken_s, disk=_disk(disk))


def _disk(part: object) -> Disk | None:
    """Lenient: None without figures of the disk."""
    try:
        disk = msgspec.convert(part, _Disk)
    except msgspec.ValidationError:
        return None
    return Disk(round(disk.total_gb * GIB), round(disk.free_gb * GIB))


def _tracker(part: object) -> tuple[float, ...]:
    """Lenient: the summary is only compared with the last one, and stays filled when idle."""
    try:
        told = msgspec.convert(part, _Tracker)
    except msgspec.ValidationError:
        return ()
    return tuple(figure + 0.0 for figure in msgspec.structs.astuple(told) if figure is not UNSET)


def _advice(part: object) -> tuple[str, ...]:
    """The texts of a list; a few lines of each answer."""
    if not isinstance(part, list):
        return ()
    texts = [each for each in part[:ADVICE_MAX] if isinstance(each, str)]
    return tuple(filter(None, (plain_text(each, ADVICE_CHARACTERS) for each in texts)))


def _words(value: object) -> str:
    """The message in a server's error value: its text, or the first text in it."""
    while not isinstance(value, str):
        if isinstance(value, dict):
            names = ("detail", "message", "error", "msg", "reason")
            value = next((value[name] for name in names if value.get(name)), "")
        elif isinstance(value, list):
            value = value[0] if value else ""
        else:
            value = "" if value is None or isinstance(value, bool) else str(value)
    return plain_text(value)
