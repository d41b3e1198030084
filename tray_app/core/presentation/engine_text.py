"""An engine's servers and alerts in words: tooltip, status and messages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import quote, urlencode

from tray_app.core.fleet.rank import Rank
from tray_app.core.model.server_address import ServerAddress, public_url
from tray_app.core.monitor.commands import Mute, OpenPage
from tray_app.core.presentation import fleet_text, memory_text, menu_text, silence_text
from tray_app.core.presentation.api_failure_text import problem_text
from tray_app.core.presentation.fleet_text import LINES_SHOWN, rest
from tray_app.core.presentation.format import (
    ago,
    capitalised,
    counted,
    joined,
    sentences,
    shortened,
    size,
)
from tray_app.core.presentation.notifications import Action, Note, Urgency
from tray_app.core.prometheus import naming
from tray_app.core.prometheus.events import EngineAway, EngineBack
from tray_app.core.prometheus.naming import Key
from tray_app.core.prometheus.overview import EngineMember
from tray_app.core.prometheus.queries import SERIES
from tray_app.core.prometheus.state import EngineState
from tray_app.core.prometheus.values import OF_PICTURE, EngineAlert, Freshness, Part

ENGINE = "Prometheus"
MANAGER = "Alertmanager"
RESOLVED = "resolved"
ELSEWHERE_LINES = 2
TITLE_CHARS = 60
MUTE_HERE = Action("Mute here for 30 min", Mute(1800.0))
_WORDS = {
    "RunAnalyzeCritical": "critical",
    "RunAnalyzeHigh": "high",
    "RunAnalyzeRaised": "raised",
    "RunAnalyzeHeadingForCritical": "heading for critical",
    "RunAnalyzeMachineShort": "machine low on memory",
    "RunAnalyzeLeak": "possible leak",
    "RunAnalyzeServerDied": "died",
    "RunAnalyzeServerGone": "gone",
    "RunAnalyzeServerHung": "hangs",
    "RunAnalyzeTempFiles": "temp files",
    "RunAnalyzeExporterAway": "not watched",
    "RunAnalyzeSamplesStopped": "no samples",
    "RunAnalyzeClockSkew": "clock is wrong",
    "RunAnalyzeNoExporters": "no server is watched",
}
_LEVELS = {
    Rank.RED: "critical",
    Rank.ORANGE: "high",
    Rank.YELLOW: "raised",
    Rank.GREEN: "normal",
}
_WITHOUT = {Rank.PAUSED: "paused", Rank.NOT_THERE: "not running", Rank.LOST: memory_text.NO_READING}
_URGENCIES = {Rank.RED: Urgency.CRITICAL, Rank.YELLOW: Urgency.LOW}


def word(alert: EngineAlert) -> str:
    """What is wrong, after a server's name: a rule of ours in the tray's words, any other one in
    its own."""
    return _WORDS.get(alert.name) or menu_text.cut(alert.title, TITLE_CHARS)


def line(member: EngineMember) -> str:
    """``gpu-1:8000: 3.03 GB · critical``; ``· silenced`` where an alert of it is."""
    server = member.server
    figure = _WITHOUT.get(server.rank, "")
    if server.memory_bytes is not None:
        figure = joined(size(server.memory_bytes), "old" if figure else "")
    words = [word(each) for each in member.alerts[:1]]
    level = _LEVELS.get(server.rank, "")
    if server.rank >= Rank.ORANGE or not words:
        words = [level, *(each for each in words if each != level)]
    name = shortened(server.name)
    return f"{name}: {joined(figure, *words, 'silenced' if member.silenced else '')}"


def alert_line(alert: EngineAlert) -> str:
    """``gpu-7:9435: not watched``: an alert that is no known server's."""
    is_ours = alert.name in _WORDS and alert.instance
    return f"{place(alert, {})}: {word(alert)}" if is_ours else capitalised(word(alert))


def heading(state: EngineState) -> str:
    """``1000 servers · gpu-1:8000 3.03 GB``: how many there are, and the one in the icon."""
    members = state.overview.members
    if not members:
        is_known = state.freshness(Part.SERVERS) is not Freshness.UNKNOWN
        return "No servers" if is_known else "Servers: not known"
    server = members[0].server
    return fleet_text.headed(len(members), server.name, server.memory_bytes)


def trouble(state: EngineState) -> str:
    """Why the picture may not be the whole truth; empty: it is."""
    if state.desk.paused:
        return "Paused"
    for part in OF_PICTURE:
        if told := _unread(state, part):
            return told
    if state.warning:
        return f"Some servers may be missing: {state.warning}"
    if state.alerts_warning:
        return f"Some alerts may be missing: {state.alerts_warning}"
    if state.silencing and (told := _unread(state, Part.SILENCES)):
        return told
    if not state.overview.members:
        selector = state.desk.settings.selector
        chosen = f" with {selector}" if selector and selector.matchers else ""
        return f"{ENGINE} has no {SERIES}{chosen}"
    return ""


