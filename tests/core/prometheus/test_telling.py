"""Each alert is told when it begins and when it ends."""

from __future__ import annotations

from msgspec.structs import replace

from tests.core.prometheus.made import alert
from tray_app.core.fleet.rank import Rank
from tray_app.core.prometheus.events import AlertsChanged
from tray_app.core.prometheus.telling import changes, known_after
from tray_app.core.prometheus.values import AlertStatus

A, B, C = alert("A", "a"), alert("B", "b", "warning"), alert("C", "c")
ANY = Rank.PAUSED


def test_what_is_new_and_what_is_over() -> None:
    """In the order in which the engine has them."""
    changed = changes((C, B), (A, B), ANY)
    assert changed == AlertsChanged(began=(C,), ended=(A,))
    assert changed is not None
    assert known_after((A, B), changed) == (B, C)
    assert changes((B, C), (B, C), ANY) is None


def test_an_alert_that_is_held_back_has_not_ended() -> None:
    """It is taken from the screen without a word."""
    held = replace(A, status=AlertStatus.INHIBITED)
    assert changes((held, B), (A, B), ANY) == AlertsChanged(withdrawn=(A,))
    assert changes((held,), (), ANY) is None


def test_during_a_mute_only_red_ones_are_told() -> None:
    """Or none; the end of one is no news either."""
    assert changes((A, B), (C,), Rank.RED) == AlertsChanged(began=(A,), withdrawn=(C,))
    assert changes((A, B), (), None) is None
