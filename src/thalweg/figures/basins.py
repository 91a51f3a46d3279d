"""A surface coloured by basin: which valley the ground at every place drains into."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr

from thalweg.base.border import public
from thalweg.base.errors import InvalidValue
from thalweg.figures.drawing import hues
from thalweg.figures.drawing.run import valley_names
from thalweg.figures.drawing.scale import Scale, closed
from thalweg.figures.drawing.section.page import describe
from thalweg.figures.drawing.section.reading import section_of
from thalweg.figures.drawing.section.sheet import caption as profile_caption
from thalweg.figures.drawing.section.sheet import draw_profile
from thalweg.figures.drawing.terrain import landscape
from thalweg.figures.drawing.terrain.reading import terrain_of
from thalweg.figures.drawing.terrain.sheet import caption as map_caption
from thalweg.figures.drawing.terrain.sheet import draw_map
from thalweg.figures.drawing.wording import number
from thalweg.figures.figure import Figure, figure_of
from thalweg.store.kinds import Runs, Surface, Valleys


@public
def basins(surface: Surface, runs: Runs | None = None, valleys: Valleys | None = None, *, run: int = 0) -> Figure:
    """Draw a surface of one or two parameters, every place in the colour of the basin that it lies in.

    The grays of the surface are those of its figure without basins, and the colours leave them as light as they are.
    There are at most eight colours; neighbouring basins have different ones. Ground in no basin stays gray.

    Parameters
    ----------
    surface : from :func:`thalweg.survey`, of one or two parameters
    runs : from :func:`thalweg.descend`
    valleys : from :func:`thalweg.find_valleys`, of this surface
    run : place of the run

    Returns
    -------
    Figure
        With ``save``, ``static`` for Matplotlib and ``interactive`` for plotly.js; in a notebook it shows itself.

    Raises
    ------
    InvalidValue
        If there are no valleys or they are of another grid, the surface has more than two parameters or no finite
        value, or there is no such run.

    Examples
    --------
    >>> import thalweg as tw
    >>> objective = tw.objective(tw.problems.himmelblau())
    >>> surface = tw.survey(objective, points=41)
    >>> basins(surface, valleys=tw.find_valleys(objective, surface)).title
    'Basins over x and y'
    """
    valleys, ground = _with_ground(surface, valleys)
    title = f"Basins over {' and '.join(map(str, surface['train_loss'].dims))}"
    if ground.ndim == 1:
        section = section_of(surface, runs, valleys, run)
        section = replace(section, **_colours(valleys, ground, (section.scale,)))
        caption = _caption(valleys, ground, profile_caption(section))
        return figure_of("basins", title, caption, section, draw_profile, describe)
    terrain = terrain_of(surface, runs, valleys, run)
    terrain = replace(terrain, **_colours(valleys, ground, terrain.scales))
    caption = _caption(valleys, ground, map_caption(terrain))
    return figure_of("basins", title, caption, terrain, draw_map, landscape.describe)


def _colours(valleys: xr.Dataset, ground: np.ndarray, scales: tuple[Scale, ...]) -> dict[str, Any]:
    """Choose the colour of every place."""
    between = valleys["pass_between"].values
    colours = hues.colouring(valleys.sizes["valley"], between[(between >= 0).all(axis=-1)])
    # One colour more, the last: that of no basin, -1.
    painted = np.append(colours, hues.NONE)[ground]
    return {"basins": closed(ground, scales), "hues": closed(painted, scales)}


def _with_ground(surface: xr.Dataset, valleys: xr.Dataset | None) -> tuple[xr.Dataset, np.ndarray]:
    """Find the basin of every place of the surface's grid."""
    grid = surface["train_loss"]
    if grid.ndim > 2:
        raise InvalidValue(f"the surface has {grid.ndim} parameters; basins are drawn over one or two")
    if valleys is not None and "stretch_valley" in valleys and valleys["param"].values.tolist() == list(grid.dims):
        # Before the first stretch of a circle lies the last one.
        stretch = np.searchsorted(valleys["stretch_from"].values, surface[grid.dims[0]].values, side="right") - 1
        return valleys, valleys["stretch_valley"].values[stretch]
    if valleys is None or "basin" not in valleys:
        raise InvalidValue("the figure 'basins' needs valleys with their basins; give it what find_valleys returns")
    ground = valleys["basin"]
    if ground.dims != grid.dims or not all(np.array_equal(ground[name], grid[name]) for name in grid.dims):
        shape, other = (" x ".join(map(str, part.shape)) for part in (grid, ground))
        raise InvalidValue(
            f"the basins are of another grid ({other}) than the surface ({shape}); give find_valleys this surface"
        )
    return valleys, ground.values


def _caption(valleys: xr.Dataset, ground: np.ndarray, text: str) -> str:
    """Tell how much of the domain drains into the largest basins, before the caption of the surface."""
    names = valley_names(valleys)
    shares = np.bincount(ground[ground >= 0], minlength=len(names)) / ground.size
    largest = np.argsort(-shares, kind="stable")[:5].tolist()
    listed = ", ".join(f"{names[k]} {number(float(100 * shares[k]), 2)} %" for k in largest)
    end = ", …" if len(names) > len(largest) else "."
    shares = f"Shares of the domain that drain into each valley: {listed}{end}" if names else "There is no basin."
    return f"{shares} {text[:1].upper()}{text[1:]}"
