"""The data of a regression."""

from __future__ import annotations

from typing import Any

from thalweg.base.border import public
from thalweg.figures.drawing import canvas, points, web
from thalweg.figures.drawing.wording import count, shortened, subject
from thalweg.figures.figure import Figure, figure_of
from thalweg.problems.problem import Problem, Regression


@public
def data(problem: Problem) -> Figure:
    """Draw the data of a regression with columns x and y, training and test data apart.

    Where a parameter is an angle both axes have one scale, so that angles look like themselves.

    Parameters
    ----------
    problem : a regression whose columns are x and y

    Returns
    -------
    Figure
        With ``save``, ``static`` for Matplotlib and ``interactive`` for plotly.js; in a notebook it shows itself.

    Raises
    ------
    InvalidValue
        If the problem has no such data.

    Examples
    --------
    >>> from thalweg import problems
    >>> data(problems.pencil()).caption.partition(",")[0]
    'The data of pencil: training data'
    """
    regression = points.with_data(problem, "data")
    parts = points.points_of(regression)
    source = _source(problem)
    caption = f"The data of {_subject(problem)}: {_counts(parts)}.{source and f' {source}.'}"
    return figure_of("data", "The data", caption, regression, _static, _interactive)


def _counts(parts: list[points.Points]) -> str:
    return "; ".join(part.legend for part in parts) if len(parts) > 1 else count(len(parts[0].x), "point")


def _subject(problem: Problem) -> str:
    settings = {f"problem_{name}": value for name, value in problem.settings.items()}
    return subject({"problem": problem.name, "source": problem.source, **settings})


def _source(problem: Problem) -> str:
    """Say where the data come from, where they are not called by that already."""
    return "" if problem.source in _subject(problem) else problem.source


def _static(problem: Regression, title: str) -> canvas.Sheet:
    parts = points.points_of(problem)
    number = count(sum(len(part.x) for part in parts), "point")
    source = shortened(_source(problem), 70)
    sheet, (axes,) = canvas.blank(title, " · ".join(filter(None, (_subject(problem), number, source))))
    for part in parts:
        points.scatter(axes, part)
    points.name_axes(axes, problem)
    canvas.legend(sheet, axes)
    return sheet


def _interactive(problem: Regression) -> dict[str, Any]:
    traces = [points.trace(part, problem) for part in points.points_of(problem)]
    return web.described(traces, points.web_axes(problem))
