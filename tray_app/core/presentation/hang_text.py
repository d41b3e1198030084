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


def after_one_request(kind: HangKind, pid: int | None) -> str:
    """The same after one unanswered request: a job may wait for its files that long."""
    why, help_ = cause(kind, pid)
    match kind:
        case HangKind.STOPPED:
            return f"{why} {help_}".rstrip()
        case HangKind.DEADLOCKED:
            return f"{why} Run --doctor again in a minute. If it still hangs, restart the server."
        case HangKind.SILENT:
            return f"{why} If it is not processing a video, restart it."
    assert_never(kind)
