"""The log file: small, kept to two pieces, and only there when there is something to say.

The standard library's rotating handler imports sockets and pickling; these few lines do not.
"""

from __future__ import annotations

import logging
from pathlib import Path

MAX_BYTES = 256 * 1024
FORMAT = "%(asctime)s %(levelname)s %(message)s"


class Journal(logging.FileHandler):
    """Logs to ``path``, made with its folder at the first line; beyond `MAX_BYTES` what was
    written becomes ``path`` with ``.1`` added, in the place of what was there.

    A disk that refuses is passed over in silence: there is nowhere else to say it, and a log
    must not stop what it tells of.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, encoding="utf-8", delay=True)
        self.setFormatter(logging.Formatter(FORMAT))

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        path = Path(self.baseFilename)
        try:
            if self.stream is None:
                path.parent.mkdir(parents=True, exist_ok=True)
                self.stream = self._open()
            if self.stream.tell() > MAX_BYTES:
                self.close_file()
                path.replace(path.with_name(f"{path.name}.1"))
                self.stream = self._open()
            super().emit(record)
        except OSError:
            self.close_file()

    def handleError(self, record: logging.LogRecord) -> None:
        """Nothing: see the class."""

    def close_file(self) -> None:
        """Close what is open; the next line opens it again."""
        if self.stream is not None:
            stream, self.stream = self.stream, None
            stream.close()
