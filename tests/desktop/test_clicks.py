"""Clicks that reach the app from outside its menu: buttons of notifications, and its icon."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.desktop.conftest import StartApp
from tests.desktop.recorder import Notice, NotificationRecorder, Watcher
from tests.desktop.running import App, wait_for_panel
from tests.desktop.session import ITEM, SCREEN, Box, DesktopSession
from tests.server.starting import RunAnalyzeServer, ServerFactory
from tests.waiting import AMPLE_S, wait_for
from tray_app.core.analysis.bands import Band
from tray_app.core.monitor.commands import Command, FreeMemory, Mute, OpenTemp, SendTest
from tray_app.core.presentation.icon import Picture
from tray_app.core.presentation.notifications import Action, Note, Urgency
from tray_app.desktop import backends
from tray_app.desktop.linux.notification_service import unbroken
from tray_app.desktop.notifier import DeliveryResult
from tray_app.views.icon import draw

pytestmark = pytest.mark.desktop

GARBAGE_MB = 150  # over the tests' limit for raised, with what a server at rest has
MUTE = Action("Mute for 30 min", Mute(1800.0))
FREE = Action("Free memory", FreeMemory())


# Over the bus alone


class Sender:
    """The toolkit on a bus, and what its buttons have submitted."""

    def __init__(self) -> None:
        self.submitted: list[Command] = []
        self.appeared = threading.Semaphore(0)
        self.desktop = backends.open_desktop(lambda _present: None)
        self.desktop.on_notifier = lambda: self.appeared.release()
        self.desktop.show_images([draw.draw(Picture(Band.GREEN, ".1"), 24)])
        self.desktop.show_menu(lambda: (), self.submitted.append)
        self.thread = threading.Thread(target=self.desktop.run, args=(lambda: None,))

    def send(self, title: str, *actions: Action, word: str = "memory") -> DeliveryResult:
        return self.desktop.notify(Note(title, "text", Urgency.NORMAL, word, actions))

    def wait_for(self, *commands: Command) -> None:
        wait_for(lambda: len(self.submitted) >= len(commands), f"{commands} are submitted")
        assert self.submitted == list(commands)


@pytest.fixture
def recorder(session_bus: DesktopSession) -> Iterator[NotificationRecorder]:
    with (
        Watcher(session_bus.bus_address),
        NotificationRecorder(session_bus.bus_address) as recorder,
    ):
        yield recorder


@pytest.fixture
def sender(
    session_bus: DesktopSession, recorder: NotificationRecorder, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Sender]:
    assert recorder.capabilities
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", session_bus.bus_address)
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("PYSTRAY_BACKEND", raising=False)
    monkeypatch.setenv("PATH", "")  # no notify-send
    sender = Sender()
    sender.thread.start()
    assert sender.appeared.acquire(timeout=AMPLE_S)
    yield sender
    sender.desktop.stop()
    sender.thread.join(AMPLE_S)
    assert not sender.thread.is_alive()


def keys(notice: Notice) -> tuple[str, ...]:
    return notice.actions[::2]


def labels(notice: Notice) -> tuple[str, ...]:
    return notice.actions[1::2]


def test_a_button_submits_its_command(sender: Sender, recorder: NotificationRecorder) -> None:
    """Up to three buttons are shown, in order; a press submits what the label says."""
    more = (Action("Open temp", OpenTemp()), Action("Test", SendTest()))
    sender.send("High", FREE, MUTE, *more)
    (notice,) = recorder.notices
    assert labels(notice) == ("Free memory", "Mute for 30 min", "Open temp")
    recorder.press(notice.id, keys(notice)[1])
    sender.wait_for(Mute(1800.0))


def test_buttons_of_one_kind_are_told_apart(sender: Sender, recorder: NotificationRecorder) -> None:
    """Two mutes are two buttons."""
    sender.send("High", MUTE, Action("Mute for 1 h", Mute(3600.0)))
    (notice,) = recorder.notices
    recorder.press(notice.id, keys(notice)[1])
    sender.wait_for(Mute(3600.0))


def test_a_click_on_the_text_does_nothing(sender: Sender, recorder: NotificationRecorder) -> None:
    """Nor does a key or an id that is nobody's."""
    sender.send("High", FREE)
    (notice,) = recorder.notices
    for number, key in ((notice.id, "default"), (4711, "FreeMemory-0"), (notice.id, "Quit-0")):
        recorder.peer.emit(*_SERVICE, "ActionInvoked", "us", number, key)
    recorder.press(notice.id, keys(notice)[0])
    sender.wait_for(FreeMemory())


_SERVICE = ("/org/freedesktop/Notifications", "org.freedesktop.Notifications")


def test_no_buttons_where_the_service_has_none(
    sender: Sender, recorder: NotificationRecorder
) -> None:
    """The text is delivered all the same."""
    recorder.capabilities = ("body",)
    assert sender.send("High", FREE).problem is None
    assert recorder.notices[0].actions == ()


