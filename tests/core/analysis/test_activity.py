"""What the server is doing, from its own words and from what running it showed.

``tests/data/resource-trace.csv`` is a recording of the real server, every half second: CPU of
the whole tree (mean since the row before), children, and the temp directory. A video is in work
exactly while there are files in tmp.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest
from msgspec.structs import replace

from tests.core.made import answer, mb, tree_reading
from tray_app.core.analysis import jobs as jobs_of
from tray_app.core.analysis.activity import (
    QUIET_AFTER_S,
    UNSEEN_LIMIT_S,
    Activity,
    ActivityState,
    update,
)
from tray_app.core.analysis.jobs import Jobs, Measured
from tray_app.core.analysis.stage import Stage, asked
from tray_app.core.model.readings import ApiReading, Now, Source, StageMark, TempUsage

IDLE, PROCESSING, INTENSIVE = Activity.IDLE, Activity.PROCESSING, Activity.INTENSIVE
NO_STATE = ActivityState()
# What the recorded server keeps in tmp, in the order in which it comes.
NAMES = ("run.mp4", "thumbnail_run.jpg", "processed_run.mp4", "processed_run_faststart.mp4")


def after_cpu(
    *points: tuple[float, float | None], state: ActivityState = NO_STATE
) -> ActivityState:
    """The state after these (second, CPU percent) process readings."""
    for at_s, cpu_percent in points:
        reading = tree_reading(300, at_s, cpu_percent=cpu_percent)
        state = update(state, at_s, None, reading, None)
    return state


def at_every(interval_s: float, *percents: float | None) -> ActivityState:
    """The state after readings of these CPU figures at this interval."""
    return after_cpu(*((number * interval_s, cpu) for number, cpu in enumerate(percents)))


def busy_at(at_s: float) -> ActivityState:
    """A server that has used a whole core for ten seconds."""
    return after_cpu((at_s - 10, None), (at_s - 5, 100), (at_s, 100))


def asked_at(state: ActivityState, at_s: float) -> ActivityState:
    """The state after a request that asked for the stage if it was wanted."""
    return replace(state, words=asked(state.words, at_s))


def posted(files: int = 0) -> ActivityState:
    """A server that has just been given a video; so many files lay in its tmp before."""
    state = update(NO_STATE, 0.0, None, tree_reading(300, 0.0), temp(0, files, 0.0))
    state = update(
        state,
        2.0,
        None,
        tree_reading(345, 2.0, cpu_percent=40),
        temp(12, files + 1, 2.0, NAMES[:1]),
    )
    assert state.is_busy
    return state


def temp(size_mb: float, files: int, at_s: float, names: tuple[str, ...] = ()) -> TempUsage:
    """``names`` are the oldest first."""
    return TempUsage(mb(size_mb), files, at_s, names[::-1])


def told(name: str, at_s: float, stamp: str = "") -> ApiReading:
    """An answer with the server's stage."""
    return answer(300, at_s, stage=StageMark(name, stamp or f"2026-11-23T21:00:{at_s:05.2f}"))


