"""Whether the desktop's fonts have the blocks of a sparkline."""

from __future__ import annotations

import sys

from tray_app import child_program

FC_LIST_LIMIT_S = 5.0
_PATTERN = ":charset=2581-2588"


def has_blocks() -> bool:
    """Whether some font has U+2581 to U+2588: panels take a missing letter from another font.

    False where that is not known: without fontconfig, and on Windows, whose tooltip has no room.
    """
    if sys.platform != "linux":
        return sys.platform == "darwin"
    try:
        answer = child_program.run(["fc-list", _PATTERN, "family"], limit_s=FC_LIST_LIMIT_S)
    except (OSError, child_program.TimeIsUp):
        return False
    return answer.returncode == 0 and bool(answer.stdout.strip())
