"""The verb ``advise_span``: how far a slice should reach, so that the loss rises to a stated multiple."""

from __future__ import annotations

import numpy as np

from thalweg.base.border import public
from thalweg.base.checks import number
from thalweg.base.errors import InvalidValue
from thalweg.geometry.network import Network
from thalweg.geometry.plane import Plane
from thalweg.networks.slices import check_plane

REACH = 20
"""The loss is looked at from 2 to the power of minus this up to 2 to the power of this."""

HALVINGS = 6
"""Of the way between two powers of two, in the logarithm: to 1.1 %."""


@public
def advise_span(network: Network, plane: Plane, *, factor: float = 10.0) -> list[tuple[float, float]]:
    """Find a span of a slice, at whose ends the loss has risen to a multiple of that at the origin.

    Along each direction, forth and back, the loss is evaluated at powers of two of its unit, and then between the two
    where it first is ``factor`` times that at the origin, or not finite, on one of the sides. Between powers of two a
    loss may rise and fall again unseen.

    Parameters
    ----------
    network : from :func:`thalweg.networks.wrap`
    plane : from one of :mod:`thalweg.networks.directions`
    factor : to what multiple of the loss at the origin it should rise

    Returns
    -------
    list
        A pair ``(-s, s)`` for each direction, in units of the plane, as :func:`thalweg.networks.slice` takes them; to
        two digits.

    Raises
    ------
    InvalidValue
        If the loss at the origin is not above zero, it nowhere rises so far, or the plane is of another network.

    Examples
    --------
    >>> import thalweg as tw
    >>> himmelblau = tw.networks.wrap(tw.objective(tw.problems.himmelblau()))
    >>> plane = tw.networks.directions.given(himmelblau, [1, 0], [0, 1], at=[0, 0])
    >>> advise_span(himmelblau, plane, factor=1.5)
    [(-4.7, 4.7), (-3.7, 3.7)]
    """
    check_plane(network, plane)
    factor = number("factor", factor, above=1)
    start = network.value(plane.origin)
    if not (np.isfinite(start) and start > 0):
        raise InvalidValue(
            f"the loss at the origin is {start:.3g}, of which there is no multiple above it; give a span of your own"
        )
    return [_side(network, plane, axis, factor * start) for axis in range(len(plane.directions))]


def _side(network: Network, plane: Plane, axis: int, height: float) -> tuple[float, float]:
    """Find a span along one direction."""

    def reached(distances: np.ndarray) -> np.ndarray:
        places = np.zeros((2 * len(distances), len(plane.directions)))
        places[:, axis] = np.concatenate([distances, -distances])
        losses = network.values(plane, places).reshape(2, -1)
        return np.asarray((~np.isfinite(losses) | (losses >= height)).any(axis=0))

    powers = 2.0 ** np.arange(-REACH, REACH + 1)
    beyond = reached(powers)
    if not beyond.any() or beyond[0]:
        where = "is above" if beyond[0] else "does not rise to"
        raise InvalidValue(
            f"along {plane.names[axis]!r} the loss {where} {height:.3g} from {powers[0]:.1g} to {powers[-1]:.1g} of "
            "its unit; give another factor, or a span of your own"
        )
    high = float(powers[int(np.argmax(beyond))])
    low = high / 2
    for _ in range(HALVINGS):
        middle = float(np.sqrt(low * high))
        low, high = (low, middle) if reached(np.array([middle]))[0] else (middle, high)
    side = float(f"{high:.2g}")
    return -side, side
