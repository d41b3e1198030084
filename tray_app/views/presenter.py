"""Updates icon, tooltip and menu, writing only what has changed.

It has its own thread, so a slow panel delays neither a sample nor a notification. The thread wakes
only for visible changes, which most samples do not bring: the tooltip stays the same, and a closed
menu is built from the newest state when a panel asks for it.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any, Generic, Protocol, TypeVar

from msgspec import Struct

from tray_app.core.alerts.limits import Level
from tray_app.core.analysis.bands import Band
from tray_app.core.model.icon_options import Style, Theme
from tray_app.core.model.readings import MIB, Source
from tray_app.core.monitor.commands import Order
from tray_app.core.monitor.sample import Sample
from tray_app.core.monitor.state import (
    State,
    is_menu_open,
    is_muted,
    machine_short,
    palette,
    style,
    theme,
)
from tray_app.core.presentation import menu, recent_text, summary_text
from tray_app.core.presentation.icon import Picture, columns_of, figure_of
from tray_app.core.presentation.menu_row import Row
from tray_app.core.source_choice.selection import Why
from tray_app.runtime.mailbox import Mailbox
from tray_app.views.icon import draw, glyphs
from tray_app.worker_thread import WorkerThread

_log = logging.getLogger(__name__)

Shown = TypeVar("Shown")
"""What is shown: one server's state, or several servers."""

PICTURES_KEPT = 6
# Where no figure is drawn, another one is no other picture.
WRITTEN = (Style.NUMBER, Style.CALM)


class Panel(Protocol):
    """Where the picture is shown."""

    def sizes(self, drawn: Sequence[int]) -> Sequence[int]:
        """The useful ones of the sizes that can be drawn, in pixels."""

    def show_images(self, images: Sequence[Any]) -> None: ...
    def show_attention(self, wanted: bool) -> None: ...
    def show_tooltip(self, text: str) -> None: ...
    def show_theme(self, theme: Theme) -> None: ...
    def show_menu(
        self,
        read: Callable[[], Sequence[Row]],
        submit: Callable[[Order], None],
        shape: object = None,
    ) -> None:
        """Rows keep number, order and kind while ``shape`` is the same."""

    @property
    def asks_for_menu(self) -> bool:
        """Whether the panel reads the menu when it opens, and that is reported."""


class Face(Struct, frozen=True):
    """The visible part of a state without the menu, of which it has the ``shape`` alone: while that
    is the same, the menu has the same rows."""

    picture: Picture
    attention: bool
    tooltip: str
    shape: object = None


def picture(state: State) -> Picture:
    """The icon's picture for this state."""
    sample = state.sample
    reads = sample is not None and not state.paused
    band = sample.band if sample and reads else Band.UNKNOWN
    return Picture(
        band,
        figure_of(sample.memory_bytes) if sample and reads and style(state) in WRITTEN else "",
        process_source=sample is not None and reads and _is_of_process(sample),
        paused=state.paused,
        muted=is_muted(state, sample.at if sample else state.started),
        undelivered=state.delivery_problem is not None,
        machine_short=reads and machine_short(state),
        style=style(state),
        palette=palette(state),
        theme=theme(state),
        colour=state.settings.colours.of(band),
        hung=sample is not None and reads and sample.hung is not None,
        no_room=_has_no_room(state),
        columns=_columns(state) if reads and style(state) is Style.GRAPH else (),
    )


def _columns(state: State) -> tuple[int, ...]:
    return columns_of(state.course, _now_s(state), state.settings.bands.red_mb * MIB)


def _has_no_room(state: State) -> bool:
    """Whether the next video would not fit."""
    if state.sample is None or state.paused or state.sample.next_video is None:
        return False
    return state.sample.next_video.short is not None


def _is_of_process(sample: Sample) -> bool:
    """Whether the figure comes from processes, and is not a stopgap between two answers of the
    API."""
    return sample.source is Source.PROCESS and sample.why is not Why.BETWEEN


