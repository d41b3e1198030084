"""The door to python-xlib: one connection to the X server, its events as plain values.

Only the thread that opened a connection may use it. A request that needs an answer raises
`RequestError` where its window is gone; errors of all other requests are logged, because a tray
may die between any two of them. Both raise `ConnectionLostError` once the server is gone.
"""

from __future__ import annotations

import logging
import os
import re
import struct
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from msgspec import Struct
from Xlib import XK, X, Xatom, Xutil
from Xlib.display import Display
from Xlib.error import BadMatch, CatchError, ConnectionClosedError, DisplayError, XError
from Xlib.protocol.event import ClientMessage

from tray_app.desktop.linux.xembed.geometry import Box, box_at

_log = logging.getLogger(__name__)

RequestError: type[Exception] = XError
ConnectionLostError: type[Exception] = ConnectionClosedError

REQUEST_DOCK = 0
CLIENT_PID = 2  # of the X-Resource extension
EMBEDDED_NOTIFY = 0
XEMBED_VERSION = 0
XEMBED_MAPPED = 1
BYTES_PER_PIXEL = 4
# A request of the core protocol has 262140 bytes at most, its head included.
STRIP_BYTES = 250_000
SMALLEST_ICON_PX = 16
DPI_OF_SCALE_1 = 96
LARGEST_SCALE = 4.0
RGB_MASKS = (0xFF0000, 0xFF00, 0xFF)

_KEYS = {
    XK.XK_Up: "Up",
    XK.XK_KP_Up: "Up",
    XK.XK_Down: "Down",
    XK.XK_KP_Down: "Down",
    XK.XK_Left: "Left",
    XK.XK_KP_Left: "Left",
    XK.XK_Right: "Right",
    XK.XK_KP_Right: "Right",
    XK.XK_Home: "Home",
    XK.XK_KP_Home: "Home",
    XK.XK_End: "End",
    XK.XK_KP_End: "End",
    XK.XK_Return: "Return",
    XK.XK_KP_Enter: "Return",
    XK.XK_Escape: "Escape",
}
_UNICODE_KEYSYMS = 0x01000000


class NoDisplayError(Exception):
    """There is no X server here; the text says why."""


class Visual(Struct, frozen=True):
    """How a window's pixels are stored; only those of 32 bits are used. ``has_alpha``: a tray with
    this visual blends the window with what is behind it."""

    number: int
    depth: int

    @property
    def has_alpha(self) -> bool:
        return self.depth == 32


class Pressed(Struct, frozen=True):
    """A mouse button went down; 4 and 5 are the wheel. Places are of the whole screen."""

    window: int
    button: int
    x: int
    y: int
    time_ms: int


class Released(Struct, frozen=True):
    """A mouse button went up."""

    button: int
    x: int
    y: int
    time_ms: int


class Moved(Struct, frozen=True):
    """The pointer moved."""

    x: int
    y: int


class KeyPressed(Struct, frozen=True):
    """A key by its name, or the character that it types."""

    key: str


class Entered(Struct, frozen=True):
    """The pointer came over a window."""

    window: int


class Left(Struct, frozen=True):
    """The pointer left a window."""

    window: int


class Exposed(Struct, frozen=True):
    """A window must be drawn."""

    window: int


class Resized(Struct, frozen=True):
    """A window has this size now."""

    window: int
    width: int
    height: int


class Embedded(Struct, frozen=True):
    """A tray has taken the window; or, for the root window, has given it back."""

    window: int
    is_root: bool


class Gone(Struct, frozen=True):
    """A window does not exist any longer."""

    window: int


class TrayCame(Struct, frozen=True):
    """A system tray has begun; its window."""

    window: int


Event = (
    Pressed
    | Released
    | Moved
    | KeyPressed
    | Entered
    | Left
    | Exposed
    | Resized
    | Embedded
    | Gone
    | TrayCame
)


