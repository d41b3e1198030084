"""The history page: what writing it costs, and how fast it draws, beside uPlot in one Chromium.

A day of samples every 2 s and a year of thinned rows go through the real writer. uPlot comes from
npm into a scratch folder; its line of the same points is drawn into a canvas of the same size.
"""

from __future__ import annotations

import math
import random
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from tests.bench.table import Effort, Figure, Part, milliseconds, run
from tests.chromium import FLAGS
from tray_app.core.history.records import (
    AlertRecord,
    GapRecord,
    JobRecord,
    ProcessShare,
    Record,
    SampleRecord,
    ServerRecord,
)
from tray_app.core.history.thinning import DAY_S, Spans, cut
from tray_app.history import database
from tray_app.views.page.document import MODULES, script

MIB = 1024**2
UPLOT = "uplot@1.6.32"
INTERVAL_S = 2.0
TO_S = 1_795_700_000.0
POINTS = 43_200
WIDTH, HEIGHT = 1200, 250
MOVES = 300
FRAMES = 60
GOALS = {
    "CPU to write": 1.0,
    "size of a day": 2.0,
    "size of a year": 3.0,
    "drawn": 0.5,
    "ratio": 1.5,
    "frames": 30.0,
}
STAGES = (
    *(("upload", 6, 0.05), ("thumbnail", 3, 0.15), ("detection", 4, 0.3), ("frames", 38, 1.0)),
    *(("analysis", 5, 1.0), ("encoding", 9, 0.8), ("saving", 4, 0.5)),
)
WORKER = 0.2
"""The second process has this part of the first one's memory."""

JOB_S = float(sum(length_s for _, length_s, _ in STAGES))


def history(days: float, seed: int = 4) -> Iterator[Record]:
    """Videos of all sizes, a server of two processes and ffmpeg, a sleep, an end and a start."""
    chance = random.Random(seed)
    at_s = TO_S - days * DAY_S
    base_mb, number, pid = 180.0, 0, 4000
    next_s, job = at_s + 900, None
    sleeps_s, ends_s = TO_S - 10 * 3600, TO_S - 16 * 3600
    yield ServerRecord(at_s, "started", pid, "python")
    while at_s < TO_S:
        at_s += _step_s(TO_S - at_s) + chance.uniform(-0.003, 0.003)
        if at_s > sleeps_s:
            yield GapRecord(at_s, at_s + 5400, "asleep")
            at_s, sleeps_s, job = at_s + 5400, math.inf, None
        if at_s > ends_s:
            yield ServerRecord(at_s, "ended", pid, "python")
            yield ServerRecord(at_s + 60, "started", pid + 100, "python")
            at_s, ends_s, job, base_mb, pid = at_s + 60, math.inf, None, 180.0, pid + 100
        if job is None and at_s >= next_s:
            number += 1
            job = (at_s, chance.uniform(800, 2200), chance.uniform(0.5, 1.8), base_mb)
        stage, memory_mb, ffmpeg_mb = "", base_mb + chance.uniform(-0.1, 0.1), 0.0
        if job is not None:
            began_s, most_mb, pace, before_mb = job
            stage, share = _stage((at_s - began_s) / pace)
            memory_mb = base_mb + share * most_mb + chance.uniform(-6, 6)
            ffmpeg_mb = chance.uniform(85, 123) if stage == "encoding" else 0.0
            if not stage:
                base_mb = max(150.0, base_mb + chance.uniform(-12, 14))
                yield _job(number, job, at_s, base_mb)
                if before_mb + most_mb > 2000:
                    words = ("High: 2.10 GB", "Memory is above 2000 MB for 2 s.")
                    yield AlertRecord(began_s + 50 * pace, "high", *words)
                job, memory_mb = None, base_mb
                next_s = at_s + chance.choice([120, 300, 900, 2400])
        yield _sample(chance, at_s, memory_mb, ffmpeg_mb, stage, pid)


