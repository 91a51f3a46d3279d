"""A surface of one parameter in profile, with the path of a run on it."""

from __future__ import annotations

from dataclasses import replace

from thalweg.base.border import public
from thalweg.figures.drawing.section.page import describe
from thalweg.figures.drawing.section.reading import section_of
from thalweg.figures.drawing.section.sheet import caption, draw_profile
from thalweg.figures.drawing.view import fixed
from thalweg.figures.figure import Figure, figure_of
from thalweg.store.kinds import NamedRuns, Surface, Valleys


@public
def profile(
    surface: Surface,
    runs: NamedRuns | None = None,
    valleys: Valleys | None = None,
    *,
    run: int = 0,
    limits: tuple[float, float] | None = None,
) -> Figure:
    """Draw a surface of one parameter, and on it every step of a run, coloured by step.

    A circle is drawn over its one period, angles in degrees. Where the surface has walls far above all the rest, as a
    vertical residual has at ±90°, the axis is cut, and the figure says so.

    Parameters
    ----------
    surface : from :func:`thalweg.survey`, of one parameter
    runs : from :func:`thalweg.descend`; or several of them by name, such as those of several optimisers, each drawn in
        a colour of its own, a little above the one before
    valleys : from :func:`thalweg.find_valleys`, of the same objective
    run : place of the run that is drawn, of each
    limits : the lowest and the highest loss that are shown, so that several pictures have one axis; by default what
        there is to be seen

    Returns
    -------
    Figure
        With ``save``, ``static`` for Matplotlib and ``interactive`` for plotly.js; in a notebook it shows itself.

    Raises
    ------
    InvalidValue
        If the surface has more than one parameter or no finite value, there is no such run, or the limits are none.

    Examples
    --------
    >>> import thalweg as tw
    >>> objective = tw.objective(tw.problems.pencil(), tw.losses.power(1 / 2))
    >>> profile(tw.survey(objective)).title
    'Loss over phi'
    """
    drawn = section_of(surface, runs, valleys, run)
    if limits is not None:
        view = fixed(limits)
        drawn = replace(drawn, view=view, note=f"{drawn.note} · {view.told}")
    title = f"Loss over {drawn.scale.name}"
    return figure_of("profile", title, caption(drawn), drawn, draw_profile, describe)
