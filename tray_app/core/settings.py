"""Everything that can be set, checked in one place for every way of setting it.

Order: defaults < config file < remembered choice < preset < command line. A preset chosen
in the menu later is newer than the command line and counts in full.
"""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Callable, Mapping
from typing import Any

from tray_app.core.address import DEFAULT_URL, ServerAddress, parse_address
from tray_app.core.alerts import AlertLimits
from tray_app.core.bands import BandLimits
from tray_app.core.modes import PRESETS, Mode, Preset
from tray_app.core.picture import Palette, Style, Theme
from tray_app.core.values import dataclass, field, replace

INTERVAL_MIN_S = 0.2
INTERVAL_MAX_S = 3600.0


@dataclass(frozen=True, slots=True)
class Settings:
    """What holds for a run. ``patience_s`` is how long an API request may take while the
    server is idle, ``patience_busy_s`` while it is processing.

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
    details: bool = False
    pid: int | None = None
    match: str | None = None
    tmp_dir: str | None = None
    bands: BandLimits = field(default_factory=BandLimits)
    alerts: AlertLimits = field(default_factory=AlertLimits)


@dataclass(frozen=True, slots=True)
class Choice:
    """What the app remembers of its menu; None: nothing was chosen yet."""

    mode: Mode | None = None
    preset: Preset | None = None
    style: Style | None = None
    palette: Palette | None = None
    theme: Theme | None = None


@dataclass(frozen=True, slots=True)
class Complaint:
    """Something wrong in a config file that does not stop the rest of it from working."""

    line: int
    text: str


class ConfigError(ValueError):
    """A config file that cannot be parsed; ``line`` counts from 1."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line = line


