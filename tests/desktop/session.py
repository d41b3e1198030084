"""A private desktop: a virtual screen, a session bus, a panel and a notification daemon.

Rule: nothing of the real desktop is touched or seen. Every process started here is ended here,
by its own id; a start is over when the thing is seen to work, never after a time.
"""

from __future__ import annotations

import configparser
import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self, TypeVar

from PIL import Image, ImageChops, ImageGrab

from tests.desktop.dbus import Variant
from tests.desktop.recorder import NOTIFICATIONS, WATCHER, WATCHER_PATH
from tests.desktop.wire import Peer
from tests.waiting import AMPLE_S, wait_for
from tray_app.core.presentation import fleet_text

ITEM = "org.kde.StatusNotifierItem"
MENU = "com.canonical.dbusmenu"
ARTEFACTS = Path(__file__).parent.parent / "artefacts"

SCREEN = (1280, 720)
PANEL_PX = 32
PANEL_BOX = (0, 0, SCREEN[0], PANEL_PX)
DESKTOP_RGB = (58, 78, 104)
_PANEL_END = (4, 8)

T = TypeVar("T")
Box = tuple[int, int, int, int]
"""left, top, right, bottom in screen pixels; right and bottom lie outside."""
Point = tuple[int, int]
Rgb = tuple[int, int, int]
Host = Literal["xfce", "qt", "none"]
Theme = Literal["dark", "light"]

_PANEL_RGB: dict[Theme, Rgb] = {"dark": (32, 34, 38), "light": (238, 239, 241)}
_PATIENCE_S = 3.0
"""What has not ended so long after SIGTERM is killed."""
_SEPARATOR_PX = 3
_CLICK_S = 5.0
_STILL_LOOKS = 6

_BUS_CONFIG = """\
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path={socket}</listen>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
"""

# configver 2 and these names are what xfce4-panel 4.16 and later write themselves.
_XFCE_PANEL = """\
<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-panel" version="1.0">
  <property name="configver" type="int" value="2"/>
  <property name="panels" type="array">
    <value type="int" value="1"/>
    <property name="dark-mode" type="bool" value="{dark}"/>
    <property name="panel-1" type="empty">
      <property name="position" type="string" value="p=6;x=0;y=0"/>
      <property name="position-locked" type="bool" value="true"/>
      <property name="length" type="uint" value="100"/>
      <property name="size" type="uint" value="{panel_px}"/>
      <property name="icon-size" type="uint" value="{icon_px}"/>
      <property name="background-style" type="uint" value="1"/>
      <property name="background-rgba" type="array">
        <value type="double" value="{red}"/>
        <value type="double" value="{green}"/>
        <value type="double" value="{blue}"/>
        <value type="double" value="1.0"/>
      </property>
      <property name="plugin-ids" type="array">
        <value type="int" value="1"/>
        <value type="int" value="2"/>
      </property>
    </property>
  </property>
  <property name="plugins" type="empty">
    <property name="plugin-1" type="string" value="separator">
      <property name="expand" type="bool" value="true"/>
      <property name="style" type="uint" value="0"/>
    </property>
    <property name="plugin-2" type="string" value="systray">
      <property name="icon-size" type="int" value="{icon_px}"/>
      <property name="square-icons" type="bool" value="true"/>
    </property>
  </property>
</channel>
"""

# No fading: a screenshot shows a notice as it is, not half-way. Nor does it go by itself after
# 10 s, when the next one may not be there yet.
_XFCE_NOTIFYD = """\
<?xml version="1.0" encoding="UTF-8"?>
<channel name="xfce4-notifyd" version="1.0">
  <property name="do-fadeout" type="bool" value="false"/>
  <property name="do-slideout" type="bool" value="false"/>
  <property name="initial-opacity" type="double" value="1.0"/>
  <property name="expire-timeout" type="int" value="600"/>
  <property name="notify-location" type="uint" value="2"/>
</channel>
"""

# The colour is a QColor as QSettings writes it: type 0x43, RGB, then alpha, red, green, blue
# in 16 bits each.
_LXQT_PANEL = """\
[General]
__userfile__=true
iconTheme=Adwaita

[panel1]
plugins=spacer,statusnotifier
position=Top
desktop=0
panelSize={panel_px}
iconSize={icon_px}
lineCount=1
width=100
width-percent=true
hidable=false
background-color=@Variant(\\0\\0\\0\\x43\\x1\\xff\\xff{rgb_hex}\\0\\0)

[spacer]
type=spacer
expandable=true

[statusnotifier]
type=statusnotifier
"""