class TestCpu:
    """What counts is the time that readings cover, at whatever interval they come."""

    def test_a_quiet_server_is_idle(self) -> None:
        """With a little CPU, or with CPU that is not known yet."""
        assert at_every(2, None, 4.0, 39.9, 39.9).activity is IDLE

    @pytest.mark.parametrize("interval_s", [0.2, 0.5, 0.9])
    def test_a_burst_in_one_reading_is_no_work(self, interval_s: float) -> None:
        """A request or a garbage collection; however many cores it took."""
        assert at_every(interval_s, None, 0.0, 100.0).activity is IDLE
        assert at_every(interval_s, None, 0.0, 400.0).activity is IDLE

    def test_bursts_with_pauses_between_them_do_not_add_up(self) -> None:
        """Only an unbroken row of readings counts."""
        assert at_every(0.8, None, *(100.0, 5.0) * 10).activity is IDLE

    @pytest.mark.parametrize(
        ("interval_s", "percent", "readings"),
        [
            *((0.2, 100, 5), (0.5, 100, 2), (1, 100, 1), (2, 100, 1), (5, 100, 1)),
            *((0.5, 40, 5), (1, 60, 2), (2, 40, 2), (2, 50, 1), (5, 40, 1)),
        ],
    )
    def test_a_second_of_cpu_is_work(
        self, interval_s: float, percent: float, readings: int
    ) -> None:
        """Of one core, in readings of 40 % and more; the first figure is unknown."""
        assert at_every(interval_s, None, *[percent] * (readings - 1)).activity is IDLE
        assert at_every(interval_s, None, *[percent] * readings).activity is not IDLE

    @pytest.mark.parametrize(
        ("interval_s", "readings"), [(0.2, 10), (0.5, 4), (1, 2), (2, 1), (5, 1)]
    )
    def test_above_eighty_for_two_seconds_it_is_intensive(
        self, interval_s: float, readings: int
    ) -> None:
        """At 2 s one reading covers them."""
        assert at_every(interval_s, None, *[100.0] * (readings - 1)).activity is not INTENSIVE
        assert at_every(interval_s, None, *[100.0] * readings).activity is INTENSIVE

    def test_a_row_that_is_broken_starts_over(self) -> None:
        """A second above 80 % on either side of a quieter one is not two."""
        assert at_every(1, None, 100.0, 60.0, 100.0).activity is PROCESSING

    def test_a_reading_some_milliseconds_early_covers_two_seconds(self) -> None:
        """Ticks are not exact."""
        assert at_every(1.95, None, 100.0).activity is INTENSIVE

    def test_intensive_lasts_while_there_is_work(self) -> None:
        """It does not flicker around 80 %."""
        assert after_cpu((4, 60), state=busy_at(2)).activity is INTENSIVE
        assert after_cpu((4, 20), state=busy_at(2)).activity is PROCESSING

    def test_while_busy_one_reading_is_a_sign_of_work(self) -> None:
        """A job that pauses goes on with its first reading of 40 %."""
        state = after_cpu((9, 0), (9.5, 50), state=busy_at(5))
        assert after_cpu((5 + QUIET_AFTER_S, 0), state=state).activity is PROCESSING

    def test_it_is_idle_when_nothing_was_done_for_five_seconds(self) -> None:
        """Recorded jobs pause for less."""
        busy = busy_at(10)
        assert after_cpu((10 + QUIET_AFTER_S - 0.1, 0), state=busy).activity is PROCESSING
        assert after_cpu((10 + QUIET_AFTER_S, 0), state=busy).activity is IDLE


class TestUnseen:
    def test_a_silence_without_any_reading_is_no_end(self) -> None:
        """A remote server is silent just while it is busy, for up to 39 s."""
        state = busy_at(10)
        for at_s in range(12, 50, 2):
            state = update(state, at_s, None, None, None)
            assert state.activity is INTENSIVE
        assert after_cpu((51, 100), state=state).activity is INTENSIVE
        assert after_cpu((51, 0), state=state).activity is IDLE

    def test_a_job_that_has_not_said_its_end_may_wait_for_a_minute(self) -> None:
        """For slow storage: its files in tmp, or the server's word, tell of it."""
        finishing = temp(28, 4, 10, NAMES)
        state = update(posted(), 10.5, None, tree_reading(300, 10.5), finishing)
        assert update(state, 60, None, tree_reading(300, 60), finishing).activity is PROCESSING
        assert update(state, 80, None, tree_reading(300, 80), finishing).activity is IDLE
        saving = answer(300, 11, tracker=(20, 1), stage=StageMark("BEFORE_VIDEO_UPLOAD", "x"))
        state = update(busy_at(10), 11, saving, tree_reading(300, 11), None)
        assert update(state, 60, None, tree_reading(300, 60), None).activity is PROCESSING
        assert update(state, 80, None, tree_reading(300, 80), None).activity is IDLE

    def test_what_is_not_seen_for_a_minute_is_not_said(self) -> None:
        """Nobody knows."""
        state = update(busy_at(10), 10 + UNSEEN_LIMIT_S, None, None, None)
        assert (state.activity, state.stage) == (IDLE, None)

    def test_what_only_answers_tell_lasts_until_the_next_is_overdue(self) -> None:
        """An expensive API is polled every 8 s: between two of its signs of work there is no
        pause."""
        state = NO_STATE
        for at_s in (0.0, 8.0, 16.0):
            state = update(state, at_s, answer(300, at_s, tracker=(at_s, 1)), None, None)
            for later_s in (2.0, 4.0, 6.0):
                quiet = tree_reading(300, at_s + later_s)
                state = update(state, at_s + later_s, None, quiet, None)
                assert (state.activity is IDLE) == (at_s == 0)
        state = update(state, 24.0, answer(300, 24, tracker=(16.0, 1)), None, None)
        assert state.activity is PROCESSING
        state = update(state, 28.0, None, tree_reading(300, 28.0), None)
        assert state.activity is IDLE


