"""Notifications: what a daemon is told, and what happens when it does not take it."""

from __future__ import annotations

import queue
import shutil
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace

from tests.desktop.conftest import StartApp
from tests.desktop.recorder import Notice, NotificationRecorder, Watcher
from tests.desktop.running import App, state_file, wait_for_panel
from tests.desktop.session import SCREEN, DesktopSession
from tests.server.starting import RunAnalyzeServer, ServerFactory
from tests.waiting import AMPLE_S, wait_for
from tray_app.core.analysis.bands import Band
from tray_app.core.monitor.commands import Command, FreeMemory, Quit
from tray_app.core.presentation.icon import Picture
from tray_app.core.presentation.menu_row import Row
from tray_app.core.presentation.notifications import Action, Note, Urgency
from tray_app.desktop import backends, panel_icon
from tray_app.desktop.linux import notification_service
from tray_app.desktop.notifier import DeliveryResult
from tray_app.views.icon import draw

pytestmark = pytest.mark.desktop

LOW, NORMAL, CRITICAL = 0, 1, 2
# Between the limits of the tests' config: raised 160, high 240, critical 320.
CALM, RAISED, HIGH, OVER_CRITICAL = 90, 200, 280, 350
# Other tests want raised all the same: to allocate takes CPU, which may look like processing.
AS_USUAL = {"RUNANALYZE_TRAY_ALERTS_RAISED_WHILE_PROCESSING": "false"}


@pytest.fixture
def server(runanalyze_server: ServerFactory) -> RunAnalyzeServer:
    return runanalyze_server()


@pytest.fixture
def recorder(session_bus: DesktopSession) -> Iterator[NotificationRecorder]:
    """A daemon on ``session_bus`` that records, and a watcher, so that nothing is missing."""
    with (
        Watcher(session_bus.bus_address),
        NotificationRecorder(session_bus.bus_address) as recorder,
    ):
        yield recorder


def hold(server: RunAnalyzeServer, mb: float) -> None:
    """Let the server hold so much altogether."""
    missing = round(mb - server.rss_mb())
    if missing > 0:
        server.allocate(missing)


def wait_for_notice(recorder: NotificationRecorder, count: int) -> Notice:
    """The newest notice, once there are so many."""
    wait_for(lambda: len(recorder.notices) >= count, f"{count} notices")
    assert len(recorder.notices) == count, [notice.summary for notice in recorder.notices]
    return recorder.notices[-1]


def jump(app: App, server: RunAnalyzeServer, mb: float) -> None:
    """Hold so much from one sample to the next: no sample falls into the middle of it."""
    app.click("Pause")
    app.wait_for_picture(paused=True)
    hold(server, mb)
    app.click("Resume")


def wait_for_critical(recorder: NotificationRecorder) -> Notice:
    """The notice of a critical alert; a sample on the way may have brought a lower one first."""

    def critical() -> list[Notice]:
        return [notice for notice in recorder.notices if notice.summary.startswith("Critical: ")]

    return wait_for(critical, "a critical alert")[0]


def settle(app: App, server: RunAnalyzeServer) -> None:
    """Wait until samples have come that could have raised something."""
    calls = server.calls()
    wait_for(lambda: server.calls() >= calls + 4, "four requests more")
    app.wait_for_source("API")


def bare_path(desktop: DesktopSession) -> str:
    """A PATH without notify-send, which would be the next means for 5 s more."""
    folder = desktop.home / "bin"
    folder.mkdir()
    if leash := shutil.which("setpriv"):
        (folder / "setpriv").symlink_to(leash)
    return str(folder)


def test_one_per_level(
    session_bus: DesktopSession,
    start_app: StartApp,
    server: RunAnalyzeServer,
    recorder: NotificationRecorder,
) -> None:
    """Each level on the way up is told once, in the place of the one before; so is the end."""
    app = start_app(session_bus, "--url", server.url)
    app.wait_for_source("API")
    assert recorder.notices == []
    hold(server, RAISED)
    raised = wait_for_notice(recorder, 1)
    settle(app, server)
    hold(server, HIGH)
    high = wait_for_notice(recorder, 2)
    hold(server, OVER_CRITICAL)
    critical = wait_for_notice(recorder, 3)
    settle(app, server)
    server.free()
    recovery = wait_for_notice(recorder, 4)

    told = [raised, high, critical, recovery]
    beginnings = ["Raised: ", "High: ", "Critical: ", "Back to normal: "]
    for notice, beginning in zip(told, beginnings, strict=True):
        assert notice.summary.startswith(beginning)
        assert notice.app_name == "RunAnalyze"
        assert Path(notice.icon).is_file()
        assert notice.hints["desktop-entry"] == "runanalyze-tray"
    # To allocate takes CPU, and a sample that falls into it sees the server processing: then
    # raised is not urgent. Which comes when is a unit test's matter.
    first = LOW if "Normal while processing" in raised.body else NORMAL
    assert [notice.urgency for notice in told] == [first, NORMAL, CRITICAL, LOW]
    assert [notice.replaces_id for notice in told] == [0, raised.id, raised.id, raised.id]
    assert len(recorder.shown) == 1


