"""``thalweg run``: carry out an experiment file."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from thalweg.base.errors import InvalidValue

if TYPE_CHECKING:
    from thalweg.experiment.experiment import Experiment


def run(
    experiment: Path,
    /,
    *,
    set: Annotated[tuple[str, ...], Parameter(consume_multiple=True, negative=(), show_default=False)] = (),
    out: Path | None = None,
    cache: Path | None = None,
    timings: Annotated[bool, Parameter(negative=(), show_default=False)] = False,
) -> None:
    """Carry out an experiment: descend, survey, find valleys, draw, report.

    Parameters
    ----------
    experiment: Path
        A TOML file; make one with `thalweg new`.
    set: tuple[str, ...]
        Values that replace those of the file, such as `loss=quadratic optimizer.learning_rate=0.01`.
    out: Path
        Folder to write, by default the file's name with `-run`; one that an earlier run wrote is replaced.
    cache: Path
        Folder that keeps compiled programs, so that a later start need not compile them again.
    timings: bool
        Print where the time goes.
    """
    load = reading(experiment, set)

    from thalweg.cli.conduct import conduct

    conduct(load, out or Path(f"{experiment.stem}-run"), cache=cache, timings=timings)


def reading(experiment: Path, set: Sequence[str]) -> Callable[[], Experiment]:
    """Prepare to read an experiment with values of ``--set`` in place of its own; those are checked at once."""
    overrides = dict(override(text) for text in set)

    def load() -> Experiment:
        from thalweg.experiment.experiment import load

        return load(experiment, overrides)

    return load


def override(text: str) -> tuple[str, Any]:
    """Read one ``section.key=value``; a value that is not TOML is text."""
    key, sign, value = text.partition("=")
    if not sign:
        raise InvalidValue(f"--set {text!r} has no '='; give section.key=value, such as loss.p=0.5")
    try:
        return key.strip(), tomllib.loads(f"value = {value}")["value"]
    except ValueError:
        return key.strip(), value.strip()
