"""Everything that can be set: one table, from which all ways of setting it come.

Order: defaults < config file < environment < remembered choice < preset < command line. A preset
chosen in the menu later is newer than the command line and counts in full.

To add a setting: a field with its default in `Settings` (or in the class of its section, see
`GROUPS`), and a line in `OPTIONS`. The config file, the environment variable, the commented file
of ``--init-config``, the flag, the manual and its checks come from that line.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from tray_app.core.alerts.levels import AlertLimits
from tray_app.core.analysis.bands import Band, BandLimits
from tray_app.core.model.icon_options import Palette, Style, Theme
from tray_app.core.model.presets import PRESETS, Mode, Preset
from tray_app.core.model.server_address import DEFAULT_URL, ServerAddress, parse_address

INTERVAL_MIN_S = 0.2
INTERVAL_MAX_S = 3600.0
ENVIRONMENT_PREFIX = "RUNANALYZE_TRAY_"


class Headers(Struct, frozen=True):
    """What is sent along with each request. Never shown, not even by ``repr``."""

    fields: tuple[tuple[str, str], ...] = ()

    def __repr__(self) -> str:
        return f"Headers({len(self.fields)} hidden)"

    def over(self, other: Headers) -> Headers:
        """Both; where both have a name (in any case), this one's value."""
        own = {name.lower() for name, _ in self.fields}
        kept = tuple(pair for pair in other.fields if pair[0].lower() not in own)
        return Headers(kept + self.fields)


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
    """What holds for a run. ``patience_s`` is how long an API request may take while the
    server is idle, ``patience_busy_s`` while it is processing. ``ca_file`` None: the CAs that
    come with requests. ``log_file`` None: the platform's log directory.

    ``pid`` or ``match`` (a regular expression) say which process to watch, over all evidence.
    ``tmp_dir`` is the server's temp directory where its API does not tell, else `tmp` below the
    directory that it works in."""

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
    colours: Colours = Colours()
    bands: BandLimits = field(default_factory=BandLimits)
    alerts: AlertLimits = field(default_factory=AlertLimits)


class RememberedChoices(Struct, frozen=True):
    """What the app remembers; None: nothing was chosen yet.

    ``alerts`` is the alerts' own memory, the mute included, in what JSON can hold.
    """

    mode: Mode | None = None
    preset: Preset | None = None
    style: Style | None = None
    palette: Palette | None = None
    theme: Theme | None = None
    alerts: Mapping[str, Any] | None = None


class Complaint(Struct, frozen=True):
    """Something wrong in a config file that does not stop the rest of it from working."""

    line: int
    text: str


class ConfigError(ValueError):
    """A config file that cannot be parsed; ``line`` counts from 1."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line = line


class OptionType(Struct, frozen=True):
    """What a value must be. ``check`` takes TOML's value, ``read`` makes one of plain text;
    both raise ValueError with words that follow the setting's name."""

    check: Callable[[object], Any]
    read: Callable[[str], object] = str
    choices: tuple[str, ...] = ()


class Option(Struct, frozen=True):
    """One setting. ``key`` is dotted: its section and its name in the config file.

    ``help`` is one sentence. ``example`` is TOML for the commented file, where the default is
    that nothing is set. ``flag`` and ``metavar`` are for the command line.
    """

    key: str
    kind: OptionType
    help: str
    example: str = ""
    flag: str = ""
    metavar: str = ""

    @property
    def section(self) -> str:
        """The table it stands in; empty for those at the file's top."""
        return self.key.rpartition(".")[0]

    @property
    def environment(self) -> str:
        """The environment variable of the same meaning; empty for a table."""
        if self.kind is _HEADERS:
            return ""
        return ENVIRONMENT_PREFIX + self.key.upper().replace(".", "_")

    @property
    def is_switch(self) -> bool:
        """Whether its flag takes no value, and turns it on."""
        return self.kind is _TRUTH

    @property
    def field(self) -> str:
        """The name of its field in `Settings`, or in the class of its section."""
        return _FIELDS.get(self.key) or self.key.rpartition(".")[2]


def _number(low: float, high: float, unit: str) -> OptionType:
    def check(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"must be a number of {unit}")
        if not low <= value <= high:  # nor is NaN
            raise ValueError(f"must be from {low:.12g} to {high:.12g} {unit}")
        return float(value)

    def read(text: str) -> object:
        try:
            return float(text)
        except ValueError:
            raise ValueError(f"must be a number, not {text!r}") from None

    return OptionType(check, read)


