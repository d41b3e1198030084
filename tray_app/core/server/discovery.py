"""Chooses the server process: facts about processes in, one choice with its evidence out.

A listening socket on the URL's port is proof. A command line is a guess. It counts only while
nothing listens there, and never if it names another port.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address

from msgspec import Struct
from msgspec.structs import replace

from tray_app.core.model.process_finding import (
    Evidence,
    EvidenceKind,
    ProcessProblem,
    ProcessProblemKind,
)
from tray_app.core.model.readings import Target
from tray_app.core.server.command_line import (
    ServerCommand,
    is_this_program,
    only_launches,
    server_command,
)

# Programs that only forward a port: their memory is not the server's. The cross-check with the
# API's figures finds others.
_RELAYS = frozenset(
    # Publishers of a container's or a virtual machine's port.
    {"docker-proxy", "com.docker.backend", "rootlesskit", "rootlessport", "conmon", "gvproxy"}
    | {"slirp4netns", "pasta", "pasta.avx2", "passt", "passt.avx2", "wslrelay", "kubectl"}
    # Tunnels, and programs that open a service's socket before they start the service.
    | {"ssh", "sshd", "sshd-session", "socat", "cloudflared", "systemd", "launchd"}
    # Reverse proxies.
    | {"nginx", "haproxy", "caddy", "traefik", "envoy"}
)
_PROJECT = re.compile(r"runanalyze(?!-tray)", re.IGNORECASE)


class ProcessFacts(Struct, frozen=True):
    """The known facts of one process. ``created_s`` is Unix time; ``owned``: we may read it.

    ``isolated``: in another network namespace, as in a container; none of its ports is a port of
    this machine.
    """

    pid: int
    ppid: int
    name: str
    cmdline: tuple[str, ...]
    created_s: float
    cwd: str | None
    owned: bool
    isolated: bool = False


class Listeners(Struct, frozen=True):
    """Who listens: for each socket a holder and those of its ancestors that hold it too.

    ``hidden`` when there is a socket but no holder that we may see.
    """

    pids: frozenset[int] = frozenset()
    hidden: bool = False


class TargetChoice(Struct, frozen=True):
    """The server's root process and how it was recognised, or ``problem``: why there is none.

    ``candidates`` might also be the server, likeliest first; a process found by the port has none.
    If there is no server, they listen on another port of this machine. ``hidden``: a process that
    we may not see holds the port.
    """

    pid: int | None = None
    evidence: Evidence | None = None
    by_port: bool = False
    problem: ProcessProblem | None = None
    candidates: tuple[Target, ...] = ()
    hidden: bool = False


_Candidate = tuple[ProcessFacts, ServerCommand]


def choose(
    port: int,
    facts: Iterable[ProcessFacts],
    listeners: Listeners,
    listening_ports: Mapping[int, Collection[int]],
    own_pid: int,
) -> TargetChoice:
    """The server on ``port`` among ``facts``: those of the listeners and of likely commands.

    A listener's parent that only launches it is the root in its place, so that the root is the
    same before it listens; it must be among the ``facts`` for that.

    ``listening_ports`` are the ports that the likely commands listen on, by pid.
    """
    known = {each.pid: each for each in facts}
    ours = {pid for pid in known if pid == own_pid or is_this_program(known[pid].cmdline)}
    holders = {pid: known[pid] for pid in listeners.pids & known.keys() if pid not in ours}
    if holders:
        return _by_port(port, holders, known)
    if listeners.pids & ours:
        return _none(ProcessProblemKind.HELD_BY_MONITOR, port=port)
    if listeners.hidden:
        return TargetChoice(
            problem=ProcessProblem(ProcessProblemKind.HELD_UNSEEN, port=port), hidden=True
        )
    others = {pid: each for pid, each in known.items() if pid not in ours}
    return _by_command(port, others, listening_ports)


def answering(listening: Collection[int], parents: Mapping[int, int | None]) -> frozenset[int]:
    """The pids of a tree that answer requests, of those that hold the listening socket.

    With --reload or --workers the root only supervises: its nearest listening descendants answer
    (what listens below those has merely inherited the socket). Else the root does, or below a
    launcher, which does not listen, the process that it launched. If a root outlived its
    supervisor, other survivors of it answer, too.
    """
    nearest = {pid: _nearest(pid, listening, parents) for pid in listening}
    tops = {pid for pid in nearest if nearest[pid] is None}
    workers = {pid: nearest[pid] for pid in nearest if nearest[pid] in tops}
    return frozenset(workers) | (tops - set(workers.values()))


def may_outlive_its_supervisor(facts: ProcessFacts) -> bool:
    """Whether it is a worker of multiprocessing or gunicorn, which may outlive its killed
    supervisor and still serve the port."""
    command = server_command(facts.cmdline)
    if command is not None:
        return command.program == "gunicorn"
    return any("multiprocessing" in part for part in facts.cmdline)


def launcher_of(facts: ProcessFacts, parent: ProcessFacts | None) -> ProcessFacts | None:
    """The ``parent`` of a process when it only launches it, else None."""
    if parent and _is_older(parent, facts) and only_launches(parent.cmdline, facts.cmdline):
        return parent
    return None


def reaches(host: str, bound: str) -> bool:
    """Whether a request to ``host``, a name or address of this machine, can reach a socket
    bound to the address ``bound``."""
    listening, asked = _address(bound), _address(host)
    if listening is None or listening.is_unspecified:
        return True
    if asked is None:
        return listening.is_loopback or host.lower().rpartition(".")[2] != "localhost"
    return listening.is_loopback if asked.is_unspecified else listening == asked


def _by_port(
    port: int, holders: dict[int, ProcessFacts], known: Mapping[int, ProcessFacts]
) -> TargetChoice:
    servers = {pid: each for pid, each in holders.items() if not _is_relay(each)}
    if not servers:
        relay = next(iter(holders.values())).name
        return _none(ProcessProblemKind.HELD_BY_RELAY, port=port, name=relay)
    roots = [each for each in servers.values() if root_among(each, servers) == each.pid]
    best = max(roots, key=_rank)
    while parent := launcher_of(best, known.get(best.ppid)):
        best = parent
    if not best.owned:
        return _none(ProcessProblemKind.HELD_BY_OTHER_USER, port=port)
    return TargetChoice(best.pid, Evidence(EvidenceKind.LISTENS, port), by_port=True)


def _by_command(
    port: int, known: dict[int, ProcessFacts], listening_ports: Mapping[int, Collection[int]]
) -> TargetChoice:
    candidates = {
        pid: (each, command)
        for pid, each in known.items()
        if (command := server_command(each.cmdline))
    }
    alike = {pid: each for pid, (each, _) in candidates.items()}
    elsewhere = _roots_elsewhere(port, alike, listening_ports)
    stating = [
        (each, command)
        for each, command in candidates.values()
        if root_among(each, alike) == each.pid
        and each.pid not in elsewhere
        and (not command.ports or port in command.ports)
    ]
    fitting = [(each, command) for each, command in stating if not each.isolated]
    if fitting:
        return _likeliest(fitting)
    offered = sorted(map(candidates.__getitem__, elsewhere), key=_rank_of, reverse=True)
    return TargetChoice(
        problem=_why_none(port, stating), candidates=tuple(_offers(offered, listening_ports))
    )


def _roots_elsewhere(
    port: int, alike: dict[int, ProcessFacts], listening_ports: Mapping[int, Collection[int]]
) -> set[int]:
    """The roots of servers that listen on other ports."""
    return {
        root_among(alike[pid], alike)
        for pid in alike
        if listening_ports.get(pid) and port not in listening_ports[pid]
    }


def _likeliest(fitting: list[_Candidate]) -> TargetChoice:
    """The one that looks most like the server; the others are candidates."""
    fitting.sort(key=lambda it: (it[0].owned, bool(it[1].ports), _rank(it[0])), reverse=True)
    best, command = fitting[0]
    if not best.owned:
        return _none(ProcessProblemKind.SERVER_OF_OTHER_USER, pid=best.pid, name=command.phrase)
    chosen, *others = (
        as_target(each, Evidence(EvidenceKind.COMMAND_LINE, command=command.phrase))
        for each, command in fitting
        if each.owned
    )
    return TargetChoice(best.pid, chosen.evidence, candidates=tuple(others))


def _why_none(port: int, isolated: list[_Candidate]) -> ProcessProblem:
    """Why no command line is the server's: it is in a container, or there is none."""
    if not isolated:
        return ProcessProblem(ProcessProblemKind.NOT_FOUND, port=port)
    inside, command = isolated[0]
    return ProcessProblem(
        ProcessProblemKind.IN_CONTAINER, port=port, pid=inside.pid, name=command.phrase
    )


