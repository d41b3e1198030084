"""Where the figures come from: the source, its age, and why it is not the usual one."""

from __future__ import annotations

from collections.abc import Callable

from tray_app.core.alerts.hung import Hang, HangKind
from tray_app.core.model.presets import Mode
from tray_app.core.model.readings import MIB, MemoryKind, Source, Target
from tray_app.core.monitor.sample import Sample
from tray_app.core.presentation import process_text
from tray_app.core.presentation.api_failure_text import problem_text
from tray_app.core.presentation.format import UNKNOWN, duration, joined, latency, size, spacing
from tray_app.core.source_choice.circuit_breaker import ApiCondition, ApiState
from tray_app.core.source_choice.selection import Why

# Sharing less than this is usual: libraries.
SHARING_SHOWN_BYTES = 16 * MIB
# A smaller age counts as "now".
AGE_SHOWN_S = 3.0
# A faster answer counts as immediate; its time would only flicker.
LATENCY_SHOWN_S = 0.1
MODES = {
    Mode.AUTO: "Automatic",
    Mode.API: "API only",
    Mode.FALLBACK: "Processes only",
}


def api(condition: ApiCondition) -> str:
    """Why the API is not answering, in a few words; empty while it answers."""
    match condition.state:
        case ApiState.OK | ApiState.WAITING:
            return ""
        case ApiState.OFF:
            return "API not asked yet"
        case ApiState.SLOW:
            return "API is slow"
        case ApiState.SILENT:
            return f"API busy, {_problem(condition)}"
        case ApiState.ERROR:
            return f"API error: {_problem(condition)}"
        case ApiState.UNREACHABLE:
            return f"API unreachable: {_problem(condition)}"


def _problem(condition: ApiCondition) -> str:
    return problem_text(condition.problem) if condition.problem else UNKNOWN


def hung(value: Hang, now_s: float) -> str:
    """``not answering for 2 min; its process is stopped (state T)``."""
    for_ = duration(max(0.0, now_s - value.since_s))
    if not value.asked:
        return f"stopped for {for_} (state T)"
    match value.kind:
        case HangKind.STOPPED:
            return f"not answering for {for_}; its process is stopped (state T)"
        case HangKind.DEADLOCKED:
            return f"not answering for {for_}; it uses no CPU"
        case HangKind.SILENT:
            return f"no answer for {for_}"


def source(sample: Sample) -> str:
    """The figure's source and age, and why it is not the usual source."""
    return _source_and_pace(sample, offer)


def in_terminal(sample: Sample) -> str:
    """The same where nothing can be clicked: it names the flag."""
    return _source_and_pace(sample, offer_in_terminal)


def _source_and_pace(sample: Sample, offers: Callable[[Target], str]) -> str:
    if not sample.stretched:
        return _source(sample, offers)
    pace = f"slowed to one sample per {duration(sample.interval_s)}"
    return joined(_source(sample, offers), pace)


def _source(sample: Sample, offers: Callable[[Target], str]) -> str:
    if sample.hung is not None:
        return joined(_whence(sample), hung(sample.hung, sample.at.mono_s), _why_alone(sample))
    age_s = sample.age_s or 0.0
    age = f"{duration(age_s)} old" if age_s >= AGE_SHOWN_S else ""
    match sample.source:
        case Source.API if sample.stale:
            return joined("last API value", age, api(sample.api), _why_alone(sample))
        case Source.API:
            latency_s = sample.api.latency_s or 0.0
            slow = f", {latency(latency_s)}" if latency_s >= LATENCY_SHOWN_S else ""
            asked = f"polled every {spacing(sample.api.every_s)}" if sample.api.every_s else ""
            return joined(f"API{slow}", age, asked, _why_alone(sample))
        case Source.PROCESS:
            return joined(f"Process ({_tree(sample)})", age, _why_process(sample))
        case Source.NONE:
            return _why_nothing(sample, offers)


def _whence(sample: Sample) -> str:
    """The source alone, and how old its figure is; empty without any."""
    match sample.source:
        case Source.API:
            return joined("last API value", f"{duration(sample.age_s or 0.0)} old")
        case Source.PROCESS:
            return f"Process ({_tree(sample)})"
        case Source.NONE:
            return ""


def _tree(sample: Sample) -> str:
    count = len(sample.rows)
    tree = "1 process" if count == 1 else f"{count} processes"
    return f"{tree}{_as_counted(sample)}"


