"""Whether the server is gone, replaced or another one."""

from __future__ import annotations

from msgspec.structs import replace

from tests.core.made import TARGET, no_process, tree_reading
from tray_app.core.config.settings import Settings
from tray_app.core.model.readings import Now, ProcessReading
from tray_app.core.monitor.inputs import SourcesRead
from tray_app.core.monitor.observation import observe
from tray_app.core.monitor.server_life import ServerLife, life_of, on_basis
from tray_app.core.monitor.state import State, begin
from tray_app.core.server.target_override import NO_OVERRIDE, TargetOverride
from tray_app.core.source_choice import basis as bases
from tray_app.core.source_choice.cross_check import CrossCheck

NOW = Now(1002.0, 1e9)
STATE = begin(Settings(), Settings(), Now(1000.0, 1e9), local=True)
WATCHED = replace(STATE, cross_check=CrossCheck((TARGET.pid, TARGET.created_s)))


def life(state: State, process: ProcessReading | None) -> ServerLife:
    """The transition that one reading is."""
    readings = SourcesRead(process=process)
    return life_of(state, readings, observe(state, readings, NOW))


def test_a_server_that_is_found_is_not_lost() -> None:
    """Neither is one that was never seen, nor one that was not looked for."""
    assert not life(WATCHED, tree_reading(300, 1002.0)).lost
    assert not life(STATE, no_process(1002.0)).lost
    assert not life(WATCHED, None).lost


def test_a_server_that_the_search_does_not_find_is_lost() -> None:
    """Or one whose place another process has taken."""
    assert life(WATCHED, no_process(1002.0)).lost
    another = replace(tree_reading(300, 1002.0), target=replace(TARGET, pid=57))
    assert life(WATCHED, another).lost


def test_a_picked_process_is_the_override_until_it_ends() -> None:
    """Then the settings choose again."""
    picked = TargetOverride((TARGET.pid, TARGET.created_s))
    state = replace(WATCHED, override=picked)
    assert life(state, tree_reading(300, 1002.0)).override == picked
    assert life(state, no_process(1002.0)).override == NO_OVERRIDE


def test_the_first_figure_of_a_server_is_a_basis() -> None:
    """The end of a server is one, too, until there is a figure again."""
    readings = SourcesRead(process=tree_reading(300, 1002.0))
    seen = observe(STATE, readings, NOW)
    state = on_basis(STATE, seen, NOW, life_of(STATE, readings, seen))
    assert state.basis is not None
    gone = SourcesRead(process=no_process(1002.0))
    seen = observe(WATCHED, gone, NOW)
    assert on_basis(WATCHED, seen, NOW, life_of(WATCHED, gone, seen)).basis == bases.ENDED
