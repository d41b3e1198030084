"""Where the program keeps its files."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tray_app import APP_ID
from tray_app.desktop import paths

HOMES = ("XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME")
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="Linux's folders")


@linux_only
@pytest.mark.parametrize("told", [None, "", " ", "here"])
def test_the_usual_folders(told: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """They hold where the environment names none, or a relative one: that would be another one in
    each working directory."""
    for name in HOMES:
        monkeypatch.delenv(name, raising=False)
        if told is not None:
            monkeypatch.setenv(name, told)
    home = Path.home()
    assert paths.config_file() == home / ".config" / APP_ID / "config.toml"
    assert paths.state_file() == home / ".local" / "state" / APP_ID / "state.json"
    assert paths.log_file() == home / ".local" / "state" / APP_ID / "log" / f"{APP_ID}.log"
    assert paths.data_home() == home / ".local" / "share"


@linux_only
def test_folders_that_the_environment_names(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each kind of file lies below the folder that its variable names."""
    for name in HOMES:
        monkeypatch.setenv(name, f"/srv/{name}")
    assert paths.config_file() == Path("/srv/XDG_CONFIG_HOME", APP_ID, "config.toml")
    assert paths.state_file() == Path("/srv/XDG_STATE_HOME", APP_ID, "state.json")
    assert paths.log_file() == Path("/srv/XDG_STATE_HOME", APP_ID, "log", f"{APP_ID}.log")
    assert paths.data_home() == Path("/srv/XDG_DATA_HOME")


@linux_only
@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="needs root")
def test_root_leaves_nothing_in_a_users_folders(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With a user's environment (``sudo -E``) state and log go to root's own home."""
    os.chown(tmp_path, 1000, 1000)
    for name in HOMES:
        monkeypatch.setenv(name, str(tmp_path))
    own = Path("~root").expanduser() / ".local" / "state" / APP_ID
    assert paths.state_file() == own / "state.json"
    assert paths.log_file() == own / "log" / f"{APP_ID}.log"
    assert paths.config_file() == tmp_path / APP_ID / "config.toml"


@linux_only
@pytest.mark.parametrize(
    ("server", "told"),
    [
        ("localhost:18731", True),
        ("gpu-box:443/api/v1", True),
        ("my_box:8000/a_b", False),  # its underscores could be slashes
        (f"{'long.' * 9}org:8000", False),
    ],
)
def test_a_historys_name_tells_its_server(
    server: str, told: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Where nothing of it was lost; a file that was set aside is no history."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert paths.histories() == {}
    path = paths.history_file(server)
    path.parent.mkdir(parents=True)
    path.touch()
    path.with_name(f"{path.stem}.unusable-1.sqlite3").touch()
    assert paths.histories() == {path: server if told else None}


@linux_only
def test_documents_are_the_home_where_there_is_no_such_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As the desktop names it; a folder that does not exist is not made."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DOCUMENTS_DIR", str(tmp_path / "Papers"))
    assert paths.documents() == tmp_path
    (tmp_path / "Papers").mkdir()
    assert paths.documents() == tmp_path / "Papers"


def test_a_frozen_program_starts_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PyInstaller's folder has no Python: the program beside it is started, with a console or
    without; a lone one starts itself."""
    alone = tmp_path / "tray.exe"
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    monkeypatch.setattr(sys, "executable", str(alone))
    assert paths.console_program() == paths.program() == [str(alone)]
    names = [f"{APP_ID}.exe", f"{APP_ID}w.exe" if sys.platform == "win32" else APP_ID]
    for name in names:
        (tmp_path / name).touch()
    assert paths.console_program() == [str(tmp_path / names[0])]
    assert paths.program() == [str(tmp_path / names[1])]
