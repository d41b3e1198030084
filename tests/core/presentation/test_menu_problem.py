"""What is wrong, in the third row of the menu."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from msgspec.structs import replace

from tests.core.made import mb, no_process, refusal
from tests.core.presentation.test_menu import HEALTHY, START, STATES, after, by_key, texts
from tray_app.core.alerts import disk_space
from tray_app.core.alerts.hung import Hang, HangKind
from tray_app.core.alerts.policies import AlertsState
from tray_app.core.config.mistake import Mistake
from tray_app.core.model.api_failure import ApiFailureKind, ApiProblem
from tray_app.core.model.process_finding import Evidence, EvidenceKind
from tray_app.core.model.readings import Disk, Source, Target, TempUsage
from tray_app.core.monitor.commands import (
    Command,
    OpenLog,
    OpenSettingsFile,
    OpenTemp,
    SetPaused,
    ShowReport,
    ShowStatus,
    WatchPort,
)
from tray_app.core.monitor.inputs import Answered, Asked, HistorySeen, SourcesRead, ThreadRestarted
from tray_app.core.monitor.state import State
from tray_app.core.presentation import source_text, summary_text
from tray_app.core.presentation.menu_problem import problem
from tray_app.core.source_choice.circuit_breaker import ApiCondition, ApiState

MOVED = Target(
    50,
    1.0,
    "uvicorn",
    ("uvicorn", "main:app"),
    "/b",
    Evidence(EvidenceKind.LISTENS_ELSEWHERE, 8772, "uvicorn main:app"),
    port=8772,
)
MISTAKE = Mistake("unknown setting 'hihg_mb'", "/home/joe/config.toml", 3)
FAILED = ThreadRestarted("notices", "No space left on device")


def of_api(state: ApiState, **others: Any) -> State:
    """HEALTHY with an API in this condition."""
    assert HEALTHY.sample is not None
    condition = ApiCondition(state, problem=ApiProblem(ApiFailureKind.NO_ANSWER, waited_s=12.0))
    return replace(HEALTHY, sample=replace(HEALTHY.sample, api=condition, **others))


def refused(**others: Any) -> State:
    """Neither the API nor a process can be read."""
    seen = replace(no_process(2.0), **others)
    return after((1.9, Asked()), (1.95, Answered(refusal(1.95))), (2.0, SourcesRead(seen)))


def with_full_disk(monkeypatch: pytest.MonkeyPatch) -> State:
    """HEALTHY, after an alert about the disk."""
    before = AlertsState.of
    monkeypatch.setattr(
        AlertsState,
        "of",
        lambda state, policy: policy is disk_space.POLICY or before(state, policy),
    )
    assert HEALTHY.sample is not None
    full = TempUsage(mb(18), 3, 1.9, disk=Disk(mb(100_000), mb(800)))
    return replace(HEALTHY, sample=replace(HEALTHY.sample, temp=full))


@pytest.mark.parametrize(
    ("state", "text", "command"),
    [
        (
            lambda: replace(HEALTHY, mistakes=(MISTAKE,)),
            "Settings, line 3: unknown setting 'hihg_mb'",
            OpenSettingsFile(),
        ),
        (
            lambda: refused(candidates=(MOVED,)),
            "Watch uvicorn main:app on port 8772",
            WatchPort(8772),
        ),
        (refused, "API unreachable: connection refused · no server…", ShowReport()),
        (lambda: of_api(ApiState.UNREACHABLE), "API unreachable: no answer for 12 s", ShowReport()),
        (lambda: of_api(ApiState.SILENT, stale=True), "API busy, no answer for 12 s", ShowReport()),
        (
            lambda: STATES["no delivery"],
            "No notifications: no notification service",
            ShowReport(),
        ),
        (
            lambda: after((3.0, FAILED), state=HEALTHY),
            "Restarted after a failure: notices (No space le…",
            OpenLog(),
        ),
    ],
)
def test_the_third_row_says_what_is_wrong_and_helps(
    state: Callable[[], State], text: str, command: Command
) -> None:
    """In place of the machine's memory."""
    row = by_key(state())["status-machine"]
    assert (row.text, row.command) == (text, command)


