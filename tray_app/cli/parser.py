"""The command line's flags. Flags for settings come from the table of settings."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NoReturn

from tray_app import APP_ID, __version__
from tray_app.core.config.options import EXCLUSIVE, OPTIONS, Option, given, read
from tray_app.core.config.suggestion import did_you_mean
from tray_app.core.config.template import default
from tray_app.core.history.export import KINDS, MOMENTS, since_s
from tray_app.core.history.incidents import INCIDENTS_KEPT
from tray_app.core.model.presets import FLAGGED, PRESETS
from tray_app.core.model.server_address import ServerAddress, public_url
from tray_app.core.presentation.program_text import PRESET_HELP
from tray_app.runtime import clock
from tray_app.views.terminal.streams import complain, say

SHELLS = ("bash", "zsh", "fish")
EPILOG = """\
examples:
  runanalyze-tray                    show the icon in the panel
  runanalyze-tray --demo             see every colour without a server
  runanalyze-tray --quick --console  measure for 30 s in the terminal
  runanalyze-tray --once --json      print one reading for another program
  runanalyze-tray --doctor           diagnose this installation
  source <(runanalyze-tray --completion bash)

Explicit flags override presets. --init-config writes a file with every setting
and its environment variable.
"""


_UNKNOWN = "unrecognized arguments: "
# argparse's words, and ours.
_PLAIN = {
    "not allowed with argument ": "cannot be combined with ",
    "ignored explicit argument": "takes no value, but got",
    "argument ": "",
    "expected one argument": "needs a value",
}


VIEWS = ("json", "console", "once", "demo", "headless")
# Of the ways to show samples, and the flag's field.
APART = (
    *(("headless", other, other) for other in ("json", "console", "once")),
    ("once", "exporter", "exporter_listen"),
    *(("prometheus", other, other) for other in ("json", "console", "once", "headless", "demo")),
    *(("prometheus", "url", "address"), ("prometheus", "exporter", "exporter_listen")),
    *(("prometheus", "duration", "duration_s"), ("prometheus", "tmp-dir", "tmp_dir")),
    *(("prometheus", "pid", "pid"), ("prometheus", "match", "match")),
)
OF_ENGINE = ("alertmanager", "selector")
"""Flags that say more about --prometheus."""
TASKS = (
    *("doctor", "init_config", "install_desktop_entry", "uninstall_desktop_entry"),
    *("completion", "export", "report", "incident", "forget"),
)
# Flags that say what one of these tasks writes.
OF_TASK = {
    "what": ("export",),
    "since": ("export", "report"),
    "output": ("export", "incident"),
    "yes": ("forget",),
}
_NEEDED = {name: " or ".join(f"--{task}" for task in tasks) for name, tasks in OF_TASK.items()}


def contradiction(given: argparse.Namespace) -> str:
    """The flags that contradict each other, in one line; empty where none do."""
    task = next((name for name in TASKS if getattr(given, name)), "")
    view = next((name for name in VIEWS if getattr(given, name)), "")
    if task and view and (task, view) != ("incident", "json"):
        return f"--{task.replace('_', '-')}: cannot be combined with --{view}"
    if apart := _apart(given):
        return apart
    if alone := _without_task(given, task):
        return f"--{alone}: needs {_NEEDED[alone]}"
    of_preset = PRESETS[given.preset].mode if given.preset else None
    if of_preset and given.mode and given.mode is not of_preset:
        return f"--{given.preset}: cannot be combined with --mode {given.mode}"
    return ""


def _apart(given: argparse.Namespace) -> str:
    """Two flags of this run that cannot stand together; empty if there are none."""
    for name, other, field in APART:
        if getattr(given, name) and getattr(given, field):
            return f"--{name}: cannot be combined with --{other}"
    return ""


def _without_task(given: argparse.Namespace, task: str) -> str:
    """The first flag that belongs to a task that was not asked for; empty if there is none."""
    names = (name for name, tasks in OF_TASK.items() if getattr(given, name) and task not in tasks)
    return next(names, "")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        unknown = message.removeprefix(_UNKNOWN)
        if unknown != message:
            message = self._unknown(unknown.split(" ")[0].partition("=")[0])
        for words, plain in _PLAIN.items():
            message = message.replace(words, plain, 1)
        complain(message)
        self.exit(2)

    def _unknown(self, name: str) -> str:
        """About the first unknown argument alone: those after it may be its values, or secret."""
        if not name.startswith("-"):
            return f"unexpected argument: {name} (see --help)"
        return f"unknown option: {name}{did_you_mean(name, self.flags()) or ' (see --help)'}"

    def flags(self) -> list[str]:
        """All flags, the long ones only."""
        names = (name for action in self._actions for name in action.option_strings)
        return [name for name in names if name.startswith("--")]

    def _print_message(self, message: str, file: Any = None) -> None:
        """Help and version, where a stream cannot carry them as they are, too."""
        if message and file is not sys.stderr:
            say(message)


def flags_for_settings() -> list[Option]:
    """The options that have a flag."""
    return [option for option in OPTIONS if option.flag]


# What a run watches. A pid is another process after the next login; tokens have no flag.
_AT_LOGIN = (
    *("url", "mode", "interval_s", "match", "tmp_dir", "exporter.listen"),
    *("fleet.prometheus", "fleet.alertmanager", "fleet.selector"),
)
# A quick test would end 30 s after the login.
_PRESETS_AT_LOGIN = [preset for preset in FLAGGED if PRESETS[preset].duration_s is None]


def login_flags(
    flags: Mapping[str, Any], config: Path | None, urls: Sequence[ServerAddress] = ()
) -> tuple[str, ...]:
    """The flags of this run that start at login keeps: those that say what it watches.

    ``flags`` are the settings that they have set, by field, ``urls`` all addresses.
    """
    kept = [
        f"{option.flag}={_as_text(value)}"
        for option in flags_for_settings()
        if option.key in _AT_LOGIN and option.field in flags
        for value in (urls if option.key == "url" else (flags[option.field],))
    ]
    if config is not None:
        kept.append(f"--config={config.expanduser().absolute()}")
    if flags.get("preset") in _PRESETS_AT_LOGIN:
        kept.insert(0, f"--{flags['preset']}")
    return tuple(kept)


def _as_text(value: object) -> str:
    """A setting's value as its flag takes it; a URL without a password."""
    if isinstance(value, ServerAddress):
        return public_url(value)
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def _reader(option: Option) -> Any:
    def convert(text: str) -> Any:
        try:
            return read(option.key, text)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"{error}{given(option.key, text)}") from None

    return convert


