"""``--doctor``: reports the findings on this machine, for a bug report, and how to fix problems.

It tries once each thing that the running program does, and shows no secrets.
"""

from __future__ import annotations

import logging
import os
import queue
import sys
import textwrap
from collections.abc import Callable, Sequence
from functools import partial
from http import HTTPStatus
from pathlib import Path
from shutil import get_terminal_size

from msgspec import Struct
from msgspec.structs import replace

from tray_app import __version__
from tray_app.app import wiring
from tray_app.core.alerts.hung import HangKind, is_still
from tray_app.core.config.mistake import Mistake
from tray_app.core.config.settings import Settings
from tray_app.core.fleet.rank import Rank
from tray_app.core.model.api_failure import ApiFailureKind, ApiProblem, FailureClass
from tray_app.core.model.readings import (
    ApiFailure,
    ApiOutcome,
    ProcessReading,
    Target,
)
from tray_app.core.model.sanitize import visible
from tray_app.core.model.server_address import ServerAddress, at_port
from tray_app.core.model.stacks import StacksProblem
from tray_app.core.monitor.server_actions import temp_directory
from tray_app.core.presentation import format, hang_text, process_text, stacks_text, tray_text
from tray_app.core.presentation.api_failure_text import problem_text
from tray_app.core.prometheus.queries import SERIES
from tray_app.core.prometheus.values import (
    AlertsRead,
    EngineOutcome,
    Part,
    ReadFailed,
    ServersRead,
    SilencesRead,
)
from tray_app.core.server.target_override import NO_OVERRIDE, named
from tray_app.runtime import clock
from tray_app.sources.processes import stacks
from tray_app.sources.processes.host import is_this_machine, process_table
from tray_app.views.terminal.streams import say

_log = logging.getLogger(__name__)

LIBRARIES = (
    "pystray",
    "python-xlib",
    "Pillow",
    "psutil",
    "requests",
    "urllib3",
    "plyer",
    "platformdirs",
    "rich",
    "dbus-fast",
)
WIDTH = 100
# Something accepts connections there.
_NO_REPLY = (ApiFailureKind.NO_ANSWER, ApiFailureKind.BUSY, ApiFailureKind.GATEWAY_TIMEOUT)
ABSENT = "none"


class Finding(Struct, frozen=True):
    """One finding. ``fix``: the user's steps to fix it, one per line. ``server``: the name of the
    one of several servers that it is about."""

    topic: str
    text: str
    fix: str = ""
    server: str = ""


def report(findings: Sequence[Finding]) -> str:
    """The findings in two columns, then how to fix problems."""
    width = min(WIDTH, get_terminal_size((WIDTH, 0)).columns)
    indent = max(len(finding.topic) for finding in findings) + 2
    lines = []
    server = ""
    for finding in findings:
        if finding.server != server:
            server = finding.server
            lines += ["", server] if server else [""]
        lines += textwrap.wrap(
            visible(finding.text),
            width,
            initial_indent=finding.topic.ljust(indent),
            subsequent_indent=" " * indent,
            break_long_words=False,
            break_on_hyphens=False,
        )
    each_fix = [
        visible(f"{finding.server}: {fix}" if finding.server else fix)
        for finding in findings
        for fix in finding.fix.split("\n")
        if fix
    ]
    fixes = list(dict.fromkeys(each_fix))  # one may mend two problems
    lines += ["", "To fix:" if fixes else "No problems found."]
    for fix in fixes:
        lines += textwrap.wrap(
            fix, width, initial_indent="- ", subsequent_indent="  ", break_long_words=False
        )
    return "\n".join(lines)


def run(
    settings: Settings,
    config: Path,
    mistakes: Sequence[Mistake],
    several: Sequence[Settings] = (),
    *,
    engine: bool = False,
) -> int:
    """Print the report; exit status 1 if something needs fixing. ``several`` are the settings of
    each server, where there is more than one: each has its own part. ``engine``: the servers are
    those of a Prometheus, which alone is asked."""
    sections: dict[str, Callable[[], Sequence[Finding]]] = {
        "program": _program,
        "files": lambda: _files(settings, config, mistakes),
        "desktop": _desktop,
    }
    findings = [each for name, read in sections.items() for each in _guarded(name, read)]
    if engine:
        findings += _guarded("Prometheus", partial(_engine, settings))
    for own in several:  # none of the list is a candidate for another one
        wiring.watched_ports().enter(own.name, own.address.host, own.address.port)
    for own in () if engine else several or (settings,):
        name = own.name if several else ""
        found = _guarded("server", partial(_server, own))
        findings += [replace(each, server=name) for each in found]
    findings += _guarded("own cost", _cost)
    say(report(findings))
    return int(any(finding.fix for finding in findings))


