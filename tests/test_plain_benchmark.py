import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.long

FILE = Path(__file__).parents[1] / "benchmarks" / "plain.py"


def figures(folder, *options):
    file = folder / "figures.json"
    command = [sys.executable, FILE, "--side", "3", "--repeats", "1", "--json", file, *options]
    run = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=300, check=False)
    assert run.returncode == 0, run.stderr
    return json.loads(file.read_text(encoding="utf-8"))


def test_the_benchmark_beside_a_plain_loop_measures_time_and_curvature(tmp_path):
    rows = figures(tmp_path, "--only", "cnn,gpt2", "--width", "64", "--modes", "1")
    assert list(rows) == ["cnn", "gpt2"]
    for row in rows.values():
        assert row["processor time / loop"]["ratio"] > 0
        assert row["products with the Hessian"]["ratio"] > 5


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells the peak of memory since a moment")
def test_a_large_network_is_held_once_beside_its_model_and_directions(tmp_path):
    found = figures(tmp_path, "--only", "dense-24m")["dense-24m"]["memory / parameters"]["ratio"]
    # its own parameters, two directions, and the largest weight, which is half of all; 0.1 for the rest
    assert 3 <= found <= 3.6
