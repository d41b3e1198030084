"""What a person may ask of the running monitor. A menu row carries one of these."""

from __future__ import annotations

from tray_app.core.model.presets import Mode, Preset
from tray_app.core.model.records import dataclass
from tray_app.core.model.server_action import Errand
from tray_app.core.presentation.icon import Palette, Style, Theme


@dataclass(frozen=True, slots=True)
class SetMode:
    """Use these sources from now on, and remember it."""

    mode: Mode


@dataclass(frozen=True, slots=True)
class SetPreset:
    """Use this preset from now on, and remember it (QUICK returns to the one before)."""

    preset: Preset


@dataclass(frozen=True, slots=True)
class SetPaused:
    """Stop or go on sampling. Not remembered: a monitor that starts asleep helps nobody."""

    paused: bool


@dataclass(frozen=True, slots=True)
class SetInterval:
    """Sample at this pace from now on (a second start hands it over). Not remembered."""

    interval_s: float


@dataclass(frozen=True, slots=True)
class WatchProcess:
    """Watch this process and no other, until it ends (its identity is pid and creation)."""

    pid: int
    created_s: float


@dataclass(frozen=True, slots=True)
class WatchPort:
    """Watch the server on this port of the configured host. Not remembered: the URL is the
    config file's."""

    port: int


@dataclass(frozen=True, slots=True)
class WatchAutomatically:
    """Look for the server by evidence again, at the configured address."""


@dataclass(frozen=True, slots=True)
class Mute:
    """Hold alerts back for so long; None: until the program is started again."""

    duration_s: float | None


@dataclass(frozen=True, slots=True)
class Unmute:
    """Let alerts come again, and tell what was held back."""


@dataclass(frozen=True, slots=True)
class SendTest:
    """Send a notification that only shows that notifications work."""


@dataclass(frozen=True, slots=True)
class ShowStatus:
    """Show the present state as a notification (a left click on the icon)."""


@dataclass(frozen=True, slots=True)
class FreeMemory:
    """Have the server collect its garbage and delete temp files older than 1 h, and tell what that
    brought. ``sure``: whoever asks for it was asked whether a job or files are worth it."""

    sure: bool = False


@dataclass(frozen=True, slots=True)
class CleanUp:
    """Have the server delete old temp files, as an errand says how old. Refused while a job runs;
    ``sure`` as in `FreeMemory`."""

    errand: Errand = Errand.CLEAN_UP
    sure: bool = False


@dataclass(frozen=True, slots=True)
class OpenTemp:
    """Open the temp directory in the desktop's file manager."""


@dataclass(frozen=True, slots=True)
class OpenServer:
    """Open the server's page in the browser: its address, or its documentation if that is empty."""


@dataclass(frozen=True, slots=True)
class SetStyle:
    """Draw the icon in this style, and remember it."""

    style: Style


@dataclass(frozen=True, slots=True)
class SetPalette:
    """Draw the icon in these colours, and remember it."""

    palette: Palette


@dataclass(frozen=True, slots=True)
class SetTheme:
    """Draw the icon for this kind of panel, and remember it (AUTO follows the desktop)."""

    theme: Theme


@dataclass(frozen=True, slots=True)
class SetAutostart:
    """Start with the desktop session, or no more."""

    on: bool


@dataclass(frozen=True, slots=True)
class Quit:
    """End the program; ``summed_up``: with what the run amounts to, as after a set time."""

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
    | FreeMemory
    | CleanUp
    | OpenTemp
    | OpenServer
    | SetStyle
    | SetPalette
    | SetTheme
    | SetAutostart
    | Quit
)
