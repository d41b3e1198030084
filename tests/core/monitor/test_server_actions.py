"""What follows from a click: what is done, refused and said."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.core.made import TARGET, answer, look, mb
from tray_app.core.analysis.activity import Activity, ActivityState, Stir
from tray_app.core.analysis.jobs import Job, Jobs
from tray_app.core.config.settings import Settings
from tray_app.core.model.api_failure import ApiFailureKind, ApiProblem
from tray_app.core.model.readings import GIB, Now, TempUsage
from tray_app.core.model.server_action import AGE_HOURS, ActionResult, Extent, ServerAction
from tray_app.core.model.server_address import parse_address
from tray_app.core.monitor import server_actions
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
from tray_app.core.monitor.delivery_log import KEPT, TEST_TITLE, Delivery
from tray_app.core.monitor.events import (
    ActionEnded,
    ActionRequested,
    Event,
    NotifierCame,
    OpenAsked,
    PageAsked,
    Questioned,
    Told,
)
from tray_app.core.monitor.inputs import (
    ActionFinished,
    Answered,
    Asked,
    Delivered,
    Input,
    Looked,
    NotifierSeen,
    NotOpened,
)
from tray_app.core.monitor.state import State, begin
from tray_app.core.monitor.step import step
from tray_app.core.presentation.menu_text import ROW_CHARS
from tray_app.core.presentation.notifications import note

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
    return after(state, *asked, Looked(look(300, START.mono_s + 0.5)), at_s=0.5)[0]


def reason(state: State, command: Command) -> str:
    """The text of a refusal; nothing else has happened."""
    changed, events = after(state, command)
    assert changed == state
    (told,) = events
    assert isinstance(told, Told)
    return told.text


def question(state: State, command: Command) -> Questioned:
    """What must be answered first; nothing else has happened."""
    changed, events = after(state, command)
    assert changed == state
    (asked,) = events
    assert isinstance(asked, Questioned)
    return asked


class TestErrands:
    @pytest.mark.parametrize(
        ("command", "errand"),
        [
            (FreeMemory(), ServerAction.FREE_MEMORY),
            (CleanUp(), ServerAction.CLEAN_UP),
            (CleanUp(ServerAction.CLEAN_UP_HOUR), ServerAction.CLEAN_UP_HOUR),
        ],
    )
    def test_an_idle_server_is_asked(
        self, idle: State, command: Command, errand: ServerAction
    ) -> None:
        """With the settings of the moment; the state says so until it has ended."""
        state, events = after(idle, command)
        assert (state.errand, events) == (errand, [ActionRequested(errand, SETTINGS)])
        outcome = ActionResult(errand, 1.0)
        state, events = after(state, ActionFinished(outcome))
        assert (state.errand, state.brought) == (None, outcome)
        assert events == [ActionEnded(outcome)]

    def test_one_errand_at_a_time(self, idle: State) -> None:
        """A second request while one runs says which one runs."""
        state, _ = after(idle, FreeMemory())
        for command in (FreeMemory(), CleanUp()):
            assert reason(state, command) == "Freeing memory is still under way."

    @pytest.mark.parametrize("activity", [Activity.PROCESSING, Activity.INTENSIVE])
    def test_no_clean_up_while_a_job_runs(self, idle: State, activity: Activity) -> None:
        """Its files would be at risk, also for who is sure; memory may be freed then."""
        busy = replace(idle, activity=ActivityState(activity=activity))
        for errand in (ServerAction.CLEAN_UP, ServerAction.CLEAN_UP_HOUR):
            for sure in (False, True):
                told = reason(busy, CleanUp(errand, sure=sure))
                assert told == "A job is running: its files would be at risk."
        asked = question(busy, FreeMemory())
        assert asked.title == "Free memory while a job runs?"
        assert after(busy, asked.command)[0].errand is ServerAction.FREE_MEMORY

    def test_no_clean_up_while_a_job_may_have_begun_or_waits(self, idle: State) -> None:
        """A burst of CPU may be its beginning, or a file; and a job that is not known to have ended
        waits."""
        stirring = replace(idle, activity=ActivityState(burst_s=0.4))
        posted = replace(idle, activity=ActivityState(stir=Stir(0.0, 0.0, temp_signs=1)))
        waiting = replace(idle, jobs=Jobs(current=Job(1, START)))
        for state in (stirring, posted, waiting):
            assert "A job is running" in reason(state, CleanUp())

    def test_a_step_of_memory_is_no_job(self, idle: State) -> None:
        """Memory may be freed just after it without a question."""
        stepped = Stir(0.0, 0.0, grown_bytes=mb(300), has_cpu=True)
        state = replace(idle, activity=ActivityState(stir=stepped))
        assert not server_actions.is_working(state)

    def test_no_clean_up_where_nothing_is_known(self, idle: State) -> None:
        """While paused, or before the first sample, a job may run unseen."""
        paused, _ = after(idle, SetPaused(True))
        fresh = begin(SETTINGS, SETTINGS, START, local=True)
        for state in (paused, fresh):
            assert "not known" in reason(state, CleanUp())

    @pytest.mark.parametrize(
        ("command", "title", "text", "label"),
        [
            (
                FreeMemory(),
                "Free memory and delete old files?",
                "The server deletes temp files older than 1 h, too. 154 MB in 3 files there now.",
                "Free memory and old files",
            ),
            (
                CleanUp(),
                "Delete temp files older than 24 h?",
                "154 MB in 3 files there now.",
                "Delete files older than 24 h",
            ),
            (
                CleanUp(ServerAction.CLEAN_UP_HOUR),
                "Delete temp files older than 1 h?",
                "154 MB in 3 files there now.",
                "Delete files older than 1 h",
            ),
        ],
    )
    def test_files_are_asked_for(
        self, command: FreeMemory | CleanUp, title: str, text: str, label: str
    ) -> None:
        """Where there are any, nothing is sent before a second click says that they may go."""
        state = with_files(154, 3)
        asked = question(state, command)
        assert (asked.title, asked.text, asked.label) == (title, text, label)
        assert asked.command == replace(command, sure=True)
        told = note(asked)
        assert told is not None
        assert (told.title, told.text, told.replace) == (title, text, "errand")
        assert [(each.label, each.command) for each in told.actions] == [(label, asked.command)]
        (event,) = after(state, asked.command)[1]
        assert isinstance(event, ActionRequested)

    def test_what_is_not_known_is_asked_for(self, idle: State) -> None:
        """Files that the server does not tell of, or a job while nothing is read."""
        assert idle.sample is not None
        untold = replace(idle, sample=replace(idle.sample, temp=None))
        text = "The server deletes temp files older than 1 h, too."
        assert question(untold, FreeMemory()).text == text
        paused, _ = after(idle, SetPaused(True))
        assert question(paused, FreeMemory()).text.startswith("Whether a job runs is not known. ")

    def test_no_errand_deletes_files_of_the_last_hour(self) -> None:
        """With 0 h the real server deleted a running job's files, and the job failed."""
        assert set(AGE_HOURS) == set(ServerAction)
        assert min(AGE_HOURS.values()) >= 1

    def test_a_demo_has_no_server(self, idle: State) -> None:
        """Nothing is sent anywhere."""
        demo = replace(idle, demo=True)
        assert "demo" in reason(demo, FreeMemory())
        assert "demo" in reason(demo, CleanUp())
        assert "demo" in reason(demo, OpenTemp())


