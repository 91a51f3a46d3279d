"""What the residuals of a fit say: how large they are, how much of the data they leave, and whether they are noise.

Neighbouring residuals of one sign tell of a curve that is not the data's: their correlation is near 0 for noise, near 1
for a wave. A residual is standardised by its own standard deviation, which is the smaller the more its value pulls the
curve: ``r / (s √(1 - h))`` with the leverage h. Under another loss than squares s is told from the median of ``|r|``,
which far residuals do not move.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from thalweg.fitting.measured import NORMAL, Measured

ROUNDING = 1e-28
"""Share of the measured values' squares below which a sum of squares is rounding."""


class Statistics(NamedTuple):
    """What residuals say; NaN for what is not known.

    Attributes
    ----------
    variance : their squares by the rows to spare
    r_squared : the share of the variance of the data that the curve takes off
    autocorrelation : of neighbours
    largest, largest_row : the largest standardised one, with its sign, and its row; -1 for none
    perfect : whether the curve leaves nothing but rounding
    spread : the scatter of most of them: their median size, as a standard deviation of normal ones
    """

    variance: float
    r_squared: float
    autocorrelation: float
    largest: float
    largest_row: int
    perfect: bool
    spread: float


def statistics(
    residual: Float[np.ndarray, " row"],
    leverage: Float[np.ndarray, " row"],
    freedom: int,
    data: Measured | None,
    *,
    robust: bool = False,
) -> Statistics:
    """Tell what residuals say.

    Parameters
    ----------
    residual : in the order in which neighbours stand
    leverage : of the same rows
    freedom : rows to spare
    data : measured values and the weights of their residuals; None where they are not known
    robust : whether residuals are standardised by their median size
    """
    squares = float(residual @ residual)
    variance = squares / freedom if freedom > 0 else np.nan
    noise = squares > 0 and not _rounding(squares, data)
    autocorrelation = float(residual[1:] @ residual[:-1]) / squares if noise and len(residual) > 1 else np.nan
    spread = NORMAL * float(np.median(np.abs(residual))) if len(residual) else np.nan
    scale = spread if robust else np.sqrt(variance)
    room = np.ones_like(residual) if robust else np.clip(1 - leverage, 0, None)
    known = (room > np.sqrt(np.finfo(float).eps)) & (scale > 0) & noise
    standard = np.divide(residual, scale * np.sqrt(room), out=np.zeros_like(residual), where=known)
    row = int(np.argmax(np.abs(standard))) if known.any() else -1
    largest = float(standard[row]) if row >= 0 else np.nan
    perfect = squares == 0 or _rounding(squares, data)
    return Statistics(variance, _r_squared(squares, data), autocorrelation, largest, row, perfect, spread)


def _rounding(squares: float, data: Measured | None) -> bool:
    """Tell whether a sum of squares is but the rounding of the measured values."""
    return data is not None and squares <= ROUNDING * float(((data[0] * data[1]) ** 2).sum())


def _r_squared(squares: float, data: Measured | None) -> float:
    if data is None:
        return np.nan
    measured, weight = data
    about = measured - (weight**2 * measured).sum() / (weight**2).sum()
    whole = float((weight**2 * about**2).sum())
    return 1 - squares / whole if whole > 0 and not _rounding(whole, data) else np.nan
