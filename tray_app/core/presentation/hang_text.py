"""Why a server does not answer, and what helps: for the notification and ``--doctor``."""

from __future__ import annotations

from typing import assert_never

from tray_app.core.alerts.hung import HangKind


def cause(kind: HangKind, pid: int | None) -> tuple[str, str]:
    """What holds, and what helps ("" where nothing is known)."""
    who = f" (pid {pid})" if pid else ""
    match kind:
        case HangKind.STOPPED:
            again = f"To continue it: kill -CONT {pid}." if pid else ""
            return f"Its process{who} is stopped (state T).", again
        case HangKind.DEADLOCKED:
            return f"It{who} seems to hang: it uses no CPU.", "Restarting the server helps."
        case HangKind.SILENT:
            return "It accepts connections but does not reply.", ""
    assert_never(kind)