def test_a_replaced_notification_has_the_newest_buttons(
    sender: Sender, recorder: NotificationRecorder
) -> None:
    """A press that crosses the replacement gets its kind's newest command, or nothing at all."""
    sender.send("High", FREE, MUTE)
    sender.send("Critical", Action("Mute for 1 h", Mute(3600.0)))
    first, second = recorder.notices
    assert second.id == first.id
    recorder.peer.emit(*_SERVICE, "ActionInvoked", "us", first.id, keys(first)[0])
    recorder.press(first.id, keys(first)[1])
    sender.wait_for(Mute(3600.0))


def test_a_figure_keeps_its_unit() -> None:
    """No line is broken between them, nor inside a unit; other spaces stay."""
    shown = unbroken("22.3 GB free in 3 files, 5 % used: 40 s left. +45 MB/s.")
    marked = shown.replace("\N{NO-BREAK SPACE}", "_").replace("\N{WORD JOINER}", "~")
    assert marked == "22.3_GB free in 3 files, 5_% used: 40_s left. +45_MB/~s."


def test_what_was_closed_is_opened_again(sender: Sender, recorder: NotificationRecorder) -> None:
    """A later notification replaces nothing then; others still take turns."""
    sender.send("High")
    recorder.dismiss(recorder.notices[0].id)
    sender.send("No panel", word="host")  # when that is answered, the end of the first was heard
    sender.send("Critical")
    sender.send("Panel", word="host")
    host = recorder.notices[1]
    assert [notice.replaces_id for notice in recorder.notices] == [0, 0, 0, host.id]


def test_another_service_restarts_its_numbers(
    sender: Sender, recorder: NotificationRecorder
) -> None:
    """Ids and buttons of a service that was ended and started again are forgotten."""
    sender.send("High", FREE)
    (old,) = recorder.notices
    recorder.stop()
    recorder.start()
    assert sender.appeared.acquire(timeout=AMPLE_S)
    recorder.peer.emit(*_SERVICE, "ActionInvoked", "us", old.id, keys(old)[0])
    sender.send("Critical", MUTE)
    new = recorder.notices[1]
    assert new.replaces_id == 0
    recorder.press(new.id, keys(new)[0])
    sender.wait_for(Mute(1800.0))


# The whole app


@pytest.fixture
def server(runanalyze_server: ServerFactory) -> RunAnalyzeServer:
    return runanalyze_server()


def notice_of(recorder: NotificationRecorder, beginning: str) -> Notice:
    """The first notice with this title."""

    def found() -> list[Notice]:
        return [notice for notice in recorder.notices if notice.summary.startswith(beginning)]

    return wait_for(found, f"a notice {beginning!r}")[0]


def wait_until_idle(app: App, server: RunAnalyzeServer) -> None:
    """Until the work of allocating, which may look like a job, is over."""
    calls = server.calls()
    wait_for(lambda: server.calls() >= calls + 6, "samples come")
    app.wait_for_tooltip("idle")


def press_free(recorder: NotificationRecorder, alert: Notice) -> Notice:
    """Free memory by an alert's button, and answer the question: allocating may look like a job.

    What it brought.
    """
    recorder.press(alert.id, "FreeMemory-0")

    def told() -> list[Notice]:
        return [it for it in recorder.notices if it.summary.startswith(("Freed ", "Free memory "))]

    notice = wait_for(told, "it is done or asked for")[-1]
    if notice.summary.startswith("Free memory "):
        recorder.press(notice.id, "FreeMemory-0")
    return notice_of(recorder, "Freed ")


def test_a_button_asks_before_files_go(
    session_bus: DesktopSession,
    start_app: StartApp,
    server: RunAnalyzeServer,
    recorder: NotificationRecorder,
) -> None:
    """Memory is freed, and files older than 1 h go, only after a second click."""
    server.write_tmp(50, "u1/killed.mp4", age_hours=2)
    app = start_app(session_bus, "--url", server.url)
    app.wait_for_source("API")
    server.allocate(GARBAGE_MB, garbage=True)
    alert = notice_of(recorder, "Raised: ")
    wait_until_idle(app, server)
    recorder.press(alert.id, "FreeMemory-0")
    question = notice_of(recorder, "Free memory ")
    assert question.body.startswith("This also deletes temp files older than 1 h.")
    assert "There are 50 MB in 1 file now." in question.body
    assert labels(question) == ("Free memory, delete old files",)
    assert "/optimize-memory/" not in server.get("/test/calls")
    recorder.press(question.id, keys(question)[0])
    freed = notice_of(recorder, "Freed ")
    assert freed.body.startswith("Deleted 1 temp file (50 MB). ")
    assert server.get("/test/calls")["/optimize-memory/"] == 1


