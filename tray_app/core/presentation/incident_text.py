"""An incident in words: its row in a menu or list, and the sections of its page."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from tray_app.core.history.incidents import (
    Happening,
    Incident,
    IncidentRecord,
    IncidentSeen,
    ProcessNote,
    Scene,
    StacksRecord,
    cause_of,
)
from tray_app.core.model.incident import Cause, PastIncident
from tray_app.core.presentation import (
    api_failure_text,
    format,
    memory_text,
    notifications,
    page_text,
    stacks_text,
)
from tray_app.core.presentation.format import capitalised, duration, percent, size

STACKS = "What the server was doing"
NONE_YET = "No incidents yet"
NOTE = (
    "An incident is kept when memory becomes critical, when the server is gone or hangs, and when"
    " jobs leak."
)


def record(seen: IncidentSeen) -> IncidentRecord:
    """An incident, its causes in the words of their notifications."""
    happened = []
    for event in seen.causes:
        if cause := cause_of(event.finding):
            note = notifications.alert(event)
            happened.append(Happening(event.sample.at.wall_s, cause, note.title, note.text))
    problem = seen.causes[0].sample.api.problem
    words = api_failure_text.problem_text(problem) if problem else ""
    scene = replace(seen.scene, api_problem=words)
    return IncidentRecord(seen.opened_s, seen.ends_s, tuple(happened), scene)


def when(at_s: float, now_s: float) -> str:
    """``14:02`` of today, ``26 Nov, 14:02`` of another day."""
    at, now = datetime.fromtimestamp(at_s), datetime.fromtimestamp(now_s)
    clock = f"{at:%H:%M}"
    return clock if at.date() == now.date() else f"{at.day} {_MONTHS[at.month - 1]}, {clock}"


_MONTHS = (*("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),)


def row(incident: PastIncident, now_s: float) -> str:
    """``14:02 · Critical: 3.10 GB, then gone``."""
    later = [str(cause) for cause in incident.causes[1:]]
    then = f", then {' and '.join(later)}" if later else ""
    return f"{when(incident.opened_s, now_s)} · {incident.title}{then}"


def heading(incident: Incident) -> str:
    """The heading of its page: its moment, and each cause in the words of its first alert."""
    first: dict[Cause, str] = {}
    for each in incident.record.happened:
        first.setdefault(each.cause, each.title)
    at = page_text.moment(round(1000 * incident.record.opened_s))
    return f"Incident of {at}: {', then '.join(first.values())}"


def sections(incident: Incident) -> tuple[tuple[str, str], ...]:
    """Title and text of each section: what happened, the server, the machine, the stacks."""
    scene = incident.record.scene
    found = [
        ("What happened", _happened(incident)),
        ("The server", _server(scene)),
        ("The machine", _machine(scene)),
    ]
    if incident.stacks is not None:
        found.append((STACKS, _stacks(incident.stacks)))
    return tuple(found)


def _stacks(taken: StacksRecord) -> str:
    """When they were taken, and the Python stacks, or why there are none."""
    at = _clock(taken.at_s)
    if problem := taken.stacks.problem:
        return f"{at}  {stacks_text.problem(problem, taken.stacks.detail)}"
    return f"{at}  The stack of each thread, the innermost call first.\n\n{taken.stacks.text}"


def _happened(incident: Incident) -> str:
    record, samples = incident.record, incident.samples
    lines = [
        f"{_clock(each.at_s)}  {each.title}\n          {each.text}" for each in record.happened
    ]
    if samples:
        lines += ["", f"Recorded from {_clock(samples[0].at_s)} to {_clock(samples[-1].at_s)}."]
        if samples[-1].at_s + 2 * samples[-1].interval_s < record.ends_s:
            lines[-1] += f" The incident's time ends at {_clock(record.ends_s)}."
    return "\n".join(lines)


def _clock(at_s: float) -> str:
    return f"{datetime.fromtimestamp(at_s):%H:%M:%S}"


def _server(scene: Scene) -> str:
    """Its figures, and its processes as a table."""
    job = ""
    if scene.job is not None:
        job = f"job {scene.job} for {duration(scene.job_elapsed_s or 0.0)}"
    lines = [
        f"{_clock(scene.at_s)}  {scene.server or 'No process'}"
        f"{f' (pid {scene.pid})' if scene.pid else ''}, {size(scene.memory_bytes)}",
        format.joined(
            capitalised(scene.activity),
            job,
            f"stage {scene.stage}" if scene.stage else "",
            _api(scene),
            _temp(scene),
        ),
    ]
    lines += [f"Its API says: {each}" for each in scene.advice]
    if scene.processes:
        lines += ["", f"{'PID':>8}  {'RSS':>9}  {'CPU':>6}  {'Files':>6}  Process"]
        lines += [_process(each) for each in scene.processes]
    return "\n".join(lines)


def _api(scene: Scene) -> str:
    problem = f" ({scene.api_problem})" if scene.api_problem else ""
    return f"API {scene.api}{problem}" if scene.api else ""


def _temp(scene: Scene) -> str:
    temp = scene.temp
    return f"{size(temp.size_bytes)} in {temp.file_count} temp files" if temp else ""


def _process(row: ProcessNote) -> str:
    files = format.UNKNOWN if row.descriptors is None else str(row.descriptors)
    what = f"{row.name} {row.runs}".strip() + (" (stopped)" if row.stopped else "")
    cpu = percent(row.cpu_percent)
    return f"{row.pid:>8}  {size(row.rss_bytes):>9}  {cpu:>6}  {files:>6}  {what}"


def _machine(scene: Scene) -> str:
    system = scene.system
    if system is None:
        return "Unknown"
    lines = [memory_text.machine(system).partition(" · ")[0]]
    if system.swap_used_bytes:
        lines.append(f"{size(system.swap_used_bytes)} of swap in use")
    if system.pressure_percent:
        lines.append(f"{percent(system.pressure_percent)} of the time all waited for memory")
    return "\n".join(lines)
