"""The desktop of the tests is real: proved with a toy item before anything relies on it.

Rule: nothing of the app is imported here.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, ClassVar

import pytest

from tests.desktop.conftest import StartDesktop
from tests.desktop.dbus import DBusError, Variant
from tests.desktop.recorder import (
    NOTIFICATIONS,
    NOTIFICATIONS_PATH,
    WATCHER,
    WATCHER_PATH,
    NotificationRecorder,
    Watcher,
)
from tests.desktop.session import (
    ITEM,
    MENU,
    SCREEN,
    DesktopSession,
    Rgb,
    find_row,
)
from tests.desktop.wire import DBUS, Peer, Reply
from tests.needs import needs
from tests.waiting import AMPLE_S, wait_for

MAGENTA = (230, 0, 200)
CYAN = (0, 190, 220)
NO_PIXMAP = Variant("a(iiay)", [])

Rows = dict[int, tuple[dict[str, Variant], list[int]]]


class ToyItem:
    """A tray item that does the least a panel accepts; ``clicks`` are ids of chosen rows."""

    path = "/StatusNotifierItem"
    menu_path = "/MenuBar"
    rows: ClassVar[Rows] = {
        0: ({"children-display": Variant("s", "submenu")}, [1, 2, 3]),
        1: ({"label": Variant("s", "500 MB"), "enabled": Variant("b", False)}, []),
        2: ({"label": Variant("s", "Mode"), "children-display": Variant("s", "submenu")}, [4]),
        3: ({"label": Variant("s", "_Quit")}, []),
        4: (
            {
                "label": Variant("s", "snake__case"),
                "toggle-type": Variant("s", "radio"),
                "toggle-state": Variant("i", 1),
            },
            [],
        ),
    }

    def __init__(self, address: str, rgb: Rgb = MAGENTA) -> None:
        self.rgb = rgb
        self.clicks: list[int] = []
        self.peer = Peer(address)
        self.peer.serve(
            self.path,
            ITEM,
            {name: lambda _call: Reply() for name in ("Activate", "SecondaryActivate", "Scroll")},
            self._properties,
        )
        self.peer.serve(
            self.menu_path,
            MENU,
            {
                "AboutToShow": lambda _call: Reply("b", (False,)),
                "GetLayout": lambda call: Reply("u(ia{sv}av)", (1, self._node(call.body[0]))),
                "GetGroupProperties": lambda call: Reply(
                    "a(ia{sv})", ([[i, self.rows[i][0]] for i in call.body[0] or self.rows],)
                ),
                "Event": lambda call: self._events([call.body]),
                # libdbusmenu (XFCE, MATE) sends events in groups.
                "EventGroup": lambda call: self._events(call.body[0]),
            },
            lambda: {
                "Version": Variant("u", 3),
                "Status": Variant("s", "normal"),
                "TextDirection": Variant("s", "ltr"),
                "IconThemePath": Variant("as", []),
            },
        )

    def register(self) -> None:
        call = (WATCHER, WATCHER_PATH, WATCHER, "RegisterStatusNotifierItem", "s", self.path)
        self.peer.call(*call)

    def recolour(self, rgb: Rgb) -> None:
        self.rgb = rgb
        self.peer.emit(self.path, ITEM, "NewIcon")

    def _properties(self) -> dict[str, Variant]:
        side = 24
        pixels = bytes((255, *self.rgb)) * (side * side)
        texts = ("IconName", "OverlayIconName", "AttentionIconName", "AttentionMovieName")
        return {
            "Category": Variant("s", "SystemServices"),
            "Id": Variant("s", "toy"),
            "Title": Variant("s", "Toy"),
            "Status": Variant("s", "Active"),
            "WindowId": Variant("i", 0),
            "IconThemePath": Variant("s", ""),
            "Menu": Variant("o", self.menu_path),
            "ItemIsMenu": Variant("b", False),
            "IconPixmap": Variant("a(iiay)", [[side, side, pixels]]),
            "OverlayIconPixmap": NO_PIXMAP,
            "AttentionIconPixmap": NO_PIXMAP,
            "ToolTip": Variant("(sa(iiay)ss)", ["", [], "Toy tooltip", "second line"]),
            **{name: Variant("s", "") for name in texts},
        }

    def _node(self, row_id: int) -> list[Any]:
        properties, children = self.rows[row_id]
        nodes = [Variant("(ia{sv}av)", self._node(child)) for child in children]
        return [row_id, properties, nodes]

    def _events(self, events: list[list[Any]]) -> Reply:
        self.clicks += [event[0] for event in events if event[1] == "clicked"]
        return Reply()


@pytest.fixture
def toy(desktop: DesktopSession) -> Iterator[ToyItem]:
    """A toy item that is registered and seen in the panel of ``desktop``."""
    toy = ToyItem(desktop.bus_address)
    toy.register()
    desktop.wait_for_colour(MAGENTA)
    yield toy
    toy.peer.close()


@pytest.mark.desktop
def test_icon_in_pixels(desktop: DesktopSession, toy: ToyItem) -> None:
    """An item's picture is in the panel's pixels at the panel's size, and follows NewIcon."""
    patch = desktop.wait_for_colour(MAGENTA)
    assert patch.count == 24 * 24
    assert patch.box[0] > SCREEN[0] / 2, "the systray stands at the panel's right end"
    toy.recolour(CYAN)
    assert desktop.wait_for_colour(CYAN).box == patch.box
    assert desktop.find_colour(MAGENTA) is None
    desktop.screenshot("harness-icon")