def activate(app: App) -> None:
    item = app.item()
    app.desktop.peer.call(item.bus_name, item.path, ITEM, "Activate", "ii", 0, 0)


def test_free_memory_from_a_notification(
    session_bus: DesktopSession,
    start_app: StartApp,
    server: RunAnalyzeServer,
    recorder: NotificationRecorder,
) -> None:
    """The button of an alert frees the server's memory, and what it brought is said."""
    app = start_app(session_bus, "--url", server.url)
    app.wait_for_source("API")
    server.allocate(GARBAGE_MB, garbage=True)
    alert = notice_of(recorder, "Raised: ")
    assert labels(alert)[0] == "Free memory, delete old files"
    freed = press_free(recorder, alert)
    assert freed.summary.startswith(f"Freed {GARBAGE_MB} MB in ")
    assert freed.body.startswith("The server now uses ")
    assert server.get("/test/calls")["/optimize-memory/"] == 1
    notice_of(recorder, "Back to normal: ")


def test_a_left_click_shows_the_status_once(
    session_bus: DesktopSession,
    start_app: StartApp,
    server: RunAnalyzeServer,
    recorder: NotificationRecorder,
) -> None:
    """A double click is one click; the next status takes the place of the last."""
    app = start_app(session_bus, "--url", server.url)
    app.wait_for_source("API")
    item = app.item()
    for _ in range(2):  # at once, however busy the machine is
        app.desktop.peer.send(item.bus_name, item.path, ITEM, "Activate", "ii", 0, 0)
    first = notice_of(recorder, "RunAnalyze: ")
    assert "Machine: " in first.body
    calls = server.calls()
    wait_for(lambda: server.calls() >= calls + 6, "more than a second has passed")
    activate(app)
    wait_for(lambda: len(recorder.notices) > 1, "another status")
    assert [notice.replaces_id for notice in recorder.notices] == [0, first.id]


def test_nothing_is_lost_without_a_daemon(
    session_bus: DesktopSession, start_app: StartApp, server: RunAnalyzeServer
) -> None:
    """What could not be delivered is shown once when a daemon comes, with buttons that work."""
    with Watcher(session_bus.bus_address):
        app = start_app(session_bus, "--url", server.url, env={"PATH": ""})
        app.wait_for_source("API")
        server.allocate(GARBAGE_MB, garbage=True)
        app.wait_for_label("History and alerts: not delivered")
        with NotificationRecorder(session_bus.bus_address) as recorder:
            alert = notice_of(recorder, "Raised: ")
            app.wait_for_picture(undelivered=False)
            press_free(recorder, alert)
            titles = [notice.summary.partition(":")[0] for notice in recorder.notices]
            assert titles.count("Raised") == 1


def with_button(command: str) -> str:
    """The app's start with another first button on alerts: what else a button may ask for."""
    return (
        "import sys; from tray_app.cli import main; from tray_app.core.monitor import commands; "
        "from tray_app.core.presentation import notifications; "
        f"notifications.FREE_MEMORY = notifications.Action('Do it', commands.{command}()); "
        "sys.exit(main.main())"
    )


def start_and_press(
    desktop: DesktopSession,
    server: RunAnalyzeServer,
    recorder: NotificationRecorder,
    command: str,
    **options: Any,
) -> App:
    """Start the app so, have it alert, and press that button once the server is seen idle."""
    app = App(desktop, "--url", server.url, code=with_button(command), **options)
    app.wait_for_source("API")
    server.allocate(GARBAGE_MB, garbage=True)
    alert = notice_of(recorder, "Raised: ")
    wait_until_idle(app, server)
    recorder.press(alert.id, f"{command}-0")
    return app


def test_clean_up(
    session_bus: DesktopSession, server: RunAnalyzeServer, recorder: NotificationRecorder
) -> None:
    """Old files are deleted, and the amount is reported."""
    server.write_tmp(3, "u1/old.mp4", age_hours=30)
    server.write_tmp(1, "u1/new.mp4", age_hours=1)
    app = start_and_press(session_bus, server, recorder, "CleanUp")
    question = notice_of(recorder, "Delete temp files older than 24 h?")
    assert question.body == "There are 4 MB in 2 files now."
    recorder.press(question.id, keys(question)[0])
    deleted = notice_of(recorder, "Deleted ")
    assert deleted.summary == "Deleted 1 temp file (3 MB)"
    assert deleted.body.startswith("Temp: 1 MB in 1 file.")
    assert app.log == ""


