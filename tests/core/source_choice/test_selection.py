"""Which source to trust."""

from __future__ import annotations

import pytest

from tests.core.made import answer, breaker_with, mb, no_process, refusal, tree_reading
from tray_app.core.model.presets import Mode
from tray_app.core.model.readings import ProcessReading, Source
from tray_app.core.source_choice.circuit_breaker import (
    ApiState,
    CircuitBreaker,
    answered,
    asked,
    condition,
    failed,
)
from tray_app.core.source_choice.selection import Selected, Why, fresh, select, whole_server_bytes

NOW_S = 100.0
INTERVAL_S = 2.0
FRESH = breaker_with(300, NOW_S - 0.05)
LATE = asked(breaker_with(300, NOW_S - 2.05), NOW_S - 0.05)
SILENT = asked(breaker_with(300, NOW_S - 6), NOW_S - 4)
HOURS_OLD = asked(breaker_with(300, NOW_S - 7200), NOW_S - 7190)


def refused(times: int, breaker: CircuitBreaker = FRESH) -> CircuitBreaker:
    for _ in range(times):
        breaker = failed(asked(breaker, NOW_S), refusal(NOW_S), NOW_S, 0.5)
    return breaker


def chosen(
    breaker: CircuitBreaker,
    process: ProcessReading | None = None,
    *,
    mode: Mode = Mode.AUTO,
    local: bool = True,
) -> Selected:
    return select(mode, breaker, process, NOW_S, INTERVAL_S, local=local)


class TestTheWholeServer:
    def test_children_are_added_to_the_apis_figure(self) -> None:
        """ffmpeg is not in rss_mb, and belongs to the server."""
        process = tree_reading(300, NOW_S, children={"ffmpeg": 96})
        assert whole_server_bytes(answer(301, NOW_S), process) == mb(397)

    def test_a_parent_is_added_when_a_child_answers(self) -> None:
        """With --reload the answering process is a child of the root."""
        process = tree_reading(30, NOW_S, children={"uvicorn": 300}, answering_mb=300)
        assert whole_server_bytes(answer(301, NOW_S), process) == mb(331)

    @pytest.mark.parametrize(
        "process",
        [None, no_process(NOW_S), tree_reading(300, NOW_S, answering_mb=None)],
        ids=["remote", "not found", "nobody knows who answers"],
    )
    def test_without_a_known_tree_the_apis_figure_stands(
        self, process: ProcessReading | None
    ) -> None:
        """What cannot be known is not added."""
        assert whole_server_bytes(answer(301, NOW_S), process) == mb(301)

    def test_a_figure_of_another_process_is_not_added_to(self) -> None:
        """A tunnel holds the port: 20 % and 50 MB apart is not the same process."""
        process = tree_reading(12, NOW_S, children={"helper": 5})
        assert whole_server_bytes(answer(400, NOW_S), process) == mb(400)

    @pytest.mark.parametrize("api_mb", [340, 250])
    def test_a_small_difference_is_a_moments_difference(self, api_mb: float) -> None:
        """The two figures are taken some milliseconds apart."""
        process = tree_reading(300, NOW_S, children={"ffmpeg": 90})
        assert whole_server_bytes(answer(api_mb, NOW_S), process) == mb(api_mb + 90)


class TestFresh:
    def test_an_answer_since_the_last_tick_is_fresh(self) -> None:
        """An older one was meant for an earlier sample."""
        assert fresh(FRESH, NOW_S, INTERVAL_S)
        assert not fresh(LATE, NOW_S, INTERVAL_S)

    def test_a_failure_after_it_takes_it_back(self) -> None:
        """The newest word counts."""
        assert not fresh(refused(1), NOW_S, INTERVAL_S)

    def test_no_answer_is_not_fresh(self) -> None:
        """Obviously."""
        assert not fresh(CircuitBreaker(), NOW_S, INTERVAL_S)


