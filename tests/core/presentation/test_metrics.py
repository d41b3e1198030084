"""The table of metrics: what is exported of a state, and what is not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from tests.core.made import SYSTEM, TARGET, mb, tree_reading
from tests.core.presentation.samples import HEALTHY, NOTHING, REFUSED, SILENT
from tests.views.terminal.test_json_record import FULL
from tray_app.core.alerts.limits import AlertLimits
from tray_app.core.config.settings import Settings
from tray_app.core.history.counts import Counts, PeakCounts
from tray_app.core.model.process_finding import ProcessProblem, ProcessProblemKind
from tray_app.core.model.readings import GIB, MIB, Now, OwnUse
from tray_app.core.model.server_address import parse_address
from tray_app.core.monitor.sample import Sample
from tray_app.core.monitor.state import Health, State, begin
from tray_app.core.presentation.figure import OBJECT, OBJECTS, TEXT, TEXTS, TIME, WORD, Field
from tray_app.core.presentation.figures import FIGURES
from tray_app.core.presentation.metrics import OFFERS, Peaks, Told
from tray_app.core.source_choice.circuit_breaker import ApiCondition, ApiState

NOW = Now(101.0, 1e9 + 1)
SETTINGS = Settings(address=parse_address("http://user:secret@gpu-box:8000/a/path"))


def state_of(sample: Sample | None, **more: Any) -> State:
    begun = begin(SETTINGS, SETTINGS, Now(0.0, 1e9 - 100), local=True)
    return replace(begun, sample=sample, **more)


def told(sample: Sample | None, *, now: Now = NOW, **more: Any) -> Told:
    return Told("gpu-box:8000", state_of(sample, **more), Counts(), now)


def values(of: Told) -> dict[str, dict[tuple[str, ...], Any]]:
    """By metric, then by labels; only what is there."""
    found = {offer.metric.short: dict(offer.points(of)) for offer in OFFERS}
    return {name: points for name, points in found.items() if points}


def test_figures_are_in_base_units() -> None:
    """Bytes, seconds and ratios, whatever JSON says them in."""
    found = values(told(replace(FULL, at=Now(100.0, 1e9))))
    assert found["memory_bytes"] == {(FULL.source.value,): FULL.memory_bytes}
    assert found["cpu_ratio"][()] == pytest.approx((FULL.cpu_percent or 0) / 100)
    assert FULL.system is not None
    assert found["system_available_bytes"] == {(): FULL.system.available_bytes}
    assert found["api_latency_seconds"] == {(): FULL.api.latency_s}
    assert found["sample_age_seconds"] == {(): 1.0}


def test_unknown_is_absent() -> None:
    """Not 0, and not NaN. What counts events is known: nothing has happened."""
    found = values(told(NOTHING))
    gone = {"memory_bytes", "cpu_seconds", "hung", "busy", "memory_level", "forecast_seconds"}
    assert not gone & set(found)
    assert found["jobs"] == {("ended",): 0, ("lost",): 0}
    assert values(told(None)).keys() == {
        *("limit_bytes", "jobs", "job_peak_bytes", "alerts", "server_events"),
        *("samples", "samples_late", "sample_interval_seconds", "paused"),
    }


def test_a_stale_figure_is_absent() -> None:
    """It is no reading of now."""
    assert "memory_bytes" not in values(told(replace(HEALTHY, stale=True)))


@pytest.mark.parametrize("more", [{"paused": True}, {"now": Now(131.0, 0)}])
def test_an_old_sample_says_nothing_of_now(more: dict[str, Any]) -> None:
    """In a pause, or where samples have stopped: its age is told."""
    found = values(told(HEALTHY, **more))
    assert "memory_bytes" not in found
    assert found["sample_age_seconds"][()] == more.get("now", NOW).mono_s - 100
    late = told(replace(HEALTHY, interval_s=60.0), now=Now(250.0, 0))
    assert "memory_bytes" in values(late)


@pytest.mark.parametrize(
    ("sample", "is_up"),
    [
        (HEALTHY, 1),
        (SILENT, 1),
        (replace(NOTHING, target=None), None),
        (replace(NOTHING, target=None, api=REFUSED), 0),
        (replace(NOTHING, target=None, api=ApiCondition(ApiState.OFF)), None),
    ],
)
def test_a_server_is_there_or_not_or_it_is_unknown(sample: Sample, is_up: int | None) -> None:
    """Silence alone does not tell."""
    assert values(told(sample)).get("server_up", {}).get(()) == is_up


def test_without_its_api_a_process_that_is_not_found_is_gone() -> None:
    """One that may not be seen is not."""
    off = replace(NOTHING, target=None, api=ApiCondition(ApiState.OFF))
    for kind, is_up in ((ProcessProblemKind.NOT_FOUND, 0), (ProcessProblemKind.UNREADABLE, None)):
        sample = replace(off, problem=ProcessProblem(kind, port=8000))
        assert values(told(sample)).get("server_up", {}).get(()) == is_up


@pytest.mark.parametrize(
    ("state", "is_up"),
    [
        (ApiState.OK, 1),
        (ApiState.SLOW, 1),
        (ApiState.SILENT, 0),
        (ApiState.ERROR, 0),
        (ApiState.UNREACHABLE, 0),
        (ApiState.WAITING, None),
        (ApiState.OFF, None),
    ],
)
def test_the_api_answers_or_not(state: ApiState, is_up: int | None) -> None:
    """Or nobody has asked it."""
    sample = replace(HEALTHY, api=ApiCondition(state, age_s=1.0))
    assert values(told(sample)).get("api_up", {}).get(()) == is_up
    if state is ApiState.SLOW:
        never = replace(HEALTHY, api=ApiCondition(state))
        assert "api_up" not in values(told(never))


def test_limits_are_the_servers_own() -> None:
    """Also those that are a share of the machine; and what the machine must have left."""
    settings = replace(SETTINGS, alerts=AlertLimits(critical_percent=50.0))
    found = values(told(HEALTHY, settings=settings))
    assert found["limit_bytes"][("critical",)] == pytest.approx(SYSTEM.total_bytes / 2)
    assert found["limit_bytes"][("raised",)] == 1500 * MIB
    assert found["system_available_limit_bytes"] == {(): pytest.approx(0.05 * 16 * GIB)}


def test_cpu_time_is_the_servers_own() -> None:
    """Where the process that is read is the server."""
    reading = replace(tree_reading(500, 100.0), cpu_used_s=12.5)
    assert values(told(HEALTHY, process=reading))["cpu_seconds"] == {(): 12.5}
    other = replace(reading, target=replace(TARGET, pid=7))
    assert "cpu_seconds" not in values(told(HEALTHY, process=other))


def test_the_peaks_of_jobs_are_a_histogram() -> None:
    """Its counts are cumulative."""
    counts = Counts(peaks=PeakCounts().with_peak(mb(200)).with_peak(mb(3000)))
    (peaks,) = values(replace(told(HEALTHY), counts=counts))["job_peak_bytes"].values()
    assert isinstance(peaks, Peaks)
    assert peaks.counts == (0, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2)
    assert peaks.sum == mb(3200)


def test_an_alert_of_memory_has_its_level() -> None:
    """Others have none."""
    found = values(told(HEALTHY))["alerts"]
    assert ("critical", "critical") in found
    assert ("hung", "") in found


def test_the_exporter_tells_of_itself() -> None:
    """Its memory and CPU, once they were read."""
    health = Health(OwnUse(30 * MIB, 4.0), NOW, 9, 0)
    found = values(told(HEALTHY, health=health))
    assert found["monitor_resident_bytes"] == {(): 30 * MIB}
    assert found["monitor_cpu_seconds"] == {(): 4.0}


def test_labels_are_bounded_and_hold_no_secret() -> None:
    """The server is its host and port, whatever its address has; the rest are known words."""
    assert SETTINGS.address.label == "gpu-box:8000"
    assert parse_address("http://[::1]:1").label == "[::1]:1"
    assert len(parse_address(f"http://{'x' * 300}:8000").label) == 85
    full = told(FULL)
    labels = {label for offer in OFFERS for each, _ in offer.points(full) for label in each}
    assert all(len(label) < 20 and label.replace("_", "").isalpha() for label in labels if label)


def numbers(fields: tuple[Field[Any], ...], path: str = "") -> Iterator[str]:
    """The paths of all fields that are numbers and not parts of a list."""
    for field in fields:
        name = f"{path}{field.key}"
        if field.unit is OBJECT:
            yield from numbers(field.fields, f"{name}.")
        elif field.unit not in (WORD, TEXT, TEXTS, TIME, OBJECTS):
            yield name


LEFT_OUT = {
    "memory_mb": "memory_bytes, with its source",
    "shared_mb": "the difference of two others",
    "pss_mb": "one such figure is enough",
    "own_age_s": "of a figure that changes slowly",
    "forecast.seconds": "forecast_seconds, with what it leads to",
    "system.used_percent": "of two others",
    "system.limited": "a flag that explains the total",
    "system.swap_total_gb": "it never changes",
    "tmp.age_s": "some seconds",
    "api.age_s": "api_up says whether it answers",
    "job.number": "jobs_total",
    "job.before_mb": "of one job: job_kept_bytes",
    "job.peak_mb": "of one job: job_peak_bytes",
    "job.after_mb": "of one job: job_kept_bytes",
    "target.pid": "an id is no figure",
}


def test_each_number_of_the_table_of_figures_is_a_metric_or_left_out() -> None:
    """With a reason, so that a new figure is not forgotten."""
    shown = {offer.field for offer in OFFERS} - {""}
    known = {path for figure in FIGURES for path in numbers(figure.json)}
    next_video = {path for path in known if path.startswith("next_video.")}  # advice for a person
    assert known - shown - next_video == set(LEFT_OUT)
