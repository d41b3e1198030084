"""Opening directories and addresses: what is started, and what is said when it fails.

Rule: xdg-open is a script of the test; nothing is really opened.
"""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import pytest

from tests.waiting import wait_for
from tray_app.desktop import opener as desktop_opener
from tray_app.desktop.opener import open_place

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="xdg-open is of Linux")


@pytest.fixture
def opener(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is first on PATH; an xdg-open in it writes down what it was given."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    install(
        folder,
        f'printf "%s\\n" "$#" "$@" > "{tmp_path}/new"; mv "{tmp_path}/new" "{tmp_path}/opened"',
    )
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")
    return folder


def install(folder: Path, script: str) -> None:
    program = folder / "xdg-open"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def problem_of(place: str) -> str:
    """What is reported of a place that cannot be opened."""
    problems: list[str] = []
    open_place(place, problems.append)
    return wait_for(lambda: problems, "a problem")[0]


@pytest.mark.parametrize("name", ["tmp", "with space; touch evil", "$(touch evil)", "-dash"])
def test_a_directory_is_opened_as_it_is(opener: Path, tmp_path: Path, name: str) -> None:
    """One argument, whatever it holds: no shell reads it."""
    place = tmp_path / name
    place.mkdir()
    problems: list[str] = []
    open_place(str(place), problems.append)
    opened = tmp_path / "opened"
    wait_for(opened.exists, "it was opened")
    assert opened.read_text() == f"1\n{place}\n"
    assert not list(tmp_path.rglob("evil"))
    assert problems == []
    assert opener.exists()


def test_an_address_is_opened(opener: Path, tmp_path: Path) -> None:
    """In the same way; it need not exist here."""
    open_place("http://localhost:8000", lambda _: None)
    opened = tmp_path / "opened"
    wait_for(opened.exists, "it was opened")
    assert opened.read_text() == "1\nhttp://localhost:8000\n"
    assert opener.exists()


@pytest.mark.usefixtures("opener")
def test_a_directory_that_is_not_there(tmp_path: Path) -> None:
    """Nothing is started."""
    assert problem_of(str(tmp_path / "gone")) == "there is no such file or directory"
    assert not (tmp_path / "opened").exists()


def test_a_desktop_without_xdg_open(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The reason says where it comes from."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert problem_of(str(tmp_path)) == "xdg-open is missing (on Linux it comes with xdg-utils)"


@pytest.mark.parametrize(
    ("status", "problem"),
    [
        (3, "no program is set to open it"),
        (4, "the program that opens it failed"),
        (77, "xdg-open ended with status 77"),
    ],
)
def test_a_failure_is_observed(opener: Path, tmp_path: Path, status: int, problem: str) -> None:
    """By its exit status."""
    install(opener, f"exit {status}")
    assert problem_of(str(tmp_path)) == problem


def test_what_stays_open_is_no_failure(
    opener: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """xdg-open may be the browser's parent; it has a session of its own and outlives this one."""
    monkeypatch.setattr(desktop_opener, "OBSERVED_S", 0.1)
    os.mkfifo(tmp_path / "end")
    install(opener, f'echo $$ > "{tmp_path}/pid"; read line < "{tmp_path}/end"; exit 1')
    problems: list[str] = []
    open_place(str(tmp_path), problems.append)
    pid_file = tmp_path / "pid"
    wait_for(lambda: pid_file.exists() and pid_file.read_text().strip(), "it runs")
    pid = int(pid_file.read_text())
    assert os.getsid(pid) == pid != os.getsid(0)
    observed = [thread for thread in threading.enumerate() if thread.name == "open"]
    observed[-1].join(3.0)  # thirty times as long as it is observed
    (tmp_path / "end").write_text("done\n")
    wait_for(lambda: not Path(f"/proc/{pid}").exists(), "it has ended and was taken note of")
    assert problems == []
