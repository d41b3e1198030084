"""Silences: which are about what is shown, and what a new one says."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from msgspec.structs import replace

from tests.core.prometheus.made import server
from tray_app.core.model.label_selector import Matcher, Operator, Selector, parse_selector
from tray_app.core.prometheus import silences
from tray_app.core.prometheus.silences import (
    OURS,
    Coverage,
    MakeSilence,
    SilenceResult,
    SilenceScope,
)
from tray_app.core.prometheus.values import Silence

NONE = Selector()
VIDEO = parse_selector('team="video"')


def silence(text: str, silence_id: str = "s") -> Silence:
    return Silence(silence_id, parse_selector(text).matchers, "ana", "", 0.0, 1.0)


def test_a_silence_of_a_server_names_exporter_and_address() -> None:
    """Its exporter alone, where that watches no other: then the exporter's own alerts count,
    too."""
    alone = server("gpu-1")
    other = server("gpu-2")
    assert silences.of_server(alone, [alone, other]) == SilenceScope(
        (Matcher("instance", Operator.EQUAL, "gpu-1:9435"),), "gpu-1:8000"
    )
    beside = replace(alone, server="localhost:8001")
    assert silences.of_server(alone, [alone, beside]).matchers == (
        Matcher("instance", Operator.EQUAL, "gpu-1:9435"),
        Matcher("server", Operator.EQUAL, "localhost:8000"),
    )


def test_a_server_without_an_exporter_is_not_all_of_its_address() -> None:
    """Each machine may have a server at this address."""
    bare = replace(server("gpu-1"), instance="")
    of_bare = Selector(silences.of_server(bare, [bare]).matchers)
    assert of_bare.holds({"server": bare.server})
    assert not of_bare.holds({"server": bare.server, "instance": "gpu-2:9435"})


def test_a_silence_of_all_is_never_one_of_everything() -> None:
    """An Alertmanager may serve a whole company; one without a matcher is refused, too."""
    assert silences.of_all(VIDEO).matchers == VIDEO.matchers
    assert silences.of_all(NONE).matchers == (OURS,)
    almost = parse_selector('site!="lab"')
    assert silences.of_all(almost).matchers == (*almost.matchers, OURS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('instance="gpu-1:9435"', Coverage.ALL),
        ('instance="gpu-2:9435"', Coverage.NONE),
        ('instance=~"gpu-1:.*", server="localhost:8000"', Coverage.ALL),
        ('instance=~"gpu-.+", severity="warning"', Coverage.SOME),
        ('alertname="RunAnalyzeHigh"', Coverage.SOME),
        ('alertname=~"RunAnalyze.*"', Coverage.ALL),
        ('alertname="NodeDown"', Coverage.NONE),
        ('team="video"', Coverage.ALL),
        ('team="audio"', Coverage.NONE),
        # What Go and Python read differently, or what may take a long time, is not tried.
        (r'instance=~"(?i:GPU-1.*)"', Coverage.NONE),
        ('instance=~".*.*.*.*x"', Coverage.NONE),
    ],
)
def test_which_alerts_of_a_server_a_silence_holds_back(text: str, expected: Coverage) -> None:
    """All, some, or none, by what is known of the server."""
    assert silences.coverage(silence(text), server("gpu-1").key, VIDEO) is expected


def test_silences_of_what_is_shown_are_shown() -> None:
    """Also one that cannot be read here, where an alert names it."""
    listed = [
        silence('instance="gpu-1:9435"', "server"),
        silence('instance="db:9100"', "other"),
        silence('job=~"(?i)x"', "named"),
    ]
    found = silences.shown(listed, [server("gpu-1").key], {"named"}, NONE)
    assert [each.id for each in found] == ["server", "named"]


def test_a_silence_of_all_is_shown_before_any_server_is_known() -> None:
    """A person who has made it sees it, also while Prometheus is away."""
    listed = [silence('team="video"', "ours"), silence('team="audio"', "other")]
    assert [each.id for each in silences.shown(listed, (), (), VIDEO)] == ["ours"]


def test_thousands_of_silences_and_servers_are_put_together_quickly() -> None:
    """Those that name an exporter are tried with its servers alone."""
    listed = [silence(f'instance="gpu-{number}:9435"', str(number)) for number in range(5000)]
    tried: list[str] = []

    class Key(tuple[str, str]):
        """Counts how often it is looked at."""

        def __iter__(self) -> Iterator[str]:
            tried.append(self[0])
            return super().__iter__()

    keys = [Key((f"gpu-{number}:9435", "")) for number in range(1000)]
    assert len(silences.shown(listed, keys, (), NONE)) == 1000
    assert len(tried) <= 1000
    tried.clear()
    others = [silence(f'job="node", rack="{number}"') for number in range(50)]
    assert silences.shown(others, keys, (), NONE) == ()
    assert len(tried) <= 50


def test_the_clocks_are_compared() -> None:
    """Alertmanager puts its own time in the place of a start that has passed."""
    order = MakeSilence(SilenceScope((OURS,)), "ana", "", asked_s=1e6, ends_s=1e6 + 3600)
    made = Silence("s", (OURS,), "ana", "", starts_s=1e6 - 600, ends_s=order.ends_s)
    assert SilenceResult(order, made).skew_s == -600
    unknown = Silence("s", (OURS,), "ana", "", starts_s=order.starts_s, ends_s=order.ends_s)
    assert SilenceResult(order, unknown).skew_s == 0.0
