"""Programs in the rig: what they print, show and answer, seen from the Linux side."""

from __future__ import annotations

import contextlib
import itertools
import json
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Any, Protocol

from PIL import Image

from tests.ports import free_port
from tests.waiting import AMPLE_S, wait_for
from tests.windows.rig import INSIDE, PROJECT, PYTHON, RIG, UID, USER, Output, World, as_root, run

DRIVE_C = RIG / "prefix" / "drive_c"
HOME = DRIVE_C / "users" / USER
LOCAL = HOME / "AppData" / "Local" / "runanalyze-tray"
BRIDGE = DRIVE_C / "bridge"
RUNNER = "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); time.sleep(1e9)"
_names = itertools.count(1)


class Windows(World):
    """A world in which the program is installed."""

    project: Path

    def inside(self, path: Path) -> Path:
        """Where a file of the rig lies in there."""
        return INSIDE / path.relative_to(RIG)

    @property
    def project_inside(self) -> str:
        """The project's folder in there."""
        return str(self.inside(self.project))

    @property
    def project_on_windows(self) -> str:
        """The project's folder, as Windows names it."""
        return "C:" + str(self.project).removeprefix(str(DRIVE_C)).replace("/", "\\")

    def forget_files(self) -> None:
        run([*as_root(), "rm", "-rf", str(LOCAL), str(BRIDGE)], "rm")
        self.put(BRIDGE)

    def forget_state(self) -> None:
        run([*as_root(), "rm", "-f", str(LOCAL / "state.json")], "rm")

    def put(self, folder: Path) -> None:
        """Make a folder that the rig's user may write in."""
        run([*as_root(), "mkdir", "-p", "-m", "777", str(folder)], "mkdir")
        run([*as_root(), "chown", f"{UID}:{UID}", str(folder)], "chown")

    def screen(self) -> Image.Image:
        """What is on it now."""
        raw = (RIG / "home" / "screen" / "Xvfb_screen0").read_bytes()
        head = struct.unpack(">25I", raw[:100])  # XWD's
        begin, size, line = head[0] + 12 * head[19], (head[4], head[5]), head[12]
        return Image.frombuffer("RGB", size, raw[begin:], "raw", "BGRX", line, 1).copy()

    def x(self, *command: str) -> str:
        """Run xdotool."""
        done = self.start("xdotool", *command)
        printed, _ = done.communicate(timeout=AMPLE_S)
        return printed.decode()

    def point(self, x: int, y: int) -> None:
        """Move the pointer there."""
        self.x("mousemove", str(x), str(y))

    def click(self, x: int, y: int, button: int = 1) -> None:
        """Move the pointer there, and click."""
        self.x("mousemove", str(x), str(y), "click", str(button))


class Process(Protocol):
    """What is asked of a started process, as `subprocess.Popen` answers it."""

    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def kill(self) -> None: ...


class Program:
    """A process of the rig with a way in (``bridge/rig_spy.py``)."""

    def __init__(
        self,
        world: Windows,
        *command: str,
        folder: Path | None = None,
        env: dict[str, str] | None = None,
    ) -> None:
        self._prepare(world)
        self.process: Process = world.start(
            "wine",
            *command,
            env={"RIG_SPY": self.name, "PYTHONUNBUFFERED": "1", **(env or {})},
            folder=str(world.inside(folder or HOME)),
        )
        self._output = Output(self.process)

    def _prepare(self, world: Windows) -> None:
        self.world = world
        self.name = f"p{next(_names)}"
        self._folder = BRIDGE / self.name
        world.put(self._folder)
        self._asks = itertools.count(1)

    @property
    def output(self) -> str:
        return self._output.text

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def wait(self, within_s: float = AMPLE_S) -> int:
        """Its exit status."""
        try:
            return self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"it does not end: {self.output[-2000:]}") from None

    def rest(self) -> str:
        return self._output.rest()

    def pid(self) -> int:
        """Windows' number of the Python in it."""
        file = self._folder / "pid"

        def told() -> int:
            assert self.running, f"it ended: {self.output[-3000:]}"
            return int(file.read_text("ascii") or 0) if file.is_file() else 0

        return wait_for(told, "the process answers", AMPLE_S)

    def ask(self, code: str, within_s: float = AMPLE_S) -> Any:
        """The value of the last line of ``code``, run in the process."""
        told = self.tell(code)

        def answered() -> bool:
            assert self.running, f"it ended: {self.output[-3000:]}"
            return told.is_file()

        wait_for(answered, f"an answer to {code!r}", within_s)
        answer = json.loads(told.read_text("utf-8"))
        assert "value" in answer, answer["error"]
        return answer["value"]

    def tell(self, code: str) -> Path:
        """Let the process run this; the file of its answer, if it lives to give one."""
        self.pid()
        number = next(self._asks)
        part, ask = self._folder / f"{number}.new", self._folder / f"{number}.ask"
        part.write_text(code, "utf-8")
        part.chmod(0o666)
        shutil.chown(part, UID, UID) if not as_root() else None
        part.rename(ask)
        return self._folder / f"{number}.told"

    def kill(self) -> None:
        """At once, if it still runs."""
        if self.running:
            with contextlib.suppress(AssertionError):
                pid = self.pid()
                self.world.result("taskkill", "/F", "/PID", str(pid))
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(AMPLE_S)
        if self.running:
            self.process.kill()
            self.process.wait(AMPLE_S)


class Runner(Program):
    """Starts programs as Windows does, and knows how they end."""

    def __init__(self, world: Windows) -> None:
        super().__init__(world, PYTHON, "-c", RUNNER)

    def status_of(self, pid: int) -> int | None:
        """None while it runs. Asked for the first time while it does."""
        status: int | None = self.ask(f"exit_status({pid})")
        return status


class RunByWindows:
    """A process that the runner knows by its number, as soon as that is known."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self.pid = 0

    def poll(self) -> int | None:
        return self._runner.status_of(self.pid) if self.pid else None

    def wait(self, timeout: float | None = None) -> int:
        wait_for(lambda: self.poll() is not None, "its end", timeout or AMPLE_S)
        status = self.poll()
        assert status is not None
        return status

    def kill(self) -> None:
        """`Program.kill` has done it, if it can be done."""


class Server(Program):
    """The stand-in for RunAnalyze's server."""

    def __init__(self, world: Windows) -> None:
        self.port = free_port()
        folder = HOME / "RunAnalyze"
        world.put(folder)
        payloads = PROJECT / "tests" / "data" / "payloads"
        names = [f"{it}.idle.json" for it in ("memory-status", "memory-history", "cleanup-status")]
        sources = [Path(__file__).with_name("server.py"), *(payloads / name for name in names)]
        for source, name in zip(sources, ("main.py", *names), strict=True):
            run([*as_root(), "install", "-m", "644", str(source), str(folder / name)], "install")
        uvicorn = ("-m", "uvicorn", "main:app", "--port", str(self.port))
        super().__init__(world, PYTHON, *uvicorn, folder=folder)
        wait_for(lambda: "Uvicorn running" in self.output, "the server runs", AMPLE_S)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def do(self, what: str) -> Any:
        """Python in the server, which knows ``hold``, ``write_tmp`` and ``state``."""
        return self.ask(f"from rig_server import hold, state, write_tmp\n{what}")
