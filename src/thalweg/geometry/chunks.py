"""How many points of a slice are evaluated at once.

As many as take a tenth of a second, measured on the first eight of them, so that progress is heard of and the threads
end at about the same time. What would break it: an evaluator that is slow at its first few calls only; the measurement
is repeated once, on the next eight, where something may have been compiled.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
from jaxtyping import Float

from thalweg.base.parallel import cores

Values = Callable[[Float[np.ndarray, "point axis"]], Float[np.ndarray, " point"]]
"""Losses at coordinates of a plane; the loss of one point does not depend on the others."""

CHUNK = 512
"""Points of a slice that are handed to an evaluator at once at most."""

TRIED, PAUSE = 8, 0.1
"""Points that tell how long one takes, and seconds that a chunk takes at most, about: progress is shown after each."""


def fitting(evaluate: Values, coordinates: np.ndarray, parallel: bool) -> tuple[list[np.ndarray], int]:
    """Choose how many points make a chunk: as many for every core, and not so many that nothing is heard of it.

    Returns
    -------
    tuple
        The losses of the first points, on which that was measured, piece by piece, and the number.
    """
    first, each_takes = _timed(evaluate, coordinates[:TRIED])
    begun = [first]
    if each_takes > PAUSE / CHUNK and len(coordinates) > TRIED:  # something may have been compiled
        second, each_takes = _timed(evaluate, coordinates[TRIED : 2 * TRIED])
        begun.append(second)
    left = len(coordinates) - sum(map(len, begun))
    shared = -(-left // (cores() if parallel else 1))
    return begun, max(1, min(int(PAUSE / each_takes), shared, CHUNK))


def _timed(evaluate: Values, coordinates: np.ndarray) -> tuple[np.ndarray, float]:
    """Evaluate points, and tell how long one takes, in seconds."""
    begun = time.perf_counter()
    losses = np.asarray(evaluate(coordinates), dtype=np.float64)
    return losses, (time.perf_counter() - begun) / max(len(coordinates), 1)
