"""Which page is opened in the browser, and what a failure says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.request import urlopen

import pytest

from tests.core.fleet.made import state
from tests.waiting import AMPLE_S
from tray_app.app.pages import ServerPages
from tray_app.app.shown_pages import ShownPages
from tray_app.core.alerts.limits import AlertLimits
from tray_app.page_server.server import PageServer


class Browser:
    """Keeps what it is told to open."""

    def __init__(self) -> None:
        self.opened: list[str] = []
        self.problems: list[tuple[str, str]] = []

    def open(self, place: str, report: Callable[[str], None]) -> None:
        self.opened.append(place)
        if len(self.opened) > 1:
            report("no browser")

    def failed(self, place: str, problem: str) -> None:
        self.problems.append((place, problem))


def run_of(name: str, folder: Path) -> Any:
    pages = ServerPages(folder / name, name, AlertLimits, lambda: 0.0)
    return SimpleNamespace(name=name, pages=pages, last=state(300))


def test_the_menu_opens_a_server_or_all(tmp_path: Path) -> None:
    """With the states of now: a server that was added to the list is there."""
    browser, runs = Browser(), [run_of("a", tmp_path)]
    pages = ShownPages(lambda: runs, browser, browser.failed)  # type: ignore[arg-type]
    runs.append(run_of("b", tmp_path))
    pages.open()
    with urlopen(browser.opened[0], timeout=AMPLE_S) as told:
        assert "<h1>2 servers: all green</h1>" in told.read().decode()
    pages.open("b")
    assert browser.opened[1] == f"{browser.opened[0]}b/"
    assert browser.problems == [(browser.opened[1], "no browser")]


def test_without_a_port_it_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the words of the system; nothing is opened."""

    def full(self: PageServer, name: str = "") -> str:
        raise OSError(24, "Too many open files")

    monkeypatch.setattr(PageServer, "address", full)
    browser, run = Browser(), run_of("a", tmp_path)
    ShownPages(lambda: [run], browser, browser.failed).open("a")  # type: ignore[arg-type]
    assert browser.problems == [("the history", "Too many open files")]
    assert browser.opened == []
