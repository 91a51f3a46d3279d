"""The verb ``project``: a training run seen on a slice, and how far the picture can be trusted."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import xarray as xr

from thalweg.base.border import public
from thalweg.base.checks import whole
from thalweg.base.progress import track
from thalweg.geometry.network import Network
from thalweg.geometry.plane import Plane
from thalweg.geometry.principal import Rows, check_rows, displacements
from thalweg.geometry.statistics import Columns
from thalweg.networks.shifting import shift_of
from thalweg.networks.slices import AXES, attributes, check_plane
from thalweg.networks.verdict import verdict
from thalweg.store.kinds import Recording
from thalweg.store.recording import as_recording

NOTES = {
    "run_loss": "as recorded by the training: it may be of mini-batches, of training mode, or hold penalties",
    "true_loss": "the network's, on its stated data, at the run's own parameters",
    "surface_loss": "the network's, on its stated data, at the nearest point of the {place}",
    "distance": "of the run from the {place}, a parameter distance",
    "travelled": "distance of the run from the {place}'s origin, a parameter distance",
}


@public
def project(network: Network, plane: Plane, recording: Recording, *, most: int = 200) -> xr.Dataset:
    """Project a training run onto a line or plane, and tell whether the surface there is the one that it went over.

    A path drawn on a slice is a shadow: the run was elsewhere, and had another loss. So the loss is evaluated twice at
    every step: where the run was, and at the nearest point of the plane, which the picture shows.

    Parameters
    ----------
    network : from :func:`thalweg.networks.wrap`; both losses are on its data
    plane : from one of :mod:`thalweg.networks.directions`; its directions need not be at right angles
    recording : of a training run (step, param), which may be larger than memory, or one run of :func:`thalweg.descend`
    most : steps evaluated at most, evenly chosen, the first and the last among them

    Returns
    -------
    xarray.Dataset
        ================ ==== ================== ===========================================================
        variable         dims unit               meaning
        ================ ==== ================== ===========================================================
        ``x``, ``y``     step of the plane       nearest point of the plane, units in ``x_unit``, ``y_unit``
        ``distance``     step parameter distance of the run from the plane
        ``travelled``    step parameter distance of the run from the plane's origin
        ``true_loss``    step of the loss        on the network's data, at the run's own parameters
        ``surface_loss`` step of the loss        on the network's data, under the path
        ``run_loss``     step of the loss        as the training recorded it; NaN where it was not
        ================ ==== ================== ===========================================================

        In attributes ``share``, of the squared distances of *all* recorded steps from the origin, what lies in the
        plane, ``share_x`` and ``share_y``, what each direction alone explains (they add up where these are at right
        angles); the ``verdict`` in words and ``trust``: ``"good"`` if surface and run differ by at most 5 % of the
        range of the run's losses, ``"fair"`` up to 20 %, else ``"poor"``; ``worst_step`` and ``worst_gap``, as part of
        that range. Where the recorded losses are the network's own of the row before (``recorded_shift`` 1: recorded
        after the update) or behind (-1), the verdict says so, and trust is at most ``"fair"``.

    Raises
    ------
    InvalidValue
        If plane or recording are of another network, directions are parallel, or recorded parameters are not finite.

    Examples
    --------
    >>> import optax, thalweg as tw
    >>> objective = tw.objective(tw.problems.himmelblau())
    >>> run = tw.descend(objective, optax.sgd(0.01), starts=[0, 4], steps=30).isel(run=0)
    >>> himmelblau = tw.networks.wrap(objective)
    >>> plane = tw.networks.directions.principal(himmelblau, run, count=1)
    >>> tw.networks.project(himmelblau, plane, run).attrs["trust"]
    'poor'
    """
    check_plane(network, plane)
    whole("most", most, at_least=2)
    taken = as_recording(recording)
    rows = check_rows(network, taken["params"])
    chosen = np.unique(np.linspace(0, rows.shape[0] - 1, min(most, rows.shape[0])).round().astype(int))
    shadow = _shadow(network, plane, rows, chosen)
    names = AXES[: len(plane.directions)]
    notes = {name: note.format(place=("line", "plane")[len(names) - 1]) for name, note in NOTES.items()}
    path = {
        **dict(zip(names, shadow.places.T, strict=True)),
        "distance": shadow.distance,
        "travelled": shadow.travelled,
        "run_loss": taken["loss"].values[chosen].astype(np.float64),
        "true_loss": shadow.losses,
        "surface_loss": network.values(plane, shadow.places),
    }
    known = dict(zip(chosen.tolist(), shadow.losses.tolist(), strict=True))
    shares = shadow.shares | {"recorded_shift": shift_of(network, taken, known)}
    result = xr.Dataset(
        {name: ("step", values, {"note": notes[name]} if name in notes else {}) for name, values in path.items()},
        coords={"step": taken["step"].values[chosen]},
        attrs=attributes(network, plane) | shares | {"share_of": "all recorded steps", "steps": rows.shape[0]},
    )
    return result.assign_attrs(verdict(result))


class _Shadow(NamedTuple):
    """A run on a plane: at the chosen steps, and the shares of all."""

    places: np.ndarray
    distance: np.ndarray
    travelled: np.ndarray
    losses: np.ndarray
    shares: dict[str, float]


def _shadow(network: Network, plane: Plane, rows: Rows, chosen: np.ndarray) -> _Shadow:
    """Go through a run once, and measure it."""
    # With orthonormal vectors least squares need no inverse, and nearly parallel directions lose no digits to it.
    trained = network.trained
    directions = np.asarray(plane.directions, dtype=np.float64)[:, :trained]
    basis, corner = np.linalg.qr(directions.T)
    units = directions / np.linalg.norm(directions, axis=1, keepdims=True)
    parts: list[tuple[np.ndarray, ...]] = []
    whole_way, inside, alone = 0.0, 0.0, np.zeros(len(units))
    origin = np.asarray(plane.origin, dtype=np.float64)
    for span, block in displacements(Columns(rows, trained), origin[:trained]):
        along = block @ basis
        left, way = np.linalg.norm(block - along @ basis.T, axis=1), np.linalg.norm(block, axis=1)
        whole_way, inside = whole_way + float(way @ way), inside + float(np.sum(along**2))
        alone += np.sum((block @ units.T) ** 2, axis=0)
        here = chosen[(chosen >= span.start) & (chosen < span.stop)] - span.start
        losses = [
            network.value(np.asarray(rows[row : row + 1])[0])
            for row in track((here + span.start).tolist(), "projecting")
        ]
        parts.append((np.linalg.solve(corner, along[here].T).T, left[here], way[here], np.array(losses)))
    # A run that never leaves the origin lies in the plane.
    share = inside / whole_way if whole_way else 1.0
    each = alone / whole_way if whole_way else np.ones(len(units))
    shares = {"share": share} | {f"share_{axis}": float(part) for axis, part in zip(AXES, each, strict=False)}
    places, distance, travelled, losses = (np.concatenate(column) for column in zip(*parts, strict=True))
    return _Shadow(places, distance, travelled, losses, shares)
