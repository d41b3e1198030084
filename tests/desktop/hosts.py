"""Desktops beside XFCE's and LXQt's: MATE, waybar under sway, KDE Plasma, GNOME Shell.

Rule: each is as it comes, but for a plain panel; a step is over when the screen has changed and
stays. What is compared is what a person sees: pixels.
"""

from __future__ import annotations

import contextlib
import io
import itertools
import os
import shutil
import struct
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from PIL import Image, ImageChops, ImageStat

from tests.desktop.dbus import DBusError
from tests.desktop.recorder import NOTIFICATIONS
from tests.desktop.running import App, candidates
from tests.desktop.session import (
    SCREEN,
    WATCHER,
    Box,
    DesktopSession,
    Patch,
    Rgb,
    Theme,
)
from tests.desktop.virtual_pointer import VirtualPointer
from tests.waiting import AMPLE_S, wait_for
from tray_app.core.analysis.bands import Band
from tray_app.core.model.icon_options import Palette
from tray_app.core.presentation.icon import Picture
from tray_app.views.icon import draw, glyphs
from tray_app.views.icon.palette import COLOURS

Name = Literal["mate", "waybar", "kde", "gnome"]
MATE_APPLET = "/usr/lib/mate-panel/notification-area-applet"
MATE_NOTIFIER = "/usr/lib/mate-notification-daemon/mate-notification-daemon"
ACTIVITIES = "/usr/lib/x86_64-linux-gnu/libexec/kactivitymanagerd"
GNOME_NOTIFIER = "/usr/share/gnome-shell/org.gnome.Shell.Notifications"
EXTENSION = "ubuntu-appindicators@ubuntu.com"
PROGRAMS: dict[Name, tuple[str, ...]] = {
    "mate": ("mate-panel", MATE_APPLET, MATE_NOTIFIER),
    "waybar": ("waybar", "sway", "grim", "mako", "unshare"),
    "kde": ("plasmashell", "kded5", ACTIVITIES),
    "gnome": (
        "gnome-shell",
        "gjs",
        GNOME_NOTIFIER,
        f"/usr/share/gnome-shell/extensions/{EXTENSION}/metadata.json",
    ),
}
PANEL_RGB: dict[Theme, Rgb] = {"dark": (32, 34, 38), "light": (238, 239, 241)}
PANELS_PX: dict[Name, int] = {"mate": 24, "waybar": 32, "kde": 44, "gnome": 34}
LEAST_PIXELS = 60
STILL_LOOKS = 5
TOLERANCE = 16  # GNOME dims icons a little
HAS_TOOLTIP = {"mate", "waybar", "kde"}

_MATE = """\
[org/mate/panel/general]
toplevel-id-list=['top']
object-id-list=['notification-area']

[org/mate/panel/toplevels/top]
expand=true
orientation='top'
size={size}

[org/mate/panel/toplevels/top/background]
type='color'
color='rgb{rgb}'

[org/mate/panel/objects/notification-area]
object-type='applet'
applet-iid='NotificationAreaAppletFactory::NotificationArea'
toplevel-id='top'
position=0
panel-right-stick=true
locked=true
"""
_GNOME = """\
[org/gnome/shell]
enabled-extensions=['ubuntu-appindicators@ubuntu.com']
disable-user-extensions=false
welcome-dialog-last-shown-version='99'

[org/gnome/desktop/interface]
color-scheme='{scheme}'
enable-animations=false
scaling-factor=uint32 {scale}
"""
# After the start, which opens the overview and says what it has to say.
_CALM = """\
const {layoutManager, overview, messageTray} = Main;
if (layoutManager._startingUp || layoutManager.uiGroup.get_transition('opacity')) 'starts';
else if (overview.visible || overview._animationInProgress) { overview.hide(); 'overview'; }
else if (messageTray.getSources().length || messageTray._banner) {
    messageTray.getSources().forEach(source => source.destroy());
    'warns';
} else 'calm';
"""
_SWAY = """\
output HEADLESS-1 resolution {width}x{height} scale {scale}
output * bg #3a4e68 solid_color
"""
_WAYBAR = '{"height": 32, "modules-right": ["tray"], "tray": {"icon-size": 22}}'


