"""The submenu *Settings*."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.core.presentation.test_menu import HEALTHY, START, STATES, after, by_key
from tray_app.core.analysis.bands import BandLimits
from tray_app.core.config.settings import Settings
from tray_app.core.model.icon_options import Palette, Style, Theme
from tray_app.core.model.presets import Mode, Preset
from tray_app.core.model.readings import Now
from tray_app.core.monitor.commands import (
    Command,
    EditLimits,
    OpenLog,
    OpenSettingsFile,
    SetAutostart,
    SetMode,
    SetPalette,
    SetPreset,
    SetStyle,
    SetTheme,
)
from tray_app.core.monitor.events import AutostartFailed
from tray_app.core.monitor.inputs import ThemeSeen
from tray_app.core.monitor.state import begin
from tray_app.core.monitor.step import step


@pytest.mark.parametrize("mode", list(Mode))
def test_the_chosen_mode_is_marked(mode: Mode) -> None:
    """One of three, each with its command."""
    menu = by_key(replace(START, settings=Settings(mode=mode)))
    marks = {row.command: row.checked for row in menu["mode"].children}
    assert marks == {SetMode(each): each is mode for each in Mode}
    assert [row.text for row in menu["mode"].children] == [
        "Automatic",
        "API only",
        "Processes only",
    ]


@pytest.mark.parametrize("preset", list(Preset))
def test_the_chosen_preset_is_marked(preset: Preset) -> None:
    """All that the command line knows are offered, so there is always a marked row."""
    row = by_key(replace(START, settings=Settings(preset=preset)))["preset"]
    marks = {each.command: each.checked for each in row.children}
    assert marks == {SetPreset(each): each is preset for each in Preset}
    assert by_key(STATES["fallback preset"])["preset"].text == "Preset: Fallback (processes only)"


@pytest.mark.parametrize(
    "command", [*map(SetStyle, Style), *map(SetPalette, Palette), *map(SetTheme, Theme)]
)
def test_the_look_of_the_icon_is_chosen_by_radio_marks(command: Command) -> None:
    """Of each kind one is marked: what was chosen last."""
    menu = by_key(after((3.0, command), state=HEALTHY))
    for key in ("style", "palette", "theme"):
        chosen = [row for row in menu[key].children if row.checked is not None]
        assert all(row.radio for row in chosen)
        assert sum(bool(row.checked) for row in chosen) == 1
    marked = [row.command for row in menu.values() if row.checked]
    assert command in marked


def test_the_look_that_is_set_is_marked() -> None:
    """Until the menu says otherwise."""
    settings = Settings(style=Style.CALM, palette=Palette.OKABE_ITO, theme=Theme.DARK)
    menu = by_key(begin(settings, settings, Now(0.0, 1e9), local=True))
    marked = {row.command for row in menu.values() if row.checked}
    assert marked >= {SetStyle(Style.CALM), SetPalette(Palette.OKABE_ITO), SetTheme(Theme.DARK)}


def test_the_desktops_theme_is_shown_where_it_is_followed() -> None:
    """In the row of the choice, and in the submenu's own."""
    assert by_key(HEALTHY)["theme-auto"].text == "As the desktop"
    dark = by_key(after((3.0, ThemeSeen(Theme.DARK)), state=HEALTHY))
    assert dark["theme-auto"].text == "As the desktop (dark)"
    assert dark["theme"].text == "Panel: As the desktop (dark)"


def test_the_limits_of_the_colours_stand_with_the_colours() -> None:
    """They are others than the alerts'."""
    settings = Settings(bands=BandLimits(400.0, 1000.0, 2000.0))
    menu = by_key(replace(HEALTHY, settings=settings))
    assert menu["bands"].text == "Limits of the colours (alerts have their own)"
    assert menu["bands-limits"].text == "Yellow from 400, orange from 1000, red above 2000 MB"


def test_the_start_at_login_has_a_mark() -> None:
    """A check mark, and a click turns it over."""
    off = by_key(HEALTHY)["autostart"]
    assert (off.checked, off.radio, off.command) == (False, False, SetAutostart(True))
    on = by_key(replace(HEALTHY, autostart=True))["autostart"]
    assert (on.checked, on.command) == (True, SetAutostart(False))


def test_the_demo_does_not_start_at_login() -> None:
    """The row says why it is barred; a late click is refused."""
    row = by_key(STATES["demo"])["autostart"]
    assert (row.text, row.enabled) == ("Start at login (not in the demo)", False)
    _, events = step(STATES["demo"], SetAutostart(True), Now(0.0, 0.0))
    assert events == (AutostartFailed(True, "not in the demo"),)


def test_the_files_can_be_opened() -> None:
    """Settings, at the limits if those are wanted, and log."""
    menu = by_key(HEALTHY)
    assert [menu[key].command for key in ("edit-limits", "open-settings", "open-log")] == [
        EditLimits(),
        OpenSettingsFile(),
        OpenLog(),
    ]
