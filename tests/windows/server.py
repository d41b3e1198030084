"""RunAnalyze's API in the rig, as recorded, with this process's own memory: ``uvicorn main:app``.

FastAPI's compiled part does not load on Wine, so this is plain ASGI. A test tells it what to do
through its spy: ``hold(MB)`` allocates, ``state["hang"] = True`` blocks the event loop.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import psutil

MIB = 1024**2
HERE = Path(__file__).parent
TMP = HERE / "tmp"
STATUS, HISTORY, CLEANUP = (
    json.loads((HERE / f"{name}.idle.json").read_text("utf-8"))
    for name in ("memory-status", "memory-history", "cleanup-status")
)
held: list[bytearray] = []
state: dict[str, Any] = {"hang": False, "freed": 0, "calls": []}


def hold(mb: int) -> int:
    """Hold this much beside the server itself, every page touched."""
    held.clear()
    if mb:
        held.append(bytearray(b"\xa5") * (mb * MIB))
    return len(held)


def write_tmp(mb: int, name: str, age_hours: float) -> None:
    """A temp file of this size and age."""
    TMP.mkdir(exist_ok=True)
    TMP.joinpath(name).write_bytes(bytes(mb * MIB))
    written = time.time() - age_hours * 3600
    os.utime(TMP / name, (written, written))


def delete_older(hours: int) -> None:
    for path in TMP.glob("*"):
        if path.stat().st_mtime < time.time() - hours * 3600:
            path.unlink()


def answer_to(method: str, path: str, query: str) -> dict[str, Any] | None:
    if path == "/memory-status/":
        rss_mb = round(psutil.Process().memory_info().rss / MIB, 2)
        sizes = [file.stat().st_size / MIB for file in TMP.glob("*")]
        files = {"total_size_mb": round(sum(sizes), 2), "file_count": len(sizes)}
        return STATUS | {
            "process_memory": STATUS["process_memory"] | {"rss_mb": rss_mb},
            "tmp_directory": STATUS["tmp_directory"] | files,
        }
    if path == "/memory-history/":
        return HISTORY
    if path == "/cleanup-status/":
        return CLEANUP
    if method == "POST" and path == "/optimize-memory/":
        state["freed"] += 1
        held.clear()
        delete_older(1)
        return {"success": True, "garbage_collected": 7, "message": "done"}
    if method == "POST" and path == "/cleanup-old-files/":
        delete_older(int(query.removeprefix("max_age_hours=")))
        return {"message": "done"}
    return None


async def app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] != "http":
        return
    while state["hang"]:
        time.sleep(0.05)
    state["calls"] = [*state["calls"][-50:], scope["path"]]
    body = answer_to(scope["method"], scope["path"], scope["query_string"].decode())
    status = 404 if body is None else 200
    head = [(b"content-type", b"application/json")]
    await send({"type": "http.response.start", "status": status, "headers": head})
    await send({"type": "http.response.body", "body": json.dumps(body or {}).encode()})


sys.modules["rig_server"] = sys.modules[__name__]  # by this name the spy finds it
