"""The presets: one row for each, from which flags, menu and settings come."""

from __future__ import annotations

from pathlib import Path

from tray_app.core.config.settings import Settings
from tray_app.core.model.presets import FLAGGED, PRESETS, Mode, Preset, PresetValues

README = Path(__file__).parents[3] / "README.md"


def test_each_preset_has_its_values() -> None:
    """The standard has none: it is what the settings say."""
    assert set(PRESETS) == set(Preset)
    assert PRESETS[Preset.STANDARD].given() == {}
    assert all(PRESETS[preset].given() for preset in FLAGGED)


def test_a_preset_sets_settings_by_their_names() -> None:
    """Whatever it gives has a field of that name."""
    assert set(PresetValues.__struct_fields__) <= set(Settings.__struct_fields__)
    values = PresetValues(interval_s=2.0, mode=Mode.API)
    assert values.given() == {"interval_s": 2.0, "mode": Mode.API}


def test_the_readme_names_each_flag() -> None:
    """In its table of flags."""
    text = README.read_text("utf-8")
    assert [preset for preset in FLAGGED if f"`--{preset}`" not in text] == []
