"""Every kind of notification, seen once in a real daemon (xfce4-notifyd); screenshots are kept.

What can be made for real in seconds comes from the real app and a real server; each kind, also
those, is besides sent on its real way, from `Notices.handle` to the daemon's window.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.desktop.conftest import StartApp
from tests.desktop.recorder import Eavesdropper, Notice
from tests.desktop.running import CONFIG, App
from tests.desktop.session import ITEM, SCREEN, Box, DesktopSession, missing_programs
from tests.needs import missing
from tests.server.starting import RunAnalyzeServer, ServerFactory
from tests.waiting import AMPLE_S, wait_for
from tray_app.core.alerts.disk_space import DiskFull
from tray_app.core.alerts.forecast import Forecast, ForecastKind
from tray_app.core.alerts.hung import Answering, Hang, HangKind
from tray_app.core.alerts.idle_growth import IdleGrowth
from tray_app.core.alerts.job_leak import Leak
from tray_app.core.alerts.leftover_files import LeftoverFiles
from tray_app.core.alerts.levels import ForecastWithdrawn, LevelReached, Recovered
from tray_app.core.alerts.limits import Level
from tray_app.core.alerts.room import NextVideo, RoomAgain
from tray_app.core.alerts.server_exit import (
    ChildKilled,
    ServerExit,
    ServerReturn,
    WorkerReplacement,
)
from tray_app.core.alerts.system_memory import MachineEased, MachineShort
from tray_app.core.analysis.activity import Activity
from tray_app.core.analysis.bands import Band
from tray_app.core.analysis.jobs import Job, Measured
from tray_app.core.analysis.recent import Average
from tray_app.core.analysis.stage import Stage
from tray_app.core.config.mistake import Mistake
from tray_app.core.model.api_failure import ApiFailureKind, ApiProblem
from tray_app.core.model.document import Document
from tray_app.core.model.presets import Mode
from tray_app.core.model.readings import (
    GIB,
    MIB,
    Disk,
    Now,
    OomKills,
    ProcessRow,
    Role,
    Source,
    SystemMemory,
    TempUsage,
)
from tray_app.core.model.server_action import (
    ActionResult,
    Extent,
    NoTempPlace,
    RefusalReason,
    Risk,
    ServerAction,
)
from tray_app.core.model.server_address import parse_address
from tray_app.core.monitor import events
from tray_app.core.monitor.commands import Command
from tray_app.core.monitor.events import (
    ActionEnded,
    ActionRefused,
    Alert,
    AutostartFailed,
    ConfirmationNeeded,
    DeletionDoubted,
    DemoRepeats,
    Earlier,
    Event,
    HistoryDeleted,
    HistoryExported,
    HostMissing,
    OpenFailed,
    PendingAlerts,
    PortWatched,
    SettingsWrong,
    StatusRequested,
    Summarised,
    SummaryMade,
    TempPlaceMissing,
    TestRequested,
)
from tray_app.core.monitor.inputs import Delivered
from tray_app.core.monitor.sample import Sample
from tray_app.core.presentation.icon import Picture, figure_of
from tray_app.core.presentation.notifications import note
from tray_app.core.source_choice.circuit_breaker import ApiCondition, ApiState
from tray_app.core.summary.measurement import Scope, Summary
from tray_app.desktop import backends
from tray_app.views.icon import draw
from tray_app.views.notifications import NotificationSender, Outbox

pytestmark = pytest.mark.desktop

# What is written in a notice has more colours than its ground and its edge.
COLOURS_OF_TEXT = 40
# The daemon cuts a longer title.
TITLE_MAX = 46
MARGIN_PX = 8

NOW = Now(7200.0, 1_795_000_000.0)
IDLE = Sample(
    number=7,
    at=NOW,
    mode=Mode.AUTO,
    source=Source.API,
    api=ApiCondition(ApiState.OK),
    memory_bytes=1620 * MIB,
    rate_bytes_s=0.0,
    system=SystemMemory(16 * GIB, 10 * GIB, 37.5),
    temp=TempUsage(340 * MIB, 7, 0.0),
)
CALM = replace(IDLE, memory_bytes=420 * MIB)
BUSY = replace(
    IDLE,
    rate_bytes_s=45.0 * MIB,
    activity=Activity.INTENSIVE,
    cpu_percent=104.6,
    stage=Stage("frames", inferred=False),
)
SHORT = SystemMemory(16 * GIB, 300 * MIB, 98.0, pressure_percent=23.4)
LIMITED = replace(SHORT, total_bytes=2 * GIB, used_percent=85.4, limited=True)
TIGHT = replace(SHORT, available_bytes=900 * MIB)
FULL = replace(
    BUSY,
    memory_bytes=3174 * MIB,
    band=Band.RED,
    level=Level.CRITICAL,
    alert=Level.CRITICAL,
    forecast=Forecast(ForecastKind.FULL, 20.0),
    system=TIGHT,
)
HOLDERS = (
    ProcessRow(9, "firefox", Role.OTHER, 9 * GIB, None),
    ProcessRow(42, "uvicorn", Role.TARGET, 1620 * MIB, None),
    ProcessRow(43, "gnome-shell", Role.OTHER, 410 * MIB, None),
)
SERVER = (
    ProcessRow(42, "uvicorn", Role.TARGET, 2850 * MIB, 104.6),
    ProcessRow(43, "ffmpeg", Role.CHILD, 310 * MIB, 88.0),
    ProcessRow(44, "python", Role.CHILD, 14 * MIB, 0.0),
    ProcessRow(45, "sh", Role.CHILD, 1 * MIB, 0.0),
)
NO_SERVER = replace(CALM, memory_bytes=None, source=Source.NONE)
HIGH_THEN_WELL = (
    Alert(
        LevelReached(Level.HIGH, 2000),
        replace(IDLE, at=Now(5500.0, NOW.wall_s - 1700.0), memory_bytes=2100 * MIB),
    ),
    Alert(Recovered(Level.HIGH, 2100 * MIB), replace(CALM, at=Now(7100.0, NOW.wall_s - 100.0))),
)
MUTED_SINCE = Now(NOW.mono_s - 1800.0, NOW.wall_s - 1800.0)

RUN = Summary(
    7200.0,
    3600,
    400 * MIB,
    350.0 * MIB,
    300 * MIB,
    320 * MIB,
    watched_s=6000.0,
    missed=2,
    peak_wall_s=MUTED_SINCE.wall_s,
    peak_stage="frames",
    bands_s=(("green", 5400.0), ("yellow", 600.0)),
    levels_s=(("normal", 6000.0),),
    jobs=3,
    alerts=1,
    kept_bytes=45 * MIB,
)
KINDS: dict[str, Event] = {
    "raised": Alert(LevelReached(Level.RAISED, 1500), IDLE),
    "raised-processing": Alert(LevelReached(Level.RAISED, 1500), BUSY),
    "raised-resting": Alert(
        LevelReached(Level.RAISED, 1500), replace(IDLE, rests=True, system=TIGHT)
    ),
    "high": Alert(LevelReached(Level.HIGH, 2000), replace(BUSY, memory_bytes=2100 * MIB)),
    "critical": Alert(LevelReached(Level.CRITICAL, 3000), FULL),
    "high-ahead": Alert(
        LevelReached(Level.HIGH, 2000),
        replace(
            BUSY,
            memory_bytes=2100 * MIB,
            rate_bytes_s=3.75 * MIB,
            forecast=Forecast(ForecastKind.CRITICAL, 240.0),
            system=TIGHT,
        ),
    ),
    "critical-resting": Alert(
        LevelReached(Level.CRITICAL, 3000),
        replace(IDLE, memory_bytes=3174 * MIB, rests=True, system=TIGHT),
    ),
    "critical-roomy": Alert(
        LevelReached(Level.CRITICAL, 3000),
        replace(BUSY, memory_bytes=3174 * MIB, system=SystemMemory(32 * GIB, 20 * GIB, 37.5)),
    ),
    "foretold-tight": Alert(
        LevelReached(Level.CRITICAL, 3000, forecast=Forecast(ForecastKind.CRITICAL, 16.0)),
        replace(BUSY, memory_bytes=2280 * MIB, system=TIGHT),
    ),
    "foretold-now": Alert(
        LevelReached(Level.CRITICAL, 3000, forecast=Forecast(ForecastKind.CRITICAL, 4.0)),
        replace(BUSY, memory_bytes=2820 * MIB, system=TIGHT),
    ),
    "foretold": Alert(
        LevelReached(Level.CRITICAL, 3000, forecast=Forecast(ForecastKind.CRITICAL, 31.0)), BUSY
    ),
    "foretold-full": Alert(
        LevelReached(Level.CRITICAL, 3000, forecast=Forecast(ForecastKind.FULL, 20.0)),
        replace(BUSY, system=TIGHT),
    ),
    "came-true": Alert(LevelReached(Level.CRITICAL, 3000, foretold=True), FULL),
    "taken-back": Alert(ForecastWithdrawn(Level.RAISED, 1500), IDLE),
    "again": Alert(
        LevelReached(Level.CRITICAL, 3000, again=True), replace(IDLE, memory_bytes=3174 * MIB)
    ),
    "recovered": Alert(Recovered(Level.HIGH, 2500 * MIB), CALM),
    "scarce": Alert(MachineShort(SHORT, HOLDERS), IDLE),
    "scarce-limited": Alert(MachineShort(LIMITED, HOLDERS[1:2]), BUSY),
    "eased": Alert(MachineEased(SystemMemory(16 * GIB, 10 * GIB, 37.5)), CALM),
    "gone": Alert(ServerExit(3277 * MIB, True, None), NO_SERVER),
    "gone-out-of-memory": Alert(ServerExit(3277 * MIB, True, OomKills(1, True)), NO_SERVER),
    "gone-idle": Alert(ServerExit(1700 * MIB, False, None, rested=True), NO_SERVER),
    "back": Alert(ServerReturn(42.0), CALM),
    "gone-limit": Alert(ServerExit(480 * MIB, False, OomKills(1, True, 512 * MIB)), NO_SERVER),
    "gone-perhaps": Alert(ServerExit(3277 * MIB, True, OomKills(1)), NO_SERVER),
    "child-killed": Alert(
        ChildKilled(
            (ProcessRow(43, "python", Role.CHILD, 460 * MIB, None),), OomKills(1, True, 512 * MIB)
        ),
        BUSY,
    ),
    "hung-stopped": Alert(Hang(HangKind.STOPPED, 0.0, busy=False), IDLE),
    "hung-deadlocked": Alert(Hang(HangKind.DEADLOCKED, 0.0, busy=True), BUSY),
    "hung-silent": Alert(Hang(HangKind.SILENT, 0.0, busy=True), BUSY),
    "hung-unasked": Alert(Hang(HangKind.STOPPED, 7140.0, busy=False, asked=False), IDLE),
    "answers": Alert(Answering(140.0), CALM),
    "runs": Alert(Answering(140.0, asked=False), CALM),
    "worker-replaced": Alert(WorkerReplacement(900 * MIB), BUSY),
    "leak": Alert(Leak((140 * MIB, 60 * MIB, 81 * MIB), 281 * MIB, 3), IDLE),
    "leak-long": Alert(
        Leak((140 * MIB,) * 12, 2100 * MIB, 15), replace(IDLE, memory_bytes=2600 * MIB)
    ),
    "growth": Alert(IdleGrowth(45 * MIB, 900.0), IDLE),
    "left-behind": Alert(LeftoverFiles(320 * MIB), IDLE),
    "room": Alert(
        RoomAgain(NextVideo(1433 * MIB, 1500 * MIB, 2 * GIB, 2800 * MIB, 5), 300.0), IDLE
    ),
    "disk-full": Alert(DiskFull(Disk(100 * GIB, 3 * GIB)), IDLE),
    "held-back": PendingAlerts(HIGH_THEN_WELL, 0, MUTED_SINCE, NOW),
    "held-back-one": PendingAlerts(HIGH_THEN_WELL[:1], 0, MUTED_SINCE, NOW),
    "held-back-asleep": PendingAlerts(HIGH_THEN_WELL * 5, 3, MUTED_SINCE, NOW, slept_s=28800.0),
    "earlier": Earlier("High: 2.05 GB", "Above 1.95 GB.", 1, "memory", MUTED_SINCE),
    "quick-test": Summarised(RUN, ends_run=False),
    "since-start": SummaryMade(Scope.START, RUN, MUTED_SINCE),
    "today": SummaryMade(Scope.TODAY, RUN, MUTED_SINCE),
    "today-nothing": SummaryMade(Scope.TODAY, None, MUTED_SINCE),
    "delete-history": DeletionDoubted(),
    "history-exported": HistoryExported("/home/joe/Documents/runanalyze-tray-history", 6),
    "history-not-exported": HistoryExported("/home/joe", problem="no space left on device"),
    "history-deleted": HistoryDeleted("", goes_on=True),
    "history-not-deleted": HistoryDeleted("Permission denied", goes_on=True),
    "test": TestRequested(),
    "status": StatusRequested(
        replace(FULL, peak_bytes=3287 * MIB, rows=SERVER),
        demo=False,
        paused=False,
        last_job=Job(
            3,
            Now(7000.0, 0.0),
            Now(7042.0, 42.0),
            before=Measured(420 * MIB, Source.API),
            after=Measured(560 * MIB, Source.API),
            peak_bytes=3287 * MIB,
        ),
        average=Average(1229.0 * MIB, 600.0),
    ),
    "status-paused": StatusRequested(FULL, demo=False, paused=True),
    "status-starting": StatusRequested(None, demo=True, paused=False),
    "freed": ActionEnded(
        ActionResult(
            ServerAction.FREE_MEMORY,
            2.0,
            Extent(1620 * MIB, 60 * MIB, 5),
            Extent(1420 * MIB, 10 * MIB, 3),
        ),
    ),
    "cleaned": ActionEnded(
        ActionResult(ServerAction.CLEAN_UP, 2.0, Extent(0, 340 * MIB, 7), Extent(0, 20 * MIB, 1)),
    ),
    "not-freed": ActionEnded(
        ActionResult(
            ServerAction.FREE_MEMORY, problem=ApiProblem(ApiFailureKind.NO_ANSWER, waited_s=10.0)
        )
    ),
    "question": ConfirmationNeeded(
        ServerAction.FREE_MEMORY, Risk.FILES, TempUsage(154 * MIB, 3, 0.0)
    ),
    "refused": ActionRefused(ServerAction.CLEAN_UP, RefusalReason.JOB),
    "not-opened": OpenFailed("/srv/runanalyze/tmp", "xdg-open is missing"),
    "no-directory": TempPlaceMissing(NoTempPlace.UNKNOWN),
    "port": PortWatched(parse_address("http://localhost:8772")),
    "autostart": AutostartFailed(on=True, reason="Permission denied"),
    "host-missing": HostMissing(),
    "demo-repeats": DemoRepeats(NOW),
    "document-not-opened": OpenFailed("/x.log", "no program is set to open it", Document.LOG),
    "settings-wrong": SettingsWrong(
        (
            Mistake("unknown setting 'hihg_mb'", "/home/joe/config.toml", 3),
            Mistake("RUNANALYZE_TRAY_MODE must be one of auto, api, fallback"),
        )
    ),
}
SILENT = (
    events.Sampled,
    events.AlertWithdrawn,
    events.JobCompared,
    events.AlertFate,
    events.AlertMemoryChanged,
    events.SourceChanged,
    events.TargetChanged,
    events.JobStarted,
    events.JobEnded,
    events.Chosen,
    events.AutostartWanted,
    events.ActionRequested,
    events.DayAsked,
    events.HistoryAsked,
    events.DeletionAsked,
    events.ExportAsked,
    events.OpenAsked,
    events.PageAsked,
    events.DocumentAsked,
    events.NotifierCame,
    events.Ended,
)


# On the screen


def drawn_notices(desktop: DesktopSession, count: int | None = None) -> list[Box]:
    """Where so many notices are (or any), from the top down, once their text is painted."""

    def painted() -> list[Box] | None:
        boxes = sorted(desktop.popups(), key=lambda box: box[1])
        if not boxes or len(boxes) != (count or len(boxes)):
            return None
        colours = [desktop.pixels(box).getcolors(COLOURS_OF_TEXT) for box in boxes]
        return boxes if all(few is None for few in colours) else None

    found = wait_for(painted, f"{count or 'some'} notices are painted")
    assert found
    return found


def keep(desktop: DesktopSession, name: str, boxes: list[Box]) -> None:
    """A screenshot of these notices."""
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    desktop.screenshot(
        f"notification-{name}",
        (
            max(0, min(lefts) - MARGIN_PX),
            max(0, min(tops) - MARGIN_PX),
            min(SCREEN[0], max(rights) + MARGIN_PX),
            min(SCREEN[1], max(bottoms) + MARGIN_PX),
        ),
    )


def dismiss_all(desktop: DesktopSession) -> None:
    """Click each notice away, as a person does."""

    def none_left() -> bool:
        for left, top, _right, _bottom in desktop.popups()[:1]:
            desktop.left_click(left + 12, top + 12)
        return not desktop.popups()

    wait_for(none_left, "all notices are clicked away")


# Each kind, on its way from the event to the window


def tile_of(sample: Sample | None) -> Picture:
    """The icon's tile."""
    shown = sample or CALM
    if shown.memory_bytes is None:
        return Picture(Band.UNKNOWN)
    band, _ = next(each for each in BANDS if shown.memory_bytes < each[1])
    return Picture(band, figure_of(shown.memory_bytes))


