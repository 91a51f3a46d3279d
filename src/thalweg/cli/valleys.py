"""``thalweg valleys``: the valleys of an experiment's surface, without a descent."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from cyclopts import Parameter

from thalweg.base.errors import InvalidValue
from thalweg.cli.run import reading


def valleys(
    experiment: Path,
    /,
    *,
    exact: Annotated[bool, Parameter(negative=(), show_default=False)] = False,
    grid: int | None = None,
    starts: int | None = None,
    seed: int | None = None,
    set: Annotated[tuple[str, ...], Parameter(consume_multiple=True, negative=(), show_default=False)] = (),
    out: Path | None = None,
    cache: Path | None = None,
) -> None:
    """Find the valleys of an experiment's surface: minima, passes, persistence, the merge tree.

    Exactly, where a theorem allows it; on a grid, refined on the objective itself; or from many starts, in any number
    of parameters.

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
    set: tuple[str, ...]
        Values that replace those of the file, such as `loss=quadratic problem.noise=0.01`.
    out: Path
        Folder to write, by default the file's name with `-valleys`; one that thalweg wrote is replaced.
    cache: Path
        Folder that keeps compiled programs, so that a later start need not compile them again.
    """
    ways = {"--exact": exact or None, "--grid": grid, "--starts": starts}
    chosen = [name for name, given in ways.items() if given is not None]
    if len(chosen) > 1:
        raise InvalidValue(f"{' and '.join(chosen)} are different ways; give one of them")
    method = chosen[0].removeprefix("--") if chosen else "grid"
    if seed is not None and starts is None:
        raise InvalidValue(f"--seed {seed} is the seed of starts; give --starts N too, or leave it out")
    load = reading(experiment, set)

    def work(experiment: Any, stage: Any, folder: Path):
        from thalweg.descent.starts import Sobol
        from thalweg.experiment.results import census

        return census(experiment, stage, method if starts is None else Sobol(starts, seed or 0), grid)

    from thalweg.cli.conduct import conduct

    conduct(load, out or Path(f"{experiment.stem}-valleys"), work, cache=cache)
