"""The texts that the menu offers: which file is opened, and that it is there."""

from __future__ import annotations

import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.waiting import wait_for
from tray_app.app.document_files import DocumentFiles
from tray_app.app.documents import Documents
from tray_app.core.config.parse import parse_config
from tray_app.core.model.document import Document
from tray_app.desktop import paths


class FakeDesktop:
    """Opens nothing, and remembers what it was told to open."""

    def __init__(self) -> None:
        self.opened: list[str] = []
        self.edited: list[tuple[str, int]] = []
        self.problem = ""

    def open(self, place: str, report: Callable[[str], None]) -> None:
        self.opened.append(place)
        if self.problem:
            report(self.problem)

    def edit(self, file: str, line: int, report: Callable[[str], None]) -> None:
        self.edited.append((file, line))
        if self.problem:
            report(self.problem)


@pytest.fixture
def desktop() -> FakeDesktop:
    return FakeDesktop()


def documents(
    desktop: FakeDesktop,
    folder: Path,
    report: Callable[[str, str, Document], None] = lambda *_: None,
) -> Documents:
    """The documents of a run whose files are in this folder."""
    return Documents(
        desktop,  # type: ignore[arg-type]
        lambda: DocumentFiles(folder / "config" / "config.toml", folder / "log" / "x.log"),
        arguments=["--url", "http://127.0.0.1:1"],
        report=report,
    )


def test_a_missing_settings_file_is_written_with_its_comments(
    desktop: FakeDesktop, tmp_path: Path
) -> None:
    """It sets nothing yet, and only the user may read it: it may hold a token later."""
    documents(desktop, tmp_path).open(Document.SETTINGS, 0)
    file = tmp_path / "config" / "config.toml"
    assert desktop.edited == [(str(file), 0)]
    assert parse_config(file.read_text()) == ({}, [])
    if sys.platform != "win32":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_settings_file_that_is_there_stays(desktop: FakeDesktop, tmp_path: Path) -> None:
    """It opens at the line of the mistake, or at the limits."""
    file = tmp_path / "config" / "config.toml"
    file.parent.mkdir()
    file.write_text("interval_s = 3\n[bands]\nred_mb = 3000\n[alerts]\nhigh_mb = 2500\n")
    before = file.read_text()
    opened = documents(desktop, tmp_path)
    opened.open(Document.SETTINGS, 5)
    opened.open(Document.LIMITS)
    assert desktop.edited == [(str(file), 5), (str(file), 4)]
    assert file.read_text() == before


def test_the_limits_stand_in_the_file_that_is_written(desktop: FakeDesktop, tmp_path: Path) -> None:
    """As a heading, though all lines below it are comments."""
    documents(desktop, tmp_path).open(Document.LIMITS)
    ((file, line),) = desktop.edited
    assert Path(file).read_text().splitlines()[line - 1] == "[alerts]"


def test_the_log_opens_before_anything_was_logged(desktop: FakeDesktop, tmp_path: Path) -> None:
    """An empty log says that nothing has happened."""
    documents(desktop, tmp_path).open(Document.LOG)
    file = tmp_path / "log" / "x.log"
    assert (desktop.edited, file.read_text()) == ([(str(file), 0)], "")


def test_the_help_page_is_a_file_of_the_program(desktop: FakeDesktop, tmp_path: Path) -> None:
    """It opens without a network, too."""
    documents(desktop, tmp_path).open(Document.HELP)
    assert desktop.opened == [paths.help_page()]
    assert "Troubleshooting" in Path(paths.help_page()).read_text("utf-8")


def test_the_doctors_report_is_made_and_opened(desktop: FakeDesktop, tmp_path: Path) -> None:
    """With the arguments of this run, so that it is about the same server."""
    documents(desktop, tmp_path).open(Document.REPORT)
    wait_for(lambda: desktop.edited, "the report is opened")
    report = tmp_path / "log" / "report.txt"
    assert desktop.edited == [(str(report), 0)]
    assert "http://127.0.0.1:1" in report.read_text("utf-8")


def test_a_document_that_cannot_be_opened_is_reported(desktop: FakeDesktop, tmp_path: Path) -> None:
    """With its path: a person can open it by hand."""
    problems: list[tuple[str, str, Document]] = []
    desktop.problem = "no program is set to open it"
    documents(desktop, tmp_path, lambda *told: problems.append(told)).open(Document.LOG)
    assert problems == [(str(tmp_path / "log" / "x.log"), desktop.problem, Document.LOG)]
