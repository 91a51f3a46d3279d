"""What many starts cost, beside SciPy's local searches from the same starts, in one process.

Run: python benchmarks/starts.py [--json FILE] [--starts N] [--repeats N]

A decaying oscillation, four parameters and 200 rows. SciPy searches from every start with ``least_squares`` (residuals
and their derivatives compiled by JAX) and with L-BFGS-B (value and gradient compiled by JAX); the quicker of the two is
the yardstick. Starts are timed up to their gathered ends; the passes between the minima, which no multi-start search
looks for, are told apart. Compiling is left out. The two do not find the same: SciPy's searches take long steps, and
``elsewhere`` is the share of starts whose search ends at another minimum than its gradient flow.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from scipy import optimize

import thalweg as tw
from thalweg.base.precision import computing
from thalweg.losses.objective import Objective
from thalweg.problems import Axis, Domain, Regression
from thalweg.valleys import nearness
from thalweg.valleys.starts import multistart, passes
from timing import Asked, clock

ASKED = Asked("at most", 2)
ROWS = 200
NEAR = 1e-4


def main() -> None:
    """Time all cases and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--starts", type=int, default=256, help="starts of every search")
    parser.add_argument("--repeats", type=int, default=3, help="times each is run; the least counts")
    options = parser.parse_args()
    rows = {name: measure(whole, options.starts, options.repeats) for name, whole in cases().items()}
    for name, row in rows.items():
        ratios = f"{row['ratio']:6.2f} x SciPy, {row['processor_ratio']:.2f} x in processor time"
        found = f"passes {row['passes']:.2f} s; {row['minima']} minima; elsewhere {row['elsewhere']:.1%}"
        print(f"{name:22} {row['seconds']:7.2f} s   {ratios}; {found}")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


def cases() -> dict[str, Objective]:
    """Make the fits: a decaying oscillation, and a steady one with a phase, which has many minima."""
    rng = np.random.default_rng(1)
    t = np.linspace(0, 4, ROWS)
    decaying = 1.5 * np.exp(-t / 2) * np.cos(2 * np.pi * 1.3 * t) + 0.4 + 0.05 * rng.normal(size=ROWS)
    both = decaying + 0.8 * np.exp(-t / 3) * np.cos(2 * np.pi * 3.1 * t)
    steady = 1.5 * np.cos(2 * np.pi * 1.3 * t + 0.3) + 0.4 + 0.3 * rng.normal(size=ROWS)

    def decay(params, t, y):
        return params[0] * jnp.exp(-t / params[1]) * jnp.cos(2 * jnp.pi * params[2] * t) + params[3] - y

    def wave(params, t, y):
        return params[0] * jnp.cos(2 * jnp.pi * params[1] * t + params[2]) + params[3] - y

    decays = Axis("A", -3.0, 3.0), Axis("tau", 0.3, 8.0), Axis("f", 0.1, 6.0), Axis("c", -1.0, 2.0)
    phase = Axis("phi", -np.pi, np.pi, periodic=True, unit="rad")
    waves = Axis("A", 0.1, 3.0), Axis("f", 0.1, 3.0), phase, Axis("c", -1.0, 2.0)
    return {
        "decaying oscillation": fit(decay, decays, t, decaying),
        "two oscillations": fit(decay, decays, t, both),
        "steady oscillation": fit(wave, waves, t, steady),
    }


def fit(residual: Any, axes: tuple[Axis, ...], t: np.ndarray, y: np.ndarray) -> Objective:
    """Make the least-squares fit of a model with four parameters."""
    problem = Regression(
        name="oscillation",
        domain=Domain(axes),
        start=(1.0, 1.0, 1.0, 0.0),
        residual=residual,
        train={"t": t, "y": y},
        test={"t": np.zeros(0), "y": np.zeros(0)},
    )
    return tw.objective(problem, tw.losses.quadratic())


def measure(whole: Objective, count: int, repeats: int) -> dict[str, Any]:
    """Time the starts and both searches in turn, after one run of each that is not counted."""
    domain = whole.problem.domain
    starts = multistart.design(domain, count)
    census = multistart.explore(whole, starts)
    searches = [least_squares(whole), quasi_newton(whole)]

    def ours() -> np.ndarray:
        ends, _ = multistart.settle(whole, starts)
        nearness.gather(domain.wrap(ends.position), ends.height, domain, multistart.SAME)
        return ends.position

    def scipys(search: Any) -> np.ndarray:
        return np.array([search(start) for start in starts])

    taken = {"ours": ours, **{str(k): lambda search=search: scipys(search) for k, search in enumerate(searches)}}
    best: dict[str, tuple[float, float, np.ndarray]] = {}
    for call in taken.values():
        call()
    for _ in range(repeats):
        for name, call in taken.items():
            took = clock(call)
            best[name] = took if name not in best else (*map(min, took[:2], best[name][:2]), took[2])
    yard = min((best["0"], best["1"]), key=lambda took: took[0])
    away = np.abs(domain.difference(domain.wrap(yard[2]), domain.wrap(best["ours"][2])) / domain.lengths).max(axis=1)
    passing = clock(lambda: passes.find(whole, census.position, multistart.NEIGHBOURS))[0]
    return ASKED.verdict(
        best["ours"][0] / yard[0],
        seconds=best["ours"][0],
        processor_ratio=best["ours"][1] / min(best["0"][1], best["1"][1]),
        least_squares=best["0"][0],
        quasi_newton=best["1"][0],
        passes=passing,
        minima=len(census.depth),
        elsewhere=float((away > NEAR).mean()),
    )


def least_squares(whole: Objective) -> Any:
    """SciPy's trust-region search, given residuals and their derivatives."""
    problem = whole.problem
    assert isinstance(problem, Regression)
    low, high = problem.domain.bounds
    with computing(64):
        columns = tuple(jnp.asarray(np.asarray(column, np.float64)) for column in whole.train)
        every = jax.vmap(problem.residual, in_axes=(None, *(0 for _ in columns)))
        residuals, slopes = jax.jit(lambda p: every(p, *columns)), jax.jit(jax.jacfwd(lambda p: every(p, *columns)))

    def search(start: np.ndarray) -> np.ndarray:
        with computing(64):
            return optimize.least_squares(
                lambda p: np.asarray(residuals(p)), start, jac=lambda p: np.asarray(slopes(p)), bounds=(low, high)
            ).x

    return search


def quasi_newton(whole: Objective) -> Any:
    """SciPy's L-BFGS-B, given value and gradient."""
    bounds = np.stack(whole.problem.domain.bounds, axis=1)
    with computing(64):
        columns = tuple(jnp.asarray(np.asarray(column, np.float64)) for column in whole.train)
        every = jax.vmap(whole.example, in_axes=(None, *(0 for _ in columns)))
        both = jax.jit(jax.value_and_grad(lambda p: jnp.mean(every(p, *columns))))

    def value(params: np.ndarray) -> tuple[float, np.ndarray]:
        height, gradient = both(params)
        return float(height), np.asarray(gradient)

    def search(start: np.ndarray) -> np.ndarray:
        with computing(64):
            precise = {"ftol": 1e-15, "gtol": 1e-9}
            return optimize.minimize(value, start, jac=True, method="L-BFGS-B", bounds=bounds, options=precise).x

    return search


if __name__ == "__main__":
    main()
