"""Makes the page of *Troubleshooting* from the README: ``python -m tools.make_help_page``.

The menu opens it in the browser, also without a network. A test compares it with the README.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PAGE = ROOT / "assets" / "troubleshooting.html"
SECTIONS = ("Troubleshooting",)
HEAD = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>runanalyze-tray: troubleshooting</title>
<style>
:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 46em; margin: 2em auto; padding: 0 1em }
code, pre { font-family: ui-monospace, monospace; font-size: .9em }
pre { padding: .7em 1em; background: #8882; overflow-x: auto }
td, th { text-align: left; padding: .2em 1em .2em 0; vertical-align: top }
</style>
<h1>runanalyze-tray</h1>
"""
_INLINE = (
    (re.compile(r"`([^`]+)`"), r"<code>\1</code>"),
    (re.compile(r"\*\*(.+?)\*\*"), r"<strong>\1</strong>"),
    (re.compile(r"\*(.+?)\*"), r"<em>\1</em>"),
    (re.compile(r"\[([^\]]+)\]\([^)]+\)"), r"\1"),
)


def page() -> str:
    """The page's text."""
    text = README.read_text("utf-8")
    return HEAD + "".join(f"{line}\n" for name in SECTIONS for line in section(text, name))


def section(text: str, name: str) -> Iterator[str]:
    """The lines of one section of the README."""
    found = re.search(rf"^## {name}\n(.+?)(?=^## |\Z)", text, re.MULTILINE | re.DOTALL)
    if found is None:
        raise ValueError(f"README.md has no section {name!r}")
    yield f"<h2>{name}</h2>"
    for block in re.split(r"\n{2,}", found[1].strip()):
        yield from _block(block)


def _block(block: str) -> Iterator[str]:
    lines = block.split("\n")
    if lines[0].startswith("```"):
        yield f"<pre>{escape(chr(10).join(lines[1:-1]))}</pre>"
    elif lines[0].startswith("- "):
        yield "<ul>"
        yield from (f"<li>{_inline(item)}</li>" for item in re.split(r"^- ", block, flags=re.M)[1:])
        yield "</ul>"
    elif lines[0].startswith("|"):
        yield "<table>"
        for number, line in enumerate(lines):
            kind = "th" if number == 0 else "td"
            found = line.split("|")[1:-1]
            cells = "".join(f"<{kind}>{_inline(cell)}</{kind}>" for cell in found)
            if number != 1:  # the line below the heading
                yield f"<tr>{cells}</tr>"
        yield "</table>"
    else:
        yield f"<p>{_inline(block)}</p>"


def _inline(text: str) -> str:
    html = escape(" ".join(text.split()), quote=False)
    for pattern, by in _INLINE:
        html = pattern.sub(by, html)
    return html


def main() -> None:
    """Write the page."""
    PAGE.write_text(page(), "utf-8")


if __name__ == "__main__":
    main()
