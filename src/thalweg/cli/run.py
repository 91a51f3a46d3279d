"""``thalweg run``: carry out an experiment file."""

from __future__ import annotations

from pathlib import Path

from thalweg.cli.options import USUAL, Options


def run(experiment: Path, /, *, options: Options = USUAL) -> None:
    """Carry out an experiment: descend, survey, find valleys, draw, report.

    Example: `thalweg run experiment.toml --set loss=quadratic optimizer.learning_rate=0.01`

    Parameters
    ----------
    experiment: Path
        A TOML file; make one with `thalweg new`.
    """
    from thalweg.cli.conduct import conduct

    conduct("run", experiment, options)
