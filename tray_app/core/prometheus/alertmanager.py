"""Reads and writes the bodies of Alertmanager's API, version 2.

Rule of the room: as in `answers`. Mimir's Alertmanager speaks the same.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal
from urllib.parse import quote

import msgspec
from msgspec import Struct

from tray_app.core.model.api_failure import ApiFailureKind, ApiProblem
from tray_app.core.model.label_selector import Matcher, Operator, Selector
from tray_app.core.prometheus.answers import (
    ALERTS_MAX,
    NotUnderstoodError,
    alert,
    bounded,
    cut,
    decoded,
    moment_s,
    one_line,
)
from tray_app.core.prometheus.silences import MakeSilence
from tray_app.core.prometheus.values import (
    AlertsRead,
    AlertStatus,
    EngineAlert,
    Silence,
    SilencesRead,
    SilenceState,
)

SILENCES_PATH = "/api/v2/silences"
_SILENCE_PATH = "/api/v2/silence/"
SILENCES_MAX = 20_000
"""Alertmanager keeps those that are over for five days."""
MATCHERS_MAX = 64

_ALL_STATES = "active=true&silenced=true&inhibited=true&unprocessed=true"


class _Status(Struct):
    state: Literal["active", "suppressed", "unprocessed"]
    silencedBy: list[str] = []
    inhibitedBy: list[str] = []


class _Alert(Struct):
    labels: dict[str, str]
    fingerprint: str
    status: _Status
    annotations: dict[str, str] = {}
    startsAt: str = ""


class _Matcher(Struct):
    """Before version 0.22 there was no ``isEqual``: everything was."""

    name: str
    value: str
    isRegex: bool
    isEqual: bool = True


class _SilenceStatus(Struct):
    state: SilenceState


class _Silence(Struct):
    id: str
    status: _SilenceStatus
    matchers: list[_Matcher]
    startsAt: str
    endsAt: str
    createdBy: str = ""
    comment: str = ""


class _NewSilence(Struct):
    matchers: list[_Matcher]
    startsAt: str
    endsAt: str
    createdBy: str
    comment: str


class _Made(Struct):
    silenceID: str


def alerts_path(selector: Selector) -> str:
    """Path and query of all alerts of this selector, those that are held back, too."""
    filters = (f"&filter={quote(str(each), safe='')}" for each in selector.matchers)
    return f"/api/v2/alerts?{_ALL_STATES}{''.join(filters)}"


def silence_path(silence_id: str) -> str:
    """Path of one silence."""
    return _SILENCE_PATH + quote(silence_id, safe="")


def alerts(body: bytes) -> AlertsRead:
    """The alerts in an answer to `alerts_path`.

    :raises NotUnderstoodError: it is no such answer, or has too many
    """
    listed = decoded(body, list[_Alert])
    bounded(listed, ALERTS_MAX, "alerts")
    return AlertsRead(tuple(_alert(each) for each in listed))


def silences(body: bytes) -> SilencesRead:
    """The silences that hold in an answer to `SILENCES_PATH`.

    :raises NotUnderstoodError: it is no such answer, or has too many
    """
    listed = decoded(body, list[_Silence])
    bounded(listed, SILENCES_MAX, "silences")
    holding = [_silence(each) for each in listed if each.status.state is SilenceState.ACTIVE]
    return SilencesRead(tuple(sorted(holding, key=lambda each: (each.ends_s, each.id))))


def silence(body: bytes) -> Silence:
    """The silence in an answer to `silence_path`.

    :raises NotUnderstoodError: it is no such answer
    """
    return _silence(decoded(body, _Silence))


def made_id(body: bytes) -> str:
    """The identifier of the silence that a POST to `SILENCES_PATH` has made.

    :raises NotUnderstoodError: it names none
    """
    made = decoded(body, _Made).silenceID
    if not made:
        raise _not_understood("the new silence has no identifier")
    return made


def new_silence(order: MakeSilence) -> bytes:
    """The body of a POST to `SILENCES_PATH`."""
    return msgspec.json.encode(
        _NewSilence(
            [_written(each) for each in order.scope.matchers],
            startsAt=_moment(order.starts_s),
            endsAt=_moment(order.ends_s),
            createdBy=order.author,
            comment=order.comment,
        )
    )


def is_as_asked(made: Silence, order: MakeSilence) -> bool:
    """Whether it holds back what was asked for, and nothing else. Before version 0.22 Alertmanager
    reads ``!=`` as ``=``."""
    return set(made.matchers) == set(order.scope.matchers)


def _alert(each: _Alert) -> EngineAlert:
    status, state = AlertStatus.FIRING, each.status
    if state.state == "suppressed":
        status = AlertStatus.SILENCED if state.silencedBy else AlertStatus.INHIBITED
    return alert(
        each.labels,
        each.annotations,
        begun=each.startsAt,
        key=cut(each.fingerprint),
        status=status,
        silences=state.silencedBy,
    )


def _silence(each: _Silence) -> Silence:
    bounded(each.matchers, MATCHERS_MAX, "matchers in a silence")
    starts_s, ends_s = moment_s(each.startsAt), moment_s(each.endsAt)
    if starts_s is None or ends_s is None:
        raise _not_understood(f"silence {cut(each.id, 40)} has no start or no end")
    return Silence(
        each.id,
        tuple(_read(matcher) for matcher in each.matchers),
        author=one_line(each.createdBy),
        comment=one_line(each.comment),
        starts_s=starts_s,
        ends_s=ends_s,
        state=each.status.state,
    )


def _read(matcher: _Matcher) -> Matcher:
    if matcher.isRegex:
        operator = Operator.LIKE if matcher.isEqual else Operator.UNLIKE
    else:
        operator = Operator.EQUAL if matcher.isEqual else Operator.UNEQUAL
    return Matcher(matcher.name, operator, matcher.value)


def _written(matcher: Matcher) -> _Matcher:
    return _Matcher(
        matcher.name,
        matcher.value,
        isRegex=matcher.operator in (Operator.LIKE, Operator.UNLIKE),
        isEqual=matcher.operator in (Operator.EQUAL, Operator.LIKE),
    )


def _moment(wall_s: float) -> str:
    return datetime.fromtimestamp(wall_s, UTC).isoformat(timespec="milliseconds")


def _not_understood(detail: str) -> NotUnderstoodError:
    return NotUnderstoodError(ApiProblem(ApiFailureKind.NOT_UNDERSTOOD, detail))
