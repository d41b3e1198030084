"""What the history page shows: one table of rows over all the time, as columns, and what happened.

Rows are hours, then minutes, then samples: each time in the finest kind that is kept. All figures
are those of ``--export``. Times are whole milliseconds of Unix time.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from msgspec import Struct

from tray_app.core.history.columns import Column, coded, coded_times
from tray_app.core.history.records import (
    AlertRecord,
    GapRecord,
    JobRecord,
    ProcessShare,
    SampleRecord,
    ServerRecord,
)
from tray_app.core.history.thinning import HOUR_S, MINUTE_S, Means

PROCESSES_SHOWN = 8
"""Layers of the picture; the smaller ones count together."""

SERVER, OTHERS = "server", "others"


class Line(Struct, frozen=True):
    """A height in the picture of memory: a level's limit, or where a band begins."""

    name: str
    at_bytes: int


class Frame(Struct, frozen=True):
    """What every page of a server has: the server's address, this program's version, bands and
    limits."""

    server: str
    version: str
    bands: tuple[Line, ...] = ()
    lines: tuple[Line, ...] = ()


class Link(Struct, frozen=True):
    """A link to another page. ``is_here``: it is the page itself."""

    text: str
    href: str
    is_here: bool = False


class Section(Struct, frozen=True):
    """A text of an incident: stacks, or the server's words. ``leads``: it is above the charts."""

    title: str
    text: str
    leads: bool = False


class Mark(Struct, frozen=True):
    """The moment that the page is about, a line in each chart."""

    at_ms: int
    name: str


class Words(Struct, frozen=True):
    """A column of words: ``index`` counts in ``names``."""

    names: list[str]
    index: Column


class Layer(Struct, frozen=True):
    """The memory of one process, or of all that are alike, beside the rows of samples."""

    name: str
    memory: Column


class Rows(Struct, frozen=True):
    """All rows, by column. A sample is its own least, mean and most.

    ``samples_from`` is the number of the first row that is a sample. ``layers`` begin there.
    """

    count: int
    samples_from: int
    at: Column
    length: Column
    least: Column
    mean: Column
    most: Column
    cpu: Column
    most_cpu: Column
    available: Column
    descriptors: Column
    temp: Column
    source: Words
    band: Words
    level: Words
    activity: Words
    stage: Words
    layers: list[Layer]


class PageJob(Struct, frozen=True):
    """A job with the time of its stages in seconds; None where its samples are no longer kept."""

    number: int
    started_ms: int
    ended_ms: int
    before: int | None
    peak: int | None
    after: int | None
    kept: int | None
    stages: list[tuple[str, float | None]]
    lost: bool


class PageAlert(Struct, frozen=True):
    """An alert in the words of its notification."""

    at_ms: int
    kind: str
    title: str
    text: str
    fate: str


class PageServer(Struct, frozen=True):
    """A start or an end of the server."""

    at_ms: int
    what: str
    pid: int
    name: str


class PageGap(Struct, frozen=True):
    """A time that nobody watched."""

    from_ms: int
    to_ms: int
    why: str


class Answer(Struct, frozen=True):
    """One of the sentences at the top; ``lead`` is its beginning, in bold. ``concern``: it says
    that something is wrong."""

    lead: str
    rest: str
    concern: bool = False


class PageVerdict(Struct, frozen=True):
    """The page in three sentences; the first is of a range, of which ``times`` are the words. The
    page opens with the range ``opens``."""

    opens: str
    times: dict[str, str]
    happened: dict[str, Answer]
    leak: Answer
    next: Answer


class LeftOut(Struct, frozen=True):
    """How many older ones there are of each."""

    jobs: int = 0
    alerts: int = 0
    servers: int = 0
    gaps: int = 0


class PageData(Struct, frozen=True):
    """All of a page. ``server`` is the server's address, ``heading`` says what the page is about.

    ``left_out`` counts the older jobs, alerts and events that the page has no room for.

    A live page asks for the same with newer rows. Jobs, alerts and the others of an update are all
    of the time it covers: a job that is known by its start replaces what was there.
    """

    server: str
    heading: str
    version: str
    from_ms: int
    to_ms: int
    rows: Rows
    bands: list[Line] = []
    lines: list[Line] = []
    jobs: list[PageJob] = []
    alerts: list[PageAlert] = []
    servers: list[PageServer] = []
    gaps: list[PageGap] = []
    marks: list[Mark] = []
    sections: list[Section] = []
    left_out: LeftOut = LeftOut()
    verdict: PageVerdict | None = None


