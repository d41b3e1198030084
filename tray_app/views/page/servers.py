"""Makes the page of all servers. It has no script: the browser reads it again from time to time."""

from __future__ import annotations

from html import escape

from tray_app.core.presentation.overview_page import OverviewPage, ServerPart
from tray_app.views.page import overview
from tray_app.views.page.document import fill, hash_of, sentences, template

REFRESH_S = 30


def servers_document(page: OverviewPage) -> str:
    """The whole page."""
    style = template("page.css")
    policy = (
        f"default-src 'none'; style-src '{hash_of(style)}'; img-src data:;"
        " base-uri 'none'; form-action 'none'"
    )
    return fill(
        "servers.html",
        {
            "policy": escape(policy),
            "refresh": str(REFRESH_S),
            "title": escape(page.heading),
            "time": escape(page.time),
            "style": style,
            "servers": "".join(map(_server, page.servers)),
            "version": escape(page.version),
        },
    )


def _server(server: ServerPart) -> str:
    recent = server.recent
    picture = overview.svg(recent) if recent is not None and recent.rows.count else ""
    return (
        f'<section class="server"><h2><a href="{escape(server.link.href)}">'
        f"{escape(server.link.text)}</a></h2>"
        f'<p class="now"><i class="dot {server.rank.name.lower()}"></i><span class="spoken">'
        f"{escape(server.colour)}, </span>{escape(server.now)}</p>"
        f"{sentences(server.answers)}{picture}</section>"
    )
