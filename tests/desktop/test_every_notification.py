"""Every kind of notification, seen once in a real daemon (xfce4-notifyd); screenshots are kept.

What can be made for real in seconds comes from the real app and a real server; each kind, also
those, is besides sent on its real way, from `Notices.handle` to the daemon's window.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from html import unescape
from typing import get_args

import pytest

from tests.desktop.conftest import StartApp
from tests.desktop.recorder import Eavesdropper, Notice
from tests.desktop.running import App
from tests.desktop.session import ITEM, SCREEN, Box, DesktopSession, missing_programs
from tests.server.starting import RunAnalyzeServer, ServerFactory
from tests.waiting import wait_for
from tray_app.core import clicks, events
from tray_app.core.activity import Activity
from tray_app.core.alerts import Level
from tray_app.core.bands import Band
from tray_app.core.commands import Command
from tray_app.core.errands import Errand, Extent, Outcome
from tray_app.core.events import (
    Alerted,
    AutostartFailed,
    Back,
    DiskFull,
    Eased,
    ErrandEnded,
    Event,
    Gone,
    Grown,
    HeldBack,
    HostMissing,
    Leaking,
    Littered,
    Recovered,
    Scarce,
    Summarised,
    Told,
    WorkerReplaced,
)
from tray_app.core.forecast import Forecast, Kind
from tray_app.core.growth import Growing
from tray_app.core.keeping import Leak
from tray_app.core.link import ApiCondition, ApiState
from tray_app.core.modes import Mode
from tray_app.core.notes import note
from tray_app.core.picture import Picture
from tray_app.core.readings import (
    GIB,
    MIB,
    Disk,
    Now,
    ProcessRow,
    Role,
    Source,
    SystemMemory,
    TempUsage,
)
from tray_app.core.sample import Sample
from tray_app.core.stage import Stage
from tray_app.core.state import Delivered
from tray_app.core.summary import Summary
from tray_app.desktop import toolkit
from tray_app.views import icon
from tray_app.views.notices import Notices

pytestmark = pytest.mark.desktop

# What is written in a notice has more colours than its ground and its edge.
COLOURS_OF_TEXT = 40
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
FULL = replace(
    BUSY,
    memory_bytes=3174 * MIB,
    forecast=Forecast(Kind.FULL, 39.0),
    system=replace(SHORT, available_bytes=900 * MIB),
)
HOLDERS = (
    ProcessRow(9, "firefox", Role.OTHER, 9 * GIB, None),
    ProcessRow(42, "uvicorn", Role.TARGET, 1620 * MIB, None),
    ProcessRow(43, "gnome-shell", Role.OTHER, 410 * MIB, None),
)
HIGH_THEN_WELL = (
    Alerted(Level.HIGH, 2000, replace(IDLE, at=Now(5500.0, NOW.wall_s - 1700.0))),
    Recovered(Level.HIGH, 2100 * MIB, replace(CALM, at=Now(7100.0, NOW.wall_s - 100.0))),
)
MUTED_SINCE = Now(NOW.mono_s - 1800.0, NOW.wall_s - 1800.0)

KINDS: dict[str, Event] = {
    "elevated": Alerted(Level.ELEVATED, 1500, IDLE),
    "elevated-processing": Alerted(Level.ELEVATED, 1500, BUSY),
    "high": Alerted(Level.HIGH, 2000, replace(BUSY, memory_bytes=2100 * MIB)),
    "critical": Alerted(Level.CRITICAL, 3000, FULL),
    "foretold": Alerted(Level.CRITICAL, 3000, BUSY, forecast=Forecast(Kind.CRITICAL, 31.0)),
    "foretold-full": Alerted(Level.CRITICAL, 3000, BUSY, forecast=Forecast(Kind.FULL, 42.0)),
    "again": Alerted(Level.CRITICAL, 3000, replace(IDLE, memory_bytes=3174 * MIB), again=True),
    "recovered": Recovered(Level.HIGH, 2500 * MIB, CALM),
    "scarce": Scarce(SHORT, HOLDERS, IDLE),
    "scarce-limited": Scarce(replace(SHORT, limited=True), HOLDERS[1:2], BUSY),
    "eased": Eased(CALM),
    "gone": Gone(3277 * MIB, True, None, CALM),
    "gone-out-of-memory": Gone(3277 * MIB, True, 1, CALM),
    "gone-idle": Gone(1700 * MIB, False, None, CALM),
    "back": Back(42.0, CALM),
    "worker-replaced": WorkerReplaced(900 * MIB, BUSY),
    "leak": Leaking(Leak((140 * MIB, 60 * MIB, 81 * MIB), 281 * MIB, 3), IDLE),
    "leak-long": Leaking(Leak((140 * MIB,) * 12, 2100 * MIB, 15), IDLE),
    "growth": Grown(Growing(45 * MIB, 900.0), IDLE),
    "left-behind": Littered(320 * MIB, IDLE),
    "disk-full": DiskFull(Disk(100 * GIB, 3 * GIB), IDLE),
    "held-back": HeldBack(HIGH_THEN_WELL, 0, MUTED_SINCE, NOW),
    "held-back-one": HeldBack(HIGH_THEN_WELL[:1], 0, MUTED_SINCE, NOW),
    "held-back-asleep": HeldBack(HIGH_THEN_WELL * 5, 3, MUTED_SINCE, NOW, slept_s=28800.0),
    "quick-test": Summarised(Summary(30.0, 15, 400 * MIB, 350.0 * MIB, 0.0), ends_run=False),
    "test": clicks.test(),
    "status": Told(
        "RunAnalyze: 1.58 GB · yellow · +45 MB/s",
        "API, 370 ms · intensive: frames, 18 s\nSystem: 10.0 GB of 16.0 GB free (38 % used)",
        "status",
    ),
    "freed": ErrandEnded(
        Outcome(Errand.FREE_MEMORY, 2.0, Extent(1620 * MIB), Extent(1420 * MIB)),
    ),
    "cleaned": ErrandEnded(
        Outcome(Errand.CLEAN_UP, 2.0, Extent(340 * MIB, 7), Extent(20 * MIB, 1)),
    ),
    "not-freed": ErrandEnded(Outcome(Errand.FREE_MEMORY, problem="no answer for 10 s")),
    "not-opened": clicks.not_opened("/srv/runanalyze/tmp", "xdg-open is missing"),
    "autostart": AutostartFailed(on=True, reason="Permission denied"),
    "host-missing": HostMissing(),
}
SILENT = (
    events.Sampled,
    events.Compared,
    events.Said,
    events.SourceChanged,
    events.TargetChanged,
    events.JobStarted,
    events.JobEnded,
    events.Chosen,
    events.AutostartWanted,
    events.ErrandAsked,
    events.OpenAsked,
    events.NotifierCame,
    events.Ended,
)


def test_no_kind_is_left_out() -> None:
    """An event that is not named here has a notification that is looked at here."""
    shown = {type(event) for event in KINDS.values()}
    assert shown | set(SILENT) == set(get_args(Event))
    assert not shown & set(SILENT)


# On the screen


def drawn_notices(desktop: DesktopSession, count: int) -> list[Box]:
    """Where so many notices are, from the top down, once their text is painted."""

    def painted() -> list[Box] | None:
        boxes = sorted(desktop.popups(), key=lambda box: box[1])
        if len(boxes) != count:
            return None
        colours = [desktop.pixels(box).getcolors(COLOURS_OF_TEXT) for box in boxes]
        return boxes if all(few is None for few in colours) else None

    found = wait_for(painted, f"{count} notices are painted")
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


class Sending:
    """The toolkit and the view of notifications on a desktop of their own."""

    def __init__(self, desktop: DesktopSession, overheard: list[Notice]) -> None:
        self.desktop, self.overheard = desktop, overheard
        self.delivered: list[Delivered] = []
        self.submitted: list[Command] = []
        self.tray = toolkit.open_desktop("runanalyze-tray", lambda _present: None)
        self.tray.show_images([icon.draw(Picture(Band.GREEN, ".1"), 24)])
        self.tray.show_menu((), self.submitted.append)
        self.notices = Notices(self.tray, self.delivered.append, lambda: 0.0)


@pytest.fixture(scope="module")
def sending() -> Iterator[Sending]:
    if missing := missing_programs("xfce"):
        pytest.skip(f"missing here: {', '.join(missing)} (tests/run installs them)")
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
        thread.join(5)
        assert not thread.is_alive()


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_seen(sending: Sending, kind: str) -> None:
    """The daemon is told what `notes` says, and shows it whole, in one window."""
    event = KINDS[kind]
    said = note(event)
    assert said
    sending.notices.handle(event)
    assert sending.delivered[-1] == Delivered(None, said.title, "notification service")
    boxes = drawn_notices(sending.desktop, 1)
    keep(sending.desktop, kind, boxes)
    told = sending.overheard[-1]
    assert (told.summary, unescape(told.body)) == (said.title, said.text)
    assert told.urgency == said.urgency
    assert told.actions[1::2] == tuple(action.label for action in said.actions)
    dismiss_all(sending.desktop)
    assert sending.submitted == []
