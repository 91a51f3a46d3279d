"""The ground under a curve, cut where one basin ends and the next begins."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection

from thalweg.figures.drawing import hues, style, web

GROUND = "#d5d9de"

SHORES = 40
"""Pieces of ground that are parted by lines at most."""


class Piece(NamedTuple):
    """Ground of one basin."""

    outline: np.ndarray
    """(point, 2), along the curve and back along the foot."""

    hue: int


def pieces(x: np.ndarray, roof: np.ndarray, foot: float, basins: np.ndarray, hue: np.ndarray) -> list[Piece]:
    """Cut the ground half-way between places of different basins."""
    shores = np.flatnonzero(np.diff(basins)) + 1
    starts, ends = np.append(0, shores), np.append(shores, len(x))
    found = []
    for start, end in zip(starts, ends, strict=True):
        inner = slice(max(start - 1, 0), min(end + 1, len(x)))
        left = (x[start - 1] + x[start]) / 2 if start else x[0]
        right = (x[end - 1] + x[end]) / 2 if end < len(x) else x[-1]
        across = np.concatenate([[left], x[start:end], [right]])
        top = np.interp(across, x[inner], roof[inner])
        feet = np.array([[right, foot], [left, foot]])
        found.append(Piece(np.vstack([np.stack([across, top], axis=-1), feet]), int(hue[start])))
    return found


def draw(axes: Axes, found: list[Piece]) -> None:
    """Draw the ground, with a fine line wherever one basin ends, unless the lines would hide the basins."""
    colours = [hues.coloured(GROUND, piece.hue) for piece in found]
    axes.add_collection(PolyCollection([piece.outline for piece in found], facecolors=colours, lw=0), autolim=False)
    shores = [piece.outline[[0, -1]] for piece in found[1:]] if len(found) <= SHORES else []
    axes.add_collection(LineCollection(shores, colors=style.PAPER, linewidths=1.0), autolim=False)


def describe(found: list[Piece]) -> list[web.Trace]:
    """Describe the ground for a page: one trace for each colour, with gaps between its pieces."""
    gap = np.full((1, 2), np.nan)
    traces = []
    for hue in sorted({piece.hue for piece in found}):
        points = np.vstack([part for piece in found if piece.hue == hue for part in (piece.outline, gap)])
        look = {"fill": "toself", "fillcolor": hues.coloured(GROUND, hue), "line": {"width": 0}}
        traces.append(web.trace("lines", points[:, 0], points[:, 1], **look))
    return traces
