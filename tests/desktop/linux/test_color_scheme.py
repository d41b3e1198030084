"""What a colour scheme says of the panel."""

from __future__ import annotations

from typing import Any

import pytest
from dbus_fast import Variant

from tray_app.core.model.icon_options import Theme
from tray_app.desktop.linux.color_scheme import theme_of


@pytest.mark.parametrize(
    ("scheme", "theme"),
    [
        (Variant("u", 1), Theme.DARK),
        (Variant("v", Variant("u", 2)), Theme.LIGHT),
        (Variant("u", 0), Theme.AUTO),
        (Variant("u", 7), Theme.AUTO),
        (Variant("s", "dark"), Theme.AUTO),
        (None, Theme.AUTO),
    ],
)
def test_a_scheme_is_understood_however_it_is_wrapped(scheme: Any, theme: Theme) -> None:
    """Read wraps the number once more than the signal; what is not known says nothing."""
    assert theme_of(scheme) is theme
