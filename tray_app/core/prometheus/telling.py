"""Which alerts are notified: those that are new, and the end of those that were."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence

from tray_app.core.fleet.rank import Rank
from tray_app.core.prometheus.events import AlertsChanged
from tray_app.core.prometheus.values import EngineAlert

By = Mapping[str, EngineAlert]


def changes(
    alerts: Sequence[EngineAlert], known: Iterable[EngineAlert], least: Rank | None
) -> AlertsChanged | None:
    """What has changed since these were ``known``; None: nothing. ``least`` is the rank from which
    on alerts are notified: any (PAUSED), or during a mute red ones, or none (None)."""
    before = _by_key(known)
    now = _by_key(alerts)
    firing = _by_key(filter(_fires, alerts))
    began = [] if least is None else [it for it in _without(firing, before) if it.rank >= least]
    left = _by_key(_without(before, firing))
    if not began and not left:
        return None
    over = _by_key(_without(left, now)) if least is Rank.PAUSED else {}
    return AlertsChanged(tuple(began), tuple(over.values()), tuple(_without(left, over)))


def known_after(known: Iterable[EngineAlert], changed: AlertsChanged) -> tuple[EngineAlert, ...]:
    """Those whose end would be notified then."""
    left = _by_key((*changed.ended, *changed.withdrawn))
    return (*_without(_by_key(known), left), *changed.began)


def _fires(alert: EngineAlert) -> bool:
    return alert.is_firing


def _by_key(alerts: Iterable[EngineAlert]) -> dict[str, EngineAlert]:
    return {each.key: each for each in alerts}


def _without(alerts: By, keys: Container[str]) -> list[EngineAlert]:
    return [each for key, each in alerts.items() if key not in keys]
