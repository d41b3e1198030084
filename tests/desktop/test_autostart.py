"""Start at login."""

from __future__ import annotations

import contextlib
import plistlib
import sys
from pathlib import Path
from typing import Any

import pytest

from tray_app.desktop import autostart, paths
from tray_app.desktop.autostart import Login


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


FLAGS = ("--url=http://127.0.0.1:18762", "--match=100% $x \\ 'y' `z`", "--tmp-dir=/a b/tmp")


@pytest.mark.parametrize("platform", ["linux", "darwin"])
def test_the_flags_that_say_what_is_watched_are_kept(
    monkeypatch: pytest.MonkeyPatch, platform: str
) -> None:
    """Whatever is in them; the next run without flags does not take them away."""
    monkeypatch.setattr(sys, "platform", platform)
    monkeypatch.setattr(paths, "program", lambda: ["/bin/sh"])
    autostart.set_on(True, FLAGS)
    assert autostart.read() == Login(on=True, command=("/bin/sh", *FLAGS))
    autostart.set_on(True)
    assert autostart.read().command == ("/bin/sh", *FLAGS)


def test_flags_are_kept_when_the_desktop_has_switched_it_off() -> None:
    """Unless this run has others."""
    autostart.set_on(True, ("--url=http://a:1",))
    off = f"{autostart.place().read_text()}Hidden=true\n"
    autostart.place().write_text(off)
    autostart.set_on(True)
    assert autostart.read().command[-1] == "--url=http://a:1"
    autostart.place().write_text(off)
    autostart.set_on(True, ("--url=http://b:2",))
    assert autostart.read().command[-1] == "--url=http://b:2"


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
    """Windows' registry, with the part of winreg that is used; a key is there once it is made."""

    HKEY_CURRENT_USER, KEY_SET_VALUE, REG_SZ = "HKCU", 2, 1

    def __init__(self) -> None:
        self.keys: dict[str, dict[str, Any]] = {}

    def OpenKey(self, root: str, path: str, reserved: int = 0, access: int = 0) -> Any:
        assert root == "HKCU"
        if path not in self.keys:
            raise FileNotFoundError(path)
        return contextlib.nullcontext(self.keys[path])

    def CreateKeyEx(self, root: str, path: str, reserved: int = 0, access: int = 0) -> Any:
        assert access == self.KEY_SET_VALUE
        self.keys.setdefault(path, {})
        return self.OpenKey(root, path)

    def QueryValueEx(self, key: dict[str, Any], name: str) -> tuple[Any, int]:
        if name not in key:
            raise FileNotFoundError(name)
        return key[name], self.REG_SZ

    def SetValueEx(
        self, key: dict[str, Any], name: str, _reserved: int, kind: int, value: str
    ) -> None:
        assert kind == self.REG_SZ
        key[name] = value

    def DeleteValue(self, key: dict[str, Any], name: str) -> None:
        if name not in key:
            raise FileNotFoundError(name)
        del key[name]


NAME = "runanalyze-tray"
PROGRAM = r"C:\My Apps\runanalyze-tray.exe"


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> Registry:
    """This is Windows, and the program is there."""
    registry = Registry()
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setitem(sys.modules, "winreg", registry)  # type: ignore[arg-type]
    monkeypatch.setattr(paths, "program", lambda: [PROGRAM])
    monkeypatch.setattr(autostart, "is_program", lambda name: name == PROGRAM)
    return registry


def test_windows_has_one_value_in_the_run_key(registry: Registry, home: Path) -> None:
    """Quoted as Windows reads it; on and off leaves the key as it was."""
    assert not autostart.is_on()
    autostart.set_on(True)
    assert autostart.is_on()
    assert registry.keys == {autostart.WINDOWS_RUN: {NAME: f'"{PROGRAM}"'}}
    autostart.set_on(False)
    autostart.set_on(False)
    assert registry.keys == {autostart.WINDOWS_RUN: {}}
    assert left(home) == []


