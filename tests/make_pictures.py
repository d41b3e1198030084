"""Takes the README's pictures from a real panel: ``python -m tests.make_pictures``.

The demo's story runs on a private desktop; each picture is taken when its moment has come.
"""

from __future__ import annotations

import sys
from pathlib import Path

from PIL import Image

from tests.desktop.session import SCREEN, Box, DesktopSession
from tests.waiting import wait_for

ASSETS = Path(__file__).parent.parent / "assets"
STORY_S = 90.0
TRAY = (SCREEN[0] - 20, 16)


def take(desktop: DesktopSession, name: str, box: Box) -> None:
    """A part of the screen as ``assets/NAME.png``, in few colours: they are flat anyway."""
    image = desktop.pixels(box).convert("RGB")
    image.quantize(128, dither=Image.Dither.NONE).save(ASSETS / f"{name}.png", optimize=True)


def main() -> None:
    """The menu while the server is processing, and the critical alert."""
    with DesktopSession() as desktop:
        app = desktop.start("app", sys.executable, "-m", "tray_app", "--demo")
        item = desktop.wait_for_item()

        def told(*words: str) -> bool:
            text = " ".join(desktop.menu_labels(item))
            return all(word in text for word in words)

        wait_for(lambda: told("orange", "frames", "+"), "memory is orange", STORY_S)
        desktop.right_click(*TRAY)
        wait_for(desktop.popups, "the menu is open")
        take(desktop, "panel", (SCREEN[0] - 620, 0, SCREEN[0], 230))
        desktop.key("Escape")
        desktop.hover(300, 500)
        right = SCREEN[0]

        def critical_is_shown() -> bool:
            return told(" 3.", "red") and bool(desktop.popups())

        wait_for(critical_is_shown, "the critical alert is on the screen", STORY_S)
        take(desktop, "notification", (right - 460, 0, right, 150))
        desktop.stop(app)


if __name__ == "__main__":
    main()
