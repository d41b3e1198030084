"""The menu as data."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from tests.core.made import TARGET, answer, mb, no_process, refusal, tree_reading
from tray_app.core.alerts.forecast import Forecast, ForecastKind
from tray_app.core.alerts.job_leak import RetainedMemory
from tray_app.core.analysis.jobs import Job
from tray_app.core.config.settings import Settings
from tray_app.core.model.icon_options import Palette, Style, Theme
from tray_app.core.model.presets import Mode, Preset
from tray_app.core.model.process_finding import (
    Evidence,
    EvidenceKind,
    ProcessProblem,
    ProcessProblemKind,
)
from tray_app.core.model.readings import (
    MemoryKind,
    Now,
    OwnUse,
    ProcessRow,
    Role,
    Target,
    TempUsage,
)
from tray_app.core.model.server_action import ServerAction
from tray_app.core.model.server_address import parse_address
from tray_app.core.monitor.commands import (
    CleanUp,
    Command,
    FreeMemory,
    Mute,
    OpenServer,
    OpenTemp,
    Quit,
    SendTest,
    SetAutostart,
    SetMode,
    SetPalette,
    SetPaused,
    SetPreset,
    SetStyle,
    SetTheme,
    Unmute,
    WatchAutomatically,
    WatchPort,
    WatchProcess,
)
from tray_app.core.monitor.events import AutostartFailed
from tray_app.core.monitor.inputs import Answered, Asked, Delivered, Input, SourcesRead, ThemeSeen
from tray_app.core.monitor.state import Health, State, begin
from tray_app.core.monitor.step import step
from tray_app.core.presentation import menu as menu_rows
from tray_app.core.presentation import menu_text, process_text, source_text, summary_text
from tray_app.core.presentation.menu import TREE_SLOTS, WATCH_SLOTS, Row, rows, widest
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
def test_every_top_level_row_says_something(name: str) -> None:
    """Panels measure a menu before it is shown: on top no row is ever hidden."""
    top = rows(STATES[name])
    assert [row.key for row in top if row.separator] == ["separator-status", "separator-app"]
    assert next(row.text for row in top if row.children).startswith("Processes")


@pytest.mark.parametrize("name", list(STATES))
def test_the_rows_that_inform_are_the_widest(name: str) -> None:
    """No other row on top is wider than the menu is made for them."""
    state = after((3.0, Mute(None)), state=STATES[name])
    assert max(len(row.text) for row in rows(state)) <= widest(state)


@pytest.mark.parametrize("name", list(STATES))
def test_hidden_rows_stand_where_nothing_is_pushed(name: str) -> None:
    """Below a row that may be hidden there is no row that could be clicked and would move."""
    for row in everything(rows(STATES[name])):
        hidden = False
        for child in row.children:
            if not child.text and not child.separator:
                hidden = True
            assert not (hidden and child.enabled), child.key


@pytest.mark.parametrize("name", list(STATES))
def test_no_row_is_wider_than_a_narrow_screen_bears(name: str) -> None:
    """Long reasons are cut, and told in full in a submenu."""
    assert max(len(row.text) for row in everything(rows(STATES[name]))) <= ROW_CHARS + 12


def test_six_lines_inform() -> None:
    """Memory and band, source, activity, peak, system, temp. Nobody can click them."""
    lines = rows(HEALTHY)[:6]
    assert [row.text for row in lines] == [
        "RunAnalyze: 342 MB · normal",
        "Source: API",
        "Activity: idle",
        "Peak: 342 MB",
        "System: 10.0 GB of 16.0 GB free (38 % used)",
        "Temp: 18 MB in 3 files",
    ]
    assert not any(row.enabled for row in lines)


def test_before_the_first_sample_they_say_whom_is_waited_for() -> None:
    """The address, without its secrets."""
    hidden = Settings(address=parse_address("http://me:secret@localhost:9000"))
    texts = [row.text for row in rows(replace(START, settings=hidden))[:6]]
    assert texts == [
        "RunAnalyze: starting",
        "http://***@localhost:9000",
        "Activity: –",
        "Peak: –",
        "System: –",
        "Temp: –",
    ]


def test_without_a_reading_they_say_why() -> None:
    """In the line of the source; a long reason is cut there and whole among the processes."""
    texts = [row.text for row in rows(STATES["no reading"])[:3]]
    assert texts == [
        "RunAnalyze: no reading",
        "No source: waiting for the first answer",
        "Activity: –",
    ]
    menu = by_key(STATES["held port"])
    assert menu["status-source"].text.endswith("…")
    told = " ".join(menu[f"tree-problem-{number}"].text for number in range(3)).strip()
    assert told == process_text.problem(HELD)


def test_a_job_is_told_with_its_time() -> None:
    """While it runs how long it has taken, afterwards what it took at most."""
    times = [
        (float(at), SourcesRead(tree_reading(memory, float(at), cpu_percent=percent)))
        for at, memory, percent in [
            (0, 126, 0.0),
            *((at, 532, 180.0) for at in range(2, 20, 2)),
            *((at, 301, 0.0) for at in range(20, 60, 2)),
        ]
    ]
    running = after(*times[:10])
    assert by_key(running)["status-activity"].text == "Activity: intensive, 18 s"
    ended = by_key(after(*times))["status-activity"].text
    assert ended.startswith("Activity: idle · last job ")
    assert ended.endswith(", peak 532 MB")


def test_a_pause_is_said() -> None:
    """With what was read before it; the row offers to go on."""
    paused = by_key(STATES["paused"])
    assert paused["status-memory"].text == "RunAnalyze: paused"
    assert paused["status-activity"].text == "Before the pause: 342 MB"
    assert (paused["pause"].text, paused["pause"].command) == ("Resume", SetPaused(False))
    running = by_key(HEALTHY)["pause"]
    assert (running.text, running.command) == ("Pause", SetPaused(True))


def test_the_demo_does_not_start_at_login() -> None:
    """The row says why it is barred; a late click is refused."""
    row = by_key(STATES["demo"])["autostart"]
    assert (row.text, row.enabled) == ("Start at login (not in the demo)", False)
    _, events = step(STATES["demo"], SetAutostart(True), Now(0.0, 0.0))
    assert events == (AutostartFailed(True, "not in the demo"),)


def test_the_demo_is_marked() -> None:
    """Nobody takes it for their server."""
    assert rows(STATES["demo"])[0].text.startswith("RunAnalyze (demo): ")


def test_notifications_that_do_not_get_through_are_told_here() -> None:
    """Where else? On top in a word, with the reason in the submenu."""
    menu = by_key(STATES["no delivery"])
    assert menu["alerts"].text == "Alerts: not delivered"
    told = "Notifications are not being delivered: no notification service"
    assert (menu["delivery-0"].text, menu["about-delivery"].text) == (told, told)


def test_deliveries_are_counted_and_the_last_ones_told() -> None:
    """How many got through, and of the last ones which way."""
    assert by_key(START)["delivery-0"].text == "No notifications sent yet"
    once = after((1.0, Delivered(None, "High: 2.10 GB", "notification service")))
    assert by_key(once)["about-delivery"].text == "Notifications: 1 delivered, 0 failed"
    told = by_key(once)["delivery-1"].text
    assert told == "High: 2.10 GB · just now, by notification service"
    more = after((2.0, Delivered("no")), (3.0, Delivered()), state=once)
    assert by_key(more)["delivery-0"].text == "Notifications: 2 delivered, 1 failed"


@pytest.mark.parametrize("mode", list(Mode))
def test_the_chosen_mode_is_marked(mode: Mode) -> None:
    """One of three, each with its command."""
    menu = by_key(replace(START, settings=Settings(mode=mode)))
    marks = {row.command: row.checked for row in menu["mode"].children}
    assert marks == {SetMode(each): each is mode for each in Mode}


def test_the_chosen_preset_is_marked() -> None:
    """Four are offered; the fallback preset is a mode here, so no row is marked for it."""
    preset = by_key(STATES["quick test"])["preset"]
    assert preset.text == "Preset: Quick test (30 s)"
    assert {row.command: row.checked for row in preset.children} == {
        SetPreset(Preset.STANDARD): False,
        SetPreset(Preset.QUICK): True,
        SetPreset(Preset.HEAVY): False,
        SetPreset(Preset.DEBUG): False,
    }
    fallback = by_key(STATES["fallback preset"])["preset"]
    assert not any(row.checked for row in fallback.children)


def test_the_tree_is_listed() -> None:
    """Each process with memory and CPU, the root first; what has no row is summed up."""
    menu = by_key(STATES["many processes"])
    assert menu["processes"].text == f"Processes: {TREE_SLOTS + 3}"
    assert menu["tree"].text == "uvicorn (42): listens on port 8000"
    assert menu["tree-0"].text == "uvicorn (42): 2.44 GB · 1 %"
    assert menu["tree-1"].text == "ffmpeg-0 (43): 10 MB"
    assert menu["tree-more"].text == "and 3 more: 30 MB"
    assert by_key(HEALTHY)["tree-more"].text == ""
    assert menu["tree-sharing"].text == ""


def test_what_the_processes_share_is_told_below_them() -> None:
    """Since their figures add up to more than is shown."""
    assert HEALTHY.sample is not None
    gigabyte = 1 << 30
    sample = replace(
        HEALTHY.sample,
        memory_kind=MemoryKind.SHARED_ONCE,
        rss_bytes=3 * gigabyte,
        shared_bytes=2 * gigabyte,
    )
    shared = by_key(replace(HEALTHY, sample=sample))["tree-sharing"]
    assert shared.text == "Total 1.00 GB with shared memory counted once (sum of RSS 3.00 GB)"
    assert shared.command is None


def test_another_process_can_be_watched() -> None:
    """Candidates first, then the other Python processes, by pid and each once."""
    watch = by_key(STATES["many processes"])["watch"]
    offered = [(row.text, row.command) for row in watch.children if row.enabled]
    assert offered == [
        ("python3 (302): 302 MB · 1 %", WatchProcess(302, 151.0)),
        ("uvicorn (900): command line: uvicorn", WatchProcess(900, 450.0)),
        ("python3 (301): 301 MB · 1 %", WatchProcess(301, 150.5)),
        ("python3 (303): 303 MB · 1 %", WatchProcess(303, 151.5)),
    ]
    assert len(watch.children) == 1 + WATCH_SLOTS
    automatic = by_key(HEALTHY)["watch-auto"]
    assert (automatic.command, automatic.checked) == (WatchAutomatically(), True)


def test_a_watched_process_can_be_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the row for the automatic choice has no mark."""
    monkeypatch.setattr(menu_rows, "is_watching", lambda _state: True)
    assert by_key(HEALTHY)["watch-auto"].checked is False


