"""One look for all figures: gray surfaces, paths coloured by step, readable in grey print; on light paper or on dark.

Colours are written once, as they are on light paper. On dark paper each has its lightness turned around and its hue
kept (``tone``): what stood out from the paper stands out as far, and no second list of colours can fall behind the
first. Strong colours are lightened instead, the dark ones more, in the same order: turned around, an orange would be a
brown. So a colour is asked for while a figure is drawn, never when a module is imported: the look that is drawn in is
known then only.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from difflib import get_close_matches
from functools import cache, partial
from typing import Any

import matplotlib
import numpy as np
from matplotlib import font_manager
from matplotlib.colors import LinearSegmentedColormap, to_hex, to_rgb

from thalweg.base.errors import UnknownName
from thalweg.base.look import SIZE, Look
from thalweg.base.showing import shown
from thalweg.figures.drawing import oklab

FONT = "DejaVu Sans"
"""Comes with Matplotlib, and has every letter and sign that figures write."""


USUAL = Look()
"""The look of figures of which nothing else is said."""

_LOOK = ContextVar("look", default=USUAL)

TURNED = 1.2
"""Lightness of a gray on light paper and on dark, together: white becomes a dark gray, and ink nearly white."""

STRONG, LIFTED, KEPT = 0.1, 0.98, 0.5
"""Chroma from which on a colour is strong; the lightness that a strong black would have, and how much less any other
has for its own."""


LEAST = 4.5
"""Contrast of letters with the paper at least (WCAG 2.2, AA)."""


def tone(colour: str) -> str:
    """Give a colour of light paper, hexadecimal, as it is in the look that is drawn in."""
    return _turned(colour) if _LOOK.get().dark else colour


def legible(colour: str) -> str:
    """Make a colour of the present look strong enough for letters, where it is not, and keep its hue."""
    lightness, chroma, hue = oklab.coordinates(np.array(to_rgb(colour)))
    while oklab.contrast(colour, paper()) < LEAST:
        lightness += 0.01 if _LOOK.get().dark else -0.01
        colour = to_hex(tuple(oklab.colours(lightness, hue, float(chroma)).tolist()))
    return colour


@cache
def _turned(colour: str) -> str:
    lightness, chroma, hue = oklab.coordinates(np.array(to_rgb(colour)))
    strong = min(float(chroma) / STRONG, 1.0)
    turned = (1 - strong) * (TURNED - lightness) + strong * (LIFTED - KEPT * lightness)
    return to_hex(tuple(oklab.colours(turned, hue, float(chroma)).tolist()))


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

DPI = 200


def size(usual: tuple[float, float] = SIZE) -> tuple[float, float]:
    """Tell the size of a figure in inches, as it is laid out: before letters, and all with them, are enlarged."""
    width, height = _LOOK.get().size or usual
    return width / _LOOK.get().scale, height / _LOOK.get().scale


def look() -> Look:
    """Tell the look that is drawn in."""
    return _LOOK.get()


@contextmanager
def styled(look: Look | None = None) -> Iterator[None]:
    """Draw in a look, by default the one that is drawn in; Matplotlib's settings are as before when the block ends."""
    before = _LOOK.set(look.plain if look else _LOOK.get())
    try:
        with matplotlib.rc_context(_settings()):
            yield
    finally:
        _LOOK.reset(before)


def _settings() -> dict[Any, Any]:
    return {
        "font.family": families(),
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


def families() -> list[str]:
    """Name the font of letters, and after it one that has what it lacks."""
    return [*filter(None, [_LOOK.get().font]), FONT]


def web_families() -> str:
    """Name the fonts of a page, the first that a browser has."""
    return ", ".join([*(f"'{font}'" for font in filter(None, [_LOOK.get().font])), "system-ui", "sans-serif"])


def web_scheme() -> str:
    """Name the ground of a page for what the browser draws itself, its scrollbars."""
    return "dark" if _LOOK.get().dark else "light"


def check_font(name: str | None) -> None:
    """Refuse a font that Matplotlib does not find."""
    if name is None or name in (known := font_manager.get_font_names()):
        return
    near = " or ".join(map(repr, get_close_matches(name, sorted(known), n=3)))
    hint = f"did you mean {near}? " if near else ""
    raise UnknownName(f"unknown font {shown(name)}; {hint}give the name of one that Matplotlib finds, such as {FONT!r}")


def path_stops() -> tuple[str, ...]:
    """Tell the colours of a path, from its first step to its last."""
    return DARK_PATH_COLOURS if _LOOK.get().dark else PATH_COLOURS


def path_colours() -> LinearSegmentedColormap:
    """Make the colour map of a path, from its first step to its last."""
    return LinearSegmentedColormap.from_list("thalweg path", path_stops())


def plotly_colours(stops: tuple[str, ...]) -> list[list[float | str]]:
    """Write colours as an explicit Plotly colour scale."""
    return [[float(place), colour] for place, colour in zip(np.linspace(0, 1, len(stops)), stops, strict=True)]
