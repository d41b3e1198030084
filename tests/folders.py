"""Where the program keeps its files during a test."""

from __future__ import annotations

from pathlib import Path

import pytest

# freedesktop's variables, and the one that platformdirs heeds on Windows.
_VARIABLES = ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "WIN_PD_OVERRIDE_LOCAL_APPDATA")


def keep_files_in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings and history below ``folder``, and none of the user's own."""
    for name in _VARIABLES:
        monkeypatch.setenv(name, str(folder))
