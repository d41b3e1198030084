"""Where the platform keeps this program's files: the only importer of ``platformdirs``."""

from __future__ import annotations

from importlib import resources
from pathlib import Path

from platformdirs import PlatformDirs

APP_ID = "runanalyze-tray"
_dirs = PlatformDirs(APP_ID, appauthor=False)


def config_file() -> Path:
    """The user's ``config.toml``."""
    return Path(_dirs.user_config_dir, "config.toml")


def state_file() -> Path:
    """What the app remembers."""
    return Path(_dirs.user_state_dir, "state.json")


def app_icon() -> str:
    """The app's picture as a file, for notifications."""
    return str(resources.files("tray_app.assets").joinpath(f"{APP_ID}.png"))
