"""The three sentences at the top of the history's page: what happened, is it leaking, will the next
video fit."""

from __future__ import annotations

from datetime import datetime

from tray_app.core.alerts.job_leak import JOBS_IN_A_ROW
from tray_app.core.alerts.limits import Level
from tray_app.core.alerts.room import Short
from tray_app.core.analysis.job_profiles import JOBS_MIN, SCATTER_BYTES
from tray_app.core.history.page_data import Answer, PageVerdict
from tray_app.core.history.thinning import HOUR_S
from tray_app.core.history.verdict import (
    WHOLE,
    Happened,
    Leaking,
    LeakKind,
    Now,
    Peak,
    Times,
    Upcoming,
    Verdict,
)
from tray_app.core.presentation.format import (
    capitalised,
    counted,
    duration,
    hour,
    rough_size,
    sentences,
    size,
)
from tray_app.core.presentation.page_text import day

NO_READING = "No reading"


def words(verdict: Verdict, opens: str = "") -> PageVerdict:
    """All three, the first by range; the page opens with the range ``opens``."""
    ranges = verdict.happened
    return PageVerdict(
        opens=opens if opens in ranges else WHOLE,
        times={name: _time(name) for name in ranges},
        happened={name: happened(each) for name, each in ranges.items()},
        leak=leak(verdict.leak, ranges[WHOLE].to_s),
        next=upcoming(verdict.upcoming),
    )


def lines(verdict: PageVerdict) -> tuple[str, ...]:
    """The sentences that the page opens with."""
    answers = (verdict.happened[verdict.opens], verdict.leak, verdict.next)
    return tuple(sentences(each.lead, each.rest) for each in answers)


def _time(name: str) -> str:
    return "The whole time of this page" if name == WHOLE else f"The last {name}"


def happened(value: Happened) -> Answer:
    """``Peak 2.44 GB at 03:12 while processing frames. 14 jobs; none was cut off.``"""
    trouble = _trouble(value)
    peak_lead, peak_rest = _peak(value)
    rest = sentences(_jobs(value), _unwatched(value))
    if trouble:
        return Answer(f"{trouble}.", sentences(peak_lead, peak_rest, rest), True)
    is_critical = value.level is Level.CRITICAL or value.lost > 0
    return Answer(peak_lead, sentences(peak_rest, rest), is_critical)


def _trouble(value: Happened) -> str:
    """``The server ended at 05:04 and hung at 05:02``; of its ends those that made an alert."""
    verbs = [
        _times("ended", value.gone, value.to_s),
        _times("hung", value.hung, value.to_s),
        _times("lost a process to the kernel's OOM killer", value.killed, value.to_s),
    ]
    parts = [verb for verb in verbs if verb]
    server = f"the server {' and '.join(parts)}" if parts else ""
    short = _times("the machine was short of memory", value.machine_short, value.to_s)
    return capitalised("; ".join(filter(None, (server, short))))


def _times(what: str, times: Times | None, end_s: float) -> str:
    """``hung at 03:12``, ``hung 3 times (last at 03:12)``."""
    if times is None:
        return ""
    at = _at(times.last_s, end_s)
    return f"{what} {at}" if times.count == 1 else f"{what} {times.count} times (last {at})"


def _at(at_s: float, end_s: float, word: str = "at") -> str:
    """``at 03:12`` of the last day, else ``at 23:50 on Thu 26 Nov``."""
    at, end = datetime.fromtimestamp(at_s), datetime.fromtimestamp(end_s)
    clock = f"{word} {hour(at_s)}"
    return clock if at.date() == end.date() else f"{clock} on {day(at_s)}"


def _peak(value: Happened) -> tuple[str, str]:
    peak = value.peak
    if peak is None:
        return NO_READING, "of the server in this time."
    above = f"(above {value.level.word}) " if value.level else ""
    doing = f" while {_doing(peak)}" if peak.activity else ""
    word = "in the hour from" if peak.length_s >= HOUR_S else "at"
    at = _at(peak.at_s, value.to_s, word)
    return f"Peak {size(peak.size_bytes)}", f"{above}{at}{doing}."


def _doing(peak: Peak) -> str:
    if peak.activity == "idle":
        return "idle"
    return f"processing {peak.stage}".strip()


