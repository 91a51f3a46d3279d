"""``thalweg figures``: draw the figures of a finished run again."""

from __future__ import annotations

from pathlib import Path

from thalweg.cli.options import Flag


def figures(folder: Path, /, *, dpi: int = 200, timings: Flag = False) -> None:
    """Draw the figures and the report of a finished run again, from its stored arrays.

    The pictures that were there are replaced.

    Example: `thalweg figures experiment-run --dpi 400`

    Parameters
    ----------
    folder: Path
        A folder that thalweg wrote.
    dpi: int
        Dots an inch of the PNG pictures: 200 for a page, 800 for a wall.
    timings: bool
        Print where the time went.
    """
    from rich.console import Console
    from rich.markup import escape

    from thalweg.cli.stages import Stages

    stages = Stages()
    with stages.showing():
        with stages.stage("import the figures"):
            from thalweg.base.checks import whole
            from thalweg.cli.drawing import draw
            from thalweg.experiment import directory
        whole("--dpi", dpi, at_least=10, at_most=2400)
        with stages.stage("read the run"):
            results = directory.read(folder)
        with directory.staging(folder) as staged:
            directory.copy(folder, staged)
            draw(results, staged, stages.stage, dpi)
    console = Console()
    console.print(escape(f"drew {folder / 'figures'} and {folder / 'report.html'} again"))
    if timings:
        stages.print(console)
