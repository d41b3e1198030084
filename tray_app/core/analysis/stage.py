"""Determines a video's stage: the server's own word while it is fresh, otherwise inferred.

The word is the newest entry of the server's memory history, which is a request of its own.
So it is asked for only when something has changed: the summary that comes with each answer
(``tracker_summary``), the activity, the files in tmp. While that summary stays as it was the
last word holds: the recorded history has no entry for 16–23 s of frames.
"""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from tray_app.core.model.readings import ApiReading, ProcessReading, StageMark, TempUsage

# The API's last stage stays valid for this long without another answer: the recorded server falls
# silent for up to 2.4 s around ffmpeg. An API that is asked less often is given half a turn more.
HOLDS_S = 5.0
HOLDS_TURNS = 1.5
HOLDS_MAX_S = 30.0
# A waiting server uses no CPU; requests for its memory take 1 % or less.
WAITS_BELOW_PERCENT = 5.0
# A server without a summary reports no changes, so its stage is requested this often.
ASK_AGAIN_S = 3.0
DONE = "done"
# The stages up to encoding: a report older than ffmpeg's run is out of date.
_UNTIL_ENCODED = {"upload", "thumbnail", "detection", "setup", "frames", "analysis", "encoding"}


class Stage(Struct, frozen=True):
    """A stage's name; ``inferred`` when it is not the server's own word."""

    name: str
    inferred: bool


class Words(Struct, frozen=True):
    """The server's reports.

    ``tracker`` is its newest summary (None: no answer yet), ``mark`` its newest stage entry and
    ``name`` that stage's name for people. ``current_s`` is when an answer last confirmed this stage
    (None: the entry may be an earlier job's), ``heard_s`` the newest answer and ``turn_s`` the time
    from the one before. ``wanted``: the next request should ask for the stage; ``asked_s`` is the
    last such request.
    """

    tracker: tuple[float, ...] | None = None
    mark: StageMark | None = None
    name: str | None = None
    current_s: float | None = None
    heard_s: float | None = None
    turn_s: float = 0.0
    wanted: bool = False
    asked_s: float | None = None

    @property
    def holds_s(self) -> float:
        """How long a report stays valid until the next answer is overdue."""
        return min(max(HOLDS_S, HOLDS_TURNS * self.turn_s), HOLDS_MAX_S)


# The server's stage names (memory-history) and our names for them; first match wins. From ffmpeg on
# it answers only between two stages: its newest entry is then the end of the one that is over, and
# it falls silent in the next. So it is after the upload.
_STAGES = (
    (("AFTER_FINAL_GC", "CLEANUP_FILES_COMPLETE"), DONE),
    (("AFTER_VIDEO_POSTPROCESSING", "AFTER_FEEDBACK"), "saving"),
    (("AFTER_VIDEO_UPLOAD",), "feedback"),
    (("AFTER_FILE_UPLOAD",), "thumbnail"),
    (("FILE_UPLOAD",), "upload"),
    (("THUMBNAIL",), "thumbnail"),
    (("ROTATION",), "detection"),
    (("PROCESSING_START", "STREAMING_BATCH", "BATCH_CLEANUP"), "frames"),
    (("SETUP", "RUNNING_DETECTION"), "setup"),
    (("PROCESSING_COMPLETE", "ANALYS", "ANALYZ"), "analysis"),
    (("POSTPROCESSING", "RESOURCE_CLEANUP"), "encoding"),
    (("VIDEO_UPLOAD", "DATABASE"), "saving"),
    (("FEEDBACK",), "feedback"),
    (("CLEANUP", "CAP RELEASE"), "cleanup"),
)


def stage_name(server_name: str) -> str:
    """A short word for the server's stage name, e.g. ``STREAMING_BATCH_20`` is ``frames``."""
    return next(
        (name for parts, name in _STAGES if any(part in server_name for part in parts)),
        server_name.lower().replace("_", " ")[:24],
    )


def update(words: Words, now_s: float, answer: ApiReading | None) -> Words:
    """The words after one more tick; ``answer`` is the newest one if it is new."""
    if answer is None:
        return words
    changed = words.tracker is not None and answer.tracker != words.tracker
    current_s = words.current_s
    if answer.stage is not None:
        is_new = answer.stage != words.mark
        current_s = now_s if is_new or current_s is not None else None
    elif current_s is not None and answer.tracker and not changed:
        current_s = now_s
    return replace(
        words,
        tracker=answer.tracker,
        mark=answer.stage or words.mark,
        name=stage_name(answer.stage.name) if answer.stage else words.name,
        current_s=current_s,
        heard_s=now_s,
        turn_s=0.0 if words.heard_s is None else now_s - words.heard_s,
        # The stage is read after the summary that comes with it, so it knows of its change.
        wanted=words.wanted or (changed and answer.stage is None),
    )


