"""The verb ``connect``: a curve of low loss between two checkpoints."""

from __future__ import annotations

import jax
import numpy as np
import optax
import xarray as xr
from numpy.typing import ArrayLike

from thalweg.base.border import public
from thalweg.base.checks import number, whole
from thalweg.base.errors import InvalidValue
from thalweg.base.precision import computing
from thalweg.base.progress import track
from thalweg.geometry.network import Flat, Network
from thalweg.store.attributes import storable
from thalweg.store.versions import versions


@public
def connect(
    network: Network,
    a: ArrayLike | None,
    b: ArrayLike | None,
    *,
    steps: int = 500,
    learning_rate: float = 0.01,
    seed: int = 0,
) -> xr.Dataset:
    """Bend a curve between two checkpoints until the loss along it is low.

    The control point of the quadratic Bézier curve ``(1 - t)² a + 2 t (1 - t) bend + t² b`` is trained by Adam, from
    halfway between the ends, on the loss at one place ``t`` a step, drawn evenly from [0, 1]. Give the bend to
    :func:`thalweg.networks.interpolate` to see the loss along the curve.

    Parameters
    ----------
    network : from :func:`thalweg.networks.wrap`
    a, b : (param,), flat vectors; None is the network's own parameters
    steps : of Adam, one gradient of the network each
    learning_rate : of Adam: about how far a step moves each parameter
    seed : of the places

    Returns
    -------
    xarray.Dataset
        ======== ===== ================= =======================================
        variable dims  unit              meaning
        ======== ===== ================= =======================================
        ``bend`` param of the parameters the curve's control point, 64-bit
        ``t``    step  1                 place on the curve, from 0 (a) to 1 (b)
        ``loss`` step  of the loss       at that place, before the step's update
        ======== ===== ================= =======================================

        In attributes the settings, the network's facts and versions.

    Raises
    ------
    InvalidValue
        If a point is not of this network, a and b are the same, settings are not allowed, or a loss or gradient on the
        curve is not finite.

    References
    ----------
    T. Garipov, P. Izmailov, D. Podoprikhin, D. Vetrov, A. G. Wilson, "Loss surfaces, mode connectivity, and fast
    ensembling of DNNs", NeurIPS 2018, arXiv:1802.10026. (They train with the network's own optimiser.)

    Examples
    --------
    >>> import thalweg as tw
    >>> himmelblau, a, b = tw.networks.wrap(tw.objective(tw.problems.himmelblau())), [3, 2], [3.584428, -1.848127]
    >>> trained = tw.networks.connect(himmelblau, a, b, steps=200)
    >>> bent = tw.networks.interpolate(himmelblau, a, b, bend=trained["bend"])
    >>> bent.attrs["barrier"] < tw.networks.interpolate(himmelblau, a, b).attrs["barrier"]
    True
    """
    whole("steps", steps, at_least=1, at_most=1_000_000)
    number("learning_rate", learning_rate, above=0)
    whole("seed", seed, at_least=0)
    ends = (network.point(a), network.point(b))
    if np.array_equal(*ends):
        raise InvalidValue("the checkpoints a and b are the same point; give different ones")
    places = np.random.default_rng(seed).uniform(size=steps)
    bend, losses = _bent(network, ends, places, learning_rate)
    return xr.Dataset(
        {"bend": ("param", bend), "t": ("step", places), "loss": ("step", losses)},
        coords={"step": np.arange(steps)},
        attrs={
            **storable(network.facts),
            "kind": "bezier",
            **{"steps": steps, "learning_rate": learning_rate, "seed": seed, "optimizer": "adam"},
            **versions("thalweg", "numpy", "optax"),
        },
    )


def _bent(network: Network, ends: tuple[Flat, Flat], places: np.ndarray, rate: float) -> tuple[Flat, np.ndarray]:
    """Train the control point, from halfway between the ends; returns it, and the losses that were met.

    Each step moves it by Adam against ``2 t (1 - t) ∇L`` at one place of the curve, all in 64 bits but the network's
    own gradient.
    """
    first, last = (end.astype(np.float64) for end in ends)
    control, losses = (first + last) / 2, np.empty(len(places))
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
    return control, losses