def tray_name() -> str | None:
    """How the panel that has the system tray calls itself; None without one."""
    try:
        connection = Connection()
    except NoDisplayError as error:
        _log.debug("no X display: %s", error)
        return None
    try:
        return connection.tray_name()
    except (RequestError, ConnectionLostError) as error:
        _log.debug("the system tray was gone at once: %s", error)
        return None
    finally:
        connection.close()


class Connection:
    """One connection to the X server that DISPLAY names.

    :raises NoDisplayError: there is none
    """

    def __init__(self) -> None:
        try:
            self._display = Display()
        except (DisplayError, OSError) as error:
            raise NoDisplayError(str(error)) from None
        self._display.set_error_handler(_log_error)
        self._screen = self._display.screen()
        self._root = self._screen.root
        number = self._display.get_default_screen()
        self._selection = self._atom(f"_NET_SYSTEM_TRAY_S{number}")
        self._manager = self._atom("MANAGER")
        self._xembed = self._atom("_XEMBED")
        self._visuals = {
            visual.visual_id: Visual(visual.visual_id, depths.depth)
            for depths in self._screen.allowed_depths
            for visual in depths.visuals
            if depths.depth in (24, 32)
            and visual.visual_class == X.TrueColor
            and (visual.red_mask, visual.green_mask, visual.blue_mask) == RGB_MASKS
        }

    def _atom(self, name: str) -> int:
        return int(self._display.get_atom(name))

    def fileno(self) -> int:
        """The socket, to wait for events."""
        return int(self._display.fileno())

    def close(self) -> None:
        """End the connection; its windows go with it."""
        try:
            self._display.close()
        except (ConnectionClosedError, OSError):
            _log.debug("the X connection was closed already")

    def flush(self) -> None:
        """Send what was asked for."""
        self._display.flush()

    def events(self) -> Iterator[Event]:
        """All that have come; does not wait, and sends what was asked for."""
        while self._display.pending_events():
            yield from self._read(self._display.next_event())

    def _read(self, event: Any) -> Iterator[Event]:  # noqa: C901 - a plain match
        match event.type:
            case X.ButtonPress:
                window, button = event.window.id, event.detail
                x, y = event.root_x, event.root_y
                yield Pressed(window, button, x=x, y=y, time_ms=event.time)
            case X.ButtonRelease:
                yield Released(event.detail, event.root_x, event.root_y, event.time)
            case X.MotionNotify:
                yield Moved(event.root_x, event.root_y)
            case X.KeyPress:
                if key := self._key(event):
                    yield KeyPressed(key)
            case X.EnterNotify:
                if event.mode == X.NotifyNormal:
                    yield Entered(event.window.id)
            case X.LeaveNotify:
                if event.mode == X.NotifyNormal:
                    yield Left(event.window.id)
            case X.Expose:
                if event.count == 0:
                    yield Exposed(event.window.id)
            case X.ConfigureNotify:
                yield Resized(event.window.id, event.width, event.height)
            case X.ReparentNotify:
                yield Embedded(event.window.id, event.parent.id == self._root.id)
            case X.DestroyNotify:
                yield Gone(event.window.id)
            case X.ClientMessage:
                yield from self._read_message(event)
            case X.MappingNotify:
                self._display.refresh_keyboard_mapping(event)

    def _read_message(self, event: Any) -> Iterator[Event]:
        form, data = event.data
        if form != 32:
            return
        if event.client_type == self._manager and data[1] == self._selection:
            yield TrayCame(data[2])
        elif event.client_type == self._xembed and data[1] == EMBEDDED_NOTIFY:
            yield Embedded(event.window.id, is_root=False)

    def _key(self, event: Any) -> str:
        is_shifted = bool(event.state & X.ShiftMask)
        symbol = self._display.keycode_to_keysym(event.detail, int(is_shifted))
        if name := _KEYS.get(symbol):
            return name
        code = symbol - _UNICODE_KEYSYMS if symbol >= _UNICODE_KEYSYMS else symbol
        is_latin = symbol < 0x100 or symbol >= _UNICODE_KEYSYMS
        return chr(code) if is_latin and chr(code).isprintable() else ""

    # The tray

    def watch_for_trays(self) -> None:
        """Have `TrayCame` reported from now on."""
        self._root.change_attributes(event_mask=X.StructureNotifyMask)

    def tray(self) -> int | None:
        """The window of the system tray, if there is one."""
        owner = self._display.get_selection_owner(self._selection)
        return int(owner.id) if owner else None

    def tray_name(self) -> str | None:
        """How its window is called. :raises RequestError: it is gone"""
        tray = self.tray()
        if tray is None:
            return None
        if program := self._program_of(tray):
            return program
        window = self._display.create_resource_object("window", tray)
        names = (window.get_wm_name(), *(window.get_wm_class() or ()))
        return next((str(name) for name in names if name), "a panel without a name")

    def _program_of(self, window: int) -> str | None:
        """The program of a window, where the X server knows it: on this machine."""
        if not self._display.has_extension("X-Resource"):
            return None
        wanted = [{"client": window, "mask": CLIENT_PID}]
        try:
            (found,) = self._display.res_query_client_ids(wanted).ids
            pid = int(found.value[0])
            return f"{Path(f'/proc/{pid}/comm').read_text('utf-8', 'replace').strip()} (pid {pid})"
        except (XError, ValueError, IndexError, OSError) as error:
            _log.debug("the panel's program is not known: %r", error)
            return None

    def watch(self, window: int) -> None:
        """Have `Gone` reported for another program's window."""
        resource = self._display.create_resource_object("window", window)
        resource.change_attributes(event_mask=X.StructureNotifyMask)

    def tray_visual(self, tray: int) -> Visual | None:
        """The visual that the tray wants its icons to have, else the screen's.

        None where that has no pixels of 32 bits. :raises RequestError: the tray is gone
        """
        window = self._display.create_resource_object("window", tray)
        found = window.get_full_property(self._atom("_NET_SYSTEM_TRAY_VISUAL"), Xatom.VISUALID)
        number = found.value[0] if found and len(found.value) else self._screen.root_visual
        return self._visuals.get(number) or self._visuals.get(self._screen.root_visual)

    def ask_to_dock(self, tray: int, window: Window) -> None:
        """Ask the tray to take the window."""
        message = ClientMessage(
            window=tray,
            client_type=self._atom("_NET_SYSTEM_TRAY_OPCODE"),
            data=(32, [X.CurrentTime, REQUEST_DOCK, window.number, 0, 0]),
        )
        resource = self._display.create_resource_object("window", tray)
        resource.send_event(message, event_mask=X.NoEventMask)

    def make_icon(self, visual: Visual, name: str) -> Window:
        """A window for a tray to take; not shown by itself."""
        events = (
            X.StructureNotifyMask
            | X.ExposureMask
            | X.ButtonPressMask
            | X.EnterWindowMask
            | X.LeaveWindowMask
        )
        size = SMALLEST_ICON_PX
        resource = self._create(box_at(0, 0, size, size), visual, event_mask=events)
        resource.set_wm_name(name)
        resource.set_wm_class(name, name)
        info = self._atom("_XEMBED_INFO")
        resource.change_property(info, info, 32, [XEMBED_VERSION, XEMBED_MAPPED])
        window = Window(self._display, resource, visual)
        window.ask_for_size(size)
        return window

    # Our own windows

    @property
    def popup_visual(self) -> Visual | None:
        """The visual of windows that are not in a tray: the screen's, or one like it."""
        opaque = (visual for visual in self._visuals.values() if not visual.has_alpha)
        return self._visuals.get(self._screen.root_visual) or next(opaque, None)

    def make_popup(self, box: Box, kind: str) -> Window | None:
        """A window that no window manager frames; ``kind`` is POPUP_MENU or TOOLTIP."""
        visual = self.popup_visual
        if visual is None:
            return None
        events = X.ButtonPressMask | X.ButtonReleaseMask | X.PointerMotionMask | X.KeyPressMask
        resource = self._create(box, visual, event_mask=events, override_redirect=True)
        kinds = self._atom("_NET_WM_WINDOW_TYPE")
        value = self._atom(f"_NET_WM_WINDOW_TYPE_{kind}")
        resource.change_property(kinds, Xatom.ATOM, 32, [value])
        return Window(self._display, resource, visual)

    def _create(self, box: Box, visual: Visual, **attributes: Any) -> Any:
        if visual.number != self._screen.root_visual:
            attributes["colormap"] = self._root.create_colormap(visual.number, X.AllocNone)
        return self._root.create_window(
            box.left,
            box.top,
            box.width,
            box.height,
            0,
            visual.depth,
            X.InputOutput,
            visual.number,
            background_pixel=0,
            border_pixel=0,
            **attributes,
        )

    def grab(self, window: Window, time_ms: int) -> bool:
        """Have mouse and keys reported for this window alone, wherever the pointer is."""
        events = X.ButtonPressMask | X.ButtonReleaseMask | X.PointerMotionMask
        pointer = window.resource.grab_pointer(
            False, events, X.GrabModeAsync, X.GrabModeAsync, X.NONE, X.NONE, time_ms
        )
        if pointer != X.GrabSuccess:
            return False
        keyboard = window.resource.grab_keyboard(False, X.GrabModeAsync, X.GrabModeAsync, time_ms)
        if keyboard != X.GrabSuccess:
            self.ungrab()
            return False
        return True

    def ungrab(self) -> None:
        """Let others have mouse and keys again."""
        self._display.ungrab_keyboard(X.CurrentTime)
        self._display.ungrab_pointer(X.CurrentTime)

    def monitors(self) -> list[Box]:
        """The monitors, or the whole screen where that cannot be told."""
        whole = self._root.get_geometry()
        found: list[Box] = []
        if self._display.has_extension("RANDR"):
            try:
                found = [
                    box_at(each.x, each.y, each.width_in_pixels, each.height_in_pixels)
                    for each in self._root.xrandr_get_monitors().monitors
                ]
            except (XError, AttributeError) as error:  # older than RandR 1.5
                _log.debug("the monitors are not known: %r", error)
        return found or [box_at(0, 0, whole.width, whole.height)]

    def brightness_at(self, x: int, y: int) -> float | None:
        """How bright this point of the screen is, 0 to 255; None where that cannot be read."""
        try:
            data = self._root.get_image(x, y, 1, 1, X.ZPixmap, 0xFFFFFFFF).data
        except XError as error:
            _log.debug("the screen cannot be read: %r", error)
            return None
        if not isinstance(data, bytes) or len(data) != BYTES_PER_PIXEL:
            return None
        red, green, blue, _ = foreign(data)
        return 0.299 * red + 0.587 * green + 0.114 * blue

    def scale(self) -> float:
        """How much larger than at 96 dots per inch text is to be (Xft.dpi, GDK_SCALE)."""
        found = self._root.get_full_property(Xatom.RESOURCE_MANAGER, Xatom.STRING)
        resources = found.value if found else b""
        if isinstance(resources, bytes):
            resources = resources.decode("utf-8", "replace")
        return text_scale(str(resources), os.environ.get("GDK_SCALE", ""))


