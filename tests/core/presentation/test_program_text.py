"""What the program says of itself."""

from __future__ import annotations

from tray_app.core.model.presets import FLAGGED, Preset
from tray_app.core.presentation import (
    program_text,
)


def test_every_preset_has_its_name() -> None:
    """In the menu; and its flag has a line of help."""
    assert set(program_text.PRESETS) == set(Preset)
    assert set(program_text.PRESET_HELP) == set(FLAGGED)


def test_a_second_start_says_what_it_found() -> None:
    """Whether the program that runs has shown its status."""
    url = "http://localhost:8000"
    shown = program_text.already_running(url, heard=True)
    assert shown == f"already running for {url}; its status is shown"
    silent = program_text.already_running(url, heard=False)
    assert silent == f"already running for {url}, but it does not respond"