@pytest.mark.desktop
def test_real_mouse_opens_menu(desktop: DesktopSession, toy: ToyItem) -> None:
    """A right click opens the item's menu; a row chosen with the keyboard reaches the item."""
    left, top, right, bottom = desktop.open_menu(*desktop.wait_for_colour(MAGENTA).centre)
    assert right - left > 40
    assert bottom - top > 60
    desktop.screenshot("harness-menu")
    desktop.key("Up", "Return")
    wait_for(lambda: toy.clicks == [3], "the last row was chosen")
    wait_for(lambda: not desktop.menus(), "the menu is closed")


@pytest.mark.desktop
def test_hover_shows_tooltip(desktop: DesktopSession, toy: ToyItem) -> None:
    """A mouse resting on the icon brings the tooltip up."""
    desktop.hover(*desktop.wait_for_colour(MAGENTA).centre)
    wait_for(desktop.tooltips, "a tooltip is shown")
    desktop.screenshot("harness-tooltip")


@pytest.mark.desktop
def test_menu_over_dbus(desktop: DesktopSession, toy: ToyItem) -> None:
    """The menu is read as a tree and clicked by labels, as a panel does it."""
    item = desktop.wait_for_item()
    assert desktop.item_properties(item)["Title"] == "Toy"
    assert desktop.menu_labels(item) == ["500 MB", "Mode", "Quit"]
    layout = desktop.menu_layout(item)
    row = find_row(find_row(layout["children"], "Mode")["children"], "snake_case")
    assert (row["toggle-type"], row["toggle-state"]) == ("radio", 1)
    desktop.menu_click(item, "Mode", "snake")
    assert toy.clicks == [4]
    with pytest.raises(LookupError, match="'Nothing' is not one of"):
        desktop.menu_click(item, "Nothing")


@pytest.mark.desktop
def test_panel_killed_and_back(desktop: DesktopSession, toy: ToyItem) -> None:
    """A killed panel takes the watcher with it; a started one is announced and shows items."""
    owners = desktop.peer.hear(sender=DBUS[0], member="NameOwnerChanged")
    desktop.kill_panel()
    assert desktop.items() == []
    wait_for(lambda: not desktop.find_colour(MAGENTA), "its windows are gone")
    desktop.start_panel()
    wait_for(
        lambda: [h for h in owners if h.body[0] == WATCHER and h.body[2]], "a watcher is announced"
    )
    toy.register()
    desktop.wait_for_colour(MAGENTA)


