import argparse
import json
import operator
import platform
import re
import shutil
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

pytestmark = pytest.mark.long

FILE = Path(__file__).parents[1] / "benchmarks" / "engine.py"
TINY = ["--runs", "100", "--steps", "3", "--angles", "130", "--few", "2", "--side", "16", "--map-steps", "3"]


def load(*names: str):
    sys.path.insert(0, str(FILE.parent))
    try:
        return [import_module(name) for name in names]
    finally:
        sys.path.remove(str(FILE.parent))


engine, rivals = load("engine", "rivals")


def task(bits: int, runs: int, steps: int):
    rng = np.random.default_rng(0)
    x, y, starts = rng.uniform(-1, 1, 33), rng.uniform(-1, 1, 33), rng.uniform(-1.2, 1.2, runs)
    return rivals.Task(*(values.astype(f"float{bits}") for values in (x, y, starts)), steps)


def candidate(name: str, losses, **more):
    return engine.Candidate(name, lambda: losses, **more)


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """Run the whole benchmark, small, in a process of its own."""
    file = tmp_path_factory.mktemp("engine") / "figures.json"
    command = [sys.executable, FILE, *TINY, "--repeats", "1", "--json", file]
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


def test_every_ratio_that_is_asked_for_stands_beside_its_bound(done):
    text, figures = done
    compare = {"at most": operator.le, "at least": operator.ge}
    asked = [row for section in engine.SECTIONS for row in figures[section].items() if "ratio" in row[1]]
    # A plain loop, and three of compiling, are asked of every machine; the others of one with a compiler or with /proc.
    assert len(asked) >= 2 + 3
    lines = [line for line in text.splitlines() if "asked: " in line]
    for (name, row), line in zip(asked, lines, strict=True):
        word, bound = row["asked"].rsplit(" ", 1)
        assert float(bound) == row["bound"]
        assert row["met"] == compare[word](row["ratio"], row["bound"])
        assert line.startswith(f"{name} ")
        assert line.split("asked: ")[1].startswith(f"{row['asked']} ")
        assert ("MISSED" in line) != row["met"]


def test_a_bound_is_met_up_to_itself():
    assert engine.Asked("at most", 2).verdict(2.0, mib=3) == {
        "ratio": 2.0,
        "asked": "at most 2",
        "bound": 2,
        "met": True,
        "mib": 3,
    }
    assert not engine.Asked("at most", 2).verdict(2.01)["met"]
    assert engine.Asked("at least", 25).verdict(25.0)["met"]
    assert not engine.Asked("at least", 25).verdict(24.9)["met"]


def test_ratios_are_those_of_the_seconds(done):
    rows = done[1]["runs"]
    ours = next(row for name, row in rows.items() if name.startswith("tw.descend") and name.endswith("32 bits"))
    plain = rows["jax vmap(scan) of (r²)^(1/4), 32 bits"]
    # Both are the same division of the same two numbers.
    assert plain["ratios"]["ours"] == plain["seconds"] / ours["seconds"]
    assert rows["jax vmap(scan) of (r²)^(1/4) / tw, 32 bits"]["ratio"] == plain["ratios"]["ours"]


def test_the_second_descent_of_the_demo_compiles_nothing(done):
    assert done[1]["compile"]["programs compiled by the second call"]["ratio"] == 0


def test_no_module_of_ours_is_imported_while_compilation_is_timed(done):
    modules = done[1]["compile"]["modules imported while it traced and compiled"]["modules"]
    assert not [name for name in modules if name.startswith("thalweg")]


def test_compilation_is_the_median_over_imports_of_the_same_turn(monkeypatch):
    imports = iter([[1.0, 2.0], [2.0, 2.0], [4.0, 1.0]])
    first = iter([[1.5, 3.0], [1.5, 2.0], [8.5, 2.0]])

    def fresh(code):
        if code == engine.IMPORT:
            return next(imports)
        return {"times": [next(first), [0.5, 1.0]], "programs": [1, 0], "imported": ["a"]}

    monkeypatch.setattr(engine, "fresh", fresh)
    rows = engine.compilation(argparse.Namespace(repeats=3))
    assert rows["import jax"]["seconds"] == 2.0
    assert rows["trace and compile of the demo's shape, 1 program(s)"]["seconds"] == 1.0
    row = rows["trace and compile / import jax"]
    # Of 1, 0.5 and 2; in processor time of 1, 0.5 and 1.
    assert (row["ratio"], row["processor"], row["met"]) == (1.0, 1.0, False)
    assert rows["modules imported while it traced and compiled"] == {
        "ratio": 1,
        "asked": "at most 0",
        "bound": 0,
        "met": False,
        "modules": ["a"],
    }


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="the peak of memory is not told")
def test_maps_are_compared_by_their_best_times_and_highest_peaks(monkeypatch):
    found = {
        "10": iter([[1.0, 2.0, 100.0], [2.0, 1.0, 200.0]]),
        "32": iter([[20.0, 9.0, 220.0], [10.0, 10.0, 210.0]]),
        "1024": iter([[8.0, 16.0, 1536.0]]),
    }
    made = []
    monkeypatch.setattr(engine, "fresh", lambda code, side, steps: made.append((side, steps)) or next(found[side]))
    options = argparse.Namespace(side=10, map_steps=7, repeats=2, full=True)
    rows = engine.scaling(options)
    assert made == [("10", "7"), ("32", "7")] * 2 + [("1024", "200")]
    row = rows["ten times the runs / ten times the time"]
    # 32 x 32 are 10.24 times as many as 10 x 10; a quotient of quotients is rounded thrice.
    assert row["ratio"] == pytest.approx(10 / 10.24, rel=1e-15)
    assert row["processor"] == pytest.approx(9 / 10.24, rel=1e-15)
    assert rows["ten times the runs / their memory"]["ratio"] == 1.1
    assert rows["ten times the runs / their memory"]["mib"] == 20.0
    assert rows["tw.outcome_map of 1024 x 1024 runs, 200 steps"]["rate"] == 1024**2 / 8
    assert rows["its peak of memory / 1 GiB"]["ratio"] == 1.5
    assert not rows["its peak of memory / 1 GiB"]["met"]


