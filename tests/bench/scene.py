"""The app in its tray, watching a real server whose API is in one of several states.

Rule: a private bus per app, and processes of its own; nothing else of the machine is touched.
"""

from __future__ import annotations

import contextlib
import queue
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Client
from pathlib import Path

from tests.bench import back_door
from tests.desktop.recorder import WATCHER, Watcher
from tests.desktop.session import ITEM, MENU, DesktopSession
from tests.desktop.wire import Heard, Peer
from tests.ports import free_port
from tests.server.starting import RunAnalyzeServer
from tests.waiting import wait_for

ROOT = Path(__file__).parents[2]
LONG_S = 7200.0
_FIGURE = re.compile(r"\d [MG]B")


@dataclass(frozen=True, slots=True)
class ApiState:
    """What the server's API does, and what the tooltip's second line then ``shows``.

    ``order`` is given before the app starts; ``later`` when it has shown a first figure.
    """

    name: str
    shows: str
    options: tuple[str, ...] = ()
    order: tuple[str, float] | None = None
    later: tuple[str, float] | None = None
    has_server: bool = True


ANSWERS = ApiState("API answers", "API")
PROCESS_ONLY = ApiState("process-only mode", "Process", ("--mode", "fallback"))
SLOW = ApiState("API takes 0.4 s", "API", order=("slow", 0.4))
REFUSES = ApiState("API refuses", "Process", order=("refuse", 0.0))
HANGS = ApiState("API hangs", "Process", later=("hang", LONG_S))
NO_SERVER = ApiState("no server runs", "unreachable", has_server=False)


class Panel(Watcher):
    """A watcher with a panel that reads all properties at each of the item's signals.

    ``tooltip`` is the one read last; ``figures_at_s`` holds for each item in turn the monotonic
    time when its tooltip first had a figure.
    """

    def __init__(self, address: str) -> None:
        super().__init__(address)
        self.tooltip = ""
        self.figures_at_s: list[float] = []
        self._signals: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._reader = threading.Thread(target=self._read, args=(address,), daemon=True)

    def start(self) -> None:
        """As a watcher; and from now on items are read."""
        super().start()
        self.peer.listen(self._changed, interface=ITEM)
        self.peer.listen(self._registered, interface=WATCHER, member="StatusNotifierItemRegistered")
        self._reader.start()

    def stop(self) -> None:
        """As a watcher."""
        self._signals.put(None)
        self._reader.join()
        super().stop()

    def _registered(self, signal: Heard) -> None:
        self._signals.put(signal.body[0].partition("/")[0])

    def _changed(self, signal: Heard) -> None:
        self._signals.put(signal.sender)

    def _read(self, address: str) -> None:
        known: set[str] = set()
        with_figure: set[str] = set()
        with Peer(address) as peer:
            while item := self._signals.get():
                # The app may be gone by now.
                with contextlib.suppress(Exception):
                    properties = peer.get_all(item, "/StatusNotifierItem", ITEM)
                    self.tooltip = "\n".join(properties["ToolTip"][2:])
                    first_line = self.tooltip.partition("\n")[0]
                    if item not in with_figure and _FIGURE.search(first_line):
                        with_figure.add(item)
                        self.figures_at_s.append(time.monotonic())
                    if item not in known:
                        known.add(item)
                        peer.call(item, properties["Menu"], MENU, "GetLayout", "iias", 0, -1, [])


class Server(RunAnalyzeServer):
    """A real server with a `back_door`."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        shutil.copy(back_door.__file__, folder)
        main = folder / "main.py"
        code = main.read_text()
        for line, instead in {
            "import gc\n": "import gc\n\nimport back_door\n",
            "LIFE_S = 600.0\n": f"LIFE_S = {LONG_S}\n",
            "app = FastAPI()\n": "app = FastAPI()\nback_door.attach(app)\n",
        }.items():
            assert line in code
            code = code.replace(line, instead)
        main.write_text(code)

    def order(self, name: str, value: float = 0.0) -> float:
        """Have an order carried out; the monotonic time when that began."""
        with Client(str(self.folder / back_door.SOCKET), "AF_UNIX") as door:
            door.send((name, value))
            began_s: float = door.recv()
            return began_s


@contextlib.contextmanager
def server() -> Iterator[Server]:
    """A started server."""
    with tempfile.TemporaryDirectory() as folder:
        started = Server(Path(folder, "server"))
        try:
            started.start()
            yield started
        finally:
            started.stop()


@contextlib.contextmanager
def desktop() -> Iterator[tuple[DesktopSession, Panel]]:
    """A private bus with a panel on it."""
    with DesktopSession(bus_only=True) as session, Panel(session.bus_address) as panel:
        yield session, panel


def start_app(
    session: DesktopSession, url: str, *options: str, root: Path = ROOT
) -> subprocess.Popen[bytes]:
    """Start the app of this source tree in the tray of this desktop."""
    command = (sys.executable, "-m", "tray_app", "--url", url, *options)
    return session.start("app", *command, cwd=root)


@dataclass(frozen=True, slots=True)
class Watch:
    """The app in its tray, and what it watches (None: nothing is there)."""

    state: ApiState
    pid: int
    session: DesktopSession
    panel: Panel
    server: Server | None

    def wait_for_state(self) -> None:
        """Return when the tooltip says what it must say in this state."""

        def shown() -> bool:
            lines = self.panel.tooltip.splitlines()
            return len(lines) > 1 and self.state.shows in lines[1]

        try:
            wait_for(shown, f"{self.state.shows!r} in the tooltip ({self.state.name})", 30.0)
        except AssertionError as error:
            error.add_note(f"{self.panel.tooltip}\n{self.session.log('app')}")
            raise


@contextlib.contextmanager
def watching(state: ApiState, config: str = "", *, root: Path = ROOT) -> Iterator[Watch]:
    """The app in its tray, brought into this state."""
    with contextlib.ExitStack() as stack:
        session, panel = stack.enter_context(desktop())
        watched = stack.enter_context(server()) if state.has_server else None
        if watched and state.order:
            watched.order(*state.order)
        limits = session.home / "config.toml"
        limits.write_text(config)
        url = watched.url if watched else f"http://127.0.0.1:{free_port()}"
        app = start_app(session, url, "--config", str(limits), *state.options, root=root)
        watch = Watch(state, app.pid, session, panel, watched)
        if watched and state.later:
            wait_for(lambda: panel.figures_at_s, "a first figure")
            watched.order(*state.later)
        watch.wait_for_state()
        yield watch
