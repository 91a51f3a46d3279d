"""``thalweg valleys``: the valleys of an experiment's surface, without a descent."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from thalweg.base.errors import InvalidValue
from thalweg.cli.options import USUAL, Flag, Options, named

if TYPE_CHECKING:
    from thalweg.experiment.experiment import Experiment
    from thalweg.experiment.results import Results, Stage


def valleys(
    experiment: Path,
    /,
    *,
    exact: Flag = False,
    grid: int | None = None,
    starts: int | None = None,
    seed: int | None = None,
    options: Options = USUAL,
) -> None:
    """Find the valleys of an experiment's surface: minima, passes, persistence, the merge tree.

    On a grid, refined on the objective itself, by default; exactly, where a theorem allows it; or from many starts, in
    any number of parameters.

    Example: `thalweg valleys experiment.toml --exact --set problem.noise=0.01`

    Parameters
    ----------
    experiment: Path
        A TOML file; make one with `thalweg new`.
    exact: bool
        Every minimum by theorem: linear models under a power of at most 1.
    grid: int
        Points along each axis of a grid; the experiment's own by default.
    starts: int
        Descend from so many starts of a Sobol sequence.
    seed: int
        Seed of the starts, 0 by default.
    """
    ways = {"--exact": exact or None, "--grid": grid, "--starts": starts}
    chosen = [name for name, given in ways.items() if given is not None]
    if len(chosen) > 1:
        raise InvalidValue(f"{' and '.join(chosen)} are different ways; give one of them")
    if seed is not None and starts is None:
        raise InvalidValue(f"--seed {seed} is the seed of starts; give --starts N too, or leave it out")

    def work(experiment: Experiment, stage: Stage, folder: Path) -> Results:
        from thalweg.descent.starts import Sobol
        from thalweg.experiment.results import Results, census

        with named(count_of_starts="--starts", seed_of_the_starts="--seed"):
            method = "exact" if exact else "grid" if starts is None else Sobol(starts, seed or 0)
        with named(points="--grid"):
            surface, valleys = census(experiment, stage, method, grid)
        return Results(experiment, surface=surface, valleys=valleys)

    from thalweg.cli.conduct import conduct

    conduct("valleys", experiment, options, work)
