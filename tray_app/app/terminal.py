"""Runs the program in a terminal or a pipe: console, live screen, JSON, one reading."""

from __future__ import annotations

import logging
import queue
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial

from msgspec.structs import replace

from tray_app.app import exporter as exporters
from tray_app.app import wiring
from tray_app.app.event_log import log_event
from tray_app.app.history import recall
from tray_app.app.invocation import Invocation, View
from tray_app.core.analysis.course import FINE_BUCKET_S, Course
from tray_app.core.model.readings import MemoryKind, Source
from tray_app.core.monitor.commands import Quit
from tray_app.core.monitor.events import Ended, Event, Sampled
from tray_app.core.monitor.inputs import ThreadRestarted
from tray_app.core.monitor.sample import Sample
from tray_app.core.monitor.state import State, alert_limits, wants_api
from tray_app.core.presentation import program_text
from tray_app.core.source_choice.circuit_breaker import ApiState
from tray_app.desktop.paths import history_file
from tray_app.runtime.ending import Ending
from tray_app.runtime.job_control import Action, JobControl
from tray_app.runtime.ports import Outlet
from tray_app.runtime.sampler import Sampler
from tray_app.views.terminal.chart import Recent
from tray_app.views.terminal.streams import STATUS_FAILED, OutputClosed, OutputFailed, complain
from tray_app.views.terminal.view import TerminalView
from tray_app.worker_thread import tell_restarts

_log = logging.getLogger(__name__)

ONCE_INTERVAL_S = 0.5
ONCE_MAX_SAMPLES = 8
NO_READING = 3
"""Exit status of ``--once``, or of a run with a set end, without any reading: a script need not
parse the text."""

Events = queue.SimpleQueue[tuple[Event | Action, ...]]


def run_terminal(invocation: Invocation) -> int:
    """Run until the set time is over or the user quits; the exit status."""
    settings = invocation.settings
    if invocation.once:
        settings = replace(settings, interval_s=ONCE_INTERVAL_S, exporter_listen=None)
    state = wiring.first_state(replace(invocation, settings=settings))
    events: Events = queue.SimpleQueue()
    as_json = invocation.view is View.JSON
    live = not (as_json or invocation.once) and sys.stdout.isatty()
    if live:
        _keep_log_off_terminal()
        state = replace(state, course=Course(bucket_s=FINE_BUCKET_S))

    def publish(state: State, new_events: tuple[Event, ...]) -> None:
        if new_events:
            recent = Recent(state.course, alert_limits(state), state.settings.bands)
            events.put((partial(view.learn, recent), *new_events))

    exporter = exporters.attach(settings)
    exporter.start(complain)
    outlets: tuple[Outlet, ...] = (*exporter.outlets(), publish)
    sampler = wiring.make_sampler(invocation, state, *outlets, shown=True, others=True)
    tell_restarts(lambda name, problem: sampler.post(ThreadRestarted(name, problem)))
    view = TerminalView(
        sys.stdout,
        sys.stderr,
        json=as_json,
        live=live,
        duration_s=settings.duration_s,
        details=settings.details,
        demo=invocation.demo,
    )

    uss_pss = wiring.make_uss_pss(sampler, state, shown=True)
    # Without the API's part the second line would contradict the first.
    helpers = wiring.make_helpers(sampler, state, uss_pss) if wants_api(state) else None

    def after_first() -> None:
        if helpers is None:
            sampler.add(wiring.make_helpers(sampler, state, uss_pss))

    quit_ = Quit(summed_up=not invocation.once)
    ending = Ending(lambda: sampler.post(quit_), lambda: events.put((Ended(),)))
    ending.heed_signals()
    if live:
        JobControl(lambda action: events.put((action,)), view.leave, view.redraw).heed_signals()
    sampler.start(wiring.make_probe(state.settings, demo=state.demo), helpers, uss_pss)
    _recall(invocation, sampler)
    try:
        told = _told(events, after_first)
        if invocation.once:
            return _show_first(view, told)
        is_read = _show(view, told)
        return 0 if is_read or settings.duration_s is None else NO_READING
    except OutputClosed:
        _log.debug("output was closed")
        return 0
    except OutputFailed as error:
        complain(program_text.output_failed(str(error)))
        return STATUS_FAILED
    finally:
        view.close()
        sampler.stop(wiring.JOIN_LIMIT_S)
        exporter.close()
        ending.over()
        tell_restarts(None)


def _recall(invocation: Invocation, sampler: Sampler) -> None:
    """Read what a tray has recorded of the server's present life."""
    settings = invocation.settings
    if settings.history and not (invocation.demo or invocation.once):
        recall(history_file(settings.address.identity), sampler.post)


def _show(view: TerminalView, events: Iterator[Event]) -> bool:
    """Show the events to the end; whether there was a reading."""
    is_read = False
    for event in events:
        log_event(event)
        view.handle(event)
        if isinstance(event, Sampled) and event.sample.memory_bytes is not None:
            is_read = True
    return is_read


def _show_first(view: TerminalView, events: Iterator[Event]) -> int:
    """Show the first complete sample; the exit status."""
    for event in events:
        log_event(event)
        if isinstance(event, Sampled) and _settled(event.sample):
            with suppress(OutputClosed):
                view.handle(event)
            return 0 if event.sample.memory_bytes is not None else NO_READING
    return NO_READING


def _told(events: Events, after_first: Callable[[], None]) -> Iterator[Event]:
    """Events to the end; ``after_first`` is called once, when the first sample was shown. Actions
    among them are done in their turn."""
    limit_s: float | None = wiring.FIRST_LIMIT_S
    while True:
        try:
            several = events.get(timeout=limit_s)
        except queue.Empty:
            several = ()
        for event in several:
            if isinstance(event, Ended):
                return
            if callable(event):
                event()
            else:
                yield event
        if limit_s is not None:
            limit_s = None
            after_first()


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