class TestTempDirectory:
    def test_growth_is_work(self) -> None:
        """An upload needs little CPU; who only reads the API sees it in two answers."""
        state = update(NO_STATE, 0.0, None, None, temp(0, 0, 0))
        for now in (temp(0, 1, 2), temp(9, 0, 2)):
            once = update(state, 2.0, None, None, now)
            assert (once.activity, once.stirs) == (IDLE, True)
            twice = update(once, 4.0, None, None, temp(12, 1, 4))
            assert (twice.activity, twice.began_s) == (PROCESSING, 2.0)

    def test_a_file_alone_is_no_work(self) -> None:
        """Anybody may put one there: a copy, an editor, a job that is refused at once."""
        state = update(NO_STATE, 0.0, None, tree_reading(300, 0.0), temp(0, 0, 0))
        for at_s in range(2, 30, 2):
            usage = temp(12, 1, at_s)
            state = update(state, at_s, None, tree_reading(300, at_s), usage)
            assert state.activity is IDLE
        assert not state.stirs

    @pytest.mark.parametrize(("rss_mb", "percent"), [(325, 0), (301, 20)])
    def test_a_file_with_memory_or_cpu_is_work(self, rss_mb: float, percent: float) -> None:
        """In the same reading or in the next; it began with the file."""
        calm = update(NO_STATE, 0.0, None, tree_reading(300, 0.0), temp(0, 0, 0))
        both = tree_reading(rss_mb, 2.0, cpu_percent=percent)
        assert update(calm, 2.0, None, both, temp(12, 1, 2)).activity is PROCESSING
        state = update(calm, 2.0, None, tree_reading(300, 2.0), temp(12, 1, 2))
        later = tree_reading(rss_mb, 4.0, cpu_percent=percent)
        state = update(state, 4.0, None, later, temp(12, 1, 2))
        assert state.activity is PROCESSING
        assert state.began_s == pytest.approx(2.0, abs=0.1)

    def test_a_file_that_grows_while_the_server_does_nothing_is_anothers(self) -> None:
        """Somebody copies a large one there."""
        state = update(NO_STATE, 0.0, None, tree_reading(300, 0.0), temp(0, 0, 0))
        for at_s in range(2, 30, 2):
            state = update(state, at_s, None, tree_reading(300, at_s), temp(5 * at_s, 1, at_s))
            assert state.activity is IDLE
        state = update(state, 30, None, tree_reading(300, 30, cpu_percent=6), temp(200, 1, 30))
        assert state.activity is PROCESSING

    def test_what_lies_there_from_the_start_is_no_work(self) -> None:
        """A killed worker left it."""
        assert update(NO_STATE, 0.0, None, None, temp(100, 4, 0)).activity is IDLE

    @pytest.mark.parametrize("percent", [0, 35, 95])
    def test_a_job_whose_files_are_gone_is_over(self, percent: float) -> None:
        """At once, whatever CPU that reading covers, and whatever the server said last."""
        finishing = temp(28, 4, 10, NAMES)
        word = told("BEFORE_FEEDBACK_GENERATION", 10)
        state = update(posted(), 10.0, word, tree_reading(300, 10), finishing)
        assert state.stage == Stage("feedback", inferred=False)
        last = tree_reading(300, 40.0, cpu_percent=percent)
        state = update(state, 40.0, None, last, temp(0, 0, 40))
        assert (state.activity, state.ended_s) == (IDLE, 40.0)

    def test_leftovers_are_no_job(self) -> None:
        """Files that lay there before it do not keep a job going; with CPU a second video may."""
        state = update(posted(3), 10.0, None, tree_reading(300, 10), temp(28, 7, 10, NAMES))
        quiet = update(state, 12.0, None, tree_reading(300, 12), temp(0, 3, 12))
        assert (quiet.activity, quiet.ended_s) == (IDLE, 12.0)
        working = tree_reading(300, 12, cpu_percent=90)
        assert update(state, 12.0, None, working, temp(0, 3, 12)).activity is not IDLE

    def test_the_files_of_one_of_two_videos(self) -> None:
        """They go, and the other video goes on."""
        state = update(posted(), 10.0, None, tree_reading(300, 10), temp(50, 7, 10, NAMES))
        state = update(state, 12.0, None, tree_reading(300, 12), temp(20, 3, 12, NAMES[:3]))
        assert state.activity is PROCESSING
        state = update(state, 30.0, None, tree_reading(300, 30), temp(0, 0, 30))
        assert state.activity is IDLE

    def test_files_that_vanish_are_no_work(self) -> None:
        """That is the end of a job, or a clean-up."""
        state = update(NO_STATE, 0.0, None, None, temp(100, 4, 0))
        assert update(state, 2.0, None, None, temp(0, 0, 2)).activity is IDLE

    def test_another_way_of_measuring_is_no_growth(self) -> None:
        """The API counts file lengths, the walker disk blocks: turning from one to the other,
        as when an idle server hangs and when it comes back, is no sign of work."""
        api, walked = temp(99.6, 4, 0), temp(100, 4, 2)
        state = update(NO_STATE, 0.0, answer(300, 0, temp=api), None, api)
        state = update(state, 2.0, None, None, walked)
        assert state.activity is IDLE
        larger = temp(101, 4, 4)
        state = update(state, 4.0, answer(300, 4, temp=larger), None, larger)
        assert state.activity is IDLE

    def test_growth_is_seen_in_each_way_of_measuring(self) -> None:
        """By the API as by the walker, and a figure that is shown again is no news."""
        first, second = temp(10, 1, 0), temp(20, 1, 2)
        state = update(NO_STATE, 0.0, answer(300, 0, temp=first), None, first)
        state = update(state, 1.0, None, None, first)
        assert state.activity is IDLE
        state = update(state, 2.0, answer(300, 2, temp=second), None, second)
        assert state.stirs
        third = temp(30, 1, 4)
        state = update(state, 4.0, answer(300, 4, temp=third), None, third)
        assert state.activity is PROCESSING


