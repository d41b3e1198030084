"""What Wine 8 cannot do, done in another way: every Python of the rig starts with this.

Rule: only gaps of Wine are bridged, each as Windows documents it. The product knows none of it.

- The file of another process: NtQuerySystemInformation answers "invalid parameter".
- The holder of a port is always pid 0: each Python notes where it listens.
- FILE_FLAG_FIRST_PIPE_INSTANCE is ignored: a second listener of a pipe would be let in.
- There are no performance counters (PDH), of which psutil reads the swap.
- The processor time of another process is nonsense, and its own memory (USS) cannot be read.
"""

from __future__ import annotations

import contextlib
import importlib.abc
import importlib.util
import os
import socket
import sys
from pathlib import Path

PORTS = Path(r"C:\bridge\ports")
FIRST_PIPE_INSTANCE = 0x00080000
QUERY_LIMITED = 0x1000


def _note_listeners() -> None:
    listen = socket.socket.listen

    def listen_and_tell(self: socket.socket, *backlog: int) -> None:
        listen(self, *backlog)
        if self.family in (socket.AF_INET, socket.AF_INET6):
            PORTS.mkdir(parents=True, exist_ok=True)
            PORTS.joinpath(str(self.getsockname()[1])).write_text(str(os.getpid()), "ascii")

    socket.socket.listen = listen_and_tell  # type: ignore[method-assign, assignment]


def _keep_first_pipes() -> None:
    import _winapi

    create = _winapi.CreateNamedPipe

    def create_first(name: str, flags: int, *rest: object) -> object:
        if flags & FIRST_PIPE_INSTANCE:
            try:
                _winapi.WaitNamedPipe(name, 1)
                there = True
            except FileNotFoundError:
                there = False
            except OSError:  # it is there, and busy
                there = True
            if there:
                raise PermissionError(13, "Access is denied", None, 5)
        return create(name, flags, *rest)

    _winapi.CreateNamedPipe = create_first


def _mend_psutil(psutil: object) -> None:
    import ctypes
    from ctypes import wintypes

    cext = psutil._psplatform.cext  # type: ignore[attr-defined]
    kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    kernel.OpenProcess.restype = wintypes.HANDLE
    kernel.OpenProcess.argtypes = (wintypes.DWORD, wintypes.BOOL, wintypes.DWORD)
    kernel.CloseHandle.argtypes = (wintypes.HANDLE,)
    kernel.QueryFullProcessImageNameW.argtypes = (
        wintypes.HANDLE,
        wintypes.DWORD,
        wintypes.LPWSTR,
        ctypes.POINTER(wintypes.DWORD),
    )

    def proc_exe(pid: int) -> str:
        handle = kernel.OpenProcess(QUERY_LIMITED, False, pid)
        if not handle:
            raise ctypes.WinError(ctypes.get_last_error())
        try:
            text = ctypes.create_unicode_buffer(1024)
            size = wintypes.DWORD(len(text))
            if not kernel.QueryFullProcessImageNameW(handle, 0, text, ctypes.byref(size)):
                raise ctypes.WinError(ctypes.get_last_error())
            return text.value
        finally:
            kernel.CloseHandle(handle)

    net_connections, proc_times = cext.net_connections, cext.proc_times

    def connections(pid: int, *kinds: object) -> list[tuple[object, ...]]:
        found = []
        for fd, family, kind, near, far, status, holder in net_connections(-1, *kinds):
            if not far and near:  # nobody at the other end: it listens
                holder = _holder(near[1]) or holder
            if pid in (-1, holder):
                found.append((fd, family, kind, near, far, status, holder))
        return found

    def _holder(port: int) -> int | None:
        with contextlib.suppress(OSError, ValueError):
            pid = int(PORTS.joinpath(str(port)).read_text("ascii"))
            return pid if cext.pid_exists(pid) else None
        return None

    def times(pid: int) -> tuple[float, float, float]:
        user, system, created = proc_times(pid)
        return (user, system, created) if pid == os.getpid() else (0.0, 0.0, created)

    cext.proc_exe = proc_exe
    cext.net_connections = connections
    cext.proc_times = times
    cext.proc_memory_uss = lambda pid: 0
    cext.swap_percent = lambda: 0.0


class _AfterPsutil(importlib.abc.MetaPathFinder):
    """Mends psutil as soon as somebody imports it."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> object:
        if name != "psutil":
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        if spec is None or spec.loader is None:
            return spec
        loader = spec.loader
        run = loader.exec_module

        def run_and_mend(module: object) -> None:
            run(module)  # type: ignore[arg-type]
            _mend_psutil(module)

        loader.exec_module = run_and_mend  # type: ignore[method-assign, assignment]
        return spec


if sys.platform == "win32":
    _note_listeners()
    _keep_first_pipes()
    sys.meta_path.insert(0, _AfterPsutil())  # type: ignore[arg-type]
    if "RIG_SPY" in os.environ and "-m venv" not in " ".join(sys.orig_argv):
        import rig_spy

        rig_spy.begin(os.environ.pop("RIG_SPY"))
