"""What the desktop's fonts can draw: the blocks of a sparkline, and coloured circles."""

from __future__ import annotations

import sys

from tray_app import child_program

FC_LIST_LIMIT_S = 5.0
_BLOCKS = "2581-2588"
_CIRCLES = "1f534 1f7e0-1f7e2"


def has_blocks() -> bool:
    """Whether some font has U+2581 to U+2588.

    False where that is not known: without fontconfig, and on Windows, whose tooltip has no room.
    """
    return _has(_BLOCKS) if sys.platform == "linux" else sys.platform == "darwin"


def has_emoji() -> bool:
    """Whether some font has the circles in red, orange, yellow and green: Windows and macOS come
    with one. False where that is not known."""
    return _has(_CIRCLES) if sys.platform == "linux" else True


def _has(characters: str) -> bool:
    """Whether one font has them all: panels take a missing letter from another font."""
    try:
        answer = child_program.run(
            ["fc-list", f":charset={characters}", "family"], limit_s=FC_LIST_LIMIT_S
        )
    except (OSError, child_program.TimeIsUp):
        return False
    return answer.returncode == 0 and bool(answer.stdout.strip())
