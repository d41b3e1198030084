"""What a process tree holds, with what its processes share counted once."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.core.made import TARGET, answer, found, mb, tree_reading
from tray_app.core.alerts.levels import LevelReached
from tray_app.core.alerts.limits import Level
from tray_app.core.alerts.system_memory import MachineShort
from tray_app.core.analysis.bands import Band
from tray_app.core.analysis.shared_memory import corrected
from tray_app.core.config.settings import Settings
from tray_app.core.model.presets import Mode
from tray_app.core.model.readings import (
    GIB,
    MemoryKind,
    Now,
    PollReading,
    ProcessReading,
    ProcessRow,
    ProcessShare,
    Role,
    Sharing,
)
from tray_app.core.monitor import poll_bounds
from tray_app.core.monitor.events import Event
from tray_app.core.monitor.inputs import Answered, SourcesRead
from tray_app.core.monitor.state import State, begin
from tray_app.core.monitor.step import step

PENDING = Sharing(is_pending=True)


def row(pid: int, rss_mb: float, name: str = "gunicorn") -> ProcessRow:
    role = Role.TARGET if pid == 42 else Role.CHILD
    return ProcessRow(pid, name, role, mb(rss_mb), 1.0, float(pid))


def tree(*rows: ProcessRow, at_s: float = 0.0) -> ProcessReading:
    return ProcessReading(at_s, None, TARGET, rows, worker_count=max(1, len(rows) - 1))


def share(of: ProcessRow, own_mb: float, pss_mb: float | None) -> ProcessShare:
    pss_bytes = None if pss_mb is None else mb(pss_mb)
    return ProcessShare(of.pid, of.created_s, of.name, of.rss_bytes, mb(own_mb), pss_bytes)


FORKED = tuple(row(42 + each, 502) for each in range(7))
"""500 MB that seven processes share, and 2 MB of each."""
MEASURED = Sharing(tuple(share(each, 2, 73) for each in FORKED))


def footprint_mb(reading: ProcessReading, sharing: Sharing | None) -> tuple[float, MemoryKind]:
    found = corrected(reading, sharing)
    assert found.footprint_bytes is not None
    return round(found.footprint_bytes / mb(1), 1), found.kind


def test_one_process_has_its_rss() -> None:
    """That is what everybody compares with."""
    alone = row(42, 502)
    for sharing in (None, PENDING, Sharing((share(alone, 300, 310),))):
        assert footprint_mb(tree(alone), sharing) == (502, MemoryKind.RSS)


def test_forked_workers_hold_what_they_share_once() -> None:
    """514 MB where the sum of RSS is 3514."""
    found = corrected(tree(*FORKED), MEASURED)
    assert found.rss_bytes == mb(3514)
    assert footprint_mb(tree(*FORKED), MEASURED) == (514, MemoryKind.SHARED_ONCE)
    assert found.rows == FORKED, "each process has its RSS"


def test_without_pss_it_is_the_own_memory_and_the_largest_shared_part() -> None:
    """As on platforms that do not tell PSS."""
    sharing = Sharing(tuple(share(each, 2, None) for each in FORKED))
    assert footprint_mb(tree(*FORKED), sharing) == (514, MemoryKind.SHARED_ONCE)


def test_two_groups_that_share_are_told_apart_by_pss() -> None:
    """The largest shared part is one group's only."""
    rows = row(42, 400), row(43, 400), row(44, 300, "pool"), row(45, 300, "pool")
    shares = Sharing(tuple(share(each, 0, each.rss_bytes / mb(1) / 2) for each in rows))
    assert footprint_mb(tree(*rows), shares) == (700, MemoryKind.SHARED_ONCE)


def test_a_helper_brings_what_it_has_and_takes_nothing_away() -> None:
    """Measured by page frames: a server (51.7 MB, 35.0 its own) and an ffmpeg (253.5, 239.6) hold
    301.3 MB. What ffmpeg shares, another one of the machine has."""
    server, ffmpeg = row(42, 51.7), row(43, 253.5, "ffmpeg")
    sharing = Sharing((share(server, 35.0, 38.1), share(ffmpeg, 239.6, 242.4)))
    counted_mb, kind = footprint_mb(tree(server, ffmpeg), sharing)
    assert counted_mb == pytest.approx(301.3, abs=5.0)
    assert kind is MemoryKind.SHARED_ONCE


def test_spawned_workers_have_their_libraries_once() -> None:
    """Measured by page frames: uvicorn with two workers of which one holds 150 MB more, 259.6 MB
    where the sum of RSS is 292.9."""
    rows = row(42, 26.3, "uvicorn"), row(43, 12.7, "python"), row(44, 51.3, "python")
    rows = (*rows, row(45, 202.6, "python"))
    own = ((15.6, 16.1), (6.3, 6.5), (34.9, 37.8), (186.0, 188.9))
    sharing = Sharing(tuple(share(each, *its) for each, its in zip(rows, own, strict=True)))
    assert footprint_mb(tree(*rows), sharing)[0] == pytest.approx(259.6, abs=0.3)


