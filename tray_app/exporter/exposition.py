"""Writes the metrics as Prometheus reads them: the only importer of prometheus_client.

The format is the client's choice (text or OpenMetrics), by the Accept header.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
)
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import Metric as Family
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

from tray_app import __version__
from tray_app.core.model.metrics import SERVER, Kind, Metric
from tray_app.core.presentation.metrics import BUILD, CLOCK, OFFERS, Offer, Peaks, Told
from tray_app.exporter.latest import Servers

Points = list[tuple[list[str], float | Peaks]]


class Exposition(Collector):
    """Makes the answer to a scrape. ``wall_s`` is the exporter's clock, in Unix time."""

    def __init__(self, servers: Servers, wall_s: Callable[[], float]) -> None:
        self._servers = servers
        self._wall_s = wall_s
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def describe(self) -> list[Family]:
        """Nothing: to ask for metrics before there is a state would register none."""
        return []

    def collect(self) -> Iterator[Family]:
        """All metrics of all servers."""
        told = self._servers()
        for offer in OFFERS:
            family = _family(offer, told)
            if family.samples:
                yield family
        yield GaugeMetricFamily(CLOCK.name, CLOCK.help, value=self._wall_s(), unit=CLOCK.unit)
        yield InfoMetricFamily(BUILD.name, BUILD.help, value={"version": __version__})

    def page(self, accept: str) -> tuple[str, bytes]:
        """The kind and the bytes of the answer to this Accept header."""
        encode, kind = choose_encoder(accept)
        return kind, encode(self._registry)


def _family(offer: Offer, servers: list[Told]) -> Family:
    metric = offer.metric
    points = [
        ([told.server, *values], value) for told in servers for values, value in offer.points(told)
    ]
    labels = (SERVER, *metric.labels)
    if metric.kind is Kind.HISTOGRAM:
        return _histogram(metric, labels, points)
    kind = CounterMetricFamily if metric.kind is Kind.COUNTER else GaugeMetricFamily
    family = kind(metric.name, metric.help, labels=labels, unit=metric.unit)
    for values, value in points:
        assert not isinstance(value, Peaks)
        family.add_metric(values, value)
    return family


def _histogram(metric: Metric, labels: tuple[str, ...], points: Points) -> Family:
    family = HistogramMetricFamily(metric.name, metric.help, labels=labels, unit=metric.unit)
    for values, value in points:
        assert isinstance(value, Peaks)
        bounds = [*map(floatToGoString, value.bounds), "+Inf"]
        counts = list(zip(bounds, value.counts, strict=True))
        family.add_metric(values, counts, sum_value=value.sum)
    return family
