"""A click on *Silence*: it asks first, then it is one order, and what Alertmanager says counts."""

from __future__ import annotations

from msgspec.structs import replace

from tests.core.prometheus.made import alert, at, server
from tray_app.core.model.api_failure import ApiFailureKind, ApiProblem
from tray_app.core.model.label_selector import Matcher, Operator, Selector, parse_selector
from tray_app.core.model.silence_length import SilenceLength
from tray_app.core.monitor.commands import SilenceAlerts, UnsilenceAlerts
from tray_app.core.presentation import silence_text
from tray_app.core.prometheus import silencing
from tray_app.core.prometheus.silences import EndSilence, MakeSilence, SilenceResult, SilenceScope
from tray_app.core.prometheus.silencing import (
    Refusal,
    SilenceDoubted,
    SilenceEvent,
    SilenceInput,
    SilenceRefused,
    SilenceRequested,
    SilenceSettled,
    Silencing,
)
from tray_app.core.prometheus.values import Silence, SilencesRead

NOW = at(0)
SERVERS = (server("gpu-1"), server("gpu-2"))
BEGUN = silencing.seen(Silencing("ana@desk", parse_selector('team="video"')), SERVERS, ())
FOR_ONE = SilenceAlerts(SilenceLength.HOUR, "gpu-1:9435", "localhost:8000")
OF_ONE = SilenceScope((Matcher("instance", Operator.EQUAL, "gpu-1:9435"),), "gpu-1:8000")


def after(
    state: Silencing | None, happened: SilenceInput
) -> tuple[Silencing | None, tuple[SilenceEvent, ...]]:
    return silencing.step(state, happened, NOW, SERVERS)


def held(state: Silencing | None) -> list[str]:
    assert state is not None
    return [each.id for each in state.shown]


def silence(silence_id: str = "s", instance: str = "gpu-1:9435") -> Silence:
    matchers = (Matcher("instance", Operator.EQUAL, instance),)
    return Silence(silence_id, matchers, "bob", "new disk", NOW.wall_s, NOW.wall_s + 60)


def ordered() -> tuple[Silencing, MakeSilence]:
    """The state while a silence is made, and the order."""
    state, (event,) = after(BEGUN, replace(FOR_ONE, sure=True))
    assert state is not None
    assert isinstance(event, SilenceRequested)
    assert isinstance(event.order, MakeSilence)
    return state, event.order


def test_a_silence_is_asked_first() -> None:
    """It holds for everybody: the first click makes none, and says what it would be."""
    state, (event,) = after(BEGUN, FOR_ONE)
    assert state == BEGUN
    until_s = NOW.wall_s + 3600
    assert event == SilenceDoubted(OF_ONE, until_s, NOW.wall_s, replace(FOR_ONE, sure=True))


def test_a_confirmed_silence_is_one_order() -> None:
    """With author, comment and end; another click meanwhile is refused."""
    state, order = ordered()
    assert order == MakeSilence(
        OF_ONE, "ana@desk", silencing.COMMENT, NOW.wall_s, NOW.wall_s + 3600
    )
    assert held(state) == []
    for click in (FOR_ONE, UnsilenceAlerts("s")):
        assert after(state, click) == (state, (SilenceRefused(Refusal.RUNNING),))


def test_a_silence_of_all_is_of_the_selector() -> None:
    """As it is shown, so it is silenced."""
    _, (event,) = after(BEGUN, SilenceAlerts(SilenceLength.FOUR_HOURS, sure=True))
    assert isinstance(event, SilenceRequested)
    assert isinstance(event.order, MakeSilence)
    assert event.order.scope == SilenceScope(parse_selector('team="video"').matchers)


def test_an_alert_of_an_exporter_can_be_silenced() -> None:
    """Also where Prometheus has forgotten its servers, whose own alerts are not meant."""
    away = alert("RunAnalyzeExporterAway", "gpu-9", server="")
    button = silence_text.button(away)
    assert button is not None
    assert isinstance(button.command, SilenceAlerts)
    _, (event,) = after(BEGUN, button.command)
    assert isinstance(event, SilenceDoubted)
    assert event.scope.name == "gpu-9:9435"
    assert [str(each) for each in event.scope.matchers] == ['instance="gpu-9:9435"', 'server=""']
    assert Selector(event.scope.matchers).holds(dict(away.labels))
    assert not Selector(event.scope.matchers).holds(dict(alert(host="gpu-9").labels))


def test_a_silence_that_was_made_is_shown_at_once() -> None:
    """As Alertmanager has it, before its list comes."""
    state, order = ordered()
    result = SilenceResult(order, silence())
    state, events = after(state, result)
    assert events == (SilenceSettled(result, NOW.wall_s),)
    assert held(state) == ["s"]
    assert state is not None
    assert state.running is None


def test_a_silence_that_could_not_be_made_is_never_shown() -> None:
    """Whatever was asked for: only what Alertmanager says holds."""
    state, order = ordered()
    result = SilenceResult(order, problem=ApiProblem(ApiFailureKind.REFUSED))
    state, events = after(state, result)
    assert events == (SilenceSettled(result, NOW.wall_s),)
    assert state == BEGUN


def test_silences_made_elsewhere_are_shown() -> None:
    """If they are about what is shown, or hold back one of its alerts."""
    read = SilencesRead((silence("ours"), silence("other", "db:9100"), silence("named", "x")))
    state, events = after(BEGUN, read)
    assert events == ()
    assert held(state) == ["ours"]
    assert state is not None
    by_name = silencing.seen(state, SERVERS, [alert(silences=["named"])])
    assert held(by_name) == ["ours", "named"]
    assert silencing.seen(by_name, SERVERS, [alert(silences=["named"])]) is by_name
    assert held(silencing.seen(by_name, (), ())) == []


def test_a_silence_is_ended() -> None:
    """Also that of another person; it is gone from the list when Alertmanager says so."""
    state, _ = after(BEGUN, SilencesRead((silence(),)))
    state, (event,) = after(state, UnsilenceAlerts("s"))
    order = EndSilence(silence())
    assert event == SilenceRequested(order)
    assert held(state) == ["s"]
    failed, _ = after(state, SilenceResult(order, problem=ApiProblem(ApiFailureKind.REFUSED)))
    assert held(failed) == ["s"]
    ended, _ = after(state, SilenceResult(order, silence()))
    assert held(ended) == []


def test_what_is_no_longer_known_is_refused() -> None:
    """A menu may have been open for a long time."""
    assert after(BEGUN, UnsilenceAlerts("gone")) == (
        BEGUN,
        (SilenceRefused(Refusal.NO_SILENCE),),
    )
    gone = SilenceAlerts(SilenceLength.HOUR, "gpu-9:9435", "localhost:8000", sure=True)
    assert after(BEGUN, gone) == (BEGUN, (SilenceRefused(Refusal.NO_SERVER),))


def test_without_an_alertmanager_nothing_is_silenced() -> None:
    """And the click says so."""
    assert after(None, FOR_ONE) == (None, (SilenceRefused(Refusal.NO_ALERTMANAGER),))
    assert after(None, SilencesRead(())) == (None, ())
    assert Silencing("ana").selector == Selector()
