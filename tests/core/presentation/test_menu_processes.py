"""The submenu *Processes*."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.core.presentation.test_menu import CROWD, HEALTHY, HELD, STATES, after, by_key
from tray_app.core.model.readings import MemoryKind
from tray_app.core.monitor.commands import SetPaused, ShowStatus, WatchAutomatically, WatchProcess
from tray_app.core.monitor.inputs import MenuSeen, SourcesRead
from tray_app.core.monitor.offered import PLACES
from tray_app.core.presentation import menu_processes, process_text
from tray_app.core.presentation.menu_processes import TREE_SLOTS


def test_the_tree_is_listed() -> None:
    """Each process with memory and CPU, the root first; those without a row in sum."""
    menu = by_key(STATES["many processes"])
    assert menu["processes"].text == f"Processes: {TREE_SLOTS + 3}"
    assert menu["tree"].text == "uvicorn (42): listens on port 8000"
    assert menu["tree-0"].text == "uvicorn (42): 2.44 GB · 1 %"
    assert menu["tree-1"].text == "ffmpeg-0 (43): 10 MB"
    assert menu["tree-more"].text == "and 3 more: 30 MB"
    assert by_key(HEALTHY)["tree-more"].text == ""
    assert menu["tree-sharing"].text == ""


def test_what_the_processes_share_is_told_below_them() -> None:
    """Since their figures add up to more than is shown."""
    assert HEALTHY.sample is not None
    gigabyte = 1 << 30
    sample = replace(
        HEALTHY.sample,
        memory_kind=MemoryKind.SHARED_ONCE,
        rss_bytes=3 * gigabyte,
        shared_bytes=2 * gigabyte,
    )
    shared = by_key(replace(HEALTHY, sample=sample))["tree-sharing"]
    assert shared.text == "Total 1.00 GB with shared memory counted once (sum of RSS 3.00 GB)"
    assert shared.command == ShowStatus()


def test_another_process_can_be_watched() -> None:
    """Candidates first, then the other Python processes, the oldest first and each once."""
    watch = by_key(STATES["many processes"])["watch"]
    offered = [(row.text, row.command) for row in watch.children if row.enabled]
    assert offered == [
        ("python3 (302): 302 MB · 1 %", WatchProcess(302, 151.0)),
        ("uvicorn (900): command line: uvicorn", WatchProcess(900, 450.0)),
        ("python3 (301): 301 MB · 1 %", WatchProcess(301, 150.5)),
        ("python3 (303): 303 MB · 1 %", WatchProcess(303, 151.5)),
    ]
    assert len(watch.children) == 1 + PLACES
    automatic = by_key(HEALTHY)["watch-auto"]
    assert (automatic.command, automatic.checked) == (WatchAutomatically(), True)


def test_a_click_in_an_open_menu_acts_on_the_process_that_was_shown() -> None:
    """A row keeps its process while others come and go. If it is listed no longer, its row says so
    and cannot be clicked."""
    opened = after((2.1, MenuSeen(True)), state=STATES["many processes"])
    before = by_key(opened)["watch"].children[1:]
    new = replace(CROWD.others[0], pid=77, created_s=1.0)
    changed = replace(CROWD, others=(new, *CROWD.others[:1]), candidates=CROWD.candidates[1:])
    now = by_key(after((3.0, SourcesRead(changed)), state=opened))["watch"].children[1:]
    assert [row.command for row in now[:4]] == [row.command for row in before[:4]]
    assert [row.enabled for row in now[:4]] == [False, True, False, True]
    assert now[0].text == "python3 (302), no longer listed"
    assert now[4].command == WatchProcess(77, 1.0)
    closed = after((3.0, MenuSeen(False)), (4.0, SourcesRead(changed)), state=opened)
    commands = [row.command for row in by_key(closed)["watch"].children[1:4]]
    assert commands == [
        WatchProcess(900, 450.0),
        WatchProcess(77, 1.0),
        WatchProcess(303, 151.5),
    ]


def test_during_a_pause_no_figure_is_shown() -> None:
    """Nothing is read then; a process can be chosen all the same."""
    paused = by_key(after((3.0, SetPaused(True)), state=STATES["many processes"]))["watch-0"]
    assert (paused.text, paused.command) == ("python3 (302)", WatchProcess(302, 151.0))


def test_a_watched_process_can_be_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    """Then the row for the automatic choice has no mark."""
    monkeypatch.setattr(menu_processes, "is_watching", lambda _state: True)
    assert by_key(HEALTHY)["watch-auto"].checked is False


def test_alike_processes_say_what_they_run() -> None:
    """Five rows of `python` cannot be told apart; a long path is cut to the row."""
    alike = tuple(
        replace(row, runs=runs)
        for row, runs in zip(CROWD.others, ("video/main.py", "-m pytest", "x" * 80), strict=True)
    )
    state = after((2.0, SourcesRead(replace(CROWD, others=alike, candidates=()))))
    texts = [row.text for row in by_key(state)["watch"].children if row.enabled]
    assert texts == [
        "python3 -m pytest (301): 301 MB · 1 %",
        f"python3 {'x' * 31}… (302): 302 MB · 1 %",
        "python3 video/main.py (303): 303 MB · 1 %",
    ]


def test_the_reason_for_no_tree_is_here_in_full() -> None:
    """On top it is cut."""
    menu = by_key(STATES["held port"])
    assert menu["status-machine"].text.endswith("…")
    told = " ".join(menu[f"tree-problem-{number}"].text for number in range(3)).strip()
    assert told == process_text.problem(HELD)
    assert menu["tree"].text == "No server process found"
    assert by_key(STATES["paused"])["tree"].text == "Paused: no process is read"
