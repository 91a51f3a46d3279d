"""Functions of JAX with the types that we rely on: of its own, strict checkers know only a part.

Each is JAX's function and nothing more. What is not known is stated here and nowhere else, so that the numerical layers
pass pyright's strict mode without a comment that silences it.
"""

# pyright: reportUnknownMemberType=false, reportUnknownVariableType=false, reportUnknownArgumentType=false
# pyright: reportUnknownLambdaType=false

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, cast

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jaxtyping import Array

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
Given = TypeVar("Given")
Carry_co = TypeVar("Carry_co", covariant=True)

arange: Callable[..., Array] = jnp.arange
asarray: Callable[..., Array] = jnp.asarray
device_put: Callable[..., Array] = jax.device_put
full_like: Callable[[Array, float], Array] = jnp.full_like
ones_like: Callable[[Array], Array] = jnp.ones_like
pad: Callable[..., Array] = jnp.pad
stack: Callable[[list[Any]], Array] = jnp.stack
zeros: Callable[..., Array] = jnp.zeros
zeros_like: Callable[[Array], Array] = jnp.zeros_like


class Sloped(Protocol[Arguments, Carry_co]):
    """A function whose derivative is to be given, by a rule."""

    def __call__(self, *arguments: Arguments.args, **named: Arguments.kwargs) -> Carry_co:
        """Compute the function."""
        ...

    def defjvp(self, jvp: Callable[..., tuple[Array, Array]]) -> object:
        """Take ``jvp(*fixed, primals, tangents)``, which gives the value and its change, as the derivative."""
        ...


def sloped(*fixed: int) -> Callable[[Callable[Arguments, Result]], Sloped[Arguments, Result]]:
    """Let a derivative be given by a rule; the numbered arguments are fixed: ``jax.custom_jvp``."""
    return partial(jax.custom_jvp, nondiff_argnums=fixed)


def jit(function: Callable[Arguments, Result]) -> Callable[Arguments, Result]:
    """Trace a function once: ``jax.jit``."""
    return jax.jit(function)


def value_and_grad(
    function: Callable[Concatenate[Array, Arguments], Array],
) -> Callable[Concatenate[Array, Arguments], tuple[Array, Array]]:
    """Make a function of value and gradient in its first argument: ``jax.value_and_grad``."""
    return jax.value_and_grad(function)


def value_and_grads(function: Callable[..., Array]) -> Callable[..., tuple[Array, list[Array]]]:
    """Make a function of value and derivatives in each of a list, its first argument: ``jax.value_and_grad``."""
    return jax.value_and_grad(function)


def jvp(function: Callable[[Array], Array], place: Array, way: Array) -> tuple[Array, Array]:
    """Compute a function and its change along a way: ``jax.jvp``."""
    return jax.jvp(function, (place,), (way,))


def eval_shape(function: Callable[..., Result], *arguments: Any) -> Result:
    """Tell shapes and types of what a function would give: ``jax.eval_shape``."""
    return jax.eval_shape(function, *arguments)


def tree_map(function: Callable[[Array], Array], tree: Any) -> Any:
    """Apply a function to every array of a pytree: ``jax.tree.map``."""
    return jax.tree.map(function, tree)


def cond(condition: Array, so: Callable[[], Result], otherwise: Callable[[], Result]) -> Result:
    """Compute one of two: ``lax.cond``."""
    return lax.cond(condition, so, otherwise)


def written(rows: Result, row: Result, index: Array) -> Result:
    """Write a pytree of arrays into a row of one whose arrays have an axis before all others."""
    return jax.tree.map(lambda whole, part: lax.dynamic_update_index_in_dim(whole, part, index, 0), rows, row)


def in_turn(function: Callable[[Given], Result], rows: Given) -> Result:
    """Call a function for each row of a pytree of arrays, one after the other: ``lax.map``."""
    return lax.map(function, rows)


def barrier(value: Array) -> Array:
    """Let nothing that the compiler knows of a value be used after it: ``lax.optimization_barrier``."""
    return lax.optimization_barrier(value)


def largest(dtype: np.dtype) -> np.floating:
    """Give the largest number of a type."""
    return jnp.finfo(dtype).max


def unit(dtype: np.dtype) -> np.floating:
    """Give the relative distance of neighbouring numbers of a type."""
    return jnp.finfo(dtype).eps


def gather(tree: Any, lanes: int) -> Any:
    """Bring the first lanes of a pytree of arrays to NumPy; lanes are their last axis."""
    return jax.tree.map(lambda values: np.asarray(values)[..., :lanes], tree)


def joined(trees: list[Any]) -> Any:
    """Join pytrees of NumPy's arrays along their last axes."""
    return jax.tree.map(lambda *parts: np.concatenate(parts, axis=-1), *trees)


def traced(values: np.ndarray) -> Array:
    """Take NumPy's numbers for the array that a compiled program sees when it is called with them."""
    return cast(Array, values)


def parts(tree: Any, end: Callable[[Any], bool]) -> list[Any]:
    """List the parts of a pytree, down to those that ``end`` it: ``jax.tree.leaves``."""
    return jax.tree.leaves(tree, is_leaf=end)


def tree_flatten(tree: Any) -> tuple[list[Any], Any]:
    """Take the arrays out of a pytree, and tell its form: ``jax.tree.flatten``."""
    return jax.tree.flatten(tree)


def tree_unflatten(form: Any, leaves: list[Any]) -> Any:
    """Make a pytree of a form: ``jax.tree.unflatten``."""
    return jax.tree.unflatten(form, leaves)


def grad(function: Callable[[Any], Array]) -> Callable[[Any], Any]:
    """Make a function of the gradient: ``jax.grad``."""
    return jax.grad(function)