def _word(kind: type[StrEnum]) -> OptionType:
    words = tuple(kind)

    def check(value: object) -> StrEnum:
        try:
            return kind(str(value))
        except ValueError:
            raise ValueError(f"must be one of {', '.join(words)}") from None

    return OptionType(check, choices=words)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("must be text")
    if not value.strip() or not value.isprintable():
        raise ValueError("must be text on one line, and not empty")
    return value


def _address(value: object) -> ServerAddress:
    if not isinstance(value, str):
        raise ValueError("must be text")
    return parse_address(value)


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def _pid(value: object) -> int:
    if isinstance(value, str) and re.fullmatch("[0-9]{1,10}", value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**31:
        raise ValueError("must be a process's number, above 0")
    return value


def _pattern(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("must be a regular expression")
    try:
        with warnings.catch_warnings():  # of what may mean something else one day
            warnings.simplefilter("ignore")
            re.compile(value)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"is not a regular expression: {error}") from None
    return value


def _folder(value: object) -> str:
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise ValueError("must be the path of a directory")
    return value


def _colour(value: object) -> tuple[int, int, int]:
    if not isinstance(value, str) or not re.fullmatch("#[0-9a-fA-F]{6}", value):
        raise ValueError('must be a colour like "#2ea043"')
    red, green, blue = bytes.fromhex(value[1:])
    return red, green, blue


def _headers(value: object) -> Headers:
    # No reason repeats a value: it may be a secret.
    if not isinstance(value, Mapping):
        raise ValueError('must be a table of names and texts, e.g. {"X-Key" = "…"}')
    for name, text in value.items():
        if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):
            raise ValueError(f"has no header name: {name!r}")
        _header_text(text, name)
    return Headers(tuple(value.items()))


def _header_text(text: object, name: str) -> str:
    if not isinstance(text, str) or not re.fullmatch(r"[\x21-\x7e]+([ \t]+[\x21-\x7e]+)*", text):
        raise ValueError(f"{name} must be plain text on one line".lstrip())
    return text


def _token(value: object) -> Headers:
    return Headers((("Authorization", f"Bearer {_header_text(value, '')}"),))


_TRUTH = OptionType(_truth, lambda text: {"true": True, "false": False}.get(text.lower(), text))
_TEXT = OptionType(_text)
_HEADERS = OptionType(_headers)
_COLOUR = OptionType(_colour)
_MEGABYTES = _number(1, 1_000_000_000, "MB")
_PATIENCE = _number(0.1, 3600, "seconds")
_SECONDS = _number(0, 3600, "seconds")
_MINUTES = _number(0, 1440, "minutes")
_PERCENT = _number(0, 100, "percent")

