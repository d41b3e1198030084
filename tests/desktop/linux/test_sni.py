"""The D-Bus backend alone, on a bus without a panel: its properties, methods and signals."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal

import pytest
from dbus_fast import DBusError, Variant
from msgspec.structs import replace
from PIL import Image

from tests.desktop.recorder import WATCHER, WATCHER_PATH, SettingsPortal, Watcher
from tests.desktop.session import ITEM, MENU, DesktopSession, Item, Rgb, find_row
from tests.desktop.wire import Heard
from tests.waiting import AMPLE_S, wait_for
from tray_app.core.model.icon_options import Theme
from tray_app.core.model.presets import Mode
from tray_app.core.monitor.commands import Command, LeftClick, Quit, SetMode
from tray_app.core.presentation.menu_row import Row
from tray_app.desktop import backends, panel_icon
from tray_app.desktop.linux import registration

pytestmark = pytest.mark.desktop

NOTHING = Variant("i", 0)
ROWS = (
    Row("status", "500_MB"),
    Row("line", separator=True),
    Row(
        "mode",
        "Mode: Automatic",
        children=(
            Row("mode-auto", "Automatic", SetMode(Mode.AUTO), checked=True, radio=True),
            Row("mode-api", "API only", SetMode(Mode.API), checked=False, radio=True),
        ),
    ),
    Row("quit", "Quit", Quit()),
    Row("slot"),
)


def tiles(rgb: Rgb, *sizes: int) -> list[Image.Image]:
    return [Image.new("RGBA", (size, size), (*rgb, 255)) for size in sizes]


@dataclass
class Tray:
    """The toolkit's desktop, running; what was clicked, and which panels were told of."""

    desktop: panel_icon.Desktop
    session: DesktopSession
    clicked: list[Command] = field(default_factory=list)
    hosts: list[bool] = field(default_factory=list)
    opened: list[bool] = field(default_factory=list)
    themes: list[Theme] = field(default_factory=list)

    @property
    def item(self) -> Item:
        return self.session.wait_for_item()

    @property
    def menu(self) -> tuple[str, str, str]:
        return self.item.bus_name, "/MenuBar", MENU

    def show(self, rows: tuple[Row, ...]) -> None:
        self.desktop.show_menu(lambda: rows, self.clicked.append)

    def hear(self, interface: str) -> list[Heard]:
        return self.session.peer.hear(interface=interface, sender=self.item.bus_name)

    def get(self, name: str) -> Any:
        return self.session.peer.get(self.item.bus_name, self.item.path, ITEM, name)

    def hear_calls(self, watcher: Watcher) -> Callable[[], int]:
        """How often the watcher's items were read since now."""
        before = watcher.read
        return lambda: watcher.read - before

    def layout(self, parent: int, depth: int, *names: str) -> Any:
        return self.session.peer.call(*self.menu, "GetLayout", "iias", parent, depth, list(names))[
            1
        ]


