"""Whatever a public function is given, it gives a result or says in one line what is wrong."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


def faults(folder, *options):
    """Run the calls of ``tests/border.py`` in an interpreter of its own."""
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path])}
    command = [sys.executable, "-m", "tests.border", *options]
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=3000, check=False
    )
    return done.stdout.splitlines() + ([] if done.returncode == 0 else [done.stderr])


def test_a_sample_of_wrong_arguments_gives_results_or_one_line(tmp_path):
    assert faults(tmp_path, "--sample", "300") == []


@pytest.mark.long
def test_all_wrong_arguments_give_results_or_one_line(tmp_path):
    assert faults(tmp_path) == []
