"""The menu: read and clicked as a panel does it, and once by a real mouse."""

from __future__ import annotations

import json
import re
import textwrap
import time
from typing import Any

import pytest

from tests.desktop.conftest import StartApp
from tests.desktop.dbus import Variant
from tests.desktop.recorder import NotificationRecorder, Watcher
from tests.desktop.running import NEAR_PANEL_END, App, state_file, wait_for_panel
from tests.desktop.session import (
    MENU,
    SCREEN,
    DesktopSession,
    find_row,
    label_of,
    row_centre,
)
from tests.server.starting import RunAnalyzeServer, ServerFactory
from tests.waiting import wait_for
from tray_app.core.analysis.bands import Band

pytestmark = pytest.mark.desktop

ROOT = 0
NOTHING = Variant("i", 0)
MODES = ["Automatic", "API only", "Processes only"]
PRESETS = [
    *("Standard", "Quick test (30 s)", "Heavy processing", "Debug (1 s)"),
    "Fallback (processes only)",
]


@pytest.fixture
def server(runanalyze_server: ServerFactory) -> RunAnalyzeServer:
    return runanalyze_server()


@pytest.fixture
def panelless(session_bus: DesktopSession) -> Any:
    """A bus with a watcher and a notification daemon: enough to click a menu."""
    with Watcher(session_bus.bus_address), NotificationRecorder(session_bus.bus_address):
        yield session_bus


def row_ids(app: App) -> list[Any]:
    """The ids and kinds of all rows: what must stay for an open menu to keep still."""

    def shape(row: dict[str, Any]) -> Any:
        return row["id"], row.get("type"), [shape(child) for child in row["children"]]

    return [shape(row) for row in app.rows]


def marked(app: App, submenu: str) -> str:
    """The label of the one row of a submenu of the settings that has the mark."""
    rows = find_row(find_row(app.rows, "Settings")["children"], submenu)["children"]
    assert all(row["toggle-type"] == "radio" for row in rows)
    chosen = [label_of(row) for row in rows if row["toggle-state"] == 1]
    assert len(chosen) == 1
    return chosen[0]


def wait_for_mark(app: App, submenu: str, label: str) -> None:
    wait_for(lambda: marked(app, submenu) == label, f"{label} is marked")


def remembered(desktop: DesktopSession) -> dict[str, Any]:
    """What the app keeps for its next start; empty when there is nothing yet."""
    file = state_file(desktop)
    kept: dict[str, Any] = json.loads(file.read_text()) if file.exists() else {}
    return kept


def test_rows(panelless: DesktopSession, start_app: StartApp, server: RunAnalyzeServer) -> None:
    """Three live rows on top, then what is done often, what is looked at, what is chosen once."""
    app = start_app(panelless, "--url", server.url)
    app.wait_for_source("API")
    rows = app.rows
    labels = [label_of(row) for row in rows]
    assert re.fullmatch(r"\d+ MB · normal( · .*)?", labels[0])
    assert labels[1].startswith("Idle · peak ")
    assert re.match(r"[\d.]+ of [\d.]+ GB free", labels[2])
    assert labels[3:] == [
        *("", "Mute", "", "Free memory", "Pause"),
        *("", "Processes: 1", "Server", "History and alerts", "Settings", "Help and about", "Quit"),
    ]
    assert all(row.get("enabled", True) for row in rows)
    assert [row.get("type") for row in (rows[3], rows[8])] == ["separator"] * 2
    assert rows[5]["visible"] is False
    settings = find_row(rows, "Settings")["children"]
    assert [label_of(row) for row in find_row(settings, "Mode")["children"]] == MODES
    assert [label_of(row) for row in find_row(settings, "Preset")["children"]] == PRESETS
    assert (marked(app, "Mode"), marked(app, "Preset")) == ("Automatic", "Standard")


def test_rows_stay_in_every_state(
    panelless: DesktopSession, start_app: StartApp, server: RunAnalyzeServer
) -> None:
    """Rows and their ids are the same with and without a reading, paused, and in every mode."""
    app = start_app(panelless, "--url", server.url)
    rows = row_ids(app)
    assert len(rows) == 15
    app.wait_for_source("API")
    assert row_ids(app) == rows
    for mode in MODES:
        app.click("Settings", "Mode", mode)
        wait_for_mark(app, "Mode", mode)
        assert row_ids(app) == rows
    app.click("Pause")
    app.wait_for_label("Resume")
    assert row_ids(app) == rows
    app.click("Mute", "For 1 h")
    app.wait_for_label("Unmute")
    assert row_ids(app) == rows
    app.click("Resume")
    server.kill()
    app.wait_for_label("No reading")
    assert row_ids(app) == rows


