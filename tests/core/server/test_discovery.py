"""Which process is the server."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from tests.core.made import NOT_FOUND
from tray_app.core.model.process_finding import (
    Evidence,
    EvidenceKind,
    ProcessProblem,
    ProcessProblemKind,
)
from tray_app.core.presentation import process_text
from tray_app.core.server.discovery import (
    Listeners,
    ProcessFacts,
    TargetChoice,
    answering,
    choose,
    reaches,
)

ZOO = Path(__file__).parents[2] / "data" / "process-zoo.json"
STYLES = {style["style"]: style for style in json.loads(ZOO.read_text())["styles"]}
OWN_PID = 1


def facts(pid: int, line: str, ppid: int = 1, **other: Any) -> ProcessFacts:
    """A process of the project, started when its pid was given."""
    known: dict[str, Any] = {
        "name": line.split()[0],
        "cmdline": tuple(line.split()),
        "created_s": float(pid),
        "cwd": "/srv/app",
        "owned": True,
    }
    return ProcessFacts(pid=pid, ppid=ppid, **(known | other))


def recorded(style: dict[str, Any]) -> list[ProcessFacts]:
    """The processes of one recorded way of starting."""
    return [
        ProcessFacts(
            pid=each["pid"],
            ppid=each["ppid"],
            name=each["name"],
            cmdline=tuple(each["cmdline"]),
            created_s=float(each["pid"]),
            cwd=each["cwd"],
            owned=True,
        )
        for each in style["processes_idle"]
    ]


def listening(style: dict[str, Any]) -> frozenset[int]:
    """The pids that held the listening socket."""
    return frozenset(each["pid"] for each in style["processes_idle"] if each["listen"])


def by_command(
    *processes: ProcessFacts, port: int = 8000, ports: dict[int, set[int]] | None = None
) -> TargetChoice:
    """The choice while nothing listens on the port."""
    return choose(port, processes, Listeners(), ports or {}, OWN_PID)


def by_port(*processes: ProcessFacts, holders: set[int]) -> TargetChoice:
    """The choice when ``holders`` listen on port 8000."""
    return choose(8000, processes, Listeners(frozenset(holders)), {}, OWN_PID)


def expected_root(style: dict[str, Any]) -> int:
    """The launched process; with a shell around it, its child."""
    pids = [each["pid"] for each in style["processes_idle"] if each["name"] != "bash"]
    return min(pids)


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES.keys())
def test_every_recorded_style_resolves_by_its_port(style: dict[str, Any]) -> None:
    """The root is the listener whose parent does not listen: not the shell, not a worker."""
    choice = choose(style["port"], recorded(style), Listeners(listening(style)), {}, OWN_PID)
    assert choice.pid == expected_root(style)
    assert choice.evidence == Evidence(EvidenceKind.LISTENS, style["port"])
    assert choice.by_port


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES.keys())
def test_every_recorded_style_resolves_before_it_listens(style: dict[str, Any]) -> None:
    """The command line leads to the same root as the port does later."""
    choice = choose(style["port"], recorded(style), Listeners(), {}, OWN_PID)
    assert choice.pid == expected_root(style)
    assert choice.evidence is not None
    assert choice.evidence.kind is EvidenceKind.COMMAND_LINE
    assert not choice.by_port


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES.keys())
def test_the_process_that_answers_is_the_one_with_the_memory(style: dict[str, Any]) -> None:
    """Workers answer, not their supervisor nor the resource tracker: the recorded RSS agrees."""
    parents = {each.pid: each.ppid for each in recorded(style)}
    pids = answering(listening(style), parents)
    rss_mb = {each["pid"]: each["rss_mb"] for each in style["processes_idle"]}
    api_mb = style["api_rss_mb_12_calls_idle"]
    assert all(any(abs(rss_mb[pid] - value) < 1 for pid in pids) for value in api_mb)
    assert len(pids) == (2 if "2" in style["style"] else 1)


def test_all_recorded_styles_at_once_are_told_apart() -> None:
    """Each port leads to its own server among all of them, with and without its socket."""
    everything = [each for style in STYLES.values() for each in recorded(style)]
    for style in STYLES.values():
        expected = expected_root(style)
        port = style["port"]
        choice = choose(port, everything, Listeners(listening(style)), {}, OWN_PID)
        assert choice.pid == expected
        if port != 8000:
            ports = {p: {8000} for p in listening(STYLES["python-main.py"])}
            assert choose(port, everything, Listeners(), ports, OWN_PID).pid == expected


def test_a_listener_needs_no_known_command_line() -> None:
    """The port is proof, whatever the program is called."""
    assert by_port(facts(10, "./serve"), holders={10}).pid == 10


def test_the_command_line_counts_while_nothing_listens() -> None:
    """The evidence names the command."""
    choice = by_command(facts(10, "vim main.py"), facts(11, "uvicorn main:app"))
    assert choice == TargetChoice(
        11, Evidence(EvidenceKind.COMMAND_LINE, command="uvicorn main:app")
    )


def test_another_port_is_never_the_target() -> None:
    """Neither one that states another port, nor one that listens on others only."""
    stated = facts(10, "uvicorn main:app --port 9000")
    silent = facts(11, "python main.py")
    choice = by_command(stated, silent, ports={11: {9001}})
    assert (choice.pid, choice.problem) == (None, NOT_FOUND)
    assert by_command(stated, silent, ports={11: {8000, 9001}}).pid == 11


def test_a_worker_that_listens_elsewhere_rules_out_its_root() -> None:
    """On Windows the launcher is the parent, and only its child has the socket."""
    launcher = facts(10, "python.exe main.py")
    server = facts(11, "python.exe main.py", ppid=10)
    assert by_command(launcher, server).pid == 10
    assert by_command(launcher, server, ports={11: {9000}}).pid is None


# As CPython's venv launcher and pip's script launchers start each other on Windows: each is the
# child of the one before, the last one listens, and the marked one is the server's root.
_VENV, _PYTHON = r"C:\app\.venv\Scripts", r"C:\Python311\python.exe"
WINDOWS = {
    "python main.py": ["cmd.exe", rf"* {_VENV}\python.exe main.py", rf"{_PYTHON} main.py"],
    "python -m uvicorn": [
        rf"* {_VENV}\python.exe -m uvicorn main:app",
        rf"{_PYTHON} -m uvicorn main:app",
    ],
    "uvicorn": [
        rf"* {_VENV}\uvicorn.exe main:app",
        rf"{_VENV}\python.exe {_VENV}\uvicorn.exe main:app",
        rf"{_PYTHON} {_VENV}\uvicorn.exe main:app",
    ],
    "uvicorn-script.py": [
        r"powershell.exe -NoExit",
        rf"* {_VENV}\uvicorn.exe main:app",
        rf"{_PYTHON} {_VENV}\uvicorn-script.py main:app",
    ],
    "py -3": ["py.exe -3 main.py", rf"* {_PYTHON} main.py"],
    "py in a venv": ["py main.py", rf"* {_VENV}\python.exe main.py", rf"{_PYTHON} main.py"],
    "uv run": [
        "uv.exe run uvicorn main:app",
        rf"* {_VENV}\uvicorn.exe main:app",
        rf"{_PYTHON} {_VENV}\uvicorn.exe main:app",
    ],
    "poetry run": [
        "poetry.exe run fastapi run main.py",
        rf"{_PYTHON} C:\poetry\poetry.exe run fastapi run main.py",
        rf"* {_VENV}\fastapi.exe run main.py",
        rf"{_VENV}\python.exe {_VENV}\fastapi.exe run main.py",
        rf"{_PYTHON} {_VENV}\fastapi.exe run main.py",
    ],
    "pipenv run": [
        rf"{_PYTHON} -m pipenv run python main.py",
        rf"* {_VENV}\python.exe main.py",
        rf"{_PYTHON} main.py",
    ],
}


@pytest.mark.parametrize("lines", WINDOWS.values(), ids=WINDOWS.keys())
def test_a_windows_launcher_is_the_root_of_what_it_launches(lines: list[str]) -> None:
    """Before it listens and after: launchers belong to the server, a wrapper does not."""
    chain = [
        facts(pid, line.removeprefix("* "), ppid=pid - 1) for pid, line in enumerate(lines, 10)
    ]
    (root,) = [pid for pid, line in enumerate(lines, 10) if line.startswith("*")]
    assert by_port(*chain, holders={chain[-1].pid}).pid == root
    assert by_command(*chain).pid == root
    parents = {each.pid: each.ppid for each in chain if each.pid >= root}
    assert answering({chain[-1].pid}, parents) == {chain[-1].pid}


def test_only_a_parent_with_the_same_command_is_a_launcher() -> None:
    """Not one that runs something else, nor one that is younger than its child."""
    server = facts(11, "python.exe main.py", ppid=10)
    for line in ("python.exe app.py", "python.exe -m main.py", "python.exe main.py --dev"):
        assert by_port(facts(10, line), server, holders={11}).pid == 11
    younger = facts(10, "python.exe main.py", created_s=12.0)
    assert by_port(younger, server, holders={11}).pid == 11


def test_of_several_candidates_the_likeliest_is_chosen() -> None:
    """The stated port, the project's folder, the main module, then the newest."""
    plain = facts(10, "uvicorn other:app")
    newest = facts(14, "uvicorn other:app")
    main = facts(11, "uvicorn main:app")
    project = facts(12, "uvicorn other:app", cwd="/home/me/RunAnalyze")
    stated = facts(13, "uvicorn other:app --port 8000")
    assert by_command(plain, newest).pid == 14
    assert by_command(plain, newest, main).pid == 11
    assert by_command(plain, newest, main, project).pid == 12
    assert by_command(plain, newest, main, project, stated).pid == 13


