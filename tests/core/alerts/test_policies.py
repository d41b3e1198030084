"""All alert policies, composed."""

from __future__ import annotations

import importlib
import math
import pkgutil
from typing import get_args, get_type_hints

import pytest
from msgspec.structs import replace

from tests.core.alerts.test_forecast import STANDS_AFTER_NOISE
from tests.core.analysis.test_job_profiles import job
from tests.core.made import SYSTEM, facts, mb, tree_reading
from tray_app.core import alerts
from tray_app.core.alerts import hung, levels, server_exit, system_memory
from tray_app.core.alerts.forecast import Forecast, ForecastKind, shown
from tray_app.core.alerts.hung import HungState
from tray_app.core.alerts.levels import LevelReached
from tray_app.core.alerts.limits import LEVELS, AlertLimits, Level
from tray_app.core.alerts.policies import (
    CALM,
    POLICIES,
    AlertsState,
    Found,
    due_s,
    rebased,
    starting_with,
    update,
    woken,
)
from tray_app.core.alerts.policy import Finding
from tray_app.core.alerts.server_exit import ServerExit
from tray_app.core.analysis.job_profiles import profile_of
from tray_app.core.analysis.jobs import Jobs


def test_each_policy_keeps_a_state_of_its_own() -> None:
    """In one frozen value; a gap, or other figures, leave what was calm as it was."""
    assert len(CALM.states) == len(POLICIES)
    for policy in POLICIES:
        assert CALM.of(policy) is policy.initial
    assert woken(CALM, 10.0) == rebased(CALM, 10.0) == CALM
    assert due_s(CALM, 10.0, AlertLimits()) == math.inf
    with pytest.raises(AttributeError):
        CALM.states = ()  # type: ignore[misc]


def test_what_is_found_is_a_finding() -> None:
    """Each kind once, so that texts can tell them apart."""
    kinds = get_args(Found)
    assert len(set(kinds)) == len(kinds)
    assert all(issubclass(kind, Finding) for kind in kinds)


def test_each_policy_of_the_package_is_asked() -> None:
    """A module that defines a ``POLICY`` has a place in `POLICIES`."""
    names = [module.name for module in pkgutil.iter_modules(alerts.__path__)]
    modules = [importlib.import_module(f"{alerts.__name__}.{name}") for name in names]
    defined = [module.POLICY for module in modules if hasattr(module, "POLICY")]
    assert len(defined) == len(POLICIES)
    assert all(policy in POLICIES for policy in defined)


def test_each_finding_has_a_word_of_its_own() -> None:
    """For an exported history: a level's is its name, and a forecast is no level."""
    words = [kind.WORD for kind in set(get_args(Found)) - {LevelReached}]
    assert len(set(words) | {level.word for level in LEVELS}) == len(words) + len(LEVELS)
    high = LevelReached(Level.HIGH, 2000.0)
    assert high.word == "high"
    assert replace(high, forecast=Forecast(ForecastKind.CRITICAL, 9.0)).word == "forecast"


def test_found_names_what_the_policies_can_find() -> None:
    """All kinds that their ``update`` may return, so that a match over `Found` misses none."""
    kinds: set[type] = set()
    for policy in POLICIES:
        _, finding = get_args(get_type_hints(policy.update)["return"])
        kinds |= set(get_args(finding)) - {type(None)}
    assert kinds == set(get_args(Found))


def climb(
    peak_mb: float | None, *, to_mb: float, jobs: int = 3
) -> tuple[list[LevelReached], AlertsState]:
    """What is reported of a job that climbs from 200 MB by 30 MB/s, after ``jobs`` that peaked at
    this size."""
    profile = profile_of([job(200, peak_mb)] * jobs) if peak_mb else None
    runs = Jobs(current=job(200, 200), count=4)
    state, told = CALM, []
    for number in range(int((to_mb - 200) / 60) + 1):
        seen = facts(2.0 * number, mb(200 + 60 * number), jobs=runs, profile=profile)
        state, found = update(state, seen)
        told += [each for each in found if isinstance(each, LevelReached) and each.forecast]
    return told, state


def test_a_job_like_others_that_ended_below_a_limit_is_forecast_nothing() -> None:
    """Its line is the same."""
    assert climb(None, to_mb=2750)[0]
    told, state = climb(2700, to_mb=2750)
    assert (told, state.forecast) == ([], None)


def test_a_job_like_others_that_reached_critical_is_forecast_early() -> None:
    """A minute before it with nine of them, three such jobs tell less; without any at its end."""
    (early,), _ = climb(3300, to_mb=2900, jobs=9)
    (later,), _ = climb(3300, to_mb=2900)
    (late,), _ = climb(None, to_mb=2900)
    leads_s = [each.forecast.seconds for each in (early, later, late) if each.forecast]
    assert 55 < leads_s[0] < 60
    assert 30 < leads_s[1] < 50
    assert 5 < leads_s[2] < 11


def test_a_job_that_leaves_the_others_range_is_forecast() -> None:
    """Where theirs ended far below."""
    (told,), _ = climb(1500, to_mb=2900)
    assert told.forecast is not None


def test_no_forecast_stands_beside_memory_that_stands() -> None:
    """Recorded: the noise before made a line of it, which forecast 'high' in 29 s."""
    state = CALM
    for at_s, memory_mb in STANDS_AFTER_NOISE:
        limits = AlertLimits(raised_mb=350, high_mb=500, critical_mb=600)
        state, _ = update(state, replace(facts(at_s, mb(memory_mb)), limits=limits))
    assert shown(state.outlook, 21.26) is not None
    assert state.forecast is None


def test_a_level_and_a_shortage_are_said_of_one_sample() -> None:
    """In the order of the policies; each knows nothing of the other."""
    state, found = update(
        CALM, facts(0.0, mb(3200), system=SYSTEM, process=tree_reading(3200, 0.0))
    )
    assert found == (LevelReached(Level.CRITICAL, 3000.0),)
    assert state.of(levels.POLICY).level is Level.CRITICAL
    assert state.of(system_memory.POLICY) is system_memory.NO_SHORTAGE


def test_the_end_of_a_server_that_was_said_to_hang_matters() -> None:
    """At whatever size, also while it did nothing."""
    state, _ = update(CALM, facts(0.0, mb(300)))
    assert update(state, facts(2.0, lost=True))[1] == ()
    seen = state.of(server_exit.POLICY)
    hangs = starting_with(hung.POLICY, HungState(said_s=0.0))
    states = tuple(
        seen if policy is server_exit.POLICY else before
        for policy, before in zip(POLICIES, hangs.states, strict=True)
    )
    hangs = type(hangs)(states=states)
    assert update(hangs, facts(2.0, lost=True))[1] == (ServerExit(mb(300), False),)
