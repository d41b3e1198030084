"""Command line in, exit status out. Every mistake is one line on stderr and status 2."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

from tray_app import __version__
from tray_app.core import settings as checked
from tray_app.core.modes import Mode, Preset
from tray_app.core.settings import Choice, ConfigError, Settings
from tray_app.core.values import replace

PROGRAM = "runanalyze-tray"
EPILOG = """\
presets: standard 2 s · quick 2 s for 30 s, then a summary · heavy 3 s, patient with the API
         debug 1 s with process details · fallback 2 s, processes only
         an explicit flag beats what a preset sets

examples: runanalyze-tray                          the icon in the panel
          runanalyze-tray --demo                   see every colour without a server
          runanalyze-tray --quick --console        measure for 30 s in the terminal
          runanalyze-tray --once --json            one reading for another program
"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(2, f"{PROGRAM}: {message.removeprefix('argument ')}\n")


def _checked(key: str, *, number: bool = False) -> Any:
    def convert(text: str) -> Any:
        try:
            value = float(text) if number else text
        except ValueError:
            raise argparse.ArgumentTypeError(f"must be a number, not {text!r}") from None
        try:
            return checked.check(key, value)
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"{error} (given: {text})") from None

    return convert


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(
        prog=PROGRAM,
        description="The memory of a RunAnalyze server, in the system tray.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    presets = parser.add_mutually_exclusive_group()
    for preset in (Preset.QUICK, Preset.HEAVY, Preset.DEBUG, Preset.FALLBACK):
        presets.add_argument(
            f"--{preset}",
            dest="preset",
            action="store_const",
            const=preset,
            help=f"the {preset} preset",
        )
    parser.add_argument(
        "--mode",
        type=_checked("mode"),
        metavar="{auto,api,fallback}",
        help="which sources to use (default: auto)",
    )
    parser.add_argument(
        "--url",
        type=_checked("url"),
        dest="address",
        help="the server's address (default: http://localhost:8000)",
    )
    parser.add_argument(
        "--interval",
        type=_checked("interval_s", number=True),
        dest="interval_s",
        metavar="S",
        help="seconds between samples, 0.2 to 3600 (default: 2)",
    )
    parser.add_argument(
        "--duration",
        type=_checked("duration_s", number=True),
        dest="duration_s",
        metavar="S",
        help="end after so many seconds with a summary",
    )
    chosen = parser.add_mutually_exclusive_group()
    chosen.add_argument(
        "--pid", type=_checked("pid"), metavar="PID", help="watch this process and its children"
    )
    chosen.add_argument(
        "--match",
        type=_checked("match"),
        metavar="REGEX",
        help="watch the process whose command line has this in it",
    )
    parser.add_argument(
        "--tmp-dir",
        type=_checked("tmp_dir"),
        dest="tmp_dir",
        metavar="DIR",
        help="the server's temp directory (default: tmp where the server works)",
    )
    parser.add_argument("--console", action="store_true", help="show it in this terminal")
    parser.add_argument("--json", action="store_true", help="one JSON object per sample")
    parser.add_argument("--once", action="store_true", help="print one sample and exit")
    parser.add_argument("--demo", action="store_true", help="watch a scripted server")
    parser.add_argument("--config", type=Path, metavar="FILE", help="another config file")
    parser.add_argument("--log-file", type=Path, metavar="FILE", help="also log to this file")
    parser.add_argument("-v", "--verbose", action="store_true", help="log more")
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    return parser


def _read_config(parser: argparse.ArgumentParser, given: Path | None) -> Settings:
    from tray_app.desktop import paths

    path = given or paths.config_file()
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError:
        if given:
            parser.error(f"--config: {path}: no such file")
        return Settings()
    except (OSError, UnicodeDecodeError) as error:
        reason = "is not UTF-8 text" if isinstance(error, ValueError) else error.strerror
        parser.error(f"--config: {path}: {reason}")
    try:
        values, complaints = checked.parse_config(text)
    except ConfigError as error:
        parser.error(f"{path}:{error.line}: {error}")
    for complaint in complaints:
        print(f"{PROGRAM}: {path}:{complaint.line}: {complaint.text}", file=sys.stderr)
    return checked.from_config(values)


def _log_to(parser: argparse.ArgumentParser, file: Path | None, level: int) -> None:
    logging.basicConfig(
        level=level,
        format="%(asctime)s %(levelname)s %(message)s",
        handlers=[logging.StreamHandler()],
    )
    # urllib3 speaks of each malformed header; the reading already says what was wrong.
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    for noisy in ("PIL", "asyncio", "dbus_fast"):
        logging.getLogger(noisy).setLevel(max(level, logging.INFO))
    if file:
        try:
            handler = logging.FileHandler(file, encoding="utf-8")
        except OSError as error:
            parser.error(f"--log-file: {file}: {error.strerror}")
        handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
        logging.getLogger().addHandler(handler)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; the exit status (2: bad input, nothing was started)."""
    parser = _parser()
    given = parser.parse_args(arguments)
    base = _read_config(parser, given.config)
    debug = given.preset is Preset.DEBUG
    level = logging.DEBUG if debug else logging.INFO if given.verbose else logging.WARNING
    _log_to(parser, given.log_file, level)

    from tray_app import app
    from tray_app.desktop import paths
    from tray_app.runtime import store

    view = app.View.TRAY
    if given.json:
        view = app.View.JSON
    elif given.console or given.once:
        view = app.View.CONSOLE
    flags = {
        key: value
        for key in (
            "preset",
            "mode",
            "address",
            "interval_s",
            "duration_s",
            "pid",
            "match",
            "tmp_dir",
        )
        if (value := getattr(given, key)) is not None
    }
    in_tray = view is app.View.TRAY and not given.demo
    state_file = paths.state_file() if in_tray else None
    remembered = store.read_choice(state_file) if state_file else Choice()
    settings = checked.resolve(base, remembered, flags)
    if given.demo:
        settings = replace(settings, mode=flags.get("mode") or Mode.AUTO)
    if settings.tmp_dir:
        settings = replace(settings, tmp_dir=str(Path(settings.tmp_dir).expanduser().absolute()))
    return app.run(
        app.Invocation(
            base=base,
            settings=settings,
            view=view,
            once=given.once,
            demo=given.demo,
            remembered=remembered,
            state_file=state_file,
        )
    )
