"""What a command line starts."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tray_app.core.server.command_line import (
    ServerCommand,
    is_python,
    is_this_program,
    server_command,
    what_runs,
)

ZOO = Path(__file__).parents[2] / "data" / "process-zoo.json"
STYLES = {style["style"]: style for style in json.loads(ZOO.read_text())["styles"]}
SERVERS = {
    "/v/bin/python3 /v/bin/uvicorn main:app --host 127.0.0.1 --port 8771": (
        "uvicorn main:app",
        {8771},
    ),
    "/v/bin/uvicorn main:app": ("uvicorn main:app", set()),
    "python -m uvicorn main:app --port=9000": ("uvicorn main:app", {9000}),
    "python -muvicorn main:app": ("uvicorn main:app", set()),
    "python3.11 -Bum uvicorn main:app": ("uvicorn main:app", set()),
    "python -X dev -W error -m uvicorn --factory app.main:create": (
        "uvicorn app.main:create",
        set(),
    ),
    "python3.13t -Xdev --check-hash-based-pycs never main.py": ("python main.py", set()),
    "python3 /v/bin/gunicorn -k uvicorn.workers.UvicornWorker -b 127.0.0.1:8776 main:app": (
        "gunicorn main:app",
        {8776},
    ),
    "gunicorn --bind=[::1]:8001 --bind :8002 main:app": ("gunicorn main:app", {8001, 8002}),
    "gunicorn -b0.0.0.0:8003 main:app": ("gunicorn main:app", {8003}),
    "gunicorn -b unix:/run/app:8000.sock main:app": ("gunicorn main:app", set()),
    "'gunicorn: master [main:app]'": ("gunicorn main:app", set()),
    "gunicorn: worker [main:app]": ("gunicorn main:app", set()),
    "python -m hypercorn --bind 127.0.0.1:8004 main:app": ("hypercorn main:app", {8004}),
    "python /v/bin/fastapi run main.py --port 8779": ("fastapi run main.py", {8779}),
    "python /v/bin/fastapi dev": ("fastapi dev", set()),
    "pypy3 -O /srv/runanalyze/main.py --reload": ("python main.py", set()),
    r"'C:\v\Scripts\python.exe' 'C:\v\Scripts\uvicorn.exe' main:app": ("uvicorn main:app", set()),
    r"'C:\v\Scripts\pythonw.exe' 'C:\v\Scripts\uvicorn-script.py' main:app": (
        "uvicorn main:app",
        set(),
    ),
    r"'C:\Program Files\Python\Python.exe' 'D:\run analyze\main.py'": ("python main.py", set()),
    "uvicorn main:app --port nonsense": ("uvicorn main:app", set()),
    "uvicorn main:app --port 70000": ("uvicorn main:app", set()),
    "uvicorn main:app --port": ("uvicorn main:app", set()),
}
NOT_SERVERS = [
    "vim main.py",
    "code /srv/runanalyze/main.py",
    "grep -rn uvicorn main.py",
    "tail -f uvicorn.log",
    "python maintenance.py",
    "python domain_sync.py",
    "python -m main.py",
    "python /usr/bin/editor main.py",
    "python -m pytest main.py",
    "python -c 'import uvicorn; uvicorn.run(\"main:app\")'",
    "python3 -B -c 'from multiprocessing.resource_tracker import main;main(4)'",
    "python3 -B -c 'from multiprocessing.spawn import spawn_main; spawn_main(tracker_fd=5)' "
    "--multiprocessing-fork",
    "/bin/bash -c 'uvicorn main:app --port 8000; true'",
    "sh start.sh",
    "uv run uvicorn main:app",
    "python /usr/bin/poetry run uvicorn main:app",
    "python -m pipenv run gunicorn main:app",
    "sudo uvicorn main:app",
    "uv run main.py",
    "py -3 main.py",
    "docker run -p 8000:8000 runanalyze uvicorn main:app",
    "kubectl port-forward svc/main 8000:8000",
    "nano main.py",
    "python -m pdb main.py",
    "python -m maintenance main.py",
    "python editor.py main.py",
    "node main.py",
    "python /v/bin/fastapi login",
    "python /v/bin/fastapi",
    "pip install uvicorn",
    "python",
    "python -",
    "python -m",
    "python -W",
    "''",
    "",
]


@pytest.mark.parametrize("style", STYLES.values(), ids=STYLES.keys())
def test_every_recorded_process_is_read_as_what_it_is(style: dict[str, Any]) -> None:
    """The server with its app and port; its spawned workers and its shell as none."""
    for process in style["processes_idle"]:
        command = server_command(tuple(process["cmdline"]))
        if process["name"] == "bash" or "-c" in process["cmdline"]:
            assert command is None
        elif style["style"] == "python-main.py":
            assert command == ServerCommand("python", "main.py", frozenset())
        else:
            assert command is not None
            assert command.program.partition(" ")[0] in " ".join(process["cmdline"])
            assert command.app in ("main:app", "main.py")
            assert command.ports == {style["port"]}


@pytest.mark.parametrize(("line", "expected"), SERVERS.items())
def test_a_server_is_recognised_with_its_app_and_port(
    line: str, expected: tuple[str, set[int]]
) -> None:
    """Every usual way of starting is read as tokens, with the port it states if any."""
    command = server_command(tuple(shlex.split(line)))
    assert command is not None
    assert (command.phrase, command.ports) == expected


@pytest.mark.parametrize("line", NOT_SERVERS)
def test_what_only_mentions_a_server_is_none(line: str) -> None:
    """Editors, searches, wrappers, shells and multiprocessing's children are no servers."""
    assert server_command(tuple(shlex.split(line))) is None


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("/v/bin/runanalyze-tray --debug", True),
        ("/v/bin/python /v/bin/runanalyze-tray", True),
        ("python -m tray_app --url http://localhost:8000", True),
        ("python /src/runanalyze-tray/tray_app/__main__.py", True),
        (r"'C:\v\Scripts\runanalyze-tray.exe'", True),
        ("python -m tray_apple", False),
        ("python /src/runanalyze-tray/main.py", False),
        ("grep runanalyze-tray", False),
        ("", False),
    ],
)
def test_this_program_knows_its_own_kind(line: str, expected: bool) -> None:
    """A monitor is known by its command or module, not by a path that mentions it."""
    assert is_this_program(tuple(shlex.split(line))) is expected


