"""The icon's picture as a tray's window needs it: never scaled.

Rule of the module: of Pillow only Image, which the drawer of the icon has loaded anyway.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import PIL.Image


def fitting(images: Sequence[Any], side: int) -> Any:
    """The largest picture that fits, else the smallest, cut to the side."""
    fits = [image for image in images if image.width <= side]
    if fits:
        return max(fits, key=lambda image: image.width)
    smallest = min(images, key=lambda image: image.width)
    inset = (smallest.width - side) // 2
    return smallest.crop((inset, inset, inset + side, inset + side))


def on_nothing(images: Sequence[Any], width: int, height: int) -> bytes:
    """The picture in the middle of a clear rectangle: RGBA bytes, premultiplied."""
    return _laid(images, PIL.Image.new("RGBA", (width, height))).convert("RGBa").tobytes()


def on_ground(images: Sequence[Any], width: int, height: int, ground: bytes) -> bytes:
    """The picture in the middle of a background of RGBA bytes."""
    return _laid(images, PIL.Image.frombytes("RGBA", (width, height), ground)).tobytes()


def _laid(images: Sequence[Any], whole: PIL.Image.Image) -> PIL.Image.Image:
    icon = fitting(images, min(whole.size))
    corner = ((whole.width - icon.width) // 2, (whole.height - icon.height) // 2)
    whole.alpha_composite(icon, corner)
    return whole
