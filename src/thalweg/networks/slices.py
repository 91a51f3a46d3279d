"""The verb ``slice``: a network's loss along a line or over a plane through its parameters."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from thalweg.base.border import public
from thalweg.base.checks import number, whole
from thalweg.base.errors import InvalidValue
from thalweg.base.showing import shown
from thalweg.geometry.directions import independent, products
from thalweg.geometry.network import Network
from thalweg.geometry.plane import Plane
from thalweg.networks.measures import Networks, described, parted
from thalweg.store.attributes import storable
from thalweg.store.versions import versions

AXES = ("x", "y")

POINTS = {1: 201, 2: 51}
"""Usual points an axis, by directions; odd, so that the origin is one of them."""

MOST = 20_000_000
"""Points of a slice at most."""

Span = float | tuple[float, float] | Sequence[tuple[float, float]]


@public
def slice(
    network: Networks, plane: Plane, *, span: Span = 1.0, points: int | Sequence[int] | None = None, plain: bool = False
) -> xr.Dataset:
    """Evaluate a network's loss on a grid along a line, or over a plane, through its parameters.

    Parameters
    ----------
    network : from :func:`thalweg.networks.wrap`; or several of one model by name, such as ``{"loss": network,
        "test_loss": other, "accuracy": third}``, wrapped with other data or another step, which need not be
        differentiable; one is called ``loss``
    plane : from one of :mod:`thalweg.networks.directions`
    span : in units of the plane: a number ``s`` for ``[-s, s]``, a pair ``(low, high)``, or one pair an axis; both ends
        are included
    points : along each axis, or one number an axis, first x, then y; 51 of a plane, 201 of a line by default. Of an odd
        number over ``[-s, s]`` the middle is the origin
    plain : whether the whole network is evaluated at every point; slower, equal to rounding, made for comparison

    Returns
    -------
    xarray.Dataset
        ======== ==== ==================== ==============================================================
        variable dims unit                 meaning
        ======== ==== ==================== ==============================================================
        ``x``    x    attribute ``x_unit`` coordinate along the first direction
        ``y``    y    attribute ``y_unit`` coordinate along the second; not there for a line
        ``loss`` y, x of the loss          not finite where the network's is not; over x alone for a line
        by name  y, x its own              each other measure, likewise
        ======== ==== ==================== ==============================================================

        In attributes names and units of the axes, the ``norms`` of the directions and the ``cosine`` between them, how
        they were made, ``loss_at_origin`` as the network itself computes it, the network's facts and versions. Each
        other measure has its own facts, and its value ``at_origin``, in the attributes of its variable.

    Raises
    ------
    InvalidValue
        If the plane or a measure is of another network, the plane has more than two directions, directions are
        parallel, or span or points are not allowed.

    Examples
    --------
    >>> import thalweg as tw
    >>> himmelblau = tw.networks.wrap(tw.objective(tw.problems.himmelblau()))
    >>> plane = tw.networks.directions.orthonormal(himmelblau, seed=2)
    >>> surface = tw.networks.slice(himmelblau, plane, span=[(-2, 2), (-1, 1)], points=[21, 11])
    >>> dict(surface.sizes), surface.attrs["x_unit"]
    ({'y': 11, 'x': 21}, 'parameter distance')
    """
    network, others = parted(network)
    check_plane(network, plane)
    names = AXES[: len(plane.directions)]
    counts = _counts(points, len(names))
    places = [_along(*pair, count) for pair, count in zip(_pairs(span, len(names)), counts, strict=True)]
    # The first axis, x, is the fastest.
    grid = np.stack([part.ravel() for part in np.meshgrid(*places)], axis=1)
    measures = {"loss": (network, {})} | {
        name: (other, described(other, at_origin=other.value(plane.origin))) for name, other in others.items()
    }
    return xr.Dataset(
        {
            name: (names[::-1], one.values(plane, grid, plain=plain).reshape(counts[::-1]), facts)
            for name, (one, facts) in measures.items()
        },
        coords=dict(zip(names, places, strict=True)),
        attrs=attributes(network, plane) | {"loss_at_origin": network.value(plane.origin)},
    )


def check_plane(network: Network, plane: Plane) -> None:
    """Refuse a plane that is not of a network, or that a slice cannot be taken of."""
    network.point(plane.origin)
    if len(plane.directions) > len(AXES):
        raise InvalidValue(f"a plane of {len(plane.directions)} directions cannot be sliced; give one or two")
    independent(np.asarray(plane.directions))


def attributes(network: Network, plane: Plane) -> dict[str, Any]:
    """Collect what describes a plane, the network and versions."""
    gram = products(np.asarray(plane.directions)[:, : network.trained])
    norms = np.sqrt(np.diag(gram))
    facts = storable({**network.facts, **plane.facts, "norms": norms})
    for axis, name, unit in zip(AXES, plane.names, plane.units, strict=False):
        facts |= {f"{axis}_name": name, f"{axis}_unit": unit}
    if len(gram) == 2:
        facts["cosine"] = float(gram[0, 1] / norms.prod())
    return facts | versions("thalweg", "numpy")


def rising(low: float, high: float) -> tuple[float, float]:
    """Check a span."""
    low, high = number("span", low), number("span", high)
    if low >= high:
        raise InvalidValue(f"span = ({low:g}, {high:g}) is empty; give (low, high) with low below high")
    return low, high


def _pairs(span: Any, axes: int) -> list[tuple[float, float]]:
    shape = np.shape(span)
    if shape == ():
        high = number("span", span, above=0)
        return [(-high, high)] * axes
    if shape not in ((2,), (axes, 2)):
        pairs = f"{axes} pair{'s' * (axes > 1)}"
        raise InvalidValue(f"span = {shown(span)} is not allowed; give a number, a pair (low, high), or {pairs}")
    return [rising(*pair) for pair in ([span] * axes if shape == (2,) else span)]


def _counts(points: int | Sequence[int] | None, axes: int) -> list[int]:
    each = POINTS[axes] if points is None else points
    counts = list(each) if isinstance(each, Sequence | np.ndarray) else [each] * axes
    if len(counts) != axes:
        raise InvalidValue(
            f"points = {shown(points)} has {len(counts)} numbers; give one, or one for each of {axes} axes"
        )
    counts = [whole("points", count, at_least=2) for count in counts]
    if math.prod(counts) > MOST:
        raise InvalidValue(f"points = {counts} make {math.prod(counts):,} in all; give at most {MOST:,}")
    return counts


def _along(low: float, high: float, count: int) -> np.ndarray:
    """Space coordinates evenly; symmetric to the bit about an origin in the middle, which is exactly zero."""
    if low == -high:
        return high * (np.arange(1 - count, count, 2) / (count - 1))
    return np.linspace(low, high, count)
