"""How the valleys of a fit change with its loss or its model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from thalweg.base.border import public
from thalweg.figures.compare_fits.page import describe
from thalweg.figures.compare_fits.reading import Compared, read
from thalweg.figures.compare_fits.sheet import draw
from thalweg.figures.drawing.wording import number
from thalweg.figures.figure import Figure, figure_of
from thalweg.problems.problem import Problem
from thalweg.store.kinds import Fits


@public
def compare_fits(
    fits: Mapping[str, Fits], problem: Problem | Mapping[str, Problem] | None = None, *, along: str = ""
) -> Figure:
    """Draw where the valleys of several fits lie along one parameter, such as under several losses.

    Every fit has a column. A dot is a valley, as large as its share of the starts, coloured by its depth among those of
    its fit; the deepest is black. Lines join valleys of neighbouring fits that are each other's nearest in all common
    parameters. With the problem, the best curve of each fit is drawn over the data below.

    Parameters
    ----------
    fits : from :func:`thalweg.fit`, by name
    problem : that was fitted, or where models differ those by the same names; no curves without
    along : name of the parameter; by default the common one that keeps most valleys apart

    Returns
    -------
    Figure
        With ``save``, ``static`` for Matplotlib and ``interactive`` for plotly.js; in a notebook it shows itself.

    Raises
    ------
    UnknownName
        If the parameter is not one of all fits.
    InvalidValue
        If there is no fit, one has no valley, they have no parameter in common, or a problem is no curve over data or
        not the one that was fitted.

    Examples
    --------
    >>> import thalweg as tw
    >>> problem, starts = tw.problems.nist("Misra1a"), tw.starts.Sobol(16)
    >>> losses = {"quadratic": tw.losses.quadratic(), "Huber": tw.losses.huber(0.1)}
    >>> fits = {name: tw.fit(tw.objective(problem, loss), starts) for name, loss in losses.items()}
    >>> compare_fits(fits, along="b1").title
    'Valleys along b1'
    """
    drawn = read(fits, problem, along)
    title = f"Valleys along {drawn.scale.name}"
    figure = figure_of("compare_fits", title, _caption(drawn), drawn, draw, describe)
    return replace(figure, tall=drawn.curves is not None)


def _caption(drawn: Compared) -> str:
    told = [
        f"{column.name}: {len(column.minima)}, the deepest at {drawn.scale.text(float(column.places[0]))} with loss "
        f"{number(column.minima[0].loss)} and {column.minima[0].of_starts}"
        for column in drawn.columns
    ]
    curves = " Below, the best curve of each over the data." if drawn.curves is not None else ""
    return f"{drawn.note.replace(' · ', ', ')}: valleys of {'; of '.join(told)}.{curves}"
