"""What a recorded time amounts to."""

from __future__ import annotations

from itertools import pairwise

import pytest
from msgspec.structs import replace

from tests.history.made import MIB, T0, sample
from tray_app.core.alerts.limits import AlertLimits, Level
from tray_app.core.alerts.room import Short
from tray_app.core.history.records import AlertRecord, GapRecord, JobRecord, ServerRecord
from tray_app.core.history.verdict import (
    LeakKind,
    Now,
    Past,
    Peak,
    Times,
    Upcoming,
    happened,
    leaking,
    upcoming,
)

LIMITS = AlertLimits()
END_S = T0 + 86400.0


def job(number: int, *, before: int = 100, peak: int = 500, kept: int | None = 0) -> JobRecord:
    """The job of minute ``number``; sizes in MB."""
    start_s = T0 + 60.0 * number
    after = None if kept is None else (before + kept) * MIB
    return JobRecord(
        number=number,
        started_s=start_s,
        ended_s=start_s + 40.0,
        before_bytes=before * MIB,
        peak_bytes=peak * MIB,
        after_bytes=after,
        kept_bytes=None if kept is None else kept * MIB,
    )


def alert(kind: str, at_s: float = 500.0) -> AlertRecord:
    return AlertRecord(T0 + at_s, kind, "title", "text")


def server(what: str, at_s: float = 0.0) -> ServerRecord:
    return ServerRecord(T0 + at_s, what, 42, "uvicorn")


class TestHappened:
    def test_what_lies_in_the_time_counts(self) -> None:
        """Jobs by their end, alerts and ends by their moment; a gap with its part."""
        past = Past(
            [job(0), job(2), replace(job(3), lost=True), job(9)],
            [
                alert("gone", 50),
                alert("hung", 200),
                alert("hung", 400),
                alert("machine_short", 600),
            ],
            [server("ended", 130), server("started", 140), server("restarted", 300)],
            [GapRecord(T0, T0 + 220, "off")],
        )
        found = happened(past, T0 + 100, T0 + 500, Peak(3000 * MIB, T0 + 200), LIMITS)
        assert (found.jobs, found.lost) == (2, 1)
        assert found.hung == Times(2, T0 + 400)
        assert found.gone is None
        assert found.machine_short is None
        assert found.unwatched_s == 120.0

    @pytest.mark.parametrize(
        ("peak_mb", "level"),
        [
            *((1400, Level.NONE), (1500, Level.NONE), (1501, Level.RAISED)),
            *((2001, Level.HIGH), (3001, Level.CRITICAL)),
        ],
    )
    def test_the_level_is_that_of_the_peak(self, peak_mb: int, level: Level) -> None:
        """The highest whose limit it was above."""
        peak = Peak(peak_mb * MIB, T0)
        assert happened(Past(), T0, END_S, peak, LIMITS).level is level

    def test_ends_that_made_an_alert_count(self) -> None:
        """Who restarts an idle server knows it."""
        past = Past(alerts=[alert("gone")], servers=[server("ended", 500), server("ended", 600)])
        assert happened(past, T0, END_S, None, LIMITS).gone == Times(1, T0 + 500)

    def test_a_short_gap_is_not_told(self) -> None:
        """Less than a twentieth of the time, or a minute."""
        gaps = [GapRecord(T0 + 5, T0 + 50, "paused")]
        assert happened(Past(gaps=gaps), T0, T0 + 100, None, LIMITS).unwatched_s == 0.0
        gaps = [GapRecord(T0, T0 + 70, "paused")]
        assert happened(Past(gaps=gaps), T0, T0 + 1500, None, LIMITS).unwatched_s == 0.0
        assert happened(Past(gaps=gaps), T0, T0 + 1000, None, LIMITS).unwatched_s == 70.0