def test_a_server_on_another_port_is_offered() -> None:
    """In the line that says why there is no figure, which a click answers; and among the rest."""
    moved = Target(
        50,
        1.0,
        "uvicorn",
        ("uvicorn", "main:app"),
        "/b",
        Evidence(EvidenceKind.LISTENS_ELSEWHERE, 8772, "uvicorn main:app"),
    )
    moved = replace(moved, port=8772)
    seen = replace(no_process(2.0), candidates=(moved,))
    refused = after((1.9, Asked()), (1.95, Answered(refusal(1.95))), (2.0, SourcesRead(seen)))
    question = "uvicorn main:app listens on port 8772: watch it?"
    menu = by_key(refused)
    row = menu["status-source"]
    assert (row.text, row.command, row.enabled) == (question, WatchPort(8772), True)
    assert WatchPort(8772) in [each.command for each in menu["watch"].children]
    assert refused.sample is not None
    assert source_text.source(refused.sample) == f"API unreachable: connection refused · {question}"
    shown = summary_text.tooltip(refused.sample, demo=False, paused=False)
    assert question in shown[:127]  # what Windows shows of it
    paused = by_key(after((3.0, SetPaused(True)), state=refused))
    assert paused["status-source"].command is None
    watched = by_key(after((3.0, WatchPort(8772)), state=refused))
    assert watched["watch-auto"].checked is False


