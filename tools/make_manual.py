"""Makes ``assets/runanalyze-tray.1``, the manual page, from the parser and the table of settings.

Run ``python -m tools.make_manual`` after a change of either; a test holds the page up to date.
"""

from __future__ import annotations

from pathlib import Path

from tray_app.cli import parser
from tray_app.core.config.options import OPTIONS
from tray_app.core.config.template import default

PAGE = Path(__file__).parent.parent / "assets" / "runanalyze-tray.1"
DESCRIPTION = """\
Watches the memory of a RunAnalyze server, shows it as a coloured icon in the panel, and warns
before memory runs out. Without a display and a session bus, it shows the same figures in the
terminal."""
PLACES = [
    ("~/.config/runanalyze-tray/config.toml", "The settings. The program never changes this file."),
    ("~/.local/state/runanalyze-tray/state.json", "The choices made in the menu."),
    ("~/.local/state/runanalyze-tray/log/runanalyze-tray.log", "Failures and recoveries."),
]
STATUS = [
    ("0", "Normal end, or another instance already watches the server."),
    ("1", "--doctor found something that needs fixing."),
    (
        "2",
        "Invalid command line, a config file that is not TOML, or standard output cannot be"
        " written. A wrong setting in the file or the environment is reported and left out.",
    ),
    (
        "3",
        "No reading with --once, or in a run with a set duration: neither the API nor a process"
        " reported the memory.",
    ),
]


def _text(text: str) -> str:
    """Text as roff takes it literally."""
    escaped = text.replace("\\", "\\e").replace("-", "\\-").replace("…", "...")
    return "\n".join(f"\\&{line}" if line[:1] in ".'" else line for line in escaped.splitlines())


def _entry(term: str, text: str) -> list[str]:
    return [".TP", f".B {_text(term)}", _text(text)]


def page() -> str:
    """The manual page."""
    lines = [
        '.TH RUNANALYZE\\-TRAY 1 "" "runanalyze\\-tray" "User Commands"',
        ".SH NAME",
        "runanalyze\\-tray \\- the memory of a RunAnalyze server, in the system tray",
        ".SH SYNOPSIS",
        ".B runanalyze\\-tray",
        "[options]",
        ".SH DESCRIPTION",
        _text(DESCRIPTION),
        ".SH OPTIONS",
    ]
    for group in parser.make_parser()._action_groups:
        if group._group_actions:
            lines += [f".SS {_text(group.title or '')}"]
            for action in group._group_actions:
                names = ", ".join(action.option_strings)
                value = f" {action.metavar}" if action.metavar else ""
                lines += _entry(names + value, (action.help or "").replace("%%", "%"))
    lines += [
        ".SH SETTINGS",
        "Each setting can stand in the config file or in its environment variable.",
    ]
    for option in OPTIONS:
        is_example = " For example: " if option.example else " Default: "
        variable = f" Environment: {option.environment}." if option.environment else ""
        lines += _entry(option.key, f"{option.help}{is_example}{default(option)}.{variable}")
    lines += [".SH FILES", "On Linux; --doctor names them on each platform.".replace("-", "\\-")]
    for term, text in PLACES:
        lines += _entry(term, text)
    lines += [".SH EXIT STATUS"]
    for term, text in STATUS:
        lines += _entry(term, text)
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
