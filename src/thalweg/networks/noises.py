"""The verb ``gradient_noise``: how much gradients of single examples differ, beside what they have in common.

A batch of ``B`` rows has the gradient ``G`` of all data plus noise of covariance ``Σ / B``. From the gradients ``g_i``
of batches with ``B_i`` rows, ``N`` in all, and their mean ``ḡ``, weighted by rows::

    tr Σ = Σ B_i |g_i - ḡ|² / (n - 1)        |G|² = |ḡ|² - tr Σ / N

Both are unbiased for rows drawn independently: ``E |g_i - G|² = tr Σ / B_i``. The usual pair of two batch sizes
(McCandlish et al., appendix A.1) is this one for batches of one size and their union. Their ratio has a bias of the
order of 1 / n, as theirs has. Errors are those of the jackknife: each batch is left out once, which needs only
``|g_i|²``, ``g_i·ḡ`` and ``|ḡ|²``.

What would break it: rows that belong together in one batch and apart in others, such as pictures sorted by class. Then
batches differ by more than rows drawn at random do, and so does the result.
"""

from __future__ import annotations

import numpy as np
import xarray as xr
from jaxtyping import Float

from thalweg.base.border import public
from thalweg.base.errors import InvalidValue
from thalweg.geometry import eigenpairs
from thalweg.geometry.network import Flat, Network
from thalweg.networks.places import At, measured

LEAST = 3
"""Batches at least: of two the jackknife has one difference each."""


@public
def gradient_noise(network: Network, at: At = None) -> xr.Dataset:
    """Measure the noise in gradients of mini-batches: its covariance's trace, and the simple noise scale.

    The noise scale ``tr Σ / |G|²`` is the batch size at which noise and gradient are of one size: about up to there a
    larger batch saves steps in proportion (McCandlish et al.). It takes a network of several batches: one wrapped with
    ``rows=1`` gives the gradient of every row, and the least errors.

    Parameters
    ----------
    network : from :func:`thalweg.networks.wrap`, of at least 3 batches, whose loss is their mean: with ``rows=…``, or
        of a loader
    at : a flat vector (param,); a recording, or a run of :func:`thalweg.descend`, for each of its steps; the network's
        own parameters by default

    Returns
    -------
    xarray.Dataset
        ========================== ==== =========================== ====================================================
        variable                   dims unit                        meaning
        ========================== ==== =========================== ====================================================
        ``noise_scale``                 rows                        ``noise_trace / gradient_square``; NaN where the
                                                                    gradient is lost in noise
        ``noise_scale_error``           rows                        standard error, of the jackknife over batches
        ``noise_trace``                 (loss / parameter distance)² trace of the covariance of gradients of single rows
        ``noise_trace_error``           (loss / parameter distance)² its standard error
        ``gradient_square``             (loss / parameter distance)² squared length of the gradient, without what noise
                                                                    adds to it; may be below 0 where noise is larger
        ``gradient_square_error``       (loss / parameter distance)² its standard error
        ``loss``                        of the loss                 the network's
        ========================== ==== =========================== ====================================================

        Data count as a sample of independent rows. Where a step counts what its loss is a mean over, a row is one of
        mean count. Along a run all have the dimension step. In attributes ``batches`` and ``rows``.

    Raises
    ------
    InvalidValue
        If there are fewer than 3 batches, their losses are summed, batches of different sizes count alike, the
        recording is of another network, or a gradient is not finite.

    References
    ----------
    S. McCandlish, J. Kaplan, D. Amodei and OpenAI Dota Team, "An empirical model of large-batch training", 2018,
    arXiv:1812.06162. B. Efron and C. Stein, "The jackknife estimate of variance", 1981, doi:10.1214/aos/1176345462.

    Examples
    --------
    >>> import jax.numpy as jnp, numpy as np, thalweg as tw
    >>> x = np.random.default_rng(0).normal(2.0, 1.0, (400, 3)).astype(np.float32)
    >>> mean = tw.networks.wrap(jnp.zeros(3), lambda p, x: jnp.mean(jnp.sum((p - x) ** 2, axis=1)) / 2, (x,), rows=1)
    >>> noise = tw.networks.gradient_noise(mean)  # tr Σ = 3, |G|² = 12
    >>> round(float(noise["noise_scale"]), 2), round(float(noise["noise_scale_error"]), 2)
    (0.25, 0.01)
    """
    weights = _weights(network)
    rows = int(str(network.facts["examples"]))

    def measure(parameters: Network, point: Flat, where: str) -> xr.Dataset:
        squares, along, mean = _gradients(parameters, point, weights, where)
        here, errors = _jackknife(weights, squares, along, mean, rows)
        names = ("noise_trace", "gradient_square", "noise_scale")
        values = {name: float(value) for name, value in zip(names, here, strict=True)}
        return xr.Dataset(values | {f"{name}_error": float(error) for name, error in zip(names, errors, strict=True)})

    return measured(network, at, "gradient noise", measure, {"batches": len(weights), "rows": rows})


