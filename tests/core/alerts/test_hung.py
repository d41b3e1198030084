"""Whether the server hangs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.core.made import (
    TARGET,
    answer,
    facts,
    found_in,
    mb,
    no_process,
    refusal,
    timeout,
    tree_reading,
    wrong,
)
from tests.core.monitor.told import START_S, Told, started
from tray_app.core.alerts.hung import WELL, Answering, Hang, HangKind, HungState, Signs, update
from tray_app.core.alerts.limits import AlertLimits
from tray_app.core.alerts.server_exit import ServerExit, WorkerReplacement
from tray_app.core.config.settings import Settings
from tray_app.core.model.api_failure import ApiFailureKind, ApiProblem
from tray_app.core.model.presets import Mode
from tray_app.core.model.readings import ApiFailure, Loss, ProcessReading, ProcessRow, Role
from tray_app.core.monitor.commands import Mute, Unmute
from tray_app.core.monitor.events import Alert, PendingAlerts
from tray_app.core.monitor.inputs import Answered, Asked, SourcesRead
from tray_app.core.presentation import notifications, summary_text

LIMITS = AlertLimits()


class Server:
    """A server that is watched every 2 s; moments count from the start."""

    def __init__(self, settings: Settings | None = None, *, local: bool = True) -> None:
        self.told = Told(started(settings, local=local))
        self.local = local
        self.at_s = 0.0
        self.asked_s: float | None = None

    def reading(self, cpu_percent: float = 0.3, *, stopped: bool = False) -> ProcessReading | None:
        if not self.local:
            return None
        reading = tree_reading(340, START_S + self.at_s, cpu_percent=cpu_percent)
        rows = tuple(replace(row, stopped=stopped) for row in reading.rows)
        return replace(reading, rows=rows)

    def answers(self, for_s: float = 2.0, cpu_percent: float = 0.3) -> None:
        for _ in range(round(for_s / 2)):
            self.at_s += 2.0
            self.asked_s = None
            self.told.happen(self.at_s, Asked(), Answered(answer(340, START_S + self.at_s)))
            self.told.happen(self.at_s, SourcesRead(self.reading(cpu_percent)))

    def is_silent(
        self, for_s: float, cpu_percent: float = 0.3, *, stopped: bool = False, patience_s=10.0
    ) -> None:
        """Each request has its patience, and the next follows a second later."""
        for _ in range(round(for_s / 2)):
            self.at_s += 2.0
            if self.asked_s is None:
                self.asked_s = self.at_s
                self.told.happen(self.at_s, Asked())
            elif self.at_s - self.asked_s >= patience_s:
                self.asked_s = None
                self.told.happen(self.at_s, Answered(timeout(START_S + self.at_s)))
            self.told.happen(self.at_s, SourcesRead(self.reading(cpu_percent, stopped=stopped)))

    @property
    def kind(self) -> HangKind | None:
        return self.told.sample.hung.kind if self.told.sample.hung else None

    def said(self) -> list[Alert]:
        return [event for event in self.told.events if found_in(event, Hang, Answering)]


def test_a_server_that_neither_answers_nor_works_hangs_after_a_minute() -> None:
    """Once, and one report that it answers again."""
    server = Server()
    server.answers(10)
    server.is_silent(58)
    assert (server.kind, server.said()) == (None, [])
    server.is_silent(6)
    assert server.kind is HangKind.DEADLOCKED
    server.is_silent(600)
    (hung,) = server.said()
    assert (hung.finding.kind, hung.finding.busy) == (HangKind.DEADLOCKED, False)
    server.answers(10)
    assert server.kind is None
    _, answers = server.said()
    assert answers.finding.lasted_s == pytest.approx(664.0, abs=4.0)
    server.answers(100)
    assert len(server.said()) == 2


def test_a_silence_with_cpu_is_work() -> None:
    """As that of a server that processes a video, for as long as it takes."""
    server = Server()
    server.answers(10)
    server.is_silent(900, cpu_percent=100.0)
    assert (server.kind, server.said()) == (None, [])


def test_a_job_may_be_still_for_longer() -> None:
    """It waits for its storage or its database, although no sign of work is left after a while."""
    server = Server()
    server.answers(10)
    server.is_silent(10, cpu_percent=100.0)
    assert server.told.state.activity.is_busy
    server.is_silent(296)
    assert (server.told.state.activity.is_busy, server.said()) == (False, [])
    server.is_silent(10)
    (hung,) = server.said()
    assert hung.finding.busy


def test_bursts_of_cpu_that_do_nothing_do_not_hide_a_hang() -> None:
    """Threads that wake up, a supervisor that looks for edits."""
    server = Server()
    server.answers(10)
    for _ in range(40):
        server.is_silent(2, cpu_percent=6.0)
        server.is_silent(4, cpu_percent=0.0)
    assert server.kind is HangKind.DEADLOCKED


def test_work_in_a_silence_begins_the_count_again() -> None:
    """It hangs because it uses no CPU and has not answered."""
    server = Server()
    server.answers(10)
    server.is_silent(50)
    server.is_silent(4, cpu_percent=100.0)  # which is a job now
    server.is_silent(290)
    assert server.kind is None
    server.is_silent(14)
    assert server.kind is HangKind.DEADLOCKED
    (hung,) = server.said()
    assert hung.finding.since_s == pytest.approx(START_S + 12.0, abs=2.0)


def test_a_hang_that_works_again_is_none_and_is_not_said_twice() -> None:
    """Until it has answered."""
    server = Server()
    server.answers(10)
    server.is_silent(80)
    server.is_silent(20, cpu_percent=100.0)
    assert server.kind is None
    server.is_silent(400)
    assert server.kind is HangKind.DEADLOCKED
    assert len(server.said()) == 1


def test_a_stopped_process_hangs_after_a_minute_in_a_job_too() -> None:
    """Nothing works in state T."""
    server = Server()
    server.answers(6)
    server.answers(6, cpu_percent=100.0)
    server.is_silent(64, cpu_percent=0.0, stopped=True)
    assert server.kind is HangKind.STOPPED
    (hung,) = server.said()
    assert hung.finding.busy


def test_a_stopped_process_is_seen_where_no_api_is_asked() -> None:
    """And that it runs again is all there is to be said."""
    server = Server(Settings(mode=Mode.FALLBACK))
    for at_s in range(0, 66, 2):
        server.at_s = float(at_s)
        server.told.happen(at_s, SourcesRead(server.reading(stopped=True)))
    assert server.kind is HangKind.STOPPED
    server.told.happen(66, SourcesRead(server.reading()))
    assert server.kind is None
    assert [type(alert.finding) for alert in server.said()] == [Hang, Answering]
    notes = [notifications.note(alert) for alert in server.said()]
    assert [note and note.title for note in notes] == [
        "RunAnalyze has been stopped for 60 s",
        "RunAnalyze runs again: 340 MB",
    ]
    assert [note and note.text for note in notes] == [
        "Its process (pid 42) is stopped (state T). To continue it: kill -CONT 42.",
        "It was stopped for 66 s. No job is running.",
    ]


@pytest.mark.parametrize(
    ("workers", "stopped", "is_stopped"),
    [
        ((43, 44), (43, 44), True),
        ((43, 44), (43,), False),
        ((43,), (42,), False),
        ((), (42,), True),
        ((), (43,), False),
        ((42,), (), False),
    ],
)
def test_a_server_is_stopped_when_all_that_answer_are(
    workers: tuple[int, ...], stopped: tuple[int, ...], is_stopped: bool
) -> None:
    """A supervisor or a helper that is stopped keeps no worker from answering."""
    rows = tuple(
        ProcessRow(pid, "python", Role.CHILD, mb(100), 0.0, stopped=pid in stopped)
        for pid in (42, 43, 44)
    )
    reading = ProcessReading(0.0, None, TARGET, rows, workers=workers, worker_count=len(workers))
    assert reading.is_stopped is is_stopped


def test_a_supervisors_cpu_is_no_work() -> None:
    """It looks for edits four times a second, whatever its worker does."""
    server = Server()
    server.answers(10)
    plain = server.reading

    def supervised(cpu_percent: float = 0.3, *, stopped: bool = False) -> ProcessReading | None:
        reading = plain(8.0, stopped=stopped)
        assert reading is not None
        worker = ProcessRow(43, "python", Role.CHILD, mb(300), 0.0)
        return replace(reading, rows=(*reading.rows, worker), workers=(43,))

    server.reading = supervised  # type: ignore[method-assign]
    server.is_silent(80)
    assert server.kind is HangKind.DEADLOCKED


def test_of_a_server_on_another_machine_only_a_long_silence_tells() -> None:
    """It may be at work: nobody sees its CPU."""
    server = Server(local=False)
    server.answers(10)
    server.is_silent(296)
    assert server.kind is None
    server.is_silent(10)
    assert server.kind is HangKind.SILENT


@pytest.mark.parametrize("first", [refusal, wrong])
def test_one_that_never_answered_well_is_not_known_to_hang(first: object) -> None:
    """Its API may be switched off, or the address another's."""
    server = Server()
    server.told.happen(1, Asked(), Answered(first(START_S + 1)))  # type: ignore[operator]
    server.is_silent(900)
    assert (server.kind, server.said()) == (None, [])


