"""Optimisers by name: optax's own, with a schedule or a clipped gradient where asked for."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any, TypeGuard

import optax

from thalweg.base.catalogue import Catalogue
from thalweg.base.checks import number
from thalweg.base.errors import InvalidValue
from thalweg.base.settings import Table, check_keys, table
from thalweg.base.showing import shown
from thalweg.descent.optimizer import CLIP, AnyOptimizer, Optimizer, Schedule, attempt, fitting, recipe_of, searches

CATALOGUE = Catalogue(
    "optimizer",
    sgd=optax.sgd,
    adam=optax.adam,
    adamw=optax.adamw,
    rmsprop=optax.rmsprop,
    adagrad=optax.adagrad,
    adadelta=optax.adadelta,
    lion=optax.lion,
    lbfgs=optax.lbfgs,
    nadam=optax.nadam,
    nadamw=optax.nadamw,
    radam=optax.radam,
    amsgrad=optax.amsgrad,
    adamax=optax.adamax,
    adamaxw=optax.adamaxw,
    adabelief=optax.adabelief,
    adan=optax.adan,
    yogi=optax.yogi,
    novograd=optax.novograd,
    lamb=optax.lamb,
    lars=optax.lars,
    fromage=optax.fromage,
    sm3=optax.sm3,
    rprop=optax.rprop,
    sign_sgd=optax.sign_sgd,
    optimistic_gradient_descent=optax.optimistic_gradient_descent,
)

SCHEDULES = Catalogue(
    "schedule",
    constant_schedule=optax.constant_schedule,
    exponential_decay=optax.exponential_decay,
    cosine_decay_schedule=optax.cosine_decay_schedule,
    linear_schedule=optax.linear_schedule,
    polynomial_schedule=optax.polynomial_schedule,
    warmup_constant_schedule=optax.warmup_constant_schedule,
    warmup_cosine_decay_schedule=optax.warmup_cosine_decay_schedule,
    warmup_exponential_decay_schedule=optax.warmup_exponential_decay_schedule,
    cosine_onecycle_schedule=optax.cosine_onecycle_schedule,
    linear_onecycle_schedule=optax.linear_onecycle_schedule,
)

OPTIONAL_NUMBERS = {"learning_rate", "momentum", "end_value"}
"""Parameters that optax leaves out by default and that are numbers where given."""


def from_settings(settings: Any, parameters: int) -> tuple[Optimizer, Table]:
    """Make an optimiser of ``kind`` and optax's own keywords, with ``clip``, a bound on the gradient's norm.

    A learning rate is a number or a table with the ``kind`` and the keywords of an optax schedule. Returns the
    optimiser and its settings with all defaults filled in.
    """
    settings = table(settings, "optimizer")
    if "kind" not in settings:
        raise InvalidValue('[optimizer] has no kind; give one, such as kind = "sgd"')
    maker, arguments, resolved = _read(CATALOGUE, settings, "optimizer", (CLIP,))
    if CLIP in settings:
        arguments[CLIP] = resolved[CLIP] = number("optimizer.clip", settings[CLIP], above=0)
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
    names = [name for name, default in _keywords(optimizer.maker).items() if not isinstance(default, bool)]
    return (*names, CLIP)


def _read(
    catalogue: Catalogue, settings: Table, where: str, more: tuple[str, ...] = ()
) -> tuple[Callable[..., Any], Table, Table]:
    """Check a table; returns the maker of its kind, the maker's arguments, and the table with all defaults."""
    kind = settings.get("kind")
    if not isinstance(kind, str):
        raise InvalidValue(f"kind of [{where}] = {shown(kind)} is not a name; give one of {', '.join(catalogue)}")
    maker = catalogue[kind]
    allowed = _keywords(maker)
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


def _keywords(maker: Callable[..., Any]) -> dict[str, Any]:
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
    if _is_table(value):
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
    number(where, value, above=0 if where == "optimizer.learning_rate" else None)
    return fitting(where, value), value


def _is_table(value: object) -> TypeGuard[Table]:
    return isinstance(value, dict)
