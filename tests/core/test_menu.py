"""The menu as data."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.core.made import answer, look, look_in_vain, mb
from tray_app.core.commands import Quit, SetMode, SetPaused, SetPreset
from tray_app.core.menu import Row, rows
from tray_app.core.modes import Mode, Preset
from tray_app.core.readings import Now, TempUsage
from tray_app.core.settings import Settings
from tray_app.core.state import Answered, Input, Looked, State, begin, step

START = begin(Settings(), Settings(), Now(0.0, 1e9), local=True)
TEMP = TempUsage(mb(18), 3, 1.9)


def after(*inputs: tuple[float, Input], state: State = START) -> State:
    """The state after these inputs at these seconds."""
    for at_s, happened in inputs:
        state, _ = step(state, happened, Now(at_s, 1e9 + at_s))
    return state


HEALTHY = after((1.95, Answered(answer(342, 1.95, temp=TEMP))), (2.0, Looked(look(342, 2.0))))
STATES = {
    "starting": START,
    "healthy": HEALTHY,
    "process": after((2.0, Looked(look(2500, 2.0)))),
    "no reading": after((2.0, Looked(look_in_vain(2.0)))),
    "paused": after((3.0, SetPaused(True)), state=HEALTHY),
    "quick test": after((3.0, SetPreset(Preset.QUICK)), state=HEALTHY),
    "fallback preset": replace(START, settings=Settings(preset=Preset.FALLBACK)),
    "demo": replace(HEALTHY, demo=True),
    "no delivery": replace(HEALTHY, delivery_problem="no notification service"),
}


def everything(of: tuple[Row, ...]) -> Iterator[Row]:
    for row in of:
        yield row
        yield from everything(row.children)


def by_key(state: State) -> dict[str, Row]:
    return {row.key: row for row in everything(rows(state))}


@pytest.mark.parametrize("name", list(STATES))
def test_rows_stay_in_their_places(name: str) -> None:
    """Every state has the same rows in the same order, so that an open menu keeps still."""

    def shape(of: tuple[Row, ...]) -> list[object]:
        return [(row.key, bool(row.text), shape(row.children)) for row in of]

    assert shape(rows(STATES[name])) == shape(rows(START))
    keys = [row.key for row in everything(rows(STATES[name]))]
    assert len(keys) == len(set(keys))


def test_three_lines_inform() -> None:
    """Memory and band; source and what is going on; system and temp. Nobody can click them."""
    lines = rows(HEALTHY)[:3]
    assert [row.text for row in lines] == [
        "RunAnalyze: 342 MB · green",
        "API · idle",
        "System: 10.0 GB of 16.0 GB free (38 % used) · Temp: 18 MB in 3 files",
    ]
    assert not any(row.enabled for row in lines)


def test_before_the_first_sample_they_say_whom_is_waited_for() -> None:
    """The address, without its secrets."""
    texts = [row.text for row in rows(START)[:3]]
    assert texts == ["RunAnalyze: starting", "http://localhost:8000", "–"]


def test_without_a_reading_they_say_why() -> None:
    """In the line of the source."""
    texts = [row.text for row in rows(STATES["no reading"])[:2]]
    assert texts == ["RunAnalyze: No reading", "waiting for the first answer"]


def test_a_pause_is_said() -> None:
    """And the row offers to go on."""
    paused = by_key(STATES["paused"])
    assert paused["status-memory"].text == "RunAnalyze: paused"
    assert (paused["pause"].text, paused["pause"].command) == ("Resume", SetPaused(False))
    running = by_key(HEALTHY)["pause"]
    assert (running.text, running.command) == ("Pause", SetPaused(True))


def test_the_demo_is_marked() -> None:
    """Nobody takes it for their server."""
    assert rows(STATES["demo"])[0].text.startswith("RunAnalyze (demo): ")


def test_notifications_that_do_not_get_through_are_told_here() -> None:
    """Where else?"""
    text = by_key(STATES["no delivery"])["status-system"].text
    assert text == "Notifications do not get through: no notification service"


@pytest.mark.parametrize("mode", list(Mode))
def test_the_chosen_mode_is_marked(mode: Mode) -> None:
    """One of three, each with its command."""
    menu = by_key(replace(START, settings=Settings(mode=mode)))
    marks = {row.command: row.checked for row in menu["mode"].children}
    assert marks == {SetMode(each): each is mode for each in Mode}


def test_the_chosen_preset_is_marked() -> None:
    """Four are offered; the fallback preset is a mode here, so no row is marked for it."""
    preset = by_key(STATES["quick test"])["preset"]
    assert preset.text == "Preset: Quick test (30 s)"
    assert {row.command: row.checked for row in preset.children} == {
        SetPreset(Preset.STANDARD): False,
        SetPreset(Preset.QUICK): True,
        SetPreset(Preset.HEAVY): False,
        SetPreset(Preset.DEBUG): False,
    }
    fallback = by_key(STATES["fallback preset"])["preset"]
    assert not any(row.checked for row in fallback.children)


def test_the_last_row_quits() -> None:
    """As in every menu."""
    assert rows(START)[-1] == Row("quit", "Quit", Quit())
