"""The menu as data."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from tests.core.made import answer, mb, no_process, refusal, tree_reading
from tray_app.core.analysis import course as courses
from tray_app.core.analysis.course import Course
from tray_app.core.config.settings import (
    RememberedChoices,
    Settings,
)
from tray_app.core.model.icon_options import (
    Click,
)
from tray_app.core.model.incident import (
    Cause,
    PastIncident,
)
from tray_app.core.model.presets import Preset
from tray_app.core.model.process_finding import (
    Evidence,
    EvidenceKind,
    ProcessProblem,
    ProcessProblemKind,
)
from tray_app.core.model.readings import (
    Now,
    OwnUse,
    ProcessRow,
    Role,
    Target,
    TempUsage,
)
from tray_app.core.model.server_address import parse_address
from tray_app.core.monitor.commands import (
    EditLimits,
    Mute,
    OpenHelp,
    OpenHistory,
    OpenIncident,
    OpenLog,
    OpenServer,
    OpenSettingsFile,
    Quit,
    SendTest,
    SetPaused,
    SetPreset,
    ShowReport,
    ShowStatus,
    Unmute,
)
from tray_app.core.monitor.inputs import (
    Answered,
    Asked,
    Delivered,
    Input,
    MenuSeen,
    SourcesRead,
    ThreadRestarted,
)
from tray_app.core.monitor.state import Health, State, begin
from tray_app.core.monitor.step import step
from tray_app.core.presentation import menu_text
from tray_app.core.presentation.menu import rows
from tray_app.core.presentation.menu_processes import TREE_SLOTS
from tray_app.core.presentation.menu_row import Row
from tray_app.core.presentation.menu_text import ROW_CHARS

START = begin(Settings(), Settings(), Now(0.0, 1e9), local=True)
TEMP = TempUsage(mb(18), 3, 1.9)


def after(*inputs: tuple[float, Input], state: State = START) -> State:
    """The state after these inputs at these seconds."""
    for at_s, happened in inputs:
        state, _ = step(state, happened, Now(at_s, 1e9 + at_s))
    return state


HELD = ProcessProblem(ProcessProblemKind.HELD_UNSEEN, port=8000)
CROWD = replace(
    tree_reading(2500, 2.0, children={f"ffmpeg-{number}": 10 for number in range(TREE_SLOTS + 2)}),
    others=tuple(
        ProcessRow(pid, "python3", Role.PYTHON, mb(pid), 1.0, created_s=pid / 2)
        for pid in (303, 301, 302)
    ),
    candidates=(
        Target(
            302,
            151.0,
            "python3",
            ("python3", "main.py"),
            "/a",
            Evidence(EvidenceKind.COMMAND_LINE, command="main.py"),
        ),
        Target(
            900,
            450.0,
            "uvicorn",
            ("uvicorn", "main:app"),
            "/b",
            Evidence(EvidenceKind.COMMAND_LINE, command="uvicorn"),
        ),
    ),
)
HEALTHY = after(
    (1.95, Answered(answer(342, 1.95, temp=TEMP))), (2.0, SourcesRead(tree_reading(342, 2.0)))
)


def with_past(state: State) -> State:
    """With memory of the last 10 min, and a desktop that can draw it."""
    assert state.sample
    now_s, past = state.sample.at.mono_s, Course()
    for second in range(-600, 1, 10):
        bytes_ = int(mb(342 + max(0, 1800 - 10 * abs(second + 240))))
        past = courses.update(past, now_s + second, bytes_, None, 10.0)
    return replace(state, course=past, has_blocks=True)


STATES = {
    "starting": START,
    "healthy": HEALTHY,
    "process": after((2.0, SourcesRead(tree_reading(2500, 2.0)))),
    "no reading": after((2.0, SourcesRead(no_process(2.0)))),
    "paused": after((3.0, SetPaused(True)), state=HEALTHY),
    "quick test": after((3.0, SetPreset(Preset.QUICK)), state=HEALTHY),
    "fallback preset": replace(START, settings=Settings(preset=Preset.FALLBACK)),
    "demo": replace(HEALTHY, demo=True),
    "many processes": after((2.0, SourcesRead(CROWD))),
    "held port": after(
        (1.0, Asked()),
        (1.1, Answered(refusal(1.1))),
        (2.0, SourcesRead(replace(no_process(2.0), problem=HELD))),
    ),
    "no delivery": replace(HEALTHY, delivery_problem="no notification service"),
    "ten minutes": with_past(HEALTHY),
}


def everything(of: tuple[Row, ...]) -> Iterator[Row]:
    for row in of:
        yield row
        yield from everything(row.children)


def by_key(state: State) -> dict[str, Row]:
    return {row.key: row for row in everything(rows(state))}


@pytest.mark.parametrize("name", list(STATES))
def test_rows_stay_in_their_places(name: str) -> None:
    """Every state has the same rows in the same order, so that an open menu keeps still."""

    def shape(of: tuple[Row, ...]) -> list[object]:
        return [(row.key, row.checked is None, row.radio, shape(row.children)) for row in of]

    assert shape(rows(STATES[name])) == shape(rows(START))
    keys = [row.key for row in everything(rows(STATES[name]))]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("name", list(STATES))
def test_twelve_rows_are_shown_on_top(name: str) -> None:
    """GNOME unfolds submenus inside the menu, so each row on top takes room from them. Muted or
    not, their number stays: panels measure a menu before they show it."""
    shown = [row for row in rows(STATES[name]) if row.text]
    assert len(shown) == 12
    muted = after((3.0, Mute(None)), state=STATES[name])
    assert len([row for row in rows(muted) if row.text]) == 12


@pytest.mark.parametrize("name", list(STATES))
def test_every_row_on_top_can_be_clicked(name: str) -> None:
    """Panels draw the letters of other rows pale."""
    assert all(row.enabled for row in rows(STATES[name]) if row.text)


@pytest.mark.parametrize("name", list(STATES))
def test_no_row_on_top_needs_more_room_than_there_is(name: str) -> None:
    """GTK cuts what is wider than the menu was when it opened, and says nothing of that."""
    state = after((3.0, Mute(None)), state=STATES[name])
    assert max(len(row.text) for row in rows(state)) <= menu_text.ROOM_CHARS


@pytest.mark.parametrize("name", list(STATES))
def test_hidden_rows_stand_where_nothing_is_pushed(name: str) -> None:
    """Below a row that may be hidden no row stands whose click changes something: it would move."""
    for row in everything(rows(STATES[name])):
        hidden = False
        for child in row.children:
            if not child.text and not child.separator:
                hidden = True
            shows = isinstance(child.command, ShowStatus | ShowReport | OpenLog)
            assert not (hidden and child.enabled and not shows), child.key


HEADINGS = {"free-risk", "clean-risk", "watch-heading", "limits", "bands"}
NOT_NOW = {"open-temp", "action-clean_up", "action-clean_up_hour", "autostart"}


@pytest.mark.parametrize("name", list(STATES))
def test_every_row_with_news_can_be_clicked(name: str) -> None:
    """Panels draw the letters of other rows pale, as if they were not available: of headings, and
    of what cannot be done now."""
    shown = [row for row in everything(rows(STATES[name])) if row.text and not row.separator]
    assert {row.key for row in shown if not row.enabled} <= HEADINGS | NOT_NOW
    assert not any(row.enabled for row in shown if row.key in HEADINGS)


def test_a_click_on_news_shows_more_of_it_or_helps() -> None:
    """A limit opens the file where it stands, a failed delivery the report, a directory's size
    the directory."""
    menu = by_key(STATES["process"])
    assert menu["limit-high"].command == EditLimits()
    assert menu["bands-limits"].command == OpenSettingsFile()
    assert menu["server-address"].command == OpenServer()
    assert menu["server-source"].command == ShowReport()
    assert menu["tree-0"].command == ShowStatus()
    assert menu["last-0"].command == OpenLog()
    failed = by_key(STATES["no delivery"])
    assert failed["last-0"].command == ShowReport()


@pytest.mark.parametrize("name", list(STATES))
def test_no_row_is_wider_than_a_narrow_screen_bears(name: str) -> None:
    """Long reasons are cut, and told in full in a submenu."""
    assert max(len(row.text) for row in everything(rows(STATES[name]))) <= ROW_CHARS + 12


def texts(state: State) -> list[str]:
    """The three rows on top."""
    return [row.text for row in rows(state)[:3]]


def test_three_rows_say_what_matters() -> None:
    """Memory and its level; what goes on; the machine. A click on each shows the status."""
    assert texts(HEALTHY) == ["342 MB · normal", "Idle · peak 342 MB", "10.0 of 16.0 GB free"]
    assert [row.command for row in rows(HEALTHY)[:3]] == [ShowStatus()] * 3


def test_the_rows_stand_in_the_order_of_use() -> None:
    """First what is done weekly, then what is looked at, last what is chosen once."""
    assert [row.text or row.key for row in rows(HEALTHY)[3:]] == [
        *("separator-status", "Mute", "unmute", "Free memory", "Pause"),
        *("separator-actions", "Processes: 1", "Server", "History and alerts", "Settings"),
        *("Help and about", "Quit"),
    ]


def test_where_submenus_unfold_inside_the_menu_it_is_shorter() -> None:
    """In GNOME: eleven rows and no lines, and nothing is lost."""
    short = replace(HEALTHY, unfolds=True)
    assert [row.text or row.key for row in rows(short)[3:]] == [
        *("Mute", "unmute", "Pause", "Processes: 1", "Server", "History and alerts", "Settings"),
        *("Help and about", "Quit"),
    ]
    usual = {row.key for row in everything(rows(HEALTHY)) if not row.separator}
    assert {row.key for row in everything(rows(short)) if not row.separator} == usual


def test_before_the_first_sample_the_server_is_named() -> None:
    """Its address, without secrets."""
    hidden = Settings(address=parse_address("http://me:secret@localhost:9000"))
    assert texts(replace(START, settings=hidden)) == [
        "Starting",
        "Server: http://***@localhost:9000",
        "This machine: –",
    ]


def test_a_pause_shows_the_memory_before_it() -> None:
    """The second row says how to continue, and the pause's own row does it."""
    paused = STATES["paused"]
    assert texts(paused) == [
        "Paused · 342 MB before the pause",
        "Click Resume to continue · peak 342 MB",
        "This machine: not read now",
    ]
    row = by_key(paused)["pause"]
    assert (row.text, row.command) == ("Resume", SetPaused(False))
    running = by_key(HEALTHY)["pause"]
    assert (running.text, running.command) == ("Pause", SetPaused(True))


