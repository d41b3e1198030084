"""Every sentence that people read, except those in `notifications`.

`format` writes the figures.
"""

from __future__ import annotations

from tray_app.core.alerts.forecast import Forecast, ForecastKind
from tray_app.core.alerts.hung import Hang, HangKind
from tray_app.core.alerts.job_leak import RetainedMemory
from tray_app.core.alerts.limits import Level
from tray_app.core.analysis.activity import Activity
from tray_app.core.analysis.bands import Band
from tray_app.core.analysis.jobs import Job
from tray_app.core.analysis.measurement import Summary
from tray_app.core.analysis.stage import Stage
from tray_app.core.model.presets import Mode, Preset
from tray_app.core.model.readings import (
    MIB,
    MemoryKind,
    OomKills,
    Source,
    SystemMemory,
    Target,
    TempUsage,
    UssPss,
)
from tray_app.core.monitor.events import Summarised
from tray_app.core.monitor.sample import Sample
from tray_app.core.presentation import process_text
from tray_app.core.presentation.api_failure_text import problem_text
from tray_app.core.presentation.format import (
    UNKNOWN,
    about,
    capitalised,
    duration,
    latency,
    rate,
    size,
)
from tray_app.core.server.target_tracker import Change, Transition
from tray_app.core.source_choice.circuit_breaker import ApiCondition, ApiState
from tray_app.core.source_choice.selection import Why

APP = "RunAnalyze"
# A job that keeps less is noise: the recorded idle server moves by less.
KEPT_SHOWN_BYTES = 10 * MIB
# Sharing less than this is usual: libraries.
SHARING_SHOWN_BYTES = 16 * MIB
# A forecast is exact to some seconds at best.
ANY_MOMENT_S = 10.0
# A smaller age counts as "now".
AGE_SHOWN_S = 3.0
# A faster answer counts as immediate; its time would only flicker.
LATENCY_SHOWN_S = 0.1

# A smaller use of swap is normal: kernels move unused pages there.
SWAP_SHOWN_BYTES = MIB

MODES = {
    Mode.AUTO: "Automatic",
    Mode.API: "API only",
    Mode.FALLBACK: "Process only",
}
PRESETS = {
    Preset.STANDARD: "Standard",
    Preset.QUICK: "Quick test (30 s)",
    Preset.HEAVY: "Heavy processing",
    Preset.DEBUG: "Debug (1 s)",
    Preset.FALLBACK: "Process only",
}


def forecast(value: Forecast) -> str:
    """``about 40 s until memory is full``, ``about 4 min until it is high``, ``critical any
    moment``."""
    if value.seconds < ANY_MOMENT_S:
        return f"{_foretold(value)} any moment"
    what = "memory is full" if value.kind is ForecastKind.FULL else f"it is {value.kind.value}"
    return f"{about(value.seconds)} until {what}"


def foretold(value: Forecast) -> str:
    """``forecast: critical in about 40 s``: beside the current level."""
    return f"forecast: {_foretold(value)} {when(value.seconds)}"


def _foretold(value: Forecast) -> str:
    return "memory full" if value.kind is ForecastKind.FULL else value.kind.value


def when(seconds: float) -> str:
    """``in about 40 s``, ``any moment``: the time of a forecast."""
    return "any moment" if seconds < ANY_MOMENT_S else f"in {about(seconds)}"


def kept(value: RetainedMemory | None) -> str:
    """``140 MB not released after the last video``; empty if unknown or too small to show."""
    if value is None or value.kept_bytes < KEPT_SHOWN_BYTES:
        return ""
    return f"{size(value.kept_bytes)} not released after the last video"


def compared(value: RetainedMemory) -> str:
    """``Job 3 kept 140 MB``, ``Job 3 kept nothing``, ``Job 3 gave back 20 MB``."""
    number, kept_bytes = value.job.number, value.kept_bytes
    if abs(kept_bytes) < 0.5 * MIB:
        return f"Job {number} released all its memory"
    what = "did not release" if kept_bytes > 0 else "released an extra"
    return f"Job {number} {what} {size(abs(kept_bytes))}"


def _joined(*parts: str) -> str:
    return " · ".join(filter(None, parts))


def band(value: Band) -> str:
    """The colour's name; an unknown band is "no reading"."""
    return "no reading" if value is Band.UNKNOWN else str(value)