@pytest.mark.parametrize(
    ("outcome", "title", "text"),
    [
        (
            ActionResult(
                ServerAction.FREE_MEMORY, 3.2, Extent(mb(944), 0, 0), Extent(mb(532), 0, 0)
            ),
            "Freed 412 MB in 3 s",
            "The server keeps 532 MB.",
        ),
        (
            ActionResult(ServerAction.FREE_MEMORY, 0.2, Extent(2 * GIB), Extent(GIB)),
            "Freed 1.00 GB in 1 s",
            "Keeps 1.00 GB; what files went is not known.",
        ),
        (
            ActionResult(
                ServerAction.FREE_MEMORY,
                3.0,
                Extent(mb(944), mb(61), 5),
                Extent(mb(532), mb(11), 3),
            ),
            "Freed 412 MB in 3 s",
            "Deleted 2 temp files (50 MB), keeps 532 MB.",
        ),
        (
            ActionResult(
                ServerAction.FREE_MEMORY, 3.0, Extent(mb(532), 0, 0), Extent(mb(532), 0, 0)
            ),
            "Memory unchanged at 532 MB",
            "No temp file was deleted.",
        ),
        (
            ActionResult(
                ServerAction.FREE_MEMORY,
                3.0,
                Extent(mb(532.4), mb(61), 5),
                Extent(mb(532), mb(11), 3),
            ),
            "Memory unchanged at 532 MB",
            "Deleted 2 temp files (50 MB).",
        ),
        (
            ActionResult(
                ServerAction.FREE_MEMORY, 3.0, Extent(mb(532), mb(9), 1), Extent(mb(532), 0, 0)
            ),
            "Memory unchanged at 532 MB",
            "Deleted 1 temp file (9 MB).",
        ),
        (
            ActionResult(
                ServerAction.FREE_MEMORY, 3.0, Extent(mb(500), mb(9), 1), Extent(mb(532), mb(12), 2)
            ),
            "Memory rose by 32 MB meanwhile",
            "The server keeps 532 MB.",
        ),
        (
            ActionResult(ServerAction.FREE_MEMORY, 3.0, Extent(mb(500)), None),
            "The server has collected its garbage",
            "What that brought it does not tell.",
        ),
        (
            ActionResult(
                ServerAction.CLEAN_UP, 1.0, Extent(0, int(1.25 * GIB), 17), Extent(0, mb(51.2), 3)
            ),
            "Deleted 14 temp files (1.20 GB)",
            "Temp: 51 MB in 3 files.",
        ),
        (
            ActionResult(ServerAction.CLEAN_UP, 1.0, Extent(0, mb(51), 3), Extent(0, mb(51), 3)),
            "Nothing was older than 24 h",
            "Temp: 51 MB in 3 files.",
        ),
        (
            ActionResult(
                ServerAction.CLEAN_UP_HOUR, 1.0, Extent(0, mb(51), 3), Extent(0, mb(80), 4)
            ),
            "Nothing was older than 1 h",
            "Temp: 80 MB in 4 files.",
        ),
        (
            ActionResult(ServerAction.CLEAN_UP, 1.0, Extent(mb(300)), Extent(mb(300))),
            "The server has cleaned up",
            "What it deleted it does not tell.",
        ),
        (
            ActionResult(ServerAction.FREE_MEMORY, problem=ApiProblem(ApiFailureKind.REFUSED)),
            "Memory was not freed",
            "Connection refused.",
        ),
        (
            ActionResult(
                ServerAction.CLEAN_UP,
                problem=ApiProblem(ApiFailureKind.STATUS, "Method Not Allowed", 405),
            ),
            "Nothing was cleaned up",
            "This server does not offer it (HTTP 405: Method Not Allowed).",
        ),
        (
            ActionResult(
                ServerAction.CLEAN_UP, problem=ApiProblem(ApiFailureKind.NO_ANSWER, waited_s=5.0)
            ),
            "Nothing was cleaned up",
            "No answer for 5 s: the server may be busy.",
        ),
    ],
)
def test_what_an_errand_brought_is_said_with_figures_first(
    outcome: ActionResult, title: str, text: str
) -> None:
    """As measured, or one plain sentence of why not; in a notification, and in one line."""
    assert server_actions.brought(outcome) == (title, text)
    told = note(ActionEnded(outcome))
    assert told is not None
    assert (told.title, told.text, told.replace) == (title, text, "errand")
    if outcome.problem:
        assert server_actions.line(outcome) == f"{title}: {text}"
    else:
        assert server_actions.line(outcome) == f"{title}; {text[0].lower()}{text[1:-1]}"


