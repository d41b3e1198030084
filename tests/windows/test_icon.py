"""The icon in Windows' taskbar, pixel for pixel, and its tooltip."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.waiting import wait_for
from tests.windows.running import Server
from tests.windows.tray import ASIDE, ICON_PX, Tray, lines_of_ink
from tray_app.core.analysis.bands import Band
from tray_app.core.presentation.icon import figure_of
from tray_app.desktop.text_limits import WINDOWS, fit_lines

HELD_MB = {Band.GREEN: 0, Band.YELLOW: 120, Band.ORANGE: 190, Band.RED: 280}


@pytest.fixture(scope="module")
def tray(server: Server) -> Iterator[Tray]:
    started = Tray(server.world, "--url", server.url)
    yield started
    started.kill()


def test_the_icon_in_every_band(server: Server, tray: Tray) -> None:
    """From green to the red octagon and back, with the server's figure."""
    tray.wait_for_icon(process_source=False)
    for band in (*HELD_MB, Band.GREEN):
        server.do(f"hold({HELD_MB[band]})")

        def shown(band: Band = band) -> bool:
            """With the server's figure, as both are read at nearly the same time."""
            memory: int = server.do("__import__('psutil').Process().memory_info().rss")
            return tray.wait_for_icon(band=band).figure == figure_of(memory)

        wait_for(shown, f"{band} with the server's figure")


def test_the_tooltip(tray: Tray) -> None:
    """All of its lines are on the screen while the pointer is on the icon, and only then."""
    world = tray.world
    at = wait_for(tray.icon_at, "an icon to point at")
    assert at
    world.point(at[0] + ICON_PX // 2, at[1] + ICON_PX // 2)

    def shown() -> list[str]:
        text = fit_lines(tray.state("presenter.tooltip(state)"), WINDOWS.tooltip)
        (rect,) = [each["rect"] for each in tray.tooltips() if each["text"] == text] or [None]
        lines = text.split("\n")
        return lines if rect and lines_of_ink(world.screen().crop(rect)) == len(lines) else []

    lines = wait_for(shown, "the tooltip and its lines")
    assert len(lines) == 3
    assert lines[0].startswith("RunAnalyze: ")
    world.point(*ASIDE)
    wait_for(lambda: not tray.tooltips(), "no tooltip")


def test_without_a_server(server: Server, tray: Tray) -> None:
    """It ends: a hollow tile with "?". (The last test of this server.)"""
    tray.wait_for_icon(band=Band.GREEN)
    server.kill()
    shown = tray.wait_for_icon(band=Band.UNKNOWN)
    assert not shown.paused
