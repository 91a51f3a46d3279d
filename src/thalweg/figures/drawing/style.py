"""One look for all figures: gray surfaces, paths coloured by step, readable in grey print; on light paper or on dark.

Colours are written once, as they are on light paper. On dark paper each has its lightness turned around and its hue
kept (``tone``): what stood out from the paper stands out as far, and no second list of colours can fall behind the
first. So a colour is asked for while a figure is drawn, never when a module is imported: the look that is drawn in is
known then only.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import matplotlib
import numpy as np
from matplotlib.colors import LinearSegmentedColormap, to_hex, to_rgb

from thalweg.figures.drawing import oklab


@dataclass(frozen=True)
class Look:
    """How figures look where it is not fixed.

    Attributes
    ----------
    dark : whether the paper is dark
    """

    dark: bool = False


USUAL = Look()

_LOOK = ContextVar("look", default=USUAL)

TURNED = 1.2
"""Lightness of a colour on light paper and on dark, together: white becomes a dark gray, and ink nearly white."""


def tone(colour: str) -> str:
    """Give a colour of light paper, hexadecimal, as it is in the look that is drawn in."""
    return _turned(colour) if _LOOK.get().dark else colour


@cache
def _turned(colour: str) -> str:
    lightness, chroma, hue = oklab.coordinates(np.array(to_rgb(colour)))
    return to_hex(tuple(oklab.colours(TURNED - lightness, hue, float(chroma)).tolist()))


ink = partial(tone, "#22262b")
muted = partial(tone, "#6b7280")
grid = partial(tone, "#e3e6ea")
paper = partial(tone, "#ffffff")
train = partial(tone, "#1f5fa8")
test = partial(tone, "#d9722e")
fit = partial(tone, "#b3202c")
derailment = partial(tone, "#c2185b")
valley = partial(tone, "#2f7d4f")

PATH_COLOURS = ("#0b0724", "#4a0c6b", "#a52c60", "#ed6925", "#fcca3b")
"""From first step to last: dark to light, so that the order survives grey print (after Matplotlib's inferno)."""

DARK_PATH_COLOURS = ("#6d5cff", "#b15cf0", "#ff6a8e", "#ffab57", "#fff3a6")
"""The same on dark paper, all of them lighter than the ground there."""

SIZE = (7.2, 4.5)
"""Inches; at 200 dots an inch 1440 x 900 pixels."""

DPI = 200


def size() -> tuple[float, float]:
    """Tell the size of a figure, inches."""
    return SIZE


def look() -> Look:
    """Tell the look that is drawn in."""
    return _LOOK.get()


@contextmanager
def styled(look: Look | None = None) -> Iterator[None]:
    """Draw in a look, by default the one that is drawn in; Matplotlib's settings are as before when the block ends."""
    before = _LOOK.set(look or _LOOK.get())
    try:
        with matplotlib.rc_context(_settings()):
            yield
    finally:
        _LOOK.reset(before)


def _settings() -> dict[Any, Any]:
    return {
        "font.family": "DejaVu Sans",
        "font.size": 10,
        "axes.titlesize": 12,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.titlepad": 10,
        "axes.labelcolor": ink(),
        "axes.edgecolor": muted(),
        "axes.linewidth": 0.8,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": grid(),
        "grid.linewidth": 0.8,
        "xtick.color": muted(),
        "ytick.color": muted(),
        "text.color": ink(),
        "legend.frameon": False,
        "figure.facecolor": paper(),
        "axes.facecolor": paper(),
        "savefig.facecolor": paper(),
        "svg.fonttype": "path",
        "pdf.fonttype": 42,  # TrueType: publishers refuse the Type 3 fonts of Matplotlib's own choice
        "svg.hashsalt": "thalweg",
        "path.simplify": True,
    }


def path_stops() -> tuple[str, ...]:
    """Tell the colours of a path, from its first step to its last."""
    return DARK_PATH_COLOURS if _LOOK.get().dark else PATH_COLOURS


def path_colours() -> LinearSegmentedColormap:
    """Make the colour map of a path, from its first step to its last."""
    return LinearSegmentedColormap.from_list("thalweg path", path_stops())


def plotly_colours(stops: tuple[str, ...]) -> list[list[float | str]]:
    """Write colours as an explicit Plotly colour scale."""
    return [[float(place), colour] for place, colour in zip(np.linspace(0, 1, len(stops)), stops, strict=True)]
