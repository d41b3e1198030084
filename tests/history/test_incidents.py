"""Incidents in the history file."""

from __future__ import annotations

from pathlib import Path

from tests.history.made import MIB, T0, sample
from tests.waiting import AMPLE_S, wait_for
from tray_app.core.history.incidents import (
    AFTER_S,
    BEFORE_S,
    INCIDENTS_KEPT,
    Happening,
    IncidentRecord,
    PollsRecord,
    Scene,
    StacksRecord,
    pack,
)
from tray_app.core.history.records import AlertRecord, GapRecord
from tray_app.core.history.thinning import DAY_S, Spans
from tray_app.core.model.incident import Cause, PastIncident
from tray_app.core.model.stacks import Stacks
from tray_app.history import database, incidents
from tray_app.history.database import History
from tray_app.history.writer import HistoryWriter
from tray_app.runtime import clock


def incident(at_s: float) -> IncidentRecord:
    """One that was opened then."""
    happened = (Happening(T0 + at_s, Cause.HUNG, "Server hangs", "No answer for 1 min."),)
    return IncidentRecord(T0 + at_s, T0 + at_s + AFTER_S, happened, Scene(T0 + at_s, 500 * MIB))


def polls(at_s: float, *moments_s: float) -> PollsRecord:
    return PollsRecord(T0 + at_s, pack((T0 + each, 500 * MIB) for each in moments_s))


def file_of(path: Path, *records: database.Stored) -> History:
    """A file with these, as a program leaves it that is killed."""
    connection, _ = database.open_for_writing(path)
    database.add(connection, records)
    connection.close()
    return History(path)


def test_an_open_incident_has_what_the_history_has(tmp_path: Path) -> None:
    """A program that is killed meanwhile loses nothing of it."""
    told = AlertRecord(T0 + 1000, "hung", "Server hangs", "…")
    history = file_of(
        tmp_path / "h.sqlite3",
        *(sample(second) for second in range(0, 1200, 2)),
        *(told, incident(1000), polls(1000, 998, 999), polls(1000, 1000.5)),
        StacksRecord(T0 + 1000, T0 + 1001, Stacks("Thread 1")),
    )
    found = incidents.at(history, T0 + 1000)
    assert found is not None
    assert found.record == incident(1000)
    assert (found.samples[0].at_s, found.samples[-1].at_s) == (
        T0 + 1000 - BEFORE_S,
        T0 + 1000 + AFTER_S - 2,
    )
    assert [moment - T0 for moment, _ in found.polls] == [998, 999, 1000.5]
    assert found.alerts == (told,)
    assert found.stacks == StacksRecord(T0 + 1000, T0 + 1001, Stacks("Thread 1"))
    assert incidents.at(history, T0 + 500) is None
    assert incidents.at(history, T0 + 1060) == found


def test_a_complete_incident_outlives_its_samples(tmp_path: Path) -> None:
    """It is copied in time, also by the next run; then all else may be thinned."""
    path = tmp_path / "h.sqlite3"
    history = file_of(path, sample(999), sample(1001), incident(1000), polls(1000, 1000))
    before = incidents.at(history, T0 + 1000)
    now_s = [T0 + 1010.0]
    listed: list[tuple[PastIncident, ...]] = []
    for now_s[0] in (T0 + 1010, T0 + 2000, T0 + 5 * DAY_S, T0 + 6 * DAY_S):
        writer = HistoryWriter(
            path, clock=lambda: now_s[0], listed=listed.append, spans=Spans(3600.0, 7200.0, 7200.0)
        )
        writer.start()
        writer.add(sample(now_s[0] - T0))
        writer.close(AMPLE_S)
    assert len(list(history.samples(0.0, T0 + 3 * DAY_S))) == 0
    after = incidents.at(history, T0 + 1000)
    assert before is not None
    assert after is not None
    assert after.record == before.record
    assert [each.at_s for each in after.samples] == [T0 + 999, T0 + 1001, T0 + 1010]
    assert after.polls == before.polls
    past = PastIncident(T0 + 1000, (Cause.HUNG,), "Server hangs")
    assert listed == [(past,)] * 4


def test_the_next_run_completes_the_incident_of_one_that_was_killed(tmp_path: Path) -> None:
    """With what was written, the time that nobody watched, and what the next run records."""
    path = tmp_path / "h.sqlite3"
    stacks = StacksRecord(T0 + 1000, T0 + 1001, Stacks("Thread 1"))
    killed = (*(sample(each) for each in range(900, 1020, 2)), incident(1000), stacks)
    history = file_of(path, *killed, polls(1000, 999.5, 1000.5))
    now_s = T0 + 1050
    for now_s in (T0 + 1050, T0 + 1200):
        writer = HistoryWriter(path, clock=lambda: now_s)  # noqa: B023 - ended in this turn
        writer.start()
        writer.add(*(sample(now_s - T0 + each) for each in range(0, 60, 2)))
        writer.close(AMPLE_S)
    connection, _ = database.open_for_writing(path)
    assert connection.execute("SELECT whole IS NOT NULL FROM incidents").fetchall() == [(1,)]
    connection.close()
    found = incidents.at(history, T0 + 1000)
    assert found is not None
    assert [each.at_s - T0 for each in found.samples][57:62] == [1014, 1016, 1018, 1050, 1052]
    assert found.gaps[0] == GapRecord(T0 + 1018, T0 + 1050, "off")
    assert (found.stacks, len(found.polls)) == (stacks, 2)


def test_at_most_twenty_are_kept(tmp_path: Path) -> None:
    """The oldest go, with all that belongs to them."""
    path = tmp_path / "h.sqlite3"
    many = [incident(1000 * number) for number in range(INCIDENTS_KEPT + 5)]
    history = file_of(path, *many, *(polls(1000 * number, 0) for number in range(25)))
    connection, _ = database.open_for_writing(path)
    incidents.keep(connection, history, T0 + 10**6)
    assert [each.opened_s for each in incidents.records(history)] == [
        each.opened_s for each in reversed(many[5:])
    ]
    assert connection.execute("SELECT count(*) FROM incident_parts").fetchone() == (0,)
    connection.close()


def test_a_file_without_incidents_has_none(tmp_path: Path) -> None:
    """Also one of an older version that no writer has brought up to date, and no file at all."""
    path = tmp_path / "h.sqlite3"
    history = file_of(path, sample(0))
    assert incidents.records(history) == ()
    connection, _ = database.open_for_writing(path)
    connection.execute("DROP TABLE incidents")
    connection.close()
    assert incidents.records(history) == ()
    assert incidents.at(history, T0) is None
    assert incidents.records(History(tmp_path / "none")) == ()


def test_new_samples_are_written_sooner_while_a_page_is_open(tmp_path: Path) -> None:
    """Which then shows them within an interval."""
    history = History(tmp_path / "h.sqlite3")
    writer = HistoryWriter(tmp_path / "h.sqlite3", clock=clock.mono_s)
    writer.watched()
    writer.start()
    writer.add(sample(0))
    wait_for(lambda: list(history.samples(0.0, T0 + 10)), "it is written")
    writer.close(AMPLE_S)


def test_the_menu_hears_of_a_new_incident_when_it_is_written(tmp_path: Path) -> None:
    """And of none before."""
    listed: list[tuple[PastIncident, ...]] = []
    writer = HistoryWriter(tmp_path / "h.sqlite3", clock=lambda: T0 + 2000, listed=listed.append)
    writer.start()
    writer.add(sample(0), incident(1000))
    writer.close(AMPLE_S)
    assert listed[0] == ()
    assert [each.opened_s for each in listed[-1]] == [T0 + 1000]
