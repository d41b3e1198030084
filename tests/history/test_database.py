"""A history file: what is written is read back, thinned, and never lost by a bad neighbour."""

from __future__ import annotations

import sqlite3
import stat
import sys
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.core.monitor.test_carried import LIFE
from tests.history.made import MIB, T0, sample
from tray_app.core.history.records import (
    AlertRecord,
    GapRecord,
    JobRecord,
    LifeRecord,
    Record,
    SampleRecord,
    ServerRecord,
)
from tray_app.core.history.thinning import Cut
from tray_app.history import database
from tray_app.history.database import History
from tray_app.history.schema import STEPS, VERSION

END_S = T0 + 10**6
OTHERS: tuple[Record, ...] = (
    JobRecord(3, T0 + 1, T0 + 42, 120 * MIB, 532 * MIB, 301 * MIB, 181 * MIB, ("frames", "saving")),
    AlertRecord(T0 + 5, "high", "High: 2.05 GB", "Above 2000 MB.", "shown", "high"),
    ServerRecord(T0 + 6, "restarted", 4711, "uvicorn"),
    GapRecord(T0 + 50, T0 + 90, "asleep"),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "data" / "history.sqlite3"


def write(path: Path, *records: Record) -> None:
    connection, _ = database.open_for_writing(path)
    with closing(connection):
        database.add(connection, records)


def test_what_is_written_is_read_back(path: Path) -> None:
    """Every field of every kind of record."""
    bare = SampleRecord(T0 + 3, 2.0, "none", None)
    write(path, sample(1), bare, *OTHERS)
    history = History(path)
    assert list(history.samples(T0, END_S)) == [sample(1), bare]
    told = (history.jobs, history.alerts, history.servers, history.gaps)
    assert [each for read in told for each in read(T0, END_S)] == list(OTHERS)


def test_a_job_that_is_told_twice_is_one(path: Path) -> None:
    """What it kept is known later than its end."""
    first = JobRecord(3, T0, T0 + 42, 120 * MIB)
    later = JobRecord(3, T0, T0 + 42, 120 * MIB, kept_bytes=9 * MIB)
    write(path, first, later)
    assert list(History(path).jobs(T0, END_S)) == [later]


def test_a_file_that_is_not_there_is_an_empty_history(path: Path) -> None:
    """Reading makes none."""
    assert list(History(path).samples(0.0, END_S)) == []
    assert not path.exists()


@pytest.mark.skipif(sys.platform == "win32", reason="POSIX permissions")
def test_nobody_else_may_read_it(path: Path) -> None:
    """Stages and names of processes are the user's own."""
    write(path, sample(1))
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize(
    "content", [b"no database", b"SQLite format 3\0" + b"\xff" * 5000], ids=["text", "damaged"]
)
def test_a_damaged_file_is_set_aside(path: Path, content: bytes) -> None:
    """Under another name, with all that is in it; a second one has a name of its own."""
    for number in (1, 2):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
        connection, aside = database.open_for_writing(path)
        connection.close()
        assert aside == path.with_name(f"history.unusable-{number}.sqlite3")
        assert aside.read_bytes() == content
        path.unlink()


def test_a_newer_version_is_set_aside(path: Path) -> None:
    """It belongs to a newer program, which may come back."""
    write(path, sample(1))
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"PRAGMA user_version = {VERSION + 1}")
    connection, aside = database.open_for_writing(path)
    connection.close()
    assert aside is not None
    assert list(History(path).samples(T0, END_S)) == []
    assert len(list(History(aside).samples(T0, END_S))) == 1


def test_others_read_while_it_is_written(path: Path) -> None:
    """A reader sees what was committed, and holds nobody up."""
    connection, _ = database.open_for_writing(path)
    with closing(connection):
        database.add(connection, [sample(1), sample(3)])
        reader = History(path).samples(T0, END_S)
        assert next(reader) == sample(1)
        database.add(connection, [sample(5)])
        assert list(reader) == [sample(3)]
        assert len(list(History(path).samples(T0, END_S))) == 3


def test_a_batch_is_written_whole_or_not_at_all(path: Path) -> None:
    """A record that cannot be written takes its batch with it, and nothing else."""
    connection, _ = database.open_for_writing(path)
    with closing(connection):
        database.add(connection, [sample(1)])
        broken = sample(5, source=object())
        with pytest.raises(sqlite3.Error):
            database.add(connection, [sample(3), broken])
        database.add(connection, [sample(7)])
    assert [each.at_s - T0 for each in History(path).samples(T0, END_S)] == [1, 7]


def test_minutes_and_hours_keep_every_peak(path: Path) -> None:
    """Least, mean and most of each minute, then of each hour."""
    connection, _ = database.open_for_writing(path)
    start_s = -(T0 % 3600)
    figures = {start_s + second: 500 + (1500 if second == 3000 else second % 60) for second in
               range(0, 7200, 2)}  # fmt: skip
    with closing(connection):
        database.add(connection, [sample(at_s, mb) for at_s, mb in figures.items()])
        database.roll_up(connection, T0 + start_s + 7200)
        minutes = list(History(path).spans(60.0, 0.0, END_S))
        hours = list(History(path).spans(3600.0, 0.0, END_S))
    assert (len(minutes), len(hours)) == (120, 2)
    assert hours[0].most_bytes == 2000 * MIB == max(each.most_bytes or 0 for each in minutes)
    assert hours[1].most_bytes == 558 * MIB
    assert {each.least_bytes for each in minutes} == {500 * MIB, 502 * MIB} - {502 * MIB} | {
        each.least_bytes for each in minutes if each.from_s == T0 + start_s + 3000
    }
    assert minutes[0].mean_bytes == pytest.approx(529 * MIB)
    assert (minutes[0].count, minutes[0].watched_s, minutes[0].busy_s) == (30, 60.0, 60.0)