def test_a_skipped_level_is_not_told(
    session_bus: DesktopSession,
    start_app: StartApp,
    server: RunAnalyzeServer,
    recorder: NotificationRecorder,
) -> None:
    """A jump over two levels tells only the highest; below 90 % of a level it is armed again."""
    app = start_app(session_bus, "--url", server.url)
    app.wait_for_source("API")
    jump(app, server, OVER_CRITICAL)
    assert wait_for_notice(recorder, 1).summary.startswith("Critical: ")
    settle(app, server)
    server.free()
    assert wait_for_notice(recorder, 2).summary.startswith("Back to normal: ")
    jump(app, server, OVER_CRITICAL)
    assert wait_for_notice(recorder, 3).summary.startswith("Critical: ")


def test_processing_changes_words_and_urgency(
    session_bus: DesktopSession,
    start_app: StartApp,
    server: RunAnalyzeServer,
    recorder: NotificationRecorder,
) -> None:
    """Raised during a job is normal: it notifies, without urgency, only on request. Critical names
    the risk."""
    app = start_app(session_bus, "--url", server.url)
    app.wait_for_source("API")
    server.burn(120, ffmpeg=True, mb=20)
    app.wait_for_tooltip("processing")
    hold(server, RAISED)
    raised = wait_for_notice(recorder, 1)
    assert raised.urgency == LOW
    assert "ormal while processing" in raised.body
    hold(server, OVER_CRITICAL)
    critical = wait_for_critical(recorder)
    assert critical.urgency == CRITICAL
    assert "Processing may fail" in critical.body or "Above your limit" in critical.body


def test_raised_while_processing_interrupts_nobody(
    session_bus: DesktopSession,
    start_app: StartApp,
    server: RunAnalyzeServer,
    recorder: NotificationRecorder,
) -> None:
    """The menu and the log say it; the first notification is of what is not normal."""
    app = start_app(session_bus, "--url", server.url, env=AS_USUAL)
    app.wait_for_source("API")
    server.burn(120, ffmpeg=True, mb=20)
    app.wait_for_tooltip("processing")
    hold(server, RAISED)
    wait_for(
        lambda: any(" · raised" in label for label in app.labels()),
        "the menu says it",
    )
    assert recorder.notices == []
    hold(server, OVER_CRITICAL)
    assert wait_for_notice(recorder, 1).summary.startswith("Critical")


def test_pending_alerts_outlive_a_crash(
    session_bus: DesktopSession,
    start_app: StartApp,
    server: RunAnalyzeServer,
    recorder: NotificationRecorder,
) -> None:
    """The next run holds it back, too, and tells it in the summary."""
    app = start_app(session_bus, "--url", server.url)
    app.wait_for_source("API")
    app.click("Mute", "For 30 min")
    app.wait_for_label("Unmute (")
    jump(app, server, HIGH)
    file = state_file(session_bus)
    wait_for(file.exists, "the mute is remembered")
    wait_for(lambda: "High: " in file.read_text(), "so is what is held back")
    app.end(signal.SIGKILL)
    server.free()

    again = start_app(session_bus, "--url", server.url, name="again")
    again.wait_for_label("Unmute (")
    wait_for(lambda: "Back to normal: " in file.read_text(), "the end of it, too")
    assert recorder.notices == []
    again.click("Unmute")
    summary = wait_for_notice(recorder, 1)
    assert summary.summary.startswith("While muted for ")
    assert summary.summary.endswith(": 2 messages")
    lines = summary.body.splitlines()
    assert [line.split(":")[0] for line in lines] == ["Back to normal", "High"]
    wait_for(lambda: "High: " not in file.read_text(), "it is not told again")


