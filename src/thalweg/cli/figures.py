"""``thalweg figures``: draw the figures of a finished run again, or several runs in the same pictures."""

from __future__ import annotations

from pathlib import Path

from thalweg.base.errors import InvalidValue
from thalweg.cli.options import DRAWN, Flag, Wanted


def figures(
    folder: Path,
    /,
    *others: Path,
    wanted: Wanted = DRAWN,
    dpi: int = 200,
    out: Path | None = None,
    timings: Flag = False,
) -> None:
    """Draw the figures and the report of a finished run again, from its stored arrays; or several runs together.

    Two or more runs of one problem and loss are drawn in the same pictures, each named by its optimiser, or by the
    setting that differs, and in a colour of its own. Pictures that were there are replaced.

    Example: `thalweg figures experiment-run --formats png,pdf --dpi 400`

    Example: `thalweg figures sgd-run adam-run --out two-optimisers`

    Example: `thalweg figures experiment-run --dark --size 13.3x7.5 --font-size 14`

    Parameters
    ----------
    folder: Path
        A folder that thalweg wrote.
    others: Path
        More of them, to be drawn together with it.
    dpi: int
        Dots an inch of the PNG pictures: 200 for a page, 800 for a wall.
    out: Path
        Folder for the pictures of several runs, by default such as `figures-of-2-runs`.
    timings: bool
        Print where the time went.
    """
    from rich.console import Console
    from rich.markup import escape

    from thalweg.cli.stages import Stages

    if out and not others:
        raise InvalidValue(f"--out {out}: one run keeps its pictures; give two or more folders, or leave --out out")
    console, stages, summary = Console(), Stages(), None
    place = out or Path(f"figures-of-{len(others) + 1}-runs")
    with stages.showing():
        with stages.stage("import the figures"):
            from thalweg.base.checks import whole
            from thalweg.cli import drawing
        whole("--dpi", dpi, at_least=10, at_most=2400)
        if others:
            summary = drawing.together((folder, *others), place, stages.stage, wanted, dpi)
        else:
            drawing.again(folder, stages.stage, wanted, dpi)
    if summary is None:
        console.print(escape(f"drew {folder / 'figures'} and {folder / 'report.html'} again"))
    else:
        from thalweg.cli.summary import look_first, print_summary

        print_summary(summary, console)
        look_first(place, console)
    if timings:
        stages.print(console)
