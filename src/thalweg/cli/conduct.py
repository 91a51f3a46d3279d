"""From an experiment to a finished run directory, with progress and a summary: what most commands share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console

from thalweg.cli.options import Options
from thalweg.cli.stages import Stages

if TYPE_CHECKING:
    from thalweg.experiment.experiment import Experiment
    from thalweg.experiment.results import Results, Stage

Work = Callable[["Experiment", "Stage", Path], "Results"]
"""Carries out an experiment; what is too large for memory it writes into the folder."""


Draft = tuple[str, dict[str, Any]]
"""An experiment that stands in no file: what its folder is called after, and its sections."""

NOTHING: dict[str, Any] = {}


def conduct(
    command: str,
    experiment: Path | Draft,
    options: Options,
    work: Work | None = None,
    values: Mapping[str, Any] = NOTHING,
) -> None:
    """Carry out an experiment and put the run directory in its place; the usual work is a descent.

    What was typed replaces its values, by dotted key: ``values``, and those of ``--set``.
    """
    overrides = {**values, **options.overrides()}
    name = experiment.stem if isinstance(experiment, Path) else experiment[0]
    out = options.out or Path(f"{name}-{command}")
    console, stages = Console(), Stages()
    with stages.showing():
        with stages.stage("import the engine"):
            from thalweg.base.compiling import compilation_cache
            from thalweg.experiment import directory
            from thalweg.experiment.experiment import changed, load
            from thalweg.experiment.results import perform
        with stages.stage("read the experiment"):
            study = load(experiment, overrides) if isinstance(experiment, Path) else changed(experiment[1], overrides)
            if study.figures.font is not None:
                from thalweg.figures.drawing.style import check_font

                check_font(study.figures.font)
        # A place that cannot be written is refused before the work, not after it.
        with directory.staging(out) as folder:
            with compilation_cache(options.cache) if options.cache else nullcontext():
                results = (work or perform)(study, stages.stage, folder)
            with stages.stage("import the figures"):
                from thalweg.cli.drawing import draw
            with stages.stage("write the arrays"):
                directory.write(results, folder)
            draw(results, folder, stages.stage)
    from thalweg.cli.summary import look_first, print_summary
    from thalweg.report.summary import summarise

    print_summary(summarise(results), console)
    look_first(out, console)
    if options.timings:
        stages.print(console)
