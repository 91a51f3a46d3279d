"""Figures and report of results into a folder."""

from __future__ import annotations

from pathlib import Path
from shutil import which

from thalweg.base.progress import track
from thalweg.experiment.results import Results, Stage
from thalweg.figures import page
from thalweg.figures.drawing.style import DPI
from thalweg.figures.figure import STATIC
from thalweg.figures.gallery import gallery
from thalweg.report.page import write_report


def draw(results: Results, folder: Path, stage: Stage, dpi: int = DPI) -> None:
    """Draw every figure that suits the results, in the formats that the experiment asks for, and write the report."""
    formats, animation = results.experiment.figures.formats, results.experiment.figures.animation
    target = folder / "figures"
    target.mkdir()
    with stage("lay out the figures"):
        figures = gallery(results)
    for figure in track(figures, "drawing"):
        with stage(f"draw {figure.name}"):
            for ending in STATIC:
                if ending[1:] in formats:
                    figure.save(target / f"{figure.name}{ending}")
        if figure.moving and animation:
            with stage(f"animate {figure.name}"):
                for ending in ("gif", "mp4") if which("ffmpeg") else ("gif",):
                    figure.save(target / f"{figure.name}.{ending}")
    if "html" in formats:
        with stage("interactive page"):
            text = page.html(figures, f"Thalweg: {results.experiment.problem.name}")
            (target / "interactive.html").write_text(text, encoding="utf-8")
    with stage("report"):
        write_report(results, figures, folder)
    if dpi != DPI and "png" in formats:  # the report keeps those of the usual size
        for figure in track(figures, "drawing larger"):
            figure.save(target / f"{figure.name}.png", dpi=dpi)
