"""Where all starts of a fit end, over every two of its parameters."""

from __future__ import annotations

from dataclasses import replace

from thalweg.base.border import public
from thalweg.base.checks import whole
from thalweg.figures.drawing.wording import joined
from thalweg.figures.figure import Figure, figure_of
from thalweg.figures.fit_pairs.page import describe
from thalweg.figures.fit_pairs.reading import Pairs, read
from thalweg.figures.fit_pairs.sheet import draw
from thalweg.store.kinds import Fits

MOST = 12
"""Parameters whose panels can be read on paper of some size."""


@public
def fit_pairs(fits: Fits, *, most: int = 6, starts: bool = False) -> Figure:
    """Draw where all starts of a fit end over every two of its parameters, coloured by the valley that they lead to.

    Ends at one place are one dot, the larger the more there are. Thin lines cross at the best valley; on the diagonal
    stands how many starts end along each parameter. Valleys that lie apart in a panel are parted by its two
    parameters; a line of dots is a direction that the data leave open.

    Parameters
    ----------
    fits : from :func:`thalweg.fit`
    most : parameters that are drawn, the first ones, from 1 to 12
    starts : whether the starts are drawn too, faintly

    Returns
    -------
    Figure
        With ``save``, ``static`` for Matplotlib and ``interactive`` for plotly.js; in a notebook it shows itself.

    Raises
    ------
    InvalidValue
        If the fit has no valley, no start ended anywhere, or ``most`` is not from 1 to 12.

    References
    ----------
    D. Foreman-Mackey, "corner.py: Scatterplot matrices in Python", 2016, doi:10.21105/joss.00024.

    Examples
    --------
    >>> import thalweg as tw
    >>> fits = tw.fit(tw.objective(tw.problems.nist("Misra1a"), tw.losses.quadratic()), tw.starts.Sobol(16))
    >>> fit_pairs(fits).title
    'Parameters where all starts end'
    """
    whole("most", most, at_least=1, at_most=MOST)
    drawn = read(fits, most, starts)
    title = (
        "Parameters where all starts end" if len(drawn.axes) > 1 else f"{drawn.axes[0].scale.name} where all starts end"
    )
    figure = figure_of("fit_pairs", title, _caption(drawn), drawn, draw, describe)
    return replace(figure, tall=len(drawn.axes) > 1)


def _caption(drawn: Pairs) -> str:
    place = ", ".join(
        f"{axis.scale.name} {axis.scale.text(value)}"
        for axis, value in zip(drawn.axes, drawn.best.tolist(), strict=True)
    )
    names = [group.label for group in drawn.groups]
    return f"{drawn.note.replace(' · ', ', ')}: ends of {joined(names)}. The best valley is at {place}."