def test_a_critical_that_is_over_is_closed_in_a_mute(
    session_bus: DesktopSession,
    start_app: StartApp,
    server: RunAnalyzeServer,
    recorder: NotificationRecorder,
) -> None:
    """It is no longer true; the summary comes after the mute. A pause closes it, too."""
    app = start_app(session_bus, "--url", server.url)
    app.wait_for_source("API")
    app.click("Mute", "For 30 min")
    app.wait_for_label("Unmute (")
    jump(app, server, OVER_CRITICAL)
    critical = wait_for_critical(recorder)
    server.free()
    wait_for(lambda: recorder.closed == [critical.id], "it is closed")
    app.click("Unmute")
    wait_for(lambda: "Back to normal" in recorder.notices[-1].summary, "its end is told")
    jump(app, server, OVER_CRITICAL)
    wait_for(lambda: "Critical: " in recorder.notices[-1].summary, "it comes again")
    standing = recorder.notices[-1].id
    app.click("Pause")
    wait_for(lambda: standing in recorder.closed, "it is closed")


@pytest.mark.parametrize("sign", [signal.SIGTERM, None])
def test_the_end_closes_what_is_on_the_screen(
    session_bus: DesktopSession,
    start_app: StartApp,
    server: RunAnalyzeServer,
    recorder: NotificationRecorder,
    sign: signal.Signals | None,
) -> None:
    """An alert and a question, whose buttons nobody would hear; by Quit as by a signal."""
    app = start_app(session_bus, "--url", server.url)
    app.wait_for_source("API")
    server.burn(120, ffmpeg=True, mb=20)
    app.wait_for_tooltip("processing")
    jump(app, server, OVER_CRITICAL)
    critical = wait_for_critical(recorder)
    recorder.press(critical.id, critical.actions[0])
    question = wait_for(
        lambda: [each for each in recorder.notices if each.summary.endswith("?")], "it asks"
    )[0]
    app.click("History and alerts", "Send a test notification")
    wait_for(lambda: recorder.notices[-1].summary == "Test notification", "another one stands")
    assert question.id in recorder.shown
    if sign:
        app.end(sign)
    else:
        app.click("Quit")
        app.process.wait(AMPLE_S)
    assert recorder.shown == {}
    assert question.id in recorder.closed


def test_a_hanging_daemon_delays_nothing(
    session_bus: DesktopSession,
    start_app: StartApp,
    server: RunAnalyzeServer,
    recorder: NotificationRecorder,
) -> None:
    """While a daemon takes a notification and never answers, samples and icon go on; then the
    problem is reported."""
    recorder.behaviour = "hang"
    app = start_app(session_bus, "--url", server.url, env={"PATH": bare_path(session_bus)})
    app.wait_for_source("API")
    hold(server, RAISED)
    app.wait_for_picture(band=Band.YELLOW, undelivered=False)
    calls = server.calls()
    hold(server, OVER_CRITICAL)
    app.wait_for_picture(band=Band.RED, undelivered=False)
    wait_for(lambda: server.calls() >= calls + 8, "requests go on")
    app.wait_for_label("History and alerts: not delivered")
    app.wait_for_picture(undelivered=True)
    recorder.behaviour = "answer"
    server.free()
    wait_for(lambda: recorder.shown, "the recovery is shown")
    app.wait_for_picture(undelivered=False)
    assert "History and alerts" in app.labels()


def test_no_daemon(
    session_bus: DesktopSession, start_app: StartApp, server: RunAnalyzeServer
) -> None:
    """Without a daemon menu, icon and log say so, once; with one, alerts get through again."""
    with Watcher(session_bus.bus_address):
        app = start_app(session_bus, "--url", server.url)
        app.wait_for_source("API")
        assert "History and alerts" in app.labels()
        hold(server, RAISED)
        app.wait_for_label("History and alerts: not delivered")
        app.wait_for_picture(band=Band.YELLOW, undelivered=True)
        hold(server, HIGH)
        app.wait_for_picture(band=Band.ORANGE, undelivered=True)
        with NotificationRecorder(session_bus.bus_address) as recorder:
            hold(server, OVER_CRITICAL)
            wait_for_critical(recorder)
            app.wait_for_picture(band=Band.RED, undelivered=False)
            assert "History and alerts" in app.labels()
        assert app.log.count("are not being delivered") == len(app.log.splitlines()) == 1


