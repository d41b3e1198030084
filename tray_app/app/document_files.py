"""Where the files are that the menu opens.

The demo has copies of its own: it never writes the user's files.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from tray_app.core.config import template
from tray_app.runtime.config_file import text_of
from tray_app.sources.file_owner import write_file

if TYPE_CHECKING:
    from tempfile import TemporaryDirectory

PRIVATE = 0o600
"""They may hold a token."""
DEMO_HEADING = """\
# The demo's copy: the demo has limits of its own, so edits here change nothing.
# Your own settings file stays as it is.

"""
DEMO_LOG = "The demo writes its log to the terminal.\n"


class DocumentFiles(Struct, frozen=True):
    """The files of a run; ``lines_before`` are above the user's own in the settings file."""

    settings: Path
    log: Path
    lines_before: int = 0


class DemoFiles:
    """The demo's files, in a folder that is made at the first use; a log that was set is opened
    itself."""

    def __init__(self, settings_file: Path, log_file: Path | None) -> None:
        self._users = settings_file
        self._log_file = log_file
        self._folder: TemporaryDirectory[str] | None = None

    def __call__(self) -> DocumentFiles:
        """The files, written if they are missing.

        :raises OSError: there is no room for them
        """
        if self._folder is None:
            from tempfile import TemporaryDirectory

            self._folder = TemporaryDirectory(prefix="runanalyze-tray-demo-")
        folder = Path(self._folder.name)
        settings, log = folder / "config.toml", self._log_file or folder / "runanalyze-tray.log"
        for file, text in ((settings, DEMO_HEADING + self._users_text()), (log, DEMO_LOG)):
            with suppress(FileExistsError):
                write_file(file, text.encode(), mode=PRIVATE, replace=False)
        return DocumentFiles(settings, log, DEMO_HEADING.count("\n"))

    def _users_text(self) -> str:
        try:
            return text_of(self._users)
        except (OSError, ValueError):
            return template.commented_config()

    def close(self) -> None:
        """Remove the copies."""
        if self._folder is not None:
            with suppress(OSError):
                self._folder.cleanup()