def missing_programs(*hosts: Host) -> list[str]:
    """The programs that a desktop with these panels needs and this machine lacks."""
    if not sys.platform.startswith("linux"):
        return ["a Linux desktop"]
    needed = ["dbus-daemon"]
    services = []
    if any(host != "none" for host in hosts):
        needed += ["Xvfb", "openbox", "xdotool"]
        services += ["org.xfce.Xfconf", NOTIFICATIONS]
    if "xfce" in hosts:
        needed += ["xfce4-panel"]
    if "qt" in hosts:
        needed += ["lxqt-panel"]
    return [program for program in needed if not shutil.which(program)] + [
        f"the service {name}" for name in services if not _service_program(name)
    ]


def _service_program(name: str) -> str | None:
    """The program behind a D-Bus name, as installed: its folder differs per distribution.

    Of several that offer notifications, XFCE's.
    """
    found = []
    for file in sorted(Path("/usr/share/dbus-1/services").glob("*.service")):
        service = configparser.ConfigParser(interpolation=None)
        service.read(file, encoding="utf-8")
        if service.get("D-BUS Service", "Name", fallback="") == name:
            found.append(service.get("D-BUS Service", "Exec", fallback="").split()[0])
    xfce = [program for program in found if "xfce" in program]
    return xfce[0] if xfce else None


def _accepts(path: Path) -> bool:
    """Whether somebody listens there: the file of a socket exists a moment before that."""
    with socket.socket(socket.AF_UNIX) as probe:
        return probe.connect_ex(str(path)) == 0


@dataclass(frozen=True, slots=True)
class Patch:
    """Where a colour was found: how many pixels, and the box around them."""

    count: int
    box: Box

    @property
    def centre(self) -> tuple[int, int]:
        left, top, right, bottom = self.box
        return (left + right) // 2, (top + bottom) // 2


@dataclass(frozen=True, slots=True)
class Item:
    """A StatusNotifierItem as the watcher lists it."""

    bus_name: str
    path: str


