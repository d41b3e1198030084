"""Silences in words: rows, questions, and what became of a click."""

from __future__ import annotations

from datetime import datetime, timedelta
from http import HTTPStatus

from tray_app.core.model.api_failure import ApiFailureKind, ApiProblem, FailureClass
from tray_app.core.model.sanitize import visible
from tray_app.core.model.silence_length import SilenceLength
from tray_app.core.monitor.commands import SilenceAlerts, UnsilenceAlerts
from tray_app.core.presentation.api_failure_text import problem_text
from tray_app.core.presentation.format import (
    capitalised,
    duration,
    hour,
    joined,
    sentences,
)
from tray_app.core.presentation.notifications import Action, Note, Urgency
from tray_app.core.prometheus.silences import (
    OURS,
    EndSilence,
    MakeSilence,
    SilenceResult,
    SilenceScope,
)
from tray_app.core.prometheus.silencing import (
    Refusal,
    SilenceDoubted,
    SilenceEvent,
    SilenceRefused,
    SilenceRequested,
    SilenceSettled,
)
from tray_app.core.prometheus.values import EngineAlert, Silence

SILENCE = "Silence"
SILENCE_ALL = "Silence all"
END = "End this silence"
FOR_EVERYBODY = "Silence for everybody"
MUTE_HERE = "Mute on this desktop only"
UNDER_WAY = "Waiting for Alertmanager…"
SKEW_MIN_S = 60.0
"""A smaller difference of the clocks changes no time that is shown."""

YEARS_S = 5 * 366 * 86400.0
"""People mean "for ever" by later ends, as the last day of 9999. That is no date in every time
zone and on every system."""

_REFUSALS = {
    Refusal.RUNNING: "Alertmanager has not answered the last click yet.",
    Refusal.NO_SERVER: "Prometheus no longer knows this server.",
    Refusal.NO_SILENCE: "This silence is no longer known.",
    Refusal.NO_ALERTMANAGER: "No Alertmanager is set: set alertmanager under [fleet].",
}
_ENDED_THERE = "in the past"
"""Alertmanager's words for an end that has passed by its clock."""


def until(ends_s: float, now_s: float) -> str:
    """``until 14:30``, ``until 08:00 tomorrow``, ``until 08:00 on 3 Dec``, ``for years``."""
    if ends_s - now_s > YEARS_S:
        return "for years"
    end, now = datetime.fromtimestamp(ends_s), datetime.fromtimestamp(now_s)
    if end.date() == now.date():
        return f"until {hour(ends_s)}"
    if end.date() == now.date() + timedelta(days=1):
        return f"until {hour(ends_s)} tomorrow"
    year = "" if end.year == now.year else f" {end.year}"
    return f"until {hour(ends_s)} on {end.day} {end:%b}{year}"


def length(chosen: SilenceLength, ends_s: float, now_s: float) -> str:
    """``For 1 h``, ``Until 08:00 tomorrow``: what a row offers."""
    if chosen is SilenceLength.MORNING:
        return capitalised(until(ends_s, now_s))
    return f"For {chosen.value}"


def whose(scope: SilenceScope) -> str:
    """``gpu-1:8000``, or whose alerts are meant where it is not one server's."""
    if scope.name:
        return scope.name
    others = [str(each) for each in scope.matchers if each != OURS]
    return f"all servers with {', '.join(others)}" if others else "all servers"


def line(silence: Silence, now_s: float, *, partly: bool = False) -> str:
    """``Silenced until 14:30 · ana@desk``; ``partly``: it holds back some alerts of a server."""
    word = "Partly silenced" if partly else "Silenced"
    return joined(f"{word} {until(silence.ends_s, now_s)}", silence.author or "unknown author")


def about(silence: Silence) -> str:
    """What it holds back, and why: ``instance="gpu-1:9435" · new disk``."""
    return joined(visible(", ".join(map(str, silence.matchers))), silence.comment)


