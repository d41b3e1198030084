"""Makes ``docs/json.md``, the page on the JSON of ``--json``, from the table of figures.

Run ``python -m tools.make_json_docs`` after a change of the table; a test holds the page up to
date.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from tray_app.core.presentation.figure import OBJECTS, Field
from tray_app.core.presentation.figures import FIGURES, SERVER

PAGE = Path(__file__).parent.parent / "docs" / "json.md"
HEAD = """\
# The JSON of `--json`

<!-- Made by `python -m tools.make_json_docs` from tray_app/core/presentation/figures.py. -->

`runanalyze-tray --json` writes one object for each sample, on one line, as UTF-8. With `--once` it
writes one for each server and ends: with status 3 if neither the API nor a process of one of them
reported the memory. Several servers ([fleet.md](fleet.md)) write as their samples come.

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


SUMMARY = """
## The summary

A run that ends after `--duration`, as a quick test, or with Ctrl-C writes one more object for each
server, the last line about it. Its only keys are `server` and `summary`: it has no `memory_mb`, so
that `select(.memory_mb)` passes over it. `--once` writes none.

| key of `summary` | unit | meaning | `null` when |
|---|---|---|---|
| `elapsed_s` | s | from the start to the end | never |
| `watched_s` | s | the same without sleep and pauses | never |
| `samples` |  | how many there are | never |
| `missed` |  | how many came too late | never |
| `average_mb` | MB | mean of the samples with a figure | there was none |
| `peak_mb` | MB | highest memory, also between two samples | as `average_mb` |
| `peak_time` | ISO 8601 | moment of the peak, local time | as `average_mb` |
| `peak_stage` |  | step of the job then | no job ran, or its step was unknown |
| `first_mb` | MB | first figure | as `average_mb` |
| `last_mb` | MB | last figure | there were fewer than two |
| `trend_mb` | MB | `last_mb` - `first_mb` | as `last_mb` |
| `bands_s` | s | time in each `band` that there was, by its word; adds up to `watched_s` | never |
| `levels_s` | s | time in each `level`, likewise | never |
| `jobs` |  | jobs that ended | never |
| `alerts` |  | alerts, those muted included | never |
| `kept_mb` | MB | what these jobs did not release | no job was compared |

Where what `memory_mb` measures has changed, the figures are those since then.
"""


def page() -> str:
    """The page."""
    rows = (SERVER, *(field for figure in FIGURES for field in figure.json))
    lines = [HEAD, "| key | type | unit | meaning | `null` when |", "|---|---|---|---|---|"]
    return "\n".join([*lines, *_rows(rows, "")]) + "\n" + SUMMARY


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
