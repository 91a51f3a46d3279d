"""An optimiser as it is handed to the driver: how it is made, so that its numbers may differ from run to run.

optax makes an optimiser by closing over its settings: ``optax.sgd(0.1)`` is a pair of functions that nobody can
compare or look into, so each is a new program for the compiler, with one learning rate compiled in for all runs. Here
an optimiser is its *maker* and its settings. The maker with the fixed settings, a :class:`Recipe`, is what is compiled:
equal recipes share a program. Settings that are arrays enter as data, a value a lane, and the maker is called inside
the program, under ``vmap``, where it closes over traced values.

A setting given as one number is compiled in as it is, although it could enter as an array too. optax computes with
Python's 64-bit numbers, such as ``1 - b2``, before they meet 32-bit arrays, so in 32 bits the two differ in the last
place; a published run of one setting must keep the bits that it has in plain optax.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache, partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Float

from thalweg.base import hints
from thalweg.base.arrays import numbers
from thalweg.base.border import from_, public
from thalweg.base.checks import number
from thalweg.base.errors import InvalidValue, UnknownName
from thalweg.descent.carried import settled
from thalweg.descent.ranges import check, check_made
from thalweg.descent.scaling import scaled
from thalweg.descent.universal import plain, universal

CLIP = "clip"
"""The setting that bounds the gradient's norm; it is ours, not the maker's."""

SCALES = "scales"
"""The setting that gives the parameters units of their own; ours too."""


@from_("a thalweg.Optimizer, such as Optimizer(optax.sgd, learning_rate=0.05)")
class Optimizer:
    """An optax optimiser by its maker and settings; a setting may be an array, one value a run.

    All runs share one compiled program, and so do all optimisers of one maker that differ only in settings given as
    arrays. An array is rounded to the precision of the runs before it is used; a single number enters optax as it is.

    Parameters
    ----------
    maker : what makes a ``GradientTransformation``, such as ``optax.sgd`` or a function of your own
    settings : its keywords, each a value as the maker takes it or an array (run,) of numbers. ``clip`` is a bound on
        the norm of the gradient, applied before anything else; ``scales``, (param,), are units of the parameters in
        which all else is meant, such as ``problem.domain.lengths``, so that unlike ones are alike to it. Those of
        optax's own makers lie in the ranges of ``descent/ranges.py``, such as a momentum from 0 to below 1

    Examples
    --------
    >>> import numpy as np, optax, thalweg as tw
    >>> objective = tw.objective(tw.problems.pencil(), tw.losses.fourth_root())
    >>> optimizer = tw.Optimizer(optax.sgd, learning_rate=np.array([0.01, 0.05]), momentum=0.5)
    >>> runs = tw.descend(objective, optimizer, starts=[0.785, 0.785], steps=3)
    >>> bool(runs["params"][0, 3, 0] == runs["params"][1, 3, 0])
    False
    """

    def __init__(self, maker: Callable[..., optax.GradientTransformation], **settings: Any):
        _check_names(maker, settings)
        self.maker = maker
        self.settings: Mapping[str, Any] = settings

    @public
    def replace(self, **settings: Any) -> Optimizer:
        """Make the same optimiser with other settings.

        Parameters
        ----------
        settings : those that change, or are added

        Returns
        -------
        Optimizer
            A new one; this one stays as it is.
        """
        return Optimizer(self.maker, **{**self.settings, **settings})

    def __repr__(self) -> str:
        return _told(self.maker, self.settings)


AnyOptimizer = optax.GradientTransformation | optax.MultiSteps | Optimizer
"""What the verbs take: an optimiser of optax's, or how to make one."""


class Given(NamedTuple):
    """What one update of one run is made of."""

    params: Any
    state: Any
    loss: Any
    gradient: Any


