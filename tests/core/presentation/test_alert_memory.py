"""Pending alerts across a restart of the program."""

from __future__ import annotations

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.core.monitor.test_mute import BACK, HIGH, at
from tray_app.core.model.readings import Now
from tray_app.core.monitor.events import Earlier, PendingAlerts
from tray_app.core.monitor.mute import PENDING_MAX, UNMUTED, MuteState, mute, update
from tray_app.core.presentation.alert_memory import WORDS_MAX, _finite, pending, with_pending
from tray_app.core.presentation.notifications import Urgency, note

MUTED = replace(mute(UNMUTED, at(0), 1800.0), pending=(HIGH, BACK), dropped=3)
# Ten minutes later, by another clock.
LATER = Now(7.0, at(600).wall_s)


def kept(state: MuteState, now: Now = LATER) -> MuteState:
    """After a restart."""
    memory = json.loads(json.dumps(pending(state, at(60)), allow_nan=False))
    return with_pending(UNMUTED, memory, now)


def told(state: MuteState) -> tuple[PendingAlerts, MuteState]:
    after, (summary,) = update(state, LATER, (), critical_exempt=True)
    assert isinstance(summary, PendingAlerts)
    return summary, after


def test_the_summary_reads_as_without_a_restart() -> None:
    """In its words, ages and length; and it is told once."""
    summary, after = told(kept(MUTED))
    there = note(PendingAlerts(MUTED.pending, 3, at(0), at(600)))
    assert there is not None
    assert note(summary) == there
    assert there.title == "While muted for 10 min: 5 messages"
    assert after is UNMUTED


def test_a_single_message_keeps_its_words_but_not_its_buttons() -> None:
    """They may be out of date."""
    summary, _ = told(kept(replace(MUTED, pending=(HIGH,), dropped=0)))
    there = note(PendingAlerts((HIGH,), 0, at(0), at(600)))
    assert there is not None
    assert note(summary) == replace(there, actions=())


def test_a_second_restart_loses_nothing() -> None:
    """The pending alerts of an earlier run are pending again."""
    once = kept(MUTED)
    assert kept(once) == once


def test_sleep_stays_sleep() -> None:
    """It was no mute that held back."""
    assert told(kept(replace(MUTED, slept_s=3600.0)))[0].slept_s == 3600.0


def test_a_clock_that_was_set_back_makes_nothing_come_from_the_future() -> None:
    """It is as of now."""
    before = Now(7.0, at(-5000).wall_s)
    state = kept(MUTED, before)
    assert state.since == before
    assert all(isinstance(each, Earlier) and each.at == before for each in state.pending)


MESSAGE = {"title": "High: 2 GB", "text": "", "topic": "memory", "urgency": 1, "at": at(1).wall_s}


@pytest.mark.parametrize(
    "wrong",
    [
        {"title": ""},
        {"title": 3},
        {"text": None},
        {"topic": ["memory"]},
        {"urgency": 7},
        {"urgency": True},
        {"urgency": "high"},
        {"at": "now"},
        {"at": math.nan},
        {"at": None},
    ],
)
def test_a_message_that_makes_no_sense_is_left_out(wrong: dict[str, object]) -> None:
    """The others are told."""
    memory = {"messages": [MESSAGE | wrong, MESSAGE, "message"], "since": None, "dropped": -2}
    state = with_pending(UNMUTED, memory, LATER)
    assert [each.title for each in state.pending if isinstance(each, Earlier)] == ["High: 2 GB"]
    assert (state.since, state.dropped) == (Now(7.0 - 599.0, at(1).wall_s), 0)


def test_what_is_read_is_bounded() -> None:
    """Whatever somebody wrote into the file."""
    state = with_pending(UNMUTED, {"messages": [MESSAGE | {"text": "x" * 10**6}] * 1000}, LATER)
    assert len(state.pending) == PENDING_MAX
    assert {len(each.text) for each in state.pending if isinstance(each, Earlier)} == {WORDS_MAX}


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["messages", "since", "dropped", *MESSAGE]), inner)
        ),
    )
)
def test_garbage_brings_no_pending_alert(memory: object) -> None:
    """And no crash."""
    state = with_pending(UNMUTED, memory, LATER)
    for each in state.pending:
        said = note(each)
        assert said is not None
        assert said.urgency in Urgency
    json.dumps(pending(state, LATER), allow_nan=False)


def test_numbers_are_finite() -> None:
    """JSON as Python reads it has others, too."""
    assert [_finite(value) for value in (1, 2.5, True, "1", math.inf, math.nan, None)] == [
        1.0,
        2.5,
        *[None] * 5,
    ]
