"""Which alerts have a chart, and what is on it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.core.made import SYSTEM, mb
from tests.core.presentation.samples import HEALTHY
from tray_app.core.alerts.forecast import Forecast, ForecastKind
from tray_app.core.alerts.idle_growth import IdleGrowth
from tray_app.core.alerts.job_leak import Leak
from tray_app.core.alerts.levels import LevelReached, Recovered
from tray_app.core.alerts.limits import Level
from tray_app.core.alerts.policy import Finding
from tray_app.core.alerts.server_exit import ServerExit
from tray_app.core.analysis.bands import Band
from tray_app.core.analysis.course import Course, update
from tray_app.core.model.readings import GIB, Now
from tray_app.core.monitor.events import Alert
from tray_app.core.presentation.chart import AHEAD, FULL, PAST, Chart, chart_of
from tray_app.core.presentation.icon import Picture

TILE = Picture(Band.RED, "3.0")
NOW_S = 598.0


def climbing(until_s: int = 600) -> Course:
    """From 0 to 3000 MB in 10 min, a little below at the end."""
    past = Course()
    for second in range(0, until_s, 2):
        past = update(past, float(second), int(mb(5 * second)), None, 2.0)
    return past


def chart(found: Finding, past: Course, memory_mb: float = 2990) -> Chart | None:
    sample = replace(HEALTHY, at=Now(NOW_S, NOW_S), memory_bytes=int(mb(memory_mb)), system=SYSTEM)
    return chart_of(Alert(found, sample), past, TILE)  # type: ignore[arg-type]


def test_a_critical_level_shows_five_minutes_and_the_limit() -> None:
    """With room above the highest."""
    shown = chart(LevelReached(Level.CRITICAL, 3000), climbing())
    assert shown is not None
    assert len(shown.past) == PAST
    assert shown.past == tuple(sorted(shown.past))
    assert shown.limit is not None
    assert 0.85 * FULL < shown.past[-1] < shown.limit < FULL
    assert shown.ahead == ()


def test_a_forecast_climbs_to_the_limit() -> None:
    """Straight, in the time that it tells."""
    ahead = Forecast(ForecastKind.CRITICAL, 40.0)
    shown = chart(LevelReached(Level.CRITICAL, 3000, forecast=ahead), climbing(), 2000)
    assert shown is not None
    assert len(shown.ahead) == AHEAD
    assert shown.ahead[3:] == (shown.limit,) * 3
    first, second, third = shown.ahead[:3]
    assert third - second == pytest.approx(second - first, abs=1)


def test_full_memory_is_the_limit_of_its_forecast() -> None:
    """What the server has, and what is available."""
    full = Forecast(ForecastKind.FULL, 20.0)
    shown = chart(LevelReached(Level.CRITICAL, 3000, forecast=full), climbing(), 2048)
    assert shown is not None
    top = 1.12 * (2 + SYSTEM.available_bytes / GIB)
    assert shown.limit == pytest.approx(FULL / 1.12, abs=1)
    assert shown.past[-1] == pytest.approx(FULL * 2.92 / top, abs=2)


def test_an_end_shows_the_minutes_before_it() -> None:
    """However long ago it was noticed."""
    found = ServerExit(int(mb(2500)), busy=True)
    shown = chart(found, climbing(until_s=500))
    assert shown is not None
    assert (shown.ended, len(shown.past), shown.limit) == (True, PAST, None)
    assert shown.past[-1] == round(FULL / 1.12)


def test_a_leak_shows_how_it_adds_up() -> None:
    """Job by job, apart; a job that freed some adds nothing."""
    kept = tuple(int(mb(each)) for each in (100, -20, 100, 200))
    shown = chart(Leak(kept, sum(kept), 4), Course())
    assert shown is not None
    assert (shown.past, shown.apart) == ((250, 250, 500, 1000), True)


def test_growth_is_seen_beside_what_was_there_before() -> None:
    """The columns begin a little below the least."""
    past = Course()
    for second in range(0, 600, 2):
        past = update(past, float(second), int(mb(800 + second / 6)), None, 2.0)
    shown = chart(IdleGrowth(int(mb(150)), 900.0), past)
    assert shown is not None
    assert shown.past[0] < 0.5 * FULL
    assert shown.past[-1] == FULL


@pytest.mark.parametrize(
    "found",
    [
        LevelReached(Level.HIGH, 2000),
        Recovered(Level.CRITICAL, int(mb(3000))),
        Leak((int(mb(300)),), int(mb(300)), 1),
    ],
)
def test_other_alerts_keep_the_tile(found: Finding) -> None:
    """So do leaks of one job."""
    assert chart(found, climbing()) is None


def test_two_columns_are_no_chart() -> None:
    """After the start the tile says more."""
    past = Course()
    for second in range(580, 600, 2):
        past = update(past, float(second), int(mb(3100)), None, 2.0)
    assert chart(LevelReached(Level.CRITICAL, 3000), past) is None
