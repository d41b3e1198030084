"""How large text is to be."""

from __future__ import annotations

import pytest

from tray_app.desktop.linux.xembed.x11 import text_scale


@pytest.mark.parametrize(
    ("resources", "gdk_scale", "scale"),
    [
        ("", "", 1.0),
        ("Xft.dpi:\t192\n", "", 2.0),
        ("Xcursor.size: 24\nXft.dpi: 144.0\nXft.hinting: 1\n", "1", 1.5),
        ("*Xft.dpi: 192\n", "2", 2.0),
        ("Xft.dpi: 192\n", "2", 2.0),  # the same twice
        ("Xft.dpi: many\n", "large", 1.0),
        ("Xft.dpi: 10\n", "0", 1.0),
        ("Xft.dpi: 9600\n", "", 4.0),
    ],
)
def test_scale(resources: str, gdk_scale: str, scale: float) -> None:
    """The larger of both; what is no number counts as 1."""
    assert text_scale(resources, gdk_scale) == scale
