"""What the program says of itself: its name, its desktop, its notifications, a second start."""

from __future__ import annotations

from tray_app.core.model.presets import Preset

APP = "RunAnalyze"
PRESETS = {
    Preset.STANDARD: "Standard",
    Preset.QUICK: "Quick test (30 s)",
    Preset.HEAVY: "Heavy processing",
    Preset.DEBUG: "Debug (1 s)",
    Preset.FALLBACK: "Process only",
}
PRESET_HELP = {
    Preset.QUICK: "Sample every 2 s for 30 s, then print a summary.",
    Preset.HEAVY: "Sample every 3 s and wait longer for the API.",
    Preset.DEBUG: "Sample every 1 s, list each process, log more.",
    Preset.FALLBACK: "Sample every 2 s from processes only.",
}
"""What the flag of a preset does."""
NO_TRAY_TITLE = "Monitoring without a tray icon"
NO_DESKTOP = "no desktop session (no display and no session bus): using the console"
NO_BUS = (
    "cannot show an icon without a session bus: start one with dbus-run-session, or use --console"
)
DEMO_REPEATS_TITLE = "The demo starts again"
DEMO_REPEATS = "It repeats every minute until you quit. The last video kept some memory."
HOW_TO_END = "Ctrl-C to quit"


def title(demo: bool) -> str:
    """The app's name as shown in tooltip and menu."""
    return f"{APP} (demo)" if demo else APP


def undelivered(problem: str) -> str:
    """The text for menu and log when notifications are not delivered."""
    return f"Notifications are not being delivered: {problem}"


def output_failed(reason: str) -> str:
    """The error when standard output cannot be written."""
    return f"cannot write to standard output: {reason}"


def already_running(url: str, *, heard: bool) -> str:
    """The message of a second start for the same server."""
    shows = "; its status is shown" if heard else ", but it does not respond"
    return f"already running for {url}{shows}"


def address_taken(url: str, old_url: str) -> str:
    """Why an edit of the config file does not change the server's address."""
    return f"already running for {url}; the address is still {old_url}"


def autostart_failed(on: bool, reason: str) -> str:
    """Why the program does not start at login, or still does."""
    return f"Could not {'enable' if on else 'disable'} start at login: {reason}."
