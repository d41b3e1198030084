"""The known name that somebody probably meant."""

from __future__ import annotations

from collections.abc import Iterable

SIMILARITY_MIN = 0.7


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`` (did you mean interval_s?)``; empty where nothing is like it.

    A dotted name is also looked for by its last part: it may stand in the wrong section.
    """
    from difflib import get_close_matches  # only after a mistake

    names = list(known)
    found = get_close_matches(name, names, 1, SIMILARITY_MIN)
    if not found:
        by_last = {each.rpartition(".")[2]: each for each in names}
        last = get_close_matches(name.rpartition(".")[2], by_last, 1, SIMILARITY_MIN)
        found = [by_last[each] for each in last]
    return f" (did you mean {found[0]}?)" if found else ""
