"""The modes and presets of the monitor."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from msgspec import Struct


class Mode(StrEnum):
    """Which sources may be used."""

    AUTO = "auto"
    API = "api"
    FALLBACK = "fallback"


class Preset(StrEnum):
    """Named settings, as the console scripts before this program had them."""

    STANDARD = "standard"
    QUICK = "quick"
    HEAVY = "heavy"
    DEBUG = "debug"
    FALLBACK = "fallback"


class PresetValues(Struct, frozen=True):
    """The settings that a preset sets, by their names in `Settings`; None leaves one as it is."""

    interval_s: float | None = None
    duration_s: float | None = None
    patience_s: float | None = None
    patience_busy_s: float | None = None
    mode: Mode | None = None
    details: bool | None = None

    def given(self) -> dict[str, Any]:
        """Those that are not None."""
        values = {name: getattr(self, name) for name in self.__struct_fields__}
        return {name: value for name, value in values.items() if value is not None}


PRESETS: dict[Preset, PresetValues] = {
    Preset.STANDARD: PresetValues(),
    Preset.QUICK: PresetValues(interval_s=2.0, duration_s=30.0),
    Preset.HEAVY: PresetValues(interval_s=3.0, patience_s=30.0, patience_busy_s=30.0),
    Preset.DEBUG: PresetValues(interval_s=1.0, details=True),
    Preset.FALLBACK: PresetValues(interval_s=2.0, mode=Mode.FALLBACK),
}
FLAGGED = tuple(preset for preset in Preset if preset is not Preset.STANDARD)
"""Presets with a flag of their name; without one of them the standard holds."""
