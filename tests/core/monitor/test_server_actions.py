"""What follows from a click: what is done and refused."""

from __future__ import annotations

import os

import pytest
from msgspec.structs import replace

from tests.core.made import TARGET, answer, mb, tree_reading
from tray_app.core.analysis.activity import Activity, ActivityState
from tray_app.core.analysis.jobs import Job, Jobs
from tray_app.core.analysis.stir import Stir
from tray_app.core.config.settings import Settings
from tray_app.core.model.readings import Now, TempUsage
from tray_app.core.model.server_action import (
    AGE_HOURS,
    ActionResult,
    NoTempPlace,
    RefusalReason,
    Risk,
    ServerAction,
)
from tray_app.core.model.server_address import parse_address
from tray_app.core.monitor.commands import (
    CleanUp,
    Command,
    FreeMemory,
    OpenServer,
    OpenTemp,
    SendTest,
    SetPaused,
    ShowStatus,
)
from tray_app.core.monitor.delivery_log import KEPT, Delivery
from tray_app.core.monitor.events import (
    ActionEnded,
    ActionRefused,
    ActionRequested,
    ConfirmationNeeded,
    Event,
    NotifierCame,
    OpenAsked,
    OpenFailed,
    PageAsked,
    StatusRequested,
    TempPlaceMissing,
    TestRequested,
)
from tray_app.core.monitor.inputs import (
    ActionFinished,
    Answered,
    Asked,
    Delivered,
    Input,
    NotifierSeen,
    NotOpened,
    SourcesRead,
)
from tray_app.core.monitor.server_actions import is_working
from tray_app.core.monitor.state import State, begin
from tray_app.core.monitor.step import DOUBLE_CLICK_S, step

START = Now(100.0, 1_795_000_000.0)
SETTINGS = Settings(address=parse_address("http://user:secret@localhost:8000"))


def after(state: State, *happened: Input, at_s: float = 1.0) -> tuple[State, list[Event]]:
    """The state after these inputs, and all their events."""
    now = Now(START.mono_s + at_s, START.wall_s + at_s)
    events: list[Event] = []
    for each in happened:
        state, new = step(state, each, now)
        events += new
    return state, events


@pytest.fixture
def idle() -> State:
    """One sample of a server that does nothing and has no temp files."""
    return with_files(0, 0)


def with_files(size_mb: float, count: int) -> State:
    state = begin(SETTINGS, SETTINGS, START, local=True)
    temp = TempUsage(mb(size_mb), count, START.mono_s + 0.5)
    asked = (Asked(), Answered(answer(300, START.mono_s + 0.5, temp=temp)))
    return after(state, *asked, SourcesRead(tree_reading(300, START.mono_s + 0.5)), at_s=0.5)[0]


def refused(state: State, command: Command) -> ActionRefused:
    """The refusal of a command; nothing else has happened."""
    changed, events = after(state, command)
    assert changed == state
    (refusal,) = events
    assert isinstance(refusal, ActionRefused)
    return refusal


def question(state: State, command: Command) -> ConfirmationNeeded:
    """What must be answered first; nothing else has happened."""
    changed, events = after(state, command)
    assert changed == state
    (asked,) = events
    assert isinstance(asked, ConfirmationNeeded)
    return asked


