"""A value among the settings that cannot be used."""

from __future__ import annotations

from tray_app.core.config.mistake import Mistake


def test_a_mistake_is_one_line_with_its_place() -> None:
    """As compilers write it; a variable is named in the text."""
    assert str(Mistake("unknown setting 'x'", "/c.toml", 3)) == "/c.toml:3: unknown setting 'x'"
    assert str(Mistake("permission denied", "/c.toml")) == "/c.toml: permission denied"
    assert (
        str(Mistake("RUNANALYZE_TRAY_X: unknown setting")) == "RUNANALYZE_TRAY_X: unknown setting"
    )
