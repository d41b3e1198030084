"""What one X connection serves: its end, and a defect."""

from __future__ import annotations

import signal

import pytest

from tests.desktop.legacy_tray import LegacyApp, StartTray, open_menu, wait_for_icon
from tests.waiting import wait_for

pytestmark = pytest.mark.desktop


def test_the_x_server_may_go(start_tray: StartTray) -> None:
    """The program goes on without an icon, and without a traceback."""
    tray = start_tray()
    app = LegacyApp(tray.desktop, "--demo")
    wait_for_icon(tray, app)
    tray.desktop.kill_screen()
    app.wait_for_tooltip(" MB")
    app.end(signal.SIGTERM)
    assert app.process.returncode == 0
    assert "Traceback" not in app.log


def test_a_menu_that_fails_lets_go_of_the_pointer(start_tray: StartTray) -> None:
    """A defect is logged, the menu is closed, and the next one opens."""
    tray = start_tray()
    app = LegacyApp(tray.desktop, "--demo", code=FAILS_ONCE)
    wait_for_icon(tray, app)
    tray.desktop.right_click(*tray.icon_centre())
    wait_for(lambda: "the XEmbed icon failed" in app.log, "the defect is logged")
    wait_for(lambda: not tray.popups(), "nothing is open")
    open_menu(tray)
    tray.desktop.key("Escape")
    wait_for(lambda: not tray.popups(), "the menu is closed")


FAILS_ONCE = """
import sys
from tray_app.cli.main import main
from tray_app.desktop.linux.xembed import menu

grab = menu.OpenMenu._grab

def fail(*arguments):
    menu.OpenMenu._grab = grab
    grab(*arguments)
    raise ValueError("a defect")

menu.OpenMenu._grab = fail
sys.exit(main())
"""
