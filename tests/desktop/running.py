"""The app as people run it: a process of its own on a test's desktop.

Rule: it is seen from outside only: over D-Bus, in pixels, in its output and its exit status.
"""

from __future__ import annotations

import json
import signal
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from itertools import product
from pathlib import Path
from typing import Any

import psutil
from msgspec.structs import replace
from PIL import Image, ImageChops, ImageStat

from tests.desktop.dbus import DBusError
from tests.desktop.session import ITEM, PANEL_BOX, SCREEN, DesktopSession, Item, Rgb, find_row
from tests.waiting import AMPLE_S, wait_for
from tray_app.core.analysis.bands import Band
from tray_app.core.model.icon_options import Palette, Style, Theme
from tray_app.core.presentation.icon import Picture
from tray_app.views.icon import draw

# A server at rest has about 60 MB: every band is a modest allocation away.
CONFIG = """\
interval_s = {interval_s}
[bands]
yellow_mb = 150
orange_mb = 220
red_mb = 300
[alerts]
raised_mb = 160
raised_while_processing = true
high_mb = 240
critical_mb = 320
recovery_s = 2
"""
ICON_PX = 24
NEAR_PANEL_END = (SCREEN[0] - 640, 0, SCREEN[0], 360)


class App:
    """One run of the app. ``name`` tells its logs and its config from others'."""

    def __init__(
        self,
        desktop: DesktopSession,
        *arguments: str,
        name: str = "app",
        interval_s: float = 0.25,
        env: dict[str, str] | None = None,
        code: str | None = None,
        settings: str = CONFIG,
    ) -> None:
        self.desktop = desktop
        self.name = name
        config = desktop.home / f"{name}.toml"
        config.write_text(settings.format(interval_s=interval_s))
        program = ["-c", code] if code else ["-m", "tray_app"]
        self.process = desktop.start(
            name, sys.executable, *program, "--config", str(config), *arguments, env=env
        )

    @property
    def log(self) -> str:
        return self.desktop.log(self.name)

    @property
    def samples(self) -> list[dict[str, Any]]:
        """What a run with ``--json`` has printed so far."""
        lines = self.log.splitlines(keepends=True)
        told = (json.loads(line) for line in lines if line[0] == "{" and line[-1] == "\n")
        return [each for each in told if "summary" not in each]

    def wait_for_sample(self, within_s: float = AMPLE_S, **wanted: Any) -> dict[str, Any]:
        """The next sample (of those printed from now on) that has these values."""
        known = len(self.samples)

        def fitting() -> dict[str, Any] | None:
            for sample in self.samples[known:]:
                if wanted.items() <= sample.items():
                    return sample
            return None

        with self._last_seen([]):
            found = wait_for(fitting, f"a sample with {wanted}", within_s)
        assert found
        return found

    # In the tray

    def item(self, within_s: float = AMPLE_S) -> Item:
        """The app's own item, once it is registered; fails at once when the app has ended."""

        def registered() -> Item | None:
            assert self.running, f"the app ended with {self.process.returncode}:\n{self.log}"
            return next((each for each in self.desktop.items() if self._has(each)), None)

        found = wait_for(registered, "the app is registered", within_s)
        assert found
        return found

    def _has(self, item: Item) -> bool:
        """Whether it is of this run: others may be on the desktop."""
        return self.desktop.peer.pid(item.bus_name) == self.process.pid

    @property
    def tooltip(self) -> list[str]:
        """The tooltip's lines, read as a panel reads them."""
        item = self.item()
        _icon, _pixmaps, title, text = self.desktop.peer.get(
            item.bus_name, item.path, ITEM, "ToolTip"
        )
        return [title, *text.splitlines()]

    def wait_for_tooltip(self, part: str, within_s: float = AMPLE_S) -> list[str]:
        """The tooltip once a line of it contains ``part``."""
        seen: list[str] = []

        def fits() -> bool:
            seen[:] = self.tooltip
            return part in "\n".join(seen)

        with self._last_seen(seen):
            wait_for(fits, f"{part!r} in the tooltip", within_s)
        return seen

    def wait_for_source(self, beginning: str, within_s: float = AMPLE_S) -> None:
        """The tooltip's second line, which names the source, begins like this."""
        seen: list[str] = []

        def fits() -> bool:
            seen[:] = self.tooltip
            return len(seen) > 1 and seen[1].startswith(beginning)

        with self._last_seen(seen):
            wait_for(fits, f"the source {beginning!r} in the tooltip", within_s)

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The menu's top-level rows, as `DesktopSession.menu_layout` gives them."""
        children: list[dict[str, Any]] = self.desktop.menu_layout(self.item())["children"]
        return children

    def labels(self) -> list[str]:
        return self.desktop.menu_labels(self.item())

    def click(self, *labels: str) -> None:
        self.desktop.menu_click(self.item(), *labels)

    def wait_for_label(self, beginning: str, within_s: float = AMPLE_S) -> None:
        seen: list[str] = []

        def fits() -> bool:
            seen[:] = self.labels()
            return any(label.startswith(beginning) for label in seen)

        with self._last_seen(seen):
            wait_for(fits, f"a menu row {beginning!r}", within_s)

    def wait_for_row(self, *labels: str, within_s: float = AMPLE_S) -> dict[str, Any]:
        """A row by its labels (or how they begin) from the top down."""

        def found() -> dict[str, Any] | None:
            row: dict[str, Any] = {"children": self.rows}
            try:
                for label in labels:
                    row = find_row(row["children"], label)
            except LookupError:
                return None
            return row

        row = wait_for(found, f"a menu row {labels}", within_s)
        assert row
        return row

    def picture(self) -> Picture | None:
        """What the item's 24 px picture says; None for a picture that nobody draws."""
        item = self.item()
        try:
            pixmaps = self.desktop.peer.get(item.bus_name, item.path, ITEM, "IconPixmap")
        except DBusError as error:
            error.add_note(f"the app's status is {self.process.poll()}; its log:\n{self.log}")
            raise
        for width, _height, argb in pixmaps:
            if width == ICON_PX:
                return read_icon(argb)
        return None

    def wait_for_picture(self, within_s: float = AMPLE_S, **wanted: Any) -> Picture:
        """The picture once its fields have these values."""
        seen: list[Picture | None] = []

        def fits() -> bool:
            seen[:] = [picture := self.picture()]
            return picture is not None and _looks(replace(picture, **wanted)) == _looks(picture)

        with self._last_seen(seen):
            wait_for(fits, f"a picture with {wanted}", within_s)
        assert seen[0]
        return seen[0]

    @contextmanager
    def _last_seen(self, seen: list[Any]) -> Iterator[None]:
        """Add to a failure what was there instead, and the app's log."""
        try:
            yield
        except AssertionError as error:
            error.add_note(f"instead: {seen}\nlog: {self.log[-2000:]}")
            raise

    # The end

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def end(self, sign: signal.Signals = signal.SIGTERM) -> float:
        """Send a signal and wait; the seconds it took. The exit status is in ``process``."""
        began_s = time.monotonic()
        self.process.send_signal(sign)
        self.process.wait(AMPLE_S)
        return time.monotonic() - began_s

    def wait_for_exit(self, within_s: float = AMPLE_S) -> int:
        return self.process.wait(within_s)

    def cpu_s(self) -> float:
        """Processor time used so far, in seconds."""
        times = psutil.Process(self.process.pid).cpu_times()
        return times.user + times.system


