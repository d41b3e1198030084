"""The desktop entry: written, read, installed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray_app.desktop import desktop_entry, paths


@pytest.fixture(autouse=True)
def home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A home whose path has a space."""
    home = tmp_path / "my home"
    monkeypatch.setattr(paths, "data_home", lambda: home / ".local" / "share")
    return home


BACKSLASH = "\\"
ODD = ["/a path/with $HOME `x` \"q\" 'a' \\ %f", "--url=http://h/%20", "ü"]


def test_exec_is_quoted_as_the_specification_says() -> None:
    """Both layers of escaping undone, and field codes expanded, the arguments are back."""
    line = desktop_entry.quoted(ODD).replace(2 * BACKSLASH, BACKSLASH).replace("%%", "%")
    # Within double quotes the specification escapes as POSIX shells do, which undo it here.
    script = f'for word in {line}; do echo "$word"; done'
    done = subprocess.run(["/bin/bash", "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ODD


@given(st.lists(st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp"))), min_size=1))
def test_exec_is_read_as_it_is_written(arguments: list[str]) -> None:
    """Whatever is in them."""
    assert desktop_entry.command(desktop_entry.quoted(arguments)) == arguments


@pytest.mark.parametrize(
    ("line", "arguments"),
    [
        ("prog -a b", ["prog", "-a", "b"]),
        ("prog %U --x=%% %i", ["prog", "--x=%"]),
        ('"/a b/c" d', ["/a b/c", "d"]),
        (r"/a\sb c", ["/a", "b", "c"]),
        ('a"b c"d', ["ab cd"]),
        ("  spaced   out ", ["spaced", "out"]),
        ("", []),
        ('"', []),
    ],
)
def test_exec_by_hand(line: str, arguments: list[str]) -> None:
    """As people and other programs write it."""
    assert desktop_entry.command(line) == arguments


def test_an_entry_is_valid() -> None:
    """desktop-file-validate has nothing to say, where it is installed; the icon is there."""
    desktop, icon = desktop_entry.install()
    text = desktop.read_text()
    assert f"Exec={desktop_entry.quoted(paths.program())}\n" in text
    assert "Icon=runanalyze-tray\n" in text
    assert icon.read_bytes() == Path(paths.app_icon()).read_bytes()
    for line in text.splitlines()[1:]:
        assert "=" in line
    if validate := shutil.which("desktop-file-validate"):
        done = subprocess.run([validate, desktop], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (0, "")
    assert desktop_entry.uninstall() == [desktop, icon]
    assert desktop_entry.uninstall() == []


WHOLE = """\
# mine
[Desktop Entry]
Name=One
Hidden = true
Name=Two
#Exec=old
Comment=a=b
[Desktop Action a]
Hidden=false
"""


def test_only_the_main_group_has_the_entrys_keys() -> None:
    """The first of two counts, comments are none, and a value may have an equals sign."""
    assert desktop_entry.keys(WHOLE) == {"Name": "One", "Hidden": "true", "Comment": "a=b"}
    assert desktop_entry.keys("Name=before any group") == {}


def test_a_key_is_taken_out_and_the_rest_stays() -> None:
    """Also where another group has a key of that name."""
    assert desktop_entry.without(WHOLE, {"Hidden"}) == WHOLE.replace("Hidden = true\n", "")
    assert desktop_entry.without(WHOLE, ()) == WHOLE


def test_arguments_follow_the_program() -> None:
    """As start at login keeps them."""
    command = desktop_entry.command(desktop_entry.keys(desktop_entry.text(ODD))["Exec"])
    assert command == [*paths.program(), *ODD]