@dataclass(frozen=True)
class Recipe:
    """What of an optimiser is compiled: its maker, its fixed settings, and the names of those that vary.

    Equal recipes share a compiled program.
    """

    maker: Callable[..., optax.GradientTransformation]
    fixed: tuple[tuple[str, Any], ...] = ()
    varying: tuple[str, ...] = ()

    def build(self, values: Mapping[str, Any]) -> optax.GradientTransformationExtraArgs:
        """Make the optimiser of one run from its values of the varying settings."""
        settings = {**dict(self.fixed), **values}
        clip, scales = settings.pop(CLIP, None), settings.pop(SCALES, None)
        optimizer = universal(self.maker(**settings))
        if clip is not None:
            optimizer = optax.chain(optax.clip_by_global_norm(clip), optimizer)
        return optimizer if scales is None else scaled(optimizer, scales)

    def update(self, values: Mapping[str, Any], given: Given, value: Callable[..., Any], full: bool) -> tuple[Any, Any]:
        """Move one run's parameters by an update, of all data or not; gives them and the state after it.

        Parameters
        ----------
        values : of the varying settings
        given : what the update is made of
        value : the loss of all data as a function of parameters
        full : whether gradient and loss are those of all data
        """
        told = {"value": given.loss, "grad": given.gradient, "value_fn": value, "batch": not full}
        changes, state = self.build(values).update(given.gradient, given.state, given.params, **told)
        if (shape := np.shape(changes)) != given.params.shape:  # as where gradients of single examples are asked for
            shapes = f"shape {shape} of parameters of shape {given.params.shape}"
            raise ValueError(f"its update makes an array of {shapes}")
        return optax.apply_updates(given.params, changes), state


@dataclass(frozen=True)
class Schedule:
    """A learning rate that changes from step to step; equal ones share a compiled program."""

    maker: Callable[..., optax.Schedule]
    settings: tuple[tuple[str, Any], ...] = field(default=())

    def __call__(self, step: Any) -> Any:
        """Give the value at a step."""
        return self.maker(**dict(self.settings))(step)

    def __repr__(self) -> str:
        return _told(self.maker, dict(self.settings))


def recipe_of(optimizer: AnyOptimizer) -> tuple[Recipe, dict[str, Float[np.ndarray, " run"]]]:
    """Part an optimiser into what is compiled and its settings that vary from run to run.

    Raises
    ------
    InvalidValue
        If a varying setting is no list of finite numbers, or one of optax's is outside its range.
    """
    if not isinstance(optimizer, Optimizer):
        made = plain(optimizer)
        check_made(made)
        return Recipe(_given, (("optimizer", made),)), {}
    fixed: dict[str, Any] = {}
    varying: dict[str, Float[np.ndarray, " run"]] = {}
    for name, value in optimizer.settings.items():
        if name == SCALES:
            fixed[name] = _units(value)
        elif _single(value):
            fixed[name] = fitting(name, value.item() if hasattr(value, "item") else value)
        else:
            varying[name] = _numbers(name, value)
        check(optimizer.maker, name, varying.get(name, value))
    return Recipe(optimizer.maker, tuple(fixed.items()), tuple(varying)), varying


def attempt(recipe: Recipe, parameters: int) -> Any:
    """Trace one update, so that what optax cannot use is refused now and in one line; returns the state's shape."""
    try:
        return _traced(recipe, parameters, True)
    except jax.errors.ConcretizationTypeError:
        names = " and ".join(recipe.varying)
        raise InvalidValue(f"{names} cannot differ from run to run; give one value for all of them") from None
    except (TypeError, ValueError, ArithmeticError) as error:
        reason = str(error).splitlines()[0]
        raise InvalidValue(f"the optimizer is refused by optax: {reason}; mend its values") from None


