"""The only room that knows every name: it builds the parts, starts them and stops them.

Threads: main (the desktop's loop or the terminal), sampler, presenter, notices, API worker,
slow readings (one for the temp directory, one for own memory), and one for each errand. Each has
one job and ends when the run does, and not before (`worker_thread`).
"""

from __future__ import annotations

import gc
import logging
import os
import queue
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from enum import Enum, auto
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from tray_app.core.config import settings as checked
from tray_app.core.config.settings import Choice, Settings
from tray_app.core.model.readings import MemoryKind, Source
from tray_app.core.model.server_action import ActionResult, ServerAction
from tray_app.core.monitor import server_actions
from tray_app.core.monitor.commands import (
    Command,
    Quit,
    SetInterval,
    SetMode,
    SetPreset,
    ShowStatus,
)
from tray_app.core.monitor.events import (
    ActionEnded,
    ActionRequested,
    Alerted,
    AlertMemoryChanged,
    Answers,
    AutostartWanted,
    ChildKilled,
    Chosen,
    Ended,
    Event,
    HostMissing,
    Hung,
    JobCompared,
    JobEnded,
    NotifierCame,
    OpenAsked,
    PageAsked,
    Recovered,
    Sampled,
    SourceChanged,
    TakenBack,
    TargetChanged,
)
from tray_app.core.monitor.inputs import (
    ActionFinished,
    AutostartSeen,
    HostSeen,
    MenuSeen,
    NotifierSeen,
    NotOpened,
    Reconfigured,
    ThemeSeen,
    ThreadRestarted,
)
from tray_app.core.monitor.sample import Sample
from tray_app.core.monitor.state import State, begin, wants_api
from tray_app.core.monitor.state import remembered as remembered_of
from tray_app.core.presentation import notifications, wording
from tray_app.core.source_choice.circuit_breaker import ApiState
from tray_app.runtime import clock
from tray_app.runtime import state_file as runtime_state_file
from tray_app.runtime.ending import Ending
from tray_app.runtime.job_control import Action, JobControl
from tray_app.runtime.sampler import Helpers, Owner, Probe, Sampler
from tray_app.sources.processes.host import is_this_machine, on_battery, own_use
from tray_app.views.terminal.streams import STATUS_FAILED, OutputClosed, OutputFailed, complain, say
from tray_app.worker_thread import WorkerThread, tell_restarts

if TYPE_CHECKING:
    from tray_app.desktop.panel_icon import Desktop
    from tray_app.desktop.single_instance import Instance
    from tray_app.runtime.config_file import ConfigFile
    from tray_app.sources.api.action_worker import ActionWorker
    from tray_app.sources.api.client import ServerCalls

_log = logging.getLogger(__name__)

APP_ID = "runanalyze-tray"
JOIN_LIMIT_S = 0.3
# The first sample is shown before all else, and mostly there within 5 ms. Then it goes on without.
FIRST_LIMIT_S = 0.5
ONCE_INTERVAL_S = 0.5
NO_ICON = 1
"""The exit status where only an icon would be seen, and none can be shown."""
NO_READING = 3
"""The exit status of ``--once`` when nothing could be read: a script need not read what it says."""
ONCE_MAX_SAMPLES = 8


Task = Callable[[], None]
"""What the thread of the events is to do besides."""


class View(Enum):
    """How the samples are shown."""

    TRAY = auto()
    CONSOLE = auto()
    JSON = auto()


class Invocation(Struct, frozen=True):
    """What the command line, the config file and memory amount to."""

    base: Settings
    settings: Settings
    view: View = View.TRAY
    once: bool = False
    demo: bool = False
    remembered: Choice = Choice()
    state_file: Path | None = None
    config: ConfigFile | None = None
    flags: Mapping[str, Any] | None = None


