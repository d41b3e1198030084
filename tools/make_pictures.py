"""Takes the README's pictures from a real panel: ``python -m tools.make_pictures``.

The demo's story runs on a private desktop, dark and light; each picture is taken when its moment
has come: the icon with its tooltip, the menu with a submenu, the forecast of a critical level.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

from PIL import Image

from tests.desktop.session import SCREEN, Box, DesktopSession, Theme, find_row, label_of, row_centre
from tests.waiting import wait_for

ASSETS = Path(__file__).parent.parent / "assets"
STORY_S = 90.0
RIGHT = SCREEN[0]
TRAY = (RIGHT - 20, 16)
# A tooltip ends above this, a menu below.
MENU_PX = 200
THEMES: dict[Theme, str] = {"dark": "", "light": "-light"}


def take(desktop: DesktopSession, name: str, box: Box) -> None:
    """A part of the screen as ``assets/NAME.png``, in few colours: they are flat anyway."""
    image = desktop.pixels(box).convert("RGB")
    image.quantize(128, dither=Image.Dither.NONE).save(ASSETS / f"{name}.png", optimize=True)


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


def main() -> None:
    """Dark and light."""
    for theme, suffix in THEMES.items():
        take_all(theme, suffix)


if __name__ == "__main__":
    main()