def test_windows_keeps_the_flags(registry: Registry) -> None:
    """Quoted as Windows reads them."""
    autostart.set_on(True, ("--url=http://a:1", "--tmp-dir=C:\\my tmp"))
    value = registry.keys[autostart.WINDOWS_RUN][NAME]
    assert value == f'"{PROGRAM}" --url=http://a:1 "--tmp-dir=C:\\my tmp"'
    told = '--url=http://a:1 "--tmp-dir=C:\\my tmp"'
    assert autostart.read() == Login(on=True, command=(PROGRAM, told))


def test_windows_own_switch_counts(registry: Registry) -> None:
    """Task Manager leaves the value and writes beside it; on from the menu undoes that."""
    autostart.set_on(True)
    approved = registry.keys.setdefault(autostart.WINDOWS_APPROVED, {})
    approved[NAME] = bytes([2, *[0] * 11])
    assert autostart.is_on()
    approved[NAME] = bytes([3, *[0] * 11])
    assert autostart.read() == Login(on=False, why_not="turned off in Windows settings")
    autostart.set_on(True)
    assert autostart.is_on()
    assert approved == {}


def test_windows_program_that_is_gone(registry: Registry, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told which."""
    autostart.set_on(True)
    monkeypatch.setattr(autostart, "is_program", lambda _: False)
    assert autostart.read().is_broken
    assert PROGRAM in autostart.read().why_not


@pytest.mark.parametrize(
    ("agent", "expected"),
    [
        ({"ProgramArguments": ["/bin/sh"], "RunAtLoad": True}, Login(True, command=("/bin/sh",))),
        ({"ProgramArguments": ["/bin/sh"], "Disabled": True}, Login(False, "Disabled")),
        ({"RunAtLoad": True}, Login(False, "its entry names no program", is_broken=True)),
        (None, Login(False, "its entry cannot be parsed", is_broken=True)),
    ],
)
def test_macos_agent_is_read(
    monkeypatch: pytest.MonkeyPatch, agent: dict[str, Any] | None, expected: Login
) -> None:
    """As launchd reads it; on from the menu repairs it."""
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(paths, "program", lambda: ["/bin/sh", "-x"])
    autostart.place().parent.mkdir(parents=True)
    autostart.place().write_bytes(b"{" if agent is None else plistlib.dumps(agent))
    assert autostart.read() == expected
    autostart.set_on(True)
    assert autostart.is_on()


# What Linux desktops write


@pytest.fixture
def linux(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A GNOME of Ubuntu's; nothing is set for all users. The file that counts."""
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_CURRENT_DESKTOP", "ubuntu:GNOME")
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "etc"))
    autostart.set_on(True)
    return autostart.place()


@pytest.mark.parametrize(
    "line",
    [
        "Hidden=true",
        "Hidden = True",
        "X-GNOME-Autostart-enabled=false",
        "X-MATE-Autostart-enabled=false",
        "OnlyShowIn=XFCE;KDE;",
        "OnlyShowIn=",
        "NotShowIn=XFCE;GNOME;",
        "TryExec=/no/such/program",
    ],
)
def test_what_the_desktop_has_switched_off_is_off(linux: Path, line: str) -> None:
    """Whatever its words; on from the menu repairs the file, and leaves the rest of it alone."""
    whole = linux.read_text()
    changed = whole.replace("Terminal=false\n", f"Terminal=false\n{line}\n")
    changed = changed.replace("Exec=", "Exec=/usr/bin/env ")
    linux.write_text(f"# mine\n{changed}X-Mine=1\n[Desktop Action a]\nHidden=true\n")
    login = autostart.read()
    assert (login.on, login.is_broken) == (False, False)
    assert login.why_not.partition("=")[0] == line.partition("=")[0].strip()
    autostart.set_on(True)
    assert autostart.is_on()
    kept = whole.replace("Exec=", "Exec=/usr/bin/env ")
    assert linux.read_text() == f"# mine\n{kept}X-Mine=1\n[Desktop Action a]\nHidden=true\n"