class TestAutomatic:
    def test_a_fresh_answer_is_the_source(self) -> None:
        """With what the API leaves out."""
        selected = chosen(FRESH, tree_reading(300, NOW_S, children={"ffmpeg": 50}))
        assert selected == Selected(Source.API, mb(350), NOW_S - 0.05)

    def test_several_workers_make_the_tree_the_source(self) -> None:
        """The API's figure is a random worker's."""
        process = tree_reading(
            12, NOW_S, children={"a": 340, "b": 126}, workers=2, answering_mb=None
        )
        assert chosen(FRESH, process) == Selected(Source.PROCESS, mb(478), NOW_S, why=Why.WORKERS)

    def test_an_api_without_a_process_behind_it_says_so(self) -> None:
        """Nothing would carry on when it falls silent, unless that is what was chosen."""
        told = Selected(Source.API, mb(300), NOW_S - 0.05, why=Why.NO_PROCESS)
        assert chosen(FRESH, no_process(NOW_S)) == told
        assert chosen(FRESH, no_process(NOW_S), mode=Mode.API).why is None

    def test_processes_carry_on_from_the_first_missing_answer(self) -> None:
        """No sample waits for the API."""
        assert chosen(LATE, tree_reading(310, NOW_S)) == Selected(
            Source.PROCESS, mb(310), NOW_S, why=Why.BETWEEN
        )

    @pytest.mark.parametrize(
        ("interval_s", "waited_s", "why"),
        [
            (2.0, 0.9, Why.BETWEEN),
            (2.0, 1.1, Why.API_LATE),
            (0.5, 0.4, Why.BETWEEN),
            (0.5, 0.6, Why.API_LATE),
        ],
    )
    def test_an_answer_is_late_when_the_api_is_called_slow(
        self, interval_s: float, waited_s: float, why: Why
    ) -> None:
        """After an interval, 1 s at most: until then the API is well, and nothing falls back."""
        breaker = answered(CircuitBreaker(), answer(300, NOW_S - interval_s))
        breaker = asked(breaker, NOW_S - waited_s)
        selected = select(
            Mode.AUTO, breaker, tree_reading(310, NOW_S), NOW_S, interval_s, local=True
        )
        is_slow = condition(breaker, NOW_S, interval_s).state is ApiState.SLOW
        assert (selected.why, is_slow) == (why, why is Why.API_LATE)

    @pytest.mark.parametrize("age_s", [2.0, 5.0, 60.0])
    def test_an_answer_on_its_way_is_in_time_whatever_is_known(self, age_s: float) -> None:
        """The monitor may have asked late."""
        breaker = asked(answered(CircuitBreaker(), answer(300, NOW_S - age_s)), NOW_S - 0.02)
        assert chosen(breaker, tree_reading(310, NOW_S)).why is Why.BETWEEN

    @pytest.mark.parametrize("breaker", [SILENT, refused(3), HOURS_OLD])
    def test_an_api_that_is_away_is_named_as_the_reason(self, breaker: CircuitBreaker) -> None:
        """After 3 s of silence or 3 failures."""
        assert chosen(breaker, tree_reading(310, NOW_S)).why is Why.API_AWAY

    def test_a_remote_server_that_is_late_keeps_its_last_value(self) -> None:
        """Marked stale: there is no process to read."""
        selected = chosen(LATE, local=False)
        assert selected == Selected(Source.API, mb(300), NOW_S - 2.05, stale=True, why=Why.API_LATE)

    def test_a_remote_server_that_is_away_has_no_figure(self) -> None:
        """And the reason is that it is remote."""
        assert chosen(SILENT, local=False) == Selected(Source.NONE, why=Why.REMOTE)

    def test_a_local_server_without_process_or_api_has_no_figure(self) -> None:
        """It is down."""
        assert chosen(refused(3), no_process(NOW_S)) == Selected(Source.NONE, why=Why.NO_PROCESS)

    def test_before_the_first_answer_it_is_starting(self) -> None:
        """Which is no failure."""
        breaker = asked(CircuitBreaker(), NOW_S - 0.1)
        assert chosen(breaker, no_process(NOW_S)) == Selected(Source.NONE, why=Why.STARTING)
        assert chosen(breaker, tree_reading(90, NOW_S)).source is Source.PROCESS


class TestApiOnly:
    def test_a_fresh_answer_is_the_source(self) -> None:
        """As it is: no process was read."""
        assert chosen(FRESH, mode=Mode.API) == Selected(Source.API, mb(300), NOW_S - 0.05)

    def test_a_silent_api_leaves_its_last_value_for_a_while(self) -> None:
        """Marked stale."""
        selected = chosen(SILENT, mode=Mode.API)
        assert selected == Selected(Source.API, mb(300), NOW_S - 6, stale=True, why=Why.API_LATE)

    @pytest.mark.parametrize(("interval_s", "shown_s"), [(0.2, 15), (2, 15), (10, 50)])
    def test_then_there_is_no_figure(self, interval_s: float, shown_s: float) -> None:
        """After five intervals, at least 15 s."""
        for age_s, source in ((shown_s - 0.1, Source.API), (shown_s + 0.1, Source.NONE)):
            breaker = asked(breaker_with(300, NOW_S - age_s), NOW_S - age_s + 0.01)
            selected = select(Mode.API, breaker, None, NOW_S, interval_s, local=True)
            assert selected.source is source

    def test_an_api_that_never_answered_has_no_figure(self) -> None:
        """Whatever the processes would say."""
        assert chosen(refused(3, CircuitBreaker()), mode=Mode.API) == Selected(
            Source.NONE, why=Why.API_AWAY
        )


