"""The pages that the menu opens: the history, live, and incidents."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from msgspec.structs import replace

from tray_app import __version__
from tray_app.core.alerts.limits import AlertLimits
from tray_app.core.analysis.bands import BandLimits
from tray_app.core.history.incidents import Incident
from tray_app.core.history.page_data import Frame, PageData, PageVerdict
from tray_app.core.presentation import incident_page, page_text, verdict_text
from tray_app.history import incidents, page, verdict
from tray_app.history.database import History
from tray_app.page_server.server import Page, PageServer
from tray_app.views.page.document import data, document

LIVE_S = 7 * 86400.0
"""What a live page begins with; of the time before, ``--report`` makes one."""

OPENS = "24 h"
"""The range in sight at first."""

VERDICT_EVERY_S = 10.0
"""A peak, and what is free, may be as old in the sentences at the top."""

AGAIN_S = 120.0
"""Jobs and alerts of so long before are sent again: what they became is known later."""

DATA = "data"
_HTML = "text/html; charset=utf-8"


class Pages:
    """Answers the requests of open pages, in the server's thread."""

    def __init__(
        self,
        path: Path,
        server: str,
        limits: Callable[[], AlertLimits],
        now_s: Callable[[], float],
        watched: Callable[[], None] = lambda: None,
        bands: Callable[[], BandLimits] = BandLimits,
    ) -> None:
        self._path = path
        self._shown = server
        self._limits = limits
        self._now_s = now_s
        self._watched = watched
        self._bands = bands
        self._words: PageVerdict | None = None
        self._judged_s = 0.0
        self._server = PageServer(self.answer)

    def address(self, at_s: float | None = None) -> str:
        """Of the history's page, or of the incident that was open at this moment.

        :raises OSError: there is no port for the server
        """
        return self._server.address("" if at_s is None else f"incident-{round(1000 * at_s)}")

    def answer(self, name: str, query: str) -> Page | None:
        """The page of a request."""
        if name == "":
            self._watched()
            shown = replace(self._read(self._now_s() - LIVE_S), verdict=self._verdict(is_due=True))
            return Page(_HTML, document(shown, live_url=DATA).encode(), live=True)
        if name == DATA and (after := re.fullmatch(r"after=([0-9]{1,15})", query)):
            self._watched()
            newer = self._read((int(after[1]) + 1) / 1000, again_s=AGAIN_S)
            told_ms = [each.ended_ms for each in newer.jobs]
            told_ms += [each.at_ms for each in newer.alerts]
            told_ms += [each.at_ms for each in newer.servers]
            has_news = max(told_ms, default=0) > int(after[1])
            body = data(replace(newer, verdict=self._verdict(has_news)))
            return Page("application/json", body, live=True)
        if incident := re.fullmatch(r"incident-([0-9]{1,15})", name):
            found = incidents.at(History(self._path), int(incident[1]) / 1000)
            return None if found is None else Page(_HTML, self._incident(found))
        return None

    def _verdict(self, is_due: bool) -> PageVerdict | None:
        """The newest one; made where something has happened, and from time to time."""
        now_s = self._now_s()
        if is_due or not 0.0 <= now_s - self._judged_s < VERDICT_EVERY_S:
            found = verdict.read(self._path, now_s - LIVE_S, now_s + 1.0, self._limits())
            self._words = None if found is None else verdict_text.words(found, opens=OPENS)
            self._judged_s = now_s
        return self._words

    def _incident(self, incident: Incident) -> bytes:
        return document(incident_page.page_of(incident, self._frame())).encode()

    def _read(self, from_s: float, again_s: float = 0.0) -> PageData:
        to_s = self._now_s() + 1.0
        return page.read(self._path, from_s, to_s, self._frame(), again_s=again_s)

    def _frame(self) -> Frame:
        return page_text.frame(self._shown, __version__, self._bands(), self._limits())
