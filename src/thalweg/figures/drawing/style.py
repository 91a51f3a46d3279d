"""One look for all figures: gray surfaces, paths coloured by step, readable in grey print."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import matplotlib
import numpy as np
from matplotlib.colors import LinearSegmentedColormap

INK = "#22262b"
MUTED = "#6b7280"
GRID = "#e3e6ea"
PAPER = "#ffffff"
TRAIN = "#1f5fa8"
TEST = "#d9722e"
FIT = "#b3202c"
DERAILMENT = "#c2185b"
VALLEY = "#2f7d4f"

PATH_COLOURS = ("#0b0724", "#4a0c6b", "#a52c60", "#ed6925", "#fcca3b")
"""From first step to last: dark to light, so that the order survives grey print (after Matplotlib's inferno)."""

SIZE = (7.2, 4.5)
"""Inches; at 200 dots an inch 1440 x 900 pixels."""

DPI = 200

_RC: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 10,
    "axes.titlesize": 12,
    "axes.titleweight": "bold",
    "axes.titlelocation": "left",
    "axes.titlepad": 10,
    "axes.labelcolor": INK,
    "axes.edgecolor": MUTED,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.8,
    "xtick.color": MUTED,
    "ytick.color": MUTED,
    "text.color": INK,
    "legend.frameon": False,
    "figure.facecolor": PAPER,
    "axes.facecolor": PAPER,
    "savefig.facecolor": PAPER,
    "svg.fonttype": "path",
    "pdf.fonttype": 42,  # TrueType: publishers refuse the Type 3 fonts of Matplotlib's own choice
    "svg.hashsalt": "thalweg",
    "path.simplify": True,
}


@contextmanager
def styled() -> Iterator[None]:
    """Draw in Thalweg's look; Matplotlib's own settings are as before when the block ends."""
    with matplotlib.rc_context(_RC):
        yield


def path_colours() -> LinearSegmentedColormap:
    """Make the colour map of a path, from its first step to its last."""
    return LinearSegmentedColormap.from_list("thalweg path", PATH_COLOURS)


def plotly_colours(stops: tuple[str, ...] = PATH_COLOURS) -> list[list[float | str]]:
    """Write colours as an explicit Plotly colour scale."""
    return [[float(place), colour] for place, colour in zip(np.linspace(0, 1, len(stops)), stops, strict=True)]
