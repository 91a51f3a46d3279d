import importlib.util
import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

FILE = Path(__file__).parents[1] / "benchmarks" / "engine.py"
TINY = ["--runs", "100", "--steps", "3", "--angles", "130", "--few", "2", "--repeats", "1"]


def load():
    spec = importlib.util.spec_from_file_location("engine", FILE)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


engine = load()


def task(bits: int, runs: int, steps: int):
    rng = np.random.default_rng(0)
    x, y, starts = rng.uniform(-1, 1, 33), rng.uniform(-1, 1, 33), rng.uniform(-1.2, 1.2, runs)
    return engine.Task(*(values.astype(f"float{bits}") for values in (x, y, starts)), steps)


def candidate(name: str, losses, **more):
    return engine.Candidate(name, lambda: losses, **more)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """Run the whole benchmark, small, in a process of its own."""
    file = tmp_path_factory.mktemp("engine") / "figures.json"
    command = [sys.executable, FILE, *TINY, "--json", file]
    run = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=300, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout, json.loads(file.read_text(encoding="utf-8"))


def test_the_engine_benchmark_times_all_sections(done):
    text, figures = done
    assert list(figures) == ["machine", *engine.SECTIONS]
    assert figures["machine"]["cores"] >= 1
    for section, candidates in {
        "runs": ("tw.descend", "its driver", "jax", "NumPy"),
        "surface": ("tw.survey",),
    }.items():
        for name in candidates:
            for bits in ("32 bits", "64 bits"):
                assert any(row.startswith(name) and row.endswith(bits) for row in figures[section])
    for section in engine.SECTIONS:
        for name, row in figures[section].items():
            assert name in text
            assert not row or np.isfinite(row["seconds" if "seconds" in row else "ratio"])


def test_ratios_are_those_of_the_seconds(done):
    rows = done[1]["runs"]
    ours = next(row for name, row in rows.items() if name.startswith("tw.descend") and name.endswith("32 bits"))
    plain = rows["jax vmap(scan) of (r²)^(1/4), 32 bits"]
    # Both are the same division of the same two numbers.
    assert plain["ratios"]["ours"] == plain["seconds"] / ours["seconds"]
    assert rows["jax vmap(scan) of (r²)^(1/4) / tw, 32 bits"]["ratio"] == plain["ratios"]["ours"]


def test_the_second_descent_of_the_demo_compiles_nothing(done):
    assert done[1]["compile"]["programs compiled by the second call"]["ratio"] == 0


@pytest.mark.parametrize("steps", [0, 3])
@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("maker", ["in_c", "in_numba"])
def test_the_hand_written_loops_compute_what_numpy_does(maker, bits, steps, tmp_path):
    if maker == "in_c" and not shutil.which("cc"):
        pytest.skip("there is no C compiler")
    if maker == "in_numba":
        pytest.importorskip("numba")
    floor = engine.in_c(bits, tmp_path) if maker == "in_c" else engine.in_numba()
    assert floor is not None
    work = task(bits, runs=engine.LANES + 7, steps=steps)  # no whole number of blocks
    losses = floor[1](work)
    assert losses.shape == (steps + 1, engine.LANES + 7)
    assert losses.dtype == work.x.dtype
    engine.agree(
        [candidate("NumPy", None), candidate("loop", None)], [engine.in_numpy(work), losses], engine.AGREE[bits]
    )


def test_a_candidate_that_computes_something_else_is_refused():
    work = task(64, runs=50, steps=2)
    losses = engine.in_numpy(work)
    other = losses * np.where(np.arange(50) < 2, 1 + 1e-9, 1)  # 4 % of the runs
    names = [candidate("one", None), candidate("other", None)]
    message = (
        "other computes something else than one: 96.0% of its runs agree to 1e-10, of 98%; time it at the same work"
    )
    with pytest.raises(ValueError, match=message):
        engine.agree(names, [losses, other], 1e-10)
    with pytest.raises(ValueError, match="other computes something else"):
        engine.agree(names, [losses, losses[:2]], 1e-10)
    engine.agree(names, [losses, None], 1e-10)


def test_the_time_of_a_part_is_scaled_to_the_whole(monkeypatch):
    seconds = {"whole": 2.0, "part": 0.5, "loop": 1.0}
    monkeypatch.setattr(engine, "clock", lambda call: (seconds[call.name], 2 * seconds[call.name], call()))

    class Call:
        def __init__(self, name, losses):
            self.name, self.losses = name, losses

        def __call__(self):
            return self.losses

    losses, half = np.arange(30.0).reshape(3, 10), slice(1, None, 2)
    rows = engine.race(
        [
            engine.Candidate("whole", Call("whole", losses), "ours"),
            engine.Candidate("part", Call("part", losses[:, half]), picked=half),
            engine.Candidate("loop", Call("loop", losses), "floor"),
        ],
        repeats=1,
        bits=64,
        asked={"floor": "at most 3"},
    )
    assert rows["part, 64 bits"] == {
        "seconds": 1.0,
        "processor": 2.0,
        "first": 0.5,
        "ratios": {"floor": 1.0, "ours": 0.5},
    }
    assert rows["tw / floor, 64 bits"] == {"ratio": 2.0, "processor": 2.0, "asked": "at most 3"}
