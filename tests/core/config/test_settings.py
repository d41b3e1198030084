"""How the layers of settings make those that hold."""

from __future__ import annotations

from typing import Any

import pytest
from msgspec.structs import replace

from tray_app.core.analysis.bands import BandLimits
from tray_app.core.config.settings import (
    RememberedChoices,
    Settings,
    reconfigured,
    resolve,
    with_preset,
)
from tray_app.core.model.presets import Mode, Preset
from tray_app.core.model.server_address import parse_address


class TestEdits:
    def test_what_was_not_chosen_follows_the_file(self) -> None:
        """Limits, colours, address and interval are the file's while nobody says otherwise."""
        old = Settings()
        new = Settings(
            address=parse_address("http://there"), interval_s=5.0, bands=BandLimits(1, 2, 3)
        )
        assert reconfigured(old, old, new, RememberedChoices()) == new

    def test_what_was_chosen_stays(self) -> None:
        """A preset's interval, a flag's address and the menu's mode are newer than the file."""
        old = Settings()
        now = replace(
            with_preset(old, Preset.HEAVY), address=parse_address("http://flag"), mode=Mode.API
        )
        new = Settings(interval_s=5.0, address=parse_address("http://file"), mode=Mode.FALLBACK)
        assert reconfigured(now, old, new, RememberedChoices(mode=Mode.API)) == now

    def test_a_chosen_mode_that_the_file_had_too_stays(self) -> None:
        """The menu chose automatic, and the file has changed since."""
        old, new = Settings(), Settings(mode=Mode.API)
        assert reconfigured(old, old, new, RememberedChoices(mode=Mode.AUTO)).mode is Mode.AUTO
        assert reconfigured(old, old, new, RememberedChoices()).mode is Mode.API

    def test_what_a_run_begins_with_counts_from_the_next_start(self) -> None:
        """The end of this run is not moved under its feet."""
        new = Settings(preset=Preset.DEBUG, duration_s=9.0, log_file="x")
        assert reconfigured(Settings(), Settings(), new, RememberedChoices()) == Settings()


class TestPresets:
    @pytest.mark.parametrize(
        ("preset", "changes"),
        [
            (Preset.STANDARD, {}),
            (Preset.QUICK, {"interval_s": 2.0, "duration_s": 30.0}),
            (Preset.HEAVY, {"interval_s": 3.0, "patience_s": 30.0, "patience_busy_s": 30.0}),
            (Preset.DEBUG, {"interval_s": 1.0, "details": True}),
            (Preset.FALLBACK, {"interval_s": 2.0, "mode": Mode.FALLBACK}),
        ],
    )
    def test_a_preset_sets_what_it_promises_and_no_more(
        self, preset: Preset, changes: dict[str, Any]
    ) -> None:
        """As the console scripts before this program had them."""
        base = Settings(interval_s=7.0)
        assert with_preset(base, preset) == replace(base, preset=preset, **changes)


class TestPrecedence:
    def test_defaults_are_the_issues(self) -> None:
        """Automatic, localhost:8000, every 2 s, patience 10 s and 30 s."""
        settings = resolve(Settings(), RememberedChoices(), {})
        assert settings == Settings()
        assert (settings.mode, settings.address.url) == (Mode.AUTO, "http://localhost:8000")
        assert (settings.interval_s, settings.duration_s) == (2.0, None)
        assert (settings.patience_s, settings.patience_busy_s) == (10.0, 30.0)

    def test_the_remembered_choice_beats_the_config_file(self) -> None:
        """It is newer."""
        base = Settings(mode=Mode.API, preset=Preset.HEAVY)
        remembered = RememberedChoices(mode=Mode.FALLBACK, preset=Preset.DEBUG)
        settings = resolve(base, remembered, {})
        assert (settings.mode, settings.preset) == (Mode.FALLBACK, Preset.DEBUG)
        assert (settings.interval_s, settings.details) == (1.0, True)

    def test_nothing_remembered_leaves_the_config_file(self) -> None:
        """Each of the two on its own."""
        base = Settings(mode=Mode.API, preset=Preset.HEAVY)
        settings = resolve(base, RememberedChoices(mode=Mode.AUTO), {})
        assert (settings.mode, settings.preset, settings.interval_s) == (
            Mode.AUTO,
            Preset.HEAVY,
            3.0,
        )

    def test_a_preset_beats_the_config_files_values(self) -> None:
        """That is what it is for; what it does not set stays."""
        base = Settings(interval_s=9.0, patience_s=4.0, duration_s=100.0)
        settings = resolve(base, RememberedChoices(), {"preset": Preset.DEBUG})
        assert (settings.interval_s, settings.patience_s) == (1.0, 4.0)
        assert settings.duration_s is None

    def test_the_standard_preset_keeps_a_set_duration(self) -> None:
        """It sets nothing."""
        settings = resolve(Settings(duration_s=100.0), RememberedChoices(), {})
        assert settings.duration_s == 100.0

    def test_a_flag_beats_everything(self) -> None:
        """Also the preset that was given beside it."""
        base = Settings(interval_s=9.0, mode=Mode.API)
        remembered = RememberedChoices(mode=Mode.API, preset=Preset.HEAVY)
        flags = {"preset": Preset.QUICK, "interval_s": 0.5, "mode": Mode.FALLBACK}
        settings = resolve(base, remembered, flags)
        assert (settings.preset, settings.interval_s) == (Preset.QUICK, 0.5)
        assert (settings.mode, settings.duration_s) == (Mode.FALLBACK, 30.0)

    def test_the_fallback_preset_beats_a_remembered_mode(self) -> None:
        """Processes only is all that it says; an explicit mode beside it still counts."""
        remembered = RememberedChoices(mode=Mode.API)
        flags: dict[str, Any] = {"preset": Preset.FALLBACK}
        assert resolve(Settings(), remembered, flags).mode is Mode.FALLBACK
        assert resolve(Settings(), remembered, {**flags, "mode": Mode.AUTO}).mode is Mode.AUTO