NOT_ROOT = ("unshare", "-U", "--map-user=1000", "--map-group=1000")
"""Sway refuses to be root, which a container's user often is."""


def missing_parts(name: Name) -> list[str]:
    """What this machine lacks for a desktop."""
    parts = [part for part in PROGRAMS[name] if not (shutil.which(part) or Path(part).is_file())]
    if name == "waybar" and os.getuid() == 0 and "unshare" not in parts:
        done = subprocess.run([*NOT_ROOT, "true"], check=False, capture_output=True)
        parts += ["user namespaces, for sway as root"] if done.returncode else []
    return parts


class HostSession(DesktopSession):
    """One of these desktops, alive inside its ``with`` block."""

    def __init__(self, name: Name, theme: Theme = "dark", scale: int = 1) -> None:
        super().__init__(host="none", theme=theme, notifier=False, bus_only=name == "waybar")
        self.name = name
        self.theme: Theme = theme
        self.scale = scale
        if (name, scale) == ("gnome", 2):  # at 640 x 360 its menu would have no room
            self.screen = (2 * SCREEN[0], 2 * SCREEN[1])
        self._pointer: VirtualPointer | None = None

    def _begin(self) -> None:
        super()._begin()
        self.env["GSETTINGS_BACKEND"] = "keyfile"
        {
            "mate": self._start_mate,
            "waybar": self._start_waybar,
            "kde": self._start_kde,
            "gnome": self._start_gnome,
        }[self.name]()
        self._wait_for_host()

    def _wait_for_host(self) -> None:
        wait_for(lambda: self.peer.owner(WATCHER), "a panel takes icons")

    def _end(self) -> None:
        if self._pointer:
            self._pointer.close()
        super()._end()

    def _settings(self, text: str) -> None:
        folder = self.home / "config" / "glib-2.0" / "settings"
        folder.mkdir(parents=True)
        (folder / "keyfile").write_text(text)

    def _start_mate(self) -> None:
        self.env |= {"XDG_CURRENT_DESKTOP": "MATE", "GDK_SCALE": str(self.scale)}
        self._settings(_MATE.format(size=24, rgb=PANEL_RGB[self.theme]))
        self.start("applet", MATE_APPLET)
        factory = "org.mate.panel.applet.NotificationAreaAppletFactory"
        wait_for(lambda: self.peer.owner(factory), "MATE's applet is there")
        self.start("mate-panel", "mate-panel")
        self.start("notifier", MATE_NOTIFIER)
        wait_for(lambda: self.peer.owner("org.freedesktop.Notifications"), "MATE notifies")

    def _start_kde(self) -> None:
        scheme = "BreezeDark" if self.theme == "dark" else "BreezeLight"
        (self.home / "config" / "kdeglobals").write_text(f"[General]\nColorScheme={scheme}\n")
        style = "breeze-dark" if self.theme == "dark" else "breeze-light"
        (self.home / "config" / "plasmarc").write_text(f"[Theme]\nname={style}\n")
        self.env |= {
            "XDG_CURRENT_DESKTOP": "KDE",
            "KDE_FULL_SESSION": "true",
            "KDE_SESSION_VERSION": "5",
            "QT_QPA_PLATFORM": "xcb",
            "QT_SCALE_FACTOR": str(self.scale),
            "LIBGL_ALWAYS_SOFTWARE": "1",
            "XDG_DATA_DIRS": "/usr/local/share:/usr/share",
            "XDG_CONFIG_DIRS": "/etc/xdg",
        }
        self.start("activities", ACTIVITIES)
        self.start("kded", "kded5")
        self.start("plasmashell", "plasmashell", "--no-respawn")
        wait_for(lambda: self.peer.owner("org.kde.plasmashell"), "Plasma is there")

    def _start_gnome(self) -> None:
        scheme = "prefer-dark" if self.theme == "dark" else "prefer-light"
        self._settings(_GNOME.format(scheme=scheme, scale=self.scale))
        for name, process in self._running:
            if name == "openbox":  # GNOME manages windows itself
                self.stop(process)
        # The shell asks a system bus for services, and does without them.
        config, system = self.home / "system.conf", self.home / "run" / "system-bus"
        config.write_text((self.home / "bus.conf").read_text().replace("run/bus", "run/system-bus"))
        self.start("system-bus", "dbus-daemon", f"--config-file={config}", "--nofork")
        wait_for(system.exists, "a system bus is there")
        self.env |= {
            "XDG_CURRENT_DESKTOP": "GNOME",
            "DBUS_SYSTEM_BUS_ADDRESS": f"unix:path={system}",
            "LIBGL_ALWAYS_SOFTWARE": "1",
            "XDG_DATA_DIRS": "/usr/local/share:/usr/share",
        }
        self.start("gnome-shell", "gnome-shell", "--x11", "--unsafe-mode")
        self._wait_for_host()
        self._leave_overview()
        self.start("notifier", "gjs", GNOME_NOTIFIER)
        wait_for(lambda: self.peer.owner(NOTIFICATIONS), "GNOME notifies")

    def _leave_overview(self) -> None:
        """The shell starts in its overview, and warns of root and of a missing display manager."""

        def done() -> bool:
            with contextlib.suppress(DBusError):  # it is not there yet
                return self._eval(_CALM) == [True, '"calm"']
            return False

        wait_for(done, "GNOME's overview and its warnings are closed")

    def _eval(self, script: str) -> list[object]:
        shell = ("org.gnome.Shell", "/org/gnome/Shell", "org.gnome.Shell")
        return self.peer.call(*shell, "Eval", "s", script)

    def _start_waybar(self) -> None:
        width, height = self.screen
        ground, ink = ("#202226", "#fff") if self.theme == "dark" else ("#eeeff1", "#222")
        (self.home / "sway").write_text(
            _SWAY.format(width=width, height=height, scale=self.scale), "utf-8"
        )
        (self.home / "waybar.json").write_text(_WAYBAR)
        (self.home / "waybar.css").write_text(
            f"window#waybar {{background: {ground}; color: {ink}}}"
        )
        self.env |= {
            "XCURSOR_PATH": str(self._clear_cursors()),
            "XCURSOR_THEME": "default",
            "WLR_BACKENDS": "headless",
            "WLR_RENDERER": "pixman",
            "WLR_LIBINPUT_NO_DEVICES": "1",
            "XDG_CURRENT_DESKTOP": "sway",
            "XDG_SESSION_TYPE": "wayland",
        }
        other = NOT_ROOT if os.getuid() == 0 else ()
        self.start("sway", *other, "sway", "-c", str(self.home / "sway"))
        run = self.home / "run"

        def sockets() -> list[Path]:
            return [path for path in run.glob("wayland-*") if not path.name.endswith(".lock")]

        (path,) = wait_for(sockets, "sway is there")
        self.env["WAYLAND_DISPLAY"] = path.name
        wait_for(lambda: list(run.glob("sway-ipc*")), "sway takes commands")
        self._pointer = VirtualPointer(path, self.screen)
        config, style = str(self.home / "waybar.json"), str(self.home / "waybar.css")
        self.start("waybar", "waybar", "-c", config, "-s", style)
        self.start("notifier", "mako")
        wait_for(lambda: self.peer.owner(NOTIFICATIONS), "mako notifies")

    def _clear_cursors(self) -> Path:
        """Cursor themes of one clear pixel: sway paints the cursor into its screen."""
        folder = self.home / "cursors"
        image = struct.pack("<9I", 36, 0xFFFD0002, 24, 1, 1, 1, 0, 0, 0) + bytes(4)
        head = struct.pack("<4s6I", b"Xcur", 16, 0x10000, 1, 0xFFFD0002, 24, 28)
        for theme, shape in itertools.product(("default", "Adwaita"), ("left_ptr", "default")):
            place = folder / theme / "cursors"
            place.mkdir(parents=True, exist_ok=True)
            (place / shape).write_bytes(head + image)
        return folder

    # Seeing and pointing, in pixels of the screen

    def pixels(self, box: Box | None = None) -> Image.Image:
        if self.name != "waybar":
            return super().pixels(box)
        done = subprocess.run(
            ["grim", "-s", str(self.scale), "-t", "ppm", "-"],
            env=self.env,
            check=True,
            capture_output=True,
            timeout=AMPLE_S,
        )
        whole = Image.open(io.BytesIO(done.stdout)).convert("RGB")
        return whole.crop(box) if box else whole

    def hover(self, x: int, y: int) -> None:
        if self._pointer is None:
            super().hover(x, y)
        else:
            self._pointer.move(x - 2, y)
            self._pointer.move(x, y)

    def _click(self, x: int, y: int, button: str) -> None:
        self.hover(x, y)
        if self._pointer is not None:
            self._pointer.click(button)
        else:
            self._xdotool("click", {"left": "1", "right": "3"}[button])

    def left_click(self, x: int, y: int) -> None:
        self._click(x, y, "left")

    def right_click(self, x: int, y: int) -> None:
        self._click(x, y, "right")

    def without_panel(self, screen: Image.Image) -> Image.Image:
        """The screen below or above the panel, which has a clock in some."""
        panel_px = PANELS_PX[self.name] * self.scale
        width, height = self.screen
        top, bottom = (0, height - panel_px) if self.name == "kde" else (panel_px, height)
        rest = Image.new("RGB", screen.size)
        rest.paste(screen.crop((0, top, width, bottom)), (0, top))
        return rest

    def wait_for_change(
        self, before: Image.Image, what: str, at_least_px: int = 12
    ) -> tuple[Box, Image.Image]:
        """Where the screen differs from ``before``, and the screen, once it keeps still."""
        seen: list[tuple[Box, Image.Image]] = []

        def changed() -> bool:
            screen = self.still()
            difference = ImageChops.difference(screen, before)
            box = self.without_panel(difference).getbbox()
            if box is None or box[3] - box[1] < at_least_px:
                return False
            seen[:] = [(box, screen)]
            return True

        with self._pictured():
            wait_for(changed, what)
        return seen[0]

    def still(self) -> Image.Image:
        """The screen, once it keeps still: pointers hide, popups end where they belong."""
        seen: list[Image.Image] = []

        def same() -> bool:
            seen.append(self.pixels())
            last = [self.without_panel(each) for each in seen[-STILL_LOOKS:]]
            return len(last) == STILL_LOOKS and all(each == last[0] for each in last)

        wait_for(same, "the screen keeps still")
        return seen[-1]

    @contextlib.contextmanager
    def _pictured(self) -> Iterator[None]:
        """Keep the screen when something was not seen."""
        try:
            yield
        except AssertionError as error:
            error.add_note(f"see {self.screenshot(f'host-{self.name}-failed')}")
            raise

    def icon_box(self, band: Band) -> Box:
        """Where the icon is, once it has the colour of a band."""
        whole = (0, 0, *self.screen)
        colour = COLOURS[Palette.STANDARD][band]

        def found() -> Patch | None:
            patch = self.find_colour(colour, TOLERANCE, whole)
            return patch if patch and patch.count > LEAST_PIXELS else None

        with self._pictured():
            patch = wait_for(found, f"a {band} icon")
        assert patch
        return patch.box


