"""The phase diagram: how many valleys there are, over the noise of the data and the exponent of the loss."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap, to_rgb
from matplotlib.patches import Rectangle

from thalweg.base.border import public
from thalweg.base.errors import InvalidValue
from thalweg.figures.drawing import canvas, style, web
from thalweg.figures.drawing.hues import LUMA
from thalweg.figures.drawing.wording import number, subject
from thalweg.figures.figure import Figure, figure_of
from thalweg.store.kinds import PhaseDiagram

DIMS = ("exponent", "noise")

COLOURS = ("#f1f2f3", "#c5d3cb", "#7fae92", "#2f7d4f", "#17482e")
"""From one valley to the most: gray to green, light to dark."""

WIDE = 12.0
"""A most of so many times the least, or more, gets colours by its logarithm."""

SIZES = (10.0, 5.0)
"""Size of the counts, points: at most, and the least at which they are written."""

WRITTEN = 28
"""Rows and columns in a page up to which counts are written."""

TICK = 8.5
"""Size of the labels along the axes, points."""


@dataclass(frozen=True, eq=False)
class _Phases:
    """What is drawn.

    Attributes
    ----------
    noise, exponent : (column,), (row,), rising
    counts : (row, column), valleys; -1 where they were not computed
    """

    noise: np.ndarray
    exponent: np.ndarray
    counts: np.ndarray
    note: str

    @property
    def known(self) -> np.ndarray:
        """Tell which counts were computed."""
        return self.counts >= 0

    @property
    def shades(self) -> np.ndarray:
        """(row, column), from 0 to 1, how dark each cell is."""
        counts = np.maximum(self.counts, 0).astype(np.float64)
        least, most = counts[self.known].min(), counts[self.known].max()
        if most >= WIDE * max(least, 1):
            counts, least, most = np.log1p(counts), np.log1p(least), np.log1p(most)
        return np.clip((counts - least) / (most - least if most > least else 1.0), 0, 1)

    @property
    def colours(self) -> np.ndarray:
        """(row, column, 3), red, green and blue between 0 and 1."""
        scale = LinearSegmentedColormap.from_list("thalweg phases", list(map(style.tone, COLOURS)))
        return np.where(self.known[..., None], scale(self.shades)[..., :3], to_rgb(style.paper()))

    @property
    def texts(self) -> list[list[str]]:
        """Counts as they are written; a dash where there is none."""
        return [[f"{count}" if count >= 0 else "–" for count in row] for row in self.counts.tolist()]

    @property
    def inks(self) -> np.ndarray:
        """(row, column), the colour in which each count is written."""
        light, dark = (style.ink(), style.paper()) if style.look().dark else (style.paper(), style.ink())
        return np.where(self.colours @ LUMA < 0.55, light, dark)


@public
def phase_diagram(diagram: PhaseDiagram) -> Figure:
    """Draw how many valleys of at least a given persistence there are, over noise and exponent.

    Every cell holds its count; the darker, the more. Cells are equally large, whatever lies between their values. A
    cell that was not computed is white, with a dash.

    Parameters
    ----------
    diagram : variable ``valleys`` (exponent, noise), whole numbers, -1 where not computed; attributes ``persistence``
        and ``problem``

    Returns
    -------
    Figure
        With ``save``, ``static`` for Matplotlib and ``interactive`` for plotly.js; in a notebook it shows itself.

    Raises
    ------
    InvalidValue
        If there is no such variable, it has other dimensions, or nothing was computed.

    Examples
    --------
    >>> import xarray as xr
    >>> counts = xr.DataArray([[5, 9], [1, 1]], coords={"exponent": [0.5, 1.0], "noise": [0.0, 0.1]})
    >>> phase_diagram(xr.Dataset({"valleys": counts}, attrs={"persistence": 0.01, "problem": "pencil"})).title
    'Valleys over noise and exponent'
    """
    drawn = arrays_of(diagram)
    least, most = (int(pick(drawn.counts[drawn.known])) for pick in (np.min, np.max))
    caption = f"{drawn.note.replace(' · ', ', ')}: from {least:,} to {most:,} of them. {_ends(drawn)}."
    return figure_of("phase_diagram", "Valleys over noise and exponent", caption, drawn, _static, _interactive)


def arrays_of(diagram: xr.Dataset) -> _Phases:
    """Work out all that the picture and the page draw of a phase diagram."""
    missing = [name for name in DIMS if name not in diagram.coords]
    if missing:
        raise InvalidValue(f"a phase diagram needs the coordinate {missing[0]!r}; give its values to the dataset")
    ordered = diagram["valleys"].transpose(*DIMS).sortby(list(DIMS))
    counts = np.nan_to_num(ordered.values, nan=-1).astype(np.int64)
    unknown = int((counts < 0).sum())
    if unknown == counts.size:
        raise InvalidValue("no cell of the phase diagram was computed, so there is nothing to draw")
    persistence = diagram.attrs.get("persistence")
    least = "" if persistence is None else f" of persistence {_text(persistence)} or more"
    note = f"{subject(diagram.attrs)} · number of valleys{least}"
    note += f" · {unknown:,} of {counts.size:,} not computed" if unknown else ""
    noise, exponent = (ordered[name].values.astype(np.float64) for name in reversed(DIMS))
    return _Phases(noise, exponent, np.maximum(counts, -1), note)


def _text(value: Any) -> str:
    return value if isinstance(value, str) else number(float(value), 3)


def _ends(drawn: _Phases) -> str:
    """Tell the corners of the diagram, for people who cannot see it."""
    corners = [
        f"{drawn.texts[i][j]} at exponent {number(drawn.exponent[i], 3)} and noise {number(drawn.noise[j], 3)}"
        for i, j in ((0, 0), (0, -1), (-1, 0), (-1, -1))
    ]
    return f"At the corners: {', '.join(dict.fromkeys(corners))}"


def _static(drawn: _Phases, title: str) -> canvas.Sheet:
    sheet, (axes,) = canvas.blank(title, drawn.note)
    rows, columns = drawn.counts.shape
    box = (-0.5, columns - 0.5, -0.5, rows - 0.5)
    axes.imshow(drawn.colours, origin="lower", extent=box, aspect="auto", interpolation="nearest")
    axes.grid(visible=False)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, labelsize=TICK)
    axes.set(xlabel="noise", ylabel="exponent p")
    axes.set_xticks(*_ticks(drawn.noise, along=True))
    axes.set_yticks(*_ticks(drawn.exponent))
    _draw_counts(axes, drawn)
    return sheet


def _ticks(values: np.ndarray, along: bool = False) -> tuple[list[int], list[str]]:
    """Choose places of labels that have room, evenly, from the first on; ``along`` where they stand side by side."""
    texts = [number(float(value), 3) for value in values]
    longest = max(canvas.width_of(text, TICK) for text in texts) + 5
    most = 72 * canvas.area()[0] / longest if along else 72 * canvas.area()[1] / (1.5 * TICK)
    chosen = list(range(0, len(values), int(np.ceil(len(values) / max(most, 1)))))
    return chosen, [texts[k] for k in chosen]


def _draw_counts(axes: Axes, drawn: _Phases) -> None:
    rows, columns = drawn.counts.shape
    wide, tall = 72 * canvas.area() / (columns, rows)
    longest = max(len(text) for row in drawn.texts for text in row)
    size = min(SIZES[0], 0.62 * tall, 0.85 * wide / (canvas.LETTER * longest))
    # Fine white lines part the cells, and an outline holds those that are white themselves.
    lines = {"edgecolor": style.paper(), "facecolor": "none", "linewidth": min(1.2, 0.06 * min(wide, tall))}
    for i, j in np.ndindex(rows, columns):
        axes.add_patch(Rectangle((j - 0.5, i - 0.5), 1, 1, **lines))
        if not drawn.known[i, j]:
            outline = {"edgecolor": style.grid(), "facecolor": "none", "linewidth": 0.8}
            axes.add_patch(Rectangle((j - 0.48, i - 0.48), 0.96, 0.96, **outline))
        if size >= SIZES[1]:
            look = {"ha": "center", "va": "center", "size": size, "color": drawn.inks[i, j]}
            axes.text(j, i, drawn.texts[i][j], **look)


def _interactive(drawn: _Phases) -> dict[str, Any]:
    rows, columns = drawn.counts.shape
    trace = {
        "type": "heatmap",
        "x": np.arange(columns),
        "y": np.arange(rows),
        "z": np.where(drawn.known, drawn.shades, np.nan),
        "zmin": 0,
        "zmax": 1,
        "colorscale": style.plotly_colours(tuple(map(style.tone, COLOURS))),
        "showscale": False,
        "xgap": 1,
        "ygap": 1,
        "text": drawn.texts,
        "hoverongaps": False,
        "customdata": [[_hover(drawn, i, j) for j in range(columns)] for i in range(rows)],
        "hovertemplate": "%{customdata}<extra></extra>",
    }
    axes = {}
    for name, title, values in (("xaxis", "noise", drawn.noise), ("yaxis", "exponent p", drawn.exponent)):
        chosen, texts = _ticks(values, along=name == "xaxis")
        look = {"showgrid": False, "showline": False, "tickvals": chosen, "ticktext": texts}
        axes[name] = web.axis(title, range=[-0.5, len(values) - 0.5], **look)
    return web.described([trace], axes | {"annotations": _web_counts(drawn)})


def _hover(drawn: _Phases, i: int, j: int) -> str:
    place = f"exponent {number(float(drawn.exponent[i]), 3)}, noise {number(float(drawn.noise[j]), 3)}"
    return f"{place}<br>{drawn.texts[i][j]} valleys"


def _web_counts(drawn: _Phases) -> list[dict[str, Any]]:
    """Write the counts where they have room."""
    rows, columns = drawn.counts.shape
    if max(rows, columns) > WRITTEN:
        return []
    size = min(13.0, 300 / max(rows, columns))
    return [web.text(j, i, drawn.texts[i][j], str(drawn.inks[i, j]), size) for i, j in np.ndindex(rows, columns)]
