"""The straight line that came before the pencil: noisy points about one line, fitted by slope and intercept."""

from __future__ import annotations

from math import sqrt

import numpy as np

from thalweg.base.border import public
from thalweg.base.checks import number, whole
from thalweg.problems import residuals
from thalweg.problems.axis import Axis
from thalweg.problems.domain import Domain
from thalweg.problems.problem import Minimum, Regression
from thalweg.problems.split import THIRD, Split

SOURCE = "H. F. Wittmann, linear regression in TensorFlow, Keras and PyTorch, 2019"


@public
def line(
    truth: tuple[float, float] = (3.0, 2.0),
    points: int = 1000,
    *,
    noise: float = 1.0,
    seed: int = 314,
    residual: residuals.Distance = "vertical",
    split: Split = THIRD,
) -> Regression:
    """Points about ``y = slope x + intercept`` with normal inputs and normal noise; parameters W and b.

    The defaults are the published data: NumPy's legacy generator, all inputs drawn first, then all noise.

    Parameters
    ----------
    truth : (slope, intercept) of the line behind the data
    points : number of points
    noise : standard deviation of the noise in y, at least 0
    seed : seed of the data
    residual : ``"vertical"``, ``W x + b - y``, or ``"orthogonal"``, that divided by ``sqrt(1 + W²)``
    split : how test data are taken; a third by default

    Returns
    -------
    Regression
        Columns x and y; parameters ``W`` and ``b`` in a box about the truth.

    Raises
    ------
    InvalidValue
        If an argument is outside what is allowed.

    References
    ----------
    H. F. Wittmann, linear regression in TensorFlow, Keras and PyTorch, 2019.

    Examples
    --------
    >>> line().start
    (5.0, 0.0)
    """
    slope, intercept = number("slope", truth[0]), number("intercept", truth[1])
    whole("points", points, at_least=2, at_most=10_000_000)
    number("noise", noise, at_least=0)
    whole("seed", seed, at_least=0, at_most=2**32 - 1)
    generator = np.random.RandomState(seed)
    x = generator.randn(points)
    y = slope * x + intercept + noise * generator.randn(points)
    train, test = split({"x": x, "y": y})
    reach = 2 * sqrt(2)
    return Regression(
        name="line",
        domain=Domain([Axis("W", slope - reach, slope + reach), Axis("b", intercept - reach, intercept + reach)]),
        start=(slope + 2.0, intercept - 2.0),
        minima=(Minimum((slope, intercept)),) if noise == 0 else (),
        source=SOURCE,
        residual=residuals.affine(residual),
        train=train,
        test=test,
        line=lambda params: (params[0], params[1]),
        model="affine",
        distance=residual,
        settings={
            "truth": [slope, intercept],
            "points": points,
            "noise": noise,
            "seed": seed,
            "residual": residual,
        },
    )
