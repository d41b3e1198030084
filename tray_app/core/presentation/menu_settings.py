"""The submenu *Settings*: choices that are made seldom, and the files behind them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum
from functools import lru_cache
from typing import TypeVar

from tray_app.core.analysis.bands import BandLimits
from tray_app.core.model.icon_options import Click, Palette, Style, Theme
from tray_app.core.model.presets import Mode, Preset
from tray_app.core.monitor.commands import (
    Command,
    EditLimits,
    OpenLog,
    OpenSettingsFile,
    SetAutostart,
    SetClick,
    SetMode,
    SetPalette,
    SetPreset,
    SetStyle,
    SetTheme,
)
from tray_app.core.monitor.state import State, chosen_theme, click, palette, style
from tray_app.core.presentation import menu_text, program_text, source_text
from tray_app.core.presentation.menu_row import Row, choice, heading, line

Kind = TypeVar("Kind", bound=StrEnum)


def settings(state: State) -> Row:
    """Sources, pace and icon; the start at login; the files."""
    chosen = state.settings
    return _settings(
        (chosen.mode, chosen.preset),
        (style(state), palette(state), chosen_theme(state), state.theme_seen, click(state)),
        chosen.bands,
        state.autostart,
        state.demo,
    )


@lru_cache(maxsize=1)
def _settings(
    sources: tuple[Mode, Preset],
    icon: tuple[Style, Palette, Theme, Theme, Click],
    bands: BandLimits,
    autostart: bool,
    demo: bool,
) -> Row:
    mode, preset = sources
    style, palette, theme, seen, click = icon
    presets = program_text.PRESETS
    return Row(
        "settings",
        "Settings",
        children=(
            _choices("mode", "Mode", Mode, mode, source_text.MODES.__getitem__, SetMode),
            _choices("preset", "Preset", Preset, preset, presets.__getitem__, SetPreset),
            _choices("style", "Icon", Style, style, menu_text.STYLES.__getitem__, SetStyle),
            _colours(palette, bands),
            _choices(
                "theme", "Panel", Theme, theme, lambda each: menu_text.theme(each, seen), SetTheme
            ),
            _choices("click", "Left click", Click, click, menu_text.CLICKS.__getitem__, SetClick),
            _autostart(autostart, demo),
            line("files"),
            Row("edit-limits", "Edit limits…", EditLimits()),
            Row("open-settings", "Open settings file", OpenSettingsFile()),
            Row("open-log", "Open log", OpenLog()),
        ),
    )


def _autostart(on: bool, demo: bool) -> Row:
    text = "Start at login (not in the demo)" if demo else "Start at login"
    return Row("autostart", text, SetAutostart(not on), on, barred=demo)


def _choices(
    key: str,
    label: str,
    kinds: Iterable[Kind],
    chosen: Kind,
    word: Callable[[Kind], str],
    command: Callable[[Kind], Command],
) -> Row:
    """A submenu of choices, which says in its own row what is chosen."""
    return Row(
        key,
        f"{label}: {word(chosen)}",
        children=tuple(
            choice(f"{key}-{each}", word(each), command(each), each is chosen) for each in kinds
        ),
    )


def _colours(chosen: Palette, bands: BandLimits) -> Row:
    """The colours, and from how much memory on each is shown."""
    row = _choices(
        "palette", "Colours", Palette, chosen, menu_text.PALETTES.__getitem__, SetPalette
    )
    above, figures_mb = menu_text.bands(bands)
    return Row(
        row.key,
        row.text,
        children=(
            *row.children,
            line("bands"),
            heading("bands", above),
            Row("bands-limits", figures_mb, OpenSettingsFile()),
        ),
    )
