"""Desktops for tests, each fresh: about 0.3 s with a panel, 0.03 s with a bus alone.

Rule: what a machine lacks is named in one skip reason.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.desktop import legacy_tray
from tests.desktop.legacy_tray import LegacyTray, StartTray
from tests.desktop.running import App
from tests.desktop.session import DesktopSession, Host, missing_programs
from tests.needs import missing

# They are about D-Bus and X11, whose libraries only Linux has.
collect_ignore_glob = (
    []
    if sys.platform == "linux"
    else ["linux/*", "test_linux_icon.py", "test_clicks.py", "test_notifications.py"]
)

StartDesktop = Callable[..., DesktopSession]
StartApp = Callable[..., App]


@pytest.fixture
def start_desktop() -> Iterator[StartDesktop]:
    """Starts desktops with the options of ``DesktopSession``; each is ended with the test."""
    with contextlib.ExitStack() as running:

        def start(**options: Any) -> DesktopSession:
            host: Host = "none" if options.get("bus_only") else options.get("host", "xfce")
            if lacking := missing_programs(host):
                pytest.skip(missing(*lacking))
            return running.enter_context(DesktopSession(**options))

        yield start


@pytest.fixture
def desktop(start_desktop: StartDesktop) -> DesktopSession:
    """XFCE's panel, dark, with xfce4-notifyd."""
    return start_desktop()


@pytest.fixture
def session_bus(start_desktop: StartDesktop) -> DesktopSession:
    """A session bus and nothing else: no screen, no watcher, no notification daemon."""
    return start_desktop(bus_only=True)


@pytest.fixture
def start_app() -> StartApp:
    """Starts the app, ``start_app(desktop, "--url", server.url)``; it ends with its desktop."""
    return App


@pytest.fixture
def start_tray(start_desktop: StartDesktop) -> StartTray:
    """Starts a panel with an old system tray, ``start_tray("tint2")``, on a new desktop unless one
    is given."""

    def start(
        panel: legacy_tray.Panel = "tint2", desktop: DesktopSession | None = None, **options: Any
    ) -> LegacyTray:
        if lacking := legacy_tray.missing(panel):
            pytest.skip(missing(*lacking))
        return LegacyTray(desktop or start_desktop(host="none", notifier=False), panel, **options)

    return start
