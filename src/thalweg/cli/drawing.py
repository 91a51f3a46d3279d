"""Figures and report of results into a folder."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from shutil import which

from thalweg.base.progress import track
from thalweg.cli.options import Wanted
from thalweg.experiment import directory
from thalweg.experiment import together as runs
from thalweg.experiment.results import Results, Stage
from thalweg.experiment.sections import Figures
from thalweg.figures import page
from thalweg.figures.drawing.style import DPI, check_font
from thalweg.figures.figure import STATIC, Figure
from thalweg.figures.gallery import gallery
from thalweg.figures.gallery import together as of_several
from thalweg.report import together as report
from thalweg.report.page import write_report
from thalweg.report.summary import Summary


def draw(results: Results, folder: Path, stage: Stage, dpi: int = DPI) -> None:
    """Draw every figure that suits the results, in the formats that the experiment asks for, and write the report."""
    asked = results.experiment.figures
    with stage("lay out the figures"):
        figures = gallery(results)
    save(figures, asked, folder, stage, f"Thalweg: {results.experiment.problem.name}")
    with stage("report"):
        write_report(results, figures, folder)
    enlarge(figures, asked, folder, dpi)


def again(folder: Path, stage: Stage, wanted: Wanted, dpi: int) -> None:
    """Draw what a folder holds again, in its place."""
    with stage("read the run"):
        results = _asking(directory.read(folder), wanted)
    with directory.staging(folder) as staged:
        directory.copy(folder, staged)
        draw(results, staged, stage, dpi)


def together(folders: Sequence[Path], out: Path, stage: Stage, wanted: Wanted, dpi: int) -> Summary:
    """Draw the runs of several folders in the same pictures, with a table and a report of where each ended."""
    with stage("read the runs"):
        several = {name: _asking(results, wanted) for name, results in runs.read(folders).items()}
        first = next(iter(several.values()))
        asked = first.experiment.figures
    with directory.staging(out, together=True) as folder:
        with stage("lay out the figures"):
            figures = of_several(several)
        save(figures, asked, folder, stage, f"Thalweg: {', '.join(several)} on {first.experiment.problem.name}")
        with stage("report"):
            runs.write(several, folders, folder)
            report.write_report(several, figures, folder)
        enlarge(figures, asked, folder, dpi)
    return report.summarise(several)


def _asking(results: Results, wanted: Wanted) -> Results:
    """Let results ask for what was typed, else for what their experiment says."""
    asked = wanted.instead_of(results.experiment.figures)
    check_font(asked.font)
    return replace(results, experiment=replace(results.experiment, figures=asked))


def save(figures: Sequence[Figure], asked: Figures, folder: Path, stage: Stage, title: str) -> None:
    """Save figures, one by one and in a page, in the formats that are asked for."""
    target = folder / "figures"
    target.mkdir()
    for figure in track(figures, "drawing"):
        with stage(f"draw {figure.name}"):
            for ending in STATIC:
                if ending[1:] in asked.formats:
                    figure.save(target / f"{figure.name}{ending}")
        if figure.moving and asked.animation:
            with stage(f"animate {figure.name}"):
                for ending in ("gif", "mp4") if which("ffmpeg") else ("gif",):
                    figure.save(target / f"{figure.name}.{ending}")
    if "html" in asked.formats:
        with stage("interactive page"):
            (target / "interactive.html").write_text(page.html(figures, title), encoding="utf-8")


def enlarge(figures: Sequence[Figure], asked: Figures, folder: Path, dpi: int) -> None:
    """Save the PNG pictures again with so many dots an inch; the report keeps those of the usual size."""
    if dpi != DPI and "png" in asked.formats:
        for figure in track(figures, "drawing larger"):
            figure.save(folder / "figures" / f"{figure.name}.png", dpi=dpi)
