"""The small picture of the whole time, as SVG: what a browser without scripts shows."""

from __future__ import annotations

from html import escape

from msgspec import Struct

from tray_app.core.history.columns import decoded
from tray_app.core.history.page_data import PageData
from tray_app.core.presentation import page_text
from tray_app.core.presentation.format import size

WIDTH, HEIGHT = 1000, 150
HEADROOM = 1.08


class _Column(Struct):
    """What lies in one column of pixels."""

    least: float
    most: float


def svg(page: PageData) -> str:
    """The picture; with a text for who cannot see it."""
    columns = _columns(page)
    known = [each for each in columns if each]
    least = min((each.least for each in known), default=None)
    most = max((each.most for each in known), default=None)
    top = HEADROOM * max(most or 0.0, 1.0)

    def y(size_bytes: float) -> float:
        return round(HEIGHT - HEIGHT * size_bytes / top, 1)

    lines = "".join(
        f'<path class="limit" d="M0 {y(line.at_bytes)}H{WIDTH}"/>'
        f'<text x="4" y="{y(line.at_bytes) - 3}">{escape(line.name)}</text>'
        for line in page.lines
        if line.at_bytes < top
    )
    gaps = "".join(
        f'<rect class="gap" x="{_x(page, gap.from_ms)}" y="0" height="{HEIGHT}"'
        f' width="{max(1.0, round(_x(page, gap.to_ms) - _x(page, gap.from_ms), 1))}"/>'
        for gap in page.gaps
    )
    alerts = "".join(
        f'<path class="alert" d="M{_x(page, each.at_ms)} 0v8"/>' for each in page.alerts
    )
    marks = "".join(
        f'<path class="mark" d="M{_x(page, each.at_ms)} 0V{HEIGHT}"/>' for each in page.marks
    )
    name = escape(page_text.overview(page, least, most))
    highest = f'<text class="most" x="{WIDTH - 4}" y="12">{size(most)}</text>' if known else ""
    return (
        f'<svg class="still" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"'
        f' aria-label="{name}">{gaps}<path class="memory" d="{_outline(columns, y)}"/>'
        f"{lines}{alerts}{marks}{highest}</svg>"
    )


def _x(page: PageData, at_ms: float) -> float:
    share = (at_ms - page.from_ms) / max(1, page.to_ms - page.from_ms)
    return round(WIDTH * min(max(share, 0.0), 1.0), 1)


def _columns(page: PageData) -> list[_Column | None]:
    """The least and the most in each column of pixels; None: no reading there."""
    columns: list[_Column | None] = [None] * (WIDTH + 1)
    rows = page.rows
    scale = WIDTH / max(1, page.to_ms - page.from_ms)
    for at, length, least, most in zip(
        *(decoded(each) for each in (rows.at, rows.length, rows.least, rows.most)), strict=True
    ):
        if least is None or most is None or at is None or length is None:
            continue
        first = min(max(int((at - page.from_ms) * scale), 0), WIDTH)
        last = min(max(int((at + length - page.from_ms) * scale), first), WIDTH)
        for x in range(first, last + 1):
            column = columns[x]
            if column is None:
                columns[x] = _Column(least, most)
            else:
                column.least = min(column.least, least)
                column.most = max(column.most, most)
    return columns


def _outline(columns: list[_Column | None], y: object) -> str:
    """A column from the ground to the most in each place with a reading."""
    assert callable(y)
    parts = []
    begun = False
    for x, column in enumerate(columns):
        if column is None:
            parts.append(f"V{HEIGHT}Z" if begun else "")
            begun = False
            continue
        parts.append(f"{'H' if begun else f'M{x} {HEIGHT}V'}{x if begun else y(column.most)}")
        if begun:
            parts.append(f"V{y(column.most)}")
        begun = True
    return "".join(parts) + (f"V{HEIGHT}Z" if begun else "")