def test_modes_take_effect(
    panelless: DesktopSession, start_app: StartApp, server: RunAnalyzeServer
) -> None:
    """Processes only reads processes and asks nothing; API only and Automatic ask again."""
    app = start_app(panelless, "--url", server.url)
    app.wait_for_source("API")
    app.click("Settings", "Mode", "Processes only")
    app.wait_for_source("Process (1 process)")
    wait_for_mark(app, "Mode", "Processes only")
    app.wait_for_row("Settings", "Mode: Processes only")
    calls = server.calls()
    server.allocate(60)
    app.wait_for_tooltip("MB/s")  # samples go on
    assert server.calls() == calls
    app.click("Settings", "Mode", "API only")
    app.wait_for_source("API")
    server.hang(60)
    app.wait_for_source("last API value")  # processes would be there to read
    app.click("Settings", "Mode", "Automatic")
    app.wait_for_source("Process (1 process)")
    server.go_on()
    app.wait_for_source("API")


def test_presets_take_effect(
    panelless: DesktopSession, start_app: StartApp, server: RunAnalyzeServer
) -> None:
    """A preset from the menu is marked at once and sets the interval."""
    app = start_app(panelless, "--url", server.url)
    app.wait_for_source("API")
    for preset in ("Heavy processing", "Debug (1 s)"):
        app.click("Settings", "Preset", preset)
        wait_for_mark(app, "Preset", preset)
        app.wait_for_row("Settings", f"Preset: {preset}")
    began_s, calls = time.monotonic(), server.calls()
    wait_for(lambda: server.calls() >= calls + 3, "three requests more")
    # Three requests in steps of 1 s take 2 s at least; in steps of 0.25 s, half a second.
    assert time.monotonic() - began_s > 1.5
    app.click("Settings", "Preset", "Standard")
    wait_for_mark(app, "Preset", "Standard")
    wait_for(lambda: remembered(panelless).get("preset") == "standard", "it is remembered")


# The real app, with a quick test short enough for a test.
SHORT_QUICK_TEST = textwrap.dedent(
    """
    import sys
    from msgspec.structs import replace
    from tray_app.cli.main import main
    from tray_app.core.model.presets import PRESETS, Preset
    PRESETS[Preset.QUICK] = replace(PRESETS[Preset.QUICK], interval_s=0.25, duration_s=6.0)
    sys.exit(main())
    """
)


def test_quick_test_returns(
    session_bus: DesktopSession, start_app: StartApp, server: RunAnalyzeServer
) -> None:
    """A quick test ends with a summary as a notification, in the preset that held before it."""
    with (
        Watcher(session_bus.bus_address),
        NotificationRecorder(session_bus.bus_address) as recorder,
    ):
        app = start_app(session_bus, "--url", server.url, code=SHORT_QUICK_TEST)
        app.wait_for_source("API")
        app.click("Settings", "Preset", "Debug")
        wait_for_mark(app, "Preset", "Debug (1 s)")
        app.click("Settings", "Preset", "Quick test")
        wait_for_mark(app, "Preset", "Quick test (30 s)")
        server.allocate(50)
        wait_for(lambda: recorder.notices, "the summary is notified")
        assert recorder.notices[0].summary.startswith("Quick test: peak ")
        assert re.match(r"\d+ s watched, ", recorder.notices[0].body)
        assert "Average " in recorder.notices[0].body
        wait_for_mark(app, "Preset", "Debug (1 s)")
        assert remembered(session_bus)["preset"] == "debug"
        assert app.running


def test_pause_and_resume(
    panelless: DesktopSession, start_app: StartApp, server: RunAnalyzeServer
) -> None:
    """A pause reads nothing and shows so in icon, tooltip and menu; Resume goes on."""
    app = start_app(panelless, "--url", server.url)
    app.wait_for_picture(band=Band.GREEN)
    app.click("Pause")
    app.wait_for_picture(band=Band.UNKNOWN, paused=True)
    assert app.wait_for_tooltip("paused") == ["RunAnalyze: paused"]
    app.wait_for_label("Paused · ")
    app.wait_for_label("Resume")
    calls = server.calls()
    app.click("Resume")
    app.wait_for_picture(band=Band.GREEN, paused=False)
    app.wait_for_label("Pause")
    wait_for(lambda: server.calls() > calls, "the server is asked again")


def test_quit(desktop: DesktopSession, start_app: StartApp, server: RunAnalyzeServer) -> None:
    """Quit ends with status 0; the icon leaves the panel."""
    app = start_app(desktop, "--url", server.url)
    wait_for_panel(app, band=Band.GREEN)
    app.click("Quit")
    assert app.wait_for_exit() == 0
    wait_for(lambda: not desktop.items(), "the item is gone")
    wait_for(lambda: not desktop.find_colour((46, 160, 67)), "the panel is empty")
    assert app.log == ""


