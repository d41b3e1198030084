"""The desktop's font."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from tray_app.desktop.linux.xembed import fonts
from tray_app.desktop.linux.xembed.fonts import Typeface


@pytest.fixture(autouse=True)
def forgotten() -> Iterator[None]:
    """What one test has found is nothing to the next."""
    for _ in range(2):
        fonts._match.cache_clear()
        fonts._load.cache_clear()
        fonts._has.cache_clear()
        if _ == 0:
            yield


@pytest.mark.skipif(not shutil.which("fc-match"), reason="no fontconfig here")
def test_fontconfig_names_the_font() -> None:
    """A file that exists, and it is the one that the desktop uses for sans serif."""
    matched = fonts._match("sans")
    assert matched
    usual = subprocess.check_output(["fc-match", "-f", "%{file}", "sans"], text=True)
    assert matched[0] == usual


def no_fontconfig(*_args: Any, **_options: Any) -> Any:
    raise FileNotFoundError("fc-match")


def test_without_fontconfig_there_is_a_font(monkeypatch: pytest.MonkeyPatch) -> None:
    """One of the usual ones, or Pillow's own; both can write what the program says."""
    monkeypatch.setattr(subprocess, "run", no_fontconfig)
    for usual in (fonts.USUAL, ()):
        monkeypatch.setattr(fonts, "USUAL", usual)
        fonts._load.cache_clear()
        face = Typeface(13.3)
        assert face.measure("RunAnalyze: 300 MB · green") > 100


def test_a_text_is_cut_to_its_room() -> None:
    """With an ellipsis, and never wider than the room."""
    face = Typeface(13.3)
    cut = face.fit("Source: Process (1 process)", 100)
    assert cut.endswith("…")
    assert face.measure(cut) <= 100
    assert face.fit("Quit", 100) == "Quit"


def test_a_character_that_the_font_lacks_does_no_harm() -> None:
    """Another font is asked for it, and without one a box stands there."""
    face = Typeface(13.3)
    assert face.measure("進程 🦊 \U0010fffe") > 0
