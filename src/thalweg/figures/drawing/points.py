"""The data of a regression as figures draw them: training and test data told apart by colour and by shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes

from thalweg.base.errors import InvalidValue
from thalweg.figures.drawing import canvas, extent, marks, style, web
from thalweg.figures.drawing.marks import MARKS
from thalweg.figures.drawing.wording import shortened
from thalweg.problems.model import Curve
from thalweg.problems.problem import Problem, Regression

DENSE = 3000
"""Points above which a vector graphic holds them as one picture, and a page leaves them to the graphics card."""


DRAWN = 20_000
"""Points that are drawn at most, evenly chosen along the axis."""


class Points(NamedTuple):
    """Training or test data, or one of their groups, and how they look."""

    name: str
    x: np.ndarray
    y: np.ndarray
    colour: str
    hollow: bool
    error: np.ndarray | None = None
    mark: tuple[str, str] = MARKS[0]

    @property
    def barred(self) -> bool:
        """Whether uncertainties are drawn: they are known, and there is room for them."""
        return self.error is not None and len(self.x) <= DENSE

    @property
    def legend(self) -> str:
        """Name and number of points, and of those that are drawn where they are very many."""
        return f"{self.name}, {len(self.x):,}" + (f" ({DRAWN:,} drawn)" if len(self.x) > DRAWN else "")


def points_of(problem: Regression) -> list[Points]:
    """Read training data and, where there are any, test data; or each group of the data."""
    x, y = columns_of(problem) or ("x", "y")
    tested = len(problem.test[x]) > 0
    sigma = sigma_of(problem)
    train, test = (
        Points(name, part[x], part[y], colour, hollow, part[sigma] if sigma else None)
        for name, part, colour, hollow in (
            ("training data" if tested else "data", problem.train, style.train(), False),
            ("test data", problem.test, style.test(), True),
        )
    )
    if (groups := group_of(problem)) is not None:
        return grouped(train, groups, names_of(problem))
    return [train, test] if tested else [train]


def shown_of(problem: Regression) -> list[Points]:
    """Read the test data, or where there are none all data."""
    parts = points_of(problem)
    return parts[-1:] if parts[-1].hollow else parts


def grouped(part: Points, groups: np.ndarray, names: Sequence[str]) -> list[Points]:
    """Part points by the number of their group, each with its own colour and mark; groups without any are out."""
    parts: list[Points] = []
    for k, name in enumerate(names):
        look = marks.series(k + 1)
        if (groups == k).any():
            parts.append(taken(part, groups == k)._replace(name=name, colour=look.colour, mark=look.mark))
    return parts


def group_of(problem: Regression) -> np.ndarray | None:
    """Find (row,), the numbers of the groups; None where there are no groups."""
    model = problem.residual
    return problem.train[model.inputs[-1]] if isinstance(model, Curve) and model.groups else None


def names_of(problem: Regression) -> tuple[str, ...]:
    """Name the groups."""
    return problem.residual.groups if isinstance(problem.residual, Curve) else ()


def inputs_of(model: Curve) -> tuple[str, ...]:
    """Name the columns that a curve is over; that of the groups is none."""
    return model.inputs[:-1] if model.groups else model.inputs


def sigma_of(problem: Regression) -> str:
    """Name the column of uncertainties; nothing where there is none."""
    weighted = isinstance(problem.residual, Curve) and problem.residual.weighted
    return list(problem.train)[-1] if weighted else ""


def columns_of(problem: Regression) -> tuple[str, str] | None:
    """Name the columns that are drawn: x and y, or the only input of a curve and what is measured; None for neither."""
    if isinstance(problem.residual, Curve):
        inputs, y = inputs_of(problem.residual), list(problem.train)[len(problem.residual.inputs)]
        return (inputs[0], y) if len(inputs) == 1 else None
    return ("x", "y") if {"x", "y"} <= set(problem.train) else None


def with_data(problem: Problem, figure: str) -> Regression:
    """Refuse a problem that has not one column x and one y."""
    if not isinstance(problem, Regression):
        raise InvalidValue(
            f"{problem.name} is a surface in closed form and has no data for the figure {figure!r}; draw its surface"
        )
    if columns_of(problem) is None:
        raise InvalidValue(
            f"{problem.name} has the columns {', '.join(problem.train)}; the figure {figure!r} needs one x and one y"
        )
    return problem


def scatter(axes: Axes, part: Points, **more: Any) -> None:
    """Draw points, the smaller and clearer the more there are, so that a thousand keep their shape."""
    legend, part = part.legend, taken(part, chosen(part.x))
    number = len(part.x)
    settings: dict[str, Any] = {
        "label": legend,
        "s": float(np.clip(16 * np.sqrt(300 / number), 2, 22)),
        "alpha": float(np.clip(1.1 - number / 4000, 0.35, 0.85)),
        "rasterized": number > DENSE,
    }
    if part.hollow:
        settings |= {"marker": "D", "facecolors": "none", "edgecolors": part.colour, "linewidths": 0.8}
    else:
        settings |= {"marker": part.mark[0], "facecolors": part.colour, "linewidths": 0}
    if part.barred:
        bars = {"fmt": "none", "ecolor": more.get("facecolors", part.colour), "elinewidth": 0.8, "alpha": 0.6}
        axes.errorbar(part.x, part.y, part.error, zorder=0.9, **bars)
    axes.scatter(part.x, part.y, **settings | more)


def chosen(x: np.ndarray) -> np.ndarray:
    """Choose the points that are drawn: all, or of very many some, evenly along the axis."""
    if len(x) <= DRAWN:
        return np.arange(len(x))
    return np.sort(np.argsort(x, kind="stable")[np.linspace(0, len(x) - 1, DRAWN).round().astype(int)])


def taken(part: Points, some: np.ndarray) -> Points:
    """Take some of the points."""
    error = None if part.error is None else part.error[some]
    return part._replace(x=part.x[some], y=part.y[some], error=error)


def trace(part: Points, problem: Regression, **more: Any) -> web.Trace:
    """Describe points for a page."""
    x, y = (web.safe(label) for label in labels_of(problem))
    return described(part, (x, y), **more)


def described(part: Points, labels: tuple[str, str], **more: Any) -> web.Trace:
    """Describe points on axes of such names for a page."""
    legend, part = part.legend, taken(part, chosen(part.x))
    x, y = labels
    shape = {"symbol": "diamond-open", "size": 6} if part.hollow else {"symbol": part.mark[1], "size": 5}
    look = {"color": part.colour, "opacity": 0.75} | shape | more
    hover = f"{x} %{{x:.4g}}<br>{y} %{{y:.4g}}<extra>{part.name}</extra>"
    kind = "scattergl" if len(part.x) > DENSE else "scatter"
    points = web.trace("markers", part.x, part.y, name=legend, marker=look)
    if part.barred:
        bars = {"type": "data", "array": part.error, "thickness": 1, "width": 0, "color": look["color"]}
        points |= {"error_y": bars}
        hover = hover.replace("<extra>", " ± %{error_y.array:.3g}<extra>")
    return points | {"type": kind, "hoverinfo": None, "hovertemplate": hover}


def labels_of(problem: Regression) -> tuple[str, str]:
    """Name the two columns."""
    x, y = columns_of(problem) or ("x", "y")
    return problem.labels.get(x, x), problem.labels.get(y, y)


def of_angle(problem: Problem) -> bool:
    """Tell whether a parameter is an angle, so that both axes need one scale to show it as it is."""
    return any(axis.unit == "rad" for axis in problem.domain)


def name_axes(axes: Axes, problem: Regression) -> None:
    """Label the axes with the columns' names."""
    x, y = labels_of(problem)
    axes.set_xlabel(canvas.plain(shortened(x, 60)))
    axes.set_ylabel(canvas.plain(shortened(y)))
    if of_angle(problem):
        axes.set_aspect("equal", adjustable="datalim")
    for log, scale in zip(decades_of(problem), (axes.set_xscale, axes.set_yscale), strict=True):
        if log:
            scale("log")


def web_axes(problem: Regression) -> dict[str, Any]:
    """Describe the axes for a page."""
    x, y = labels_of(problem)
    equal = {"scaleanchor": "x", "scaleratio": 1} if of_angle(problem) else {}
    across, up = ({"type": "log", "exponentformat": "power"} if log else {} for log in decades_of(problem))
    return {"xaxis": web.axis(x, **across), "yaxis": web.axis(y, **equal, **up)}


def decades_of(problem: Regression) -> tuple[bool, bool]:
    """Tell which axes of a curve's data are logarithmic; what is no curve has a line that would not be straight."""
    if not isinstance(problem.residual, Curve):
        return False, False
    x, y = (problem.train[name] for name in columns_of(problem) or ("x", "y"))
    return extent.spread_in_decades(x), extent.spans_decades(y)
