"""The end of an X server."""

from __future__ import annotations

import signal

import pytest

from tests.desktop.legacy_tray import LegacyApp, StartTray, wait_for_icon

pytestmark = pytest.mark.desktop


def test_the_x_server_may_go(start_tray: StartTray) -> None:
    """The program goes on without an icon, and says so in one line."""
    tray = start_tray()
    app = LegacyApp(tray.desktop, "--demo")
    wait_for_icon(tray, app)
    tray.desktop.kill_screen()
    app.wait_for_tooltip(" MB")
    app.end(signal.SIGTERM)
    assert app.process.returncode == 0
    assert "Traceback" not in app.log