def state_file(desktop: DesktopSession) -> Path:
    """Where the app keeps what it remembers on this desktop."""
    return Path(desktop.env["XDG_STATE_HOME"], "runanalyze-tray", "state.json")


# Reading a picture back: compared with all that could have been drawn


def candidates() -> list[Picture]:
    known = [
        Picture(band, f".{tenth}", process_source=process, undelivered=undelivered)
        for undelivered in (False, True)
        for process in (False, True)
        for band in (Band.GREEN, Band.YELLOW, Band.ORANGE, Band.RED)
        for tenth in range(6)
    ]
    unknown = [
        Picture(Band.UNKNOWN, paused=paused, undelivered=undelivered)
        for undelivered in (False, True)
        for paused in (False, True)
    ]
    return known + unknown


def _looks(picture: Picture) -> bytes:
    """What a panel shows of it: not all that a picture says can be seen in each size."""
    return draw.draw(picture, ICON_PX).tobytes()


@lru_cache(maxsize=1)
def _drawn() -> dict[bytes, Picture]:
    usual = candidates()
    muted = [replace(picture, muted=True) for picture in usual if not picture.undelivered]
    short = [replace(picture, machine_short=True) for picture in usual if picture.figure]
    chosen = [
        Picture(Band.GREEN, f".{tenth}", muted=mute, style=style, palette=palette, theme=theme)
        for style, palette, theme in product(Style, Palette, Theme)
        for mute in (False, True)
        for tenth in range(6)
    ]
    # The usual ones last: of those that look alike, they win.
    drawn = chosen + short + muted + usual
    return {draw.draw(picture, ICON_PX).tobytes(): picture for picture in drawn}


def read_icon(argb: bytes) -> Picture | None:
    """The picture behind 24 x 24 pixels in network byte order; None when nobody draws it."""
    rgba = bytearray(len(argb))
    for channel, place in enumerate((1, 2, 3, 0)):
        rgba[channel::4] = argb[place::4]
    return _drawn().get(bytes(rgba))


@lru_cache(maxsize=1)
def _scaled(panel: Rgb) -> list[tuple[Picture, Image.Image]]:
    """Every picture as a panel of this colour shows it that was given twice its size."""
    shown = []
    for picture in candidates():
        drawn = draw.draw(picture, 2 * ICON_PX)
        ground = Image.new("RGB", drawn.size, panel)
        ground.paste(drawn, mask=drawn)
        shown.append((picture, ground.reduce(2)))
    return shown


def panel_picture(desktop: DesktopSession) -> Picture | None:
    """The picture that is nearest to the panel's pixels at its right end; None without any."""
    strip = desktop.pixels(PANEL_BOX)
    panel = desktop.panel_rgb
    box = ImageChops.difference(strip, Image.new("RGB", strip.size, panel)).getbbox()
    if not box:
        return None
    left = (box[0] + box[2] - ICON_PX) // 2
    top = (box[1] + box[3] - ICON_PX) // 2
    seen = strip.crop((left, top, left + ICON_PX, top + ICON_PX))

    def distance(shown: Image.Image) -> float:
        return sum(ImageStat.Stat(ImageChops.difference(seen, shown)).sum)

    return min(_scaled(panel), key=lambda pair: distance(pair[1]))[0]


def wait_for_panel(app: App, **wanted: Any) -> Picture:
    """The picture once the item has one with these values and the panel's pixels show it."""

    def shown() -> Picture | None:
        seen = panel_picture(app.desktop)
        return seen if seen and seen == app.picture() == replace(seen, **wanted) else None

    found = wait_for(shown, f"a picture with {wanted} in the panel")
    assert found
    return found
