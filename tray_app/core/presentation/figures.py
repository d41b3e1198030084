"""The table of figures: one row for each figure of a sample, with its JSON keys, label and format.

The JSON of ``--json``, the page docs/json.md, the menu's rows, the lines of a plain terminal and
the rows of the live screen are made from this table. A new figure is one row here, and its key in
the lists below the table that show it.

Rule of the room: JSON keys are a promise. They keep their names, their order and their meaning, and
an unknown value is null.
"""

from __future__ import annotations

from typing import Any

from tray_app.core.alerts.forecast import Forecast, ForecastKind
from tray_app.core.alerts.hung import HangKind
from tray_app.core.alerts.limits import Level
from tray_app.core.alerts.room import NextVideo, Short
from tray_app.core.analysis.activity import Activity
from tray_app.core.analysis.bands import Band
from tray_app.core.analysis.jobs import Job
from tray_app.core.model.presets import Mode
from tray_app.core.model.readings import (
    MemoryKind,
    ProcessRow,
    Role,
    Source,
    Target,
)
from tray_app.core.monitor.sample import Sample
from tray_app.core.presentation import (
    activity_text,
    figure_text,
    format,
    memory_text,
    process_text,
    source_text,
)
from tray_app.core.presentation.api_failure_text import problem_text
from tray_app.core.presentation.figure import (
    COUNT,
    FINE_SECONDS,
    FLAG,
    FULL_SECONDS,
    GB,
    MB,
    MB_S,
    MILLISECONDS,
    OBJECT,
    OBJECTS,
    PERCENT,
    SECONDS,
    TEXT,
    TEXTS,
    TIME,
    WORD,
    Field,
    Figure,
)
from tray_app.core.source_choice.circuit_breaker import ApiState


def _words(kind: Any) -> tuple[str, ...]:
    return tuple(each.value for each in kind)


_LEVELS = tuple(each.word for each in Level if each)


def _level(level: Level) -> str | None:
    return None if level is Level.NONE else level.word


def _descriptors(sample: Sample) -> int | None:
    """None also if one process does not report it: a partial sum would mislead."""
    counts = [row.descriptors for row in sample.rows]
    known = [count for count in counts if count is not None]
    return sum(known) if known and len(known) == len(counts) else None


_NO_READING = "no source has a figure (`source` is `none`)"
_NO_PROCESS = "no process of the server is read"

_FORECAST: tuple[Field[Forecast], ...] = (
    Field(
        "kind",
        WORD,
        lambda it: it.kind,
        "the level that memory will reach, or `full`: the machine has no memory left",
        words=_words(ForecastKind),
    ),
    Field("seconds", FULL_SECONDS, lambda it: it.seconds, "time until then, from `time` on"),
)

_NEXT_VIDEO: tuple[Field[NextVideo], ...] = (
    Field("needs_mb", MB, lambda it: it.needs_bytes, "on top of the memory used now: the median"),
    Field("most_mb", MB, lambda it: it.most_bytes, "the same: 9 of 10 videos stay within it"),
    Field(
        "free_mb",
        MB,
        lambda it: it.free_bytes,
        "memory that the machine, or the control group, has left for it",
        null="it is unknown",
    ),
    Field(
        "to_critical_mb",
        MB,
        lambda it: it.left_bytes,
        "how much more memory the server may use before it is critical",
    ),
    Field("jobs", COUNT, lambda it: it.jobs, "how many jobs this was learned from"),
    Field(
        "short",
        WORD,
        lambda it: it.short,
        "what there is too little of for `most_mb`: memory of the `machine`, or the way to the"
        " `critical` level",
        null="there is room",
        words=_words(Short),
    ),
)

_JOB: tuple[Field[Job], ...] = (
    Field("number", COUNT, lambda it: it.number, "1 for the first job that this program has seen"),
    Field("started", TIME, lambda it: it.started, "when the job was first seen"),
    Field(
        "ended",
        TIME,
        lambda it: it.ended,
        "its last sign of work, some seconds before the end was known",
        null="the job is running",
    ),
    Field(
        "before_mb",
        MB,
        lambda it: it.before.memory_bytes if it.before else None,
        "memory before the job",
        null="there was no figure just before it",
    ),
    Field(
        "peak_mb",
        MB,
        lambda it: it.peak_bytes,
        "highest memory during the job",
        null="there has been no figure during it",
    ),
    Field(
        "after_mb",
        MB,
        lambda it: it.after.memory_bytes if it.after else None,
        "memory after the job",
        null="the job is running, or there was no figure just after it",
    ),
)

