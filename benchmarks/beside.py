"""An older checkout of this library beside this one: what each of their benchmarks times, as ratios.

Run: python benchmarks/beside.py --before FOLDER [--turns N] [--json FILE] NAME [options]

NAME is engine, valleys, census, slices or startup; options after it go to that benchmark. Two versions of a package
cannot live in one process, so each checkout runs its own file of that name, with its own sources, in processes of their
own; before and now in turn, the order swapped each time, so that a machine that grows slower or quicker meanwhile does
so for both. What counts is the best time of a row over all turns: whatever else the machine does can only add to a
time. Rows that time somebody else's code, such as loops in C, should have a ratio of 1: how far they are from it is how
far the others can be trusted.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from timing import Asked, Row

NOW = Path(__file__).parents[1]
MOST = 1.05
"""Before and now are the same within this ratio."""

TIMES = "seconds", "processor"
"""What rows tell: the time on the clock, and that of all cores together, which other programs disturb less."""


def main(arguments: list[str] | None = None) -> None:
    """Run one benchmark in both checkouts, in turn, and print a table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--before", type=Path, required=True, help="the older checkout")
    parser.add_argument("--turns", type=int, default=3, help="times each checkout is run")
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("name", help="the benchmark: a file of benchmarks/, without ending")
    parser.add_argument("options", nargs=argparse.REMAINDER, help="options of the benchmark")
    options = parser.parse_args(arguments)
    turns = [
        {where: measured(where, options.name, options.options) for where in order}
        for order in orders(options.before.resolve(), NOW, options.turns)
    ]
    rows = compare([turn[options.before.resolve()] for turn in turns], [turn[NOW] for turn in turns])
    print(*(line(*row) for row in rows.items()), sep="\n")
    if options.json:
        options.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


def orders(before: Path, now: Path, turns: int) -> list[tuple[Path, Path]]:
    """Swap the order in every other turn."""
    return [(before, now) if turn % 2 == 0 else (now, before) for turn in range(turns)]


def measured(checkout: Path, name: str, options: list[str]) -> dict[str, Row]:
    """Run a benchmark of a checkout on its own sources; the rows that it times."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "figures.json"
        command = [sys.executable, checkout / "benchmarks" / f"{name}.py", *options, "--json", file]
        path = os.pathsep.join([str(checkout / "src"), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
        environment = os.environ | {"PYTHONPATH": path}
        subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)
        return dict(timed(json.loads(file.read_text(encoding="utf-8"))))


def timed(figures: dict[str, Any], *above: str) -> Iterator[tuple[str, Row]]:
    """Yield every row that has a time, named by the section that it stands in and its own name."""
    for name, row in figures.items():
        if isinstance(row, dict):
            if "seconds" in row:
                yield ": ".join([*above, name]), row
            else:
                yield from timed(row, *above, name)


def compare(before: list[dict[str, Row]], now: list[dict[str, Row]]) -> dict[str, Row]:
    """Divide the best times over all turns, row by row; a row that only one checkout has is named and not judged."""
    rows: dict[str, Row] = {}
    for name in [*now[0], *(name for name in before[0] if name not in now[0])]:
        if name not in before[0] or name not in now[0]:
            rows[name] = {"only": "now" if name in now[0] else "before"}
            continue
        then, today = ([turn[name] for turn in turns] for turns in (before, now))
        best = {kind: [min(row[kind] for row in side) for side in (then, today)] for kind in TIMES if kind in today[0]}
        ratios = {kind: today / then for kind, (then, today) in best.items()}
        each = [one["seconds"] / other["seconds"] for one, other in zip(today, then, strict=True)]
        more = {"processor": ratios["processor"]} if "processor" in ratios else {}
        verdict = Asked("at most", MOST).verdict(ratios["seconds"], **more)
        rows[name] = {"before": best["seconds"][0], "now": best["seconds"][1], "turns": each, **verdict}
    return rows


def line(name: str, row: Row) -> str:
    """Show one row."""
    if "only" in row:
        return f"{name:74} only {row['only']}"
    said = f"{1e3 * row['before']:10.2f} ms before {1e3 * row['now']:10.2f} ms now   ratio {row['ratio']:.3f}"
    said += f" in processor time {row['processor']:.3f}" if "processor" in row else ""
    least, most = min(row["turns"]), max(row["turns"])
    return f"{name:74} {said}, turns {least:.2f} to {most:.2f}   {'met' if row['met'] else 'MISSED'}"


if __name__ == "__main__":
    main()
