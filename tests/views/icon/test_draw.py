"""The icon: golden pictures, and that it reads on every panel and without colour."""

from __future__ import annotations

import functools
import itertools
import subprocess
import sys
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace
from PIL import Image, ImageChops

from tests.waiting import AMPLE_S
from tools import make_icons
from tray_app.core.analysis.bands import Band
from tray_app.core.model.icon_options import Palette, Style, Theme
from tray_app.core.presentation.icon import COLUMNS, STEPS, Picture
from tray_app.views.icon import draw, glyphs
from tray_app.views.icon.palette import BLACK, WHITE

Seen = list[tuple[float, bool]]
Matrix = tuple[tuple[float, float, float], ...]

SMALL_SIZES = (16, 20, 22, 24)
NEIGHBOURS = list(itertools.pairwise((Band.GREEN, Band.YELLOW, Band.ORANGE, Band.RED)))

NORMAL: Matrix = ((1, 0, 0), (0, 1, 0), (0, 0, 1))
# Machado, Oliveira, Fernandes 2009, deuteranomaly of severity 1.0, for linear RGB.
DEUTERANOPIA: Matrix = (
    (0.367322, 0.860646, -0.227968),
    (0.280085, 0.672501, 0.047413),
    (-0.011820, 0.042940, 0.968881),
)

PICTURES = st.builds(
    Picture,
    band=st.sampled_from(Band),
    figure=st.one_of(
        st.just(""),
        st.integers(0, 9).map(".{}".format),
        st.integers(10, 99).map(str),
        st.integers(10, 99).map(lambda tenths: f"{tenths / 10:.1f}"),
    ),
    process_source=st.booleans(),
    paused=st.booleans(),
    muted=st.booleans(),
    undelivered=st.booleans(),
    machine_short=st.booleans(),
    hung=st.booleans(),
    no_room=st.booleans(),
    style=st.sampled_from(Style),
    palette=st.sampled_from(Palette),
    theme=st.sampled_from(Theme),
    columns=st.tuples() | st.tuples(*[st.integers(0, STEPS)] * COLUMNS),
)


def _linear(channel: int) -> float:
    part = channel / 255
    return part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4


def _seen(picture: Picture, size: int, panel: Theme, eye: Matrix = NORMAL) -> Seen:
    """Every pixel on a panel as an eye without colour sees it: luminance, and whether drawn."""
    drawn = draw.draw(picture, size)
    ground = Image.new("RGBA", (size, size), (*make_icons.PANELS[panel], 255))
    ground.alpha_composite(drawn)
    covered = drawn.getchannel("A").tobytes()
    pixels = ground.tobytes()
    return [
        (_luminance(pixels[4 * at : 4 * at + 3], eye), alpha > 127)
        for at, alpha in enumerate(covered)
    ]


def _empty(size: int, panel: Theme) -> Seen:
    return [(_luminance(bytes(make_icons.PANELS[panel]), NORMAL), False)] * (size * size)


@functools.cache
def _luminance(colour: bytes, eye: Matrix) -> float:
    """Relative luminance (WCAG 2.1), 0 to 1, of the colour that the eye makes of this one."""
    linear = [_linear(channel) for channel in colour]
    total = 0.0
    for weight, row in zip((0.2126, 0.7152, 0.0722), eye, strict=True):
        seen = sum(part * share for part, share in zip(linear, row, strict=True))
        total += weight * min(1.0, max(0.0, seen))
    return total


def _differing(one: Seen, other: Seen, contrast: float = 3.0) -> float:
    """The share of pixels that differ by 3:1 in luminance."""
    pairs = zip(one, other, strict=True)
    return sum(
        (max(a, b) + 0.05) / (min(a, b) + 0.05) >= contrast for (a, _), (b, _) in pairs
    ) / len(one)


def _reshaped(one: Seen, other: Seen) -> float:
    """The share of pixels that are drawn in one and left clear in the other."""
    return sum(a is not b for (_, a), (_, b) in zip(one, other, strict=True)) / len(one)


@pytest.mark.parametrize("name", make_icons.golden())
def test_pictures_are_as_they_were_when_a_person_looked_at_them(name: str) -> None:
    """Every style, band, size and theme looks as its golden picture does, pixel by pixel."""
    pictures = make_icons.golden()[name]
    with Image.open(make_icons.GOLDEN_DIRECTORY / f"{name}.png") as sheet:
        golden = sheet.convert("RGBA")
    for size in make_icons.GOLDEN_SIZES:
        for column, picture in enumerate(pictures):
            expected = golden.crop(make_icons.golden_box(column, size))
            drawn = draw.draw(picture, size)
            # Another Pillow may round a blended pixel the other way, and nothing more.
            assert max(ImageChops.difference(drawn, expected).tobytes()) <= 3, (picture, size)