_TARGET: tuple[Field[Target], ...] = (
    Field("pid", COUNT, lambda it: it.pid, "process id"),
    Field("name", TEXT, lambda it: it.name, "the process's name"),
    Field("cmdline", TEXTS, lambda it: list(it.cmdline), "its command line; empty if unreadable"),
    Field(
        "evidence",
        TEXT,
        lambda it: process_text.evidence(it.evidence),
        "how it was recognised (human-readable)",
    ),
)

_CANDIDATE: tuple[Field[Target], ...] = (
    *_TARGET,
    Field(
        "port",
        COUNT,
        lambda it: it.port,
        "where it listens, if that is another port than the server's address says",
        null="it listens on no other port",
    ),
)

_PROCESS: tuple[Field[ProcessRow], ...] = (
    Field("pid", COUNT, lambda it: it.pid, "process id"),
    Field("name", TEXT, lambda it: it.name, "the process's name"),
    Field(
        "role",
        WORD,
        lambda it: it.role,
        "`target`: the server's root process; `child`: a process below it; `python`: another"
        " Python process",
        words=(Role.TARGET, Role.CHILD, Role.PYTHON),
    ),
    Field("memory_mb", MB, lambda it: it.rss_bytes, "RSS"),
    Field(
        "cpu_percent",
        PERCENT,
        lambda it: it.cpu_percent,
        "CPU, of one core",
        null="it was read for the first time",
    ),
)

