import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.long

FILE = Path(__file__).parents[1] / "benchmarks" / "plain.py"


def test_the_benchmark_beside_a_plain_loop_measures_time_and_memory(tmp_path):
    command = [sys.executable, FILE, "--only", "cnn,dense-24m,gpt2", "--width", "64", "--side", "3", "--repeats", "1"]
    command += ["--json", tmp_path / "figures.json"]
    run = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=300, check=False)
    assert run.returncode == 0, run.stderr
    figures = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))
    assert list(figures) == ["cnn", "dense-24m", "gpt2"]
    assert all(row["processor time / loop"]["ratio"] > 0 for row in figures.values())
    if sys.platform == "linux":
        # the network's own parameters, two directions, and the largest weight, which is half of all; 0.1 for the rest
        assert 3 <= figures["dense-24m"]["memory / parameters"]["ratio"] <= 3.6
