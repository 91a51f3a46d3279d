"""From an experiment to a finished run directory, with progress and a summary: what demo and run share."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.markup import escape

from thalweg.cli.progress import showing
from thalweg.cli.timings import Timings

if TYPE_CHECKING:
    from thalweg.experiment.experiment import Experiment
    from thalweg.experiment.results import Results, Stage

NARROWEST = 80
"""Columns for which tables are made; a narrower terminal wraps them rather than lose digits."""


Work = Callable[["Experiment", "Stage", Path], "Results"]
"""Carries out an experiment; what is too large for memory it writes into the folder."""


def conduct(
    load: Callable[[], Experiment],
    out: Path,
    work: Work | None = None,
    *,
    cache: Path | None = None,
    timings: bool = False,
) -> None:
    """Carry out what ``load`` reads and put the run directory at ``out``; the usual work is a descent.

    Compiled programs are kept in the folder ``cache``, if there is one.
    """
    console, clock = Console(width=max(Console().width, NARROWEST)), Timings()
    with showing(Console(stderr=True)):
        with clock.stage("import the engine"):
            from thalweg.base.compiling import compilation_cache
            from thalweg.experiment import directory
            from thalweg.experiment.results import perform
        with clock.stage("read the experiment"):
            experiment = load()
        # A place that cannot be written is refused before the work, not after it.
        with directory.staging(out) as folder:
            with compilation_cache(cache) if cache else nullcontext():
                results = (work or perform)(experiment, clock.stage, folder)
            with clock.stage("import the figures"):
                from thalweg.cli.drawing import draw
            with clock.stage("write the arrays"):
                directory.write(results, folder)
            draw(results, folder, clock.stage)
    from thalweg.cli.summary import print_summary
    from thalweg.report.summary import summarise

    print_summary(summarise(results), console)
    report, pictures = (escape(str(out / name)) for name in ("report.html", "figures"))
    console.print(f"Look first at [bold]{report}[/bold] and {pictures}")
    if timings:
        clock.show(console)
