"""An objective as the searches of a grid see it: the two programs that are compiled for all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array, Bool, Float

from thalweg.base.compiling import compiled
from thalweg.descent import mean
from thalweg.problems.domain import inward
from thalweg.valleys import lanes

FEW, MANY = 16, 128
"""Places looked at side by side, in a search of few places and in one of many."""

HALVINGS = 52
"""How often a bracket is halved: down to the digits of a place, in cells."""

EPS = float(np.finfo(np.float64).eps)

Points = Float[np.ndarray, "place param"]
Each = Float[np.ndarray, " place"]
Yes = Bool[np.ndarray, " place"]
Spacing = Float[np.ndarray, " param"]
Curvature = Float[np.ndarray, "place param param"]
Box = tuple[Points, Points]


class Measured(NamedTuple):
    """An objective at some places; gradients and Hessians in heights a cell."""

    value: Each
    gradient: Points
    hessian: Curvature

    def at(self, which: np.ndarray) -> Measured:
        """Take some of the places."""
        return Measured(*(part[which] for part in self))


@dataclass(frozen=True, eq=False)
class Ground:
    """An objective over its domain, as the searches see it.

    Attributes
    ----------
    example, columns : the objective, as the mean of ``example(params, *columns)``
    low, high : the ends of every axis; infinite on a circle
    spacing : size of a cell
    width : places that are looked at side by side
    """

    example: mean.Example
    columns: mean.Columns
    low: Spacing
    high: Spacing
    spacing: Spacing
    width: int

    def measure(self, x: Points) -> Measured:
        """Take heights, gradients and Hessians."""
        value, gradient, hessian = self._look(_measure, x)
        return Measured(value, gradient * self.spacing, hessian * np.outer(self.spacing, self.spacing))

    def close_in(self, box: Box, x: Points, way: Points, width: Each, sign: Each) -> tuple[Points, Each, Each]:
        """Halve a bracket along ``way``, which begins ``width`` cells to either side, until heights tell nothing apart.

        Returns
        -------
        The lowest places, or with ``sign`` -1 the highest; ``sign`` times the heights there; the half-widths left.
        """
        rows = (x, way * self.spacing, width, sign, sign * self.measure(x).value, *box)
        x, height, width = self._look(_close_in, *rows)
        return x, height, width

    def around(self, centre: Points, cells: float = 1.0) -> tuple[Points, Points]:
        """Give the ends of the surroundings of places, cut off at the ends of the domain."""
        return np.maximum(self.low, centre - cells * self.spacing), np.minimum(self.high, centre + cells * self.spacing)

    def free(self, x: Points, slope: Points) -> Bool[np.ndarray, "place param"]:
        """Tell the axes along which a place is not stopped at an end of the domain, where the way down leads out."""
        return inward(x, slope, self.low, self.high)

    def _look(self, program: Callable[..., Any], *rows: np.ndarray) -> Any:
        return lanes.run(partial(program, self.example), self.columns, *rows, width=self.width, what="refining")


@compiled("example")
def _measure(example: mean.Example, columns: mean.Columns, x: Array) -> tuple[Array, Array, Array]:
    return lanes.measure(example, columns, x)


@compiled("example")
def _close_in(example, columns, x, way, width, sign, height, low, high) -> tuple[Array, Array, Array]:
    def look(x: Array) -> Array:
        """Heights; a wall is high."""
        height = mean.value(example, x, columns)
        return jnp.where(jnp.isnan(height), jnp.inf, height * jnp.tile(sign, 2))

    def halve(_: Any, state: tuple[Array, Array, Array]) -> tuple[Array, Array, Array]:
        x, f, width = state
        half = width / 2
        ends = [jnp.clip(x + turn * half * way, low, high) for turn in (-1, 1)]
        left, right = jnp.split(look(jnp.concatenate(ends, axis=1)), 2)
        resolved = jnp.maximum(jnp.abs(left - f), jnp.abs(right - f)) > 4 * EPS * jnp.abs(f)
        to_left, to_right = (left < f) & (left <= right), (right < f) & (right < left)
        there = jnp.where(to_left, ends[0], jnp.where(to_right, ends[1], x))
        lower = jnp.minimum(f, jnp.minimum(left, right))
        return jnp.where(resolved, there, x), jnp.where(resolved, lower, f), jnp.where(resolved, half, width)

    height = jnp.where(jnp.isnan(height), jnp.inf, height)
    return lax.fori_loop(0, HALVINGS, halve, (x, height, width))