def test_this_projects_own_folder_is_not_the_servers() -> None:
    """A server started below a runanalyze-tray checkout does not look like RunAnalyze's."""
    tray = facts(10, "uvicorn main:app", cwd="/src/runanalyze-tray")
    server = facts(9, "uvicorn main:app", cwd="/src/runanalyze")
    assert by_command(tray, server).pid == 9


def test_independent_listeners_on_one_port_are_compared() -> None:
    """With SO_REUSEPORT or one on IPv4 and one on IPv6, the one like RunAnalyze's wins."""
    choice = by_port(facts(10, "python -m uvicorn main:app"), facts(11, "node x"), holders={10, 11})
    assert choice.pid == 10


def test_this_program_is_never_the_target() -> None:
    """Neither by pid nor by command, neither as listener nor as candidate."""
    own = facts(OWN_PID, "uvicorn main:app", ppid=0)
    other = facts(10, "python -m tray_app --demo")
    held = ProcessProblem(ProcessProblemKind.HELD_BY_MONITOR, port=8000)
    assert by_port(own, holders={OWN_PID}).problem == held
    assert by_port(other, holders={10}).problem == held
    assert by_command(own, other).pid is None
    assert by_port(other, facts(11, "uvicorn main:app", ppid=10), holders={10, 11}).pid == 11


