"""Reads what an engine answers: bytes in, values out.

Rule of the room: pure functions that trust no byte. Texts are cut, series and alerts are counted,
and an answer that is not understood as a whole is a problem, never an empty list.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal, TypeVar

import msgspec
from msgspec import Struct

from tray_app.core.fleet.rank import Rank
from tray_app.core.model.api_failure import ApiFailureKind, ApiProblem
from tray_app.core.model.label_selector import Selector
from tray_app.core.model.sanitize import visible
from tray_app.core.prometheus.naming import Key, names
from tray_app.core.prometheus.values import (
    AlertsRead,
    AlertStatus,
    EngineAlert,
    EngineServer,
    ServersRead,
)

SERIES_MAX = 20_000
"""Twice what 5,000 servers have at most, each from two replicas of an engine."""
ALERTS_MAX = 20_000
LABELS_MAX = 64
VALUE_CHARS = 200
TEXT_CHARS = 300
OLD = "old"
"""The band of a series that repeats a server whose figures are old (see `queries`)."""
PETABYTE = 1024**5

_RANKS = {
    "red": Rank.RED,
    "orange": Rank.ORANGE,
    "yellow": Rank.YELLOW,
    "green": Rank.GREEN,
    "gone": Rank.NOT_THERE,
    "paused": Rank.PAUSED,
}
"""Any other band counts as LOST."""
_WITHOUT_FIGURE = (Rank.NOT_THERE, Rank.PAUSED, Rank.LOST)
_SEVERITIES = {
    Rank.RED: ("critical", "page", "fatal", "emergency", "disaster", "error"),
    Rank.YELLOW: ("info", "information", "notice", "low", "minor", "debug", "none"),
}
_SEVERITY_RANKS = {word: rank for rank, words in _SEVERITIES.items() for word in words}


class _Series(Struct):
    metric: dict[str, str]
    value: tuple[float, str]


class _Vector(Struct, tag_field="resultType", tag="vector"):
    result: list[_Series]


class _Servers(Struct):
    status: Literal["success"]
    data: _Vector
    warnings: list[str] | None = None


class _Alert(Struct):
    labels: dict[str, str]
    state: str
    annotations: dict[str, str] = {}
    activeAt: str = ""


class _AlertList(Struct):
    """None: Thanos' way of writing that there are none."""

    alerts: list[_Alert] | None


class _Alerts(Struct):
    status: Literal["success"]
    data: _AlertList
    warnings: list[str] | None = None


T = TypeVar("T")


class NotUnderstoodError(ValueError):
    """An answer is not what was asked for."""

    def __init__(self, problem: ApiProblem) -> None:
        super().__init__(problem.kind.name)
        self.problem = problem


def servers(body: bytes) -> ServersRead:
    """The servers in an answer to `queries.servers`.

    :raises NotUnderstoodError: it is no such answer, or has too many
    """
    answer = decoded(body, _Servers)
    bounded(answer.data.result, SERIES_MAX, "series")
    worst: dict[Key, tuple[Rank, int | None]] = {}
    old: set[Key] = set()
    for series in answer.data.result:
        labels = series.metric
        key = cut(labels.get("instance", "")), cut(labels.get("server", ""))
        if labels.get("band") == OLD:
            old.add(key)
            continue
        found = _found(labels.get("band", ""), series.value[1])
        # Replicas of an engine may know more than one band of a server.
        if key not in worst or worst[key][0] < found[0]:
            worst[key] = found
    worst |= dict.fromkeys(old - worst.keys(), (Rank.LOST, None))
    called = names(worst)
    return ServersRead(
        tuple(
            EngineServer(
                *key,
                name=called[key],
                rank=Rank.LOST if key in old else rank,
                memory_bytes=memory_bytes,
            )
            for key, (rank, memory_bytes) in worst.items()
        ),
        warning=_warning(answer.warnings),
    )