def test_alerts_can_be_muted_and_tested() -> None:
    """For three lengths or until the next start; Unmute is offered only while they are."""
    menu = by_key(HEALTHY)
    durations = [menu[f"mute-{position}"].command for position in range(4)]
    assert durations == [Mute(1800.0), Mute(3600.0), Mute(28800.0), Mute(None)]
    assert menu["test"].command == SendTest()
    assert not menu["unmute"].enabled
    muted = by_key(after((3.0, Mute(1800.0)), state=HEALTHY))
    assert (muted["alerts"].text, muted["unmute"].command) == (
        "Alerts: muted for 30 min",
        Unmute(),
    )


@pytest.mark.parametrize(
    ("duration_s", "at_s", "text"),
    [
        (1800.0, 100.0, "Alerts: muted for 29 min"),
        (1800.0, 1790.0, "Alerts: muted for 1 min"),
        (1800.0, 1803.0, "Alerts"),
        (28800.0, 3.0, "Alerts: muted for 8 h"),
        (28800.0, 700.0, "Alerts: muted for 7 h 50 min"),
        (None, 1e6, "Alerts: muted until restart"),
    ],
)
def test_it_is_told_how_long_alerts_stay_muted(
    duration_s: float | None, at_s: float, text: str
) -> None:
    """In steps that change seldom."""
    state = after(
        (3.0, Mute(duration_s)), (at_s, SourcesRead(tree_reading(342, at_s))), state=HEALTHY
    )
    assert by_key(state)["alerts"].text == text


