"""The live screen's chart: memory of the last minutes as columns, with the alert limits as lines.

Pure. A column is as many whole buckets long as it takes to show all that is known, and begins at a
multiple of its length: a peak moves left column by column, and never changes its shape. The time
axis is counted from now on, so that it stands still.
"""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from tray_app.core.alerts.limits import LEVELS, AlertLimits, Level
from tray_app.core.analysis import course
from tray_app.core.analysis.bands import Band, BandLimits
from tray_app.core.analysis.course import Cell, Course
from tray_app.core.model.readings import GIB, MIB
from tray_app.core.presentation import format

# The chart is as high as this at least, so that a calm server looks calm.
TOP_BYTES = GIB
# A limit farther above memory than this would press the columns flat, so it is left out.
LIMIT_WITHIN_TIMES = 3
LIMIT_WITHIN_BYTES = GIB // 2

SIZE_WIDTH = 9  # columns: " 1023 MB"
WORD_WIDTH = 9  # columns: " critical"
WORDS_FROM_WIDTH = 56  # columns; a narrower chart has a limit's name instead of its size
STEP_ROWS = (1, 2, 4)  # rows between two sizes on the axis: the more, the higher the chart is
ROWS_PER_STEP = 4
STEPS = (4, 5, 6, 8)  # a step is one of these times a power of two: 512, 640, 768 MB
TIMES_S = (10, 30, 60, 120, 300, 600)
TIME_WIDTH = 12  # columns between two times on the axis, at least


class Recent(Struct, frozen=True):
    """What a chart is made from."""

    course: Course = Course()
    limits: AlertLimits = AlertLimits()
    bands: BandLimits = BandLimits()


class Signs(Struct, frozen=True):
    """The characters of one kind of terminal. ``steps`` is a row filled from little to whole.

    ``line`` is a limit's line, ``over`` the same across a column. ``row`` and ``limit`` are the
    vertical axis, ``corner``, ``time`` and ``flat`` the horizontal
    one, ``gap`` is a part of it in which nothing is known.
    """

    steps: str
    line: str
    over: str
    row: str
    limit: str
    corner: str
    time: str
    flat: str
    gap: str


BLOCKS = Signs(
    steps="▁▂▃▄▅▆▇█",
    line="╌",
    over="╌",
    row="│",
    limit="┤",
    corner="└",
    time="┴",
    flat="─",
    gap="·",
)
ASCII = Signs(
    steps="#", line="-", over="=", row="|", limit="+", corner="+", time="+", flat="-", gap="."
)


class Ink(Struct, frozen=True):
    """How a piece is drawn: ``band`` is a column's, None beside the columns.

    ``is_line``: a limit's line; if there is a band, it is cut out of that column.
    """

    band: Band | None = None
    is_line: bool = False


Piece = tuple[str, Ink]

Bar = tuple[int, Band]
"""How many steps a column is high, and its colour."""

_AXIS = Ink()
_LINE = Ink(is_line=True)
_FILLED = {band: Ink(band) for band in Band}
_CROSSED = {band: Ink(band, is_line=True) for band in Band}
_NO_BAR: Bar = (0, Band.UNKNOWN)


def strip(recent: Recent, now_s: float, width: int, signs: Signs) -> tuple[Piece, ...]:
    """One row of columns alone, where there is no room for a chart."""
    columns = course.parts(recent.course, now_s, width, _per(recent.course, now_s, width))
    row_bytes = _most(columns, TOP_BYTES)
    return tuple(_row(_bars(columns, recent.bands, row_bytes, signs), 0, None, signs))


