"""Runs the program as a service: it serves the metrics and logs, and shows nothing."""

from __future__ import annotations

import os

from tray_app.app.event_log import log_event
from tray_app.app.exporter import Exporter
from tray_app.app.invocation import Invocation
from tray_app.app.watch import Watch
from tray_app.app.watcher import Watcher
from tray_app.core.config.options import EXPORTER_ADDRESS
from tray_app.core.model.listen_address import parse_listen_address
from tray_app.core.monitor.commands import Quit
from tray_app.core.monitor.events import Sampled, SourceChanged
from tray_app.core.monitor.sample import Sample
from tray_app.core.monitor.state import State, interval_s
from tray_app.core.source_choice.circuit_breaker import ApiState
from tray_app.runtime.ending import Ending
from tray_app.runtime.service_manager import ServiceManager
from tray_app.sources.processes.host import own_use
from tray_app.views.terminal.streams import STATUS_FAILED, complain


def run_headless(invocation: Invocation) -> int:
    """Run until the set time is over or a signal comes; the exit status."""
    settings = invocation.settings
    listen = settings.exporter_listen or parse_listen_address(EXPORTER_ADDRESS)
    exporter = Exporter(settings, listen)
    if not exporter.start(complain):
        return STATUS_FAILED
    service = ServiceManager(os.environ, os.getpid())
    watch = Watch(invocation, exporter, shown=True, own_use=own_use)
    ending = Ending(lambda: watch.quit(Quit(summed_up=False)), watch.end)
    ending.heed_signals()
    watch.start()
    try:
        _serve(watch, service)
    finally:
        service.stopping()
        watch.stop()
        exporter.close()
        ending.over()
    return 0


def _serve(watch: Watch, service: ServiceManager) -> None:
    """Log each event to the end. The service is ready with the first sample of each server, and
    alive whenever each has made another one: if a sampler stands still, systemd starts again.

    A server that is away from the start changes nothing, so no event reports it."""
    is_ready = False
    away: set[Watcher] = set()
    sampled: set[Watcher] = set()
    for told in watch.told():
        for event in told.events:
            log_event(event, told.server)
            if isinstance(event, Sampled):
                sampled.add(told.watcher)
                if told.watcher not in away and _is_away(told.state, event.sample):
                    away.add(told.watcher)
                    log_event(SourceChanged(event.sample), told.server)
        if not sampled.issuperset(watch.watchers):
            continue
        sampled.clear()
        if not is_ready:
            service.ready(max(interval_s(each.begun) for each in watch.watchers))
            is_ready = True
        service.alive()


def _is_away(state: State, sample: Sample) -> bool:
    """Whether it has never been read, and its API's first answer is no longer waited for."""
    return not state.run.readings and sample.api.state is not ApiState.WAITING
