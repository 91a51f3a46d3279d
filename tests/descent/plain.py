"""Optimisers as their papers state them, and two trials, in plain NumPy: nothing here knows of JAX or optax.

A method is a generator: it is sent the gradient where it stands and yields where it goes. Where libraries differ in
one detail, that detail is an argument, true for optax's way, so that a test can say which library does what.

The file is long because every method is a loop of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import numpy as np

Vector = np.ndarray
Run = Generator[Vector, Vector, None]
Method = Callable[[Vector], Run]
Gradient = Callable[[Vector], Vector]


BANANA_STARTS = np.array([[-1.1, 0.6], [0.35, 1.7]])
TIME = np.linspace(0.45, 1.8, 23) ** 2
READING = 2.1 * np.exp(-1.4 * TIME) - 0.6 + 0.05 * np.sin(7 * TIME)
COOLING_STARTS = np.array([[0.7, 0.4, 0.25], [1.6, 2.3, -1.2]])


def banana(p: Any) -> Any:
    """A tilted, bent valley, about 50 times steeper across than along."""
    return (p[0] - 1.3) ** 2 + 6 * (p[1] - p[0] ** 2) ** 2 + 0.4 * p[0] * p[1]


def banana_gradient(p: Vector) -> Vector:
    bend = 12 * (p[1] - p[0] ** 2)
    return np.array([2 * (p[0] - 1.3) - 2 * p[0] * bend + 0.4 * p[1], bend + 0.4 * p[0]])


def cooling(p: Vector) -> float:
    """A decay to a level, fitted to 23 readings: two blocks of the mean and a part of a third."""
    return np.mean((p[0] * np.exp(-p[1] * TIME) + p[2] - READING) ** 2)


def cooling_gradient(p: Vector) -> Vector:
    fall = np.exp(-p[1] * TIME)
    return np.mean(2 * (p[0] * fall + p[2] - READING) * [fall, -p[0] * TIME * fall, np.ones_like(TIME)], axis=1)


def follow(method: Method, gradient: Gradient, starts: Vector, steps: int) -> Vector:
    """Take ``steps`` updates from each of ``starts`` (run, param); where they led to, (run, step, param)."""
    paths = []
    for start in starts:
        run = method(start)
        path = [next(run)]
        for _ in range(steps):
            path.append(run.send(gradient(path[-1])))
        paths.append(path)
    return np.array(paths)


def rounding(method: Method, gradient: Gradient, paths: Vector) -> Vector:
    """How far rounding may lead from ``paths``, (run, step, param).

    A path whose positions and gradients are shaken at every step by a share of themselves parts from the unshaken one
    as rounding makes it part, only further in proportion to the share. To this comes the rounding of the sums that
    are the positions. A step does some ten operations, so ten roundings are allowed where one is shaken.
    """
    share, roundings, eps = 1e-9, 10, np.finfo(float).eps
    noise = np.random.default_rng(8)

    def shaken(p: Vector) -> Vector:
        near, scale = 1 + share * noise.uniform(-1, 1, (2, len(p)))
        return scale * gradient(near * p)

    steps = paths.shape[1] - 1
    parted = np.maximum.accumulate(np.abs(follow(method, shaken, paths[:, 0], steps) - paths), axis=1)
    size = np.abs(paths).max(axis=1, keepdims=True) * np.arange(steps + 1)[:, None]
    return roundings * eps * (parted / share + size)


def sign(p: Vector, rate: float) -> Run:
    """Bernstein et al. 2018, arXiv:1802.04434."""
    while True:
        g = yield p
        p = p - rate * np.sign(g)


def optimistic(p: Vector, rate: float) -> Run:
    """Daskalakis et al. 2018, arXiv:1711.00141, equation 2."""
    before = None
    while True:
        g = yield p
        p = p - 2 * rate * g + rate * (g if before is None else before)
        before = g


def lion(p: Vector, rate: float, b1: float, b2: float, decay: float) -> Run:
    """Chen et al. 2023, arXiv:2302.06675, algorithm 2."""
    m = np.zeros_like(p)
    while True:
        g = yield p
        p = p - rate * (np.sign(b1 * m + (1 - b1) * g) + decay * p)
        m = b2 * m + (1 - b2) * g


def adagrad(p: Vector, rate: float, initial: float, eps: float, inside: bool) -> Run:
    """Duchi et al. 2011, JMLR 12; ε is ``inside`` the root or outside."""
    total = np.full_like(p, initial)
    while True:
        g = yield p
        total = total + g**2
        p = p - rate * g / _root(total, eps, inside)


def rmsprop(
    p: Vector,
    rate: Callable[[int], float],
    decay: float,
    eps: float,
    momentum: float = 0,
    inside: bool = False,
    rate_in: bool = True,
) -> Run:
    """Graves 2013, arXiv:1308.0850; ε is ``inside`` the root or outside, the rate inside the momentum or outside."""
    n, m, k = np.zeros_like(p), np.zeros_like(p), 0
    while True:
        g = yield p
        n = decay * n + (1 - decay) * g**2
        m = momentum * m + (rate(k) if rate_in else 1) * g / _root(n, eps, inside)
        p = p - (1 if rate_in else rate(k)) * m
        k += 1


def amsgrad(p: Vector, rate: float, b1: float, b2: float, eps: float, of_corrected: bool) -> Run:
    """Reddi et al. 2018, arXiv:1904.09237, with the bias corrected before the maximum is taken, or after."""
    m, v, top, t = np.zeros_like(p), np.zeros_like(p), np.zeros_like(p), 0
    while True:
        g = yield p
        t += 1
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g**2
        correction = 1 - b2**t
        top = np.maximum(top, v / correction if of_corrected else v)
        p = p - rate * m / (1 - b1**t) / (np.sqrt(top if of_corrected else top / correction) + eps)


def nadam(p: Vector, rate: float, b1: float, b2: float, eps: float, steady: bool) -> Run:
    """Dozat 2016, ICLR workshop; without ``steady`` with his schedule of the momentum, b1 (1 - 0.5 · 0.96^(t/250))."""
    m, v, t, product = np.zeros_like(p), np.zeros_like(p), 0, 1.0
    while True:
        g = yield p
        t += 1
        now, then = (b1 * (1 - 0.5 * 0.96 ** (k / 250) * (not steady)) for k in (t, t + 1))
        product *= now
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g**2
        ahead = then * m / (1 - product * then) + (1 - now) * g / (1 - product)
        p = p - rate * ahead / (np.sqrt(v / (1 - b2**t)) + eps)


def radam(p: Vector, rate: float, b1: float, b2: float, eps: float, to_corrected: bool) -> Run:
    """Liu et al. 2020, arXiv:1908.03265, algorithm 2; ε is added to the corrected root or to the root itself."""
    m, v, t, longest = np.zeros_like(p), np.zeros_like(p), 0, 2 / (1 - b2) - 1
    while True:
        g = yield p
        t += 1
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g**2
        step, correction = m / (1 - b1**t), np.sqrt(1 - b2**t)
        length = longest - 2 * t * b2**t / (1 - b2**t)
        if length > 5:
            share = (length - 4) * (length - 2) * longest / ((longest - 4) * (longest - 2) * length)
            root = np.sqrt(v) / correction + eps if to_corrected else (np.sqrt(v) + eps) / correction
            step = step * np.sqrt(share) / root
        p = p - rate * step


def rprop(p: Vector, rate: float, late: bool) -> Run:
    """Igel & Hüsken 2000, iRprop-; ``late`` hands each update out one step after it was made."""
    size, before, waiting = np.full_like(p, rate), np.zeros_like(p), np.zeros_like(p)
    while True:
        g = yield p
        turned = g * before
        size = np.clip(np.where(turned > 0, 1.2 * size, np.where(turned < 0, 0.5 * size, size)), 1e-6, 50)
        before = np.where(turned < 0, 0, g)
        update = size * np.sign(before)
        p = p - (np.where(turned < 0, 0, waiting) if late else update)
        waiting = update


def adabelief(p: Vector, rate: float, b1: float, b2: float, eps: float) -> Run:
    """Zhuang et al. 2020, arXiv:2010.07468, algorithm 2."""
    m, s, t = np.zeros_like(p), np.zeros_like(p), 0
    while True:
        g = yield p
        t += 1
        m = b1 * m + (1 - b1) * g
        s = b2 * s + (1 - b2) * (g - m) ** 2 + eps
        p = p - rate * m / (1 - b1**t) / (np.sqrt(s / (1 - b2**t)) + eps)


def yogi(p: Vector, rate: float, b1: float, b2: float, eps: float, initial: float) -> Run:
    """Zaheer et al. 2018, NeurIPS 31, algorithm 2, with Adam's corrections; both moments begin at ``initial``."""
    m, v, t = np.full_like(p, initial), np.full_like(p, initial), 0
    while True:
        g = yield p
        t += 1
        m = b1 * m + (1 - b1) * g
        v = v - (1 - b2) * np.sign(v - g**2) * g**2
        p = p - rate * m / (1 - b1**t) / (np.sqrt(v / (1 - b2**t)) + eps)


