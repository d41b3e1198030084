"""What a server uses to start."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.core.made import mb, tree_reading
from tray_app.core.analysis.activity import ActivityState, update
from tray_app.core.analysis.startup import (
    SERVER_STARTS_FOR_S,
    WORKER_STARTS_FOR_S,
    Startup,
    startup,
)
from tray_app.core.model.readings import Now, ProcessReading, ProcessRow, Role, TempUsage

BOOT_S = 1_795_000_000.0


def moment(at_s: float) -> Now:
    return Now(at_s, BOOT_S + at_s)


def server(at_s: float, *, workers: int, cpu_percent: float = 100.0) -> ProcessReading:
    """A server that was started at 0 s."""
    reading = tree_reading(120, at_s, cpu_percent=cpu_percent, workers=workers)
    assert reading.target is not None
    return replace(reading, target=replace(reading.target, created_s=BOOT_S))


def with_child(name: str, created_s: float, at_s: float, *, workers: int = 1) -> ProcessReading:
    """An old server with a child that uses three quarters of the tree's CPU."""
    reading = tree_reading(120, at_s, cpu_percent=120.0, workers=workers)
    child = ProcessRow(43, name, Role.CHILD, mb(60), 90.0, BOOT_S + created_s)
    return replace(reading, rows=(*reading.rows, child))


class TestServer:
    def test_until_it_listens_all_its_cpu_is_its_starts(self) -> None:
        """It imports; so does what it has started meanwhile."""
        starting = server(2.0, workers=0)
        assert startup(starting, moment(2.0), None) == Startup(100.0, whole=True)

    @pytest.mark.parametrize(("workers", "answered_s"), [(1, None), (2, None), (0, 1.5)])
    def test_who_listens_or_has_answered_has_started(
        self, workers: int, answered_s: float | None
    ) -> None:
        """Who listens is not asked at each reading; an answer tells it sooner."""
        assert startup(server(2.0, workers=workers), moment(2.0), answered_s) is None

    def test_an_answer_of_the_server_before_it_says_nothing(self) -> None:
        """It was killed, and started again on the same port."""
        assert startup(server(2.0, workers=0), moment(2.0), -1.0) is not None

    def test_one_that_never_listens_has_started_some_time(self) -> None:
        """Behind a socket file, for example."""
        late_s = SERVER_STARTS_FOR_S + 1
        assert startup(server(late_s, workers=0), moment(late_s), None) is None


class TestWorker:
    @pytest.mark.parametrize("name", ["python", "python3.11", "uvicorn", "gunicorn: worker [main]"])
    def test_a_young_one_starts(self, name: str) -> None:
        """After a reload, or in the place of one that was killed."""
        reading = with_child(name, 95.0, 100.0)
        assert startup(reading, moment(100.0), 94.0) == Startup(90.0)

    @pytest.mark.parametrize("name", ["ffmpeg", "ffprobe", "sh"])
    def test_the_tools_of_a_job_do_not(self, name: str) -> None:
        """They come and go all the time."""
        assert startup(with_child(name, 95.0, 100.0), moment(100.0), None) is None

    def test_it_has_started_when_it_answers_or_is_old(self) -> None:
        """Of several nobody knows which has answered."""
        assert startup(with_child("python", 95.0, 100.0), moment(100.0), 99.0) is None
        several = with_child("python", 95.0, 100.0, workers=2)
        assert startup(several, moment(100.0), 99.0) == Startup(90.0)
        late_s = 95.0 + WORKER_STARTS_FOR_S
        assert startup(with_child("python", 95.0, late_s), moment(late_s), None) is None

    def test_it_has_no_more_than_the_tree(self) -> None:
        """Their figures are of different moments."""
        reading = replace(with_child("python", 95.0, 100.0), cpu_percent=60.0)
        assert startup(reading, moment(100.0), None) == Startup(60.0)


class TestNoWork:
    """The activity of a server that starts."""

    def starts(self, *, until_s: float, files: int = 0) -> ActivityState:
        """A reading each half second; its memory climbs by 40 MB in each."""
        state = ActivityState()
        for number in range(20):
            at_s = number / 2
            memory_mb = 40 + 40 * min(at_s, until_s)
            cpu_percent = 100.0 if at_s <= until_s else 1.0
            workers = int(at_s >= until_s)
            reading = tree_reading(memory_mb, at_s, cpu_percent=cpu_percent, workers=workers)
            assert reading.target is not None
            reading = replace(reading, target=replace(reading.target, created_s=BOOT_S))
            temp = TempUsage(mb(20), files, at_s, ("thumbnail_x.jpg",)) if at_s >= 1 else None
            start = startup(reading, moment(at_s), None)
            state = update(state, at_s, None, reading, temp, startup=start)
            assert not state.is_busy
        return state

    @pytest.mark.parametrize("until_s", [0.5, 1.5, 5.0])
    def test_to_import_modules_is_none(self, until_s: float) -> None:
        """However long; nor is the last of it, in the reading that sees it listen."""
        assert not self.starts(until_s=until_s).stirs

    def test_what_a_killed_one_left_is_none(self) -> None:
        """The first figure of tmp is where a server begins."""
        state = self.starts(until_s=2.5, files=3)
        assert (state.stirs, state.idle_files) == (False, 3)

    def test_its_first_video_is_seen(self) -> None:
        """Some moments later."""
        state = self.starts(until_s=2.5, files=3)
        working = tree_reading(200, 11.0, cpu_percent=40)
        temp = TempUsage(mb(40), 4, 11.0, ("run.mp4",))
        assert update(state, 11.0, None, working, temp).is_busy