def test_the_demo_is_marked() -> None:
    """Nobody takes it for their server."""
    assert rows(STATES["demo"])[0].text == "Demo · 342 MB · normal"


def test_alerts_can_be_muted_for_three_lengths_or_until_the_restart() -> None:
    """While they are muted, the way back stands in the same place."""
    menu = by_key(HEALTHY)
    assert [row.command for row in menu["mute"].children] == [
        Mute(1800.0),
        Mute(3600.0),
        Mute(28800.0),
        Mute(None),
    ]
    assert (menu["mute"].text, menu["unmute"].text) == ("Mute", "")
    muted = by_key(after((3.0, Mute(1800.0)), state=HEALTHY))
    assert (muted["mute"].text, muted["unmute"].text) == ("", "Unmute (30 min left)")
    assert muted["unmute"].command == Unmute()


@pytest.mark.parametrize(
    ("duration_s", "at_s", "text"),
    [
        (1800.0, 100.0, "Unmute (29 min left)"),
        (1800.0, 1790.0, "Unmute (1 min left)"),
        (1800.0, 1803.0, ""),
        (28800.0, 3.0, "Unmute (8 h left)"),
        (28800.0, 700.0, "Unmute (7 h 50 min left)"),
        (None, 1e6, "Unmute (muted until restart)"),
    ],
)
def test_the_row_says_how_long_alerts_stay_muted(
    duration_s: float | None, at_s: float, text: str
) -> None:
    """In steps that change seldom."""
    state = after(
        (3.0, Mute(duration_s)), (at_s, SourcesRead(tree_reading(342, at_s))), state=HEALTHY
    )
    assert by_key(state)["unmute"].text == text


