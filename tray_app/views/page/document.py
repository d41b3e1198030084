"""Makes the page: the template, filled; style and script go into it whole.

What came from a server or a command line is escaped here, or goes through JSON. The page's own
policy names its style and its script by their hashes and forbids every request; a live page may ask
the server it came from, and nobody else.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from html import escape
from pathlib import Path

import msgspec

from tray_app.core.history.page_data import Answer, Link, PageData, PageVerdict, Section
from tray_app.core.presentation import page_text
from tray_app.views.page import overview

MODULES = ("format.mjs", "data.mjs", "scale.mjs", "thin.mjs", "chart.mjs", "table.mjs", "page.mjs")
"""In the order in which they need each other."""

ROWS_MAX = 500
"""Of each table without the script, the newest; the script has more."""

_HERE = Path(__file__).parent
_IMPORT = re.compile(r"^import [^;]*;\n", re.MULTILINE)
_EXPORT = re.compile(r"^export ", re.MULTILINE)
_UNIT = re.compile(r"(\d) (MB|GB|min|h|s|%)(?!\w)")
_PLACE = re.compile(r"\{\{(\w+)\}\}")


def document(page: PageData, live_url: str | None = None, picker: Sequence[Link] = ()) -> str:
    """The whole page. With ``live_url`` (relative, e.g. ``data``) it asks there for newer rows:
    ``GET data?after=<ms>`` answers `data` of them. ``picker``: the pages of other servers."""
    style, code = template("page.css"), script()
    asks = "'self'" if live_url else "'none'"
    policy = (
        f"default-src 'none'; script-src '{hash_of(code)}'; style-src '{hash_of(style)}';"
        f" img-src data:; connect-src {asks};"
        " base-uri 'none'; form-action 'none'"
    )
    filled = {
        "policy": escape(policy),
        "title": escape(page_text.title(page)),
        "span": escape(page_text.span(page) if page.rows.count else page_text.NOTHING_YET),
        "style": style,
        "script": code,
        "live": escape(live_url or ""),
        "picker": links(picker),
        "verdict": _verdict(page.verdict) if page.verdict else "",
        "overview": overview.svg(page) if page.rows.count else "",
        "leads": _sections(each for each in page.sections if each.leads),
        "sections": _sections(each for each in page.sections if not each.leads),
        "jobs": _table(
            "jobs",
            "Jobs",
            page_text.JOB_HEADS,
            [page_text.job(each) for each in page.jobs[: -ROWS_MAX - 1 : -1]],
            page_text.NO_JOBS,
            page_text.older(page.left_out.jobs, "jobs"),
        ),
        "alerts": _table(
            "alerts",
            "Alerts",
            page_text.ALERT_HEADS,
            [page_text.alert(each) for each in page.alerts[: -ROWS_MAX - 1 : -1]],
            page_text.NO_ALERTS,
            page_text.older(page.left_out.alerts, "alerts"),
        ),
        "events": _events(page),
        "data": data(page).decode().replace("<", "\\u003c"),
        "version": escape(page.version),
    }
    return fill("page.html", filled)


def fill(name: str, places: Mapping[str, str]) -> str:
    """The template with this HTML in its places."""
    return _PLACE.sub(lambda place: places[place[1]], template(name))


def links(picker: Sequence[Link]) -> str:
    """The links to other pages, in a row."""
    if not picker:
        return ""
    inner = "".join(
        f'<a href="{escape(each.href)}"{" aria-current=page" if each.is_here else ""}>'
        f"{escape(each.text)}</a>"
        for each in picker
    )
    return f'<nav aria-label="Servers">{inner}</nav>'


def data(page: PageData) -> bytes:
    """The page's figures as JSON: what is in the page, and what a live page is sent."""
    return msgspec.json.encode(page)


def script(modules: Sequence[str] = MODULES) -> str:
    """The page's modules as one: their imports of each other are left out."""
    return "".join(_EXPORT.sub("", _IMPORT.sub("", template(name))) for name in modules)


def template(name: str) -> str:
    """A file of this folder."""
    return (_HERE / name).read_text("utf-8")


def hash_of(text: str) -> str:
    """What a page's policy names a style or a script by."""
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"


def _verdict(verdict: PageVerdict) -> str:
    """What the page opens with; the script puts the words of other ranges into the same places."""
    answers = (verdict.happened[verdict.opens], verdict.leak, verdict.next)
    lines = sentences(answers)
    return f'<section id="verdict"><h2>{escape(verdict.times[verdict.opens])}</h2>{lines}</section>'


def sentences(answers: Iterable[Answer]) -> str:
    """Sentences with the words in front that matter most."""
    return "".join(
        f"<p{' class=concern' if each.concern else ''}><b>{escape(_bound(each.lead))}</b>"
        f" <span>{escape(_bound(each.rest))}</span></p>"
        for each in answers
    )


def _bound(text: str) -> str:
    """A figure and its unit stay on one line."""
    return _UNIT.sub("\\1\u00a0\\2", text)


def _sections(sections: Iterable[Section]) -> str:
    return "".join(
        f"<section><h2>{escape(each.title)}</h2><pre tabindex=0>{escape(each.text)}</pre></section>"
        for each in sections
    )


def _table(
    name: str,
    title: str,
    heads: Sequence[str],
    rows: Iterable[Sequence[str]],
    nothing: str,
    older: str = "",
) -> str:
    """A table, or the sentence that says why there is none; below it what is not in it."""
    body = "".join(
        f"<tr>{''.join(f'<td>{escape(_bound(cell))}</td>' for cell in cells)}</tr>"
        for cells in rows
    )
    head = "".join(f"<th scope=col>{escape(cell)}</th>" for cell in heads)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    inner = f'<div class="wide">{table}</div>' if body else f"<p>{escape(nothing)}</p>"
    below = f'<p class="older">{escape(older)}</p>' if older else ""
    return f'<section id="{name}"><h2>{escape(title)}</h2>{inner}{below}</section>'


def _events(page: PageData) -> str:
    found = page_text.events(page.servers, page.gaps)
    if not found:
        return ""
    rows = [[page_text.moment(at_ms), words] for at_ms, words in found[: -ROWS_MAX - 1 : -1]]
    return _table("events", "Server and monitor", page_text.EVENT_HEADS, rows, "")
