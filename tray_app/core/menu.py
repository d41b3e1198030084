"""The menu as data: a pure function of the state.

Top-level rows are always the same number in the same order, so that an open menu keeps
still and panels that measure a menu before they show it are right.
"""

from __future__ import annotations

from tray_app.core import wording
from tray_app.core.commands import Command, Quit, SetMode, SetPaused, SetPreset
from tray_app.core.modes import Mode, Preset
from tray_app.core.state import State
from tray_app.core.values import dataclass

OFFERED_PRESETS = (Preset.STANDARD, Preset.QUICK, Preset.HEAVY, Preset.DEBUG)


@dataclass(frozen=True, slots=True)
class Row:
    """One row. ``key`` stays the same while texts change. An empty text is a separator.

    ``checked`` is None for a row without a mark; a row with neither command nor children
    only informs.
    """

    key: str
    text: str = ""
    command: Command | None = None
    checked: bool | None = None
    children: tuple[Row, ...] = ()

    @property
    def enabled(self) -> bool:
        """Whether a click does something."""
        return self.command is not None or bool(self.children)


def rows(state: State) -> tuple[Row, ...]:
    """The whole menu as it is now."""
    settings = state.settings
    return (
        *_status(state),
        Row("separator-status"),
        Row(
            "mode",
            f"Mode: {wording.MODES[settings.mode]}",
            children=tuple(
                Row(f"mode-{mode}", wording.MODES[mode], SetMode(mode), settings.mode is mode)
                for mode in Mode
            ),
        ),
        Row(
            "preset",
            f"Preset: {wording.PRESETS[settings.preset]}",
            children=tuple(
                Row(
                    f"preset-{preset}",
                    wording.PRESETS[preset],
                    SetPreset(preset),
                    settings.preset is preset,
                )
                for preset in OFFERED_PRESETS
            ),
        ),
        Row("pause", "Resume" if state.paused else "Pause", SetPaused(not state.paused)),
        Row("separator-quit"),
        Row("quit", "Quit", Quit()),
    )


def _status(state: State) -> tuple[Row, ...]:
    """Three lines that inform: memory; source; system and temp (or what is wrong)."""
    sample, name = state.sample, wording.title(state.demo)
    if state.paused:
        texts = (f"{name}: paused", "Nothing is read until you resume", "")
    elif sample is None:
        texts = (f"{name}: starting", state.settings.address.shown, "")
    else:
        doing = wording.doing(sample)
        texts = (
            f"{name}: {wording.memory(sample)}",
            f"{wording.source(sample)} · {doing}"
            if sample.memory_bytes is not None
            else wording.source(sample),
            f"{wording.system(sample.system)} · {wording.temp(sample.temp)}",
        )
    undelivered = state.delivery_problem and wording.undelivered(state.delivery_problem)
    last = undelivered or texts[2] or wording.UNKNOWN
    return (
        Row("status-memory", texts[0]),
        Row("status-source", texts[1]),
        Row("status-system", last),
    )