def test_what_was_forked_and_has_named_itself_is_shared() -> None:
    """Too much for libraries."""
    rows = row(42, 500, "gunicorn"), row(43, 498, "pool-worker"), row(44, 60, "ffmpeg")
    sharing = Sharing((share(rows[0], 20, 240), share(rows[1], 18, 238), share(rows[2], 50, 51)))
    assert footprint_mb(tree(*rows), sharing)[0] == 20 + 18 + 480 + 60


def test_growth_since_the_measurement_is_the_processs_own() -> None:
    """And so is what was given back."""
    grown = (*FORKED[:6], replace(FORKED[6], rss_bytes=mb(602)))
    assert footprint_mb(tree(*grown), MEASURED)[0] == 614


def test_who_has_ended_leaves_the_others_what_they_shared() -> None:
    """Six workers killed: the master has what it always had."""
    assert footprint_mb(tree(*FORKED[:1]), MEASURED) == (502, MemoryKind.RSS)
    assert footprint_mb(tree(*FORKED[:2]), MEASURED)[0] == 504


def test_who_cannot_be_asked_counts_in_full() -> None:
    """And the text says that it may be too high if they may have been forked."""
    for sharing in (None, Sharing()):
        assert footprint_mb(tree(*FORKED), sharing) == (3514, MemoryKind.RSS_SUM)
    rows = row(42, 300), row(43, 100, "ffmpeg"), row(44, 2)
    assert footprint_mb(tree(*rows), Sharing()) == (402, MemoryKind.SHARED_ONCE)


def test_who_is_being_asked_counts_as_sharing_all() -> None:
    """It is no less than the largest of them, and said to be unmeasured."""
    assert footprint_mb(tree(*FORKED), PENDING) == (502, MemoryKind.UNMEASURED)
    server, small = row(42, 300), row(43, 2, "sh")
    measured_server = Sharing((share(server, 290, 291),), is_pending=True)
    assert footprint_mb(tree(server, small), measured_server) == (302, MemoryKind.SHARED_ONCE)


@st.composite
def measured(draw: st.DrawFn) -> tuple[tuple[ProcessRow, ...], Sharing]:
    """Any tree, and any measurement of any part of it."""
    rows, shares = [], []
    for pid in range(42, 42 + draw(st.integers(2, 6))):
        now = row(pid, draw(st.integers(0, 3000)), draw(st.sampled_from(["a", "b"])))
        then = replace(now, rss_bytes=mb(draw(st.integers(0, 3000))))
        rows.append(now)
        if draw(st.booleans()):
            own = draw(st.floats(0, then.rss_bytes / mb(1)))
            pss = draw(st.none() | st.floats(own, then.rss_bytes / mb(1)))
            shares.append(share(then, own, pss))
    return tuple(rows), Sharing(tuple(shares), draw(st.booleans()))


@given(measured())
def test_it_is_between_the_largest_process_and_the_sum(
    case: tuple[tuple[ProcessRow, ...], Sharing],
) -> None:
    """Whatever was measured, and however old it is."""
    rows, sharing = case
    found = corrected(tree(*rows), sharing)
    assert found.footprint_bytes is not None
    sizes = [each.rss_bytes for each in rows]
    assert max(sizes) - 1 <= found.footprint_bytes <= sum(sizes)


class Watched:
    """A monitor of the processes, read every 2 s."""

    def __init__(self, mode: Mode = Mode.FALLBACK) -> None:
        settings = replace(Settings(), mode=mode)
        self.now_s = 100.0
        self.events: list[Event] = []
        self.state: State = begin(settings, settings, self.now(), local=True)

    def now(self) -> Now:
        return Now(self.now_s, 1e9 + self.now_s)

    def see(self, rows: tuple[ProcessRow, ...], sharing: Sharing, after_s: float = 2.0) -> None:
        self.now_s += after_s
        reading = tree(*rows, at_s=self.now_s)
        self.state, events = step(self.state, SourcesRead(reading, sharing=sharing), self.now())
        self.events += events

    @property
    def shown(self) -> tuple[float | None, Band]:
        sample = self.state.sample
        assert sample is not None
        memory_bytes = sample.memory_bytes
        return None if memory_bytes is None else memory_bytes / mb(1), sample.band


def test_a_forked_server_is_never_red() -> None:
    """Not in its first sample, nor when it forks, measured in time or not; nothing is said, and
    the peak is what it held."""
    watched = Watched()
    watched.see(FORKED, PENDING)
    assert watched.shown == (502, Band.YELLOW)
    watched.see(FORKED, MEASURED, after_s=0.1)
    assert watched.shown == (514, Band.YELLOW)
    twice = (*FORKED, *(row(60 + each, 502) for each in range(6)))
    watched.see(twice, replace(MEASURED, is_pending=True))
    assert watched.shown == (516, Band.YELLOW)
    watched.see(twice, Sharing(tuple(share(each, 2, 40) for each in twice)))
    assert watched.shown == (526, Band.YELLOW)
    assert watched.state.peak_bytes == mb(526)
    assert not found(watched.events, LevelReached)


