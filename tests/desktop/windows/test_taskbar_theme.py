"""The taskbar's theme."""

from __future__ import annotations

import pytest

from tray_app.core.model.icon_options import Theme
from tray_app.desktop.windows import taskbar_theme


def test_a_running_windows_icon_follows_the_taskbar(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its theme is told at the start and when it has changed, until the icon ends."""
    themes = [Theme.DARK, Theme.DARK, Theme.LIGHT]
    monkeypatch.setattr(taskbar_theme, "taskbar_theme", lambda: themes.pop(0))
    seen: list[Theme] = []

    class Stopped:
        def wait(self, timeout: float) -> bool:
            assert timeout == taskbar_theme.READ_EVERY_S
            return not themes

    taskbar_theme.follow_registry(seen.append, Stopped())  # type: ignore[arg-type]
    assert seen == [Theme.DARK, Theme.LIGHT]
