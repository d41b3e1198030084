"""What a person may ask of the running monitor. A menu row carries one of these."""

from __future__ import annotations

from tray_app.core.modes import Mode, Preset
from tray_app.core.values import dataclass


@dataclass(frozen=True, slots=True)
class SetMode:
    """Use these sources from now on, and remember it."""

    mode: Mode


@dataclass(frozen=True, slots=True)
class SetPreset:
    """Use this preset from now on, and remember it (QUICK returns to the one before)."""

    preset: Preset


@dataclass(frozen=True, slots=True)
class SetPaused:
    """Stop or go on sampling. Not remembered: a monitor that starts asleep helps nobody."""

    paused: bool


@dataclass(frozen=True, slots=True)
class Quit:
    """End the program."""


Command = SetMode | SetPreset | SetPaused | Quit