def run(invocation: Invocation) -> int:
    """Run until it ends by itself or somebody ends it; the exit status."""
    if invocation.view is View.TRAY:
        from tray_app.desktop import panel_icon
        from tray_app.desktop.single_instance import TakenError

        instance: Instance | None = None
        try:
            instance, is_taken = _instance(invocation)
            reports = _Reports()
            desktop = panel_icon.open_desktop(
                APP_ID,
                lambda present: reports.post(HostSeen(present)),
                lambda is_open: reports.post(MenuSeen(is_open)),
                lambda theme: reports.post(ThemeSeen(theme)),
            )
            if is_taken:  # only now: without a desktop here it is of no use to take its place
                instance = _in_place_of_the_first(invocation)
        except TakenError:
            return _hand_over(invocation)
        except panel_icon.BackendError as error:
            complain(str(error))
            return STATUS_FAILED
        except panel_icon.NoDesktopError as error:
            _log.debug("no tray: %s", error)
            if _is_unseen():
                complain(wording.NO_BUS)
                return NO_ICON
            complain(wording.NO_DESKTOP)
        else:
            return _run_tray(invocation, desktop, reports, instance)
        finally:
            if instance is not None:
                instance.close()
    return _run_terminal(invocation)


def _is_unseen() -> bool:
    """Whether nobody would read the console: on a display, but not in a terminal on it. So it is
    when the desktop has started the program, and each line would go into the session's log."""
    on_display = any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
    return on_display and not sys.stdout.isatty()


# What a second start may change in the first one.
_HANDED_OVER: dict[str, Callable[[Any], Command]] = {
    "preset": SetPreset,
    "mode": SetMode,
    "interval_s": SetInterval,
}


def _instance(invocation: Invocation) -> tuple[Instance | None, bool]:
    """The only instance, as far as that can be known; else whether it is taken by one that cannot
    show anything. :raises TakenError: by one that can"""
    from tray_app.desktop import panel_icon, single_instance

    server = invocation.settings.address.identity
    try:
        return (None if invocation.demo else single_instance.Instance(server)), False
    except single_instance.TakenError:
        if single_instance.proves(server, panel_icon.session_marks(), clock.mono_s):
            raise
        return None, True
    except OSError as error:
        _log.info("cannot see whether this server is watched already: %s", error)
        return None, False


def _in_place_of_the_first(invocation: Invocation) -> Instance | None:
    from tray_app.desktop import panel_icon, single_instance

    address = invocation.settings.address
    shown = address.shown
    _log.info("%s is watched by a process that cannot show it here: its place is taken", shown)
    try:
        return single_instance.take_over(address.identity, panel_icon.session_marks(), clock.mono_s)
    except OSError as error:
        _log.info("its place cannot be taken: %s", error)
        return None


def _answer_others(
    desktop: Desktop, post: Callable[..., None], message: Mapping[str, Any]
) -> Mapping[str, Any] | None:
    """What a later start is told."""
    from tray_app.desktop.single_instance import MAKE_WAY, PROVE, SHOWS

    if isinstance(marks := message.get(PROVE), dict):
        return {SHOWS: desktop.shows_to(marks)}
    if message.get(MAKE_WAY) is True:
        _log.info("another start takes this one's place")
        post(Quit())
    else:
        post(*handed_over(message))
    return None


def _hand_over(invocation: Invocation) -> int:
    from tray_app.desktop import single_instance

    address = invocation.settings.address
    chosen = {key: value for key, value in (invocation.flags or {}).items() if key in _HANDED_OVER}
    heard = single_instance.hand_over(address.identity, chosen)
    with suppress(OutputClosed, OutputFailed):
        say(f"{APP_ID}: {wording.already_running(address.shown, heard=heard)}")
    return 0


def handed_over(message: Mapping[str, Any]) -> list[Command]:
    """What a second start wants of this one, and to show its status; what is wrong is left out."""
    commands: list[Command] = []
    for key, make in _HANDED_OVER.items():
        try:
            if key in message:
                commands.append(make(checked.check(key, message[key])))
        except ValueError as error:
            _log.info("a second start wanted what cannot be: %s %s", key, error)
    return [*commands, ShowStatus()]


class _Reports:
    """Hands on what the desktop tells, once there is an engine to hand it to."""

    def __init__(self) -> None:
        self.post: Callable[[HostSeen | MenuSeen | ThemeSeen], None] = lambda _: None


def _begin(invocation: Invocation) -> State:
    settings = invocation.settings
    local = invocation.demo or is_this_machine(settings.address.host)
    return begin(
        invocation.base,
        settings,
        clock.now(),
        local=local,
        demo=invocation.demo,
        remembered=invocation.remembered,
    )


def _edited(config: ConfigFile | None) -> Callable[[], Reconfigured | None]:
    """Tells of edits of the config file."""

    def look() -> Reconfigured | None:
        base = config.edited() if config else None
        return Reconfigured(base, is_this_machine(base.address.host)) if base else None

    return look


