"""Contact sheets: what a desktop made of the icon, its menu, tooltip and notification.

``HOST_SHEETS=docs/hosts tests/run --hosts`` keeps them; else they are among the artefacts.
"""

from __future__ import annotations

import os
from pathlib import Path

from PIL import Image

from tests.desktop.session import ARTEFACTS, Box

GAP = 8
GROUND = (128, 128, 128)
ZOOM = 6


class Sheet:
    """Parts of screens, side by side: first the icon as it is and at 6 times its size."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._parts: list[Image.Image] = []

    def add_icon(self, screen: Image.Image, box: Box) -> None:
        """The icon, and the pixels around it."""
        left, top, right, bottom = box
        around = screen.crop((left - 4, top - 4, right + 4, bottom + 4))
        large = around.resize((around.width * ZOOM, around.height * ZOOM), Image.Resampling.NEAREST)
        self._parts += [around, large]

    def add(self, screen: Image.Image, box: Box) -> None:
        """What is in a box of the screen."""
        left, top, right, bottom = box
        inside = (max(left - 2, 0), max(top - 2, 0), right + 2, bottom + 2)
        self._parts.append(screen.crop((*inside[:2], *map(min, inside[2:], screen.size))))

    def save(self) -> Path:
        """Write the sheet, in few colours."""
        width = sum(part.width + GAP for part in self._parts) + GAP
        height = max(part.height for part in self._parts) + 2 * GAP
        sheet = Image.new("RGB", (width, height), GROUND)
        x = GAP
        for part in self._parts:
            sheet.paste(part, (x, GAP))
            x += part.width + GAP
        folder = Path(os.environ.get("HOST_SHEETS") or ARTEFACTS / "hosts")
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{self._name}.png"
        sheet.quantize(96, dither=Image.Dither.NONE).save(path, optimize=True)
        return path
