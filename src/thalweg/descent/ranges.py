"""What the settings of optax's optimisers and schedules may be, by their names.

optax computes with whatever it is given: a momentum of 1.5 makes every step longer than the one before, a decay of 1
remembers the first gradient for ever, a negative rate ascends; and the numbers look like those of a bad idea, not of a
slip. So a setting outside the range in which the method is defined is refused, with the range. What is merely unwise,
such as a rate of 100, is allowed. A maker of one's own may mean anything by these names and is not judged.

An optimiser that optax has made already, ``optax.sgd(0.05, momentum=1.5)``, is a pair of functions that hold their
settings in closures. Those that stand there under their own names are looked at too (:data:`HELD`); a rate does not: it
has become a factor, whose sign may be meant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from types import CellType, FunctionType
from typing import Any, TypedDict, cast

import numpy as np

from thalweg.base.checks import number


class Bounds(TypedDict, total=False):
    """Where a setting may lie, in the words of :func:`thalweg.base.checks.number`."""

    above: float
    at_least: float
    at_most: float
    below: float


DECAY = Bounds(at_least=0, below=1)
"""A share of a running mean that is kept: of all of it nothing new would come in."""

POSITIVE, NOT_NEGATIVE, SHARE = Bounds(above=0), Bounds(at_least=0), Bounds(at_least=0, at_most=1)

RANGES: Mapping[str, Bounds] = {
    **dict.fromkeys(("learning_rate", "max_learning_rate", "clip", "trust_coefficient", "max_step_size"), POSITIVE),
    **dict.fromkeys(("momentum", "b1", "b2", "b3", "decay", "rho"), DECAY),
    **dict.fromkeys(("eps", "eps_root", "weight_decay", "min_norm", "min_step_size", "alpha", "beta"), NOT_NEGATIVE),
    **dict.fromkeys(("initial_scale", "initial_accumulator_value"), NOT_NEGATIVE),
    "eta_minus": Bounds(above=0, below=1),
    "eta_plus": Bounds(at_least=1),
    "memory_size": Bounds(at_least=1),
    "threshold": Bounds(at_least=4),  # below it RAdam's correction is the root of a negative number
    # Of schedules; a rate that grows is a schedule too.
    **dict.fromkeys(("value", "init_value", "peak_value", "end_value"), NOT_NEGATIVE),
    **dict.fromkeys(("transition_begin", "warmup_steps", "power", "exponent"), NOT_NEGATIVE),
    **dict.fromkeys(("transition_steps", "decay_steps", "decay_rate", "div_factor", "final_div_factor"), POSITIVE),
    **dict.fromkeys(("pct_start", "pct_final"), SHARE),
}
"""The ranges; a name means the same in all of optax."""

HELD = {"decay": "momentum"} | {name: name for name in ("b1", "b2", "b3", "eps", "eps_root")}
"""What optax's functions call a setting that they hold, and what it is; ``decay`` is that of a trace or a mean."""

SUMS = "scale_by_sm3"
"""The function that remembers all squares, by a ``b2`` of 1: of SM3, which sums them."""

OURS = ("clip",)
"""Settings that are ours, whoever made the maker."""


def check(maker: Callable[..., Any], name: str, value: Any) -> None:
    """Refuse a setting outside its range, or the first such number of an array; what is no number is left to optax.

    Raises
    ------
    InvalidValue
        If a number is outside the range that its setting has in optax.
    """
    bounds = bounds_of(name) if name in OURS or _of_optax(maker) else None
    if bounds is None or value is None or callable(value):
        return
    if np.ndim(value) == 0:
        number(name, value.item() if hasattr(value, "item") else value, **bounds)
        return
    values = np.asarray(value, np.float64)
    low, high = bounds.get("at_least", -np.inf), bounds.get("at_most", np.inf)
    beyond = (values <= bounds.get("above", -np.inf)) | (values >= bounds.get("below", np.inf))
    wrong = np.flatnonzero(beyond | (values < low) | (values > high))
    if wrong.size:
        number(f"{name}[{wrong[0]}]", float(values[wrong[0]]), **bounds)


def check_made(optimizer: Any) -> None:
    """Refuse what optax has made with a setting outside its range, as far as it can be seen.

    Raises
    ------
    InvalidValue
        If it can be seen that a setting is outside.
    """
    for name, value in _held(optimizer, set()):
        number(f"{name} of the optimizer", value, **RANGES[HELD[name]])


def bounds_of(name: str) -> Bounds | None:
    """Tell the range of a setting; None where any number will do."""
    return RANGES.get(name)


def _held(thing: Any, seen: set[int]) -> Iterator[tuple[str, Any]]:
    """Go through the functions of an optimiser, and those that they hold, and give the settings in their closures."""
    if id(thing) in seen:
        return
    seen.add(id(thing))
    if isinstance(thing, tuple | list):
        for part in cast(Sequence[Any], thing):
            yield from _held(part, seen)
    elif isinstance(thing, FunctionType) and _of_optax(thing):
        for name, cell in zip(thing.__code__.co_freevars, thing.__closure__ or (), strict=True):
            value = _content(cell)
            meant = name == "b2" and SUMS in thing.__qualname__
            if name in HELD and not meant and isinstance(value, int | float) and not isinstance(value, bool):
                yield name, value
            yield from _held(value, seen)


def _content(cell: CellType) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # it is empty yet
        return None


def _of_optax(maker: Callable[..., Any]) -> bool:
    """Tell whether a maker is optax's own, or one of those with some settings given."""
    while isinstance(maker, partial):
        maker = maker.func
    return (getattr(maker, "__module__", None) or "").partition(".")[0] == "optax"
