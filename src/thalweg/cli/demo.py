"""``thalweg demo``: the published experiment."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Annotated

from cyclopts import Parameter


def demo(
    *, out: Path = Path("thalweg-demo"), timings: Annotated[bool, Parameter(negative=(), show_default=False)] = False
) -> None:
    """Run the published experiment: one line fitted to five, thrown out of one valley into the next.

    Writes pictures, an animation, tables, arrays and a report, and prints where to look first.

    Parameters
    ----------
    out: Path
        Folder to write; one that an earlier run wrote is replaced, any other is left alone.
    timings: bool
        Print where the time goes.
    """
    from thalweg.cli.conduct import conduct

    text = files("thalweg.cli").joinpath("templates/pencil.toml").read_text(encoding="utf-8")

    def load():
        from thalweg.experiment.experiment import parse

        return parse(text, name="the demo")

    conduct(load, out, timings=timings)