@settings(deadline=None)
@given(picture=PICTURES, size=st.sampled_from(glyphs.SIZES))
def test_any_picture_can_be_drawn_in_any_size(picture: Picture, size: int) -> None:
    """It is RGBA of exactly that size, its corners are clear, and something is seen."""
    image = draw.draw(picture, size)
    assert (image.mode, image.size) == ("RGBA", (size, size))
    alpha = image.getchannel("A")
    corners = [alpha.getpixel((x, y)) for x in (0, size - 1) for y in (0, size - 1)]
    assert corners == [0, 0, 0, 0]
    assert alpha.getextrema()[1] == 255


def test_a_size_without_a_grid_is_refused() -> None:
    """Nothing is resampled: a size that is not drawn natively is an error."""
    with pytest.raises(KeyError):
        draw.draw(Picture(Band.GREEN, ".3"), 17)


def test_equal_pictures_are_one_key() -> None:
    """A picture is a value: equal ones hash alike, so that a redraw can be left out."""
    assert len({Picture(Band.RED, "2.6"), Picture(Band.RED, "2.6"), Picture(Band.RED, "2.7")}) == 2


def _themes() -> Iterator[tuple[Theme, Theme]]:
    """(panel, theme) that go together: drawn for the panel, or for one that is not known."""
    for panel in make_icons.PANELS:
        yield panel, panel
        yield panel, Theme.AUTO


@pytest.mark.parametrize("eye", [NORMAL, DEUTERANOPIA], ids=["grey", "deuteranopia"])
@pytest.mark.parametrize("style", Style)
def test_neighbouring_bands_are_told_apart_without_colour(style: Style, eye: Matrix) -> None:
    """With one figure in both, 3.5 % of the pixels or more differ by 3:1 or in shape.

    3.5 % are more than two pips of 2 x 2 pixels at 16 px.
    """
    grid = itertools.product(Palette, glyphs.SIZES, _themes(), NEIGHBOURS)
    for palette, size, (panel, theme), pair in grid:
        lower, upper = (
            _seen(Picture(band, "1.5", style=style, palette=palette, theme=theme), size, panel, eye)
            for band in pair
        )
        told = _differing(lower, upper) + _reshaped(lower, upper)
        assert told >= 0.035, (palette, size, panel, theme, pair)


@pytest.mark.parametrize("style", Style)
def test_unknown_is_another_form(style: Style) -> None:
    """Without a reading the tile is hollow: a sixth of the pixels or more are clear, or not."""
    for size, theme, band in itertools.product(glyphs.SIZES, Theme, Band):
        if band is not Band.UNKNOWN:
            unknown, known = (
                _seen(Picture(each, "1.5", style=style, theme=theme), size, Theme.DARK)
                for each in (Band.UNKNOWN, band)
            )
            assert _reshaped(unknown, known) >= 1 / 6, (size, theme, band)


@pytest.mark.parametrize("style", Style)
def test_the_icon_is_seen_on_any_panel(style: Style) -> None:
    """A fifth of the pixels or more stands out by 2:1 from a dark and from a light panel."""
    grid = itertools.product(Palette, Band, glyphs.SIZES, _themes())
    for palette, band, size, (panel, theme) in grid:
        picture = Picture(band, "1.5", style=style, palette=palette, theme=theme)
        out = _differing(_seen(picture, size, panel), _empty(size, panel), contrast=2.0)
        assert out >= 1 / 5, (palette, band, size, panel, theme)


@pytest.mark.parametrize(
    "marked",
    [
        Picture(Band.GREEN, "1.5", process_source=True),
        Picture(Band.GREEN, "1.5", paused=True),
        Picture(Band.GREEN, "1.5", muted=True),
        Picture(Band.GREEN, "1.5", undelivered=True),
        Picture(Band.GREEN, "1.5", process_source=True, hung=True),
        Picture(Band.GREEN, "1.5", machine_short=True),
        Picture(Band.GREEN, "1.5", process_source=True, no_room=True),
    ],
    ids=["process", "paused", "muted", "undelivered", "hung", "machine-short", "no-room"],
)
def test_each_mark_is_seen(marked: Picture) -> None:
    """Each mark, whatever the tile and the panel, changes 1.5 % of the pixels by 3:1 or more."""
    grid = itertools.product(Style, Band, glyphs.SIZES, make_icons.PANELS)
    for style, band, size, panel in grid:
        plain = _seen(Picture(band, "1.5", style=style), size, panel)
        with_mark = _seen(replace(marked, band=band, style=style), size, panel)
        assert _differing(plain, with_mark) >= 0.015, (style, band, size, panel)


@pytest.mark.parametrize("size", glyphs.SIZES)
def test_marks_are_told_from_each_other(size: int) -> None:
    """Paused and hung are not the process mark, undelivered is not muted, and pairs show both
    corners."""
    pictures = [
        Picture(Band.RED, "2.6", process_source=True),
        Picture(Band.RED, "2.6", paused=True),
        Picture(Band.RED, "2.6", muted=True),
        Picture(Band.RED, "2.6", undelivered=True),
        Picture(Band.RED, "2.6", hung=True),
        Picture(Band.RED, "2.6", no_room=True),
        Picture(Band.RED, "2.6", process_source=True, muted=True),
        Picture(Band.RED, "2.6", paused=True, undelivered=True),
    ]
    seen = [_seen(picture, size, Theme.DARK) for picture in pictures]
    for one, other in itertools.combinations(seen, 2):
        assert _differing(one, other) >= 0.008


