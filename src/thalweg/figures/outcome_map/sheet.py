"""A map on paper: the picture, its axes, and the list of outcomes beside it.

The picture is drawn pixel for pixel: exact at whole multiples, else averaged by area, in amounts of light.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.image import BboxImage
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter
from scipy.sparse import csr_array

from thalweg.figures.drawing import canvas, style
from thalweg.figures.drawing.oklab import decoded, encoded
from thalweg.figures.drawing.wording import number
from thalweg.figures.outcome_map.chart import OutcomeGrid, Side
from thalweg.figures.outcome_map.listing import draw_list, least_height
from thalweg.figures.outcome_map.painting import Painting

DOTS = 1100
"""Dots that the map takes at most along a side, at the usual dots an inch, where the size of the page is not fixed."""

NARROW = 340
"""Dots that it takes at least; a narrower side is stretched on its own."""

LEFT, RIGHT, HEAD, FOOT = 0.85, 2.6, 0.78, 0.62
"""Inches around the map: for the axis, the list, the title, the other axis."""

LIST = 0.42
"""Share of a page of a fixed size that the list has at most beside the map."""

GAP, EDGE = 0.26, 0.16
"""From the map to the list, and from the list to the edge of the page, inches."""


class Plan(NamedTuple):
    """Where things are, inches: the page, the map on it, and the list beside that."""

    page: tuple[float, float]
    map: tuple[float, float]
    list: tuple[float, float]


def draw(painting: Painting, title: str) -> canvas.Sheet:
    """Draw a map; at 200 dots an inch, and at whole multiples, its pixels are whole dots unless the size is fixed."""
    plan = _filling(painting, style.size()) if style.look().size else _plan(painting)
    (width, height), (wide, tall), (column, body) = plan
    sheet = canvas.headed(title, painting.chart.note, size=plan.page, below=0.42)
    top = 1 - HEAD / height
    axes = sheet.add_axes((LEFT / width, top - tall / height, wide / width, tall / height))
    axes.add_artist(PixelImage(axes, painting.indices, painting.palette))
    _axes(axes, painting.chart, min(9.0, 3.5 * wide) if style.look().size else 9.0)
    side = sheet.add_axes(((LEFT + wide + GAP) / width, top - body / height, column / width, body / height))
    draw_list(side, painting, (column, body))
    return sheet


def _plan(painting: Painting) -> Plan:
    """Choose the page by the map."""
    dpi = style.DPI * style.look().scale
    wide, tall = (dots / dpi for dots in sizes(painting.indices.shape[::-1]))
    # Whole dots, so that the map begins and ends on the edge of one.
    body = max(tall, np.ceil(dpi * least_height(painting)) / dpi)
    width, height = (np.round(dpi * side) / dpi for side in (LEFT + wide + RIGHT, HEAD + body + FOOT))
    return Plan((width, height), (wide, tall), (RIGHT - GAP - EDGE, body))


def _filling(painting: Painting, page: tuple[float, float]) -> Plan:
    """Fit the map into a page, and the list into what it leaves."""
    shape = np.array(painting.indices.shape[::-1])
    room = np.array(page) - (LEFT + min(RIGHT, LIST * page[0]), HEAD + FOOT)
    wide, tall = np.where(shape / shape.max() < NARROW / DOTS, room, shape * (room / shape).min()).tolist()
    return Plan(page, (wide, tall), (min(page[0] - LEFT - wide - GAP - EDGE, RIGHT), float(room[1])))


def sizes(shape: tuple[int, ...]) -> list[float]:
    """Choose how many dots each side takes, so that a pixel is a whole number of dots, or a dot of pixels."""
    longest = max(shape)
    multiples = [_multiple(side, longest) for side in shape]
    return [_multiple(side, side) if dots < NARROW else dots for side, dots in zip(shape, multiples, strict=True)]


def _multiple(side: int, longest: int) -> float:
    """Resize a side as the longest one is resized; what is left of a dot is whole again at a multiple of the size."""
    return side * (DOTS // longest) if longest <= DOTS else side / np.ceil(longest / DOTS)


def _axes(axes: Axes, chart: OutcomeGrid, letters: float) -> None:
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=3, labelsize=letters)
    axes.set(xscale=_kind(chart.x), yscale=_kind(chart.y))
    axes.set(xlim=chart.x.edges[[0, -1]], ylim=chart.y.edges[[0, -1]])
    for axis, side in ((axes.xaxis, chart.x), (axes.yaxis, chart.y)):
        if side.log:
            _log_ticks(axis, side)
        else:
            canvas.show_unit(axis, side.scale)
        axis.set_label_text(canvas.plain(side.label))


def _kind(side: Side) -> str:
    return "log" if side.log else "linear"


def _log_ticks(axis: Any, side: Side) -> None:
    """Write powers of ten; their doubles and fives too where there are few of them, all where there is none."""
    decades = np.log10(side.edges[-1] / side.edges[0])
    every = [float(digit) for digit in range(1, 10)]
    written = [1.0] if decades >= 3 else [1.0, 2.0, 5.0] if decades >= 0.7 else every
    axis.set_major_locator(LogLocator(subs=written, numticks=12))
    axis.set_minor_locator(LogLocator(subs=every, numticks=12))
    axis.set_major_formatter(FuncFormatter(lambda value, _: number(value, 3)))
    axis.set_minor_formatter(NullFormatter())


def resized(indices: np.ndarray, palette: np.ndarray, height: int, width: int) -> np.ndarray:
    """Resize a picture to (height, width, 3), whole numbers from 0 to 255.

    Every dot gets the mean light of what it covers, as an eye farther away would. Where each pixel becomes a whole
    number of dots, it keeps its colour.

    Parameters
    ----------
    indices : (row, column), places in the palette
    palette : (colour, 3), between 0 and 1
    """
    rows, columns = indices.shape
    # In 8 bits first, so that a dot of one colour has exactly that colour.
    shown = np.rint(255 * palette).astype(np.uint8)
    if height % rows == 0 and width % columns == 0:
        return shown[indices.repeat(height // rows, axis=0).repeat(width // columns, axis=1)]
    down, across, light = _cover(rows, height), _cover(columns, width), decoded(shown / 255)
    channels = [across @ (down @ light[:, channel][indices]).T for channel in range(3)]
    return np.rint(255 * encoded(np.stack(channels, axis=-1))).astype(np.uint8).swapaxes(0, 1)


class PixelImage(BboxImage):
    """A picture that fills its axes, at whatever size they are drawn."""

    def __init__(self, axes: Axes, indices: np.ndarray, palette: np.ndarray) -> None:
        # Above the ticks, which would reach one dot into it.
        super().__init__(axes.bbox, zorder=3)
        self.indices, self.palette = indices, palette
        # Matplotlib asks for data; it draws what make_image returns.
        self.set_data(np.zeros((1, 1, 3), dtype=np.uint8))

    def make_image(self, renderer: Any, magnification: float = 1.0, unsampled: bool = False) -> Any:
        """Draw the picture at the size of its axes, in whole dots."""
        box = self.get_window_extent(renderer)
        left, bottom, right, top = (magnification * np.array(box.extents)).round().astype(int).tolist()
        drawn = resized(self.indices, self.palette, max(top - bottom, 1), max(right - left, 1))
        opaque = np.full((*drawn.shape[:2], 1), 255, dtype=np.uint8)
        return np.concatenate([drawn, opaque], axis=-1), left / magnification, bottom / magnification, None


def _cover(pixels: int, dots: int) -> csr_array:
    """Tell (dot, pixel), which share of each dot along one axis each pixel covers."""
    # In units of 1 / (pixels dots) all edges are whole numbers.
    edges = np.union1d(np.arange(pixels + 1) * dots, np.arange(dots + 1) * pixels)
    dot, pixel = edges[:-1] // pixels, edges[:-1] // dots
    return csr_array((np.diff(edges) / pixels, (dot, pixel)), shape=(dots, pixels))
