"""``report.html``: everything that a run showed on one page, readable on a phone, on paper and without a network."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

import tomli_w

from thalweg.base.look import Look
from thalweg.experiment.results import Results
from thalweg.figures.drawing import style
from thalweg.figures.drawing.wording import held
from thalweg.problems.problem import Function
from thalweg.report.summary import Summary, summarise
from thalweg.report.text import LEFT, WRAPPED, TextTable
from thalweg.report.verdict import curves_of

if TYPE_CHECKING:
    from thalweg.figures.figure import Figure

STYLE = """
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 54rem; padding: 1.25rem; color: var(--ink); background: var(--paper);
  font: 1rem/1.55 var(--font); }
h1 { font-size: 1.7rem; line-height: 1.2; margin: .5rem 0 .25rem; }
h2 { font-size: 1.2rem; margin: 2.25rem 0 .5rem; }
.lead { color: var(--muted); margin: 0 0 1.25rem; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .92rem; }
caption { caption-side: bottom; text-align: left; color: var(--muted); padding-top: .3rem;
  max-width: calc(100vw - 3.5rem); }
th, td { padding: .3rem .9rem .3rem 0; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { color: var(--muted); font-weight: 600; }
th.text, td.text { text-align: left; }
td.long { white-space: normal; min-width: 9rem; }
figure { margin: 2rem 0; break-inside: avoid; }
figure img { width: 100%; height: auto; display: block; }
figcaption { color: var(--muted); font-size: .92rem; margin-top: .4rem; }
pre { background: var(--shade); padding: .9rem; overflow-x: auto; font-size: .82rem; line-height: 1.45; }
a { color: var(--link); }
@media print { body { max-width: none; padding: 0; font-size: 10pt; } pre { white-space: pre-wrap; }
  .screen { display: none; } figure { max-width: 16cm; } }
"""


COLOURS = {
    "ink": "#22262b",
    "muted": "#5d6673",
    "line": "#e3e6ea",
    "paper": "#ffffff",
    "shade": "#f6f7f9",
    "link": "#1f5fa8",
}
"""Of the page on light paper."""


def write_report(results: Results, figures: Sequence[Figure], folder: Path) -> None:
    """Write the report beside the figures that lie in ``folder/figures``; a figure without a PNG there is drawn."""
    settings = f"<pre>{escape(tomli_w.dumps(results.experiment.settings))}</pre>"
    write(folder, title_of(results), summarise(results), figures, [settings, versions_of(results)])


def write(folder: Path, title: str, summary: Summary, figures: Sequence[Figure], repeat: Sequence[str]) -> None:
    """Write the page; ``repeat`` is how to repeat what it shows, in HTML."""
    parts = [
        f"<h1>{escape(title)}</h1>",
        f'<p class="lead">{escape(summary.heading)}</p>',
        *([f"<p><strong>{escape(summary.lead)}</strong></p>"] if summary.lead else []),
        *(f"<p>{escape(remark)}</p>" for remark in summary.remarks),
        *(_table(table) for table in summary.tables),
        *(_figure(figure, folder) for figure in figures),
        _links(folder),
        "<h2>How to repeat it</h2>",
        *repeat,
    ]
    page = (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{_root(figures[0].shown if figures else Look())}{STYLE}</style>\n"
        "</head>\n<body>\n" + "\n".join(parts) + "\n</body>\n</html>\n"
    )
    (folder / "report.html").write_text(page, encoding="utf-8")


def _root(look: Look) -> str:
    """Set the colours and the font; paper that is printed on is light in any case."""
    with style.styled(look):
        colours = {name: style.tone(colour) for name, colour in COLOURS.items()}
        font, scheme = style.web_families(), style.web_scheme()
    screen, paper = ("; ".join(f"--{name}: {one}" for name, one in part.items()) for part in (colours, COLOURS))
    return (
        f"\n:root {{ {screen}; --font: {font}; color-scheme: {scheme}; }}"
        f"\n@media print {{ :root {{ {paper}; color-scheme: light; }} }}"
    )


def title_of(results: Results) -> str:
    """Title a page by what the results are of."""
    problem = results.experiment.problem
    called = problem.name.replace("_", " ")
    if isinstance(problem, Function):
        called = called.capitalize()  # mostly the name of whoever thought of it
    elif problem.name not in ("table", "fit"):
        called = f"the {called}"
    elif problem.source:
        called = problem.source
    name = called + held(problem.fixed)
    if results.comparison is not None:
        return f"{_capital(name)} in {results.comparison.sizes['framework']} frameworks"
    if results.phases is not None:
        return f"{_capital(name)}: valleys over noise and exponent"
    found = results.valleys if results.fit is None else results.fit
    if found is None:
        return f"A descent on {name}"
    count = found.sizes["valley"] if results.fit is None else curves_of(found)
    return f"{_capital(name)}: {'no valley' if not count else f'{count} valley' + 's' * (count != 1)}"


def _capital(name: str) -> str:
    return f"The{name[3:]}" if name.startswith("the ") else name


def _table(table: TextTable) -> str:
    def cell(tag: str, column: str, text: str) -> str:
        kind = ' class="text long"' if column in WRAPPED else ' class="text"' if column in LEFT else ""
        return f"<{tag}{kind}>{escape(text)}</{tag}>"

    head = "".join(cell("th", column, column) for column in table.columns)
    rows = (
        "<tr>" + "".join(cell("td", column, text) for column, text in zip(table.columns, row, strict=True)) + "</tr>"
        for row in table.rows
    )
    note = f"<caption>{escape(table.note)}</caption>" if table.note else ""
    return (
        f'<h2>{escape(table.title)}</h2>\n<div class="scroll"><table>{note}<thead><tr>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _figure(figure: Figure, folder: Path) -> str:
    drawn, moving = (folder / "figures" / f"{figure.name}.{ending}" for ending in ("png", "gif"))
    images = [_image("png", drawn.read_bytes() if drawn.exists() else figure.png(), figure.caption)]
    if moving.exists():
        images.append(f'<div class="screen">{_image("gif", moving.read_bytes(), f"{figure.title}, moving")}</div>')
    return f"<figure>{''.join(images)}\n<figcaption>{escape(figure.caption)}</figcaption></figure>"


def _image(kind: str, content: bytes, text: str) -> str:
    return f'<img alt="{escape(text)}" src="data:image/{kind};base64,{b64encode(content).decode()}">'


def _links(folder: Path) -> str:
    place = "figures/interactive.html"
    if not (folder / place).exists():
        return ""
    return f'<p class="screen">The same figures to turn and to read off: <a href="{place}">{place}</a>.</p>'


def versions_of(results: Results) -> str:
    """Say what the results were computed with, in HTML."""
    parts = (results.runs, results.valleys, results.comparison, results.phases, results.surface, results.fit)
    attributes = next(part.attrs for part in parts if part is not None)
    named = [f"{name} {attributes[f'{name}_version']}" for name in ("thalweg", "jax", "jaxlib", "optax", "numpy")]
    return f'<p class="lead">Computed with {escape(", ".join(named))} on {escape(attributes["device"])}.</p>'
