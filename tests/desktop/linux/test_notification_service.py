"""The notification service as this program uses it, before a service that records."""

from __future__ import annotations

import gc
import json
import queue
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from msgspec.structs import replace

from tests.desktop.conftest import StartApp, StartDesktop
from tests.desktop.linux.served import Rest, serving
from tests.desktop.recorder import NOTIFICATIONS, NotificationRecorder, Watcher
from tests.desktop.running import state_file
from tests.desktop.session import SCREEN, DesktopSession, Patch
from tests.desktop.test_every_notification import KINDS, tile_of
from tests.desktop.wire import DBUS, Heard, Later, Reply
from tests.needs import path_of
from tests.waiting import AMPLE_S, END_LIMIT_S, wait_for
from tray_app.core.analysis.bands import Band
from tray_app.core.model.icon_options import Palette
from tray_app.core.monitor.commands import Command, FreeMemory
from tray_app.core.monitor.inputs import Delivered
from tray_app.core.presentation.icon import Picture
from tray_app.core.presentation.notifications import Action, Note, Urgency
from tray_app.desktop import backends, panel_icon
from tray_app.desktop.linux.notification_service import BusNotifications
from tray_app.desktop.linux.session_bus import SessionBus
from tray_app.views.icon import draw
from tray_app.views.icon.palette import COLOURS
from tray_app.views.notifications import NotificationSender, Outbox

pytestmark = pytest.mark.desktop

HIGH = Note("High", "text", Urgency.NORMAL, "memory", (Action("Free memory", FreeMemory()),))
CRITICAL = replace(HIGH, title="Critical", urgency=Urgency.CRITICAL)
BACK = Note("Back to normal", "text", Urgency.LOW, "memory")
TILE = draw.draw(Picture(Band.RED, "3.1"), 48)

WHOLE = (0, 0, *SCREEN)
# Of a tile of 48 px: its figure covers the rest. dunst would draw a logo of 128 px.
TILE_PX = (40, 56)


@contextmanager
def tray_on(
    session_bus: DesktopSession, monkeypatch: pytest.MonkeyPatch
) -> Iterator[panel_icon.Desktop]:
    """The desktop alone, while it runs."""
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", session_bus.bus_address)
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("PYSTRAY_BACKEND", raising=False)
    tray = backends.open_desktop(lambda _present: None)
    tray.show_images([TILE])
    ready = threading.Event()
    thread = threading.Thread(target=tray.run, args=(ready.set,))
    thread.start()
    try:
        assert ready.wait(AMPLE_S)
        yield tray
    finally:
        tray.stop()
        thread.join(AMPLE_S)
    assert not thread.is_alive()


@pytest.mark.parametrize("server", ["gnome-shell", "recorder"])
def test_gnome_draws_buttons_only_on_a_new_notification(
    session_bus: DesktopSession, monkeypatch: pytest.MonkeyPatch, server: str
) -> None:
    """So there, and only there, one with buttons closes the one before; all else replaces it."""
    with (
        Watcher(session_bus.bus_address),
        NotificationRecorder(session_bus.bus_address, server=server) as recorder,
        tray_on(session_bus, monkeypatch) as tray,
    ):
        for note in (HIGH, replace(HIGH, title="Higher"), CRITICAL, CRITICAL, BACK):
            assert tray.notify(note).problem is None
        high, higher, critical, again, back = recorder.notices
        with_buttons = [higher.replaces_id, critical.replaces_id, again.replaces_id]
        if server == "gnome-shell":
            assert with_buttons == [0, 0, 0]
            assert recorder.closed == [high.id, higher.id, critical.id]
        else:
            assert (with_buttons, recorder.closed) == ([high.id] * 3, [])
        assert back.replaces_id == again.id
        assert len(recorder.shown) == 1


