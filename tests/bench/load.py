"""The kinds of work a server is given while it is watched, in an order made from a seed.

Rule: what was done and when is written down as it happens, for the comparison. The tests' server
tells its stages in ``jobs.jsonl``; a real one in its own memory history, read after each job.
"""

from __future__ import annotations

import contextlib
import json
import random
import threading
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from tests.bench.scene import Server
from tests.waiting import wait_for

JOB_LIMIT_S = 240.0
# A server that was killed is started again so long after it.
AWAY_S = 9.0
BASE_MB = 70  # what the real one's libraries hold when it has just started
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))


@dataclass(frozen=True, slots=True)
class Word:
    """What the server did: ``what`` is "start", "stage", "end" or "killed"; ``job`` names it."""

    at_s: float
    job: str
    what: str
    stage: str = ""


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to do, and for how long nothing is done after it."""

    kind: str
    pause_s: float


class Driver(Protocol):
    """Does tasks, and knows what truly happened."""

    def kinds(self) -> Sequence[str]:
        """What can be done, the more often named the more often done."""

    def do(self, kind: str) -> None:
        """Do it; returns when the server is through with it."""

    def words(self) -> list[Word]:
        """What has happened so far, in order."""


def schedule(kinds: Sequence[str], seed: int) -> Iterator[Task]:
    """Each kind comes before any comes again; pauses are short, usual and long."""
    dice = random.Random(seed)
    bag = list(kinds)
    while True:
        dice.shuffle(bag)
        for kind in bag:
            yield Task(kind, dice.choice((4.0, 6.0, 8.0, 12.0, 20.0)) + dice.random())


@dataclass
class OwnServer:
    """The tests' server."""

    server: Server
    dice: random.Random
    changed: Callable[[int], None] = lambda pid: None
    told: list[Word] = field(default_factory=list)
    _life: int = 0
    _warm: bool = False

    def begin(self) -> None:
        """Hold what the real one holds idle; make what is uploaded."""
        self.server.allocate(BASE_MB)
        self._warm = False

    def kinds(self) -> Sequence[str]:
        """As its users do: mostly videos, some of which fail, some two at once."""
        return (
            *("720p", "720p", "1080p", "two at once", "one after the other", "no person", "unpack"),
            *("slow storage", "slow database", "synchronous", "file alone", "burst", "killed"),
        )

    def do(self, kind: str) -> None:
        """See `kinds`."""
        server = self.server
        match kind:
            case "file alone":
                server.write_tmp(12, "u9/left_behind.mp4")
            case "burst":
                server.burn(0.4)
            case "killed":
                self._kill()
            case "two at once":
                server.process_video(**self._video(), user="u1")
                time.sleep(self.dice.uniform(0.5, 4.0))
                server.process_video(**self._video(), user="u2")
            case "one after the other":
                server.process_video(**self._video())
                self._until_idle()
                time.sleep(self.dice.uniform(3.2, 5.0))
                server.process_video(**self._video())
            case "synchronous":
                threading.Thread(target=self._post_sync, daemon=True).start()
                time.sleep(1.0)
            case _:
                server.process_video(**self._video(kind))
        self._until_idle()

    def _video(self, kind: str = "720p") -> dict[str, Any]:
        dice = self.dice
        video: dict[str, Any] = {"frames_s": dice.uniform(3.0, 8.0)}
        # The first in a process loads the model, and keeps it (recorded: 126, 337, 301 MB).
        grow_mb, kept = (215.0, 0.8) if not self._warm else (dice.uniform(50, 110), 0.25)
        self._warm = True
        if kind == "1080p" or (kind == "720p" and dice.random() < 0.2):
            video |= {"height": 1080, "wave_mb": 12.0}
            grow_mb += 60.0
        if kind in ("no person", "unpack"):
            video["fails"] = kind
            kept = 0.05
        if kind == "slow storage":
            video["storage_s"] = dice.uniform(6.0, 13.0)
        if kind == "slow database":
            video |= {"feedback_s": dice.uniform(4.0, 9.0), "database_s": dice.uniform(3.0, 8.0)}
        return video | {"grow_mb": grow_mb, "kept_mb": kept * grow_mb}

    def _post_sync(self) -> None:
        # It answers when it is done, which is later than this waits: jobs.jsonl tells.
        with contextlib.suppress(OSError, TimeoutError):
            self.server.process_video(**self._video(), sync=True)

    def _kill(self) -> None:
        self.server.process_video(**self._video("720p"))
        time.sleep(self.dice.uniform(5.0, 8.0))
        self.server.kill()
        at_s = time.time()
        self.told += self._read()
        (self.server.folder / "jobs.jsonl").unlink()
        open_jobs = {word.job for word in self.told} - {
            word.job for word in self.told if word.what in ("end", "killed")
        }
        self.told += [Word(at_s, job, "killed") for job in open_jobs]
        self._life += 1
        time.sleep(AWAY_S)
        self.server.start()
        self.changed(self.server.pid)
        self.begin()

    def _until_idle(self) -> None:
        def idle() -> bool:
            words = self._read()
            return sum(word.what == "end" for word in words) == len({word.job for word in words})

        wait_for(idle, "the server is through with its jobs", JOB_LIMIT_S)

    def _read(self) -> list[Word]:
        path = self.server.folder / "jobs.jsonl"
        if not path.exists():
            return []
        # The last line may be still on its way.
        told = [json.loads(line) for line in path.read_text().split("\n")[:-1]]
        return [
            Word(each["wall_s"], f"{self._life}.{each['job']}", each["what"], each["stage"])
            for each in told
        ]

    def words(self) -> list[Word]:
        """Of all its lives."""
        return self.told + self._read()


