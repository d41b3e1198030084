"""Recognises a server by its command line. It reads tokens, so `vim main.py` is not a server.

Recorded from real processes: the interpreter is the first token and the script the second;
shells, ``uv run`` and the like only wrap a server that is their child, and multiprocessing's
children carry ``-c``: none of them is a server command.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from msgspec import Struct

from tray_app import APP_ID

_PYTHON = re.compile(r"(?:python|pypy)[\d.]*[dtw]?(?:\.exe)?", re.IGNORECASE)
_SERVERS = frozenset({"uvicorn", "gunicorn", "hypercorn", "fastapi"})
# Windows' launchers: uvicorn.exe, or uvicorn-script.py given to python.
_LAUNCHER_SUFFIX = re.compile(r"(?:-script\.pyw?|\.exe)$", re.IGNORECASE)
_OPTIONS_WITH_VALUE = "WX"
_BIND_OPTIONS = ("-b", "--bind")
# The titles that setproctitle gives gunicorn's processes, as one token or several.
_GUNICORN_TITLE = re.compile(r"gunicorn: (?:master|worker) \[(.+)\]")
_APP = re.compile(r"[A-Za-z_][\w./\\]*:[A-Za-z_]\w*(?:\(\))?")


class ServerCommand(Struct, frozen=True):
    """A command line that starts a server.

    ``program`` is its usual name ("uvicorn", "fastapi run", "python"), ``app`` the served app
    ("main:app", "main.py") if known, ``ports`` the TCP ports it states (often none).
    """

    program: str
    app: str | None
    ports: frozenset[int]

    @property
    def phrase(self) -> str:
        """For people: "uvicorn main:app"."""
        return f"{self.program} {self.app}" if self.app else self.program


class _Launch(Struct, frozen=True):
    """The program, script or module, after the interpreter and its options."""

    name: str
    args: tuple[str, ...]
    by_python: bool = False
    is_module: bool = False


def is_python(cmdline: tuple[str, ...]) -> bool:
    """Whether an interpreter runs it (a script's own name hides that: "uvicorn")."""
    return bool(cmdline) and _PYTHON.fullmatch(_basename(cmdline[0])) is not None


def may_be_server(name: str) -> bool:
    """Whether a process of this name may be a server or its worker: an interpreter, a launcher, or
    a name set by setproctitle."""
    program = name.lower().partition(":")[0].removesuffix(".exe")
    return _PYTHON.fullmatch(program) is not None or program in _SERVERS


def is_this_program(cmdline: tuple[str, ...]) -> bool:
    """Whether it is a runanalyze-tray, by its command or as ``python -m tray_app``."""
    launch = _launch(cmdline)
    if launch is None:
        return False
    if launch.is_module:
        return launch.name.partition(".")[0] == "tray_app"
    # On Windows the one with a "w" has no console window.
    return _program(launch.name) in (APP_ID, f"{APP_ID}w") or (
        launch.by_python and re.split(r"[/\\]", launch.name)[-2:] == ["tray_app", "__main__.py"]
    )


def program_name(cmdline: tuple[str, ...]) -> str:
    """The script or module, not its interpreter, in lower case; or ""."""
    launch = _launch(cmdline)
    return _program(launch.name) if launch else ""


def what_runs(cmdline: tuple[str, ...]) -> str:
    """What an interpreter runs, in short: ``uvicorn main:app``, ``video/main.py``, ``-m pytest``.

    Empty for another program. Never an argument: it may be a secret.
    """
    if not is_python(cmdline):
        return ""
    server, launch = server_command(cmdline), _launch(cmdline)
    if server is not None and server.program in _SERVERS:
        return server.phrase
    if launch is None:
        return "-c" if len(cmdline) > 1 else ""
    if launch.is_module:
        return f"-m {launch.name}"
    return "/".join(re.split(r"[/\\]", launch.name)[-2:]).lstrip("/")


def only_launches(parent: tuple[str, ...], child: tuple[str, ...]) -> bool:
    """Whether the parent started the child only to run the same command.

    On Windows a venv's python.exe starts the real one, and uvicorn.exe starts python.exe with
    itself as the script: ``uvicorn.exe main:app`` > ``python.exe uvicorn.exe main:app``.
    """
    one, other = _launch(parent), _launch(child)
    return (
        one is not None
        and other is not None
        and (_program(one.name), one.args, one.is_module)
        == (_program(other.name), other.args, other.is_module)
    )


def server_command(cmdline: tuple[str, ...]) -> ServerCommand | None:
    """The server that a command line starts, or None if it starts something else."""
    title = _GUNICORN_TITLE.match(" ".join(cmdline))
    if title:
        return ServerCommand("gunicorn", title[1], frozenset())
    launch = _launch(cmdline)
    if launch is None:
        return None
    args = launch.args
    if launch.is_module:
        program = launch.name.partition(".")[0]
    elif launch.by_python and _basename(launch.name) == "main.py":
        return ServerCommand("python", "main.py", frozenset(_ports(args)))
    else:
        program = _program(launch.name)
    if program not in _SERVERS:
        return None
    if program == "fastapi":
        if not args or args[0] not in ("run", "dev"):
            return None
        app = next((arg for arg in args[1:] if arg.endswith(".py")), None)
        return ServerCommand(f"fastapi {args[0]}", app, frozenset(_ports(args)))
    app = next((arg for arg in args if _APP.fullmatch(arg)), None)
    return ServerCommand(program, app, frozenset(_ports(args)))


def _basename(path: str) -> str:
    return re.split(r"[/\\]", path)[-1]


def _program(path: str) -> str:
    return _LAUNCHER_SUFFIX.sub("", _basename(path)).lower()


def _launch(cmdline: tuple[str, ...]) -> _Launch | None:
    """None for an interpreter that runs ``-c`` code or nothing."""
    if not is_python(cmdline):
        return _Launch(cmdline[0], cmdline[1:]) if cmdline else None
    tokens = iter(enumerate(cmdline[1:], start=2))
    for following, token in tokens:
        if not token.startswith("-"):
            return _Launch(token, cmdline[following:], by_python=True)
        if token.startswith("--"):
            if token == "--check-hash-based-pycs":
                next(tokens, None)
            continue
        # One-letter options may stand together: -Bm uvicorn.
        for position, letter in enumerate(token[1:], start=2):
            value = token[position:]
            if letter == "c":
                return None
            if letter == "m":
                module, rest = (value, following) if value else ("", following + 1)
                module = module or "".join(cmdline[following : following + 1])
                return _Launch(module, cmdline[rest:], by_python=True, is_module=True)
            if letter in _OPTIONS_WITH_VALUE:
                if not value:
                    next(tokens, None)
                break
    return None


def _ports(args: tuple[str, ...]) -> Iterator[int]:
    for arg, following in pairwise((*args, "")):
        option, equals, value = arg.partition("=")
        value = value if equals else following
        if option.startswith("-b") and option != "-b":
            option, value = "-b", arg[2:]  # -b127.0.0.1:8000, as gunicorn takes it too
        if option in _BIND_OPTIONS:
            value = "" if value.startswith(("unix:", "fd:")) else value.rpartition(":")[2]
        elif option != "--port":
            continue
        if value.isdecimal() and len(value) <= 5 and int(value) <= 0xFFFF:
            yield int(value)
