"""The profile likelihood of a fit."""

from __future__ import annotations

from thalweg.base.border import public
from thalweg.figures.drawing.wording import number
from thalweg.figures.figure import Figure, figure_of
from thalweg.figures.profile_likelihood import chart, maps
from thalweg.figures.profile_likelihood.reading import Maps, Slope, interval_in_words, read_maps, read_slope
from thalweg.store.kinds import Profile


@public
def profile_likelihood(profile: Profile) -> Figure:
    """Draw the loss of a fit along one parameter or two, the others at their best.

    Along one parameter the curve stands above its minimum, with the level at which the interval ends, the interval
    shaded, and dashed the parabola that standard errors take it for: where the two part, so do the intervals. What
    the loss would be with the others held is dotted. Along two parameters two maps stand side by side, the others at
    their best and the others held; the thick line bounds the region.

    Parameters
    ----------
    profile : from :func:`thalweg.profile_likelihood`

    Returns
    -------
    Figure
        With ``save``, ``static`` for Matplotlib and ``interactive`` for plotly.js; in a notebook it shows itself.

    Raises
    ------
    InvalidValue
        If the profile is finite nowhere.

    References
    ----------
    D. M. Bates, D. G. Watts, Nonlinear Regression Analysis and Its Applications, Wiley, 1988,
    doi:10.1002/9780470316757.

    Examples
    --------
    >>> import thalweg as tw
    >>> problem = tw.problems.nist("Misra1a")
    >>> profile_likelihood(tw.profile_likelihood(problem, tw.fit(problem), "b1", points=9)).title
    'Loss along b1, the others at their best'
    """
    if "second" in profile.dims:
        drawn = read_maps(profile)
        x, y = (scale.name for scale in drawn.scales)
        title = f"Loss over {x} and {y}"
        return figure_of("profile_likelihood", title, _told_of_maps(drawn), drawn, maps.draw, maps.describe)
    drawn = read_slope(profile)
    title = f"Loss along {drawn.scale.name}, the others at their best"
    return figure_of("profile_likelihood", title, _told(drawn), drawn, chart.draw, chart.describe)


def _told(drawn: Slope) -> str:
    interval = f"; {interval_in_words(drawn)}" if drawn.known else ""
    place = drawn.scale.text(drawn.place)
    return f"{drawn.note.replace(' · ', ', ')}: the minimum is at {drawn.scale.name} {place}{interval}."


def _told_of_maps(drawn: Maps) -> str:
    x, y = drawn.scales
    place = f"{x.name} {x.text(drawn.place[0])}, {y.name} {y.text(drawn.place[1])}"
    region = (
        f" The region of {100 * drawn.confidence:g} % ends at a loss of {number(drawn.level)}." if drawn.bounded else ""
    )
    what = f"all others at their best, and as they are in the valley at {place}"
    return f"{drawn.note.replace(' · ', ', ')}: {what}.{region}"
