"""What opens an incident, what belongs to it, and when it is complete."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.core.made import mb
from tests.core.presentation.samples import HEALTHY
from tests.history.made import sample as recorded
from tray_app.core.alerts.forecast import Forecast, ForecastKind
from tray_app.core.alerts.hung import Hang, HangKind
from tray_app.core.alerts.job_leak import Leak
from tray_app.core.alerts.levels import LevelReached, Recovered
from tray_app.core.alerts.limits import Level
from tray_app.core.alerts.policy import Finding
from tray_app.core.alerts.server_exit import ServerExit
from tray_app.core.history import incidents
from tray_app.core.history.incidents import (
    AFTER_S,
    BEFORE_S,
    LONGEST_S,
    POLLS_KEPT,
    Flight,
    Incident,
    IncidentRecord,
    IncidentSeen,
    PollsRecord,
    Scene,
    cause_of,
    pack,
    unpack,
    update,
    wants_stacks,
)
from tray_app.core.model.incident import Cause
from tray_app.core.model.readings import Now, ProcessRow, Role
from tray_app.core.monitor.sample import Sample

T0 = 1_795_700_000.0
CRITICAL = LevelReached(Level.CRITICAL, 3000.0)
GONE = ServerExit(mb(500), busy=True)
ROWS = (
    ProcessRow(42, "uvicorn", Role.TARGET, mb(300), 90.0, descriptors=20),
    ProcessRow(43, "ffmpeg", Role.CHILD, mb(400), None),
)


def at(second: float, rows: tuple[ProcessRow, ...] = ROWS) -> Sample:
    return replace(HEALTHY, at=Now(second, T0 + second), rows=rows, memory_bytes=mb(700))


def polls(from_s: float, count: int = 8) -> tuple[tuple[float, int], ...]:
    return tuple((T0 + from_s + 0.25 * number, mb(500 + number)) for number in range(count))


@pytest.mark.parametrize(
    ("finding", "cause"),
    [
        (CRITICAL, Cause.CRITICAL),
        (replace(CRITICAL, foretold=True), Cause.CRITICAL),
        (replace(CRITICAL, again=True), None),
        (replace(CRITICAL, forecast=Forecast(ForecastKind.CRITICAL, 60.0)), None),
        (LevelReached(Level.HIGH, 2000.0), None),
        (ServerExit(mb(500), busy=True), Cause.GONE),
        (Hang(HangKind.DEADLOCKED, 3.0, busy=True), Cause.HUNG),
        (Leak((mb(100),), mb(300), 3), Cause.LEAK),
    ],
)
def test_four_findings_open_an_incident(finding: Finding, cause: Cause | None) -> None:
    """Memory that is critical now, an end, a hang and a leak; no repeat, and nothing foreseen."""
    assert cause_of(finding) is cause


def test_most_findings_open_none() -> None:
    """Back to normal, say."""
    assert cause_of(Recovered(Level.HIGH, mb(1))) is None


def test_an_incident_has_the_polls_of_the_ten_minutes_before_it() -> None:
    """At their own pace; older ones are gone."""
    flight = Flight()
    for second in range(0, 1000, 2):
        flight, records = update(flight, at(second), polls(second - 2), ())
        assert records == ()
    flight, records = update(flight, at(1000), polls(998), (CRITICAL,))
    incident, before = records
    assert isinstance(incident, IncidentSeen)
    assert isinstance(before, PollsRecord)
    assert (incident.opened_s, incident.ends_s) == (T0 + 1000, T0 + 1000 + AFTER_S)
    known = unpack(before.packed)
    assert known[0][0] == pytest.approx(T0 + 1000 - BEFORE_S)
    assert known[-1] == polls(998)[-1]
    assert len(known) == BEFORE_S * 4


def test_what_is_at_hand_is_bounded() -> None:
    """Whatever the pace: some 43 kB."""
    flight = Flight()
    for second in range(600):
        flight, _ = update(flight, at(second), polls(second, 40), ())
    assert len(flight.polls) == POLLS_KEPT * 16


def test_the_polls_of_the_two_minutes_after_it_belong_to_it() -> None:
    """Each sample hands its own on; after that nothing is kept."""
    flight, _ = update(Flight(), at(0), (), (CRITICAL,))
    flight, records = update(flight, at(2), polls(0), ())
    assert records == (PollsRecord(T0, pack(polls(0))),)
    flight, records = update(flight, at(AFTER_S), polls(AFTER_S - 2), ())
    assert records == ()
    assert flight.incident is None


def test_a_cause_that_follows_within_two_minutes_is_the_same_incident() -> None:
    """Which then lasts two minutes longer, up to half an hour."""
    flight, _ = update(Flight(), at(0), (), (CRITICAL,))
    flight, (merged,) = update(flight, at(60), (), (GONE,))
    assert isinstance(merged, IncidentSeen)
    assert (merged.opened_s, merged.ends_s) == (T0, T0 + 60 + AFTER_S)
    assert [each.finding for each in merged.causes] == [CRITICAL, GONE]
    assert [each.sample.at.wall_s for each in merged.causes] == [T0, T0 + 60]
    for second in range(120, 1800, 60):
        flight, (merged,) = update(flight, at(second), (), (CRITICAL,))
        assert isinstance(merged, IncidentSeen)
    assert merged.ends_s == T0 + LONGEST_S
    _, (other, _) = update(flight, at(LONGEST_S), (), (CRITICAL,))
    assert isinstance(other, IncidentSeen)
    assert other.opened_s == T0 + LONGEST_S


def test_a_clock_that_was_set_back_ends_it() -> None:
    """It would stay open until the clock had caught up."""
    flight, _ = update(Flight(), at(1000), (), (CRITICAL,))
    flight, records = update(flight, at(0), polls(0), ())
    assert (flight.incident, records) == (None, ())


def test_a_server_that_is_gone_is_described_as_it_was() -> None:
    """With its processes by size; the machine as it is now."""
    flight, _ = update(Flight(), at(0), (), ())
    _, (incident, _) = update(flight, at(2, rows=()), (), (GONE,))
    assert isinstance(incident, IncidentSeen)
    assert incident.scene.at_s == T0
    names = [(each.name, each.rss_bytes) for each in incident.scene.processes]
    assert names == [("ffmpeg", mb(400)), ("uvicorn", mb(300))]
    assert incident.scene.system == HEALTHY.system


def test_stacks_are_wanted_once_for_each_incident() -> None:
    """When it begins; not when a cause follows, and not of a server that is gone."""
    quiet, _ = update(Flight(), at(0), (), ())
    begun, _ = update(quiet, at(2), (), (CRITICAL,))
    later, _ = update(begun, at(4), (), (CRITICAL,))
    assert wants_stacks(Flight(), quiet) is None
    assert wants_stacks(quiet, begun) is begun.incident
    assert wants_stacks(begun, later) is None
    gone, _ = update(quiet, at(2), (), (GONE,))
    assert wants_stacks(quiet, gone) is None


def test_a_poll_between_two_samples_has_its_own_memory_only() -> None:
    """The processes stay those of the sample before it: at no moment is one of them all."""
    first, second = recorded(0, 500), recorded(2, 600)
    whole = Incident(
        IncidentRecord(T0, T0 + AFTER_S, (), Scene(T0)),
        samples=(first, second),
        polls=((T0 - 1, mb(1)), (T0 + 0.25, mb(510)), (T0 + 2, mb(1)), (T0 + 3, mb(1))),
    )
    found = incidents.course(whole)
    assert [(each.at_s - T0, each.memory_bytes) for each in found] == [
        *((0, mb(500)), (0.25, mb(510)), (2, mb(600))),
    ]
    assert [each.processes for each in found] == [first.processes] * 3


def test_packing_loses_nothing() -> None:
    """Whole bytes, and moments as they were."""
    assert unpack(pack(polls(3))) == polls(3)
    assert incidents.pack(()) == b""