class TestServerActions:
    @pytest.mark.parametrize(
        ("command", "action"),
        [
            (FreeMemory(), ServerAction.FREE_MEMORY),
            (CleanUp(), ServerAction.CLEAN_UP),
            (CleanUp(ServerAction.CLEAN_UP_HOUR), ServerAction.CLEAN_UP_HOUR),
        ],
    )
    def test_an_idle_server_is_asked(
        self, idle: State, command: Command, action: ServerAction
    ) -> None:
        """With the settings of the moment; the state says so until it has ended."""
        state, events = after(idle, command)
        assert (state.running_action, events) == (action, [ActionRequested(action, SETTINGS)])
        outcome = ActionResult(action, 1.0)
        state, events = after(state, ActionFinished(outcome))
        assert (state.running_action, state.brought) == (None, outcome)
        assert events == [ActionEnded(outcome)]

    def test_one_server_action_at_a_time(self, idle: State) -> None:
        """A second request while one runs says which one runs."""
        state, _ = after(idle, FreeMemory())
        for command in (FreeMemory(), CleanUp()):
            refusal = refused(state, command)
            assert refusal.reason is RefusalReason.RUNNING
            assert refusal.running is ServerAction.FREE_MEMORY

    @pytest.mark.parametrize("activity", [Activity.PROCESSING, Activity.INTENSIVE])
    def test_no_clean_up_while_a_job_runs(self, idle: State, activity: Activity) -> None:
        """Its files would be at risk, even after a confirmation; freeing memory is allowed."""
        busy = replace(idle, activity=ActivityState(activity=activity))
        for action in (ServerAction.CLEAN_UP, ServerAction.CLEAN_UP_HOUR):
            for sure in (False, True):
                refusal = refused(busy, CleanUp(action, sure=sure))
                assert refusal == ActionRefused(action, RefusalReason.JOB)
        assert question(busy, FreeMemory()).risk is Risk.JOB
        assert after(busy, FreeMemory(sure=True))[0].running_action is ServerAction.FREE_MEMORY

    def test_no_clean_up_while_a_job_may_have_begun_or_waits(self, idle: State) -> None:
        """A burst of CPU may be its beginning, or a file; and a job that is not known to have ended
        waits."""
        stirring = replace(idle, activity=ActivityState(burst_s=0.4))
        posted = replace(idle, activity=ActivityState(stir=Stir(0.0, 0.0, temp_signs=1)))
        waiting = replace(idle, jobs=Jobs(current=Job(1, START)))
        for state in (stirring, posted, waiting):
            assert refused(state, CleanUp()).reason is RefusalReason.JOB

    def test_a_step_of_memory_is_no_job(self, idle: State) -> None:
        """Memory may be freed just after it without a question."""
        stepped = Stir(0.0, 0.0, grown_bytes=mb(300), has_cpu=True)
        state = replace(idle, activity=ActivityState(stir=stepped))
        assert not is_working(state)

    def test_no_clean_up_where_nothing_is_known(self, idle: State) -> None:
        """While paused, or before the first sample, a job may run unseen."""
        paused, _ = after(idle, SetPaused(True))
        fresh = begin(SETTINGS, SETTINGS, START, local=True)
        for state in (paused, fresh):
            assert refused(state, CleanUp()).reason is RefusalReason.UNKNOWN

    @pytest.mark.parametrize(
        "command", [FreeMemory(), CleanUp(), CleanUp(ServerAction.CLEAN_UP_HOUR)]
    )
    def test_files_are_asked_for(self, command: FreeMemory | CleanUp) -> None:
        """Where there are any, nothing is sent before a second click says that they may go."""
        state = with_files(154, 3)
        asked = question(state, command)
        assert asked.risk is Risk.FILES
        assert asked.temp is not None
        assert (asked.temp.size_bytes, asked.temp.file_count) == (mb(154), 3)
        (event,) = after(state, replace(command, sure=True))[1]
        assert event == ActionRequested(asked.action, SETTINGS)

    def test_what_is_not_known_is_asked_for(self, idle: State) -> None:
        """Files that the server does not tell of, or a job while nothing is read."""
        assert idle.sample is not None
        untold = replace(idle, sample=replace(idle.sample, temp=None))
        asked = question(untold, FreeMemory())
        assert (asked.risk, asked.temp) == (Risk.FILES, None)
        paused, _ = after(idle, SetPaused(True))
        assert question(paused, FreeMemory()).risk is Risk.UNKNOWN

    def test_no_clean_up_deletes_files_of_the_last_hour(self) -> None:
        """With 0 h the real server deleted a running job's files, and the job failed."""
        assert set(AGE_HOURS) == set(ServerAction)
        assert min(AGE_HOURS.values()) >= 1

    def test_a_demo_frees_memory_and_has_no_directory(self, idle: State) -> None:
        """The scripted server does what a click asks; there are no files to open."""
        demo = replace(idle, demo=True)
        assert after(demo, FreeMemory(sure=True))[1] == after(idle, FreeMemory(sure=True))[1]
        assert after(demo, OpenTemp())[1] == [TempPlaceMissing(NoTempPlace.DEMO)]
        shown = demo.settings.address.shown
        assert after(demo, OpenServer())[1] == [OpenFailed(shown, "not in the demo")]


class TestOpening:
    def test_the_temp_directory_is_the_servers(self, idle: State) -> None:
        """It is below the directory that the server's process works in."""
        assert after(idle, OpenTemp())[1] == [OpenAsked(f"{TARGET.cwd}{os.sep}tmp")]

    def test_no_directory_of_another_machine(self, idle: State) -> None:
        """Nor one of a process that is not known."""
        remote = replace(idle, local=False)
        assert after(remote, OpenTemp())[1] == [TempPlaceMissing(NoTempPlace.REMOTE)]
        unknown = replace(idle, sample=None)
        assert after(unknown, OpenTemp())[1] == [TempPlaceMissing(NoTempPlace.UNKNOWN)]

    def test_the_page_is_that_of_the_settings_of_the_moment(self, idle: State) -> None:
        """What it is the server is asked elsewhere; nothing waits for it here."""
        assert after(idle, OpenServer())[1] == [PageAsked(SETTINGS)]

    def test_what_could_not_be_opened_is_said(self, idle: State) -> None:
        """With what it was, and why."""
        _, events = after(idle, NotOpened("/srv/tmp", "there is no such directory"))
        assert events == [OpenFailed("/srv/tmp", "there is no such directory")]


class TestStatus:
    def test_a_click_asks_for_the_newest_sample(self, idle: State) -> None:
        """With what else a tooltip says."""
        assert after(idle, ShowStatus())[1] == [StatusRequested(idle.sample, False, False)]

    def test_a_double_click_shows_it_once(self, idle: State) -> None:
        """A later click shows it again."""
        state, events = after(idle, ShowStatus(), ShowStatus())
        assert len(events) == 1
        _, events = after(state, ShowStatus(), at_s=1.0 + DOUBLE_CLICK_S)
        assert len(events) == 1


class TestDelivery:
    def test_a_test_is_a_notification(self, idle: State) -> None:
        """Nothing else happens."""
        assert after(idle, SendTest()) == (idle, [TestRequested()])

    def test_the_last_deliveries_are_kept(self, idle: State) -> None:
        """With their time, the newest last, at most twenty."""
        state = idle
        for number in range(KEPT + 5):
            state, _ = after(state, Delivered(None, f"note {number}", "plyer"), at_s=float(number))
        assert len(state.deliveries) == KEPT
        last = Now(START.mono_s + KEPT + 4, START.wall_s + KEPT + 4)
        assert state.deliveries[-1] == Delivery(last, f"note {KEPT + 4}", "plyer")
        assert state.delivery_problem is None

    def test_a_service_that_appears_is_told(self, idle: State) -> None:
        """Then what was kept is tried again."""
        assert after(idle, NotifierSeen()) == (idle, [NotifierCame()])