class TestMemory:
    """A step of it proves nothing: a cache, a garbage collector's pause, an allocation."""

    @pytest.mark.parametrize("percent", [0.0, 15.0, 39.0, 60.0])
    def test_a_step_is_no_work_whatever_cpu_it_took(self, percent: float) -> None:
        """300 MB take 0.1 to 0.3 s of a core; no file comes, and nothing is said."""
        state = after_cpu((0, None), (2, 1))
        for number, cpu in enumerate((percent, 1.0, 1.0, 1.0, 1.0)):
            at_s = 2.4 + number
            reading = tree_reading(600, at_s, cpu_percent=cpu)
            state = update(state, at_s, None, reading, temp(0, 0, at_s))
            assert state.activity is IDLE
        assert not state.stirs

    def test_it_has_the_server_asked_at_once_what_it_does(self) -> None:
        """It may be an upload whose file is not known yet: with it, it began with the step."""
        state = update(NO_STATE, 0.0, answer(300, 0), tree_reading(300, 0.0), temp(0, 0, 0))
        state = update(state, 2.0, None, tree_reading(345, 2.0, cpu_percent=30), None)
        assert (state.activity, state.hastens, state.words.wanted) == (IDLE, True, True)
        state = asked_at(state, 2.0)
        state = update(state, 2.2, None, tree_reading(345, 2.2, cpu_percent=30), None)
        assert not state.hastens, "once is enough"
        usage = temp(12, 1, 2.3)
        state = update(state, 2.3, answer(345, 2.3, temp=usage), None, usage)
        assert state.activity is PROCESSING
        assert state.began_s == pytest.approx(1.4)


