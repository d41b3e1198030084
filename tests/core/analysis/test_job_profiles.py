"""What jobs needed tells what the next one will need, unless they differ too much."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.made import mb
from tray_app.core.analysis.job_profiles import Learned, Profile, profile_of, update
from tray_app.core.analysis.jobs import Job, Measured
from tray_app.core.model.readings import Now, Source


def job(before_mb: float, peak_mb: float) -> Job:
    before = Measured(mb(before_mb), Source.API)
    moment = Now(0.0, 1_795_000_000.0)
    return Job(1, moment, moment, before, None, mb(peak_mb))


def learned(*figures: tuple[float, float]) -> Profile:
    profile = profile_of([job(*each) for each in figures])
    assert profile is not None
    assert profile.alike
    return profile


def is_told(*figures: tuple[float, float]) -> bool:
    """Whether they tell what the next one needs."""
    profile = profile_of([job(*each) for each in figures])
    return profile is not None and profile.alike


def test_three_jobs_that_need_the_same_tell_the_next() -> None:
    """The median, and what nine of ten stay within."""
    profile = learned((120, 1500), (130, 1550), (125, 1520))
    assert profile.typical_bytes(mb(140)) == mb(140 + 1395)
    assert profile.most_bytes(mb(140)) == mb(140 + 1420)
    assert len(profile.tops) == 3


def test_two_jobs_tell_nothing() -> None:
    """Nor do jobs whose figures are not known."""
    assert not is_told((120, 1500), (130, 1550))
    assert is_told((120, 1500), (130, 1550), (125, 1520))
    unknown = Job(3, Now(0.0, 0.0))
    profile = profile_of([job(120, 1500), job(130, 1550), unknown])
    assert profile is not None
    assert not profile.alike
    assert profile_of([unknown] * 3) is None


def test_jobs_that_differ_too_much_tell_nothing() -> None:
    """By more than half of what they need."""
    assert is_told((132, 356), (132, 358), (132, 440))
    assert not is_told((132, 356), (132, 358), (132, 600))


def test_a_server_that_keeps_its_memory_climbs_to_the_same_height() -> None:
    """Recorded: five like jobs of one process. The third and fourth tell the peak of the next one
    to 10 MB. After a restart the whole height is needed."""
    recorded = [(208.5, 433.0), (309.9, 448.9), (258.3, 449.9), (298.6, 442.8), (266.2, 453.1)]
    for count in (3, 4):
        profile = learned(*recorded[:count])
        start, peak = recorded[count]
        assert profile.by_top
        assert abs(profile.typical_bytes(mb(start)) - mb(peak)) < mb(10)
        assert 433 <= profile.typical_bytes(mb(132)) / mb(1) <= 450


def test_a_leak_on_top_moves_the_range_along() -> None:
    """Each job needs the same above where the last one left memory."""
    profile = learned((300, 1300), (500, 1500), (700, 1700), (900, 1900))
    assert not profile.by_top
    assert profile.typical_bytes(mb(1100)) == mb(2100)


def test_of_ten_jobs_one_may_differ() -> None:
    """90 % count."""
    alike = [job(120, 1500)] * 9
    profile = profile_of([*alike, job(120, 4000)])
    assert profile is not None
    assert profile.most_bytes(mb(120)) == mb(1500)


def test_jobs_that_got_as_far_tell_where_one_that_runs_ends() -> None:
    """With a tenth of what they need above their peak: from there on it is like none of them."""
    profile = learned((100, 1100), (100, 1120), (100, 1300))
    assert profile.ends(mb(100), mb(1000), mb(1500)) == (3, 0)
    assert profile.ends(mb(100), mb(1000), mb(1200)) == (2, 1)
    assert profile.ends(mb(100), mb(1250), mb(1300)) == (0, 1)
    assert profile.ends(mb(100), mb(1450), mb(1500)) == (0, 0)


def test_unlike_jobs_tell_that_too() -> None:
    """Each alone: small ones and large ones."""
    profile = profile_of([job(100, 300), job(100, 310), job(100, 2600)])
    assert profile is not None
    assert not profile.alike
    assert profile.ends(mb(100), mb(200), mb(2500)) == (2, 1)
    assert profile.ends(mb(100), mb(400), mb(2500)) == (0, 1)


def test_the_same_jobs_are_counted_once() -> None:
    """The profile changes when a job ends, not with each sample."""
    jobs = (job(100, 1100),) * 3
    first = update(Learned(), jobs)
    assert first.profile is not None
    assert update(first, jobs) is first
    assert update(first, (*jobs, job(100, 1100))).profile != first.profile


@given(st.lists(st.tuples(st.integers(0, mb(9000)), st.integers(0, mb(9000))), max_size=25))
def test_whatever_jobs_there_were_the_most_is_no_less_than_the_usual(
    figures: list[tuple[int, int]],
) -> None:
    """And a job that starts higher ends no lower."""
    moment = Now(0.0, 0.0)
    jobs = [
        Job(1, moment, moment, Measured(low, Source.API), None, low + rise) for low, rise in figures
    ]
    profile = profile_of(jobs)
    if profile is not None:
        usual = [profile.typical_bytes(start) for start in (0, mb(500), mb(5000))]
        assert usual == sorted(usual)
        assert profile.most_bytes(mb(500)) >= usual[1]


@pytest.mark.parametrize("count", range(3, 21))
def test_the_upper_end_covers_nine_of_ten(count: int) -> None:
    """Of fewer than ten all."""
    profile = learned(*((100, 1000 + number) for number in range(count)))
    covered = sum(1000 + number <= profile.most_bytes(mb(100)) / mb(1) for number in range(count))
    assert covered >= 0.9 * count
    assert covered == count or count >= 10