@pytest.mark.desktop
def test_real_notification(desktop: DesktopSession) -> None:
    """A notification reaches xfce4-notifyd and the screen; a killed daemon stays away."""
    notify(desktop.peer, "1.6 GB")
    below_panel = (SCREEN[0] // 2, 40, *SCREEN)
    wait_for(
        # More colours than the bare desktop's one.
        lambda: not desktop.pixels(below_panel).getcolors(maxcolors=1),
        "a notice is drawn",
    )
    desktop.screenshot("harness-notification")
    desktop.kill_notifier()
    with pytest.raises(DBusError):
        notify(desktop.peer, "nobody there")
    desktop.start_notifier()
    assert notify(desktop.peer, "again") > 0


@pytest.mark.desktop
def test_light_theme(start_desktop: StartDesktop) -> None:
    """The light panel is light, and asks for the icon size that it was given."""
    desktop = start_desktop(theme="light", icon_px=16)
    toy = ToyItem(desktop.bus_address)
    with toy.peer:
        toy.register()
        assert desktop.wait_for_colour(MAGENTA).count == 16 * 16
        assert min(desktop.pixel(4, 8)) > 200
        desktop.screenshot("harness-light")


@pytest.mark.desktop
def test_qt_panel(start_desktop: StartDesktop) -> None:
    """LXQt's panel hosts the same item: seen, opened by the mouse, back after a kill."""
    desktop = start_desktop(host="qt")
    toy = ToyItem(desktop.bus_address)
    with toy.peer:
        toy.register()
        desktop.open_menu(*desktop.wait_for_colour(MAGENTA).centre)
        desktop.screenshot("harness-qt")
        desktop.key("Escape")
        wait_for(lambda: not desktop.menus(), "the menu is closed")
        desktop.menu_click(desktop.wait_for_item(), "Quit")
        assert toy.clicks == [3]
        desktop.restart_panel()
        toy.register()
        desktop.wait_for_colour(MAGENTA)


@pytest.mark.desktop
def test_program_on_desktop(session_bus: DesktopSession) -> None:
    """A program is started into the session alone, its output kept, and ended with it."""
    report = "import os; print(os.environ.get('DISPLAY'), os.environ['HOME'], flush=True)"
    program = session_bus.start("program", sys.executable, "-c", report)
    assert program.wait(AMPLE_S) == 0
    assert session_bus.log("program").split() == ["None", str(session_bus.home)]


@pytest.mark.desktop
@needs("dbus-daemon")
def test_nothing_is_left_behind() -> None:
    """The end of a session ends what it started, even a stopped process and after a failure."""
    started: list[subprocess.Popen[bytes]] = []
    with pytest.raises(ZeroDivisionError), DesktopSession(bus_only=True) as session:  # noqa: PT012 - the block is what fails
        stopped = session.start("sleeper", "sleep", "60")
        os.kill(stopped.pid, signal.SIGSTOP)
        started += [process for _name, process in session._running]
        raise ZeroDivisionError
    assert len(started) == 2
    assert all(process.poll() is not None for process in started)
    assert not session.home.exists()


@pytest.mark.desktop
def test_recorder(session_bus: DesktopSession) -> None:
    """The recorder answers ids, keeps what it was told, and tells of pressed buttons."""
    with NotificationRecorder(session_bus.bus_address) as recorder:
        told = session_bus.peer.hear(interface=NOTIFICATIONS)
        first = notify(session_bus.peer, "1.6 GB", urgency=2)
        assert notify(session_bus.peer, "1.7 GB", replaces=first) == first
        assert notify(session_bus.peer, "other") != first
        assert [notice.summary for notice in recorder.notices] == ["1.6 GB", "1.7 GB", "other"]
        assert recorder.notices[0].urgency == 2
        assert recorder.notices[0].actions == ("mute", "Mute")
        assert recorder.shown[first].summary == "1.7 GB"
        recorder.press(first, "mute")
        wait_for(lambda: len(told) == 2, "press and close are told")
        assert [(heard.member, heard.body) for heard in told] == [
            ("ActionInvoked", [first, "mute"]),
            ("NotificationClosed", [first, 2]),
        ]


@pytest.mark.desktop
def test_recorder_misbehaves(session_bus: DesktopSession) -> None:
    """The recorder hangs or refuses when told to, is absent when stopped, and recovers."""
    with NotificationRecorder(session_bus.bus_address, capabilities=("body",)) as recorder:
        recorder.behaviour = "hang"
        with pytest.raises(TimeoutError):
            notify(session_bus.peer, "hang", within_s=0.1)
        recorder.behaviour = "error"
        with pytest.raises(DBusError, match="told to fail"):
            notify(session_bus.peer, "error")
        assert [notice.id for notice in recorder.notices] == [0, 0]
        recorder.stop()
        assert session_bus.peer.owner(NOTIFICATIONS) is None
        recorder.start()
        recorder.behaviour = "answer"
        assert notify(session_bus.peer, "well again") == 1
        capabilities = (NOTIFICATIONS, NOTIFICATIONS_PATH, NOTIFICATIONS, "GetCapabilities")
        assert session_bus.peer.call(*capabilities) == [["body"]]


@pytest.mark.desktop
def test_watcher_without_panel(session_bus: DesktopSession) -> None:
    """Our own watcher registers by path, as panels do, and forgets an item that leaves."""
    with Watcher(session_bus.bus_address) as watcher:
        heard = session_bus.peer.hear(interface=WATCHER)
        toy = ToyItem(session_bus.bus_address)
        toy.register()
        assert watcher.items == [f"{toy.peer.name}/StatusNotifierItem"]
        assert session_bus.menu_labels(session_bus.wait_for_item()) == ["500 MB", "Mode", "Quit"]
        toy.peer.close()
        wait_for(lambda: watcher.items == [], "the item is forgotten")
        wait_for(lambda: len(heard) == 2, "both changes are told")


def notify(
    peer: Peer, summary: str, *, replaces: int = 0, urgency: int = 1, within_s: float = AMPLE_S
) -> int:
    """Send a notification; return the daemon's id for it."""
    answer: list[int] = peer.call(
        *(NOTIFICATIONS, NOTIFICATIONS_PATH, NOTIFICATIONS, "Notify", "susssasa{sv}i"),
        "toy",
        replaces,
        "",
        summary,
        "from the tests",
        ["mute", "Mute"],
        {"urgency": Variant("y", urgency)},
        -1,
        within_s=within_s,
    )
    return answer[0]
