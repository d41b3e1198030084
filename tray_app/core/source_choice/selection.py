"""Selects the source for this sample, and says why.

Both sources mean the same thing, the whole server: the API's ``rss_mb`` is the answering
process alone, so the rest of the tree is added to it. Several workers make the API's figure
a random worker's (measured: 340 or 126 MB in turn), so there the tree itself is used.
"""

from __future__ import annotations

from enum import Enum, auto

from msgspec import Struct
from msgspec.structs import replace

from tray_app.core.model.presets import Mode
from tray_app.core.model.readings import ApiReading, ProcessReading, Source
from tray_app.core.source_choice import circuit_breaker
from tray_app.core.source_choice.circuit_breaker import CircuitBreaker
from tray_app.core.source_choice.cross_check import alike

# An answer is taken when it came since the last tick; requests are sent shortly before one.
FRESH_PART_OF_INTERVAL = 0.9
# API only: the last value is shown as stale for this long, then the band is unknown.
STALE_LIMIT_INTERVALS = 5
STALE_LIMIT_MIN_S = 15.0


class Why(Enum):
    """Why the API is not the source (or no source is), or the only one (NOT_THE_SERVER).

    BETWEEN: the API is healthy, and this figure is from between two of its answers.
    """

    CHOSEN = auto()
    WORKERS = auto()
    BETWEEN = auto()
    API_AWAY = auto()
    API_LATE = auto()
    REMOTE = auto()
    NO_PROCESS = auto()
    NOT_THE_SERVER = auto()
    STARTING = auto()


class Selected(Struct, frozen=True):
    """The figure for the whole server. ``taken_s`` is when it was measured."""

    source: Source
    memory_bytes: int | None = None
    taken_s: float | None = None
    stale: bool = False
    why: Why | None = None


def whole_server_bytes(api: ApiReading, process: ProcessReading | None) -> int:
    """The API's figure plus the processes it leaves out (root, helpers such as ffmpeg)."""
    if process is None or process.footprint_bytes is None or process.answering_rss_bytes is None:
        return api.rss_bytes
    if not alike(api.rss_bytes, process.answering_rss_bytes):
        return api.rss_bytes
    return api.rss_bytes + process.footprint_bytes - process.answering_rss_bytes


def fresh(breaker: CircuitBreaker, now_s: float, interval_s: float) -> bool:
    """Whether the newest answer is good and came since the last tick."""
    return (
        breaker.reading is not None
        and breaker.failures == 0
        and now_s - breaker.reading.taken_s <= FRESH_PART_OF_INTERVAL * interval_s
    )


def select(
    mode: Mode,
    breaker: CircuitBreaker,
    process: ProcessReading | None,
    now_s: float,
    interval_s: float,
    *,
    local: bool,
    is_mismatch: bool = False,
    is_suspect: bool = False,
    sudden: bool = False,
    sudden_s: float | None = None,
) -> Selected:
    """Choose the source of this sample; ``process`` is this tick's reading, if one was made.

    ``is_mismatch``: the process on the port is not the server (see `cross_check`), so the API
    stands alone, within the limits of the API-only mode. ``is_suspect``: the last answer points to
    it; then processes do not replace a healthy API. ``sudden``: a fast poll called for it.
    ``sudden_s`` is when the last figure was measured, if a fast poll called for that one.
    """
    if is_mismatch and mode is Mode.AUTO:
        alone = select(Mode.API, breaker, None, now_s, interval_s, local=local, sudden=sudden)
        return _because(alone, Why.NOT_THE_SERVER)
    by_process = _by_process(process)
    if mode is Mode.FALLBACK:
        return by_process or _nothing(local=local)
    is_fresh = fresh(breaker, now_s, interval_s)
    if is_fresh or _is_not_due(breaker, now_s, interval_s, sudden=sudden):
        # A poll is newer than any answer, even one that just came: the server measured it earlier,
        # by the time the answer took.
        is_newer = sudden or not is_fresh or _is_behind(breaker.reading, sudden_s)
        chosen = _beside_the_api(process, by_process, is_newer=is_newer, is_suspect=is_suspect)
        if chosen is None and breaker.reading is not None:
            chosen = _by_api(mode, breaker.reading, process)
        if chosen is not None:
            return chosen
    away = circuit_breaker.is_open(breaker, now_s)
    if by_process:
        in_time = circuit_breaker.within_budget(breaker, now_s, interval_s) and not is_suspect
        return _because(by_process, _why_no_answer(away=away, in_time=in_time))
    if last := _last_value(mode, breaker, now_s, interval_s, away=away):
        return last
    return _no_source(mode, breaker, process, away=away, local=local)


