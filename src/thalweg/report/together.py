"""What several runs on one surface showed: where each ended, in one table, and the page of their figures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import tomli_w

from thalweg.experiment.results import Results
from thalweg.experiment.together import shared
from thalweg.figures.drawing.wording import count, subject
from thalweg.report import page
from thalweg.report.outcomes import ended, lead
from thalweg.report.summary import Summary
from thalweg.report.text import TextTable

if TYPE_CHECKING:
    from thalweg.figures.figure import Figure


def summarise(several: Mapping[str, Results]) -> Summary:
    """Tell where each ended; of results with many runs the first is listed, as it is drawn, and all are counted."""
    first = next(iter(several.values()))
    rows, remarks = [], []
    for name, results in several.items():
        runs, ends, valleys = results.runs, results.outcomes, results.valleys
        assert runs is not None
        assert ends is not None
        assert valleys is not None
        rows.append((name, str(int(runs["last_step"][0])), *ended(ends.isel(run=[0]), valleys)))
        if runs.sizes["run"] > 1:
            remarks.append(f"{name}: {lead(ends, valleys, runs)}")
    columns = ("", "steps", "ended", "in the basin of", "loss", "above its minimum", "distance")
    note = "the first run of each, which is drawn" if remarks else ""
    assert first.runs is not None
    heading = f"{subject(first.runs.attrs)} · {count(len(several), 'run')}"
    return Summary(heading, "", [TextTable("Runs", columns, rows, note)], remarks)


def write_report(several: Mapping[str, Results], figures: Sequence[Figure], folder: Path) -> None:
    """Write ``report.html`` beside the figures: the table, the pictures, and the settings, those that differ apart."""
    results = list(several.values())
    common, own = shared([one.experiment.settings for one in results])
    repeat = [f"<p>All share</p><pre>{escape(tomli_w.dumps(common))}</pre>"]
    for name, settings in zip(several, own, strict=True):
        repeat += [f"<p>{escape(name)}</p><pre>{escape(tomli_w.dumps(settings))}</pre>"] * bool(settings)
    title = f"{page.title_of(results[0])}, {count(len(several), 'run')}"
    page.write(folder, title, summarise(several), figures, [*repeat, page.versions_of(results[0])])
