"""Which process is the server: facts about processes in, one choice with its evidence out.

A listening socket on the URL's port is proof. A command line is a guess, taken only while
nothing listens there, and never one that belongs to another port.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address

from tray_app.core.server_command import is_this_program, server_command

# Programs that hold a port only to pass it on: their memory is not the server's.
_RELAYS = frozenset(
    {"docker-proxy", "rootlessport", "com.docker.backend", "wslrelay"}
    | {"ssh", "sshd", "nginx", "haproxy", "socat"}
)
_PROJECT = re.compile(r"runanalyze(?!-tray)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ProcessFacts:
    """What is known of one process. ``created_s`` is Unix time; ``owned``: we may read it."""

    pid: int
    ppid: int
    name: str
    cmdline: tuple[str, ...]
    created_s: float
    cwd: str | None
    owned: bool


@dataclass(frozen=True, slots=True)
class Listeners:
    """Who listens: for each socket a holder and those of its ancestors that hold it too.

    ``hidden`` when there is a socket but no holder that we may see.
    """

    pids: frozenset[int] = frozenset()
    hidden: bool = False


@dataclass(frozen=True, slots=True)
class Choice:
    """The server's root process and how it was recognised, or ``problem``: why there is none."""

    pid: int | None = None
    evidence: str = ""
    by_port: bool = False
    problem: str | None = None


def choose(
    port: int,
    facts: Iterable[ProcessFacts],
    listeners: Listeners,
    listening_ports: Mapping[int, Collection[int]],
    own_pid: int,
) -> Choice:
    """The server on ``port`` among ``facts``: those of the listeners and of likely commands.

    ``listening_ports`` are the ports that the likely commands listen on, by pid.
    """
    known = {each.pid: each for each in facts}
    ours = {pid for pid in known if pid == own_pid or is_this_program(known[pid].cmdline)}
    holders = {pid: known[pid] for pid in listeners.pids & known.keys() if pid not in ours}
    if holders:
        return _by_port(port, holders)
    if listeners.pids & ours:
        return Choice(problem=f"port {port} is held by runanalyze-tray itself")
    if listeners.hidden:
        return Choice(
            problem=f"port {port} is held by a process that cannot be read (another user's, or "
            "in a container); run runanalyze-tray as that user to read it"
        )
    others = {pid: each for pid, each in known.items() if pid not in ours}
    return _by_command(port, others, listening_ports)


def answering(
    root: int, listening: Collection[int], parents: Mapping[int, int | None]
) -> frozenset[int]:
    """The pids of a tree that answer requests, of those that hold the listening socket.

    With --reload or --workers the root only supervises: its nearest listening descendants
    answer (what listens below those has merely inherited the socket). Else the root does.
    """
    workers = {pid for pid in listening if _nearest(pid, listening, parents) == root}
    return frozenset(workers or ({root} & set(listening)))


def reaches(host: str, bound: str) -> bool:
    """Whether a request to ``host``, a name or address of this machine, can reach a socket
    bound to the address ``bound``."""
    listening, asked = _address(bound), _address(host)
    if listening is None or listening.is_unspecified:
        return True
    if asked is None:
        return listening.is_loopback or host.lower().rpartition(".")[2] != "localhost"
    return listening.is_loopback if asked.is_unspecified else listening == asked


def _by_port(port: int, holders: dict[int, ProcessFacts]) -> Choice:
    roots = [each for each in holders.values() if _root(each, holders) == each.pid]
    servers = [each for each in roots if each.name.lower().removesuffix(".exe") not in _RELAYS]
    if not servers:
        relay = roots[0].name
        return Choice(
            problem=f"port {port} is only passed on by {relay}; what is behind it cannot be read"
        )
    best = max(servers, key=_likeness)
    if not best.owned:
        return Choice(problem=_not_permitted(f"port {port} is held by a process"))
    return Choice(best.pid, f"listens on port {port}", by_port=True)


def _by_command(
    port: int, known: dict[int, ProcessFacts], listening_ports: Mapping[int, Collection[int]]
) -> Choice:
    candidates = {
        pid: (each, command)
        for pid, each in known.items()
        if (command := server_command(each.cmdline))
    }
    alike = {pid: each for pid, (each, _) in candidates.items()}
    elsewhere = {
        _root(alike[pid], alike)
        for pid in alike
        if listening_ports.get(pid) and port not in listening_ports[pid]
    }
    fitting = [
        (each, command)
        for each, command in candidates.values()
        if _root(each, alike) == each.pid
        and each.pid not in elsewhere
        and (not command.ports or port in command.ports)
    ]
    if not fitting:
        return Choice(problem=f"no server process found on port {port}")
    best, command = max(fitting, key=lambda it: (it[0].owned, bool(it[1].ports), _likeness(it[0])))
    if not best.owned:
        return Choice(problem=_not_permitted(f"{command.phrase} (pid {best.pid}) is a process"))
    return Choice(best.pid, f"command line: {command.phrase}")


def _not_permitted(subject: str) -> str:
    return f"{subject} of another user; run runanalyze-tray as that user to read it"


def _likeness(facts: ProcessFacts) -> tuple[bool, bool, bool, float]:
    """How much a process looks like RunAnalyze's server; of equals the newest."""
    command = server_command(facts.cmdline)
    serves_main = command is not None and (command.app or command.program).startswith("main")
    of_project = _PROJECT.search(" ".join((facts.cwd or "", *facts.cmdline))) is not None
    return command is not None, of_project, serves_main, facts.created_s


def _root(facts: ProcessFacts, among: Mapping[int, ProcessFacts]) -> int:
    """Its farthest ancestor in an unbroken line of parents that are ``among`` them."""
    # Windows keeps a dead parent's pid, which a younger process may have by now.
    while (parent := among.get(facts.ppid)) and (parent.created_s, parent.pid) < (
        facts.created_s,
        facts.pid,
    ):
        facts = parent
    return facts.pid


def _nearest(pid: int, listening: Collection[int], parents: Mapping[int, int | None]) -> int | None:
    """The nearest ancestor that listens."""
    seen = {pid}
    parent = parents.get(pid)
    while parent is not None and parent not in seen:
        if parent in listening:
            return parent
        seen.add(parent)
        parent = parents.get(parent)
    return None


def _address(text: str) -> IPv4Address | IPv6Address | None:
    """None for a name."""
    try:
        address = ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