@pytest.fixture
def environment(session_bus: DesktopSession, monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """This process in the session of ``session_bus``, without a display."""
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", session_bus.bus_address)
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("PYSTRAY_BACKEND", raising=False)
    return monkeypatch


@pytest.fixture
def watcher(session_bus: DesktopSession) -> Iterator[Watcher]:
    with Watcher(session_bus.bus_address) as watcher:
        yield watcher


@pytest.fixture
def tray(
    session_bus: DesktopSession,
    watcher: Watcher,
    environment: pytest.MonkeyPatch,
) -> Iterator[Tray]:
    """A tray with a red picture, a tooltip and ``ROWS``, registered with ``watcher``."""
    hosts: list[bool] = []
    opened: list[bool] = []
    themes: list[Theme] = []
    desktop = backends.open_desktop(hosts.append, opened.append, themes.append)
    tray = Tray(desktop, session_bus, hosts=hosts, opened=opened, themes=themes)
    desktop.show_images(tiles((200, 10, 20), 16, 24))
    desktop.show_tooltip("first line\nsecond\nthird")
    tray.show(ROWS)
    thread = threading.Thread(target=desktop.run, args=(lambda: None,), name="tray")
    thread.start()
    wait_for(lambda: watcher.items, "the item is registered")
    yield tray
    desktop.stop()
    thread.join(AMPLE_S)
    assert not thread.is_alive()


def test_registered_by_path(tray: Tray, watcher: Watcher) -> None:
    """The item has no bus name of its own, which GNOME's extension would not take."""
    assert tray.desktop.backend == "StatusNotifierItem"
    name, _slash, path = watcher.items[0].partition("/")
    assert name.startswith(":")
    assert path == "StatusNotifierItem"


def test_pictures_are_argb(tray: Tray) -> None:
    """Pixels are alpha, red, green, blue, in every size given; a change is signalled once."""
    pixmaps = tray.get("IconPixmap")
    assert [list(pixmap) for pixmap in pixmaps] == [
        [side, side, bytes((255, 200, 10, 20)) * side * side] for side in (16, 24)
    ]
    heard = tray.hear(ITEM)
    # XFCE would draw the largest, scaled.
    sizes = tray.desktop.sizes((16, 24, 64))
    tray.desktop.show_images(tiles((1, 2, 3), *sizes))
    wait_for(lambda: heard, "NewIcon")
    assert [width for width, _height, _argb in tray.get("IconPixmap")] == [16, 24]
    assert [signal.member for signal in heard] == ["NewIcon"]


def test_tooltip_has_a_title(tray: Tray) -> None:
    """The first line is its title, the others its text; a screen reader gets the title."""
    assert list(tray.get("ToolTip")) == ["", [], "first line", "second\nthird"]
    assert tray.get("IconAccessibleDesc") == tray.get("AttentionAccessibleDesc") == "first line"
    heard = tray.hear(ITEM)
    tray.desktop.show_tooltip("only")
    wait_for(lambda: heard, "NewToolTip")
    assert [signal.member for signal in heard] == ["NewToolTip"]
    assert list(tray.get("ToolTip")) == ["", [], "only", ""]


def test_layout_honours_depth_and_names(tray: Tray) -> None:
    """A host gets as deep a tree and as many properties as it asks for."""
    root_id, _properties, rows = tray.layout(0, 0)
    assert (root_id, rows) == (0, [])
    _id, _properties, rows = tray.layout(0, 1)
    assert len(rows) == len(ROWS)
    assert all(row[2] == [] for row in rows)
    mode_id = rows[2][0]
    _id, _properties, rows = tray.layout(mode_id, -1, "toggle-state")
    assert [row[1] for row in rows] == [{"toggle-state": 1}, {"toggle-state": 0}]


def test_rows_over_the_wire(tray: Tray) -> None:
    """Labels, marks, separators and rows that only inform are as dbusmenu spells them."""
    rows = tray.session.menu_layout(tray.item)["children"]
    assert rows[0]["label"].rstrip() == "500__MB", "an underscore would mark a shortcut"
    assert rows[0]["enabled"] is False
    assert rows[1]["type"] == "separator"
    assert rows[2]["children-display"] == "submenu"
    assert [row["toggle-type"] for row in rows[2]["children"]] == ["radio", "radio"]
    ids = [row["id"] for row in (*rows, *rows[2]["children"])]
    group = tray.session.peer.call(*tray.menu, "GetGroupProperties", "aias", ids[:1], ["label"])
    assert [tuple(row) for row in group[0]] == [(ids[0], {"label": rows[0]["label"]})]
    label = tray.session.peer.call(*tray.menu, "GetProperty", "is", ids[3], "label")
    assert label == ["Quit"]


def test_clicks_reach_the_app(tray: Tray) -> None:
    """A click hands in its row's command, alone or in a group; unknown rows are told back."""
    tray.session.menu_click(tray.item, "Mode", "API only")
    assert tray.clicked == [SetMode(Mode.API)]
    quit_id = find_row(tray.session.menu_layout(tray.item)["children"], "Quit")["id"]
    events = [[quit_id, "clicked", NOTHING, 0], [4711, "clicked", NOTHING, 0]]
    assert tray.session.peer.call(*tray.menu, "EventGroup", "a(isvu)", events) == [[4711]]
    assert tray.clicked == [SetMode(Mode.API), Quit()]
    tray.session.peer.call(*tray.menu, "Event", "isvu", quit_id, "hovered", NOTHING, 0)
    assert len(tray.clicked) == 2


def test_a_left_click_asks_for_the_status(tray: Tray) -> None:
    """Panels call it activation; other clicks and the wheel are answered and change nothing."""
    item = (tray.item.bus_name, tray.item.path, ITEM)
    for member in ("SecondaryActivate", "ContextMenu"):
        assert tray.session.peer.call(*item, member, "ii", 0, 0) == []
    assert tray.session.peer.call(*item, "Scroll", "is", 1, "vertical") == []
    assert tray.clicked == []
    assert tray.session.peer.call(*item, "Activate", "ii", 0, 0) == []
    assert tray.clicked == [LeftClick()]


def test_new_texts_are_no_new_layout(tray: Tray) -> None:
    """In a menu that is open they are told as what they are, so that it stays open."""
    tray.session.menu_layout(tray.item)
    heard = tray.hear(MENU)
    tray.show((replace(ROWS[0], text="600 MB"), *ROWS[1:]))
    wait_for(lambda: heard, "the text is signalled")
    assert [signal.member for signal in heard] == ["ItemsPropertiesUpdated"]


def test_an_open_menu_gets_no_wider(tray: Tray) -> None:
    """What would reach beyond the edge of the screen is cut until the menu is opened again."""
    tray.session.menu_layout(tray.item)
    widest = len(tray.layout(0, 1)[2][0][1]["label"])
    assert widest >= 40, "there is room for what the lines say in other moments"
    tray.show((replace(ROWS[0], text="long " * 20), *ROWS[1:]))
    open_label = tray.layout(0, 1)[2][0][1]["label"]
    assert len(open_label) <= widest
    assert open_label.endswith("…")
    tray.session.peer.call(*tray.menu, "AboutToShow", "i", 0)
    assert tray.layout(0, 1)[2][0][1]["label"].startswith("long " * 19)


def test_hidden_rows_keep_their_place(tray: Tray) -> None:
    """A row without a text is not shown; when it gets one, no other row changes its id."""
    before = tray.session.menu_layout(tray.item)["children"]
    assert before[-1]["visible"] is False
    heard = tray.hear(MENU)
    tray.show((*ROWS[:-1], Row("slot", "Here", Quit())))
    wait_for(lambda: heard, "the row is told")
    assert {signal.member for signal in heard} == {"ItemsPropertiesUpdated"}
    after = tray.session.menu_layout(tray.item)["children"]
    assert [row["id"] for row in after] == [row["id"] for row in before]
    assert "visible" not in after[-1]
    assert after[-1]["label"] == "Here"


def test_the_menu_says_that_it_is_open(tray: Tray) -> None:
    """Once when it is opened, however often a panel asks, and when the panel says it is closed."""
    tray.session.menu_layout(tray.item)
    tray.session.menu_layout(tray.item)
    assert tray.opened == [True]
    closed = ("isvu", 0, "closed", Variant("i", 0), 0)
    tray.session.peer.call(*tray.menu, "Event", *closed)
    wait_for(lambda: tray.opened == [True, False], "it is told to be closed")


def test_each_submenu_is_told_when_the_menu_opens(tray: Tray) -> None:
    """Plasma reads its rows before it shows it: once for each opening, at the same revision."""
    tray.layout(0, -1)
    heard = tray.hear(MENU)
    mode = find_row(tray.session.menu_layout(tray.item)["children"], "Mode")
    tray.session.menu_layout(tray.item)
    tray.session.peer.call(*tray.menu, "AboutToShow", "i", mode["id"])
    revision, _layout = tray.session.peer.call(*tray.menu, "GetLayout", "iias", 0, 1, [])
    told = [signal.body for signal in heard if signal.member == "LayoutUpdated"]
    assert told == [[revision, mode["id"]]]
    closed = ("isvu", 0, "closed", Variant("i", 0), 0)
    tray.session.peer.call(*tray.menu, "Event", *closed)
    tray.session.peer.call(*tray.menu, "AboutToShowGroup", "ai", [0, mode["id"]])
    tray.layout(0, 0)
    told = [signal.body for signal in heard if signal.member == "LayoutUpdated"]
    assert told == [[revision, mode["id"]]] * 2


def test_an_open_menu_is_not_covered_by_a_tooltip(tray: Tray) -> None:
    """NewToolTip waits until the menu is closed; who reads the tooltip gets the new text."""
    heard = tray.hear(ITEM)
    tray.session.menu_layout(tray.item)
    tray.desktop.show_tooltip("one")
    tray.desktop.show_tooltip("two")
    wait_for(lambda: tray.get("ToolTip")[2] == "two", "the tooltip is another")
    assert heard == []
    closed = ("isvu", 0, "closed", Variant("i", 0), 0)
    tray.session.peer.call(*tray.menu, "Event", *closed)
    wait_for(lambda: heard, "NewToolTip")
    tray.get("ToolTip")
    assert [signal.member for signal in heard] == ["NewToolTip"]


def test_attention_shows_the_same_picture(tray: Tray) -> None:
    """NeedsAttention comes with the picture that is there, and goes without a trace."""
    heard = tray.hear(ITEM)
    tray.desktop.show_attention(True)
    wait_for(lambda: tray.get("Status") == "NeedsAttention", "attention is wanted")
    assert tray.get("AttentionIconPixmap") == tray.get("IconPixmap")
    assert [signal.member for signal in heard] == ["NewAttentionIcon", "NewStatus"]
    tray.desktop.show_images(tiles((1, 2, 3), 16, 24))
    wait_for(lambda: len(heard) == 4, "both pictures are told")
    assert [signal.member for signal in heard[2:]] == ["NewIcon", "NewAttentionIcon"]
    tray.desktop.show_attention(False)
    wait_for(lambda: tray.get("Status") == "Active", "it is over")
    assert tray.get("AttentionIconPixmap") == []


def test_the_theme_follows_the_portal(tray: Tray, session_bus: DesktopSession) -> None:
    """The colour scheme is read when a settings portal comes, and again at each change."""
    assert tray.themes == []
    with SettingsPortal(session_bus.bus_address, scheme=1) as portal:
        wait_for(lambda: tray.themes == [Theme.DARK], "the dark scheme is seen")
        portal.change(2)
        wait_for(lambda: tray.themes[-1] is Theme.LIGHT, "the light scheme is seen")
        portal.change(0)
        wait_for(lambda: tray.themes[-1] is Theme.AUTO, "no preference is seen")


def test_a_portal_without_a_colour_scheme_is_harmless(
    tray: Tray, session_bus: DesktopSession
) -> None:
    """It refuses, and nothing is known of the theme."""
    with SettingsPortal(session_bus.bus_address, scheme=None) as portal:
        wait_for(lambda: portal.asked, "it is asked")
        portal.change(1)
        wait_for(lambda: tray.themes == [Theme.DARK], "a later change is seen all the same")


def test_hosts_come_and_go(tray: Tray, watcher: Watcher) -> None:
    """The app is told whether a panel is there, and registers with each that comes."""
    wait_for(lambda: tray.hosts[-1:] == [True], "the panel is seen")
    watcher.stop()
    wait_for(lambda: tray.hosts[-1:] == [False], "its end is seen")
    watcher.start()
    wait_for(lambda: tray.hosts[-1:] == [True], "the next one is seen")
    wait_for(lambda: watcher.items, "the item is registered again")


def test_bus_restarted(tray: Tray, watcher: Watcher, session_bus: DesktopSession) -> None:
    """A session bus that comes back has the icon back, with its picture, tooltip and menu."""
    watcher.stop()
    session_bus.restart_bus()
    watcher.start()
    wait_for(lambda: watcher.items, "the item is registered again")
    assert list(tray.get("ToolTip")) == ["", [], "first line", "second\nthird"]
    assert session_bus.menu_labels(tray.item)[-1] == "Quit"


def test_refused_registration(
    tray: Tray, watcher: Watcher, session_bus: DesktopSession, caplog: pytest.LogCaptureFixture
) -> None:
    """A refusing watcher is no reason to end or complain; the next one is tried."""
    watcher.stop()

    def refuse(_call: Heard) -> None:
        raise DBusError("org.freedesktop.DBus.Error.Failed", "told to refuse")

    session_bus.peer.serve(WATCHER_PATH, WATCHER, {"RegisterStatusNotifierItem": refuse})
    session_bus.peer.own(WATCHER)
    wait_for(lambda: tray.hosts[-1:] == [True], "the refusing panel is seen")
    session_bus.peer.reject(WATCHER)
    watcher.start()
    wait_for(lambda: watcher.items, "the item is registered")
    assert not [record for record in caplog.records if record.levelname in {"WARNING", "ERROR"}]


@pytest.fixture
def short_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registration, "PAUSES_S", (0.05, 0.1))
    monkeypatch.setattr(registration, "LONGEST_PAUSE_S", 0.2)
    monkeypatch.setattr(registration, "ANSWER_LIMIT_S", 0.3)