@pytest.mark.parametrize(
    "line",
    [
        "Hidden=false",
        "X-GNOME-Autostart-enabled=true",
        "X-GNOME-Autostart-enabled=perhaps",
        "OnlyShowIn=GNOME;",
        "NotShowIn=KDE;",
        "TryExec=sh",
        "#Hidden=true",
        "Comment=Hidden=true",
        "[Desktop Action a]\nHidden=true",
    ],
)
def test_what_does_not_switch_it_off(linux: Path, line: str) -> None:
    """The desktop would start it."""
    with linux.open("a") as file:
        file.write(f"{line}\n")
    assert autostart.is_on()
    before = linux.read_text()
    autostart.set_on(True)
    assert linux.read_text() == before


@pytest.mark.parametrize(
    ("text", "why_not"),
    [
        ("[Desktop Entry]\nExec=/no/such/program --x\n", "/no/such/program does not exist"),
        ("[Desktop Entry]\nExec=/etc/passwd\n", "/etc/passwd does not exist or cannot be run"),
        ("[Desktop Entry]\nName=x\n", "its entry names no program"),
        ('[Desktop Entry]\nExec="unfinished\n', "its entry names no program"),
        ("", "its entry names no program"),
        ("\x00\ufffd", "its entry names no program"),
    ],
)
def test_a_broken_file_is_off_and_repaired(linux: Path, text: str, why_not: str) -> None:
    """As after the environment that it names was removed; on from the menu writes it again."""
    whole = linux.read_text()
    linux.write_text(text)
    login = autostart.read()
    assert (login.on, login.is_broken) == (False, True)
    assert why_not in login.why_not
    autostart.set_on(True)
    assert linux.read_text() == whole


def test_a_file_that_is_no_text(linux: Path) -> None:
    """It breaks nothing, and is repaired."""
    linux.write_bytes(b"[Desktop Entry]\nName=\xff\nExec=/bin/sh\nHidden=true\n")
    assert not autostart.is_on()
    autostart.set_on(True)
    assert linux.read_bytes() == b"[Desktop Entry]\nName=\xff\nExec=/bin/sh\n"


def test_what_cannot_be_read_is_off(linux: Path) -> None:
    """And says why."""
    linux.unlink()
    linux.mkdir()
    assert autostart.read() == Login(False, "cannot be read: Is a directory")


def test_a_file_for_all_users_counts(linux: Path, tmp_path: Path) -> None:
    """Off is then a file of one's own that says so, and on one that does not."""
    everybodys = tmp_path / "etc" / "autostart" / linux.name
    everybodys.parent.mkdir(parents=True)
    linux.rename(everybodys)
    assert autostart.is_on()
    autostart.set_on(False)
    assert autostart.read().why_not == "Hidden=true"
    autostart.set_on(True)
    assert autostart.is_on()
    assert everybodys.exists()


def test_a_disk_that_is_full_leaves_what_was_there(
    linux: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A half-written file would be worse than the one that is repaired."""
    linux.write_text("[Desktop Entry]\nExec=/bin/sh\nHidden=true\n")

    def refuse(_self: Path, _to: Path) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OSError, match="No space"):
        autostart.set_on(True)
    assert [path.name for path in linux.parent.iterdir()] == [linux.name]
    assert "Hidden=true" in linux.read_text()


def test_the_program_is_this_environments(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """pip's script beside the interpreter, which need not be on any path; else the package."""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "bin" / "python"))
    monkeypatch.setattr(sys, "platform", "linux")
    assert paths.program() == [str(tmp_path / "bin" / "python"), "-m", "tray_app"]
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "runanalyze-tray").write_text("")
    assert paths.program() == [str(tmp_path / "bin" / "runanalyze-tray")]
    monkeypatch.setattr(sys, "platform", "win32")
    assert paths.program() == [str(tmp_path / "bin" / "python"), "-m", "tray_app"]
    (tmp_path / "bin" / "pythonw.exe").write_text("")
    assert paths.program() == [str(tmp_path / "bin" / "pythonw.exe"), "-m", "tray_app"]
    (tmp_path / "bin" / "runanalyze-trayw.exe").write_text("")
    assert paths.program() == [str(tmp_path / "bin" / "runanalyze-trayw.exe")]
