"""In what frameworks differ: the variants of each update rule, and what may be kept in 32 bits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from itertools import product
from typing import Any

import numpy as np

from thalweg.frameworks.comparison.rules import RuleSettings, Trait, Variant

Aspect = list[Trait | None]
"""What to choose from in one respect, optax's own way first; None where there is nothing to tell."""


class Short(StrEnum):
    """Something that a framework may keep in 32 bits although it computes in 64; the value describes it."""

    POWERS = "b1 and b2 of the bias correction"
    DECAY = "the weight decay"
    RATE = "the learning rate"
    PRODUCT = "the product of the momenta"
    ALL = "every setting"


def _short(value: Any) -> Any:
    return np.float64(np.float32(value)) if isinstance(value, float) else value


def _short_product(one: Any, other: Any) -> Any:
    return np.multiply(np.float32(one), np.float32(other), dtype=np.float32).astype(np.float64)


ROUNDINGS: Mapping[Short, Callable[[RuleSettings], RuleSettings]] = {
    Short.POWERS: lambda s: {f"{b}_power": _short(s[b]) for b in ("b1", "b2") if b in s},
    Short.DECAY: lambda s: {"weight_decay": _short(s.get("weight_decay", 0.0))},
    Short.RATE: lambda s: {"rates": np.float32(s["rates"]).astype(np.float64)},
    Short.PRODUCT: lambda s: {"product": _short_product},
    Short.ALL: lambda s: {name: _short(value) for name, value in s.items()},
}
"""How settings change when these are kept in 32 bits."""

COMBINED: tuple[tuple[Short, ...], ...] = (
    *((one,) for one in Short),
    (Short.POWERS, Short.DECAY),
    (Short.POWERS, Short.RATE),
    (Short.RATE, Short.DECAY),
    (Short.RATE, Short.ALL),
    (Short.RATE, Short.POWERS, Short.DECAY),
)
"""Of these, those that are tried together, the fewest first."""

EPS: Aspect = [Trait.BESIDE, Trait.UNCORRECTED, Trait.INSIDE, Trait.INSIDE_UNCORRECTED]
MOMENTS: Aspect = [Trait.BOTH, Trait.NEITHER]
RISING: Aspect = [Trait.STEADY, Trait.DOZAT, Trait.FAST]

IMPOSSIBLE = (
    {Trait.NEITHER, Trait.BESIDE},
    {Trait.NEITHER, Trait.INSIDE},
    {Trait.OF_CORRECTED, Trait.UNCORRECTED},
    {Trait.OF_CORRECTED, Trait.INSIDE_UNCORRECTED},
)
"""Traits that no rule has together: without a correction there is no corrected root."""


def variants(kind: str, settings: RuleSettings, *, scheduled: bool = False) -> list[Variant]:
    """List the variants of a rule under some settings, optax's own first; ``scheduled`` is a changing rate.

    Examples
    --------
    >>> for variant in variants("adagrad", {"initial_accumulator_value": 0.0}):
    ...     print(", ".join(variant))
    ε inside the root, the squares begin as set
    ε outside the root, the squares begin as set
    """
    chosen = product(*ASPECTS[kind](settings, scheduled))
    return [tuple(filter(None, one)) for one in chosen if not any(pair <= {*one} for pair in IMPOSSIBLE)]


def _decay(settings: RuleSettings) -> Aspect:
    ways: Aspect = [Trait.TIMES_RATE, Trait.APART, Trait.COUPLED, Trait.NO_DECAY]
    return ways if settings.get("weight_decay") else [None]


def _momentum(settings: RuleSettings, scheduled: bool) -> list[Aspect]:
    """List the aspects of a momentum; with a steady rate nobody can tell whether it is inside or outside."""
    if not settings.get("momentum"):
        return []
    places: Aspect = [Trait.RATE_OUT, Trait.RATE_IN] if scheduled else [None]
    ahead = _first(settings.get("nesterov"), Trait.AHEAD, Trait.NOT_AHEAD)
    return [ahead, [Trait.WHOLE, Trait.DAMPED], places]


def _rmsprop(settings: RuleSettings, scheduled: bool) -> list[Aspect]:
    corrected: list[Aspect] = [[Trait.CORRECTED, Trait.NEITHER]] if settings.get("bias_correction") else []
    momentum = _momentum(settings, scheduled)[::2]
    return [
        *_squares(settings, "initial_scale"),
        _first(settings.get("centered"), Trait.CENTRED, Trait.NOT_CENTRED),
        *corrected,
        # of RMSprop optax itself puts the rate inside
        *([*reversed(aspect)] if Trait.RATE_IN in aspect else aspect for aspect in momentum),
    ]


def _squares(settings: RuleSettings, name: str) -> list[Aspect]:
    begin = settings.get(name, 0.0)
    begins: Aspect = [Trait.OWN_START]
    begins += [Trait.ZERO] * (begin != 0) + [Trait.ONE] * (begin != 1 and name == "initial_scale")
    return [_first(settings.get("eps_in_sqrt", True), Trait.EPS_IN, Trait.EPS_OUT), begins]


def _first(holds: object, one: Trait, other: Trait) -> Aspect:
    return [one, other] if holds else [other, one]


ASPECTS: Mapping[str, Callable[[RuleSettings, bool], list[Aspect]]] = {
    "sgd": _momentum,
    "adam": lambda s, _: [EPS, MOMENTS],
    "adamw": lambda s, _: [EPS, MOMENTS, _decay(s)],
    "amsgrad": lambda s, _: [EPS, MOMENTS, [Trait.OF_CORRECTED, Trait.OF_PLAIN]],
    "nadam": lambda s, _: [EPS[:3], RISING],
    "nadamw": lambda s, _: [EPS[:3], RISING, _decay(s)],
    "adamax": lambda s, _: [[Trait.EPS_IN_MAX, Trait.EPS_ON_MAX]],
    "rmsprop": _rmsprop,
    "adagrad": lambda s, _: _squares(s, "initial_accumulator_value"),
    "adadelta": lambda s, _: [[Trait.EPS_IN, Trait.EPS_OUT], [one for one in _decay(s) if one != Trait.APART]],
    "lion": lambda s, _: [_decay(s)],
    "radam": lambda s, _: [[Trait.BESIDE, Trait.UNCORRECTED]],
    "rprop": lambda s, _: [[Trait.LATE, Trait.AT_ONCE]],
}
"""In what each rule is written differently, by the names of :data:`thalweg.frameworks.comparison.rules.RULES`."""
