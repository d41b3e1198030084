"""Every sentence a person reads."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from tests.core.made import SYSTEM, TARGET, mb
from tray_app.core.alerts.forecast import Forecast, ForecastKind
from tray_app.core.alerts.job_leak import RetainedMemory
from tray_app.core.analysis.activity import Activity
from tray_app.core.analysis.bands import Band
from tray_app.core.analysis.jobs import Figure, Job
from tray_app.core.analysis.measurement import Summary
from tray_app.core.analysis.stage import Stage
from tray_app.core.model.api_failure import ApiFailureKind, ApiProblem
from tray_app.core.model.presets import Mode, Preset
from tray_app.core.model.process_finding import (
    ProcessProblem,
    ProcessProblemKind,
)
from tray_app.core.model.readings import (
    GIB,
    MIB,
    Loss,
    MemoryKind,
    Now,
    OomKills,
    ProcessRow,
    Role,
    Source,
    SystemMemory,
    TempUsage,
    UssPss,
)
from tray_app.core.monitor.events import Summarised
from tray_app.core.monitor.sample import Sample
from tray_app.core.presentation import process_text, wording
from tray_app.core.server.target_tracker import Change, Transition
from tray_app.core.source_choice.circuit_breaker import ApiCondition, ApiState
from tray_app.core.source_choice.selection import Why

HEALTHY = Sample(
    number=7,
    at=Now(100.0, 1e9),
    mode=Mode.AUTO,
    source=Source.API,
    api=ApiCondition(ApiState.OK, age_s=0.1, latency_s=0.004),
    age_s=0.1,
    memory_bytes=mb(1620),
    band=Band.ORANGE,
    rate_bytes_s=12.4 * MIB,
    cpu_percent=104.6,
    system=SYSTEM,
    target=TARGET,
    rows=(ProcessRow(42, "uvicorn", Role.TARGET, mb(1620), 104.6),),
)
SILENT = replace(
    HEALTHY,
    source=Source.PROCESS,
    api=ApiCondition(
        ApiState.SILENT,
        age_s=12.0,
        latency_s=0.004,
        problem=ApiProblem(ApiFailureKind.NO_ANSWER, waited_s=12.0),
    ),
    why=Why.API_AWAY,
    fallback=True,
    age_s=0.0,
)
NOTHING = replace(SILENT, source=Source.NONE, why=Why.NO_PROCESS, memory_bytes=None, age_s=None)
REFUSED = ApiCondition(ApiState.UNREACHABLE, problem=ApiProblem(ApiFailureKind.REFUSED))
FRAMES = Stage("frames", inferred=False)

HELD = ProcessProblem(ProcessProblemKind.HELD_BY_MONITOR, port=8000)
PROXY = ProcessProblem(ProcessProblemKind.NOT_THE_SERVER, port=8000, pid=42, name="docker-proxy")


def test_small_things() -> None:
    """Counts, sizes with what they are."""
    assert wording.size_in_files(None) == "–"
    assert wording.size_in_files(TempUsage(mb(18), 3, 0)) == "18 MB in 3 files"
    assert wording.size_in_files(TempUsage(0, 1, 0)) == "0 MB in 1 file"
    assert wording.free_of(None) == "–"
    system = SystemMemory(round(23.5 * GIB), round(12.3 * GIB), 47.7)
    assert wording.free_of(system) == "12.3 GB of 23.5 GB free (48 % used)"
    limited = replace(system, limited=True, swap_used_bytes=mb(420), pressure_percent=12.4)
    assert wording.free_of(limited) == (
        "12.3 GB of 23.5 GB free (48 % used) · limited · 420 MB in swap · pressure 12 %"
    )
    calm = replace(system, swap_used_bytes=1000, swap_total_bytes=GIB, pressure_percent=0.4)
    assert wording.free_of(calm) == wording.free_of(system), "only what is worth saying"
    assert wording.progress(18.2, 30, 9) == "18 s of 30 s · 9 samples"
    assert wording.progress(31, 30, 1) == "30 s of 30 s · 1 sample"
    assert wording.progress(18.2, None, 9) == "18 s · 9 samples"


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            Change(Transition.ENDED, TARGET, Loss(TARGET, OomKills(0))),
            "Server ended: uvicorn (pid 42).",
        ),
        (
            Change(Transition.ENDED, TARGET, Loss(TARGET, OomKills(1, own_group=True))),
            "Server ended: uvicorn (pid 42). "
            "Out of memory: the kernel's OOM killer ended a process in its control group.",
        ),
        (
            Change(Transition.ENDED, TARGET, Loss(TARGET), falls_back=True),
            "Server ended: uvicorn (pid 42). Searching for the server.",
        ),
        (
            Change(Transition.RESTARTED, replace(TARGET, pid=57), Loss(TARGET, OomKills(2))),
            "Server restarted: uvicorn (pid 57), was pid 42. "
            "Out of memory: the kernel's OOM killer ended 2 processes on this machine, "
            "possibly including the server.",
        ),
        (
            Change(Transition.RETURNED, TARGET),
            "Now watching uvicorn (pid 42), listens on port 8000.",
        ),
        (
            Change(Transition.SWITCHED, TARGET),
            "Now watching uvicorn (pid 42), listens on port 8000.",
        ),
        (
            Change(Transition.WORKER_REPLACED, TARGET, left=(43,), joined=(45,)),
            "Worker of uvicorn (pid 42) replaced: now pid 45, was pid 43.",
        ),
        (
            Change(Transition.WORKER_REPLACED, TARGET, left=(43, 44), joined=(45, 46)),
            "Workers of uvicorn (pid 42) replaced: now pid 45, 46, was pid 43, 44.",
        ),
    ],
)
def test_what_became_of_the_server_is_one_line(change: Change, expected: str) -> None:
    """Who, and why if the kernel tells."""
    assert wording.change(change) == expected


def test_what_memory_is_its_own_is_said_plainly() -> None:
    """With the fair share where the system tells it."""
    own = UssPss(42, mb(301), mb(322), 0.0)
    assert wording.own_memory(own) == (
        "301 MB private (USS), 322 MB including its share of shared pages (PSS)"
    )
    assert wording.own_memory(replace(own, pss_bytes=None)) == "301 MB private (USS)"


def test_memory_is_figure_band_and_rate() -> None:
    """Without a trend the rate is left out; without a reading there is nothing to say."""
    assert wording.memory(HEALTHY) == "1.58 GB · orange · +12 MB/s"
    assert wording.memory(replace(HEALTHY, rate_bytes_s=None)) == "1.58 GB · orange"
    assert wording.memory(NOTHING) == "no reading"


def test_a_stage_that_was_inferred_is_marked() -> None:
    """A question mark is the difference between told and guessed."""
    guessed = Stage("encoding", inferred=True)
    assert wording.stage(Activity.IDLE, None) == "idle"
    assert wording.stage(Activity.PROCESSING, None) == "processing"
    assert wording.stage(Activity.PROCESSING, guessed) == "processing: encoding?"
    assert wording.stage(Activity.INTENSIVE, FRAMES) == "intensive: frames"


class TestJob:
    def test_what_is_known_of_a_job_is_said(self) -> None:
        """Memory before, at most and after."""
        job = Job(3, Now(10, 10), Now(51, 51), Figure(mb(126), Source.API), peak_bytes=mb(532))
        assert wording.job(job) == "Job 3: 41 s, 126 MB before, peak 532 MB"
        whole = replace(job, after=Figure(mb(301), Source.API))
        assert wording.job(whole) == "Job 3: 41 s, 126 MB before, peak 532 MB, 301 MB after"
        assert wording.job(replace(job, before=None, peak_bytes=None)) == "Job 3: 41 s"

    def test_a_running_job_says_how_long_it_takes(self) -> None:
        """In the tooltip; the last one does not."""
        job = Job(3, Now(82, 0))
        sample = replace(HEALTHY, activity=Activity.PROCESSING, stage=FRAMES, job=job)
        assert wording.doing(sample) == "processing: frames, 18 s"
        assert "API · processing: frames, 18 s" in wording.tooltip(sample, demo=False, paused=False)
        ended = replace(sample, activity=Activity.IDLE, job=replace(job, ended=Now(90, 8)))
        assert wording.doing(ended) == "idle"


class TestSource:
    def test_a_healthy_api_is_one_word(self) -> None:
        """Latency is said when a person would feel it, age when it is not now."""
        assert wording.source(HEALTHY) == "API"
        slow = replace(HEALTHY, api=ApiCondition(ApiState.OK, 0.1, 0.37), age_s=4.0)
        assert wording.source(slow) == "API, 370 ms · 4 s old"

    def test_a_stale_value_says_its_age_and_the_reason(self) -> None:
        """Nobody takes it for a fresh one."""
        stale = replace(SILENT, source=Source.API, stale=True, age_s=12.0, why=Why.API_LATE)
        assert wording.source(stale) == (
            "API, last value · 12 s old · API busy, no answer for 12 s"
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
        assert wording.source(replace(SILENT, api=api)) == f"Process (1 process) · {reason}"

    def test_a_process_that_is_not_the_server_is_named(self) -> None:
        """Also while the API is well: there is nothing to fall back on."""
        alone = replace(HEALTHY, why=Why.NOT_THE_SERVER, problem=PROXY)
        assert wording.source(alone) == (
            "API · port 8000 is held by docker-proxy (pid 42), which is not RunAnalyze"
        )
        stale = replace(alone, api=SILENT.api, stale=True, age_s=12.0)
        assert wording.source(stale) == (
            "API, last value · 12 s old · API busy, no answer for 12 s · "
            f"{process_text.problem(PROXY)}"
        )

    def test_an_api_without_a_process_says_why(self) -> None:
        """Before it falls silent: then there would be nothing to show."""
        alone = replace(HEALTHY, why=Why.NO_PROCESS, problem=HELD)
        assert wording.source(alone) == "API · port 8000 is used by runanalyze-tray itself"

    def test_processes_are_counted(self) -> None:
        """And several workers are the reason by themselves."""
        rows = HEALTHY.rows * 3
        workers = replace(SILENT, api=HEALTHY.api, why=Why.WORKERS, rows=rows)
        assert wording.source(workers) == (
            "Process (3 processes) · API reports one of several workers"
        )
        assert wording.source(replace(workers, why=Why.CHOSEN)) == "Process (3 processes)"

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
        assert wording.source(sample) == source
        assert wording.sharing(sample) == sharing

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
        assert wording.source(sample) == text


class TestTooltip:
    def test_it_has_three_lines(self) -> None:
        """Memory; source and stage; system."""
        processing = replace(HEALTHY, activity=Activity.PROCESSING, stage=FRAMES)
        assert wording.tooltip(processing, demo=False, paused=False) == (
            "RunAnalyze: 1.58 GB · orange · +12 MB/s\n"
            "API · processing: frames\n"
            "System: 10.0 GB of 16.0 GB free (38 % used)"
        )

    def test_without_a_reading_nothing_is_said_of_what_the_server_does(self) -> None:
        """Not even that it is idle."""
        text = wording.tooltip(NOTHING, demo=False, paused=False)
        assert "idle" not in text
        assert text.startswith("RunAnalyze: no reading\nAPI busy, no answer for 12 s")

    def test_before_between_and_for_show(self) -> None:
        """Starting, paused, and the demo's mark."""
        assert wording.tooltip(None, demo=False, paused=False) == "RunAnalyze: starting"
        assert wording.tooltip(HEALTHY, demo=False, paused=True) == "RunAnalyze: paused"
        assert wording.tooltip(HEALTHY, demo=True, paused=False).startswith("RunAnalyze (demo): ")

    def test_the_usual_fits_windows(self) -> None:
        """Which takes 127 characters."""
        busy = replace(SILENT, activity=Activity.INTENSIVE, stage=Stage("encoding", inferred=True))
        assert len(wording.tooltip(HEALTHY, demo=True, paused=False)) <= 127
        first_two = wording.tooltip(busy, demo=True, paused=False).splitlines()[:2]
        assert len("\n".join(first_two)) <= 127


