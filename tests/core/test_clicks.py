"""What follows from a click: what is done, refused and said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.core.made import TARGET, answer, look, mb
from tray_app.core import clicks
from tray_app.core.activity import Activity, ActivityState
from tray_app.core.address import parse_address
from tray_app.core.commands import (
    CleanUp,
    Command,
    FreeMemory,
    OpenServer,
    OpenTemp,
    SendTest,
    SetPaused,
    ShowStatus,
)
from tray_app.core.deliveries import KEPT, TEST_TITLE, Delivery
from tray_app.core.errands import Errand, Extent, Outcome
from tray_app.core.events import ErrandAsked, ErrandEnded, Event, NotifierCame, OpenAsked, Told
from tray_app.core.inputs import (
    Answered,
    Asked,
    Brought,
    Delivered,
    Input,
    Looked,
    NotifierSeen,
    NotOpened,
)
from tray_app.core.jobs import Job, Jobs
from tray_app.core.notes import note
from tray_app.core.readings import GIB, Now
from tray_app.core.settings import Settings
from tray_app.core.state import State, begin
from tray_app.core.step import step

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
    """One sample of a server that does nothing."""
    state = begin(SETTINGS, SETTINGS, START, local=True)
    asked = (Asked(), Answered(answer(300, START.mono_s + 0.5)))
    return after(state, *asked, Looked(look(300, START.mono_s + 0.5)), at_s=0.5)[0]


def reason(state: State, command: Command) -> str:
    """The text of a refusal; nothing else has happened."""
    changed, events = after(state, command)
    assert changed == state
    (told,) = events
    assert isinstance(told, Told)
    return told.text


class TestErrands:
    @pytest.mark.parametrize(
        ("command", "errand"),
        [(FreeMemory(), Errand.FREE_MEMORY), (CleanUp(), Errand.CLEAN_UP)],
    )
    def test_an_idle_server_is_asked(self, idle: State, command: Command, errand: Errand) -> None:
        """With the settings of the moment; the state says so until it has ended."""
        state, events = after(idle, command)
        assert (state.errand, events) == (errand, [ErrandAsked(errand, SETTINGS)])
        outcome = Outcome(errand, 1.0)
        state, events = after(state, Brought(outcome))
        assert (state.errand, state.brought) == (None, outcome)
        assert events == [ErrandEnded(outcome)]

    def test_one_errand_at_a_time(self, idle: State) -> None:
        """A second request while one runs says which one runs."""
        state, _ = after(idle, FreeMemory())
        for command in (FreeMemory(), CleanUp()):
            assert reason(state, command) == "Freeing memory is still under way."

    @pytest.mark.parametrize("activity", [Activity.PROCESSING, Activity.INTENSIVE])
    def test_no_clean_up_while_a_job_runs(self, idle: State, activity: Activity) -> None:
        """Its files would be at risk; memory may be freed all the same."""
        busy = replace(idle, activity=ActivityState(activity=activity))
        assert reason(busy, CleanUp()) == "A job is running: its files would be at risk."
        assert after(busy, FreeMemory())[0].errand is Errand.FREE_MEMORY

    def test_no_clean_up_while_a_job_may_have_begun_or_waits(self, idle: State) -> None:
        """A burst of CPU may be its beginning, and a job that is not known to have ended waits."""
        stirring = replace(idle, activity=ActivityState(burst_s=0.4))
        waiting = replace(idle, jobs=Jobs(current=Job(1, START)))
        for state in (stirring, waiting):
            assert "A job is running" in reason(state, CleanUp())

    def test_no_clean_up_where_nothing_is_known(self, idle: State) -> None:
        """While paused, or before the first sample, a job may run unseen."""
        paused, _ = after(idle, SetPaused(True))
        fresh = begin(SETTINGS, SETTINGS, START, local=True)
        for state in (paused, fresh):
            assert "not known" in reason(state, CleanUp())

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
            Outcome(Errand.FREE_MEMORY, 3.2, Extent(mb(944)), Extent(mb(532))),
            "Freed 412 MB in 3 s",
            "The server keeps 532 MB.",
        ),
        (
            Outcome(Errand.FREE_MEMORY, 0.2, Extent(2 * GIB), Extent(GIB)),
            "Freed 1.00 GB in 1 s",
            "The server keeps 1.00 GB.",
        ),
        (
            Outcome(Errand.FREE_MEMORY, 3.0, Extent(mb(532.4)), Extent(mb(532))),
            "Freed nothing",
            "The server keeps 532 MB.",
        ),
        (
            Outcome(Errand.FREE_MEMORY, 3.0, Extent(mb(500)), Extent(mb(532))),
            "Freed nothing",
            "The server keeps 532 MB.",
        ),
        (
            Outcome(Errand.FREE_MEMORY, 3.0, Extent(mb(500)), None),
            "The server has collected its garbage",
            "How much that freed it does not tell.",
        ),
        (
            Outcome(Errand.CLEAN_UP, 1.0, Extent(int(1.25 * GIB), 17), Extent(mb(51.2), 3)),
            "Deleted 1.20 GB in 14 files",
            "Temp: 51 MB in 3 files.",
        ),
        (
            Outcome(Errand.CLEAN_UP, 1.0, Extent(mb(51), 3), Extent(mb(51), 3)),
            "Nothing was older than 24 h",
            "Temp: 51 MB in 3 files.",
        ),
        (
            Outcome(Errand.CLEAN_UP, 1.0, Extent(mb(51), 3), Extent(mb(80), 4)),
            "Nothing was older than 24 h",
            "Temp: 80 MB in 4 files.",
        ),
        (
            Outcome(Errand.CLEAN_UP, 1.0),
            "The server has cleaned up",
            "What it deleted it does not tell.",
        ),
        (
            Outcome(Errand.FREE_MEMORY, problem="connection refused"),
            "Memory was not freed",
            "Connection refused.",
        ),
        (
            Outcome(Errand.CLEAN_UP, problem="HTTP 405: Method Not Allowed"),
            "Nothing was cleaned up",
            "This server does not offer it (HTTP 405: Method Not Allowed).",
        ),
        (
            Outcome(Errand.CLEAN_UP, problem="no answer for 5 s"),
            "Nothing was cleaned up",
            "No answer for 5 s: the server may be busy.",
        ),
    ],
)
def test_what_an_errand_brought_is_said_with_figures_first(
    outcome: Outcome, title: str, text: str
) -> None:
    """As measured, or one plain sentence of why not; in a notification, and in one line."""
    assert clicks.brought(outcome) == (title, text)
    told = note(ErrandEnded(outcome))
    assert told is not None
    assert (told.title, told.text, told.replace) == (title, text, "errand")
    assert clicks.line(outcome) == f"{title}{':' if outcome.problem else '.'} {text}"


class TestOpening:
    def test_the_temp_directory_is_the_servers(self, idle: State) -> None:
        """It is below the directory that the server's process works in."""
        assert after(idle, OpenTemp())[1] == [OpenAsked(f"{TARGET.cwd}/tmp")]

    def test_no_directory_of_another_machine(self, idle: State) -> None:
        """Nor one of a process that is not known."""
        assert "another machine" in reason(replace(idle, local=False), OpenTemp())
        unknown = replace(idle, sample=None)
        assert "No server process is known" in reason(unknown, OpenTemp())

    def test_the_browser_is_given_no_password(self, idle: State) -> None:
        """The configured address, without its userinfo."""
        assert after(idle, OpenServer())[1] == [OpenAsked("http://localhost:8000")]

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
        _, events = after(state, ShowStatus(), at_s=1.0 + clicks.DOUBLE_CLICK_S)
        assert len(events) == 1


class TestDelivery:
    def test_a_test_is_a_notification(self, idle: State) -> None:
        """It says that it is one, and where its fate is told."""
        _, (told,) = after(idle, SendTest())
        assert told == clicks.test()
        shown = note(clicks.test())
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
