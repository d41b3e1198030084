"""Who listens on a port."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.ports import free_port
from tests.sources.running import LISTENER, Spawn, spawner

if sys.platform != "linux":
    pytest.skip("Linux's own table", allow_module_level=True)

ROOT = Path(__file__).parents[4]


@pytest.fixture
def spawn(tmp_path: Path) -> Iterator[Spawn]:
    """Starts scripts; they are ended with the test."""
    with spawner(tmp_path) as started:
        yield started


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_another_users_listener_is_hidden_not_absent(spawn: Spawn) -> None:
    """The socket is seen although its holder may not be."""
    port = free_port()
    spawn(LISTENER, port)
    code = (
        "import os\n"
        "from tray_app.sources.processes.procfs.table import ProcfsTable\n"
        "table = ProcfsTable()\n"
        "os.seteuid(65534)\n"
        f"print(table.listeners({port}, 'localhost'))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, check=True, capture_output=True, text=True
    )
    assert "pids=frozenset(), hidden=True" in done.stdout