def adan(p: Vector, rate: float, keep: tuple[float, float, float], eps: float, swapped: bool) -> Run:
    """Xie et al. 2022, arXiv:2208.06677, algorithm 1, with its β = 1 - ``keep``, and β₂ ``swapped`` for 1 - β₂."""
    m, v, n, before, t = np.zeros_like(p), np.zeros_like(p), np.zeros_like(p), None, 0
    ahead = 1 - keep[1] if swapped else keep[1]
    while True:
        g = yield p
        t += 1
        change = np.zeros_like(g) if before is None else g - before
        m, v = keep[0] * m + (1 - keep[0]) * g, keep[1] * v + (1 - keep[1]) * change
        n = keep[2] * n + (1 - keep[2]) * (g + ahead * change) ** 2
        step = m / (1 - keep[0] ** t) + ahead * v / (1 - keep[1] ** t)
        p = p - rate * step / (np.sqrt(n / (1 - keep[2] ** t) + eps) + eps)
        before = g


def novograd(p: Vector, rate: float, b1: float, b2: float, eps: float, decay: float) -> Run:
    """Ginsburg et al. 2019, arXiv:1905.11286, algorithm 1, for one layer."""
    m, v = np.zeros_like(p), None
    while True:
        g = yield p
        v = g @ g if v is None else b2 * v + (1 - b2) * (g @ g)
        m = b1 * m + g / (np.sqrt(v) + eps) + decay * p
        p = p - rate * m


