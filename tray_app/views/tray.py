"""The presenter: sole writer of icon, tooltip and menu, and it writes only differences.

The menu is handed over unmade: nobody looks at it, at most samples.

It has a thread of its own, so a slow panel delays neither a sample nor a notification.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from threading import Thread
from typing import Any, Protocol

from tray_app.core import menu, wording
from tray_app.core.alerts import Level
from tray_app.core.bands import Band
from tray_app.core.commands import Command
from tray_app.core.menu import Row
from tray_app.core.picture import Picture, figure_of
from tray_app.core.readings import Source
from tray_app.core.sample import Sample
from tray_app.core.selection import Why
from tray_app.core.state import State, is_muted, machine_short, palette, style, theme
from tray_app.views import icon

_log = logging.getLogger(__name__)

# Every size that is drawn: which one a panel asks for depends on it and on the screen's scale.
SHOWN_SIZES = icon.SIZES
PICTURES_KEPT = 6


class Panel(Protocol):
    """Where the picture is shown."""

    def show_images(self, images: Sequence[Any]) -> None: ...
    def show_attention(self, wanted: bool) -> None: ...
    def show_tooltip(self, text: str) -> None: ...
    def show_menu(
        self, read: Callable[[], Sequence[Row]], widest: int, submit: Callable[[Command], None]
    ) -> None: ...


def picture(state: State) -> Picture:
    """What the icon shows for this state."""
    sample = state.sample
    reads = sample is not None and not state.paused
    band = sample.band if sample and reads else Band.UNKNOWN
    return Picture(
        band,
        figure_of(sample.memory_bytes) if sample and reads else "",
        process_source=sample is not None and reads and _is_of_process(sample),
        paused=state.paused,
        muted=is_muted(state, sample.at if sample else state.started),
        undelivered=state.delivery_problem is not None,
        machine_short=reads and machine_short(state),
        style=style(state),
        palette=palette(state),
        theme=theme(state),
        colour=state.settings.colours.of(band),
    )


def _is_of_process(sample: Sample) -> bool:
    """Whether processes are what is shown, and no stopgap between two answers of the API."""
    return sample.source is Source.PROCESS and sample.why is not Why.BETWEEN


def needs_attention(state: State) -> bool:
    """Whether the panel should bring the icon to the fore: at the critical level only."""
    sample = state.sample
    return sample is not None and not state.paused and sample.alert is Level.CRITICAL


@lru_cache(maxsize=PICTURES_KEPT)
def images(shown: Picture) -> tuple[Any, ...]:
    """The picture drawn in every size, smallest first."""
    return tuple(icon.draw(shown, size) for size in SHOWN_SIZES)


class Presenter:
    """Shows each state that ``take`` returns until it returns None."""

    def __init__(
        self,
        panel: Panel,
        take: Callable[[], State | None],
        submit: Callable[[Command], None],
    ) -> None:
        self._panel = panel
        self._take = take
        self._submit = submit
        self._picture: Picture | None = None
        self._attention = False
        self._tooltip: str | None = None
        self._thread = Thread(target=self._run, name="presenter", daemon=True)

    def start(self) -> None:
        """Start presenting in a thread of its own."""
        self._thread.start()

    def join(self, timeout_s: float) -> None:
        """Wait until the last state was shown."""
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def show(self, state: State) -> None:
        """Bring the panel up to this state."""
        shown = picture(state)
        if shown != self._picture:
            self._panel.show_images(images(shown))
            self._picture = shown
        attention = needs_attention(state)
        if attention is not self._attention:
            self._panel.show_attention(attention)
            self._attention = attention
        tooltip = wording.tooltip(state.sample, demo=state.demo, paused=state.paused)
        if tooltip != self._tooltip:
            self._panel.show_tooltip(tooltip)
            self._tooltip = tooltip
        self._panel.show_menu(partial(menu.rows, state), menu.widest(state), self._submit)

    def _run(self) -> None:
        while (state := self._take()) is not None:
            try:
                self.show(state)
            except Exception:  # noqa: BLE001 - a panel's fault must not end the picture
                _log.exception("showing a sample failed")
