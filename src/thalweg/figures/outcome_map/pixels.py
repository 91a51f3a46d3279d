"""A picture drawn pixel for pixel: exact at whole multiples, else averaged by area, in amounts of light."""

from __future__ import annotations

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.image import BboxImage
from scipy.sparse import csr_array

from thalweg.figures.outcome_map.palette import decoded, encoded


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
