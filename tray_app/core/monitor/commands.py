"""Commands that a person can give the running monitor. A menu row carries one of them."""

from __future__ import annotations

from msgspec import Struct

from tray_app.core.model.icon_options import Click, Palette, Style, Theme
from tray_app.core.model.presets import Mode, Preset
from tray_app.core.model.server_action import ServerAction
from tray_app.core.model.silence_length import SilenceLength
from tray_app.core.summary.measurement import Scope


class SetMode(Struct, frozen=True):
    """Use these sources from now on, and remember it."""

    mode: Mode


class SetPreset(Struct, frozen=True):
    """Use this preset from now on, and remember it (QUICK returns to the one before)."""

    preset: Preset


class SetPaused(Struct, frozen=True):
    """Pause or resume sampling. Not remembered: a monitor that starts paused is useless."""

    paused: bool


class SetInterval(Struct, frozen=True):
    """Use this sampling interval from now on (from a second start). Not remembered."""

    interval_s: float


class WatchProcess(Struct, frozen=True):
    """Watch this process and no other, until it ends (its identity is pid and creation)."""

    pid: int
    created_s: float


class WatchPort(Struct, frozen=True):
    """Watch the server on this port of the configured host. Not remembered: the URL is the
    config file's."""

    port: int


class WatchAutomatically(Struct, frozen=True):
    """Look for the server by evidence again, at the configured address."""


class Mute(Struct, frozen=True):
    """Mute alerts for ``duration_s``; None: until the next start."""

    duration_s: float | None


class Unmute(Struct, frozen=True):
    """End the mute, and deliver the pending alerts."""


class SendTest(Struct, frozen=True):
    """Send a test notification."""


class ShowStatus(Struct, frozen=True):
    """Show the present state as a notification (a left click on the icon)."""


class ShowSummary(Struct, frozen=True):
    """Show what this time amounts to as a notification."""

    scope: Scope = Scope.START


class ExportHistory(Struct, frozen=True):
    """Write all that is recorded of this server as CSV files to a new folder of the user's."""


class OpenFolder(Struct, frozen=True):
    """Open this folder in the desktop's file manager."""

    path: str


class DeleteHistory(Struct, frozen=True):
    """Delete the recorded past of this server. ``sure``: the person has confirmed it."""

    sure: bool = False


class OpenHistory(Struct, frozen=True):
    """Open the history's page in the browser."""


class OpenIncident(Struct, frozen=True):
    """Open the page of the incident that was open at this moment (Unix time)."""

    at_s: float


class LeftClick(Struct, frozen=True):
    """Open what a left click on the icon opens, by the settings."""


class SetClick(Struct, frozen=True):
    """A left click opens this from now on, and it is remembered."""

    click: Click


class FreeMemory(Struct, frozen=True):
    """Have the server collect its garbage and delete temp files older than 1 h, and report the
    effect. ``sure``: the person has confirmed the risk to a job or files."""

    sure: bool = False


class CleanUp(Struct, frozen=True):
    """Have the server delete old temp files; the action says how old. Refused while a job runs;
    ``sure`` as in `FreeMemory`."""

    action: ServerAction = ServerAction.CLEAN_UP
    sure: bool = False


class OpenTemp(Struct, frozen=True):
    """Open the temp directory in the desktop's file manager."""


class OpenServer(Struct, frozen=True):
    """Open the server's page in the browser: its address, or its documentation if that is empty."""


class EditLimits(Struct, frozen=True):
    """Open the settings file where the alerts' limits stand; it is written first if missing."""


class OpenSettingsFile(Struct, frozen=True):
    """Open the settings file in the desktop's editor; it is written first if missing."""


class OpenLog(Struct, frozen=True):
    """Open the log in the desktop's editor."""


class OpenHelp(Struct, frozen=True):
    """Open the troubleshooting page in the browser."""


class ShowReport(Struct, frozen=True):
    """Open the doctor's report in the desktop's editor."""


class SetStyle(Struct, frozen=True):
    """Draw the icon in this style, and remember it."""

    style: Style


class SetPalette(Struct, frozen=True):
    """Draw the icon in these colours, and remember it."""

    palette: Palette


class SetTheme(Struct, frozen=True):
    """Draw the icon for this kind of panel, and remember it (AUTO follows the desktop)."""

    theme: Theme


class SetAutostart(Struct, frozen=True):
    """Turn start at login on or off."""

    on: bool


class Quit(Struct, frozen=True):
    """End the program; ``summed_up``: with a summary, as after a set time."""

    summed_up: bool = False


Command = (
    SetMode
    | SetPreset
    | SetPaused
    | SetInterval
    | WatchProcess
    | WatchPort
    | WatchAutomatically
    | Mute
    | Unmute
    | SendTest
    | ShowStatus
    | ShowSummary
    | ExportHistory
    | OpenFolder
    | DeleteHistory
    | OpenHistory
    | OpenIncident
    | LeftClick
    | SetClick
    | FreeMemory
    | CleanUp
    | OpenTemp
    | OpenServer
    | EditLimits
    | OpenSettingsFile
    | OpenLog
    | OpenHelp
    | ShowReport
    | SetStyle
    | SetPalette
    | SetTheme
    | SetAutostart
    | Quit
)
"""What one monitor does."""


class ForServer(Struct, frozen=True):
    """A command for one of several servers, by its name; any other command is for all of them."""

    server: str
    command: Command


class ShowInIcon(Struct, frozen=True):
    """Show this one of several servers in the icon, whatever the others do; empty: the worst."""

    server: str = ""


class OpenOverview(Struct, frozen=True):
    """Open the page of all servers."""


class OpenPage(Struct, frozen=True):
    """Open this page in the browser."""

    url: str


class SilenceAlerts(Struct, frozen=True):
    """Have Alertmanager hold back the alerts of this server for everybody; without a ``server``
    those that are of its exporter (``instance``) alone, and without both, those of all. ``sure``:
    the person has confirmed it."""

    length: SilenceLength
    instance: str = ""
    server: str = ""
    sure: bool = False


class UnsilenceAlerts(Struct, frozen=True):
    """End this silence in Alertmanager."""

    silence_id: str


ForEngine = SilenceAlerts | UnsilenceAlerts
"""What is done where an engine watches the servers."""

Order = Command | ForServer | ShowInIcon | OpenOverview | OpenPage | ForEngine
"""What a click asks for, also where several servers are watched."""


def for_server(order: Order, server: str) -> Order:
    """The same for this server alone; what is addressed already stays as it is."""
    if isinstance(order, ForServer | ShowInIcon | OpenOverview | OpenPage | ForEngine):
        return order
    return ForServer(server, order)