def page_data(
    frame: Frame,
    rows: Rows,
    from_s: float,
    to_s: float,
    *,
    heading: str = "",
    samples: Sequence[SampleRecord] = (),
    jobs: Iterable[JobRecord] = (),
    alerts: Iterable[AlertRecord] = (),
    servers: Iterable[ServerRecord] = (),
    gaps: Iterable[GapRecord] = (),
    marks: Sequence[Mark] = (),
    sections: Sequence[Section] = (),
    left_out: LeftOut = LeftOut(),  # noqa: B008 - frozen
) -> PageData:
    """The page of these records; the jobs' stages come from the ``samples``."""
    return PageData(
        server=frame.server,
        heading=heading,
        version=frame.version,
        from_ms=_ms(from_s),
        to_ms=_ms(to_s),
        rows=rows,
        bands=list(frame.bands),
        lines=list(frame.lines),
        jobs=page_jobs(jobs, samples),
        alerts=page_alerts(alerts),
        servers=page_servers(servers),
        gaps=page_gaps(gaps),
        marks=list(marks),
        sections=list(sections),
        left_out=left_out,
    )


def rows_of(
    samples: Sequence[SampleRecord], minutes: Sequence[Means] = (), hours: Sequence[Means] = ()
) -> Rows:
    """The rows of these: minutes before the first sample, hours before the first minute.

    Samples stand for their minute where all of it are here, also in a minute that began before the
    first of them. Where some are gone the minute stands for the others. So do minutes and hours.
    """
    counts = [(each.at_s, int(each.memory_bytes is not None)) for each in samples]
    minutes = _before(minutes, MINUTE_S, counts)
    samples = [each for each in samples if each.at_s >= _end_s(minutes, MINUTE_S)]
    hours = _before(hours, HOUR_S, [(each.from_s, each.count) for each in minutes] + counts)
    minutes = [each for each in minutes if each.from_s >= _end_s(hours, HOUR_S)]
    samples = [each for each in samples if each.at_s >= _end_s(hours, HOUR_S)]
    means = [*hours, *minutes]
    length_ms = [3_600_000] * len(hours) + [60_000] * len(minutes)
    at_ms = [_ms(each.from_s) for each in means] + [_ms(each.at_s) for each in samples]

    def figures(name: str, field: str, parts: int = 1) -> Column:
        """A field of the samples, after its name in the means."""
        before = [getattr(each, name) for each in means]
        return coded(before + [getattr(each, field) for each in samples], parts)

    def words(field: str) -> Words:
        return _words([getattr(each, field) for each in samples], len(means))

    return Rows(
        count=len(at_ms),
        samples_from=len(means),
        at=coded_times(at_ms),
        length=coded(length_ms + [_ms(each.interval_s) for each in samples]),
        least=figures("least_bytes", "memory_bytes"),
        mean=figures("mean_bytes", "memory_bytes"),
        most=figures("most_bytes", "memory_bytes"),
        cpu=figures("mean_cpu_percent", "cpu_percent", parts=10),
        most_cpu=figures("most_cpu_percent", "cpu_percent", parts=10),
        available=figures("least_available_bytes", "available_bytes"),
        descriptors=figures("most_descriptors", "descriptors"),
        temp=figures("most_temp_bytes", "temp_bytes"),
        source=words("source"),
        band=words("band"),
        level=words("level"),
        activity=words("activity"),
        stage=words("stage"),
        layers=_layers(samples),
    )


def _before(
    means: Sequence[Means], length_s: float, finer: Sequence[tuple[float, int]]
) -> list[Means]:
    """Those before the finer rows, each of which has a moment and a number of figures. One that
    reaches beyond their first stays only where it has figures that they have not."""
    kept = [each for each in means if not finer or each.from_s < finer[0][0]]
    if kept and finer and (end_s := _end_s(kept, length_s)) > finer[0][0]:
        found = sum(count for at_s, count in finer if at_s < end_s)
        if found >= kept[-1].count:
            kept.pop()
    return kept


