"""A tray needs a session bus: it comes from the desktop's own fixtures."""

from tests.desktop.conftest import desktop, session_bus, start_app, start_desktop

__all__ = ["desktop", "session_bus", "start_app", "start_desktop"]
