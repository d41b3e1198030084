"""Several servers in words: tooltip, status, and messages about more than one of them."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from tray_app.core.alerts.forecast import ForecastKind
from tray_app.core.alerts.hung import Hang
from tray_app.core.alerts.levels import LevelReached
from tray_app.core.alerts.limits import Level
from tray_app.core.alerts.server_exit import ServerExit
from tray_app.core.alerts.system_memory import MachineShort
from tray_app.core.fleet.grouping import Group, Told, all_silent, ends, is_silence
from tray_app.core.fleet.overview import Fleet, Member, in_icon
from tray_app.core.fleet.rank import Rank, Ranked, counts, worst_first
from tray_app.core.monitor.commands import Mute, for_server
from tray_app.core.monitor.events import Alert, AlertEvent
from tray_app.core.monitor.sample import Sample
from tray_app.core.presentation import activity_text, memory_text
from tray_app.core.presentation.format import counted, joined, shortened, size
from tray_app.core.presentation.notifications import Action, Note, Urgency

LINES_SHOWN = 5
HANGS = "hangs"
MARKS = {
    Rank.RED: "🔴",
    Rank.ORANGE: "🟠",
    Rank.YELLOW: "🟡",
    Rank.GREEN: "🟢",
    Rank.LOST: "❓",
    Rank.NOT_THERE: "⚪",
    Rank.PAUSED: "⏸",
}
"""A row's colour, where fonts have it: elsewhere a box or a name would stand there."""
ALL_RECOVERED = "All servers have recovered"
_COLOURED = (Rank.RED, Rank.ORANGE, Rank.YELLOW, Rank.GREEN)
_COUNTED = {
    Rank.RED: "red",
    Rank.ORANGE: "orange",
    Rank.LOST: "without a reading",
    Rank.YELLOW: "yellow",
    Rank.GREEN: "green",
    Rank.NOT_THERE: "not running",
    Rank.PAUSED: "paused",
}


def marked(text: str, rank: Rank, *, emoji: bool) -> str:
    """The text of a row, behind its mark if fonts have ``emoji``."""
    return f"{MARKS[rank]} {text}" if emoji else text


def line(member: Member) -> str:
    """``gpu-1: 3.03 GB · critical · processing frames``."""
    return f"{shortened(member.name)}: {how(member)}"


def how(member: Member) -> str:
    """``3.03 GB · critical · processing frames``: how this server is."""
    state, sample = member.state, member.state.sample
    if state.paused:
        return "paused"
    if sample is None:
        return "starting"
    if sample.memory_bytes is None:
        return "not running" if member.rank is Rank.NOT_THERE else memory_text.NO_READING
    if sample.hung is not None:
        return joined(size(sample.memory_bytes), _level(sample), HANGS)
    doing = activity_text.stage(sample.activity, sample.stage)
    ahead = memory_text.foreseen(sample.forecast) if sample.forecast else ""
    return joined(memory_text.memory(sample), ahead or doing)


def _level(sample: Sample) -> str:
    """The alert level; nothing for *normal*, which a server that hangs is not."""
    return "" if sample.level is Level.NONE else memory_text.state(sample)


def heading(fleet: Fleet) -> str:
    """``3 servers · gpu-1 3.03 GB``: how many there are, and the one in the icon."""
    shown = in_icon(fleet)
    sample = shown.state.sample
    return headed(len(fleet.members), shown.name, sample.memory_bytes if sample else None)


def headed(servers: int, shown: str, memory_bytes: int | None) -> str:
    """The same of so many servers, and the one in the icon."""
    figure = size(memory_bytes) if memory_bytes is not None else ""
    return joined(counted(servers, "server"), " ".join(filter(None, (shortened(shown), figure))))


def tooltip(fleet: Fleet) -> str:
    """A heading; then the worst servers, a line each; then how the others are."""
    return "\n".join([heading(fleet), *_lines(fleet)])


def _lines(fleet: Fleet) -> list[str]:
    ordered = worst_first(fleet.members)
    shown, others = ordered[:LINES_SHOWN], ordered[LINES_SHOWN:]
    return [*map(line, shown), *([rest(others)] if others else [])]


