"""Makes ``docs/json.md``, the page on the JSON of ``--json``, from the table of figures.

Run ``python -m tools.make_json_docs`` after a change of the table; a test holds the page up to
date.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tray_app.core.presentation.figure import OBJECTS, Field
from tray_app.core.presentation.figures import FIGURES

PAGE = Path(__file__).parent.parent / "docs" / "json.md"
HEAD = """\
# The JSON of `--json`

<!-- Made by `python -m tools.make_json_docs` from tray_app/core/presentation/figures.py. -->

`runanalyze-tray --json` writes one object for each sample, on one line, as UTF-8. With `--once` it
writes one and ends: with status 3 if neither the API nor a process reported the memory.

```sh
runanalyze-tray --json | jq -r 'select(.memory_mb) | "\\(.time) \\(.memory_mb) \\(.alert)"'
```

- Every key is always there, in this order. An unknown value is `null`, never `NaN` and never zero.
  Only where an object is `null`, or an array empty, the keys within it are missing.
- Keys keep their names and their meaning. Later versions may add keys and, where a key has one of
  several words, further words.
- MB and GB are 1024² and 1024³ bytes. CPU is in % of one core. Ages and times are in seconds.
- `a.b` is the key `b` of the object `a`; `a[].b` is the key `b` of each object in the array `a`.
"""


def page() -> str:
    """The page."""
    rows = (field for figure in FIGURES for field in figure.json)
    lines = [HEAD, "| key | type | unit | meaning | `null` when |", "|---|---|---|---|---|"]
    return "\n".join([*lines, *_rows(rows, "")]) + "\n"


def _rows(fields: Iterable[Field[Any]], prefix: str) -> Iterator[str]:
    for field in fields:
        key = f"{prefix}{field.key}"
        meaning = field.meaning
        if field.words:
            meaning += f". One of {', '.join(f'`{word}`' for word in field.words)}"
        cells = (f"`{key}`", field.unit.type, field.unit.name, meaning, field.null or "never")
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"
        yield from _rows(field.fields, f"{key}[]." if field.unit is OBJECTS else f"{key}.")


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
