"""The verb ``diagonal``: second derivatives of a loss by each parameter alone, and their sums over layers."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import xarray as xr

from thalweg.base.border import public
from thalweg.base.checks import whole
from thalweg.geometry import eigenpairs
from thalweg.geometry.draws import draw, signs
from thalweg.geometry.lanczos import Product, finite, standard_error
from thalweg.geometry.network import Flat, Network
from thalweg.networks.places import At, measured


@public
def diagonal(network: Network, at: At = None, *, probes: int = 100, seed: int = 0) -> xr.Dataset:
    """Measure the diagonal of a network's Hessian: how the loss bends along each parameter alone, and by layers.

    Up to 128 parameters, or as many as there are probes, every column of the Hessian is computed, and the diagonal is
    exact to rounding. Otherwise it is estimated from random vectors ``v`` of -1 and 1: the mean of ``v ∘ H v`` (Bekas,
    Kokiopoulou and Saad), one product each. The variance of an entry is the sum of the squares of the others in its row
    over the number of probes. Vectors are the same for the same network in every framework.

    Parameters
    ----------
    network : from :func:`thalweg.networks.wrap`; of one that :func:`replace_hessian` gives, the
        diagonal of the matrix that stands for it
    at : a flat vector (param,); a recording, or a run of :func:`thalweg.descend`, for each of its steps; the network's
        own parameters by default
    probes : random vectors, at least 2
    seed : of these

    Returns
    -------
    xarray.Dataset
        =============== ===== =========== ===================================================================
        variable        dims  unit        meaning
        =============== ===== =========== ===================================================================
        ``diagonal``    param of the loss second derivative by each parameter, in the order of the flat vector
        ``error``       param of the loss its standard error over probes; 0 where it is exact
        ``part``        part              coordinate: the names of parameter arrays, as :attr:`Network.parts`
        ``part_sum``    part  of the loss sum of the diagonal over an array
        ``part_error``  part  of the loss its standard error
        ``trace``             of the loss sum over all parameters
        ``trace_error``       of the loss its standard error
        ``loss``              of the loss the network's
        =============== ===== =========== ===================================================================

        Parameters count as numbers without unit. Along a run all but ``part`` have the dimension step in front. In
        attributes the ``method``, probes and seed, and how many ``products`` with the Hessian a point took.

    Raises
    ------
    InvalidValue
        If settings are out of range, the recording is of another network, or the Hessian is not finite.

    References
    ----------
    C. Bekas, E. Kokiopoulou and Y. Saad, "An estimator for the diagonal of a matrix", 2007,
    doi:10.1016/j.apnum.2007.01.003.

    Examples
    --------
    >>> import thalweg as tw
    >>> hill = tw.networks.wrap(tw.objective(tw.problems.himmelblau()))
    >>> tw.networks.diagonal(hill, [-0.270845, -0.923039])["diagonal"].values.round(2).tolist()
    [-44.81, -16.86]
    """
    whole("probes", probes, at_least=2)
    whole("seed", seed, at_least=0)
    exact, matrix = network.trained <= max(eigenpairs.FEW, probes), network.facts.get("matrix", "Hessian")

    def measure(parameters: Network, point: Flat, where: str) -> xr.Dataset:
        otherwise = f"the {matrix}{where} is not finite; give a point where loss and gradient are"
        product = finite(parameters.hessian_product(point), otherwise)
        if exact:
            return _whole(parameters, product)
        # Those of curvature, whose trace is this one's.
        vectors = (draw(parameters.leaves, seed=seed, number=1 + k, sample=signs) for k in range(probes))
        return _sampled(parameters, product, vectors)

    facts = {
        "method": "whole matrix" if exact else "random vectors",
        "probes": 0 if exact else probes,
        "seed": seed,
        "products": network.trained if exact else probes,
    }
    return measured(network, at, "diagonal", measure, facts)


def _whole(network: Network, product: Product) -> xr.Dataset:
    """Take the diagonal out of all columns."""
    entries = np.empty(network.position.size)
    unit = np.zeros(network.position.size)
    for k in range(len(unit)):
        unit[k] = 1
        entries[k] = product(unit)[k]
        unit[k] = 0
    none = np.zeros(len(network.leaves))
    return _labelled(network, entries, np.zeros(len(entries)), _sums(network, entries), none, 0.0)


def _sampled(network: Network, product: Product, vectors: Iterable[Flat]) -> xr.Dataset:
    """Average over random vectors, in one pass: a mean and a sum of squares about it (Welford 1962)."""
    mean, squares = np.zeros(network.position.size), np.zeros(network.position.size)
    rows = []
    for count, drawn in enumerate(vectors, 1):
        sample = drawn * product(drawn)
        away = sample - mean
        mean += away / count
        squares += away * (sample - mean)
        rows.append(_sums(network, sample))
    sums = np.array(rows)
    # Rounding may leave a square below zero where all samples are one.
    errors = np.sqrt(np.maximum(squares, 0) / (len(rows) * (len(rows) - 1.0)))
    total = float(standard_error(sums.sum(axis=1)))
    return _labelled(network, mean, errors, sums.mean(axis=0), standard_error(sums), total)


def _sums(network: Network, values: np.ndarray) -> np.ndarray:
    return np.array([values[span].sum() for span in network.spans])


def _labelled(
    network: Network, entries: np.ndarray, errors: np.ndarray, sums: np.ndarray, of_sums: np.ndarray, total: float
) -> xr.Dataset:
    return xr.Dataset(
        {
            "diagonal": ("param", entries),
            "error": ("param", errors),
            "part_sum": ("part", sums),
            "part_error": ("part", of_sums),
            "trace": ((), sums.sum()),
            "trace_error": ((), total),
        },
        coords={"part": [leaf.name for leaf in network.leaves]},
    )
