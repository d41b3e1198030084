"""What a server says and is called reaches no terminal, log or notification unescaped."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.sources.faults import STATUS
from tests.waiting import AMPLE_S, wait_for
from tray_app.core.config.settings import Settings
from tray_app.core.monitor.events import OpenFailed
from tray_app.core.monitor.inputs import SourcesRead
from tray_app.core.monitor.state import begin
from tray_app.core.monitor.step import step
from tray_app.core.presentation import menu, notifications
from tray_app.core.presentation.summary_text import tooltip
from tray_app.runtime import clock
from tray_app.sources.processes.host import process_table
from tray_app.sources.processes.probe import ServerProbe

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="names of any bytes are Unix's")

ROOT = Path(__file__).parents[2]
ODD = "\x1b]0;owned\x07\x1b[2J\x9b31m\u202e\r\nfake line"
SERVER = f"""
import http.server, sys
STATUS = {STATUS!r}
HISTORY = {json.dumps({"history": [{"stage": ODD, "timestamp": ODD}]}).encode()!r}

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        status, body = 200, HISTORY if "history" in self.path else STATUS
        if sys.argv[1] == "fails":
            status, body = 500, {json.dumps({"detail": ODD}).encode()!r}
        self.send_response(status)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
open("/proc/self/comm", "wb").write(b"e\\xff\\x1b[31m\\n\\xe2\\x80\\xaexx")
print(server.server_port, flush=True)
server.serve_forever()
"""


@pytest.fixture(params=["answers", "fails"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A server whose name, arguments, folder and words hold whatever bytes may stand there."""
    odd = ODD.encode("utf-8")
    folder = os.path.join(os.fsencode(tmp_path), b"dir\xff" + odd)  # noqa: PTH118 - bytes
    os.makedirs(os.path.join(folder, b"tmp"))  # noqa: PTH118, PTH103
    (tmp_path / "main.py").write_text(SERVER)
    script = os.fsencode(tmp_path / "main.py")
    arguments = [b"py\xff" + odd, b"-S", script, request.param.encode(), b"\xff\xfe", odd]
    with subprocess.Popen(
        arguments, executable=sys.executable, cwd=folder, stdout=subprocess.PIPE
    ) as server:
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.kill()


def run(url: str, tmp_path: Path, *flags: str, environment: dict[str, str]) -> tuple[str, str]:
    """What the program prints, on both streams."""
    own = {"HOME": str(tmp_path / "home"), "XDG_RUNTIME_DIR": str(tmp_path / "run")}
    done = subprocess.run(
        [sys.executable, "-m", "tray_app", "--url", url, *flags],
        cwd=ROOT,
        capture_output=True,
        timeout=AMPLE_S,
        check=False,
        env=os.environ | own | environment,
    )
    # Strictly: what is printed is UTF-8.
    return done.stdout.decode(), done.stderr.decode()


def check_harmless(text: str) -> None:
    """Lines of printable characters, none of them made by others."""
    for line in text.splitlines(keepends=True):
        assert line.removesuffix("\n").isprintable(), line
        assert not line.startswith("fake line")


@pytest.mark.parametrize(
    "flags",
    [("--json", "--once"), ("--console", "--once"), ("--doctor",), ("--debug", "--duration=1.3")],
    ids=" ".join,
)
@pytest.mark.parametrize("encoding", ["utf-8", "ascii"])
def test_a_terminal_gets_no_bytes_of_others(
    url: str, tmp_path: Path, flags: tuple[str, ...], encoding: str
) -> None:
    """Whatever the way to look at it, and whatever the terminal can carry."""
    if flags[0] == "--debug":
        flags = (*flags, "--console", "--interval=0.3")
    out, err = run(url, tmp_path, *flags, environment={"PYTHONIOENCODING": encoding})
    check_harmless(out)
    check_harmless(err)
    assert "Traceback" not in err
    assert out.isascii() or encoding == "utf-8"
    if flags[0] == "--json":
        told = json.loads(out)
        check_harmless(json.dumps(told, ensure_ascii=False))
        # Where it answers, the answer's memory is another server's, and it may count as a proxy.
        if told["api"]["error"] is None:
            return
        assert told["target"]["name"].startswith("e\ufffd\\x1b[31m\\n")
        assert told["target"]["cmdline"][-2:] == [
            "\ufffd\ufffd",
            r"\x1b]0;owned\x07\x1b[2J\x9b31m\u202e\r\nfake line",
        ]


def test_tooltip_menu_and_notification_can_be_sent(url: str, tmp_path: Path) -> None:
    """Over D-Bus, where a lone surrogate or a NUL would be an error; and the folder itself is
    still found by its own bytes."""
    port = int(url.rpartition(":")[2])
    table = process_table()
    probe = ServerProbe(table, "127.0.0.1", port, os.getpid(), clock.mono_s)
    with closing(probe):
        reading = wait_for(lambda: probe.read(clock.mono_s(), others=True), "a reading")
    assert reading.target is not None
    assert reading.target.cwd is not None
    assert Path(reading.target.cwd, "tmp").is_dir()
    state, _ = step(
        begin(Settings(), Settings(), clock.now(), local=True), SourcesRead(reading), clock.now()
    )
    assert state.sample is not None
    told = OpenFailed(reading.target.cwd, "it does not exist")
    note = notifications.note(told)
    assert note is not None
    texts = [note.title, note.text, *tooltip(state.sample, demo=False, paused=False).split("\n")]
    texts += [row.text for row in menu.rows(state)]
    texts += [row.text for above in menu.rows(state) for row in above.children]
    for text in texts:
        assert text.isprintable()
        assert text.encode("utf-8").decode() == text
    assert re.search(r"dir\ufffd\\x1b\]0;owned", note.text)
