"""Builds and connects the parts that a run needs, with an icon or in a terminal.

Imports each source when it builds it: a run loads only the parts it uses, and loads the later ones
after the first sample.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Mapping
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from tray_app.core.config.settings import Settings
from tray_app.core.model.readings import ApiOutcome
from tray_app.core.monitor.inputs import Reconfigured, StoryBeganAgain
from tray_app.core.monitor.state import State, begin
from tray_app.core.presentation import alert_memory
from tray_app.runtime import clock
from tray_app.runtime.fast_poller import PollLoop
from tray_app.runtime.ports import Helpers, Probe, UssPssSource
from tray_app.runtime.sampler import Sampler
from tray_app.sources.processes.host import is_this_machine, on_battery

if TYPE_CHECKING:
    from tray_app.app.invocation import Invocation
    from tray_app.core.config.servers import ServerEntry
    from tray_app.core.prometheus.silences import SilenceOrder, SilenceResult
    from tray_app.core.prometheus.values import EngineOutcome, Part
    from tray_app.runtime.config_file import ConfigFile
    from tray_app.runtime.ports import Outlet
    from tray_app.sources.api.action_worker import Server
    from tray_app.sources.api.actions import ServerCalls
    from tray_app.sources.api.client import ApiClient
    from tray_app.sources.api.request_pool import RequestPool
    from tray_app.sources.demo import DemoServer
    from tray_app.sources.processes.watched_ports import WatchedPorts
    from tray_app.sources.prometheus.alertmanager import SilenceWorker
    from tray_app.sources.prometheus.client import PartClient

JOIN_LIMIT_S = 0.3
FIRST_LIMIT_S = 0.5
"""The start waits this long for the first sample, which mostly comes within 5 ms."""


def first_state(invocation: Invocation) -> State:
    """The state before the first sample."""
    settings = invocation.settings
    begun = begin(
        invocation.base,
        settings,
        clock.now(),
        local=invocation.demo or is_this_machine(settings.address.host),
        demo=invocation.demo,
        remembered=invocation.remembered,
        mistakes=invocation.mistakes,
    )
    return alert_memory.resumed(begun)


def make_sampler(
    invocation: Invocation,
    state: State,
    *publish: Outlet,
    shown: bool,
    listed: Callable[[tuple[ServerEntry, ...]], None] = lambda _: None,
    **options: Any,
) -> Sampler:
    """A sampler that publishes here. ``shown``: to a terminal or another program, at all times.
    ``listed`` gets the config file's list of servers after each edit."""
    sampler = Sampler(
        state,
        clock=clock.now,
        jitter=random.random,
        outlets=publish,
        poll_loop=_poll_loop(),
        phase_s=_phase_s(),
        # The demo has limits of its own.
        edited=_edited(None if invocation.demo else invocation.config, listed),
        renew=lambda state: _make_sources(sampler, state, shown=shown),
        **options,
    )
    return sampler


@cache
def _poll_loop() -> PollLoop:
    """The thread that polls for all servers of this run."""
    return PollLoop(clock=clock.now, on_battery=on_battery)


@cache
def _phase_s() -> float:
    """The time from which all samplers of this run count their intervals."""
    return clock.mono_s()


def _edited(
    config: ConfigFile | None, listed: Callable[[tuple[ServerEntry, ...]], None]
) -> Callable[[], Reconfigured | None]:
    """Reports edits of the config file."""

    def reconfigured() -> Reconfigured | None:
        if config is None:
            return None
        before, edit = config.servers, config.edited()
        if config.servers != before:
            listed(config.servers)
        if edit is None:
            return None
        base, mistakes = edit
        return Reconfigured(base, is_this_machine(base.address.host), tuple(mistakes))

    return reconfigured


def make_probe(settings: Settings, *, demo: bool = False) -> Probe:
    """The source of the first sample: this machine's processes, or the demo's."""
    if demo:
        from tray_app.sources.demo import DemoProbe

        return DemoProbe(_demo_server())
    from tray_app.sources.processes.host import process_table
    from tray_app.sources.processes.probe import ServerProbe

    address = settings.address
    return ServerProbe(
        table=process_table(),
        host=address.host,
        port=address.port,
        own_pid=os.getpid(),
        clock=clock.mono_s,
        watched=watched_ports(),
    )


@cache
def watched_ports() -> WatchedPorts:
    """The ports of all servers of this run."""
    from tray_app.sources.processes.watched_ports import WatchedPorts

    return WatchedPorts()


def make_uss_pss(sampler: Sampler, state: State, *, shown: bool) -> UssPssSource | None:
    """The source of USS and PSS; ``shown`` as in `make_sampler`."""
    if state.demo:
        return None
    from tray_app.sources.background.scheduler import BackgroundScheduler
    from tray_app.sources.background.uss_pss import MENU_EVERY_S, SHOWN_EVERY_S, UssPssReader
    from tray_app.sources.processes.host import shares

    # In a thread of its own: a hanging directory must not delay a figure.
    scheduler = BackgroundScheduler(clock.mono_s)
    every_s = SHOWN_EVERY_S if shown else MENU_EVERY_S
    return UssPssReader(
        report=sampler.note_uss_pss,
        scheduler=scheduler,
        shares=shares,
        clock=clock.mono_s,
        cpu_clock=clock.thread_cpu_s,
        every_s=every_s,
    )


