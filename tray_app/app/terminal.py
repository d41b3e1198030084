"""Runs the program in a terminal or a pipe: console, live screen, JSON, one reading."""

from __future__ import annotations

import logging
import sys
from contextlib import suppress

from msgspec.structs import replace

from tray_app.app import exporter as exporters
from tray_app.app import wiring
from tray_app.app.event_log import log_event
from tray_app.app.exporter import Exporter
from tray_app.app.history import recall
from tray_app.app.invocation import Invocation, View
from tray_app.app.watch import Told, Watch
from tray_app.app.watcher import Watcher
from tray_app.core.analysis.course import FINE_BUCKET_S, Course
from tray_app.core.config.settings import server_name
from tray_app.core.fleet.overview import Member, by_rank
from tray_app.core.model.readings import MemoryKind, Source
from tray_app.core.monitor.commands import Quit
from tray_app.core.monitor.events import Sampled
from tray_app.core.monitor.sample import Sample
from tray_app.core.monitor.state import State, wants_api
from tray_app.core.presentation import program_text
from tray_app.core.source_choice.circuit_breaker import ApiState
from tray_app.desktop.paths import history_file
from tray_app.runtime.ending import Ending
from tray_app.runtime.job_control import JobControl
from tray_app.views.terminal.streams import STATUS_FAILED, OutputClosed, OutputFailed, complain
from tray_app.views.terminal.view import TerminalView

_log = logging.getLogger(__name__)

ONCE_INTERVAL_S = 0.5
ONCE_MAX_SAMPLES = 8
NO_READING = 3
"""Exit status of ``--once``, or of a run with a set end, without any reading: a script need not
parse the text."""


def run_terminal(invocation: Invocation) -> int:
    """Run until the set time is over or the user quits; the exit status."""
    settings = invocation.settings
    as_json = invocation.view is View.JSON
    live = not (as_json or invocation.once) and sys.stdout.isatty()
    if live:
        _keep_log_off_terminal()
    view = TerminalView(
        sys.stdout,
        sys.stderr,
        json=as_json,
        live=live,
        duration_s=settings.duration_s,
        details=settings.details,
        demo=invocation.demo,
    )
    exporter = Exporter(settings, None) if invocation.once else exporters.attach(settings)
    exporter.start(complain)

    def begin(own: Invocation) -> State:
        if invocation.once:
            own = replace(own, settings=replace(own.settings, interval_s=ONCE_INTERVAL_S))
        state = wiring.first_state(own)
        return replace(state, course=Course(bucket_s=FINE_BUCKET_S)) if live else state

    def began(watcher: Watcher) -> None:
        view.learn(watcher.name, watcher.begun)
        if not (invocation.demo or invocation.once):
            _recall(watcher)

    watch = Watch(
        invocation,
        exporter,
        begin=begin,
        began=began,
        left=lambda watcher: view.forget(watcher.name),
        shown=True,
        others=len(invocation.servers) <= 1,
    )
    ending = Ending(lambda: watch.quit(Quit(summed_up=not invocation.once)), watch.end)
    ending.heed_signals()
    if live:
        JobControl(watch.do, view.leave, view.redraw).heed_signals()
    # Without the API's part the second line would contradict the first.
    watch.start(whole=wants_api)
    try:
        if invocation.once:
            return _show_first(view, watch)
        return _show(view, watch, ends=settings.duration_s is not None)
    except OutputClosed:
        _log.debug("output was closed")
        return 0
    except OutputFailed as error:
        complain(program_text.output_failed(str(error)))
        return STATUS_FAILED
    finally:
        view.close()
        watch.stop()
        exporter.close()
        ending.over()


def _recall(watcher: Watcher) -> None:
    """Read what a tray has recorded of the server's present life."""
    settings = watcher.begun.settings
    if settings.history:
        recall(history_file(settings.address.identity), watcher.post)


def _show(view: TerminalView, watch: Watch, *, ends: bool) -> int:
    """Show the events to the end, which is set or not; the exit status."""
    read: set[Watcher] = set()
    names: dict[Watcher, str] = {}
    for told in watch.told():
        name = _name(told)
        if names.setdefault(told.watcher, told.watcher.name) != name:
            view.forget(names[told.watcher])
            names[told.watcher] = name
        view.learn(name, told.state)
        for event in told.events:
            log_event(event, told.server)
            view.handle(event, name)
            if isinstance(event, Sampled) and event.sample.memory_bytes is not None:
                read.add(told.watcher)
    return NO_READING if ends and not read.issuperset(watch.watchers) else 0


def _show_first(view: TerminalView, watch: Watch) -> int:
    """Show the first complete sample of each server, those without a reading first, then the worst;
    the exit status."""
    settled: dict[Watcher, Told] = {}
    for told in watch.told():
        for event in told.events:
            log_event(event, told.server)
            if isinstance(event, Sampled) and _settled(event.sample):
                settled.setdefault(told.watcher, told)
        if settled.keys() >= set(watch.watchers):
            break
    members = (Member(_name(told), told.state) for told in settled.values())
    shown = sorted(by_rank(members), key=_is_read)
    for each in shown:
        assert each.state.sample is not None
        with suppress(OutputClosed):
            view.handle(Sampled(each.state.sample), each.name)
    return 0 if len(shown) == len(watch.watchers) and all(map(_is_read, shown)) else NO_READING


def _is_read(member: Member) -> bool:
    sample = member.state.sample
    return sample is not None and sample.memory_bytes is not None


def _name(told: Told) -> str:
    """The server's name. An edit may give one that is in no list another address, and so another
    name."""
    return told.server or server_name(told.state.settings)


def _keep_log_off_terminal() -> None:
    """A log line would overwrite the live screen, so only the log file gets it."""
    from tray_app.runtime.log_file import TerminalLog

    root = logging.getLogger()
    for handler in list(root.handlers):
        if isinstance(handler, TerminalLog) and sys.stderr.isatty():
            root.removeHandler(handler)


def _settled(sample: Sample) -> bool:
    """Whether a sample is complete: CPU needs two readings, the API needs an answer."""
    waits = sample.api.state is ApiState.WAITING
    waits = waits or (sample.source is Source.NONE and sample.api.state is ApiState.SLOW)
    decided = not waits and sample.memory_kind is not MemoryKind.UNMEASURED
    return sample.number >= ONCE_MAX_SAMPLES or (
        decided and (sample.cpu_percent is not None or sample.target is None)
    )