def _step_s(ago_s: float) -> float:
    """What is thinned to minutes or hours anyway needs fewer samples here."""
    if ago_s > 31 * DAY_S:
        return 60.0
    return INTERVAL_S if ago_s <= DAY_S + 600 else 10.0


def _stage(elapsed_s: float) -> tuple[str, float]:
    for name, length_s, share in STAGES:
        if elapsed_s < length_s:
            return name, share * (0.3 + 0.7 * elapsed_s / length_s if name == "frames" else 1.0)
        elapsed_s -= length_s
    return "", 0.0


def _job(number: int, job: tuple[float, ...], ended_s: float, after_mb: float) -> JobRecord:
    began_s, most_mb, _, before_mb = job
    tree = 1.0 + WORKER
    return JobRecord(
        number=number,
        started_s=began_s,
        ended_s=ended_s,
        before_bytes=round(tree * before_mb * MIB),
        peak_bytes=round(tree * (before_mb + most_mb) * MIB),
        after_bytes=round(tree * after_mb * MIB),
        kept_bytes=round(tree * (after_mb - before_mb) * MIB),
        stages=tuple(name for name, _, _ in STAGES),
    )


def _sample(
    chance: random.Random, at_s: float, memory_mb: float, ffmpeg_mb: float, stage: str, pid: int
) -> SampleRecord:
    pages = [round(each * 256) * 4096 for each in (memory_mb, WORKER * memory_mb, ffmpeg_mb)]
    shares = [ProcessShare(pid, "python", pages[0]), ProcessShare(pid + 1, "python", pages[1])]
    if ffmpeg_mb:
        shares.append(ProcessShare(pid + 9, "ffmpeg", pages[2]))
    free_mb = 9000 - memory_mb + 50 * math.sin(at_s / 700) + chance.uniform(-9, 9)
    bands = (("green", 500), ("yellow", 1000), ("orange", 2000), ("red", math.inf))
    return SampleRecord(
        at_s=at_s,
        interval_s=INTERVAL_S,
        source="api",
        memory_bytes=sum(pages),
        cpu_percent=round(chance.uniform(80, 180) if stage else chance.uniform(0.4, 1.6), 1),
        descriptors=46 if stage else 38,
        available_bytes=round(free_mb * 1024) * 1024,
        temp_bytes=(120 if stage else 3) * MIB,
        band=next(band for band, below_mb in bands if memory_mb < below_mb),
        level="high" if memory_mb > 2000 else "normal",
        activity="processing" if stage else "idle",
        stage=stage,
        processes=tuple(shares),
    )


def written(path: Path, days: float) -> None:
    """A history file of so many days, thinned as the writer does."""
    connection, _ = database.open_for_writing(path)
    batch: list[Record] = []
    for record in history(days):
        batch.append(record)
        if len(batch) == 20_000:
            _commit(connection, batch)
    _commit(connection, batch)
    connection.close()


def _commit(connection: Any, batch: list[Record]) -> None:
    database.add(connection, batch)
    newest_s = max(each.at_s for each in batch if isinstance(each, SampleRecord))
    database.roll_up(connection, newest_s)
    while database.thin(connection, cut(Spans(), newest_s)):
        pass
    batch.clear()


WRITE = """
import sys
from pathlib import Path
from tray_app.history.export import Selection
from tray_app.cli.report import run
from tray_app.core.config.settings import Settings
path, since, to, output = sys.argv[1:]
selection = Selection(path=Path(path), server="http://127.0.0.1:8000", label="x", what="samples",
                      from_s=float(since), to_s=float(to))
run(selection, Settings(), Path(output))
"""


def report(path: Path, output: Path, since_s: float) -> float:
    """Write the page in a process of its own; its CPU seconds, Python's start included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    command = [sys.executable, "-c", WRITE, str(path), str(since_s), str(TO_S), str(output)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


BESIDE = """
const at = Float64Array.from({length: %(points)d}, (_, n) => 1.7957e12 + 2000 * n);
const memory = at.map((_, n) => (300 + (n %% 300 < 60 ? 30 * (n %% 60) : 0) + n %% 7) * 1048576);
const seconds = at.map((each) => each / 1000);
const options = {width: %(width)d, height: %(height)d, legend: {show: true},
  scales: {x: {time: true}}, axes: [{}, {size: 64, values: (u, all) => all.map(size)}],
  series: [{}, {label: "memory", stroke: "#1d5fd0", width: 1.5, fill: "#1d5fd022"}]};