@lru_cache(maxsize=256)
def _traced(recipe: Recipe, parameters: int, full: bool) -> Any:
    def update(point: Any, values: dict[str, Any]) -> Any:
        def once(state: Any) -> Any:
            return recipe.update(values, Given(point, state, point[0], point), jnp.sum, full)[1]

        return settled(once, recipe.build(values).init(point), point.dtype)

    one = jax.ShapeDtypeStruct((), jnp.float32)
    values = dict.fromkeys(recipe.varying, one)
    return hints.eval_shape(update, jax.ShapeDtypeStruct((parameters,), jnp.float32), values)


def takes_batches(recipe: Recipe, parameters: int) -> bool:
    """Tell whether an optimiser does without the loss at points of its own, which is not given of mini-batches."""
    try:
        _traced(recipe, parameters, False)
    except (TypeError, ValueError):
        return False
    return True


def holds(state: Any, *kinds: type) -> bool:
    """Tell whether an optimiser's state has a part of one of the kinds."""
    return any(isinstance(part, kinds) for part in hints.parts(state, lambda part: isinstance(part, kinds)))


def searches(state: Any) -> bool:
    """Tell whether an optimiser searches along lines by optax's zoom."""
    return holds(state, optax.ScaleByZoomLinesearchState)


def called(name: str, settings: Mapping[str, Any]) -> str:
    """Write what is made by a name and settings as it is called in Python; a setting that varies by its ends."""
    parts = {key: "lengths" if key == SCALES else _shown(value) for key, value in settings.items()}
    written = ", ".join(f"{key}={text}" for key, text in parts.items())
    return f"{name}({written})" if written else name


def _told(maker: Callable[..., Any], settings: Mapping[str, Any]) -> str:
    """Write what is made by its maker's name; nadam is adam with a setting of its own."""
    if isinstance(maker, partial):
        return _told(maker.func, {**settings, **maker.keywords})
    return called(getattr(maker, "__name__", "optimizer"), settings)


def _given(optimizer: optax.GradientTransformation) -> optax.GradientTransformation:
    return optimizer


def fitting(name: str, value: Any) -> Any:
    """Make a whole number beyond 32 bits a floating one: JAX would take it for an integer, which it does not fit."""
    if not isinstance(value, int) or abs(value) < 2**31:
        return value
    return number(name, value)


def _check_names(maker: Callable[..., Any], settings: Iterable[str]) -> None:
    """Refuse a setting that the maker does not take, naming the nearest that it does."""
    try:
        known = inspect.signature(maker).parameters
    except (TypeError, ValueError):  # a maker that does not say what it takes
        return
    if any(part.kind is inspect.Parameter.VAR_KEYWORD for part in known.values()):
        return
    for name in settings:
        if name not in known and name not in (CLIP, SCALES):
            raise UnknownName.of(f"setting of {getattr(maker, '__name__', 'the maker')}", name, [*known, CLIP, SCALES])


def _single(value: Any) -> bool:
    try:
        return np.ndim(value) == 0
    except ValueError:  # rows of unequal length
        return False


def _units(value: Any) -> tuple[float, ...]:
    units = _numbers(SCALES, value)
    if not (units > 0).all():
        raise InvalidValue(f"{SCALES} = {value} are not all above 0; give how large a unit of each parameter is")
    return tuple(units.tolist())


def _numbers(name: str, value: Any) -> Float[np.ndarray, " run"]:
    values = numbers(name, value, "give one number, or a list of them").astype(np.float64)
    if values.ndim != 1 or not np.isfinite(values).all():
        wrong = "" if values.ndim != 1 else " and is not finite everywhere"
        raise InvalidValue(f"{name} has the shape {values.shape}{wrong}; give one finite number, or one a run")
    return values


def _shown(value: Any) -> str:
    if isinstance(value, Schedule):
        return repr(value)
    if callable(value):  # a schedule of the user's own
        return getattr(value, "__name__", "schedule").strip("<>")
    if np.ndim(value) == 0:
        return f"{value:g}" if isinstance(value, int | float) and not isinstance(value, bool) else repr(value)
    numbers = np.asarray(value)
    return f"{numbers.min():g}…{numbers.max():g}"
