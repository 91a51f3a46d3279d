"""``thalweg fit``: one's own data and formula, from many starts."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from cyclopts import Parameter

from thalweg.base.errors import InvalidValue
from thalweg.cli.options import USUAL, Options, named

if TYPE_CHECKING:
    from thalweg.base.settings import Table
    from thalweg.experiment.experiment import Experiment
    from thalweg.experiment.results import Results, Stage

Several = Annotated[tuple[str, ...], Parameter(consume_multiple=True, negative=(), show_default=False)]
"""An option that takes several values, one after another."""


@Parameter(name="*")
@dataclass(frozen=True)
class Columns:
    """Options on what is in the data.

    Attributes
    ----------
    y: str
        Column that is fitted.
    x: tuple[str, ...]
        Columns that the model takes; by default all whose names it has.
    sigma: str
        Column of uncertainties of y.
    weights: str
        Column of weights, in place of uncertainties.
    groups: str
        Column that names groups of rows; a parameter with a range such as `A=0:10:each` is one for each of them.
    missing: Literal["refuse", "drop"]
        What is done with rows that lack a value: named, or left out.
    """

    y: str | None = None
    x: Several = ()
    sigma: str | None = None
    weights: str | None = None
    groups: str | None = None
    missing: Literal["refuse", "drop"] | None = None


@Parameter(name="*")
@dataclass(frozen=True)
class Search:
    """Options on the search.

    Attributes
    ----------
    loss: str
        Loss of an experiment file, such as `tukey`; least squares by default. Its numbers: `--set loss.scale=0.5`.
    range: tuple[str, ...]
        What is known of parameters: `f=0.1:5 tau=0.1:100:log p=0:2pi:periodic c=0 b=2*a`; by default proposed from the
        data.
    start: tuple[str, ...]
        A start of your own, such as `f=2 tau=10`, to be told where it leads.
    starts: int
        Starts spread over the ranges; 256 by default.
    seed: int
        Seed of the starts.
    intervals: tuple[str, ...]
        Parameters whose profile-likelihood intervals are sought, which takes longer; `all` for all.
    """

    loss: str | None = None
    range: Several = ()
    start: Several = ()
    starts: int | None = None
    seed: int | None = None
    intervals: Several = ()


ANY_COLUMNS, ANY_SEARCH = Columns(), Search()


def fit(
    data: Path,
    /,
    *,
    model: Several = (),
    columns: Columns = ANY_COLUMNS,
    search: Search = ANY_SEARCH,
    save: Path | None = None,
    options: Options = USUAL,
) -> None:
    """Fit a model to data of yours from many starts: the best fit, all valleys beside it, and which start leads where.

    Example: `thalweg fit decay.csv --y signal --model "A*exp(-t/tau) + c" --range tau=0.1:100:log`

    Parameters
    ----------
    data: Path
        A table with a row of names, CSV of any make, Excel or Parquet; `-` for standard input; or an experiment file
        that `--save` or `thalweg new fit` wrote, of which options replace values.
    model: tuple[str, ...]
        A formula: names of columns are data, all others are parameters; functions are those of NumPy. Further ones are
        other models of the same data, to compare.
    save: Path
        Write an experiment file that repeats this fit, and go on.
    """
    from thalweg.cli import saving
    from thalweg.cli.conduct import conduct

    values = asked(model, columns, search)
    if save is not None:
        saving.check(save, data)

    def work(experiment: Experiment, stage: Stage, folder: Path) -> Results:
        from thalweg.experiment.fitted import fitted

        if save is not None:
            saving.write(save, experiment)
        with named(count_of_starts="--starts", seed_of_the_starts="--seed"):
            return fitted(experiment, stage)

    if data.suffix == ".toml":
        conduct("fit", data, options, work, values)
        return
    name = "stdin" if str(data) == "-" else data.stem
    conduct("fit", (name, draft(data, columns, model)), options, work, values)


def asked(model: tuple[str, ...], columns: Columns, search: Search) -> dict[str, Any]:
    """Write what was typed as values of an experiment file, by dotted key."""
    given: dict[str, Any] = {
        "problem.model": model[0] if model else None,
        "problem.y": columns.y,
        "problem.sigma": columns.sigma,
        "problem.reading.x": list(columns.x) or None,
        "problem.reading.weights": columns.weights,
        "problem.reading.groups": columns.groups,
        "problem.reading.missing": columns.missing,
        "loss": search.loss,
        "fit.starts": search.starts,
        "fit.seed": search.seed,
        "fit.start": _pairs("--start", search.start) or None,
        "fit.intervals": list(search.intervals) or None,
        "fit.against": list(model[1:]) or None,
    }
    ranges = {f"problem.ranges.{name}": what for name, what in _pairs("--range", search.range).items()}
    return {key: value for key, value in given.items() if value is not None} | ranges


def draft(data: Path, columns: Columns, model: tuple[str, ...]) -> dict[str, Table]:
    """Begin an experiment on a table; what else was typed replaces its values."""
    if not model or columns.y is None:
        from thalweg.problems.reading.read import open_table

        lacks = " and ".join(["--model"] * (not model) + ["--y"] * (columns.y is None))
        example = 'such as --y signal --model "A*exp(-t/tau) + c"'
        known = ", ".join(open_table(str(data)).names)
        raise InvalidValue(f"no {lacks} is given; {data} has the columns {known}: give them, {example}")
    return {"problem": {"kind": "fit", "data": str(data)}, "loss": {"kind": "quadratic"}}


def _pairs(option: str, texts: tuple[str, ...]) -> dict[str, Any]:
    """Read ``name=what``; what is a number where it is one."""
    pairs: dict[str, Any] = {}
    for text in texts:
        name, sign, what = (part.strip() for part in text.partition("="))
        if not sign or not name or not what:
            example = "f=0.1:5 tau=0.1:100:log" if option == "--range" else "f=2 tau=10"
            raise InvalidValue(f"{option} {text!r} is not name=value; give some such as {example}")
        if name in pairs:
            raise InvalidValue(f"{option} names {name} twice; name each of them once")
        with suppress(ValueError):
            what = float(what)
        pairs[name] = what
    return pairs
