"""The stages of a command: what is being done is shown while it is done, and timed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from thalweg.base.progress import listening


class Stages:
    """Seconds spent in named stages, in the order in which they were first entered, and a bar that names the present.

    The bar goes to standard error, if that is a terminal, and goes when the block ends. A loop that reports its
    progress (:func:`thalweg.base.progress.track`) moves it; otherwise it only shows that there is life.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.begun, self._name = time.perf_counter(), "prepare"
        console = Console(stderr=True)
        columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
        self._progress = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
        self._bar = self._progress.add_task("", total=None)

    @contextmanager
    def showing(self) -> Iterator[None]:
        """Show the bar during the block."""
        with self._progress, listening(self._listen):
            yield

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Name what the block does, and add the time that it takes."""
        begun, self._name = time.perf_counter(), name
        self._progress.update(self._bar, description=name, completed=0, total=None)
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - begun

    def print(self, console: Console) -> None:
        """Print a table of the seconds, with the whole at its foot."""
        whole = time.perf_counter() - self.begun
        table = Table(title="Where the time went", show_footer=True, title_justify="left")
        table.add_column("stage", footer="in all")
        table.add_column("seconds", justify="right", footer=f"{whole:.2f}")
        for name, seconds in self.seconds.items():
            table.add_row(name, f"{seconds:.2f}")
        console.print(table)

    def _listen(self, what: str, done: float, total: float) -> None:
        self._progress.update(self._bar, description=f"{self._name}: {what}", completed=done, total=total)