def test_a_pause_counts_no_mute_down() -> None:
    """Its last sample grows old, so how much is left is not said."""
    state = after((3.0, Mute(1800.0)), (4.0, SetPaused(True)), state=HEALTHY)
    assert by_key(state)["alerts"].text == "Alerts: muted"


def test_what_is_to_come_stands_beside_the_peak() -> None:
    """A forecast; without one what the last job has kept. Not twice, as in the first line."""
    assert HEALTHY.sample is not None
    kept = RetainedMemory(Job(3, Now(0, 0)), mb(126), mb(140))
    sample = replace(HEALTHY.sample, kept=kept)
    row = by_key(replace(HEALTHY, sample=sample))["status-peak"]
    assert row.text == "Peak: 342 MB · 140 MB not released after the last video"
    climbing = replace(HEALTHY, sample=replace(sample, forecast=Forecast(ForecastKind.HIGH, 250.0)))
    menu = by_key(climbing)
    assert menu["status-peak"].text == "Peak: 342 MB · forecast: high in about 4 min"
    assert menu["status-memory"].text == "RunAnalyze: 342 MB · normal"
    paused = after((3.0, SetPaused(True)), state=climbing)
    assert by_key(paused)["status-peak"].text == "Peak: 342 MB"


def test_the_limits_are_shown() -> None:
    """In MB, as they are set."""
    menu = by_key(HEALTHY)
    texts = [menu[f"limit-{word}"].text for word in ("raised", "high", "critical")]
    assert texts == ["Raised: above 1500 MB", "High: above 2000 MB", "Critical: above 3000 MB"]


def test_the_server_can_be_asked() -> None:
    """What deletes stands a level deeper, below what is at risk."""
    menu = by_key(HEALTHY)
    assert [menu[key].command for key in ("open-temp", "open-server")] == [
        OpenTemp(),
        OpenServer(),
    ]
    assert (menu["free"].text, menu["free"].command) == ("Free memory, delete old files", None)
    assert [(row.text, row.command) for row in menu["free"].children] == [
        ("Temp: 18 MB in 3 files", None),
        ("Also deletes files older than 1 h", None),
        ("Free memory, delete old files", FreeMemory(sure=True)),
    ]
    assert (menu["clean"].text, menu["clean"].command) == ("Delete old files", None)
    assert [(row.text, row.command) for row in menu["clean"].children] == [
        ("Temp: 18 MB in 3 files", None),
        ("Delete files now?", None),
        ("Delete files older than 24 h", CleanUp(sure=True)),
        ("Delete files older than 1 h", CleanUp(ServerAction.CLEAN_UP_HOUR, sure=True)),
    ]


def test_nothing_is_cleaned_up_while_a_job_runs() -> None:
    """Its files may be among them: the rows say so; a click that comes too late is refused.
    Memory can be freed, after the same question."""
    busy = by_key(replace(HEALTHY, activity=replace(HEALTHY.activity, burst_s=1.0)))
    assert busy["clean-risk"].text == "Not while a job is running"
    for key, command in (
        ("action-clean_up", CleanUp(sure=True)),
        ("action-clean_up_hour", CleanUp(ServerAction.CLEAN_UP_HOUR, sure=True)),
    ):
        assert (busy[key].enabled, busy[key].command) == (False, command)
    assert busy["free-risk"].text == "A job is running. Free memory anyway?"
    assert busy["action-free_memory"].enabled
    paused = by_key(STATES["paused"])
    assert not paused["action-clean_up"].enabled
    assert paused["action-free_memory"].enabled


