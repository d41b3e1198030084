"""The modes and presets of the monitor."""

from __future__ import annotations

from enum import StrEnum

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
    """The values of a preset; None leaves a setting as it is."""

    interval_s: float | None = None
    duration_s: float | None = None
    patience_s: float | None = None
    mode: Mode | None = None
    details: bool = False


PRESETS: dict[Preset, PresetValues] = {
    Preset.STANDARD: PresetValues(),
    Preset.QUICK: PresetValues(interval_s=2.0, duration_s=30.0),
    Preset.HEAVY: PresetValues(interval_s=3.0, patience_s=30.0),
    Preset.DEBUG: PresetValues(interval_s=1.0, details=True),
    Preset.FALLBACK: PresetValues(interval_s=2.0, mode=Mode.FALLBACK),
}
