"""The settings: one table, from which every way of setting one is made.

Order: defaults < config file < environment < remembered choice < preset < command line. A preset
chosen in the menu later is newer than the command line and counts in full.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from tray_app.core.alerts.limits import AlertLimits
from tray_app.core.analysis.bands import Band, BandLimits
from tray_app.core.model.icon_options import Click, Palette, Style, Theme
from tray_app.core.model.label_selector import Selector
from tray_app.core.model.listen_address import ListenAddress
from tray_app.core.model.presets import PRESETS, Mode, Preset, PresetValues
from tray_app.core.model.server_address import DEFAULT_URL, ServerAddress, parse_address


class Headers(Struct, frozen=True):
    """Headers sent with each request. Never shown, not even by ``repr``."""

    fields: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        return f"Headers({len(self.fields)} hidden)"

    def over(self, other: Headers) -> Headers:
        """Both; where both have a name (in any case), this one's value."""
        own = {name.lower() for name, _ in self.fields}
        kept = tuple(pair for pair in other.fields if pair[0].lower() not in own)
        return Headers(kept + self.fields)


class Token(Struct, frozen=True):
    """A secret that others must show. Never shown itself, not even by ``repr``."""

    text: str

    def __repr__(self) -> str:
        return "Token(hidden)"


class Colours(Struct, frozen=True):
    """The icon's own colour per band, as red, green and blue; None: the palette's."""

    green: tuple[int, int, int] | None = None
    yellow: tuple[int, int, int] | None = None
    orange: tuple[int, int, int] | None = None
    red: tuple[int, int, int] | None = None
    unknown: tuple[int, int, int] | None = None

    def of(self, band: Band) -> tuple[int, int, int] | None:
        """The colour of a band."""
        colour: tuple[int, int, int] | None = getattr(self, band)
        return colour


class Settings(Struct, frozen=True):
    """The settings of a run. ``patience_s`` is how long an API request may take while the server is
    idle, ``patience_busy_s`` while it is processing. ``ca_file`` None: the CAs that come with
    requests. ``log_file`` None: the platform's log directory.

    ``name`` is the server's where several are watched; empty: its address.
    ``pid`` or ``match`` (a regular expression) choose the process to watch, whatever the evidence.
    ``tmp_dir`` is the server's temp directory if its API does not report it; default: `tmp` in its
    working directory.

    ``prometheus`` is the engine whose servers are shown, None: none; ``alertmanager`` has its
    alerts and silences, ``selector`` chooses among them, ``grafana`` is the dashboard's page.
    ``fleet_headers`` and ``fleet_ca_file`` are for all of these.

    ``exporter_listen`` is where the metrics are served, None: nowhere; the other ``exporter_*`` say
    to whom."""

    name: str = ""
    address: ServerAddress = field(default_factory=lambda: parse_address(DEFAULT_URL))
    mode: Mode = Mode.AUTO
    preset: Preset = Preset.STANDARD
    interval_s: float = 2.0
    duration_s: float | None = None
    patience_s: float = 10.0
    patience_busy_s: float = 30.0
    headers: Headers = Headers()
    ca_file: str | None = None
    log_file: str | None = None
    details: bool = False
    pid: int | None = None
    match: str | None = None
    tmp_dir: str | None = None
    style: Style = Style.NUMBER
    palette: Palette = Palette.STANDARD
    theme: Theme = Theme.AUTO
    click: Click = Click.STATUS
    colours: Colours = Colours()
    bands: BandLimits = field(default_factory=BandLimits)
    alerts: AlertLimits = field(default_factory=AlertLimits)
    history: bool = True
    history_samples_h: float = 24.0
    history_minutes_days: float = 30.0
    history_hours_days: float = 365.0
    exporter_listen: ListenAddress | None = None
    exporter_token: Token | None = None
    exporter_cert_file: str | None = None
    exporter_key_file: str | None = None
    exporter_client_ca_file: str | None = None
    prometheus: ServerAddress | None = None
    alertmanager: ServerAddress | None = None
    selector: Selector = Selector()
    grafana: str | None = None
    fleet_headers: Headers = Headers()
    fleet_ca_file: str | None = None


def server_name(settings: Settings) -> str:
    """What the server is called where several are watched: its name, or host and port."""
    return settings.name or settings.address.short


class RememberedChoices(Struct, frozen=True):
    """Remembered choices; None: not chosen yet.

    ``shown`` is the server in the icon, where several are watched (empty: the worst).
    ``alerts`` is the state of alerts and mute, ``notifications`` are those on the screen; both are
    plain values for JSON.
    """

    mode: Mode | None = None
    preset: Preset | None = None
    style: Style | None = None
    palette: Palette | None = None
    theme: Theme | None = None
    click: Click | None = None
    shown: str | None = None
    alerts: Mapping[str, Any] | None = None
    notifications: Mapping[str, Any] | None = None


def with_preset(base: Settings, preset: Preset) -> Settings:
    """``base`` with the preset's values; only a preset that says so ends by itself."""
    return replace(base, **({"preset": preset, "duration_s": None} | PRESETS[preset].given()))


def switched(settings: Settings, base: Settings, preset: Preset) -> Settings:
    """``settings`` with this preset instead of the last one, over ``base``.

    All other values stay: the command line may have set them.
    """
    wanted = with_preset(base, preset)
    names = ("preset", *PresetValues.__struct_fields__)
    return replace(settings, **{name: getattr(wanted, name) for name in names})


def resolve(base: Settings, remembered: RememberedChoices, flags: Mapping[str, Any]) -> Settings:
    """The settings a run starts with; ``flags`` are checked command-line values by field."""
    if "match" in flags or "pid" in flags:  # not both: the flag is newer
        base = replace(base, pid=None, match=None)
    preset = flags.get("preset") or remembered.preset or base.preset
    mode = PRESETS[preset].mode or remembered.mode or base.mode
    settings = replace(with_preset(base, preset), mode=mode)
    if preset is Preset.STANDARD:
        settings = replace(settings, duration_s=base.duration_s)
    return replace(settings, **{key: value for key, value in flags.items() if key != "preset"})


DEMO_INTERVAL_S = 1.0
DEMO_RECOVERY_S = 4.0


def for_demo(base: Settings) -> Settings:
    """The settings of the demo: the look and the log of ``base``, and its own for the rest.

    The story lasts a minute and needs the default limits, so no config file may change
    them. It waits 4 s for a recovery, not 30.
    """
    return Settings(
        interval_s=DEMO_INTERVAL_S,
        log_file=base.log_file,
        details=base.details,
        style=base.style,
        palette=base.palette,
        theme=base.theme,
        click=base.click,
        colours=base.colours,
        alerts=AlertLimits(recovery_s=DEMO_RECOVERY_S),
    )


# Fixed for a run, or changed only by the menu while it runs.
_FROM_THE_START = (
    *("preset", "duration_s", "log_file"),
    *("exporter_listen", "exporter_token"),
    *("exporter_cert_file", "exporter_key_file", "exporter_client_ca_file"),
    *("prometheus", "alertmanager", "selector", "grafana", "fleet_headers", "fleet_ca_file"),
)


def reconfigured(
    settings: Settings, old: Settings, new: Settings, choice: RememberedChoices
) -> Settings:
    """``settings`` after the base under them was edited from ``old`` to ``new``.

    Values from a preset, the menu or the command line differ from the old base, and stay.
    """
    followed = {
        name: getattr(new, name)
        for name in Settings.__match_args__
        if name not in _FROM_THE_START and getattr(settings, name) == getattr(old, name)
    }
    if choice.mode is not None:
        followed.pop("mode", None)
    return replace(settings, **followed)