def _end_s(means: Sequence[Means], length_s: float) -> float:
    """Where the last of these ends; 0 without one."""
    return means[-1].from_s + length_s if means else 0.0


def _words(words: Sequence[str], before: int) -> Words:
    """Their column, after as many rows without a word."""
    names = list(dict.fromkeys(words))
    number = {name: index for index, name in enumerate(names)}
    return Words(names, coded([None] * before + [number[word] for word in words]))


def _layers(samples: Sequence[SampleRecord]) -> list[Layer]:
    """The processes by size, the largest first. One without others is the server."""
    known: dict[tuple[ProcessShare, ...], dict[str, int]] = {}
    by_row: list[dict[str, int]] = []
    total: Counter[str] = Counter()
    for each in samples:
        if not each.processes:
            parts = {SERVER: each.memory_bytes} if each.memory_bytes is not None else {}
        elif (parts_known := known.get(each.processes)) is not None:
            parts = parts_known
        else:
            parts = known[each.processes] = _by_name(each.processes)
        by_row.append(parts)
        total.update(parts)
    names = [name for name, _ in total.most_common()]
    shown = [name for name in names if name != OTHERS][:PROCESSES_SHOWN]
    layers = [Layer(name, coded([parts.get(name) for parts in by_row])) for name in shown]
    if len(shown) < len(names):
        kept = set(shown)
        rest = [
            sum(size for name, size in parts.items() if name not in kept) or None
            for parts in by_row
        ]
        layers.append(Layer(OTHERS, coded(rest)))
    return layers


def _by_name(processes: Iterable[ProcessShare]) -> dict[str, int]:
    """``server``, which is the first, ``ffmpeg``, ``ffmpeg 2``: those of one name are counted by
    their pid, so that a new one continues the layer of one that ended."""
    parts: dict[str, int] = {}
    seen: Counter[str] = Counter()
    server, *rest = processes
    for each in (server, *sorted(rest, key=lambda share: share.pid)):
        name = SERVER if each is server else each.name
        seen[name] += 1
        parts[name if seen[name] == 1 else f"{name} {seen[name]}"] = each.rss_bytes
    return parts


def page_jobs(jobs: Iterable[JobRecord], samples: Sequence[SampleRecord]) -> list[PageJob]:
    """The jobs, with the time that each stage took by the samples."""
    found = []
    position = 0
    for job in sorted(jobs, key=lambda each: each.started_s):
        while position < len(samples) and samples[position].at_s < job.started_s:
            position += 1
        took: dict[str, float] = {}
        at = position
        while at < len(samples) and samples[at].at_s < job.ended_s:
            after_s = samples[at + 1].at_s if at + 1 < len(samples) else job.ended_s
            step_s = min(after_s, job.ended_s) - samples[at].at_s
            step_s = min(step_s, 3 * samples[at].interval_s)
            took[samples[at].stage] = took.get(samples[at].stage, 0.0) + step_s
            at += 1
        names = dict.fromkeys([*job.stages, *(stage for stage in took if stage)])
        found.append(
            PageJob(
                number=job.number,
                started_ms=_ms(job.started_s),
                ended_ms=_ms(job.ended_s),
                before=job.before_bytes,
                peak=job.peak_bytes,
                after=job.after_bytes,
                kept=job.kept_bytes,
                stages=[(name, round(took[name], 1) if name in took else None) for name in names],
                lost=job.lost,
            )
        )
    return found


def page_alerts(alerts: Iterable[AlertRecord]) -> list[PageAlert]:
    """The alerts, as they are stored."""
    return [
        PageAlert(
            at_ms=_ms(each.at_s), kind=each.kind, title=each.title, text=each.text, fate=each.fate
        )
        for each in alerts
    ]


def page_servers(servers: Iterable[ServerRecord]) -> list[PageServer]:
    """Starts and ends."""
    return [PageServer(_ms(each.at_s), each.what, each.pid, each.name) for each in servers]


def page_gaps(gaps: Iterable[GapRecord]) -> list[PageGap]:
    """The times that nobody watched."""
    return [PageGap(_ms(each.from_s), _ms(each.to_s), each.why) for each in gaps]


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