def make_helpers(sampler: Sampler, state: State, uss_pss: UssPssSource | None) -> Helpers:
    """The sources that join after the first sample: API and temp directory, beside USS and PSS."""
    if state.demo:
        from tray_app.sources.demo import DemoApi, DemoWalker

        server = _demo_server()
        walker = DemoWalker(sampler.note_temp, server, lambda: sampler.post(StoryBeganAgain()))
        return DemoApi(sampler.post, server), walker, uss_pss
    from tray_app.sources.background.scheduler import BackgroundScheduler
    from tray_app.sources.background.temp_dir import TempWalker

    temp = TempWalker(sampler.note_temp, BackgroundScheduler(clock.mono_s), clock.now)
    return make_api_client(state.settings, sampler.post), temp, uss_pss


def _make_sources(sampler: Sampler, state: State, *, shown: bool) -> tuple[Probe, Helpers]:
    """All sources, for another server."""
    uss_pss = make_uss_pss(sampler, state, shown=shown)
    return make_probe(state.settings, demo=state.demo), make_helpers(sampler, state, uss_pss)


def make_api_client(settings: Settings, report: Callable[[ApiOutcome], None]) -> ApiClient:
    """Asks the server for its status; ``report`` takes each answer, in the client's thread."""
    from tray_app.sources.api.client import ApiClient

    headers, verify = _access(settings)
    return ApiClient(
        base_url=settings.address.url,
        report=report,
        clock=clock.mono_s,
        headers=headers,
        verify=verify,
        pool=_request_pool(),
    )


def make_readers(
    settings: Settings, report: Callable[[EngineOutcome], None]
) -> Mapping[Part, PartClient]:
    """What asks an engine for each part; ``report`` takes each answer, in a thread of the pool."""
    from tray_app.core.prometheus import alertmanager, answers, queries
    from tray_app.core.prometheus.values import Part
    from tray_app.sources.prometheus.client import PartClient

    assert settings.prometheus is not None
    prometheus, manager = settings.prometheus.url, settings.alertmanager
    selector = settings.selector

    def reader(
        part: Part, url: str, path: str, decode: Callable[[bytes], EngineOutcome]
    ) -> PartClient:
        return PartClient(part, url, path, decode, report=report, **_of_engine(settings))

    path = queries.servers_path(selector)
    servers = {Part.SERVERS: reader(Part.SERVERS, prometheus, path, answers.servers)}
    if manager is None:
        decode = partial(answers.alerts, selector=selector)
        path = queries.ALERTS_PATH
        return servers | {Part.ALERTS: reader(Part.ALERTS, prometheus, path, decode)}
    url, path = manager.url, alertmanager.alerts_path(selector)
    return servers | {
        Part.ALERTS: reader(Part.ALERTS, url, path, alertmanager.alerts),
        Part.SILENCES: reader(
            Part.SILENCES, url, alertmanager.SILENCES_PATH, alertmanager.silences
        ),
    }


def make_silence_worker(
    settings: Settings, order: SilenceOrder, report: Callable[[SilenceResult], None]
) -> SilenceWorker:
    """What carries out an order in the Alertmanager of the settings."""
    from tray_app.sources.prometheus.alertmanager import SilenceCalls, SilenceWorker

    assert settings.alertmanager is not None
    calls = SilenceCalls(settings.alertmanager.url, **_of_engine(settings))
    return SilenceWorker(order, calls, report)


def _of_engine(settings: Settings) -> dict[str, Any]:
    """What all requests to an engine have in common."""
    return {
        "clock": clock.mono_s,
        "headers": settings.fleet_headers.fields,
        "verify": settings.fleet_ca_file or True,
        "pool": _request_pool(),
    }


@cache
def _request_pool() -> RequestPool:
    """The threads that make all requests of this run."""
    from tray_app.sources.api.request_pool import RequestPool

    return RequestPool(clock.mono_s)


@cache
def _demo_server() -> DemoServer:
    """The scripted server of this run: all its sources and actions see the same one."""
    from tray_app.sources.demo import DemoServer

    return DemoServer(clock.mono_s)


def make_actions_server(settings: Settings, *, demo: bool) -> Server:
    """What carries out the user's actions: the server, or the demo's."""
    if demo:
        from tray_app.sources.demo import DemoCalls

        return DemoCalls(_demo_server())
    return make_server_calls(settings)


def make_server_calls(settings: Settings) -> ServerCalls:
    """Calls the server's actions."""
    from tray_app.sources.api.actions import ServerCalls

    headers, verify = _access(settings)
    return ServerCalls(
        settings.address.url, clock.mono_s, headers=headers, verify=verify, pool=_request_pool()
    )


def _access(settings: Settings) -> tuple[tuple[tuple[str, str], ...], str | bool]:
    """The headers that each request carries, and what the server's certificate is checked with:
    a file, or the system's certificates."""
    return settings.headers.fields, settings.ca_file or True
