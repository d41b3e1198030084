"""Why a server does not answer."""

from __future__ import annotations

from tray_app.core.alerts.hung import HangKind
from tray_app.core.presentation.hang_text import cause


def test_a_stopped_process_is_continued_by_its_number() -> None:
    """Without a number there is no command to give."""
    assert cause(HangKind.STOPPED, 7) == (
        "Its process (pid 7) is stopped (state T).",
        "To continue it: kill -CONT 7.",
    )
    assert cause(HangKind.STOPPED, None) == ("Its process is stopped (state T).", "")


def test_the_other_hangs() -> None:
    """A restart helps where no CPU is used; of silence nothing more is known."""
    assert cause(HangKind.DEADLOCKED, 7)[1] == "Restarting the server helps."
    assert cause(HangKind.SILENT, 7) == ("It accepts connections but does not reply.", "")
