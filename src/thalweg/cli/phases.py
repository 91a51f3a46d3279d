"""``thalweg phases``: how many valleys there are, over the noise of the data and the exponent of the loss."""

from __future__ import annotations

import math
from pathlib import Path
from typing import TYPE_CHECKING

from thalweg.base.errors import InvalidValue
from thalweg.cli.options import USUAL, Options, named

if TYPE_CHECKING:
    from thalweg.experiment.experiment import Experiment
    from thalweg.experiment.results import Results, Stage

MOST = 200
"""Numbers along one side at most: 40,000 censuses are the work of a night."""


def phases(
    experiment: Path,
    /,
    *,
    noise: str = "0:0.1:11",
    exponent: str = "0.25:2:8",
    persistence: float | None = None,
    options: Options = USUAL,
) -> None:
    """Count the valleys of an experiment's problem under |r|^p, for every noise and every exponent p.

    Of a line through the origin with p at most 1 they are counted exactly, of all else on a grid. The experiment's
    loss, optimiser and descent are not used.

    Example: `thalweg phases experiment.toml --noise 0:0.1:6 --exponent 0.25,0.5,1,2 --persistence 0.002`

    Parameters
    ----------
    experiment: Path
        A TOML file whose problem has a noise; make one with `thalweg new pencil` or `thalweg new line`.
    noise: str
        Standard deviations: `LOW:HIGH:COUNT`, evenly spaced, or numbers parted by commas.
    exponent: str
        Exponents p, likewise.
    persistence: float
        What a minimum needs to count, in units of the loss; by default what it needs in the experiment itself.
    """
    noises, exponents = numbers("noise", noise), numbers("exponent", exponent)

    def work(experiment: Experiment, stage: Stage, folder: Path) -> Results:
        from thalweg.base.checks import number
        from thalweg.experiment.results import phased

        for one in noises:
            number("--noise", one, at_least=0)
        for one in exponents:
            number("--exponent", one, above=0)
        with named(persistence="--persistence"):
            return phased(experiment, stage, noises, exponents, persistence)

    from thalweg.cli.conduct import conduct

    conduct("phases", experiment, options, work)


def numbers(option: str, text: str) -> list[float]:
    """Read ``LOW:HIGH:COUNT`` or numbers parted by commas, in rising order."""
    ends = text.split(":")
    try:
        if len(ends) == 3:
            low, high, count = float(ends[0]), float(ends[1]), int(ends[2])
            found = [low + (high - low) * k / max(count - 1, 1) for k in range(min(count, MOST + 1))]
        else:
            found = [float(part) for part in text.split(",")]
    except ValueError:
        found = []
    if not found or not all(map(math.isfinite, found)):
        raise InvalidValue(
            f"--{option} {text!r} is no list of numbers; give LOW:HIGH:COUNT, such as 0:0.1:11, or numbers parted by "
            "commas"
        )
    if len(found) > MOST:
        raise InvalidValue(f"--{option} {text!r} has more than {MOST} numbers; give fewer")
    # As they are read: 0.30000000000000004 is 0.3.
    return sorted({float(f"{value:.12g}") for value in found})