FIGURES: tuple[Figure, ...] = (
    Figure("time", (Field("time", TIME, lambda it: it.at, "moment of the sample, local time"),)),
    Figure(
        "mode",
        (Field("mode", WORD, lambda it: it.mode, "the chosen mode", words=_words(Mode)),),
        label="Mode",
        writes=source_text.mode,
    ),
    Figure(
        "source",
        (
            Field(
                "source",
                WORD,
                lambda it: it.source,
                "where `memory_mb` comes from",
                words=_words(Source),
            ),
        ),
        label="Source",
        writes=source_text.in_terminal,
        menu=figure_text.source_line,
        plain=figure_text.source_column,
    ),
    Figure(
        "band",
        (
            Field(
                "band",
                WORD,
                lambda it: it.band,
                "the icon's colour",
                words=_words(Band),
            ),
        ),
        label="Band",
    ),
    Figure(
        "memory",
        (
            Field(
                "memory_mb",
                MB,
                lambda it: it.memory_bytes,
                "the server's memory: the figure that icon and alerts show",
                null=_NO_READING,
            ),
            Field(
                "memory_kind",
                WORD,
                lambda it: it.memory_kind,
                "how it was counted. `rss`: RSS of one process; `shared_once`: RSS of several,"
                " shared memory counted once; `rss_sum`: sum of RSS, may be too high;"
                " `unmeasured`: too low until shared memory is measured",
                null=_NO_READING,
                words=_words(MemoryKind),
            ),
        ),
        label="Memory",
        writes=memory_text.memory,
        plain=figure_text.memory_column,
    ),
    Figure(
        "sharing",
        (
            Field(
                "rss_mb",
                MB,
                lambda it: it.rss_bytes,
                "sum of RSS over the server's processes",
                null=_NO_PROCESS,
            ),
            Field(
                "shared_mb",
                MB,
                lambda it: None if it.rss_bytes is None else it.shared_bytes,
                "the part of `rss_mb` that is counted more than once; not in `memory_mb`",
                null=_NO_PROCESS,
            ),
        ),
        label="Shared",
        writes=source_text.sharing,
        menu=source_text.sharing,
    ),
    Figure(
        "peak",
        (
            Field(
                "peak_mb",
                MB,
                lambda it: it.peak_bytes,
                "highest memory of this run of the server, as far as it was watched",
                null="there has been no figure yet",
            ),
        ),
        label="Peak",
        width=7,
    ),
    Figure(
        "own",
        (
            Field(
                "own_mb",
                MB,
                lambda it: it.own.uss_bytes if it.own else None,
                "memory that only the server's processes use (USS), measured every 30 s or less"
                " often",
                null=f"{_NO_PROCESS}, or it has not been measured or cannot be",
            ),
            Field(
                "pss_mb",
                MB,
                lambda it: it.own.pss_bytes if it.own else None,
                "the same with their share of what they use together with others (PSS)",
                null="`own_mb` is null, or the system does not report it (Windows, macOS)",
            ),
            Field(
                "own_age_s",
                SECONDS,
                lambda it: it.at.mono_s - it.own.taken_s if it.own else None,
                "age of `own_mb` and `pss_mb`",
                null="`own_mb` is null",
            ),
        ),
        label="Private",
        writes=figure_text.own,
    ),
    Figure(
        "rate",
        (
            Field(
                "rate_mb_s",
                MB_S,
                lambda it: it.rate_bytes_s,
                "how fast memory rises; negative: falls",
                null="not enough readings yet",
            ),
        ),
        label="Rate",
    ),
    Figure(
        "forecast",
        (
            Field(
                "forecast",
                OBJECT,
                lambda it: it.forecast,
                "what memory will reach at the current rate",
                null="memory is not rising towards a level or towards the machine's limit",
                fields=_FORECAST,
            ),
        ),
        label="Forecast",
        writes=memory_text.ahead,
    ),
    Figure(
        "cpu",
        (
            Field(
                "cpu_percent",
                PERCENT,
                lambda it: it.cpu_percent,
                "CPU of the server's processes, of one core: 200 is two cores",
                null=f"{_NO_PROCESS}, or it was read for the first time",
            ),
        ),
        label="CPU",
        width=5,
    ),
    Figure(
        "descriptors",
        (
            Field(
                "descriptors",
                COUNT,
                _descriptors,
                "open files, sockets and pipes of the server's processes (file descriptors; on"
                " Windows: handles), in total",
                null=f"{_NO_PROCESS}, or one of them may not be read",
            ),
        ),
        label="Open files",
    ),
    Figure(
        "system",
        (
            Field(
                "system",
                OBJECT,
                lambda it: it,
                "the machine's memory",
                fields=(
                    Field(
                        "used_percent",
                        PERCENT,
                        lambda it: it.system.used_percent if it.system else None,
                        "(total - available) / total",
                        null="neither the system nor the API reports it",
                    ),
                    Field(
                        "available_gb",
                        GB,
                        lambda it: it.system.available_bytes if it.system else None,
                        "memory still available to programs",
                        null="as `system.used_percent`",
                    ),
                    Field(
                        "total_gb",
                        GB,
                        lambda it: it.system.total_bytes if it.system else None,
                        "all memory, or the limit that counts",
                        null="as `system.used_percent`",
                    ),
                    Field(
                        "limited",
                        FLAG,
                        lambda it: it.system.limited if it.system else None,
                        "whether the total is a control group's limit",
                        null="as `system.used_percent`",
                    ),
                    Field(
                        "swap_used_gb",
                        GB,
                        lambda it: it.system.swap_used_bytes if it.system else None,
                        "swap in use",
                        null="the system does not report it",
                    ),
                    Field(
                        "swap_total_gb",
                        GB,
                        lambda it: it.system.swap_total_bytes if it.system else None,
                        "all swap",
                        null="the system does not report it",
                    ),
                    Field(
                        "pressure_percent",
                        PERCENT,
                        lambda it: it.system.pressure_percent if it.system else None,
                        "share of the last 10 s in which all programs were stalled waiting for"
                        " memory (PSI)",
                        null="the system does not report it (only Linux does)",
                    ),
                ),
            ),
        ),
        label="Machine",
        writes=lambda it: memory_text.free_of(it.system),
    ),
    Figure(
        "next_video",
        (
            Field(
                "next_video",
                OBJECT,
                lambda it: it.next_video,
                "what the next video needs, by what the last ones needed",
                null="a job is running, or the last three or more do not tell",
                fields=_NEXT_VIDEO,
            ),
        ),
    ),
    Figure(
        "temp",
        (
            Field(
                "tmp",
                OBJECT,
                lambda it: it,
                "the server's temp directory",
                fields=(
                    Field(
                        "size_mb",
                        MB,
                        lambda it: it.temp.size_bytes if it.temp else None,
                        "space used",
                        null="it is not known, or has not been read",
                    ),
                    Field(
                        "files",
                        COUNT,
                        lambda it: it.temp.file_count if it.temp else None,
                        "number of files",
                        null="as `tmp.size_mb`",
                    ),
                    Field(
                        "age_s",
                        SECONDS,
                        lambda it: it.at.mono_s - it.temp.taken_s if it.temp else None,
                        "age of both",
                        null="as `tmp.size_mb`",
                    ),
                ),
            ),
        ),
        label="Temp",
        writes=lambda it: memory_text.size_in_files(it.temp),
    ),
    Figure(
        "activity",
        (
            Field(
                "activity",
                WORD,
                lambda it: it.activity,
                "what the server does. `intensive`: a job with a high load",
                words=_words(Activity),
            ),
            Field(
                "stage",
                TEXT,
                lambda it: it.stage.name if it.stage else None,
                "step of the running job, as the server tells it or as its files suggest",
                null="no job is running, or its step is unknown",
            ),
        ),
        label="Activity",
        writes=figure_text.activity,
    ),
    Figure(
        "job",
        (
            Field(
                "job",
                OBJECT,
                lambda it: it.job,
                "the running job, else the last one",
                null="no job has been seen",
                fields=_JOB,
            ),
        ),
        label="Job",
        writes=lambda it: activity_text.job(it.job) if it.job else format.UNKNOWN,
    ),
    Figure(
        "alert",
        (
            Field(
                "level",
                WORD,
                lambda it: None if it.memory_bytes is None else it.level.word,
                "the level that memory is in now",
                null="there is no reading",
                words=tuple(each.word for each in Level),
            ),
            Field(
                "alert",
                WORD,
                lambda it: _level(it.alert),
                "the level whose alert holds: after its hold time, until memory has left it",
                null="there is none",
                words=_LEVELS,
            ),
            Field(
                "recovering",
                WORD,
                lambda it: _level(it.recovering),
                "a level that memory is below, but has not left for long enough",
                null="there is none",
                words=_LEVELS,
            ),
        ),
        label="Alert",
        writes=memory_text.state,
    ),
    Figure(
        "hung",
        (
            Field(
                "hung",
                WORD,
                lambda it: it.hung.kind if it.hung else None,
                "how the server hangs: its process is `stopped`; `deadlocked`: it neither answers"
                " nor uses CPU; `silent`: it does not answer, and no process of it can be read",
                null="it does not hang",
                words=_words(HangKind),
            ),
        ),
    ),
    Figure(
        "api",
        (
            Field(
                "api",
                OBJECT,
                lambda it: it.api,
                "the server's API",
                fields=(
                    Field(
                        "state",
                        WORD,
                        lambda it: it.state,
                        "whether it answers. `off`: it is not polled; `waiting`: for the first"
                        " answer; `silent`: connected, but no answer in time",
                        words=_words(ApiState),
                    ),
                    Field(
                        "age_s",
                        FINE_SECONDS,
                        lambda it: it.age_s,
                        "age of the last good answer",
                        null="there has been none",
                    ),
                    Field(
                        "latency_ms",
                        MILLISECONDS,
                        lambda it: it.latency_s,
                        "how long the last good answer took",
                        null="there has been none",
                    ),
                    Field(
                        "error",
                        TEXT,
                        lambda it: problem_text(it.problem) if it.problem else None,
                        "why it does not answer (human-readable)",
                        null="there is no error",
                    ),
                ),
            ),
        ),
    ),
    Figure(
        "target",
        (
            Field(
                "target",
                OBJECT,
                lambda it: it.target,
                "the server's root process",
                null=f"{_NO_PROCESS}; `problem` says why",
                fields=_TARGET,
            ),
        ),
    ),
    Figure(
        "candidates",
        (
            Field(
                "candidates",
                OBJECTS,
                lambda it: it.candidates,
                "other processes that might be the server",
                fields=_CANDIDATE,
            ),
        ),
    ),
    Figure(
        "problem",
        (
            Field(
                "problem",
                TEXT,
                lambda it: source_text.problem(it) or None,
                "why no process is read (human-readable)",
                null="there is a `target`, or no process is looked for",
            ),
        ),
    ),
    Figure(
        "processes",
        (
            Field(
                "processes",
                OBJECTS,
                lambda it: (*it.rows, *it.others),
                "the server's processes, its root first; then the largest other Python processes",
                fields=_PROCESS,
            ),
        ),
    ),
)