def test_an_unmeasured_figure_is_shown_and_judged_by_nobody() -> None:
    """Neither band nor peak nor rate follow from it; the JSON says what it is."""
    watched = Watched()
    for _ in range(4):
        watched.see((row(42, 1200),), Sharing())
    watched.see((row(42, 400), row(43, 400)), PENDING)
    sample = watched.state.sample
    assert sample is not None
    assert watched.shown == (400, Band.ORANGE)
    assert (sample.memory_kind, sample.rate_bytes_s) == (MemoryKind.UNMEASURED, 0.0)
    assert watched.state.peak_bytes == mb(1200)


def test_copies_are_told_when_they_are_measured() -> None:
    """RSS is the same all the time."""
    watched = Watched()
    watched.see(FORKED, MEASURED)
    copied = Sharing(tuple(share(each, 490, 491) for each in FORKED))
    watched.see(FORKED, copied)
    assert watched.shown[1] is Band.RED
    (alerted,) = found(watched.events, LevelReached)
    assert alerted.level is Level.CRITICAL


def test_fast_polls_mean_the_same() -> None:
    """They sum up RSS; a limit is crossed by what the tree holds."""
    watched = Watched()
    large = tuple(row(42 + each, 980) for each in range(7))
    watched.see(large, Sharing(tuple(share(each, 2, 100) for each in large)))
    assert watched.shown == (992, Band.YELLOW)
    bounds = poll_bounds.bounds_of(watched.state)
    assert not poll_bounds.is_outside(bounds, PollReading(mb(7 * 980)), watched.now_s + 0.2)
    assert not poll_bounds.is_outside(bounds, PollReading(mb(7 * 980 + 7)), watched.now_s + 0.2)
    assert poll_bounds.is_outside(bounds, PollReading(mb(7 * 980 + 9)), watched.now_s + 0.2)
    watched.see(FORKED, MEASURED)
    bounds = poll_bounds.bounds_of(watched.state)
    assert not poll_bounds.is_outside(bounds, PollReading(mb(3514 - 10)), watched.now_s + 1.5)
    assert poll_bounds.is_outside(bounds, PollReading(mb(3514 - 20)), watched.now_s + 1.5)


def test_what_polls_have_seen_is_no_peak_of_memory_that_is_shared() -> None:
    """They sum RSS, including processes that started or ended since the last sample."""
    watched = Watched()
    for rows in (FORKED, FORKED[:3], FORKED):
        watched.now_s += 2.0
        happened = SourcesRead(
            tree(*rows, at_s=watched.now_s), sharing=MEASURED, peak_rss_bytes=mb(3514)
        )
        watched.state = step(watched.state, happened, watched.now())[0]
        assert watched.state.peak_bytes == mb(514)


def test_a_helper_of_the_answering_process_shares_with_it() -> None:
    """The API tells the worker's RSS; what a forked helper has beside that is added."""
    watched = Watched(Mode.AUTO)
    server, helper = row(42, 500), row(43, 498)
    sharing = Sharing((share(server, 20, 260), share(helper, 18, 258)))
    watched.now_s += 2.0
    watched.state = step(watched.state, Answered(answer(500, watched.now_s)), watched.now())[0]
    reading = replace(tree(server, helper, at_s=watched.now_s), answering_rss_bytes=mb(500))
    watched.state = step(watched.state, SourcesRead(reading, sharing=sharing), watched.now())[0]
    assert watched.shown[0] == pytest.approx(518)
    assert watched.state.sample is not None
    assert watched.state.sample.memory_kind is MemoryKind.SHARED_ONCE


def test_the_machines_holders_have_the_server_once() -> None:
    """Its processes are one, with what they hold together."""
    reading = tree_reading(300, 0.0)
    assert reading.system is not None
    watched = Watched()
    short = replace(reading.system, available_bytes=GIB // 4)
    for _ in range(3):
        watched.now_s += 2.0
        tight = replace(tree(*FORKED, at_s=watched.now_s), system=short)
        watched.state, events = step(
            watched.state, SourcesRead(tight, sharing=MEASURED), watched.now()
        )
        watched.events += events
    (scarce,) = found(watched.events, MachineShort)
    assert [each.rss_bytes for each in scarce.holders] == [mb(514)]  # type: ignore[union-attr]


def test_a_fork_is_no_work() -> None:
    """The sum of RSS climbs by gigabytes, and nothing is held that was not before."""
    watched = Watched()
    for rows, sharing in (
        (FORKED[:1], Sharing()),
        (FORKED[:1], Sharing()),
        (FORKED, PENDING),
        (FORKED, MEASURED),
        (FORKED, MEASURED),
    ):
        watched.see(rows, sharing)
        assert watched.state.jobs.latest is None
        assert not watched.state.activity.is_busy