def lamb(p: Vector, rate: float, b1: float, b2: float, eps: float, decay: float) -> Run:
    """You et al. 2020, arXiv:1904.00962, algorithm 2, for one layer."""
    m, v, t = np.zeros_like(p), np.zeros_like(p), 0
    while True:
        g = yield p
        t += 1
        m, v = b1 * m + (1 - b1) * g, b2 * v + (1 - b2) * g**2
        step = m / (1 - b1**t) / (np.sqrt(v / (1 - b2**t)) + eps) + decay * p
        p = p - rate * _norm(p) / _norm(step) * step


def lars(p: Vector, rate: float, trust: float, momentum: float, decay: float) -> Run:
    """You et al. 2017, arXiv:1708.03888, algorithm 1, for one layer; the trust is of gradient and decay together."""
    m = np.zeros_like(p)
    while True:
        g = yield p
        g = g + decay * p
        m = momentum * m + rate * trust * _norm(p) / _norm(g) * g
        p = p - m


def fromage(p: Vector, rate: float) -> Run:
    """Bernstein et al. 2020, arXiv:2002.03432, algorithm 1, for one layer."""
    while True:
        g = yield p
        p = (p - rate * _norm(p) / _norm(g) * g) / np.sqrt(1 + rate**2)


def sm3(p: Vector, rate: float, momentum: float, eps: float) -> Run:
    """Anil et al. 2019, arXiv:1901.11150: for a vector every parameter is its own cover, so it is Adagrad, averaged."""
    total, m = np.zeros_like(p), np.zeros_like(p)
    while True:
        g = yield p
        total = total + g**2
        m = momentum * m + (1 - momentum) * g / _root(total, eps, inside=True)
        p = p - rate * m


def lbfgs(p: Vector, rate: float, memory: int) -> Run:
    """Nocedal & Wright 2006, doi:10.1007/978-0-387-40065-5, algorithm 7.4 with equation 7.20, at a fixed rate.

    The first step is the gradient, cut to the length 1.
    """
    pairs: list[tuple[Vector, Vector]] = []
    while True:
        g = yield p
        if pairs:
            pairs[-1] = (pairs[-1][0], g - pairs[-1][1])
        q, alphas = g, []
        for s, y in reversed(pairs):
            alphas.append(s @ q / (s @ y))
            q = q - alphas[-1] * y
        r = pairs[-1][0] @ pairs[-1][1] / (pairs[-1][1] @ pairs[-1][1]) * q if pairs else min(1, 1 / _norm(g)) * q
        for (s, y), alpha in zip(pairs, reversed(alphas), strict=True):
            r = r + s * (alpha - y @ r / (s @ y))
        p = p - rate * r
        # What the newest pair still lacks is the gradient at its end.
        pairs = [*pairs, (-rate * r, g)][-memory:]


def _root(square: Vector, eps: float, inside: bool) -> Vector:
    return np.sqrt(square + eps) if inside else np.sqrt(square) + eps


def _norm(vector: Vector) -> float:
    return float(np.sqrt(vector @ vector))