class TestServersWord:
    def test_a_stage_that_changes_is_work(self) -> None:
        """And it is shown in a word for people, as told."""
        state = update(NO_STATE, 0.0, told("AFTER_FINAL_GC", 0), None, None)
        state = update(state, 2.0, told("BEFORE_THUMBNAIL_UPLOAD", 2), None, None)
        assert (state.activity, state.stage) == (PROCESSING, Stage("thumbnail", inferred=False))

    def test_a_stage_that_stays_is_not(self) -> None:
        """The history keeps its last entry for ever."""
        state = update(NO_STATE, 0.0, told("AFTER_BATCH_CLEANUP", 0, "x"), None, None)
        state = update(state, 2.0, told("AFTER_BATCH_CLEANUP", 2, "x"), None, None)
        assert state.activity is IDLE

    def test_the_final_stage_ends_a_job_at_once(self) -> None:
        """No need to wait for quiet."""
        state = update(busy_at(0), 2.0, told("AFTER_FINAL_GC", 2), None, None)
        assert state.activity is IDLE

    def test_a_second_job_at_work_outlives_the_firsts_final_stage(self) -> None:
        """Two jobs may run at once: CPU says that there is one left."""
        working = tree_reading(300, 2.0, cpu_percent=100)
        state = update(busy_at(0), 2.0, told("AFTER_FINAL_GC", 2), working, None)
        assert state.activity is not IDLE

    def test_the_tracker_alone_is_no_sign_and_its_change_is(self) -> None:
        """It stays filled with the last video's figures."""
        state = NO_STATE
        for at_s in (0.0, 2.0, 4.0):
            state = update(state, at_s, answer(300, at_s, tracker=(20, 558.3)), None, None)
            assert state.activity is IDLE
        state = update(state, 6.0, answer(300, 6.0, tracker=(21, 558.3)), None, None)
        assert state.activity is PROCESSING

    def test_a_tracker_that_is_seen_first_or_emptied_is_no_sign(self) -> None:
        """A monitor that starts, or a server that restarts, is not processing."""
        state = update(NO_STATE, 0.0, answer(300, 0, tracker=(20, 1)), None, None)
        state = update(state, 2.0, answer(300, 2, tracker=()), None, None)
        assert state.activity is IDLE


