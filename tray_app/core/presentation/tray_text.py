"""What to do where no panel shows the icon: a table of desktops and panels."""

from __future__ import annotations

from collections.abc import Iterable

_SYSTEM_TRAY = "Add the {} to the panel."
_CURES = {
    # A running panel comes first: it says more than the desktop's name.
    "waybar": "Add the module tray to waybar's configuration.",
    "i3bar": "Let i3bar have a tray: tray_output primary in i3's configuration.",
    "swaybar": "Swaybar shows few icons well: use waybar with its module tray.",
    "tint2": "Give tint2 its system tray: the letter S in panel_items.",
    "polybar": "Add the tray to polybar's configuration.",
    "xfce4-panel": _SYSTEM_TRAY.format("Status Tray Plugin"),
    "mate-panel": _SYSTEM_TRAY.format("Notification Area"),
    "lxqt-panel": _SYSTEM_TRAY.format("plugin Status Notifier"),
    # The words of XDG_CURRENT_DESKTOP, in small letters.
    "gnome": "Install the GNOME extension AppIndicator and KStatusNotifierItem Support"
    " (Debian: gnome-shell-extension-appindicator), and log in again.",
    "x-cinnamon": "Install xapp-sn-watcher, and log in again.",
    "xfce": _SYSTEM_TRAY.format("Status Tray Plugin"),
    "mate": _SYSTEM_TRAY.format("Notification Area"),
    "lxqt": _SYSTEM_TRAY.format("plugin Status Notifier"),
    "sway": "Start waybar with its module tray.",
    "i3": "Start i3bar, or another bar with a tray.",
}
PANELS = (
    *("waybar", "i3bar", "swaybar", "tint2", "polybar"),
    *("xfce4-panel", "mate-panel", "lxqt-panel"),
)
"""Programs that are known as panels, as the system names their processes."""


def cure(names: Iterable[str]) -> str:
    """How to get an icon there; "" where nothing is known to help (KDE Plasma has a tray)."""
    known = {name.lower() for name in names}
    return next((text for name, text in _CURES.items() if name in known), "")


def no_tray(names: Iterable[str]) -> str:
    """The message where no panel shows the icon, for these panels and desktops."""
    sentences = (
        "No panel here shows tray icons.",
        cure(names),
        "The icon will appear as soon as a panel supports it; notifications work regardless.",
    )
    return " ".join(filter(None, sentences))