@pytest.mark.parametrize("steps", [0, 3])
@pytest.mark.parametrize("bits", [32, 64])
@pytest.mark.parametrize("maker", ["C", "C, rounded", "Numba"])
def test_the_hand_written_loops_compute_what_numpy_does(maker, bits, steps, tmp_path):
    if maker == "Numba":
        pytest.importorskip("numba")
        floor = rivals.in_numba()
    else:
        if not shutil.which("cc"):
            pytest.skip("there is no C compiler")
        floor = rivals.in_c(bits, tmp_path, rounded="rounded" in maker)
    if floor is None and maker == "C, rounded":
        pytest.skip("the C compiler has no say in roots")
    assert floor is not None
    work = task(bits, runs=rivals.LANES + 7, steps=steps)  # no whole number of blocks
    losses = floor.call(work)
    assert losses.shape == (steps + 1, rivals.LANES + 7)
    assert losses.dtype == work.x.dtype
    engine.agree(
        [candidate("NumPy", None), candidate("loop", None)], [rivals.in_numpy(work), losses], engine.AGREE[bits]
    )


def test_roots_are_rounded_in_one_loop_and_approximate_in_the_other(tmp_path):
    compiler = shutil.which("cc") and subprocess.run(["cc", "--version"], capture_output=True, text=True, check=True)
    gcc = compiler and "Free Software Foundation" in compiler.stdout
    if not (gcc and shutil.which("objdump") and platform.machine() == "x86_64"):
        pytest.skip("only GCC for x86-64 takes approximate roots, and objdump shows it")
    code = {}
    for rounded in (False, True):
        library = rivals.compile_loop(32, tmp_path, rounded)
        text = subprocess.run(["objdump", "-d", library], capture_output=True, text=True, check=True).stdout
        code[rounded] = set(re.findall(r"\tv?(rsqrt|sqrt|rcp|div)(?:14)?ps\b", text))
    assert code == {False: {"rsqrt", "rcp"}, True: {"sqrt", "div"}}


def test_a_candidate_that_computes_something_else_is_refused():
    work = task(64, runs=50, steps=2)
    losses = rivals.in_numpy(work)
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
    seconds = {"whole": 2.0, "part": 0.5, "loop": 1.0, "rounded": 4.0}
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
            engine.Candidate("rounded", Call("rounded", losses), "rounded"),
        ],
        repeats=1,
        bits=64,
        asked={"floor": engine.Asked("at most", 3), "rounded": engine.Asked("at most", 0.4), "plain": None},
    )
    assert rows["part, 64 bits"] == {
        "seconds": 1.0,
        "processor": 2.0,
        "first": 0.5,
        "ratios": {"floor": 1.0, "ours": 0.5},
    }
    met = {"ratio": 2.0, "processor": 2.0, "asked": "at most 3", "bound": 3, "met": True}
    assert rows["tw / loop, 64 bits"] == met
    assert rows["tw / rounded, 64 bits"] == {
        "ratio": 0.5,
        "processor": 0.5,
        "asked": "at most 0.4",
        "bound": 0.4,
        "met": False,
    }


@pytest.fixture(scope="module")
def sliced(tmp_path_factory):
    """Run the benchmark of slices, small, in a process of its own."""
    file = tmp_path_factory.mktemp("slices") / "figures.json"
    command = [sys.executable, FILE.parent / "slices.py", "--side", "6", "--repeats", "1", "--json", file]
    run = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", timeout=300, check=False)
    assert run.returncode == 0, run.stderr
    return run.stdout, json.loads(file.read_text(encoding="utf-8"))


def test_slices_are_timed_beside_the_peer_and_agree_with_it(sliced):
    text, figures = sliced
    assert list(figures) == ["mlp-1024", "mlp-32", "pictures-512"]
    for rows in figures.values():
        assert rows["loss-landscapes"]["seconds"] > 0
        for name in ("JAX", "PyTorch"):
            assert 0 < rows[name]["apart"] <= 1e-5
            # The same division of the same two numbers.
            ratio = rows["loss-landscapes"]["seconds"] / rows[name]["seconds"]
            assert rows[f"loss-landscapes / {name}"]["ratio"] == ratio
            assert f"loss-landscapes / {name}" in text


def test_a_slice_that_is_not_the_peers_is_refused():
    (slices,) = load("slices")
    ours = np.arange(1.0, 26.0).reshape(5, 5)
    theirs = ours.copy()
    theirs[::2, :-1] = ours[::2, 1:]  # even rows lie one step further along
    assert slices.apart("ours", ours, theirs) == 0
    with pytest.raises(ValueError, match="ours and loss-landscapes differ by"):
        slices.apart("ours", ours, ours)
    theirs[1, 2] = np.nan
    with pytest.raises(ValueError, match="ours and loss-landscapes differ by nan of the value"):
        slices.apart("ours", ours, theirs)


def test_searches_are_measured_beside_scipy_where_they_end_alike(tmp_path):
    (searches,) = load("searches")
    searches.main(["--rows", "60", "--starts", "2", "--repeats", "1", "--json", str(tmp_path / "found.json")])
    found = json.loads((tmp_path / "found.json").read_text(encoding="utf-8"))
    assert len(found) == 3 * len(searches.LOSSES)
    assert all(row["ratio"] > 0 for row in found.values())
