import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.long

FILE = Path(__file__).parents[1] / "benchmarks" / "principal.py"


def test_the_benchmark_of_principal_directions_finds_what_numpy_finds(tmp_path):
    command = [sys.executable, FILE, "--parameters", "200000", "--rows", "12", "--json", tmp_path / "figures.json"]
    run = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=300, check=False)
    assert run.returncode == 0, run.stderr
    row = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))
    assert row["cosines"] == pytest.approx([1, 1], abs=1e-5)  # both in 32 bits
    assert row["peaks"]["thalweg"] < row["peaks"]["own"]