def rows(
    recent: Recent, now_s: float, width: int, height: int, signs: Signs
) -> list[tuple[Piece, ...]]:
    """The chart in so many columns and rows; the last row is the time axis."""
    has_words = width >= WORDS_FROM_WIDTH
    room, high = width - SIZE_WIDTH - 1 - (WORD_WIDTH if has_words else 0), height - 1
    per = _per(recent.course, now_s, room)
    columns = course.parts(recent.course, now_s, room, per)
    top = _most(columns, TOP_BYTES, _next_limit(recent.limits, columns))
    step_rows = STEP_ROWS[min(high // ROWS_PER_STEP, len(STEP_ROWS) - 1)]
    row_bytes = _row_bytes(top, high, step_rows)
    bars = _bars(columns, recent.bands, row_bytes, signs)
    levels = _levels(recent.limits, row_bytes)
    drawn = []
    for at in reversed(range(high)):
        level = levels.get(at)
        label, word = "", ""
        if level:
            size = format.size(recent.limits.limit_mb(level) * MIB)
            label, word = (size, f" {level.word}") if has_words else (level.word, "")
        elif not (at + 1) % step_rows and not {at - 1, at + 1} & levels.keys():
            label = format.size((at + 1) * row_bytes)
        axis = f"{label:>{SIZE_WIDTH}}{signs.limit if label else signs.row}"
        drawn.append(((axis, _AXIS), *_row(bars, at, level, signs), (word, _AXIS)))
    return [*drawn, _time_axis(columns, per * recent.course.bucket_s, signs)]


def _per(past: Course, now_s: float, width: int) -> int:
    """How many buckets a column takes, so that the known time fits, and at most all that is
    kept."""
    found = course.extent(past, now_s)
    last = int(now_s // past.bucket_s)
    first = last - int(found.known_s // past.bucket_s) if found else last
    most = max(1, past.buckets // width)
    return next((per for per in range(1, most) if last // per - first // per < width), most)


def _most(columns: tuple[Cell, ...], *others: float) -> float:
    return max((*others, *(each.most_bytes for each in columns if each)))


def _next_limit(limits: AlertLimits, columns: tuple[Cell, ...]) -> float:
    """The first limit above the columns, if it is not too far above them; else 0."""
    most = _most(columns, 0.0)
    within = LIMIT_WITHIN_TIMES * max(most, LIMIT_WITHIN_BYTES)
    above = (limits.limit_mb(level) * MIB for level in LEVELS)
    return next((each for each in above if most < each <= within), 0.0)


def _row_bytes(top_bytes: float, high: int, step_rows: int) -> float:
    """So much that the top is in the highest row, and a step of the axis is a short figure."""
    step = 1.0
    while True:
        for part in STEPS:
            each = step * part * MIB / step_rows
            if top_bytes < each * high:
                return each
        step *= 2


def _levels(limits: AlertLimits, row_bytes: float) -> dict[int, Level]:
    """The level whose limit is in a row; of several the highest."""
    return {int(limits.limit_mb(level) * MIB // row_bytes): level for level in LEVELS}


def _bars(
    columns: tuple[Cell, ...], bands: BandLimits, row_bytes: float, signs: Signs
) -> list[Bar]:
    """Little is not nothing, so a column has at least one step; a gap has none."""
    whole = len(signs.steps)
    return [
        (max(1, round(whole * each.most_bytes / row_bytes)), bands.band(each.most_bytes))
        if each
        else _NO_BAR
        for each in columns
    ]


def _row(bars: list[Bar], at: int, level: Level | None, signs: Signs) -> Iterator[Piece]:
    """One row: each column as far as it reaches; a limit's line across. Neighbours of one ink are
    one piece."""
    steps, whole = signs.steps, len(signs.steps)
    base = at * whole
    nothing, empty = (signs.line, _LINE) if level else (" ", _AXIS)
    full, over = (signs.over, _CROSSED) if level else (steps[-1], _FILLED)
    if signs.over != signs.line:
        over = _FILLED
    text, last = "", empty
    for high, band in bars:
        part = high - base
        if part <= 0:
            char, ink = nothing, empty
        elif part >= whole:
            char, ink = full, over[band]
        else:
            char, ink = steps[part - 1], _FILLED[band]
        if ink is not last and text:
            yield text, last
            text = ""
        text, last = text + char, ink
    yield text, last


def _time_axis(columns: tuple[Cell, ...], column_s: float, signs: Signs) -> tuple[Piece, ...]:
    """``└──┴2 min─────┴1 min──────now``; dots where a later part knows nothing."""
    first = next((at for at, cell in enumerate(columns) if cell), len(columns))
    axis = [signs.flat if cell or at < first else signs.gap for at, cell in enumerate(columns)]
    step_s = next((each for each in TIMES_S if each >= TIME_WIDTH * column_s), TIMES_S[-1])
    ago_s = step_s
    while (at := len(columns) - 1 - round(ago_s / column_s)) >= 0:
        text = f"{signs.time}{_time(ago_s)}"
        axis[at : at + len(text)] = text
        ago_s += step_s
    axis[-len("now") :] = "now"
    return ((f"{'':{SIZE_WIDTH}}{signs.corner}{''.join(axis)}", _AXIS),)


def _time(ago_s: int) -> str:
    return f"{ago_s} s" if ago_s % 60 else f"{ago_s // 60} min"