def _rank_of(candidate: _Candidate) -> tuple[bool, bool, bool, float]:
    return _rank(candidate[0])


def _offers(
    candidates: Iterable[_Candidate],
    listening_ports: Mapping[int, Collection[int]],
) -> Iterator[Target]:
    """The candidates that serve the same app on another port: the user may have moved the
    server."""
    for each, command in candidates:
        _, of_project, serves_main, _ = _rank(each)
        ports = listening_ports.get(each.pid)
        if each.owned and not each.isolated and ports and (of_project or serves_main):
            port = min(ports)
            evidence = Evidence(EvidenceKind.LISTENS_ELSEWHERE, port, command.phrase)
            yield replace(as_target(each, evidence), port=port)


def as_target(facts: ProcessFacts, evidence: Evidence) -> Target:
    """A process as a target."""
    return Target(
        pid=facts.pid,
        created_s=facts.created_s,
        name=facts.name,
        cmdline=facts.cmdline,
        cwd=facts.cwd,
        evidence=evidence,
    )


def _none(
    kind: ProcessProblemKind, *, port: int | None = None, pid: int | None = None, name: str = ""
) -> TargetChoice:
    return TargetChoice(problem=ProcessProblem(kind, port, pid, name))


def _rank(facts: ProcessFacts) -> tuple[bool, bool, bool, float]:
    """How much a process looks like RunAnalyze's server; of equals the newest."""
    command = server_command(facts.cmdline)
    serves_main = command is not None and (command.app or command.program).startswith("main")
    of_project = _PROJECT.search(" ".join((facts.cwd or "", *facts.cmdline))) is not None
    return command is not None, of_project, serves_main, facts.created_s


def root_among(facts: ProcessFacts, among: Mapping[int, ProcessFacts]) -> int:
    """Its farthest ancestor in an unbroken line of parents that are ``among`` them."""
    while (parent := among.get(facts.ppid)) and _is_older(parent, facts):
        facts = parent
    return facts.pid


def _is_older(parent: ProcessFacts, child: ProcessFacts) -> bool:
    """Windows keeps a dead parent's pid, which a younger process may have by now."""
    return (parent.created_s, parent.pid) < (child.created_s, child.pid)


def _is_relay(facts: ProcessFacts) -> bool:
    return facts.name.lower().removesuffix(".exe") in _RELAYS


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
