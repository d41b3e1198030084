"""What to do where no panel shows the icon."""

from __future__ import annotations

import pytest

from tray_app.core.presentation.tray_text import PANELS, cure, no_tray


@pytest.mark.parametrize(
    ("names", "said"),
    [
        (("GNOME",), "gnome-shell-extension-appindicator"),
        (("ubuntu", "GNOME"), "AppIndicator"),
        (("X-Cinnamon",), "xapp-sn-watcher"),
        (("XFCE",), "Status Tray Plugin"),
        (("MATE",), "Notification Area"),
        (("LXQt",), "Status Notifier"),
        (("sway",), "waybar"),
        (("waybar", "sway"), "module tray to waybar"),
        (("i3",), "Start i3bar"),
        (("i3bar", "i3"), "tray_output primary"),
        (("tint2",), "panel_items"),
        (("polybar", "i3"), "polybar's configuration"),
    ],
)
def test_each_desktop_has_its_own_cure(names: tuple[str, ...], said: str) -> None:
    """A running panel says more than the desktop's name, and no one else's cure is given."""
    assert said in cure(names)
    assert said in no_tray(names)
    assert ("GNOME" in cure(names)) is ("GNOME" in names)


@pytest.mark.parametrize("names", [("KDE",), (), ("something",)])
def test_where_nothing_is_known_nothing_is_advised(names: tuple[str, ...]) -> None:
    """The message says what holds, and that the icon comes by itself."""
    assert cure(names) == ""
    assert no_tray(names).startswith("No panel here shows tray icons. The icon will appear")


def test_every_known_panel_has_a_cure() -> None:
    """And each is a sentence."""
    assert all(cure((panel,)).endswith(".") for panel in PANELS)