def text_scale(resources: str, gdk_scale: str) -> float:
    """The larger of ``Xft.dpi`` (in X resources) over 96 and of GDK_SCALE; 1 to 4."""
    dpi = re.search(r"^Xft\.dpi:\s*(\d+(?:\.\d+)?)\s*$", resources, re.MULTILINE)
    by_dpi = float(dpi[1]) / DPI_OF_SCALE_1 if dpi else 1.0
    by_gdk = float(gdk_scale) if gdk_scale.isdecimal() else 1.0
    return min(LARGEST_SCALE, max(1.0, by_dpi, by_gdk))


class Window:
    """One of our windows. ``number`` is its id; the picture in it is kept by the X server."""

    def __init__(self, display: Any, resource: Any, visual: Visual) -> None:
        self._display = display
        self.resource = resource
        self.visual = visual
        self.number = int(resource.id)

    def show(self) -> None:
        """Map it, above all others."""
        self.resource.configure(stack_mode=X.Above)
        self.resource.map()

    def ask_for_size(self, side: int) -> None:
        """Say how large it is best; a tray may give it another size."""
        self.resource.set_wm_normal_hints(flags=Xutil.PMinSize, min_width=side, min_height=side)

    def destroy(self) -> None:
        """Take it away."""
        self.resource.destroy()

    def place(self, box: Box) -> None:
        """Move and resize it."""
        self.resource.configure(x=box.left, y=box.top, width=box.width, height=box.height)

    def on_screen(self) -> Box:
        """Where it is on the screen. :raises RequestError: it is gone"""
        place = self.resource.get_geometry()
        root = place.root
        corner = self.resource.translate_coords(root, 0, 0)
        # It answers where the root's corner is in the window.
        return box_at(-corner.x, -corner.y, place.width, place.height)

    def panel(self) -> Box:
        """Where the panel is that has it, or itself. :raises RequestError: it is gone"""
        window = self.resource
        tree = window.query_tree()
        while tree.parent and tree.parent.id != tree.root.id:
            window = tree.parent
            tree = window.query_tree()
        place = window.get_geometry()
        return box_at(place.x, place.y, place.width, place.height)

    def take_pixels(self, width: int, height: int, pixels: bytes) -> None:
        """Show these pixels, four bytes each (see `native`), until others come."""
        pixmap = self.resource.create_pixmap(width, height, self.visual.depth)
        gc = pixmap.create_gc()
        stride = BYTES_PER_PIXEL * width
        rows = max(1, STRIP_BYTES // stride)
        for top in range(0, height, rows):
            strip = pixels[top * stride : (top + rows) * stride]
            high = len(strip) // stride
            pixmap.put_image(gc, 0, top, width, high, X.ZPixmap, self.visual.depth, 0, strip)
        self.resource.change_attributes(background_pixmap=pixmap)
        self.resource.clear_area()
        gc.free()
        pixmap.free()

    def background(self, width: int, height: int) -> bytes | None:
        """The pixels of what is behind it, four bytes each; None where they cannot be had.

        What it shows is lost.
        """
        refused = CatchError(BadMatch)  # the panel's pixels are stored in another way
        self.resource.change_attributes(background_pixmap=X.ParentRelative, onerror=refused)
        self.resource.clear_area()
        try:
            data = self.resource.get_image(0, 0, width, height, X.ZPixmap, 0xFFFFFFFF).data
        except XError as error:  # it is not shown yet, or partly off the screen
            _log.debug("the panel's background cannot be read: %r", error)
            return None
        return data if isinstance(data, bytes) and refused.get_error() is None else None


def native(red_green_blue_alpha: bytes) -> bytes:
    """Pixels (premultiplied, if they have alpha) as X servers on this machine store them."""
    pixels = bytearray(red_green_blue_alpha)
    if sys.byteorder == "little":
        pixels[0::4], pixels[2::4] = red_green_blue_alpha[2::4], red_green_blue_alpha[0::4]
    else:
        for channel, place in enumerate((1, 2, 3, 0)):
            pixels[place::4] = red_green_blue_alpha[channel::4]
    return bytes(pixels)


def foreign(pixels: bytes) -> bytes:
    """The reverse of `native`, opaque."""
    count = len(pixels) // BYTES_PER_PIXEL
    found = bytearray(struct.pack("B", 255) * len(pixels))
    order = (2, 1, 0) if sys.byteorder == "little" else (1, 2, 3)
    for channel, place in enumerate(order):
        found[channel::4] = pixels[place::4]
    return bytes(found[: count * BYTES_PER_PIXEL])


def _log_error(error: Any, _request: Any = None) -> None:
    """Of requests that want no answer: what they were for is gone."""
    _log.debug("X: %s", error)
