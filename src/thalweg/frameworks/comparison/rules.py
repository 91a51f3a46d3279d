"""Update rules in plain NumPy, each in all the variants that frameworks are known to have.

Points and gradients may have a leading axis of trials, and so may the numbers among the settings: (trial, 1).

References
----------
D. P. Kingma & J. Ba, "Adam", 2015, arXiv:1412.6980 (section 2 has ε beside the uncorrected root as the quicker form).
I. Loshchilov & F. Hutter, "Decoupled weight decay regularization", 2019, arXiv:1711.05101.
J. Duchi, E. Hazan & Y. Singer, "Adaptive subgradient methods", JMLR 12, 2011. M. D. Zeiler, 2012, arXiv:1212.5701.
A. Graves, 2013, arXiv:1308.0850 (RMSprop, centred). T. Dozat, "Incorporating Nesterov momentum into Adam", 2016.
S. Reddi, S. Kale & S. Kumar, 2018, arXiv:1904.09237. I. Sutskever et al., "On the importance of initialization and
momentum", ICML 2013. X. Chen et al., 2023, arXiv:2302.06675. L. Liu et al., 2020, arXiv:1908.03265 (RAdam).
C. Igel & M. Hüsken, "Improving the Rprop learning algorithm", 2000.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from enum import StrEnum
from itertools import count
from typing import Any

import numpy as np

RuleSettings = Mapping[str, Any]
"""Of a rule, by optax's names: numbers, or arrays (trial, 1); ``rate`` is a function of the step."""

Variant = tuple["Trait", ...]
"""One way in which a rule can be written: a trait for each aspect in which frameworks differ."""

Rule = Generator[Any, tuple[Any, Any], None]
"""It is sent a gradient and the point it belongs to, and yields by how much the point is to be moved."""


class Trait(StrEnum):
    """Something that frameworks do differently in an update rule; the value describes it."""

    # where ε stands beside the root of Adam's mean square
    BESIDE = "ε beside the corrected root"
    UNCORRECTED = "ε beside the uncorrected root"
    INSIDE = "ε inside the corrected root"
    INSIDE_UNCORRECTED = "ε inside the uncorrected root"
    # likewise, of a root that nothing corrects
    EPS_IN = "ε inside the root"
    EPS_OUT = "ε outside the root"
    # what is corrected for having begun at 0
    BOTH = "both moments corrected"
    NEITHER = "no bias correction"
    CORRECTED = "the squares corrected"
    # weight decay
    NO_DECAY = "no weight decay"
    TIMES_RATE = "weight decay times the rate"
    APART = "weight decay apart from the rate"
    COUPLED = "weight decay as a part of the gradient"
    # where sums of squares begin
    OWN_START = "the squares begin as set"
    ZERO = "the squares begin at 0"
    ONE = "the squares begin at 1"
    # RMSprop's mean
    CENTRED = "centred"
    NOT_CENTRED = "not centred"
    # momentum of gradient descent
    RATE_OUT = "rate outside the momentum"
    RATE_IN = "rate inside the momentum"
    WHOLE = "momentum of the whole gradient"
    DAMPED = "momentum of the gradient times 1 − momentum"
    AHEAD = "Nesterov's momentum"
    NOT_AHEAD = "no Nesterov's momentum"
    # Nadam's momentum
    STEADY = "momentum steady"
    DOZAT = "momentum rising with 0.96^(t/250)"
    FAST = "momentum rising with 0.96^t"
    # Adamax's maximum, AMSGrad's maximum
    EPS_IN_MAX = "ε inside the maximum"
    EPS_ON_MAX = "ε added to the maximum"
    OF_CORRECTED = "maximum of the corrected squares"
    OF_PLAIN = "correction of the maximum"
    # Rprop's first step
    LATE = "every update one step late"
    AT_ONCE = "updates at once"


def sgd(s: RuleSettings, variant: Variant) -> Rule:
    """Gradient descent, with momentum in any form."""
    m, change, momentum = 0.0, 0.0, s["momentum"] if s["momentum"] is not None else 0.0
    for k in count():
        g, _ = yield change
        rate = s["rate"](k)
        taken = g * (1 - momentum if Trait.DAMPED in variant else 1) * (rate if Trait.RATE_IN in variant else 1)
        m = momentum * m + taken
        step = momentum * m + taken if Trait.AHEAD in variant else m
        change = -step * (1 if Trait.RATE_IN in variant else rate)