def _guarded(name: str, read: Callable[[], Sequence[Finding]]) -> Sequence[Finding]:
    """A section's findings. Where it fails, that is one: a report is made where something is odd,
    and the other sections must come out."""
    try:
        return read()
    except Exception as error:  # noqa: BLE001 - it becomes a line of the report
        _log.debug("section %r of the report failed", name, exc_info=True)
        problem = f"could not be checked: {type(error).__name__}: {error}"
        fix = f"Report this as a defect, with the whole report: {name} {problem}"
        return [Finding(name, problem, fix)]


def _program() -> list[Finding]:
    import platform
    from importlib import metadata

    versions = []
    for name in LIBRARIES:
        try:
            versions.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            versions.append(f"{name} not installed")
    return [
        Finding("program", f"runanalyze-tray {__version__}"),
        Finding("Python", f"{platform.python_version()} on {platform.platform()}"),
        Finding("libraries", ", ".join(versions)),
    ]


def _files(settings: Settings, config: Path, mistakes: Sequence[Mistake]) -> list[Finding]:
    from tray_app.desktop import paths

    fix = "\n".join(f"Fix this setting: {mistake}" for mistake in mistakes)
    there = "" if config.exists() else " (does not exist; --init-config writes one)"
    log = settings.log_file or str(paths.log_file())
    own_ca = Path(settings.ca_file) if settings.ca_file else None
    findings = [
        Finding("config", f"{config}{there}", fix),
        Finding("saved choices", str(paths.state_file())),
        Finding("log", log),
        _at_login(),
    ]
    if own_ca:
        missing = (
            ""
            if own_ca.is_file()
            else f"Set api.ca_file to an existing file; {own_ca} does not exist."
        )
        findings.append(Finding("CA file", str(own_ca), missing))
    return findings


def _at_login() -> Finding:
    from tray_app.desktop import autostart

    login = autostart.read()
    if login.on:
        return Finding("at login", f"starts {' '.join(login.command)}")
    reason = f": {login.why_not}" if login.why_not else ""
    again = f"Turn on Start at login again in the menu ({login.why_not})."
    return Finding("at login", f"does not start{reason}", again if login.is_broken else "")


def _desktop() -> list[Finding]:
    from tray_app.desktop.capabilities import survey
    from tray_app.desktop.session import around

    found = survey()
    no_backend = (
        "Start it in a desktop session: there is no session bus and no display here. Without"
        " one, --console shows the figures in a terminal."
    )
    no_host = tray_text.no_tray(around(tray_text.PANELS))
    no_service = (
        "Install or start a notification service (e.g. xfce4-notifyd, dunst, mako). Without"
        " one, alerts cannot reach you."
    )
    has_icon = found.host is not None
    backend = found.backend or ABSENT
    shown_by = backend if has_icon or not found.backend else f"{backend}, once there is a tray"
    return [
        Finding("desktop", found.desktop),
        Finding("session bus", found.bus or ABSENT),
        Finding(
            "tray host", found.host or ABSENT, "" if has_icon or not found.backend else no_host
        ),
        Finding("icon backend", shown_by, "" if found.backend else no_backend),
        Finding("other backends", "; ".join(found.others)),
        Finding(
            "notifications",
            found.notifications or ABSENT,
            no_service if found.backend and not found.notifications else "",
        ),
    ]


def _server(settings: Settings) -> list[Finding]:
    address = settings.address
    local = is_this_machine(address.host)
    outcome, reading, waited_s = _ask_and_read(settings) if local else (_ask(settings), None, 0.0)
    silence = _silence(outcome, reading, waited_s)
    hidden = len(settings.headers.fields)
    sent = f", sending {hidden} header{'s' if hidden > 1 else ''}" if hidden else ""
    found = reading.target if reading else None
    if isinstance(outcome, ApiFailure):
        answer = f"{address.shown}{sent}: {problem_text(outcome.problem)}"
    else:
        answer = f"{address.shown}{sent}: answers in {outcome.latency_s * 1000:.0f} ms"
    moved = reading.candidates if reading and found is None else ()
    busy = f" ({silence.text})" if silence.text else ""
    fix = silence.fix or _api_fix(outcome, found is not None, address, moved)
    api = Finding("API", f"{answer}{busy}", fix)
    if reading is None:
        far = "the server runs on another machine, so only its API is read"
        return [api, Finding("process", far)]
    return [api, *_process(settings, reading), _temp(settings, found), stacks_finding(reading)]


