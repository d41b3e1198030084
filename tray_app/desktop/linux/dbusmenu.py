"""A pystray menu as ``com.canonical.dbusmenu``.

Ids belong to a row's place and never change while the shape of the menu stays, so an open menu
keeps still. Texts and marks are signalled only while the menu is open: on AboutToShow, and then
until it is closed. A panel that reads in between gets the current rows.
"""

import asyncio
import math
from collections.abc import Callable, Iterator
from typing import Annotated, Any

from dbus_fast import PropertyAccess, Variant
from dbus_fast.annotations import DBusSignature
from dbus_fast.service import ServiceInterface, dbus_method, dbus_property, dbus_signal
from msgspec import Struct, field
from msgspec.structs import replace

from tray_app.core.monitor.step import MENU_OPEN_AT_MOST_S
from tray_app.core.presentation.menu_text import ROOM_CHARS

MENU_PATH = "/MenuBar"
VERSION = 3
# XFCE's panel never reports that a menu was closed (nor, for its root, opened): after AboutToShow
# the menu counts as open for this long.
OPEN_AT_MOST_S = MENU_OPEN_AT_MOST_S
# Panels read an open menu again and again; it is reported as open this often.
OPEN_TOLD_EVERY_S = 10.0

# A space as wide as a digit, to make room in a row.
FIGURE_SPACE = "\u2007"

_Int = Annotated[int, DBusSignature("i")]
_UInt = Annotated[int, DBusSignature("u")]
_Str = Annotated[str, DBusSignature("s")]
_Bool = Annotated[bool, DBusSignature("b")]
_Ids = Annotated[list[int], DBusSignature("ai")]
_Names = Annotated[list[str], DBusSignature("as")]
_Any = Annotated[Variant, DBusSignature("v")]
_Layout = Annotated[list[Any], DBusSignature("u(ia{sv}av)")]
_Properties = Annotated[list[Any], DBusSignature("a(ia{sv})")]
_Events = Annotated[list[Any], DBusSignature("a(isvu)")]
_Updates = Annotated[list[Any], DBusSignature("aiai")]
_Changes = Annotated[list[Any], DBusSignature("a(ia{sv})a(ias)")]
_Revision = Annotated[list[int], DBusSignature("ui")]


class Node(Struct, frozen=True):
    """A row as dbusmenu sees it: only properties that differ from their defaults."""

    id: int
    properties: dict[str, Variant] = field(default_factory=dict)
    children: tuple["Node", ...] = ()
    action: Callable[[], None] | None = None

    def walk(self) -> Iterator["Node"]:
        """This node and all below it."""
        yield self
        for child in self.children:
            yield from child.walk()

    def shape(self) -> tuple[Any, ...]:
        """The shape that must stay so that an open menu does not move."""
        return (self.id, "type" in self.properties, tuple(c.shape() for c in self.children))


class Ids:
    """A number for each place in the menu, the same for as long as the program runs."""

    def __init__(self) -> None:
        self._by_place: dict[tuple[int, ...], int] = {(): 0}

    def at(self, place: tuple[int, ...]) -> int:
        """The id of the row at this path of positions; 0 is the root."""
        return self._by_place.setdefault(place, len(self._by_place))


def build(menu: Any, icon: Any, ids: Ids, place: tuple[int, ...] = ()) -> tuple[Node, ...]:
    """The rows of a `pystray.Menu`, with their texts and marks as they are now."""
    # `menu.items`, because iterating leaves out hidden rows, and with them their places.
    items = menu.items if menu else ()
    return tuple(_node(item, icon, ids, (*place, position)) for position, item in enumerate(items))


def _node(item: Any, icon: Any, ids: Ids, place: tuple[int, ...]) -> Node:
    if not item.visible:
        # It keeps its children: the menu's shape is the same while it is hidden.
        hidden = {"visible": Variant("b", False)}
        if item.submenu:
            hidden["children-display"] = Variant("s", "submenu")
        return Node(ids.at(place), hidden, build(item.submenu, icon, ids, place))
    if not item.text or item.text == "- - - -":  # how pystray spells Menu.SEPARATOR
        return Node(ids.at(place), {"type": Variant("s", "separator")})
    # An underscore would mark the next letter as a shortcut.
    properties = {"label": Variant("s", item.text.replace("_", "__"))}
    if not item.enabled:
        properties["enabled"] = Variant("b", False)
    if item.checked is not None:
        properties["toggle-type"] = Variant("s", "radio" if item.radio else "checkmark")
        properties["toggle-state"] = Variant("i", int(item.checked))
    if item.submenu:
        properties["children-display"] = Variant("s", "submenu")
        return Node(ids.at(place), properties, build(item.submenu, icon, ids, place))
    return Node(ids.at(place), properties, action=lambda: item(icon))