class TestSummary:
    FULL = Summary(30.0, 15, mb(1620), float(mb(900)), mb(58))

    def test_it_tells_peak_time_samples_average_and_trend(self) -> None:
        """The peak first."""
        assert wording.summary(self.FULL) == (
            "Summary: peak 1.58 GB",
            "30 s, 15 samples, average 900 MB, +58 MB from start to end.",
        )
        fell = Summary(30.0, 15, mb(1620), float(mb(900)), -mb(1536))
        assert wording.summary(fell)[1].endswith("−1.50 GB from start to end.")
        stood = Summary(30.0, 15, mb(1620), float(mb(900)), 1000)
        assert wording.summary(stood)[1].endswith("unchanged from start to end.")

    def test_without_a_trend_or_any_reading_it_says_less(self) -> None:
        """It does not invent figures."""
        short = Summary(2.0, 1, mb(100), float(mb(100)), None)
        assert wording.summary(short)[1] == "2 s, 1 sample, average 100 MB."
        heading, text = wording.summary(Summary(30.0, 15, None, None, None))
        assert heading == "Summary: no reading"
        assert "could not be read" in text

    def test_a_quick_test_is_named(self) -> None:
        """In the tray, where the program goes on."""
        assert wording.quick_test(Summarised(self.FULL, ends_run=False))[0] == (
            "Quick test: peak 1.58 GB"
        )
        assert wording.quick_test(Summarised(self.FULL, ends_run=True))[0].startswith("Summary")


