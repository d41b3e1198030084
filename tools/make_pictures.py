"""Takes the README's pictures from a real panel: ``python -m tools.make_pictures``.

The demo's story runs on a private desktop, dark and light; each picture is taken when its moment
has come: the icon with its tooltip, the menu with a submenu, the first critical alert.
"""

from __future__ import annotations

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


def take_all(theme: Theme, suffix: str) -> None:
    """The pictures of one panel."""
    with DesktopSession(theme=theme) as desktop:
        app = desktop.start("app", sys.executable, "-m", "tray_app", "--demo")
        item = desktop.wait_for_item()

        def told(*words: str) -> bool:
            text = " ".join(desktop.menu_labels(item))
            return all(word in text for word in words)

        wait_for(lambda: told("frames"), "memory is yellow", STORY_S)
        desktop.hover(*TRAY)
        tooltip = wait_for(desktop.popups, "the tooltip is shown")
        take(desktop, f"tooltip{suffix}", around(tooltip))

        wait_for(lambda: told("GB", "frames", "+"), "memory is orange", STORY_S)
        before = desktop.popups()  # a notification may be on the screen
        desktop.right_click(*TRAY)

        def opened(count: int) -> list[Box]:
            new = [box for box in desktop.popups() if box not in before and box[3] > MENU_PX]
            return new if len(new) == count else []

        (box,) = wait_for(lambda: opened(1), "the menu is open")
        rows = desktop.menu_layout(item)["children"]
        desktop.hover(*row_centre(box, rows, find_row(rows, "Alerts")))
        menus = wait_for(lambda: opened(2), "a submenu is open")
        take(desktop, f"panel{suffix}", around(menus))
        desktop.key("Escape", "Escape")
        desktop.hover(300, 650)

        def critical_is_shown() -> bool:
            alerts = find_row(desktop.menu_layout(item)["children"], "Alerts")["children"]
            said = any(label_of(row).startswith("Critical") for row in alerts[-4:])
            return said and bool(desktop.popups())

        wait_for(critical_is_shown, "the critical alert is on the screen", STORY_S)
        take(desktop, f"notification{suffix}", around(desktop.popups()))
        desktop.stop(app)


def main() -> None:
    """Dark and light."""
    for theme, suffix in THEMES.items():
        take_all(theme, suffix)


if __name__ == "__main__":
    main()