BANDS = (
    (Band.GREEN, 500 * MIB),
    (Band.YELLOW, 1000 * MIB),
    (Band.ORANGE, 2000 * MIB),
    (Band.RED, 2**63),
)


class Sending:
    """The toolkit and the view of notifications on a desktop of their own."""

    def __init__(self, desktop: DesktopSession, overheard: list[Notice]) -> None:
        self.desktop, self.overheard = desktop, overheard
        self.delivered: list[Delivered] = []
        self.submitted: list[Command] = []
        self.tray = backends.open_desktop(lambda _present: None)
        self.tray.show_images([draw.draw(Picture(Band.GREEN, ".1"), 24)])
        self.tray.show_menu(tuple, self.submitted.append)
        self.notices = NotificationSender(
            Outbox(self.tray, lambda: 0.0), self.delivered.append, tile_of
        )


@pytest.fixture(scope="module")
def sending() -> Iterator[Sending]:
    if lacking := missing_programs("xfce"):
        pytest.skip(missing(*lacking))
    with (
        pytest.MonkeyPatch.context() as environment,
        DesktopSession() as desktop,
        Eavesdropper(desktop.bus_address) as ear,
    ):
        environment.setenv("DBUS_SESSION_BUS_ADDRESS", desktop.bus_address)
        environment.delenv("DISPLAY", raising=False)
        environment.delenv("PYSTRAY_BACKEND", raising=False)
        environment.setenv("PATH", "")  # no notify-send
        sending = Sending(desktop, ear.notices)
        environment.undo()
        thread = threading.Thread(target=sending.tray.run, args=(lambda: None,))
        thread.start()
        wait_for(desktop.items, "the icon is registered")
        yield sending
        sending.tray.stop()
        thread.join(AMPLE_S)
        assert not thread.is_alive()


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_seen(sending: Sending, kind: str) -> None:
    """The daemon is told what `notes` says, and shows it whole, in one window."""
    event = KINDS[kind]
    said = note(event)
    assert said
    assert len(said.title) <= TITLE_MAX
    sending.notices.handle(event)
    result = sending.delivered[-1]
    assert (result.problem, result.title) == (None, said.title)
    assert result.means == "notification service"
    boxes = drawn_notices(sending.desktop, 1)
    keep(sending.desktop, kind, boxes)
    told = sending.overheard[-1]
    assert (told.summary, unescape(told.body)) == (said.title, said.text)
    assert told.urgency == said.urgency
    assert told.hints.get("suppress-sound", False) == said.silent
    told_actions = list(zip(told.actions[::2], told.actions[1::2], strict=True))
    buttons = [label for key, label in told_actions if key != "default"]
    assert buttons == [action.label for action in said.actions]
    assert len(told_actions) - len(buttons) == any(action.on_text for action in said.actions)
    dismiss_all(sending.desktop)
    assert sending.submitted == []