def needs_attention(state: State) -> bool:
    """Whether the panel should reveal the icon: at the critical level only."""
    sample = state.sample
    return sample is not None and not state.paused and sample.alert is Level.CRITICAL


def tooltip(state: State) -> str:
    """The tooltip of this state."""
    recent = recent_text.tooltip_line(state.course, _now_s(state)) if state.has_blocks else ""
    return summary_text.tooltip(state.sample, demo=state.demo, paused=state.paused, recent=recent)


@lru_cache(maxsize=PICTURES_KEPT)
def images(shown: Picture, sizes: tuple[int, ...]) -> tuple[Any, ...]:
    """The picture drawn in these sizes."""
    return tuple(draw.draw(shown, size) for size in sizes)


def _now_s(state: State) -> float:
    return state.sample.at.mono_s if state.sample else state.started.mono_s


def face(state: State) -> Face:
    """Icon and tooltip of this state."""
    return Face(picture(state), needs_attention(state), tooltip(state))


class Look(Struct, Generic[Shown], frozen=True):
    """How something is shown: its icon and tooltip, its menu, and whether that may be open."""

    face: Callable[[Shown], Face]
    rows: Callable[[Shown], Sequence[Row]]
    is_menu_open: Callable[[Shown], bool]


ONE_SERVER: Look[State] = Look(face, menu.rows, lambda state: is_menu_open(state, _now_s(state)))


class Presenter(Generic[Shown]):
    """Shows the newest of the states that it gets."""

    def __init__(self, panel: Panel, submit: Callable[[Order], None], look: Look[Shown]) -> None:
        self._panel = panel
        self._look = look
        self._submit = submit
        self._asks_for_menu = panel.asks_for_menu
        self._newest: Shown | None = None
        self._told: Face | None = None
        self._faces: Mailbox[Face] = Mailbox()
        self._rows: tuple[Shown | None, Sequence[Row]] = (None, ())
        self._picture: Picture | None = None
        self._attention = False
        self._tooltip: str | None = None
        self._thread = WorkerThread("presenter", self._run)

    def start(self) -> None:
        """Start presenting in a thread of its own."""
        self._thread.start()

    def tell(self, shown: Shown, *, looks_the_same: bool = False) -> None:
        """Show this from now on; from one thread at a time, returns at once. ``looks_the_same``:
        its face is that of the one before."""
        self._newest = shown
        known = self._told if looks_the_same else None
        face = known or self._look.face(shown)
        if face != self._told or not self._asks_for_menu or self._look.is_menu_open(shown):
            self._told = face
            self._faces.put(face)

    def close(self, timeout_s: float) -> None:
        """Wait until the last state is shown, then stop."""
        self._faces.close()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def show(self) -> None:
        """Show the newest state in this thread, before the presenter's own thread has started."""
        if (face := self._faces.poll()) is not None:
            self._show(face)

    def _show(self, face: Face) -> None:
        if face.picture != self._picture:
            sizes = tuple(self._panel.sizes(glyphs.SIZES))
            self._panel.show_images(images(face.picture, sizes))
            self._panel.show_theme(face.picture.theme)
            self._picture = face.picture
        if face.attention is not self._attention:
            self._panel.show_attention(face.attention)
            self._attention = face.attention
        if face.tooltip != self._tooltip:
            self._panel.show_tooltip(face.tooltip)
            self._tooltip = face.tooltip
        self._panel.show_menu(self._read_menu, self._submit, face.shape)

    def _read_menu(self) -> Sequence[Row]:
        """The rows of the newest state, built once for all requests."""
        newest, (known, rows) = self._newest, self._rows
        if newest is not known and newest is not None:
            rows = self._look.rows(newest)
            self._rows = (newest, rows)
        return rows

    def _run(self) -> None:
        while (face := self._faces.take()) is not None:
            try:
                self._show(face)
            except Exception:  # noqa: BLE001 - a panel's fault must not end the picture
                self._told = None  # the next sample is shown, also if it looks the same
                _log.exception("showing a sample failed")
