"""How long the past is kept."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tray_app.core.history.thinning import DAY_S, Spans, cut


@given(st.floats(1e9, 4e9))
def test_only_whole_minutes_and_hours_go(now_s: float) -> None:
    """Half a minute that is summed up would be wrong."""
    before = cut(Spans(), now_s)
    assert before.samples_before_s % 60 == 0
    assert before.minutes_before_s % 3600 == before.hours_before_s % 3600 == 0
    assert DAY_S <= now_s - before.samples_before_s < DAY_S + 60
    assert before.hours_before_s < before.minutes_before_s < before.samples_before_s
