"""Where the platform keeps this program's files: the only importer of ``platformdirs``.

platformdirs costs 5 ms at the start, and the tray in process-only mode 0.4 MB of memory: 1.7 MB in
an interpreter of its own, of which the tray loads most anyway (tempfile, shutil).
"""

from __future__ import annotations

import os
import re
import sys
import zlib
from importlib import import_module
from pathlib import Path

from platformdirs import PlatformDirs

from tray_app import APP_ID
from tray_app.sources.file_owner import is_anothers

# Files that the program writes unasked: root's go here, in its own home.
_OF_ROOT = {"state": f".local/state/{APP_ID}", "log": f".local/state/{APP_ID}/log"}
# Without a home the program runs without files: nothing exists here, and nothing can be created.
_NOWHERE = Path(os.devnull)


def _folder(kind: str) -> Path:
    """This program's folder of one kind: config, state, log or data."""
    try:
        folder = Path(getattr(PlatformDirs(APP_ID, appauthor=False), f"user_{kind}_dir"))
    except RuntimeError:
        folder = _NOWHERE / APP_ID
    if kind in _OF_ROOT and is_anothers(folder):
        return _own_home() / _OF_ROOT[kind]
    return folder


def home() -> Path:
    """The user's home; if unknown, a path that no file can have."""
    is_told = sys.platform == "win32" or Path(os.environ.get("HOME", "")).is_absolute()
    return Path.home() if is_told else _own_home()


def _own_home() -> Path:
    """The home of the user who runs this, whatever the environment says (``sudo -E``)."""
    try:
        if sys.platform == "win32":
            return Path.home()
        import pwd

        return Path(pwd.getpwuid(os.geteuid()).pw_dir)
    except (KeyError, RuntimeError):
        return _NOWHERE


def config_file() -> Path:
    """The user's ``config.toml``."""
    return _folder("config") / "config.toml"


def state_file() -> Path:
    """The file of remembered choices."""
    return _folder("state") / "state.json"


def log_file() -> Path:
    """Where the tray logs."""
    return _folder("log") / f"{APP_ID}.log"


def history_file(server: str) -> Path:
    """The history of this server, by its identity: the same however its address is spelled."""
    return _history_folder() / _history_name(server)


def histories() -> dict[Path, str | None]:
    """All histories, with the identity of their servers where the file's name tells it."""
    folder = _history_folder()
    files = sorted(folder.glob("*.sqlite3")) if folder.is_dir() else []
    return {each: _server_of(each.name) for each in files if ".unusable-" not in each.name}


def _server_of(name: str) -> str | None:
    """``localhost_8000-fbe4fc3a.sqlite3``: ``localhost:8000``. The checksum proves the guess."""
    if told := re.fullmatch(r"(.+)_([0-9]+)((?:_[^_]+)*)-[0-9a-f]{8}\.sqlite3", name):
        server = f"{told[1]}:{told[2]}{told[3].replace('_', '/')}"
        return server if _history_name(server) == name else None
    return None


def _history_name(server: str) -> str:
    readable = "".join(char if char.isalnum() or char in ".-" else "_" for char in server)
    return f"{readable[:40]}-{zlib.crc32(server.encode()):08x}.sqlite3"


def _history_folder() -> Path:
    folder = _folder("data")
    if is_anothers(folder):
        folder = _own_home() / ".local/share" / APP_ID
    return folder / "history"


def runtime_dir() -> Path:
    """The folder of a running instance's lock: per user, on Linux removed with the session."""
    session = Path(os.environ.get("XDG_RUNTIME_DIR", ""))
    usable = session.is_absolute() and not is_anothers(session)
    return session / APP_ID if usable else state_file().parent


def config_home() -> Path:
    """The folder that holds this program's and all other programs' configuration."""
    return config_file().parent.parent


def start_menu() -> Path:
    """The user's folder of programs in the start menu (Windows)."""
    roaming = os.environ.get("APPDATA") or str(home() / "AppData" / "Roaming")
    return Path(roaming, "Microsoft", "Windows", "Start Menu", "Programs")


def data_home() -> Path:
    """The folder where launchers find desktop entries and icons (Linux)."""
    return _folder("data").parent


def documents() -> Path:
    """Where the user keeps documents; the home where there is no such folder."""
    try:
        folder = Path(PlatformDirs().user_documents_dir)
    except RuntimeError:
        folder = _NOWHERE
    return folder if folder.is_dir() and not is_anothers(folder) else home()


def app_icon() -> str:
    """The app's picture as a file, for notifications."""
    # importlib.resources would cost 5 ms: it knows archives, too.
    assets = import_module("tray_app.assets")
    return str(Path(assets.__path__[0], f"{APP_ID}.png"))


def help_page() -> str:
    """The troubleshooting page as a file, for the browser."""
    assets = import_module("tray_app.assets")
    return str(Path(assets.__path__[0], "troubleshooting.html"))


def _is_frozen() -> bool:
    """Whether this is a folder that PyInstaller made, whose executable is no Python."""
    return bool(getattr(sys, "frozen", False))


def console_program() -> list[str]:
    """The command that starts this program with its output here, in the same environment."""
    python = Path(sys.executable)
    if not _is_frozen():
        return [str(python), "-m", "tray_app"]
    script = python.with_name(APP_ID + python.suffix)
    return [str(script if script.is_file() else python)]


def program() -> list[str]:
    """The command that starts this program again, from anywhere, in the same environment.

    The script that pip made is beside the interpreter; without it (a checkout that was not
    installed) Python runs the package. On Windows it is the script, or the Python, that opens no
    console window. A frozen program has no Python: it starts the program beside it, or itself.
    """
    python = Path(sys.executable)
    script = python.with_name(f"{APP_ID}w.exe" if sys.platform == "win32" else APP_ID)
    if script.is_file():
        return [str(script)]
    if _is_frozen():
        return [str(python)]
    windowless = python.with_name("pythonw.exe")
    is_there = sys.platform == "win32" and windowless.is_file()
    return [str(windowless if is_there else python), "-m", "tray_app"]
