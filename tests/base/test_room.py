import math

import numpy as np
import pytest

from tests.geometry.networks import network
from thalweg.base import room
from thalweg.base.errors import InvalidValue
from thalweg.geometry import eigenpairs
from thalweg.geometry.directions import orthonormal

TOLD = "MemTotal: 9000 kB\nMemAvailable: 3000 kB\nSwapFree: 1000 kB\n"


@pytest.fixture
def told(tmp_path, monkeypatch):
    """Let a system tell what it is given to say."""
    monkeypatch.setattr(room, "SYSTEM", tmp_path / "meminfo")
    monkeypatch.setattr(room, "GROUP", tmp_path)
    monkeypatch.setattr(room, "LEAST", 0)

    def say(**files):
        for name, text in files.items():
            (tmp_path / name.replace("_", ".")).write_text(text, encoding="utf-8")

    return say


@pytest.mark.parametrize(
    ("files", "wanted"),
    [
        ({}, math.inf),
        ({"meminfo": "MemTotal: 9000 kB\n"}, math.inf),
        ({"meminfo": TOLD}, 4000 * 1024),
        ({"meminfo": TOLD, "memory_max": "max\n", "memory_current": "5\n"}, 4000 * 1024),
        ({"meminfo": TOLD, "memory_max": "2000000\n", "memory_current": "500000\n"}, 1_500_000),
        ({"meminfo": TOLD, "memory_max": "9000000\n", "memory_current": "500000\n"}, 4000 * 1024),
        ({"meminfo": TOLD, "memory_max": "10\n", "memory_current": "20\n"}, 0),
    ],
)
def test_what_is_free_is_what_system_and_container_allow(told, files, wanted):
    told(**files)
    assert room.free() == wanted


def test_this_system_has_memory_that_is_free():
    assert room.free() > 0


def test_directions_and_searches_that_do_not_fit_are_refused_in_one_line(told):
    told(meminfo="MemAvailable: 100 kB\n")
    net = network(np.sum, position=np.zeros(5000))
    with pytest.raises(InvalidValue, match=r"^a slice along 2 directions of 5,000 parameters takes .* GB of memory"):
        orthonormal(net)
    assert orthonormal(net, count=1).directions.shape == (1, 5000)
    with pytest.raises(InvalidValue, match=r"^a search among 5,000 parameters takes .* are free; give a smaller"):
        eigenpairs.extreme(lambda vector: vector, np.ones(5000), 1, 0)
