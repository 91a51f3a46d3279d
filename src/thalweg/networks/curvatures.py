"""The verb ``curvature``: how a loss bends, as eigenvalues, trace and spectral density of its Hessian."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import zip_longest

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from thalweg.base.border import public
from thalweg.base.checks import whole
from thalweg.base.errors import InvalidValue
from thalweg.base.progress import track
from thalweg.geometry import eigenpairs, spectrum
from thalweg.geometry.draws import draw, signs
from thalweg.geometry.lanczos import finite, smooth, standard_error
from thalweg.geometry.network import Flat, Network
from thalweg.geometry.spectrum import ORDER, Spectrum
from thalweg.store.recording import as_recording
from thalweg.store.versions import versions

MEMORY = 4e9
"""Bytes of Lanczos vectors at most."""

WIDTH = 0.01
"""Width of the smooth density, as a share of the range of eigenvalues."""

VALUES = 1000
"""Eigenvalues at which the density is given; 9 or more in a width."""

TAIL = 6
"""Widths by which these go beyond the outermost eigenvalues; a billionth of the density lies farther out."""


@public
def curvature(
    network: Network,
    at: ArrayLike | xr.Dataset | None = None,
    *,
    steps: int | Sequence[int] = 20,
    count: int = 5,
    probes: int = 10,
    seed: int = 0,
) -> xr.Dataset:
    """Measure how the loss of a network bends: leading and lowest eigenvalues, trace and density of its Hessian.

    The Hessian of a network of at most 128 parameters is made as a whole, and everything is exact to rounding. Of a
    larger one only products with vectors are used: ARPACK finds the eigenvalues; random vectors of -1 and 1 give
    the trace (Hutchinson), and, with 80 steps of Lanczos from each, the density of eigenvalues (stochastic Lanczos
    quadrature). Lanczos runs in 64 bits, the products in the network's own precision. Random vectors are the same for
    the same network in every framework.

    Parameters
    ----------
    network : whose loss it is
    at : where: a flat vector (param,); a recording, or a run of :func:`thalweg.descend`, for curvature along it; the
        network's own parameters by default
    steps : of a recording: how many, evenly chosen with the first and the last; or a list of step numbers
    count : of leading eigenvalues
    probes : random vectors; with 0 a network of more than 128 parameters gets neither trace nor density, with 1 no
        standard errors: NaN
    seed : of the random vectors

    Returns
    -------
    xarray.Dataset
        =================== ===== =========== ==========================================================
        variable            dims  unit        meaning
        =================== ===== =========== ==========================================================
        ``eigenvalues``     mode  of the loss largest first; NaN where one was not found
        ``residual``        mode  of the loss ``‖H v - λ v‖`` for unit vectors v: λ is not wrong by more
        ``lowest``                of the loss the smallest eigenvalue
        ``lowest_residual``       of the loss as ``residual``
        ``trace``                 of the loss the sum of all eigenvalues
        ``trace_error``           of the loss its standard error over probes; 0 of a whole Hessian
        ``value``           value of the loss coordinate: eigenvalues at which the density is given
        ``density``         value 1 / loss    of eigenvalues; its integral is 1
        ``density_error``   value 1 / loss    its standard error over probes
        ``node_value``      node  of the loss points of the quadrature behind the density
        ``node_weight``     node  1           their weights, which add up to 1
        ``loss``                  of the loss the network's
        =================== ===== =========== ==========================================================

        Parameters count as numbers without unit. Along a run all but ``value`` have the dimension step in front. The
        density draws every eigenvalue as a Gaussian whose standard deviation is the attribute ``width``.

    Raises
    ------
    InvalidValue
        If settings are out of range, the recording is of another network, the Hessian is not finite, or the vectors of
        Lanczos take too much memory.

    References
    ----------
    S. Ubaru, J. Chen and Y. Saad, "Fast estimation of tr(f(A)) via stochastic Lanczos quadrature", 2017,
    doi:10.1137/16M1104974. B. Ghorbani, S. Krishnan and Y. Xiao, "An investigation into neural net optimization via
    Hessian eigenvalue density", 2019, arXiv:1901.10159. M. F. Hutchinson, "A stochastic estimator of the trace of the
    influence matrix for Laplacian smoothing splines", 1990, doi:10.1080/03610919008812866.

    Examples
    --------
    >>> import thalweg as tw
    >>> hill = tw.networks.wrap(tw.objective(tw.problems.himmelblau()))
    >>> bend = tw.networks.curvature(hill, [-0.270845, -0.923039], count=1)
    >>> float(bend["eigenvalues"][0].round(2)), float(bend["trace"].round(2))
    (-16.07, -61.67)
    """
    count = whole("count", count, at_least=1, at_most=network.position.size)
    probes, seed = whole("probes", probes, at_least=0), whole("seed", seed, at_least=0)
    places = _places(network, at, steps)
    exact = eigenpairs.is_small(network.position.size, count)
    result = _labelled(_spectra(network, places, count, 0 if exact else probes, seed, exact=exact), exact)
    result = result.assign(loss=("step", [network.value(point) for _, point in places]))
    result.attrs |= dict(network.facts) | {
        "method": "whole Hessian" if exact else "Lanczos",
        "order": 0 if exact else ORDER,
        "probes": 0 if exact else probes,
        "seed": seed,
        **versions("thalweg", "numpy", "scipy"),
    }
    if places[0][0] is None:
        return result.isel(step=0)
    return result.assign_coords(step=[step for step, _ in places])


Places = list[tuple[int | None, Flat]]
"""Points with the steps of a run that they belong to, where there is one."""


def _places(network: Network, at: ArrayLike | xr.Dataset | None, steps: int | Sequence[int]) -> Places:
    if not isinstance(at, xr.Dataset):
        return [(None, network.point(at))]
    recording = as_recording(at)
    numbers = recording["step"].values
    if isinstance(steps, Sequence | np.ndarray):
        missing = [step for step in steps if step not in numbers]
        if missing or not len(steps):
            wrong = f"step {missing[0]} was not recorded" if missing else "no steps were given"
            raise InvalidValue(
                f"{wrong}; give some of the {len(numbers)} recorded steps {numbers[0]} to {numbers[-1]}, or how many"
            )
        chosen = np.flatnonzero(np.isin(numbers, steps))
    else:
        some = whole("steps", steps, at_least=1)
        chosen = np.unique(np.linspace(0, len(numbers) - 1, min(some, len(numbers))).round().astype(int))
    return [(int(numbers[k]), network.point(recording["params"][k].values)) for k in chosen]


def _spectra(network: Network, places: Places, count: int, probes: int, seed: int, *, exact: bool) -> list[Spectrum]:
    size, rounding = network.position.size, float(np.finfo(network.dtype).eps)
    if probes and ORDER * size * 8 > MEMORY:
        raise InvalidValue(
            f"the density of {size} parameters takes {ORDER * size * 8e-9:.3g} GB, more than the {MEMORY / 1e9:g} GB "
            "allowed; give probes = 0, for eigenvalues alone"
        )
    start = draw(network.leaves, seed=seed, number=0)
    random = [draw(network.leaves, seed=seed, number=k, sample=signs) for k in range(probes)]
    spectra = []
    for step, point in track(places, "curvature"):
        where = "" if step is None else f" at step {step}"
        otherwise = f"the Hessian{where} is not finite; give a point where loss and gradient are"
        product = finite(network.hessian_product(point), otherwise)
        if exact:
            spectra.append(spectrum.whole(product, size, count))
        else:
            spectra.append(spectrum.sampled(product, count, start, random, rounding=rounding))
    return spectra


def _labelled(spectra: list[Spectrum], exact: bool) -> xr.Dataset:
    """Label the spectra of some steps, with densities on one axis."""
    *columns, rules = map(list, zip(*spectra, strict=True))
    stacked = dict(zip(Spectrum._fields, map(np.array, columns), strict=False))
    variables = {name: (("step", "mode")[: values.ndim], values) for name, values in stacked.items()}
    coords = {"mode": np.arange(stacked["eigenvalues"].shape[1])}
    if not rules[0]:
        return xr.Dataset(variables, coords)
    nodes = [np.concatenate([rule.values for rule in some]) for some in rules]
    weights = [np.concatenate([rule.weights for rule in some]) / len(some) for some in rules]
    low, high = float(min(map(np.min, nodes))), float(max(map(np.max, nodes)))
    # Where all eigenvalues are one, the width is a share of that, and of 1 where it is 0.
    width = WIDTH * ((high - low) or abs(high) or 1.0)
    values = np.linspace(low - TAIL * width, high + TAIL * width, VALUES)
    densities = [np.stack([smooth(rule, values, width) for rule in some]) for some in rules]
    errors = [np.zeros(VALUES) if exact else standard_error(some) for some in densities]
    variables |= {
        "density": (("step", "value"), np.stack([some.mean(axis=0) for some in densities])),
        "density_error": (("step", "value"), np.stack(errors)),
        "node_value": (("step", "node"), _padded(nodes, np.nan)),
        "node_weight": (("step", "node"), _padded(weights, 0.0)),
    }
    return xr.Dataset(variables, coords | {"value": values}, {"width": width})


def _padded(rows: list[np.ndarray], filling: float) -> np.ndarray:
    """Stack rows, the shorter ones filled up."""
    return np.array(list(zip_longest(*rows, fillvalue=filling))).T