@pytest.mark.parametrize(
    "name",
    [
        *("docker-proxy", "rootlesskit", "rootlessport", "conmon", "slirp4netns", "pasta.avx2"),
        *("com.docker.backend", "com.docker.backend.exe", "wslrelay.exe", "gvproxy"),
        *("kubectl", "ssh", "ssh.exe", "sshd", "socat", "cloudflared", "systemd"),
        *("nginx", "haproxy", "caddy", "traefik"),
    ],
)
def test_a_relay_is_not_the_server(name: str) -> None:
    """A container's proxy, a tunnel or a reverse proxy holds the port, not the memory.

    The server behind it may well be seen (in a container, on another port): it is not guessed.
    """
    relay = facts(10, f"/usr/bin/{name} 8000", name=name)
    child = facts(11, f"{name} worker", ppid=10, name=name)
    behind = facts(12, "uvicorn main:app")
    choice = choose(8000, [relay, child, behind], Listeners(frozenset({10, 11})), {}, OWN_PID)
    assert choice == TargetChoice(
        problem=ProcessProblem(ProcessProblemKind.HELD_BY_RELAY, port=8000, name=name)
    )


def test_a_server_beside_a_relay_is_found() -> None:
    """One on IPv4 and one on IPv6, or a service whose socket systemd keeps open, too."""
    both = by_port(facts(10, "ssh -L 8000"), facts(9, "uvicorn main:app"), holders={9, 10})
    assert both.pid == 9
    service = facts(11, "uvicorn main:app --fd 3", ppid=10)
    assert by_port(facts(10, "systemd --user"), service, holders={10, 11}).pid == 11


def test_a_command_in_a_container_is_not_guessed_to_be_ours() -> None:
    """Nothing that it listens on is a port of this machine; with the port it is proved to be."""
    inside = facts(10, "uvicorn main:app --port 8000", isolated=True)
    outside = facts(9, "uvicorn other:app")
    assert by_command(inside) == TargetChoice(
        problem=ProcessProblem(
            ProcessProblemKind.IN_CONTAINER, port=8000, pid=10, name="uvicorn main:app"
        )
    )
    assert by_command(inside, outside).pid == 9
    assert by_command(inside, port=9000).problem == replace(NOT_FOUND, port=9000)
    assert by_port(inside, holders={10}).pid == 10


def test_missing_permission_is_said_with_what_to_do() -> None:
    """A hidden holder or another user's server is a problem in words, never a guess."""
    hidden = choose(8000, [facts(10, "uvicorn main:app")], Listeners(hidden=True), {}, OWN_PID)
    foreign = facts(10, "uvicorn main:app", owned=False)
    for choice in (hidden, by_port(foreign, holders={10}), by_command(foreign)):
        assert choice.pid is None
        assert choice.problem is not None
        assert "run runanalyze-tray as that user" in process_text.problem(choice.problem)
    assert by_command(foreign, facts(11, "uvicorn other:app")).pid == 11


