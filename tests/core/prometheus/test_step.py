"""Each input of an engine's state, and what follows from it."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.core.prometheus.made import (
    after,
    alert,
    begun,
    known,
    server,
    silence,
    with_manager,
)
from tray_app.core.fleet.rank import Rank
from tray_app.core.model.api_failure import ApiFailureKind, ApiProblem
from tray_app.core.model.icon_options import Palette
from tray_app.core.model.silence_length import SilenceLength
from tray_app.core.monitor.commands import (
    LeftClick,
    Mute,
    Quit,
    SetInterval,
    SetPalette,
    SetPaused,
    ShowStatus,
    SilenceAlerts,
    Unmute,
)
from tray_app.core.monitor.events import Chosen, Ended
from tray_app.core.monitor.inputs import MenuSeen
from tray_app.core.presentation import engine_text
from tray_app.core.prometheus.events import (
    AlertsChanged,
    EngineAway,
    EngineBack,
    FleetStatusAsked,
)
from tray_app.core.prometheus.silences import SilenceResult
from tray_app.core.prometheus.silencing import (
    Refusal,
    SilenceRefused,
    SilenceRequested,
    SilenceSettled,
)
from tray_app.core.prometheus.step import LISTED, PartAsked, TimePassed
from tray_app.core.prometheus.values import (
    AlertsRead,
    AlertStatus,
    Part,
    ReadFailed,
    ServersRead,
    SilencesRead,
)

REFUSED = ApiProblem(ApiFailureKind.REFUSED)
FAILED = ReadFailed(Part.SERVERS, REFUSED)


def test_an_alert_is_told_when_it_begins_and_ends() -> None:
    """Once each, however often it is read."""
    one, two = alert(host="a"), alert(host="b")
    state, events = after(known(), AlertsRead((one,)))
    assert events == [AlertsChanged(began=(one,))]
    state, events = after(state, AlertsRead((one, two)), AlertsRead((two, one)))
    assert events == [AlertsChanged(began=(two,))]
    state, events = after(state, AlertsRead((two,)), AlertsRead((two,)))
    assert events == [AlertsChanged(ended=(one,))]
    assert after(state, AlertsRead(()))[1] == [AlertsChanged(ended=(two,))]


def test_alerts_that_fire_at_the_start_are_told() -> None:
    """Together."""
    both = alert(host="a"), alert(host="b")
    assert after(begun(), AlertsRead(both))[1] == [AlertsChanged(began=both)]


def test_what_is_silenced_is_withdrawn() -> None:
    """Without a word; when the silence is over it is told again."""
    one = alert()
    held = replace(one, status=AlertStatus.SILENCED)
    state, events = after(known(), AlertsRead((held,)))
    assert events == []
    state, events = after(state, AlertsRead((one,)), AlertsRead((held,)))
    assert events == [AlertsChanged(began=(one,)), AlertsChanged(withdrawn=(one,))]
    assert after(state, AlertsRead(()))[1] == []
    assert after(state, AlertsRead((one,)))[1] == [AlertsChanged(began=(one,))]


def test_a_mute_holds_alerts_back() -> None:
    """Critical ones come through, unless the settings say no. Those that still fire come after
    it; one that ends during it is withdrawn."""
    warning, critical, old = alert("W", "a", "warning"), alert("C", "b"), alert("O", "c", "info")
    state, _ = after(known(alerts=(old,)), Mute(60.0))
    state, events = after(state, AlertsRead((warning, critical)))
    assert events == [AlertsChanged(began=(critical,), withdrawn=(old,))]
    _, events = after(state, Unmute())
    assert AlertsChanged(began=(warning,)) in events
    _, events = after(state, TimePassed(), seconds=62.0)
    assert events == [AlertsChanged(began=(warning,))]
    limits = replace(begun().desk.settings.alerts, critical_exempt=False)
    state, _ = after(begun(alerts=limits), Mute(60.0))
    assert after(state, AlertsRead((warning, critical)))[1] == []


def test_an_engine_that_is_away_is_told_once() -> None:
    """When nothing is known of it any longer; and once that it is back."""
    state, events = after(known(), FAILED, FAILED, seconds=40.0)
    assert events == []
    state, events = after(state, FAILED, TimePassed(), seconds=52.0)
    assert events == [EngineAway(Part.SERVERS, REFUSED)]
    state, events = after(state, FAILED, TimePassed(), seconds=300.0)
    assert events == []
    state, events = after(state, ServersRead((server("a"),)), seconds=310.0)
    assert events == []  # of the alerts nothing is known yet
    state, events = after(state, AlertsRead(()), AlertsRead(()), seconds=311.0)
    assert events == [EngineBack()]


def test_a_mute_of_everything_holds_back_that_an_engine_is_away() -> None:
    """Until it ends, if the engine is still away then."""
    limits = replace(begun().desk.settings.alerts, critical_exempt=False)
    state, _ = after(begun(alerts=limits), ServersRead(()), AlertsRead(()), Mute(600.0))
    state, events = after(state, FAILED, FAILED, TimePassed(), seconds=300.0)
    assert events == []
    state, events = after(state, TimePassed(), seconds=602.0)
    assert [each for each in events if isinstance(each, EngineAway)] == [
        EngineAway(Part.SERVERS, REFUSED)
    ]


def test_the_whole_engine_is_named_where_all_of_it_is_away() -> None:
    """Alerts, which are read more often, are the first that nothing is known of."""
    alerts = ReadFailed(Part.ALERTS, REFUSED)
    _, events = after(known(), FAILED, alerts, alerts, TimePassed(), seconds=35.0)
    assert events == [EngineAway(Part.SERVERS, REFUSED)]
    _, events = after(known(), alerts, alerts, TimePassed(), seconds=35.0)
    assert events == [EngineAway(Part.ALERTS, REFUSED)]


def test_an_engine_that_never_was_there_is_told_too() -> None:
    """As late as one that goes."""
    state, events = after(begun(), FAILED, FAILED, seconds=3.0)
    assert events == []
    assert after(state, TimePassed(), seconds=51.0)[1] == [EngineAway(Part.SERVERS, REFUSED)]


def test_a_machine_that_has_slept_misses_nothing() -> None:
    """Its answers are old, but nothing has failed."""
    state, events = after(known(server("a")), TimePassed(), seconds=9000.0)
    assert events == []
    assert after(state, FAILED, ServersRead(()), AlertsRead(()), seconds=9001.0)[1] == []


def test_a_failure_keeps_what_was_known() -> None:
    """With the reason, until the next answer."""
    state, _ = after(known(server("a")), PartAsked(Part.SERVERS), FAILED)
    assert (len(state.servers), state.servers_part.problem) == (1, REFUSED)
    state, _ = after(state, ServersRead((server("b"),)))
    assert (state.servers_part.problem, state.servers_part.failures) == (None, 0)


def test_alerts_that_could_not_be_read_have_not_ended() -> None:
    """Only an answer says that."""
    failed = ReadFailed(Part.ALERTS, REFUSED)
    assert after(known(alerts=(alert(),)), failed, TimePassed(), seconds=9.0)[1] == []


@pytest.mark.parametrize("command", [ShowStatus(), LeftClick()])
def test_a_click_asks_for_the_status(command: ShowStatus | LeftClick) -> None:
    """Of all servers."""
    assert after(known(), command)[1] == [FleetStatusAsked()]


def test_the_desktops_commands_do_what_they_do_for_one_server() -> None:
    """Look, interval, pause and end."""
    state, events = after(known(), SetPalette(Palette.OKABE_ITO), SetInterval(5.0))
    assert state.desk.settings.interval_s == 5.0
    assert [type(each) for each in events] == [Chosen]
    assert after(state, SetPaused(True))[0].desk.paused
    assert any(isinstance(each, Ended) for each in after(state, Quit())[1])


def test_the_worst_have_the_rows_of_the_menu() -> None:
    """While it is open they keep their places."""
    many = tuple(server(f"s{n:02}", "green", n) for n in range(40))
    state = known(*many)
    assert [key[0] for key in state.listed] == [f"s{n}:9435" for n in range(39, 39 - LISTED, -1)]
    changed = ServersRead((*many, server("bad", "red")))
    opened, _ = after(state, MenuSeen(True), changed)
    assert opened.listed == state.listed
    closed, _ = after(opened, MenuSeen(False), changed)
    assert closed.listed[0][0] == "bad:9435"


SURE = SilenceAlerts(SilenceLength.HOUR, "a:9435", "localhost:8000", sure=True)


def test_a_silence_is_made_and_its_effect_read_at_once() -> None:
    """Alertmanager is asked again for what holds, whenever it was asked last."""
    state, (event,) = after(with_manager(server("a")), SURE)
    assert isinstance(event, SilenceRequested)
    asked = [PartAsked(part) for part in Part]
    state, _ = after(state, *asked, *(ServersRead((server("a"),)), AlertsRead(())))
    assert state.due_s(Part.ALERTS) > state.now.mono_s
    result = SilenceResult(event.order, silence("a"))
    state, events = after(state, result)
    assert events == [SilenceSettled(result, state.now.wall_s)]
    assert state.due_s(Part.ALERTS) <= state.now.mono_s
    assert state.silencing
    assert [each.id for each in state.silencing.shown] == ["a"]


def test_silences_that_are_not_known_are_not_shown() -> None:
    """Nobody can say that they hold; and their absence is not that of the engine."""
    state, _ = after(with_manager(server("a")), SilencesRead((silence("a"),)))
    failures = [ReadFailed(Part.SILENCES, REFUSED)] * 9
    figures = ServersRead((server("a"),)), AlertsRead(())
    state, events = after(state, *figures, *failures, *figures, seconds=600)
    assert events == []
    assert state.silencing
    assert state.silencing.shown == ()
    state, _ = after(state, SilencesRead((silence("a"),)), seconds=601)
    assert state.silencing
    assert [each.id for each in state.silencing.shown] == ["a"]


def test_without_an_alertmanager_a_click_says_so() -> None:
    """Nothing is made, and nothing looks as if it were."""
    state, events = after(known(server("a")), SURE)
    assert events == [SilenceRefused(Refusal.NO_ALERTMANAGER)]
    assert state.silencing is None


def test_a_new_silence_withdraws_the_alerts_that_it_holds_back() -> None:
    """Without a word: a person wants to hear no more of them."""
    fires = alert(host="a")
    state, _ = after(with_manager(server("a")), AlertsRead((fires,)))
    held = replace(fires, status=AlertStatus.SILENCED, silences=("s",))
    state, events = after(state, AlertsRead((held,)))
    assert events == [AlertsChanged(withdrawn=(fires,))]
    assert state.overview.members[0].silenced


def test_alerts_that_may_be_missing_are_not_none() -> None:
    """An engine that could not ask all of its rulers says so: nothing is green then, and nothing
    has ended."""
    one, two = alert(host="a"), alert(host="b")
    state, events = after(known(server("a"), alerts=(one,)), AlertsRead((two,), "no ruler"))
    assert events == [AlertsChanged(began=(two,))]
    state, events = after(state, AlertsRead((), "no ruler"))
    assert events == []
    assert state.overview.rank is Rank.LOST
    assert engine_text.trouble(state) == "Some alerts may be missing: no ruler"
    state, events = after(state, AlertsRead(()))
    assert events == [AlertsChanged(ended=(one, two))]
    assert state.overview.rank is Rank.GREEN