def stage(activity: Activity, value: Stage | None, before: str = ": ") -> str:
    """``idle``, ``processing: frames``, ``processing: encoding?`` (inferred, not told)."""
    if activity is Activity.IDLE:
        return "idle"
    name = f"{before}{value.name}{'?' if value.inferred else ''}" if value else ""
    return f"{activity.value}{name}"


def doing(sample: Sample, before_stage: str = ": ") -> str:
    """``idle``, ``processing: frames, 18 s``: with the job's duration so far."""
    text, job = stage(sample.activity, sample.stage, before_stage), sample.job
    if job is None or job.ended is not None:
        return text
    return f"{text}, {duration(job.elapsed_s(sample.at))}"


def job(value: Job) -> str:
    """``Job 3: 41 s, 126 MB before, peak 532 MB, 301 MB after``: its known figures."""
    parts = [f"Job {value.number}: {duration(value.elapsed_s(value.ended or value.started))}"]
    if value.before:
        parts.append(f"{size(value.before.memory_bytes)} before")
    if value.peak_bytes is not None:
        parts.append(f"peak {size(value.peak_bytes)}")
    if value.after:
        parts.append(f"{size(value.after.memory_bytes)} after")
    if value.lost:
        parts.append("then the server ended")
    return ", ".join(parts)


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
    match value.kind:
        case HangKind.STOPPED:
            return f"not answering for {for_}; its process is stopped (state T)"
        case HangKind.DEADLOCKED:
            return f"not answering for {for_}; it uses no CPU"
        case HangKind.SILENT:
            return f"no answer for {for_}"


def source(sample: Sample) -> str:
    """The figure's source and age, and why it is not the usual source."""
    if not sample.stretched:
        return _source(sample)
    return _joined(_source(sample), f"slowed to one sample per {duration(sample.interval_s)}")


def _source(sample: Sample) -> str:
    if sample.hung is not None:
        return _joined(_whence(sample), hung(sample.hung, sample.at.mono_s), _why_alone(sample))
    age_s = sample.age_s or 0.0
    age = f"{duration(age_s)} old" if age_s >= AGE_SHOWN_S else ""
    match sample.source:
        case Source.API if sample.stale:
            return _joined("API, last value", age, api(sample.api), _why_alone(sample))
        case Source.API:
            latency_s = sample.api.latency_s or 0.0
            slow = f", {latency(latency_s)}" if latency_s >= LATENCY_SHOWN_S else ""
            asked = f"polled every {duration(sample.api.every_s)}" if sample.api.every_s else ""
            return _joined(f"API{slow}", age, asked, _why_alone(sample))
        case Source.PROCESS:
            return _joined(f"Process ({_tree(sample)})", age, _why_process(sample))
        case Source.NONE:
            return _why_nothing(sample)


def _whence(sample: Sample) -> str:
    """The source alone, and how old its figure is; empty without any."""
    match sample.source:
        case Source.API:
            return _joined("API, last value", f"{duration(sample.age_s or 0.0)} old")
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
            return f"API polled every {duration(sample.api.every_s)}"
        case Why.BETWEEN:
            return "fresher than the API's last value"
        case Why.API_LATE if sample.api.state is ApiState.WAITING:
            return "waiting for the API"
        case Why.API_AWAY | Why.API_LATE:
            return api(sample.api)
        case _:
            return ""


def _why_nothing(sample: Sample) -> str:
    match sample.why:
        case Why.STARTING:
            return "waiting for the first answer"
        case Why.REMOTE if sample.mode is Mode.FALLBACK:
            return "the server is on another machine, so its processes cannot be read"
        case Why.REMOTE:
            return _joined(api(sample.api), "on another machine: no process to read")
        case Why.NOT_THE_SERVER:
            return _joined(api(sample.api), _why_alone(sample))
        case Why.NO_PROCESS:
            likeliest = offered(sample)
            found = offer(likeliest) if likeliest else problem(sample)
            reason = found or "no server process found"
            return _joined("" if sample.mode is Mode.FALLBACK else api(sample.api), reason)
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


def memory(sample: Sample) -> str:
    """``1.52 GB · yellow · +12 MB/s``."""
    if sample.memory_bytes is None:
        return "no reading"
    return _joined(size(sample.memory_bytes), band(sample.band), rate(sample.rate_bytes_s))


