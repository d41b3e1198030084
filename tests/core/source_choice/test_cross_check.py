"""Is the process on the port really the server?"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.core.made import TARGET, answer, mb, no_process, tree_reading
from tray_app.core.model.process_finding import ProcessProblem, ProcessProblemKind
from tray_app.core.model.readings import ProcessReading, Target
from tray_app.core.source_choice.cross_check import (
    ANSWERS_TO_REJECT,
    CrossCheck,
    alike,
    is_another,
    update,
    without_target,
)

PROXY = tree_reading(12, 0.0)
PROVEN = update(CrossCheck(), answer(12, 0.0), PROXY)


def compared(
    *api_mb: float | None, process: ProcessReading = PROXY, before: CrossCheck = CrossCheck()
) -> CrossCheck:
    """The count after one tick for each of these answers (None: no new one)."""
    for at_s, memory_mb in enumerate(api_mb):
        told = None if memory_mb is None else answer(memory_mb, at_s)
        before = update(before, told, process)
    return before


@pytest.mark.parametrize(
    ("api_mb", "rss_mb", "same"),
    [(300, 251, True), (300, 361, False), (1000, 801, True), (1000, 799, False), (40, 5, True)],
)
def test_figures_far_apart_are_two_processes(api_mb: float, rss_mb: float, same: bool) -> None:
    """Further than 20 % and than 50 MB: either alone is memory that moved between two readings."""
    assert alike(mb(api_mb), mb(rss_mb)) is same


def test_one_answer_rejects_a_process_that_none_has_fitted() -> None:
    """Of a proxy the first answer tells; one that took long may be of another moment."""
    assert not is_another(compared(None), PROXY)
    assert is_another(compared(400), PROXY)
    slow = answer(400, 0.0, latency_s=2.0)
    assert not is_another(update(CrossCheck(), slow, PROXY), PROXY)


def test_a_slow_answer_rejects_a_process_that_stood_still_meanwhile() -> None:
    """A proxy of 12 MB in front of a server that takes 6 s: whenever it was measured within
    those, no process had as much. Where the tree has moved, it may have."""
    slow = answer(400, 6.0, latency_s=5.9)
    still = update(update(CrossCheck(), None, tree_reading(12, 0.0)), None, tree_reading(13, 3.0))
    assert is_another(update(still, slow, tree_reading(13, 6.0)), PROXY)
    moved = update(update(CrossCheck(), None, tree_reading(12, 0.0)), None, tree_reading(390, 3.0))
    assert not is_another(update(moved, slow, tree_reading(12, 6.0)), PROXY)
    moved = update(update(CrossCheck(), None, tree_reading(900, 0.0)), None, tree_reading(12, 3.0))
    assert not is_another(update(moved, slow, tree_reading(12, 6.0)), PROXY)


def test_three_answers_in_a_row_reject_one_that_was_the_server() -> None:
    """One or two may be a climb between the two readings; ticks without a new answer say
    nothing."""
    assert not is_another(compared(400, None, None, None, 400, before=PROVEN), PROXY)
    assert is_another(compared(400, None, 400, 400, before=PROVEN), PROXY)


def test_an_answer_that_fits_clears_it_at_once() -> None:
    """Also after it was rejected."""
    assert not is_another(compared(400, 400, 12, 400, 400), PROXY)
    assert not is_another(compared(400, 400, 400, 12), PROXY)
    assert not is_another(compared(400, 400, 400, 12, 400, before=PROVEN), PROXY)


def test_a_steep_climb_that_a_slow_api_tells_late_rejects_nothing() -> None:
    """100 MB/s, told two seconds late: the tree itself moves as far from tick to tick."""
    check = update(CrossCheck(), answer(200, -2.0), tree_reading(200, -2.0))
    for at_s in range(0, 12, 2):
        climbing = tree_reading(200 + 100 * at_s, at_s)
        check = update(check, answer(100 * at_s, at_s), climbing)
        assert not is_another(check, climbing)


def test_every_process_of_the_tree_may_be_the_one_that_answers() -> None:
    """A random worker answers, and with --reload a child does."""
    workers = tree_reading(12, 0.0, children={"a": 340, "b": 126}, workers=2, answering_mb=None)
    assert not is_another(compared(340, 126, 340, 126, process=workers), workers)
    assert is_another(compared(900, 900, 900, process=workers), workers)


@pytest.mark.parametrize("other", [replace(TARGET, pid=77), replace(TARGET, created_s=2.0)])
def test_another_process_starts_over(other: Target) -> None:
    """Identity is pid and start: a pid that is used again is another process."""
    successor = replace(PROXY, target=other)
    before = compared(400, 400, 400)
    assert not is_another(before, successor)
    assert not is_another(compared(None, process=successor, before=before), successor)
    assert not is_another(compared(12, process=successor, before=before), successor)


def test_a_process_that_is_not_seen_for_a_moment_is_the_same_one_after() -> None:
    """Nothing was learnt meanwhile."""
    before = compared(400, 400, before=PROVEN)
    before = update(before, answer(400, 5.0), no_process(5.0))
    before = update(before, answer(400, 6.0), None)
    assert not is_another(before, PROXY)
    assert is_another(compared(400, before=before), PROXY)


def test_of_a_rejected_process_nothing_is_left() -> None:
    """Neither memory nor CPU nor helpers; what is known of the machine stays."""
    reading = without_target(tree_reading(12, 3.0, cpu_percent=90, children={"ffmpeg": 9}), 8000)
    assert (reading.target, reading.rows, reading.rss_bytes) == (None, (), None)
    assert (reading.cpu_percent, reading.answering_rss_bytes, reading.worker_count) == (
        None,
        None,
        0,
    )
    assert (reading.system, reading.problem) == (
        PROXY.system,
        ProcessProblem(ProcessProblemKind.NOT_THE_SERVER, port=8000, pid=42, name="uvicorn"),
    )


@given(st.lists(st.one_of(st.none(), st.floats(0, 3000)), max_size=30))
def test_only_a_row_of_misfits_rejects(api_mb: list[float | None]) -> None:
    """Whatever is told: the last three answers, and all of them."""
    told = [mb(figure) for figure in api_mb if figure is not None]
    last = told[-ANSWERS_TO_REJECT:]
    misfit = len(last) == ANSWERS_TO_REJECT and not any(alike(b, mb(12)) for b in last)
    assert is_another(compared(*api_mb, before=PROVEN), PROXY) is misfit
