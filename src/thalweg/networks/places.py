"""Where a measure of a network is taken: at one point, or at every step of a run."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from thalweg.base.errors import InvalidValue
from thalweg.base.progress import track
from thalweg.geometry.network import Flat, Network
from thalweg.geometry.statistics import held
from thalweg.store.attributes import storable
from thalweg.store.recording import as_recording
from thalweg.store.versions import versions

At = ArrayLike | xr.Dataset | None
"""A flat vector, a recording or a run, or None for the network's own parameters."""

Places = list[tuple[int | None, Flat]]
"""Points with the steps of a run that they belong to, where there is one."""


def places_of(network: Network, at: At) -> Places:
    """Find the points of a network that are meant."""
    if not isinstance(at, xr.Dataset):
        return [(None, network.point(at))]
    recording = as_recording(at)
    steps = recording["step"].values.tolist()
    return [(step, network.point(recording["params"][k].values)) for k, step in enumerate(steps)]


def said(step: int | None) -> str:
    """Name a step, to follow what is wrong there."""
    return "" if step is None else f" at step {step}"


Measure = Callable[[Network, Flat, str], xr.Dataset]
"""Measures a network of parameters alone at a point; the text says where, for messages."""


def measured(network: Network, at: At, name: str, measure: Measure, facts: dict[str, object]) -> xr.Dataset:
    """Take a measure at one point, or at every step of a run, with the dimension step in front.

    What normalisation layers gathered is held where it is at each point. What is measured describes itself; ``facts``
    describe how, and the network's own and versions are added. ``loss`` is the network's at each point.
    """
    found = []
    places = places_of(network, at)
    for step, point in track(places, name):
        parameters, place = held(network, point)
        value = parameters.value(place)
        found.append(measure(parameters, place, said(step)).assign(loss=((), value)))
    attributes = storable({**network.facts, **facts}) | versions("thalweg", "numpy")
    if places[0][0] is None:
        return found[0].assign_attrs(attributes)
    steps = xr.DataArray([step for step, _ in places], dims="step", name="step")
    return xr.concat(found, dim=steps, join="exact", data_vars="all").assign_attrs(attributes)


def finite_gradient(network: Network, point: Flat, where: str) -> tuple[float, np.ndarray]:
    """Compute the loss and its gradient in 64 bits.

    Raises
    ------
    InvalidValue
        If one of them is not finite.
    """
    loss, gradient = network.gradient(point)
    if not (np.isfinite(loss) and np.isfinite(gradient).all()):
        raise InvalidValue(f"the loss or its gradient{where} is not finite; give a point where both are")
    return loss, gradient.astype(np.float64)