def standing(sample: Sample) -> str:
    """``critical``, ``recovering``, ``high, recovering``: the level that memory is in, and whether
    it has just left a higher one; empty below all levels."""
    level = "" if sample.alert is Level.NONE else sample.alert.word
    back = "" if sample.recovering is Level.NONE else "recovering"
    return ", ".join(filter(None, (level, back)))


def ahead(sample: Sample) -> str:
    """The level that memory will reach and when; empty without a forecast."""
    return forecast(sample.forecast) if sample.forecast else ""


def title(demo: bool) -> str:
    """The app's name as shown in tooltip and menu."""
    return f"{APP} (demo)" if demo else APP


def _summary_parts(
    sample: Sample | None, *, demo: bool, paused: bool
) -> tuple[str, str, tuple[str, ...]]:
    """Name and memory; the forecast, if there is one; source and stage, system."""
    name = title(demo)
    if paused:
        return f"{name}: paused", "", ()
    if sample is None:
        return f"{name}: starting", "", ()
    where = source(sample)
    if sample.memory_bytes is not None and sample.hung is None:
        where = _joined(where, doing(sample))
    lines = (where, f"System: {free_of(sample.system)}")
    return f"{name}: {memory(sample)}", ahead(sample), lines


def tooltip(sample: Sample | None, *, demo: bool, paused: bool) -> str:
    """Three short lines: memory and forecast; source and stage; system."""
    what, forecast, lines = _summary_parts(sample, demo=demo, paused=paused)
    return "\n".join((_joined(what, forecast), *lines))


def status(sample: Sample | None, *, demo: bool, paused: bool) -> tuple[str, str]:
    """Title and text of a status notification, like the tooltip; a title must be short."""
    what, forecast, lines = _summary_parts(sample, demo=demo, paused=paused)
    return what, "\n".join((capitalised(forecast), *lines) if forecast else lines)


def summary(value: Summary, heading: str = "Summary") -> tuple[str, str]:
    """Title and text of a summary: peak and average, time and samples, trend."""
    samples = "1 sample" if value.samples == 1 else f"{value.samples} samples"
    took = f"{duration(value.elapsed_s)}, {samples}"
    if value.peak_bytes is None:
        return f"{heading}: no reading", f"{took}. The server could not be read."
    trend = _change(value.trend_bytes)
    average = f"average {size(value.average_bytes)}"
    return (
        f"{heading}: peak {size(value.peak_bytes)}",
        f"{took}, {average}, {trend}." if trend else f"{took}, {average}.",
    )


def _change(bytes_: int | None) -> str:
    """``+58 MB from start to end``: the old console scripts' trend."""
    if bytes_ is None:
        return ""
    if abs(bytes_) < 0.5 * MIB:
        return "unchanged from start to end"
    return f"{'+' if bytes_ > 0 else '−'}{size(abs(bytes_))} from start to end"


def quick_test(event: Summarised) -> tuple[str, str]:
    """Title and text of the notification at the end of a measurement."""
    return summary(event.summary, "Summary" if event.ends_run else "Quick test")


def undelivered(problem: str) -> str:
    """The text for menu and log when notifications are not delivered."""
    return f"Notifications are not being delivered: {problem}"


NO_TRAY_TITLE = "Monitoring without a tray icon"
NO_TRAY_HOST = (
    "No panel here shows tray icons (on GNOME, install the AppIndicator extension). "
    "The icon will appear as soon as a panel supports it; notifications work regardless."
)
NO_DESKTOP = "no desktop session (no display and no session bus): using the console"
NO_BUS = (
    "cannot show an icon without a session bus: start one with dbus-run-session, or use --console"
)


def output_failed(reason: str) -> str:
    """The error when standard output cannot be written."""
    return f"cannot write to standard output: {reason}"


def already_running(url: str, *, heard: bool) -> str:
    """The message of a second start for the same server."""
    shows = "; its status is shown" if heard else ", but it does not respond"
    return f"already running for {url}{shows}"


def address_taken(url: str, old_url: str) -> str:
    """Why an edit of the config file does not change the server's address."""
    return f"already running for {url}; the address is still {old_url}"


def autostart_failed(on: bool, reason: str) -> str:
    """Why the program does not start at login, or still does."""
    return f"Could not {'enable' if on else 'disable'} start at login: {reason}."


