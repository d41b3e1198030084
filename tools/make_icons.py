"""Draws the pictures that are kept: contact sheet, the program's mark, golden pictures.

``python -m tools.make_icons`` writes the pictures in ``assets`` that show or are the icon;
with ``--golden`` also ``tests/data/icons/``: look at every one of them before keeping it.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Sequence
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from tray_app.core.analysis.bands import Band
from tray_app.core.model.icon_options import Palette, Style, Theme
from tray_app.core.presentation.icon import Picture
from tray_app.views.icon import draw, glyphs

ROOT = Path(__file__).parents[1]
GOLDEN_DIRECTORY = ROOT / "tests" / "data" / "icons"
GOLDEN_SIZES = glyphs.SIZES
SHEET_SIZES = (16, 22, 32, 48)
PANELS = {Theme.DARK: (43, 48, 59), Theme.LIGHT: (240, 240, 240)}
FIGURES = {
    Band.GREEN: ".3",
    Band.YELLOW: ".7",
    Band.ORANGE: "1.5",
    Band.RED: "2.6",
    Band.UNKNOWN: "",
}


HEIGHTS = {
    Band.GREEN: (1, 1, 2, 2, 2, 1, 1, 2, 3, 2, 2, 2),
    Band.YELLOW: (1, 1, 2, 2, 2, 1, 1, 2, 2, 3, 4, 4),
    Band.ORANGE: (0, 0, 2, 2, 2, 3, 3, 4, 5, 6, 7, 8),
    Band.RED: (2, 2, 5, 8, 5, 2, 0, 0, 2, 5, 8, 10),
    Band.UNKNOWN: (),
}


def bands(style: Style, theme: Theme, palette: Palette = Palette.STANDARD) -> list[Picture]:
    """One picture for each band."""
    return [
        Picture(
            band,
            figure,
            style=style,
            theme=theme,
            palette=palette,
            columns=HEIGHTS[band] if style is Style.GRAPH else (),
        )
        for band, figure in FIGURES.items()
    ]


def marks(theme: Theme) -> list[Picture]:
    """Each mark alone, last the frame."""
    return [
        Picture(Band.GREEN, ".3", process_source=True, theme=theme),
        Picture(Band.YELLOW, ".7", paused=True, theme=theme),
        Picture(Band.ORANGE, "1.5", muted=True, theme=theme),
        Picture(Band.RED, "2.6", undelivered=True, theme=theme),
        Picture(Band.GREEN, ".3", process_source=True, hung=True, theme=theme),
        Picture(Band.YELLOW, ".9", machine_short=True, theme=theme),
        Picture(Band.GREEN, ".3", no_room=True, theme=theme),
    ]


def golden() -> dict[str, list[Picture]]:
    """The golden sheets by file name: a row for each of GOLDEN_SIZES, a column each picture."""
    sheets = {f"{style}-{theme}": bands(style, theme) for style in Style for theme in Theme}
    sheets["okabe-ito"] = bands(Style.NUMBER, Theme.AUTO, Palette.OKABE_ITO)
    sheets["marks"] = marks(Theme.AUTO)
    sheets["marks-together"] = [
        Picture(
            band, figure, process_source=True, undelivered=True, machine_short=True, style=style
        )
        for style in (Style.NUMBER, Style.BARS)
        for band, figure in FIGURES.items()
    ]
    sheets["figures"] = [
        Picture(Band.ORANGE, figure) for figure in (".0", "1.2", "3.4", "5.6", "7.8", "9.9", "48")
    ]
    return sheets


def golden_box(column: int, size: int) -> tuple[int, int, int, int]:
    """Where one picture stands on its golden sheet."""
    top = sum(smaller for smaller in GOLDEN_SIZES if smaller < size)
    return column * size, top, (column + 1) * size, top + size


def golden_sheet(pictures: Sequence[Picture]) -> Image.Image:
    """The pictures in every golden size, on a clear ground."""
    sheet = Image.new("RGBA", (len(pictures) * max(GOLDEN_SIZES), sum(GOLDEN_SIZES)))
    for size in GOLDEN_SIZES:
        for column, picture in enumerate(pictures):
            sheet.paste(draw.draw(picture, size), golden_box(column, size))
    return sheet


def contact_sheet() -> Image.Image:
    """Every style in every band as panels show it, on a dark and on a light panel, pixel by pixel.

    Rows: number, bars, calm, graph, the Okabe-Ito palette, each drawn for the panel and for a panel
    that is not known; last the marks.
    """
    gap = 8
    panels = []
    for theme, colour in PANELS.items():
        rows = [bands(style, shade) for style in Style for shade in (theme, Theme.AUTO)]
        rows += [bands(Style.NUMBER, shade, Palette.OKABE_ITO) for shade in (theme, Theme.AUTO)]
        rows.append(marks(theme))
        columns = max(map(len, rows))
        width = gap + sum(columns * (size + gap) + 3 * gap for size in SHEET_SIZES) - 3 * gap
        height = max(SHEET_SIZES) + gap
        panel = Image.new("RGBA", (width, len(rows) * height + gap), (*colour, 255))
        for number, row in enumerate(rows):
            x = gap
            for size in SHEET_SIZES:
                y = gap + number * height + (max(SHEET_SIZES) - size) // 2
                for column, picture in enumerate(row):
                    panel.alpha_composite(draw.draw(picture, size), (x + column * (size + gap), y))
                x += columns * (size + gap) + 3 * gap
        panels.append(panel)
    return _stack(panels)


BAND_LABELS = (
    "below 500 MB",
    "from 500 MB",
    "from 1000 MB",
    "above 2000 MB",
    "no reading",
)
MARK_LABELS = (
    "the figure comes from processes",
    "paused",
    "alerts are muted",
    "notifications do not arrive",
    "the server hangs",
    "the machine is short of memory",
    "no room for the next video",
)


def legend() -> Image.Image:
    """A row for each band with its memory, and beside them a row for each mark."""
    font = ImageFont.load_default(15)
    row_px, gap, sizes = 40, 12, (16, 24, 32)
    columns = [
        (gap, bands(Style.NUMBER, Theme.DARK), BAND_LABELS, sizes),
        (300, marks(Theme.DARK), MARK_LABELS, sizes[-1:]),
    ]
    sheet = Image.new("RGBA", (610, len(MARK_LABELS) * row_px + gap), (*PANELS[Theme.DARK], 255))
    ink = ImageDraw.Draw(sheet)
    for left, pictures, labels, shown in columns:
        for number, (picture, label) in enumerate(zip(pictures, labels, strict=True)):
            x, middle = left, gap // 2 + number * row_px + row_px // 2
            for size in shown:
                sheet.alpha_composite(draw.draw(picture, size), (x, middle - size // 2))
                x += size + gap
            ink.text((x, middle), label, (230, 233, 238), font, anchor="lm")
    return sheet.convert("RGB")


def _stack(panels: Iterable[Image.Image]) -> Image.Image:
    panels = list(panels)
    sheet = Image.new("RGB", (panels[0].width, sum(panel.height for panel in panels)))
    y = 0
    for panel in panels:
        sheet.paste(panel.convert("RGB"), (0, y))
        y += panel.height
    return sheet


def main() -> None:
    """Write the files."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--golden", action="store_true", help="write the golden pictures, too")
    options = parser.parse_args()
    contact_sheet().save(ROOT / "assets" / "icons.png", optimize=True)
    legend().save(ROOT / "assets" / "legend.png", optimize=True)
    draw.emblem(256).save(ROOT / "assets" / "runanalyze-tray.png", optimize=True)
    if options.golden:
        GOLDEN_DIRECTORY.mkdir(parents=True, exist_ok=True)
        for name, pictures in golden().items():
            golden_sheet(pictures).save(GOLDEN_DIRECTORY / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