@dataclass
class RealServer:
    """A server that runs already, and speaks RunAnalyze's own API alone."""

    url: str
    videos: Sequence[Path]
    dice: random.Random
    told: list[Word] = field(default_factory=list)
    _heard: set[tuple[str, str]] = field(default_factory=set)
    _number: int = 0
    _mixed: bool = False
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def kinds(self) -> Sequence[str]:
        """What anybody can ask of it."""
        return ("video", "video", "video", "two at once", "synchronous")

    def do(self, kind: str) -> None:
        """See `kinds`."""
        self._mixed = kind == "two at once"
        if kind == "two at once":
            first = threading.Thread(target=self._process, args=("u1",))
            first.start()
            time.sleep(self.dice.uniform(0.5, 4.0))
            self._process("u2")
            first.join()
        elif kind == "synchronous":
            self._process("u1", sync=True)
        else:
            self._process("u1")

    def words(self) -> list[Word]:
        """Starts and ends as requests tell, stages as the server's history does."""
        return sorted(self.told, key=lambda word: word.at_s)

    def _process(self, user: str, *, sync: bool = False) -> None:
        with self._lock:
            self._number += 1
            job = str(self._number)
        video = self.dice.choice(list(self.videos))
        self.told.append(Word(time.time(), job, "start"))
        path = "/process-video/" if sync else "/process-video-async"
        status, answer = self._ask("POST", path, _form(video, user))
        if not sync and status == 404:
            status, answer = self._ask("POST", "/process-video/", _form(video, user))
        elif not sync:
            self._wait(answer["job_id"])
        ended_s = time.time()
        if not sync:
            time.sleep(1.2)  # the answer comes before the server has tidied up
        ended_s = self._hear(job, ended_s)
        self.told.append(Word(ended_s, job, "end"))

    def _wait(self, job_id: str) -> None:
        limit_s = time.monotonic() + JOB_LIMIT_S
        while time.monotonic() < limit_s:
            # 404: another worker's job.
            status, answer = self._ask("GET", f"/result/{job_id}")
            if status not in (202, 404) or answer.get("stage") == "error":
                return
            time.sleep(0.4)

    def _hear(self, job: str, ended_s: float) -> float:
        """Note the stages told since; when the server was through with its own tidying."""
        _, answer = self._ask("GET", "/memory-history/?limit=200")
        for entry in answer.get("history", ()):
            key = entry["timestamp"], entry["stage"]
            if key in self._heard:
                continue
            self._heard.add(key)
            at_s = datetime.fromisoformat(entry["timestamp"]).timestamp()
            if not self._mixed:  # else nobody can tell whose word it is
                self.told.append(Word(at_s, job, "stage", entry["stage"]))
            if entry["stage"] == "AFTER_FINAL_GC":
                ended_s = max(ended_s, at_s)
        return ended_s

    def _ask(self, method: str, path: str, body: bytes | None = None) -> tuple[int, Any]:
        request = urllib.request.Request(f"{self.url}{path}", data=body, method=method)
        if body:
            request.add_header("Content-Type", f"multipart/form-data; boundary={_BOUNDARY}")
        try:
            with _DIRECT.open(request, timeout=JOB_LIMIT_S) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                return error.code, {}


_BOUNDARY = uuid.uuid4().hex


def _form(video: Path, user: str) -> bytes:
    """A multipart body with the two fields that the real server wants."""
    line = f"--{_BOUNDARY}\r\nContent-Disposition: form-data; name="
    return b"".join(
        (
            f'{line}"user_id"\r\n\r\n{user}\r\n'.encode(),
            f'{line}"file"; filename="{video.name}"\r\n'.encode(),
            b"Content-Type: video/mp4\r\n\r\n",
            video.read_bytes(),
            f"\r\n--{_BOUNDARY}--\r\n".encode(),
        )
    )