def test_a_pause_counts_no_mute_down() -> None:
    """Its last sample grows old, so the remaining time is not shown."""
    state = after((3.0, Mute(1800.0)), (4.0, SetPaused(True)), state=HEALTHY)
    assert by_key(state)["unmute"].text == "Unmute"


def test_the_alerts_limits_are_shown_and_can_be_edited() -> None:
    """With where they come from, and apart from the limits of the colours."""
    menu = by_key(HEALTHY)
    assert menu["limits"].text == "Limits of the alerts (colours have their own)"
    shown = [menu[f"limit-{word}"].text for word in ("raised", "high", "critical")]
    assert shown == [
        "Raised: above 1500 MB (default)",
        "High: above 2000 MB (default)",
        "Critical: above 3000 MB (default)",
    ]
    assert menu["alerts-edit-limits"].command == EditLimits()
    assert menu["test"].command == SendTest()


def test_the_history_is_opened_and_summed_up_here() -> None:
    """The page, the last five incidents by time and cause, summaries, export and deletion."""
    rows_of_it = by_key(HEALTHY)["alerts"].children
    assert [row.text for row in rows_of_it[1:8]] == [
        *("", "History page", "Last incidents", "Summary since the start", "Summary of today"),
        *("Export as CSV", "Delete history…"),
    ]
    assert by_key(HEALTHY)["incident-0"].text == "No incidents yet"
    past = [
        PastIncident(1e9 - 60.0 * number, (Cause.HUNG, Cause.GONE), "Server hangs")
        for number in range(6)
    ]
    menu = by_key(replace(HEALTHY, incidents=tuple(past)))
    shown = [menu[f"incident-{number}"] for number in range(5)]
    assert "incident-5" not in menu
    assert all(row.text.endswith(" · Server hangs, then gone") for row in shown)
    assert [row.command for row in shown] == [OpenIncident(each.opened_s) for each in past[:5]]


