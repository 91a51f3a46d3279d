"""Heights of a surface of two parameters made visible: how they are spaced, their levels, and light on them.

**Spacing.** Levels at equal heights show the lowlands of Rosenbrock's valley as one level, since its walls are a
thousand times as high. Where the spread of heights is ``WIDE`` times that of their lowest tenth they are spaced by
``log(height above the lowest point + pad)``; the pad, a low quantile of the heights, bounds how deep the logarithm
looks, or the grid's own nearness to a minimum would decide the picture. Never by the logarithm of the loss itself: a
constant added to a loss changes nothing about its surface and must not change the picture.

**Levels.** Grays are those of ``LEVELS`` steps, and the bar shows the same, so that a gray can be read off it. The
lowest is half gray and not black, since the path in colours lies on top; the highest is not white, since paper is.

**Light** from the upper left, as on maps, shows the form of slopes between two levels. It moves a gray by less than
what separates the outermost levels, but by more than one level where it is steep: the bar tells the height of flat
ground. Slopes are measured against the surface's own usual steepness (``STEEP``), for a loss has no natural unit that a
parameter's could be compared with.

B. K. P. Horn, "Hill shading and the reflectance map", Proceedings of the IEEE 69, 14–47, 1981,
doi:10.1109/PROC.1981.11918.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import BoundaryNorm, ListedColormap
from matplotlib.ticker import MaxNLocator
from scipy.ndimage import zoom

from thalweg.figures.drawing import hues, style
from thalweg.figures.drawing.canvas import Sheet, side_bar
from thalweg.figures.drawing.wording import number

WIDE = 20.0
"""Heights whose spread is so many times that of their lowest tenth are spaced by their logarithm."""

FLOOR = 0.005
"""Share of the surface, the lowest part, below which a logarithm tells no differences."""

LEVELS = 15
"""Levels of gray."""

DARK, LIGHT = 0.5, 0.975
"""Gray of the lowest and of the highest level."""

_GRAYS = np.linspace(DARK, LIGHT, LEVELS)

FEWEST = 3
"""Ticks of a bar at least, if six digits tell them apart."""

SHADOW, GLEAM = 0.12, 0.25
"""How much full shadow takes from a gray, and what full light gives it of what it lacks to white."""

TINTED = 0.93
"""Lightness of a gray that is to be coloured, as a share."""

FINER = 2
"""Painted points for each point of the grid, along either axis."""

SUN = (-0.55, 0.65, 0.52)
"""Where the light comes from: left, up, towards the viewer."""

STEEP = 0.9
"""Share of the surface that is less steep than 45 degrees, as it is lit."""


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


def levels_of(spaced: np.ndarray) -> np.ndarray:
    """Choose levels, evenly spaced, from the lowest spaced height to the highest; two for a constant."""
    low, high = float(spaced.min()), float(spaced.max())
    return np.linspace(low, high if high > low else low + 1.0, LEVELS + 1)


def picture(spaced: np.ndarray, levels: np.ndarray, hue: np.ndarray | None = None) -> np.ndarray:
    """Paint a surface, (x, y), with the gray of every level, under light from the upper left.

    The result is (row, column, 3), bytes, the lowest y first. It is painted finer than the grid, so that the edges of
    levels are smooth under their contour lines. With a colour for every place the grays are a little darker, so that
    high ground has colour too, and no less gray.
    """
    fine = np.asarray(zoom(spaced, FINER, order=1))
    shade = np.asarray(zoom(_light(spaced), FINER, order=1)) - 0.5
    tint = _GRAYS[np.clip(np.searchsorted(levels, fine, side="right") - 1, 0, LEVELS - 1)]
    lit = np.where(shade > 0, tint + (1 - tint) * 2 * GLEAM * shade, tint * (1 + 2 * SHADOW * shade))
    if hue is None:
        return np.repeat((255 * lit.T + 0.5).astype(np.uint8)[..., None], 3, axis=-1)
    nearest = np.asarray(zoom(hue, FINER, order=0))
    return (255 * hues.tinted(TINTED * lit.T, nearest.T) + 0.5).astype(np.uint8)


def _light(spaced: np.ndarray) -> np.ndarray:
    """Light a surface: 0 is full shadow, flat ground is 0.5, 1 is full light.

    Slopes are measured across the picture and scaled by their own usual steepness, so that any surface has relief.
    """
    across, up = np.gradient(spaced, 1 / spaced.shape[0], 1 / spaced.shape[1])
    usual = float(np.quantile(np.hypot(across, up), STEEP))
    across, up = (across / usual, up / usual) if usual > 0 else (across, up)
    x, y, z = np.array(SUN) / np.linalg.norm(SUN)
    shade = (z - x * across - y * up) / np.sqrt(1 + across**2 + up**2)
    return np.clip(0.5 + 0.5 * (shade - z) / np.where(shade > z, 1 - z, z), 0, 1)


def draw(
    axes: Axes, x: np.ndarray, y: np.ndarray, spaced: np.ndarray, box: tuple[float, ...], hue: np.ndarray | None = None
) -> int:
    """Draw a surface over x and y with its contour lines, a picture that fills a box; tell the points of the lines."""
    levels = levels_of(spaced)
    axes.imshow(picture(spaced, levels, hue), origin="lower", extent=box, aspect="auto", zorder=0.5)  # pyright: ignore
    if not np.ptp(spaced):
        return 0
    look = {"colors": style.INK, "linewidths": 0.35, "alpha": 0.5, "zorder": 0.7}
    lines = axes.contour(x, y, spaced.T, levels=levels[1:-1], **look)
    return sum(len(np.asarray(path.vertices)) for path in lines.get_paths())


def draw_bar(place: Axes, spacing: Spacing, spaced: np.ndarray, name: str, share: float = 1.0, digits: int = 4) -> None:
    """Draw the bar of a surface's levels into its place; of the grays a share where they are coloured."""
    levels = levels_of(spaced)
    grays = ListedColormap([str(share * gray) for gray in _GRAYS])
    colours = ScalarMappable(BoundaryNorm(levels.tolist(), LEVELS), grays)
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
