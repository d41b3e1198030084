"""Which changes of the source are news."""

from __future__ import annotations

from tray_app.core.model.readings import Source
from tray_app.core.source_choice.change_log import ChangeLog, is_news, noted

SOURCES = (Source.API, Source.PROCESS)


def test_a_source_that_swaps_is_news_once_a_minute() -> None:
    """In each direction, as with an API that takes 1.5 s."""
    log, said_s = ChangeLog(), []
    for at_s in range(0, 130, 2):
        old, new = SOURCES if at_s % 4 == 0 else SOURCES[::-1]
        if is_news(log, old, new, at_s):
            said_s.append(at_s)
        log = noted(log, old, new, at_s)
    assert said_s == [0, 2, 60, 62, 120, 122]
    assert len(log.at_s) == 2


def test_another_change_is_news_at_once() -> None:
    """The API that goes away altogether."""
    log = noted(ChangeLog(), *SOURCES, 0.0)
    assert is_news(log, Source.PROCESS, Source.NONE, 1.0)


def test_the_same_source_is_no_change() -> None:
    """Nor is the first one."""
    assert noted(ChangeLog(), Source.API, Source.API, 1.0) == ChangeLog()
    assert noted(ChangeLog(), None, Source.API, 1.0) == ChangeLog()
