"""What the tray records, from its events to the file."""

from __future__ import annotations

import queue
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.core.made import mb
from tests.core.monitor.told import Told, started
from tests.core.presentation.samples import HEALTHY
from tests.waiting import AMPLE_S, wait_for
from tray_app.app.history import HistoryRecorder, recall
from tray_app.core.alerts.levels import LevelReached
from tray_app.core.alerts.limits import Level
from tray_app.core.config.settings import Settings
from tray_app.core.history.records import AlertRecord, GapRecord
from tray_app.core.history.thinning import Spans
from tray_app.core.model.readings import Now, ProcessRow
from tray_app.core.model.server_address import parse_address
from tray_app.core.model.stacks import Stacks, StacksProblem
from tray_app.core.monitor.events import Alert, AlertFate, Event, PendingAlerts, Sampled
from tray_app.core.monitor.inputs import AlertsRecalled, ExportEnded, LifeRecalled
from tray_app.core.monitor.sample import Sample
from tray_app.core.monitor.state import State, begin
from tray_app.core.presentation import notifications
from tray_app.desktop.paths import history_file
from tray_app.history import incidents
from tray_app.history.database import History

T0 = 1_795_700_000.0
END_S = T0 + 10**6


def at(second: float, memory_mb: int = 500) -> Sample:
    return replace(HEALTHY, at=Now(second, T0 + second), memory_bytes=mb(memory_mb), interval_s=2.0)


def state(second: float, *, paused: bool = False) -> State:
    begun = begin(Settings(), Settings(), Now(0.0, T0), local=True)
    return replace(begun, paused=paused, awake=Now(second, T0 + second))


def recorded(path: Path, *steps: tuple[State, tuple[Event, ...]]) -> History:
    """The file after these steps of a run; the writer starts after the first."""
    recorder = HistoryRecorder(lambda _: Stacks(problem=StacksProblem.NO_PROCESS))
    recorder.publish(*steps[0])
    recorder.start(path, Spans(), lambda _: None)
    for step in steps[1:]:
        recorder.publish(*step)
    recorder.close(AMPLE_S)
    return History(path)


def test_samples_are_recorded_from_the_first_on(tmp_path: Path) -> None:
    """Also what came before the file was opened."""
    history = recorded(
        tmp_path / "h.sqlite3",
        (state(0), (Sampled(at(0, 300)),)),
        (state(2), (Sampled(at(2, 310)),)),
    )
    assert [each.memory_bytes for each in history.samples(0.0, END_S)] == [mb(300), mb(310)]


def test_an_alert_is_recorded_with_its_words_and_its_fate(tmp_path: Path) -> None:
    """Sent, quiet, or muted at its time."""
    high = LevelReached(Level.HIGH, 2000.0)
    shown, quiet = Alert(high, at(2)), Alert(replace(high, quiet=True), at(4))
    muted = PendingAlerts((Alert(high, at(1)),), 0, Now(0.0, T0), Now(6.0, T0 + 6))
    history = recorded(
        tmp_path / "h.sqlite3",
        (state(2), (Sampled(at(2)), shown)),
        (state(4), (Sampled(at(4)), quiet)),
        (state(6), (muted,)),
    )
    alerts = list(history.alerts(0.0, END_S))
    assert [(each.at_s - T0, each.fate) for each in alerts] == [
        (1, "muted"),
        (2, "sent"),
        (4, "quiet"),
    ]
    assert isinstance(alerts[0], AlertRecord)
    assert {(each.kind, each.level) for each in alerts} == {("high", "normal")}
    assert all(each.title.startswith("High") and each.text for each in alerts)


def test_what_became_of_an_alert_is_recorded_once_it_is_known(tmp_path: Path) -> None:
    """The newest counts; a muted one stays muted, and another alert's fate changes nothing."""
    high = LevelReached(Level.HIGH, 2000.0)
    alerts = [Alert(high, at(second)) for second in (2, 4, 6)]
    muted = PendingAlerts((Alert(high, at(1)),), 0, Now(0.0, T0), Now(1.5, T0 + 1.5))
    title = notifications.alert(alerts[0]).title
    fates = (
        (1, "closed"),
        (2, "not delivered: no service"),
        (2, "shown"),
        (4, "shown"),
        (4, "clicked"),
    )
    history = recorded(
        tmp_path / "h.sqlite3",
        (state(0), (Sampled(at(0)),)),
        (state(1), (muted,)),
        *((state(2), (each,)) for each in alerts),
        (state(7), tuple(AlertFate(T0 + second, title, fate) for second, fate in fates)),
        (state(7), (AlertFate(T0 + 6, "another", "closed"),)),
    )
    told = [each.fate for each in history.alerts(0.0, END_S)]
    assert told == ["muted", "shown", "clicked", "sent"]


def test_a_cause_is_recorded_as_an_incident(tmp_path: Path) -> None:
    """Also while alerts are muted; with the polls that led to it, and the words of its alert."""
    critical = LevelReached(Level.CRITICAL, 3000.0)
    path = tmp_path / "h.sqlite3"
    polls = tuple((T0 + 1 + part / 4, mb(3000 + part)) for part in range(4))
    recorded(
        path,
        (state(0), (Sampled(at(0, 300)),)),
        (state(2), (Sampled(at(2, 3100), polls, (critical,)),)),
    )
    (found,) = incidents.records(History(path))
    note = notifications.alert(Alert(critical, at(2, 3100)))
    assert [(each.title, each.text) for each in found.happened] == [(note.title, note.text)]
    incident = incidents.at(History(path), T0 + 2)
    assert incident is not None
    assert incident.polls == polls


