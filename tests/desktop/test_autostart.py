"""Start at login, and the desktop entry."""

from __future__ import annotations

import plistlib
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tray_app.desktop import autostart, entry, paths


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A home whose path has a space."""
    home = tmp_path / "my home"
    monkeypatch.setattr(paths, "config_home", lambda: home / ".config")
    monkeypatch.setattr(paths, "data_home", lambda: home / ".local" / "share")
    monkeypatch.setattr(Path, "home", classmethod(lambda _cls: home))
    return home


def left(home: Path) -> list[Path]:
    """All files below."""
    return [path for path in home.rglob("*") if path.is_file()]


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_on_and_off_leaves_nothing_behind(
    home: Path, monkeypatch: pytest.MonkeyPatch, platform: str
) -> None:
    """One file, named for the program, and gone again; each twice does no harm."""
    monkeypatch.setattr(sys, "platform", platform)
    assert not autostart.is_on()
    for _ in range(2):
        autostart.set_on(True)
        assert autostart.is_on()
        assert left(home) == [autostart.place()]
    for _ in range(2):
        autostart.set_on(False)
        assert not autostart.is_on()
        assert left(home) == []


def test_macos_starts_the_program_by_its_arguments(monkeypatch: pytest.MonkeyPatch) -> None:
    """A LaunchAgent takes a list, which needs no quoting."""
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(paths, "program", lambda: ["/a path/python", "-m", "tray_app"])
    autostart.set_on(True)
    agent = plistlib.loads(autostart.place().read_bytes())
    assert agent == {
        "Label": autostart.LABEL,
        "ProgramArguments": ["/a path/python", "-m", "tray_app"],
        "RunAtLoad": True,
    }


class Registry:
    """One key of Windows' registry, with the part of winreg that is used."""

    HKEY_CURRENT_USER, KEY_SET_VALUE, REG_SZ = "HKCU", 2, 1

    def __init__(self) -> None:
        self.values: dict[str, Any] = {}

    def __enter__(self) -> Registry:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def OpenKey(self, root: str, path: str) -> Registry:
        assert (root, path) == ("HKCU", autostart.WINDOWS_RUN)
        return self

    def CreateKeyEx(self, root: str, path: str, reserved: int = 0, access: int = 0) -> Registry:
        assert access == self.KEY_SET_VALUE
        return self.OpenKey(root, path)

    def QueryValueEx(self, _key: object, name: str) -> tuple[str, int]:
        if name not in self.values:
            raise FileNotFoundError(name)
        return self.values[name], self.REG_SZ

    def SetValueEx(self, _key: object, name: str, _reserved: int, kind: int, value: str) -> None:
        assert kind == self.REG_SZ
        self.values[name] = value

    def DeleteValue(self, _key: object, name: str) -> None:
        if name not in self.values:
            raise FileNotFoundError(name)
        del self.values[name]


def test_windows_has_one_value_in_the_run_key(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    """Quoted as Windows reads it; on and off leaves the key as it was."""
    registry = Registry()
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setitem(sys.modules, "winreg", registry)  # type: ignore[arg-type]
    monkeypatch.setattr(paths, "program", lambda: [r"C:\My Apps\runanalyze-tray.exe"])
    assert not autostart.is_on()
    autostart.set_on(True)
    assert autostart.is_on()
    assert registry.values == {"runanalyze-tray": r'"C:\My Apps\runanalyze-tray.exe"'}
    autostart.set_on(False)
    autostart.set_on(False)
    assert registry.values == {}
    assert left(home) == []


BACKSLASH = "\\"
ODD = ["/a path/with $HOME `x` \"q\" 'a' \\ %f", "--url=http://h/%20", "ü"]


def test_exec_is_quoted_as_the_specification_says() -> None:
    """Both layers of escaping undone, and field codes expanded, the arguments are back."""
    line = entry.quoted(ODD).replace(2 * BACKSLASH, BACKSLASH).replace("%%", "%")
    # Within double quotes the specification escapes as POSIX shells do, which undo it here.
    script = f'for word in {line}; do echo "$word"; done'
    done = subprocess.run(["/bin/bash", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ODD


def test_the_program_is_this_environments(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """pip's script beside the interpreter, which need not be on any path; else the package."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin" / "python"))
    monkeypatch.setattr(sys, "platform", "linux")
    assert paths.program() == [str(tmp_path / "bin" / "python"), "-m", "tray_app"]
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "runanalyze-tray").write_text("")
    assert paths.program() == [str(tmp_path / "bin" / "runanalyze-tray")]
    monkeypatch.setattr(sys, "platform", "win32")
    (tmp_path / "bin" / "runanalyze-tray.exe").write_text("")
    assert paths.program() == [str(tmp_path / "bin" / "runanalyze-tray.exe")]


def test_an_entry_is_valid() -> None:
    """desktop-file-validate has nothing to say, where it is installed; the icon is there."""
    desktop, icon = entry.install()
    text = desktop.read_text()
    assert f"Exec={entry.quoted(paths.program())}\n" in text
    assert "Icon=runanalyze-tray\n" in text
    assert icon.read_bytes() == Path(paths.app_icon()).read_bytes()
    for line in text.splitlines()[1:]:
        assert "=" in line
    if validate := shutil.which("desktop-file-validate"):
        done = subprocess.run([validate, desktop], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (0, "")
    assert entry.uninstall() == [desktop, icon]
    assert entry.uninstall() == []