def adam(s: RuleSettings, variant: Variant) -> Rule:
    """Adam, AdamW and AMSGrad."""
    m, v, top, change = 0.0, 0.0, 0.0, 0.0
    decay = s.get("weight_decay", 0.0)
    for t in count(1):
        g, p = yield change
        rate = s["rate"](t - 1)
        g = g + decay * p if Trait.COUPLED in variant else g
        m, v = s["b1"] * m + (1 - s["b1"]) * g, s["b2"] * v + (1 - s["b2"]) * g**2
        one, two = (1.0, 1.0) if Trait.NEITHER in variant else _corrections(s, t)
        square, two = (v / two, 1.0) if Trait.OF_CORRECTED in variant else (v, two)
        top = np.maximum(top, square) if Trait.OF_CORRECTED in variant or Trait.OF_PLAIN in variant else square
        change = -rate * (m / one) / _rooted(top, two, s, variant)
        change = change - _decayed(p, rate, decay, variant)


def nadam(s: RuleSettings, variant: Variant) -> Rule:
    """Adam with Nesterov's momentum, which may rise from half of ``b1`` on."""
    m, v, product_, change = 0.0, 0.0, 1.0, 0.0
    decay = s.get("weight_decay", 0.0)
    power = 1 / 250 if Trait.DOZAT in variant else 1.0

    def momentum(t: int) -> Any:
        return s["b1"] * (1.0 if Trait.STEADY in variant else 1 - 0.5 * 0.96 ** (t * power))

    for t in count(1):
        g, p = yield change
        rate, now, then = s["rate"](t - 1), momentum(t), momentum(t + 1)
        g = g + decay * p if Trait.COUPLED in variant else g
        product_ = s.get("product", np.multiply)(product_, now)
        m, v = s["b1"] * m + (1 - s["b1"]) * g, s["b2"] * v + (1 - s["b2"]) * g**2
        ahead = then * m / (1 - product_ * then) + (1 - now) * g / (1 - product_)
        change = -rate * ahead / _rooted(v, _corrections(s, t)[1], s, variant)
        change = change - _decayed(p, rate, decay, variant)


def adamax(s: RuleSettings, variant: Variant) -> Rule:
    """Adam with the largest gradient in place of the root."""
    m, u, change = 0.0, 0.0, 0.0
    for t in count(1):
        g, _ = yield change
        inside, outside = (s["eps"], 0.0) if Trait.EPS_IN_MAX in variant else (0.0, s["eps"])
        m, u = s["b1"] * m + (1 - s["b1"]) * g, np.maximum(s["b2"] * u, np.abs(g) + inside)
        change = -s["rate"](t - 1) * m / _corrections(s, t)[0] / (u + outside)


def rmsprop(s: RuleSettings, variant: Variant) -> Rule:
    """RMSprop, with the mean taken off where it is centred."""
    v, mean, m, change = _begun(s.get("initial_scale", 0.0), variant), 0.0, 0.0, 0.0
    momentum = s["momentum"]
    for k in count():
        g, _ = yield change
        correction = 1 - s["decay"] ** (k + 1) if Trait.CORRECTED in variant else 1.0
        v, mean = s["decay"] * v + (1 - s["decay"]) * g**2, s["decay"] * mean + (1 - s["decay"]) * g
        square = v / correction - (mean / correction) ** 2 if Trait.CENTRED in variant else v / correction
        taken = g / _root(square, s["eps"], variant) * (s["rate"](k) if Trait.RATE_IN in variant else 1)
        m = taken if momentum is None else momentum * m + taken
        step = momentum * m + taken if Trait.AHEAD in variant else m
        change = -step * (1 if Trait.RATE_IN in variant else s["rate"](k))


def adagrad(s: RuleSettings, variant: Variant) -> Rule:
    """Adagrad."""
    total, change = _begun(s["initial_accumulator_value"], variant), 0.0
    for k in count():
        g, _ = yield change
        total = total + g**2
        change = -s["rate"](k) * g / _root(total, s["eps"], variant)


def adadelta(s: RuleSettings, variant: Variant) -> Rule:
    """Adadelta."""
    squares, moves, change = 0.0, 0.0, 0.0
    for k in count():
        g, p = yield change
        decay = s.get("weight_decay", 0.0)
        g = g + decay * p if Trait.COUPLED in variant else g
        squares = s["rho"] * squares + (1 - s["rho"]) * g**2
        move = _root(moves, s["eps"], variant) / _root(squares, s["eps"], variant) * g
        moves = s["rho"] * moves + (1 - s["rho"]) * move**2
        change = -s["rate"](k) * (move + decay * p if Trait.TIMES_RATE in variant else move)


