"""What principal directions of snapshots cost beside a Gram matrix of one's own in NumPy.

Run: python benchmarks/principal.py [--parameters N] [--rows K] [--repeats R] [--json FILE]

One's own: ``D = X - X[-1]``, the products ``D @ D.T`` in the rows' own 32 bits, their eigenvectors, and ``mix @ D``,
made of length one. Both are run in this process, each by turns, the best processor time of each counts; the angle
between what they found is shown, and what each takes beside the snapshots at its peak.
"""

from __future__ import annotations

import argparse
import json
import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # else threads wait for each other on a busy machine

import jax.numpy as jnp
import numpy as np
import xarray as xr

import thalweg as tw
from timing import Asked, clock

ASKED = Asked("at most", 1.5)


def main(arguments: list[str] | None = None) -> None:
    """Measure both, and print the ratio."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--parameters", type=int, default=24_000_000, help="in 32 bits")
    parser.add_argument("--rows", type=int, default=50, help="snapshots")
    parser.add_argument("--repeats", type=int, default=2, help="times each is run")
    options = parser.parse_args(arguments)
    points = walk(options.rows, options.parameters)
    network = tw.networks.wrap({"w": jnp.zeros(options.parameters)}, lambda p: jnp.sum(p["w"]))
    recording = xr.Dataset({"params": (("step", "param"), points)}, {"step": np.arange(len(points))})
    calls: dict[str, Callable[[], np.ndarray]] = {
        "thalweg": lambda: tw.networks.directions.principal(network, recording).directions,
        "own": lambda: own(points),
    }
    best, peaks, found = dict.fromkeys(calls, np.inf), {}, {}
    for _ in range(options.repeats):
        for name, call in calls.items():
            _, used, found[name] = clock(call)
            best[name] = min(best[name], used)
    for name, call in calls.items():
        tracemalloc.start()
        call()
        peaks[name] = tracemalloc.get_traced_memory()[1] / points[0].nbytes
        tracemalloc.stop()
    cosines = [abs(float(np.sum(one * other))) for one, other in zip(found["thalweg"], found["own"], strict=True)]
    row = ASKED.verdict(best["thalweg"] / best["own"], seconds=best, peaks=peaks, cosines=cosines)
    print(
        f"{options.rows} snapshots of {options.parameters:,}: processor seconds {best['thalweg']:.2f} / "
        f"{best['own']:.2f} = {row['ratio']:.2f} ({row['asked']}: {'met' if row['met'] else 'NOT MET'}); beside the "
        f"snapshots {peaks['thalweg']:.1f} / {peaks['own']:.1f} times one of them; cosines {cosines}"
    )
    if options.json:
        options.json.write_text(json.dumps(row, indent=1))


def walk(rows: int, parameters: int) -> np.ndarray:
    """Walk at random."""
    source, points = np.random.default_rng(0), np.empty((rows, parameters), np.float32)
    for k in range(rows):
        source.standard_normal(out=points[k], dtype=np.float32)
        points[k] = points[k] if k == 0 else points[k - 1] + 0.1 * points[k]
    return points


def own(points: np.ndarray) -> np.ndarray:
    """Find two directions as one would."""
    away = points - points[-1]
    mixes = np.linalg.eigh(away @ away.T)[1][:, :-3:-1].T
    vectors = mixes @ away
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


if __name__ == "__main__":
    main()