def _as_counted(sample: Sample) -> str:
    match sample.memory_kind:
        case MemoryKind.SHARED_ONCE if sample.shared_bytes >= SHARING_SHOWN_BYTES:
            return ", shared memory counted once"
        case MemoryKind.RSS_SUM:
            return ", may be too high"
        case MemoryKind.UNMEASURED:
            return ", lower bound"
        case _:
            return ""


def uncertainty(sample: Sample) -> str:
    """A sentence if the figure may be too high; otherwise empty."""
    if sample.memory_kind is not MemoryKind.RSS_SUM:
        return ""
    return "This may be too high: shared memory cannot be measured."


def sharing(sample: Sample) -> str:
    """The processes' total and how it was counted; empty if it is their sum."""
    rss_bytes = sample.rss_bytes
    if rss_bytes is None or not _as_counted(sample):
        return ""
    if sample.memory_kind is MemoryKind.RSS_SUM:
        return f"Total {size(rss_bytes)}; may be too high: shared memory cannot be measured"
    if sample.memory_kind is MemoryKind.UNMEASURED:
        return f"Total at most {size(rss_bytes)}; shared memory is being measured"
    held = size(rss_bytes - sample.shared_bytes)
    return f"Total {held} with shared memory counted once (sum of RSS {size(rss_bytes)})"


def problem(sample: Sample) -> str:
    """Why there is no process reading; empty while there is one."""
    return process_text.problem(sample.problem) if sample.problem else ""


def problem_in_full(sample: Sample) -> str:
    """The same with advice, for the list of processes."""
    return process_text.in_full(sample.problem) if sample.problem else ""


def _why_alone(sample: Sample) -> str:
    return problem(sample) if sample.why in (Why.NOT_THE_SERVER, Why.NO_PROCESS) else ""


def _why_process(sample: Sample) -> str:
    match sample.why:
        case Why.WORKERS:
            return "API reports one of several workers"
        case Why.BETWEEN if sample.api.every_s:
            return f"API polled every {spacing(sample.api.every_s)}"
        case Why.BETWEEN:
            return "newer than the last API value"
        case Why.API_LATE if sample.api.state is ApiState.WAITING:
            return "waiting for the API"
        case Why.API_AWAY | Why.API_LATE:
            return api(sample.api)
        case _:
            return ""


def _why_nothing(sample: Sample, offers: Callable[[Target], str]) -> str:
    match sample.why:
        case Why.STARTING:
            return "waiting for the first answer"
        case Why.REMOTE if sample.mode is Mode.FALLBACK:
            return "the server is on another machine, so its processes cannot be read"
        case Why.REMOTE:
            return joined(api(sample.api), "on another machine: no process to read")
        case Why.NOT_THE_SERVER:
            return joined(api(sample.api), _why_alone(sample))
        case Why.NO_PROCESS:
            likeliest = offered(sample)
            found = offers(likeliest) if likeliest else problem(sample)
            reason = found or "no server process found"
            return joined("" if sample.mode is Mode.FALLBACK else api(sample.api), reason)
        case _:
            return api(sample.api)


def offered(sample: Sample) -> Target | None:
    """The process that is probably the server, on another port, while none listens on the
    configured one."""
    if sample.target is not None or not sample.candidates:
        return None
    likeliest = sample.candidates[0]
    return None if likeliest.port is None else likeliest


def offer(likeliest: Target) -> str:
    """``uvicorn main:app listens on port 8772: watch it?``"""
    return f"{process_text.evidence(likeliest.evidence)}: watch it?"


def offer_in_terminal(likeliest: Target) -> str:
    """``uvicorn main:app listens on port 8772: watch it with --url http://localhost:8772``"""
    url = f"http://localhost:{likeliest.port}"
    return f"{process_text.evidence(likeliest.evidence)}: watch it with --url {url}"


def offer_row(likeliest: Target, command_chars: int) -> str:
    """``Watch uvicorn main:app on port 8772``: the offer as a row of the menu."""
    command = likeliest.evidence.command or likeliest.name
    if len(command) > command_chars:
        command = f"{command[: command_chars - 1].rstrip()}…"
    return f"Watch {command} on port {likeliest.port}"


def mode(sample: Sample) -> str:
    """``Automatic``, or ``Automatic, using processes`` while the API is unavailable."""
    uses_processes = sample.fallback and sample.source is Source.PROCESS
    return f"{MODES[sample.mode]}{', using processes' if uses_processes else ''}"
