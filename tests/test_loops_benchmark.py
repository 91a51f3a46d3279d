import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.long

FILE = Path(__file__).parents[1] / "benchmarks" / "loops.py"


def test_slices_of_tensorflow_and_keras_are_timed_beside_loops_of_users_with_the_same_losses(tmp_path):
    command = [sys.executable, FILE, "--side", "3", "--repeats", "1", "--json", tmp_path / "figures.json"]
    environment = os.environ | {"KERAS_BACKEND": "tensorflow"}
    run = subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", timeout=300, check=False, env=environment
    )
    assert run.returncode == 0, run.stderr  # where losses differ it says so, and ends with 1
    figures = json.loads((tmp_path / "figures.json").read_text(encoding="utf-8"))
    assert list(figures) == ["tensorflow, mlp", "tensorflow, cnn", "keras, mlp", "keras, cnn"]
    assert all(row["ratio"] > 0 for rows in figures.values() for row in rows.values())