class TestLeaking:
    def test_two_jobs_tell_nothing(self) -> None:
        """Nor do those of the server's life before, or one that the server's end cut off."""
        earlier = [job(number) for number in range(9)]
        jobs = [*earlier, job(11), job(12), replace(job(13), lost=True)]
        found = leaking(Past(jobs, [alert("leak")], [server("started", 600)]), LIMITS)
        assert (found.kind, found.jobs, found.since_s) == (LeakKind.UNKNOWN, 2, T0 + 600)
        assert found.before_s == T0 + 500

    def test_memory_that_stays_is_no_leak(self) -> None:
        """Between its least and most."""
        jobs = [job(number, before=300, kept=number % 3) for number in range(9)]
        found = leaking(Past(jobs), LIMITS)
        assert (found.kind, min(found.series), max(found.series)) == (
            *(LeakKind.NONE, 300 * MIB, 302 * MIB),
        )

    def test_the_first_jobs_of_a_life_warm_the_server_up(self) -> None:
        """Recorded: three kept 433 MB, the next ones 45."""
        sizes = [100, 300, 450, 533, 540, 545, 541, 543]
        jobs = [
            job(number, before=before, kept=after - before)
            for number, (before, after) in enumerate(pairwise(sizes))
        ]
        found = leaking(Past(jobs, (), [server("started", -5)]), LIMITS)
        assert (found.kind, min(found.series)) == (LeakKind.NONE, 540 * MIB)

    def test_little_by_little_is_a_leak_too(self) -> None:
        """9 MB a job, of which no alert speaks."""
        jobs = [job(number, before=100 + 9 * number, kept=9) for number in range(20)]
        found = leaking(Past(jobs), LIMITS)
        assert (found.kind, found.series[0], found.series[-1]) == (
            *(LeakKind.SLOW, 109 * MIB, 280 * MIB),
        )

    @pytest.mark.parametrize("count", [5, 6])
    def test_a_slow_leak_needs_six_jobs(self, count: int) -> None:
        """Two halves of three, each of which rises."""
        jobs = [job(number, before=100 + 20 * number, kept=20) for number in range(count)]
        kind = leaking(Past(jobs), LIMITS).kind
        assert kind is (LeakKind.SLOW if count == 6 else LeakKind.NONE)

    def test_one_step_is_no_slow_leak(self) -> None:
        """A larger video; nothing rises after it."""
        jobs = [job(number, before=100 if number < 10 else 400) for number in range(20)]
        assert leaking(Past(jobs), LIMITS).kind is LeakKind.NONE

    @pytest.mark.parametrize(
        ("kept", "kind"), [((90, 90, 90), LeakKind.JOBS), ((90, 2, 3, 1), LeakKind.NONE)]
    )
    def test_an_alert_counts_until_three_jobs_in_a_row_keep_little(
        self, kept: tuple[int, ...], kind: LeakKind
    ) -> None:
        """The policy's word is the first."""
        jobs = [job(number, kept=each) for number, each in enumerate(kept)]
        found = leaking(Past(jobs, [alert("leak", 190)]), LIMITS)
        assert (found.kind, found.told_s) == (kind, T0 + 190)

    def test_growth_without_a_job_is_one_as_well(self) -> None:
        """Without any job."""
        assert leaking(Past(alerts=[alert("growth")]), LIMITS).kind is LeakKind.IDLE


class TestUpcoming:
    def test_like_jobs_tell_what_the_next_one_needs(self) -> None:
        """From the newest sample's memory on."""
        jobs = [job(number, peak=1500) for number in range(4)]
        newest = sample(0, 100, activity="idle", available_bytes=9000 * MIB)
        found = upcoming(jobs, newest, T0 + 2, LIMITS)
        assert found.next is not None
        assert (found.now, found.next.needs_bytes, found.next.short) == (
            *(Now.IDLE, 1400 * MIB, None),
        )
        tight = replace(newest, available_bytes=900 * MIB)
        scarce = upcoming(jobs, tight, T0 + 2, LIMITS)
        assert scarce.next is not None
        assert scarce.next.short is Short.MACHINE

    def test_what_is_free_is_told_of_a_server_at_rest_alone(self) -> None:
        """Not during a job, without a reading, or of an old one."""
        jobs = [job(number, peak=1500) for number in range(4)]
        idle = sample(0, 100, activity="idle")
        told = [
            upcoming(jobs, newest, to_s, LIMITS)
            for newest, to_s in (
                (replace(idle, activity="processing"), T0 + 2),
                (replace(idle, memory_bytes=None), T0 + 2),
                (idle, T0 + 3600),
                (None, T0),
            )
        ]
        assert [each.now for each in told] == [Now.BUSY, Now.AWAY, Now.AWAY, Now.AWAY]
        assert {(each.next, each.free_bytes, each.usual_bytes) for each in told} == {
            (None, None, 1400 * MIB)
        }

    def test_jobs_that_differ_fit_if_the_largest_does(self) -> None:
        """Below critical, and in what the machine has."""
        jobs = [job(number, peak=peak) for number, peak in enumerate((300, 900, 2000, 700))]
        idle = sample(0, 100, activity="idle", available_bytes=9000 * MIB)
        found = upcoming(jobs, idle, T0 + 2, LIMITS)
        assert (found.next, found.least_bytes, found.most_bytes) == (None, 200 * MIB, 1900 * MIB)
        assert found.all_fit
        assert not upcoming(jobs, replace(idle, memory_bytes=1200 * MIB), T0 + 2, LIMITS).all_fit
        assert not upcoming(jobs, replace(idle, available_bytes=MIB), T0 + 2, LIMITS).all_fit
        assert not Upcoming(Now.AWAY, 9, most_bytes=1).all_fit
