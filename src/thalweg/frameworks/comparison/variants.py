"""In what frameworks differ: the variants of each update rule, and what may be kept in 32 bits."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import product
from typing import Any

import numpy as np

from thalweg.frameworks.comparison.rules import (
    AHEAD,
    APART,
    AT_ONCE,
    BESIDE,
    BOTH,
    CENTRED,
    CORRECTED,
    COUPLED,
    DAMPED,
    DOZAT,
    EPS_IN,
    EPS_IN_MAX,
    EPS_ON_MAX,
    EPS_OUT,
    FAST,
    INSIDE,
    INSIDE_UNCORRECTED,
    LATE,
    NEITHER,
    NO_DECAY,
    NOT_AHEAD,
    NOT_CENTRED,
    OF_CORRECTED,
    OF_PLAIN,
    ONE,
    OWN_START,
    RATE_IN,
    RATE_OUT,
    STEADY,
    TIMES_RATE,
    UNCORRECTED,
    WHOLE,
    ZERO,
    Settings,
    Ways,
)

POWERS, DECAY, RATE = "b1 and b2 of the bias correction", "the weight decay", "the learning rate"
PRODUCT, ALL = "the product of the momenta", "every setting"


def _short(value: Any) -> Any:
    return np.float64(np.float32(value)) if isinstance(value, float) else value


def _short_product(one: Any, other: Any) -> Any:
    return np.multiply(np.float32(one), np.float32(other), dtype=np.float32).astype(np.float64)


ROUNDINGS: Mapping[str, Callable[[Settings], Settings]] = {
    POWERS: lambda s: {f"{b}_power": _short(s[b]) for b in ("b1", "b2") if b in s},
    DECAY: lambda s: {"weight_decay": _short(s.get("weight_decay", 0.0))},
    RATE: lambda s: {"rates": np.float32(s["rates"]).astype(np.float64)},
    PRODUCT: lambda s: {"product": _short_product},
    ALL: lambda s: {name: _short(value) for name, value in s.items()},
}
"""What a framework may keep in 32 bits although it computes in 64, and how that changes the settings."""

COMBINED: tuple[tuple[str, ...], ...] = (
    (POWERS,),
    (DECAY,),
    (RATE,),
    (PRODUCT,),
    (ALL,),
    (POWERS, DECAY),
    (POWERS, RATE),
    (RATE, DECAY),
    (RATE, ALL),
    (RATE, POWERS, DECAY),
)
"""Of these, those that are tried together, the fewest first."""


def variants(kind: str, settings: Settings, *, scheduled: bool = False) -> list[Ways]:
    """List the variants of a rule under some settings, optax's own ways first; ``scheduled`` is a changing rate.

    Examples
    --------
    >>> variants("adagrad", {"initial_accumulator_value": 0.0})
    [('ε inside the root', 'the squares begin as set'), ('ε outside the root', 'the squares begin as set')]
    """
    decay = [TIMES_RATE, APART, COUPLED, NO_DECAY] if settings.get("weight_decay") else [""]
    places = [BESIDE, UNCORRECTED, INSIDE, INSIDE_UNCORRECTED]
    aspects: dict[str, list[list[str]]] = {
        "sgd": _momentum(settings, scheduled),
        "adam": [places, [BOTH, NEITHER]],
        "adamw": [places, [BOTH, NEITHER], decay],
        "amsgrad": [places, [BOTH, NEITHER], [OF_CORRECTED, OF_PLAIN]],
        "nadam": [places[:3], [STEADY, DOZAT, FAST]],
        "nadamw": [places[:3], [STEADY, DOZAT, FAST], decay],
        "adamax": [[EPS_IN_MAX, EPS_ON_MAX]],
        "rmsprop": [*_squares(settings, "initial_scale"), _first(settings.get("centered"), CENTRED, NOT_CENTRED)],
        "adagrad": _squares(settings, "initial_accumulator_value"),
        "adadelta": [[EPS_IN, EPS_OUT], [way for way in decay if way != APART]],
        "lion": [decay],
        "radam": [[BESIDE, UNCORRECTED]],
        "rprop": [[LATE, AT_ONCE]],
    }
    if kind == "rmsprop":
        aspects["rmsprop"] += [[CORRECTED, NEITHER]] * bool(settings.get("bias_correction"))
        aspects["rmsprop"] += [
            [*reversed(ways)] if RATE_IN in ways else ways for ways in _momentum(settings, scheduled)[::2]
        ]
    # Without a correction there is no corrected root.
    whole = [way for way in product(*aspects[kind]) if not (NEITHER in way and (BESIDE in way or INSIDE in way))]
    corrected = [
        way for way in whole if not (OF_CORRECTED in way and (UNCORRECTED in way or INSIDE_UNCORRECTED in way))
    ]
    return [tuple(phrase for phrase in way if phrase) for way in corrected]


def _momentum(settings: Settings, scheduled: bool) -> list[list[str]]:
    """List the aspects of a momentum; with a steady rate nobody can tell whether it is inside or outside."""
    if not settings.get("momentum"):
        return []
    places = [RATE_OUT, RATE_IN] if scheduled else [""]
    return [_first(settings.get("nesterov"), AHEAD, NOT_AHEAD), [WHOLE, DAMPED], places]


def _squares(settings: Settings, name: str) -> list[list[str]]:
    begin = settings.get(name, 0.0)
    begins = [OWN_START] + [ZERO] * (begin != 0) + [ONE] * (begin != 1 and name == "initial_scale")
    return [_first(settings.get("eps_in_sqrt", True), EPS_IN, EPS_OUT), begins]


def _first(holds: Any, way: str, other: str) -> list[str]:
    return [way, other] if holds else [other, way]
