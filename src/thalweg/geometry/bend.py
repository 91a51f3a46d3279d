"""Curves of low loss between two points of a network's surface.

T. Garipov and others, "Loss surfaces, mode connectivity, and fast ensembling of DNNs", NeurIPS 2018, arXiv:1802.10026.
"""

from __future__ import annotations

from typing import NamedTuple

import jax
import numpy as np
import optax
from jaxtyping import Float

from thalweg.base.errors import InvalidValue
from thalweg.base.precision import computing
from thalweg.base.progress import track
from thalweg.geometry.network import Flat, Network


class Bent(NamedTuple):
    """A curve's control point, and what its training met: the place and the loss there, step by step."""

    bend: Flat
    t: Float[np.ndarray, " step"]
    loss: Float[np.ndarray, " step"]


def bend(network: Network, ends: tuple[Flat, Flat], *, steps: int, rate: float, seed: int) -> Bent:
    """Train the control point of a quadratic Bézier curve so that the mean loss over t in [0, 1] falls.

    Each step draws one t evenly and moves the control point by Adam against ``2 t (1 - t) ∇L`` at that place of the
    curve. It starts halfway between the ends, all in 64 bits but the network's own gradient.
    """
    first, last = (end.astype(np.float64) for end in ends)
    control = (first + last) / 2
    places = np.random.default_rng(seed).uniform(size=steps)
    losses = np.empty(steps)
    optimizer = optax.adam(rate)
    processor = jax.local_devices(backend="cpu")[0]
    with computing(64), jax.default_device(processor):
        state, improve = optimizer.init(control), jax.jit(optimizer.update)
    for step, t in enumerate(track(places.tolist(), "connecting")):
        losses[step], slope = network.gradient((1 - t) ** 2 * first + 2 * t * (1 - t) * control + t**2 * last)
        if not (np.isfinite(losses[step]) and np.isfinite(slope).all()):
            raise InvalidValue(
                f"the loss or its gradient is not finite at t = {t:.3g} in step {step}; give a lower learning_rate or "
                "other ends"
            )
        with computing(64), jax.default_device(processor):
            update, state = improve(2 * t * (1 - t) * slope.astype(np.float64), state)
        control = control + np.asarray(update)
    return Bent(control, places, losses)
