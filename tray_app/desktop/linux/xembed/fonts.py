"""The desktop's font for windows of our own.

Fontconfig names it (``fc-match``); where that is missing, one of the usual fonts is tried, and
last the font that Pillow brings. Characters that the font lacks are drawn with another one. Where
none has them (Pillow cannot draw a font of coloured pictures), ASCII characters stand for them.
"""

from __future__ import annotations

import logging
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby
from typing import Any

from PIL import ImageFont

from tray_app import child_program

_log = logging.getLogger(__name__)

USUAL = ("DejaVuSans.ttf", "NotoSans-Regular.ttf", "LiberationSans-Regular.ttf")
FC_MATCH_LIMIT_S = 2.0
FONTS_KEPT = 8
CHARACTERS_KEPT = 512
# No font has a glyph for a noncharacter: what is drawn for it stands for all missing ones.
_NOBODY_HAS = "\U0010fffe"
# Where no font has these signs of the program's own texts.
_IN_ASCII = {"·": "-", "–": "-", "—": "-", "−": "-", "→": "->", "×": "x", "≥": ">=", "≤": "<="}
# They only change how the character before them looks.
_MODIFIERS = frozenset(map(chr, (0x200D, *range(0xFE00, 0xFE10), *range(0x1F3FB, 0x1F400))))
_BLOCKS = range(0x2580, 0x25A0)
NAME_CHARS = 24


class Typeface:
    """The desktop's sans serif font in one size (pixels), and others for what it lacks."""

    def __init__(self, size_px: float) -> None:
        self._size_px = size_px
        self._main = _load(_match("sans"), size_px)
        ascent, descent = self._main.getmetrics()
        self.ascent_px: int = ascent
        self.line_px: int = ascent + descent

    def measure(self, text: str) -> int:
        """The width of a text in pixels."""
        runs = self._runs(self._readable(text))
        return round(sum(float(font.getlength(part)) for font, part in runs))

    def write(self, draw: Any, left: int, top: int, text: str, colour: tuple[int, ...]) -> None:
        """Draw a text of one line; ``top`` is the line's upper edge."""
        x = float(left)
        for font, part in self._runs(self._readable(text)):
            draw.text((x, top + self.ascent_px), part, fill=colour, font=font, anchor="ls")
            x += font.getlength(part)

    def fit(self, text: str, room_px: int) -> str:
        """The text, cut with an ellipsis where it is wider than the room."""
        text = self._readable(text)
        if self.measure(text) <= room_px:
            return text
        kept = len(text)
        while kept and self.measure(f"{text[:kept].rstrip()}…") > room_px:
            kept -= 1
        return f"{text[:kept].rstrip()}…"

    def _readable(self, text: str) -> str:
        """The text with a substitute for each character that no font here has."""
        if text.isascii():
            return text
        return "".join(
            char if _has(self._font_of(char), char) else substitute(char) for char in text
        )

    def _runs(self, text: str) -> Iterator[tuple[Any, str]]:
        for font, characters in groupby(text, self._font_of):
            yield font, "".join(characters)

    def _font_of(self, character: str) -> Any:
        if character < "\x7f" or _has(self._main, character):
            return self._main
        other = _match(f"sans:charset={ord(character):x}")
        font = _load(other, self._size_px) if other else self._main
        return font if _has(font, character) else self._main


def substitute(character: str) -> str:
    r"""ASCII that can be read instead: ``é`` is ``e``, a picture its name (``:fire:``), any other
    character its number (``\u4e2d``)."""
    if character in _MODIFIERS:
        return ""
    if plain := _IN_ASCII.get(character):
        return plain
    if plain := unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode():
        return plain
    code, name = ord(character), unicodedata.name(character, "")
    if unicodedata.category(character) == "So" and code not in _BLOCKS and name:
        words = name.lower().replace(" ", "-")
        if len(words) <= NAME_CHARS:
            return f":{words}:"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


@lru_cache(maxsize=CHARACTERS_KEPT)
def _has(font: Any, character: str) -> bool:
    if character.isspace():
        return True
    missing, found = font.getmask(_NOBODY_HAS), font.getmask(character)
    return (missing.size, bytes(missing)) != (found.size, bytes(found))


@lru_cache(maxsize=CHARACTERS_KEPT)
def _match(pattern: str) -> tuple[str, int] | None:
    """File and index of the font that fontconfig chooses."""
    try:
        answer = child_program.run(
            ["fc-match", "-f", "%{index} %{file}", pattern], limit_s=FC_MATCH_LIMIT_S
        )
    except (OSError, child_program.TimeIsUp) as error:
        _log.debug("fc-match: %r", error)
        return None
    if answer.returncode:
        return None
    index, _, file = answer.stdout.decode("utf-8", "replace").strip().partition(" ")
    # The upper half of the index tells an instance of a variable font.
    return (file, int(index) & 0xFFFF) if file and index.isdecimal() else None


@lru_cache(maxsize=FONTS_KEPT)
def _load(matched: tuple[str, int] | None, size_px: float) -> Any:
    """A font by its file, else a usual one, else Pillow's own."""
    candidates = [matched] if matched else []
    for file, index in [*candidates, *((name, 0) for name in USUAL)]:
        try:
            return ImageFont.truetype(file, size_px, index)
        except OSError as error:
            _log.debug("font %s: %s", file, error)
    return ImageFont.load_default(size_px)
