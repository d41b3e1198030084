"""What is recorded of samples and events."""

from __future__ import annotations

from msgspec.structs import replace

from tests.core.made import mb
from tests.core.presentation.samples import HEALTHY
from tray_app.core.alerts.job_leak import RetainedMemory
from tray_app.core.analysis.jobs import Job, Measured
from tray_app.core.history.records import (
    PROCESSES_KEPT,
    JobRecord,
    ServerRecord,
    records_of,
    sample_record,
)
from tray_app.core.model.readings import Now, ProcessRow, Role, Source
from tray_app.core.monitor.events import (
    JobCompared,
    JobEnded,
    Sampled,
    SourceChanged,
    TargetChanged,
)
from tray_app.core.server.target_tracker import Change, Transition


def row(pid: int, memory_mb: int) -> ProcessRow:
    return ProcessRow(pid, f"p{pid}", Role.CHILD, mb(memory_mb), 0.0, descriptors=pid)


def test_a_sample_keeps_its_figures_and_words() -> None:
    """As JSON names them."""
    (record,) = records_of(Sampled(HEALTHY))
    assert record == sample_record(HEALTHY)
    assert (record.at_s, record.source, record.memory_bytes) == (1e9, "api", HEALTHY.memory_bytes)


def test_one_process_needs_no_list() -> None:
    """Its memory is the sample's."""
    assert sample_record(replace(HEALTHY, rows=(row(1, 500),))).processes == ()


def test_many_processes_become_the_largest_and_a_rest() -> None:
    """In sum they are the same; the server itself is the first."""
    rows = tuple(row(pid, 10 * pid) for pid in range(1, PROCESSES_KEPT + 4))
    shares = sample_record(replace(HEALTHY, rows=rows)).processes
    assert len(shares) == PROCESSES_KEPT + 1
    assert (shares[0].pid, shares[1].pid) == (1, PROCESSES_KEPT + 3)
    assert shares[-1].name == "others"
    assert sum(share.rss_bytes for share in shares) == sum(each.rss_bytes for each in rows)


def test_unknown_descriptors_are_no_sum() -> None:
    """Of the rest alone it would be too small."""
    rows = (row(1, 10), replace(row(2, 10), descriptors=None))
    assert sample_record(replace(HEALTHY, rows=rows)).descriptors is None
    assert sample_record(replace(HEALTHY, rows=(row(1, 10), row(2, 10)))).descriptors == 3


def test_a_job_is_kept_when_it_ends_and_again_with_what_it_kept() -> None:
    """Under one number and start."""
    job = Job(3, Now(10, 1010), Now(51, 1051), Measured(mb(126), Source.API), peak_bytes=mb(532))
    (ended,) = records_of(JobEnded(job, HEALTHY))
    assert ended == JobRecord(3, 1010, 1051, mb(126), mb(532))
    (compared,) = records_of(JobCompared(RetainedMemory(job, mb(126), mb(9)), HEALTHY))
    assert compared == replace(ended, kept_bytes=mb(9))


def test_the_servers_life_is_kept() -> None:
    """Which process, and what became of it."""
    target = HEALTHY.target
    assert target is not None
    change = Change(Transition.ENDED, target)
    (record,) = records_of(TargetChanged(change, HEALTHY))
    assert record == ServerRecord(1e9, "ended", target.pid, target.name)


def test_most_events_leave_nothing() -> None:
    """They are for people, or in the samples."""
    assert records_of(SourceChanged(HEALTHY)) == ()