@pytest.mark.parametrize("size", glyphs.SIZES)
def test_a_column_is_seen_and_the_newest_is_right(size: int) -> None:
    """Each column that is one step higher changes whole pixels by 3:1, further right than the one
    before it, in every band and palette."""
    for palette, band in itertools.product(Palette, (*NEIGHBOURS[0], *NEIGHBOURS[2])):
        plain = Picture(band, style=Style.GRAPH, palette=palette, columns=(3,) * COLUMNS)
        flat, lefts = _seen(plain, size, Theme.DARK), []
        for number in range(COLUMNS):
            higher = tuple(3 + (at == number) for at in range(COLUMNS))
            seen = _seen(replace(plain, columns=higher), size, Theme.DARK)
            changed = [
                at % size
                for at, ((a, _), (b, _)) in enumerate(zip(flat, seen, strict=True))
                if (max(a, b) + 0.05) / (min(a, b) + 0.05) >= 3
            ]
            assert changed, (palette, band, number)
            lefts.append(min(changed))
        assert lefts == sorted(set(lefts))


@pytest.mark.parametrize("size", glyphs.SIZES)
def test_no_two_figures_look_alike(size: int) -> None:
    """Any two digits differ in 0.7 % of the pixels or more: two at 16 px, in the narrow form."""
    seen = [_seen(Picture(Band.RED, f"2.{digit}"), size, Theme.DARK) for digit in range(10)]
    for one, other in itertools.combinations(seen, 2):
        assert _differing(one, other) >= 0.007


@pytest.mark.parametrize("size", glyphs.SIZES)
def test_figures_are_crisp(size: int) -> None:
    """Upright strokes fill whole pixels: across the middle of a 0 nothing is half inked."""
    image = draw.draw(Picture(Band.YELLOW, ".0", theme=Theme.DARK), size).convert("L")
    grid = glyphs.GRIDS[size]
    width = grid.point + grid.gap + grid.wide
    x = (size - width) // 2 + grid.point + grid.gap
    row = grid.top + grid.cap // 2
    tones = [image.getpixel((column, row)) for column in range(x - 1, x + grid.wide + 1)]
    assert len(set(tones)) == 2


@pytest.mark.parametrize("style", Style)
def test_calm_is_grey_until_orange(style: Style) -> None:
    """Calm shows no colour in green and yellow, and the full colour from orange on."""
    for band in (Band.GREEN, Band.YELLOW, Band.ORANGE, Band.RED):
        for theme in Theme:
            image = draw.draw(Picture(band, "1.5", style=style, theme=theme), 22)
            pixels = image.convert("RGB").tobytes()
            spread = max(
                max(pixels[at : at + 3]) - min(pixels[at : at + 3])
                for at in range(0, len(pixels), 3)
            )
            assert (spread > 100) is (style is not Style.CALM or band in (Band.ORANGE, Band.RED))


@pytest.mark.parametrize("colour", [(255, 255, 255), (0, 0, 0), (255, 230, 0), (0, 0, 160)])
def test_an_own_colour_is_the_ground_and_the_figure_reads_on_it(
    colour: tuple[int, int, int],
) -> None:
    """Black or white ink, whichever stands out."""
    image = draw.draw(Picture(Band.GREEN, ".3", colour=colour), 48)
    pixels = image.getcolors(48 * 48)
    assert pixels
    (_, ground), (_, ink) = sorted(pixels, reverse=True)[:2]
    shown = [value[:3] for value in (ground, ink) if isinstance(value, tuple)]
    assert colour in shown
    assert {*shown} & {WHITE, BLACK}


def test_the_emblem_is_drawn_in_any_size() -> None:
    """The program's mark is square, RGBA and clear in its corners."""
    image = draw.emblem(48)
    assert (image.mode, image.size) == ("RGBA", (48, 48))
    assert image.getchannel("A").getpixel((0, 0)) == 0


def test_drawing_loads_no_font_library() -> None:
    """Neither ImageDraw nor ImageFont is loaded: they bring FreeType into memory."""
    program = (
        "import sys; from tray_app.views.icon import draw;"
        "from tray_app.core.analysis.bands import Band;"
        "from tray_app.core.presentation.icon import Picture;"
        "draw.draw(Picture(Band.RED, '2.6'), 22);"
        "sys.exit(bool({'PIL.ImageDraw', 'PIL.ImageFont'} & set(sys.modules)))"
    )
    assert (
        subprocess.run([sys.executable, "-c", program], check=False, timeout=AMPLE_S).returncode
        == 0
    )
