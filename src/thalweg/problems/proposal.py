"""Where parameters are looked for that a user gave no range.

**Frequencies, periods and phases** are told from the formula: what stands in a sine or cosine, times a column or
divided into one, turns it by an angle from row to row. At half a turn a row nothing more can be told apart (Nyquist's
frequency, for rows that lie evenly), so a frequency ranges from 0 to there, a period from there to four times the
data's span; a phase is a circle.

**Others** by a coarse search: points are drawn over the ranges that are known, and over sixteen decades and both signs
of the parameters that have none. At each the linear parameters are put where the squared residual is least. The
hundredth of the points that fits best tells where each parameter is, to a decade or so; a range reaches a decade
beyond. None of these ranges has walls, so it matters little where they end.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from itertools import product
from math import pi
from typing import Any

import jax
import numpy as np
from jaxtyping import Array, Float

from thalweg.base import hints
from thalweg.base.errors import InvalidValue
from thalweg.base.precision import computing
from thalweg.problems.axis import Axis
from thalweg.problems.formula import tree
from thalweg.problems.formula.formula import Formula
from thalweg.problems.formula.tree import Apply, Node
from thalweg.problems.model import Curve

COUNT = 8192
"""Points that are drawn, a power of two."""

ROWS = 200
"""Rows of the data that are looked at in the coarse search, at most: evenly spaced ones."""

DECADES = 8
"""Powers of ten on either side of one that are searched, of either sign."""

BEST = 100
"""One in so many points is taken to fit."""

WIDER = 10.0
"""By which factor a range reaches beyond the points that fit."""

RIDGE = 1e-6
"""Keeps parameters of columns that nearly depend on one another from growing; in units of their squared length."""

solve: Callable[[np.ndarray, np.ndarray], np.ndarray] = np.linalg.solve

ANGLES = {"sin", "cos", "tan"}
"""Functions of an angle."""

AWAY = 4
"""Other parameters in an angle that are tried at infinity, at most."""

ALL_LINEAR = 3.0
"""Where a model is linear in all its parameters, how many sizes of the one place that squares tell a range reaches to
either side: under another loss the best may lie there with the other sign."""

SAME = 1e-9
"""Relative difference of numbers that are one but for rounding."""


def propose(curve: Curve, table: Mapping[str, np.ndarray], known: Mapping[str, Axis]) -> list[Axis]:
    """Give every parameter its axis, in order: those that are known, and proposals for the others."""
    linear = [name for name in curve.linear if name not in known]
    axes = dict(known)
    for name in curve.parameters:
        if name not in axes and name not in linear and (axis := _turning(curve, table, name)):
            axes[name] = axis
    lacking = [name for name in curve.parameters if name not in axes]
    if lacking:
        others = [name for name in curve.parameters if name not in linear]
        points = _points(others, axes)
        values, misfit = _fitted(curve, table, linear, dict(zip(others, points.T, strict=True)))
        finite = np.isfinite(misfit)
        if not finite.any():
            raise InvalidValue(
                "the model is finite on all rows nowhere that its parameters were tried; mend it, such as a logarithm "
                "of what is not above 0, or give ranges"
            )
        fitting = np.argsort(np.where(finite, misfit, np.inf), kind="stable")[: max(1, int(finite.sum()) // BEST)]
        axes |= {name: _around(name, values[name][fitting], name in linear) for name in lacking}
    return [axes[name] for name in curve.parameters]


def _turning(curve: Curve, table: Mapping[str, np.ndarray], name: str) -> Axis | None:
    """Find the range of a frequency, a period or a phase; None for what is none of these."""
    if not isinstance(curve.model, Formula):
        return None
    for node in _angles(curve.model.node):
        if name in tree.names(node):
            straight = _turns(curve, table, node, name, 1)
            inverse = _turns(curve, table, node, name, -1)
            if straight is not None:
                span = float(np.ptp(straight))
                if span <= SAME * float(np.abs(straight).max()):
                    return Axis(name, 0.0, 2 * pi / float(np.abs(straight).max()), periodic=True)
                return Axis(name, 0.0, pi * (len(straight) - 1) / span, bounded=False)
            if inverse is not None and (span := float(np.ptp(inverse))) > 0:
                return Axis(name, span / (pi * (len(inverse) - 1)), 4 * span / (2 * pi), log=True, bounded=False)
    return None


def _angles(node: Node) -> list[Node]:
    here = list(node.parts) if isinstance(node, Apply) and node.function in ANGLES else []
    return here + [angle for part in tree.parts_of(node) for angle in _angles(part)]


def _turns(curve: Curve, table: Mapping[str, np.ndarray], node: Node, name: str, power: int) -> np.ndarray | None:
    """Tell by how much an angle grows with a power of a parameter, (row,), if it is linear in that.

    Other parameters are put out of the way, 0 where they are factors or terms, infinite where they divide.
    """
    rows = len(next(iter(table.values())))
    columns = {each: table[each] for each in curve.inputs}
    free = [each for each in tree.names(node) if each in curve.parameters and each != name]
    rest = dict.fromkeys(curve.parameters, 0.0) | columns
    for away in product((0.0, np.inf), repeat=min(len(free), AWAY)):
        others = rest | dict(zip(free, away, strict=False))
        with computing(64), np.errstate(all="ignore"):
            angles = [
                np.broadcast_to(np.asarray(Formula(node)(others | {name: value**power})), rows)
                for value in (1.0, 2.0, 3.0)
            ]
            first, second = angles[1] - angles[0], angles[2] - angles[1]
            size = float(np.abs(first).max())
        finite = np.isfinite([first, second]).all() and size > 0
        if finite and np.abs(first - second).max() <= SAME * size:
            return first
    return None


def _points(names: Sequence[str], known: Mapping[str, Axis]) -> Float[np.ndarray, "point param"]:
    """Draw places: over the ranges that are known, and over all magnitudes elsewhere."""
    from scipy.stats import qmc  # pyright: ignore[reportMissingTypeStubs] - half a second to import, and rarely needed

    if not names:
        return np.zeros((1, 0))
    units = qmc.Sobol(len(names), rng=0).random(COUNT)
    places = np.empty_like(units)
    for k, name in enumerate(names):
        if name in known:
            axis = known[name]
            places[:, k] = (
                axis.low * (axis.high / axis.low) ** units[:, k] if axis.log else axis.low + axis.length * units[:, k]
            )
        else:
            signed = 2 * units[:, k] - 1
            places[:, k] = np.sign(signed) * 10 ** (DECADES * (2 * np.abs(signed) - 1))
    return places


def _fitted(
    curve: Curve, table: Mapping[str, np.ndarray], linear: Sequence[str], places: Mapping[str, np.ndarray]
) -> tuple[dict[str, np.ndarray], Float[np.ndarray, " point"]]:
    """Solve for the linear parameters at every place; give all values, and the mean squared residual."""
    rows = sampled(curve, table)
    columns = [column[rows] for column in table.values()]
    count = len(next(iter(places.values()))) if places else 1
    with computing(64):
        evaluate = hints.jit(partial(_residuals, curve, tuple(linear)))
        residuals = np.asarray(evaluate(dict(places), columns, np.arange(count)))
    with np.errstate(all="ignore"):
        solved, misfit = _solved(residuals[:, 0], np.moveaxis(residuals[:, 1:] - residuals[:, :1], 1, 2))
    return dict(places) | dict(zip(linear, solved.T, strict=True)), misfit


def sampled(curve: Curve, table: Mapping[str, np.ndarray]) -> np.ndarray:
    """Choose rows that are looked at, evenly spaced ones, of every group as many."""
    every = np.arange(len(next(iter(table.values()))))
    groups = [every]
    if curve.groups:
        numbers = table[curve.inputs[-1]]
        groups = [every[numbers == k] for k in range(len(curve.groups))]
    most = max(ROWS // len(groups), 2 * len(curve.parameters))
    return np.concatenate([rows[np.unique(np.linspace(0, len(rows) - 1, most).astype(int))] for rows in groups])


def _solved(
    offset: Float[np.ndarray, "point row"], basis: Float[np.ndarray, "point row linear"]
) -> tuple[Float[np.ndarray, "point linear"], Float[np.ndarray, " point"]]:
    """Find the combination of columns that comes nearest to the offset, and the mean square that is left."""
    sizes: np.ndarray = np.linalg.norm(basis, axis=1)
    sizes = np.where(sizes > 0, sizes, 1.0)
    units: np.ndarray = basis / sizes[:, None]
    good = np.isfinite(np.concatenate([units, offset[..., None]], axis=2)).reshape(len(units), -1).all(axis=1)
    units = np.where(np.reshape(good, (-1, 1, 1)), units, 0.0)
    offset = np.where(np.reshape(good, (-1, 1)), offset, 0.0)
    matrix = np.einsum("pri,prj->pij", units, units) + RIDGE * np.eye(basis.shape[2])
    right = np.asarray(np.einsum("pri,pr->pi", units, offset))
    solved = -solve(matrix, right[..., None])[..., 0]
    misfit = ((offset + np.einsum("pri,pi->pr", units, solved)) ** 2).mean(axis=1)
    return solved / sizes, np.where(good, misfit, np.inf)


def _residuals(
    curve: Curve, linear: tuple[str, ...], places: dict[str, Any], columns: list[np.ndarray], index: Any
) -> Array:
    """Evaluate residuals with all linear parameters 0, then each of them 1: (point, 1 + linear, row)."""

    def at(point: Array) -> Array:
        values = {name: value[point] for name, value in places.items()}

        def ones(name: str) -> Array:
            params = [values.get(each, float(each == name)) for each in curve.parameters]
            return hints.zeros(columns[0].shape) + curve(params, *columns)

        return hints.stack([ones(""), *map(ones, linear)])

    return jax.vmap(at)(index)


def _around(name: str, values: np.ndarray, linear: bool) -> Axis:
    """Make an axis around values that fit: in the logarithm where a parameter is not linear and they are positive."""
    low, high = (float(end) for end in np.quantile(values, [0.05, 0.95]))
    if low > 0 and not linear:
        return Axis(name, low / WIDER, high * WIDER, log=True, bounded=False)
    reach = max(abs(low), abs(high), np.finfo(float).tiny / np.finfo(float).eps)
    reach *= ALL_LINEAR if len(values) == 1 else 1.0
    return Axis(name, low - reach, high + reach, bounded=False)
