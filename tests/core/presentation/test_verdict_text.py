"""The three sentences at the top of the page."""

from __future__ import annotations

from datetime import datetime

import pytest
from msgspec.structs import replace

from tray_app.core.alerts.limits import Level
from tray_app.core.alerts.room import NextVideo, Short
from tray_app.core.history.page_data import Answer
from tray_app.core.history.verdict import (
    Happened,
    Leaking,
    LeakKind,
    Now,
    Peak,
    Times,
    Upcoming,
    Verdict,
)
from tray_app.core.model.readings import GIB, MIB
from tray_app.core.presentation.format import sentences
from tray_app.core.presentation.verdict_text import happened, leak, lines, upcoming, words


def at(clock: str, day: int = 27) -> float:
    hours, minutes = map(int, clock.split(":"))
    return datetime(2026, 11, day, hours, minutes).timestamp()


END_S = at("09:00")
PEAK = Peak(round(2.44 * GIB), at("03:12"), activity="processing", stage="frames")
NIGHT = Happened(END_S - 86400, END_S, PEAK, Level.HIGH, jobs=14)
STAYS = Leaking(LeakKind.NONE, 9, None, (310 * MIB,) * 9)
NEXT = NextVideo(round(1.4 * GIB), round(1.6 * GIB), 9 * GIB, 2 * GIB, 5)
ROOM = Upcoming(Now.IDLE, 5, 0, 0, round(1.4 * GIB), NEXT, 9 * GIB, 2 * GIB)


def told(answer: Answer) -> str:
    return sentences(answer.lead, answer.rest)


@pytest.mark.parametrize(
    ("value", "text", "concern"),
    [
        (
            NIGHT,
            "Peak 2.44 GB (above high) at 03:12 while processing frames."
            " 14 jobs; none was cut off.",
            False,
        ),
        (
            replace(
                NIGHT,
                level=Level.CRITICAL,
                jobs=3,
                lost=1,
                gone=Times(1, at("03:14")),
                hung=Times(2, at("03:13")),
            ),
            "The server ended at 03:14 and hung 2 times (last at 03:13)."
            " Peak 2.44 GB (above critical) at 03:12 while processing frames."
            " 3 jobs; 1 was cut off.",
            True,
        ),
        (
            replace(
                NIGHT,
                peak=Peak(420 * MIB, at("23:00", 26), 3600.0),
                level=Level.NONE,
                jobs=1,
                unwatched_s=4 * 3600.0,
            ),
            "Peak 420 MB in the hour from 23:00 on Thu 26 Nov."
            " 1 job; none was cut off. Not watched for 4 h.",
            False,
        ),
        (
            replace(NIGHT, peak=replace(PEAK, activity="idle", stage=""), jobs=0),
            "Peak 2.44 GB (above high) at 03:12 while idle. No job ended.",
            False,
        ),
        (
            replace(NIGHT, peak=None, level=Level.NONE, jobs=0),
            "No reading of the server in this time. No job ended.",
            False,
        ),
        (
            replace(
                NIGHT,
                machine_short=Times(1, at("03:10")),
                killed=Times(1, at("03:11")),
                jobs=2,
                lost=2,
            ),
            "The server lost a process to the kernel's OOM killer at 03:11; the machine was short"
            " of memory at 03:10. Peak 2.44 GB (above high) at 03:12 while processing frames."
            " 2 jobs; 2 were cut off.",
            True,
        ),
    ],
)
def test_what_happened(value: Happened, text: str, concern: bool) -> None:
    """Trouble first, then the peak, then the jobs."""
    answer = happened(value)
    assert (told(answer), answer.concern) == (text, concern)


