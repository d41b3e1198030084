"""Real Prometheus and Alertmanager on ports of this machine, and a receiver of notifications.

The files are those of ``assets/fleet``, with shorter times: a minute there is two seconds here.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import threading
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml
from msgspec.structs import replace

from tests.exporter.made import MadeExporter
from tests.needs import path_of
from tests.ports import free_port
from tests.waiting import wait_for
from tray_app.core.presentation.metrics import Told

FLEET = Path(__file__).parents[2] / "assets" / "fleet"
LIMIT_S = 120.0
SCRAPE = "500ms"
SHORTER = 30
_DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
_SECONDS = {"s": 1, "m": 60, "h": 3600}


class SteadyExporter(MadeExporter):
    """Its last state is always of now: a test's machine may be slow."""

    def _told(self) -> list[Any]:
        def of_now(told: Told) -> Told:
            sample = told.state.sample
            return told if sample is None else replace(told, now=sample.at)

        return [of_now(each) for each in super()._told()]


def shortened(text: str) -> str:
    """Every time of these rules, a thirtieth."""

    def shorter(found: re.Match[str]) -> str:
        seconds = int(found[2]) * _SECONDS[found[3]] / SHORTER
        return f"{found[1]}{round(1000 * seconds)}ms"

    return re.sub(r"(for: |\[)(\d+)([smh])\b", shorter, text)


def ask(url: str, body: Any = None, **query: str) -> Any:
    """The JSON of an answer; None where nobody answers yet."""
    if query:
        url = f"{url}?{urllib.parse.urlencode(query)}"
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    try:
        with _DIRECT.open(request, timeout=30) as answer:
            text = answer.read()
    except OSError:
        return None
    try:
        return json.loads(text)
    except ValueError:
        return text.decode()


class Receiver:
    """Takes the notifications of an Alertmanager."""

    def __init__(self) -> None:
        self.notifications: list[dict[str, Any]] = []
        taken = self.notifications

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                taken.append(json.loads(self.rfile.read(length)))
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def of(self, alertname: str, status: str = "firing") -> list[dict[str, Any]]:
        """The notifications of this alert's group that have alerts in this status."""
        return [
            each
            for each in self.notifications
            if each["groupLabels"] == {"alertname": alertname}
            and any(alert["status"] == status for alert in each["alerts"])
        ]

    def servers(self, alertname: str, status: str = "firing") -> set[str]:
        """Those of the newest such notification."""
        found = self.of(alertname, status)
        alerts = found[-1]["alerts"] if found else []
        return {
            each["labels"].get("server", each["labels"].get("instance", ""))
            for each in alerts
            if each["status"] == status
        }


@contextmanager
def program(folder: Path, name: str, *flags: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run it until the end of the block; should the tests be killed, the kernel ends it."""
    setpriv = shutil.which("setpriv")
    leash = [setpriv, "--pdeathsig", "KILL"] if setpriv else []
    with (folder / f"{name}.log").open("w") as log:
        process = subprocess.Popen(
            [*leash, path_of(name), *flags], cwd=folder, stdout=log, stderr=log
        )
        try:
            yield process
        finally:
            process.kill()
            process.wait()


@contextmanager
def alertmanager(folder: Path, receiver: Receiver, port: int = 0) -> Iterator[str]:
    """Its URL. It waits for a second before it notifies."""
    with alertmanager_process(folder, receiver, port or free_port()) as (url, _):
        yield url


@contextmanager
def alertmanager_process(
    folder: Path, receiver: Receiver, port: int
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Its URL and the process. What it stores stays in the folder."""
    config = yaml.safe_load((FLEET / "alertmanager.yml").read_text("utf-8"))
    for route in (config["route"], *config["route"]["routes"]):
        route.update(group_wait="1s", group_interval="1s", repeat_interval="1h")
    config["receivers"][0]["webhook_configs"][0]["url"] = receiver.url
    (folder / "alertmanager.yml").write_text(yaml.safe_dump(config))
    flags = (
        "--config.file=alertmanager.yml",
        f"--storage.path={folder / 'alertmanager'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--cluster.listen-address=",
    )
    with program(folder, "prometheus-alertmanager", *flags) as process:
        url = f"http://127.0.0.1:{port}"
        wait_for(lambda: ask(f"{url}/-/ready") is not None, "Alertmanager is ready", LIMIT_S)
        yield url, process


def silence_elsewhere(url: str, *matchers: str) -> str:
    """What another person does with amtool: a silence of two hours; its identifier."""
    added = subprocess.run(
        [
            *(path_of("amtool"), f"--alertmanager.url={url}", "silence", "add"),
            *("--author=bob", "--comment=new disk", "--duration=2h", *matchers),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=LIMIT_S,
    )
    return added.stdout.strip()


@contextmanager
def prometheus(
    folder: Path, targets: list[str], alertmanager_url: str, port: int = 0
) -> Iterator[str]:
    """Its URL. ``port``: as of an earlier one in the same folder."""
    config = yaml.safe_load((FLEET / "prometheus.yml").read_text("utf-8"))
    config["global"] = {"scrape_interval": SCRAPE, "evaluation_interval": SCRAPE}
    (manager,) = config["alerting"]["alertmanagers"]
    manager["static_configs"] = [{"targets": [alertmanager_url.removeprefix("http://")]}]
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    (folder / "targets.yml").write_text(yaml.safe_dump([{"targets": targets}]))
    (folder / "rules.yml").write_text(shortened((FLEET / "rules.yml").read_text("utf-8")))
    port = port or free_port()
    flags = (
        "--config.file=prometheus.yml",
        f"--storage.tsdb.path={folder / 'tsdb'}",
        f"--web.listen-address=127.0.0.1:{port}",
    )
    with program(folder, "prometheus", *flags):
        url = f"http://127.0.0.1:{port}"
        wait_for(lambda: ask(f"{url}/-/ready") is not None, "Prometheus is ready", LIMIT_S)
        yield url
