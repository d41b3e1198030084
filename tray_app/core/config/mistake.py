"""A value among the settings that cannot be used."""

from __future__ import annotations

from msgspec import Struct


class Mistake(Struct, frozen=True):
    """What is wrong, and where: ``line`` of ``file``, or in an environment variable, which the text
    names. ``line`` is 0 if the whole file is meant."""

    text: str
    file: str = ""
    line: int = 0

    def __str__(self) -> str:
        """``/home/joe/config.toml:3: unknown setting 'hihg_mb'``: one line for a terminal."""
        place = ":".join(str(part) for part in (self.file, self.line) if part)
        return f"{place}: {self.text}" if place else self.text
