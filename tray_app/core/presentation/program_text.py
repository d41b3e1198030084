"""What the program says of itself: its name, its desktop, its notifications, a second start."""

from __future__ import annotations

from collections.abc import Sequence

from tray_app.core.config.mistake import Mistake
from tray_app.core.model.presets import Preset
from tray_app.core.monitor.state import Restarts

APP = "RunAnalyze"
PRESETS = {
    Preset.STANDARD: "Standard",
    Preset.QUICK: "Quick test (30 s)",
    Preset.HEAVY: "Heavy processing",
    Preset.DEBUG: "Debug (1 s)",
    Preset.FALLBACK: "Fallback (processes only)",
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
NO_DESKTOP_FOR_ENGINE = (
    "no desktop session (no display and no session bus),"
    " and only an icon shows the servers of a Prometheus"
)
NO_BUS = (
    "cannot show an icon without a session bus: start one with dbus-run-session, or use --console"
)
NO_PROMETHEUS_CLIENT = "--exporter needs prometheus-client: pip install 'runanalyze-tray[fleet]'"
DEMO_REPEATS_TITLE = "The demo starts again"
DEMO_REPEATS = "It repeats every minute until you quit. The last video kept some memory."
MISTAKES_SHOWN = 4
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
    return f"already running for {url}, so still watching {old_url}"


def exporter_serves(url: str) -> str:
    """Where Prometheus finds the figures."""
    return f"exporter: the metrics are at {url}/metrics"


def exporter_failed(address: str, reason: str) -> str:
    """Why there are no metrics in this run."""
    return f"exporter: cannot listen at {address}: {reason}"


def exporter_is_open(address: str) -> str:
    """The warning where everybody on the network may read."""
    return (
        f"exporter: everybody who reaches {address} can read the metrics: set exporter.token, or"
        " exporter.cert_file and exporter.client_ca_file"
    )


def restarted(seen: Restarts) -> str:
    """``Restarted after a failure: notices (No space left on device)``."""
    times = "" if seen.count == 1 else f" {seen.count} times"
    return f"Restarted after a failure{times}: {seen.name} ({seen.problem})"


def mistake_row(mistakes: Sequence[Mistake]) -> str:
    """``Settings, line 3: unknown setting 'hihg_mb'``: the first one, for a row of the menu."""
    first = mistakes[0]
    return f"{_place_of(first)}: {first.text}"


def mistakes_note(mistakes: Sequence[Mistake]) -> tuple[str, str]:
    """Title and text when an edit of the settings is wrong: all mistakes, each with its place."""
    count = "Mistake" if len(mistakes) == 1 else f"{len(mistakes)} mistakes"
    shown = [f"{_place_of(each)}: {each.text}" for each in mistakes[:MISTAKES_SHOWN]]
    if len(mistakes) > len(shown):
        shown.append(f"and {len(mistakes) - len(shown)} more: see --doctor")
    return f"{count} in the settings", "\n".join(shown)


def _place_of(mistake: Mistake) -> str:
    if not mistake.file:
        return "Environment"
    return f"Settings, line {mistake.line}" if mistake.line else "Settings"


def autostart_failed(on: bool, reason: str) -> str:
    """Why the program does not start at login, or still does."""
    return f"Could not {'enable' if on else 'disable'} start at login: {reason}."
