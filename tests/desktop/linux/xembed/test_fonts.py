"""The desktop's font."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest
from PIL import Image, ImageDraw

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


@pytest.mark.parametrize(
    ("character", "instead"),
    [
        ("🔥", ":fire:"),
        ("🦊", ":fox-face:"),
        ("💂", ":guardsman:"),
        ("\ufe0f", ""),
        ("🏽", ""),
        ("é", "e"),
        ("…", "..."),
        ("ﬁ", "fi"),
        ("−", "-"),
        ("程", "\\u7a0b"),
        ("▃", "\\u2583"),
        ("\ufffd", ":replacement-character:"),
    ],
)
def test_a_character_without_a_font_can_be_read_all_the_same(character: str, instead: str) -> None:
    """As a plain letter, by its name if that is short, or by its number."""
    assert fonts.substitute(character) == instead


def test_no_box_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process may be named in characters that no font has here. They are as wide as what stands
    for them, and a text is cut behind a whole one."""
    monkeypatch.setattr(fonts, "_has", lambda _font, char: char.isascii() or char == "…")
    face = Typeface(13.3)
    assert face.measure("🔥 uvicorn — 程") == face.measure(":fire: uvicorn - \\u7a0b")
    assert face.fit("🔥 uvicorn", 500) == ":fire: uvicorn"
    drawn = Image.new("L", (300, 30)), Image.new("L", (300, 30))
    for image, text in zip(drawn, ("🔥 uvicorn", ":fire: uvicorn"), strict=True):
        face.write(ImageDraw.Draw(image), 0, 0, text, (255,))
    assert drawn[0].tobytes() == drawn[1].tobytes()


def test_a_character_that_another_font_has_stays() -> None:
    """The program's own texts are drawn as they are, where a usual font is there."""
    if not fonts._match("sans"):
        pytest.skip("no fontconfig here")
    face = Typeface(13.3)
    assert face.fit("9.6 of 16 GB free · −12 MB/s …", 1000) == "9.6 of 16 GB free · −12 MB/s …"


def test_a_number_without_any_name_does_no_harm() -> None:
    """No font has a noncharacter."""
    assert Typeface(13.3).measure("進程 🦊 \U0010fffe") > 0
