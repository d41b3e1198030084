"""Opens the texts that the menu offers: settings file, log, troubleshooting page, report."""

from __future__ import annotations

import logging
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tray_app.core.config import parse, template
from tray_app.core.model.document import Document
from tray_app.desktop import paths
from tray_app.runtime.config_file import text_of, why
from tray_app.sources.file_owner import write_file
from tray_app.worker_thread import WorkerThread

if TYPE_CHECKING:
    from tray_app.desktop.panel_icon import Desktop

_log = logging.getLogger(__name__)

REPORT_LIMIT_S = 60.0
_PRIVATE = 0o600
_NO_WINDOW = getattr(subprocess, "CREATE_NO_WINDOW", 0)

Report = Callable[[str, str, Document], None]
"""Takes a document that could not be opened: its place, and the problem in plain words."""


class Documents:
    """The documents of one run. ``arguments`` are its own, so that the report is about the same
    server."""

    def __init__(
        self,
        desktop: Desktop,
        settings_file: Path,
        log_file: Path,
        arguments: list[str],
        report: Report,
    ) -> None:
        self._desktop = desktop
        self._settings_file = settings_file
        self._log_file = log_file
        self._arguments = arguments
        self._report = report

    def open(self, document: Document, line: int = 0) -> None:
        """Open one; returns at once, and only a problem is reported."""
        match document:
            case Document.SETTINGS | Document.LIMITS:
                self._open_settings(document, line)
            case Document.LOG:
                self._make(self._log_file, b"", document)
                self._edit(self._log_file, document)
            case Document.HELP:
                place = paths.help_page()
                self._desktop.open(place, lambda problem: self._report(place, problem, document))
            case Document.REPORT:
                WorkerThread("report", self._make_report, again=False).start()

    def _open_settings(self, document: Document, line: int) -> None:
        file = self._settings_file
        self._make(file, template.commented_config().encode(), document)
        if document is Document.LIMITS:
            with suppress(OSError, ValueError):
                line = parse.line_of(text_of(file), "alerts")
        self._edit(file, document, line)

    def _make(self, file: Path, data: bytes, document: Document) -> None:
        """Write this file if it is missing; it may hold a token later."""
        try:
            write_file(file, data, mode=_PRIVATE, replace=False)
        except FileExistsError:
            pass
        except OSError as error:
            _log.info("cannot write %s (%s): %s", file, document, why(error))

    def _edit(self, file: Path, document: Document, line: int = 0) -> None:
        self._desktop.edit(
            str(file), line, lambda problem: self._report(str(file), problem, document)
        )

    def _make_report(self) -> None:
        """Have the doctor write its report, and open it."""
        file = self._log_file.with_name("report.txt")
        command = [*paths.console_program(), *self._arguments, "--doctor"]
        try:
            made = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                timeout=REPORT_LIMIT_S,
                check=False,
                creationflags=_NO_WINDOW,
            )
            write_file(file, made.stdout, mode=_PRIVATE)
        except subprocess.TimeoutExpired:
            late = f"--doctor took more than {REPORT_LIMIT_S:g} s"
            self._report(str(file), late, Document.REPORT)
        except OSError as error:
            self._report(str(file), why(error), Document.REPORT)
        else:
            self._edit(file, Document.REPORT)
