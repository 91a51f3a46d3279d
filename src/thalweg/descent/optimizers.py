"""Optimisers by name: optax's own, with a schedule or a clipped gradient where asked for."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import optax

from thalweg.base.catalogue import Catalogue
from thalweg.base.checks import number
from thalweg.base.errors import InvalidValue
from thalweg.base.rules import is_table
from thalweg.base.settings import Table, check_keys, kind_of
from thalweg.base.showing import shown
from thalweg.descent.optimizer import CLIP, AnyOptimizer, Optimizer, Schedule, attempt, fitting, recipe_of, searches
from thalweg.descent.ranges import bounds_of


def _of_optax(what: str, names: str) -> Catalogue:
    return Catalogue(what, **{name: getattr(optax, name) for name in names.split()})


CATALOGUE = _of_optax(
    "optimizer",
    """sgd adam adamw rmsprop adagrad adadelta lion lbfgs nadam nadamw radam amsgrad adamax adamaxw adabelief adan yogi
    novograd lamb lars fromage sm3 rprop sign_sgd optimistic_gradient_descent""",
)

SCHEDULES = _of_optax(
    "schedule",
    """constant_schedule exponential_decay cosine_decay_schedule linear_schedule polynomial_schedule
    warmup_constant_schedule warmup_cosine_decay_schedule warmup_exponential_decay_schedule cosine_onecycle_schedule
    linear_onecycle_schedule""",
)

OPTIONAL_NUMBERS = {"learning_rate", "momentum", "end_value"}
"""Parameters that optax leaves out by default and that are numbers where given."""


def from_settings(settings: Any, parameters: int) -> tuple[Optimizer, Table]:
    """Make an optimiser of ``kind`` and optax's own keywords, with ``clip``, a bound on the gradient's norm.

    A learning rate is a number or a table with the ``kind`` and the keywords of an optax schedule. Returns the
    optimiser and its settings with all defaults filled in.
    """
    maker, arguments, resolved = _read(CATALOGUE, settings, "optimizer", (CLIP,))
    if CLIP in settings:
        arguments[CLIP] = resolved[CLIP] = number("optimizer.clip", settings[CLIP], **(bounds_of(CLIP) or {}))
    optimizer = Optimizer(maker, **arguments)
    attempt(recipe_of(optimizer)[0], parameters)
    return optimizer, resolved


def finds_rate(optimizer: AnyOptimizer, parameters: int = 1) -> bool:
    """Tell whether an optimiser finds its learning rate itself, by optax's line search, as L-BFGS does.

    What it carries from step to step tells, so a search that it is chained with counts too.
    """
    if isinstance(optimizer, Optimizer) and "learning_rate" in inspect.signature(optimizer.maker).parameters:
        # Any rate, for a maker that cannot do without one.
        optimizer = optimizer.replace(**{"learning_rate": 1.0, **optimizer.settings})
    return searches(attempt(recipe_of(optimizer)[0], parameters))


def varying(optimizer: AnyOptimizer) -> tuple[str, ...]:
    """Name the settings of an optimiser that may differ from run to run: all that are numbers."""
    if not isinstance(optimizer, Optimizer):
        return ()
    names = [name for name, default in keywords(optimizer.maker).items() if not isinstance(default, bool)]
    return (*names, CLIP)


def _read(
    catalogue: Catalogue, settings: Any, where: str, more: tuple[str, ...] = ()
) -> tuple[Callable[..., Any], Table, Table]:
    """Check a table; returns the maker of its kind, the maker's arguments, and the table with all defaults."""
    kind, settings = kind_of(catalogue, settings, where)
    maker = catalogue[kind]
    allowed = keywords(maker)
    check_keys(settings, ["kind", *more, *allowed], where)
    arguments: Table = {}
    resolved: Table = {"kind": kind}
    for name, default in allowed.items():
        if name in settings:
            arguments[name], resolved[name] = _value(settings[name], default, f"{where}.{name}")
        elif default is inspect.Parameter.empty or (name == "learning_rate" and not finds_rate(Optimizer(maker))):
            # Without a rate adadelta would ascend; only a line search finds its own.
            raise InvalidValue(f"[{where}] has no {name}; give it a number")
        elif default is not None:
            resolved[name] = default
    return maker, arguments, resolved


def keywords(maker: Callable[..., Any]) -> dict[str, Any]:
    """Keep the parameters that a settings table can give: numbers, and true or false."""
    parameters = inspect.signature(maker).parameters
    return {
        name: parameter.default
        for name, parameter in parameters.items()
        if not name.endswith("mask")
        and (
            name in OPTIONAL_NUMBERS
            or parameter.default is inspect.Parameter.empty
            or isinstance(parameter.default, bool | int | float)
        )
    }


def _value(value: Any, default: Any, where: str) -> tuple[Any, Any]:
    if is_table(value):
        maker, arguments, resolved = _read(SCHEDULES, value, where)
        try:
            maker(**arguments)
        except (TypeError, ValueError, ArithmeticError) as error:
            raise InvalidValue(f"[{where}] is refused by optax: {error}; mend its values") from None
        return Schedule(maker, tuple(arguments.items())), resolved
    if isinstance(default, bool):
        if not isinstance(value, bool):
            raise InvalidValue(f"{where} = {shown(value)} is not allowed; give true or false")
        return value, value
    number(where, value, **(bounds_of(where.rpartition(".")[2]) or {}))
    return fitting(where, value), value