def test_every_mode_and_preset_has_its_name() -> None:
    """In the menu, and the mode says when it has fallen back."""
    assert set(wording.MODES) == set(Mode)
    assert set(wording.PRESETS) == set(Preset)
    assert wording.mode(HEALTHY) == "Automatic"
    assert wording.mode(SILENT) == "Automatic, using processes"


class TestForecast:
    def test_it_says_how_long_until_what(self) -> None:
        """In steps of 5 s below a minute and a half."""
        assert (
            wording.forecast(Forecast(ForecastKind.FULL, 41.7)) == "about 40 s until memory is full"
        )
        assert (
            wording.forecast(Forecast(ForecastKind.HIGH, 250.0)) == "about 4 min until it is high"
        )
        assert wording.foretold(Forecast(ForecastKind.CRITICAL, 41.7)) == (
            "forecast: critical in about 40 s"
        )

    def test_below_ten_seconds_it_is_any_moment(self) -> None:
        """No forecast is better than that."""
        assert wording.forecast(Forecast(ForecastKind.HIGH, 9.9)) == "high any moment"
        assert wording.forecast(Forecast(ForecastKind.FULL, 0.0)) == "memory full any moment"
        assert wording.foretold(Forecast(ForecastKind.HIGH, 4.0)) == "forecast: high any moment"

    def test_the_tooltip_shows_it_while_it_holds(self) -> None:
        """After the rate."""
        rising = replace(HEALTHY, forecast=Forecast(ForecastKind.CRITICAL, 60.0))
        first = wording.tooltip(rising, demo=False, paused=False).splitlines()[0]
        assert first.endswith("+12 MB/s · about 60 s until it is critical")

    def test_what_a_job_has_kept(self) -> None:
        """For the menu, where it is worth a word, and for the log."""
        kept = RetainedMemory(Job(3, Now(0, 0)), mb(126), mb(140))
        assert wording.kept(kept) == "140 MB not released after the last video"
        assert wording.kept(None) == wording.kept(replace(kept, kept_bytes=mb(5))) == ""
        assert wording.compared(kept) == "Job 3 did not release 140 MB"
        assert (
            wording.compared(replace(kept, kept_bytes=-mb(20))) == "Job 3 released an extra 20 MB"
        )
        assert wording.compared(replace(kept, kept_bytes=0)) == "Job 3 released all its memory"


def test_a_status_has_its_forecast_in_the_text() -> None:
    """A desktop cuts long titles; the tooltip has it in its first line."""
    rising = replace(HEALTHY, forecast=Forecast(ForecastKind.FULL, 39.0))
    title, text = wording.status(rising, demo=False, paused=False)
    assert "until" not in title
    assert text.splitlines()[0] == "About 40 s until memory is full"
    without = wording.tooltip(HEALTHY, demo=False, paused=False)
    assert "\n".join(wording.status(HEALTHY, demo=False, paused=False)) == without
