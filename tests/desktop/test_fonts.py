"""What the fonts can draw."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tray_app.desktop.fonts import has_blocks, has_emoji

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="asks fontconfig")


def answering(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """Let fc-list do this."""
    program = tmp_path / "fc-list"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))


def test_a_font_with_the_blocks_is_enough(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Panels take a missing letter from another font."""
    answering(tmp_path, monkeypatch, "echo DejaVu Sans")
    assert has_blocks()


@pytest.mark.parametrize("script", ["exit 0", "exit 1"])
def test_without_one_there_is_no_sparkline(
    script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor where fontconfig fails."""
    answering(tmp_path, monkeypatch, script)
    assert not has_blocks()


def test_without_fontconfig_there_is_no_sparkline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is not known then what would be drawn."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not has_blocks()


def test_circles_are_asked_for_apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A font with blocks need not have them."""
    answering(tmp_path, monkeypatch, 'case "$1" in *2581*) echo DejaVu Sans ;; esac')
    assert has_blocks()
    assert not has_emoji()
    answering(tmp_path, monkeypatch, 'case "$1" in *1f534*) echo Noto Color Emoji ;; esac')
    assert has_emoji()
