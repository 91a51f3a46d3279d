"""The verb ``connect``: a curve of low loss between two checkpoints."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from thalweg.base.border import public
from thalweg.base.checks import number, whole
from thalweg.base.errors import InvalidValue
from thalweg.geometry import bend as curves
from thalweg.geometry.network import Network
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
    curve = curves.bend(network, ends, steps=steps, rate=learning_rate, seed=seed)
    return xr.Dataset(
        {"bend": ("param", curve.bend), "t": ("step", curve.t), "loss": ("step", curve.loss)},
        coords={"step": np.arange(steps)},
        attrs={
            **network.facts,
            "kind": "bezier",
            **{"steps": steps, "learning_rate": learning_rate, "seed": seed, "optimizer": "adam"},
            **versions("thalweg", "numpy", "optax"),
        },
    )