# Late imports: what is not used in this run is not paid for, nor what is used later before that.


def _probe(state: State) -> Probe:
    """What the first sample is made of."""
    if state.demo:
        from tray_app.sources.demo import DemoProbe

        return DemoProbe(clock.mono_s)
    from tray_app.sources.processes.host import process_table
    from tray_app.sources.processes.probe import ServerProbe

    address = state.settings.address
    return ServerProbe(process_table(), address.host, address.port, os.getpid(), clock.mono_s)


def _owner(engine: Sampler, state: State, *, shown: bool) -> Owner | None:
    """What tells how much the processes of the first sample share; ``shown``: to a terminal or
    another program, at all times."""
    if state.demo:
        return None
    from tray_app.sources.background.scheduler import BackgroundScheduler
    from tray_app.sources.background.uss_pss import MENU_EVERY_S, SHOWN_EVERY_S, UssPssReader
    from tray_app.sources.processes.host import shares

    # In a thread of its own: a directory that does not answer must not hold up a figure.
    slowly = BackgroundScheduler(clock.mono_s)
    every_s = SHOWN_EVERY_S if shown else MENU_EVERY_S
    return UssPssReader(engine.note_own, slowly, shares, clock.mono_s, every_s)


def _helpers(engine: Sampler, state: State, owner: Owner | None) -> Helpers:
    """Make the other sources for the engine."""
    if state.demo:
        from tray_app.sources.demo import DemoApi, DemoWalker

        walker = DemoWalker(engine.note_temp, clock.mono_s)
        return DemoApi(engine.post, clock.mono_s), walker, owner
    from tray_app.sources.api.client import ApiClient
    from tray_app.sources.background.scheduler import BackgroundScheduler
    from tray_app.sources.background.temp_dir import TempWalker

    settings = state.settings
    headers, verify = settings.headers.fields, settings.ca_file or True
    api = ApiClient(settings.address.url, engine.post, clock.mono_s, headers, verify)
    temp = TempWalker(engine.note_temp, BackgroundScheduler(clock.mono_s), clock.now)
    return api, temp, owner


def _sources(engine: Sampler, state: State, *, shown: bool) -> tuple[Probe, Helpers]:
    """All of them, for another server."""
    return _probe(state), _helpers(engine, state, _owner(engine, state, shown=shown))


def _jitter() -> float:
    """In [0, 1); the module random takes 5 ms to import, and would do no better."""
    return int.from_bytes(os.urandom(4)) / 2**32


def _log_event(event: Event) -> None:
    match event:
        case SourceChanged(sample):
            _log.info("source: %s", wording.source(sample))
        case TargetChanged(change):
            _log.info("%s", wording.change(change))
        case ChildKilled():
            _log.info("%s: %s", *notifications.child_killed(event))
        case Hung(hang, sample):
            _log.warning("%s", wording.hung(hang, sample.at.mono_s))
        case Answers(hung_s):
            _log.info("answers again after %.0f s", hung_s)
        case JobEnded(job):
            _log.info("%s", wording.job(job))
        case ActionEnded(outcome):
            _log.info("%s", server_actions.line(outcome))
        case Alerted():
            _log.info("%s", notifications.alert(event)[0])
        case TakenBack():
            _log.info("%s", notifications.taken_back(event)[0])
        case Recovered():
            _log.info("%s", notifications.recovery(event)[0])
        case JobCompared(kept):
            _log.info("%s", wording.compared(kept))
        case HostMissing():
            _log.warning(wording.NO_TRAY_HOST)
        case _:
            pass


def _set_autostart(on: bool, report: Callable[[AutostartSeen], None]) -> None:
    """Start at login or no more, and tell whether it does."""
    from tray_app.desktop import autostart

    problem = None
    try:
        autostart.set_on(on)
    except OSError as error:
        problem = error.strerror or str(error)
        _log.warning("start at login: %s", wording.autostart_failed(on, str(error)))
    report(AutostartSeen(autostart.is_on(), problem))


