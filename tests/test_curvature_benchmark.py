import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.long

FILE = Path(__file__).parents[1] / "benchmarks" / "curvature.py"


def test_the_benchmark_of_curvature_counts_products_beside_scipys(tmp_path):
    command = [sys.executable, FILE, "--most", "2", "--repeats", "1"]
    command += ["--json", tmp_path / "figures.json"]
    run = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=300, check=False)
    assert run.returncode == 0, run.stderr
    figures = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))
    assert len(figures) == 4
    for row in figures.values():
        assert row["ratio"] == row["ours"] / row["eigsh"] <= row["bound"] == 1.2