const rows = {count: at.length, samplesFrom: 0, at, length: at.map(() => 2000), least: memory,
  mean: memory, most: memory};
const model = {rows, gaps: [], alerts: [], bands: [], lines: []};
const view = {from: at[0], to: at.at(-1)};
const colours = {memory: "#1d5fd0", grid: "#ddd", faint: "#555", text: "#111", page: "#fff"};
const flush = (canvas) => canvas.getContext("2d").getImageData(0, 0, 1, 1);
const host = () => document.body.appendChild(document.createElement("div"));
window.other = async () => {
  const place = host();
  const begun = performance.now();
  const plot = new uPlot(options, [seconds, memory], place);
  await Promise.resolve();
  flush(plot.ctx.canvas);
  const drawn = performance.now();
  plot.destroy();
  place.remove();
  return [drawn - begun];
};
window.moved = async () => {
  const place = host();
  const plots = Array.from({length: 7}, () => new uPlot(options, [seconds, memory], place));
  await Promise.resolve();
  const begun = performance.now();
  for (let n = 0; n < %(moves)d; n++) {
    for (const plot of plots) plot.setCursor({left: (n * 37) %% 1000, top: 100});
    place.offsetHeight;
  }
  const took = performance.now() - begun;
  for (const plot of plots) plot.destroy();
  place.remove();
  return [took / %(moves)d];
};
window.own = async () => {
  const place = host();
  place.style.width = "%(width)dpx";
  const begun = performance.now();
  const chart = new Chart(place, %(height)d, kindOfMemory);
  chart.draw(model, view, %(width)d, colours);
  flush(chart.canvas);
  const drawn = performance.now();
  place.remove();
  return [drawn - begun];
};
"""

PAN = """
const [frames, done] = arguments;
const charts = document.getElementById("charts");
const send = (name, x, more) => charts.dispatchEvent(new PointerEvent(name,
  {pointerId: 1, clientX: x, clientY: 300, bubbles: true, button: 0, ...more}));
charts.setPointerCapture = () => {};
document.querySelector(".tools button").click();
send("pointerdown", 300, {shiftKey: true});
let count = 0;
const begun = performance.now();
const next = () => {
  send("pointermove", 300 + 8 * count);
  if (++count > frames) done(1000 * frames / (performance.now() - begun));
  else requestAnimationFrame(next);
};
requestAnimationFrame(next);
"""
CURSOR = """
const charts = document.getElementById("charts");
const begun = performance.now();
for (let n = 0; n < arguments[0]; n++) {
  charts.dispatchEvent(new PointerEvent("pointermove", {clientX: 100 + (n * 37) % 1000}));
  charts.offsetHeight;
}
return (performance.now() - begun) / arguments[0];
"""


def chromium(folder: Path) -> Any:
    """A browser without a window, as in the tests."""
    from selenium import webdriver

    options = webdriver.ChromeOptions()
    for flag in (*FLAGS, f"--user-data-dir={folder}", "--window-size=1280,900"):
        options.add_argument(flag)
    options.binary_location = str(shutil.which("chromium"))
    service = webdriver.ChromeService(shutil.which("chromedriver"))
    return webdriver.Chrome(options=options, service=service)


def uplot(folder: Path) -> str:
    """Its script, from npm."""
    subprocess.run(
        ["npm", "install", "--silent", "--prefix", str(folder), UPLOT],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    return (folder / "node_modules/uplot/dist/uPlot.iife.min.js").read_text("utf-8")


def beside(folder: Path) -> str:
    """A page with both, to draw the same points."""
    values = {"points": POINTS, "width": WIDTH, "height": HEIGHT, "moves": MOVES}
    own = script(MODULES[:-1]) + "const kindOfMemory = memory;\n"
    inner = "{\n" + BESIDE % values + "}\n"
    parts = (f"<script>{uplot(folder)}</script>", f'<script type="module">{own}{inner}</script>')
    return "<!doctype html><meta charset=utf-8><body>" + "".join(parts)


def measure(effort: Effort) -> Iterator[Figure]:
    """The day and the year are made once; both drawers take turns in one browser."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        day, year = folder / "day.html", folder / "year.html"
        written(folder / "day.sqlite3", 1)
        cpu_s = median(
            report(folder / "day.sqlite3", day, TO_S - DAY_S) for _ in range(effort.rounds)
        )
        yield _figure("CPU to write the page", "a day", cpu_s, GOALS["CPU to write"])
        yield _size("size of the page", "a day", day, GOALS["size of a day"])
        written(folder / "year.sqlite3", 365)
        cpu_s = median(report(folder / "year.sqlite3", year, 0.0) for _ in range(effort.rounds))
        yield Figure("CPU to write the page", "a year", milliseconds(cpu_s))
        yield _size("size of the page", "a year", year, GOALS["size of a year"])
        (folder / "beside.html").write_text(beside(folder), "utf-8")
        driver = chromium(folder / "profile")
        try:
            yield from _drawn(driver, folder, effort)
        finally:
            driver.quit()


