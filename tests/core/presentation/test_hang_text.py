"""Why a server does not answer."""

from __future__ import annotations

from tray_app.core.alerts.hung import HangKind
from tray_app.core.presentation.hang_text import after_one_request, cause


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


def test_one_request_without_an_answer_may_be_a_busy_server() -> None:
    """So the advice is to look again before a restart; what is stopped is certain."""
    assert after_one_request(HangKind.STOPPED, 7) == " ".join(cause(HangKind.STOPPED, 7))
    assert after_one_request(HangKind.STOPPED, None) == "Its process is stopped (state T)."
    assert after_one_request(HangKind.DEADLOCKED, 7) == (
        "It (pid 7) seems to hang: it uses no CPU. Run --doctor again in a minute."
        " If it still hangs, restart the server."
    )
    assert after_one_request(HangKind.SILENT, None) == (
        "It accepts connections but does not reply. If it is not processing a video, restart it."
    )