def lion(s: RuleSettings, variant: Variant) -> Rule:
    """Lion: the sign of a momentum."""
    m, change = 0.0, 0.0
    for k in count():
        g, p = yield change
        rate, decay = s["rate"](k), s.get("weight_decay", 0.0)
        g = g + decay * p if Trait.COUPLED in variant else g
        change = -rate * np.sign(s["b1"] * m + (1 - s["b1"]) * g)
        m = s["b2"] * m + (1 - s["b2"]) * g
        change = change - _decayed(p, rate, decay, variant)


def radam(s: RuleSettings, variant: Variant) -> Rule:
    """Adam, whose root is used only once its mean is long enough."""
    m, v, longest, change = 0.0, 0.0, 2 / (1 - s["b2"]) - 1, 0.0
    for t in count(1):
        g, _ = yield change
        m, v = s["b1"] * m + (1 - s["b1"]) * g, s["b2"] * v + (1 - s["b2"]) * g**2
        length = longest - 2 * t * s["b2"] ** t / (1 - s["b2"] ** t)
        share = (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
        rooted = np.sqrt(np.maximum(share, 0.0)) / _rooted(v, 1 - s["b2"] ** t, s, variant)
        change = -s["rate"](t - 1) * m / (1 - s["b1"] ** t) * np.where(length >= s["threshold"], rooted, 1.0)


def rprop(s: RuleSettings, variant: Variant) -> Rule:
    """Steps that grow while the gradient keeps its sign, and shrink where it turns."""
    size, before, waiting, change = None, 0.0, 0.0, 0.0
    for k in count():
        g, _ = yield change
        size = np.full_like(g, 1.0) * s["rate"](k) if size is None else size
        turned = g * before
        size = size * np.where(turned > 0, s["eta_plus"], np.where(turned < 0, s["eta_minus"], 1.0))
        size = np.clip(size, s["min_step_size"], s["max_step_size"])
        before = np.where(turned < 0, 0.0, g)
        update = -size * np.sign(before)
        change, waiting = np.where(turned < 0, 0.0, waiting) if Trait.LATE in variant else update, update


RULES: Mapping[str, Callable[[RuleSettings, Variant], Rule]] = {
    **{rule.__name__: rule for rule in (sgd, adam, nadam, adamax, rmsprop, adagrad, adadelta, lion, radam, rprop)},
    **{"adamw": adam, "amsgrad": adam, "nadamw": nadam},
}
"""By the names of experiment files."""


def replay(rule: Rule, points: np.ndarray, gradients: np.ndarray) -> np.ndarray:
    """Compute where a rule leads from each point, given the gradients up to there.

    Parameters
    ----------
    rule : just made
    points : (step, param)
    gradients : (trial, step, param)

    Returns
    -------
    (trial, step, param), the point after each step
    """
    next(rule)
    with np.errstate(all="ignore"):  # a wrong variant may well divide by zero
        return np.stack([p + rule.send((gradients[:, k], p)) for k, p in enumerate(points)], axis=1)


def _begun(own: Any, variant: Variant) -> Any:
    return own if Trait.OWN_START in variant else 1.0 if Trait.ONE in variant else 0.0


def _corrections(s: RuleSettings, t: int) -> tuple[Any, Any]:
    """Compute by what Adam's moments are divided; the powers may have roundings of their own."""
    return 1 - s.get("b1_power", s["b1"]) ** t, 1 - s.get("b2_power", s["b2"]) ** t


def _decayed(p: Any, rate: Any, decay: Any, variant: Variant) -> Any:
    """Tell by how much weight decay moves a point, where it is no part of the gradient."""
    return rate * decay * p if Trait.TIMES_RATE in variant else decay * p if Trait.APART in variant else 0.0


def _root(square: Any, eps: Any, variant: Variant) -> Any:
    return np.sqrt(square + eps) if Trait.EPS_IN in variant else np.sqrt(square) + eps


def _rooted(v: Any, correction: Any, s: RuleSettings, variant: Variant) -> Any:
    """Take the root of Adam's mean square ``v``, with its bias corrected and ε in its place."""
    eps, small = s["eps"], s.get("eps_root", 0.0)
    if Trait.UNCORRECTED in variant or Trait.INSIDE_UNCORRECTED in variant:
        root = np.sqrt(v + small) + eps if Trait.UNCORRECTED in variant else np.sqrt(v + eps)
        return root / np.sqrt(correction)
    return np.sqrt(v / correction + small) + eps if Trait.BESIDE in variant else np.sqrt(v / correction + eps)
