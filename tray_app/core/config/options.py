"""Everything that can be set: one table, from which all ways of setting it come.

To add a setting: a field with its default in `Settings` (or in the class of its section, see
`GROUPS`), and a line in `OPTIONS`. The config file, the environment variable, the commented file
of ``--init-config``, the flag, the manual and its checks come from that line.
"""

from __future__ import annotations

import math
import re
import warnings
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any

from msgspec import Struct

from tray_app.core.alerts.limits import AlertLimits
from tray_app.core.analysis.bands import BandLimits
from tray_app.core.config.settings import Colours, Headers, Token
from tray_app.core.model.icon_options import Click, Palette, Style, Theme
from tray_app.core.model.label_selector import Selector, parse_selector
from tray_app.core.model.listen_address import ListenAddress, parse_listen_address
from tray_app.core.model.presets import Mode, Preset
from tray_app.core.model.server_address import ServerAddress, parse_address

EXPORTER_ADDRESS = "127.0.0.1:9435"
INTERVAL_MIN_S = 0.2
INTERVAL_MAX_S = 3600.0
NAME_CHARS = 40
"""The longest name of a server: a row of the menu has room for it and a figure."""
ENVIRONMENT_PREFIX = "RUNANALYZE_TRAY_"


class OptionType(Struct, frozen=True):
    """What a value must be. ``check`` takes TOML's value, ``read`` makes one of plain text;
    both raise ValueError with words that follow the setting's name."""

    check: Callable[[object], Any]
    read: Callable[[str], object] = str
    choices: tuple[str, ...] = ()


def environment_name(key: str) -> str:
    """The environment variable for a dotted key."""
    return ENVIRONMENT_PREFIX + key.upper().replace(".", "_")


class Option(Struct, frozen=True):
    """One setting. ``key`` is dotted: its section and its name in the config file.

    ``help`` is one sentence. ``example`` is TOML for the commented file, where the default is
    that nothing is set. ``flag``, its other name ``alias``, ``metavar``: for the command line.
    ``was`` is the key that it had before, which is still understood. ``alone`` is the value of a
    flag without one.
    """

    key: str
    kind: OptionType
    help: str
    example: str = ""
    flag: str = ""
    alias: str = ""
    metavar: str = ""
    was: str = ""
    alone: str = ""

    @property
    def section(self) -> str:
        """The table it stands in; empty for those at the file's top."""
        return self.key.rpartition(".")[0]

    @property
    def environment(self) -> str:
        """The environment variable of the same meaning; empty for a table."""
        if self.kind is _HEADERS:
            return ""
        return environment_name(self.key)

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
            raise ValueError("must be a number") from None

    return OptionType(check, read)


def _share(value: object) -> float:
    """Percent, from text such as "80 %"."""
    text = value.strip() if isinstance(value, str) else ""
    try:
        percent = float(text.removesuffix("%")) if text.endswith("%") else math.nan
    except ValueError:
        percent = math.nan
    if not 1 <= percent <= 100:  # nor is NaN
        raise ValueError('must be text such as "80 %", from 1 to 100')
    return percent


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
        raise ValueError("must be one line of text, and not empty")
    return value


def _address(value: object) -> ServerAddress:
    if not isinstance(value, str):
        raise ValueError("must be text")
    return parse_address(value)


def _name(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value.strip()) <= NAME_CHARS:
        raise ValueError(f"must be text of 1 to {NAME_CHARS} characters")
    if not value.isprintable():
        raise ValueError("must not contain control characters")
    return value.strip()