OPTIONS: tuple[Option, ...] = (
    Option("url", OptionType(_address), "The server's address.", flag="--url", metavar="URL"),
    Option(
        "mode",
        _word(Mode),
        "Which sources may be used: auto (the API, and processes when it is busy), api, fallback"
        " (processes only).",
        flag="--mode",
    ),
    Option("preset", _word(Preset), "The preset that a run starts with."),
    Option(
        "interval_s",
        _number(INTERVAL_MIN_S, INTERVAL_MAX_S, "seconds"),
        "Seconds between samples, 0.2 to 3600.",
        flag="--interval",
        metavar="S",
    ),
    Option(
        "duration_s",
        _number(0.1, 366 * 86400, "seconds"),
        "End after so many seconds with a summary.",
        example="60.0",
        flag="--duration",
        metavar="S",
    ),
    Option(
        "pid",
        OptionType(_pid),
        "Watch this process and its children.",
        example="4711",
        flag="--pid",
        metavar="PID",
    ),
    Option(
        "match",
        OptionType(_pattern),
        "Watch the process whose command line has this regular expression in it.",
        example='"my_app:server"',
        flag="--match",
        metavar="REGEX",
    ),
    Option(
        "tmp_dir",
        OptionType(_folder),
        "The server's temp directory, where it is not tmp in the directory that it works in.",
        example='"/srv/runanalyze/tmp"',
        flag="--tmp-dir",
        metavar="DIR",
    ),
    Option("details", _TRUTH, "Show the processes one by one in the console.", flag="--processes"),
    Option(
        "log_file",
        _TEXT,
        "Log to this file, not to the one in the platform's log directory.",
        example='"~/runanalyze-tray.log"',
        flag="--log-file",
        metavar="FILE",
    ),
    Option(
        "token",
        OptionType(_token),
        "Sent to the API as 'Authorization: Bearer …', and never shown.",
        example='"secret"',
    ),
    Option(
        "headers",
        _HEADERS,
        "More headers for the API, never shown either.",
        example='{ "X-Api-Key" = "secret" }',
    ),
    Option("api.patience_s", _PATIENCE, "Seconds that a request may take."),
    Option("api.patience_busy_s", _PATIENCE, "The same while a video is being processed."),
    Option(
        "api.ca_file",
        _TEXT,
        "Verify an https server by the CA certificates in this file.",
        example='"~/my-ca.pem"',
    ),
    Option("bands.yellow_mb", _MEGABYTES, "The icon is yellow from here on (MB of 1024² bytes)."),
    Option("bands.orange_mb", _MEGABYTES, "... orange from here on."),
    Option("bands.red_mb", _MEGABYTES, "... red above."),
    Option("alerts.elevated_mb", _MEGABYTES, "An alert 'elevated' comes above so many MB."),
    Option("alerts.high_mb", _MEGABYTES, "... 'high'."),
    Option("alerts.critical_mb", _MEGABYTES, "... 'critical'."),
    Option("alerts.elevated_hold_s", _SECONDS, "It comes when memory was there for so long."),
    Option("alerts.high_hold_s", _SECONDS, "... 'high'."),
    Option("alerts.critical_hold_s", _SECONDS, "... 'critical'."),
    Option("alerts.elevated_repeat_min", _MINUTES, "It comes again while it lasts; 0: never."),
    Option("alerts.high_repeat_min", _MINUTES, "... 'high'."),
    Option("alerts.critical_repeat_min", _MINUTES, "... 'critical'."),
    Option("alerts.recovery_s", _SECONDS, "Memory is back to normal when below all for so long."),
    Option(
        "alerts.available_percent",
        _PERCENT,
        "The machine is short of memory below the larger of so many percent ...",
    ),
    Option("alerts.available_mb", _number(0, 1_000_000_000, "MB"), "... and so many MB available."),
    Option("alerts.leak_mb", _MEGABYTES, "Three jobs that each keep more are a possible leak."),
    Option("alerts.temp_mb", _MEGABYTES, "Files left behind after a job are told above so many."),
    Option("alerts.disk_percent", _PERCENT, "The disk is nearly full below so many percent ..."),
    Option("alerts.disk_gb", _number(0, 1_000_000, "GB"), "... or so many GB free."),
    Option(
        "alerts.hung_s",
        _SECONDS,
        "A server hangs that neither answers nor works for so long; 0: that is never said.",
    ),
    Option("alerts.hung_busy_s", _SECONDS, "... in a job, or where its CPU is not known."),
    Option("alerts.critical_exempt", _TRUTH, "Critical alerts come although alerts are muted."),
    Option(
        "alerts.elevated_while_processing",
        _TRUTH,
        "'elevated' is a notification also while a video is processed.",
    ),
    Option("view.style", _word(Style), "How the icon is drawn: number, bars or calm."),
    Option("view.palette", _word(Palette), "Its colours; okabe-ito is for colour-blind people."),
    Option("view.theme", _word(Theme), "The panel: dark, light, or auto (the desktop tells)."),
    Option("view.colours.green", _COLOUR, "A colour of your own.", example='"#2ea043"'),
    Option("view.colours.yellow", _COLOUR, "... for yellow.", example='"#eab308"'),
    Option("view.colours.orange", _COLOUR, "... for orange.", example='"#ea6f12"'),
    Option("view.colours.red", _COLOUR, "... for red.", example='"#da3633"'),
    Option("view.colours.unknown", _COLOUR, "... without a reading.", example='"#8c959f"'),
)
GROUPS: dict[str, Callable[..., Any]] = {
    "bands": BandLimits,
    "alerts": AlertLimits,
    "view.colours": Colours,
}
"""Sections with a class of their own, which is in the field of `Settings` with the section's last
word; the fields of all other sections are in `Settings` itself."""

