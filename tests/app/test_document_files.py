"""The demo's copies of the files that the menu opens."""

from __future__ import annotations

import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.test_documents import FakeDesktop
from tray_app.app.document_files import DEMO_HEADING, DEMO_LOG, DemoFiles
from tray_app.app.documents import Documents
from tray_app.core.config.parse import parse_config
from tray_app.core.model.document import Document


@pytest.fixture
def users(tmp_path: Path) -> Path:
    """The user's settings file, which is missing."""
    return tmp_path / "config" / "config.toml"


@pytest.fixture
def demo(users: Path) -> Iterator[DemoFiles]:
    files = DemoFiles(users, None)
    yield files
    files.close()


def documents(desktop: FakeDesktop, files: DemoFiles) -> Documents:
    return Documents(desktop, files, [], lambda *_: None)  # type: ignore[arg-type]


def test_the_demo_writes_no_settings_file_of_the_user(demo: DemoFiles, users: Path) -> None:
    """It opens one of its own, which says so and has every setting with its comment."""
    desktop = FakeDesktop()
    documents(desktop, demo).open(Document.LIMITS)
    ((file, line),) = desktop.edited
    text = Path(file).read_text()
    assert not users.parent.exists()
    assert text.startswith(DEMO_HEADING)
    assert text.splitlines()[line - 1] == "[alerts]"
    assert parse_config(text) == ({}, [])


def test_the_demo_opens_a_copy_of_the_users_settings(demo: DemoFiles, users: Path) -> None:
    """At the same line. It may hold a token, so only the user can read it."""
    users.parent.mkdir()
    users.write_text("interval_s = 3\nmode = 1\n")
    desktop = FakeDesktop()
    documents(desktop, demo).open(Document.SETTINGS, 2)
    ((file, line),) = desktop.edited
    assert Path(file) != users
    assert Path(file).read_text().splitlines()[line - 1] == "mode = 1"
    if sys.platform != "win32":
        assert stat.S_IMODE(Path(file).stat().st_mode) == 0o600


def test_the_copy_is_made_once_and_removed(users: Path) -> None:
    """An edit of it stays while the demo runs."""
    files = DemoFiles(users, None)
    copy = files().settings
    copy.write_text("edited")
    assert files().settings.read_text() == "edited"
    files.close()
    assert not copy.parent.exists()
    DemoFiles(users, None).close()


def test_the_demo_has_its_log_in_the_terminal(demo: DemoFiles, tmp_path: Path) -> None:
    """Unless a log was set, which is opened as it is."""
    assert demo().log.read_text() == DEMO_LOG
    log = tmp_path / "own.log"
    log.write_text("12:00 started\n")
    set_ = DemoFiles(tmp_path / "config.toml", log)
    assert set_().log == log
    assert log.read_text() == "12:00 started\n"
    set_.close()