def _truth(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def _pid(value: object) -> int:
    if isinstance(value, str) and re.fullmatch("[0-9]{1,10}", value):
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**31:
        raise ValueError("must be a process ID, a whole number above 0")
    return value


def _pattern(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("must be a regular expression")
    try:
        with warnings.catch_warnings():  # keys that may mean something else one day
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
        raise ValueError(
            'must be a table of header names and values, e.g. { "X-Api-Key" = "secret" }'
        )
    for name, text in value.items():
        if not re.fullmatch(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+", name):
            raise ValueError(f"has an invalid header name: {name!r}")
        _header_text(text, name)
    return Headers(tuple(value.items()))


def _header_text(text: object, name: str) -> str:
    if not isinstance(text, str) or not re.fullmatch(r"[\x21-\x7e]+([ \t]+[\x21-\x7e]+)*", text):
        raise ValueError(f"{name} must be plain text on one line".lstrip())
    return text


def _listen_address(value: object) -> ListenAddress:
    if not isinstance(value, str):
        raise ValueError("must be text")
    return parse_listen_address(value)


def _selector(value: object) -> Selector:
    if not isinstance(value, str):
        raise ValueError("must be text")
    return parse_selector(value)


def _page(value: object) -> str:
    """A page for the browser: it may have a query, but no password."""
    text = _text(value).strip()
    address, _, query = text.partition("?")
    parsed = parse_address(address)
    if not text.startswith(("http://", "https://")) or "@" in parsed.url:
        raise ValueError("must start with http:// or https://, and have no password")
    if any(char.isspace() or char == "#" for char in query):
        raise ValueError("must not contain # or white space")
    return text


def _secret(value: object) -> Token:
    return Token(_header_text(value, ""))


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
    Option(
        "url",
        OptionType(_address),
        "The server's address; several times for several servers.",
        flag="--url",
        metavar="URL",
    ),
    Option(
        "name",
        OptionType(_name),
        "The server's name where several are watched (default: host and port).",
        example='"gpu-1"',
    ),
    Option(
        "mode",
        _word(Mode),
        "Where to read memory: auto (the API, or processes while it is busy), api, fallback"
        " (processes only).",
        flag="--mode",
    ),
    Option(
        "preset",
        _word(Preset),
        f"The preset to start with: {', '.join(Preset)}.",
    ),
    Option(
        "interval_s",
        _number(INTERVAL_MIN_S, INTERVAL_MAX_S, "seconds"),
        "Seconds between samples (0.2 to 3600).",
        flag="--interval",
        metavar="S",
    ),
    Option(
        "duration_s",
        _number(0.1, 366 * 86400, "seconds"),
        "Stop after this many seconds and print a summary.",
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
        "Watch the process whose command line matches this regular expression.",
        example='"my_app:server"',
        flag="--match",
        metavar="REGEX",
    ),
    Option(
        "tmp_dir",
        OptionType(_folder),
        "The server's temp directory (default: tmp in its working directory).",
        example='"/srv/runanalyze/tmp"',
        flag="--tmp-dir",
        metavar="DIR",
    ),
    Option(
        "details",
        _TRUTH,
        "Show each process, the source, the machine and temp files in the console.",
        flag="--processes",
        alias="--details",
    ),
    Option(
        "log_file",
        _TEXT,
        "Write the log to this file (default: a file in the user's log directory).",
        example='"~/runanalyze-tray.log"',
        flag="--log-file",
        metavar="FILE",
    ),
    Option(
        "token",
        OptionType(_token),
        "Access token for the API, sent as 'Authorization: Bearer …'. Never shown.",
        example='"secret"',
    ),
    Option(
        "headers",
        _HEADERS,
        "Extra HTTP headers for the API. Never shown.",
        example='{ "X-Api-Key" = "secret" }',
    ),
    Option("history", _TRUTH, "Keep a history of the server's memory, jobs and alerts on disk."),
    Option(
        "history_samples_h",
        _number(1, 744, "hours"),
        "Hours for which every sample is kept; after that its minute is.",
    ),
    Option(
        "history_minutes_days",
        _number(1, 366, "days"),
        "Days for which minutes are kept; after that their hours are.",
    ),
    Option("history_hours_days", _number(1, 3660, "days"), "Days for which hours are kept."),
    Option(
        "exporter.listen",
        OptionType(_listen_address),
        "Serve the figures to Prometheus at this address, under /metrics (not set: nowhere).",
        example=f'"{EXPORTER_ADDRESS}"',
        flag="--exporter",
        metavar="ADDR:PORT",
        alone=EXPORTER_ADDRESS,
    ),
    Option(
        "exporter.token",
        OptionType(_secret),
        "Only who sends this token, as a Bearer token or a password, may read them. Never shown.",
        example='"secret"',
    ),
    Option(
        "exporter.cert_file",
        _TEXT,
        "File with the certificate with which they are served over https.",
        example='"~/exporter.pem"',
    ),
    Option(
        "exporter.key_file",
        _TEXT,
        "File with the key of that certificate, if it is not in the same file.",
        example='"~/exporter.key"',
    ),
    Option(
        "exporter.client_ca_file",
        _TEXT,
        "Only who has a certificate of these CAs may read them (needs cert_file).",
        example='"~/prometheus-ca.pem"',
    ),
    Option(
        "fleet.prometheus",
        OptionType(_address),
        "Show the servers that this Prometheus knows, as its rules judge them.",
        example='"http://prometheus:9090"',
        flag="--prometheus",
        metavar="URL",
    ),
    Option(
        "fleet.alertmanager",
        OptionType(_address),
        "Alertmanager that alerts are read from and silenced in (default: alerts of Prometheus).",
        example='"http://alertmanager:9093"',
        flag="--alertmanager",
        metavar="URL",
    ),
    Option(
        "fleet.selector",
        OptionType(_selector),
        "Which servers and alerts to show, as label matchers of Prometheus.",
        example="'team=\"video\"'",
        flag="--selector",
        metavar="MATCHERS",
    ),
    Option(
        "fleet.grafana",
        OptionType(_page),
        "Page of the dashboard in Grafana, which the menu opens.",
        example='"http://grafana:3000/d/runanalyze"',
    ),
    Option(
        "fleet.token",
        OptionType(_token),
        "Access token for Prometheus and Alertmanager, sent as 'Authorization: Bearer …'. Never"
        " shown.",
        example='"secret"',
    ),
    Option(
        "fleet.headers",
        _HEADERS,
        "Extra HTTP headers for Prometheus and Alertmanager. Never shown.",
        example='{ "X-Scope-OrgID" = "video" }',
    ),
    Option(
        "fleet.ca_file",
        _TEXT,
        "File with the CA certificates that Prometheus and Alertmanager are checked against.",
        example='"~/my-ca.pem"',
    ),
    Option("api.patience_s", _PATIENCE, "Seconds to wait for the API's answer."),
    Option(
        "api.patience_busy_s",
        _PATIENCE,
        "Seconds to wait for the API's answer while a video is being processed.",
    ),
    Option(
        "api.ca_file",
        _TEXT,
        "File with the CA certificates that an https server is checked against.",
        example='"~/my-ca.pem"',
    ),
    Option(
        "bands.yellow_mb", _MEGABYTES, "The icon turns yellow at this many MB (1 MB = 1024² bytes)."
    ),
    Option("bands.orange_mb", _MEGABYTES, "The icon turns orange at this many MB."),
    Option("bands.red_mb", _MEGABYTES, "The icon turns red above this many MB."),
    Option(
        "alerts.raised_mb",
        _MEGABYTES,
        "Above this many MB the 'raised' alert fires.",
        was="alerts.elevated_mb",
    ),
    Option("alerts.high_mb", _MEGABYTES, "Above this many MB the 'high' alert fires."),
    Option("alerts.critical_mb", _MEGABYTES, "Above this many MB the 'critical' alert fires."),
    Option(
        "alerts.raised",
        OptionType(_share),
        "Limit of 'raised' as a share of the machine's memory, in place of raised_mb.",
        example='"30 %"',
    ),
    Option(
        "alerts.high",
        OptionType(_share),
        "Limit of 'high' as a share of the machine's memory, in place of high_mb.",
        example='"50 %"',
    ),
    Option(
        "alerts.critical",
        OptionType(_share),
        "Limit of 'critical' as a share of the machine's memory, in place of critical_mb.",
        example='"80 %"',
    ),
    Option(
        "alerts.raised_hold_s",
        _SECONDS,
        "Seconds above the limit before 'raised' fires.",
        was="alerts.elevated_hold_s",
    ),
    Option("alerts.high_hold_s", _SECONDS, "Seconds above the limit before 'high' fires."),
    Option("alerts.critical_hold_s", _SECONDS, "Seconds above the limit before 'critical' fires."),
    Option(
        "alerts.raised_repeat_min",
        _MINUTES,
        "Minutes until a lasting 'raised' alert is repeated (0: never).",
        was="alerts.elevated_repeat_min",
    ),
    Option(
        "alerts.high_repeat_min",
        _MINUTES,
        "Minutes until a lasting 'high' alert is repeated (0: never).",
    ),
    Option(
        "alerts.critical_repeat_min",
        _MINUTES,
        "Minutes until a lasting 'critical' alert is repeated (0: never).",
    ),
    Option(
        "alerts.recovery_s",
        _SECONDS,
        "Seconds below all limits before memory counts as back to normal.",
    ),
    Option(
        "alerts.available_percent",
        _PERCENT,
        "Alert when the machine has less than this percentage of memory left (see available_mb).",
    ),
    Option(
        "alerts.available_mb",
        _number(0, 1_000_000_000, "MB"),
        "Alert when the machine has less than this many MB left, or available_percent if more.",
    ),
    Option(
        "alerts.leak_mb",
        _MEGABYTES,
        "Report a possible leak after three jobs that each keep more than this many MB.",
    ),
    Option(
        "alerts.temp_mb",
        _MEGABYTES,
        "Alert when jobs leave more than this many MB in the temp directory.",
    ),
    Option(
        "alerts.disk_percent",
        _PERCENT,
        "Alert below this percentage of free space on the temp directory's disk.",
    ),
    Option(
        "alerts.disk_gb",
        _number(0, 1_000_000, "GB"),
        "Alert below this many GB of free space on the temp directory's disk.",
    ),
    Option(
        "alerts.hung_s",
        _SECONDS,
        "Seconds without an answer or any CPU use before the server counts as hung (0: never).",
    ),
    Option(
        "alerts.hung_busy_s",
        _SECONDS,
        "Like hung_s, but during a job or if the server's CPU use is unknown.",
    ),
    Option("alerts.critical_exempt", _TRUTH, "Show critical alerts even while alerts are muted."),
    Option(
        "alerts.raised_while_processing",
        _TRUTH,
        "Show 'raised' alerts even while a video is being processed.",
        was="alerts.elevated_while_processing",
    ),
    Option(
        "view.style",
        _word(Style),
        "The icon's style: number, bars, calm (grey until orange), or graph (the last 10 min).",
    ),
    Option(
        "view.palette",
        _word(Palette),
        "The icon's colours: standard, or okabe-ito (safe for colour-blind people).",
    ),
    Option(
        "view.theme",
        _word(Theme),
        "The panel's background: dark, light, or auto (ask the desktop).",
    ),
    Option(
        "view.click",
        _word(Click),
        "What a left click on the icon opens: status (a notification), or history (its page).",
    ),
    Option(
        "view.colours.green", _COLOUR, "The icon's colour in the green band.", example='"#2ea043"'
    ),
    Option(
        "view.colours.yellow", _COLOUR, "The icon's colour in the yellow band.", example='"#eab308"'
    ),
    Option(
        "view.colours.orange", _COLOUR, "The icon's colour in the orange band.", example='"#ea6f12"'
    ),
    Option("view.colours.red", _COLOUR, "The icon's colour in the red band.", example='"#da3633"'),
    Option(
        "view.colours.unknown", _COLOUR, "The icon's colour without a reading.", example='"#8c959f"'
    ),
)
GROUPS: dict[str, Callable[..., Any]] = {
    "bands": BandLimits,
    "alerts": AlertLimits,
    "view.colours": Colours,
}
"""Sections with a class of their own. The field of `Settings` has the section's last word as its
name. The fields of all other sections are in `Settings` itself."""
RISING = (
    ("bands.yellow_mb", "bands.orange_mb", "bands.red_mb"),
    ("alerts.raised_mb", "alerts.high_mb", "alerts.critical_mb"),
    ("alerts.raised", "alerts.high", "alerts.critical"),
)
"""Settings none of which may be below the one before it."""
EXCLUSIVE = (("pid", "match"),)
"""Settings of which only one may be set."""
OF_THE_RUN = ("preset", "duration_s", "details", "log_file", "history", "view", "exporter", "fleet")
"""Settings that all servers share, and sections of such: a server's own table may not have them."""
PATHS = (
    *("tmp_dir", "log_file", "api.ca_file", "fleet.ca_file"),
    *("exporter.cert_file", "exporter.key_file", "exporter.client_ca_file"),
)
"""Settings that are the path of a file or a directory."""
GIVEN_CHARS = 60
_SECRET = ("token", "headers", "exporter.token", "fleet.token", "fleet.headers")
_ADDRESSES = ("url", "fleet.prometheus", "fleet.alertmanager", "fleet.grafana")
"""Settings that may have a password in their value."""
_FIELDS = {
    "url": "address",
    "token": "headers",
    "fleet.token": "fleet_headers",
    "fleet.headers": "fleet_headers",
    "fleet.ca_file": "fleet_ca_file",
    "exporter.listen": "exporter_listen",
    "exporter.token": "exporter_token",
    "exporter.cert_file": "exporter_cert_file",
    "exporter.key_file": "exporter_key_file",
    "exporter.client_ca_file": "exporter_client_ca_file",
    "alerts.raised": "raised_percent",
    "alerts.high": "high_percent",
    "alerts.critical": "critical_percent",
}
_BY_KEY = {key: option for option in OPTIONS for key in (option.key, option.was) if key}


def environment_of(key: str) -> str:
    """The environment variable that sets this; empty for a table."""
    return _BY_KEY[key].environment


def check(key: str, value: object) -> Any:
    """The checked value of one setting; ValueError with a message for users."""
    return _BY_KEY[key].kind.check(value)


def read(key: str, text: str) -> Any:
    """The checked value of one setting given as plain text; ValueError as in `check`."""
    kind = _BY_KEY[key].kind
    return kind.check(kind.read(text))


def given(key: str, text: str) -> str:
    """`` (given: -5)``: for a message about this text, in a flag or the environment. Empty for
    settings that may hold a secret."""
    if not text or key in _SECRET or (key in _ADDRESSES and "@" in text):
        return ""
    return f" (given: {text if len(text) <= GIVEN_CHARS else text[: GIVEN_CHARS - 1] + '…'})"


def field_of_group(section: str) -> str:
    """The field of `Settings` that has the values of a section with a class of its own."""
    return section.rpartition(".")[2]


def option_of(key: str) -> Option:
    """The option that has this dotted key, or had it before; KeyError where there is none."""
    return _BY_KEY[key]


def all_keys() -> list[str]:
    """All dotted keys, without former ones."""
    return [option.key for option in OPTIONS]


def is_of_server(key: str) -> bool:
    """Whether servers that are watched together may differ in this setting."""
    top = key.partition(".")[0]
    return not any(top == each or top.startswith(f"{each}_") for each in OF_THE_RUN)


def variables() -> dict[str, str]:
    """The key for each environment variable, by its name, also by a former one."""
    return {
        environment_name(key): option.key for key, option in _BY_KEY.items() if option.environment
    }


def default_of(key: str) -> Any:
    """The default of an option in a section with a class of its own."""
    option = _BY_KEY[key]
    return getattr(GROUPS[option.section](), option.field)


def is_table(key: str) -> bool:
    """Whether the value of this key is itself a table."""
    option = _BY_KEY.get(key)
    return option is not None and option.kind is _HEADERS
