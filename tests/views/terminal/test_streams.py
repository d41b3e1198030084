"""Standard output and standard error as they are found."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.views.terminal.shown import Terminal
from tests.waiting import AMPLE_S
from tray_app.views.terminal import streams

ROOT = Path(__file__).parents[3]
PROGRAM = [sys.executable, "-m", "tray_app"]
# Unbuffered output has nothing left to complain about at exit.
BUFFERED = {
    key: value
    for key, value in os.environ.items()
    if key not in ("PYTHONUNBUFFERED", "DISPLAY", "DBUS_SESSION_BUS_ADDRESS", "XDG_RUNTIME_DIR")
}
ENDLESS = ("--demo", "--console", "--interval=0.2")
WAYS: Sequence[tuple[str, ...]] = (
    ("--help",),
    ("--version",),
    ("--completion=bash",),
    ("--doctor", "--url=http://127.0.0.1:9"),
    ("--once", "--url=http://127.0.0.1:9"),
    ENDLESS,
    (*ENDLESS, "--json"),
)
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux's /dev/full, and a shell")


def shell(command: str, flags: Sequence[str]) -> tuple[int, str]:
    """Run the program in a shell as ``command`` says, in which it is ``$@``; status, stderr."""
    done = subprocess.run(
        ["bash", "-c", command, "bash", *PROGRAM, *flags],
        cwd=ROOT,
        env=BUFFERED,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        timeout=AMPLE_S,
        check=False,
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize("flags", WAYS, ids=" ".join)
def test_a_full_disk_is_one_line_and_status_2(flags: tuple[str, ...]) -> None:
    """Whatever is printed there."""
    assert shell('"$@" >/dev/full', flags) == (
        2,
        "runanalyze-tray: cannot write to standard output: no space left on device\n",
    )


@pytest.mark.parametrize("flags", WAYS, ids=" ".join)
def test_a_closed_output_is_one_line_and_status_2(flags: tuple[str, ...]) -> None:
    """And no other file gets its number."""
    assert shell('"$@" >&-', flags) == (
        2,
        "runanalyze-tray: cannot write to standard output: it is closed\n",
    )


@pytest.mark.parametrize("flags", WAYS, ids=" ".join)
def test_a_reader_that_leaves_ends_it_quietly(flags: tuple[str, ...]) -> None:
    """``| head -1``, and one that reads nothing at all."""
    for reader in ("head -1", "true"):
        _, told = shell(f'"$@" | {reader}', flags)
        assert told == ""


@pytest.mark.parametrize("way", ["2>&-", "2>/dev/full", "2>&- >&- <&-"])
def test_standard_error_may_be_lost(way: str) -> None:
    """What is said there is lost, and nothing else: a demo runs to its end, a mistake is 2."""
    status, told = shell(f'"$@" {way}', ("--demo", "--json", "--duration=1", "--interval=0.3"))
    assert (status, told) == (2 if ">&- <" in way else 0, "")
    assert shell(f'"$@" {way}', ("--nope",)) == (2, "")


def test_a_missing_input_is_no_terminal() -> None:
    """It has an end at once, and nobody is asked there."""
    code = (
        "import sys; from tray_app.views.terminal import streams; streams.mend();"
        "print(sys.stdin.isatty(), repr(sys.stdin.read()))"
    )
    done = subprocess.run(
        ["bash", "-c", '"$@" <&-', "bash", sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=AMPLE_S,
        check=True,
    )
    assert done.stdout == "False ''\n"


def test_an_output_without_our_characters_loses_them_only() -> None:
    """--help has an ellipsis, which ASCII lacks."""
    done = subprocess.run(
        [*PROGRAM, "--help"],
        cwd=ROOT,
        env=BUFFERED | {"PYTHONIOENCODING": "ascii"},
        capture_output=True,
        text=True,
        timeout=AMPLE_S,
        check=True,
    )
    assert "--url URL" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize(
    ("platform", "environment", "is_shown"),
    [
        ("linux", {"TERM": "xterm-256color"}, True),
        ("linux", {}, True),
        ("linux", {"TERM": "linux"}, False),
        ("linux", {"TERM": "dumb"}, False),
        ("win32", {}, False),
        ("win32", {"WT_SESSION": "1"}, True),
        ("win32", {"TERM_PROGRAM": "vscode"}, True),
    ],
)
def test_terminals_without_emoji_are_known(
    platform: str,
    environment: dict[str, str],
    is_shown: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The Linux console, dumb terminals, and Windows' classic console."""
    monkeypatch.setattr(sys, "platform", platform)
    assert streams.shows_emoji(Terminal(), environment) is is_shown


def test_a_file_on_windows_takes_emoji(monkeypatch: pytest.MonkeyPatch) -> None:
    """No console draws it."""
    monkeypatch.setattr(sys, "platform", "win32")
    assert streams.shows_emoji(io.StringIO(), {})


def test_a_program_without_a_console_says_which_one_has_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Windows' program for icons has no standard streams at all."""
    with monkeypatch.context() as patch:
        patch.setattr(sys, "stderr", None)
        patch.setattr(os, "fdopen", lambda *_, **__: io.StringIO())
        streams.mend()
    monkeypatch.setattr(sys, "platform", "win32")
    streams.complain("lost")
    assert streams.unseen() == ["lost"]
    (tmp_path / "full").touch()
    unwritable = os.fdopen(os.open(tmp_path / "full", os.O_RDONLY), "w")
    with pytest.raises(streams.OutputFailed, match="there is no console; in a terminal use"):
        streams.write(unwritable, "figure")
    unwritable.close()
    monkeypatch.undo()
    streams.mend()
    assert streams.unseen() is None
