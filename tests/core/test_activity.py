"""What the server is doing, from its own words and from what running it showed.

``tests/data/resource-trace.csv`` is a recording of the real server, every half second: CPU of
the whole tree (mean since the row before), children, and the temp directory. A video is in work
exactly while there are files in tmp.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.core.made import answer, look, mb
from tray_app.core.activity import (
    INTENSIVE_AFTER_S,
    QUIET_AFTER_S,
    Activity,
    ActivityState,
    Stage,
    next_activity,
    stage_name,
)
from tray_app.core.readings import ApiReading, StageMark, TempUsage

IDLE, PROCESSING, INTENSIVE = Activity.IDLE, Activity.PROCESSING, Activity.INTENSIVE
NO_STATE = ActivityState()
# What the recorded server keeps in tmp, in the order in which it comes.
NAMES = ("run.mp4", "thumbnail_run.jpg", "processed_run.mp4", "processed_run_faststart.mp4")


def after_cpu(
    *points: tuple[float, float | None], state: ActivityState = NO_STATE
) -> ActivityState:
    """The state after these (second, CPU percent) process readings."""
    for at_s, cpu_percent in points:
        reading = look(300, at_s, cpu_percent=cpu_percent)
        state = next_activity(state, at_s, None, reading, None)
    return state


def temp(size_mb: float, files: int, at_s: float, names: tuple[str, ...] = ()) -> TempUsage:
    return TempUsage(mb(size_mb), files, at_s, names)


def told(name: str, at_s: float, stamp: str = "") -> ApiReading:
    """An answer with the server's stage."""
    return answer(300, at_s, stage=StageMark(name, stamp or f"2026-11-23T21:00:{at_s:05.2f}"))


class TestCpu:
    def test_a_quiet_server_is_idle(self) -> None:
        """With a little CPU, or with CPU that is not known yet."""
        assert after_cpu((0, None), (2, 4.0), (4, 39.9)).activity is IDLE

    def test_from_forty_percent_on_it_is_processing(self) -> None:
        """At once."""
        assert after_cpu((0, 0), (2, 40.0)).activity is PROCESSING

    def test_above_eighty_for_two_seconds_it_is_intensive(self) -> None:
        """A spike is not."""
        assert after_cpu((0, 100)).activity is PROCESSING
        assert after_cpu((0, 100), (INTENSIVE_AFTER_S - 0.1, 100)).activity is PROCESSING
        assert after_cpu((0, 100), (INTENSIVE_AFTER_S, 100)).activity is INTENSIVE
        assert after_cpu((0, 100), (1, 60), (INTENSIVE_AFTER_S, 100)).activity is PROCESSING

    def test_intensive_lasts_while_there_is_work(self) -> None:
        """It does not flicker around 80 %."""
        busy = after_cpu((0, 100), (2, 100))
        assert after_cpu((4, 60), state=busy).activity is INTENSIVE
        assert after_cpu((4, 20), state=busy).activity is PROCESSING

    def test_it_is_idle_when_nothing_was_done_for_five_seconds(self) -> None:
        """Recorded jobs pause for less."""
        busy = after_cpu((10, 100))
        assert after_cpu((10 + QUIET_AFTER_S - 0.1, 0), state=busy).activity is PROCESSING
        assert after_cpu((10 + QUIET_AFTER_S, 0), state=busy).activity is IDLE

    def test_without_any_reading_it_calms_down(self) -> None:
        """What is not seen is not said."""
        assert next_activity(after_cpu((0, 100)), 20.0, None, None, None).activity is IDLE


class TestTempDirectory:
    def test_growth_and_new_files_are_work(self) -> None:
        """An upload needs little CPU."""
        state = next_activity(NO_STATE, 0.0, None, None, temp(0, 0, 0))
        assert next_activity(state, 2.0, None, None, temp(0, 1, 2)).activity is PROCESSING
        assert next_activity(state, 2.0, None, None, temp(9, 0, 2)).activity is PROCESSING

    def test_what_lies_there_from_the_start_is_no_work(self) -> None:
        """A killed worker left it."""
        assert next_activity(NO_STATE, 0.0, None, None, temp(100, 4, 0)).activity is IDLE

    def test_files_that_vanish_are_no_work(self) -> None:
        """That is the end of a job, or a clean-up."""
        state = next_activity(NO_STATE, 0.0, None, None, temp(100, 4, 0))
        assert next_activity(state, 2.0, None, None, temp(0, 0, 2)).activity is IDLE

    def test_another_way_of_measuring_is_no_growth(self) -> None:
        """The API counts file lengths, the walker disk blocks: turning from one to the other,
        as when an idle server hangs and when it comes back, is no sign of work."""
        api, walked = temp(99.6, 4, 0), temp(100, 4, 2)
        state = next_activity(NO_STATE, 0.0, answer(300, 0, temp=api), None, api)
        state = next_activity(state, 2.0, None, None, walked)
        assert state.activity is IDLE
        larger = temp(101, 4, 4)
        state = next_activity(state, 4.0, answer(300, 4, temp=larger), None, larger)
        assert state.activity is IDLE

    def test_growth_is_seen_in_each_way_of_measuring(self) -> None:
        """By the API as by the walker, and a figure that is shown again is no news."""
        first, second = temp(10, 1, 0), temp(20, 1, 2)
        state = next_activity(NO_STATE, 0.0, answer(300, 0, temp=first), None, first)
        state = next_activity(state, 1.0, None, None, first)
        assert state.activity is IDLE
        state = next_activity(state, 2.0, answer(300, 2, temp=second), None, second)
        assert state.activity is PROCESSING