def free_of(value: SystemMemory | None) -> str:
    """``12.3 GB of 23.5 GB free (48 % used)``, and the signs of scarcity."""
    if value is None:
        return UNKNOWN
    free, total = size(value.available_bytes), size(value.total_bytes)
    return _joined(f"{free} of {total} free ({value.used_percent:.0f} % used)", scarce(value))


def scarce(value: SystemMemory | None) -> str:
    """Signs of scarce memory, or empty: ``limited · 420 MB in swap · pressure 12 %``."""
    if value is None:
        return ""
    swap_bytes, pressure = value.swap_used_bytes or 0, round(value.pressure_percent or 0.0)
    if not (value.limited or pressure) and swap_bytes < SWAP_SHOWN_BYTES:
        return ""  # the usual
    return _joined(
        "limited" if value.limited else "",
        f"{size(swap_bytes)} in swap" if swap_bytes >= SWAP_SHOWN_BYTES else "",
        f"pressure {pressure} %" if pressure else "",
    )


def own_memory(value: UssPss) -> str:
    """``301 MB private (USS), 322 MB including its share of shared pages (PSS)``."""
    own = f"{size(value.uss_bytes)} private (USS)"
    if value.pss_bytes is None:
        return own
    return f"{own}, {size(value.pss_bytes)} including its share of shared pages (PSS)"


def process(value: Target) -> str:
    """``uvicorn (pid 42)``."""
    return f"{value.name} (pid {value.pid})"


def change(value: Change) -> str:
    """A change of the server in one line."""
    target = value.target
    match value.transition:
        case Transition.ENDED:
            again = "Searching for the server." if value.falls_back else ""
            kills = value.loss.oom_kills if value.loss else None
            return _sentences(f"Server ended: {process(target)}.", out_of_memory(kills), again)
        case Transition.RESTARTED if value.loss:
            restarted = f"Server restarted: {process(target)}, was pid {value.loss.target.pid}."
            return _sentences(restarted, out_of_memory(value.loss.oom_kills))
        case Transition.RESTARTED | Transition.RETURNED | Transition.SWITCHED:
            return f"Now watching {process(target)}, {process_text.evidence(target.evidence)}."
        case Transition.WORKER_REPLACED:
            what = "Worker" if len(value.joined) == 1 else "Workers"
            old, new = _pids(value.left), _pids(value.joined)
            return f"{what} of {process(target)} replaced: now {new}, was {old}."


def out_of_memory(kills: OomKills | None) -> str:
    """The OOM kills at that time, as certain as known; empty without any."""
    if kills is None or not kills.count:
        return ""
    count = "a process" if kills.count == 1 else f"{kills.count} processes"
    if kills.limit_bytes is not None:
        limit = f"Its memory limit of {size(kills.limit_bytes)} was reached"
        return f"{limit}: the kernel's OOM killer ended {count} in its control group."
    if kills.own_group:
        return f"Out of memory: the kernel's OOM killer ended {count} in its control group."
    perhaps = "possibly the server" if kills.count == 1 else "possibly including the server"
    return f"Out of memory: the kernel's OOM killer ended {count} on this machine, {perhaps}."


def _pids(pids: tuple[int, ...]) -> str:
    return f"pid {', '.join(map(str, pids))}"


def _sentences(*parts: str) -> str:
    return " ".join(part for part in parts if part)


def size_in_files(value: TempUsage | None) -> str:
    """``18 MB in 3 files``."""
    if value is None:
        return UNKNOWN
    files = "1 file" if value.file_count == 1 else f"{value.file_count} files"
    return f"{size(value.size_bytes)} in {files}"


def mode(sample: Sample) -> str:
    """``Automatic``, or ``Automatic, using processes`` while the API is unavailable."""
    return f"{MODES[sample.mode]}{', using processes' if sample.fallback else ''}"


def progress(elapsed_s: float, duration_s: float | None, samples: int) -> str:
    """``18 s of 30 s · 9 samples``; without a set length ``18 s · 9 samples``."""
    counted = "1 sample" if samples == 1 else f"{samples} samples"
    if duration_s is None:
        return _joined(duration(elapsed_s), counted)
    return _joined(f"{duration(min(elapsed_s, duration_s))} of {duration(duration_s)}", counted)


HOW_TO_END = "Ctrl-C to quit"
