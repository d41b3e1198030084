"""Collects every sentence that a person reads into ``tests/data/strings.txt``.

``python -m tools.collect_strings`` writes the file; a test compares it. Read it from end to end,
aloud, after a change of words. First come the texts as people see them: notifications, menu,
tooltip, console, help, config file. Then, for each module, the sentences in its code, with the
names of their variables in braces: failures are too many to provoke each of them here.
"""

from __future__ import annotations

import ast
import re
from argparse import RawDescriptionHelpFormatter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from tests.core.presentation.test_menu import STATES
from tests.desktop.test_every_notification import KINDS
from tray_app.cli.parser import make_parser
from tray_app.core.config.template import commented_config
from tray_app.core.presentation import menu
from tray_app.core.presentation.menu_row import Row
from tray_app.core.presentation.notifications import note
from tray_app.views import presenter
from tray_app.views.terminal.lines import plain_lines
from tray_app.views.terminal.screen import ScreenContent

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "tests" / "data" / "strings.txt"
PACKAGE = ROOT / "tray_app"
SCREEN_COLUMNS = 100
# What a person never reads: texts for other programs, and pictures.
NO_WORDS = (
    "views/icon/",
    "cli/completion.py",
    "core/analysis/stage.py",
    "desktop/linux/dbusmenu.py",
)
# Where a single word, too, is a text: a label or a title.
LABELS = ("core/presentation/", "cli/", "views/terminal/")
# A time of day depends on the time zone.
_CLOCK = re.compile(r"\d\d:\d\d:\d\d")


def page() -> str:
    """The whole file."""
    parts = [
        ("Notifications", notifications()),
        ("Menu", menus()),
        ("Tooltips", tooltips()),
        ("Console", console()),
        ("--help", _help().splitlines()),
        ("The file that --init-config writes", commented_config().splitlines()),
        ("Sentences in the code", sentences()),
    ]
    lines = []
    for heading, found in parts:
        lines += [heading, "=" * len(heading), "", *(line.rstrip() for line in found), "", ""]
    return "\n".join(lines).rstrip() + "\n"


def notifications() -> Iterator[str]:
    """Each kind: title, text and buttons."""
    for kind, event in KINDS.items():
        said = note(event)
        if said:
            yield f"{kind} ({said.urgency.name.lower()})"
            yield f"    {said.title}"
            yield from (f"    {line}" for line in said.text.splitlines())
            if said.actions:
                yield "    " + "  ".join(f"[{action.label}]" for action in said.actions)
            yield ""


def menus() -> Iterator[str]:
    """The menu in each state; after the first only those rows that no state before has shown."""
    seen: set[tuple[str, str]] = set()
    for name, state in STATES.items():
        yield f"- {name}"
        yield from _rows(menu.rows(state), seen, 1)
        yield ""


def _rows(rows: Sequence[Row], seen: set[tuple[str, str]], depth: int) -> Iterator[str]:
    for row in rows:
        below = list(_rows(row.children, seen, depth + 1))
        if row.text and ((row.key, row.text) not in seen or below):
            mark = {None: "", True: "* ", False: "o "}[row.checked]
            yield f"{'    ' * depth}{mark}{row.text}"
        seen.add((row.key, row.text))
        yield from below


def tooltips() -> Iterator[str]:
    """The tooltip in each state."""
    for name, state in STATES.items():
        yield f"- {name}"
        told = presenter.tooltip(state)
        yield from (f"    {line}" for line in told.splitlines())


def console() -> Iterator[str]:
    """A sample of each state as a plain line with details, and on the live screen."""
    for name, state in STATES.items():
        if state.sample and not state.paused:
            yield f"- {name}"
            lines = plain_lines(state.sample, details=True)
            yield from (f"    {_CLOCK.sub('12:34:56', line.strip())}" for line in lines)
    for name in ("healthy", "many processes", "no reading"):
        sample = STATES[name].sample
        if sample:
            yield f"- {name}, live screen"
            picture = ScreenContent(sample, details=True, elapsed_s=2.0)
            for line in picture.lines(SCREEN_COLUMNS, 40):
                yield "    " + _CLOCK.sub("12:34:56", "".join(text for text, _ in line))


def _help() -> str:
    """What --help prints on a terminal of this width."""
    parser = make_parser()
    parser.formatter_class = partial(RawDescriptionHelpFormatter, width=SCREEN_COLUMNS)  # type: ignore[assignment]
    return parser.format_help()


def sentences() -> Iterator[str]:
    """The sentences in each module's code, in the order in which they stand there."""
    for path in sorted(PACKAGE.rglob("*.py")):
        name = path.relative_to(PACKAGE).as_posix()
        if not name.startswith(NO_WORDS):
            least = 1 if name.startswith(LABELS) else 2
            texts = _literals(ast.parse(path.read_text("utf-8")))
            found = list(dict.fromkeys(text for text in texts if _words(text) >= least))
            if found:
                yield f"- {name}"
                yield from (f"    {text}" for text in found)


def _literals(node: ast.AST) -> Iterator[str]:
    """The texts in this code, each on one line; docstrings are for programmers."""
    if isinstance(node, ast.Constant | ast.JoinedStr):
        yield " / ".join(_text(node).split("\n"))
        return
    for child in ast.iter_child_nodes(node):
        is_statement = isinstance(child, ast.Expr) and isinstance(child.value, ast.Constant)
        if not is_statement:  # a docstring
            yield from _literals(child)


def _text(node: ast.expr) -> str:
    match node:
        case ast.Constant(str(text)):
            return text
        case ast.JoinedStr(parts):
            return "".join(map(_text, parts))
        case ast.FormattedValue(value):
            return f"{{{ast.unparse(value)}}}"
        case _:
            return ""


def _words(text: str) -> int:
    """How many words a text has: 0 where it is none for people."""
    words = [word for word in text.split(" ") if word.strip(".,:;()?!").isalpha()]
    return 0 if len(words) == 1 and not text[:1].isupper() and " " not in text else len(words)


def main() -> None:
    """Write the file."""
    PAGE.write_text(page(), "utf-8")


if __name__ == "__main__":
    main()
