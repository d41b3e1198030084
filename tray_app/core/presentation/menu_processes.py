"""The submenu *Processes*: the server's processes, and others that could be watched instead."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from tray_app.core.monitor.commands import (
    ShowReport,
    ShowStatus,
    WatchAutomatically,
    WatchPort,
    WatchProcess,
)
from tray_app.core.monitor.offered import PLACES, Offered
from tray_app.core.monitor.sample import Sample
from tray_app.core.monitor.state import State, is_watching
from tray_app.core.presentation import figures, menu_text, source_text
from tray_app.core.presentation.menu_row import Row, choice, heading, line

TREE_SLOTS = 10
PROBLEM_LINES = 3


def processes(state: State) -> Row:
    """The tree below its heading, and in a submenu the other candidates."""
    read = None if state.paused else state.sample
    tree = read.rows if read else ()
    return Row(
        "processes",
        f"Processes: {len(tree)}" if tree else "Processes",
        children=(
            choice(
                "watch-auto",
                "Detect the server automatically",
                WatchAutomatically(),
                not is_watching(state),
            ),
            _watch(state.offered, state.paused),
            line("tree"),
            Row("tree", _tree_heading(read, state.paused), ShowReport()),
            *(
                Row(key, text, ShowReport())
                for key, text in zip(
                    _TREE_PROBLEM, _tree_problem(state.sample if not tree else None), strict=False
                )
            ),
            *(
                Row(key, menu_text.process(tree[slot]), ShowStatus())
                if slot < len(tree)
                else _NO_TREE[slot]
                for slot, key in enumerate(_TREE)
            ),
            Row("tree-more", menu_text.more(tree[TREE_SLOTS:]), ShowStatus()),
            *_tree_figures(read),
        ),
    )


def _tree_heading(read: Sample | None, paused: bool) -> str:
    if read and read.rows and read.target:
        return menu_text.candidate(read.target)
    return "Paused: no process is read" if paused else "No server process found"


def _tree_problem(sample: Sample | None) -> Iterable[str]:
    """Why there is no tree."""
    return menu_text.lines(source_text.problem_in_full(sample) if sample else "", PROBLEM_LINES)


def _tree_figures(read: Sample | None) -> Iterator[Row]:
    """The figures of the whole tree; a row whose figure is not known is empty."""
    for figure in figures.MENU_PROCESSES:
        is_known = read is not None and read.rows and figure.is_known(read)
        text = menu_text.cut(figure.menu_line(read)) if read and is_known else ""
        yield Row(f"tree-{figure.key}", text, ShowStatus())


_TREE_PROBLEM = tuple(f"tree-problem-{number}" for number in range(PROBLEM_LINES))
_TREE = tuple(f"tree-{slot}" for slot in range(TREE_SLOTS))
_NO_TREE = tuple(Row(key) for key in _TREE)
_WATCH = tuple(f"watch-{slot}" for slot in range(PLACES))


@lru_cache(maxsize=1)
def _watch(offered: tuple[Offered, ...], paused: bool) -> Row:
    """Each process has its place, also while its figures change."""
    return Row(
        "watch",
        "Watch another process",
        children=(
            heading(
                "watch-heading",
                "Click a Python process to watch it" if offered else "No other Python process",
            ),
            *(
                _offer(key, offered[slot], paused) if slot < len(offered) else Row(key)
                for slot, key in enumerate(_WATCH)
            ),
        ),
    )


def _offer(key: str, offered: Offered, paused: bool) -> Row:
    candidate, read = offered.candidate, offered.row
    is_read = not paused and not offered.gone
    if read is not None:
        text = menu_text.process(read) if is_read else menu_text.name(read)
    else:
        text = menu_text.candidate(candidate) if candidate else ""
    if offered.gone:
        text = menu_text.cut(f"{text}, no longer listed")
    return Row(key, text, _watching(offered), barred=offered.gone)


def _watching(offered: Offered) -> WatchPort | WatchProcess:
    if offered.candidate and offered.candidate.port:
        return WatchPort(offered.candidate.port)
    return WatchProcess(*offered.identity)
