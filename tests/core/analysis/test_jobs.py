"""Jobs: what each stretch of processing did to memory."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tests.core.made import mb
from tray_app.core.analysis.activity import Activity, ActivityState
from tray_app.core.analysis.jobs import JOBS_KEPT, STAGES_KEPT, Job, Jobs, Measured, update
from tray_app.core.analysis.stage import Stage
from tray_app.core.model.readings import Now, Source

IDLE, BURST, BUSY, PAUSE = "idle", "burst", "busy", "pause"
NO_JOBS = Jobs()


def moment(at_s: float) -> Now:
    return Now(at_s, 1_795_000_000.0 + at_s)


def doing(what: str, at_s: float, stage: str | None = None) -> ActivityState:
    """BURST may be the beginning of work; PAUSE is work without a sign in this sample."""
    busy = what in (BUSY, PAUSE)
    return ActivityState(
        activity=Activity.PROCESSING if busy else Activity.IDLE,
        stage=Stage(stage, inferred=True) if stage else None,
        burst_s=0.5 if what == BURST else 0.0,
        worked_s=at_s if what == BUSY else at_s - 1 if busy else None,
    )


def figure(memory_mb: float | None, source: Source = Source.API) -> Measured | None:
    return None if memory_mb is None else Measured(mb(memory_mb), source)


def lived(*samples: tuple[str, float | None], jobs: Jobs = NO_JOBS, from_s: float = 0.0) -> Jobs:
    """The jobs after these samples (what is done, MB), one each 2 s."""
    for number, (what, memory_mb) in enumerate(samples):
        at_s = from_s + 2.0 * number
        jobs = update(jobs, moment(at_s), doing(what, at_s), figure(memory_mb), lost=False)
    return jobs


def figures(job: Job) -> tuple[int | None, int | None, int | None]:
    """Before, peak and after."""
    return (
        job.before.memory_bytes if job.before else None,
        job.peak_bytes,
        job.after.memory_bytes if job.after else None,
    )


def test_a_job_has_its_times_and_figures() -> None:
    """From the first to the last sign of work, and from quiet to quiet."""
    jobs = lived((IDLE, 126), (BUSY, 300), (BUSY, 532), (PAUSE, 310), (IDLE, 301))
    (job,) = jobs.ended
    assert (job.number, job.started, job.ended) == (1, moment(2), moment(4))
    assert figures(job) == (mb(126), mb(532), mb(301))
    assert (jobs.current, jobs.latest, job.one_source, job.lost) == (None, job, True, False)


def test_before_has_nothing_of_the_job() -> None:
    """Work recognised some readings later began, and grew, before that."""
    jobs = lived((IDLE, 126), (BURST, 200), (BURST, 290), (BUSY, 280))
    assert jobs.current is not None
    assert jobs.current.started == moment(2)
    assert figures(jobs.current) == (mb(126), mb(290), None)


def test_a_burst_is_no_job() -> None:
    """And leaves nothing behind."""
    assert lived((IDLE, 126), (BURST, 200), (IDLE, 130)) == lived((IDLE, 126), (IDLE, 130))


def test_the_next_job_begins_where_the_last_one_left_memory() -> None:
    """That is what is retained."""
    jobs = lived((IDLE, 126), (BUSY, 532), (IDLE, 301))
    jobs = lived((IDLE, 290), (BUSY, 500), (IDLE, 308), jobs=jobs, from_s=6)
    assert [job.number for job in jobs.ended] == [1, 2]
    assert figures(jobs.ended[1]) == (mb(290), mb(500), mb(308))


def test_a_monitor_that_starts_during_a_job_does_not_know_before() -> None:
    """Unknown is not zero."""
    assert figures(lived((BUSY, 532), (IDLE, 301)).ended[0]) == (None, mb(532), mb(301))


def test_what_is_not_read_ends_nothing_and_is_not_measured() -> None:
    """A gap in the readings is a gap."""
    jobs = lived((IDLE, 126), (BUSY, 300), (PAUSE, None), (PAUSE, None), (BUSY, 400))
    assert jobs.current is not None
    assert figures(jobs.current) == (mb(126), mb(400), None)
    jobs = lived((IDLE, None), jobs=jobs, from_s=10)
    assert figures(jobs.ended[0]) == (mb(126), mb(400), None)


def test_a_server_that_is_gone_ends_its_job() -> None:
    """After it there is nothing to measure, and the next server starts from zero."""
    jobs = lived((IDLE, 126), (BUSY, 532))
    jobs = update(jobs, moment(4), doing(IDLE, 4), figure(90), lost=True)
    (job,) = jobs.ended
    assert (job.lost, job.ended, figures(job)) == (True, moment(4), (mb(126), mb(532), None))
    jobs = lived((BUSY, 200), jobs=jobs, from_s=6)
    assert jobs.current is not None
    assert figures(jobs.current) == (None, mb(200), None)


def test_a_job_that_one_sample_saw_has_lasted_until_the_next() -> None:
    """None is of 0 s: it went on after its sign, or it would not have been one."""
    (job,) = lived((IDLE, 126), (BUSY, 300), (IDLE, 301)).ended
    assert (job.started, job.ended) == (moment(2), moment(4))
    (job,) = lived((IDLE, 126), (BUSY, 300), (PAUSE, 300), (PAUSE, 300), (IDLE, 301)).ended
    assert (job.started, job.ended) == (moment(2), moment(4))


def test_the_stages_are_kept_in_their_order() -> None:
    """Each once; a server that says ever new ones does not fill memory."""
    jobs = NO_JOBS
    for number, stage in enumerate(("upload", "frames", None, "frames", "encoding")):
        jobs = update(jobs, moment(number), doing(BUSY, number, stage), None, lost=False)
    assert jobs.current is not None
    assert jobs.current.stages == ("upload", "frames", "encoding")
    for number in range(5, 100):
        busy = doing(BUSY, number, f"stage {number}")
        jobs = update(jobs, moment(number), busy, None, lost=False)
    assert jobs.current is not None
    assert len(jobs.current.stages) == STAGES_KEPT


def test_figures_of_two_sources_are_told() -> None:
    """The API's and the processes' figures of one moment differ by some MB."""
    jobs = lived((IDLE, 126), (BUSY, 300))
    working = doing(BUSY, 4)
    jobs = update(jobs, moment(4), working, figure(310, Source.PROCESS), lost=False)
    assert jobs.current is not None
    assert not jobs.current.one_source


_samples = st.lists(
    st.tuples(
        st.floats(0.2, 10),
        st.sampled_from([IDLE, BURST, BUSY, PAUSE]),
        st.one_of(st.none(), st.floats(0, 3000)),
        st.sampled_from(Source),
        st.booleans() | st.just(False),
    ),
    max_size=80,
)


@given(_samples)
def test_jobs_never_overlap_and_their_peak_is_the_peak(
    samples: list[tuple[float, str, float | None, Source, bool]],
) -> None:
    """Whatever happens: numbered in turn, one at a time, ended not before they began."""
    jobs, at_s, ended = NO_JOBS, 0.0, list[Job]()
    for step_s, what, memory_mb, source, lost in samples:
        at_s += step_s
        before = jobs
        activity = doing(IDLE if lost else what, at_s)
        jobs = update(jobs, moment(at_s), activity, figure(memory_mb, source), lost=lost)
        assert (jobs.current is not None) == activity.is_busy
        if before.current and not jobs.current:
            ended.append(jobs.ended[-1])
            assert jobs.ended[-1].number == before.current.number
    assert jobs.ended == tuple(ended[-JOBS_KEPT:])
    assert [job.number for job in ended] == list(range(1, len(ended) + 1))
    everything = [*ended, jobs.current] if jobs.current else ended
    for job in everything:
        known = [each.memory_bytes for each in (job.before, job.after) if each]
        assert job.peak_bytes is None or all(job.peak_bytes >= each for each in known)
        assert (job.peak_bytes is not None) or not known
        assert job.ended is None or job.ended.mono_s > job.started.mono_s
    for earlier, later in pairwise(everything):
        assert earlier.ended is not None
        assert earlier.ended.mono_s < later.started.mono_s