# What can be made for real

SETTINGS = """\
interval_s = {interval_s}
[alerts]
raised_mb = 160
raised_while_processing = true
high_mb = 240
critical_mb = 320
raised_hold_s = 0
high_hold_s = 0
critical_repeat_min = 0.02
recovery_s = 1
temp_mb = 3
available_percent = 100
disk_percent = 100
"""
RAISED, HIGH, OVER_CRITICAL = 200, 280, 350
# Of a button's edge and its face: less is the ground's colour to a person.
NEAR = 6


class Screen:
    """What a person sees and does on a desktop with the real app."""

    def __init__(self, desktop: DesktopSession, app: App, overheard: list[Notice]) -> None:
        self.desktop, self.app, self.overheard = desktop, app, overheard
        self._read = 0

    def see(self, kind: str, beginning: str, body: str = "", within_s: float = AMPLE_S) -> Notice:
        """The next notice with this title and these words, and a screenshot of the screen."""

        def told() -> Notice | None:
            for number, notice in enumerate(self.overheard[self._read :], self._read):
                if notice.summary.startswith(beginning) and body in notice.body:
                    self._read = number + 1
                    return notice
            return None

        try:
            found = wait_for(told, f"a notice {beginning!r}", within_s)
        except AssertionError as error:
            titles = [(each.summary, each.body) for each in self.overheard]
            error.add_note(f"instead: {titles}, log: {self.app.log}")
            raise
        assert found
        keep(self.desktop, f"real-{kind}", drawn_notices(self.desktop))
        return found

    def press(self, label: str, notice: Notice) -> None:
        """Click one of the newest notice's buttons, the only ones on the screen."""
        position = notice.actions[1::2].index(label)
        (box,) = drawn_notices(self.desktop, 1)
        self.desktop.left_click(*button_centres(self.desktop, box)[position])

    def clear(self) -> None:
        dismiss_all(self.desktop)


