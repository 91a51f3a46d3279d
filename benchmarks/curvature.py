"""What eigenvalues of a network's Hessian cost beside SciPy's ``eigsh`` to the same tolerance.

Run: python benchmarks/curvature.py [--count K] [--repeats N] [--json FILE]

Both multiply by the same Hessian, start from the same vector and end at a residual of 1e-3 of each eigenvalue. Products
are counted, those that measure our residuals with them; seconds are of the processor, in one process, each by turns,
the best of some counts. What they found is compared first.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # else threads wait for each other on a busy machine

import numpy as np
import torch
from scipy.sparse.linalg import LinearOperator, eigsh

import thalweg as tw
from thalweg.geometry import eigenpairs
from thalweg.geometry.draws import draw
from timing import Asked, Row, clock

SIZES = ((10, 16, 1), (10, 24, 24, 1), (10, 64, 64, 1), (64, 32, 10), (64, 64, 64, 10), (784, 64, 10))
"""Of layers; of one output they fit a sine, of ten they tell classes."""

TOL, ROWS, STEPS = 1e-3, 256, 200

ASKED = Asked("at most", 1.2)


def main(arguments: list[str] | None = None) -> None:
    """Measure all, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--count", type=int, default=3, help="of leading eigenvalues")
    parser.add_argument("--repeats", type=int, default=3, help="times each is run")
    parser.add_argument("--most", type=int, default=len(SIZES), help="networks, the smallest first")
    options = parser.parse_args(arguments)
    torch.set_num_threads(1)
    found: dict[str, Row] = {}
    for name, network in networks(options.most):
        row = compared(network, options.count, options.repeats)
        found[name] = row
        print(
            f"{name:34} products {row['ours']:4} / {row['eigsh']:4} = {row['ratio']:.2f} "
            f"({row['asked']}: {'met' if row['met'] else 'NOT MET'}), processor time {row['time']:.2f}"
        )
    if options.json:
        options.json.write_text(json.dumps(found, indent=1))


def networks(most: int) -> Iterator[tuple[str, Any]]:
    """Make networks at their start, and trained."""
    torch.manual_seed(0)
    for sizes in SIZES[:most]:
        layers: list[torch.nn.Module] = []
        for inputs, outputs in pairwise(sizes):
            layers += [torch.nn.Linear(inputs, outputs), torch.nn.Tanh()]
        model, x = torch.nn.Sequential(*layers[:-1]), torch.randn(ROWS, sizes[0])
        one = sizes[-1] == 1
        loss = torch.nn.MSELoss() if one else torch.nn.CrossEntropyLoss()
        y = torch.sin(x.sum(1, keepdim=True)) if one else torch.randint(0, sizes[-1], (ROWS,))
        for steps in (0, STEPS):
            optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
            for _ in range(steps):
                optimizer.zero_grad()
                loss(model(x), y).backward()
                optimizer.step()
            network = tw.networks.wrap(model, loss, (x, y))
            yield f"{'-'.join(map(str, sizes))}, {network.position.size:,}, step {steps}", network


def compared(network: Any, count: int, repeats: int) -> Row:
    """Find the same eigenvalues both ways."""
    start, size, rounding = draw(network.leaves, seed=0, number=0), network.position.size, 2.0**-23
    multiply, taken = network.hessian_product(), []

    def product(vector: np.ndarray) -> np.ndarray:
        taken.append(None)
        return multiply(vector.ravel())

    def ours() -> np.ndarray:
        own = start.astype(network.dtype)
        return eigenpairs.extreme(product, own, count, 0, tol=TOL, rounding=rounding).values

    def scipys() -> np.ndarray:
        operator = LinearOperator((size, size), matvec=product, dtype=np.float64)
        return np.sort(eigsh(operator, k=count, which="LA", v0=start, tol=TOL)[0])[::-1]

    calls: dict[str, Callable[[], np.ndarray]] = {"ours": ours, "eigsh": scipys}
    best, counted, values = dict.fromkeys(calls, np.inf), {}, {}
    for _ in range(repeats):
        for name, call in calls.items():
            taken.clear()
            _, used, values[name] = clock(call)
            best[name], counted[name] = min(best[name], used), len(taken)
    # Both end at a residual of 1e-3; the error of a value is about its square, over the gap.
    if not np.allclose(values["ours"], values["eigsh"], rtol=TOL):
        raise SystemExit(f"they differ: {values}")
    return ASKED.verdict(counted["ours"] / counted["eigsh"], **counted, time=best["ours"] / best["eigsh"])


if __name__ == "__main__":
    main()
