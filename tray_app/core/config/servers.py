"""The servers of ``[[servers]]`` in the config file: each one's settings, over the common ones."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from tray_app.core.config import options
from tray_app.core.config.parse import Complaint, checked, conflicts, flat, flat_toml
from tray_app.core.config.suggestion import did_you_mean
from tray_app.core.model.server_address import DEFAULT_URL, ServerAddress, parse_address

KEY = "servers"
SERVERS_MAX = 50
"""More servers than this are a fleet: Prometheus reads those."""


class ServerEntry(Struct, frozen=True):
    """One server: its name, its address, and its own checked values by dotted key."""

    name: str
    address: ServerAddress
    values: Mapping[str, Any]


def parse_servers(
    text: str, common: Mapping[str, Any]
) -> tuple[tuple[ServerEntry, ...], list[Complaint]]:
    """The servers of a config file, and the problems of those (or those values) left out.

    ``common`` are the checked values that hold for all of them. Empty: the file has no list.
    :raises ConfigError: the text is not TOML
    """
    tables = flat_toml(text).get(KEY) if KEY in text else None
    if tables is None:
        return (), []
    if not isinstance(tables, list) or not all(isinstance(each, Mapping) for each in tables):
        return (), [Complaint(_line(text, 1), "servers must be tables: [[servers]]")]
    entries: list[ServerEntry] = []
    complaints: list[Complaint] = []
    for number, table in enumerate(tables, 1):
        values, wrong = checked(flat(table), lambda key, at=number: _line(text, at, key))  # type: ignore[misc]
        complaints += [*wrong, *_shared(text, number, values)]
        complaints += _contradictions(text, number, values, common)
        entry = _entry(values, common)
        if problem := _problem(table, entry, entries):
            complaints.append(Complaint(_line(text, number), f"{problem}: this server is left out"))
        else:
            entries.append(entry)
    return tuple(entries), complaints


def _entry(values: dict[str, Any], common: Mapping[str, Any]) -> ServerEntry:
    address = values.get("url") or common.get("url") or parse_address(DEFAULT_URL)
    return ServerEntry(values.get("name") or address.short, address, values)


def _shared(text: str, number: int, values: dict[str, Any]) -> list[Complaint]:
    """Takes out what holds for all servers, with a complaint for each."""
    astray = [key for key in values if not options.is_of_server(key)]
    for key in astray:
        del values[key]
    words = "holds for all servers: write it above [[servers]]"
    return [Complaint(_line(text, number, key), f"{key} {words}") for key in astray]


def _contradictions(
    text: str, number: int, values: dict[str, Any], common: Mapping[str, Any]
) -> list[Complaint]:
    """Takes out what contradicts the common settings, with a complaint for each."""
    complaints = []
    for keys, key, words in conflicts({**common, **values}):
        own = next((each for each in keys if each in values), "")
        for each in keys:
            values.pop(each, None)
        told = f"{key}{words}: the common settings hold"
        complaints.append(Complaint(_line(text, number, own), told))
    return complaints


def _problem(table: Mapping[str, Any], entry: ServerEntry, others: list[ServerEntry]) -> str | None:
    """Why this server cannot be watched; None: it can."""
    if "url" not in table:
        return f"servers needs a url{did_you_mean('url', list(table))}"
    if "url" not in entry.values:
        return "its url cannot be used"
    if len(others) >= SERVERS_MAX:
        return f"at most {SERVERS_MAX} servers can be watched here"
    for other in others:
        if other.address.identity == entry.address.identity:
            return f"{entry.address.shown} stands there twice"
        if other.name == entry.name:
            return f"two servers are called {entry.name!r}"
    return None


def _line(text: str, number: int, key: str = "") -> int:
    """The line of a key of the table with this number, or of the table; 1 when not found."""
    seen = found = 0
    section, _, name = key.rpartition(".")
    current = ""
    for at, line in enumerate(text.splitlines(), 1):
        if re.match(rf"\s*\[\[\s*{KEY}\s*\]\]", line):
            seen, current = seen + 1, ""
            found = at if seen == number else found
        elif header := re.match(r"\s*\[\s*([\w.-]+)\s*\]", line):
            current = header[1].removeprefix(f"{KEY}.")
        elif seen == number and key:
            is_here = re.match(rf"\s*[\"']?{re.escape(name)}[\"']?\s*=", line)
            if (is_here and current == section) or re.match(rf"\s*{re.escape(key)}\s*=", line):
                return at
    return found or 1