def _jobs(value: Happened) -> str:
    if not value.jobs:
        return "No job ended."
    jobs = counted(value.jobs, "job")
    if not value.lost:
        return f"{jobs}; none was cut off."
    return f"{jobs}; {value.lost} {'was' if value.lost == 1 else 'were'} cut off."


def _unwatched(value: Happened) -> str:
    return f"Not watched for {duration(value.unwatched_s)}." if value.unwatched_s else ""


def leak(value: Leaking, end_s: float) -> Answer:
    """``No leak: memory after jobs stays at 310 MB.``"""
    told = f" (alert {_at(value.told_s, end_s)})" if value.told_s else ""
    match value.kind:
        case LeakKind.JOBS:
            kept = size(max(0, value.kept_bytes))
            return Answer("Possible leak:", f"jobs did not release {kept}{told}.", True)
        case LeakKind.IDLE:
            return Answer("Possible leak:", f"memory grew without a job{told}.", True)
        case LeakKind.SLOW:
            rose = f"from {size(value.series[0])} to {size(value.series[-1])}"
            text = f"memory after jobs rose steadily, {rose} in {len(value.series)} jobs."
            return Answer("Possible slow leak:", text, True)
        case LeakKind.NONE:
            return Answer("No leak:", f"memory after jobs {_stays(value)}.")
        case LeakKind.UNKNOWN:
            return Answer("Leak unknown:", _too_few(value, end_s))


def _stays(value: Leaking) -> str:
    least_bytes, most_bytes = min(value.series), max(value.series)
    least, most = size(least_bytes), size(most_bytes)
    if most_bytes - least_bytes > SCATTER_BYTES:
        return f"is between {least} and {most}, and does not rise steadily"
    return f"stays at {most}" if least == most else f"stays between {least} and {most}"


def _too_few(value: Leaking, end_s: float) -> str:
    jobs = counted(value.jobs, "job") if value.jobs else "no job"
    verb = "has" if value.jobs < 2 else "have"
    start = f" since the server's start {_at(value.since_s, end_s)}" if value.since_s else ""
    before = ""
    if value.before_s is not None:
        before = f" Before that start there was an alert {_at(value.before_s, end_s)}."
    return f"{jobs} {verb} ended{start}; {JOBS_IN_A_ROW} are needed.{before}"


def upcoming(value: Upcoming) -> Answer:
    """``The next video fits: it needs about 1.4 GB; 9.6 GB are free.``"""
    usual = value.usual_bytes
    if value.now is not Now.IDLE and usual is not None:
        lead = "A video is being processed." if value.now is Now.BUSY else "No reading now."
        return Answer(lead, f"Videos need about {rough_size(usual)} each.")
    if value.next is not None:
        return _room(value)
    if value.jobs < JOBS_MIN:
        jobs = counted(value.jobs, "job") if value.jobs else "no job"
        verb = "is" if value.jobs < 2 else "are"
        return Answer("Next video unknown:", f"{jobs} {verb} known; {JOBS_MIN} are needed.")
    lead = "The next video fits:" if value.all_fit else "Next video unknown:"
    parts = [
        f"the last {value.jobs} needed between {rough_size(value.least_bytes)}"
        f" and {rough_size(value.most_bytes)}"
    ]
    if value.free_bytes is not None:
        parts.append(f"{rough_size(value.free_bytes)} are free")
    if value.left_bytes is not None and value.left_bytes <= value.most_bytes:
        parts.append(f"critical is {rough_size(value.left_bytes)} away")
    return Answer(lead, f"{'; '.join(parts)}.")


def _room(value: Upcoming) -> Answer:
    found = value.next
    assert found is not None
    needs, most = rough_size(found.needs_bytes), rough_size(found.most_bytes)
    if found.short is Short.CRITICAL:
        room_bytes, room = found.left_bytes, f"critical is {rough_size(found.left_bytes)} away"
    else:
        room_bytes = found.free_bytes or 0
        room = "" if found.free_bytes is None else f"{rough_size(room_bytes)} are free"
    if found.short is None:
        text = "; ".join(filter(None, (f"it needs about {needs}", room)))
        return Answer("The next video fits:", f"{text}.")
    does = "does not fit" if found.short is Short.MACHINE else "reaches critical"
    if found.needs_bytes > room_bytes:
        return Answer(f"The next video {does}:", f"it needs about {needs}; {room}.", True)
    may = does.replace("does not", "may not").replace("reaches", "may reach")
    return Answer(f"The next video {may}:", f"it needs up to {most}; {room}.", True)