def rest(others: Sequence[Ranked]) -> str:
    """``and 4 others, all green``, ``and 4 others: 1 yellow, 3 green``."""
    how = by_band(others)
    return f"and {counted(len(others), 'other')}{':' if ',' in how else ','} {how}"


def by_band(members: Sequence[Ranked]) -> str:
    """``1 yellow, 3 green``, ``all green``: how many are in which band, the worst first."""
    by_rank = counts(members)
    if len(by_rank) == 1:
        (rank,) = by_rank
        both = "all " if len(members) > 1 and rank in _COLOURED else ""
        return f"{both}{_COUNTED[rank]}"
    return ", ".join(f"{by_rank[rank]} {_COUNTED[rank]}" for rank in _COUNTED if rank in by_rank)


def status(fleet: Fleet) -> Note:
    """All servers as a notification."""
    return Note(heading(fleet), "\n".join(_lines(fleet)), Urgency.NORMAL, "status")


def addressed(said: Note, server: str) -> Note:
    """A server's notification among those of others: it names the server, and its buttons act on
    that one alone."""
    return replace(
        said,
        title=f"{server}: {said.title}",
        own_title=said.title,
        server=server,
        actions=tuple(
            replace(each, command=for_server(each.command, server)) for each in said.actions
        ),
    )


def grouped(group: Group) -> Note:
    """The message about several servers."""
    lines = [*([_line(group.ended)] if group.ended else []), *map(_line, reversed(group.holding))]
    if not group.holding:
        assert group.ended is not None
        return Note(ALL_RECOVERED, _line(group.ended), Urgency.LOW, "")
    urgency = Urgency(max(each.urgency for each in group.holding))
    title = _title(group)
    if all_silent(group) and len(group.holding) > 1:
        lines = ["Perhaps this machine's network is down.", *lines]
    return Note(
        title,
        "\n".join(lines[: LINES_SHOWN + 1]),
        urgency,
        "",
        actions=(Action("Mute all for 30 min", Mute(1800.0)),),
        silent=not group.louder,
    )


def _title(group: Group) -> str:
    """``3 servers critical: gpu-1, gpu-2, desk``."""
    holding = group.holding
    servers = list(dict.fromkeys(each.server for each in holding))
    if all_silent(group) and len(servers) > 1:
        return f"No answer from {counted(len(servers), 'server')}: {_names(holding)}"
    words = {each.word for each in holding}
    word = words.pop() if len(words) == 1 else "in trouble"
    return f"{counted(len(servers), 'server')} {word}: {_names(holding)}"


def _names(several: Sequence[Told]) -> str:
    names = [shortened(each) for each in dict.fromkeys(each.server for each in several)]
    if len(names) <= LINES_SHOWN:
        return ", ".join(names)
    return f"{', '.join(names[: LINES_SHOWN - 1])} and {len(names) - LINES_SHOWN + 1} others"


def told(said: Note, event: AlertEvent, server: str, at_s: float, *, remote: bool) -> Told:
    """An alert of a server, whose own message is ``said``."""
    return Told(
        server,
        said.replace,
        title=said.title,
        word=_word(event),
        urgency=said.urgency,
        at_s=at_s,
        ends=ends(event),
        is_silence=is_silence(event),
        remote=remote,
    )


def _word(event: AlertEvent) -> str:
    """What is wrong with a server, after a number of servers."""
    found = event.finding if isinstance(event, Alert) else None
    match found:
        case LevelReached():
            if found.forecast is not None:
                full = found.forecast.kind is ForecastKind.FULL
                return "filling up" if full else "heading for critical"
            return found.level.word
        case ServerExit():
            return "gone"
        case Hang():
            return "hanging"
        case MachineShort():
            return "low on memory"
        case _:
            return "in trouble"


def _line(each: Told) -> str:
    """``gpu-1: Critical: 3.03 GB``: the title of its own message."""
    return f"{each.server}: {each.title}"
