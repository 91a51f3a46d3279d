"""``thalweg demo``: the published experiment."""

from __future__ import annotations

from dataclasses import replace
from importlib.resources import files
from pathlib import Path

from thalweg.cli.options import USUAL, Options


def demo(*, options: Options = USUAL) -> None:
    """Run the published experiment: one line fitted to five, thrown out of one valley into the next.

    Writes pictures, an animation, tables, arrays and a report into the folder `thalweg-demo`, and prints where to
    look first.

    Example: `thalweg demo --set loss=quadratic`, for which the line has one valley
    """
    from thalweg.cli.conduct import conduct

    published = Path(str(files("thalweg.cli") / "templates" / "pencil.toml"))
    conduct("demo", published, replace(options, out=options.out or Path("thalweg-demo")))