def test_the_first_row_is_a_left_click() -> None:
    """Both open what is chosen."""
    chosen = replace(HEALTHY, choice=RememberedChoices(click=Click.HISTORY))
    assert rows(chosen)[0].command == OpenHistory()
    assert rows(replace(chosen, demo=True))[0].command == ShowStatus()
    assert by_key(chosen)["click"].text == "Left click: History page"


def test_undelivered_alerts_are_marked_and_explained() -> None:
    """The submenu's own row in a word, and the reason in it."""
    menu = by_key(STATES["no delivery"])
    assert menu["alerts"].text == "History and alerts: not delivered"
    told = "Notifications are not being delivered: no notification service"
    assert menu["last-0"].text == told


def test_the_last_alerts_are_listed_without_answers_to_clicks() -> None:
    """A test and a status are no alerts. All are counted, but in one place only."""
    assert by_key(START)["last-0"].text == "No alerts yet"
    state = after(
        (1.0, Delivered(None, "High: 2.10 GB", "notification service", is_alert=True)),
        (2.0, Delivered(None, "Test notification", "notification service")),
        (3.0, Delivered("no", "RunAnalyze: 342 MB", None)),
        (4.0, Delivered(None, "Back to normal: 342 MB", None, is_alert=True)),
    )
    menu = by_key(state)
    assert [menu[f"last-{number}"].text for number in range(4)] == [
        "Back to normal: 342 MB · just now",
        "High: 2.10 GB · just now",
        "",
        "",
    ]
    assert menu["about-delivery"].text == "Notifications: 3 delivered, 1 failed"


def test_ages_are_those_of_the_moment_in_which_the_menu_opens() -> None:
    """Also during a pause, in which there are no samples."""
    told = Delivered(None, "High: 2.10 GB", None, is_alert=True)
    paused = after((2.0, told), (3.0, SetPaused(True)), state=HEALTHY)
    assert by_key(paused)["last-0"].text == "High: 2.10 GB · just now"
    opened = after((242.0, MenuSeen(True)), state=paused)
    assert by_key(opened)["last-0"].text == "High: 2.10 GB · 4 min ago"


def test_the_own_use_is_shown() -> None:
    """What the program takes itself, how many samples came late, what shows it, its version."""
    health = Health(OwnUse(mb(34), 0.4), Now(100.0, 1e9 + 100), 51, 2)
    menu = by_key(replace(HEALTHY, health=health, backend="StatusNotifierItem"))
    assert menu["about-own"].text == "This program: 34 MB · 0.4 % CPU on average"
    assert menu["about-samples"].text == "51 samples, 2 late"
    assert menu["about-backend"].text == "Icon backend: StatusNotifierItem"
    assert menu["about-version"].text.startswith("runanalyze-tray ")


def test_help_and_the_report_can_be_opened() -> None:
    """The page in the browser, the report in an editor, from where it can be copied."""
    menu = by_key(HEALTHY)
    assert (menu["help"].command, menu["report"].command) == (OpenHelp(), ShowReport())


def test_a_restart_of_a_part_stays_in_the_submenu() -> None:
    """On top it is shown until the log has been opened."""
    failed = after((3.0, ThreadRestarted("notices", "No space left on device")), state=HEALTHY)
    told = "Restarted after a failure: notices (No space left on device)"
    assert by_key(failed)["about-restarts"].text == told
    assert by_key(after((4.0, OpenLog()), state=failed))["about-restarts"].text == told


def test_submenus_are_kept_between_samples() -> None:
    """A sample that changes the rows on top rebuilds no other, so that it stays cheap."""
    later = after((4.0, SourcesRead(tree_reading(343, 4.0))), state=HEALTHY)
    pairs = zip(rows(HEALTHY), rows(later), strict=True)
    kept = {one.key for one, other in pairs if one is other}
    assert kept >= {"mute", "free", "settings", "pause", "about", "quit"}


def test_the_last_row_quits() -> None:
    """As in every menu."""
    assert rows(START)[-1] == Row("quit", "Quit", Quit())


def test_while_the_history_is_exported_its_row_is_barred() -> None:
    """One export at a time."""
    assert by_key(HEALTHY)["export-history"].enabled
    row = by_key(replace(HEALTHY, exporting=True))["export-history"]
    assert (row.text, row.enabled) == ("Exporting…", False)
