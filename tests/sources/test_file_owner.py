"""What root writes into a user's folders is the user's."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.waiting import AMPLE_S
from tray_app.runtime.log_file import LogFileHandler
from tray_app.sources.file_owner import is_anothers, make_folder, write_file

if sys.platform == "win32" or os.geteuid() != 0:
    pytest.skip("only root can leave files that others cannot use", allow_module_level=True)

ROOT = Path(__file__).parents[2]
USER = 12345


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The home of a user."""
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    os.chown(home, USER, USER)
    return home


def owners(home: Path) -> set[int]:
    return {path.lstat().st_uid for path in home.rglob("*")}


def test_a_file_and_its_folders_are_the_users(home: Path) -> None:
    """Also where something is replaced; root's own folders stay root's."""
    for text in (b"one", b"two"):
        write_file(home / "a" / "b" / "file", text)
    assert (home / "a" / "b" / "file").read_bytes() == b"two"
    assert owners(home) == {USER}
    make_folder(home.parent / "own" / "below")
    assert owners(home.parent / "own") == {0}
    assert is_anothers(home / "not" / "there")
    assert not is_anothers(home.parent)


def test_a_link_is_replaced_and_not_followed(home: Path) -> None:
    """Or a user could have root write to, or give away, any file."""
    precious = home.parent / "precious"
    precious.write_text("root's")
    (home / "file").symlink_to(precious)
    write_file(home / "file", b"new")
    assert precious.read_text() == "root's"
    assert precious.stat().st_uid == 0
    with pytest.raises(FileExistsError):
        write_file(home / "file", b"never", replace=False)


def test_a_log_is_the_users(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And the next piece of it."""
    monkeypatch.setattr("tray_app.runtime.log_file.MAX_BYTES", 10)
    import logging

    log = LogFileHandler(home / "app.log")
    for _ in range(3):
        log.handle(logging.makeLogRecord({"msg": "more than ten bytes"}))
    log.close()
    assert len(list(home.iterdir())) == 2
    assert owners(home) == {USER}


def test_a_run_as_root_leaves_nothing_of_root(home: Path, tmp_path: Path) -> None:
    """``sudo -E`` keeps the user's HOME and runtime directory: state, log and lock are in root's
    own home, and what a person asked to be written is the user's."""
    runtime = tmp_path / "run"
    runtime.mkdir(mode=0o700)
    os.chown(runtime, USER, USER)
    environment = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith("XDG_") and key not in ("DISPLAY", "DBUS_SESSION_BUS_ADDRESS")
    } | {"HOME": str(home), "XDG_RUNTIME_DIR": str(runtime), "PYTHONDONTWRITEBYTECODE": "1"}
    for flags in (
        ("--init-config",),
        ("--install-desktop-entry",),
        ("--duration=0.5", f"--log-file={home}/mine.log", "--verbose"),
        ("--duration=0.5",),
    ):
        # Without a bus the tray is not to be had; the lock was taken before that is known.
        subprocess.run(
            [sys.executable, "-m", "tray_app", *flags],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=AMPLE_S,
            check=False,
        )
    assert (home / ".config" / "runanalyze-tray" / "config.toml").exists()
    assert (home / ".local" / "share" / "applications" / "runanalyze-tray.desktop").exists()
    assert owners(home) == {USER}
    assert list(runtime.iterdir()) == []
