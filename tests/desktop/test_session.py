"""Which session this is, and what runs in it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tray_app.desktop.session import around


@pytest.mark.skipif(sys.platform != "linux", reason="read from /proc")
def test_running_panels_come_before_the_names_of_the_desktop(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of the programs that were asked for; none of them needs to run."""
    own = Path("/proc/self/comm").read_text().strip()
    monkeypatch.setenv("XDG_CURRENT_DESKTOP", "ubuntu:GNOME")
    assert around((own, "no-such-panel")) == (own, "ubuntu", "GNOME")
    monkeypatch.delenv("XDG_CURRENT_DESKTOP")
    assert around(("no-such-panel",)) == ()
