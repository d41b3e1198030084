"""Recorded jobs, through the whole transition: what is told of each beside what it was.

``tests/data/resource-trace-4hz.csv`` is a recording of the real server, four times a second: RSS of
the server and of its children, CPU (children's beside their names: ``name:rss_mb:cpu_percent``),
and the temp directory. A video is in work exactly while there are files in tmp. Fast polls come at
each row, samples every 2 s at every phase, and sudden ones when a poll, or a walk, calls for one.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import pytest
from msgspec.structs import replace

from tests.core.made import answer, mb, tree_reading
from tray_app.core.analysis.jobs import Job
from tray_app.core.config.settings import Settings
from tray_app.core.model.presets import Mode
from tray_app.core.model.readings import Now, PollReading, TempUsage
from tray_app.core.monitor import poll_bounds
from tray_app.core.monitor.inputs import Answered, SourcesRead
from tray_app.core.monitor.sample import Sample
from tray_app.core.monitor.state import State, begin
from tray_app.core.monitor.step import step

EVERY_ROWS = 8
PHASES = range(EVERY_ROWS)
IDLE_WITHIN_S = 2.0
SHORT_ROWS = 4
# The newest first; `stage` knows the last one's by what runs.
NAMES = ("run_faststart.mp4", "processed_run.mp4", "thumbnail_run.jpg", "run.mp4")


class Row(NamedTuple):
    """``children`` are their names; ``rss_mb`` and ``cpu_percent`` are the whole tree's."""

    t_s: float
    server_mb: float
    rss_mb: float
    cpu_percent: float
    children: dict[str, float]
    tmp_mb: float
    files: int


class Video(NamedTuple):
    """What truly happened, from the first row with its files to the first without."""

    start_s: float
    end_s: float
    before_mb: float
    peak_mb: float


def recorded() -> dict[str, list[Row]]:
    rows = defaultdict[str, list[Row]](list)
    path = Path(__file__).parents[1] / "data" / "resource-trace-4hz.csv"
    with path.open(encoding="ascii", newline="") as file:
        for row in csv.DictReader(file):
            parts = [part.split(":") for part in row["children"].split(";") if part]
            children = {name: float(rss_mb) for name, rss_mb, _ in parts}
            server_mb = float(row["rss_mb"])
            rows[f"{row['tree']} {row['scenario']}"].append(
                Row(
                    float(row["t_s"]),
                    server_mb,
                    server_mb + sum(children.values()),
                    float(row["cpu_percent"]) + sum(float(cpu) for _, _, cpu in parts),
                    children,
                    float(row["tmp_mb"]),
                    int(row["tmp_files"]),
                )
            )
    return rows


RECORDED = recorded()
WORKING = [name for name in RECORDED if not name.endswith(" idle")]


def videos(rows: list[Row]) -> list[Video]:
    found: list[Video] = []
    start: int | None = None
    for number, row in enumerate(rows):
        if row.files and start is None:
            start = number
        elif not row.files and start is not None:
            peak_mb = max(each.rss_mb for each in rows[start:number])
            # What it began with is the idle server's, some rows before its file was there.
            before_mb = min(each.server_mb for each in rows[max(0, start - 3) : start])
            found.append(Video(rows[start].t_s, row.t_s, before_mb, peak_mb))
            start = None
    return found


@dataclass
class Replay:
    """A recording as the app sees it; ``shown`` holds each sample with its row."""

    rows: list[Row]
    phase: int
    mode: Mode
    shown: list[tuple[float, Sample]] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    peak_mb: float | None = None

    def __post_init__(self) -> None:
        settings = replace(Settings(), mode=self.mode)
        state = begin(settings, settings, Now(self.rows[0].t_s, 1e9), local=True)
        for number, row in enumerate(self.rows):
            self.cpu.append(row.cpu_percent)
            now = Now(row.t_s, 1e9 + row.t_s)
            is_tick = number % EVERY_ROWS == self.phase
            if is_tick or self.is_left(state, row) or (number % 2 and self.is_walked(state, row)):
                state = self.sample(state, row, now, sudden=not is_tick)
                continue
            self.peak_mb = max(self.peak_mb or 0.0, row.rss_mb)
        self.jobs = [*state.jobs.ended, *([state.jobs.current] if state.jobs.current else [])]

    @staticmethod
    def is_left(state: State, row: Row) -> bool:
        if state.sample is None:
            return False
        return poll_bounds.is_outside(
            poll_bounds.bounds_of(state), PollReading(mb(row.rss_mb)), row.t_s
        )

    @staticmethod
    def is_walked(state: State, row: Row) -> bool:
        """The directory is walked while somebody works: were files seen to come or to go?"""
        return (
            state.activity.stirs
            and state.settings.mode is Mode.FALLBACK
            and state.temp is not None
            and state.temp.file_count != row.files
        )

    def sample(self, state: State, row: Row, now: Now, *, sudden: bool) -> State:
        percent = sum(self.cpu) / len(self.cpu) if self.shown else None
        self.cpu.clear()
        names = NAMES[4 - row.files :] if row.files <= len(NAMES) else NAMES
        temp = TempUsage(mb(row.tmp_mb), row.files, row.t_s, names)
        if self.mode is Mode.AUTO and not sudden and "ffmpeg" not in row.children:
            told = answer(row.server_mb, row.t_s, temp=replace(temp, names=()))
            state = step(state, Answered(told), now)[0]
        reading = tree_reading(row.server_mb, row.t_s, cpu_percent=percent, children=row.children)
        peak_bytes = None if self.peak_mb is None else mb(self.peak_mb)
        self.peak_mb = None
        readings = SourcesRead(reading, temp, sudden=sudden, peak_rss_bytes=peak_bytes)
        state = step(state, readings, now)[0]
        assert state.sample is not None
        self.shown.append((row.t_s, state.sample))
        return state

    def shown_at(self, at_s: float) -> Sample | None:
        return next((sample for t_s, sample in reversed(self.shown) if t_s <= at_s), None)