class DesktopSession:
    """A desktop of one's own, alive inside its ``with`` block.

    ``host`` chooses the panel: XFCE's (GTK), LXQt's (Qt) or none. ``bus_only`` leaves out the
    screen and all that needs one: just the session bus, ``DISPLAY`` unset. ``icon_px`` is the
    icon size that the panel asks for.
    """

    def __init__(
        self,
        *,
        host: Host = "xfce",
        theme: Theme = "dark",
        icon_px: int = 24,
        notifier: bool = True,
        bus_only: bool = False,
    ) -> None:
        self.screen = SCREEN
        self._host: Host = "none" if bus_only else host
        self._theme: Theme = theme
        self._icon_px = icon_px
        self._with_notifier = notifier and not bus_only
        self._with_screen = not bus_only
        self._running: list[tuple[str, subprocess.Popen[bytes]]] = []
        self._panel: subprocess.Popen[bytes] | None = None
        self._notifier: subprocess.Popen[bytes] | None = None
        self._windows: Any = None
        self.env: dict[str, str] = {}

    # Coming and going

    def __enter__(self) -> Self:
        # A short path: the name of a Unix socket has 107 bytes at most.
        self.home = Path(tempfile.mkdtemp(prefix="desk-"))
        with contextlib.ExitStack() as undo:
            undo.callback(self._end)
            self._begin()
            undo.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._end()

    def _begin(self) -> None:
        self.env = self._private_environment()
        self._start_bus()
        if self._with_screen:
            self._start_screen()
        if self._host != "none":
            self.start_panel()
        if self._with_notifier:
            self.start_notifier()

    def _end(self) -> None:
        if hasattr(self, "peer"):
            self.peer.close()
        for _name, process in reversed(self._running):
            self.stop(process)
        self._running.clear()
        if self._windows:
            # The server is gone by now, so there is nobody left to say goodbye to.
            self._windows.display.socket.close()
            self._windows = None
        shutil.rmtree(self.home, ignore_errors=True)

    def _private_environment(self) -> dict[str, str]:
        """Nothing is inherited but where programs are: no proxy, no real bus, no real screen."""
        env = {
            "PATH": os.environ.get("PATH", os.defpath),
            "LANG": "C.UTF-8",
            "HOME": str(self.home),
            "XDG_CURRENT_DESKTOP": "LXQt" if self._host == "qt" else "XFCE",
            "XDG_SESSION_TYPE": "x11" if self._with_screen else "unspecified",
            "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={self.home}/no-system-bus",
            # Services that are not started here would only be waited for.
            "NO_AT_BRIDGE": "1",
            "GIO_USE_VFS": "local",
            "GSETTINGS_BACKEND": "memory",
            "GTK_THEME": "Adwaita:dark" if self._theme == "dark" else "Adwaita",
        }
        for variable, folder in {
            "XDG_RUNTIME_DIR": "run",
            "XDG_CONFIG_HOME": "config",
            "XDG_STATE_HOME": "state",
            "XDG_CACHE_HOME": "cache",
            "XDG_DATA_HOME": "data",
        }.items():
            (self.home / folder).mkdir(mode=0o700)
            env[variable] = str(self.home / folder)
        (self.home / "logs").mkdir()
        return env

    # Processes

    def start(
        self,
        name: str,
        *command: str,
        cwd: Path | None = None,
        env: Mapping[str, str] | None = None,
    ) -> subprocess.Popen[bytes]:
        """Start a program on this desktop; it is ended with it. Output goes to ``log(name)``."""
        # Should the test process be killed, the kernel ends what it started.
        setpriv = shutil.which("setpriv")
        leash = [setpriv, "--pdeathsig", "KILL"] if setpriv else []
        with (self.home / "logs" / name).open("ab") as log:
            process = subprocess.Popen(
                [*leash, *command],
                env=self.env | dict(env or {}),
                cwd=cwd or self.home,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._running.append((name, process))
        return process

    def stop(self, process: subprocess.Popen[bytes], first: signal.Signals = signal.SIGTERM) -> int:
        """End a program and its children; return its exit status. Harmless when it has ended."""
        for sign in (first, signal.SIGCONT):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, sign)
        try:
            process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait(AMPLE_S)
        return process.returncode

    def log(self, name: str) -> str:
        """What the program started under ``name`` has printed so far."""
        file = self.home / "logs" / name
        return file.read_text(errors="replace") if file.exists() else ""

    def _wait_alive(
        self, name: str, process: subprocess.Popen[bytes], ready: Any, what: str
    ) -> None:
        def ready_or_dead() -> bool:
            if process.poll() is not None:
                raise AssertionError(
                    f"{name} ended with {process.returncode} before {what}:\n{self.log(name)}"
                )
            return bool(ready())

        wait_for(ready_or_dead, what)

    # The parts of a desktop

    def _start_bus(self) -> None:
        path = self.home / "run" / "bus"
        config = self.home / "bus.conf"
        # No service folders: nothing is started by the bus behind a test's back, so a killed
        # notification daemon stays away until the test brings it back.
        config.write_text(_BUS_CONFIG.format(socket=path))
        self._bus = self.start("dbus-daemon", "dbus-daemon", f"--config-file={config}", "--nofork")
        self._wait_alive(
            "dbus-daemon", self._bus, lambda: _accepts(path), "the bus takes connections"
        )
        self.bus_address = f"unix:path={path}"
        self.env["DBUS_SESSION_BUS_ADDRESS"] = self.bus_address
        self.peer = Peer(self.bus_address)

    @property
    def bus_process(self) -> subprocess.Popen[bytes]:
        """The session bus."""
        return self._bus

    def kill_bus(self) -> None:
        """Kill the session bus, as at the end of a session that leaves programs behind."""
        self.peer.close()
        self.stop(self._bus, first=signal.SIGKILL)

    def restart_bus(self) -> None:
        """Kill the session bus and start another at the same address."""
        self.kill_bus()
        (self.home / "run" / "bus").unlink(missing_ok=True)
        self._start_bus()

    def _start_screen(self) -> None:
        width, height = self.screen
        self._screen = xvfb = self.start(
            "Xvfb",
            *("Xvfb", "-displayfd", "1", "-nolisten", "tcp", "-noreset", "-nocursor"),
            *("-screen", "0", f"{width}x{height}x24"),
        )
        self._wait_alive("Xvfb", xvfb, self._display, "the screen has a number")
        self.env["DISPLAY"] = self._display()

        # python-xlib comes with pystray, on Linux only.
        from Xlib.display import Display  # type: ignore[import-untyped]

        self._windows = Display(self.env["DISPLAY"])
        root = self._windows.screen().root
        red, green, blue = DESKTOP_RGB
        root.change_attributes(background_pixel=red << 16 | green << 8 | blue)
        root.clear_area()
        self._windows.sync()

        self._start_service("xfconfd", "org.xfce.Xfconf")
        self._start_window_manager()

    def _start_window_manager(self) -> None:
        """Start Openbox; returns when it answers requests.

        It names itself (_NET_SUPPORTING_WM_CHECK) a while before, and a window that asks to be
        mapped in between is never mapped. The question can be lost, too, so it is repeated.
        https://specifications.freedesktop.org/wm-spec/latest/ar01s04.html
        """
        # python-xlib comes with pystray, on Linux only.
        from Xlib import X  # type: ignore[import-untyped]
        from Xlib.protocol.event import ClientMessage  # type: ignore[import-untyped]

        display = self._windows
        root = display.screen().root
        question = display.intern_atom("_NET_REQUEST_FRAME_EXTENTS")
        answer = display.intern_atom("_NET_FRAME_EXTENTS")
        asking = root.create_window(0, 0, 1, 1, 0, X.CopyFromParent)

        def answers() -> bool:
            event = ClientMessage(window=asking, client_type=question, data=(32, [0] * 5))
            root.send_event(event, X.SubstructureRedirectMask | X.SubstructureNotifyMask)
            return asking.get_full_property(answer, 0) is not None

        self._manager = self.start("openbox", "openbox", "--sm-disable")
        self._wait_alive("openbox", self._manager, answers, "windows are managed")
        asking.destroy()
        display.sync()

    def set_dots_per_inch(self, dpi: int) -> None:
        """As a person does in ~/.Xresources."""
        from Xlib import Xatom  # type: ignore[import-untyped]

        text = f"Xft.dpi:\t{dpi}\n".encode()
        root = self._windows.screen().root
        root.change_property(Xatom.RESOURCE_MANAGER, Xatom.STRING, 8, text)
        self._windows.sync()

    def end_window_manager(self) -> None:
        """End the window manager: another one may follow."""
        self.stop(self._manager)

    def kill_screen(self) -> None:
        """Kill the X server: all that it showed is gone."""
        self.stop(self._screen, first=signal.SIGKILL)

    def _display(self) -> str:
        numbers = [
            line for line in self.log("Xvfb").splitlines(keepends=True) if line[:1].isdigit()
        ]
        return f":{numbers[0].strip()}" if numbers and numbers[0].endswith("\n") else ""

    def _start_service(self, name: str, bus_name: str) -> subprocess.Popen[bytes]:
        program = _service_program(bus_name)
        assert program, f"no program offers {bus_name}"
        process = self.start(name, program)
        self._wait_alive(name, process, lambda: self.peer.owner(bus_name), f"{bus_name} is owned")
        return process

    def start_panel(self, host: Host | None = None) -> None:
        """Start the panel; returns when it hosts items and has drawn itself."""
        self._host = host or self._host
        settings = self.home / "config"
        rgb = _PANEL_RGB[self._theme]
        if self._host == "qt":
            (settings / "lxqt").mkdir(exist_ok=True)
            (settings / "lxqt" / "panel.conf").write_text(
                _LXQT_PANEL.format(
                    panel_px=PANEL_PX,
                    icon_px=self._icon_px,
                    rgb_hex="".join(f"\\x{part:x}\\x{part:x}" for part in rgb),
                )
            )
            command = ["lxqt-panel"]
        else:
            channels = settings / "xfce4" / "xfconf" / "xfce-perchannel-xml"
            channels.mkdir(parents=True, exist_ok=True)
            (channels / "xfce4-panel.xml").write_text(
                _XFCE_PANEL.format(
                    dark="true" if self._theme == "dark" else "false",
                    panel_px=PANEL_PX,
                    icon_px=self._icon_px,
                    **dict(zip(("red", "green", "blue"), (p / 255 for p in rgb), strict=True)),
                )
            )
            command = ["xfce4-panel", "--disable-wm-check"]
        self._panel = self.start(command[0], *command)
        self._wait_alive(
            command[0], self._panel, self._panel_hosts_items, "the panel hosts items and is drawn"
        )

    def _panel_hosts_items(self) -> bool:
        if not self.peer.owner(WATCHER):
            return False
        return self.pixel(*_PANEL_END) != DESKTOP_RGB and bool(
            self.peer.get(WATCHER, WATCHER_PATH, WATCHER, "IsStatusNotifierHostRegistered")
        )

    def kill_panel(self) -> None:
        """Kill the panel as a crash does; returns when the watcher's name is free."""
        assert self._panel
        self.stop(self._panel, first=signal.SIGKILL)
        self._panel = None
        wait_for(lambda: not self.peer.owner(WATCHER), "the watcher is gone")

    def restart_panel(self) -> None:
        """Kill the panel and start it again."""
        self.kill_panel()
        self.start_panel()

    def start_notifier(self) -> None:
        """Start xfce4-notifyd; returns when it answers for notifications."""
        channels = self.home / "config" / "xfce4" / "xfconf" / "xfce-perchannel-xml"
        channels.mkdir(parents=True, exist_ok=True)
        (channels / "xfce4-notifyd.xml").write_text(_XFCE_NOTIFYD)
        self._notifier = self._start_service("xfce4-notifyd", NOTIFICATIONS)

    def kill_notifier(self) -> None:
        """Kill the notification daemon; nothing starts it again but ``start_notifier``."""
        assert self._notifier
        self.stop(self._notifier, first=signal.SIGKILL)
        self._notifier = None
        wait_for(lambda: not self.peer.owner(NOTIFICATIONS), "no notification daemon is left")

    # Seeing

    @property
    def panel_rgb(self) -> Rgb:
        """The panel's own colour."""
        return _PANEL_RGB[self._theme]

    def pixel(self, x: int, y: int) -> Rgb:
        """One pixel's colour."""
        red, green, blue = self.pixels((x, y, x + 1, y + 1)).tobytes()
        return red, green, blue

    def pixels(self, box: Box | None = None) -> Image.Image:
        """What the screen shows now, as RGB; the whole of it, or a box."""
        return ImageGrab.grab(bbox=box, xdisplay=self.env["DISPLAY"]).convert("RGB")

    def screenshot(self, name: str, box: Box | None = None) -> Path:
        """Keep the screen as ``tests/artefacts/<name>.png``."""
        ARTEFACTS.mkdir(exist_ok=True)
        path = ARTEFACTS / f"{name}.png"
        self.pixels(box).save(path)
        return path

    def find_colour(self, rgb: Rgb, tolerance: int = 8, box: Box = PANEL_BOX) -> Patch | None:
        """Where pixels within ``tolerance`` of a colour (per channel) are; in the panel by default.

        None when there is none.
        """
        picture = self.pixels(box)
        distance = ImageChops.difference(picture, Image.new("RGB", picture.size, rgb))
        red, green, blue = distance.split()
        furthest = ImageChops.lighter(ImageChops.lighter(red, green), blue)
        near = furthest.point([255 if value <= tolerance else 0 for value in range(256)])
        found = near.getbbox()
        if not found:
            return None
        left, top, right, bottom = found
        return Patch(
            count=near.histogram()[255],
            box=(left + box[0], top + box[1], right + box[0], bottom + box[1]),
        )

    def wait_for_colour(
        self, rgb: Rgb, tolerance: int = 8, box: Box = PANEL_BOX, within_s: float = AMPLE_S
    ) -> Patch:
        """The first sight of a colour; AssertionError when it does not come."""
        patch = wait_for(
            lambda: self.find_colour(rgb, tolerance, box), f"colour {rgb} in {box}", within_s
        )
        assert patch
        return patch

    def popups(self) -> list[Box]:
        """The boxes of open menus, tooltips and notices: visible windows that no window manager
        frames."""
        return [box for box, _kind in self._popups()]

    def menus(self) -> list[Box]:
        """Open menus alone: a pointer that rested on the icon may bring up a tooltip, too."""
        return [box for box, kind in self._popups() if kind == "POPUP_MENU"]

    def tooltips(self) -> list[Box]:
        """Tooltips alone."""
        return [box for box, kind in self._popups() if kind == "TOOLTIP"]

    def _popups(self) -> Iterator[tuple[Box, str]]:
        """Each box, and what kind of window it says it is first."""
        from Xlib import X, Xatom  # type: ignore[import-untyped]
        from Xlib.error import BadDrawable, BadWindow  # type: ignore[import-untyped]

        kind_atom = self._windows.intern_atom("_NET_WM_WINDOW_TYPE")
        for window in self._windows.screen().root.query_tree().children:
            # A window may vanish between being listed and being looked at.
            with contextlib.suppress(BadWindow, BadDrawable):
                state = window.get_attributes()
                place = window.get_geometry()
                if (
                    state.map_state == X.IsViewable
                    and state.override_redirect
                    and state.win_class == X.InputOutput
                    and min(place.width, place.height) > 1
                    and place.y + place.height > 0
                ):
                    kinds = window.get_full_property(kind_atom, Xatom.ATOM)
                    name = self._windows.get_atom_name(kinds.value[0]) if kinds else ""
                    box = (place.x, place.y, place.x + place.width, place.y + place.height)
                    yield box, name.removeprefix("_NET_WM_WINDOW_TYPE_")

    # Doing, as a person does

    def hover(self, x: int, y: int) -> None:
        """Move the mouse to a point. Two steps: a mouse that does not move enters nothing."""
        self._xdotool(*_moves(x, y))

    def left_click(self, x: int, y: int) -> None:
        self._xdotool(*_moves(x, y), "click", "1")

    def right_click(self, x: int, y: int) -> None:
        self._xdotool(*_moves(x, y), "click", "3")

    def wheel(self, button: int) -> None:
        """Turn the wheel where the mouse is: 4 is up, 5 is down."""
        self._xdotool("click", str(button))

    def key(self, *names: str) -> None:
        """Press keys one after another, by their X names (``Down``, ``Return``, ``Escape``)."""
        self._xdotool("key", *names)

    def type(self, text: str) -> None:
        self._xdotool("type", text)

    def _xdotool(self, *command: str) -> None:
        subprocess.run(["xdotool", *command], env=self.env, check=True, timeout=AMPLE_S)

    # The tray, over D-Bus, as a panel sees it

    def items(self) -> list[Item]:
        """The items that the watcher has registered; none when there is no watcher."""
        if not self.peer.owner(WATCHER):
            return []
        listed = self.peer.get(WATCHER, WATCHER_PATH, WATCHER, "RegisteredStatusNotifierItems")
        return [
            Item(name.rstrip("@"), f"/{path or 'StatusNotifierItem'}")  # GNOME lists ":1.4@/path"
            for name, _slash, path in (entry.partition("/") for entry in listed)
        ]

    def wait_for_item(self, within_s: float = AMPLE_S) -> Item:
        """The first registered item."""
        return wait_for(self.items, "an item is registered", within_s)[0]

    def item_properties(self, item: Item) -> dict[str, Any]:
        """All of the item's properties, unpacked."""
        return self.peer.get_all(item.bus_name, item.path, ITEM)

    def menu_layout(self, item: Item, *, about_to_show: bool = True) -> dict[str, Any]:
        """The item's menu: nested ``{"id", "children", …its properties (label, enabled, …)}``.

        Asked for as a panel does: about to show (which opens it), then the whole layout.
        """
        menu = self._menu(item)
        if about_to_show:
            self.peer.call(*menu, "AboutToShow", "i", 0)
        _revision, root = self.peer.call(*menu, "GetLayout", "iias", 0, -1, [])
        return _tree(root)

    def menu_labels(self, item: Item) -> list[str]:
        """The labels of the top-level rows, separators left out."""
        return [label for row in self.menu_layout(item)["children"] if (label := label_of(row))]

    def menu_click(self, item: Item, *labels: str) -> None:
        """Choose a row by its labels from the top down: ``menu_click(item, "Mode", "API only")``.

        A label may be given by its beginning where that is unique. Rows on the way are opened
        as a panel opens them. LookupError when there is no such row.
        """
        menu = self._menu(item)
        row = self.menu_layout(item)
        for label in labels:
            if row["id"]:
                self.peer.call(*menu, "AboutToShow", "i", row["id"])
            row = find_row(row["children"], label)
        self.peer.call(*menu, "Event", "isvu", row["id"], "clicked", Variant("i", 0), 0)

    def mouse_click(self, item: Item, *labels: str) -> None:
        """As `menu_click`, but by mouse in a GTK panel, from the icon at its end on."""
        self.right_click(SCREEN[0] - 20, PANEL_PX // 2)
        known: list[Box] = []
        for depth in range(1, len(labels) + 1):
            box, point = self._still(lambda depth=depth: self._row(item, labels[:depth], known))
            known.append(box)
            if depth < len(labels):
                self.hover(*point)
        self.choose(*point)

    def choose(self, x: int, y: int) -> None:
        """Click a row of an open menu of GTK; returns when the menu is closed.

        GTK takes a click within half a second of the menu's opening for the end of the press that
        opened it. So the click is repeated while the menu is open, as a person does.
        """
        for _ in range(5):
            self.left_click(x, y)
            with contextlib.suppress(AssertionError):
                wait_for(lambda: not self.menus(), "the menu is closed", _CLICK_S)
                return
        raise AssertionError(f"no click at {x}, {y} closes it: {self.screenshot('menu-stays')}")

    def open_menu(self, x: int, y: int) -> Box:
        """Open a menu with one level by a right click there; its box, once it keeps still."""
        self.right_click(x, y)
        return self._still(lambda: boxes[0] if len(boxes := self.menus()) == 1 else None)

    def _row(self, item: Item, labels: Sequence[str], known: list[Box]) -> tuple[Box, Point] | None:
        """The menu of the last of these labels, which opens beside the known ones, and the middle
        of its row; None while it is not there."""
        boxes = self.menus()
        new = [box for box in boxes if box not in known]
        if len(boxes) != len(labels) or len(new) != 1:
            return None
        assert all(box[2] <= SCREEN[0] and box[3] <= SCREEN[1] for box in boxes), "it is cut"
        row = self.menu_layout(item, about_to_show=False)
        with contextlib.suppress(LookupError):
            for label in labels:
                rows = [each for each in row["children"] if each.get("visible", True)]
                row = find_row(rows, label)
            return new[0], row_centre(new[0], rows, row)
        return None

    def _still(self, look: Callable[[], T | None]) -> T:
        """What is seen, once it is the same several times: a menu grows while its rows come."""
        seen: list[T | None] = []

        def same() -> T | None:
            seen.append(look())
            last = seen[-_STILL_LOOKS:]
            is_still = len(last) == _STILL_LOOKS and all(each == last[0] for each in last)
            return last[0] if is_still else None

        found = wait_for(same, "the menu is open and keeps still")
        assert found is not None
        return found

    def _menu(self, item: Item) -> tuple[str, str, str]:
        return item.bus_name, self.peer.get(item.bus_name, item.path, ITEM, "Menu"), MENU


def _moves(x: int, y: int) -> tuple[str, ...]:
    return "mousemove", str(x - 2), str(y), "mousemove", str(x), str(y)


def label_of(row: Mapping[str, Any]) -> str:
    """A row's label as a person reads it: ``_`` marks a mnemonic, ``__`` is an underscore.

    What only makes room at its end is not read.
    """
    label: str = row.get("label", "")
    return label.replace("__", "\0").replace("_", "").replace("\0", "_").rstrip()


def find_row(rows: Iterable[dict[str, Any]], label: str) -> dict[str, Any]:
    """The row with this label, or the only one that begins with it; LookupError with all labels.

    A mark at the beginning is there only where the machine has a font for it: it is not compared.
    """
    rows, wanted = list(rows), _unmarked(label)
    for fits in (str.__eq__, str.startswith):
        found = [row for row in rows if fits(_unmarked(label_of(row)), wanted)]
        if len(found) == 1:
            return found[0]
    raise LookupError(f"{label!r} is not one of {[label_of(row) for row in rows]}")


def _unmarked(label: str) -> str:
    return label.lstrip("".join(fleet_text.MARKS.values())).lstrip()


def row_centre(box: Box, rows: Iterable[dict[str, Any]], wanted: dict[str, Any]) -> Point:
    """Where a row of an open GTK menu is: rows are equally high, separators thin."""
    left, top, right, bottom = box
    shown = [row for row in rows if row.get("visible", True)]
    heights = [_SEPARATOR_PX if row.get("type") == "separator" else 0 for row in shown]
    high_px = (bottom - top - sum(heights)) / heights.count(0)
    above = heights[: shown.index(wanted)]
    y = top + sum(above) + high_px * (above.count(0) + 0.5)
    return (left + right) // 2, round(y)


def _tree(node: list[Any]) -> dict[str, Any]:
    row_id, properties, children = node
    return {"id": row_id, **properties, "children": [_tree(child) for child in children]}
