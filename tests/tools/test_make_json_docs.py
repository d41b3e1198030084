"""The page on the JSON."""

from __future__ import annotations

from tests.views.terminal.test_json_record import FULL
from tools.make_json_docs import PAGE, page
from tray_app.views.terminal.json_record import record


def test_it_is_up_to_date() -> None:
    """``python -m tools.make_json_docs`` writes it."""
    assert PAGE.read_text("utf-8") == page()


def keys(value: object, prefix: str = "") -> list[str]:
    """All keys of an object, also of objects within it, in their order."""
    found: list[str] = []
    if isinstance(value, dict):
        for key, each in value.items():
            found += [f"{prefix}{key}", *keys(each, f"{prefix}{key}.")]
    if isinstance(value, list) and value:
        found += keys(value[0], f"{prefix.removesuffix('.')}[].")
    return found


def test_it_has_every_key_of_a_full_record_in_its_order() -> None:
    """Nested ones, too; each with a type and a meaning."""
    samples = page().partition("## The summary")[0]
    rows = [line.split(" | ") for line in samples.splitlines() if line.startswith("| `")]
    assert [row[0].strip("| `") for row in rows] == keys(record(FULL, "desk"))
    assert all(row[1] and row[3] for row in rows)
