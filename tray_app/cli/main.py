"""The entry point: command line in, exit status out. Mistakes are one line and status 2."""

from __future__ import annotations

import argparse
import atexit
import logging
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tray_app import APP_ID
from tray_app.cli.parser import (
    OF_ENGINE,
    TASKS,
    contradiction,
    flags_for_settings,
    login_flags,
    make_parser,
)
from tray_app.core.config import options, template
from tray_app.core.config.mistake import Mistake
from tray_app.core.config.parse import ConfigError
from tray_app.core.config.settings import RememberedChoices, Settings, for_demo, resolve
from tray_app.core.model.presets import Preset
from tray_app.core.model.server_address import ServerAddress
from tray_app.core.presentation import program_text
from tray_app.runtime.watched_servers import Watched, watched
from tray_app.views.terminal import streams

if TYPE_CHECKING:
    from tray_app.app import Invocation, View
    from tray_app.runtime.config_file import ConfigFile


CHOICES_SHOWN = 5
"""Servers that a refusal offers."""
OF_ONE_SERVER = ("pid", "match", "tmp_dir")
"""Settings whose flag is about one server."""


def _do_one_thing(given: argparse.Namespace, parser: argparse.ArgumentParser) -> int | None:
    """Runs a flag that replaces monitoring; None: no such flag was given."""
    from tray_app.desktop import paths

    try:
        if given.completion:
            from tray_app.cli import completion

            streams.write(sys.stdout, completion.script(given.completion, parser))
        elif given.init_config:
            from tray_app.sources.file_owner import write_file

            path = given.config or paths.config_file()
            text = template.commented_config().encode()
            write_file(path, text, mode=0o600, replace=False)  # it may hold a token later
            streams.say(f"{APP_ID}: wrote {path}")
        elif given.install_desktop_entry or given.uninstall_desktop_entry:
            if sys.platform == "darwin":
                parser.error("desktop entries are for Linux and Windows")
            done = _menu_entry(installed=given.install_desktop_entry)
            verb = "wrote" if given.install_desktop_entry else "removed"
            told = [f"{verb} {path}" for path in done] or ["nothing to remove"]
            streams.say("\n".join(f"{APP_ID}: {line}" for line in told))
        else:
            return None
    except FileExistsError as error:
        parser.error(f"{error.filename} already exists; it was not changed")
    except OSError as error:
        from tray_app.runtime.config_file import why

        parser.error(f"{error.filename}: {why(error)}")
    return 0


def _menu_entry(*, installed: bool) -> list[Path]:
    """Write or remove what the menu of programs needs; returns the files. :raises OSError: it
    fails"""
    if sys.platform == "win32":
        from tray_app.desktop.windows import start_menu as menu
    else:
        from tray_app.desktop import desktop_entry as menu
    return menu.install() if installed else menu.uninstall()


