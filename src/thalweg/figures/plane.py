"""A surface of two parameters seen from above, and as a landscape in a page, with the path of a run on it."""

from __future__ import annotations

from thalweg.base.border import public
from thalweg.figures.drawing.terrain.landscape import describe
from thalweg.figures.drawing.terrain.reading import limited, terrain_of
from thalweg.figures.drawing.terrain.sheet import caption, draw_map
from thalweg.figures.figure import Figure, figure_of
from thalweg.store.kinds import NamedRuns, Surface, Valleys


@public
def plane(
    surface: Surface,
    runs: NamedRuns | None = None,
    valleys: Valleys | None = None,
    *,
    run: int = 0,
    limits: tuple[float, float] | None = None,
) -> Figure:
    """Draw a surface of two parameters as a shaded map, and the path of a run on it, coloured by step.

    Levels are evenly spaced in the loss or, where that would leave the low ground empty, in the logarithm of its height
    above the lowest point. The path is drawn inside the box only; if it leaves it, the figure says when. A page shows
    the same as a landscape, the run at its true loss.

    Parameters
    ----------
    surface : from :func:`thalweg.survey`, of two parameters
    runs : from :func:`thalweg.descend`; or several of them by name, such as those of several optimisers, each drawn in
        a colour of its own
    valleys : from :func:`thalweg.find_valleys`, of the same objective
    run : place of the run that is drawn, of each
    limits : the lowest and the highest loss that are told apart, so that several pictures have the same grays,
        evenly spaced or, where the highest is 20 times the lowest, by the logarithm; by default those of the surface

    Returns
    -------
    Figure
        With ``save``, ``static`` for Matplotlib and ``interactive`` for plotly.js; in a notebook it shows itself.

    Raises
    ------
    InvalidValue
        If the surface has not two parameters or no finite value, there is no such run, or the limits are none.

    Examples
    --------
    >>> import thalweg as tw
    >>> plane(tw.survey(tw.objective(tw.problems.himmelblau()), points=41)).title
    'Loss over x and y'
    """
    terrain = terrain_of(surface, runs, valleys, run)
    terrain = terrain if limits is None else limited(terrain, limits)
    title = f"Loss over {' and '.join(shown.name for shown in terrain.scales)}"
    return figure_of("plane", title, caption(terrain), terrain, draw_map, describe)
