"""An optimiser with its settings, and what it is called in another framework.

All settings that both sides have are carried over, optax's defaults filled in. Where a library puts ε is its own
affair, and not carried over: that is for a comparison to find.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from thalweg.base.errors import InvalidValue
from thalweg.base.precision import computing, dtype_of
from thalweg.descent.optimizer import CLIP, SCALES, AnyOptimizer, Optimizer
from thalweg.descent.optimizers import CATALOGUE

PLACES = ("eps_in_sqrt",)
"""Settings that only say where optax puts ε."""


class NoCounterpart(InvalidValue):
    """An optimiser or a setting that another framework does not have."""


class Chosen(NamedTuple):
    """An optimiser of ours with all its settings.

    Attributes
    ----------
    name : in our catalogue
    settings : all but the learning rate, defaults filled in
    rates : the learning rate of each step
    scheduled : whether it changes
    clip : the largest norm of a gradient, or None
    """

    name: str
    settings: Mapping[str, Any]
    rates: Float[np.ndarray, " step"]
    scheduled: bool
    clip: float | None


@dataclass(frozen=True)
class Counterpart:
    """What one of our optimisers is elsewhere.

    Attributes
    ----------
    maker : the name of its class
    names : what each setting of theirs is of ours: one, or several in order
    fixed : settings of theirs that make it ours
    only : settings of ours that have no name there, and the only value that suits; otherwise that is none, false or 0
    """

    maker: str
    names: Mapping[str, str | tuple[str, ...]] = field(default_factory=dict)
    fixed: Mapping[str, Any] = field(default_factory=dict)
    only: Mapping[str, Any] = field(default_factory=dict)


def of_run(optimizer: AnyOptimizer, run: int) -> AnyOptimizer:
    """Make the optimiser of one run, where settings differ from run to run."""
    if not isinstance(optimizer, Optimizer):
        return optimizer
    settings = {name: np.asarray(v)[run].item() for name, v in optimizer.settings.items() if np.ndim(v)}
    return optimizer.replace(**settings)


def name_of(optimizer: AnyOptimizer) -> str | None:
    """Find an optimiser's name in the catalogue; None where it has none."""
    maker = optimizer.maker if isinstance(optimizer, Optimizer) else None
    return next((name for name, known in CATALOGUE.items() if known is maker), None)


def read(optimizer: AnyOptimizer, steps: int, precision: int) -> Chosen:
    """Read an optimiser of one run: its name, its settings and its learning rates at steps 0 to ``steps``.

    Raises
    ------
    NoCounterpart
        If it is not one of the catalogue, or its learning rate is not known.
    """
    if not isinstance(optimizer, Optimizer):
        raise NoCounterpart(
            "an optimiser given as an object does not tell its settings; give thalweg.Optimizer(optax.sgd, "
            "learning_rate=0.05) or the like"
        )
    name = name_of(optimizer)
    if name is None:
        raise NoCounterpart(f"{optimizer} is known to optax only; give one of {', '.join(CATALOGUE)}")
    defaults = {key: p.default for key, p in inspect.signature(optimizer.maker).parameters.items()}
    settings = {**defaults, **optimizer.settings}
    if settings.pop(SCALES, None) is not None:
        raise NoCounterpart(f"{name} in units of its own (scaled) has no counterpart elsewhere; leave the units out")
    clip, rate = settings.pop(CLIP, None), settings.pop("learning_rate")
    if rate is None:
        raise NoCounterpart(f"{name} without a learning rate has no counterpart elsewhere; give it a learning_rate")
    return Chosen(name, settings, _rates(rate, steps, precision), callable(rate), clip)


def translate(chosen: Chosen, table: Mapping[str, Counterpart], title: str) -> tuple[str, dict[str, Any]]:
    """Find the class of a framework that is the optimiser, and its settings but for the learning rate.

    Raises
    ------
    NoCounterpart
        If there is none, or a setting cannot be said there.
    """
    if chosen.name not in table:
        raise NoCounterpart(
            f"{title} has no counterpart of {chosen.name}; leave this framework out, or take one of {', '.join(table)}"
        )
    counterpart = table[chosen.name]
    values = {name: 0.0 if value is None else value for name, value in chosen.settings.items()}
    taken = {name for ours in counterpart.names.values() for name in ((ours,) if isinstance(ours, str) else ours)}
    for name in values.keys() - taken:
        value = values[name]
        suits = counterpart.only.get(name, value if name in PLACES else 0)
        if value != suits:
            raise NoCounterpart(
                f"{counterpart.maker} of {title} has no setting for {name} = {value!r}; give {name} = {suits!r}, or "
                "leave this framework out"
            )
    given = {
        theirs: values[ours] if isinstance(ours, str) else tuple(values[name] for name in ours)
        for theirs, ours in counterpart.names.items()
    }
    return counterpart.maker, {**given, **counterpart.fixed}


def _rates(rate: Any, steps: int, precision: int) -> Float[np.ndarray, " step"]:
    dtype = dtype_of(precision)
    if not callable(rate):
        return np.full(steps + 1, rate, dtype=np.float64)
    with computing(precision):
        return np.asarray(jax.vmap(rate)(jnp.arange(steps + 1)), dtype=dtype).astype(np.float64)