class TestStageIsWanted:
    """The history is another request: it is made when something has changed."""

    def test_an_idle_server_is_not_asked(self) -> None:
        """However long."""
        state = NO_STATE
        for at_s in range(0, 60, 2):
            reading = answer(300, at_s, tracker=(20, 558.3), temp=temp(9, 2, at_s))
            state = update(state, at_s, reading, tree_reading(300, at_s), reading.temp)
            assert not state.words.wanted

    def test_the_beginning_and_the_end_of_work_are_changes(self) -> None:
        """So the final stage is known before the next job."""
        busy = busy_at(10)
        assert busy.words.wanted
        busy = asked_at(busy, 10.0)
        assert not busy.words.wanted
        assert after_cpu((16, 0), state=busy).words.wanted

    def test_what_a_job_turns_to_is_asked_for_at_once(self) -> None:
        """At its beginning, and again and again once ffmpeg has ended: from then on the server
        answers only for moments. The rest has time until the next tick."""
        state = posted()
        assert (state.hastens, state.words.wanted) == (True, True)
        state = update(asked_at(state, 2.0), 4.0, None, tree_reading(340, 4, cpu_percent=90), None)
        assert not state.hastens
        ffmpeg = tree_reading(340, 6, cpu_percent=90, children={"ffmpeg": 90})
        state = update(state, 6.0, None, ffmpeg, None)
        assert not state.hastens
        for at_s in (8.0, 10.0, 12.0):
            state = update(asked_at(state, at_s), at_s, None, tree_reading(340, at_s), None)
            assert state.hastens

    def test_the_other_of_two_videos_is_in_its_frames(self) -> None:
        """When one is done the server's word is its last; with CPU the other is being computed."""
        usage, rest = temp(50, 7, 4, NAMES), temp(20, 3, 6)
        working = tree_reading(500, 4, cpu_percent=95, children={"ffmpeg": 90})
        state = update(posted(), 4.0, None, working, usage)
        working = tree_reading(500, 6, cpu_percent=95)
        state = update(state, 6.0, told("AFTER_FINAL_GC", 6), working, rest)
        assert state.stage == Stage("frames", inferred=True)

    def test_the_other_of_two_videos_is_encoded_and_goes_into_storage(self) -> None:
        """Recorded: after its ffmpeg it uses no CPU for 2 s, and the newest word known is still
        that the first is done. It is asked for, and the next one that is done ends the job."""
        rest = temp(20, 4, 6)
        state = update(
            posted(), 6.0, told("AFTER_FINAL_GC", 6), tree_reading(500, 6, cpu_percent=95), rest
        )
        ffmpeg = tree_reading(500, 8, cpu_percent=60, children={"ffmpeg": 90})
        state = update(asked_at(state, 6.0), 8.0, None, ffmpeg, None)
        assert state.stage == Stage("encoding", inferred=True)
        for at_s in (8.5, 9.0, 10.0, 11.0, 12.0):
            state = update(asked_at(state, at_s), at_s, None, tree_reading(500, at_s), None)
            assert state.stage == Stage("saving", inferred=True)
            assert state.hastens
        state = update(
            state, 12.5, told("AFTER_FINAL_GC", 12.5), tree_reading(460, 12.5), temp(0, 0, 12.5)
        )
        assert state.activity is IDLE

    def test_a_question_that_hastens_does_so_until_it_is_asked(self) -> None:
        """A sample in between changes nothing."""
        state = update(posted(), 2.2, None, tree_reading(360, 2.2, cpu_percent=90), None)
        assert state.hastens
        state = update(asked_at(state, 2.5), 3.0, None, tree_reading(360, 3, cpu_percent=90), None)
        assert not state.hastens

    def test_a_summary_that_changes_is_a_change(self) -> None:
        """Unless the same answer brought the stage."""
        before = update(NO_STATE, 0.0, answer(300, 0, tracker=(20, 1)), None, None)
        changed = answer(300, 2, tracker=(21, 1))
        assert update(before, 2.0, changed, None, None).words.wanted
        busy = asked_at(update(before, 2.0, changed, None, None), 3.0)
        mark = StageMark("PROCESSING_START", "x")
        with_stage = answer(300, 4, tracker=(22, 1), stage=mark)
        assert not update(busy, 4.0, with_stage, None, None).words.wanted

    def test_a_new_file_in_tmp_is_a_change(self) -> None:
        """An encoded video, for example; one that grows is not."""
        busy = update(posted(), 4.0, answer(300, 4, tracker=(1, 1)), None, temp(13, 1, 4))
        busy = update(asked_at(busy, 4.0), 6.0, None, None, temp(14, 1, 6))
        assert not busy.words.wanted
        assert update(busy, 8.0, None, None, temp(15, 2, 8)).words.wanted

    def test_a_job_without_any_sign_is_asked_for_its_stage_again(self) -> None:
        """Its last entry may look to the summary like the one before it."""
        feedback = StageMark("AFTER_FEEDBACK_GENERATION", "x")
        usage = temp(28, 4, 4, NAMES)
        reading = answer(300, 4, tracker=(28, 1), stage=feedback, temp=usage)
        state = asked_at(update(posted(), 4.0, reading, tree_reading(300, 4), usage), 4.0)
        assert not state.words.wanted
        for at_s in (6.0, 8.0, 10.0):
            reading = answer(300, at_s, tracker=(28, 1), temp=usage)
            state = update(state, at_s, reading, tree_reading(300, at_s), usage)
            assert (state.activity, state.words.wanted) == (PROCESSING, True)
            state = asked_at(state, at_s)
        done = StageMark("AFTER_FINAL_GC", "y")
        reading = answer(300, 12, tracker=(28, 1), stage=done, temp=usage)
        state = update(state, 12.0, reading, tree_reading(300, 12), usage)
        assert state.activity is IDLE, "a server that leaves its files is asked, too"
        files = temp(28, 4, 10, NAMES)
        state = update(posted(), 10.0, told("AFTER_FINAL_GC", 10), tree_reading(300, 10), files)
        assert update(state, 12.0, None, tree_reading(300, 12), files).activity is IDLE

    def test_leftovers_that_came_with_a_job_do_not_keep_it_open(self) -> None:
        """Somebody put a file there meanwhile: after the last word, and without any sign, it is no
        second video's; one that is being computed goes on."""
        done, rest = told("AFTER_FINAL_GC", 6), temp(12, 1, 6)
        state = update(posted(), 4.0, None, tree_reading(300, 4), temp(40, 5, 4, NAMES))
        state = update(state, 6.0, done, tree_reading(300, 6), rest)
        assert update(state, 8.0, None, tree_reading(300, 8), rest).activity is IDLE
        for at_s in (8.0, 10.0, 12.0):
            state = update(state, at_s, None, tree_reading(300, at_s, cpu_percent=25), rest)
            assert state.activity is PROCESSING

    def test_the_first_of_two_videos_is_done(self) -> None:
        """Its last word ends nothing while files of the other lie there, whatever CPU says."""
        usage = temp(50, 7, 4, NAMES)
        state = update(posted(), 4.0, None, tree_reading(500, 4, cpu_percent=95), usage)
        rest = temp(20, 3, 6, NAMES[:3])
        reading = told("AFTER_FINAL_GC", 6)
        state = update(state, 6.0, reading, tree_reading(500, 6, cpu_percent=2), rest)
        assert state.activity is not IDLE
        state = update(state, 8.0, None, tree_reading(500, 8, cpu_percent=90), rest)
        assert state.activity is not IDLE
        assert not state.words.current_s or state.stage is not None

    def test_the_frames_of_a_video_are_one_question(self) -> None:
        """The summary stays as it is for 16–23 s, and so does the word."""
        state = update(NO_STATE, 0.0, answer(300, 0, tracker=(15, 1)), None, None)
        reading = answer(300, 2, tracker=(16, 1), stage=StageMark("PROCESSING_START", "x"))
        state = asked_at(update(state, 2.0, reading, None, None), 2.0)
        for at_s in range(4, 24, 2):
            reading = answer(300, at_s, tracker=(16, 1))
            working = tree_reading(300, at_s, cpu_percent=100)
            state = update(state, at_s, reading, working, None)
            assert not state.words.wanted
            assert state.stage == Stage("frames", inferred=False)

    def test_a_server_without_summary_is_asked_now_and_then(self) -> None:
        """Nothing else would tell: every 3 s, and only while it works."""
        busy = asked_at(busy_at(10), 10.0)
        assert not after_cpu((12, 100), state=busy).words.wanted
        assert after_cpu((13, 100), state=busy).words.wanted


