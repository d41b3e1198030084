"""The tooltip beside the icon."""

from __future__ import annotations

import pytest

from tests.desktop.legacy_tray import LegacyApp, StartTray, icon_box, wait_for_icon
from tests.desktop.session import SCREEN
from tests.server.starting import ServerFactory
from tests.waiting import wait_for
from tray_app.core.analysis.bands import Band

pytestmark = pytest.mark.desktop


@pytest.mark.parametrize("edge", ["top", "bottom"])
def test_tooltip_under_the_mouse(
    edge: str, start_tray: StartTray, runanalyze_server: ServerFactory
) -> None:
    """A resting mouse brings it up beside the icon, wholly on the screen; it goes with the mouse,
    and at a click."""
    tray = start_tray(edge=edge)
    desktop = tray.desktop
    server = runanalyze_server()
    app = LegacyApp(tray.desktop, "--url", server.url)
    wait_for_icon(tray, app, band=Band.GREEN)
    desktop.hover(*tray.icon_centre())
    (box,) = wait_for(tray.popups, "a tooltip is shown")
    desktop.screenshot(f"xembed-tooltip-{edge}")
    icon = icon_box(tray)
    assert icon
    assert 0 <= box[0] < box[2] <= SCREEN[0]
    assert box[3] - box[1] > 40, "three lines"
    assert box[1] >= icon[3] if edge == "top" else box[3] <= icon[1]
    desktop.hover(400, 400)
    wait_for(lambda: not tray.popups(), "the tooltip is gone")
