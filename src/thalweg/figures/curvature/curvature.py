"""The curvature of a network's loss."""

from __future__ import annotations

import numpy as np

from thalweg.base.border import public
from thalweg.figures.curvature import chart
from thalweg.figures.curvature.reading import EDGE, Bend, plus, read
from thalweg.figures.drawing.wording import count, number
from thalweg.figures.figure import Figure, figure_of
from thalweg.store.kinds import Curvature


@public
def curvature(result: Curvature) -> Figure:
    """Draw the spectrum of a network's Hessian, or its leading eigenvalues along a run.

    At one point the spectral density is drawn on a logarithmic axis, which begins low enough for a single eigenvalue to
    be seen, with the leading eigenvalues and the lowest as ticks. Along a run the leading ones are drawn against step,
    with the lowest, and the trace with its standard error below. Eigenvalues that are known to no better than 5 % of
    themselves are dotted or crossed, and the caption says so. Gradient descent is stable on a quadratic surface as
    long as the largest eigenvalue is below 2 / learning rate, which is drawn where the results have the attribute
    ``learning_rate``. The spectrum at one step of a run is ``curvature(result.isel(step=k))``.

    Parameters
    ----------
    result : from :func:`thalweg.networks.curvature`

    Returns
    -------
    Figure
        With ``save``, ``static`` for Matplotlib and ``interactive`` for plotly.js; in a notebook it shows itself.

    Raises
    ------
    InvalidValue
        If these are no results of ``thalweg.networks.curvature``, or nothing in them is finite.

    References
    ----------
    B. Ghorbani, S. Krishnan, Y. Xiao, "An investigation into neural net optimization via Hessian eigenvalue density",
    2019, arXiv:1901.10159. J. Cohen et al., "Gradient descent on neural networks typically occurs at the edge of
    stability", 2021, arXiv:2103.00065.

    Examples
    --------
    >>> import numpy as np, xarray as xr
    >>> value = np.linspace(-1, 3, 41)
    >>> parts = {"eigenvalues": ("mode", [2.0, 1.0]), "lowest": -0.1, "trace": 3.0, "trace_error": 0.2}
    >>> bell = xr.Dataset(parts | {"density": ("value", np.exp(-(value**2)))}, {"value": value})
    >>> curvature(bell).caption
    'Spectrum of the Hessian, a network, loss: trace 3 ± 0.2; leading eigenvalues 2, 1; the lowest is −0.1.'
    """
    bend = read(result)
    matrix = str(result.attrs.get("matrix", "Hessian"))  # what stood for the Hessian, if anything did
    along = "Curvature along the run" + (f", by the {matrix}" if "matrix" in result.attrs else "")
    title = f"Spectrum of the {matrix}" if bend.step is None else along
    caption = f"{title}, {bend.note.replace(' · ', ', ')}: {_story(bend)}."
    return figure_of("curvature", title, caption, bend, chart.draw, chart.describe)


def _story(bend: Bend) -> str:
    parts = [_spectrum(bend)] if bend.step is None else _run(bend, (bend.step[0], bend.step[-1]))
    return "; ".join([*parts, *([bend.unsettled] if bend.unsettled else [])])


def _spectrum(bend: Bend) -> str:
    parts = [f"trace {plus(bend.trace, bend.error)}"]
    if bend.leading.size:
        parts.append("leading eigenvalues " + ", ".join(number(value, 3) for value in bend.leading.tolist()))
    if bend.bottomed:
        parts.append(f"the lowest is {number(float(bend.lowest), 3)}")
    return "; ".join(parts)


def _run(bend: Bend, steps: tuple[int, int]) -> list[str]:
    went = []
    if bend.leading.size:
        largest = bend.leading[:, 0]
        went.append(f"the largest eigenvalue goes from {number(largest[0], 3)} to {number(largest[-1], 3)}")
    if bend.bottomed:
        went.append(f"the lowest from {number(bend.lowest[0], 3)} to {number(bend.lowest[-1], 3)}")
    parts = [f"from step {steps[0]} to step {steps[1]} {', '.join(went)}"]
    if bend.traced:
        parts.append(f"the trace from {plus(bend.trace[0], bend.error[0])} to {plus(bend.trace[-1], bend.error[-1])}")
    if np.isfinite(bend.edge) and bend.leading.size:
        above = int((bend.leading[:, 0] > bend.edge).sum())
        often = f"at {count(above, 'step')} of the {len(bend.leading)} drawn" if above else "never"
        parts.append(f"the largest is {often} above {EDGE} = {number(bend.edge, 3)}")
    return parts
