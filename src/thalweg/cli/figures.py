"""``thalweg figures``: draw the figures of a finished run again."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter


def figures(
    folder: Path, /, *, dpi: int = 200, timings: Annotated[bool, Parameter(negative=(), show_default=False)] = False
) -> None:
    """Draw the figures and the report of a finished run again, from its stored arrays.

    Parameters
    ----------
    folder: Path
        A folder that thalweg wrote.
    dpi: int
        Dots an inch of the PNG pictures: 200 for a page, 800 for a wall.
    timings: bool
        Print where the time goes.
    """
    from rich.console import Console
    from rich.markup import escape

    from thalweg.cli.drawing import draw
    from thalweg.cli.progress import showing
    from thalweg.cli.timings import Timings
    from thalweg.experiment import directory

    clock = Timings()
    with showing(Console(stderr=True)):
        with clock.stage("read the run"):
            results = directory.read(folder)
        with directory.staging(folder) as staged:
            directory.copy(folder, staged)
            draw(results, staged, clock.stage, dpi)
    console = Console()
    console.print(escape(f"drew {folder / 'figures'} and {folder / 'report.html'} again"))
    if timings:
        clock.show(console)