def asked(words: Words, now_s: float) -> Words:
    """A request was sent; it asks for the stage if that was wanted."""
    return replace(words, wanted=False, asked_s=now_s) if words.wanted else words


def wanted(words: Words) -> Words:
    """The next request should ask for the stage."""
    return words if words.wanted else replace(words, wanted=True)


def rested(words: Words) -> Words:
    """No job runs: in the next job the newest entry still belongs to the last one."""
    return words if words.current_s is None else replace(words, current_s=None)


def unanswered(words: Words, asked_s: float | None) -> Words:
    """The request sent at ``asked_s`` failed, so the stage is still wanted."""
    failed = asked_s is not None and asked_s == words.asked_s
    return replace(words, wanted=True) if failed else words


def moved(before: Words, after: Words) -> bool:
    """Whether the server has made progress in a video.

    The summary stays filled when idle, so only its change is a sign; after the final stage it may
    still change with that stage's own entry.
    """
    if after.name == DONE:
        return False
    entered = before.mark is not None and after.mark != before.mark
    counted = before.tracker is not None and bool(after.tracker) and after.tracker != before.tracker
    return entered or counted


def turns(words: Words, answer: ApiReading) -> bool:
    """Whether the answer tells of another stage than the one that is shown."""
    if answer.stage is None or answer.stage == words.mark:
        return False
    return words.current_s is None or stage_name(answer.stage.name) != words.name


def has_said_done(words: Words) -> bool:
    """Whether the newest report says that this video is done."""
    return words.name == DONE and words.current_s is not None


def is_open(words: Words) -> bool:
    """Whether the server reported the start of a job and not its end."""
    return words.name != DONE and words.current_s is not None


def asks_again(words: Words, now_s: float, *, waits: bool) -> bool:
    """Whether to ask for the stage during work although no change was reported.

    ``waits``: there is no sign of work just now. Then each answer says whether the job still goes
    on: the last entry may look to the summary like the one before it.
    """
    if words.tracker and not waits:
        return False
    return waits or words.asked_s is None or now_s - words.asked_s >= ASK_AGAIN_S


def current(
    words: Words,
    now_s: float,
    process: ProcessReading | None,
    temp: TempUsage | None,
    encoded_s: float | None = None,
) -> Stage | None:
    """The stage of the work that goes on; ``encoded_s`` is when ffmpeg was last seen in it."""
    cpu = process.cpu_percent if process else None
    waits = cpu is not None and cpu < WAITS_BELOW_PERCENT
    word = _said(words, now_s, waits=waits)
    # While ffmpeg runs only one stage can be right; otherwise any report newer than ffmpeg.
    holds = word == "encoding" if encodes(process) else not _is_over(words, encoded_s)
    if word is not None and holds:
        return Stage(word, inferred=False)
    guess = inferred(process, temp, encoded=encoded_s is not None)
    if guess is None and has_said_done(words) and cpu is not None and not waits:
        guess = "frames"  # of another video: it is in them most of the time
    return Stage(guess, inferred=True) if guess else None


def _said(words: Words, now_s: float, *, waits: bool) -> str | None:
    """The server's reported stage, while it is valid. A server that is silent without any CPU waits
    in the stage of its last word."""
    name, said_s = words.name, words.current_s
    if not name or name == DONE or said_s is None:
        return None
    return name if waits or now_s - said_s <= words.holds_s else None


def _is_over(words: Words, encoded_s: float | None) -> bool:
    """Whether the report is from before ffmpeg's run. The server is silent during that run, so such
    a report is out of date."""
    if encoded_s is None or words.current_s is None or words.current_s > encoded_s:
        return False
    return words.name in _UNTIL_ENCODED


def encodes(process: ProcessReading | None) -> bool:
    """Whether ffmpeg runs (ffprobe, which only looks at a video, is not it)."""
    return process is not None and any(row.name.startswith("ffmpeg") for row in process.rows)


def inferred(
    process: ProcessReading | None, temp: TempUsage | None, *, encoded: bool = False
) -> str | None:
    """The stage by the running processes and the newest files in tmp.

    Other files may be there: of a second video, or of a worker that was killed. Once ffmpeg has
    ended (``encoded``, or its file is there) the video goes into storage.
    """
    if encodes(process):
        return "encoding"
    name = temp.names[0] if temp and temp.names else ""
    if "_faststart" in name:
        # If no process can be read, ffmpeg may still be running.
        is_seen = encoded or (process is not None and process.target is not None)
        return "saving" if is_seen else "encoding"
    if name.startswith("processed_"):
        return "frames"
    if encoded:
        return "saving"
    if name.startswith("thumbnail_"):
        # Without CPU use it goes into storage.
        cpu = process.cpu_percent if process else None
        return "thumbnail" if cpu is not None and cpu < WAITS_BELOW_PERCENT else "detection"
    return None  # an upload lies there from its end on: it tells of no stage