def _log_to(
    parser: argparse.ArgumentParser,
    file: Path | None,
    *,
    is_flag: bool,
    level: int,
    default: Path | None,
) -> None:
    """Log to standard error, and to ``file`` or else ``default``. ``default`` always gets failures
    and recoveries, whatever the terminal shows."""
    from tray_app.runtime.config_file import why
    from tray_app.runtime.log_file import LogFileHandler, PlainFormatter, TerminalLog

    to_terminal = TerminalLog()
    to_terminal.setLevel(level)
    to_terminal.setFormatter(PlainFormatter())
    handlers: list[logging.Handler] = [to_terminal]
    lowest = level
    if file:
        try:
            LogFileHandler(file).touch()
        except OSError as error:
            # In a flag this is a mistake; with a wrong config value the rest still works.
            missing = isinstance(error, FileNotFoundError)
            wrong = f"{file}: {'its directory does not exist' if missing else why(error)}"
            if is_flag:
                parser.error(f"--log-file: {wrong}")
            streams.complain(f"log_file: {wrong}")
            file = None
    if file:
        handlers.append(LogFileHandler(file))
    elif default:
        handlers.append(LogFileHandler(default))
        lowest = min(level, logging.INFO)
    logging.basicConfig(level=lowest, handlers=handlers)
    # Each line is flushed at once. Waiting for a hanging disk at the end would only delay the exit.
    atexit.unregister(logging.shutdown)
    # Library warnings are for developers: they go to our log, not to the session's.
    logging.captureWarnings(True)
    to_terminal.addFilter(lambda record: level < logging.INFO or record.name != "py.warnings")
    # urllib3 warns of each malformed header; the reading already names the problem.
    logging.getLogger("urllib3").setLevel(logging.ERROR)
    for noisy in ("PIL", "asyncio", "dbus_fast"):
        logging.getLogger(noisy).setLevel(max(level, logging.INFO))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program; the exit status (2: bad input, or output that cannot be written)."""
    streams.mend()
    logging.raiseExceptions = False  # a full disk below standard error is nothing to trace
    try:
        status = _run(arguments)
    except SystemExit as ended:
        if ended.code:
            _show_unseen()
        raise
    except Exception as error:
        _show_unseen(f"failed: {type(error).__name__}: {error}")
        raise
    if status:
        _show_unseen()
    return status


def _show_unseen(*more: str) -> None:
    """Errors of a program that was started without a console (Windows) come in a window."""
    unseen = streams.unseen()
    if unseen is not None and (lines := [*unseen, *more]):
        from tray_app.desktop.windows.winapi import message_box

        message_box(APP_ID, "\n".join(lines))


def _run(arguments: Sequence[str] | None) -> int:
    try:
        return _main(arguments)
    except streams.OutputClosed:
        return 0
    except streams.OutputFailed as error:
        streams.complain(program_text.output_failed(str(error)))
        return streams.STATUS_FAILED


def _main(arguments: Sequence[str] | None) -> int:
    parser = make_parser()
    given = parser.parse_args(arguments)
    if words := contradiction(given):
        parser.error(words)
    if (status := _do_one_thing(given, parser)) is not None:
        return status

    from tray_app.desktop import paths
    from tray_app.runtime import state_file as runtime_state_file

    config, base, mistakes = _read_config(given, parser)
    flags = _setting_flags(given, parser)
    urls: list[ServerAddress] = flags.pop("address", [])
    in_tray = not any((given.json, given.console, given.once, given.demo, given.headless))
    engine = _engine(flags, base, parser, here=not in_tray or bool(urls))
    servers = () if any((given.demo, engine)) else watched(urls, config.servers)
    _refuse_several(given, flags, servers, parser)
    if len(servers) == 1:
        config, base = servers[0].config(config)
    if urls:
        flags["address"] = urls[0]
    state_file = _state_file(engine) if in_tray else None
    remembered = runtime_state_file.read_choice(state_file) if state_file else RememberedChoices()
    if given.demo:
        base = for_demo(base)
    settings = resolve(base, remembered, flags)

    _log_to(
        parser,
        Path(settings.log_file) if settings.log_file else None,
        is_flag="log_file" in flags,
        level=_log_level(given),
        default=paths.log_file() if in_tray else None,
    )
    if given.doctor:
        from tray_app.cli import doctor

        return doctor.run(
            *(settings, config.path, mistakes, _of_each(servers, base, config, flags)),
            engine=engine is not None,
        )
    if (status := _do_with_history(given, settings, parser)) is not None:
        return status

    from tray_app.runtime.gc_pause import gc_paused

    with gc_paused():
        from tray_app import app

    invocation = app.Invocation(
        base=base,
        settings=settings,
        view=_view(given),
        once=given.once,
        demo=given.demo,
        remembered=remembered,
        state_file=state_file,
        config=config,
        mistakes=mistakes,
        flags=flags,
        login_flags=login_flags(flags, given.config, urls),
        engine=engine,
    )
    return app.run(_with_list(invocation, servers, urls, in_tray=in_tray))


def _with_list(
    invocation: Invocation,
    servers: Sequence[Watched],
    urls: Sequence[ServerAddress],
    *,
    in_tray: bool,
) -> Invocation:
    """The run of several servers, where there are several. Without an icon a list of one counts,
    too, because it may grow; an icon that begins with one server stays that of one."""
    from tray_app import app

    flags = invocation.flags or {}
    # A flag that names a process means that of one server.
    lists = not urls and not any(flags.get(name) for name in OF_ONE_SERVER)
    least = 2 if in_tray or not lists else 1
    if len(servers) < least:
        return invocation
    return app.of_several(invocation, servers, lists=lists)


def _engine(
    flags: Mapping[str, Any], base: Settings, parser: argparse.ArgumentParser, *, here: bool
) -> ServerAddress | None:
    """The Prometheus whose servers are shown; None: servers are read ``here``, as other flags may
    want."""
    engine: ServerAddress | None = flags.get("prometheus", None if here else base.prometheus)
    flag = next((each for each in OF_ENGINE if each in flags), None)
    if engine is None and flag is not None:
        parser.error(f"--{flag}: needs --prometheus")
    return engine


def _state_file(engine: ServerAddress | None) -> Path:
    """Where a run with an icon keeps what it remembers: of an engine apart from other servers."""
    from tray_app.desktop import paths
    from tray_app.runtime.state_file import of_server

    path = paths.state_file()
    return of_server(path, f"prometheus {engine.identity}") if engine else path


def _refuse_several(
    given: argparse.Namespace,
    flags: Mapping[str, Any],
    servers: Sequence[Watched],
    parser: argparse.ArgumentParser,
) -> None:
    """Refuse flags that are about one server where several are watched."""
    asked = {name: getattr(given, name) for name in TASKS if name != "doctor"}
    asked |= {name: flags.get(name) for name in OF_ONE_SERVER}
    alone = next((name for name, value in asked.items() if value), None)
    if alone is not None and len(servers) > 1:
        shown = [f"--url {each.shown} ({each.name})" for each in servers[:CHOICES_SHOWN]]
        more = len(servers) - len(shown)
        others = f", and {more} more" if more else ""
        flag = f"--{alone.replace('_', '-')}"
        parser.error(f"{flag}: is for one server; choose one: {', '.join(shown)}{others}")


def _of_each(
    servers: Sequence[Watched], base: Settings, config: ConfigFile, flags: Mapping[str, Any]
) -> tuple[Settings, ...]:
    """The settings of each of several servers; none where there is only one."""
    from tray_app.app import Invocation
    from tray_app.app.servers import several

    common = Invocation(base, base, config=config, flags=flags)
    return tuple(each.settings for each in several(common, servers)) if len(servers) > 1 else ()


def _view(given: argparse.Namespace) -> View:
    from tray_app.app import View

    if given.headless:
        return View.HEADLESS
    if given.json:
        return View.JSON
    return View.CONSOLE if given.console or given.once else View.TRAY


def _do_with_history(
    given: argparse.Namespace, settings: Settings, parser: argparse.ArgumentParser
) -> int | None:
    """Runs a flag that is about what was recorded; None: no such flag was given."""
    if any((given.export, given.report, given.incident)):
        return _history(given, settings, parser)
    return _forget(settings, parser, sure=given.yes) if given.forget else None


def _forget(settings: Settings, parser: argparse.ArgumentParser, *, sure: bool) -> int:
    """Delete the history of the server at the address of this run."""
    from tray_app.cli import forget
    from tray_app.desktop import paths
    from tray_app.runtime.config_file import why

    path = paths.history_file(settings.address.identity)
    try:
        return forget.run(path, settings.address.shown, sure=sure)
    except forget.UnansweredError as error:
        parser.error(f"--forget: needs --yes where nobody can answer. {error}")
    except OSError as error:
        parser.error(f"{error.filename or path}: {why(error)}")


def _history(given: argparse.Namespace, settings: Settings, parser: argparse.ArgumentParser) -> int:
    """Write the history of the server at the address of this run: its rows, or the page."""
    from tray_app.cli import export, incident, report
    from tray_app.core.presentation import history_text
    from tray_app.desktop import paths
    from tray_app.history.database import FAILURES
    from tray_app.history.export import Selection
    from tray_app.runtime import clock
    from tray_app.runtime.config_file import why

    path = paths.history_file(settings.address.identity)
    if not path.is_file():
        others = list(paths.histories().values())
        parser.error(history_text.no_history(settings.address.shown, path, others))
    rows = Selection(
        path=path,
        server=settings.address.shown,
        label=settings.address.label,
        what=given.what or "samples",
        from_s=given.since or 0.0,
        to_s=clock.now().wall_s + 1.0,
    )
    try:
        if given.incident:
            return incident.run(
                *(path, settings, given.incident),
                as_json=given.json,
                output=given.output or Path(f"{APP_ID}-incident.html"),
                now_s=rows.to_s,
            )
        if given.report:
            return report.run(rows, settings, given.report)
        return export.run(rows, given.export, given.output)
    except ValueError as error:
        parser.error(str(error))
    except OSError as error:
        parser.error(f"{error.filename or path}: {why(error)}")
    except FAILURES as error:
        parser.error(f"{path}: {error}")


def _read_config(
    given: argparse.Namespace, parser: argparse.ArgumentParser
) -> tuple[ConfigFile, Settings, tuple[Mistake, ...]]:
    """The config file, what it and the environment set, and what of that could not be used."""
    from tray_app.desktop import paths
    from tray_app.runtime.config_file import ConfigFile, why

    config = ConfigFile(given.config or paths.config_file(), os.environ)
    try:
        base, mistakes = config.read(required=given.config is not None)
    except ConfigError as error:
        parser.error(f"{config.path}:{error.line}: {error}")
    except (OSError, ValueError) as error:
        parser.error(f"--config: {config.path}: {why(error)}")
    for mistake in mistakes:
        streams.complain(str(mistake))
    return config, base, tuple(mistakes)


def _setting_flags(given: argparse.Namespace, parser: argparse.ArgumentParser) -> dict[str, Any]:
    """The settings that flags give, by field; paths are whole."""
    from tray_app.runtime.config_file import whole

    flags: dict[str, Any] = {
        name: value
        for name in ("preset", *(option.field for option in flags_for_settings()))
        if (value := getattr(given, name)) is not None
    }
    if given.verbose:
        flags.setdefault("details", True)
    for option in flags_for_settings():
        if option.key in options.PATHS and option.field in flags:
            try:
                flags[option.field] = whole(flags[option.field])
            except ValueError as error:
                parser.error(f"{option.flag}: {flags[option.field]} {error}")
    return flags


def _log_level(given: argparse.Namespace) -> int:
    if given.preset is Preset.DEBUG:
        return logging.DEBUG
    return logging.INFO if given.verbose or given.headless else logging.WARNING