def _or_alone(option: Option) -> dict[str, Any]:
    """For a flag that may stand without a value."""
    return {"nargs": "?", "const": read(option.key, option.alone)} if option.alone else {}


def _since(text: str) -> float:
    try:
        return since_s(text, clock.now().wall_s)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{error} (given: {text})") from None


def _incident(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= INCIDENTS_KEPT:
        raise argparse.ArgumentTypeError(f"must be from 1 to {INCIDENTS_KEPT} (given: {text})")
    return int(text)


def _shell(name: str) -> str:
    if name not in SHELLS:
        raise argparse.ArgumentTypeError(f"must be one of {', '.join(SHELLS)} (given: {name})")
    return name


def make_parser() -> argparse.ArgumentParser:
    """The parser; a mistake is one line on standard error and exit status 2."""
    parser = _Parser(
        prog=APP_ID,
        usage="%(prog)s [options]",
        description="The memory of a RunAnalyze server, in the system tray.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        add_help=False,
    )
    presets = parser.add_argument_group("presets").add_mutually_exclusive_group()
    for preset in FLAGGED:
        flag = {"dest": "preset", "action": "store_const", "const": preset}
        presets.add_argument(f"--{preset}", help=PRESET_HELP[preset], **flag)  # type: ignore[arg-type]
    settings = parser.add_argument_group("settings")
    one_of = settings.add_mutually_exclusive_group()
    for option in flags_for_settings():
        metavar = option.metavar or f"{{{','.join(option.kind.choices)}}}"
        shown = "" if option.example else f" (default: {default(option).strip(chr(34))})"
        group = one_of if any(option.key in keys for keys in EXCLUSIVE) else settings
        if option.is_switch:
            group.add_argument(
                *filter(None, (option.flag, option.alias)),
                action="store_const",
                const=True,
                dest=option.field,
                help=option.help,
            )
            continue
        group.add_argument(
            option.flag,
            action="append" if option.key == "url" else "store",
            type=_reader(option),
            dest=option.field,
            metavar=metavar,
            help=option.help.replace("%", "%%") + shown,
            **_or_alone(option),
        )
    settings.add_argument("--config", type=Path, metavar="FILE", help="Use this config file.")
    view = parser.add_argument_group("output (default: an icon in the panel)")
    view.add_argument("--console", action="store_true", help="Show the figures in this terminal.")
    view.add_argument("--json", action="store_true", help="Print one JSON object per sample.")
    view.add_argument(
        "--once",
        action="store_true",
        help="Print one sample and exit (status 3 if there is no reading).",
    )
    view.add_argument(
        "--headless",
        action="store_true",
        help="Show nothing: serve the metrics (--exporter), and log.",
    )
    view.add_argument("--demo", action="store_true", help="Watch a simulated server.")
    view.add_argument("-v", "--verbose", action="store_true", help="Log more, and show --details.")
    tasks = parser.add_argument_group("tasks (run one and exit)")
    once = tasks.add_mutually_exclusive_group()
    once.add_argument(
        "--doctor",
        action="store_true",
        help="Diagnose this installation (status 1 if something needs fixing).",
    )
    once.add_argument(
        "--init-config",
        action="store_true",
        help="Write a commented config file (never overwrites one).",
    )
    once.add_argument(
        "--install-desktop-entry",
        action="store_true",
        help="Add the program to the application menu (Linux) or the start menu (Windows).",
    )
    once.add_argument(
        "--uninstall-desktop-entry", action="store_true", help="Remove the menu entry and its icon."
    )
    once.add_argument(
        "--completion",
        type=_shell,
        metavar=f"{{{','.join(SHELLS)}}}",
        help="Print a completion script for this shell.",
    )
    once.add_argument(
        "--export",
        choices=("csv", "json", "openmetrics"),
        metavar="{csv,json,openmetrics}",
        help="Write the server's history as CSV, JSON lines or OpenMetrics.",
    )
    once.add_argument(
        "--report",
        type=Path,
        nargs="?",
        const=Path(f"{APP_ID}.html"),
        metavar="FILE",
        help=f"Write the server's history as a page for a browser (default: {APP_ID}.html).",
    )
    once.add_argument(
        "--incident",
        type=_incident,
        nargs="?",
        const=-1,
        metavar="N",
        help=f"List the incidents, or write one as a page (default: {APP_ID}-incident.html;"
        " with --json: print it).",
    )
    once.add_argument(
        "--forget",
        action="store_true",
        help="Delete the server's history, after asking (--yes: without).",
    )
    tasks.add_argument("--yes", action="store_true", help="With --forget: do not ask.")
    history = parser.add_argument_group("with --export (--since: also with --report)")
    history.add_argument(
        "--what",
        choices=tuple(KINDS),
        metavar=f"{{{','.join(KINDS)}}}",
        help="What to write (default: samples, which are kept for a day).",
    )
    history.add_argument(
        "--since",
        type=_since,
        metavar="WHEN",
        help=f"Only from then on: {MOMENTS}.",
    )
    history.add_argument(
        "--output", type=Path, metavar="FILE", help="Write to this file; -o is short for it."
    )
    # Apart from its long form: Python 3.13 writes both in another way than 3.11.
    history.add_argument("-o", type=Path, dest="output", help=argparse.SUPPRESS)
    tasks.add_argument("-h", "--help", action="help", help="Show this help.")
    tasks.add_argument(
        "--version", action="version", version=f"{APP_ID} {__version__}", help="Show the version."
    )
    return parser
