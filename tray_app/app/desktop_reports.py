"""What the desktop reports of panel, menu and theme."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from tray_app.core.monitor.inputs import HostSeen, MenuSeen, ThemeSeen
from tray_app.core.presentation import tray_text

if TYPE_CHECKING:
    from tray_app.core.model.icon_options import Theme

MENU_LIMIT_S = 0.3
"""A menu that cannot change while it is open waits this long for its figures at most."""


class DesktopReports:
    """The desktop's reports, from its start on; dropped until there is a receiver."""

    def __init__(self) -> None:
        self.receive: Callable[[HostSeen | MenuSeen | ThemeSeen], None] = lambda _: None
        self._read = threading.Event()

    def host_changed(self, present: bool) -> None:
        """A panel has come or gone."""
        from tray_app.desktop.session import around

        self.receive(HostSeen(present, () if present else around(tray_text.PANELS)))

    def menu_changed(self, is_open: bool) -> None:
        """The menu was opened or closed."""
        self._read.clear()
        self.receive(MenuSeen(is_open))

    def until_read(self) -> None:
        """Wait until what only an open menu shows was read, but not longer than nobody notices."""
        self._read.wait(MENU_LIMIT_S)

    @property
    def is_read(self) -> bool:
        """Whether it was read since the menu was opened or closed."""
        return self._read.is_set()

    def menu_was_read(self) -> None:
        """The newest state has it."""
        self._read.set()

    def theme_changed(self, theme: Theme) -> None:
        """The desktop is dark or light."""
        self.receive(ThemeSeen(theme))