def test_an_incident_has_the_stacks_of_its_server(tmp_path: Path) -> None:
    """Taken once, in a thread of its own, from the server's processes of that moment."""
    critical = LevelReached(Level.CRITICAL, 3000.0)
    path, taken = tmp_path / "h.sqlite3", []

    def take(rows: Sequence[ProcessRow]) -> Stacks:
        taken.append((threading.current_thread().name, rows))
        return Stacks("Thread 1")

    recorder = HistoryRecorder(take)
    recorder.start(path, Spans(), lambda _: None)
    for second in (2, 4):
        recorder.publish(state(second), (Sampled(at(second, 3100), (), (critical,)),))
    wait_for(lambda: taken, "the stacks are taken")
    wait_for(lambda: all(each.name != "stacks" for each in threading.enumerate()), "it is over")
    recorder.close(AMPLE_S)
    assert taken == [("stacks", HEALTHY.rows)]
    incident = incidents.at(History(path), T0 + 2)
    assert incident is not None
    assert incident.stacks is not None
    assert incident.stacks.stacks == Stacks("Thread 1")


def test_a_pause_is_a_gap(tmp_path: Path) -> None:
    """From the click to the first sample after it."""
    history = recorded(
        tmp_path / "h.sqlite3",
        (state(0), (Sampled(at(0)),)),
        (state(2, paused=True), ()),
        (state(9), (Sampled(at(9)),)),
    )
    assert list(history.gaps(0.0, END_S)) == [GapRecord(T0 + 2, T0 + 9, "paused")]


@pytest.mark.parametrize(
    ("url", "other", "same"),
    [
        ("http://localhost:8000", "127.0.0.1:8000/", True),
        ("http://gpu:8000", "https://gpu:8000", True),
        ("http://gpu:8000", "http://gpu:8001", False),
        ("http://gpu:8000/a", "http://gpu:8000/b", False),
        ("http://[::1]:8000", "http://localhost:8000", True),
    ],
)
def test_each_server_has_one_file(url: str, other: str, same: bool) -> None:
    """However its address is spelled."""
    files = [history_file(parse_address(each).identity) for each in (url, other)]
    assert (files[0] == files[1]) is same
    assert all(each.name.isprintable() and each.suffix == ".sqlite3" for each in files)


def test_a_restart_of_the_monitor_keeps_peak_and_jobs(tmp_path: Path) -> None:
    """From the state of one run, over the file, to the sample of the next."""
    path = tmp_path / "h.sqlite3"
    recorder, told = HistoryRecorder(), Told(started())
    for second, memory in enumerate((300, 900, 400)):
        told.events.clear()
        told.read(2 * second, memory)
        recorder.publish(told.state, tuple(told.events))
        if not second:
            recorder.start(path, Spans(), lambda _: None)
    recorder.close(AMPLE_S)
    posted: queue.SimpleQueue[LifeRecalled | AlertsRecalled] = queue.SimpleQueue()
    recall(path, posted.put)
    again = Told(started())
    again.happen(9, posted.get(timeout=AMPLE_S))
    again.read(10, 410)
    assert again.sample.peak_bytes == mb(900)


def test_the_last_alerts_of_earlier_runs_are_recalled(tmp_path: Path) -> None:
    """As the menu lists them: only those that were notified, with what went wrong."""
    path, high = tmp_path / "h.sqlite3", LevelReached(Level.HIGH, 2000.0)
    quiet = Alert(replace(high, quiet=True), at(4))
    failed = AlertFate(T0 + 6, "High: 500 MB", "not delivered: nobody listens")
    recorded(
        path,
        (state(2), (Sampled(at(2)), Alert(high, at(2)))),
        (state(4), (Sampled(at(4)), quiet)),
        (state(6), (Sampled(at(6)), Alert(high, at(6)))),
        (state(7), (failed,)),
    )
    posted: queue.SimpleQueue[LifeRecalled | AlertsRecalled] = queue.SimpleQueue()
    recall(path, posted.put)
    recalled = posted.get(timeout=AMPLE_S)
    assert isinstance(recalled, AlertsRecalled)
    told = [(each.at.wall_s - T0, each.title, each.problem) for each in recalled.alerts]
    assert told == [(2, "High: 500 MB", None), (6, "High: 500 MB", "nobody listens")]
    assert all(each.is_alert for each in recalled.alerts)


def test_without_a_file_nothing_is_recalled(tmp_path: Path) -> None:
    """And no thread is started for it."""
    recall(tmp_path / "none", pytest.fail)


def exported(path: Path, documents: Path, *samples: Sample) -> ExportEnded:
    """The result of an export while these samples wait to be written."""
    recorder, ended = HistoryRecorder(), queue.SimpleQueue[ExportEnded]()
    if samples:
        recorder.start(path, Spans(), lambda _: None)
        recorder.publish(state(0), tuple(Sampled(each) for each in samples))
    recorder.export(path, documents, ended.put)
    try:
        return ended.get(timeout=AMPLE_S)
    finally:
        recorder.close(AMPLE_S)


def test_an_export_is_a_new_folder_in_the_documents(tmp_path: Path) -> None:
    """With the newest sample. It tells the folder, and how many files there are."""
    ended = exported(tmp_path / "h.sqlite3", tmp_path / "Documents", at(0))
    (folder,) = (tmp_path / "Documents").iterdir()
    assert folder.name.startswith("runanalyze-tray-history-20")
    files = [each.name for each in folder.iterdir()]
    assert "samples.csv" in files
    assert ended == ExportEnded(str(folder), len(files))


def test_an_export_that_fails_says_why(tmp_path: Path) -> None:
    """Without a history, and where a file stands in the way."""
    assert exported(tmp_path / "h.sqlite3", tmp_path).problem == "nothing is recorded yet"
    (tmp_path / "Documents").write_text("a file")
    assert exported(tmp_path / "h.sqlite3", tmp_path / "Documents", at(0)).problem
