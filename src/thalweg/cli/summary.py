"""Printing a summary to the terminal."""

from __future__ import annotations

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from thalweg.report.summary import Summary
from thalweg.report.text import WRAPPED


def print_summary(summary: Summary, console: Console) -> None:
    """Print heading, tables and remarks."""
    console.print(f"\n[bold]{escape(summary.heading)}[/bold]\n")
    for part in summary.tables:
        table = Table(title=escape(part.title), title_justify="left", caption=escape(part.note or "") or None)
        for column in part.columns:
            wide = column in WRAPPED
            table.add_column(
                escape(column), justify="left" if wide or column in ("", "at") else "right", no_wrap=not wide
            )
        for row in part.rows:
            table.add_row(*map(escape, row))
        console.print(table)
    for remark in summary.remarks:
        console.print(escape(remark), highlight=False)
    console.print()