def test_refusing_is_no_hang() -> None:
    """Who refuses is not there."""
    server = Server()
    server.answers(10)
    for at_s in range(12, 400, 2):
        server.at_s = float(at_s)
        refused = Answered(refusal(START_S + at_s))
        server.told.happen(at_s, Asked(), refused, SourcesRead(server.reading()))
    assert server.said() == []


def test_connections_that_are_not_accepted_are_no_hang() -> None:
    """Packets that get lost are the network's."""
    server = Server(local=False)
    server.answers(10)
    lost = ApiFailure(0.0, ApiProblem(ApiFailureKind.NO_CONNECTION, waited_s=10.0))
    for at_s in range(12, 800, 2):
        server.told.happen(at_s, Asked(), Answered(lost), SourcesRead())
    assert server.said() == []


def test_an_error_is_an_answer() -> None:
    """It ends a hang as well as a good one."""
    server = Server()
    server.answers(10)
    server.is_silent(80)
    server.told.happen(server.at_s, Answered(wrong(START_S + server.at_s)))
    server.told.happen(server.at_s, SourcesRead(server.reading()))
    assert [type(alert.finding) for alert in server.said()] == [Hang, Answering]


def test_one_that_is_gone_does_not_hang() -> None:
    """Its end is reported although it was small and idle, because it was reported as hung."""
    server = Server()
    server.answers(10)
    server.is_silent(80)
    at_s = server.at_s + 1
    gone = replace(no_process(START_S + at_s), loss=Loss(TARGET))
    server.told.happen(at_s, SourcesRead(gone))
    assert server.kind is None
    assert len(server.told.of(ServerExit)) == 1
    assert server.told.of(WorkerReplacement) == []
    server.answers(10)
    assert len(server.said()) == 1