def _engine(settings: Settings) -> list[Finding]:
    """What a Prometheus, and its Alertmanager if there is one, know of servers and alerts."""
    outcomes: queue.SimpleQueue[EngineOutcome] = queue.SimpleQueue()
    findings = []
    for part, reader in wiring.make_readers(settings, outcomes.put).items():
        try:
            reader.ask(settings.patience_s)
            findings.append(_part(settings, part, outcomes.get(timeout=settings.patience_s + 5)))
        finally:
            reader.close()
    return findings


def _part(settings: Settings, part: Part, outcome: EngineOutcome) -> Finding:
    """One part of what an engine has answered."""
    manager = None if part is Part.SERVERS else settings.alertmanager
    address = manager or settings.prometheus
    at = address.shown if address else ""
    match outcome:
        case ServersRead(servers, _):
            lost = sum(each.rank is Rank.LOST for each in servers)
            unread = f", {lost} without a reading," if lost else ""
            known = f"{format.counted(len(servers), 'server')}{unread} at {at}"
            return Finding("Prometheus", known, "" if servers else _no_servers_fix(settings))
        case AlertsRead(alerts):
            firing = format.counted(sum(each.is_firing for each in alerts), "alert")
            return Finding("alerts", f"{firing} at {at}")
        case SilencesRead(silences):
            return Finding("silences", f"{format.counted(len(silences), 'silence')} at {at}")
        case ReadFailed(_, problem):
            topic = "Prometheus" if part is Part.SERVERS else part.value
            fix = _engine_fix(problem, "--alertmanager" if manager else "--prometheus")
            return Finding(topic, f"{at}: {problem_text(problem)}", fix)


def _no_servers_fix(settings: Settings) -> str:
    """What to do where no server is known: the rule is not loaded, nothing was scraped yet, or the
    selector fits none."""
    load = "Load assets/fleet/rules.yml, and wait until the exporters are scraped"
    if str(settings.selector):
        return f"Check --selector: there is no {SERIES} with {settings.selector}. {load}."
    return f"{load}: there is no {SERIES}."


def _engine_fix(problem: ApiProblem, flag: str) -> str:
    if problem.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return "Prometheus wants credentials: set fleet.token or fleet.headers in the config file."
    if problem.kind is ApiFailureKind.CERTIFICATE:
        return "Set fleet.ca_file in the config file to the file with the CA's certificate."
    return f"Check {flag} ({problem_text(problem)})."


def stacks_finding(reading: ProcessReading) -> Finding:
    """Whether an incident would show what the server was doing. It is no problem if not."""
    path = stacks.program()
    if path is None:
        return Finding("stacks", "py-spy is not installed; with it incidents show Python stacks")
    if reading.target is None:
        return Finding("stacks", f"{path}; untested until a server is found")
    taken = stacks.take(reading.rows, clock.mono_s)
    if taken.problem is StacksProblem.NOT_PERMITTED:
        how = stacks_text.permit(sys.platform, path, stacks.ptrace_scope())
        return Finding("stacks", f"{path} may not read the server. {how}")
    if taken.problem:
        return Finding("stacks", f"{path}: {stacks_text.problem(taken.problem, taken.detail)}")
    return Finding("stacks", f"{path} reads the server's Python stacks")


def _process(settings: Settings, reading: ProcessReading) -> list[Finding]:
    """The server's process; where none is found, why, and what runs elsewhere."""
    found, findings = reading.target, []
    if found is None:
        words = process_text.problem(reading.problem) if reading.problem else "no server found"
        has_override = named(settings.pid, settings.match) != NO_OVERRIDE
        fix = f"Give --pid or --match an existing process ({words})." if has_override else ""
        findings.append(Finding("process", words, fix))
        moved = reading.candidates
        elsewhere = "; ".join(f"{process_text.evidence(i.evidence)} (pid {i.pid})" for i in moved)
        if elsewhere:
            findings.append(Finding("elsewhere", elsewhere))
    else:
        words = f"pid {found.pid}, {found.name}: {process_text.evidence(found.evidence)}"
        findings.append(Finding("process", words))
    return findings


