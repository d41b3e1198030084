"""Servers, alerts and answers of an engine, as tests need them."""

from __future__ import annotations

import json
from typing import Any

from msgspec.structs import replace

from tests.core.made import mb
from tray_app.core.config.settings import Settings
from tray_app.core.fleet.rank import Rank
from tray_app.core.model.label_selector import Matcher, Operator
from tray_app.core.model.readings import Now
from tray_app.core.model.server_address import parse_address
from tray_app.core.monitor.state import begin as begin_desk
from tray_app.core.prometheus.answers import alert as made_alert
from tray_app.core.prometheus.events import EngineEvent
from tray_app.core.prometheus.state import EngineState, begin
from tray_app.core.prometheus.step import EngineInput, step
from tray_app.core.prometheus.values import (
    AlertsRead,
    EngineAlert,
    EngineServer,
    ServersRead,
    Silence,
    SilencesRead,
)

START = Now(1000.0, 1_700_000_000.0)
RANKS = {
    "red": Rank.RED,
    "orange": Rank.ORANGE,
    "yellow": Rank.YELLOW,
    "green": Rank.GREEN,
    "lost": Rank.LOST,
    "gone": Rank.NOT_THERE,
    "paused": Rank.PAUSED,
}


def at(seconds: float) -> Now:
    """This many seconds after the start."""
    return Now(START.mono_s + seconds, START.wall_s + seconds)


def server(name: str, band: str = "green", memory_mb: float | None = 300) -> EngineServer:
    memory_bytes = None if memory_mb is None else mb(memory_mb)
    return EngineServer(f"{name}:9435", "localhost:8000", f"{name}:8000", RANKS[band], memory_bytes)


def alert(
    name: str = "RunAnalyzeCritical", host: str = "gpu-1", severity: str = "critical", **more: Any
) -> EngineAlert:
    """An alert of the server on this host; with ``server=""`` of its exporter."""
    labels = {"alertname": name, "severity": severity, "instance": f"{host}:9435"}
    labels |= {"server": more.pop("server", "localhost:8000")}
    summary = more.pop("summary", f"{name.removeprefix('RunAnalyze')}: {host}")
    shown = {key: value for key, value in labels.items() if value}
    return made_alert(shown, {"summary": summary}, **more)


def begun(**settings: Any) -> EngineState:
    """The state before the first answer."""
    chosen = Settings(**settings)
    return begin(replace(begin_desk(chosen, chosen, START, local=False), has_emoji=True))


def after(
    state: EngineState, *happened: EngineInput, seconds: float = 1.0
) -> tuple[EngineState, list[EngineEvent]]:
    """The state after these, all at this time after the start, and what followed."""
    events: list[EngineEvent] = []
    for each in happened:
        state, new = step(state, each, at(seconds))
        events += new
    return state, events


def known(*servers: EngineServer, alerts: tuple[EngineAlert, ...] = ()) -> EngineState:
    """The state after the first answers."""
    return after(begun(), ServersRead(servers), AlertsRead(alerts))[0]


def with_manager(
    *servers: EngineServer, alerts: tuple[EngineAlert, ...] = (), **settings: Any
) -> EngineState:
    """The same where an Alertmanager is set, and no silence holds."""
    address = parse_address("http://alertmanager:9093")
    chosen = Settings(alertmanager=address, **settings)
    state = begin(begin_desk(chosen, chosen, START, local=False), "ana@desk")
    return after(state, ServersRead(servers), AlertsRead(alerts), SilencesRead(()))[0]


def silence(host: str, silence_id: str = "") -> Silence:
    """A silence of this host's exporter, for an hour, by another person."""
    matchers = (Matcher("instance", Operator.EQUAL, f"{host}:9435"),)
    return Silence(
        silence_id or host,
        matchers,
        author="bob",
        comment="new disk",
        starts_s=START.wall_s,
        ends_s=START.wall_s + 3600,
    )


def vector(*rows: tuple[str, str, str, str], **more: Any) -> bytes:
    """An answer with these series: instance, server, band and value."""
    result = [
        {"metric": {"instance": instance, "server": name, "band": band}, "value": [1.5, value]}
        for instance, name, band, value in rows
    ]
    data = {"resultType": "vector", "result": result}
    return json.dumps({"status": "success", "data": data} | more).encode()