def test_an_open_menu_keeps_still(
    panelless: DesktopSession, start_app: StartApp, server: RunAnalyzeServer
) -> None:
    """A closed menu signals nothing; in an open one texts change, and rows do not."""
    app = start_app(panelless, "--url", server.url)
    app.wait_for_source("API")
    item = app.item()
    menu = (item.bus_name, "/MenuBar", MENU)
    panelless.peer.call(*menu, "GetLayout", "iias", ROOT, -1, [])
    heard = panelless.peer.hear(interface=MENU, sender=item.bus_name)
    server.allocate(40)
    app.wait_for_tooltip("+")
    assert heard == []

    rows = app.rows  # asked for with AboutToShow, as a panel does that opens the menu
    heard.clear()
    server.allocate(40)

    def refreshed() -> list[str]:
        return [
            label_of(properties)
            for signal in heard
            if signal.member == "ItemsPropertiesUpdated"
            for row_id, properties in signal.body[0]
            if row_id == rows[0]["id"]
        ]

    wait_for(lambda: any(" MB · " in text for text in refreshed()), "the first line is refreshed")
    assert {signal.member for signal in heard} == {"ItemsPropertiesUpdated"}
    changed = {key for signal in heard for _id, texts in signal.body[0] for key in texts}
    # Other Python processes are shown as soon as somebody looks; those that end are barred.
    assert changed <= {"label", "visible", "enabled"}
    assert [row["id"] for row in app.rows] == [row["id"] for row in rows]

    panelless.peer.call(*menu, "Event", "isvu", ROOT, "closed", NOTHING, 0)
    heard.clear()
    server.free()
    app.wait_for_tooltip("−")
    assert heard == []


def test_a_choice_is_remembered(
    panelless: DesktopSession, start_app: StartApp, server: RunAnalyzeServer
) -> None:
    """Mode and preset hold in the next start; a flag wins for its run and is forgotten."""
    app = start_app(panelless, "--url", server.url)
    app.click("Settings", "Mode", "API only")
    app.click("Settings", "Preset", "Heavy")
    wait_for_mark(app, "Preset", "Heavy processing")
    app.click("Quit")
    assert app.wait_for_exit() == 0
    assert remembered(panelless) == {"version": 1, "mode": "api", "preset": "heavy"}
    again = start_app(panelless, "--url", server.url, "--mode", "fallback", name="flag")
    assert (marked(again, "Mode"), marked(again, "Preset")) == (
        "Processes only",
        "Heavy processing",
    )
    again.click("Settings", "Preset", "Debug")
    wait_for_mark(again, "Preset", "Debug (1 s)")
    again.click("Quit")
    assert again.wait_for_exit() == 0
    third = start_app(panelless, "--url", server.url, name="third")
    assert (marked(third, "Mode"), marked(third, "Preset")) == ("API only", "Debug (1 s)")


def test_a_broken_memory_is_set_aside(panelless: DesktopSession, start_app: StartApp) -> None:
    """A state.json that cannot be read costs a message, not the start, and is kept."""
    file = state_file(panelless)
    file.parent.mkdir(parents=True)
    file.write_text("{ half")
    app = start_app(panelless)
    assert marked(app, "Mode") == "Automatic"
    assert file.with_suffix(".broken.json").read_text() == "{ half"
    assert "broken" in app.log


def test_real_mouse(desktop: DesktopSession, start_app: StartApp, server: RunAnalyzeServer) -> None:
    """A right click opens the menu, all of it on the screen; a click on Pause pauses."""
    app = start_app(desktop, "--url", server.url)
    wait_for_panel(app, band=Band.GREEN)
    icon = desktop.wait_for_colour((46, 160, 67)).centre
    box = desktop.open_menu(*icon)
    rows = app.rows
    desktop.screenshot("menu", NEAR_PANEL_END)
    assert desktop.menus() == [box], "a menu that is open keeps still"
    assert box[2] <= SCREEN[0]
    desktop.choose(*row_centre(box, rows, find_row(rows, "Pause")))
    app.wait_for_picture(paused=True)
    desktop.screenshot("icon-paused", (960, 0, 1280, 48))

    # The same by keyboard: from the bottom, Resume is the seventh row.
    desktop.open_menu(*desktop.wait_for_colour((119, 127, 135), tolerance=4).centre)
    desktop.key(*["Up"] * 7, "Return")
    app.wait_for_picture(paused=False, band=Band.GREEN)