@pytest.mark.parametrize("mode", [Mode.AUTO, Mode.FALLBACK])
@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("scenario", WORKING)
class TestRecordedJobs:
    def test_its_figures_are_the_truth(self, scenario: str, phase: int, mode: Mode) -> None:
        """Start and end within 2 s and a reading; before and peak within 10 MB or 3 %."""
        rows = RECORDED[scenario]
        jobs, truth = Replay(rows, phase, mode).jobs, videos(rows)
        if len(truth) == 2 and len(jobs) == 1:  # no reading has seen the half second between them
            one, other = truth
            peak_mb = max(one.peak_mb, other.peak_mb)
            truth = [Video(one.start_s, other.end_s, one.before_mb, peak_mb)]
        assert len(jobs) == len(truth)
        for job, video in zip(jobs, truth, strict=True):
            assert job.started.mono_s == pytest.approx(video.start_s, abs=0.6)
            assert job.ended is not None
            assert video.end_s - 0.6 <= job.ended.mono_s <= video.end_s + IDLE_WITHIN_S + 0.1
            assert job.before is not None
            assert job.peak_bytes is not None
            before, peak = mb(video.before_mb), mb(video.peak_mb)
            assert job.before.memory_bytes == pytest.approx(before, abs=max(mb(10), 0.03 * before))
            assert job.peak_bytes == pytest.approx(peak, abs=max(mb(10), 0.03 * peak))

    def test_it_is_idle_two_seconds_after_its_end(
        self, scenario: str, phase: int, mode: Mode
    ) -> None:
        """And not before it; it is busy from a second after its start on."""
        rows = RECORDED[scenario]
        replay, truth = Replay(rows, phase, mode), videos(rows)
        for row in rows[EVERY_ROWS:]:
            sample = replay.shown_at(row.t_s)
            assert sample is not None
            busy = any(v.start_s + 1 <= row.t_s < v.end_s for v in truth)
            near = any(v.start_s <= row.t_s <= v.end_s + IDLE_WITHIN_S + 0.1 for v in truth)
            if busy:
                assert sample.activity != "idle", row
            elif not near:
                assert sample.activity == "idle", row


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("scenario", WORKING)
class TestStageOfRecordedJobs:
    def test_it_is_right_nine_times_in_ten(self, scenario: str, phase: int) -> None:
        """From what runs and lies there alone: frames, ffmpeg, and the wait for storage; some
        videos have none of them for longer than a second."""
        rows = RECORDED[scenario]
        replay, right, wrong = Replay(rows, phase, Mode.FALLBACK), 0, list[Row]()
        has_encoded = False
        for row in rows:
            has_encoded = (has_encoded or "ffmpeg" in row.children) and row.files > 0
            sample = replay.shown_at(row.t_s)
            if "ffmpeg" in row.children:
                true = "encoding"
            elif has_encoded:
                true = "saving"
            elif row.files == 3:
                true = "frames"
            else:
                continue
            stage = sample.stage.name if sample and sample.stage else None
            if stage == true:
                right += 1
            else:
                wrong.append(row)
        if right + len(wrong) > SHORT_ROWS:
            assert right >= 0.9 * (right + len(wrong)), wrong


@pytest.mark.parametrize("mode", [Mode.AUTO, Mode.FALLBACK])
def test_an_idle_recording_has_no_job(mode: Mode) -> None:
    """However long."""
    assert Replay(RECORDED["2026-06 idle"], 0, mode).jobs == []
