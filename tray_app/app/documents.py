"""Opens the texts that the menu offers: settings file, log, troubleshooting page, report."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tray_app import child_program
from tray_app.app.document_files import PRIVATE, DocumentFiles
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

Report = Callable[[str, str, Document], None]
"""Takes a document that could not be opened: its place, and the problem in plain words."""


class Documents:
    """The documents of one run. ``arguments`` are its own, so that the report is about the same
    server."""

    def __init__(
        self,
        desktop: Desktop,
        files: Callable[[], DocumentFiles],
        arguments: list[str],
        report: Report,
    ) -> None:
        self._desktop = desktop
        self._files = files
        self._arguments = arguments
        self._report = report

    def open(self, document: Document, line: int = 0) -> None:
        """Open one; returns at once, and only a problem is reported."""
        try:
            files = self._files()
        except OSError as error:
            self._report(document.value, why(error), document)
            return
        match document:
            case Document.SETTINGS | Document.LIMITS:
                self._open_settings(files, document, line)
            case Document.LOG:
                self._make(files.log, b"", document)
                self._edit(files.log, document)
            case Document.HELP:
                place = paths.help_page()
                self._desktop.open(place, lambda problem: self._report(place, problem, document))
            case Document.REPORT:
                file = files.log.with_name("report.txt")
                WorkerThread("report", lambda: self._make_report(file), again=False).start()

    def _open_settings(self, files: DocumentFiles, document: Document, line: int) -> None:
        file = files.settings
        self._make(file, template.commented_config().encode(), document)
        if document is Document.LIMITS:
            with suppress(OSError, ValueError):
                line = parse.line_of(text_of(file), "alerts")
        elif line:
            line += files.lines_before
        self._edit(file, document, line)

    def _make(self, file: Path, data: bytes, document: Document) -> None:
        """Write this file if it is missing; it may hold a token later."""
        try:
            write_file(file, data, mode=PRIVATE, replace=False)
        except FileExistsError:
            pass
        except OSError as error:
            _log.info("cannot write %s (%s): %s", file, document, why(error))

    def _edit(self, file: Path, document: Document, line: int = 0) -> None:
        self._desktop.edit(
            str(file), line, lambda problem: self._report(str(file), problem, document)
        )

    def _make_report(self, file: Path) -> None:
        """Have the doctor write its report, and open it."""
        command = [*paths.console_program(), *self._arguments, "--doctor"]
        try:
            made = child_program.run(command, limit_s=REPORT_LIMIT_S, joined=True)
            write_file(file, made.stdout, mode=PRIVATE)
        except child_program.TimeIsUp:
            late = f"--doctor took more than {REPORT_LIMIT_S:g} s"
            self._report(str(file), late, Document.REPORT)
        except OSError as error:
            self._report(str(file), why(error), Document.REPORT)
        else:
            self._edit(file, Document.REPORT)
