"""An incident in words."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from tests.core.presentation.samples import HEALTHY
from tests.history.made import sample
from tray_app.core.alerts.levels import LevelReached
from tray_app.core.alerts.limits import Level
from tray_app.core.alerts.server_exit import ServerExit
from tray_app.core.history.incidents import (
    Happening,
    Incident,
    IncidentRecord,
    IncidentSeen,
    ProcessNote,
    Scene,
    StacksRecord,
    scene,
)
from tray_app.core.model.api_failure import ApiFailureKind, ApiProblem
from tray_app.core.model.incident import Cause, PastIncident
from tray_app.core.model.readings import GIB, MIB, Now, SystemMemory, TempUsage
from tray_app.core.model.stacks import Stacks, StacksProblem
from tray_app.core.monitor.events import Alert
from tray_app.core.presentation import incident_text, notifications
from tray_app.core.source_choice.circuit_breaker import ApiCondition, ApiState

AT_S = datetime(2026, 11, 26, 14, 2, 7).timestamp()
TODAY_S = datetime(2026, 11, 26, 20, 0).timestamp()
SCENE = Scene(
    at_s=AT_S,
    memory_bytes=700 * MIB,
    api="silent",
    activity="processing",
    stage="frames",
    job=3,
    job_elapsed_s=41.0,
    server="uvicorn",
    pid=42,
    processes=(
        ProcessNote(42, "python3", "main.py", 400 * MIB, 96.0, 20),
        ProcessNote(43, "ffmpeg", "", 300 * MIB, None, None, stopped=True),
    ),
    system=SystemMemory(16 * GIB, 2 * GIB, 87.5, 300 * MIB, 2 * GIB, 12.0),
    temp=TempUsage(30 * MIB, 4, 0.0),
)
HAPPENED = (
    Happening(AT_S, Cause.CRITICAL, "Critical: 3.10 GB", "Above 2.93 GB."),
    Happening(AT_S + 9, Cause.GONE, "Server gone", "It had 3.30 GB."),
)
INCIDENT = Incident(IncidentRecord(AT_S, AT_S + 129, HAPPENED, SCENE))


def test_a_cause_has_the_words_of_its_notification() -> None:
    """Each of the incident, with its own moment."""
    event = Alert(LevelReached(Level.CRITICAL, 3000.0), HEALTHY)
    later = Alert(ServerExit(500 * MIB, busy=True), replace(HEALTHY, at=Now(9.0, AT_S + 9)))
    seen = IncidentSeen(AT_S, AT_S + 129, (event, later), SCENE)
    made = incident_text.record(seen)
    assert (made.opened_s, made.ends_s, made.scene) == (AT_S, AT_S + 129, SCENE)
    assert [each.cause for each in made.happened] == [Cause.CRITICAL, Cause.GONE]
    assert made.happened[1].at_s == AT_S + 9
    for told, alert in zip(made.happened, (event, later), strict=True):
        note = notifications.alert(alert)
        assert (told.title, told.text) == (note.title, note.text)


def test_a_row_says_when_and_why() -> None:
    """With the day unless it is today; what followed in a word."""
    past = INCIDENT.record.past
    assert incident_text.row(past, TODAY_S) == "14:02 · Critical: 3.10 GB, then gone"
    alone = PastIncident(AT_S, (Cause.HUNG,), "Server hangs")
    assert incident_text.row(alone, TODAY_S + 86400) == "26 Nov, 14:02 · Server hangs"


def test_the_page_says_what_happened_where() -> None:
    """The causes in their own words, the server's processes, the machine."""
    assert incident_text.heading(INCIDENT) == (
        "Incident of Thu 26 Nov 2026, 14:02:07: Critical: 3.10 GB, then Server gone"
    )
    happened, server, machine = incident_text.sections(INCIDENT)
    assert happened == (
        "What happened",
        "14:02:07  Critical: 3.10 GB\n          Above 2.93 GB.\n"
        "14:02:16  Server gone\n          It had 3.30 GB.",
    )
    assert server[1].splitlines() == [
        "14:02:07  uvicorn (pid 42), 700 MB",
        "Processing · job 3 for 41 s · stage frames · API silent · 30 MB in 4 temp files",
        "",
        "     PID        RSS     CPU   Files  Process",
        "      42     400 MB    96 %      20  python3 main.py",
        "      43     300 MB       –       –  ffmpeg (stopped)",
    ]
    assert machine[1].splitlines() == [
        "2.0 of 16.0 GB free",
        "300 MB of swap in use",
        "12 % of the time all waited for memory",
    ]


def test_it_says_what_is_recorded() -> None:
    """And when it will be complete, where samples of its time are still to come."""

    def recorded(*seconds: float) -> str:
        samples = tuple(replace(sample(0), at_s=AT_S + second) for second in seconds)
        return incident_text.sections(replace(INCIDENT, samples=samples))[0][1].splitlines()[-1]

    assert recorded(-600, 0, 127) == "Recorded from 13:52:07 to 14:04:14."
    assert recorded(-60, 4) == (
        "Recorded from 14:01:07 to 14:02:11. The incident's time ends at 14:04:16."
    )


def test_the_server_is_quoted() -> None:
    """Why its API failed, and what it recommended in its last answer."""
    refused = ApiProblem(ApiFailureKind.SERVER_ERROR, detail="out of memory")
    condition = ApiCondition(ApiState.ERROR, problem=refused)
    sample = replace(HEALTHY, api=condition, advice=("Restart the server",))
    event = Alert(LevelReached(Level.CRITICAL, 3000.0), sample)
    seen = IncidentSeen(AT_S, AT_S + 120, (event,), scene(sample, None))
    _, server, _ = incident_text.sections(Incident(incident_text.record(seen)))
    assert "API error (the server reports an error: out of memory)" in server[1]
    assert "Its API says: Restart the server" in server[1].splitlines()


def test_a_server_that_was_not_seen_has_no_processes() -> None:
    """Nothing is made up."""
    unseen = Incident(IncidentRecord(AT_S, AT_S, HAPPENED[1:], Scene(AT_S)))
    _, server, machine = incident_text.sections(unseen)
    assert server[1] == "14:02:07  No process, –\nIdle"
    assert machine[1] == "Unknown"


def test_the_stacks_or_why_there_are_none_come_last() -> None:
    """With the moment when they were taken."""
    taken = StacksRecord(AT_S, AT_S + 1, Stacks("Thread 1"))
    assert incident_text.sections(replace(INCIDENT, stacks=taken))[-1] == (
        "What the server was doing",
        "14:02:08  The stack of each thread, the innermost call first.\n\nThread 1",
    )
    none = StacksRecord(AT_S, AT_S + 1, Stacks(problem=StacksProblem.TOO_SLOW))
    assert incident_text.sections(replace(INCIDENT, stacks=none))[-1] == (
        "What the server was doing",
        "14:02:08  No stacks: py-spy did not have them within 2 s.",
    )