def alerts(body: bytes, selector: Selector) -> AlertsRead:
    """The alerts that fire in an answer of Prometheus to ``/api/v1/alerts``.

    :raises NotUnderstoodError: it is no such answer, or has too many
    """
    answer = decoded(body, _Alerts)
    listed = answer.data.alerts or []
    bounded(listed, ALERTS_MAX, "alerts")
    return AlertsRead(
        tuple(
            alert(each.labels, each.annotations, begun=each.activeAt)
            for each in listed
            if each.state == "firing" and selector.holds(each.labels)
        ),
        warning=_warning(answer.warnings),
    )


def alert(
    labels: Mapping[str, str],
    annotations: Mapping[str, str],
    *,
    begun: str = "",
    key: str = "",
    status: AlertStatus = AlertStatus.FIRING,
    silences: Iterable[str] = (),
) -> EngineAlert:
    """An alert by its labels and annotations. ``key`` empty: its labels are
    what tells it from others. ``begun`` is RFC 3339."""
    ordered = tuple(sorted(labels.items()))
    is_short = len(ordered) <= LABELS_MAX and all(
        len(part) <= VALUE_CHARS for pair in ordered for part in pair
    )
    return EngineAlert(
        key=key or repr(ordered),
        name=cut(labels.get("alertname", "")) or "an alert without a name",
        rank=_SEVERITY_RANKS.get(labels.get("severity", "").lower(), Rank.ORANGE),
        instance=cut(labels.get("instance", "")),
        server=cut(labels.get("server", "")),
        summary=one_line(annotations.get("summary", "") or annotations.get("message", "")),
        description=one_line(annotations.get("description", "")),
        runbook=one_line(annotations.get("runbook", "") or annotations.get("runbook_url", "")),
        status=status,
        silences=tuple(silences),
        labels=ordered if is_short else (),
        begun_s=moment_s(begun),
    )


def decoded(body: bytes, kind: type[T]) -> T:
    """The answer as this kind.

    :raises NotUnderstoodError: it is not
    """
    try:
        return msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        detail = visible(str(error))[:VALUE_CHARS]
        raise NotUnderstoodError(ApiProblem(ApiFailureKind.NOT_UNDERSTOOD, detail)) from None
    except RecursionError:
        raise NotUnderstoodError(ApiProblem(ApiFailureKind.NESTED_TOO_DEEPLY)) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        kind_of = ApiFailureKind.NOT_JSON if body.strip() else ApiFailureKind.EMPTY
        raise NotUnderstoodError(ApiProblem(kind_of)) from None


def bounded(several: list[T], most: int, what: str) -> None:
    """Refuse an answer with more than this many.

    :raises NotUnderstoodError: it has more
    """
    if len(several) > most:
        detail = f"more than {most} {what}: choose fewer with a selector"
        raise NotUnderstoodError(ApiProblem(ApiFailureKind.NOT_UNDERSTOOD, detail))


def cut(text: str, most: int = VALUE_CHARS) -> str:
    """The text as it can be shown, and no longer than this."""
    shown = visible(text[: most + 1])
    return shown if len(shown) <= most else shown[: most - 1] + "…"


def moment_s(text: str) -> float | None:
    """A moment in RFC 3339 as Unix time; None if it is none, or the zero time of Go."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.tzinfo is None or moment.year < 1971:
        return None
    return moment.timestamp()


def one_line(text: str) -> str:
    """A text of several lines as it can be shown on one, cut."""
    return cut(" ".join(text[: 8 * TEXT_CHARS].split()), TEXT_CHARS)


def _warning(warnings: list[str] | None) -> str:
    return cut((warnings or [""])[0], TEXT_CHARS)


def _found(band: str, text: str) -> tuple[Rank, int | None]:
    """How a server is, and its figure. One that should have a figure and has none is not green."""
    rank = _RANKS.get(band, Rank.LOST)
    if rank in _WITHOUT_FIGURE:
        return rank, None
    memory_bytes = _memory(text)
    return rank if memory_bytes is not None else max(rank, Rank.LOST), memory_bytes


def _memory(text: str) -> int | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return round(value) if math.isfinite(value) and 0 <= value <= PETABYTE else None
