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


def test_the_return_of_an_api_that_failed_is_news() -> None:
    """However soon, so that the last line of the log is true; an API that fails again and again is
    news once a minute."""
    log = noted(ChangeLog(), Source.PROCESS, Source.API, 0.0)
    log = noted(log, Source.API, Source.NONE, 5.0, failed=True)
    log = noted(log, Source.NONE, Source.PROCESS, 8.0)
    assert is_news(log, Source.PROCESS, Source.API, 9.0)
    log, said_s = ChangeLog(), []
    for at_s in range(0, 60, 2):
        old, new = SOURCES if at_s % 4 == 0 else SOURCES[::-1]
        if is_news(log, old, new, at_s):
            said_s.append(at_s)
        log = noted(log, old, new, at_s, failed=new is Source.PROCESS)
    assert said_s == [0, 2]