def test_a_span_without_a_figure_says_so(path: Path) -> None:
    """Unknown is not zero."""
    connection, _ = database.open_for_writing(path)
    start_s = -(T0 % 60)
    with closing(connection):
        database.add(connection, [sample(start_s + at_s, None) for at_s in range(0, 60, 2)])
        database.roll_up(connection, T0 + start_s + 60)
    (minute,) = History(path).spans(60.0, 0.0, END_S)
    assert (minute.count, minute.least_bytes, minute.mean_bytes, minute.most_bytes) == (
        0,
        None,
        None,
        None,
    )


def test_what_is_too_old_goes_in_small_steps(path: Path) -> None:
    """A step deletes so many rows at most, and says whether there is more."""
    connection, _ = database.open_for_writing(path)
    old = database.DELETED_AT_ONCE + 10
    with closing(connection):
        database.add(connection, [sample(second) for second in range(old + 5)])
        before = Cut(T0 + old, 0.0, 0.0)
        steps = [database.thin(connection, before) for _ in range(2)]
        large_bytes = database.size_bytes(connection)
        assert steps == [True, False]
        assert len(list(History(path).samples(0.0, END_S))) == 5
        assert large_bytes < path.stat().st_size or large_bytes < 200_000


@given(
    st.lists(
        st.builds(
            sample,
            st.integers(0, 10**5),
            st.none() | st.integers(1, 10**5),
            stage=st.text(max_size=20).filter(lambda text: text.isprintable()),
        ),
        max_size=20,
        unique_by=lambda record: record.at_s,
    )
)
def test_any_samples_come_back_in_order(records: list[SampleRecord]) -> None:
    """Whatever a server calls its stages."""
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "history.sqlite3"
        write(path, *records)
        found = list(History(path).samples(0.0, END_S))
    assert found == sorted(records, key=lambda record: record.at_s)


def test_the_words_of_an_older_file_become_those_of_today(path: Path) -> None:
    """Also its alerts of levels, by their titles; read before that, it has its own words."""
    path.parent.mkdir()
    titles = {
        "Raised: 1.6 GB": "raised",
        "Still high: 2.1 GB": "high",
        "Critical: 3 GB": "critical",
        "Heading for critical: 2 GB": "forecast",
        "Memory is filling up: 2 GB": "forecast",
    }
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.executescript(f"{''.join(STEPS[:3])} PRAGMA user_version = 3;")
        for title in titles:
            connection.execute(
                "INSERT INTO alerts VALUES (NULL, ?, 'LevelReached', ?, 'x', 'shown')",
                (round(T0 * 1000), title),
            )
        connection.execute(
            "INSERT INTO servers VALUES (NULL, ?, 'returned', 7, 'python')", (round(T0 * 1000),)
        )
    assert {each.kind for each in History(path).alerts(T0, END_S)} == {"LevelReached"}
    write(path, sample(1))
    alerts = {each.title: each.kind for each in History(path).alerts(T0, END_S)}
    assert alerts == titles
    assert [each.what for each in History(path).servers(T0, END_S)] == ["started"]


class TestLives:
    def test_the_newest_life_is_read_back(self, path: Path) -> None:
        """One row for each process of the server."""
        older = replace(LIFE, peak_bytes=MIB)
        other = replace(LIFE, pid=1)
        write(path, LifeRecord(T0, other), LifeRecord(T0 + 1, older), LifeRecord(T0 + 2, LIFE))
        assert History(path).last_life() == LIFE
        with closing(sqlite3.connect(path)) as connection:
            assert connection.execute("SELECT count(*) FROM lives").fetchone() == (2,)

    def test_an_older_file_knows_none_until_it_is_brought_up_to_date(self, path: Path) -> None:
        """It is read before the writer has done so, too; its samples stay."""
        path.parent.mkdir()
        with closing(sqlite3.connect(path)) as connection:
            connection.executescript(f"{STEPS[0]} PRAGMA user_version = 1;")
            database.add(connection, [])
        assert History(path).last_life() is None
        write(path, sample(1))
        write(path, LifeRecord(T0, LIFE))
        assert History(path).last_life() == LIFE
        assert list(History(path).samples(T0, END_S)) == [sample(1)]

    def test_what_cannot_be_read_is_nothing(self, path: Path) -> None:
        """Another version may store it in another form."""
        write(path, LifeRecord(T0, LIFE))
        with closing(sqlite3.connect(path)) as connection, connection:
            connection.execute("UPDATE lives SET carried = x'00'")
        assert History(path).last_life() is None
        assert History(path.with_name("none")).last_life() is None