def test_critical_stays_until_it_is_closed(
    session_bus: DesktopSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MATE would close it after 8 s; how long others stay is the service's choice."""
    with (
        Watcher(session_bus.bus_address),
        NotificationRecorder(session_bus.bus_address) as recorder,
        tray_on(session_bus, monkeypatch) as tray,
    ):
        for note in (HIGH, CRITICAL, BACK):
            tray.notify(note)
        assert [notice.expire_ms for notice in recorder.notices] == [-1, 0, -1]


@pytest.mark.parametrize(
    ("version", "name"), [("1.2", "image-data"), ("1.1", "image_data"), ("1.0", "icon_data")]
)
def test_the_picture_goes_along(
    session_bus: DesktopSession, monkeypatch: pytest.MonkeyPatch, version: str, name: str
) -> None:
    """Under its name in this version of the protocol; without one there is the program's logo."""
    with (
        Watcher(session_bus.bus_address),
        NotificationRecorder(session_bus.bus_address, version=version) as recorder,
        tray_on(session_bus, monkeypatch) as tray,
    ):
        tray.notify(HIGH, TILE)
        tray.notify(HIGH)
        with_picture, without = recorder.notices
        assert with_picture.hints[name] == (48, 48, 192, True, 8, 4, TILE.tobytes())
        assert name not in without.hints
        assert without.icon


@pytest.mark.parametrize(("server", "size_px"), [("dunst", 96), ("mako", 64), ("recorder", 48)])
def test_a_chart_has_the_size_that_the_service_shows(
    session_bus: DesktopSession, monkeypatch: pytest.MonkeyPatch, server: str, size_px: int
) -> None:
    """Known before the first notification; 48 px where no service answers."""
    with Watcher(session_bus.bus_address), tray_on(session_bus, monkeypatch) as tray:
        assert tray.chart_px() == 48
        with NotificationRecorder(session_bus.bus_address, server=server):
            assert tray.chart_px() == size_px


def test_bytes_that_are_no_text_are_cleaned(
    session_bus: DesktopSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A lone surrogate and a NUL would end the connection."""
    with (
        Watcher(session_bus.bus_address),
        NotificationRecorder(session_bus.bus_address) as recorder,
        tray_on(session_bus, monkeypatch) as tray,
    ):
        broken = b"caf\xe9".decode("utf-8", "surrogateescape")
        note = Note(f"{broken}\n", f"{broken}\0: 1\u202e2\nnext", Urgency.NORMAL, "memory")
        assert tray.notify(note).problem is None
        (notice,) = recorder.notices
        assert notice.summary == "caf\ufffd\\n"
        assert notice.body == "caf\ufffd\\x00: 1\\u202e2\nnext"


def test_a_button_that_is_pressed_at_once_is_heard(session_bus: DesktopSession) -> None:
    """Also where the press is read together with the answer that says which number it has."""
    pressed: list[Command] = []
    rests: list[Rest] = []
    sent = queue.SimpleQueue[None]()
    bus = SessionBus(session_bus.bus_address)
    notify = BusNotifications(bus, "RunAnalyze", "runanalyze-tray", pressed.append)

    class Hasty(NotificationRecorder):
        def _notify(self, call: Heard) -> Reply | Later | None:
            rests.append(Rest(bus))
            answer = super()._notify(call)
            self.press(self.notices[-1].id, self.notices[-1].actions[0])
            return answer

    def send() -> None:
        note = {"title": "High", "message": "text", "hints": {"actions": HIGH.actions}}
        notify(note, lambda _problem: None)
        sent.put(None)

    with Hasty(session_bus.bus_address) as recorder, serving(bus):
        threading.Thread(target=send).start()
        wait_for(lambda: rests, "it is shown")
        recorder.peer.call(*DBUS, "GetId")  # after the answer and the press
        rests[0].end()
        sent.get(timeout=AMPLE_S)
        wait_for(lambda: pressed, "the press is heard")
    assert pressed == [FreeMemory()]


def test_one_that_is_no_longer_true_is_closed(
    session_bus: DesktopSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once; another topic stays, and a next one comes as a new one."""
    with (
        Watcher(session_bus.bus_address),
        NotificationRecorder(session_bus.bus_address) as recorder,
        tray_on(session_bus, monkeypatch) as tray,
    ):
        tray.notify(CRITICAL)
        tray.notify(replace(HIGH, replace="temp"))
        tray.close_note("memory")
        wait_for(lambda: recorder.closed == [1], "it is closed")
        tray.close_note("memory")
        tray.notify(CRITICAL)
        assert recorder.closed == [1]
        assert [notice.replaces_id for notice in recorder.notices] == [0, 0, 0]
        assert sorted(recorder.shown) == [2, 3]


def test_the_end_closes_what_is_on_the_screen(
    session_bus: DesktopSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Except for the summary of a run that ends, which comes just before."""
    with (
        Watcher(session_bus.bus_address),
        NotificationRecorder(session_bus.bus_address) as recorder,
    ):
        with tray_on(session_bus, monkeypatch) as tray:
            tray.notify(CRITICAL)
            tray.notify(Note("Free memory?", "text", Urgency.NORMAL, "server-action"))
            tray.notify(Note("Summary", "text", Urgency.NORMAL, "summary", stays=True))
            left = tray.notes_left()
            assert left is not None
            assert left["ids"] == [1, 2]
        wait_for(lambda: sorted(recorder.closed) == [1, 2], "they are closed")
        assert sorted(recorder.shown) == [3]
        assert tray.notes_left() is None


def test_a_service_that_hangs_does_not_delay_the_end(
    session_bus: DesktopSession,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It gets 0.4 s to close what is on the screen; nothing is logged of it."""
    with (
        Watcher(session_bus.bus_address),
        NotificationRecorder(session_bus.bus_address) as recorder,
    ):
        with tray_on(session_bus, monkeypatch) as tray:
            tray.notify(CRITICAL)
            recorder.behaviour = "hang"
            ends_s = time.monotonic()
        assert time.monotonic() - ends_s < END_LIMIT_S
        assert recorder.closed == []
    gc.collect()  # a failure that nobody has read is logged then
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


def test_what_a_crash_leaves_is_closed_by_the_next_run(
    session_bus: DesktopSession, start_app: StartApp
) -> None:
    """If it is the same service; its numbers mean nothing to another one."""
    with (
        Watcher(session_bus.bus_address),
        NotificationRecorder(session_bus.bus_address) as recorder,
    ):
        app = start_app(session_bus, "--url", "http://127.0.0.1:9")
        app.click("History and alerts", "Send a test notification")
        file = state_file(session_bus)
        wait_for(lambda: file.exists() and '"ids":[1]' in file.read_text(), "its number is kept")
        app.end(signal.SIGKILL)
        assert list(recorder.shown) == [1]

        again = start_app(session_bus, "--url", "http://127.0.0.1:9", name="again")
        again.item()
        wait_for(lambda: recorder.closed == [1], "the next run closes it")
        again.click("History and alerts", "Send a test notification")
        wait_for(lambda: '"ids":[2]' in file.read_text(), "the next number is kept")
        again.end(signal.SIGTERM)
        wait_for(lambda: recorder.closed == [1, 2], "the end closes its own")
        assert "notifications" not in json.loads(file.read_text())

        left = {"bus": "another", "owner": recorder.peer.name, "ids": [7]}
        file.write_text(json.dumps({"version": 1, "notifications": left}))
        third = start_app(session_bus, "--url", "http://127.0.0.1:9", name="third")
        third.click("History and alerts", "Send a test notification")
        wait_for(lambda: len(recorder.notices) == 3, "it runs")
        assert recorder.closed == [1, 2]


# In dunst, which people run beside a bare window manager


def tile_in(desktop: DesktopSession, band: Band) -> Patch | None:
    """A tile of this band, as large as it was sent."""
    patch = desktop.find_colour(COLOURS[Palette.STANDARD][band], tolerance=2, box=WHOLE)
    if patch is None:
        return None
    left, top, right, bottom = patch.box
    sides = (right - left, bottom - top)
    return patch if all(TILE_PX[0] <= side <= TILE_PX[1] for side in sides) else None


def test_dunst_shows_replaces_and_closes(
    start_desktop: StartDesktop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the icon's tile in its own size; the recovery takes its place, and the end closes it."""
    dunst = path_of("dunst")
    desktop = start_desktop(host="none", notifier=False)
    desktop.start("dunst", dunst)
    wait_for(lambda: desktop.peer.owner(NOTIFICATIONS), "dunst is there")
    with tray_on(desktop, monkeypatch) as tray:
        delivered = list[Delivered]()
        notices = NotificationSender(Outbox(tray, lambda: 0.0), delivered.append, tile_of)
        notices.handle(KINDS["critical"])
        wait_for(lambda: tile_in(desktop, Band.RED), "the red tile")
        desktop.screenshot("dunst-critical")
        notices.handle(KINDS["recovered"])
        wait_for(lambda: tile_in(desktop, Band.GREEN), "the green tile")
        assert len(desktop.popups()) == 1
        assert [each.problem for each in delivered] == [None, None]
    wait_for(lambda: not desktop.popups(), "nothing is left")


def test_closing_it_or_pressing_a_button_is_told(
    session_bus: DesktopSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once, with the newest notification in that place; what expires was closed by nobody."""
    told: list[tuple[str, bool]] = []
    with (
        Watcher(session_bus.bus_address),
        NotificationRecorder(session_bus.bus_address) as recorder,
        tray_on(session_bus, monkeypatch) as tray,
    ):
        tray.on_note_ended = lambda note, clicked: told.append((note.title, clicked))
        for note in (HIGH, CRITICAL):
            tray.notify(note)
        recorder.dismiss(recorder.notices[-1].id)
        wait_for(lambda: told == [("Critical", False)], "it was closed")
        tray.notify(BACK)
        recorder.dismiss(recorder.notices[-1].id, reason=1)
        tray.notify(HIGH)
        notice = recorder.notices[-1]
        recorder.press(notice.id, notice.actions[0])
        recorder.dismiss(notice.id)
        wait_for(lambda: len(told) > 1, "it was clicked")
    assert told == [("Critical", False), ("High", True)]
