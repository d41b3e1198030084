"""Whether the desktop's fonts have the blocks of a sparkline."""

from __future__ import annotations

import subprocess
import sys

FC_LIST_LIMIT_S = 5.0
_PATTERN = ":charset=2581-2588"


def has_blocks() -> bool:
    """Whether some font has U+2581 to U+2588: panels take a missing letter from another font.

    False where that is not known: without fontconfig, and on Windows, whose tooltip has no room.
    """
    if sys.platform != "linux":
        return sys.platform == "darwin"
    try:
        answer = subprocess.run(
            ["fc-list", _PATTERN, "family"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=FC_LIST_LIMIT_S,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return False
    return bool(answer.stdout.strip())
