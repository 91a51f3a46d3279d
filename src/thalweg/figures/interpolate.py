"""The loss along lines and curves between checkpoints, and the barriers on them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from thalweg.base.border import public
from thalweg.base.checks import choice
from thalweg.base.errors import InvalidValue, UnknownName
from thalweg.figures.drawing import canvas, style, web
from thalweg.figures.drawing.marks import END, START, series
from thalweg.figures.drawing.provenance import network_of
from thalweg.figures.drawing.view import View, view_of
from thalweg.figures.drawing.wording import count, number, shortened
from thalweg.figures.figure import Figure, figure_of
from thalweg.store.kinds import Curve

KINDS = {"line": "straight line", "bezier": "Bézier curve"}

ALONG = {"distance": "distance from a, along the curve", "t": "t, from a (0) to b (1)"}


KEY = 30
"""Width that a sample takes in a legend with the room around it, points."""


@dataclass(frozen=True, eq=False)
class _Curve:
    """One curve as it is drawn.

    Attributes
    ----------
    t, x, loss : (point,), the curve's own parameter, the place on the shown axis, and the loss
    ends : (2, 2), place and loss of a and b, NaN where they are not on the curve
    top : (2,), place and loss of the highest point between a and b
    barrier : of its height above the higher end; NaN where a loss between is not finite
    """

    name: str
    t: np.ndarray
    x: np.ndarray
    loss: np.ndarray
    ends: np.ndarray
    top: np.ndarray
    barrier: float

    @property
    def foot(self) -> float:
        """The loss from which the barrier counts."""
        return float(self.top[1]) - self.barrier

    @property
    def missing(self) -> int:
        """How many points are not finite."""
        return int((~np.isfinite(self.loss)).sum())


@dataclass(frozen=True, eq=False)
class _Curves:
    curves: list[_Curve]
    along: str
    view: View
    note: str
    what: str


@public
def interpolate(
    *curves: Curve,
    names: Sequence[str] | None = None,
    along: str = "distance",
    value: str | Sequence[str] = "loss",
) -> Figure:
    """Draw the loss along lines and curves between two checkpoints a and b, and the barrier on each.

    A barrier is the highest loss between the checkpoints, above the higher of the two; it is drawn from there upwards.

    Parameters
    ----------
    curves : from :func:`thalweg.networks.interpolate`
    names : one a curve; by default what it is
    along : ``"distance"`` from a along the curve, in parameters, so that longer ways are longer; or ``"t"``
    value : which variable of the curves is drawn, or a list of several, each a line of its own

    Returns
    -------
    Figure
        With ``save``, ``static`` for Matplotlib and ``interactive`` for plotly.js; in a notebook it shows itself.

    Raises
    ------
    InvalidValue
        If these are no curves, a curve is finite nowhere, or there is not one name a curve.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> t = np.linspace(0, 1, 11)
    >>> ridge = xr.Dataset({"loss": ("t", t * (1 - t)), "distance": ("t", 2 * t)}, {"t": t}, {"kind": "line"})
    >>> interpolate(ridge).caption
    'Loss between two checkpoints, a network, loss: straight line, from 0 to 0, barrier 0.25 at t = 0.5.'
    """
    if not curves:
        raise InvalidValue("there is no curve to draw; give one or more results of thalweg.networks.interpolate")
    choice("along", along, tuple(ALONG))
    if names is not None and len(names) != len(curves):
        raise InvalidValue(
            f"{count(len(curves), 'curve')} and {count(len(names), 'name')} do not fit; give one name each"
        )
    values = [value] if isinstance(value, str) else list(value)
    if not values:
        raise InvalidValue("value = [] names nothing to draw; give one or more variables of the curves")
    read = [
        _curve(_measure(part, each), _called(name, each, values), along)
        for part, name in zip(curves, names or _named(curves), strict=True)
        for each in values
    ]
    finite = [np.concatenate([part.loss, part.ends[:, 1]]) for part in read]
    what = ", ".join(shortened(each.replace("_", " ")) for each in values)
    title = f"{what[:1].upper()}{what[1:]} between two checkpoints"
    own = _measure(curves[0], values[0]).attrs
    drawn = _Curves(read, along, view_of(finite, np.empty(0)), network_of(own), what)
    caption = f"{title}, {drawn.note.replace(' · ', ', ')}: {'; '.join(map(_story, read))}."
    return figure_of("interpolate", title, caption, drawn, _static, _interactive)


def _measure(part: xr.Dataset, value: str) -> xr.Dataset:
    """Take a measure of a curve for its loss."""
    if value == "loss":
        return part
    if value not in part.data_vars or value in ALONG:
        raise UnknownName.of("measure of the curve", value, [name for name in map(str, part) if name not in ALONG])
    own = part[value].attrs
    taken = part.assign(loss=part[value]).assign_attrs(own)
    taken.attrs.pop("loss_at_ends", None)
    return taken.assign_attrs(loss_at_ends=own["at_ends"]) if "at_ends" in own else taken


def _called(name: str, value: str, values: Sequence[str]) -> str:
    """Name a line by its curve, and by its value where there are several."""
    return f"{name}, {value.replace('_', ' ')}" if len(values) > 1 else name


def _named(curves: Sequence[xr.Dataset]) -> list[str]:
    """Name curves by what they are; equal ones are numbered."""
    kinds = [str(part.attrs.get("kind", "curve")) for part in curves]
    names = [KINDS.get(kind, shortened(kind)) for kind in kinds]
    numbers = [names[: k + 1].count(name) for k, name in enumerate(names)]
    return [f"{name} {n}" if names.count(name) > 1 else name for name, n in zip(names, numbers, strict=True)]


def _curve(part: xr.Dataset, name: str, along: str) -> _Curve:
    for variable in ("loss", "distance"):
        if variable not in part or part[variable].dims != ("t",) or "t" not in part.coords:
            raise InvalidValue(
                f"a curve needs the variable {variable!r} over ('t',); give the results of thalweg.networks.interpolate"
            )
    t, loss = (part[variable].values.astype(np.float64) for variable in ("t", "loss"))
    if not np.isfinite(loss).any():
        raise InvalidValue(f"the loss of {name!r} is finite nowhere, so there is nothing to draw; choose another span")
    if len(t) < 2 or not (np.diff(t) > 0).all():
        raise InvalidValue(
            f"t of {name!r} does not rise over at least 2 points; give the results of thalweg.networks.interpolate"
        )
    x = part[along].values.astype(np.float64)
    inside = np.flatnonzero((t >= 0) & (t <= 1))
    at_ends = part.attrs.get("loss_at_ends", [_at(t, loss, end) for end in (0.0, 1.0)])
    ends = np.array(
        [[np.interp(end, t, x, np.nan, np.nan), height] for end, height in zip((0, 1), at_ends, strict=True)]
    )
    known = len(inside) > 0 and bool(np.isfinite(loss[inside]).all() and np.isfinite(ends[:, 1]).all())
    if not known:
        return _Curve(shortened(name), t, x, loss, ends, np.full(2, np.nan), np.nan)
    highest = int(inside[np.argmax(loss[inside])])
    top = max((x[highest], loss[highest]), *map(tuple, ends), key=lambda place: place[1])
    return _Curve(shortened(name), t, x, loss, ends, np.array(top), float(top[1] - ends[:, 1].max()))


def _at(t: np.ndarray, loss: np.ndarray, end: float) -> float:
    """Read the loss of a checkpoint off a curve, NaN where it is not one of its points."""
    nearest = int(np.argmin(np.abs(t - end)))
    # Points that are evenly spaced meet 0 and 1 up to rounding.
    return float(loss[nearest]) if abs(t[nearest] - end) < 1e-9 else np.nan


def _story(part: _Curve) -> str:
    text = f"{part.name}, from {number(part.ends[0, 1])} to {number(part.ends[1, 1])}, {_barrier(part)}"
    if np.isfinite(part.barrier) and part.barrier > 0:
        text += f" at t = {number(float(np.interp(part.top[0], part.x, part.t)), 3)}"
    return text + (f", {count(part.missing, 'point')} not finite" if part.missing else "")


def _barrier(part: _Curve) -> str:
    if not np.isfinite(part.barrier):
        return "barrier not known"
    return f"barrier {number(part.barrier, 3)}" if part.barrier > 0 else "no barrier"


def _static(drawn: _Curves, title: str) -> canvas.Sheet:
    sheet, (axes,) = canvas.blank(title, drawn.note)
    drawn.view.show(axes)
    axes.set(xlabel=ALONG[drawn.along], ylabel=drawn.what)
    for k, part in enumerate(drawn.curves):
        _draw(axes, part, k)
    for k, name, mark in ((0, "a", START), (1, "b", END)):
        places = np.stack([part.ends[k] for part in drawn.curves])
        places = places[np.isfinite(places).all(axis=-1)]
        mark.draw(axes, *places.T, zorder=3, label=name if len(places) else None)
    axes.margins(x=0.03)
    _legend(sheet, axes)
    return sheet


def _legend(sheet: canvas.Sheet, axes: Axes) -> None:
    """Draw the legend in a row above the axes, or inside them where a row has no room for it."""
    texts = axes.get_legend_handles_labels()[1]
    if sum(canvas.width_of(text, 8.5) + KEY for text in texts) <= 72 * style.size()[0]:
        canvas.legend(sheet, axes)
    else:
        axes.legend(loc="best", fontsize=7.5, frameon=True, framealpha=0.85, edgecolor="none")


def _draw(axes: Axes, part: _Curve, k: int) -> None:
    own = series(k)
    colour, dash = own.colour, own.dash
    label = f"{part.name}, {_barrier(part)}"
    axes.plot(part.x, part.loss, color=colour, ls=dash[0], lw=1.8, label=label, zorder=2)
    if not part.barrier > 0:
        return
    place, high = part.top.tolist()
    line = {"arrowstyle": "|-|", "mutation_scale": 3, "color": colour, "lw": 1.0, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", (place, high), (place, part.foot), arrowprops=line, zorder=1.8)
    halo = canvas.halo(2.2)
    text = {"ha": "center", "size": 8.5, "color": style.legible(colour), "path_effects": halo, "zorder": 2.5}
    canvas.write(axes, number(part.barrier, 3), (place, high), (0, 5), **text)


def _interactive(drawn: _Curves) -> dict[str, Any]:
    traces = [trace for k, part in enumerate(drawn.curves) for trace in _traces(drawn, part, k)]
    for k, name, mark in ((0, "a", START), (1, "b", END)):
        places = np.stack([part.ends[k] for part in drawn.curves])
        traces.append(
            web.trace("markers", *places.T, name=name, marker=mark.web(10), hover=f"{name}<br>loss %{{y:.5g}}")
        )
    x = web.axis(ALONG[drawn.along])
    return web.described(
        traces, {"xaxis": x, "yaxis": web.axis(web.safe(drawn.what), exponentformat="power", **drawn.view.web)}
    )


def _traces(drawn: _Curves, part: _Curve, k: int) -> list[web.Trace]:
    own = series(k)
    colour, dash = own.colour, own.dash
    name = web.safe(part.name)
    hover = f"{name}<br>t %{{customdata:.4g}}<br>{drawn.along} %{{x:.4g}}<br>loss %{{y:.5g}}"
    line = {"color": colour, "dash": dash[1], "width": 2.5}
    common: dict[str, Any] = {"name": f"{name}, {_barrier(part)}", "customdata": part.t, "hover": hover}
    traces = [web.trace("lines", part.x, part.loss, line=line, **common)]
    if part.barrier > 0:
        place, high = part.top.tolist()
        look: dict[str, Any] = {"line": {"color": colour, "width": 1}}
        look |= {"marker": {"symbol": "line-ew-open", "size": 9, "color": colour}}
        traces.append(
            web.trace("lines+markers", [place, place], [part.foot, high], hover=f"{name}<br>{_barrier(part)}", **look)
        )
    return traces