RISING = {
    "bands": ("yellow_mb", "orange_mb", "red_mb"),
    "alerts": ("elevated_mb", "high_mb", "critical_mb"),
}
PATHS = ("tmp_dir", "log_file", "api.ca_file")
"""Settings that are the path of a file or a directory."""

_FIELDS = {"url": "address", "token": "headers"}
_BY_KEY = {option.key: option for option in OPTIONS}


def environment_of(key: str) -> str:
    """The environment variable that sets this; empty for a table."""
    return _BY_KEY[key].environment


def check(key: str, value: object) -> Any:
    """The checked value of one setting; ValueError with what is wrong, in words for people."""
    return _BY_KEY[key].kind.check(value)


def read(key: str, text: str) -> Any:
    """The checked value of one setting given as plain text; ValueError as in `check`."""
    kind = _BY_KEY[key].kind
    return kind.check(kind.read(text))


def _flat(table: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in table.items():
        option = _BY_KEY.get(prefix + key)
        is_value = option is not None and option.kind is _HEADERS
        if isinstance(value, Mapping) and not is_value and prefix.count(".") < 2:
            flat.update(_flat(value, f"{prefix}{key}."))
        else:
            flat[prefix + key] = value
    return flat


def line_of(text: str, key: str) -> int:
    """The line where a dotted key stands, by its section and name; 1 when it is not found."""
    section, _, name = key.rpartition(".")
    current = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[\s*([\w.-]+)\s*\]", line):
            current = header[1]
            if current == key:
                return number
        elif re.match(rf"\s*[\"']?{re.escape(name)}[\"']?\s*=", line) and current == section:
            return number
        elif re.match(rf"\s*{re.escape(key)}\s*=", line):
            return number
    return 1


def parse_config(text: str) -> tuple[dict[str, Any], list[Complaint]]:
    """Checked values by dotted key, and what was left out because it is unknown or wrong.

    :raises ConfigError: the text is not TOML
    """
    import tomllib  # of no use to who has no config file

    try:
        flat = _flat(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        place = re.search(r"\s*\(at (?:line (\d+), column \d+|end of document)\)", message)
        line = int(place[1]) if place and place[1] else max(1, len(text.splitlines()))
        told = message[: place.start()] if place else message
        raise ConfigError(line, f"is not TOML: {told[:1].lower()}{told[1:]}") from None
    except RecursionError:
        raise ConfigError(1, "is nested too deeply") from None
    except ValueError:  # an integer of more than 4300 digits
        raise ConfigError(1, "is not TOML: a number is too long") from None
    values: dict[str, Any] = {}
    complaints: list[Complaint] = []
    for key, value in flat.items():
        try:
            values[key] = check(key, value)
        except KeyError:
            complaints.append(Complaint(line_of(text, key), f"unknown setting {key!r}"))
        except ValueError as error:
            complaints.append(Complaint(line_of(text, key), f"{key} {error}"))
    for group, names in _disordered(values):
        first = next(name for name in names if name in values)
        complaints.append(Complaint(line_of(text, first), _needs(group)))
        for name in names:
            values.pop(name, None)
    return values, complaints


def parse_environment(
    environment: Mapping[str, str], values: dict[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """``values`` (as `parse_config` returns) with what the environment sets over them, and what
    was left out: each in words that begin with the variable's name."""
    by_name = {option.environment: option for option in OPTIONS}
    found: dict[str, Any] = {}
    complaints = []
    for name, text in environment.items():
        if not name.startswith(ENVIRONMENT_PREFIX):
            continue
        try:
            key = by_name[name].key
            found[key] = read(key, text)
        except KeyError:
            complaints.append(f"{name}: unknown setting")
        except ValueError as error:
            complaints.append(f"{name} {error}")
    for group, names in _disordered(values | found):
        first = next((name for name in names if name in found), None)
        if first:
            complaints.append(f"{_BY_KEY[first].environment}: {_needs(group)}")
        for name in names:
            found.pop(name, None)
    return values | found, complaints


def _disordered(values: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    """Groups with their keys whose limits do not rise: each alone could be meant."""
    wrong = []
    for group, names in RISING.items():
        limits = GROUPS[group]()
        keys = [f"{group}.{name}" for name in names]
        levels = [
            values.get(key, getattr(limits, name)) for key, name in zip(keys, names, strict=True)
        ]
        if levels != sorted(levels):
            wrong.append((group, keys))
    return wrong


def _needs(group: str) -> str:
    return f"{group} must have {' <= '.join(RISING[group])}"


def _group_field(section: str) -> str:
    return section.rpartition(".")[2]


def from_config(values: Mapping[str, Any]) -> Settings:
    """Defaults with checked values (as `parse_config` returns) over them."""
    fields: dict[str, Any] = {}
    groups: dict[str, dict[str, Any]] = {}
    for key, value in values.items():
        option = _BY_KEY[key]
        into = groups.setdefault(option.section, {}) if option.section in GROUPS else fields
        into[option.field] = value
    fields |= {_group_field(group): GROUPS[group](**given) for group, given in groups.items()}
    fields["headers"] = values.get("token", Headers()).over(values.get("headers", Headers()))
    return Settings(**fields)


def default(option: Option) -> str:
    """An option's default as TOML; its example where the default is that nothing is set."""
    if option.example:
        return option.example
    settings = Settings()
    in_group = option.section in GROUPS
    owner = getattr(settings, _group_field(option.section)) if in_group else settings
    value = getattr(owner, option.field)
    if isinstance(value, ServerAddress):
        value = value.url
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else f"{value:g}"


def commented_config() -> str:
    """A config file that sets nothing and shows everything."""
    lines = [
        "# Settings of runanalyze-tray. Take the # from a line to set it; edits are picked up",
        "# while the program runs. Shown is the default, or an example where nothing is set.",
        "# The environment variable named beside a setting comes before this file.",
    ]
    sections = dict.fromkeys(option.section for option in OPTIONS)
    for section in sections:
        lines += ["", f"[{section}]"] if section else []
        for option in OPTIONS:
            if option.section == section:
                beside = [option.environment] if option.environment else []
                beside += ["an example"] if option.example else []
                lines += ["", f"# {option.help}"]
                lines += [f"# ({', '.join(beside)})"] if beside else []
                lines += [f"#{option.key.rpartition('.')[2]} = {default(option)}"]
    return "\n".join(lines) + "\n"


def with_preset(base: Settings, preset: Preset) -> Settings:
    """``base`` with what the preset sets over it."""
    values = PRESETS[preset]
    patience_s = values.patience_s
    return replace(
        base,
        preset=preset,
        interval_s=values.interval_s or base.interval_s,
        duration_s=values.duration_s,
        patience_s=patience_s or base.patience_s,
        patience_busy_s=patience_s or base.patience_busy_s,
        mode=values.mode or base.mode,
        details=values.details or base.details,
    )


# What a preset sets.
_OF_A_PRESET = (
    *("preset", "interval_s", "duration_s"),
    *("patience_s", "patience_busy_s", "mode", "details"),
)


def switched(settings: Settings, base: Settings, preset: Preset) -> Settings:
    """``settings`` with this preset in the place of the last one, over ``base``.

    All else stays: the command line may have set it.
    """
    wanted = with_preset(base, preset)
    return replace(settings, **{name: getattr(wanted, name) for name in _OF_A_PRESET})


def resolve(base: Settings, remembered: RememberedChoices, flags: Mapping[str, Any]) -> Settings:
    """The settings a run starts with; ``flags`` are checked command-line values by field."""
    if "match" in flags:  # not both, and the flag is the newer word
        base = replace(base, pid=None)
    preset = flags.get("preset") or remembered.preset or base.preset
    mode = PRESETS[preset].mode or remembered.mode or base.mode
    settings = replace(with_preset(base, preset), mode=mode)
    if preset is Preset.STANDARD:
        settings = replace(settings, duration_s=base.duration_s)
    return replace(settings, **{key: value for key, value in flags.items() if key != "preset"})


# What a run begins with, and what only the menu changes while it runs.
_FROM_THE_START = ("preset", "duration_s", "log_file")


def reconfigured(
    settings: Settings, old: Settings, new: Settings, choice: RememberedChoices
) -> Settings:
    """``settings`` after the base under them was edited from ``old`` to ``new``.

    What a preset, the menu or the command line has set differs from the old base, and stays.
    """
    followed = {
        name: getattr(new, name)
        for name in Settings.__match_args__
        if name not in _FROM_THE_START and getattr(settings, name) == getattr(old, name)
    }
    if choice.mode is not None:
        followed.pop("mode", None)
    return replace(settings, **followed)
