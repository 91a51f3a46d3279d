"""The loss of one part of the data in JAX: its value, its derivatives, and its values on a slice.

All that is compiled belongs to :class:`Programs`, one for a network: data are arguments, so parts of one shape share
their programs, and coordinates come padded to ``CHUNK`` rows, so that any number of points is one program.

**One point after the other.** The points of a chunk go through a loop inside the compiled program (``fori_loop`` with
their count as an argument), not through ``jax.vmap``. ``vmap`` would turn matrix products into larger ones, which sum
in another order when the number of points changes: the loss of a point would depend on its neighbours in the last
bits, and a picture on how it was cut into chunks. For networks whose products fill the cores by themselves it also
gains nothing. Several chunks run in several threads (``threads = True``), each of them single; nothing is shared
between them.

**Losses that diverge.** The loss is compiled as ``tracing.written_out`` gives it: on processors XLA may take the
larger of NaN and 0 to be 0 when it joins loops, so that a diverged network with rectifiers would seem to have a finite
loss. The gradient is rewritten after differentiation for the same reason.

**Curvature.** A product with the Hessian is the gradient, linearised once at the point and then applied to any number
of vectors (Pearlmutter 1994): Lanczos' method asks for some dozens at one point. The Hessian itself is never made.

**What would break it.** A loss whose shapes depend on values, or one with effects, cannot be traced. Data of many
different shapes compile as many programs. On a device of another kind than a processor the loop is still right, but
slow: there ``vmap`` over points would be the better choice, at the price of the last bits.

References
----------
B. A. Pearlmutter, "Fast exact multiplication by the Hessian", 1994, doi:10.1162/neco.1994.6.1.147.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Float

from thalweg.base.compiling import CPU
from thalweg.base.jaxprs import ClosedJaxpr, run
from thalweg.base.precision import computing
from thalweg.frameworks.jax import affine
from thalweg.frameworks.jax.tracing import written_out
from thalweg.geometry.chunks import CHUNK, Values
from thalweg.geometry.network import Flat
from thalweg.geometry.plane import Plane

Shapes = tuple[jax.ShapeDtypeStruct, ...]
"""Of the arrays of a part of the data."""


class Programs:
    """Everything that is compiled for a network; its parts share it, and data are arguments.

    Parameters
    ----------
    loss : ``loss(leaves, data) -> scalar`` of lists of arrays
    shapes : of the leaves
    dtype : of the leaves
    device : where all is computed
    """

    def __init__(self, loss: Callable[..., Any], shapes: Sequence[tuple[int, ...]], dtype: np.dtype, device: Any):
        self.loss, self.shapes, self.dtype, self.device = loss, shapes, dtype, device
        options = CPU if device.platform == "cpu" else None
        self.written = cache(self._written)
        self.split = cache(lambda data: affine.split(self.written(data), len(shapes)))
        self.value = jax.jit(self._value, compiler_options=options)
        self.value_and_gradient = jax.jit(self._value_and_gradient)
        self.slope = jax.jit(jax.grad(self._raw))
        self.make = jax.jit(self._make)
        self.quick = jax.jit(self._quick, compiler_options=options)
        self.plain = jax.jit(self._plain, compiler_options=options)

    def leaves(self, point: Any) -> list[Any]:
        """Cut a flat vector into leaves."""
        ends = np.cumsum([0, *(int(np.prod(shape, dtype=np.int64)) for shape in self.shapes)])
        return [point[a:b].reshape(shape) for a, b, shape in zip(ends, ends[1:], self.shapes, strict=False)]

    def _written(self, data: Shapes) -> ClosedJaxpr:
        """Give the loss as a program of leaves and data."""
        count = len(self.shapes)
        leaves = [jax.ShapeDtypeStruct(shape, self.dtype) for shape in self.shapes]
        return written_out(lambda *inputs: self.loss(list(inputs[:count]), list(inputs[count:])), *leaves, *data)

    def _raw(self, point: Any, data: Sequence[Any]) -> Any:
        return self.loss(self.leaves(point), data)

    def _value(self, point: Any, data: Sequence[Any]) -> Any:
        return run(self.written(shapes_of(data)), [*self.leaves(point), *data])[0]

    def _value_and_gradient(self, point: Any, data: Sequence[Any]) -> Any:
        function = jax.value_and_grad(lambda point, *data: self._raw(point, data))
        return run(written_out(function, point, *data), [point, *data])

    def _make(self, origin: Any, directions: Any, data: Sequence[Any]) -> Any:
        """Make what is needed at every point of a plane."""
        places = [self.leaves(origin), *map(self.leaves, directions)]
        return affine.make(self.split(shapes_of(data)), places, data)

    def _quick(self, coordinates: Any, count: Any, components: Any, values: Any, data: Sequence[Any]) -> Any:
        """Compute what remains of the loss, for some points one after the other."""
        parts = self.split(shapes_of(data))
        return _one_by_one(lambda at: affine.finish(parts, at, components, values), coordinates, count)

    def _plain(self, coordinates: Any, count: Any, origin: Any, directions: Any, data: Sequence[Any]) -> Any:
        """Compute the whole loss, for some points one after the other."""

        def at(place: Any) -> Any:
            return self._value(affine.combined(place, origin, list(directions)), data)

        return _one_by_one(at, coordinates, count)


class PytreeEvaluator:
    """The loss of one part of the data; see :class:`thalweg.geometry.network.Evaluator`.

    Parameters
    ----------
    programs : of the network
    data : the part's arrays, on the programs' device
    """

    threads = True

    def __init__(self, programs: Programs, data: Sequence[Any]):
        self.programs, self.data = programs, list(data)
        self._precision = programs.dtype.itemsize * 8

    @property
    def parts(self) -> affine.Staged:
        """The loss in two: what is made once a plane, and what remains at a point."""
        with computing(self._precision):
            return self.programs.split(shapes_of(self.data))

    @property
    def program(self) -> ClosedJaxpr:
        """The loss as a program of leaves and data."""
        with computing(self._precision):
            return self.programs.written(shapes_of(self.data))

    def value(self, point: Flat) -> float:
        """Compute the loss at a point."""
        with computing(self._precision):
            return float(self.programs.value(self._there(point), self.data))

    def gradient(self, point: Flat) -> tuple[float, Flat]:
        """Compute the loss and its gradient."""
        with computing(self._precision):
            loss, gradient = self.programs.value_and_gradient(self._there(point), self.data)
            return float(loss), np.array(gradient)

    def hessian_product(self, point: Flat) -> Callable[[Flat], Flat]:
        """Make the function that multiplies a vector by the Hessian at a point; the gradient is linearised once."""
        with computing(self._precision):
            slope = self.programs.slope
            _, linear = jax.linearize(lambda place: slope(place, self.data), self._there(point))

        def product(vector: Flat) -> Flat:
            with computing(self._precision):
                return np.array(linear(self._there(vector)))

        return product

    def on(self, plane: Plane, *, plain: bool = False) -> Values:
        """Prepare a plane.

        Plainly too where what is made once would be too large, or is not finite: ``inf - inf`` would be NaN.
        """
        programs, data = self.programs, self.data
        with computing(self._precision):
            origin, directions = self._there(plane.origin), self._there(plane.directions)
            if not plain and self.parts.size(len(plane.directions)) <= affine.MOST:
                components, values, finite = programs.make(origin, directions, data)
                if finite:
                    return self._values(programs.quick, len(plane.directions), components, values)
            return self._values(programs.plain, len(plane.directions), origin, directions)

    def _values(self, program: Callable[..., Any], axes: int, *made: Any) -> Values:
        def values(coordinates: Float[np.ndarray, "point axis"]) -> Float[np.ndarray, " point"]:
            losses = np.empty(len(coordinates))
            with computing(self._precision):
                for first in range(0, len(coordinates), CHUNK):
                    some = coordinates[first : first + CHUNK]
                    padded = np.zeros((CHUNK, axes), self.programs.dtype)
                    padded[: len(some)] = some
                    computed = program(self._there(padded), len(some), *made, self.data)
                    losses[first : first + CHUNK] = np.asarray(computed)[: len(some)]
            return losses

        return values

    def _there(self, values: np.ndarray) -> Any:
        return jax.device_put(values, self.programs.device)


def _one_by_one(function: Callable[[Any], Any], coordinates: Any, count: Any) -> Any:
    """Evaluate at the first ``count`` points in turn, so that none depends on its neighbours or their number."""
    dtype = jax.eval_shape(function, coordinates[0]).dtype
    losses = jnp.full(len(coordinates), jnp.nan, dtype)
    return lax.fori_loop(0, count, lambda point, losses: losses.at[point].set(function(coordinates[point])), losses)


def shapes_of(data: Sequence[Any]) -> Shapes:
    """Tell all that a program knows of data."""
    return tuple(jax.ShapeDtypeStruct(array.shape, array.dtype) for array in data)
