"""Builds the menu as data, as a pure function of the state.

The number and order of rows never change, also in submenus. So an open menu keeps still, and panels
can measure a menu before they show it. If there are fewer processes than rows, the last rows of
that submenu have no text and are hidden.

The menu is built when a panel asks. Submenus are kept between states, because most samples change
only the lines at the top.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from msgspec import Struct

from tray_app import __version__
from tray_app.core.alerts.limits import AlertLimits, Level
from tray_app.core.model.icon_options import Palette, Style, Theme
from tray_app.core.model.presets import OFFERED, Mode, Preset
from tray_app.core.model.readings import ProcessRow, Target
from tray_app.core.model.server_action import Risk, ServerAction
from tray_app.core.monitor import server_actions
from tray_app.core.monitor.commands import (
    CleanUp,
    Command,
    FreeMemory,
    Mute,
    OpenServer,
    OpenTemp,
    Quit,
    SendTest,
    SetAutostart,
    SetMode,
    SetPalette,
    SetPaused,
    SetPreset,
    SetStyle,
    SetTheme,
    Unmute,
    WatchAutomatically,
    WatchPort,
    WatchProcess,
)
from tray_app.core.monitor.sample import Sample
from tray_app.core.monitor.state import (
    State,
    alert_limits,
    chosen_theme,
    is_muted,
    is_watching,
    palette,
    style,
)
from tray_app.core.presentation import (
    action_text,
    figures,
    format,
    menu_text,
    program_text,
    source_text,
)

TREE_SLOTS = 10
WATCH_SLOTS = 10
PROBLEM_LINES = 3


class Row(Struct, frozen=True):
    """One row. ``key`` stays the same while texts change.

    A ``separator`` is a line between rows; any other row without a text is hidden. ``checked`` is
    None for a row without a mark, ``radio`` says that of its neighbours one is marked. A row with
    neither command nor children only informs. A ``barred`` row cannot be clicked now; a late click
    still submits its command, which is refused with a reason.
    """

    key: str
    text: str = ""
    command: Command | None = None
    checked: bool | None = None
    children: tuple[Row, ...] = ()
    radio: bool = False
    barred: bool = False
    separator: bool = False

    @property
    def enabled(self) -> bool:
        """Whether a click does something."""
        return not self.barred and (self.command is not None or bool(self.children))


def widest(state: State) -> int:
    """The menu's minimum width in characters, by its informing rows on top.

    All other rows are shorter than the minimum.
    """
    return max(menu_text.ROOM_CHARS, *map(len, menu_text.status(state)))


def rows(state: State) -> tuple[Row, ...]:
    """The whole menu as it is now."""
    settings, sample = state.settings, state.sample
    target = sample.target if sample else None
    now = sample.at if sample else state.started
    muted = is_muted(state, now)
    return (
        *_status(state),
        _LINE_STATUS,
        _processes(state),
        _mode(settings.mode),
        _preset(settings.preset),
        _alerts(
            menu_text.alerts(state, now),
            menu_text.deliveries(state, now),
            muted,
            alert_limits(state),
        ),
        _server(
            settings.address.shown,
            figures.TEMP.menu_line(sample),
            server_actions.risk_of(state),
            target is not None and target.cwd is not None,
            menu_text.last_action(state),
        ),
        _view(style(state), palette(state), chosen_theme(state), state.theme_seen),
        _LINE_APP,
        _autostart(state.autostart, state.demo),
        _PAUSED if state.paused else _RUNNING,
        _about(
            state.backend,
            menu_text.own(state.health, state.started),
            menu_text.samples(state.health),
            menu_text.delivery(state),
            menu_text.restarts(state.restarts),
        ),
        _QUIT,
    )


_STATUS = tuple(f"status-{figure.key}" for figure in figures.MENU_STATUS)
_SOURCE = "status-source"


def _status(state: State) -> Iterator[Row]:
    """The informing lines; a line that offers a server on another port can be clicked."""
    found = source_text.offered(state.sample) if state.sample and not state.paused else None
    for key, text in zip(_STATUS, menu_text.status(state), strict=True):
        if found and found.port and key == _SOURCE:
            yield Row(key, menu_text.cut(source_text.offer(found)), WatchPort(found.port))
        else:
            yield Row(key, text)


_LINE_STATUS = Row("separator-status", separator=True)
_LINE_APP = Row("separator-app", separator=True)
_RUNNING = Row("pause", "Pause", SetPaused(True))
_PAUSED = Row("pause", "Resume", SetPaused(False))
_QUIT = Row("quit", "Quit", Quit())


def _choice(key: str, text: str, command: Command, chosen: bool) -> Row:
    return Row(key, text, command, chosen, radio=True)


def _processes(state: State) -> Row:
    """The tree below its heading, and in a submenu the other candidates."""
    read = None if state.paused else state.sample
    tree = read.rows if read else ()
    candidates = state.process.candidates if state.process else ()
    return Row(
        "processes",
        f"Processes: {len(tree)}" if tree else "Processes",
        children=(
            _choice(
                "watch-auto",
                "Detect the server automatically",
                WatchAutomatically(),
                not is_watching(state),
            ),
            _watch(candidates, read.others if read else ()),
            Row("separator-tree", separator=True),
            Row("tree", _tree_heading(read, state.paused)),
            *map(Row, _TREE_PROBLEM, _tree_problem(state.sample if not tree else None)),
            *(
                Row(key, menu_text.process(tree[slot])) if slot < len(tree) else _NO_TREE[slot]
                for slot, key in enumerate(_TREE)
            ),
            Row("tree-more", menu_text.more(tree[TREE_SLOTS:])),
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
        yield Row(f"tree-{figure.key}", text)


_TREE_PROBLEM = tuple(f"tree-problem-{number}" for number in range(PROBLEM_LINES))
_TREE = tuple(f"tree-{slot}" for slot in range(TREE_SLOTS))
_NO_TREE = tuple(Row(key) for key in _TREE)
_WATCH = tuple(f"watch-{slot}" for slot in range(WATCH_SLOTS))


@lru_cache(maxsize=1)
def _watch(candidates: tuple[Target, ...], others: tuple[ProcessRow, ...]) -> Row:
    """By pid, so that rows keep their places while their memory changes."""
    known = {each.pid: each for each in others}
    offered = [
        (
            menu_text.process(row)
            if (row := known.pop(each.pid, None))
            else menu_text.candidate(each),
            WatchPort(each.port) if each.port else WatchProcess(each.pid, each.created_s),
        )
        for each in candidates
    ]
    offered += [
        (menu_text.process(row), WatchProcess(pid, row.created_s))
        for pid, row in sorted(known.items())
        if row.created_s is not None
    ]
    return Row(
        "watch",
        "Watch another process",
        children=(
            Row(
                "watch-heading",
                "Click a Python process to watch it" if offered else "No other Python process",
            ),
            *(
                Row(key, *offered[slot]) if slot < len(offered) else Row(key)
                for slot, key in enumerate(_WATCH)
            ),
        ),
    )


@lru_cache(maxsize=1)
def _mode(chosen: Mode) -> Row:
    return Row(
        "mode",
        f"Mode: {source_text.MODES[chosen]}",
        children=tuple(
            _choice(f"mode-{mode}", source_text.MODES[mode], SetMode(mode), chosen is mode)
            for mode in Mode
        ),
    )


@lru_cache(maxsize=1)
def _preset(chosen: Preset) -> Row:
    return Row(
        "preset",
        f"Preset: {program_text.PRESETS[chosen]}",
        children=tuple(
            _choice(
                f"preset-{preset}",
                program_text.PRESETS[preset],
                SetPreset(preset),
                chosen is preset,
            )
            for preset in OFFERED
        ),
    )


@lru_cache(maxsize=1)
def _alerts(text: str, delivery: tuple[str, ...], muted: bool, limits: AlertLimits) -> Row:
    return Row(
        "alerts",
        text,
        children=(
            *(
                Row(f"mute-{position}", label, Mute(duration_s))
                for position, (duration_s, label) in enumerate(menu_text.MUTES)
            ),
            Row("unmute", "Unmute", Unmute() if muted else None),
            Row("separator-test", separator=True),
            Row("test", "Send a test notification", SendTest()),
            Row("separator-limits", separator=True),
            *(Row(f"limit-{lv.word}", menu_text.limit(limits, lv)) for lv in Level if lv),
            Row("separator-delivery", separator=True),
            *(Row(f"delivery-{number}", line) for number, line in enumerate(delivery)),
        ),
    )


@lru_cache(maxsize=1)
def _server(address: str, temp: str, risk: Risk, has_temp: bool, brought: str) -> Row:
    barred = risk in (Risk.JOB, Risk.UNKNOWN)
    return Row(
        "server",
        "Server",
        children=(
            Row("server-address", menu_text.cut(address)),
            Row("separator-server", separator=True),
            Row(
                "free",
                action_text.LABELS[ServerAction.FREE_MEMORY],
                children=(
                    Row("free-temp", temp),
                    Row("free-risk", menu_text.FREEING[risk]),
                    _action_row(ServerAction.FREE_MEMORY, FreeMemory(sure=True)),
                ),
            ),
            Row(
                "clean",
                "Delete old files",
                children=(
                    Row("clean-temp", temp),
                    Row("clean-risk", menu_text.CLEANING[risk]),
                    *(
                        _action_row(action, CleanUp(action, sure=True), barred=barred)
                        for action in (ServerAction.CLEAN_UP, ServerAction.CLEAN_UP_HOUR)
                    ),
                ),
            ),
            Row("open-temp", "Open temp directory", OpenTemp() if has_temp else None),
            Row("open-server", "Open in browser", OpenServer()),
            Row("separator-brought", separator=True),
            Row("brought", menu_text.cut(brought) or "No action run yet"),
        ),
    )


def _action_row(action: ServerAction, command: Command, *, barred: bool = False) -> Row:
    return Row(f"action-{action.name.lower()}", action_text.LABELS[action], command, barred=barred)


@lru_cache(maxsize=1)
def _view(style: Style, hues: Palette, panel: Theme, seen: Theme) -> Row:
    return Row(
        "view",
        "View",
        children=(
            *(
                _choice(f"style-{each}", menu_text.STYLES[each], SetStyle(each), each is style)
                for each in Style
            ),
            Row("separator-palette", separator=True),
            *(
                _choice(f"palette-{each}", menu_text.PALETTES[each], SetPalette(each), each is hues)
                for each in Palette
            ),
            Row("separator-theme", separator=True),
            *(
                _choice(f"theme-{each}", menu_text.theme(each, seen), SetTheme(each), each is panel)
                for each in Theme
            ),
        ),
    )


@lru_cache(maxsize=1)
def _autostart(on: bool, demo: bool) -> Row:
    text = "Start at login (not in the demo)" if demo else "Start at login"
    return Row("autostart", text, SetAutostart(not on), on, barred=demo)


@lru_cache(maxsize=1)
def _about(backend: str, own: str, samples: str, delivery: str, restarts: str) -> Row:
    return Row(
        "about",
        "About",
        children=(
            Row("about-version", f"runanalyze-tray {__version__}"),
            Row("about-backend", f"Icon backend: {backend or format.UNKNOWN}"),
            Row("about-own", own),
            Row("about-samples", samples),
            Row("about-delivery", menu_text.cut(delivery)),
            Row("about-restarts", menu_text.cut(restarts)),
        ),
    )