def test_what_an_errand_brought_is_one_line_in_menu_and_log() -> None:
    """As the recorded server: nothing freed, and two old files gone that its answer hides."""
    before, after = Extent(mb(532), mb(50), 2), Extent(mb(532), 0, 0)
    told = server_actions.line(ActionResult(ServerAction.FREE_MEMORY, 1.0, before, after))
    assert told == "Memory unchanged at 532 MB; deleted 2 temp files (50 MB)"
    freed = ActionResult(
        ServerAction.FREE_MEMORY, 30.0, Extent(3 * GIB, GIB, 123), Extent(GIB, mb(500), 1)
    )
    assert len(server_actions.line(freed)) <= ROW_CHARS


class TestOpening:
    def test_the_temp_directory_is_the_servers(self, idle: State) -> None:
        """It is below the directory that the server's process works in."""
        assert after(idle, OpenTemp())[1] == [OpenAsked(f"{TARGET.cwd}/tmp")]

    def test_no_directory_of_another_machine(self, idle: State) -> None:
        """Nor one of a process that is not known."""
        assert "another machine" in reason(replace(idle, local=False), OpenTemp())
        unknown = replace(idle, sample=None)
        assert "No server process is known" in reason(unknown, OpenTemp())

    def test_the_page_is_that_of_the_settings_of_the_moment(self, idle: State) -> None:
        """What it is the server is asked elsewhere; nothing waits for it here."""
        assert after(idle, OpenServer())[1] == [PageAsked(SETTINGS)]

    def test_what_could_not_be_opened_is_said(self, idle: State) -> None:
        """In one plain sentence that names it."""
        _, (told,) = after(idle, NotOpened("/srv/tmp", "there is no such directory"))
        title = "The temp directory was not opened"
        assert told == Told(title, "/srv/tmp: there is no such directory.", "open")
        _, (told,) = after(idle, NotOpened("http://localhost:8000", "xdg-open is missing"))
        assert isinstance(told, Told)
        assert told.title == "The server's page was not opened"


class TestStatus:
    def test_a_click_shows_the_tooltips_text(self, idle: State) -> None:
        """As a notification that takes the place of the last one."""
        _, (told,) = after(idle, ShowStatus())
        assert isinstance(told, Told)
        assert told.title.startswith("RunAnalyze: 300 MB")
        assert told.text.startswith("API · idle\nSystem: ")
        assert told.replace == "status"

    def test_a_double_click_shows_it_once(self, idle: State) -> None:
        """A later click shows it anew."""
        state, events = after(idle, ShowStatus(), ShowStatus())
        assert len(events) == 1
        _, events = after(state, ShowStatus(), at_s=1.0 + server_actions.DOUBLE_CLICK_S)
        assert len(events) == 1


class TestDelivery:
    def test_a_test_is_a_notification(self, idle: State) -> None:
        """It says that it is one, and where its fate is told."""
        _, (told,) = after(idle, SendTest())
        assert told == server_actions.test()
        shown = note(server_actions.test())
        assert shown is not None
        assert shown.title == TEST_TITLE

    def test_the_last_deliveries_are_kept(self, idle: State) -> None:
        """With their time, the newest last, and no more than twenty."""
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
