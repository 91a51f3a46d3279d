"""The verb ``sharpness``: how far the loss rises within a small distance of a point.

In the adaptive kind every parameter is measured by its own size: with ``T = diag |w|`` a displacement ``ε = T s`` has
the length of ``s``. A layer of rectified units may be multiplied by a number and the next divided by it, and nothing
of a network changes; Euclidean lengths change with it, these do not (Kwon et al. 2021, theorem 1). Then the gradient by
``s`` is ``T g``, and all is as in the plain kind, where ``T`` is one.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np
import xarray as xr

from thalweg.base.border import public
from thalweg.base.checks import number, whole
from thalweg.base.errors import InvalidValue
from thalweg.geometry.draws import draw
from thalweg.geometry.lanczos import standard_error
from thalweg.geometry.network import Flat, Network
from thalweg.networks.places import At, finite_gradient, measured

Kind = Literal["ascent", "adaptive", "average"]

COUNTS = {"ascent": 10, "adaptive": 10, "average": 100}
"""Steps of ascent, or draws, by default."""


@public
def sharpness(
    network: Network,
    at: At = None,
    *,
    radius: float | Sequence[float] = 0.05,
    kind: Kind = "ascent",
    count: int | None = None,
    seed: int = 0,
) -> xr.Dataset:
    """Measure how sharp the loss of a network is: by how much it rises within a radius.

    ``"ascent"``, the sharpness that SAM descends (Foret et al.): one step of length ``radius`` along the gradient leads
    to ``w + radius g / ‖g‖``, and ``rise`` is the loss there less that at ``w``. From there gradient steps of the same
    length go on, each projected back into the ball; ``highest`` is the largest rise of all points met, a lower bound of
    the largest in the ball.

    ``"adaptive"`` (ASAM, Kwon et al.): the same in the ellipsoid ``‖ε / |w|‖ ≤ radius``, each parameter measured by its
    own size. The first step is ``radius T² g / ‖T g‖`` with ``T = diag |w|``. It does not change where layers of
    rectified units are rescaled without changing the network. (Their code leaves biases out of T and adds 0.01.)

    ``"average"``: the mean rise over Gaussian displacements, of standard deviation ``radius / √parameters`` each, so
    that they are ``radius`` long on average. For a small radius it is ``radius² tr H / (2 parameters)``. Draws are the
    same for the same network in every framework.

    Parameters
    ----------
    network : from :func:`thalweg.networks.wrap`
    at : a flat vector (param,); a recording, or a run of :func:`thalweg.descend`, for each of its steps; the network's
        own parameters by default
    radius : a distance, above 0, or several; of the adaptive kind relative to the parameters
    kind : of the three above
    count : steps of ascent, the first among them, 10 by default; draws, 100 by default, at least 2
    seed : of the draws

    Returns
    -------
    xarray.Dataset
        ============== ====== ================== ====================================================================
        variable       dims   unit               meaning
        ============== ====== ================== ====================================================================
        ``radius``     radius parameter distance coordinate; for ``"adaptive"`` relative to each parameter, without
                                                 unit
        ``rise``       radius of the loss        after one step of ascent; the mean over draws for ``"average"``
        ``highest``    radius of the loss        the largest met in ``count`` steps; not there for ``"average"``
        ``rise_error`` radius of the loss        standard error of the mean; for ``"average"`` only
        ``loss``              of the loss        the network's
        ============== ====== ================== ====================================================================

        Of one radius there is no dimension. Along a run all have the dimension step in front. Where the gradient is
        exactly zero there is no way up, and the rises of ascent are NaN. In attributes ``kind``, ``count``, ``seed``.

    Raises
    ------
    InvalidValue
        If settings are out of range, the recording is of another network, or loss or gradient are not finite at a
        point.

    References
    ----------
    P. Foret, A. Kleiner, H. Mobahi, B. Neyshabur, "Sharpness-aware minimization for efficiently improving
    generalization", ICLR 2021, arXiv:2010.01412. J. Kwon, J. Kim, H. Park, I. K. Choi, "ASAM: Adaptive sharpness-aware
    minimization for scale-invariant learning of deep neural networks", ICML 2021, arXiv:2102.11600.

    Examples
    --------
    >>> import thalweg as tw
    >>> hill = tw.networks.wrap(tw.objective(tw.problems.himmelblau()))
    >>> sharp = tw.networks.sharpness(hill, [3.1, 2.0], radius=[0.05, 0.1])
    >>> sharp["rise"].values.round(2).tolist(), sharp["highest"].values.round(2).tolist()
    ([0.51, 1.26], [0.51, 1.26])
    """
    radii, steps = _radii(radius), _count(kind, count)
    whole("seed", seed, at_least=0)

    def measure(parameters: Network, point: Flat, where: str) -> xr.Dataset:
        if kind == "average":
            found = [_average(parameters, point, length, steps, seed, where) for length in radii]
            names = ("rise", "rise_error")
        else:
            slope = finite_gradient(parameters, point, where)
            found = [_ascent(parameters, point, slope, length, steps, kind=kind) for length in radii]
            names = ("rise", "highest")
        columns = zip(names, zip(*found, strict=True), strict=True)
        return xr.Dataset({name: ("radius", np.array(column)) for name, column in columns}, {"radius": radii})

    result = measured(network, at, "sharpness", measure, {"kind": kind, "count": steps, "seed": seed})
    # The loss has no radius, and what has one radius no dimension of it.
    return result.isel(radius=0) if np.ndim(radius) == 0 else result


def _radii(radius: float | Sequence[float]) -> list[float]:
    radii = list(radius) if np.ndim(radius) else [radius]  # pyright: ignore[reportArgumentType]
    if not radii:
        raise InvalidValue("radius = [] holds none; give one above 0, or several")
    return [number("radius", one, above=0, at_most=1e30) for one in radii]


def _count(kind: Kind, count: int | None) -> int:
    if count is None:
        return COUNTS[kind]
    return whole("count", count, at_least=2 if kind == "average" else 1, at_most=1_000_000)


def _ascent(
    network: Network, point: Flat, slope: tuple[float, Flat], radius: float, steps: int, *, kind: Kind
) -> tuple[float, float]:
    """Climb by projected gradient steps; give the rise of the first, and the largest of all."""
    (loss, gradient), start = slope, point.astype(np.float64)
    scale = np.abs(start) if kind == "adaptive" else np.ones(len(start))
    at, rises = np.zeros(len(start)), []
    for step in range(steps):
        upward = scale * gradient
        length = float(np.linalg.norm(upward))
        if not (np.isfinite(length) and length > 0):
            break
        at = at + radius * upward / length
        at *= radius / max(radius, float(np.linalg.norm(at)))
        place = start + scale * at
        # The last place needs no gradient.
        value, gradient = network.gradient(place) if step + 1 < steps else (network.value(place), gradient)
        rises.append(value - loss)
    if not rises:
        return np.nan, np.nan
    return rises[0], float(np.max(rises))  # NaN where one is


def _average(network: Network, point: Flat, radius: float, draws: int, seed: int, where: str) -> tuple[float, float]:
    """Average the rise over Gaussian displacements; their numbers are the same for every radius."""
    start, loss = point.astype(np.float64), network.value(point)
    if not np.isfinite(loss):
        raise InvalidValue(f"the loss{where} is {loss:g}; give a point where it is finite")
    width = radius / np.sqrt(len(start))
    away = (draw(network.leaves, seed=seed, number=k) for k in range(draws))
    rises = np.array([network.value(start + width * one) - loss for one in away])
    return float(rises.mean()), float(standard_error(rises))
