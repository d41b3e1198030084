"""How an engine's servers are shown: in one icon, one tooltip and one menu."""

from __future__ import annotations

from msgspec.structs import replace

from tray_app.core.analysis.bands import Band
from tray_app.core.fleet.rank import Rank, band_of, severe
from tray_app.core.model.icon_options import Style
from tray_app.core.monitor.state import is_menu_open, is_muted
from tray_app.core.presentation import engine_menu, engine_text
from tray_app.core.presentation.icon import Picture, figure_of
from tray_app.core.prometheus.state import EngineState
from tray_app.views import presenter
from tray_app.views.presenter import WRITTEN, Face, Look


def picture(state: EngineState) -> Picture:
    """The worst server's, with the number of those that are orange or red. Its band is that of
    everything that is known: also of an alert that is no server's."""
    desk, it = state.desk, state.overview
    tile = presenter.picture(desk)
    style = Style.NUMBER if tile.style is Style.GRAPH else tile.style
    band = Band.UNKNOWN if desk.paused else band_of(it.rank)
    worst = it.members[0].server if it.members and not desk.paused else None
    number = 0 if desk.paused else severe(it.members)
    return replace(
        tile,
        band=band,
        figure=figure_of(worst.memory_bytes) if worst and style in WRITTEN else "",
        style=style,
        colour=desk.settings.colours.of(band),
        muted=is_muted(desk, state.now),
        severe=number if number > 1 else 0,
    )


def face(state: EngineState) -> Face:
    """Icon and tooltip; the panel should reveal the icon where a critical alert fires."""
    it = state.overview
    alerts = [*it.elsewhere[:1], *(alert for each in it.members[:1] for alert in each.alerts)]
    attention = not state.desk.paused and any(each.rank is Rank.RED for each in alerts)
    return Face(picture(state), attention, engine_text.tooltip(state), shape="engine")


def _is_menu_open(state: EngineState) -> bool:
    return is_menu_open(state.desk, state.now.mono_s)


ENGINE: Look[EngineState] = Look(face, engine_menu.rows, _is_menu_open)
