"""Which changes of the source are news: an API that is slow swaps it every few seconds."""

from __future__ import annotations

from msgspec import Struct

from tray_app.core.model.readings import Source

NEWS_EVERY_S = 60.0


class ChangeLog(Struct, frozen=True):
    """When each change, from one source to another, was last news."""

    at_s: tuple[tuple[Source, Source, float], ...] = ()


def is_news(log: ChangeLog, old: Source, new: Source, now_s: float) -> bool:
    """Whether this change was not news within the last minute."""
    return all(
        (old, new) != (one, other) or now_s - at_s >= NEWS_EVERY_S for one, other, at_s in log.at_s
    )


def noted(
    log: ChangeLog, old: Source | None, new: Source | None, now_s: float, *, failed: bool = False
) -> ChangeLog:
    """The log after one more sample, whose source is ``new``.

    ``failed``: the API does not answer. Then its return is news, however soon it comes.
    """
    if old is None or new is None or old is new or not is_news(log, old, new, now_s):
        return log
    others = [entry for entry in log.at_s if entry[:2] != (old, new)]
    if failed:
        others = [entry for entry in others if entry[1] is not Source.API]
    return ChangeLog((*others, (old, new, now_s)))
