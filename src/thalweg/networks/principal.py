"""The verb ``principal``: the directions that hold most of a recorded training run."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from thalweg.base.border import public
from thalweg.geometry.network import Network
from thalweg.geometry.plane import Plane
from thalweg.geometry.principal import Stacked, check_rows
from thalweg.geometry.principal import principal as principal_of
from thalweg.store.kinds import Recordings
from thalweg.store.recording import as_recording


@public
def principal(network: Network, recording: Recordings, *, count: int = 2, at: ArrayLike | None = None) -> Plane:
    """Find the directions that hold most of a training run: principal directions of its displacements from its end.

    They are the leading right singular vectors of the matrix whose rows are ``θ_i - θ_n``, one for each recorded step;
    nothing else is taken away from it. The recording may be larger than memory: it is read in blocks, a few dozen times
    at most. All parameters count, biases and normalisation layers, too.

    That two directions hold nearly all of a run does not show that training moves in two dimensions. The path of a
    plain random walk in very many dimensions does the same: its first direction holds ``8 / π²`` of the squared
    distances from its end, 81 %, its first two 90 %, and drawn in them it is a smooth curve.

    Parameters
    ----------
    network : whose parameters they are
    recording : of a training run (step, param), or one run of :func:`thalweg.descend`; or a list of several, whose
        steps count alike and whose displacements are all measured from the end of the first
    count : how many; a slice takes 1 or 2
    at : (param,), another origin than the end of the run (of the first), from which displacements are measured, too

    Returns
    -------
    Plane
        Directions of length one, at right angles, the largest component of each positive; ``shares`` of the squared
        distances in its facts.

    Raises
    ------
    InvalidValue
        If the recording is of another network, not finite, or spans fewer directions than are asked for.

    References
    ----------
    H. Li, Z. Xu, G. Taylor, C. Studer, T. Goldstein, "Visualizing the loss landscape of neural nets", NeurIPS 2018,
    arXiv:1712.09913, section 7. On random walks: J. Antognini, J. Sohl-Dickstein, "PCA of high dimensional random walks
    with comparison to neural network training", NeurIPS 2018, arXiv:1806.08805.

    Examples
    --------
    >>> import optax, thalweg as tw
    >>> objective = tw.objective(tw.problems.himmelblau())
    >>> runs = tw.descend(objective, optax.sgd(0.01), starts=[0, 4], steps=30)
    >>> tw.networks.directions.principal(tw.networks.wrap(objective), runs.isel(run=0), count=1).names
    ('principal direction 1 (97.7 %)',)
    """
    given = [recording] if isinstance(recording, xr.Dataset) else list(recording)
    rows = [check_rows(network, as_recording(one)["params"]) for one in given]
    if len(rows) == 1:
        return principal_of(network, rows[0], count=count, at=at)
    start = np.asarray(rows[0][-1:])[0] if at is None else at
    plane = principal_of(network, Stacked(rows), count=count, at=start)
    return replace(plane, facts={**plane.facts, "runs": len(rows)})
