"""A pause of the garbage collector, for the start."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def gc_paused() -> Iterator[None]:
    """No garbage collection: what is imported and built at the start is no garbage, and searching
    it takes 4 to 12 ms of the time until the first figure."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