def test_the_temp_directory_is_opened(
    session_bus: DesktopSession, server: RunAnalyzeServer, recorder: NotificationRecorder
) -> None:
    """By xdg-open, which is given the server's own."""
    folder = session_bus.home / "bin"
    folder.mkdir()
    opened = session_bus.home / "opened"
    (folder / "xdg-open").write_text(f'#!/bin/sh\necho "$@" > "{opened}"\n')
    (folder / "xdg-open").chmod(0o755)
    start_and_press(session_bus, server, recorder, "OpenTemp", env={"PATH": str(folder)})
    wait_for(lambda: opened.exists() and opened.read_text(), "it is opened")
    assert opened.read_text() == f"{server.folder / 'tmp'}\n"


def test_a_desktop_that_opens_nothing(
    session_bus: DesktopSession, server: RunAnalyzeServer, recorder: NotificationRecorder
) -> None:
    """Without xdg-open a notification says so."""
    start_and_press(session_bus, server, recorder, "OpenServer", env={"PATH": ""})
    notice = notice_of(recorder, "Could not open the server's page")
    assert notice.body.startswith(f"{server.url}/docs: xdg-open is missing")


def test_a_test_notification(
    session_bus: DesktopSession, server: RunAnalyzeServer, recorder: NotificationRecorder
) -> None:
    """It is a notification like any other."""
    start_and_press(session_bus, server, recorder, "SendTest")
    assert notice_of(recorder, "Test notification").urgency == Urgency.NORMAL


# A real daemon

NEAR_PANEL_END = (SCREEN[0] - 640, 0, SCREEN[0], 360)
NEAR = 6  # of 255: less is the same colour to a person


def notice_box(desktop: DesktopSession, count: int = 1) -> Box:
    """Where the newest notice is, once there are so many (it is the lowest of them)."""
    wait_for(lambda: len(desktop.popups()) == count, f"{count} notices are on the screen")
    return max(desktop.popups(), key=lambda box: box[3])


def first_button(desktop: DesktopSession, notice: Box) -> tuple[int, int]:
    """A point in the leftmost button: the first change of colour in the lowest part of a notice."""
    left, _top, right, bottom = notice
    y = bottom - 30

    def edge() -> int | None:
        row = desktop.pixels((left, y, right, y + 1)).convert("L").tobytes()
        ground = row[10]
        return next((x for x in range(10, len(row)) if abs(row[x] - ground) > NEAR), None)

    found = wait_for(edge, "a button is drawn")
    assert found
    return left + found + 20, y


def test_buttons_on_a_real_screen(
    desktop: DesktopSession, start_app: StartApp, server: RunAnalyzeServer
) -> None:
    """An alert's buttons are seen, and a mouse click on one of them frees the memory."""
    app = start_app(desktop, "--url", server.url)
    app.wait_for_source("API")
    server.allocate(GARBAGE_MB, garbage=True)
    alert = notice_box(desktop)
    desktop.screenshot("notification-buttons", NEAR_PANEL_END)
    desktop.left_click(*first_button(desktop, alert))
    wait_for(lambda: server.get("/test/calls").get("/optimize-memory/"), "memory is freed")
    app.wait_for_picture(band=Band.GREEN)
    notice_box(desktop, 2)  # what it brought, and that all is well again
    desktop.screenshot("notification-freed", NEAR_PANEL_END)
    assert server.get("/test/calls")["/optimize-memory/"] == 1


def test_a_left_click_in_a_real_panel(
    desktop: DesktopSession, start_app: StartApp, server: RunAnalyzeServer
) -> None:
    """A double click on the icon shows the status in one notice."""
    app = start_app(desktop, "--url", server.url)
    app.wait_for_source("API")
    picture = wait_for_panel(app, band=Band.GREEN)
    assert not picture.undelivered
    icon_at = (SCREEN[0] - 16, 16)
    desktop.left_click(*icon_at)
    desktop.left_click(*icon_at)
    notice_box(desktop)
    desktop.hover(SCREEN[0] // 2, SCREEN[1] // 2)  # no tooltip
    settle_s = server.calls()
    wait_for(lambda: server.calls() >= settle_s + 6, "a second one would have come")
    notice_box(desktop)
    desktop.screenshot("notification-status", NEAR_PANEL_END)


def test_a_real_daemon_ended_and_started_again(
    desktop: DesktopSession, start_app: StartApp, server: RunAnalyzeServer
) -> None:
    """Undelivered notifications come later, once, and so do the next ones."""
    app = start_app(desktop, "--url", server.url, env={"PATH": ""})
    app.wait_for_source("API")
    desktop.kill_notifier()
    server.allocate(GARBAGE_MB, garbage=True)
    app.wait_for_label("History and alerts: not delivered")
    assert desktop.popups() == []
    desktop.start_notifier()
    alert = notice_box(desktop)
    app.wait_for_picture(undelivered=False)
    desktop.left_click(*first_button(desktop, alert))
    notice_box(desktop, 2)
    assert server.get("/test/calls")["/optimize-memory/"] == 1
    desktop.kill_notifier()
    desktop.start_notifier()
    activate(app)
    notice_box(desktop)
