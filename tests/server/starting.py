"""Starting the stand-in server in the ways people start the real one, and telling it what to do.

Rule: 127.0.0.1 and a free port only; a fresh project folder per server; every process of it is
ended with the test.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any, Literal, Protocol

import psutil

from tests.ending import end_tree
from tests.ports import free_port
from tests.waiting import AMPLE_S, wait_for

Style = Literal["python -m uvicorn", "uvicorn", "python main.py"]

_SOURCE = Path(__file__).with_name("runanalyze.py")
_VIDEOS = Path(__file__).with_name("videos.py")
# http_proxy and its kin would lead even 127.0.0.1 astray.
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


class RunAnalyzeServer:
    """One server. ``pid`` is the process started, which with workers is their parent.

    ``options`` are given to uvicorn: ``("--workers", "2")``, ``("--reload",)``. A ``command``
    of one's own takes the place of both; ``{port}`` in it is the server's.
    """

    def __init__(
        self,
        folder: Path,
        *,
        style: Style = "python -m uvicorn",
        options: tuple[str, ...] = (),
        command: tuple[str, ...] = (),
        flat: bool = False,
    ) -> None:
        self.folder = folder
        (folder / "tmp").mkdir(parents=True)
        shutil.copy(_SOURCE, folder / "main.py")
        shutil.copy(_VIDEOS, folder)
        self._style: Style = style
        self._options = options
        self._own_command = command
        self._flat = flat
        self._process: subprocess.Popen[bytes] | None = None
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        assert self._process, "the server is not started"
        return self._process.pid

    # Life

    def start(self, within_s: float = AMPLE_S) -> None:
        """Start; returns when the API answers. A later start takes the same port again."""
        fresh_port = not self.port
        for last_try in (False, False, True):
            self.port = self.port or free_port()
            try:
                self._launch(within_s)
            except AssertionError:
                self.stop()
                # Another program may have taken the port between our check and the server's.
                if last_try or not fresh_port or "address already in use" not in self.log():
                    raise
                self.port = 0
            else:
                return

    def _launch(self, within_s: float) -> None:
        environment = os.environ | {"PORT": str(self.port), "PYTHONUNBUFFERED": "1"}
        if self._flat:
            environment["RUNANALYZE_SHAPE"] = "flat"
        with (self.folder / "server.log").open("wb") as log:
            self._process = process = subprocess.Popen(
                self._command(),
                cwd=self.folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

        def answers_or_dead() -> bool:
            if process.poll() is not None:
                raise AssertionError(f"the server ended before it answered:\n{self.log()}")
            return self.answers()

        wait_for(answers_or_dead, f"{self.url} answers", within_s)

    def _command(self) -> list[str]:
        # Should the test process be killed, the kernel ends the server.
        setpriv = shutil.which("setpriv")
        leash = [setpriv, "--pdeathsig", "KILL"] if setpriv else []
        if self._own_command:
            return [*leash, *(part.replace("{port}", str(self.port)) for part in self._own_command)]
        if self._style == "python main.py":
            return [*leash, sys.executable, "main.py"]
        uvicorn = {
            "python -m uvicorn": [sys.executable, "-m", "uvicorn"],
            "uvicorn": [str(Path(sys.executable).with_name("uvicorn"))],
        }[self._style]
        address = ["--host", "127.0.0.1", "--port", str(self.port)]
        return [*leash, *uvicorn, "main:app", *address, *self._options]

    def answers(self, within_s: float = AMPLE_S) -> bool:
        """Whether the API answers now, with whatever status."""
        try:
            with _DIRECT.open(f"{self.url}/memory-status/", timeout=within_s):
                return True
        except urllib.error.HTTPError as error:
            error.close()
            return True
        except OSError:
            return False

    def kill(self) -> None:
        """End every process of the server at once, as the kernel does when memory is out."""
        self.strike()
        if self._process:
            self._process.wait(AMPLE_S)

    def strike(self) -> None:
        """The same, without waiting for the end."""
        if self._process:
            end_tree(self._process.pid)

    stop = kill

    def restart(self) -> None:
        """Kill, and start again on the same port: another pid, fresh memory."""
        self.kill()
        self.start()

    def log(self) -> str:
        return (self.folder / "server.log").read_text(errors="replace")

    # Asking and telling

    def get(self, path: str, **query: Any) -> Any:
        """GET a path; the decoded JSON."""
        return self._ask("GET", path, query)

    def post(self, path: str, **query: Any) -> Any:
        """POST to a path; the decoded JSON."""
        return self._ask("POST", path, query)

    def _ask(self, method: str, path: str, query: dict[str, Any]) -> Any:
        url = f"{self.url}{path}?{urllib.parse.urlencode(query)}"
        with _DIRECT.open(urllib.request.Request(url, method=method), timeout=AMPLE_S) as answer:
            return json.load(answer)

    def rss_mb(self) -> float:
        """The answering process's RSS, as the API says."""
        status = self.get("/memory-status/", shape="nested")
        figure: float = status["process_memory"]["rss_mb"]
        return figure

    def allocate(self, mb: int, *, garbage: bool = False) -> int:
        """Hold ``mb`` MiB more; ``garbage`` can be freed by ``/optimize-memory/``.

        The pid of the process that holds it: with workers, whichever took the request.
        """
        pid: int = self.post("/test/allocate", mb=mb, garbage=garbage)["pid"]
        return pid

    def free(self) -> None:
        """Give everything allocated back."""
        self.post("/test/free")

    def hang(self, seconds: float, *, works: bool = False) -> None:
        """Take connections but answer none for ``seconds`` or until `go_on`, at work or not;
        returns at its beginning."""
        (self.folder / "go-on").unlink(missing_ok=True)
        self.post("/test/hang", seconds=seconds, works=works)

    def go_on(self) -> None:
        """End a hang."""
        (self.folder / "go-on").touch()

    def burn(self, seconds: float, *, ffmpeg: bool = False, mb: int = 90) -> None:
        """Keep a core busy; with ``ffmpeg`` in a grandchild of that name that holds ``mb`` MiB."""
        self.post("/test/burn", seconds=seconds, children=ffmpeg, mb=mb)

    def end_ffmpeg(self) -> None:
        """End what burns under that name."""
        for child in psutil.Process(self.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                if child.name() == "ffmpeg":
                    child.kill()

    def write_tmp(
        self, mb: int, name: str = "u1/processed/processed_video.mp4", *, age_hours: float = 0.0
    ) -> None:
        """Write a file below tmp, last touched so long ago; 0 MiB removes it."""
        self.post("/test/tmp", mb=mb, name=name, age_hours=age_hours)

    def stage(self, name: str) -> None:
        """Enter a stage into the memory history; ``AFTER_FILE_UPLOAD`` begins a new one."""
        self.post("/test/stage", name=name)

    def process_video(self, **video: Any) -> int:
        """Have a video processed; returns once it is uploaded, with the job's number.

        What can be said of it is `tests.server.videos.Video`'s fields.
        """
        number: int = self.post("/test/job", **video)["job"]
        return number

    def fail(self, status: int) -> None:
        """Answer the API with this status; 200 means 200 with an ``error``; 0 ends it."""
        self.post("/test/fail", status=status)

    def calls(self) -> int:
        """How often ``/memory-status/`` was asked, this server's own start included."""
        count: int = self.get("/test/calls").get("/memory-status/", 0)
        return count

    def exit(self, code: int = 1) -> None:
        """Let the answering process crash."""
        self.post("/test/exit", code=code)


class ServerFactory(Protocol):
    """``runanalyze_server(style=…, options=…, flat=…)``: a started server."""

    def __call__(
        self, *, style: Style = ..., options: tuple[str, ...] = ..., flat: bool = ...
    ) -> RunAnalyzeServer: ...
