"""Deletes the history of one server: ``--forget``."""

from __future__ import annotations

import sys
from pathlib import Path

from tray_app import APP_ID
from tray_app.core.presentation import history_text
from tray_app.history import files
from tray_app.views.terminal import streams

YES = ("y", "yes")


class UnansweredError(Exception):
    """Nobody can be asked."""


def run(path: Path, server: str, *, sure: bool) -> int:
    """Delete it after asking; the exit status: 1 if the answer was no.

    :raises UnansweredError: not ``sure``, and standard input is no terminal
    :raises OSError: a file cannot be deleted
    """
    found = files.of(path)
    if not found:
        streams.say(f"{APP_ID}: {history_text.nothing_to_forget(server)}")
        return 0
    what = history_text.to_forget(server, len(found), files.size_bytes(path), str(path.parent))
    if not sure:
        if not sys.stdin.isatty():
            raise UnansweredError(what)
        streams.say(what)
        streams.write(sys.stdout, f"{history_text.FORGET_QUESTION} ")
        if sys.stdin.readline().strip().lower() not in YES:
            streams.say(f"{APP_ID}: {history_text.FORGOT_NOTHING}")
            return 1
    files.delete(path)
    streams.say(f"{APP_ID}: {history_text.forgotten(server)}")
    return 0
