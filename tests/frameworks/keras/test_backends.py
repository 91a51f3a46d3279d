"""The other backends of Keras, each in a process of its own: Keras reads its backend when it is imported."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("keras")


@pytest.mark.long
@pytest.mark.parametrize("backend", ["jax", "tensorflow", "torch"])
def test_all_holds_on_every_backend(backend: str) -> None:
    pytest.importorskip(backend)
    files = [str(path) for path in Path(__file__).parent.glob("test_*.py") if path != Path(__file__)]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-n", "0", *files],
        env=os.environ | {"KERAS_BACKEND": backend},
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]
