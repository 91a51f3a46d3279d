"""What rounding explains: the reference run again, rounded otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from thalweg.base.errors import InvalidValue
from thalweg.base.precision import dtype_of
from thalweg.descent.descent import Descent
from thalweg.descent.optimizer import AnyOptimizer, Optimizer, Recipe, attempt, recipe_of
from thalweg.descent.optimizers import varying
from thalweg.losses.objective import Objective
from thalweg.study.descend import descend

SHAKEN = 6
"""Runs of the reference that are rounded otherwise at every step, beside the two whose start is moved."""

SAFETY = 10
"""Factor on what these runs part by: they are few, and do not find the worst case."""

UNITS = 4
"""Units of the last place of the largest parameter that are rounding whatever these runs show."""


def bound_of(objective: Objective, descent: Descent, start: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Measure up to which difference, (step,), rounding explains it; ``reference`` is (step, param)."""
    dtype = dtype_of(descent.precision)
    eps, start = float(np.finfo(dtype).eps), start.astype(dtype)
    begun = np.concatenate([np.nextafter(start, dtype(np.inf)), np.nextafter(start, dtype(-np.inf))])
    shadows = np.concatenate([begun, np.repeat(start, SHAKEN, axis=0)])
    ran = descend(
        objective,
        _rounded(descent.optimizer, eps, len(objective.problem.domain)),
        starts=shadows,
        steps=descent.steps,
        precision=descent.precision,
    )
    with np.errstate(invalid="ignore"):
        apart = np.abs(ran["params"].values.astype(np.float64) - reference.astype(np.float64)).max(axis=(0, 2))
    # A shadow that leaves the finite numbers alone bounds nothing any more.
    apart = np.where(np.isnan(apart) & np.isfinite(reference).all(axis=1), np.inf, apart)
    size = np.maximum.accumulate(np.abs(reference.astype(np.float64)).max(axis=1))
    return SAFETY * np.maximum.accumulate(apart) + UNITS * eps * size


def _rounded(optimizer: AnyOptimizer, eps: float, parameters: int) -> Optimizer:
    """Make the optimiser of the shadows: the two whose start is moved as it is, the others shaken at every step."""
    draw, runs = np.random.default_rng(0), SHAKEN + 2
    recipe, _ = recipe_of(optimizer)
    amount = np.concatenate([np.zeros(2), np.full(SHAKEN, eps)])
    shaken = {"shake": amount, "seed": np.arange(runs, dtype=np.float64)}
    named = set(varying(optimizer))
    numbers = {
        name: float(value)
        for name, value in recipe.fixed
        if name in named and isinstance(value, int | float) and not isinstance(value, bool)
    }
    signs = draw.choice([-1.0, 1.0], (len(numbers), runs))
    moved = {name: value * (1 + amount * sign) for (name, value), sign in zip(numbers.items(), signs, strict=True)}
    rest = tuple((name, value) for name, value in recipe.fixed if name not in numbers)
    made = Optimizer(_Shaken(Recipe(recipe.maker, rest)), **shaken, **moved)
    try:
        attempt(recipe_of(made)[0], parameters)
    except InvalidValue:  # a maker that cannot take its numbers as arrays keeps them
        return Optimizer(_Shaken(recipe), **shaken)
    return made


@dataclass(frozen=True)
class _Shaken:
    """Makes an optimiser whose gradients and positions are rounded once more at every step, at random."""

    recipe: Recipe

    def __call__(self, shake: Any, seed: Any, **settings: Any) -> optax.GradientTransformationExtraArgs:
        """Make it."""
        inner = self.recipe.build(settings)

        def update(updates: Any, state: Any, params: Any = None, **more: Any) -> Any:
            step, memory = state
            key = jax.random.fold_in(jax.random.key(jnp.asarray(seed, jnp.uint32)), step)
            noise = shake * jax.random.uniform(key, (2, *updates.shape), updates.dtype, -1, 1)
            changes, memory = inner.update(updates * (1 + UNITS * noise[0]), memory, params, **more)
            return changes + noise[1] * params, (step + 1, memory)

        return optax.GradientTransformationExtraArgs(
            lambda params: (jnp.zeros((), jnp.int32), inner.init(params)), update
        )