def _silence(outcome: ApiOutcome, reading: ProcessReading | None, waited_s: float) -> Finding:
    """What the processes of a server that does not reply say about it, and what helps."""
    nothing = Finding("silence", "")
    if not isinstance(outcome, ApiFailure) or outcome.problem.kind not in _NO_REPLY:
        return nothing
    if reading is None or reading.target is None:
        return replace(nothing, fix=hang_text.after_one_request(HangKind.SILENT, None))
    pid, cpu_percent = reading.target.pid, reading.cpu_percent
    if reading.is_stopped:
        return replace(nothing, fix=hang_text.after_one_request(HangKind.STOPPED, pid))
    if cpu_percent is None:
        return nothing
    if is_still(cpu_percent / 100 * waited_s, waited_s):
        return replace(nothing, fix=hang_text.after_one_request(HangKind.DEADLOCKED, pid))
    return replace(nothing, text=f"it is at work: CPU {format.percent(cpu_percent)}")


def _ask(settings: Settings) -> ApiOutcome:
    outcomes: queue.SimpleQueue[ApiOutcome] = queue.SimpleQueue()
    client = wiring.make_api_client(settings, outcomes.put)
    try:
        client.ask(settings.patience_s)
        return outcomes.get(timeout=settings.patience_s + 5)
    except queue.Empty:
        late = ApiProblem(ApiFailureKind.NO_CONNECTION, waited_s=settings.patience_s)
        return ApiFailure(clock.mono_s(), late)
    finally:
        client.close()


def _api_fix(
    outcome: ApiOutcome, is_found: bool, address: ServerAddress, moved: Sequence[Target] = ()
) -> str:
    if not isinstance(outcome, ApiFailure):
        return ""
    problem = outcome.problem
    reason = problem_text(problem)
    if problem.status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
        return (
            "The API wants credentials: set RUNANALYZE_TRAY_TOKEN, or headers in the config file."
        )
    if problem.kind is ApiFailureKind.CERTIFICATE:
        return "Set api.ca_file in the config file to the file with the server's CA certificate."
    if problem.failure_class is FailureClass.TIMEOUT and is_found:
        return ""  # busy: the processes are read to find out
    if is_found:
        return f"The server runs, but its API does not answer correctly ({reason}). Check --url."
    if moved and moved[0].port:
        url = at_port(address, moved[0].port).shown
        there = process_text.evidence(moved[0].evidence)
        return f"{there}: watch it with --url {url}, or start the server ({reason})."
    return f"Start the server, or give its address with --url ({reason})."


def _ask_and_read(settings: Settings) -> tuple[ApiOutcome, ProcessReading, float]:
    """The API's answer, the processes, and how long the CPU was measured: over the request, so that
    a server that hangs can be told from a busy one."""
    probe = wiring.make_probe(settings)
    override = named(settings.pid, settings.match)
    try:
        begun_s = clock.mono_s()
        probe.read(begun_s, override=override)
        outcome = _ask(settings)
        now_s = clock.mono_s()
        return outcome, probe.read(now_s, override=override), now_s - begun_s
    finally:
        probe.close()


def _temp(settings: Settings, target: Target | None) -> Finding:
    place = temp_directory(settings, target)
    if place is None:
        return Finding("temp directory", "unknown until a server is found")
    path = Path(place)
    if not path.is_dir() and settings.tmp_dir:
        fix = f"Give the server's temp directory with --tmp-dir; {path} does not exist."
        return Finding("temp directory", f"{path} does not exist", fix)
    if not path.is_dir():
        return Finding("temp directory", f"{path} does not exist (yet)")
    return Finding("temp directory", f"{path}{'' if os.access(path, os.R_OK) else ': unreadable'}")


def _cost() -> list[Finding]:
    times = os.times()
    table = process_table()
    try:
        handle = table.open(os.getpid())
        usage = handle.read() if handle else None
        if handle:
            handle.close()
    finally:
        table.close()
    memory = format.size(usage.rss_bytes) if usage else format.UNKNOWN
    cpu_s = times.user + times.system
    return [
        Finding("own cost", f"{memory} and {cpu_s:.2f} s of CPU for this report ({sys.platform})")
    ]