class TestNotTheServer:
    """The cross-check rejects the process on the port: the API stands alone."""

    @pytest.mark.parametrize(
        ("breaker", "source", "stale"),
        [
            (FRESH, Source.API, False),
            (LATE, Source.API, True),
            (SILENT, Source.API, True),
            (HOURS_OLD, Source.NONE, False),
            (refused(3, CircuitBreaker()), Source.NONE, False),
        ],
    )
    def test_it_is_as_api_only_and_says_why(
        self, breaker: CircuitBreaker, source: Source, stale: bool
    ) -> None:
        """With its limits, and nothing of the process in the figure."""
        selected = select(
            Mode.AUTO, breaker, no_process(NOW_S), NOW_S, INTERVAL_S, local=True, is_mismatch=True
        )
        assert (selected.source, selected.stale) == (source, stale)
        assert selected.memory_bytes == (None if source is Source.NONE else mb(300))
        assert selected.why is Why.NOT_THE_SERVER


class TestProcessOnly:
    def test_the_tree_is_the_source(self) -> None:
        """Even where the API would answer."""
        assert chosen(FRESH, tree_reading(310, NOW_S), mode=Mode.FALLBACK) == Selected(
            Source.PROCESS, mb(310), NOW_S, why=Why.CHOSEN
        )

    @pytest.mark.parametrize(("local", "why"), [(True, Why.NO_PROCESS), (False, Why.REMOTE)])
    def test_without_a_process_there_is_no_figure(self, local: bool, why: Why) -> None:
        """And it says why."""
        process = no_process(NOW_S) if local else None
        assert chosen(FRESH, process, mode=Mode.FALLBACK, local=local) == Selected(
            Source.NONE, why=why
        )


def test_the_first_answer_counts_however_long_it_took() -> None:
    """What a server says after a long silence is its newest figure."""
    breaker = answered(asked(CircuitBreaker(), NOW_S - 20), answer(700, NOW_S - 0.01, latency_s=20))
    assert chosen(breaker, tree_reading(700, NOW_S)).source is Source.API


def expensive(age_s: float) -> CircuitBreaker:
    """An API whose answers take 0.4 s, so that it is asked every 8 s, and answered so long ago."""
    return answered(CircuitBreaker(), answer(300, NOW_S - age_s, latency_s=0.4))


class TestAnApiThatIsAskedSeldom:
    @pytest.mark.parametrize("age_s", [2.0, 5.0, 9.0])
    def test_processes_speak_between_its_answers(self, age_s: float) -> None:
        """It is well: this is neither late nor a fallback."""
        selected = chosen(expensive(age_s), tree_reading(310, NOW_S))
        assert selected == Selected(Source.PROCESS, mb(310), NOW_S, why=Why.BETWEEN)

    def test_its_own_answer_is_the_source_when_it_comes(self) -> None:
        """Nothing is more the server's word."""
        assert chosen(expensive(0.1), tree_reading(310, NOW_S)).source is Source.API

    def test_an_answer_that_is_overdue_is_late(self) -> None:
        """Then the processes carry on as ever."""
        assert chosen(expensive(11.5), tree_reading(310, NOW_S)).why is Why.API_LATE
        waiting = asked(expensive(8.0), NOW_S - 1.5)
        assert chosen(waiting, tree_reading(310, NOW_S)).why is Why.API_LATE

    def test_without_processes_its_last_value_is_good_until_the_next(self) -> None:
        """With its age, and not called stale."""
        for selected in (
            chosen(expensive(5.0), local=False),
            chosen(expensive(5.0), mode=Mode.API),
        ):
            assert (selected.source, selected.memory_bytes) == (Source.API, mb(300))
            assert (selected.taken_s, selected.stale) == (NOW_S - 5.0, False)


class TestOrder:
    """FRESH came 0.05 s ago; the server was asked some time before."""

    @pytest.mark.parametrize(
        ("sudden_ago_s", "source"),
        [(0.02, Source.PROCESS), (0.2, Source.API), (None, Source.API)],
        ids=["a poll since it was asked", "a poll before it", "a tick"],
    )
    def test_memory_is_never_shown_backwards(
        self, sudden_ago_s: float | None, source: Source
    ) -> None:
        """An answer older than the shown figure would be a fall in the middle of a climb. After a
        tick the answer counts, however long it took."""
        sudden_s = None if sudden_ago_s is None else NOW_S - sudden_ago_s
        args = (Mode.AUTO, FRESH, tree_reading(400, NOW_S), NOW_S, INTERVAL_S)
        assert select(*args, local=True, sudden_s=sudden_s).source is source

    def test_without_processes_the_answer_stands(self) -> None:
        """Far away, there is nothing else."""
        args = (Mode.API, FRESH, None, NOW_S, INTERVAL_S)
        assert select(*args, local=False, sudden_s=NOW_S - 0.01).source is Source.API
