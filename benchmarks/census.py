"""The exact census beside one evaluation of the objective at all data slopes, and beside SciPy's global searches.

Run: python benchmarks/census.py [--json FILE] [--slopes N] [--many N] [--starts N]

Absolute times depend on the machine and are printed for orientation only; the ratios are the result. Everything runs
in one process, yardsticks and candidates in turn; set OPENBLAS_NUM_THREADS=1 to hold it to one core. A search has found
a minimum where it ends within 1e-8 rad of a data slope.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from scipy import optimize

from thalweg.valleys import tree
from thalweg.valleys.exact.census import through_origin

Data = tuple[np.ndarray, np.ndarray]
NEAR = 1e-8


def main() -> None:
    """Time all and print two tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--slopes", type=int, default=10_000, help="distinct slopes")
    parser.add_argument("--many", type=int, default=100_000, help="distinct slopes of the large case; 0 leaves it out")
    parser.add_argument("--starts", type=int, default=100, help="starts of the multi-start search")
    parser.add_argument("--repeats", type=int, default=5, help="times each short measurement is made")
    options = parser.parse_args()
    figures = against_evaluation(options.slopes, options.repeats)
    for name, row in figures.items():
        print(f"{name:34} {row['seconds']:8.3f} s   {row['ratio']:7.2f} x {row['yardstick']}")
    searches = against_searches(options.slopes, options.starts)
    for name, row in searches.items():
        found = f"{row['minima']:6} minima, {row['per_minimum']:8.1f} x the census for each"
        print(f"{name:34} {row['seconds']:8.3f} s   {found}")
    large = many(options.many) if options.many else {}
    for name, row in large.items():
        memory = f"{row['peak_mib']:7.1f} MiB, {row['bytes_per_point']:.0f} bytes a point"
        print(f"{name:34} {row['seconds']:8.3f} s   {memory}")
    if options.json:
        options.json.write_text(json.dumps(figures | searches | large, indent=2) + "\n", encoding="utf-8")


def pencil(count: int, seed: int = 314) -> Data:
    """Draw noisy points on five lines through the origin, every one with a slope of its own."""
    rng = np.random.default_rng(seed)
    angle, radius = rng.integers(0, 5, count) * 2 * np.pi / 5, rng.uniform(-1, 1, count)
    return np.cos(angle) * radius, np.sin(angle) * radius + 0.01 * rng.normal(size=count)


def evaluate(data: Data, kind: str) -> np.ndarray:
    """Evaluate the objective at all data lines, a million terms at a time."""
    x, y = data
    if kind == "vertical":
        place, weight = y / x, np.sqrt(np.abs(x)) / len(x)
    else:
        place, weight = np.arctan(y / x), np.sqrt(np.hypot(x, y)) / len(x)
    rows = max(1, 1_000_000 // len(x))
    values = []
    for first in range(0, len(x), rows):
        difference = place[first : first + rows, None] - place
        if kind == "orthogonal":
            np.sin(difference, out=difference)
        np.sqrt(np.abs(difference, out=difference), out=difference)
        values.append(difference @ weight)
    return np.concatenate(values)


def against_evaluation(count: int, repeats: int) -> dict[str, dict[str, Any]]:
    """Time the census, passes and merge tree included, and the tree alone, in evaluations at all slopes."""
    data, figures = pencil(count), {}
    for kind in ("vertical", "orthogonal"):
        seconds: dict[str, list[float]] = {"evaluation": [], "census": [], "tree": []}
        for _ in range(repeats):
            seconds["evaluation"].append(clock(evaluate, data, kind)[0])
            took, found = clock(through_origin, *data, 0.5, residual=kind)
            seconds["census"].append(took)
            seconds["tree"].append(clock(tree.merge, found.depths, found.between, found.heights)[0])
            assert len(found.minima) == count
        median = {name: statistics.median(values) for name, values in seconds.items()}
        for name, value in median.items():
            figures[f"{kind} {name}, {count} slopes"] = {
                "seconds": value,
                "yardstick": "evaluation",
                "ratio": value / median["evaluation"],
            }
    return figures


def against_searches(count: int, starts: int) -> dict[str, dict[str, Any]]:
    """Let SciPy search the same objective; time a minimum found, in times of the census."""
    data = x, y = pencil(count)
    angles = np.sort(np.arctan(y / x))

    def objective(params: np.ndarray) -> float:
        return float(np.mean(np.sqrt(np.abs(np.tan(params[0]) * x - y))))

    bounds = [(-1.57, 1.57)]

    def multistart() -> list[float]:
        places = np.random.default_rng(0).uniform(*bounds[0], size=starts)
        precise = {"xatol": 1e-12, "fatol": 1e-15}
        method = "Nelder-Mead"
        return [optimize.minimize(objective, [a], method=method, bounds=bounds, options=precise).x[0] for a in places]

    def census() -> np.ndarray:
        return through_origin(*data, 0.5).minima.ravel()

    def shgo() -> np.ndarray:
        return optimize.shgo(objective, bounds, n=512, sampling_method="sobol").xl.ravel()

    def annealing() -> np.ndarray:
        return optimize.dual_annealing(objective, bounds, rng=0).x

    searches = {
        "census": census,
        "shgo, 512 Sobol points": shgo,
        "dual_annealing": annealing,
        f"multi-start, {starts} starts": multistart,
    }
    figures: dict[str, dict[str, Any]] = {}
    for name, search in searches.items():
        seconds, places = clock(search)
        minima = len({int(k) for k in nearest(angles, np.asarray(places))})
        figures[name] = {"seconds": seconds, "minima": minima, "seconds_a_minimum": seconds / max(1, minima)}
    for row in figures.values():
        row["per_minimum"] = row["seconds_a_minimum"] / figures["census"]["seconds_a_minimum"]
    return figures


def nearest(angles: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Give the data slopes that places lie at; places between slopes are left out."""
    right = np.clip(np.searchsorted(angles, places), 1, len(angles) - 1)
    chosen = np.where(places - angles[right - 1] < angles[right] - places, right - 1, right)
    return chosen[np.abs(angles[chosen] - places) < NEAR]


def many(count: int) -> dict[str, dict[str, Any]]:
    """Time a large census, and find its peak of memory in a second go."""
    figures = {}
    for kind in ("vertical", "orthogonal"):
        data = pencil(count)
        seconds, _ = clock(through_origin, *data, 0.5, residual=kind)
        tracemalloc.start()
        through_origin(*data, 0.5, residual=kind)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        figures[f"{kind} census, {count} slopes"] = {
            "seconds": seconds,
            "peak_mib": peak / 2**20,
            "bytes_per_point": peak / count,
        }
    return figures


def clock(action: Callable[..., Any], *arguments: Any, **named: Any) -> tuple[float, Any]:
    """Time a call: (seconds, what it returned)."""
    begun = time.perf_counter()
    result = action(*arguments, **named)
    return time.perf_counter() - begun, result


if __name__ == "__main__":
    main()
