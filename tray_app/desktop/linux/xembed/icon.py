"""The XEmbed icon as the desktop uses it: from any thread, while one thread owns the X connection.

Nothing of it starts, and python-xlib is not loaded, before `start`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from threading import Event
from typing import TYPE_CHECKING, Any

from tray_app.core.model.icon_options import Theme
from tray_app.core.presentation.menu_row import Row
from tray_app.desktop.linux.xembed.shown import Shown
from tray_app.worker_thread import WorkerThread

if TYPE_CHECKING:
    from tray_app.desktop.linux.xembed.session import Session

_log = logging.getLogger(__name__)


class XembedIcon:
    """An icon in whichever system tray there is, one after the other."""

    def __init__(
        self, name: str, on_host: Callable[[bool], None], on_menu: Callable[[bool], None]
    ) -> None:
        self.shown = Shown(name, self._docked, on_menu)
        self._on_host = on_host
        self._loop: asyncio.AbstractEventLoop | None = None
        self._session: Session | None = None
        self._ended = Event()
        self.is_docked = False
        """Whether a tray has the icon; from any thread."""

    # From any thread

    def start(self) -> None:
        """Connect to the X server in a thread of its own; once."""
        self._loop = asyncio.new_event_loop()
        WorkerThread("dock", self._run, again=False).start()

    @property
    def is_started(self) -> bool:
        return self._loop is not None

    def wait_for_end(self) -> None:
        """Wait until the connection is closed, by `stop` or by the X server."""
        self._ended.wait()

    def stop(self) -> None:
        """Take the icon away and close the connection."""
        if self._loop is not None:
            self._in_loop(self._loop.stop)

    def want(self, is_wanted: bool) -> None:
        """Whether the icon is to be in a tray: not while a panel shows another kind."""
        self.shown.is_wanted = is_wanted
        self._soon(lambda session: session.want(is_wanted))

    def show_images(self, images: Sequence[Any]) -> None:
        """The picture in these sizes, smallest first."""
        self.shown.images = images
        self._soon(lambda session: session.show_images(images))

    def show_tooltip(self, text: str) -> None:
        """The text under the pointer."""
        self.shown.tooltip = text
        self._soon(lambda session: session.show_tooltip(text))

    def show_theme(self, theme: Theme) -> None:
        """How menu and tooltip are drawn; AUTO: like the panel behind the icon."""
        self.shown.theme = theme

    def set_menu(self, read: Callable[[], Sequence[Row]], choose: Callable[[str], None]) -> None:
        """Where the rows come from, and who gets the key of one that was clicked."""
        self.shown.read, self.shown.choose = read, choose

    def update_menu(self) -> None:
        """Rows have changed."""
        self._soon(lambda session: session.refresh_menu())

    def _soon(self, action: Callable[[Session], None]) -> None:
        def act() -> None:
            if self._session is not None:
                self._session.act(action)

        if self._loop is not None:
            self._in_loop(act)

    def _in_loop(self, action: Callable[[], object]) -> None:
        assert self._loop is not None
        try:
            self._loop.call_soon_threadsafe(action)
        except RuntimeError:
            _log.debug("the X connection was closed")

    # In the thread of the connection

    def _docked(self, is_docked: bool) -> None:
        if is_docked is not self.is_docked:
            self.is_docked = is_docked
            self._on_host(is_docked)

    def _run(self) -> None:
        from tray_app.desktop.linux.xembed import x11
        from tray_app.desktop.linux.xembed.session import Session

        loop = self._loop
        assert loop is not None
        try:
            connection = x11.Connection()
            try:
                self._session = Session(connection, self.shown, loop)
                loop.run_forever()
            finally:
                connection.close()
        except (x11.NoDisplayError, x11.ConnectionLostError) as error:
            _log.info("no icon by XEmbed: %s", error)
        finally:
            self._session = None
            self._docked(False)
            loop.close()
            self._ended.set()
