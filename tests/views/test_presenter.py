"""The presenter writes what changed, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest
from msgspec.structs import replace

from tests.core.presentation.test_menu import STATES
from tests.waiting import AMPLE_S, wait_for
from tray_app.core.analysis.bands import Band
from tray_app.core.config.settings import Colours, RememberedChoices, Settings
from tray_app.core.model.icon_options import Palette, Style, Theme
from tray_app.core.model.readings import GIB, MIB, ApiReading, Now, SystemMemory
from tray_app.core.monitor.commands import Mute, Order, SetPalette, SetPaused, SetStyle, SetTheme
from tray_app.core.monitor.inputs import Answered, Asked, Delivered, MenuSeen, SourcesRead
from tray_app.core.monitor.state import State, begin
from tray_app.core.monitor.step import step
from tray_app.core.presentation.icon import COLUMNS, Picture
from tray_app.core.presentation.menu_row import Row
from tray_app.views import presenter as views_presenter
from tray_app.views.icon import glyphs
from tray_app.views.presenter import ONE_SERVER, Presenter, picture, tooltip


@dataclass
class FakePanel:
    """Counts what it is told."""

    images: list[tuple[Any, ...]] = field(default_factory=list)
    tooltips: list[str] = field(default_factory=list)
    menus: list[Callable[[], Sequence[Row]]] = field(default_factory=list)
    attention: list[bool] = field(default_factory=list)
    themes: list[Theme] = field(default_factory=list)
    asks_for_menu: bool = True

    def sizes(self, drawn: Sequence[int]) -> Sequence[int]:
        return drawn[:3]

    def show_images(self, images: Sequence[Any]) -> None:
        self.images.append(tuple(images))

    def show_attention(self, wanted: bool) -> None:
        self.attention.append(wanted)

    def show_tooltip(self, text: str) -> None:
        self.tooltips.append(text)

    def show_theme(self, theme: Theme) -> None:
        self.themes.append(theme)

    def show_menu(
        self,
        read: Callable[[], Sequence[Row]],
        submit: Callable[[Order], None],
        shape: object = None,
    ) -> None:
        self.menus.append(read)


def sampled(
    memory_mb: float, state: State | None = None, at_s: float = 0.0, free_gb: float = 12.0
) -> State:
    """A state after one API sample."""
    now = Now(at_s, 1e9 + at_s)
    state = state or begin(Settings(), Settings(), now, local=True)
    system = SystemMemory(16 * GIB, round(free_gb * GIB), 25.0)
    answer = ApiReading(at_s, 0.004, int(memory_mb * MIB), system, None)
    for happened in (Asked(), Answered(answer), SourcesRead()):
        state, _ = step(state, happened, now)
    return state


def show(presenter: Presenter, state: State) -> None:
    """Have a state shown before the thread starts."""
    presenter.tell(state)
    presenter.show()


def test_the_same_sample_writes_nothing_twice() -> None:
    """A sample that looks like the last one touches neither icon nor tooltip."""
    panel = FakePanel()
    presenter = Presenter(panel, lambda _: None, ONE_SERVER)
    first = sampled(300)
    show(presenter, first)
    show(presenter, sampled(300.2, first, 2.0))
    assert (len(panel.images), len(panel.tooltips)) == (1, 1)


def test_the_menu_is_handed_over_unmade() -> None:
    """It is made of the newest state when the panel reads it."""
    made: list[State] = []

    def rows(state: State) -> tuple[Row, ...]:
        made.append(state)
        return ()

    panel = FakePanel()
    presenter = Presenter(panel, lambda _: None, replace(ONE_SERVER, rows=rows))
    first = sampled(300)
    second = sampled(400, first, 2.0)
    show(presenter, first)
    show(presenter, second)
    assert made == []
    panel.menus[-1]()
    assert made == [second]


def test_only_what_can_be_seen_wakes_the_thread() -> None:
    """A sample that looks like the last one is not shown; the menu has its figures nevertheless."""
    panel = FakePanel()
    presenter = Presenter(panel, lambda _: None, ONE_SERVER)
    first = sampled(300)
    show(presenter, first)
    presenter.start()
    second = sampled(300.2, first, 2.0)
    presenter.tell(second)
    presenter.close(AMPLE_S)
    assert len(panel.menus) == 1
    assert panel.menus[0]() == views_presenter.menu.rows(second)
    assert panel.menus[0]() is panel.menus[0](), "made once"


@pytest.mark.parametrize("asks_for_menu", [True, False])
def test_an_open_menu_is_told_of_each_sample(asks_for_menu: bool) -> None:
    """Also of one that looks like the last: its rows say more than the tooltip. A panel that does
    not ask for its menu may have it open at any time."""
    panel = FakePanel(asks_for_menu=asks_for_menu)
    presenter = Presenter(panel, lambda _: None, ONE_SERVER)
    first = sampled(300)
    if asks_for_menu:
        first, _ = step(first, MenuSeen(True), Now(1.0, 1e9 + 1.0))
    show(presenter, first)
    presenter.start()
    presenter.tell(sampled(300.2, first, 2.0))
    presenter.close(AMPLE_S)
    assert (len(panel.menus), len(panel.tooltips)) == (2, 1)


def test_the_picture_comes_in_the_panels_sizes() -> None:
    """A panel is given one image for each size that is of use to it."""
    panel = FakePanel()
    show(Presenter(panel, lambda _: None, ONE_SERVER), sampled(1600))
    assert [image.size[0] for image in panel.images[0]] == list(glyphs.SIZES[:3])


def test_the_picture_follows_the_state() -> None:
    """Band, figure, source, pause and failed notifications are all in the picture."""
    state = sampled(1600)
    assert (picture(state).band, picture(state).figure) == (Band.ORANGE, "1.6")
    assert picture(begin(Settings(), Settings(), Now(0, 0), local=True)).band is Band.UNKNOWN
    paused, _ = step(state, SetPaused(True), Now(1, 1e9 + 1))
    assert picture(paused).paused
    undelivered, _ = step(state, Delivered("no service"), Now(1, 1e9 + 1))
    assert picture(undelivered).undelivered


def test_the_picture_is_drawn_as_it_was_chosen() -> None:
    """In the style, colours and theme of the menu; a change of one redraws once."""
    panel = FakePanel()
    presenter = Presenter(panel, lambda _: None, ONE_SERVER)
    state = sampled(1600)
    show(presenter, state)
    for number, command in enumerate(
        (SetStyle(Style.BARS), SetPalette(Palette.OKABE_ITO), SetTheme(Theme.LIGHT)), 2
    ):
        state, _ = step(state, command, Now(1, 1e9 + 1))
        show(presenter, state)
        show(presenter, state)
        assert len(panel.images) == number
    shown = picture(state)
    assert (shown.style, shown.palette, shown.theme) == (
        Style.BARS,
        Palette.OKABE_ITO,
        Theme.LIGHT,
    )


def test_marks_follow_the_state() -> None:
    """Muted alerts and a machine short of memory; a paused picture tells nothing of the machine."""
    state = sampled(1600)
    assert (picture(state).muted, picture(state).machine_short) == (False, False)
    state, _ = step(state, Mute(1800.0), Now(1, 1e9 + 1))
    for at_s in (2.0, 4.0):
        state = sampled(1600, state, at_s, free_gb=0.3)
    assert (picture(state).muted, picture(state).machine_short) == (True, True)
    paused, _ = step(state, SetPaused(True), Now(5, 1e9 + 5))
    assert (picture(paused).muted, picture(paused).machine_short) == (True, False)


def test_attention_is_wanted_at_the_critical_level_only() -> None:
    """Told once when it begins and once when it is over; high memory alone is no emergency."""
    panel = FakePanel()
    presenter = Presenter(panel, lambda _: None, ONE_SERVER)
    state = None
    for at_s, memory_mb in enumerate((300, 2500, 3100, 3200, *[2000] * 17, 300)):
        state = sampled(memory_mb, state, at_s * 2.0)
        show(presenter, state)
    assert panel.attention == [True, False]


@pytest.mark.parametrize(("next_mb", "shown"), [(2500, "2.44 GB"), (300, "300 MB")])
def test_a_panel_that_fails_once_is_written_again(next_mb: float, shown: str) -> None:
    """A fault while showing is not the end: the next state is shown whole, also if it looks like
    the one that failed."""

    @dataclass
    class Faulty(FakePanel):
        faults: int = 1

        def show_images(self, images: Sequence[Any]) -> None:
            if self.faults:
                self.faults -= 1
                raise OSError("panel went away")
            super().show_images(images)

    panel = Faulty()
    presenter = Presenter(panel, lambda _: None, ONE_SERVER)
    presenter.start()
    presenter.tell(sampled(300))
    wait_for(lambda: not panel.faults, "the fault")

    def is_shown() -> bool:
        presenter.tell(sampled(next_mb))  # as sample by sample
        return bool(panel.images)

    wait_for(is_shown, "a picture")
    presenter.close(AMPLE_S)
    assert panel.tooltips[-1].startswith(f"RunAnalyze: {shown}")
    assert len(panel.images) == 1


def test_the_demo_is_marked() -> None:
    """Tooltip and menu of a demo say so."""
    panel = FakePanel()
    show(Presenter(panel, lambda _: None, ONE_SERVER), replace(sampled(300), demo=True))
    assert panel.tooltips[0].startswith("RunAnalyze (demo)")
    assert panel.menus[0]()[0].text.startswith("Demo · ")


def test_the_settings_say_how_the_icon_is_drawn() -> None:
    """Until the menu says otherwise; an own colour stands for its band only."""
    settings = Settings(
        style=Style.BARS,
        palette=Palette.OKABE_ITO,
        theme=Theme.DARK,
        colours=Colours(green=(1, 2, 3)),
    )
    now = Now(0.0, 1e9)
    state = begin(settings, settings, now, local=True)
    assert picture(state) == Picture(
        Band.UNKNOWN, style=Style.BARS, palette=Palette.OKABE_ITO, theme=Theme.DARK
    )
    assert picture(sampled(300, state)).colour == (1, 2, 3)
    assert picture(sampled(600, state)).colour is None
    chosen = replace(state, choice=RememberedChoices(style=Style.CALM))
    assert picture(chosen).style is Style.CALM


def test_the_graph_has_columns_and_no_figure() -> None:
    """So a figure that nobody sees is no other picture; the other styles have no columns."""
    number = sampled(300)
    graph = step(number, SetStyle(Style.GRAPH), Now(3, 3))[0]
    shown = picture(graph)
    assert (shown.figure, len(shown.columns), shown.columns[-1]) == ("", COLUMNS, 2)
    assert picture(number).columns == ()
    paused = step(graph, SetPaused(True), Now(4, 4))[0]
    assert picture(paused).columns == ()


def test_the_last_minutes_are_in_the_tooltip_where_they_can_be_drawn() -> None:
    """Not where the desktop's fonts lack the blocks."""
    state = replace(STATES["ten minutes"], has_blocks=True)
    assert tooltip(state).splitlines()[-1].endswith(" 342 MB to 2.09 GB in 10 min")
    assert len(tooltip(replace(state, has_blocks=False)).splitlines()) == 3