def _weights(network: Network) -> np.ndarray:
    """Give the share of each batch, or refuse those that tell nothing of the noise."""
    portions = network.portions
    if len(portions) < LEAST:
        raise InvalidValue(
            f"noise is told by gradients of at least {LEAST} batches, and the data are {len(portions)}; wrap the "
            "network with rows=1, or rows=… for batches of more"
        )
    weights, sizes = np.array([one.weight for one in portions]), np.array([one.rows or 0 for one in portions])
    if abs(weights.sum() - 1) > 1e-9:
        raise InvalidValue(
            "the losses of the batches are summed, and noise is that of a mean; give "
            "tw.networks.batches(data, combine='rows')"
        )
    if np.ptp(weights) < 1e-12 and np.ptp(sizes):
        raise InvalidValue(
            f"batches of {sizes.min()} to {sizes.max()} rows count alike, and their noise is not; give batches of one "
            "size, or tw.networks.batches(data, combine='rows')"
        )
    if not sizes.all():
        raise InvalidValue("a batch has no rows to count; give arrays of one length, an example a row")
    return weights


def _gradients(
    network: Network, point: Flat, weights: np.ndarray, where: str
) -> tuple[Float[np.ndarray, " batch"], Float[np.ndarray, " batch"], float]:
    """Find ``|g|²``, ``g·ḡ`` and ``|ḡ|²``; gradients that do not fit into memory are computed twice."""
    mean, squares = np.zeros(point.shape), np.empty(len(weights))
    fitting = len(weights) * point.nbytes <= eigenpairs.MEMORY
    kept = []
    for k, portion in enumerate(network.portions):
        gradient = portion.evaluator.gradient(point)[1]
        if not np.isfinite(gradient).all():
            raise InvalidValue(f"the gradient of batch {k + 1}{where} is not finite; give a point where all are")
        wide = gradient.astype(np.float64)
        squares[k] = wide @ wide
        mean += weights[k] * wide
        if fitting:
            kept.append(gradient)
    again = kept or (portion.evaluator.gradient(point)[1] for portion in network.portions)
    along = np.array([gradient.astype(np.float64) @ mean for gradient in again])
    return squares, along, float(mean @ mean)


def _jackknife(
    weights: np.ndarray, squares: np.ndarray, along: np.ndarray, mean: float, rows: int
) -> tuple[np.ndarray, np.ndarray]:
    """Estimate trace, squared gradient and their ratio, and the errors of these."""
    count = len(weights)
    here = _estimates(squares @ weights, mean, count, rows)
    left = 1 - weights
    means = (mean - 2 * weights * along + weights**2 * squares) / left**2
    without = _estimates((squares @ weights - weights * squares) / left, means, count - 1, rows * left)
    with np.errstate(invalid="ignore"):
        away = without - without.mean(axis=1, keepdims=True)
        return here, np.sqrt((count - 1) / count * np.sum(away**2, axis=1))


def _estimates(second: np.ndarray, mean: np.ndarray | float, count: int, rows: np.ndarray | float) -> np.ndarray:
    """Estimate (trace, squared gradient, ratio) from mean squares and the square of the mean."""
    trace = np.maximum(second - mean, 0) * rows / (count - 1)
    square = np.asarray(mean - trace / rows)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.stack([trace, square, np.where(square > 0, trace / square, np.nan)])
