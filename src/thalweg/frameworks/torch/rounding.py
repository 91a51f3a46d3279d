"""What rounding does to a loss: how far it is spread by it, below which a slice shows arithmetic and no surface.

A parameter of few bits stands on a grid, and on a slice it is rounded to it: its error is anywhere within half a unit
in the last place, either way. The loss at points that are a hair's breadth apart differs by what these errors, and
those of all that is computed from them, make of it. That is measured: the network's own parameters are moved at random
by as much, and the losses' standard deviation is taken.

Moved by as much. A parameter of few bits cannot be moved by half a unit; so it is moved by a whole one, up or down, as
often as gives the variance of what is spread evenly over one unit, 1/12 of its square. A parameter of many bits that is
rounded on the way, as under autocast, is moved evenly within half a unit of that type.

Deviations of few draws are themselves uncertain: of eight, by a quarter.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from jaxtyping import Float

from thalweg.frameworks.common.installed import torch
from thalweg.geometry.network import Flat

DRAWS = 8
"""Points at which the loss is taken."""


def spread(replica: Any, position: Flat, loss: Callable[[Flat], float]) -> float:
    """Measure the standard deviation of a loss under rounding, at a position."""
    source = np.random.default_rng(0)
    units, grid = np.empty(position.size), np.empty(position.size, dtype=bool)
    coarsest = max(replica.types, key=lambda kind: torch.finfo(kind).eps)
    for parameter, span in zip(replica.parameters, replica.spans, strict=True):
        grid[span] = parameter.dtype.itemsize < position.dtype.itemsize
        units[span] = _units(position[span], parameter.dtype if grid[span.start] else coarsest)
    losses = []
    for _ in range(DRAWS):
        draws = source.random(position.size)
        whole = np.where(draws < 1 / 24, -1.0, np.where(draws < 1 / 12, 1.0, 0.0))
        losses.append(loss((position + np.where(grid, whole, draws - 0.5) * units).astype(position.dtype)))
    return float(np.std(losses, ddof=1))


def _units(values: Flat, kind: Any) -> Float[np.ndarray, " param"]:
    """Compute the units in the last place of numbers of a type."""
    facts = torch.finfo(kind)
    exponents = np.floor(np.log2(np.maximum(np.abs(values.astype(np.float64)), facts.tiny)))
    return np.where(values == 0, 0.0, facts.eps * 2.0**exponents)
