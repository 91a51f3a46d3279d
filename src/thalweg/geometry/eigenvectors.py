"""Eigenvectors of a network's Hessian as directions of a slice."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from thalweg.base.border import public
from thalweg.base.checks import number, whole
from thalweg.geometry import eigenpairs
from thalweg.geometry.directions import DISTANCE, counted, padded, signed
from thalweg.geometry.draws import draw
from thalweg.geometry.lanczos import finite
from thalweg.geometry.network import Network
from thalweg.geometry.plane import Plane
from thalweg.geometry.statistics import held


@public
def hessian(
    network: Network,
    *,
    count: int = 2,
    at: ArrayLike | None = None,
    seed: int = 0,
    lowest: bool = False,
    tol: float = 1e-3,
) -> Plane:
    """Find the directions in which the loss bends most: leading eigenvectors of its Hessian.

    Lanczos' method on Hessian-vector products; the Hessian itself is made only of a network of few parameters. Signs
    are such that the largest component is positive. A direction whose residual is above 5 % of its eigenvalue has the
    word "unsettled" in its name.

    Parameters
    ----------
    network : whose loss it is
    count : how many; a slice takes 1 or 2
    at : (param,), where; the network's own parameters by default
    seed : of the vector that the search starts from; it matters only between equal eigenvalues
    lowest : whether the last direction is that of the lowest eigenvalue instead, which at a saddle leads down
    tol : the search ends where the residual of each eigenvalue is at most so much of it, or of a thousandth of the
        largest: by about that angle a direction may be turned

    Returns
    -------
    Plane
        Largest eigenvalue first; ``eigenvalues`` and their ``residuals`` in its facts.

    Raises
    ------
    InvalidValue
        If settings are not allowed or a product is not finite.

    References
    ----------
    R. B. Lehoucq, D. C. Sorensen, C. Yang, "ARPACK Users' Guide", SIAM 1998, doi:10.1137/1.9780898719628; on planes of
    the highest and the lowest eigenvalue L. Böttcher, G. Wheeler, "Visualizing high-dimensional loss landscapes with
    Hessian directions", 2022, arXiv:2208.13219.

    Examples
    --------
    >>> import thalweg as tw
    >>> himmelblau = tw.networks.wrap(tw.objective(tw.problems.himmelblau()))
    >>> tw.networks.directions.hessian(himmelblau, at=[3, 2]).names
    ('Hessian eigenvector 1 (λ = 82.3)', 'Hessian eigenvector 2 (λ = 25.7)')
    """
    counted(network, count, None)
    whole("seed", seed, at_least=0)
    number("tol", tol, above=0, below=1)
    whole_origin = network.point(at)
    network, origin = held(network, whole_origin)
    product = finite(
        network.hessian_product(origin),
        "the Hessian at this point holds numbers that are not finite; take another point, or random directions",
    )
    high, rounding = count - lowest, float(np.finfo(origin.dtype).eps)
    if eigenpairs.is_small(origin.size, high, int(lowest)):
        pairs = eigenpairs.of_whole(product, origin.size)
        chosen = [*range(high), *range(origin.size - lowest, origin.size)]
        values, vectors, residuals = pairs.values[chosen], pairs.vectors[chosen], pairs.residuals[chosen]
    else:
        start = draw(network.leaves, seed=seed, number=0, into=np.empty(origin.size, origin.dtype))
        values, vectors, _, residuals = eigenpairs.extreme(
            product, start, high, int(lowest), tol=tol, rounding=rounding
        )
    settled = eigenpairs.settled(values, residuals, size=float(np.abs(values).max()), rounding=rounding)
    called = [f"Hessian eigenvector {i}" for i in range(1, high + 1)] + ["lowest Hessian eigenvector"] * lowest
    names = tuple(
        f"{name} (λ = {value:.3g}{', unsettled' * (not good)})"
        for name, value, good in zip(called, values, settled, strict=True)
    )
    matrix = network.facts.get("matrix", "Hessian")
    facts = {"kind": "hessian", "matrix": matrix, "seed": seed, "eigenvalues": values.tolist(), "lowest": int(lowest)}
    facts |= {"residuals": residuals.tolist(), "tol": tol}
    vectors = padded(signed(np.array(vectors, origin.dtype)), whole_origin.size)
    return Plane(whole_origin, vectors, names, (DISTANCE,) * count, facts)
