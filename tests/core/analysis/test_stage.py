"""Which stage a video is in, in the server's words and from what lies and runs there."""

from __future__ import annotations

import pytest

from tests.core.made import answer, mb, tree_reading
from tray_app.core.analysis.stage import (
    HOLDS_MAX_S,
    HOLDS_S,
    Stage,
    Words,
    asked,
    current,
    inferred,
    stage_name,
    unanswered,
    update,
)
from tray_app.core.model.readings import StageMark, TempUsage

# What the recorded server keeps in tmp, in the order in which it comes.
NAMES = ("run.mp4", "thumbnail_run.jpg", "processed_run.mp4", "processed_run_faststart.mp4")
NEWEST_FIRST = NAMES[::-1]


@pytest.mark.parametrize(
    ("count", "stage"), [(0, None), (1, None), (2, "detection"), (3, "frames"), (4, "encoding")]
)
def test_files_in_tmp_tell_the_stage(count: int, stage: str | None) -> None:
    """By their names, the newest counts. An upload alone tells none: it lies there from its end."""
    assert inferred(None, TempUsage(mb(10), count, 2.0, NEWEST_FIRST[4 - count :])) == stage


def test_ffmpeg_tells_more_than_files() -> None:
    """It runs now."""
    reading = tree_reading(300, 2.0, children={"ffmpeg": 90})
    assert inferred(reading, TempUsage(mb(10), 1, 2.0, NAMES[:1])) == "encoding"
    assert inferred(tree_reading(300, 2.0), None) is None


def test_after_ffmpeg_the_video_is_saved() -> None:
    """Its file lies there finished while the server waits for storage and database; where no
    process can be seen, ffmpeg may still be at it."""
    finished = TempUsage(mb(28), 4, 2.0, NEWEST_FIRST)
    assert inferred(tree_reading(300, 2.0), finished) == "saving"
    assert inferred(tree_reading(300, 2.0), TempUsage(mb(28), 4, 2.0), encoded=True) == "saving"
    assert inferred(None, finished) == "encoding"


def test_frames_of_a_second_video_are_frames() -> None:
    """The newest file comes first, and theirs is written meanwhile."""
    names = ("processed_b.mp4", "processed_a_faststart.mp4", "processed_a.mp4", "b.mp4", "a.mp4")
    assert (
        inferred(tree_reading(300, 2.0), TempUsage(mb(40), 5, 2.0, names), encoded=True) == "frames"
    )


def test_files_of_a_killed_worker_are_not_this_jobs() -> None:
    """They are younger than two minutes; the upload is younger still."""
    names = ("new.mp4", *NEWEST_FIRST)
    assert inferred(tree_reading(300, 2.0), TempUsage(mb(40), 5, 2.0, names)) is None


def frames_at(at_s: float) -> Words:
    """The server has said that it goes through a video's frames."""
    mark = StageMark("PROCESSING_START", "x")
    return update(Words(), at_s, answer(300, at_s, tracker=(16, 1), stage=mark))


def test_ffmpeg_outdates_the_word_before_it() -> None:
    """The server is silent while it runs: "frames" is what it said before."""
    words, encodes = frames_at(10.0), tree_reading(300, 11.0, children={"ffmpeg": 90})
    assert current(words, 11.0, encodes, None, 11.0) == Stage("encoding", inferred=True)
    assert current(words, 12.0, tree_reading(300, 12.0), None, 11.0) == Stage(
        "saving", inferred=True
    )
    later = update(words, 13.0, answer(300, 13.0, tracker=(16, 1)))
    assert current(later, 13.0, tree_reading(300, 13.0), None, 11.0) == Stage(
        "frames", inferred=False
    )


def test_a_silent_server_without_cpu_is_where_it_said() -> None:
    """It waits for storage or its database, however long; with CPU it goes on unheard."""
    mark = StageMark("AFTER_VIDEO_UPLOAD", "x")
    words = update(Words(), 10.0, answer(300, 10.0, tracker=(25, 1), stage=mark))
    waits, works = tree_reading(300, 40.0, cpu_percent=0.5), tree_reading(300, 40.0, cpu_percent=90)
    assert current(words, 40.0, waits, None, 9.0) == Stage("feedback", inferred=False)
    assert current(words, 40.0, works, None, 9.0) == Stage("saving", inferred=True)


def test_the_word_for_encoding_comes_before_ffmpeg() -> None:
    """By half a second; with ffmpeg at work no other word is right."""
    mark = StageMark("AFTER_RESOURCE_CLEANUP", "x")
    words = update(Words(), 10.0, answer(300, 10.0, tracker=(22, 1), stage=mark))
    assert current(words, 10.0, tree_reading(300, 10.0, cpu_percent=44), None) == Stage(
        "encoding", False
    )
    saving = update(words, 11.0, answer(300, 11.0, stage=StageMark("AFTER_FEEDBACK", "y")))
    encodes = tree_reading(300, 12.0, children={"ffmpeg": 90})
    assert current(saving, 12.0, encodes, None, 10.5) == Stage("encoding", inferred=True)


def test_the_word_for_encoding_is_the_servers() -> None:
    """Where it could say so before it fell silent."""
    mark = StageMark("BEFORE_VIDEO_POSTPROCESSING", "x")
    words = update(Words(), 10.0, answer(300, 10.0, tracker=(22, 1), stage=mark))
    encodes = tree_reading(300, 11.0, children={"ffmpeg": 90})
    assert current(words, 11.0, encodes, None, 11.0) == Stage("encoding", inferred=False)
    assert current(words, 12.0, tree_reading(300, 12.0), None, 11.0) == Stage(
        "saving", inferred=True
    )


@pytest.mark.parametrize(("turn_s", "holds_s"), [(0.2, 5), (2, 5), (8, 12), (3600, 30)])
def test_a_word_holds_until_the_next_answer_is_overdue(turn_s: float, holds_s: float) -> None:
    """At least 5 s, and half a turn more than the API is asked, within reason."""
    words = update(
        update(Words(), 10.0, answer(300, 10.0)), 10.0 + turn_s, answer(300, 10 + turn_s)
    )
    assert words.holds_s == pytest.approx(holds_s)
    assert HOLDS_S <= words.holds_s <= HOLDS_MAX_S


def test_a_request_that_failed_leaves_its_question_open() -> None:
    """The one that asked, and no other."""
    words = asked(Words(wanted=True), 10.0)
    assert not words.wanted
    assert unanswered(words, 10.0).wanted
    assert not unanswered(words, 12.0).wanted
    assert not unanswered(asked(Words(), 14.0), 14.0).wanted


def test_an_entry_of_the_same_name_is_a_new_word() -> None:
    """Its time stamp tells them apart."""
    first = answer(300, 1, stage=StageMark("AFTER_BATCH_CLEANUP", "a"))
    words = update(Words(), 1.0, first)
    assert words.current_s == 1.0
    second = answer(300, 9, stage=StageMark("AFTER_BATCH_CLEANUP", "b"))
    assert update(words, 9.0, second).current_s == 9.0


@pytest.mark.parametrize(
    ("server_name", "name"),
    [
        ("BEFORE_FILE_UPLOAD", "upload"),
        ("AFTER_FILE_UPLOAD", "thumbnail"),
        ("BEFORE_THUMBNAIL_EXTRACTION", "thumbnail"),
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
        ("BEFORE_VIDEO_POSTPROCESSING", "encoding"),
        ("AFTER_VIDEO_POSTPROCESSING", "saving"),
        ("AFTER_VIDEO_UPLOAD", "feedback"),
        ("AFTER_FEEDBACK_GENERATION", "saving"),
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