def _run_tray(
    invocation: Invocation,
    desktop: Desktop,
    reports: _Reports,
    instance: Instance | None,
) -> int:
    from tray_app.views.notifications import NotificationSender
    from tray_app.views.presenter import Presenter

    state = replace(_begin(invocation), backend=desktop.backend)
    events: queue.SimpleQueue[Event | Task] = queue.SimpleQueue()
    last = state
    sampled = threading.Event()
    stored = invocation.remembered

    def publish(new_state: State, new_events: tuple[Event, ...]) -> None:
        nonlocal last
        is_first, last = last is state, new_state
        presenter.tell(new_state)
        for event in new_events:
            if not isinstance(event, Sampled):
                events.put(event)
            if isinstance(event, Ended):
                ending.begin()
        if is_first:
            sampled.set()

    def store_choice(choice: Choice) -> None:
        nonlocal stored
        path = invocation.state_file
        if path and choice != stored and runtime_state_file.write_choice(path, choice):
            stored = choice

    engine = Sampler(
        state,
        clock=clock.now,
        jitter=_jitter,
        outlets=(publish,),
        on_battery=on_battery,
        own_use=own_use,
        edited=_edited(invocation.config),
        renew=lambda state: _sources(engine, state, shown=False),
    )

    def take_report(report: HostSeen | MenuSeen | ThemeSeen) -> None:
        engine.post(report)
        if report == MenuSeen(True):  # somebody may have changed it in the desktop's settings
            WorkerThread("autostart", look_at_autostart, again=False).start()

    presenter = Presenter(desktop, engine.post)
    notices = NotificationSender(desktop, engine.post, clock.mono_s)
    reports.post = take_report
    ending = Ending(lambda: engine.post(Quit()), desktop.stop)
    tell_restarts(lambda name, problem: engine.post(ThreadRestarted(name, problem)))

    desktop.on_notifier = lambda: engine.post(NotifierSeen())
    desktop.on_settled = lambda note, sent: events.put(partial(notices.settle, note, sent))
    desktop.on_session_end = lambda: store_choice(remembered_of(last))
    errands = _ServerActions(engine)

    def open_place(place: str) -> None:
        desktop.open(place, partial(_report_unopened, engine, place))

    def handle(event: Event) -> None:
        match event:
            case Chosen(choice):
                store_choice(replace(choice, alerts=stored.alerts))
            case AlertMemoryChanged(memory):
                store_choice(replace(stored, alerts=memory or None))
            case AutostartWanted(on):
                _set_autostart(on, engine.post)
            case ActionRequested(errand, settings):
                errands.run(errand, settings)
            case OpenAsked(place):
                open_place(place)
            case PageAsked(settings):
                errands.find_page(settings, open_place)
            case NotifierCame():
                notices.retry()
            case _:
                notices.handle(event)

    def handle_events() -> None:
        _handle_all(events, handle, lambda: notices.retry_after_s)
        try:
            errands.close()
        finally:
            desktop.stop()

    def look_at_autostart() -> None:
        from tray_app.desktop import autostart  # not before the icon is there

        engine.post(AutostartSeen(autostart.is_on()))

    handler = WorkerThread("notices", handle_events)

    def ready() -> None:
        engine.add(_helpers(engine, state, owner))
        presenter.start()
        handler.start()
        WorkerThread("autostart", look_at_autostart, again=False).start()
        if instance is not None:
            instance.listen(partial(_answer_others, desktop, engine.post))
        gc.enable()

    owner = _owner(engine, state, shown=False)
    presenter.tell(state)
    engine.start(_probe(state), owner=owner)
    sampled.wait(FIRST_LIMIT_S)
    presenter.show()
    ending.heed_signals()
    desktop.run(ready)
    ending.begin()
    engine.stop(JOIN_LIMIT_S)
    store_choice(remembered_of(last))
    presenter.close(JOIN_LIMIT_S)
    ending.over()
    tell_restarts(None)
    return 0


def _handle_all(
    events: queue.SimpleQueue[Event | Task],
    handle: Callable[[Event], None],
    retry_after_s: Callable[[], float | None],
) -> None:
    """Handle each event to the end of the run. One that fails has been taken: whoever calls this
    again goes on with the next."""
    while not isinstance(event := _next_event(events, retry_after_s()), Ended):
        if callable(event):
            event()
            continue
        # What is to be done comes before what is to be said of it: the log may be what fails.
        try:
            handle(event)
        finally:
            _log_event(event)


def _next_event(
    events: queue.SimpleQueue[Event | Task], retry_after_s: float | None
) -> Event | Task:
    """The next event; when none comes for so long, it is time to try again."""
    try:
        return events.get(timeout=retry_after_s)
    except queue.Empty:
        return NotifierCame()


def _report_unopened(engine: Sampler, place: str, problem: str) -> None:
    engine.post(NotOpened(place, problem))


