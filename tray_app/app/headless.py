"""Runs the program as a service: it serves the metrics and logs, and shows nothing."""

from __future__ import annotations

import os
import queue

from msgspec.structs import replace

from tray_app.app import wiring
from tray_app.app.event_log import log_event
from tray_app.app.exporter import Exporter
from tray_app.app.invocation import Invocation
from tray_app.core.config.options import EXPORTER_ADDRESS
from tray_app.core.model.listen_address import parse_listen_address
from tray_app.core.monitor.commands import Quit
from tray_app.core.monitor.events import Ended, Event, Sampled
from tray_app.core.monitor.state import State, interval_s
from tray_app.runtime.ending import Ending
from tray_app.runtime.service_manager import ServiceManager
from tray_app.sources.processes.host import own_use
from tray_app.views.terminal.streams import STATUS_FAILED, complain
from tray_app.worker_thread import tell_restarts


def run_headless(invocation: Invocation) -> int:
    """Run until the set time is over or a signal comes; the exit status."""
    settings = invocation.settings
    listen = settings.exporter_listen or parse_listen_address(EXPORTER_ADDRESS)
    exporter = Exporter(settings, listen)
    if not exporter.start(complain):
        return STATUS_FAILED
    service = ServiceManager(os.environ, os.getpid())
    events: queue.SimpleQueue[Event] = queue.SimpleQueue()
    state = wiring.first_state(replace(invocation, settings=settings))

    def publish(_: State, made: tuple[Event, ...]) -> None:
        for event in made:
            events.put(event)

    sampler = wiring.make_sampler(
        invocation, state, *exporter.outlets(), publish, shown=False, own_use=own_use
    )
    uss_pss = wiring.make_uss_pss(sampler, state, shown=True)
    ending = Ending(lambda: sampler.post(Quit(summed_up=False)), lambda: events.put(Ended()))
    ending.heed_signals()
    sampler.start(
        wiring.make_probe(state.settings, demo=state.demo),
        wiring.make_helpers(sampler, state, uss_pss),
        uss_pss,
    )
    try:
        _serve(events, service, interval_s(state))
    finally:
        service.stopping()
        sampler.stop(wiring.JOIN_LIMIT_S)
        exporter.close()
        ending.over()
        tell_restarts(None)
    return 0


def _serve(events: queue.SimpleQueue[Event], service: ServiceManager, every_s: float) -> None:
    """Log each event to the end. The service is ready with its first sample, and alive with each:
    a sampler that stands still is restarted."""
    is_ready = False
    while not isinstance(event := events.get(), Ended):
        log_event(event)
        if isinstance(event, Sampled):
            if not is_ready:
                service.ready(every_s)
                is_ready = True
            service.alive()