def _label(node: Node) -> str:
    label = node.properties.get("label")
    return str(label.value) if label else ""


def _fitted(node: Node, width: int) -> Node:
    """A row that does not widen an open menu: GTK would cut it without an ellipsis."""
    label = _label(node)
    if len(label) <= width:
        return node
    return _relabelled(node, f"{label[: width - 1].rstrip()}…")


def _relabelled(node: Node, label: str) -> Node:
    return replace(node, properties=node.properties | {"label": Variant("s", label)})


class Room:
    """The width of each menu in characters: it does not change while the menu is open.

    The top level always has room for its longest rows: its first row is as wide as `ROOM_CHARS`
    digits. A submenu is as wide as its longest row was when the whole menu opened, which is when
    GTK measures it.
    """

    def __init__(self) -> None:
        self._widths: dict[int, int] = {}

    def fit(self, node: Node, *, may_widen: bool) -> Node:
        """This node with rows that fit, on all levels."""
        if not node.children:
            return node
        if may_widen or node.id not in self._widths:
            self._widths[node.id] = max(len(_label(child)) for child in node.children)
        width = self._widths[node.id]
        rows = [_fitted(self.fit(child, may_widen=may_widen), width) for child in node.children]
        return replace(node, children=tuple(rows))


class DbusMenu(ServiceInterface):
    """Serves the rows that ``read`` returns when a panel asks.

    ``on_open`` gets whether the menu was opened or closed (if the panel reports it).
    """

    def __init__(
        self,
        read: Callable[[], tuple[Node, ...]],
        on_open: Callable[[bool], None] = lambda _: None,
    ) -> None:
        super().__init__("com.canonical.dbusmenu")
        self._read = read
        self._on_open = on_open
        self._open_told_s = -math.inf
        self._root = Node(0)
        self._revision = 1
        self._room = Room()
        self._told: dict[int, dict[str, Variant]] = {}
        self._open_until_s = 0.0

    def is_open(self, now_s: float) -> bool:
        """Whether the menu is open (in the loop's time; from any thread)."""
        return now_s < self._open_until_s

    def refresh(self, *, about_to_show: bool = False, opens: bool = False) -> bool:
        """Read the rows again; signal the changes if the menu is open. ``about_to_show``: some part
        of it, ``opens``: its top level, so that it has the width that its rows have now.

        Returns whether they differ.
        """
        now_s = asyncio.get_running_loop().time()
        was_open = self.is_open(now_s)
        if about_to_show:
            self._note_opening(now_s)
        root = self._read_root(may_widen=opens or not was_open)
        changed_shape = root.shape() != self._root.shape()
        self._root = root
        if changed_shape:
            self._revision += 1
            self.LayoutUpdated(self._revision, 0)
            return True
        return self.is_open(now_s) and self._tell_changes()

    def _show_root(self) -> bool:
        """The whole menu is about to open.

        Plasma pops up a submenu before it has read its rows, too narrow, and then moves it off the
        screen. Told of each submenu here, it reads them at once. The revision stays: a panel that
        has this layout reads nothing again.
        """
        is_opening = not self.is_open(asyncio.get_running_loop().time())
        changed = self.refresh(about_to_show=True, opens=True)
        if is_opening:
            for row in self._root.children:
                if row.children:
                    self.LayoutUpdated(self._revision, row.id)
        return changed

    def _note_opening(self, now_s: float) -> None:
        self._open_until_s = now_s + OPEN_AT_MOST_S
        if now_s - self._open_told_s >= OPEN_TOLD_EVERY_S:
            self._open_told_s = now_s
            self._on_open(True)

    def _read_root(self, *, may_widen: bool) -> Node:
        """The rows as they are now, no wider than an open menu."""
        rows = self._read()
        if rows:
            roomy = _relabelled(rows[0], _label(rows[0]).ljust(ROOM_CHARS, FIGURE_SPACE))
            rows = (roomy, *rows[1:])
        root = Node(0, {"children-display": Variant("s", "submenu")}, rows)
        return self._room.fit(root, may_widen=may_widen)

    def _tell_changes(self) -> bool:
        """Tell a panel what differs of the properties that it has read; whether any does."""
        updated, removed = [], []
        for node in self._root.walk():
            before = self._told.get(node.id)
            if before is None or before == node.properties:
                continue
            changed = {k: v for k, v in node.properties.items() if before.get(k) != v}
            gone = [k for k in before if k not in node.properties]
            if changed:
                updated.append([node.id, changed])
            if gone:
                removed.append([node.id, gone])
            self._told[node.id] = node.properties
        if updated or removed:
            self.ItemsPropertiesUpdated(updated, removed)
        return bool(updated or removed)

    def _find(self, node_id: int) -> Node | None:
        return next((node for node in self._root.walk() if node.id == node_id), None)

    def _layout(self, node: Node, depth: int, names: list[str]) -> list[Any]:
        children = []
        if depth != 0:
            children = [
                Variant("(ia{sv}av)", self._layout(child, depth - 1, names))
                for child in node.children
            ]
        return [node.id, self._tell(node, names), children]

    def _tell(self, node: Node, names: list[str]) -> dict[str, Variant]:
        if not names:
            self._told[node.id] = node.properties
            return node.properties
        chosen = {k: v for k, v in node.properties.items() if k in names}
        self._told.setdefault(node.id, {}).update(chosen)
        return chosen

    def _happened(self, node_id: int, event: str) -> bool:
        node = self._find(node_id)
        if node is None:
            return False
        if event == "clicked" and node.action:
            node.action()
        elif event == "opened":
            self.refresh(about_to_show=True, opens=node_id == 0)
        elif event == "closed" and node_id == 0:
            self._open_until_s, self._open_told_s = 0.0, -math.inf
            self._on_open(False)
        return True

    @dbus_property(access=PropertyAccess.READ)
    def Version(self) -> _UInt:
        return VERSION

    @dbus_property(access=PropertyAccess.READ)
    def TextDirection(self) -> _Str:
        return "ltr"

    @dbus_property(access=PropertyAccess.READ)
    def Status(self) -> _Str:
        return "normal"

    @dbus_property(access=PropertyAccess.READ)
    def IconThemePath(self) -> _Names:
        return []

    @dbus_method()
    def GetLayout(self, parent_id: _Int, recursion_depth: _Int, property_names: _Names) -> _Layout:
        self.refresh()
        node = self._find(parent_id) or Node(parent_id)
        return [self._revision, self._layout(node, recursion_depth, property_names)]

    @dbus_method()
    def GetGroupProperties(self, ids: _Ids, property_names: _Names) -> _Properties:
        self.refresh()
        wanted = set(ids)
        return [
            [node.id, self._tell(node, property_names)]
            for node in self._root.walk()
            if not wanted or node.id in wanted
        ]

    @dbus_method()
    def GetProperty(self, id: _Int, name: _Str) -> _Any:
        node = self._find(id)
        return (node.properties if node else {}).get(name, Variant("s", ""))

    @dbus_method()
    def Event(self, id: _Int, event_id: _Str, data: _Any, timestamp: _UInt) -> None:  # noqa: ARG002 - D-Bus signature
        self._happened(id, event_id)

    @dbus_method()
    def EventGroup(self, events: _Events) -> _Ids:
        return [event[0] for event in events if not self._happened(event[0], event[1])]

    @dbus_method()
    def AboutToShow(self, id: _Int) -> _Bool:
        if id == 0:
            return self._show_root()
        return self.refresh(about_to_show=True) if self._find(id) else False

    @dbus_method()
    def AboutToShowGroup(self, ids: _Ids) -> _Updates:
        missing = [node_id for node_id in ids if self._find(node_id) is None]
        changed = self._show_root() if 0 in ids else self.refresh(about_to_show=True)
        return [ids if changed else [], missing]

    @dbus_signal()
    def ItemsPropertiesUpdated(self, updated: list[Any], removed: list[Any]) -> _Changes:
        return [updated, removed]

    @dbus_signal()
    def LayoutUpdated(self, revision: int, parent: int) -> _Revision:
        return [revision, parent]

    @dbus_signal()
    def ItemActivationRequested(
        self, id: int, timestamp: int
    ) -> Annotated[list[int], DBusSignature("iu")]:
        return [id, timestamp]