class TestServersWord:
    def test_a_stage_that_changes_is_work(self) -> None:
        """And it is shown in a word for people, as told."""
        state = next_activity(NO_STATE, 0.0, told("AFTER_FINAL_GC", 0), None, None)
        state = next_activity(state, 2.0, told("BEFORE_THUMBNAIL_UPLOAD", 2), None, None)
        assert (state.activity, state.stage) == (PROCESSING, Stage("thumbnail", inferred=False))

    def test_a_stage_that_stays_is_not(self) -> None:
        """The history keeps its last entry for ever."""
        state = next_activity(NO_STATE, 0.0, told("AFTER_BATCH_CLEANUP", 0, "x"), None, None)
        state = next_activity(state, 2.0, told("AFTER_BATCH_CLEANUP", 2, "x"), None, None)
        assert state.activity is IDLE

    def test_the_final_stage_ends_a_job_at_once(self) -> None:
        """No need to wait for quiet."""
        busy = after_cpu((0, 100))
        assert next_activity(busy, 2.0, told("AFTER_FINAL_GC", 2), None, None).activity is IDLE

    def test_a_second_job_at_work_outlives_the_firsts_final_stage(self) -> None:
        """Two jobs may run at once: CPU says that there is one left."""
        busy = after_cpu((0, 100))
        working = look(300, 2.0, cpu_percent=100)
        state = next_activity(busy, 2.0, told("AFTER_FINAL_GC", 2), working, None)
        assert state.activity is not IDLE

    def test_the_tracker_alone_is_no_sign_and_its_change_is(self) -> None:
        """It stays filled with the last video's figures."""
        state = NO_STATE
        for at_s in (0.0, 2.0, 4.0):
            state = next_activity(state, at_s, answer(300, at_s, tracker=(20, 558.3)), None, None)
            assert state.activity is IDLE
        state = next_activity(state, 6.0, answer(300, 6.0, tracker=(21, 558.3)), None, None)
        assert state.activity is PROCESSING

    def test_a_tracker_that_is_seen_first_or_emptied_is_no_sign(self) -> None:
        """A monitor that starts, or a server that restarts, is not processing."""
        state = next_activity(NO_STATE, 0.0, answer(300, 0, tracker=(20, 1)), None, None)
        state = next_activity(state, 2.0, answer(300, 2, tracker=()), None, None)
        assert state.activity is IDLE


class TestInferredStage:
    def test_ffmpeg_is_encoding(self) -> None:
        """Whatever the CPU."""
        reading = look(300, 2.0, cpu_percent=0, children={"sh": 1.7, "ffmpeg": 15})
        state = next_activity(NO_STATE, 2.0, None, reading, None)
        assert (state.activity, state.stage) == (PROCESSING, Stage("encoding", inferred=True))

    @pytest.mark.parametrize(
        ("count", "stage"), [(1, "upload"), (2, "detection"), (3, "frames"), (4, "encoding")]
    )
    def test_files_in_tmp_tell_the_stage(self, count: int, stage: str) -> None:
        """By their names, while there is work."""
        reading = look(300, 2.0, cpu_percent=100)
        usage = temp(10, count, 2.0, NAMES[:count])
        state = next_activity(NO_STATE, 2.0, None, reading, usage)
        assert state.stage == Stage(stage, inferred=True)

    def test_the_servers_word_comes_first(self) -> None:
        """Inference is for when there is none."""
        usage = temp(10, 3, 2.0, NAMES[:3])
        state = next_activity(after_cpu((0, 100)), 2.0, told("AFTER_FILE_UPLOAD", 2), None, usage)
        assert state.stage == Stage("upload", inferred=False)

    def test_the_last_jobs_final_stage_is_not_this_jobs(self) -> None:
        """While the API is silent in the next job, the stage is inferred."""
        state = next_activity(NO_STATE, 0.0, told("AFTER_FINAL_GC", 0), None, None)
        usage = temp(10, 3, 2.0, NAMES[:3])
        state = next_activity(state, 2.0, None, look(300, 2, cpu_percent=100), usage)
        assert state.stage == Stage("frames", inferred=True)

    def test_an_idle_server_has_no_stage(self) -> None:
        """Whatever lies in tmp."""
        assert next_activity(NO_STATE, 0.0, None, None, temp(9, 3, 0, NAMES[:3])).stage is None