def _drawn(driver: Any, folder: Path, effort: Effort) -> Iterator[Figure]:
    for which in ("day", "year"):
        times_s = []
        for _ in range(2 * effort.rounds + 1):
            driver.get((folder / f"{which}.html").as_uri())
            mark = "return performance.getEntriesByName('drawn')[0].startTime"
            times_s.append(driver.execute_script(mark) / 1000)
        yield _figure(
            "drawn after the start of loading", f"a {which}", median(times_s), GOALS["drawn"]
        )
        fps = driver.execute_async_script(PAN, FRAMES)
        goal, reached = (f"≥ {GOALS['frames']:g}", fps >= GOALS["frames"])
        if which == "year":
            goal, reached = "", None
        what = "frames per second while panning"
        yield Figure(what, f"a {which}", f"{fps:.0f}", goal=goal, reached=reached)
    driver.get((folder / "day.html").as_uri())
    cursor_ms = median(driver.execute_script(CURSOR, MOVES) for _ in range(effort.rounds))
    driver.get((folder / "beside.html").as_uri())
    turns = []
    for _ in range(4 * effort.rounds):
        turns.append([
            driver.execute_async_script(f"window.{name}().then(arguments[0])")
            for name in ("own", "other", "moved")
        ])  # fmt: skip
    own, other = (median(turn[place][0] for turn in turns) for place in (0, 1))
    other_cursor = median(turn[2][0] for turn in turns)
    yield from _beside("first draw of 43,200 points", own, other)
    yield from _beside("a move of the cursor over 7 charts", cursor_ms, other_cursor)


def _beside(what: str, own_ms: float, other_ms: float) -> Iterator[Figure]:
    ratio, goal = own_ms / other_ms, GOALS["ratio"]
    yield Figure(
        what, "a day", milliseconds(own_ms / 1000), f"{ratio:.2f}", f"≤ {goal:g}", ratio <= goal
    )  # fmt: skip
    yield Figure(f"{what}: uPlot", "a day", milliseconds(other_ms / 1000))


def _figure(what: str, at: str, value_s: float, goal_s: float) -> Figure:
    return Figure(
        what, at, milliseconds(value_s), "", f"≤ {1000 * goal_s:g} ms", value_s <= goal_s
    )  # fmt: skip


def _size(what: str, at: str, page: Path, goal_mb: float) -> Figure:
    size_mb = page.stat().st_size / 1e6
    return Figure(what, at, f"{size_mb:.2f} MB", "", f"≤ {goal_mb:g} MB", size_mb <= goal_mb)


PART = Part("page", "The history page (ratio to uPlot)", measure, by_name_only=True)

if __name__ == "__main__":
    raise SystemExit(run(PART))