def brief(silences: tuple[Silence, ...], now_s: float) -> str:
    """For menu and tooltip: ``Alerts silenced until 14:30 (ana@desk)``; empty without any."""
    if not silences:
        return ""
    first = silences[0]
    if len(silences) == 1:
        author = first.author or "unknown author"
        return f"Alerts silenced {until(first.ends_s, now_s)} ({author})"
    return f"{len(silences)} silences hold alerts back, first {until(first.ends_s, now_s)}"


def warning(scope: SilenceScope, ends_s: float, now_s: float) -> str:
    """What the row below it does."""
    return f"Silences {whose(scope)}, for everybody, {until(ends_s, now_s)}"


def button(alert: EngineAlert) -> Action | None:
    """Silences the server of an alert for an hour, after a question; None: it has none."""
    if not alert.instance and not alert.server:
        return None
    command = SilenceAlerts(SilenceLength.HOUR, alert.instance, alert.server)
    return Action("Silence for 1 h…", command)


def note(event: SilenceEvent) -> Note | None:
    """What a click on a silence has brought; None: nothing is to be said."""
    match event:
        case SilenceDoubted(scope, ends_s, now_s, command):
            its = "its" if scope.name else "their"
            text = f"Alertmanager then notifies nobody of {its} alerts {until(ends_s, now_s)}."
            actions = (Action(FOR_EVERYBODY, command),)
            return _note(f"Silence {whose(scope)}?", text, actions)
        case SilenceRefused(reason):
            return _note("Alertmanager was not asked", _REFUSALS[reason])
        case SilenceRequested():
            return None
        case SilenceSettled(result, now_s):
            return _settled(result, now_s)


def _settled(result: SilenceResult, now_s: float) -> Note:
    silence, order = result.silence, result.order
    if isinstance(order, EndSilence):
        if result.problem is not None or silence is None:
            return _note("The silence was not ended", failure(result.problem))
        return _note("The silence is over", "Alertmanager notifies of these alerts again.")
    who = whose(order.scope)
    if result.problem is not None or silence is None:
        return _note(f"Not silenced: {who}", failure(result.problem))
    return _note(
        f"Silenced {until(silence.ends_s, now_s)}: {who}",
        sentences("Alertmanager notifies nobody of these alerts.", _skew(result)),
        (Action(END, UnsilenceAlerts(silence.id)),),
    )


def failure(problem: ApiProblem | None) -> str:
    """In one sentence why Alertmanager did not do it."""
    if problem is None:
        return _sentence("unexpected error (see the log)")
    said = problem_text(problem)
    match problem.status:
        case HTTPStatus.BAD_REQUEST | HTTPStatus.UNPROCESSABLE_ENTITY:
            if _ENDED_THERE in problem.detail:
                return "Alertmanager's clock is ahead: by its time the end has passed."
            return f"Alertmanager refuses it ({said})."
        case HTTPStatus.UNAUTHORIZED | HTTPStatus.FORBIDDEN:
            return f"Alertmanager rejects the credentials ({said})."
        case HTTPStatus.NOT_FOUND | HTTPStatus.METHOD_NOT_ALLOWED:
            return f"There is no Alertmanager at this address ({said})."
        case HTTPStatus.SERVICE_UNAVAILABLE:
            return f"Alertmanager is not available now ({said})."
    if problem.failure_class is FailureClass.TIMEOUT and problem.kind is not ApiFailureKind.BUSY:
        return f"{capitalised(said)}: the menu shows whether Alertmanager did it after all."
    return _sentence(said)


def _sentence(said: str) -> str:
    sentence = f"Alertmanager: {said}"
    return sentence if sentence.endswith((".", "…")) else f"{sentence}."


def _skew(result: SilenceResult) -> str:
    """How much the clocks differ, where that changes the end."""
    skew_s = result.skew_s
    if abs(skew_s) < SKEW_MIN_S or not isinstance(result.order, MakeSilence):
        return ""
    way = "ahead of" if skew_s > 0 else "behind"
    return f"Its clock is {duration(abs(skew_s))} {way} this machine's, and the silence ends by it."


def _note(title: str, text: str, actions: tuple[Action, ...] = ()) -> Note:
    return Note(title, text, Urgency.NORMAL, "silence", actions=actions)