@pytest.mark.parametrize(
    ("server_name", "name"),
    [
        ("AFTER_FILE_UPLOAD", "upload"),
        ("BEFORE_THUMBNAIL_EXTRACTION", "upload"),
        ("AFTER_THUMBNAIL_EXTRACTION", "thumbnail"),
        ("AFTER_THUMBNAIL_UPLOAD", "thumbnail"),
        ("BEFORE_ROTATION_DETECTION", "detection"),
        ("AFTER_STREAM_SETUP", "setup"),
        ("BEFORE_VIDEO_ANALYSIS_SETUP", "setup"),
        ("AFTER_RUNNING_DETECTION", "setup"),
        ("PROCESSING_START", "frames"),
        ("STREAMING_BATCH_20", "frames"),
        ("AFTER_BATCH_CLEANUP", "frames"),
        ("PROCESSING_COMPLETE", "analysis"),
        ("AFTER_ANALYZER_RESET", "analysis"),
        ("BEFORE_ANALYSIS_SUMMARY", "analysis"),
        ("BEFORE_RESOURCE_CLEANUP", "encoding"),
        ("AFTER_VIDEO_POSTPROCESSING", "encoding"),
        ("BEFORE_VIDEO_UPLOAD", "saving"),
        ("AFTER_DATABASE_OPERATIONS", "saving"),
        ("BEFORE_FEEDBACK_GENERATION", "feedback"),
        ("CLEANUP_START", "cleanup"),
        ("AFTER CAP RELEASE", "cleanup"),
        ("CLEANUP_FILES_COMPLETE", "done"),
        ("AFTER_FINAL_GC", "done"),
        ("SOMETHING_NEW", "something new"),
        ("A_STAGE_WHOSE_NAME_IS_VERY_LONG", "a stage whose name is ve"),
    ],
)
def test_the_servers_names_become_words(server_name: str, name: str) -> None:
    """All names that the recorded servers used, in one short word each; others as they are."""
    assert stage_name(server_name) == name


class Row(NamedTuple):
    """A recorded row; ``files`` above 0 means that a video is in work."""

    t_s: float
    rss_mb: float
    cpu_percent: float
    children: tuple[str, ...]
    tmp_mb: float
    files: int


def recorded() -> dict[str, list[Row]]:
    rows = defaultdict[str, list[Row]](list)
    path = Path(__file__).parents[1] / "data" / "resource-trace.csv"
    with path.open(encoding="ascii", newline="") as file:
        for row in csv.DictReader(file):
            rows[row["scenario"]].append(
                Row(
                    float(row["t_s"]),
                    float(row["rss_mb"]),
                    float(row["cpu_percent"]),
                    tuple(row["children"].split()),
                    float(row["tmp_mb"]),
                    int(row["tmp_files"]),
                )
            )
    return rows


RECORDED = recorded()


def replay(rows: Iterable[Row], every: int) -> list[tuple[Row, ActivityState]]:
    """The activity that process readings at each ``every``-th row show, the API being silent.

    CPU between two readings is the mean of the rows between them, as the kernel's counters give.
    """
    state, shown, cpu = NO_STATE, list[tuple[Row, ActivityState]](), list[float]()
    for number, row in enumerate(rows):
        cpu.append(row.cpu_percent)
        if number % every:
            continue
        percent = sum(cpu) / len(cpu) if shown else None
        children = dict.fromkeys(row.children, 10.0)
        reading = look(row.rss_mb, row.t_s, cpu_percent=percent, children=children)
        usage = temp(row.tmp_mb, row.files, row.t_s, NAMES[: row.files])
        state = next_activity(state, row.t_s, None, reading, usage)
        cpu.clear()
        shown.append((row, state))
    return shown


@pytest.mark.parametrize("every", [1, 2, 4, 6], ids=["0.5 s", "1 s", "2 s", "3 s"])
@pytest.mark.parametrize("scenario", list(RECORDED))
class TestRecordings:
    def test_every_moment_of_a_job_is_seen_as_processing(self, scenario: str, every: int) -> None:
        """Also where the server waits 22 s for slow storage without any CPU."""
        for row, state in replay(RECORDED[scenario], every):
            assert (state.activity is not IDLE) or row.files == 0, row

    def test_idle_is_seen_as_idle(self, scenario: str, every: int) -> None:
        """At once before a job, and 5 s (to the next reading) after one."""
        quiet_s = QUIET_AFTER_S + every * 0.5 + 0.1
        worked_s = -100.0
        for row, state in replay(RECORDED[scenario], every):
            if row.files or row.cpu_percent >= 40:
                worked_s = row.t_s
            if row.t_s - worked_s > quiet_s:
                assert (state.activity, state.stage) == (IDLE, None), row


def test_recorded_frames_are_intensive_and_told_apart() -> None:
    """The frames of a video take a whole core; then comes ffmpeg."""
    shown = replay(RECORDED["video"], 2)
    frames = [state for row, state in shown if 10 < row.t_s < 17]
    assert {state.activity for state in frames} == {INTENSIVE}
    assert {state.stage for state in frames} == {Stage("frames", inferred=True)}
    encoding = [state.stage for row, state in shown if "ffmpeg" in row.children]
    assert set(encoding) == {Stage("encoding", inferred=True)}
