"""The pages that the menu opens: a server's history, live, its incidents, and all servers."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote

from msgspec.structs import replace

from tray_app import __version__
from tray_app.core.alerts.limits import AlertLimits
from tray_app.core.analysis.bands import BandLimits
from tray_app.core.fleet.overview import Fleet
from tray_app.core.history.incidents import Incident
from tray_app.core.history.page_data import Frame, Link, PageData, PageVerdict
from tray_app.core.presentation import incident_page, overview_page, page_text, verdict_text
from tray_app.core.presentation.overview_page import Past
from tray_app.history import incidents, page, verdict
from tray_app.history.database import History
from tray_app.page_server.server import Page, PageServer
from tray_app.views.page.document import data, document
from tray_app.views.page.servers import servers_document

LIVE_S = 7 * 86400.0
"""What a live page begins with; of the time before, ``--report`` makes one."""

OPENS = "24 h"
"""The range in sight at first."""

VERDICT_EVERY_S = 10.0
"""A peak, and what is free, may be as old in the sentences at the top."""

AGAIN_S = 120.0
"""Jobs and alerts of so long before are sent again: what they became is known later."""

RECENT_S = 3600.0
"""What the picture of a server shows on the page of all."""

DATA = "data"
_HTML = "text/html; charset=utf-8"


class Pages:
    """The pages of one server or of several, on one port while one of them is open.

    ``servers``: those of the menu, in its order. ``fleet``: how they are now. Several have their
    pages below their names, and the page of all above them.
    """

    def __init__(
        self,
        servers: Callable[[], Mapping[str, ServerPages]],
        fleet: Callable[[], Fleet],
        now_s: Callable[[], float],
    ) -> None:
        self._servers = servers
        self._fleet = fleet
        self._now_s = now_s
        self._server = PageServer(self.answer)

    def address(self, server: str = "", at_s: float | None = None) -> str:
        """Of a server's history, or of its incident that was open at this moment; with
        several servers and no name: of the page of all.

        :raises OSError: there is no port for the server
        """
        below = overview_page.place(server) if server and len(self._servers()) > 1 else ""
        name = "" if at_s is None else f"incident-{round(1000 * at_s)}"
        return self._server.address(below + name)

    def answer(self, place: str, query: str) -> Page | None:
        """The page of a request; called in the server's thread."""
        servers = self._servers()
        if len(servers) == 1:
            (only,) = servers.values()
            return only.answer(place, query)
        if place == "":
            return Page(_HTML, self._overview(servers).encode(), live=True)
        name, slash, part = place.partition("/")
        found = servers.get(unquote(name)) if slash else None
        if found is None:
            return None
        return found.answer(part, query, overview_page.picker(servers, unquote(name)))

    def _overview(self, servers: Mapping[str, ServerPages]) -> str:
        pasts = {name: pages.past() for name, pages in servers.items()}
        return servers_document(
            overview_page.overview(self._fleet(), pasts, round(1000 * self._now_s()), __version__)
        )


class ServerPages:
    """The pages of one server, made in the page server's thread."""

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

    def answer(self, name: str, query: str, picker: Sequence[Link] = ()) -> Page | None:
        """The page of a request; ``picker`` are the links to those of other servers."""
        if name == "":
            self._watched()
            shown = replace(self._read(self._now_s() - LIVE_S), verdict=self._verdict(is_due=True))
            return Page(_HTML, document(shown, DATA, picker).encode(), live=True)
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
            return None if found is None else Page(_HTML, self._incident(found, picker))
        return None

    def past(self) -> Past:
        """What is recorded, as far as the page of all servers tells it."""
        self._watched()
        verdict = self._verdict(is_due=False)
        if verdict is None:
            return Past()
        recent = self._read(self._now_s() - RECENT_S)
        return Past((verdict.happened[verdict.opens], verdict.leak), recent)

    def _verdict(self, is_due: bool) -> PageVerdict | None:
        """The newest one; made where something has happened, and from time to time."""
        now_s = self._now_s()
        if is_due or not 0.0 <= now_s - self._judged_s < VERDICT_EVERY_S:
            found = verdict.read(self._path, now_s - LIVE_S, now_s + 1.0, self._limits())
            self._words = None if found is None else verdict_text.words(found, opens=OPENS)
            self._judged_s = now_s
        return self._words

    def _incident(self, incident: Incident, picker: Sequence[Link]) -> bytes:
        page_ = incident_page.page_of(incident, self._frame())
        return document(page_, picker=picker).encode()

    def _read(self, from_s: float, again_s: float = 0.0) -> PageData:
        to_s = self._now_s() + 1.0
        return page.read(self._path, from_s, to_s, self._frame(), again_s=again_s)

    def _frame(self) -> Frame:
        return page_text.frame(self._shown, __version__, self._bands(), self._limits())
