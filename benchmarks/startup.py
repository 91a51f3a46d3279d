"""What a newcomer waits for: the import, the help, the demo from cold; each beside a yardstick timed in the same run.

Run: python benchmarks/startup.py [--json FILE] [--repeats N]

Absolute times depend on the machine and are printed for orientation only; the ratios are the result. Every command
is timed as a whole process of its own, the yardsticks and the candidates in turn.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path


def main() -> None:
    """Time all commands and print a table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--repeats", type=int, default=5, help="times each short command is run")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        figures = measure(Path(folder), options.repeats)
    for name, (seconds, yardstick, ratio) in figures.items():
        print(f"{name:34} {seconds:7.2f} s   {ratio:6.2f} x {yardstick}")
    if options.json:
        rows = {name: {"seconds": s, "yardstick": y, "ratio": r} for name, (s, y, r) in figures.items()}
        options.json.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")


def measure(folder: Path, repeats: int) -> dict[str, tuple[float, str, float]]:
    """Time every command; (median seconds, name of its yardstick, ratio of the medians)."""
    python, thalweg = sys.executable, [sys.executable, "-m", "thalweg"]
    commands = {
        "python": [python, "-c", "pass"],
        "import jax": [python, "-c", "import jax"],
        "import thalweg": [python, "-c", "import thalweg"],
        "thalweg --help": [*thalweg, "--help"],
    }
    seconds: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(repeats):
        for name, command in commands.items():
            seconds[name].append(once(command, folder))
    medians = {name: statistics.median(values) for name, values in seconds.items()}
    demo = statistics.median(once([*thalweg, "demo"], folder) for _ in range(min(3, repeats)))
    return {
        "import thalweg": (medians["import thalweg"], "python", medians["import thalweg"] / medians["python"]),
        "thalweg --help": (medians["thalweg --help"], "import jax", medians["thalweg --help"] / medians["import jax"]),
        "thalweg demo, compiled from cold": (demo, "import jax", demo / medians["import jax"]),
    }


def once(command: list[str], folder: Path) -> float:
    """Run a command to its end and time it."""
    begun = time.perf_counter()
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return time.perf_counter() - begun


if __name__ == "__main__":
    main()
