"""Heights of a surface of two parameters made visible: how they are spaced, their levels, and light on them.

**Spacing.** Levels at equal heights show the lowlands of Rosenbrock's valley as one level, since its walls are a
thousand times as high. Where the spread of heights is ``WIDE`` times that of their lowest tenth they are spaced by
``log(height above the lowest point + pad)``; the pad, a low quantile of the heights, bounds how deep the logarithm
looks, or the grid's own nearness to a minimum would decide the picture. Never by the logarithm of the loss itself: a
constant added to a loss changes nothing about its surface and must not change the picture.

**Levels.** Grays are those of ``LEVELS`` steps, and the bar shows the same, so that a gray can be read off it. The
lowest is half gray and not black, since the path in colours lies on top; the highest is not white, since paper is.

**Light** from the upper left, as on maps, falls on the contour lines alone, as if they were the edges of terraces:
white and broad where the ground falls towards it, dark and broad where it falls away, thin where it falls across.
Ground was shaded itself, at first, and then lay a level or two beside its gray on the bar: two places of equal loss had
grays 212 and 184. Now a gray is its level's wherever no line is, and the bar can be trusted. Whoever
shades the ground again breaks that.

K. Tanaka, "The relief contour method of representing topography on maps", Geographical Review 40, 444–456, 1950,
doi:10.2307/211219.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.collections import LineCollection
from matplotlib.colors import BoundaryNorm, ListedColormap, to_rgba
from matplotlib.path import Path
from matplotlib.ticker import MaxNLocator
from scipy.ndimage import map_coordinates, zoom

from thalweg.figures.drawing import hues, style
from thalweg.figures.drawing.canvas import Sheet, side_bar
from thalweg.figures.drawing.wording import number

WIDE = 20.0
"""Heights whose spread is so many times that of their lowest tenth are spaced by their logarithm."""

FLOOR = 0.005
"""Share of the surface, the lowest part, below which a logarithm tells no differences."""

LEVELS = 15
"""Levels of gray."""

ON_LIGHT, ON_DARK = (0.5, 0.975), (0.14, 0.44)
"""Gray of the lowest and of the highest level, on light paper and on dark: lower ground is darker on both."""

FEWEST = 3
"""Ticks of a bar at least, if six digits tell them apart."""

THIN, BROAD = 0.3, 0.9
"""Width of a contour line, points: where the ground falls across the light, and where it falls along it."""

CROWDED, LEAST = 30.0, 0.4
"""Length of all contour lines, in sides of the picture, from which on they are thinner; and the least share of a width.
"""

SHADED, LIT, LIT_ON_DARK = 0.6, 0.9, 0.45
"""How strong the ink of a line is that lies in full shadow, and the white of one in full light, on dark paper less."""

TINTED = 0.93
"""Lightness of a gray that is to be coloured, as a share."""

FINER = 2
"""Painted points for each point of the grid, along either axis."""

WHITE, INK = to_rgba("#ffffff"), to_rgba("#1f2329")
"""Colours of light and of shadow, whatever the look of the rest."""

SUN = (-0.65, 0.76)
"""Where the light comes from on the picture: left and up, a unit vector."""


@dataclass(frozen=True)
class Spacing:
    """How heights are spaced: as they are, or by the logarithm of the height above the lowest point.

    Attributes
    ----------
    lowest : the lowest point of the surface
    pad : is added below a logarithm, so that the lowest point has one; 0 where heights are spaced as they are
    """

    lowest: float
    pad: float = 0.0

    @property
    def logarithmic(self) -> bool:
        """Whether heights are spaced by their logarithm."""
        return self.pad > 0

    def of(self, heights: np.ndarray) -> np.ndarray:
        """Space heights; what lies below the lowest point of the surface counts as that."""
        above = np.maximum(heights, self.lowest) - self.lowest
        return np.log10(above + self.pad) if self.logarithmic else above

    def back(self, spaced: np.ndarray) -> np.ndarray:
        """Find the heights that were spaced so."""
        return (10**spaced - self.pad if self.logarithmic else spaced) + self.lowest


def spacing_of(heights: np.ndarray) -> Spacing:
    """Choose how finite heights are spaced."""
    finite = heights[np.isfinite(heights)]
    lowest = float(finite.min())
    floor, tenth, most = np.quantile(finite - lowest, [FLOOR, 0.1, 0.99])
    if tenth > 0 and most > WIDE * tenth and floor > 0:
        return Spacing(lowest, float(floor))
    return Spacing(lowest)


def spacing_between(low: float, high: float) -> Spacing:
    """Choose how heights between limits are spaced, by these alone: so that several surfaces have the same levels."""
    return Spacing(low, low) if low > 0 and high >= WIDE * low else Spacing(low)


def levels_of(spaced: np.ndarray) -> np.ndarray:
    """Choose levels, evenly spaced, from the lowest spaced height to the highest; two for a constant."""
    low, high = float(spaced.min()), float(spaced.max())
    return np.linspace(low, high if high > low else low + 1.0, LEVELS + 1)


def grays() -> np.ndarray:
    """Choose the gray of every level, (level,), in the look that is drawn in."""
    return np.linspace(*(ON_DARK if style.look().dark else ON_LIGHT), LEVELS)


def picture(spaced: np.ndarray, levels: np.ndarray, hue: np.ndarray | None = None) -> np.ndarray:
    """Paint a surface, (x, y), with the gray of every level.

    The result is (row, column, 3), bytes, the lowest y first. It is painted finer than the grid, so that the edges of
    levels are smooth under their contour lines. With a colour for every place the grays are a little darker, so that
    high ground has colour too, and no less gray.
    """
    fine = np.asarray(zoom(spaced, FINER, order=1))
    tint = grays()[np.clip(np.searchsorted(levels, fine, side="right") - 1, 0, LEVELS - 1)]
    if hue is None:
        return np.repeat((255 * tint.T + 0.5).astype(np.uint8)[..., None], 3, axis=-1)
    nearest = np.asarray(zoom(hue, FINER, order=0))
    return (255 * hues.tinted(TINTED * tint.T, nearest.T) + 0.5).astype(np.uint8)


def lit(lines: np.ndarray, x: np.ndarray, y: np.ndarray, spaced: np.ndarray) -> np.ndarray:
    """Light pieces of contour lines, (piece, 2, 2): -1 is full shadow, 1 full light, 0 where the ground falls across.

    Directions are those on the picture, which is about as high as wide whatever the units of its sides.
    """
    across, up = np.gradient(spaced, 1 / spaced.shape[0], 1 / spaced.shape[1])
    middles = lines.mean(axis=1)
    places = np.stack([np.interp(middles[:, k], side, np.arange(len(side))) for k, side in enumerate((x, y))])
    slope = np.stack([map_coordinates(part, places, order=1) for part in (across, up)])
    steep = np.hypot(*slope)
    return -np.array(SUN) @ slope / np.where(steep > 0, steep, 1.0)


def draw(
    axes: Axes,
    sides: tuple[np.ndarray, np.ndarray],
    spaced: np.ndarray,
    box: tuple[float, ...],
    hue: np.ndarray | None = None,
    levels: np.ndarray | None = None,
) -> int:
    """Draw a surface over two sides with its contour lines, a picture that fills a box; tell the points of lines."""
    x, y = sides
    levels = levels_of(spaced) if levels is None else levels
    axes.imshow(picture(spaced, levels, hue), origin="lower", extent=box, aspect="auto", zorder=0.5)  # pyright: ignore
    if not np.ptp(spaced):
        return 0
    lines = _lines(axes, x, y, spaced, levels)
    light = lit(lines, x, y, spaced)
    colours = np.where(light[:, None] > 0, WHITE, INK)
    colours[:, 3] = np.where(light > 0, LIT_ON_DARK if style.look().dark else LIT, SHADED) * (0.4 + 0.6 * np.abs(light))
    length = np.linalg.norm(np.diff(lines, axis=1)[:, 0] / (x[-1] - x[0], y[-1] - y[0]), axis=-1).sum()
    widths = (THIN + (BROAD - THIN) * np.abs(light)) * np.clip(CROWDED / max(length, 1.0), LEAST, 1.0)
    axes.add_collection(LineCollection(list(lines), colors=colours, linewidths=widths, zorder=0.7), autolim=False)
    return 2 * len(lines)


def _lines(axes: Axes, x: np.ndarray, y: np.ndarray, spaced: np.ndarray, levels: np.ndarray) -> np.ndarray:
    """Find the contour lines as straight pieces, (piece, 2, 2)."""
    found = axes.contour(x, y, spaced.T, levels=levels[1:-1])
    paths = [(np.asarray(path.vertices), np.asarray(path.codes)) for path in found.get_paths()]
    found.remove()
    pieces = [np.empty((0, 2, 2))]
    for points, codes in paths:
        if not len(points):
            continue
        drawn = codes[1:] != Path.MOVETO
        pieces.append(np.stack([points[:-1], points[1:]], axis=1)[drawn])
    return np.concatenate(pieces)


def draw_bar(place: Axes, spacing: Spacing, levels: np.ndarray, name: str, share: float = 1.0, digits: int = 4) -> None:
    """Draw the bar of a surface's levels into its place; of the grays a share where they are coloured."""
    shades = ListedColormap([str(share * gray) for gray in grays()])
    colours = ScalarMappable(BoundaryNorm(levels.tolist(), LEVELS), shades)
    sheet = place.figure
    assert isinstance(sheet, Sheet)
    bar = side_bar(sheet, colours, name, cax=place)
    ticks, texts = scale_of(spacing, spacing.back(levels[[0, -1]]), digits)
    bar.set_ticks(ticks.tolist(), labels=texts)
    bar.ax.minorticks_off()


def scale_of(spacing: Spacing, ends: np.ndarray, digits: int = 4) -> tuple[np.ndarray, list[str]]:
    """Choose what is written beside heights between two: its places as they are spaced, and the numbers."""
    ticks = ticks_of(spacing, *ends.tolist())
    return spacing.of(ticks), [number(tick, digits) for tick in ticks]


def ticks_of(spacing: Spacing, low: float, high: float, most: int = 6) -> np.ndarray:
    """Choose round heights between two, evenly spread as they are spaced."""
    if not spacing.logarithmic:
        ticks = np.asarray(MaxNLocator(most).tick_values(low, high))
        return ticks[(ticks >= low) & (ticks <= high)]
    first, last = spacing.of(np.array([low, high])).tolist()
    wanted = spacing.back(np.linspace(first, last, most))
    ticks = np.empty(0)
    for digits in range(1, 7):  # heights far above zero differ in their later digits only
        ticks = np.unique([float(f"{value:.{digits}g}") for value in wanted])
        ticks = ticks[(ticks >= low) & (ticks <= high)]
        if len(ticks) >= FEWEST:
            break
    return ticks
