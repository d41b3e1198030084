"""Where the program keeps its files."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from platformdirs import PlatformDirs

from tray_app import APP_ID
from tray_app.desktop import paths

HOMES = ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere platformdirs itself is asked")
@pytest.mark.parametrize("home", [None, "", " ", "/somewhere/else"])
def test_folders_are_those_of_platformdirs(
    home: str | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The specification read twice gives the same, whatever the environment says."""
    for name in HOMES:
        if home is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, home)
    reference = PlatformDirs(APP_ID, appauthor=False)
    assert paths.config_file() == Path(reference.user_config_dir, "config.toml")
    assert paths.state_file() == Path(reference.user_state_dir, "state.json")
    assert paths.log_file().parent == Path(reference.user_log_dir)
    assert paths.data_home() == Path(reference.user_data_dir).parent


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere platformdirs itself is asked")
def test_a_relative_folder_is_ignored(monkeypatch: pytest.MonkeyPatch) -> None:
    """As the specification demands: it would be another one in each working directory."""
    monkeypatch.setenv("XDG_CONFIG_HOME", "here")
    assert paths.config_file() == Path.home() / ".config" / APP_ID / "config.toml"
