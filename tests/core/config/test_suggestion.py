"""The name that somebody probably meant."""

from __future__ import annotations

import pytest

from tray_app.core.config.options import all_keys
from tray_app.core.config.suggestion import did_you_mean


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("interval", "interval_s"),
        ("alert.high_mb", "alerts.high_mb"),
        ("high_mb", "alerts.high_mb"),
        ("patience", "api.patience_s"),
        ("view.colors.red", "view.colours.red"),
        ("colour", ""),
    ],
)
def test_a_setting_is_found_by_its_similarity(name: str, meant: str) -> None:
    """Also by its name alone, in the section where it belongs."""
    assert did_you_mean(name, all_keys()) == (f" (did you mean {meant}?)" if meant else "")
