"""Notifications on Windows: balloons beside the icon, and what clicks on them and on it do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.waiting import wait_for
from tests.windows.running import Server
from tests.windows.tray import ASIDE, HIDE_FROM_TASKBAR, ICON_PX, TASKBAR_CREATED, Tray
from tray_app.desktop.windows.tray_icon import (
    NIIF_ERROR,
    NIIF_INFO,
    NIIF_WARNING,
    NIN_BALLOONUSERCLICK,
)

# A server at rest has about 50 MB.
SETTINGS = """\
interval_s = 0.5
[alerts]
raised_mb = 150
raised_hold_s = 0
high_mb = 200
critical_mb = 250
recovery_s = 1
"""
WM_NOTIFY_ICON = 0x40B
"""pystray's number for what happens to its icon."""
RETRY_SELDOM = """
from tray_app.views import notifications
notifications.RETRY_EVERY_S = 3600.0
1
"""
IS_SINGLE_CLICK = """
from tray_app.core.monitor.step import DOUBLE_CLICK_S
from tray_app.runtime import clock
clock.mono_s() - (state.status_shown_s or -9.0) > DOUBLE_CLICK_S
"""


@pytest.fixture(scope="module")
def tray(server: Server) -> Iterator[Tray]:
    started = Tray(server.world, "--url", server.url, settings=SETTINGS)
    started.watch_taskbar()
    yield started
    started.kill()


def on_screen(tray: Tray, balloon: dict[str, Any]) -> dict[str, Any]:
    """The window that shows it."""

    def seen() -> dict[str, Any] | None:
        return next((each for each in tray.tooltips() if each["text"] == balloon["text"]), None)

    found = wait_for(seen, f"{balloon['title']!r} on the screen")
    assert found
    return found


def click_icon(tray: Tray) -> None:
    """With the left button, and not as the second half of a double click."""
    wait_for(lambda: tray.state(IS_SINGLE_CLICK), "the last click is over")
    at = wait_for(tray.icon_at, "an icon to click on")
    assert at
    tray.world.click(at[0] + ICON_PX // 2, at[1] + ICON_PX // 2)
    tray.world.point(*ASIDE)


def test_the_sign_tells_the_urgency(server: Server, tray: Tray) -> None:
    """A warning, an error, and an information when all is well again; each is on the screen."""
    tray.wait_until_idle()
    for held_mb, words, kind in (
        (130, "Raised: ", NIIF_WARNING),
        (260, "Critical: ", NIIF_ERROR),
        (0, "Back to normal: ", NIIF_INFO),
    ):
        seen = tray.balloons_count()
        server.do(f"hold({held_mb})")
        balloon = tray.wait_for_balloon(seen, words)
        assert (balloon["kind"], balloon["taken"]) == (kind, True)
        on_screen(tray, balloon)


def test_a_left_click_shows_the_status(tray: Tray) -> None:
    """As an information, not as a warning. So does a click on the balloon: Wine does not tell of
    one, so the message is Windows', sent by the test."""
    seen = tray.balloons_count()
    click_icon(tray)
    balloon = tray.wait_for_balloon(seen, "RunAnalyze: ")
    assert balloon["kind"] == NIIF_INFO
    on_screen(tray, balloon)
    wait_for(lambda: tray.state(IS_SINGLE_CLICK), "the last click is over")
    assert tray.ask(f"post({tray.windows()[0]}, {WM_NOTIFY_ICON}, 0, {NIN_BALLOONUSERCLICK})")
    tray.wait_for_balloon(seen + 1, "RunAnalyze: ")


def test_one_that_windows_does_not_take_is_sent_again(server: Server, tray: Tray) -> None:
    """While the taskbar has no icon it takes none. The icon shows that as soon as it is back, and
    the next message brings both."""
    tray.ask(RETRY_SELDOM)
    tray.wait_until_idle()
    tray.ask(HIDE_FROM_TASKBAR)
    wait_for(lambda: tray.icon_at() is None, "no icon")
    seen = tray.balloons_count()
    server.do("hold(130)")
    assert not tray.wait_for_balloon(seen, "Raised: ")["taken"]
    problem = "Windows: Windows did not take the notification"
    wait_for(lambda: tray.state("state.delivery_problem") == problem, "the failure is known")
    tray.ask(TASKBAR_CREATED)
    tray.wait_for_icon(undelivered=True)
    seen = tray.balloons_count()
    click_icon(tray)
    assert tray.wait_for_balloon(seen, "Raised: ")["taken"]
    tray.wait_for_balloon(seen, "RunAnalyze: ")
    tray.wait_for_icon(undelivered=False)