@pytest.mark.parametrize(
    ("program", "expected"),
    [
        ("/v/bin/python3", True),
        ("python3.13t", True),
        (r"C:\v\Python.exe", True),
        ("pypy3.10", True),
        ("python-config", False),
        ("uvicorn", False),
        ("bpython", False),
    ],
)
def test_python_is_told_by_the_interpreter(program: str, expected: bool) -> None:
    """The first token tells; a process's name is its script's."""
    assert is_python((program, "x")) is expected


token = st.sampled_from(
    ["python", "-m", "-c", "-b", "--port", "-", "--", "uvicorn", "fastapi", "run", "main.py", ""]
) | st.text(max_size=8)


@given(st.lists(token, max_size=6).map(tuple))
def test_any_command_line_can_be_read(cmdline: tuple[str, ...]) -> None:
    """No command line raises, and a stated port is a TCP port."""
    command = server_command(cmdline)
    is_this_program(cmdline)
    assert command is None or all(0 <= port <= 65535 for port in command.ports)


@pytest.mark.parametrize(
    ("cmdline", "what"),
    [
        ("python3 main.py --token secret", "main.py"),
        ("python3 /home/joe/video/main.py", "video/main.py"),
        ("python /main.py", "main.py"),
        ("python3 -m pytest tests --key=secret", "-m pytest"),
        ("python -X dev /v/bin/uvicorn main:app --port 8001", "uvicorn main:app"),
        ("python -c print(1)", "-c"),
        ("python3", ""),
        ("vim main.py", ""),
    ],
)
def test_a_python_process_says_what_it_runs(cmdline: str, what: str) -> None:
    """The script with its folder, or the module; no argument, which may be a secret."""
    assert what_runs(tuple(cmdline.split())) == what