class TestStage:
    def test_ffmpeg_is_encoding_and_work(self) -> None:
        """Whatever the CPU; ffprobe, which only looks at the file, is neither."""
        for name, activity, stage in (
            ("ffmpeg", PROCESSING, Stage("encoding", inferred=True)),
            ("ffprobe", IDLE, None),
        ):
            reading = tree_reading(300, 2.0, cpu_percent=0, children={"sh": 1.7, name: 15})
            state = update(NO_STATE, 2.0, None, reading, None)
            assert (state.activity, state.stage) == (activity, stage)

    def test_what_a_killed_worker_left_is_no_work(self) -> None:
        """Whatever its name."""
        for at_s in (0.0, 2.0, 4.0):
            state = update(NO_STATE, at_s, None, tree_reading(300, at_s), temp(90, 4, 0, NAMES))
            assert (state.activity, state.stage) == (IDLE, None)

    def test_the_servers_word_comes_first(self) -> None:
        """Inference is for when there is none."""
        usage = temp(10, 3, 2.0, NAMES[:3])
        state = update(busy_at(0), 2.0, told("AFTER_FILE_UPLOAD", 2), None, usage)
        assert state.stage == Stage("thumbnail", inferred=False)

    def test_a_word_that_no_answer_confirms_gives_way(self) -> None:
        """While the API is silent the job goes on without it."""
        usage = temp(10, 3, 2.0, NAMES[:3])
        state = update(busy_at(0), 2.0, told("AFTER_FILE_UPLOAD", 2), None, usage)
        stages = list[Stage | None]()
        for at_s in (4, 6, 8, 10):
            working = tree_reading(300, at_s, cpu_percent=100)
            state = update(state, at_s, None, working, usage)
            stages.append(state.stage)
        told_one, frames = Stage("thumbnail", inferred=False), Stage("frames", inferred=True)
        assert stages == [told_one, told_one, frames, frames]

    def test_the_last_jobs_word_is_not_this_jobs(self) -> None:
        """Neither its final one nor the one at which it failed."""
        for last in ("AFTER_FINAL_GC", "PROCESSING_START"):
            state = update(NO_STATE, 0.0, told(last, 0), None, None)
            usage = temp(10, 4, 2.0, NAMES)
            working = tree_reading(300, 2, children={"ffmpeg": 90})
            state = update(state, 2.0, told(last, 0), working, usage)
            assert state.stage == Stage("encoding", inferred=True)

    def test_an_idle_server_has_no_stage(self) -> None:
        """Whatever lies in tmp."""
        assert update(NO_STATE, 0.0, None, None, temp(9, 3, 0, NAMES[:3])).stage is None


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
    path = Path(__file__).parents[2] / "data" / "resource-trace.csv"
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
        reading = tree_reading(row.rss_mb, row.t_s, cpu_percent=percent, children=children)
        usage = temp(row.tmp_mb, row.files, row.t_s, NAMES[: row.files])
        state = update(state, row.t_s, None, reading, usage)
        cpu.clear()
        shown.append((row, state))
    return shown