def _is_behind(answer: ApiReading | None, sudden_s: float | None) -> bool:
    """Whether the server may have measured before that figure: at any moment since it was asked.

    An older figure would look like a fall of memory in the middle of a climb, and end a forecast.
    """
    if answer is None or sudden_s is None:
        return False
    return answer.taken_s - answer.latency_s < sudden_s


def _is_not_due(breaker: CircuitBreaker, now_s: float, interval_s: float, *, sudden: bool) -> bool:
    """Whether a missing answer is not due yet, and not late."""
    if not circuit_breaker.within_budget(breaker, now_s, interval_s):
        return False
    return sudden or circuit_breaker.apart_s(breaker) > FRESH_PART_OF_INTERVAL * interval_s


def _why_no_answer(*, away: bool, in_time: bool) -> Why:
    if away:
        return Why.API_AWAY
    # An answer that is on its way is not late yet: it need not be shown as soon as it comes.
    return Why.BETWEEN if in_time else Why.API_LATE


def _no_source(
    mode: Mode, breaker: CircuitBreaker, process: ProcessReading | None, *, away: bool, local: bool
) -> Selected:
    has_ended = process is not None and process.loss is not None
    if breaker.reading is None and not away and breaker.failures == 0 and not has_ended:
        return Selected(Source.NONE, why=Why.STARTING)
    return Selected(Source.NONE, why=Why.API_AWAY) if mode is Mode.API else _nothing(local=local)


def _nothing(*, local: bool) -> Selected:
    return Selected(Source.NONE, why=Why.NO_PROCESS if local else Why.REMOTE)


def _by_process(process: ProcessReading | None) -> Selected | None:
    tree_bytes = process.footprint_bytes if process else None
    if process is None or tree_bytes is None:
        return None
    return Selected(Source.PROCESS, tree_bytes, process.taken_s, why=Why.CHOSEN)


def _beside_the_api(
    process: ProcessReading | None, by_process: Selected | None, *, is_newer: bool, is_suspect: bool
) -> Selected | None:
    """The processes' figure if it is better than that of a healthy API."""
    if process is None or by_process is None:
        return None
    # At first it is unknown which of several processes answers: workers import before they listen.
    one_of_several = len(process.rows) > 1 and process.answering_rss_bytes is None
    if process.worker_count > 1 or (one_of_several and not is_suspect):
        return _because(by_process, Why.WORKERS)
    return _because(by_process, Why.BETWEEN) if is_newer and not is_suspect else None


def _by_api(mode: Mode, api: ApiReading, process: ProcessReading | None) -> Selected:
    unseen = mode is Mode.AUTO and process is not None and process.problem is not None
    why = Why.NO_PROCESS if unseen else None
    return Selected(Source.API, whole_server_bytes(api, process), api.taken_s, why=why)


def _last_value(
    mode: Mode, breaker: CircuitBreaker, now_s: float, interval_s: float, *, away: bool
) -> Selected | None:
    """The API's last value, as long as it may be shown without a new one."""
    api = breaker.reading
    if api is None:
        return None
    if mode is Mode.API and not circuit_breaker.refuses(breaker, now_s):
        limit_s = max(STALE_LIMIT_INTERVALS * interval_s, STALE_LIMIT_MIN_S)
        if now_s - api.taken_s > limit_s:
            return None
    elif away:
        return None
    return Selected(Source.API, api.rss_bytes, api.taken_s, stale=True, why=Why.API_LATE)


def _because(selected: Selected, why: Why) -> Selected:
    return replace(selected, why=why)
