"""Where the figures come from, in words."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.core.presentation.samples import HEALTHY, NOTHING, REFUSED, SILENT
from tray_app.core.model.api_failure import ApiFailureKind, ApiProblem
from tray_app.core.model.presets import Mode
from tray_app.core.model.process_finding import (
    ProcessProblem,
    ProcessProblemKind,
)
from tray_app.core.model.readings import (
    MIB,
    MemoryKind,
    Source,
)
from tray_app.core.monitor.sample import Sample
from tray_app.core.presentation import (
    process_text,
    source_text,
)
from tray_app.core.source_choice.circuit_breaker import ApiCondition, ApiState
from tray_app.core.source_choice.selection import Why

HELD = ProcessProblem(ProcessProblemKind.HELD_BY_MONITOR, port=8000)
PROXY = ProcessProblem(ProcessProblemKind.NOT_THE_SERVER, port=8000, pid=42, name="docker-proxy")


class TestSource:
    def test_a_healthy_api_is_one_word(self) -> None:
        """Latency is said when a person would feel it, age when it is not now."""
        assert source_text.source(HEALTHY) == "API"
        slow = replace(HEALTHY, api=ApiCondition(ApiState.OK, 0.1, 0.37), age_s=4.0)
        assert source_text.source(slow) == "API, 370 ms · 4 s old"

    def test_a_stale_value_says_its_age_and_the_reason(self) -> None:
        """Nobody takes it for a fresh one."""
        stale = replace(SILENT, source=Source.API, stale=True, age_s=12.0, why=Why.API_LATE)
        assert source_text.source(stale) == (
            "last API value · 12 s old · API busy, no answer for 12 s"
        )

    @pytest.mark.parametrize(
        ("api", "reason"),
        [
            (SILENT.api, "API busy, no answer for 12 s"),
            (REFUSED, "API unreachable: connection refused"),
            (
                ApiCondition(ApiState.ERROR, problem=ApiProblem(ApiFailureKind.STATUS, status=500)),
                "API error: HTTP 500",
            ),
            (ApiCondition(ApiState.SLOW), "API is slow"),
        ],
    )
    def test_processes_say_why_the_api_is_not_the_source(
        self, api: ApiCondition, reason: str
    ) -> None:
        """Busy and down are different things."""
        assert source_text.source(replace(SILENT, api=api)) == f"Process (1 process) · {reason}"

    def test_a_process_that_is_not_the_server_is_named(self) -> None:
        """Also while the API is well: there is nothing to fall back on."""
        alone = replace(HEALTHY, why=Why.NOT_THE_SERVER, problem=PROXY)
        assert source_text.source(alone) == (
            "API · port 8000 is held by docker-proxy (pid 42), which is not RunAnalyze"
        )
        stale = replace(alone, api=SILENT.api, stale=True, age_s=12.0)
        assert source_text.source(stale) == (
            "last API value · 12 s old · API busy, no answer for 12 s · "
            f"{process_text.problem(PROXY)}"
        )

    def test_an_api_without_a_process_says_why(self) -> None:
        """Before it falls silent: then there would be nothing to show."""
        alone = replace(HEALTHY, why=Why.NO_PROCESS, problem=HELD)
        assert source_text.source(alone) == "API · port 8000 is used by runanalyze-tray itself"

    def test_processes_are_counted(self) -> None:
        """And several workers are the reason by themselves."""
        rows = HEALTHY.rows * 3
        workers = replace(SILENT, api=HEALTHY.api, why=Why.WORKERS, rows=rows)
        assert source_text.source(workers) == (
            "Process (3 processes) · API reports one of several workers"
        )
        assert source_text.source(replace(workers, why=Why.CHOSEN)) == "Process (3 processes)"

    @pytest.mark.parametrize(
        ("kind", "shared_mb", "source", "sharing"),
        [
            (
                MemoryKind.SHARED_ONCE,
                3000,
                "Process (3 processes, shared memory counted once)",
                "Total 514 MB with shared memory counted once (sum of RSS 3.43 GB)",
            ),
            (MemoryKind.SHARED_ONCE, 9, "Process (3 processes)", ""),
            (
                MemoryKind.RSS_SUM,
                0,
                "Process (3 processes, may be too high)",
                "Total 3.43 GB; may be too high: shared memory cannot be measured",
            ),
            (
                MemoryKind.UNMEASURED,
                3000,
                "Process (3 processes, lower bound)",
                "Total at most 3.43 GB; shared memory is being measured",
            ),
            (MemoryKind.RSS, 0, "Process (3 processes)", ""),
        ],
    )
    def test_it_says_how_shared_memory_was_counted(
        self, kind: MemoryKind, shared_mb: float, source: str, sharing: str
    ) -> None:
        """Only where that makes a difference."""
        sample = replace(
            SILENT,
            why=Why.CHOSEN,
            rows=HEALTHY.rows * 3,
            memory_kind=kind,
            rss_bytes=round(3514 * MIB),
            shared_bytes=round(shared_mb * MIB),
        )
        assert source_text.source(sample) == source
        assert source_text.sharing(sample) == sharing

    @pytest.mark.parametrize(
        ("sample", "text"),
        [
            (replace(NOTHING, why=Why.STARTING), "waiting for the first answer"),
            (
                replace(NOTHING, why=Why.REMOTE, api=REFUSED),
                "API unreachable: connection refused · on another machine: no process to read",
            ),
            (
                replace(NOTHING, why=Why.REMOTE, mode=Mode.FALLBACK),
                "the server is on another machine, so its processes cannot be read",
            ),
            (
                replace(NOTHING, api=REFUSED, problem=HELD),
                "API unreachable: connection refused · port 8000 is used by runanalyze-tray itself",
            ),
            (
                replace(NOTHING, mode=Mode.FALLBACK, api=ApiCondition(ApiState.OFF)),
                "no server process found",
            ),
            (
                replace(NOTHING, api=SILENT.api, why=Why.NOT_THE_SERVER, problem=PROXY),
                f"API busy, no answer for 12 s · {process_text.problem(PROXY)}",
            ),
            (
                replace(NOTHING, mode=Mode.API, why=Why.API_AWAY),
                "API busy, no answer for 12 s",
            ),
        ],
    )
    def test_without_a_reading_it_says_why(self, sample: Sample, text: str) -> None:
        """Both why the API and why the processes say nothing."""
        assert source_text.source(sample) == text


def test_every_mode_has_its_name() -> None:
    """In the menu, and the mode says when it has fallen back."""
    assert set(source_text.MODES) == set(Mode)
    assert source_text.mode(HEALTHY) == "Automatic"
    assert source_text.mode(SILENT) == "Automatic, using processes"
