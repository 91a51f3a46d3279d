"""``thalweg compare``: the same descent in several frameworks."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from thalweg.cli.options import USUAL, Options

if TYPE_CHECKING:
    from thalweg.experiment.experiment import Experiment
    from thalweg.experiment.results import Results, Stage

QUIET = {"TF_CPP_MIN_LOG_LEVEL": "3", "TF_ENABLE_ONEDNN_OPTS": "0"}
"""Keeps TensorFlow from writing to the terminal as it is imported; what the user has set, stays.

It announces oneDNN at any level of its log, and can be kept from that by leaving it off only: then its own kernels sum.
"""


def compare(experiment: Path, /, *, frameworks: str = "", options: Options = USUAL) -> None:
    """Make the same descent in JAX, PyTorch, TensorFlow and Keras, and say where they part, and why.

    Writes a table of the largest differences from Thalweg's own driver, of the first step at which each parts beyond
    rounding and of its cause, and a figure. One run is made, from the first of the experiment's starts, with the same
    optimiser and settings everywhere. A framework that is not installed is named, with the command that installs it;
    one that would take more than ten times as long as the others, and more than 20 seconds, is left out unless named.

    Example: `thalweg compare experiment.toml --frameworks jax,torch --set optimizer=adam descent.precision=32`

    Parameters
    ----------
    experiment: Path
        A TOML file; make one with `thalweg new`.
    frameworks: str
        Names parted by commas: jax, torch, tensorflow and keras, by default all; `tensorflow:update` writes the update
        of plain gradient descent by hand.
    """
    for name, value in QUIET.items():
        os.environ.setdefault(name, value)

    def work(experiment: Experiment, stage: Stage, folder: Path) -> Results:
        from thalweg.experiment.results import Results
        from thalweg.frameworks.comparison.compare import compare as verb

        names = tuple(name.strip() for name in frameworks.split(",")) if frameworks else None
        with stage("compare"):
            compared = verb(experiment.objective, experiment.descent, names, starts=experiment.starts)
        return Results(experiment, comparison=compared)

    from thalweg.cli.conduct import conduct

    conduct("compare", experiment, options, work)