@pytest.mark.parametrize("every", [1, 2, 4, 6], ids=["0.5 s", "1 s", "2 s", "3 s"])
@pytest.mark.parametrize("scenario", list(RECORDED))
class TestRecordings:
    def test_a_recording_is_one_piece_of_work(self, scenario: str, every: int) -> None:
        """No flicker on the way, and an idle server never works."""
        rows = RECORDED[scenario]
        after = [row._replace(t_s=rows[-1].t_s + 0.5 + row.t_s) for row in RECORDED["idle"]]
        seen = [state.is_busy for _, state in replay([*rows, *after], every)]
        turns = sum(late and not early for early, late in pairwise([False, *seen]))
        assert turns == len(videos(rows, every))
        assert not seen[0]
        assert not seen[-1]

    def test_every_moment_of_a_job_is_seen_as_processing(self, scenario: str, every: int) -> None:
        """Also where the server waits 22 s for slow storage without any CPU."""
        for row, state in replay(RECORDED[scenario], every):
            assert (state.activity is not IDLE) or row.files == 0, row

    def test_idle_is_seen_as_idle(self, scenario: str, every: int) -> None:
        """Before a job, and in the first reading after it."""
        for row, state in replay(RECORDED[scenario], every):
            if not row.files:
                assert (state.activity, state.stage) == (IDLE, None), row


def test_recorded_frames_are_intensive_and_told_apart() -> None:
    """The frames of a video take a whole core; then comes ffmpeg."""
    shown = replay(RECORDED["video"], 2)
    frames = [state for row, state in shown if 10 < row.t_s < 17]
    assert {state.activity for state in frames} == {INTENSIVE}
    assert {state.stage for state in frames} == {Stage("frames", inferred=True)}
    encoding = [state.stage for row, state in shown if "ffmpeg" in row.children]
    assert set(encoding) == {Stage("encoding", inferred=True)}


# The others' storage answers at once.
LAST_STAGES = {"no-person": {"detection"}, "slow-storage": {"saving"}}


def videos(rows: list[Row], every: int) -> list[tuple[float, float]]:
    """When each video's first and last file was seen, by who looks at each ``every``-th row."""
    found: list[tuple[float, float]] = []
    had_files = False
    for row in rows[::every]:
        if row.files:
            found = (
                [*found[:-1], (found[-1][0], row.t_s)] if had_files else [*found, (row.t_s,) * 2]
            )
        had_files = row.files > 0
    return found


@pytest.mark.parametrize("every", [1, 2, 4], ids=["0.5 s", "1 s", "2 s"])
@pytest.mark.parametrize("scenario", [name for name in RECORDED if name != "idle"])
def test_a_recorded_job_is_told_from_its_start_to_its_end(scenario: str, every: int) -> None:
    """To a reading, with the memory of the idle server before it; one video is one job."""
    jobs, rows = Jobs(), RECORDED[scenario]
    for row, state in replay(rows, every):
        now, figure = Now(row.t_s, row.t_s), Measured(mb(row.rss_mb), Source.PROCESS)
        jobs = jobs_of.update(jobs, now, state, figure, lost=False)
    told = [*jobs.ended, *([jobs.current] if jobs.current else [])]
    truth = videos(rows, every)
    assert len(told) == len(truth)
    reading_s = 0.5 * every + 0.1
    for job, (first_s, last_s) in zip(told, truth, strict=True):
        assert job.started.mono_s == pytest.approx(first_s, abs=reading_s)
        idle = [row for row in rows[::every] if row.t_s < first_s]
        assert job.before == Measured(mb(idle[-1].rss_mb), Source.PROCESS)
        ended_s = rows[-1].t_s
        if job.ended:
            ended_s = job.ended.mono_s
            assert last_s < ended_s <= last_s + reading_s
        seen = [row.rss_mb for row in rows[::every] if job.started.mono_s <= row.t_s <= ended_s]
        assert job.peak_bytes == mb(max(seen))
        assert job.stages[-1] in LAST_STAGES.get(scenario, {"encoding", "saving"})
