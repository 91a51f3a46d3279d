"""The verb ``curvature``: how a loss bends, as eigenvalues, trace and spectral density of its Hessian."""

from __future__ import annotations

from itertools import zip_longest
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import ArrayLike

from thalweg.base.border import public
from thalweg.base.checks import number, whole
from thalweg.base.errors import InvalidValue
from thalweg.base.progress import track
from thalweg.geometry import eigenpairs, spectrum
from thalweg.geometry.draws import draw, signs
from thalweg.geometry.lanczos import Product, Quadrature, finite, smooth, standard_error
from thalweg.geometry.network import Flat, Network
from thalweg.geometry.spectrum import Asked, Spectrum
from thalweg.geometry.spectrum import Probes as Probes
from thalweg.geometry.statistics import held
from thalweg.networks.places import Places, places_of, said
from thalweg.store.attributes import storable
from thalweg.store.versions import versions

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
    count: int = 5,
    lowest: bool = False,
    probes: int | Probes = 10,
    tol: float = 1e-3,
) -> xr.Dataset:
    """Measure how the loss of a network bends: leading eigenvalues, trace and density of its Hessian.

    Up to 128 parameters, and wherever it takes fewer products with vectors than what is asked for would and at most
    134 MB, the whole Hessian is made, and everything is exact to rounding. Otherwise Lanczos' method with restarts
    finds the eigenvalues; random vectors of -1 and 1 give the trace (Hutchinson; beside the eigenvalues found, whose
    part is known), and, with 80 steps of Lanczos from each, the density of eigenvalues (stochastic Lanczos quadrature).
    Products are in the network's own precision. Random vectors are the same for the same network in every framework.

    Parameters
    ----------
    network : whose loss it is; of one that :func:`replace_hessian` gives, of the matrix that stands for the Hessian
    at : where: a flat vector (param,); a recording, or a run of :func:`thalweg.descend`, for curvature at each of its
        steps, of which ``recording.isel(step=slice(None, None, 10))`` takes every tenth; the network's own parameters
        by default
    count : of leading eigenvalues, the largest; with 0 none is searched for
    lowest : whether the lowest eigenvalue is searched for, too; it lies close to many others and takes longer
    probes : random vectors for trace and density, or :class:`Probes` with their seed and how many steps of Lanczos each
        has; ``Probes(100, order=1)`` gives the trace alone, for one product each. With 0 there is neither, with 1 no
        standard errors: NaN
    tol : the search ends where the residual of each eigenvalue is at most so much of it, or of a thousandth of the
        largest; the error of an eigenvalue that stands apart is about the square of that

    Returns
    -------
    xarray.Dataset
        =================== ===== =========== ==========================================================
        variable            dims  unit        meaning
        =================== ===== =========== ==========================================================
        ``eigenvalues``     mode  of the loss largest first
        ``residual``        mode  of the loss ``‖H v - λ v‖`` for unit vectors v: λ is not wrong by more
        ``settled``         mode              whether that is at most 5 % of the eigenvalue, or rounding
        ``lowest``                of the loss the smallest eigenvalue
        ``lowest_residual``       of the loss as ``residual``
        ``lowest_settled``                    as ``settled``
        ``trace``                 of the loss the sum of all eigenvalues
        ``trace_error``           of the loss its standard error over probes; 0 of a whole Hessian
        ``value``           value of the loss coordinate: eigenvalues at which the density is given
        ``density``         value 1 / loss    of eigenvalues; its integral is 1
        ``density_error``   value 1 / loss    its standard error over probes
        ``node_value``      node  of the loss points of the quadrature behind the density
        ``node_weight``     node  1           their weights, which add up to 1
        ``loss``                  of the loss the network's
        =================== ===== =========== ==========================================================

        What was not asked for is not there. Parameters count as numbers without unit. Along a run all but ``value``
        have the dimension step in front. The density draws every eigenvalue as a Gaussian whose standard deviation is
        the attribute ``width``; ``products`` with the Hessian were taken.

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
    size = network.trained
    asked = _asked(count, lowest, probes, tol, size)
    places, random = places_of(network, at), asked.probes
    exact = eigenpairs.is_small(size, count, int(lowest), random.products)
    spectra, products = _spectra(network, places, asked, exact=exact)
    result = _labelled(spectra, asked, exact=exact)
    result = result.assign(loss=("step", [network.value(point) for _, point in places]))
    result.attrs |= storable(network.facts) | {
        "method": f"whole {network.facts.get('matrix', 'Hessian')}" if exact else "Lanczos",
        "order": 0 if exact else random.order,
        "probes": 0 if exact else random.count,
        "seed": random.seed,
        "tol": asked.tol,
        "products": products,
        **versions("thalweg", "numpy", "scipy"),
    }
    if places[0][0] is None:
        return result.isel(step=0)
    return result.assign_coords(step=[step for step, _ in places])


def _asked(count: int, lowest: bool, probes: int | Probes, tol: float, size: int) -> Asked:
    """Check what is asked for."""
    random = probes if isinstance(probes, Probes) else Probes(whole("probes", probes, at_least=0))
    whole("count", count, at_least=0, at_most=size)
    if not (count or lowest or random.count):
        raise InvalidValue("count = 0 and probes = 0 ask for nothing; give one of them above 0")
    return Asked(count, lowest, number("tol", tol, above=0, below=1), random)


def _spectra(network: Network, places: Places, asked: Asked, *, exact: bool) -> tuple[list[Spectrum], int]:
    """Find the spectra of some steps, and tell how many products with the Hessian that took."""
    size, rounding, probes = network.trained, float(np.finfo(network.dtype).eps), asked.probes
    # Lanczos' vectors have the type of what they start from.
    kind = network.dtype if exact or not probes.count else _kind(network, probes.order)
    numbers = network.position.size
    start = draw(network.leaves, seed=probes.seed, number=0, into=np.empty(numbers, network.dtype))[:size]

    def probe(number: int) -> Flat:
        into = np.empty(numbers, kind)
        return draw(network.leaves, seed=probes.seed, number=1 + number, sample=signs, into=into)[:size]

    spectra, taken, matrix = [], [], network.facts.get("matrix", "Hessian")
    for step, point in track(places, "curvature"):
        otherwise = f"the {matrix}{said(step)} is not finite; give a point where loss and gradient are"
        parameters, place = held(network, point)
        product = _counted(finite(parameters.hessian_product(place), otherwise), taken)
        if exact:
            spectra.append(spectrum.whole_of(product, size, asked, rounding=rounding))
        else:
            spectra.append(spectrum.sampled(product, asked, start, probe, rounding=rounding))
    return spectra, len(taken)


def _counted(product: Product, taken: list[None]) -> Product:
    """Count products, one entry each."""

    def counting(vector: Flat) -> Flat:
        taken.append(None)
        return product(vector)

    return counting


def _kind(network: Network, order: int) -> np.dtype:
    """Choose the type of a probe's vectors: 64 bits where they fit, else the network's own."""
    size = network.position.size
    for kind in (np.dtype(np.float64), network.dtype):
        if order * size * kind.itemsize <= eigenpairs.MEMORY:
            return kind
    fitting = max(int(eigenpairs.MEMORY // (size * network.dtype.itemsize)), 1)
    raise InvalidValue(
        f"the density of {size} parameters takes {order * size * network.dtype.itemsize * 1e-9:.3g} GB, more than the "
        f"{eigenpairs.MEMORY / 1e9:g} GB allowed; give Probes(order={fitting}), order=1 for the trace alone, or "
        "probes=0 for eigenvalues alone"
    )


def _labelled(spectra: list[Spectrum], asked: Asked, *, exact: bool) -> xr.Dataset:
    """Label the spectra of some steps; what was not asked for is left out."""
    *columns, rules = map(list, zip(*spectra, strict=True))
    stacked = dict(zip(Spectrum._fields, map(np.array, columns), strict=False))
    variables, coords = {}, {}
    if asked.count:
        variables |= {name: (("step", "mode"), stacked[name]) for name in ("eigenvalues", "residual", "settled")}
        coords = {"mode": np.arange(asked.count)}
    if asked.lowest:
        variables |= {name: ("step", values[:, 0]) for name, values in stacked.items() if name.startswith("lowest")}
    if not asked.probes.count:
        return xr.Dataset(variables, coords)
    variables |= {name: ("step", stacked[name]) for name in ("trace", "trace_error")}
    if asked.probes.order == 1:
        return xr.Dataset(variables, coords)
    variables["density"], variables["density_error"], value, width = _density(rules, exact=exact)
    nodes = [np.concatenate([rule.values for rule in some]) for some in rules]
    weights = [np.concatenate([rule.weights for rule in some]) / len(some) for some in rules]
    variables |= {
        "node_value": (("step", "node"), _padded(nodes, np.nan)),
        "node_weight": (("step", "node"), _padded(weights, 0.0)),
    }
    return xr.Dataset(variables, coords | {"value": value}, {"width": width})


Rules = list[tuple[Quadrature, ...]]
"""Of each step one for each probe."""


def _density(rules: Rules, *, exact: bool) -> tuple[Any, Any, np.ndarray, float]:
    """Compute densities on one axis, and their errors."""
    nodes = np.concatenate([rule.values for some in rules for rule in some])
    low, high = float(nodes.min()), float(nodes.max())
    # Where all eigenvalues are one, the width is a share of that, and of 1 where it is 0.
    width = WIDTH * ((high - low) or abs(high) or 1.0)
    values = np.linspace(low - TAIL * width, high + TAIL * width, VALUES)
    densities = [np.stack([smooth(rule, values, width) for rule in some]) for some in rules]
    errors = [np.zeros(VALUES) if exact else standard_error(some) for some in densities]
    means = np.stack([some.mean(axis=0) for some in densities])
    return (("step", "value"), means), (("step", "value"), np.stack(errors)), values, width


def _padded(rows: list[np.ndarray], filling: float) -> np.ndarray:
    """Stack rows, the shorter ones filled up."""
    return np.array(list(zip_longest(*rows, fillvalue=filling))).T