def _number(low: float, high: float, unit: str) -> Callable[[object], float]:
    def check(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise ValueError(f"must be a number of {unit}")
        if not (math.isfinite(value) and low <= value <= high):
            raise ValueError(f"must be from {low:g} to {high:g} {unit}")
        return float(value)

    return check


def _word(kind: type[Mode] | type[Preset]) -> Callable[[object], Mode | Preset]:
    def check(value: object) -> Mode | Preset:
        try:
            return kind(str(value))
        except ValueError:
            raise ValueError(f"must be one of {', '.join(kind)}") from None

    return check


def _switch(value: object) -> bool:
    if not isinstance(value, bool):
        raise ValueError("must be true or false")
    return value


def _address(value: object) -> ServerAddress:
    if not isinstance(value, str):
        raise ValueError("must be text")
    return parse_address(value)


def _pid(value: object) -> int:
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value < 2**31:
        raise ValueError("must be a process's number, above 0")
    return value


def _pattern(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError("must be a regular expression")
    try:
        re.compile(value)
    except (re.error, OverflowError, RecursionError) as error:
        raise ValueError(f"is not a regular expression: {error}") from None
    return value


def _folder(value: object) -> str:
    if not isinstance(value, str) or not value.strip() or "\0" in value:
        raise ValueError("must be the path of a directory")
    return value


COLOURS = ("yellow", "orange", "red")
LEVELS = ("elevated", "high", "critical")
_megabytes = _number(1, 1_000_000_000, "MB")
_CHECKS: dict[str, Callable[[object], Any]] = {
    "url": _address,
    "mode": _word(Mode),
    "preset": _word(Preset),
    "interval_s": _number(INTERVAL_MIN_S, INTERVAL_MAX_S, "seconds"),
    "duration_s": _number(0.1, 366 * 86400, "seconds"),
    "pid": _pid,
    "match": _pattern,
    "tmp_dir": _folder,
    "api.patience_s": _number(0.1, 3600, "seconds"),
    "api.patience_busy_s": _number(0.1, 3600, "seconds"),
    **{f"bands.{name}_mb": _megabytes for name in COLOURS},
    **{f"alerts.{name}_mb": _megabytes for name in LEVELS},
    **{f"alerts.{name}_hold_s": _number(0, 3600, "seconds") for name in LEVELS},
    **{f"alerts.{name}_repeat_min": _number(0, 1440, "minutes") for name in LEVELS},
    "alerts.recovery_s": _number(0, 3600, "seconds"),
    "alerts.available_percent": _number(0, 100, "percent"),
    "alerts.available_mb": _number(0, 1_000_000_000, "MB"),
    "alerts.leak_mb": _megabytes,
    "alerts.temp_mb": _megabytes,
    "alerts.disk_percent": _number(0, 100, "percent"),
    "alerts.disk_gb": _number(0, 1_000_000, "GB"),
    "alerts.critical_exempt": _switch,
}


def check(key: str, value: object) -> Any:
    """The checked value of one setting; ValueError with what is wrong, in words for people."""
    return _CHECKS[key](value)


def _flat(table: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, Mapping) and not prefix:
            flat.update(_flat(value, f"{key}."))
        else:
            flat[prefix + key] = value
    return flat


def _line_of(text: str, key: str) -> int:
    """The line where a dotted key stands, by its section and name; 1 when it is not found."""
    section, _, name = key.rpartition(".")
    current = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.match(r"\s*\[\s*([\w-]+)\s*\]", line):
            current = header[1]
        elif re.match(rf"\s*[\"']?{re.escape(name)}[\"']?\s*=", line) and current == section:
            return number
        elif re.match(rf"\s*{re.escape(key)}\s*=", line):
            return number
    return 1


def parse_config(text: str) -> tuple[dict[str, Any], list[Complaint]]:
    """Checked values by dotted key, and what was left out because it is unknown or wrong.

    :raises ConfigError: the text is not TOML
    """
    try:
        flat = _flat(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        place = re.search(r"\s*\(at (?:line (\d+), column \d+|end of document)\)", message)
        line = int(place[1]) if place and place[1] else max(1, len(text.splitlines()))
        raise ConfigError(line, message[: place.start()] if place else message) from None
    values: dict[str, Any] = {}
    complaints: list[Complaint] = []
    for key, value in flat.items():
        try:
            values[key] = check(key, value)
        except KeyError:
            complaints.append(Complaint(_line_of(text, key), f"unknown setting {key!r}"))
        except ValueError as error:
            complaints.append(Complaint(_line_of(text, key), f"{key} {error}"))
    complaints += _disordered(text, values)
    return values, complaints


def _disordered(text: str, values: dict[str, Any]) -> list[Complaint]:
    """Limits that do not rise are dropped as a group, since each alone could be meant."""
    complaints = []
    groups = (
        ("bands", BandLimits(), COLOURS),
        ("alerts", AlertLimits(), LEVELS),
    )
    for group, limits, rising in groups:
        names = [f"{group}.{name}_mb" for name in rising]
        levels = [values.get(name, getattr(limits, name.split(".")[1])) for name in names]
        if levels != sorted(levels):
            first = next(name for name in names if name in values)
            words = " < ".join(name.split(".")[1] for name in names)
            complaints.append(Complaint(_line_of(text, first), f"{group}: needs {words}"))
            for name in names:
                values.pop(name, None)
    return complaints


def from_config(values: Mapping[str, Any]) -> Settings:
    """Defaults with a config file's checked values (as `parse_config` returns) over them."""

    def group(prefix: str) -> dict[str, Any]:
        return {
            key.partition(".")[2]: value for key, value in values.items() if key.startswith(prefix)
        }

    plain = {key: value for key, value in values.items() if "." not in key}
    if "url" in plain:
        plain["address"] = plain.pop("url")
    return Settings(
        **plain,
        **group("api."),
        bands=BandLimits(**group("bands.")),
        alerts=AlertLimits(**group("alerts.")),
    )


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


def resolve(base: Settings, remembered: Choice, flags: Mapping[str, Any]) -> Settings:
    """The settings a run starts with; ``flags`` are checked command-line values by field."""
    if "match" in flags:  # not both, and the flag is the newer word
        base = replace(base, pid=None)
    preset = flags.get("preset") or remembered.preset or base.preset
    mode = PRESETS[preset].mode or remembered.mode or base.mode
    settings = replace(with_preset(base, preset), mode=mode)
    if preset is Preset.STANDARD:
        settings = replace(settings, duration_s=base.duration_s)
    return replace(settings, **{key: value for key, value in flags.items() if key != "preset"})
