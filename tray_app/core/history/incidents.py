"""The flight recorder: what opens an incident, what belongs to it, and when it is complete.

An incident has the ten minutes before its first cause and the two minutes after its last one. The
samples, jobs and alerts of that time are in the history anyway. What only an incident keeps is
here: the fast polls, of which the newest ten minutes are at hand, and the server's processes, job
and machine at its beginning. All of it is handed on at once, so a program that is killed loses
nothing of it.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from tray_app.core.alerts.hung import Hang
from tray_app.core.alerts.job_leak import Leak
from tray_app.core.alerts.levels import LevelReached
from tray_app.core.alerts.policies import Found
from tray_app.core.alerts.policy import Finding
from tray_app.core.alerts.server_exit import ServerExit
from tray_app.core.history.records import (
    AlertRecord,
    GapRecord,
    JobRecord,
    SampleRecord,
    ServerRecord,
)
from tray_app.core.model.incident import Cause, PastIncident
from tray_app.core.model.readings import ProcessRow, SystemMemory, TempUsage
from tray_app.core.model.stacks import Stacks
from tray_app.core.monitor.events import Alert
from tray_app.core.monitor.sample import Sample

BEFORE_S = 600.0
AFTER_S = 120.0
LONGEST_S = 1800.0
"""After its first cause, however many follow."""

INCIDENTS_KEPT = 20
POLLS_KEPT = 2700
"""Ten minutes of the fastest pace: 43 kB."""

POLL_S = 0.25
_POLL_BYTES = 16
ROWS_KEPT = 40

Poll = tuple[float, int]
"""A fast poll: its moment in Unix time, and memory in bytes."""


class Happening(Struct, frozen=True):
    """A cause, in the words of its notification."""

    at_s: float
    cause: Cause
    title: str
    text: str


class ProcessNote(Struct, frozen=True):
    """A process of the server at the beginning. CPU is of one core."""

    pid: int
    name: str
    runs: str
    rss_bytes: int
    cpu_percent: float | None = None
    descriptors: int | None = None
    stopped: bool = False


class Scene(Struct, frozen=True):
    """The server and the machine at the beginning, or as last seen before the server was gone.

    ``api`` is what its API was then (a word of JSON), ``api_problem`` why it failed, in words, and
    ``advice`` what it recommended in its last answer. ``job`` is the number of the running one.
    """

    at_s: float
    memory_bytes: int | None = None
    source: str = "none"
    api: str = ""
    activity: str = "idle"
    stage: str = ""
    job: int | None = None
    job_elapsed_s: float | None = None
    server: str = ""
    pid: int | None = None
    processes: tuple[ProcessNote, ...] = ()
    system: SystemMemory | None = None
    temp: TempUsage | None = None
    api_problem: str = ""
    advice: tuple[str, ...] = ()


class IncidentRecord(Struct, frozen=True):
    """An incident from its first cause on. ``ends_s`` is when it is complete."""

    opened_s: float
    ends_s: float
    happened: tuple[Happening, ...]
    scene: Scene

    @property
    def past(self) -> PastIncident:
        """What a list shows of it."""
        causes = tuple(dict.fromkeys(each.cause for each in self.happened))
        return PastIncident(self.opened_s, causes, self.happened[0].title)


class IncidentSeen(Struct, frozen=True):
    """An incident without words: its record is made where nobody waits for it."""

    opened_s: float
    ends_s: float
    causes: tuple[Alert, ...]
    scene: Scene


class PollsRecord(Struct, frozen=True):
    """Fast polls of an incident, packed."""

    opened_s: float
    packed: bytes


class StacksRecord(Struct, frozen=True):
    """What the server was doing at an incident, soon after its beginning."""

    opened_s: float
    at_s: float
    stacks: Stacks


class Incident(Struct, frozen=True):
    """All that is known of one. Moments are Unix time, oldest first."""

    record: IncidentRecord
    samples: tuple[SampleRecord, ...] = ()
    polls: tuple[Poll, ...] = ()
    jobs: tuple[JobRecord, ...] = ()
    alerts: tuple[AlertRecord, ...] = ()
    servers: tuple[ServerRecord, ...] = ()
    gaps: tuple[GapRecord, ...] = ()
    stacks: StacksRecord | None = None


class Flight(Struct, frozen=True):
    """The fast polls of the last ten minutes, the last sample that had processes, and the incident
    that is open."""

    polls: bytes = b""
    seen: Sample | None = None
    incident: IncidentSeen | None = None


def cause_of(finding: Finding) -> Cause | None:
    """What a finding makes an incident of; None for most."""
    match finding:
        case LevelReached(forecast=None, again=False, quiet=False) if finding.is_critical:
            return Cause.CRITICAL
        case ServerExit():
            return Cause.GONE
        case Hang():
            return Cause.HUNG
        case Leak():
            return Cause.LEAK
        case _:
            return None


def update(
    flight: Flight, sample: Sample, polls: Iterable[Poll], found: Iterable[Found]
) -> tuple[Flight, tuple[IncidentSeen | PollsRecord, ...]]:
    """The recorder after a sample, and what is to be written now. Of what was ``found`` only what
    is a cause counts."""
    causes = tuple(Alert(each, sample) for each in found if cause_of(each))
    at_s, incident = sample.at.wall_s, flight.incident
    new = pack(polls)
    kept = (flight.polls + new)[-POLLS_KEPT * _POLL_BYTES :]
    seen = sample if sample.rows else flight.seen
    if incident is not None and not incident.opened_s <= at_s < incident.ends_s:
        incident = None  # complete, or the clock was set back
    records: tuple[IncidentSeen | PollsRecord, ...] = ()
    if causes and incident is None:
        incident = IncidentSeen(at_s, at_s + AFTER_S, causes, scene(sample, seen))
        records = (incident, PollsRecord(at_s, _since(kept, at_s - BEFORE_S)))
    elif incident is not None:
        if causes:
            ends_s = min(at_s + AFTER_S, incident.opened_s + LONGEST_S)
            incident = replace(incident, ends_s=ends_s, causes=incident.causes + causes)
            records = (incident,)
        if new:
            records = (*records, PollsRecord(incident.opened_s, new))
    return Flight(kept, seen, incident), records


def wants_stacks(before: Flight, after: Flight) -> IncidentSeen | None:
    """The incident that has just begun, unless its server is gone: the stacks are taken once."""
    begun = after.incident
    if begun is None or (before.incident and before.incident.opened_s == begun.opened_s):
        return None
    is_gone = any(cause_of(each.finding) is Cause.GONE for each in begun.causes)
    return None if is_gone else begun


def scene(sample: Sample, seen: Sample | None) -> Scene:
    """The server and the machine; a server that is gone as it was last ``seen``."""
    of = sample if sample.rows or seen is None else seen
    running = of.job if of.job is not None and of.job.ended is None else None
    rows = sorted(of.rows, key=lambda row: -row.rss_bytes)[:ROWS_KEPT]
    return Scene(
        at_s=of.at.wall_s,
        memory_bytes=of.memory_bytes,
        source=of.source.value,
        api=sample.api.state.value,
        activity=of.activity.value,
        stage=of.stage.name if of.stage else "",
        job=running.number if running else None,
        job_elapsed_s=running.elapsed_s(of.at) if running else None,
        server=of.target.name if of.target else "",
        pid=of.target.pid if of.target else None,
        processes=tuple(_note(row) for row in rows),
        system=sample.system,
        temp=of.temp,
        advice=of.advice,
    )


def _note(row: ProcessRow) -> ProcessNote:
    return ProcessNote(
        pid=row.pid,
        name=row.name,
        runs=row.runs,
        rss_bytes=row.rss_bytes,
        cpu_percent=row.cpu_percent,
        descriptors=row.descriptors,
        stopped=row.stopped,
    )


def pack(polls: Iterable[Poll]) -> bytes:
    """Two numbers for each, as the machine has them: 16 bytes."""
    return array("d", [figure for poll in polls for figure in poll]).tobytes()


def unpack(packed: bytes) -> tuple[Poll, ...]:
    """What `pack` was given."""
    figures = array("d")
    figures.frombytes(packed)
    return tuple(
        (at_s, round(size)) for at_s, size in zip(figures[::2], figures[1::2], strict=True)
    )


def course(incident: Incident) -> list[SampleRecord]:
    """The samples with the fast polls between them, oldest first. Of a poll only the memory is
    known; all else is as in the sample before it."""
    found: list[SampleRecord] = []
    polls = iter(incident.polls)
    poll = next(polls, None)
    for sample in incident.samples:
        while poll is not None and poll[0] < sample.at_s:
            if found and poll[0] > found[-1].at_s:
                found.append(_between(found[-1], *poll))
            poll = next(polls, None)
        found.append(sample)
    return found


def _between(before: SampleRecord, at_s: float, memory_bytes: int) -> SampleRecord:
    return replace(before, at_s=at_s, interval_s=POLL_S, memory_bytes=memory_bytes)


def _since(packed: bytes, from_s: float) -> bytes:
    return pack(poll for poll in unpack(packed) if poll[0] >= from_s)
