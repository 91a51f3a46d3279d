"""Where the time goes."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.table import Table


class Timings:
    """Seconds spent in named stages, in the order in which they were first entered."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.begun = time.perf_counter()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the time that the block takes to ``name``."""
        begun = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - begun

    def show(self, console: Console) -> None:
        """Print a table, with the whole at its foot."""
        whole = time.perf_counter() - self.begun
        table = Table(title="Where the time goes", show_footer=True, title_justify="left")
        table.add_column("stage", footer="in all")
        table.add_column("seconds", justify="right", footer=f"{whole:.2f}")
        for name, seconds in self.seconds.items():
            table.add_row(name, f"{seconds:.2f}")
        console.print(table)