def test_real_daemon(
    desktop: DesktopSession, start_app: StartApp, server: RunAnalyzeServer
) -> None:
    """A critical alert stands on the screen, with icon, figures and what may happen."""
    app = start_app(desktop, "--url", server.url)
    app.wait_for_source("API")
    server.burn(120, ffmpeg=True, mb=20)
    app.wait_for_tooltip("processing")
    jump(app, server, OVER_CRITICAL)
    below_panel = (SCREEN[0] // 2, 40, *SCREEN)
    wait_for(
        lambda: not desktop.pixels(below_panel).getcolors(maxcolors=1), "a notice is on the screen"
    )
    wait_for_panel(app, band=Band.RED, undelivered=False, process_source=False)
    desktop.screenshot("notification", (SCREEN[0] - 640, 0, SCREEN[0], 240))
    assert app.log == ""


def test_an_edit_of_the_limits_clears_the_screen(
    desktop: DesktopSession, start_app: StartApp, server: RunAnalyzeServer
) -> None:
    """A critical alert stays until it is untrue: also where its limit was raised, or the settings
    file was deleted, and memory is as before."""
    app = start_app(desktop, "--url", server.url)
    app.wait_for_source("API")
    file = desktop.home / f"{app.name}.toml"
    limits = file.read_text()
    below_panel = (SCREEN[0] // 2, 40, *SCREEN)

    def is_empty() -> bool:
        return bool(desktop.pixels(below_panel).getcolors(maxcolors=1))

    jump(app, server, OVER_CRITICAL)
    wait_for(lambda: not is_empty(), "critical is on the screen")
    file.write_text(
        limits.replace("= 160", "= 500").replace("= 240", "= 600").replace("320", "700")
    )
    wait_for(is_empty, "it is withdrawn")
    file.write_text(limits)
    wait_for(lambda: not is_empty(), "it is told by the old limits")
    file.unlink()
    wait_for(is_empty, "it is withdrawn by the defaults")
    assert app.log == ""


@pytest.mark.parametrize(
    ("capabilities", "body"),
    [
        (("body", "body-markup"), "a &lt;b&gt; &amp;amp; c"),
        (("body",), "a <b> &amp; c"),
    ],
)
def test_text_is_escaped_for_markup_only(
    session_bus: DesktopSession,
    monkeypatch: pytest.MonkeyPatch,
    capabilities: tuple[str, ...],
    body: str,
) -> None:
    """A text reads the same where the body is markup and where it is not; titles never are."""
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", session_bus.bus_address)
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("PYSTRAY_BACKEND", raising=False)
    with (
        Watcher(session_bus.bus_address) as watcher,
        NotificationRecorder(session_bus.bus_address, capabilities) as recorder,
    ):
        tray = backends.open_desktop(lambda _present: None)
        tray.show_images([draw.draw(Picture(Band.GREEN, ".1"), 24)])
        thread = threading.Thread(target=tray.run, args=(lambda: None,))
        thread.start()
        try:
            wait_for(lambda: watcher.items, "the item is registered")
            sent = tray.notify(Note("1 < 2 & 3", "a <b> &amp; c", Urgency.NORMAL, "memory"))
            assert (sent.means, sent.problem) == ("notification service", None)
        finally:
            tray.stop()
            thread.join(AMPLE_S)
        assert not thread.is_alive()
        assert [(notice.summary, notice.body) for notice in recorder.notices] == [
            ("1 < 2 & 3", body)
        ]


def recording_notify_send(desktop: DesktopSession) -> tuple[str, Path]:
    """A PATH with a notify-send that only writes down that it was called, and where."""
    folder = Path(bare_path(desktop))
    calls = desktop.home / "notify-send-calls"
    program = folder / "notify-send"
    program.write_text(f"#!/bin/sh\necho called >> {calls}\n")
    program.chmod(0o755)
    return str(folder), calls


def test_a_slow_daemon_gets_each_alert_once(
    session_bus: DesktopSession,
    start_app: StartApp,
    server: RunAnalyzeServer,
    recorder: NotificationRecorder,
) -> None:
    """It answers when nobody waits any longer: the alert is on the screen once, its late answer is
    taken, and what follows takes its place."""
    recorder.waits = True
    path, calls = recording_notify_send(session_bus)
    app = start_app(session_bus, "--url", server.url, env={"PATH": path})
    app.wait_for_source("API")
    jump(app, server, OVER_CRITICAL)
    first = wait_for_critical(recorder)
    app.wait_for_label("History and alerts: not delivered")
    recorder.answer()
    wait_for(lambda: "History and alerts" in app.labels(), "the late answer is taken")
    app.wait_for_picture(undelivered=False)
    assert len(recorder.notices) == 1
    server.free()
    recovery = wait_for_notice(recorder, 2)
    assert recovery.replaces_id == first.id
    assert not calls.exists()


@contextmanager
def tray_on(
    session_bus: DesktopSession, monkeypatch: pytest.MonkeyPatch
) -> Iterator[
    tuple[panel_icon.Desktop, queue.SimpleQueue[tuple[Note, DeliveryResult]], list[Command]]
]:
    """The toolkit's desktop alone, what was settled late, and which buttons were pressed."""
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", session_bus.bus_address)
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("PYSTRAY_BACKEND", raising=False)
    tray = backends.open_desktop(lambda _present: None)
    settled: queue.SimpleQueue[tuple[Note, DeliveryResult]] = queue.SimpleQueue()
    pressed: list[Command] = []
    tray.on_settled = lambda note, sent: settled.put((note, sent))
    tray.show_images([draw.draw(Picture(Band.GREEN, ".1"), 24)])
    tray.show_menu(lambda: (Row("quit", "Quit", Quit()),), pressed.append)
    ready = threading.Event()
    thread = threading.Thread(target=tray.run, args=(ready.set,))
    thread.start()
    try:
        assert ready.wait(AMPLE_S)
        yield tray, settled, pressed
    finally:
        tray.stop()
        thread.join(AMPLE_S)
    assert not thread.is_alive()


NOTE = Note("High", "text", Urgency.NORMAL, "memory", (Action("Free memory", FreeMemory()),))


def test_a_late_answer_is_taken(
    session_bus: DesktopSession, monkeypatch: pytest.MonkeyPatch, recorder: NotificationRecorder
) -> None:
    """Its number, by which the next one replaces it, although that was sent before the answer; and
    its button, which works."""
    monkeypatch.setattr(notification_service, "LIMIT_S", 0.3)
    recorder.waits = True
    with tray_on(session_bus, monkeypatch) as (tray, settled, pressed):
        sent = tray.notify(NOTE)
        assert (sent.means, sent.pending) == (None, True)
        monkeypatch.setattr(notification_service, "LIMIT_S", AMPLE_S)
        threading.Timer(0.2, recorder.answer).start()
        # It waits for the first one's answer.
        assert tray.notify(replace(NOTE, title="Critical")).problem is None
        note, first = settled.get(timeout=AMPLE_S)
        assert (note, first.means, first.problem) == (NOTE, "notification service", None)
        assert [notice.summary for notice in recorder.notices] == ["High", "Critical"]
        assert recorder.notices[1].replaces_id == recorder.notices[0].id
        notice = recorder.notices[1]
        recorder.press(notice.id, notice.actions[0])
        wait_for(lambda: pressed, "the button is heard")
        assert pressed == [FreeMemory()]


def test_a_daemon_that_ends_before_it_answers(
    session_bus: DesktopSession, monkeypatch: pytest.MonkeyPatch, recorder: NotificationRecorder
) -> None:
    """What it had taken is known to be lost."""
    monkeypatch.setattr(notification_service, "LIMIT_S", 0.3)
    recorder.waits = True
    with tray_on(session_bus, monkeypatch) as (tray, settled, _pressed):
        assert tray.notify(NOTE).pending
        recorder.stop()
        note, sent = settled.get(timeout=AMPLE_S)
        assert (note, sent.means) == (NOTE, None)
        assert sent.problem
        recorder.waits = False
        recorder.start()
        wait_for(lambda: tray.notify(NOTE).problem is None, "the next one takes it")


def test_a_daemon_that_refuses_is_not_tried_in_another_way(
    session_bus: DesktopSession, monkeypatch: pytest.MonkeyPatch, recorder: NotificationRecorder
) -> None:
    """notify-send would ask the same one."""
    path, calls = recording_notify_send(session_bus)
    monkeypatch.setenv("PATH", path)
    recorder.behaviour = "error"
    with tray_on(session_bus, monkeypatch) as (tray, _settled, _pressed):
        sent = tray.notify(NOTE)
        assert (sent.means, sent.pending) == (None, False)
        assert "told to fail" in (sent.problem or "")
        assert not calls.exists()
