"""Settings from the text of a config file and from the environment, each value checked."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from tray_app.core.config.options import (
    ENVIRONMENT_PREFIX,
    GROUPS,
    RISING,
    all_keys,
    check,
    default_of,
    environment_of,
    field_of_group,
    is_table,
    option_of,
    read,
    variables,
)
from tray_app.core.config.settings import Headers, Settings
from tray_app.core.config.suggestion import did_you_mean


class Complaint(Struct, frozen=True):
    """A problem in a config file; the rest of the file still counts."""

    line: int
    text: str


class ConfigError(ValueError):
    """A config file that cannot be parsed; ``line`` counts from 1."""

    def __init__(self, line: int, text: str) -> None:
        super().__init__(text)
        self.line = line


def _flat(table: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, Mapping) and not is_table(prefix + key) and prefix.count(".") < 2:
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
    """Checked values by dotted key, and the problems of those left out.

    :raises ConfigError: the text is not TOML
    """
    flat = _toml(text)
    values: dict[str, Any] = {}
    complaints: list[Complaint] = []
    for key, value in flat.items():
        try:
            name = option_of(key).key
            if name == key or name not in flat:
                values[name] = check(key, value)
        except KeyError:
            meant = did_you_mean(key, all_keys())
            complaints.append(Complaint(line_of(text, key), f"unknown setting {key!r}{meant}"))
        except ValueError as error:
            complaints.append(Complaint(line_of(text, key), f"{key} {error}"))
    for keys in _disordered(values):
        first = next(key for key in keys if key in values)
        complaints.append(Complaint(line_of(text, first), _needs(keys)))
        for key in keys:
            values.pop(key, None)
    return values, complaints


def _toml(text: str) -> dict[str, Any]:
    """The values by dotted key."""
    import tomllib  # lazy: only a config file needs it

    try:
        return _flat(tomllib.loads(text))
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


def parse_environment(
    environment: Mapping[str, str], values: dict[str, Any]
) -> tuple[dict[str, Any], list[str]]:
    """``values`` (as `parse_config` returns) overridden by the environment, and the problems of
    variables left out; each message begins with the variable's name."""
    known = variables()
    found: dict[str, Any] = {}
    complaints = []
    for name, text in environment.items():
        if not name.startswith(ENVIRONMENT_PREFIX):
            continue
        try:
            key = known[name]
            found[key] = read(key, text)
        except KeyError:
            complaints.append(f"{name}: unknown setting{did_you_mean(name, known)}")
        except ValueError as error:
            complaints.append(f"{name} {error}")
    for rising in _disordered(values | found):
        first = next((key for key in rising if key in found), None)
        if first:
            complaints.append(f"{environment_of(first)}: {_needs(rising)}")
        for key in rising:
            found.pop(key, None)
    return values | found, complaints


def _disordered(values: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Settings whose limits do not rise: any of them could be the mistake."""
    wrong: list[tuple[str, ...]] = []
    for keys in RISING:
        known = [values.get(key, default_of(key)) for key in keys]
        limits = [limit for limit in known if limit is not None]
        if limits != sorted(limits):
            wrong.append(keys)
    return wrong


def _needs(keys: tuple[str, ...]) -> str:
    group = keys[0].rpartition(".")[0]
    return f"{group} must satisfy {' <= '.join(key.rpartition('.')[2] for key in keys)}"


def from_config(values: Mapping[str, Any]) -> Settings:
    """Defaults with checked values (as `parse_config` returns) over them."""
    fields: dict[str, Any] = {}
    groups: dict[str, dict[str, Any]] = {}
    for key, value in values.items():
        option = option_of(key)
        into = groups.setdefault(option.section, {}) if option.section in GROUPS else fields
        into[option.field] = value
    fields |= {field_of_group(group): GROUPS[group](**given) for group, given in groups.items()}
    fields["headers"] = values.get("token", Headers()).over(values.get("headers", Headers()))
    return Settings(**fields)
