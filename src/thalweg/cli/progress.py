"""A progress bar for whatever takes long."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from thalweg.base.progress import listening


@contextmanager
def showing(console: Console) -> Iterator[None]:
    """Show a bar for every loop that reports its progress; it goes when the block ends."""
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        bar = progress.add_task("preparing", total=None)

        def listen(what: str, done: int, total: int) -> None:
            progress.update(bar, description=what, completed=done, total=total)

        with listening(listen):
            yield