def test_pauses_grow_to_a_minute() -> None:
    """A watcher that always refuses is asked once a minute, for as long as it is there."""
    pauses_s = list(itertools.islice(registration.pauses_s(), 9))
    assert pauses_s == [0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 60.0, 60.0]


@pytest.mark.usefixtures("short_pauses")
@pytest.mark.parametrize("behaviour", ["error", "hang"])
def test_registration_is_tried_again(
    tray: Tray, watcher: Watcher, behaviour: Literal["error", "hang"]
) -> None:
    """A watcher that owns its name before its object answers has the icon in the end, once."""
    watcher.stop()
    watcher.behaviours = [behaviour] * 4
    watcher.asked.clear()
    watcher.start()
    wait_for(lambda: watcher.items, "the item is registered")
    wait_for(lambda: tray.desktop.is_shown, "and known to be")
    # A slow machine may give up on an answer that would have come.
    assert len(watcher.asked) >= 5
    assert len(watcher.items) == 1


def test_a_panel_that_joins_a_watcher_is_no_reason_to_wait(
    tray: Tray, watcher: Watcher, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then it is tried at once, whatever pause was to be made."""
    monkeypatch.setattr(registration, "PAUSES_S", ())
    watcher.stop()
    watcher.behaviours = ["error"]
    watcher.asked.clear()
    watcher.start()
    wait_for(lambda: watcher.asked, "it was tried")
    assert not tray.desktop.is_shown
    watcher.host_comes()
    wait_for(lambda: watcher.items, "the item is registered")
    wait_for(lambda: tray.desktop.is_shown, "and known to be")


@pytest.mark.usefixtures("short_pauses")
def test_what_is_listed_is_not_registered_twice(tray: Tray, watcher: Watcher) -> None:
    """Neither after an error that came with a success, nor when a panel joins; a watcher that has
    lost it is told again."""
    watcher.stop()
    watcher.behaviours = ["list and fail"]
    watcher.asked.clear()
    watcher.start()
    wait_for(lambda: tray.desktop.is_shown, "it is known to be registered")
    asked = tray.hear_calls(watcher)
    watcher.host_comes()
    wait_for(lambda: asked() > 0, "the list is read")
    assert len(watcher.asked) == 1
    watcher.items.clear()
    watcher.host_comes()
    wait_for(lambda: watcher.items, "it is registered again")
    assert len(watcher.asked) == 2


@pytest.mark.parametrize(
    "break_it",
    [
        lambda env, home: env.setenv("DBUS_SESSION_BUS_ADDRESS", f"unix:path={home}/gone"),
        lambda env, home: env.setenv("DBUS_SESSION_BUS_ADDRESS", "nonsense"),
        lambda env, home: (
            env.delenv("DBUS_SESSION_BUS_ADDRESS"),
            env.setenv("XDG_RUNTIME_DIR", f"{home}"),
        ),
    ],
)
def test_no_session_bus(
    session_bus: DesktopSession,
    environment: pytest.MonkeyPatch,
    break_it: Callable[..., object],
) -> None:
    """Without a reachable bus or a display there is no desktop; the error comes at once."""
    break_it(environment, session_bus.home)
    with pytest.raises(backends.NoDesktopError):
        backends.open_desktop(lambda _present: None)


def test_systemds_bus_is_found(
    session_bus: DesktopSession, watcher: Watcher, environment: pytest.MonkeyPatch
) -> None:
    """Without an address in the environment the bus is where systemd puts it."""
    environment.delenv("DBUS_SESSION_BUS_ADDRESS")
    environment.setenv("XDG_RUNTIME_DIR", session_bus.env["XDG_RUNTIME_DIR"])
    desktop = backends.open_desktop(lambda _present: None)
    desktop.show_images(tiles((1, 2, 3), 24))
    thread = threading.Thread(target=desktop.run, args=(lambda: None,))
    thread.start()
    wait_for(lambda: watcher.items, "the item is registered")
    desktop.stop()
    thread.join(AMPLE_S)
    assert not thread.is_alive()
