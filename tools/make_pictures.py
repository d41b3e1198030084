"""Takes the README's pictures from a real panel and browser: ``python -m tools.make_pictures``.

The demo's story runs on a private desktop, dark and light; each picture is taken when its moment
has come: the icon with its tooltip, the menu with a submenu, the forecast of a critical level. The
history's page shows a made day in Chromium.
"""

from __future__ import annotations

import io
import re
import sys
import tempfile
from pathlib import Path

from msgspec.structs import replace
from PIL import Image

from tests.bench import page as page_bench
from tests.desktop.session import SCREEN, Box, DesktopSession, Theme, find_row, label_of, row_centre
from tests.waiting import wait_for
from tray_app import __version__
from tray_app.core.alerts.limits import AlertLimits
from tray_app.core.analysis.bands import BandLimits
from tray_app.core.presentation import page_text, verdict_text
from tray_app.history import database, page, verdict
from tray_app.views.page.document import document

ASSETS = Path(__file__).parent.parent / "assets"
STORY_S = 90.0
RIGHT = SCREEN[0]
TRAY = (RIGHT - 20, 16)
# A tooltip ends above this, a menu below.
MENU_PX = 200
PAGE_S = 2 * 3600.0
POINT = """
    const of = document.querySelector("#chart-memory canvas").getBoundingClientRect();
    const clientX = of.left + 64 + arguments[0] * (of.width - 78);
    const place = { clientX, clientY: of.top + 90, bubbles: true };
    document.getElementById("charts").dispatchEvent(new PointerEvent("pointermove", place));
"""
"""Puts the cursor at this part of the time."""

THEMES: dict[Theme, str] = {"dark": "", "light": "-light"}


def take(desktop: DesktopSession, name: str, box: Box) -> None:
    """A part of the screen as ``assets/NAME.png``."""
    store(desktop.pixels(box), name)


def store(image: Image.Image, name: str, colours: int = 128) -> None:
    """In few colours: they are flat anyway."""
    few = image.convert("RGB").quantize(colours, dither=Image.Dither.NONE)
    few.save(ASSETS / f"{name}.png", optimize=True)


def around(boxes: list[Box], margin: int = 16) -> Box:
    """The part of the screen, from the panel's right end on, in which these windows are."""
    left, bottom = min(box[0] for box in boxes), max(box[3] for box in boxes)
    return left - margin, 0, RIGHT, bottom + margin


def memory_mb(row: str) -> float:
    """The figure in the menu's first row; 0 without a reading."""
    found = re.search(r"([\d.]+) (MB|GB)", row)
    return float(found[1]) * (1024 if found[2] == "GB" else 1) if found else 0.0


def take_all(theme: Theme, suffix: str) -> None:
    """The pictures of one panel."""
    with DesktopSession(theme=theme) as desktop:
        app = desktop.start("app", sys.executable, "-m", "tray_app", "--demo")
        item = desktop.wait_for_item()

        def processing_above(limit_mb: float) -> bool:
            memory, activity, *_ = desktop.menu_labels(item)
            return "frames" in activity and memory_mb(memory) > limit_mb

        wait_for(lambda: processing_above(500), "memory is yellow", STORY_S)
        desktop.hover(*TRAY)
        tooltip = wait_for(desktop.popups, "the tooltip is shown")
        take(desktop, f"tooltip{suffix}", around(tooltip))

        wait_for(lambda: processing_above(1000), "memory is orange", STORY_S)
        before = desktop.popups()  # a notification may be on the screen
        desktop.right_click(*TRAY)

        def opened(count: int) -> list[Box]:
            new = [box for box in desktop.popups() if box not in before and box[3] > MENU_PX]
            return new if len(new) == count else []

        (box,) = wait_for(lambda: opened(1), "the menu is open")
        rows = desktop.menu_layout(item)["children"]
        desktop.hover(*row_centre(box, rows, find_row(rows, "History and alerts")))
        menus = wait_for(lambda: opened(2), "a submenu is open")
        take(desktop, f"panel{suffix}", around(menus))
        desktop.key("Escape", "Escape")
        desktop.hover(300, 650)

        def forecast_is_shown() -> bool:
            alerts = find_row(desktop.menu_layout(item)["children"], "History and alerts")[
                "children"
            ]
            sent = any(label_of(row).startswith("Heading for critical") for row in alerts)
            return sent and bool(desktop.popups())

        wait_for(forecast_is_shown, "the forecast is on the screen", STORY_S)
        take(desktop, f"notification{suffix}", around(desktop.popups()))
        desktop.stop(app)


def take_page() -> None:
    """The history's page: two hours of a day, with the cursor on the highest job."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "history.sqlite3"
        connection, _ = database.open_for_writing(path)
        database.add(connection, page_bench.history(1.0))
        database.roll_up(connection, page_bench.TO_S)
        connection.close()
        limits, from_s, to_s = AlertLimits(), page_bench.TO_S - PAGE_S, page_bench.TO_S
        frame = page_text.frame("http://localhost:8000", __version__, BandLimits(), limits)
        found = verdict.read(path, from_s, to_s, limits)
        assert found
        shown = replace(page.read(path, from_s, to_s, frame), verdict=verdict_text.words(found))
        file = Path(folder) / "page.html"
        file.write_text(document(shown), "utf-8")
        driver = page_bench.chromium(Path(folder))
        try:
            size = {"width": 1120, "height": 940, "deviceScaleFactor": 1, "mobile": False}
            driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
            driver.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
            driver.get(file.as_uri())
            peak = found.happened["All"].peak
            assert peak
            driver.execute_script(POINT, (peak.at_s - 14.0 - from_s) / PAGE_S)
            driver.execute_async_script(
                "requestAnimationFrame(() => requestAnimationFrame(arguments[0]))"
            )
            store(Image.open(io.BytesIO(driver.get_screenshot_as_png())), "page", 256)
        finally:
            driver.quit()


def main() -> None:
    """The page; then the panel, dark and light."""
    take_page()
    for theme, suffix in THEMES.items():
        take_all(theme, suffix)


if __name__ == "__main__":
    main()
