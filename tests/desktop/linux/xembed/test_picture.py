"""The icon's picture in a tray's window."""

from __future__ import annotations

from PIL import Image

from tray_app.desktop.linux.xembed import picture, x11

RED, HALF = (255, 0, 0, 255), (255, 0, 0, 128)
IMAGES = [Image.new("RGBA", (size, size), RED) for size in (16, 22, 24)]


def test_the_picture_is_never_scaled() -> None:
    """The largest that fits is taken, and the smallest is cut."""
    sizes = {side: picture.fitting(IMAGES, side).size for side in (12, 16, 21, 22, 23, 64)}
    assert sizes == {
        12: (12, 12),
        16: (16, 16),
        21: (16, 16),
        22: (22, 22),
        23: (22, 22),
        64: (24, 24),
    }


def test_it_is_in_the_middle_of_what_is_clear() -> None:
    """Alpha is premultiplied, as X servers want it."""
    half = [Image.new("RGBA", (16, 16), HALF)]
    seen = Image.frombytes("RGBA", (20, 24), picture.on_nothing(half, 20, 24))
    assert seen.getbbox() == (2, 4, 18, 20)
    assert seen.getpixel((10, 10)) == (128, 0, 0, 128)


def test_it_is_laid_on_the_panels_background() -> None:
    """Where a tray does not blend it, this program does."""
    half = [Image.new("RGBA", (16, 16), HALF)]
    ground = bytes((0, 0, 100, 255)) * (16 * 18)
    seen = Image.frombytes("RGBA", (16, 18), picture.on_ground(half, 16, 18, ground))
    assert seen.getpixel((0, 0)) == (0, 0, 100, 255)
    assert seen.getpixel((8, 8)) == (128, 0, 50, 255)


def test_pixels_go_there_and_back() -> None:
    """In the byte order of this machine's X servers."""
    pixels = bytes((1, 2, 3, 255, 4, 5, 6, 255))
    assert x11.foreign(x11.native(pixels)) == pixels
    assert x11.native(pixels) != pixels