def test_a_temp_directory_that_is_not_known_cannot_be_opened() -> None:
    """Of a server on another machine, or whose directory may not be read."""
    assert not by_key(START)["open-temp"].enabled
    hidden = replace(tree_reading(342, 2.0), target=replace(TARGET, cwd=None))
    assert not by_key(after((2.0, SourcesRead(hidden))))["open-temp"].enabled


def test_what_the_last_action_brought_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it was asked for."""
    assert by_key(HEALTHY)["brought"].text == "No action run yet"
    monkeypatch.setattr(menu_text, "last_action", lambda _state: "Freed 412 MB in 3 s")
    assert by_key(HEALTHY)["brought"].text == "Freed 412 MB in 3 s"


@pytest.mark.parametrize(
    "command",
    [
        *map(SetStyle, Style),
        *map(SetPalette, Palette),
        *map(SetTheme, Theme),
    ],
)
def test_the_view_is_chosen_by_radio_marks(command: Command) -> None:
    """Of each of the three kinds one is marked: what was chosen last."""
    chosen = after((3.0, command), state=HEALTHY)
    rows_of_view = by_key(chosen)["view"].children
    marks = {row.command: row.checked for row in rows_of_view if row.command}
    assert marks[command] is True
    assert all(row.radio for row in rows_of_view if row.command)
    for kind in (SetStyle, SetPalette, SetTheme):
        assert sum(bool(on) for made, on in marks.items() if isinstance(made, kind)) == 1


def test_the_view_of_the_settings_is_marked() -> None:
    """Until the menu says otherwise."""
    settings = Settings(style=Style.CALM, palette=Palette.OKABE_ITO, theme=Theme.DARK)
    menu = by_key(begin(settings, settings, Now(0.0, 1e9), local=True))
    marked = {row.command for row in menu["view"].children if row.checked}
    assert marked == {SetStyle(Style.CALM), SetPalette(Palette.OKABE_ITO), SetTheme(Theme.DARK)}


def test_the_desktops_theme_is_told() -> None:
    """Where it is followed."""
    assert by_key(HEALTHY)["theme-auto"].text == "Panel: follow the desktop"
    dark = after((3.0, ThemeSeen(Theme.DARK)), state=HEALTHY)
    assert by_key(dark)["theme-auto"].text == "Panel: follow the desktop (dark)"


def test_the_start_at_login_has_a_mark() -> None:
    """A check mark, and a click turns it over."""
    off = by_key(HEALTHY)["autostart"]
    assert (off.checked, off.radio, off.command) == (False, False, SetAutostart(True))
    on = by_key(replace(HEALTHY, autostart=True))["autostart"]
    assert (on.checked, on.command) == (True, SetAutostart(False))


def test_the_monitors_own_health_is_told() -> None:
    """What it takes itself, how many samples came late, what shows it, and its version."""
    health = Health(OwnUse(mb(34), 0.4), Now(100.0, 1e9 + 100), 51, 2)
    menu = by_key(replace(HEALTHY, health=health, backend="StatusNotifierItem"))
    assert menu["about-own"].text == "This program: 34 MB · 0.4 % CPU on average"
    assert menu["about-samples"].text == "51 samples, 2 late"
    assert menu["about-backend"].text == "Icon backend: StatusNotifierItem"
    assert menu["about-version"].text.startswith("runanalyze-tray ")


def test_submenus_are_kept_between_samples() -> None:
    """A sample that changes the lines on top rebuilds no submenu, so that it stays cheap."""
    later = after((4.0, SourcesRead(tree_reading(343, 4.0))), state=HEALTHY)
    pairs = zip(rows(HEALTHY), rows(later), strict=True)
    kept = {one.key for one, other in pairs if one is other}
    assert kept >= {"mode", "preset", "alerts", "view", "autostart", "pause", "about", "quit"}


def test_the_last_row_quits() -> None:
    """As in every menu."""
    assert rows(START)[-1] == Row("quit", "Quit", Quit())


def test_long_texts_are_broken_between_words() -> None:
    """Over as many rows as are given; what does not fit ends with an ellipsis."""
    text = "one two three " * 20
    shown = menu_text.lines(text, 3)
    assert all(len(line) <= ROW_CHARS for line in shown)
    assert shown[-1].endswith("…")
    assert menu_text.lines("short", 3) == ("short", "", "")
    assert menu_text.lines("", 2) == ("", "")
