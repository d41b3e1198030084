"""The user's config file, at the start and when it is edited."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tray_app.core.config.mistake import Mistake
from tray_app.core.config.settings import Settings
from tray_app.runtime.config_file import ConfigFile


class Edited:
    """A config file that a person edits: each text is written a second after the last."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.at_s = 1_000_000_000

    def write(self, text: str) -> None:
        self.at_s += 1
        self.path.write_text(text)
        os.utime(self.path, (self.at_s, self.at_s))


@pytest.fixture
def file(tmp_path: Path) -> Edited:
    return Edited(tmp_path / "config.toml")


def test_a_missing_file_is_the_defaults_and_the_environment(file: Edited) -> None:
    """A file that was asked for by name must be there."""
    config = ConfigFile(file.path, {"RUNANALYZE_TRAY_INTERVAL_S": "3"})
    assert config.read() == (Settings(interval_s=3.0), [])
    with pytest.raises(FileNotFoundError):
        config.read(required=True)


def test_complaints_have_their_place(file: Edited) -> None:
    """File and line, or the variable's name."""
    file.write("interval_s = 3\ncolour = 1\n")
    _, complaints = ConfigFile(file.path, {"RUNANALYZE_TRAY_MODE": "x"}).read()
    assert list(map(str, complaints)) == [
        f"{file.path}:2: unknown setting 'colour'",
        "RUNANALYZE_TRAY_MODE must be one of auto, api, fallback (given: x)",
    ]


def test_an_edit_is_told_once(file: Edited) -> None:
    """A file that stays as it is costs a stat and nothing else; the environment stays above."""
    file.write("interval_s = 3\nduration_s = 9\n")
    config = ConfigFile(file.path, {"RUNANALYZE_TRAY_DURATION_S": "5"})
    config.read()
    assert config.edited() is None
    file.write("interval_s = 4\n")
    assert config.edited() == (Settings(interval_s=4.0, duration_s=5.0), [])
    assert config.edited() is None


def test_a_file_that_comes_later_is_an_edit(file: Edited) -> None:
    """Nothing was there at the start."""
    config = ConfigFile(file.path, {})
    config.read()
    assert config.edited() is None
    file.write("interval_s = 4\n")
    assert config.edited() == (Settings(interval_s=4.0), [])


def test_a_deleted_file_is_the_defaults_and_no_mistake(file: Edited) -> None:
    """It is deleted if it is missing at two checks in a row; the environment stays."""
    file.write("interval_s = -4\n")
    config = ConfigFile(file.path, {"RUNANALYZE_TRAY_DURATION_S": "5"})
    assert len(config.read()[1]) == 1
    file.path.unlink()
    assert config.edited() is None
    assert config.edited() == (Settings(duration_s=5.0), [])
    assert config.edited() is None
    file.write("interval_s = 4\n")
    assert config.edited() == (Settings(interval_s=4.0, duration_s=5.0), [])


def test_a_file_that_an_editor_puts_back_is_not_deleted(file: Edited) -> None:
    """Some editors move the old file away before they write the new one."""
    file.write("interval_s = 3\n")
    config = ConfigFile(file.path, {})
    config.read()
    for interval_s in (4, 5):
        file.path.unlink()
        assert config.edited() is None
        file.write(f"interval_s = {interval_s}\n")
        assert config.edited() == (Settings(interval_s=interval_s), [])


def test_a_file_that_is_being_written_is_not_empty(file: Edited) -> None:
    """Other editors empty the old one first. What stays empty until the next check is
    meant to be."""
    file.write("interval_s = 3\n")
    config = ConfigFile(file.path, {})
    config.read()
    file.write("")
    assert config.edited() is None
    file.write("interval_s = 4\n")
    assert config.edited() == (Settings(interval_s=4.0), [])
    file.write("")
    assert config.edited() is None
    assert config.edited() == (Settings(), [])
    assert config.edited() is None


@pytest.mark.skipif(sys.platform == "win32", reason="symlinks need a privilege there")
def test_a_file_that_cannot_be_looked_at_is_not_deleted(file: Edited) -> None:
    """Its settings stay until it is known to be missing."""
    file.write("interval_s = 3\n")
    config = ConfigFile(file.path, {})
    config.read()
    file.path.unlink()
    file.path.symlink_to(file.path)
    assert [config.edited() for _ in range(3)] == [None] * 3


@pytest.mark.parametrize("broken", ["interval_s = = 4", "interval_s = '\xe4'".encode("latin-1")])
def test_a_broken_edit_is_one_line_and_changes_nothing(
    file: Edited, broken: str | bytes, caplog: pytest.LogCaptureFixture
) -> None:
    """The settings stay as they were until the file is good again."""
    config = ConfigFile(file.path, {})
    config.read()
    if isinstance(broken, bytes):
        file.path.write_bytes(broken)
    else:
        file.write(broken)
    settings, (mistake,) = config.edited() or (None, [])
    assert settings == Settings()
    assert (mistake.file, mistake.line) == (str(file.path), 1 if isinstance(broken, str) else 0)
    assert mistake.text.endswith("; settings unchanged")
    assert config.edited() is None
    assert len(caplog.records) == 1
    assert str(file.path) in caplog.text
    file.write("interval_s = 4\n")
    assert config.edited() == (Settings(interval_s=4.0), [])


def test_a_wrong_key_in_an_edit_is_logged_and_the_rest_counts(
    file: Edited, caplog: pytest.LogCaptureFixture
) -> None:
    """As at the start."""
    config = ConfigFile(file.path, {})
    config.read()
    file.write("colour = 1\ninterval_s = 4\n")
    wrong = Mistake("unknown setting 'colour'", str(file.path), 1)
    assert config.edited() == (Settings(interval_s=4.0), [wrong])
    assert f"{file.path}:1: unknown setting 'colour'" in caplog.text


def test_a_mistyped_limit_does_not_cost_the_others(file: Edited) -> None:
    """The valid ones hold, and the default gives way to them; the mistake has its line."""
    file.write("[alerts]\nraised_mb = 300\nhihg_mb = 450\ncritical_mb = 600\n")
    settings, (mistake,) = ConfigFile(file.path, {}).read()
    alerts = settings.alerts
    assert (alerts.raised_mb, alerts.high_mb, alerts.critical_mb) == (300.0, 600.0, 600.0)
    assert mistake.line == 3
    assert "hihg_mb" in mistake.text


def test_paths_are_whole(file: Edited, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """They mean the same wherever the program works later; ~ is the home."""
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(Path("/home/joe").absolute()))
    monkeypatch.chdir(tmp_path)
    file.write("tmp_dir = 'tmp'\nlog_file = '~/x.log'\n[api]\nca_file = '/ca.pem'\n")
    settings, _ = ConfigFile(file.path, {}).read()
    assert settings.tmp_dir == str(tmp_path / "tmp")
    whole = [str(Path(path).absolute()) for path in ("/home/joe/x.log", "/ca.pem")]
    assert [settings.log_file, settings.ca_file] == whole
