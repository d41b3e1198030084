"""Peak, jobs and leak series over a restart of the monitor."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.core.made import TARGET, mb
from tests.core.monitor.test_carried import JOB, LIFE
from tests.core.monitor.told import START_S, WALL_S, Told, started
from tray_app.core.alerts import job_leak
from tray_app.core.analysis.course import extent
from tray_app.core.model.readings import Now
from tray_app.core.monitor import resume
from tray_app.core.monitor.carried import Carried, Figure
from tray_app.core.monitor.inputs import LifeRecalled

SAME = replace(LIFE, pid=TARGET.pid, created_s=TARGET.created_s, at=Now(START_S - 60, WALL_S - 60))


def after(life: Carried) -> Told:
    """A run that is told of this life after its first sample."""
    told = Told(started())
    told.read(0, 300)
    told.happen(0.1, LifeRecalled(life))
    told.read(2, 310)
    return told


def test_the_same_process_has_its_peak_jobs_and_leak_series() -> None:
    """In the next sample, as if the monitor had run on."""
    told = after(SAME)
    assert told.sample.peak_bytes == mb(900)
    assert told.sample.job == JOB
    assert told.sample.kept == SAME.leak.kept
    leak = told.state.alerts.of(job_leak.POLICY)
    assert (leak.row, leak.row_bytes, leak.sizes) == (SAME.leak.row, mb(130), SAME.leak.sizes)
    assert (told.state.jobs.count, told.state.carried) == (3, None)


def test_pictures_go_on_with_the_recorded_minutes() -> None:
    """The time without a monitor is a gap; another life's minutes are not shown."""
    recent = tuple(Figure(WALL_S - 200 + at_s, mb(700), 2.0) for at_s in range(0, 100, 2))
    for life, known_s in ((SAME, 200), (replace(SAME, pid=TARGET.pid + 1), 2)):
        told = Told(started())
        told.read(0, 300)
        told.happen(0.1, LifeRecalled(life, recent))
        told.read(2, 310)
        known = extent(told.state.course, START_S + 2)
        assert known is not None
        assert abs(known.known_s - known_s) <= 12
        assert known.most_bytes == mb(700 if life is SAME else 310)
        assert told.state.carried_recent == ()


def test_the_start_of_a_process_may_be_read_with_a_small_difference() -> None:
    """The clock was adjusted meanwhile."""
    assert after(replace(SAME, created_s=TARGET.created_s + 0.9)).sample.peak_bytes == mb(900)


@pytest.mark.parametrize(
    "change",
    [
        {"pid": TARGET.pid + 1},
        {"created_s": TARGET.created_s - 60},
        {"at": Now(START_S + 10**6, WALL_S - 60)},
    ],
)
def test_another_life_gets_nothing(change: dict[str, object]) -> None:
    """Another pid, the same pid used again, or another boot."""
    told = after(replace(SAME, **change))  # type: ignore[arg-type]
    assert (told.sample.peak_bytes, told.sample.job, told.sample.kept) == (mb(310), None, None)
    assert told.state.carried is None


def test_it_waits_until_the_process_is_known() -> None:
    """An answer of the API alone does not tell whose it is."""
    told = Told(started())
    told.answer(0, 300)
    told.happen(0.1, LifeRecalled(SAME))
    told.answer(2, 300)
    assert told.state.carried is SAME
    told.read(4, 300)
    assert told.state.carried is None


def test_what_is_stored_follows_the_state() -> None:
    """Nothing without a process; then again when the peak, the jobs or the series have changed."""
    told = Told(started())
    assert resume.of(told.state) is None
    told.read(0, 300)
    first = resume.of(told.state)
    assert first is not None
    assert (first.pid, first.created_s, first.peak_bytes) == (*TARGET.identity, mb(300))
    assert resume.differs(None, first)
    told.read(2, 290)
    assert not resume.differs(first, resume.of(told.state) or first)
    told.read(4, 350)
    second = resume.of(told.state)
    assert second is not None
    assert resume.differs(first, second)


def test_a_job_that_ran_at_the_restart_is_not_compared() -> None:
    """Its memory before is not known to this run; the series stands."""
    told = after(replace(SAME, leak=replace(SAME.leak, running=4, before_bytes=mb(100))))
    leak = told.state.alerts.of(job_leak.POLICY)
    assert (leak.running, leak.before_bytes, leak.row) == (None, None, SAME.leak.row)


def test_jobs_of_this_run_come_after_the_carried_ones() -> None:
    """The file may be read late."""
    state = started()
    state = replace(state, jobs=replace(state.jobs, ended=(replace(JOB, number=1),), count=1))
    told = Told(state)
    told.read(0, 300)
    told.happen(0.1, LifeRecalled(SAME))
    told.read(2, 300)
    assert [each.number for each in told.state.jobs.ended] == [3, 4]
    assert told.state.jobs.count == 4
