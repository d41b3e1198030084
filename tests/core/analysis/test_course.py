"""Memory of the last 10 min, for pictures."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tray_app.core.analysis.course import (
    BUCKETS,
    FINE_BUCKET_S,
    Bucket,
    Course,
    Extent,
    begun_again,
    cells,
    extent,
    joined,
    parts,
    update,
)

EVERY_S = 2.0


def after(*readings: tuple[float, int | None], every_s: float = EVERY_S) -> Course:
    """The state after these figures at these moments."""
    state = Course()
    for now_s, memory_bytes in readings:
        state = update(state, now_s, memory_bytes, None, every_s)
    return state


def test_ten_seconds_are_one_bucket() -> None:
    """With the least and the most in them."""
    state = after((0, 100), (2, 300), (8, 200), (10, 250))
    assert state.past == (Bucket(0, 100, 300),)
    assert state.newest == Bucket(1, 250, 250)


def test_two_courses_are_joined_with_a_gap_between_them() -> None:
    """The same bucket is filled by both; nothing is older than 10 min."""
    earlier = after((-700, 900), (0, 100), (2, 300), (30, 250))
    later = after((34, 200), (36, 260), (60, 500))
    both = joined(earlier, later)
    assert both.past == (Bucket(0, 100, 300), Bucket(3, 200, 260))
    assert (both.newest, both.last_s) == (Bucket(6, 500, 500), 60)
    assert joined(Course(), later) == later
    assert joined(earlier, Course()) == earlier


def test_a_peak_between_two_samples_counts() -> None:
    """No picture loses it."""
    state = update(after((0, 100)), 2.0, 110, 900, EVERY_S)
    assert state.newest == Bucket(0, 100, 900)


def test_nothing_is_known_of_a_gap() -> None:
    """Of sleep, a pause, or samples without a figure."""
    state = after((0, 100), (10, None), (20, None), (30, 100))
    assert [part is None for part in cells(state, 30, BUCKETS)[-4:]] == [False, True, True, False]


def test_a_long_interval_leaves_no_gaps() -> None:
    """A figure holds for the buckets since the one before it."""
    state = after((0, 100), (30, 200), (60, 300), every_s=30.0)
    drawn = [part.most_bytes for part in cells(state, 60, BUCKETS)[-7:] if part]
    assert drawn == [100, 200, 200, 200, 300, 300, 300]


def test_parts_stay_while_time_passes() -> None:
    """A part begins at a multiple of its length, so that a peak does not move between parts."""
    state = after(*((second, 900 if second == 44 else 100) for second in range(0, 100, 2)))
    for now_s in (90, 98):
        parts = cells(state, now_s, 20)
        assert [part.most_bytes for part in parts if part] == [100, 900, 100, 100]


def test_the_extent_is_that_of_the_last_ten_minutes() -> None:
    """What came before is forgotten, also where nothing new comes."""
    state = after(*((second, 5000 if second < 60 else 100 + second) for second in range(0, 702, 2)))
    assert extent(state, 700) == Extent(210, 800, 590)
    assert extent(state, 2000) is None
    assert extent(Course(), 0) is None


def test_a_finer_course_has_as_many_more_parts() -> None:
    """The live screen's columns may be two seconds each; it, too, keeps 10 min."""
    state = Course(bucket_s=FINE_BUCKET_S)
    for second in range(0, 1000, 2):
        state = update(state, float(second), second, None, EVERY_S)
    assert len(state.past) == state.buckets == 300
    assert [part.most_bytes for part in parts(state, 998.0, 3, 1) if part] == [994, 996, 998]
    assert [part.most_bytes for part in parts(state, 998.0, 2, 5) if part] == [988, 998]
    assert extent(state, 998.0) == Extent(400, 998, 598)
    assert begun_again(state) == Course(bucket_s=FINE_BUCKET_S)


@given(
    st.lists(
        st.tuples(st.floats(0.5, 5000), st.integers(0, 2**40) | st.none()), min_size=1, max_size=90
    )
)
def test_it_never_grows(steps: list[tuple[float, int | None]]) -> None:
    """Whatever comes, there are at most 60 buckets and the newest, in order."""
    state, now_s = Course(), 0.0
    for step_s, memory_bytes in steps:
        now_s += step_s
        state = update(state, now_s, memory_bytes, None, step_s)
        numbers = [each.number for each in state.past]
        assert len(numbers) <= BUCKETS
        assert numbers == sorted(set(numbers))
        assert len(cells(state, now_s, 20)) == 20
