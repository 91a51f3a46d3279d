"""The verb ``interpolate``: a network's loss along a line or curve between two checkpoints."""

from __future__ import annotations

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from thalweg.base.border import public
from thalweg.base.checks import whole
from thalweg.base.errors import InvalidValue
from thalweg.geometry.directions import products, ways
from thalweg.networks.measures import Networks, described, parted
from thalweg.networks.slices import MOST, attributes, rising

BARRIER = "highest loss for t from 0 to 1, at the points evaluated, less the higher of the two ends'"

ABOVE = "highest, for t from 0 to 1 at the points evaluated, of the loss less (1 - t) times that of a and t times b's"

NODES, WEIGHTS = np.polynomial.legendre.leggauss(8)


@public
def interpolate(
    network: Networks,
    a: ArrayLike | None,
    b: ArrayLike | None,
    *,
    bend: ArrayLike | None = None,
    span: tuple[float, float] = (0.0, 1.0),
    points: int = 201,
) -> xr.Dataset:
    """Evaluate a network's loss from one checkpoint to another.

    Along the straight line ``(1 - t) a + t b``, or along the quadratic Bézier curve
    ``(1 - t)² a + 2 t (1 - t) bend + t² b``, which :func:`thalweg.networks.connect` bends so that the loss stays low.

    Parameters
    ----------
    network : from :func:`thalweg.networks.wrap`; or several of one model by name, one of them called ``loss``, as
        :func:`thalweg.networks.slice` takes them
    a, b : (param,), flat vectors; None is the network's own parameters
    bend : (param,), the curve's control point; a straight line by default
    span : of t; beyond 0 and 1 the line or curve is continued
    points : evenly spaced in t, both ends included

    Returns
    -------
    xarray.Dataset
        ============ ==== ================== ==========================================
        variable     dims unit               meaning
        ============ ==== ================== ==========================================
        ``t``        t    1                  coordinate: 0 at a, 1 at b
        ``loss``     t    of the loss        on the line or curve
        ``distance`` t    parameter distance from a along the curve; negative before it
        by its name  t    its own            each other measure; in its attributes its values ``at_ends``
        ============ ==== ================== ==========================================

        In attributes ``barrier``, where on the curve its top is (``barrier_at``) and its definition, which counts from
        the higher end (others count from the mean of both); ``loss_at_ends``; the ``length`` from a to b along the
        curve and ``straight``, that of the line; the network's facts and versions. ``linear_barrier`` counts from the
        line between both ends' losses, as where linear connectivity is studied (Entezari et al., Ainsworth et al.); it
        is at least ``barrier``.

    Raises
    ------
    InvalidValue
        If a point is not of this network or not finite, a and b are the same, or span or points are not allowed.

    References
    ----------
    I. Goodfellow, O. Vinyals, A. Saxe, "Qualitatively characterizing neural network optimization problems", ICLR 2015,
    arXiv:1412.6544. Curves: T. Garipov, P. Izmailov, D. Podoprikhin, D. Vetrov, A. G. Wilson, "Loss surfaces, mode
    connectivity, and fast ensembling of DNNs", NeurIPS 2018, arXiv:1802.10026. R. Entezari, H. Sedghi, O. Saukh,
    B. Neyshabur, "The role of permutation invariance in linear mode connectivity", ICLR 2022, arXiv:2110.06296.

    Examples
    --------
    >>> import thalweg as tw
    >>> himmelblau = tw.networks.wrap(tw.objective(tw.problems.himmelblau()))
    >>> curve = tw.networks.interpolate(himmelblau, [3, 2], [3.584428, -1.848127], points=101)
    >>> round(curve.attrs["barrier"], 1), round(curve.attrs["length"], 3)
    (13.7, 3.892)
    """
    network, measures = parted(network)
    low, high = rising(*span)
    whole("points", points, at_least=2, at_most=MOST)
    others = {"b": b} if bend is None else {"the bend": bend, "b": b}
    plane = ways(network, a, others, "line" if bend is None else "bezier")
    if not plane.directions[-1].any():
        raise InvalidValue("the checkpoints a and b are the same point; give different ones")
    along = np.linspace(low, high, points)
    # The ends are evaluated with the rest, whatever the span, so that the barrier is known.
    t = np.append(along, [0.0, 1.0])
    places = t[:, None] if bend is None else np.stack([2 * t * (1 - t), t**2], axis=1)
    losses = network.values(plane, places)
    found = {name: (other, other.values(plane, places)) for name, other in measures.items()}
    gram = products(plane.directions[:, : network.trained])
    distance = _travelled(along, gram)
    return xr.Dataset(
        {"loss": ("t", losses[:-2]), "distance": ("t", distance)}
        | {name: ("t", all_[:-2], described(one, at_ends=all_[-2:])) for name, (one, all_) in found.items()},
        coords={"t": along},
        attrs=attributes(network, plane)
        | _barrier(along, losses[:-2], losses[-2:])
        | {"length": float(_travelled(np.linspace(0, 1, 201), gram)[-1]), "straight": float(np.sqrt(gram[-1, -1]))},
    )


def _travelled(t: np.ndarray, gram: np.ndarray) -> np.ndarray:
    """Measure the way along the curve from t = 0, by Gauss' quadrature between neighbouring points."""
    if len(gram) == 1:
        return t * np.sqrt(gram[0, 0])
    knots = np.append(0.0, t)
    half = np.diff(knots) / 2
    inside = (knots[:-1] + half)[:, None] + half[:, None] * NODES
    speed = np.stack([2 - 4 * inside, 2 * inside], axis=-1)
    # Rounding may leave a square below zero where the curve turns back.
    squares = np.maximum(np.einsum("...i,ij,...j->...", speed, gram, speed), 0)
    return np.cumsum(half * (np.sqrt(squares) @ WEIGHTS))


def _barrier(t: np.ndarray, losses: np.ndarray, ends: np.ndarray) -> dict[str, float | str | list[float]]:
    inside = (t >= 0) & (t <= 1)
    places, heights = np.append(t[inside], [0.0, 1.0]), np.append(losses[inside], ends)
    top = int(np.argmax(heights))  # the first that is not a number, if any is
    with np.errstate(invalid="ignore"):  # infinite less infinite is not a number, and no barrier is known
        barrier = float(heights[top] - np.max(ends))
        above = float(np.max(heights - (1 - places) * ends[0] - places * ends[1]))
    return {
        "barrier": barrier,
        "barrier_at": float(places[top]),
        "barrier_definition": BARRIER,
        "linear_barrier": above,
        "linear_barrier_definition": ABOVE,
        "loss_at_ends": ends.tolist(),
    }
