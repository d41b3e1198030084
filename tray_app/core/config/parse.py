"""Settings from the text of a config file and from the environment, each value checked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from itertools import pairwise
from typing import Any

from msgspec import Struct

from tray_app.core.config.options import (
    ENVIRONMENT_PREFIX,
    EXCLUSIVE,
    GROUPS,
    RISING,
    all_keys,
    check,
    default_of,
    environment_of,
    field_of_group,
    given,
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


def flat(table: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """The values of nested tables by dotted key."""
    found: dict[str, Any] = {}
    for key, value in table.items():
        if isinstance(value, Mapping) and not is_table(prefix + key) and prefix.count(".") < 2:
            found.update(flat(value, f"{prefix}{key}."))
        else:
            found[prefix + key] = value
    return found


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
    table = flat_toml(text)
    table.pop("servers", None)  # see `servers`
    return checked(table, lambda key: line_of(text, key))


def checked(
    table: Mapping[str, Any], line: Callable[[str], int]
) -> tuple[dict[str, Any], list[Complaint]]:
    """Checked values, and the problems of those left out; ``line`` is where a key stands."""
    values: dict[str, Any] = {}
    complaints: list[Complaint] = []
    for key, value in table.items():
        try:
            name = option_of(key).key
            if name == key or name not in table:
                values[name] = check(key, value)
        except KeyError:
            meant = did_you_mean(key, all_keys())
            complaints.append(Complaint(line(key), f"unknown setting {key!r}{meant}"))
        except ValueError as error:
            complaints.append(Complaint(line(key), f"{key} {error}"))
    for keys, key, words in conflicts(values):
        for each in keys:
            values.pop(each, None)
        complaints.append(Complaint(line(key), f"{key}{words}{_stay(keys, values)}"))
    return values, complaints


def flat_toml(text: str) -> dict[str, Any]:
    """The values of a config file by dotted key.

    :raises ConfigError: it is not TOML
    """
    import tomllib  # lazy: only a config file needs it

    try:
        return flat(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        place = re.search(r"\s*\(at (?:line (\d+), column \d+|end of document)\)", message)
        line = int(place[1]) if place and place[1] else max(1, len(text.splitlines()))
        told = message[: place.start()] if place else message
        raise ConfigError(line, f"not valid TOML: {told[:1].lower()}{told[1:]}") from None
    except RecursionError:
        raise ConfigError(1, "nested too deeply") from None
    except ValueError:  # an integer of more than 4300 digits
        raise ConfigError(1, "not valid TOML: a number is too long") from None


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
            complaints.append(f"{name} {error}{given(known[name], text)}")
    values = dict(values)
    for first, second in EXCLUSIVE:  # a variable is newer than the file
        for one, other in ((first, second), (second, first)):
            if one in found and other not in found:
                values.pop(other, None)
    for keys, key, words in conflicts(values | found):
        set_here = key if key in found else next(each for each in keys if each in found)
        for each in keys:
            found.pop(each, None)
        about = words if set_here == key else f": {key}{words}"
        complaints.append(f"{environment_of(set_here)}{about}{_stay(keys, values)}")
    return values | found, complaints


def conflicts(values: Mapping[str, Any]) -> Iterator[tuple[tuple[str, ...], str, str]]:
    """Settings that contradict each other, of which any could be the mistake: all of them, the one
    to name, and what is wrong with it."""
    for keys in RISING:
        limits = [key for key in keys if values.get(key) is not None]
        for lower, higher in pairwise(limits):
            if values[higher] < values[lower]:
                name = lower.rpartition(".")[2]
                words = f" = {values[higher]:.12g} is below {name} = {values[lower]:.12g}"
                yield keys, higher, words
                break
    for one, other in EXCLUSIVE:
        if one in values and other in values:
            yield (one, other), other, f" cannot be combined with {one}"


def _stay(keys: tuple[str, ...], values: Mapping[str, Any]) -> str:
    """What holds instead of a contradiction."""
    if keys in EXCLUSIVE:
        return ": neither is used"
    limits = [limit for limit in _giving_way(keys, values) if limit is not None]
    if not limits:
        return ": none of these limits is used"
    return f": the limits stay {', '.join(f'{limit:.12g}' for limit in limits)}"


def _giving_way(keys: tuple[str, ...], values: Mapping[str, Any]) -> list[Any]:
    """The limits, each at least the one before it: a default gives way to those that are set."""
    limits: list[Any] = []
    for number, key in enumerate(keys):
        limit = values.get(key, default_of(key))
        if key not in values and limit is not None:
            lower = [values[each] for each in keys[:number] if each in values]
            higher = [values[each] for each in keys[number + 1 :] if each in values]
            limit = min([max([limit, *lower]), *higher])
        limits.append(limit)
    return limits


def from_config(values: Mapping[str, Any]) -> Settings:
    """Defaults with checked values (as `parse_config` returns) over them.

    A limit that is not set gives way to those that are: `critical_mb = 800` alone means 800, and
    no lower level comes above it.
    """
    for keys in RISING:
        limits = zip(keys, _giving_way(keys, values), strict=True)
        values = {**values, **{key: limit for key, limit in limits if limit is not None}}
    fields: dict[str, Any] = {}
    groups: dict[str, dict[str, Any]] = {}
    for key, value in values.items():
        option = option_of(key)
        into = groups.setdefault(option.section, {}) if option.section in GROUPS else fields
        into[option.field] = value
    fields |= {field_of_group(group): GROUPS[group](**own) for group, own in groups.items()}
    for section in ("", "fleet."):
        token = values.get(f"{section}token", Headers())
        headers = values.get(f"{section}headers", Headers())
        fields[option_of(f"{section}token").field] = token.over(headers)
    return Settings(**fields)
