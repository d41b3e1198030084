"""The names of metrics that the exporter and the exported history share."""

from __future__ import annotations

import re

from tray_app.core.history.openmetrics import FAMILIES
from tray_app.core.model.metrics import Kind, Metric
from tray_app.core.presentation.metrics import BUILD, CLOCK, OFFERS

LIVE = [*(offer.metric for offer in OFFERS), CLOCK, BUILD]
RECORDED = list({family.metric for families in FAMILIES.values() for family in families})


def test_each_name_has_its_unit_and_stands_once() -> None:
    """Lower case, and the unit at the end, as Prometheus wants them."""
    names = [metric.name for metric in LIVE]
    assert len(set(names)) == len(names)
    for metric in (*LIVE, *RECORDED):
        assert re.fullmatch("runanalyze_[a-z]+(_[a-z]+)*", metric.name)
        assert metric.name.endswith(metric.unit)


def test_each_says_what_it_is() -> None:
    """In a sentence; what has a unit says it."""
    for metric in LIVE:
        assert metric.help.endswith(".")
        if metric.unit in ("bytes", "seconds"):
            assert metric.unit in metric.help


def test_a_name_means_one_thing() -> None:
    """What is recorded under a name that the exporter has is the same metric."""
    live = {metric.name: metric for metric in LIVE}
    both = [metric for metric in RECORDED if metric.name in live]
    assert len(both) >= 8
    assert all(live[metric.name] is metric for metric in both)


def test_only_what_grows_is_a_counter() -> None:
    """Its name has no ``_total``: the format adds it."""
    counters: list[Metric] = [metric for metric in LIVE if metric.kind is Kind.COUNTER]
    assert counters
    assert not any(metric.name.endswith("_total") for metric in counters)
