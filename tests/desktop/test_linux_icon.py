"""StatusNotifierItem and the XEmbed icon as one: which of them is used when."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from PIL import Image

from tests.desktop.fake_icon import FakeIcon
from tests.desktop.legacy_tray import LegacyApp, StartTray, icon_box, shown_picture, wait_for_icon
from tests.desktop.recorder import Watcher
from tests.waiting import wait_for
from tray_app.desktop import linux_icon
from tray_app.desktop.icon_adapters import SniIcon
from tray_app.desktop.linux_icon import LinuxIcon


class FakeSni(FakeIcon):
    LARGEST_PX = 48
    is_listed = False

    def set_images(self, images: list[Any]) -> None:
        self.icon = images

    def wait_until_told(self, limit_s: float) -> None:
        """At once."""

    def stop(self) -> None:
        """Nothing runs."""


class Heard:
    """A `LinuxIcon` and what it has reported."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, has_panel: bool) -> None:
        self.hosts: list[bool] = []
        self.started = 0
        self.sni: Any = FakeSni()
        self.panel: Callable[[bool], None] = lambda _: None
        monkeypatch.setenv("DISPLAY", ":0")
        monkeypatch.setattr(linux_icon.asyncio, "get_running_loop", lambda: self)
        self.icon = LinuxIcon(
            "test", self._make_sni, self.hosts.append, lambda _: None, has_panel=has_panel
        )
        monkeypatch.setattr(self.icon._xembed, "start", self._start)
        self.waiting: Callable[[], None] | None = None

    def _make_sni(self, panel: Callable[[bool], None]) -> SniIcon:
        self.panel = panel
        return SniIcon(self.sni)

    def _start(self) -> None:
        self.started += 1

    def call_later(self, after_s: float, action: Callable[[], None]) -> Heard:
        """As the loop does."""
        self.waiting = action
        return self

    def cancel(self) -> None:
        """As what was put off does."""
        self.waiting = None


def test_a_panel_with_statusnotifieritem_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing else is started, also while that panel is restarted."""
    heard = Heard(monkeypatch, has_panel=True)
    heard.icon.run(lambda: None)
    assert heard.icon.sizes((16, 48, 64)) == [16, 48]
    heard.panel(True)
    heard.panel(False)
    assert heard.waiting
    heard.panel(True)
    assert not heard.waiting
    assert heard.started == 0
    assert heard.hosts == [True, False, True]


def test_without_one_the_other_is_started(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the start at once, later when the panel stays away."""
    heard = Heard(monkeypatch, has_panel=False)
    heard.icon.run(lambda: None)
    assert heard.started == 1
    heard = Heard(monkeypatch, has_panel=True)
    heard.icon.run(lambda: None)
    heard.panel(False)
    assert heard.started == 0
    assert heard.waiting
    heard.waiting()
    assert heard.started == 1
    monkeypatch.setenv("DISPLAY", "")
    heard.waiting()
    assert heard.started == 1


def test_only_one_of_them_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tray gives the icon back when a better panel comes; both count as a panel."""
    heard = Heard(monkeypatch, has_panel=False)
    heard.icon.run(lambda: None)
    xembed = heard.icon._xembed
    assert xembed.shown.is_wanted
    xembed.shown.on_host(True)
    assert heard.icon.is_shown
    heard.panel(True)
    assert not xembed.shown.is_wanted
    xembed.shown.on_host(False)
    heard.panel(False)
    assert heard.hosts == [True, True, True, False]


def test_each_gets_the_sizes_that_it_wants(monkeypatch: pytest.MonkeyPatch) -> None:
    """A panel would scale down the largest; a tray gets all."""
    heard = Heard(monkeypatch, has_panel=True)
    images = [Image.new("RGBA", (size, size)) for size in (16, 48, 64)]
    heard.icon.show_images(images)
    assert [image.width for image in heard.sni.icon] == [16, 48]
    assert heard.icon._xembed.shown.images == images


def test_a_left_click_is_the_same_in_both(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is set later is called."""
    heard = Heard(monkeypatch, has_panel=False)
    clicks: list[str] = []
    heard.icon.on_click = lambda: clicks.append("click")
    heard.sni.on_click()
    heard.icon._xembed.shown.on_click()
    assert clicks == ["click", "click"]


def test_nothing_is_loaded_for_it_before_it_starts() -> None:
    """Neither python-xlib nor Pillow's fonts."""
    code = (
        "import sys; import tray_app.desktop.linux_icon;"
        "print([name for name in sys.modules if name.split('.')[0] in ('Xlib', 'PIL')])"
    )
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "[]"


@pytest.mark.desktop
def test_a_watcher_without_a_panel_is_no_panel(start_tray: StartTray) -> None:
    """As KDE's is on another desktop: the old tray has the icon until a panel joins it."""
    tray = start_tray()
    app = LegacyApp(tray.desktop, "--demo")
    wait_for_icon(tray, app)
    with Watcher(tray.desktop.bus_address, host_registered=False) as watcher:
        wait_for(lambda: watcher.items, "the watcher has the item")
        assert shown_picture(tray), "the old tray has it all the time"
        watcher.host_comes()
        wait_for(lambda: not icon_box(tray), "the old tray has it no longer")
    wait_for(lambda: shown_picture(tray), "the old tray has it again")


@pytest.mark.desktop
def test_a_panel_with_both_kinds_shows_one_icon(start_tray: StartTray) -> None:
    """The old tray has the icon until a panel with StatusNotifierItem comes, and again after it.
    XFCE's has both."""
    tray = start_tray("tint2", edge="bottom")
    desktop = tray.desktop
    app = LegacyApp(tray.desktop, "--demo")
    wait_for_icon(tray, app)
    desktop.start_panel("xfce")
    wait_for(desktop.items, "the new panel has the icon")
    wait_for(lambda: not icon_box(tray), "the old tray has it no longer")
    desktop.kill_panel()
    tray.kill()
    tray = start_tray("tint2", desktop)
    wait_for(lambda: shown_picture(tray), "another old tray has it")
    assert desktop.items() == []
    assert app.running