def _unread(state: EngineState, part: Part) -> str:
    """``Prometheus: connection refused · servers last read 40 s ago``."""
    freshness, known = state.freshness(part), state.part(part)
    if freshness is Freshness.FRESH:
        return ""
    answerer = _answerer(state, part)
    if known.read_s is None and known.problem is None:
        return f"{capitalised(part.value)}: asking {answerer}"
    since = "not read yet"
    if known.read_s is not None:
        since = f"last read {ago(state.now.mono_s - known.read_s)}"
    if known.problem is None:
        return f"{capitalised(part.value)}: {since}"
    return joined(f"{answerer}: {problem_text(known.problem)}", f"{part.value} {since}")


def _answerer(state: EngineState, part: Part) -> str:
    """Who is asked for this part."""
    has_manager = state.desk.settings.alertmanager is not None
    return MANAGER if has_manager and part is not Part.SERVERS else ENGINE


def alerts_line(state: EngineState) -> str:
    """``3 alerts firing · 2 held back``."""
    it = state.overview
    if state.freshness(Part.ALERTS) is Freshness.UNKNOWN:
        return "Alerts: not known"
    firing = f"{counted(it.firing, 'alert') if it.firing else 'No alerts'} firing"
    return joined(firing, f"{len(it.held_back)} held back" if it.held_back else "")


def tooltip(state: EngineState) -> str:
    """A heading; what could not be read; then the worst, a line each; then how the others are."""
    return "\n".join([heading(state), *_lines(state)])


def _lines(state: EngineState) -> Iterator[str]:
    if told := trouble(state):
        yield told
    if state.desk.paused:
        return
    it = state.overview
    elsewhere = it.elsewhere[:ELSEWHERE_LINES]
    yield from map(alert_line, elsewhere)
    if len(it.elsewhere) > len(elsewhere):
        yield f"and {counted(len(it.elsewhere) - len(elsewhere), 'other alert')}"
    room = LINES_SHOWN - len(elsewhere)
    yield from map(line, it.members[:room])
    if others := it.members[room:]:
        yield rest(others)
    if silences := state.silencing.shown if state.silencing else ():
        yield silence_text.brief(silences, state.now.wall_s)


def status(state: EngineState) -> Note:
    """All servers as a notification."""
    return Note(heading(state), "\n".join(_lines(state)), Urgency.NORMAL, "status")


# Messages


def away(event: EngineAway, state: EngineState) -> Note:
    """The engine, or a part of it, cannot be read any longer."""
    of_servers = event.part is Part.SERVERS
    title = f"{ENGINE} cannot be read" if of_servers else "Alerts cannot be read"
    why = problem_text(event.problem) if event.problem else "no answer"
    unknown = "How the servers are" if of_servers else "Which alerts are firing"
    text = f"{_answerer(state, event.part)}: {why}. {unknown} is not known. The tray keeps asking."
    return Note(title, text, Urgency.NORMAL, "engine")


def back(_event: EngineBack) -> Note:
    """It can be read again."""
    return Note(
        f"{ENGINE} answers again", "Servers and alerts are up to date.", Urgency.LOW, "engine"
    )


def place(alert: EngineAlert, names: Mapping[Key, str]) -> str:
    """The server that an alert is about, by its name; or its exporter; or the alert itself."""
    key = alert.instance, alert.server
    return names.get(key) or naming.names([key])[key] or alert.name


def title(alert: EngineAlert) -> str:
    """``Critical``; of an unknown rule its own summary."""
    return capitalised(word(alert))


def urgency(alert: EngineAlert) -> Urgency:
    """How much a message about it may disturb."""
    return _URGENCIES.get(alert.rank, Urgency.NORMAL)


def message(alert: EngineAlert, server: str, page: str, *, can_silence: bool = False) -> Note:
    """An alert that fires. ``page`` shows more of it. ``can_silence``: an Alertmanager is set."""
    quiet_it = silence_text.button(alert) if can_silence else None
    known = alert.name in _WORDS
    return Note(
        f"{server}: {title(alert)}" if known else title(alert),
        sentences(alert.description or alert.summary, alert.runbook),
        urgency(alert),
        "alert",
        actions=(quiet_it or MUTE_HERE, Action("Open", OpenPage(page))),
        server=server,
    )


def resolved(alert: EngineAlert, server: str) -> Note:
    """Its last alert is over."""
    text = f"It was: {word(alert)}."
    return Note(f"{server}: {RESOLVED}", text, Urgency.LOW, "alert", server=server)


def quiet(server: str) -> Note:
    """Nothing new of a server, whose place in a message about several is empty now."""
    return Note("", "", Urgency.LOW, "alert", server=server)


# Pages


def alerts_page(address: ServerAddress | None) -> str:
    """The engine's page of its alerts; empty without an engine."""
    return f"{public_url(address)}/alerts" if address else ""


def grafana_page(grafana: str, member: EngineMember) -> str:
    """The dashboard, with a server chosen in its variables."""
    chosen = urlencode(
        {"var-instance": member.server.instance, "var-server": member.server.server},
        quote_via=quote,
    )
    page, mark, fragment = grafana.partition("#")
    return f"{page}{'&' if '?' in page else '?'}{chosen}{mark}{fragment}"
