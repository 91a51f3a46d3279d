"""The verb ``slices_by_layer``: the loss along a direction of each layer alone."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from thalweg.base.border import public
from thalweg.base.checks import whole
from thalweg.base.errors import InvalidValue
from thalweg.geometry.directions import filter_normalised
from thalweg.geometry.network import Network
from thalweg.geometry.plane import Plane
from thalweg.geometry.restriction import leaves_chosen
from thalweg.networks.slices import attributes, slice


@public
def slices_by_layer(
    network: Network,
    layers: Sequence[str] | None = None,
    *,
    span: float | tuple[float, float] = 1.0,
    points: int = 101,
    seed: int = 0,
    at: ArrayLike | None = None,
) -> xr.Dataset:
    """Evaluate the loss along a filter-normalised direction of each layer, while all others stay where they are.

    One direction is drawn, that of :func:`thalweg.networks.directions.filter_normalised`; that of a layer is its part
    of it, so that layers are compared as they would move together.

    Parameters
    ----------
    network : from :func:`thalweg.networks.wrap`
    layers : names of parameter arrays for each, with ``*`` for any letters, such as ``["encoder.*", "head.*"]``; by
        default all arrays that have one name but for its last part make a layer, wherever they have filters
    span : a number ``s`` for ``[-s, s]``, or a pair, in norms of each filter
    points : along each direction
    seed : of the direction
    at : (param,), where the layers are moved from; the network's own parameters by default

    Returns
    -------
    xarray.Dataset
        ========= ======== ================== =======================================================
        variable  dims     unit               meaning
        ========= ======== ================== =======================================================
        ``layer`` layer                       coordinate: its name, or the pattern given
        ``x``     x        each filter's norm coordinate along each direction
        ``loss``  layer, x of the loss        not finite where the network's is not
        ``norm``  layer    parameter distance length of the direction
        ========= ======== ================== =======================================================

        In attributes ``loss_at_origin``, kind and seed of the direction, the network's facts and versions. One of it,
        ``result.sel(layer=…)``, is a slice along a line, which :func:`thalweg.figures.slice` draws.

    Raises
    ------
    InvalidValue
        If a pattern fits no array or none with filters, none is given, or span, points or seed are not allowed.

    Examples
    --------
    >>> import numpy as np, thalweg as tw
    >>> params, apply = tw.examples.mlp("jax", (4, 3, 1))
    >>> network = tw.networks.wrap(params, lambda p: (apply(p, np.ones((2, 4), np.float32)) ** 2).mean())
    >>> slices_by_layer(network, points=3)["layer"].values.tolist()
    ['0', '1']
    """
    whole("points", points, at_least=2)
    plane = filter_normalised(network, count=1, seed=seed, at=at)
    rows = {name: _part(network, plane, names) for name, names in _layers(network, plane, layers).items()}
    lines = []
    for row in rows.values():
        line = Plane(plane.origin, row[None], ("direction of the layer",), plane.units, plane.facts)
        lines.append(slice(network, line, span=span, points=points))
    attrs = attributes(network, plane) | {"loss_at_origin": lines[0].attrs["loss_at_origin"]}
    attrs.pop("norms")
    return xr.Dataset(
        {
            "loss": (("layer", "x"), np.stack([line["loss"].values for line in lines])),
            "norm": ("layer", [float(line.attrs["norms"][0]) for line in lines]),
        },
        coords={"layer": list(rows), "x": lines[0]["x"].values},
        attrs=attrs | {"x_name": "direction of each layer"},
    )


def _part(network: Network, plane: Plane, names: Sequence[str]) -> np.ndarray:
    """Keep of a direction what lies in some arrays."""
    part = np.zeros_like(plane.directions[0])
    for leaf, span in zip(network.leaves, network.spans, strict=True):
        if leaf.name in names:
            part[span] = plane.directions[0][span]
    return part


def _layers(network: Network, plane: Plane, layers: Sequence[str] | None) -> dict[str, list[str]]:
    """Name the arrays of each layer."""
    moved = {
        leaf.name for leaf, span in zip(network.leaves, network.spans, strict=True) if plane.directions[0][span].any()
    }
    if layers is None:
        found: dict[str, list[str]] = {}
        for leaf in network.leaves:
            if leaf.name in moved:
                found.setdefault(re.sub(r"(?<=.)[./][^./]*$", "", leaf.name), []).append(leaf.name)
        return found
    if not layers:
        raise InvalidValue("layers = [] names none; give patterns of parameter arrays, or None for all layers")
    named = {pattern: [leaf.name for leaf in leaves_chosen(network, pattern)] for pattern in layers}
    for pattern, names in named.items():
        if not moved & set(names):
            raise InvalidValue(
                f"{pattern!r} has no filters other than zero, so its direction would be zero; give others"
            )
    return named