def test_a_listener_that_vanished_leaves_the_command_lines() -> None:
    """A pid without facts is gone."""
    assert by_port(facts(11, "uvicorn main:app"), holders={10}).pid == 11


def test_a_reused_parent_pid_is_no_parent() -> None:
    """Windows keeps a dead parent's pid: one that is younger than its child is not it."""
    first = facts(10, "uvicorn main:app", ppid=11)
    second = facts(11, "uvicorn main:app", ppid=10)
    assert by_port(first, second, holders={10, 11}).pid == 10
    assert by_command(first, second).pid == 10


def test_what_forks_below_a_worker_does_not_answer() -> None:
    """A worker's forked pool inherits the socket without serving it."""
    parents = {10: 1, 11: 10, 12: 11, 13: 12}
    assert answering({10, 11, 12, 13}, parents) == {11}
    assert answering({10}, parents) == {10}
    assert answering({10, 13}, parents) == {13}
    assert answering(set(), parents) == set()


def test_workers_that_have_outlived_their_supervisor_answer_each() -> None:
    """Also beside one that supervises workers of its own."""
    parents = {11: 1, 12: 1, 13: 12}
    assert answering({11, 12}, parents) == {11, 12}
    assert answering({11, 12, 13}, parents) == {11, 13}


def test_below_a_launcher_the_workers_answer() -> None:
    """The launcher does not listen; what it launched supervises them, or answers itself."""
    parents = {10: 1, 11: 10, 12: 11, 13: 11, 14: 13}
    assert answering({11}, parents) == {11}
    assert answering({11, 12, 13, 14}, parents) == {12, 13}


@pytest.mark.parametrize(
    ("host", "bound", "expected"),
    [
        ("localhost", "127.0.0.1", True),
        ("localhost", "::1", True),
        ("localhost", "0.0.0.0", True),
        ("localhost", "::", True),
        ("localhost", "192.168.1.5", False),
        ("app.localhost", "192.168.1.5", False),
        ("127.0.0.1", "127.0.0.1", True),
        ("127.0.0.1", "::ffff:127.0.0.1", True),
        ("127.0.0.1", "::1", False),
        ("127.0.0.1", "127.0.0.2", False),
        ("[::1]", "::1", True),
        ("0.0.0.0", "127.0.0.1", True),
        ("192.168.1.5", "127.0.0.1", False),
        ("192.168.1.5", "0.0.0.0", True),
        ("mybox", "192.168.1.5", True),
        ("fe80::1%eth0", "fe80::1", True),
    ],
)
def test_only_sockets_that_the_host_reaches_count(host: str, bound: str, expected: bool) -> None:
    """Another server on the same port of another address is not the target."""
    assert reaches(host, bound) is expected


def test_the_server_on_another_port_is_offered() -> None:
    """Where nothing listens on the port: what serves the same, and where, likeliest first."""
    main = facts(10, "uvicorn main:app --port 8772")
    project = facts(11, "python -m uvicorn api:app", cwd="/home/me/RunAnalyze")
    script = facts(12, "python main.py")
    other = facts(13, "uvicorn shop:app")
    ports = {10: {8772}, 11: {9000}, 12: {8101, 8100}, 13: {5000}}
    choice = by_command(main, project, script, other, ports=ports)
    assert (choice.pid, choice.problem) == (None, NOT_FOUND)
    assert [(each.pid, each.port, each.evidence) for each in choice.candidates] == [
        (11, 9000, Evidence(EvidenceKind.LISTENS_ELSEWHERE, 9000, "uvicorn api:app")),
        (12, 8100, Evidence(EvidenceKind.LISTENS_ELSEWHERE, 8100, "python main.py")),
        (10, 8772, Evidence(EvidenceKind.LISTENS_ELSEWHERE, 8772, "uvicorn main:app")),
    ]


def test_no_server_is_offered_that_cannot_be_watched() -> None:
    """Another user's, one in a container, one that does not listen yet; nor where one is found."""
    ports = {10: {8772}, 11: {8773}, 12: {8774}}
    foreign = facts(10, "uvicorn main:app", owned=False)
    inside = facts(11, "uvicorn main:app", isolated=True)
    starting = facts(13, "uvicorn main:app --port 9999")
    assert by_command(foreign, inside, starting, ports=ports).candidates == ()
    main, found = facts(12, "uvicorn main:app"), facts(14, "uvicorn main:app")
    assert by_command(main, found, ports=ports).candidates == ()
    held = choose(8000, [main], Listeners(frozenset(), hidden=True), ports, OWN_PID)
    assert held.candidates == ()