class _ServerActions:
    """Runs what the server is asked to do; the core lets only one run at a time."""

    def __init__(self, engine: Sampler) -> None:
        self._engine = engine
        self._worker: ActionWorker | None = None

    def run(self, errand: ServerAction, settings: Settings) -> None:
        from tray_app.sources.api.action_worker import ActionWorker

        def report(outcome: ActionResult) -> None:
            self._engine.post(ActionFinished(outcome))

        self._worker = ActionWorker(errand, self._server(settings), report, clock.mono_s)
        self._worker.start()

    def find_page(self, settings: Settings, found: Callable[[str], None]) -> None:
        from tray_app.sources.api.action_worker import find_page

        find_page(settings.address, self._server(settings), found)

    @staticmethod
    def _server(settings: Settings) -> ServerCalls:
        from tray_app.sources.api.client import ServerCalls

        headers, verify = settings.headers.fields, settings.ca_file or True
        return ServerCalls(settings.address.url, clock.mono_s, headers, verify)

    def close(self) -> None:
        if self._worker is not None:
            self._worker.close()


def _run_terminal(invocation: Invocation) -> int:
    from tray_app.views.terminal.view import TerminalView

    settings = invocation.settings
    if invocation.once:
        settings = replace(settings, interval_s=ONCE_INTERVAL_S)
    state = _begin(replace(invocation, settings=settings))
    events: queue.SimpleQueue[tuple[Event | Action, ...]] = queue.SimpleQueue()

    def publish(_state: State, new_events: tuple[Event, ...]) -> None:
        if new_events:
            events.put(new_events)

    engine = Sampler(
        state,
        clock=clock.now,
        jitter=_jitter,
        outlets=(publish,),
        others=True,
        on_battery=on_battery,
        edited=_edited(invocation.config),
        renew=lambda state: _sources(engine, state, shown=True),
    )
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

    # A first line without the API's part would have to be taken back by the second.
    owner = _owner(engine, state, shown=True)
    helpers = _helpers(engine, state, owner) if wants_api(state) else None

    def after_first() -> None:
        if helpers is None:
            engine.add(_helpers(engine, state, owner))
        gc.enable()

    quit_ = Quit(summed_up=not invocation.once)
    ending = Ending(lambda: engine.post(quit_), lambda: events.put((Ended(),)))
    ending.heed_signals()
    if live:
        JobControl(lambda action: events.put((action,)), view.leave, view.redraw).heed_signals()
    tell_restarts(lambda name, problem: engine.post(ThreadRestarted(name, problem)))
    engine.start(_probe(state), helpers, owner)
    status = NO_READING if invocation.once else 0
    try:
        for event in _told(events, after_first):
            _log_event(event)
            if not invocation.once:
                view.handle(event)
            elif isinstance(event, Sampled) and _settled(event.sample):
                status = 0 if event.sample.memory_bytes is not None else NO_READING
                view.handle(event)
                break
    except OutputClosed:
        _log.debug("nobody reads the output any more")
    except OutputFailed as error:
        complain(wording.output_failed(str(error)))
        status = STATUS_FAILED
    finally:
        view.close()
        engine.stop(JOIN_LIMIT_S)
        ending.over()
        tell_restarts(None)
    return status


def _told(
    events: queue.SimpleQueue[tuple[Event | Action, ...]], after_first: Callable[[], None]
) -> Iterator[Event]:
    """Events to the end; ``after_first`` is called once, when the first sample was shown. Actions
    among them are done in their turn."""
    limit_s: float | None = FIRST_LIMIT_S
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
    """A log line would scribble on the live screen and be lost: only the log file gets it."""
    from tray_app.runtime.log_file import TerminalLog

    root = logging.getLogger()
    for handler in list(root.handlers):
        if isinstance(handler, TerminalLog) and sys.stderr.isatty():
            root.removeHandler(handler)


def _settled(sample: Sample) -> bool:
    """Whether one sample says all there is: CPU needs two looks, the API an answer."""
    waits = sample.api.state is ApiState.WAITING
    waits = waits or (sample.source is Source.NONE and sample.api.state is ApiState.SLOW)
    decided = not waits and sample.memory_kind is not MemoryKind.UNMEASURED
    return sample.number >= ONCE_MAX_SAMPLES or (
        decided and (sample.cpu_percent is not None or sample.target is None)
    )
