"""The pencil: a bundle of straight lines through the origin, fitted with one line (German *Geradenbüschel*)."""

from __future__ import annotations

from collections.abc import Sequence
from math import pi

import jax.numpy as jnp
import numpy as np

from thalweg.base.border import public
from thalweg.base.checks import number, whole
from thalweg.base.errors import InvalidValue
from thalweg.problems import residuals
from thalweg.problems.axis import Axis
from thalweg.problems.domain import Domain
from thalweg.problems.problem import Regression
from thalweg.problems.split import THIRD, Split

SOURCE = 'H. F. Wittmann, "Loss surface with multiple valleys", 2019'


@public
def pencil(
    lines: int | Sequence[float] = 5,
    points: int = 100,
    *,
    noise: float = 0.0,
    seed: int = 314,
    residual: residuals.Distance = "vertical",
    split: Split = THIRD,
) -> Regression:
    """Points on a bundle of lines through the origin; the parameter is the angle of the one line fitted to them.

    The points of the line at angle a are ``(cos a, sin a)`` times ``[r, -r]``, with one set of radii r shared by
    all lines, plus ``noise`` times a standard normal in y. The defaults are the published data, bit for bit:
    NumPy's legacy generator, the radii drawn first, then the noise line by line.

    Parameters
    ----------
    lines : number of lines, at angles ``linspace(0, 2π, lines + 1)[:-1]``; or their angles, radians
    points : radii drawn from [0, 1); each gives two points on every line
    noise : standard deviation of the noise in y, at least 0
    seed : seed of the data
    residual : ``"vertical"``, ``tan(phi) x - y``, or ``"orthogonal"``, ``x sin(phi) - y cos(phi)``
    split : how test data are taken; a third by default

    Returns
    -------
    Regression
        Columns x and y; one parameter ``phi`` on the circle of period π, from -π/2 to π/2.

    Raises
    ------
    InvalidValue
        If an argument is outside what is allowed.

    References
    ----------
    H. F. Wittmann, "Loss surface with multiple valleys", 2019.

    Examples
    --------
    >>> problem = pencil(lines=5, points=100, noise=0.0, seed=314)
    >>> len(problem.train["x"]), len(problem.test["x"])
    (670, 330)
    """
    angles = _angles(lines)
    whole("points", points, at_least=1, at_most=10_000_000 // len(angles))
    number("noise", noise, at_least=0)
    whole("seed", seed, at_least=0, at_most=2**32 - 1)
    generator = np.random.RandomState(seed)
    radii = generator.uniform(size=points)
    both = np.concatenate([radii, -radii])
    x = np.concatenate([np.cos(angle) * both for angle in angles])
    y = np.concatenate([np.sin(angle) * both + noise * generator.randn(2 * points) for angle in angles])
    train, test = split({"x": x, "y": y})
    return Regression(
        name="pencil",
        domain=Domain(Axis("phi", -pi / 2, pi / 2, periodic=True, unit="rad")),
        start=(pi / 4,),
        source=SOURCE,
        residual=residuals.through_origin(residual),
        train=train,
        test=test,
        line=lambda params: (jnp.tan(params[0]), 0.0),
        model="through_origin",
        distance=residual,
        settings={
            "lines": lines if isinstance(lines, int) else [float(angle) for angle in angles],
            "points": points,
            "noise": noise,
            "seed": seed,
            "residual": residual,
        },
    )


def _angles(lines: int | Sequence[float]) -> np.ndarray:
    if isinstance(lines, Sequence):
        if not lines:
            raise InvalidValue("lines = [] holds no angle; give a number of lines or a list of angles in radians")
        return np.array([number("an angle in lines", angle) for angle in lines])
    return np.linspace(0, 2 * pi, whole("lines", lines, at_least=1, at_most=100_000) + 1)[:-1]
