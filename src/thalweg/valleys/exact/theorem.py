"""For which models, residuals and losses every valley is known exactly.

Between two data lines every term ``|r|^p`` with ``p <= 1`` is concave in the parameter, and so is their sum: no strict
local minimum lies there. What is left are the lines through data points, and they can be counted.
"""

from __future__ import annotations

from thalweg.base.errors import InvalidValue
from thalweg.losses.loss import Loss

GRID = "use method = 'grid'"


def exponent(loss: Loss, *, model: str = "through_origin", residual: str = "vertical") -> float:
    """Return the exponent p of a loss for which the exact census is proved.

    Proved are: a line through the origin, vertical or orthogonal residual, ``|r|^p`` with ``0 < p <= 1``; the line
    ``y = W x + b``, vertical residual, ``0 < p < 1``.

    Parameters
    ----------
    loss : absolute, fourth_root, root or power, without smoothing
    model : ``"through_origin"`` or ``"affine"``
    residual : ``"vertical"`` or ``"orthogonal"``

    Raises
    ------
    InvalidValue
        If nothing is proved for the three together.

    Examples
    --------
    >>> from thalweg.losses import root
    >>> exponent(root(8))
    0.25
    """
    if model == "affine" and residual == "orthogonal":
        raise InvalidValue(f"no exact census is known for y = W x + b with orthogonal residuals; {GRID}")
    p = _power(loss)
    if p is None:
        raise InvalidValue(f"the exact census needs a power of |r|, and the loss is {loss.name!r}; {GRID}")
    if smoothing := loss.settings.get("smoothing", 0.0):
        raise InvalidValue(
            f"the exact census needs a loss without smoothing, and smoothing = {smoothing:g}; set it to 0 or {GRID}"
        )
    if p > 1 or (p == 1 and model == "affine"):
        allowed = "below 1" if model == "affine" else "at most 1"
        raise InvalidValue(f"the exact census needs |r|^p with p {allowed}, and the loss has p = {p:g}; {GRID}")
    return p


def _power(loss: Loss) -> float | None:
    """Exponent of a loss that is a power of the residual's size."""
    n, p = loss.settings.get("n"), loss.settings.get("p")
    powers = {"quadratic": 2.0, "absolute": 1.0, "fourth_root": 0.5, "root": n and 2 / n, "power": p}
    return powers.get(loss.name)