@pytest.mark.parametrize(
    ("value", "text", "concern"),
    [
        (STAYS, "No leak: memory after jobs stays at 310 MB.", False),
        (
            replace(STAYS, series=(300 * MIB, 310 * MIB)),
            "No leak: memory after jobs stays between 300 MB and 310 MB.",
            False,
        ),
        (
            replace(STAYS, series=(310 * MIB, 100 * MIB)),
            "No leak: memory after jobs is between 100 MB and 310 MB, and does not rise steadily.",
            False,
        ),
        (
            Leaking(LeakKind.SLOW, 40, None, (130 * MIB, *(200 * MIB,) * 38, 490 * MIB)),
            "Possible slow leak: memory after jobs rose steadily, from 130 MB to 490 MB in 40"
            " jobs.",
            True,
        ),
        (
            Leaking(LeakKind.JOBS, 5, kept_bytes=320 * MIB, told_s=at("03:12")),
            "Possible leak: jobs did not release 320 MB (alert at 03:12).",
            True,
        ),
        (
            Leaking(LeakKind.IDLE, 0, told_s=at("23:50", 26)),
            "Possible leak: memory grew without a job (alert at 23:50 on Thu 26 Nov).",
            True,
        ),
        (
            Leaking(LeakKind.UNKNOWN, 0),
            "Leak unknown: no job has ended; 3 are needed.",
            False,
        ),
        (
            Leaking(LeakKind.UNKNOWN, 2, at("08:20"), before_s=at("08:00")),
            "Leak unknown: 2 jobs have ended since the server's start at 08:20; 3 are needed."
            " Before that start there was an alert at 08:00.",
            False,
        ),
    ],
)
def test_whether_it_leaks(value: Leaking, text: str, concern: bool) -> None:
    """Or why that is not known."""
    answer = leak(value, END_S)
    assert (told(answer), answer.concern) == (text, concern)


@pytest.mark.parametrize(
    ("value", "text", "concern"),
    [
        (ROOM, "The next video fits: it needs about 1.4 GB; 9.0 GB are free.", False),
        (
            replace(ROOM, next=replace(NEXT, free_bytes=None), free_bytes=None),
            "The next video fits: it needs about 1.4 GB.",
            False,
        ),
        (
            replace(ROOM, next=replace(NEXT, free_bytes=900 * MIB, short=Short.MACHINE)),
            "The next video does not fit: it needs about 1.4 GB; 900 MB are free.",
            True,
        ),
        (
            replace(ROOM, next=replace(NEXT, free_bytes=1536 * MIB, short=Short.MACHINE)),
            "The next video may not fit: it needs up to 1.6 GB; 1.5 GB are free.",
            True,
        ),
        (
            replace(ROOM, next=replace(NEXT, left_bytes=900 * MIB, short=Short.CRITICAL)),
            "The next video reaches critical: it needs about 1.4 GB; critical is 900 MB away.",
            True,
        ),
        (
            replace(ROOM, next=replace(NEXT, left_bytes=1536 * MIB, short=Short.CRITICAL)),
            "The next video may reach critical: it needs up to 1.6 GB; critical is 1.5 GB away.",
            True,
        ),
        (
            replace(ROOM, now=Now.BUSY, next=None),
            "A video is being processed. Videos need about 1.4 GB each.",
            False,
        ),
        (
            replace(ROOM, now=Now.AWAY, next=None),
            "No reading now. Videos need about 1.4 GB each.",
            False,
        ),
        (Upcoming(Now.IDLE, 0), "Next video unknown: no job is known; 3 are needed.", False),
        (Upcoming(Now.AWAY, 2), "Next video unknown: 2 jobs are known; 3 are needed.", False),
        (
            Upcoming(Now.IDLE, 9, 200 * MIB, GIB, free_bytes=9 * GIB, left_bytes=2 * GIB),
            "The next video fits: the last 9 needed between 200 MB and 1.0 GB; 9.0 GB are free.",
            False,
        ),
        (
            Upcoming(Now.IDLE, 9, 200 * MIB, GIB, free_bytes=9 * GIB, left_bytes=500 * MIB),
            "Next video unknown: the last 9 needed between 200 MB and 1.0 GB; 9.0 GB are free;"
            " critical is 500 MB away.",
            False,
        ),
        (
            Upcoming(Now.BUSY, 9, 200 * MIB, GIB),
            "Next video unknown: the last 9 needed between 200 MB and 1.0 GB.",
            False,
        ),
    ],
)
def test_whether_the_next_video_fits(value: Upcoming, text: str, concern: bool) -> None:
    """Or why that is not known."""
    answer = upcoming(value)
    assert (told(answer), answer.concern) == (text, concern)


def test_a_page_opens_with_one_range() -> None:
    """With all of it where it does not have the wanted one."""
    verdict = Verdict({"24 h": NIGHT, "All": replace(NIGHT, jobs=99)}, STAYS, ROOM)
    page = words(verdict, "24 h")
    assert (page.opens, page.times["24 h"]) == ("24 h", "The last 24 h")
    assert lines(page) == (
        "Peak 2.44 GB (above high) at 03:12 while processing frames. 14 jobs; none was cut off.",
        "No leak: memory after jobs stays at 310 MB.",
        "The next video fits: it needs about 1.4 GB; 9.0 GB are free.",
    )
    assert words(verdict, "7 days").opens == words(verdict).opens == "All"
