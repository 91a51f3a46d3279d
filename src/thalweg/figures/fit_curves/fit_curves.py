"""The data, the curve of each valley of a fit, and the residuals that each leaves."""

from __future__ import annotations

from dataclasses import replace

from thalweg.base.border import public
from thalweg.base.checks import whole
from thalweg.figures.drawing.wording import joined
from thalweg.figures.figure import Figure, figure_of
from thalweg.figures.fit_curves.page import describe
from thalweg.figures.fit_curves.reading import Curves, read
from thalweg.figures.fit_curves.sheet import draw
from thalweg.problems.problem import Problem
from thalweg.store.kinds import Fits

MOST = 8
"""Curves that can be told apart."""


@public
def fit_curves(problem: Problem, fits: Fits, *, most: int = 4) -> Figure:
    """Draw the data, the curve of each of a fit's best valleys over them, and below the residuals that each leaves.

    Valleys with one curve, such as two that are twins by symmetry, are drawn once. Curves are drawn as finely as they
    bend, so that a fast oscillation is not mistaken for a slow one. Where the user's own start is known its curve is
    dashed. Points far beyond all others are marked at the edge. A model of several inputs has no curve in the plane:
    measured values are drawn against fitted ones.

    Parameters
    ----------
    problem : that was fitted, from :func:`thalweg.problems.fit`
    fits : from :func:`thalweg.fit`
    most : curves that are drawn, the best ones, from 1 to 8

    Returns
    -------
    Figure
        With ``save``, ``static`` for Matplotlib and ``interactive`` for plotly.js; in a notebook it shows itself.

    Raises
    ------
    InvalidValue
        If the problem is no curve over data or not the one that was fitted, the fit has no valley, or ``most`` is not
        from 1 to 8.

    Examples
    --------
    >>> import numpy as np, thalweg as tw
    >>> t = np.linspace(0, 3, 20)
    >>> data = {"t": t, "y": 2 * np.exp(-t / 0.5) + 0.1 * np.cos(9 * t)}
    >>> problem = tw.problems.fit(data, "A*exp(-t/tau)", "y", ranges={"A": "0:5", "tau": "0.1:10:log"})
    >>> fits = tw.fit(tw.objective(problem, tw.losses.quadratic()), tw.starts.Sobol(16))
    >>> fit_curves(problem, fits).title
    'The data and the fitted curve'
    """
    whole("most", most, at_least=1, at_most=MOST)
    drawn = read(problem, fits, most)
    what = (
        "Measured and fitted values"
        if drawn.several
        else f"The data and the fitted curve{'s' * (len(drawn.lines) > 1)}"
    )
    figure = figure_of("fit_curves", what, _caption(drawn), drawn, draw, describe)
    return replace(figure, tall=len(drawn.lines) > 1)


def _caption(drawn: Curves) -> str:
    guess = "; the curve of your own start is dashed" if drawn.guess.size else ""
    lines = joined([line.label.replace(", loss", " (loss", 1) + ")" for line in drawn.lines])
    return f"{drawn.note.replace(' · ', ', ')}: {lines}{guess}. Below, the {drawn.unit}."
