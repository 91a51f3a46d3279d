"""What finding valleys costs, each time beside a yardstick timed in the same run.

Run: python benchmarks/valleys.py [--json FILE] [--repeats N]

Absolute times depend on the machine and are printed for orientation only; the ratios are the result. Everything runs
in one process and on one core; candidate and yardstick are run in turn, and the best time of each counts.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

import numpy as np

import census
from thalweg.valleys.grid import topology

Row = tuple[str, float, str, float]
"""Name, best seconds, name of the yardstick, ratio of the best times."""


def main() -> None:
    """Time everything and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--repeats", type=int, default=3, help="times each is run")
    options = parser.parse_args()
    rows = []
    for measure in MEASUREMENTS:
        row = measure(options.repeats)
        if row:
            rows.append(row)
            name, seconds, yardstick, ratio = row
            print(f"{name:38} {1e3 * seconds:9.2f} ms   {ratio:9.3f} x {yardstick}")
    if options.json:
        figures = {f"{name} / {y}": {"seconds": s, "yardstick": y, "ratio": r} for name, s, y, r in rows}
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def topology_beside_argsort(repeats: int) -> Row:
    """Minima, passes, merge tree and basins, beside sorting the same array."""
    heights = rastrigin(2001)
    return compare(
        ("topology, 2001 x 2001 Rastrigin", lambda: topology.analyse(heights, (False, False))),
        ("np.argsort of the same array", lambda: np.argsort(heights, axis=None)),
        repeats,
    )


def topology_beside_gudhi(repeats: int) -> Row | None:
    """The same, beside the pairs of minimum and pass, with their places, of GUDHI's cubical complex."""
    if not find_spec("gudhi"):
        return None
    import gudhi

    heights = rastrigin(501)

    def pairs() -> None:
        cubes = gudhi.CubicalComplex(top_dimensional_cells=heights)
        cubes.compute_persistence()
        cubes.cofaces_of_persistence_pairs()

    return compare(
        ("topology, 501 x 501 Rastrigin", lambda: topology.analyse(heights, (False, False))),
        ("GUDHI, CubicalComplex with places", pairs),
        repeats,
    )


def topology_beside_quick_gudhi(repeats: int) -> Row | None:
    """The same, beside GUDHI's routine for a rectangle, which gives births and deaths and no places."""
    if not (find_spec("gudhi") and find_spec("sklearn")):
        return None
    from gudhi.sklearn import CubicalPersistence

    heights = rastrigin(501)
    persistence = CubicalPersistence(homology_dimensions=0)
    return compare(
        ("topology, 501 x 501 Rastrigin", lambda: topology.analyse(heights, (False, False))),
        ("GUDHI, CubicalPersistence, no places", lambda: persistence.fit_transform([heights])),
        repeats,
    )


def census_beside_evaluation(repeats: int) -> Row:
    """Time the exact census of 10,000 slopes, passes included; the other comparisons are in ``census.py``."""
    name = "vertical census, 10000 slopes"
    row = census.against_evaluation(10_000, min(repeats, 3))[name]
    return name, row["seconds"], "evaluation at the slopes", row["ratio"]


MEASUREMENTS: list[Callable[[int], Row | None]] = [
    census_beside_evaluation,
    topology_beside_argsort,
    topology_beside_gudhi,
    topology_beside_quick_gudhi,
]


def rastrigin(points: int) -> np.ndarray:
    """Rastrigin's function in its usual square: 121 minima inside."""
    along = np.linspace(-5.12, 5.12, points)
    wave = 10 + along**2 - 10 * np.cos(2 * np.pi * along)
    return wave[:, None] + wave


def compare(
    candidate: tuple[str, Callable[[], object]], yardstick: tuple[str, Callable[[], object]], repeats: int
) -> Row:
    """Time two named calls in turn, after one call of each that is not counted."""
    names, calls = zip(candidate, yardstick, strict=True)
    for call in calls:
        call()
    seconds = [min(column) for column in zip(*([once(call) for call in calls] for _ in range(repeats)), strict=True)]
    return names[0], seconds[0], names[1], seconds[0] / seconds[1]


def once(call: Callable[[], object]) -> float:
    """Time one call."""
    begun = time.perf_counter()
    call()
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