def shown_picture(host: HostSession, band: Band) -> tuple[Picture, int, float]:
    """The picture nearest to the icon's pixels, its size, and how far it is from them (0 to 255).

    Some panels show the largest picture, scaled; others the one of their size.
    """
    left, top, right, bottom = host.icon_box(band)
    px = max(right - left, bottom - top)
    seen = host.pixels((left, top, left + px, top + px))
    ground = host.pixels((left - 4, top + 2, left - 3, top + 3)).resize((px, px))

    def distance(picture: Picture) -> float:
        best = 255.0
        for size in (px, 2 * px, max(glyphs.SIZES)):
            if size in glyphs.SIZES:
                drawn = draw.draw(picture, size).resize((px, px), Image.Resampling.BOX)
                shown = ground.copy()
                shown.paste(drawn, mask=drawn)
                best = min(best, sum(ImageStat.Stat(ImageChops.difference(seen, shown)).mean) / 3)
        return best

    nearest = min(candidates(), key=distance)
    return nearest, px, distance(nearest)


def wait_for_shown(host: HostSession, app: App, band: Band) -> tuple[Picture, int, float]:
    """The same once it is what the app says."""

    def same() -> tuple[Picture, int, float] | None:
        found = shown_picture(host, band)
        return found if found[0] == app.picture() else None

    found = wait_for(same, f"the panel shows the app's {band} picture")
    assert found
    return found