def test_it_is_never_said_where_nobody_wants_it() -> None:
    """With ``hung_s = 0``."""
    server = Server(Settings(alerts=replace(LIMITS, hung_s=0.0)))
    server.answers(10)
    server.is_silent(900, stopped=True)
    assert (server.kind, server.said()) == (None, [])


def test_no_time_asleep_counts() -> None:
    """Nobody watched it."""
    server = Server()
    server.answers(10)
    server.is_silent(40)
    server.told.slept_s = 3600.0
    server.is_silent(50)
    assert server.said() == []
    server.is_silent(20)
    assert len(server.said()) == 1


def test_one_that_is_stopped_over_a_sleep_still_is_and_runs_again_after_it() -> None:
    """As it was before."""
    server = Server(Settings(mode=Mode.FALLBACK))
    for at_s in range(0, 66, 2):
        server.told.happen(at_s, SourcesRead(server.reading(stopped=True)))
    server.told.slept_s = 3600.0
    for at_s in range(66, 74, 2):
        server.told.happen(at_s, SourcesRead(server.reading(stopped=True)))
        assert server.kind is HangKind.STOPPED
    server.told.happen(74, SourcesRead(server.reading()))
    assert [type(alert.finding) for alert in server.said()] == [Hang, Answering]


def test_a_mute_holds_it_back() -> None:
    """And tells it afterwards."""
    server = Server()
    server.answers(10)
    server.told.happen(server.at_s, Mute(1800.0))
    server.is_silent(80)
    assert server.said() == []
    assert server.kind is HangKind.DEADLOCKED
    server.told.happen(server.at_s, Unmute())
    (summary,) = server.told.of(PendingAlerts)
    assert isinstance(summary, PendingAlerts)
    assert [type(alert.finding) for alert in summary.events] == [Hang]


