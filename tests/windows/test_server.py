"""The server hangs, and dies, while the program watches it on Windows."""

from __future__ import annotations

import re

import pytest

from tests.waiting import END_LIMIT_S, wait_for
from tests.windows.running import Server
from tests.windows.tray import Tray
from tray_app.core.analysis.bands import Band
from tray_app.desktop.windows.tray_icon import NIIF_ERROR

# What waited for the API would wait longer than the tests do.
PATIENT = "interval_s = 0.5\n[api]\npatience_s = 100\n"
ALERTS = "interval_s = 0.5\n[alerts]\nraised_mb = 120\nraised_hold_s = 0\n"
RSS = "__import__('psutil').Process().memory_info().rss / 1024**2"


def test_its_api_hangs(own_server: Server) -> None:
    """The figure comes from its process. The menu opens, and Quit ends the program, as usual."""
    tray = Tray(own_server.world, "--url", own_server.url, settings=PATIENT)
    try:
        tray.wait_for_icon(process_source=False, band=Band.GREEN)
        own_server.do("state.update(hang=True)")
        tray.wait_for_icon(process_source=True, band=Band.GREEN)
        tray.quit()
        assert tray.wait(END_LIMIT_S) == 0
        wait_for(lambda: tray.icon_at() is None, "no icon")
    finally:
        tray.kill()


def test_it_dies(own_server: Server) -> None:
    """With high memory: the icon has no figure any longer, and a notification has the last one."""
    tray = Tray(own_server.world, "--url", own_server.url, settings=ALERTS)
    try:
        tray.watch_taskbar()
        tray.wait_until_idle()
        own_server.do("hold(150)")
        held_mb = own_server.do(RSS)
        tray.wait_for_balloon(0, "Raised: ")
        tray.wait_for_icon(process_source=False)
        seen = tray.balloons_count()
        own_server.kill()
        ended = tray.wait_for_balloon(seen, "ended at")
        assert ended["kind"] == NIIF_ERROR
        assert ended["text"].startswith("No job was ")
        told = re.search(r"ended at ([0-9.]+) MB", ended["title"])
        assert told
        assert float(told[1]) == pytest.approx(held_mb, abs=3)
        tray.wait_for_icon(band=Band.UNKNOWN)
    finally:
        tray.kill()