def test_a_disk_that_is_nearly_full_is_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    """From the alert on; a click opens the temp directory."""
    row = by_key(with_full_disk(monkeypatch))["status-machine"]
    assert (row.text, row.command) == ("Disk nearly full: 800 MB free", OpenTemp())


def test_the_most_important_problem_is_shown() -> None:
    """A mistake in the settings may be the reason for all others."""
    state = replace(
        after((3.0, FAILED), state=refused()), mistakes=(MISTAKE,), delivery_problem="no service"
    )
    mended: tuple[dict[str, Any], ...] = (
        {},
        {"mistakes": ()},
        {"sample": HEALTHY.sample},
        {"delivery_problem": None},
        {"restarts": None},
    )
    commands = []
    for changes in mended:
        state = replace(state, **changes)
        found = problem(state)
        commands.append(found and found.command)
    assert commands == [OpenSettingsFile(), ShowReport(), ShowReport(), OpenLog(), None]


def test_a_busy_api_beside_readable_processes_is_no_problem() -> None:
    """It is usual during a job; the submenu of the server tells it."""
    busy = of_api(ApiState.SILENT, source=Source.PROCESS)
    assert texts(busy)[2] == "10.0 of 16.0 GB free"


def test_a_server_that_hangs_has_the_second_row() -> None:
    """The third is free for the machine."""
    hang = Hang(HangKind.DEADLOCKED, since_s=-118.0, busy=False)
    hung = of_api(ApiState.SILENT, stale=True, hung=hang)
    assert texts(hung)[1:] == ["Not answering for 2 min; it uses no CPU", "10.0 of 16.0 GB free"]


def test_a_restart_is_shown_until_the_log_is_opened() -> None:
    """It is over, and a click has answered it."""
    failed = after((3.0, FAILED), state=HEALTHY)
    opened = after((4.0, OpenLog()), state=failed)
    assert problem(opened) is None
    assert problem(after((5.0, FAILED), state=opened)) is not None


def test_a_pause_hides_what_was_read_before_it() -> None:
    """What does not depend on readings stays."""
    paused = after((3.0, SetPaused(True)), state=refused(candidates=(MOVED,)))
    assert by_key(paused)["status-machine"].command == ShowStatus()
    assert problem(replace(paused, mistakes=(MISTAKE,))) is not None


def test_a_server_on_another_port_is_offered_in_the_tooltip_too() -> None:
    """And among the processes that can be watched."""
    state = refused(candidates=(MOVED,))
    question = "uvicorn main:app listens on port 8772: watch it?"
    assert WatchPort(8772) in [each.command for each in by_key(state)["watch"].children]
    assert state.sample is not None
    assert source_text.source(state.sample) == f"API unreachable: connection refused · {question}"
    shown = summary_text.tooltip(state.sample, demo=False, paused=False)
    assert question in shown[:127]  # what Windows shows of it
    watched = by_key(after((3.0, WatchPort(8772)), state=state))
    assert watched["watch-auto"].checked is False


@pytest.mark.parametrize("state", [START, HEALTHY, STATES["process"], STATES["no reading"]])
def test_nothing_is_wrong_in_usual_states(state: State) -> None:
    """Nor while the first answer has not come."""
    assert problem(state) is None


def test_a_history_that_is_not_recorded_is_a_problem() -> None:
    """With its reason; a click opens the log. It ends by itself."""
    full = after((2.0, HistorySeen("No space left on device")), state=HEALTHY)
    found = problem(full)
    assert found is not None
    assert found.text == "History not recorded: No space left on device"
    assert found.command == OpenLog()
    assert problem(after((3.0, HistorySeen("")), state=full)) is None