SERVER: Field[str] = Field(
    "server", TEXT, lambda it: it, "the server's name in the settings, or its host and port"
)
"""The first key of each object of JSON."""
_BY_KEY = {figure.key: figure for figure in FIGURES}


def _at(*keys: str) -> tuple[Figure, ...]:
    return tuple(_BY_KEY[key] for key in keys)


SOURCE = _BY_KEY["source"]
SYSTEM = _BY_KEY["system"]
TEMP = _BY_KEY["temp"]
"""Lines of the menu about the server."""
MENU_PROCESSES = _at("sharing", "descriptors")
"""Lines below the server's processes in the menu; hidden while unknown."""
ACTIVITY = _BY_KEY["activity"]
PLAIN_LINE = _at("memory", "peak", "cpu", "source")
"""Columns of a plain terminal's line, before what goes on."""
PLAIN_DROPPED = _at("peak", "cpu")
"""Those of them that a narrow terminal does without, first one first."""
PLAIN_DETAILS = _at("source", "system", "temp", "own", "sharing", "descriptors")
"""Lines below it with --details, if not empty."""
SCREEN = _at("peak", "own", "cpu", "descriptors", "system", "temp", "activity", "source")
"""Rows of the live screen."""
ONLY_IN_DETAILS = _at("own", "descriptors")
"""Those of them that are shown with --details only."""