class TestWords:
    def tooltip(self, server: Server) -> list[str]:
        return summary_text.tooltip(server.told.sample, demo=False, paused=False).splitlines()

    def test_the_tooltip_says_since_when_and_why(self) -> None:
        """In the place of what the server does."""
        server = Server()
        server.answers(10)
        server.is_silent(120, stopped=True)
        assert self.tooltip(server)[1] == (
            "Process (1 process) · not answering for 2 min; its process is stopped (state T)"
        )
        server = Server()
        server.answers(10)
        server.is_silent(80)
        assert self.tooltip(server)[1].startswith("Process (1 process) · not answering for ")
        assert self.tooltip(server)[1].endswith(" s; it uses no CPU")
        server = Server(local=False)
        server.answers(10)
        server.is_silent(310)
        assert self.tooltip(server)[1] == "no answer for 5 min"
        server = Server(Settings(mode=Mode.FALLBACK))
        for at_s in range(0, 66, 2):
            server.told.happen(at_s, SourcesRead(server.reading(stopped=True)))
        assert self.tooltip(server)[1] == "Process (1 process) · stopped for 64 s (state T)"

    def test_the_notification_says_what_helps(self) -> None:
        """Urgent only where a job hangs with it."""
        server = Server()
        server.answers(10)
        server.is_silent(70, stopped=True)
        (hung,) = server.said()
        note = notifications.note(hung)
        assert note is not None
        assert note.title == "RunAnalyze has not answered for 60 s"
        assert note.text == (
            "Its process (pid 42) is stopped (state T). To continue it: kill -CONT 42."
        )
        assert note.urgency is notifications.Urgency.NORMAL
        server.answers(2)
        note = notifications.note(server.said()[1])
        assert note is not None
        assert note.title == "RunAnalyze answers again: 340 MB"


SIGNS = st.builds(
    Signs,
    answered_s=st.one_of(st.none(), st.floats(0, 100)),
    answers=st.booleans(),
    silent_since_s=st.one_of(st.none(), st.floats(0, 100)),
    timed_out=st.booleans(),
    readable=st.booleans(),
    cpu_percent=st.one_of(st.none(), st.floats(0, 400)),
    stopped=st.booleans(),
    busy=st.booleans(),
)


@given(st.lists(st.tuples(st.floats(0.1, 100.0), SIGNS, st.booleans()), max_size=40))
def test_hangs_and_answers_take_turns(steps: list[tuple[float, Signs, bool]]) -> None:
    """Whatever happens: no report comes twice, and no end without a beginning."""
    state, now_s, open_ = WELL, 100.0, False
    for after_s, signs, lost in steps:
        now_s += after_s
        state, said = update(state, facts(now_s, signs=signs, lost=lost))
        if isinstance(said, Hang):
            assert not open_
            open_ = True
        elif isinstance(said, Answering):
            assert open_
            open_ = False
        if lost:
            open_ = False
        assert isinstance(state, HungState)
        assert open_ is (state.said_s is not None)
        assert state.hang is None or state.said_s is not None