def button_centres(desktop: DesktopSession, notice: Box) -> list[tuple[int, int]]:
    """The middle of each button from the left: what differs from the ground above their text."""
    left, _top, right, bottom = notice
    y = bottom - 40
    row = desktop.pixels((left, y, right, y + 1)).convert("L").tobytes()
    ground = row[10]
    spans: list[list[int]] = []
    for x in range(10, len(row) - 10):
        if abs(row[x] - ground) >= NEAR:
            if spans and x - spans[-1][-1] <= 3:
                spans[-1].append(x)
            else:
                spans.append([x])
    return [(left + (span[0] + span[-1]) // 2, y + 10) for span in spans if span[-1] - span[0] > 40]


def hold(server: RunAnalyzeServer, mb: float, *, garbage: bool = False) -> None:
    """Let the server hold so much altogether."""
    missing = round(mb - server.rss_mb())
    if missing > 0:
        server.allocate(missing, garbage=garbage)


def settle(server: RunAnalyzeServer, calls: int = 8) -> None:
    """Wait until samples have come that could have raised something."""
    before = server.calls()
    wait_for(lambda: server.calls() >= before + calls, f"{calls} requests more")


def opener(desktop: DesktopSession) -> tuple[str, Path]:
    """A PATH whose xdg-open writes down what it is to open, and where; no notify-send."""
    folder, opened = desktop.home / "bin", desktop.home / "opened"
    folder.mkdir()
    (folder / "xdg-open").write_text(f'#!/bin/sh\necho "$@" > "{opened}"\n')
    (folder / "xdg-open").chmod(0o755)
    if leash := shutil.which("setpriv"):
        (folder / "setpriv").symlink_to(leash)
    return str(folder), opened


def test_what_can_be_made_for_real(
    desktop: DesktopSession, start_app: StartApp, runanalyze_server: ServerFactory
) -> None:
    """A small machine's bad day: each is told, seen, and its buttons work by mouse."""
    server = runanalyze_server()
    path, opened = opener(desktop)
    (Path(desktop.env["XDG_CONFIG_HOME"]) / "autostart").write_text("no folder")
    with Eavesdropper(desktop.bus_address) as ear:
        app = start_app(desktop, "--url", server.url, settings=SETTINGS, env={"PATH": path})
        screen = Screen(desktop, app, ear.notices)

        # Any disk is too full, any machine too small.
        notice = screen.see("disk-full", "Disk nearly full: ")
        screen.press("Open temp directory", notice)
        wait_for(lambda: opened.exists() and opened.read_text(), "it is opened")
        assert opened.read_text() == f"{server.folder / 'tmp'}\n"
        screen.see("scarce", "Machine low on memory: ", "Largest: ")
        screen.clear()

        # Alerts tell what goes on: first a job, then none.
        server.burn(60.0, ffmpeg=True, mb=5)
        app.wait_for_tooltip("processing")

        app.click("History and alerts", "Send a test notification")
        screen.see("test", "Test notification")
        app.click("Settings", "Start at login")
        screen.see("autostart", "Start at login", "Could not enable start at login: ")
        item = app.item()
        desktop.peer.call(item.bus_name, item.path, ITEM, "Activate", "ii", 0, 0)
        screen.see("status", "RunAnalyze: ", "Machine: ")
        screen.clear()
        server.end_ffmpeg()
        app.wait_for_tooltip("idle")  # what follows takes CPU, and would prolong the job

        hold(server, RAISED)
        screen.see("raised", "Raised: ")
        hold(server, HIGH)
        screen.see("high", "High: ")
        hold(server, OVER_CRITICAL)
        screen.see("critical", "Critical: ")
        screen.see("again", "Still critical: ")
        server.free()
        screen.see("recovered", "Back to normal: ", "Peak 3")
        screen.clear()

        # The daemon is killed, and started again: nothing is lost.
        desktop.kill_notifier()
        hold(server, RAISED, garbage=True)
        app.wait_for_label("History and alerts: not delivered")
        desktop.start_notifier()
        notice = screen.see("kept", "Raised: ")
        app.wait_for_tooltip("idle")  # while a job may run it is asked whether to
        screen.press("Free memory, delete old files", notice)
        screen.see("freed", "Freed ", "The server now uses ")
        screen.see("recovered-freed", "Back to normal: ")
        screen.clear()

        # What happens while muted comes as one.
        hold(server, RAISED)
        screen.press("Mute for 30 min", screen.see("mute", "Raised: "))
        app.wait_for_label("Unmute (")
        hold(server, HIGH)
        app.wait_for_tooltip(": 28")  # not 228 MB, on the way there
        server.free()
        settle(server)
        assert desktop.popups() == []
        app.click("Unmute")
        screen.see("held-back", "While muted for ", "High: ")
        screen.clear()

        # Killed at work, and started again.
        server.burn(60.0, ffmpeg=True, mb=5)
        app.wait_for_tooltip("processing")
        server.kill()
        screen.see("gone", "RunAnalyze ended at ", "The running job is lost.")
        server.start()
        screen.see("back", "RunAnalyze is back: ", "It was down for ")
        assert app.log.count("\n") <= 3, app.log


def test_what_jobs_leave_behind_is_told_when_all_is_quiet(
    desktop: DesktopSession, start_app: StartApp, runanalyze_server: ServerFactory
) -> None:
    """Both jobs' files, once, although the second followed at once and was killed."""
    server = runanalyze_server()
    with Eavesdropper(desktop.bus_address) as ear:
        app = start_app(desktop, "--url", server.url, settings=f"{CONFIG}temp_mb = 3\n")
        screen = Screen(desktop, app, ear.notices)
        app.wait_for_tooltip("idle")
        settle(server)  # what lies there before is known

        server.burn(60.0, ffmpeg=True, mb=5)
        app.wait_for_tooltip("processing")
        server.write_tmp(8, "u1/upload.mp4")
        server.write_tmp(20, "u1/processed/processed_video.mp4")
        server.write_tmp(0, "u1/processed/processed_video.mp4")
        server.end_ffmpeg()
        app.wait_for_tooltip("saving")
        # Its last word: without one, a job that leaves files counts as waiting for 60 s.
        server.stage("AFTER_FINAL_GC")
        app.wait_for_tooltip("idle")
        server.burn(60.0, ffmpeg=True, mb=5)
        app.wait_for_tooltip("processing")
        server.write_tmp(4, "u2/upload.mp4")
        server.kill()
        screen.see("gone-again", "RunAnalyze ended at ", "The running job is lost.")
        server.start()
        screen.see(
            "left-behind", "12 MB left in the temp directory", "12 MB in 2 files", 2 * AMPLE_S
        )
        settle(server)
        told = [notice for notice in ear.notices if "temp directory" in notice.summary]
        assert len(told) == 1, told
        assert app.log.count("\n") <= 3, app.log
