"""What runs and surfaces cost, beside a hand-written loop and beside what one would write without this library.

Run: python benchmarks/engine.py [--only runs,surface,compile,scaling] [--json FILE] [--repeats N] [--runs N] …

Absolute times depend on the machine and are printed for orientation only; the ratios are the result. Runs and surfaces
are timed in this process on all its cores, all candidates in turn, and the best time of each counts; the first call of
each, in which it compiles, is timed apart, and what it computes is compared before anything else is timed. Processor
time tells the same where other programs keep the cores busy. Compilation and memory are measured in processes of their
own.
"""

from __future__ import annotations

import argparse
import ctypes
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
import optax
from jax import lax
from jax import numpy as jnp
from scipy import optimize

import thalweg as tw
from thalweg.base.precision import computing
from thalweg.descent.driver import drive, listed
from thalweg.losses.objective import Objective
from thalweg.problems.split import WHOLE
from thalweg.surface import grid

RATE = 0.05
LANES = 64
"""Runs moved together in the hand-written loops and in NumPy: what they need stays in the nearest cache."""

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
POOL = ThreadPoolExecutor(CORES)

AGREE = {32: 1e-4, 64: 1e-10}
"""How close values must be, relative to their size, by bits: far above rounding, far below another loss or rate."""

SHARE = 0.98
"""Share of the runs that must agree: at a right angle and at a residual of 0, rounding alone moves the others."""

C = """
#include <tgmath.h>

void descend(const T *x, const T *y, long n, const T *starts, long first, long last, long runs, long steps, double rate,
             T *losses, T *angles) {
  T half = rate / 2 / n;
  for (long run = first; run < last; run += LANES) {
    T phi[LANES], t[LANES], sum[LANES], slope[LANES];
    for (int k = 0; k < LANES; k++) phi[k] = starts[run + k];
    for (long step = 0; step <= steps; step++) {
      for (int k = 0; k < LANES; k++) { t[k] = tan(phi[k]); sum[k] = 0; slope[k] = 0; }
      if (step < steps)
        for (long i = 0; i < n; i++)
          for (int k = 0; k < LANES; k++) {
            T r = t[k] * x[i] - y[i], a = fabs(r), root = sqrt(a);
            sum[k] += root;
            slope[k] += root > 0 ? r / (a * root) * x[i] : 0;
          }
      else
        for (long i = 0; i < n; i++)
          for (int k = 0; k < LANES; k++) sum[k] += sqrt(fabs(t[k] * x[i] - y[i]));
      for (int k = 0; k < LANES; k++) {
        losses[step * runs + run + k] = sum[k] / n;
        angles[step * runs + run + k] = phi[k];
        phi[k] -= half * slope[k] * (1 + t[k] * t[k]);
      }
    }
  }
}
"""

COMPILE = """
import json, time
begun = time.perf_counter()
import jax
importing = time.perf_counter() - begun
import jax.monitoring, optax
import thalweg as tw

objective, optimizer = tw.objective(tw.problems.pencil(), tw.losses.fourth_root()), optax.sgd(0.05)
descend, _ = tw.descend, jax.devices()  # what is imported and started here does not count
programs, made, seconds = [], [], []
jax.monitoring.register_event_duration_secs_listener(
    lambda event, duration, **_: made.append(event) if event.endswith("/backend_compile_duration") else None
)
for _ in range(2):
    begun, before = time.perf_counter(), len(made)
    descend(objective, optimizer, precision=32)  # the demo's descent: one start, a hundred steps
    seconds.append(time.perf_counter() - begun)
    programs.append(len(made) - before)
print(json.dumps({"import": importing, "seconds": seconds, "programs": programs}))
"""

MAP = """
import json, sys, time
import numpy as np, optax
import thalweg as tw

columns, rows, steps = map(int, sys.argv[1:])
objective = tw.objective(tw.problems.pencil(), tw.losses.fourth_root())
rates, starts = np.geomspace(1e-3, 1, rows).repeat(columns), np.tile(np.linspace(-1.5, 1.5, columns), rows)
descent = tw.Descent(tw.Optimizer(optax.sgd, learning_rate=rates), steps=steps, precision=32)
valleys, seconds = tw.find_valleys(objective), []
for _ in range(4):  # the first call compiles
    begun = time.perf_counter(), time.process_time()
    tw.outcomes(objective, descent, valleys, starts=starts)
    seconds.append((time.perf_counter() - begun[0], time.process_time() - begun[1]))
# The peak that getrusage tells begins with that of the process that started this one.
(peak,) = (int(line.split()[1]) * 1024 for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(json.dumps({"seconds": np.min(seconds[1:], axis=0).tolist(), "peak": peak}))
"""

Row = dict[str, Any]
Floor = tuple[str, Callable[["Task"], np.ndarray]]


class Task(NamedTuple):
    """The work: from every start descend the mean of ``sqrt|tan(phi) x - y|``; with 0 steps only evaluate it."""

    x: np.ndarray
    y: np.ndarray
    starts: np.ndarray
    steps: int


class Candidate(NamedTuple):
    """One way to do the work; ``call`` gives the losses, (step, run), or None where it takes other steps."""

    name: str
    call: Callable[[], np.ndarray | None]
    role: str = ""
    picked: slice = slice(None)
    """The runs that it makes; its time is scaled to all of them."""


def main(arguments: list[str] | None = None) -> None:
    """Measure all sections, or some, and print a table of each."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--json", type=Path, help="also write the figures to this file")
    parser.add_argument("--only", default=",".join(SECTIONS), help=f"sections: some of {','.join(SECTIONS)}")
    parser.add_argument("--runs", type=int, default=10_000, help="starts of the runs")
    parser.add_argument("--steps", type=int, default=100, help="steps of the runs")
    parser.add_argument("--angles", type=int, default=1_000_000, help="points of the surface")
    parser.add_argument("--few", type=int, default=5, help="runs of what makes one run after the other")
    parser.add_argument("--repeats", type=int, default=7, help="times each is run; what takes over a second, twice")
    parser.add_argument("--torch-compile", action="store_true", help="try torch.compile, too")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        options.floors = {bits: in_c(bits, Path(folder)) or in_numba() for bits in AGREE}
        written = sorted({floor[0] if floor else "none: no C compiler, no Numba" for floor in options.floors.values()})
        machine = {"device": jax.devices()[0].device_kind, "cores": CORES, "floor": ", ".join(written)}
        print(", ".join(f"{key}: {value}" for key, value in machine.items()))
        figures: dict[str, Any] = {"machine": machine}
        for section in options.only.split(","):
            figures[section] = SECTIONS[section](options)
            print("", section, *(line(name, row) for name, row in figures[section].items()), sep="\n")
    if options.json:
        options.json.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")


def line(name: str, row: Row) -> str:
    """Show one row."""
    if not row:
        return name
    if "asked" in row:
        processor = f", in processor time {row['processor']:.2f}" if "processor" in row else ""
        return f"{name:62} {row['ratio']:8.2f}   asked: {row['asked']}{processor}"
    ratios = "".join(f"{ratio:9.2f} x {yardstick}" for yardstick, ratio in row["ratios"].items())
    first = f"   first call {row['first']:.2f} s" if "first" in row else ""
    peak = f"   peak {row['peak_mib']:.0f} MiB" if "peak_mib" in row else ""
    return f"{name:62} {row['seconds']:8.3f} s{ratios}{first}{peak}"


def runs(options: argparse.Namespace) -> dict[str, Row]:
    """Time the published problem without its test data: many starts, the losses of all steps."""
    published, rows = tw.problems.pencil(), {}
    problem = tw.problems.regression(published.residual, published.train, published.domain)
    objective, starts = tw.objective(problem, tw.losses.fourth_root()), tw.starts.even(problem, options.runs)
    for bits, most in {32: 2.0, 64: 2.5}.items():
        asked = {"floor": f"at most {most:g}", "plain": "at least 25"}
        rows |= race(descents(objective, starts, bits, options), options.repeats, bits, asked)
    return rows


def surface(options: argparse.Namespace) -> dict[str, Row]:
    """Time the values at many angles, of a thousand examples."""
    problem, rows = tw.problems.pencil(split=WHOLE), {}
    objective = tw.objective(problem, tw.losses.fourth_root())
    (angles,) = grid.coordinates(problem.domain, options.angles)
    for bits in AGREE:
        task = cast(objective, angles, 0, bits)
        candidates = [
            Candidate("tw.survey", kept(tw.survey, objective, points=len(angles), precision=bits), "ours"),
            Candidate("NumPy, a thread a core", partial(in_numpy, task)),
        ]
        if floor := options.floors[bits]:
            candidates.append(Candidate(floor[0], partial(floor[1], task), "floor"))
        rows |= race(candidates, options.repeats, bits, {"floor": "at most 1.5"})
    return rows


def compilation(options: argparse.Namespace) -> dict[str, Row]:
    """Time what the first descent of the demo's shape takes longer than the second, in fresh processes."""
    found = [fresh(COMPILE) for _ in range(min(5, options.repeats))]
    importing = np.array([process["import"] for process in found])
    compiling = np.array([process["seconds"][0] - process["seconds"][1] for process in found])
    ratio = float(np.median(compiling / importing))
    first, second = (max(process["programs"][call] for process in found) for call in (0, 1))
    said = f"the demo's first tw.descend, {first} program(s), less its second"
    return {
        "import jax": {"seconds": float(np.median(importing)), "ratios": {}},
        said: {"seconds": float(np.median(compiling)), "ratios": {"import jax": ratio}},
        "compiling / import jax": {"ratio": ratio, "asked": "at most 0.5"},
        "programs compiled by the second call": {"ratio": second, "asked": "0"},
    }


def scaling(options: argparse.Namespace) -> dict[str, Row]:
    """Time the outcomes of a map of starts and rates, and of ten times as many, and find their peaks of memory."""
    if not Path("/proc/self/status").exists():
        return {"left out: this system does not tell the peak of memory": {}}
    rates, columns = 25, max(1, options.runs // 25)
    sizes = [(columns, rates), (columns, 10 * rates)]
    found = [[fresh(MAP, *map(str, (*size, options.steps))) for size in sizes] for _ in range(min(3, options.repeats))]
    times = np.min([[process["seconds"] for process in turn] for turn in found], axis=0)
    peaks = np.max([[process["peak"] for process in turn] for turn in found], axis=0) / 2**20
    rows: dict[str, Row] = {
        f"tw.outcomes of {across} starts x {down} rates": {
            "seconds": float(seconds[0]),
            "processor": float(seconds[1]),
            "ratios": {},
            "peak_mib": float(peak),
        }
        for (across, down), seconds, peak in zip(sizes, times, peaks, strict=True)
    }
    ratio, processor = (times[1] / times[0] / 10).tolist()
    rows["ten times the runs / ten times the time"] = {"ratio": ratio, "processor": processor, "asked": "at most 1.15"}
    rows["ten times the runs / their memory"] = {"ratio": float(peaks[1] / peaks[0]), "asked": "about 1"}
    return rows


SECTIONS = {"runs": runs, "surface": surface, "compile": compilation, "scaling": scaling}


def descents(objective: Objective, starts: np.ndarray, bits: int, options: argparse.Namespace) -> list[Candidate]:
    """Collect all ways to make the runs that can be tried here."""
    task, optimizer = cast(objective, starts[:, 0], options.steps, bits), optax.sgd(RATE)
    few = slice(len(starts) // options.few // 2, None, max(1, len(starts) // options.few))
    part = task._replace(starts=task.starts[few])
    scaled = f"{len(part.starts)} runs one by one, scaled"
    how = {"starts": starts, "steps": task.steps, "precision": bits}
    candidates = [
        Candidate("tw.descend, all that it keeps", kept(tw.descend, objective, optimizer, **how), "ours"),
        Candidate(
            "its driver alone", partial(driven, objective, tw.Descent(optimizer, task.steps, None, bits), starts)
        ),
        Candidate("jax vmap(scan) of (r²)^(1/4)", scanned(task, lambda r: (r**2) ** 0.25), "plain"),
        Candidate("jax vmap(scan) of sqrt|r|", scanned(task, lambda r: jnp.sqrt(jnp.abs(r)))),
        Candidate("NumPy, a thread a core", partial(in_numpy, task)),
    ]
    if floor := options.floors[bits]:
        candidates.append(Candidate(floor[0], partial(floor[1], task), "floor"))
    if find_spec("torch"):
        kinds = {"PyTorch autograd": False} | ({"torch.compile": True} if options.torch_compile else {})
        candidates += [Candidate(f"{name}, batched", in_torch(task, kind)) for name, kind in kinds.items()]
    if find_spec("tensorflow"):
        candidates.append(Candidate(f"TensorFlow eager, {scaled}", partial(in_tensorflow, part), picked=few))
    for method in ("BFGS", "L-BFGS-B") if bits == 64 else ():
        name = f"SciPy {method} until it stops, {scaled}"
        candidates.append(Candidate(name, partial(in_scipy, part, method), picked=few))
    return candidates


def race(candidates: list[Candidate], repeats: int, bits: int, asked: dict[str, str]) -> dict[str, Row]:
    """Compare what the candidates compute, then time them in turn; the best times of each count."""
    firsts, _, results = zip(*(clock(candidate.call) for candidate in candidates), strict=True)
    agree(candidates, results, AGREE[bits])
    count = np.shape(results[0])[1]
    best = np.full((len(candidates), 2), np.inf)  # seconds and processor seconds
    for turn in range(repeats):
        for k, candidate in enumerate(candidates):
            if turn < 2 or best[k, 0] < 1:
                time.sleep(0.02)  # threads of the candidate before go to sleep
                best[k] = np.minimum(best[k], clock(candidate.call)[:2])
    best *= np.array([[count / len(range(count)[candidate.picked])] for candidate in candidates])
    roles = {candidate.role: times for candidate, times in zip(candidates, best, strict=True) if candidate.role}
    rows: dict[str, Row] = {}
    for candidate, times, first in zip(candidates, best, firsts, strict=True):
        ratios = {role: float(times[0] / roles[role][0]) for role in ("floor", "ours") if role in roles}
        row = {"seconds": float(times[0]), "processor": float(times[1]), "first": first, "ratios": ratios}
        rows[f"{candidate.name}, {bits} bits"] = row
    pairs = {"floor": ("tw / floor", "ours", "floor"), "plain": ("jax vmap(scan) of (r²)^(1/4) / tw", "plain", "ours")}
    for role in [role for role in asked if role in roles]:
        name, above, below = pairs[role]
        ratio, processor = (roles[above] / roles[below]).tolist()
        rows[f"{name}, {bits} bits"] = {"ratio": ratio, "processor": processor, "asked": asked[role]}
    return rows


def agree(candidates: list[Candidate], results: Sequence[np.ndarray | None], tolerance: float) -> None:
    """Refuse a candidate whose first three steps are not those of the first candidate."""
    first = np.asarray(results[0])[:3]
    for candidate, result in zip(candidates, results, strict=True):
        if result is None:
            continue
        mine, expected = result[:3], first[:, candidate.picked]
        same = mine.shape == expected.shape
        close = np.isclose(mine, expected, rtol=tolerance, atol=0).all(axis=0).mean() if same else 0.0
        if close < SHARE:
            raise ValueError(
                f"{candidate.name} computes something else than {candidates[0].name}: "
                f"{close:.1%} of its runs agree to {tolerance:g}, of {SHARE:.0%}; time it at the same work"
            )


def cast(objective: Objective, starts: np.ndarray, steps: int, bits: int) -> Task:
    """Give everybody the same numbers of the same precision."""
    x, y, starts = (values.astype(f"float{bits}") for values in (*objective.train, starts))
    return Task(x, y, starts, steps)


def kept(verb: Callable[..., Any], *arguments: Any, **named: Any) -> Callable[[], np.ndarray]:
    """Call a public verb and take the losses out of what it gives."""
    return lambda: np.atleast_2d(verb(*arguments, **named)["train_loss"].values.T)


def driven(objective: Objective, descent: tw.Descent, starts: np.ndarray) -> np.ndarray:
    """Make the same runs with the driver, without labels and statuses."""
    parts = [info.train_loss for _, info in drive(objective, descent, listed(descent, starts))]
    return np.concatenate(parts, axis=-1)


def scanned(task: Task, penalty: Callable[[Any], Any]) -> Callable[[], np.ndarray]:
    """Write the runs in JAX as one would: a scan over the steps of one run, mapped over runs."""
    bits = 8 * task.x.itemsize

    def objective(phi: Any) -> Any:
        return jnp.mean(penalty(jnp.tan(phi) * task.x - task.y))

    def step(phi: Any, _: None) -> tuple[Any, Any]:
        loss, slope = jax.value_and_grad(objective)(phi)
        return phi - RATE * slope, loss

    program = jax.jit(jax.vmap(lambda phi: lax.scan(step, phi, None, length=task.steps + 1)[1], out_axes=1))

    def call() -> np.ndarray:
        with computing(bits):
            return np.asarray(program(task.starts))

    return call


def in_numpy(task: Task) -> np.ndarray:
    """Write them in NumPy, a few runs at a time, so that all stays in the cache."""

    def part(phi: np.ndarray) -> np.ndarray:
        losses, tiny = [], np.finfo(phi.dtype).tiny
        for step in range(task.steps + 1):
            t = np.tan(phi)[:, None]
            r = t * task.x - task.y
            root = np.sqrt(np.abs(r))
            losses.append(root.mean(axis=1))
            if step < task.steps:
                slope = (np.sign(r) / np.maximum(root, tiny)) @ task.x / (2 * len(task.x))
                phi = phi - (RATE * slope * (1 + t[:, 0] ** 2)).astype(phi.dtype)
        return np.stack(losses)

    return np.concatenate(list(POOL.map(part, np.split(task.starts, range(LANES, len(task.starts), LANES)))), axis=1)


def in_torch(task: Task, compiled: bool) -> Callable[[], np.ndarray]:
    """Write them in PyTorch: one graph a step for all runs."""
    torch: Any = import_module("torch")
    x, y = torch.from_numpy(task.x), torch.from_numpy(task.y)

    def objective(phi: Any) -> Any:
        return (torch.tan(phi)[:, None] * x - y).abs().sqrt().mean(dim=1)

    measure = torch.compile(objective) if compiled else objective

    def call() -> np.ndarray:
        losses, phi = [], torch.from_numpy(task.starts).requires_grad_()
        for _ in range(task.steps + 1):
            loss = measure(phi)
            (slope,) = torch.autograd.grad(loss.sum(), phi)
            losses.append(loss.detach())
            phi = (phi.detach() - RATE * slope).requires_grad_()
        return torch.stack(losses).numpy()

    return call


def in_tensorflow(task: Task) -> np.ndarray:
    """Write them in TensorFlow, step by step and run by run, as the published experiment is."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    tf: Any = import_module("tensorflow")
    x, y, losses = tf.constant(task.x), tf.constant(task.y), []
    for start in task.starts:
        phi = tf.Variable(start)
        for _ in range(task.steps + 1):
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.sqrt(tf.abs(tf.tan(phi) * x - y)))
            phi.assign_sub(RATE * tape.gradient(loss, phi))
            losses.append(loss)
    return np.array(losses).reshape(len(task.starts), -1).T


def in_scipy(task: Task, method: str) -> None:
    """Let SciPy minimise from each start; it takes steps of its own, at most as many."""

    def objective(phi: np.ndarray) -> tuple[float, np.ndarray]:
        t = np.tan(phi[0])
        r = t * task.x - task.y
        root = np.sqrt(np.abs(r))
        slope = np.mean(np.sign(r) * task.x / np.maximum(root, 1e-300)) / 2 * (1 + t * t)
        return float(root.mean()), np.array([slope])

    for start in task.starts:
        optimize.minimize(objective, [start], jac=True, method=method, options={"maxiter": task.steps})


def in_c(bits: int, folder: Path) -> Floor | None:
    """Compile the hand-written loop, with vectors as wide as they come, a thread a core; None without a compiler."""
    if not (compiler := shutil.which("cc")):
        return None
    number, made, library = {32: "float", 64: "double"}[bits], folder / f"{bits}.o", folder / f"{bits}.so"
    build = [compiler, "-Ofast", "-march=native", "-fPIC", f"-DT={number}", f"-DLANES={LANES}", "-xc", "-", "-c"]
    # Linked without -Ofast, which would have the library flush small numbers to zero in all of this process.
    link = [compiler, "-shared", made, "-o", library, "-lm"]

    def works(command: list[Any]) -> bool:
        return not subprocess.run(command, check=False, input=C, text=True, capture_output=True).returncode

    built = any(works([*build, "-o", made, *wide]) for wide in (["-mprefer-vector-width=512"], []))
    if not (built and works(link)):
        return None
    loop = ctypes.CDLL(str(library)).descend

    def call(task: Task) -> np.ndarray:
        losses, angles, starts = room(task)
        # Many parts, so that a core that others use as well gets fewer of them.
        runs, ends = len(starts), np.linspace(0, len(starts) // LANES, 16 * CORES + 1).astype(int) * LANES
        x, y, out, places = (array.ctypes.data_as(ctypes.c_void_p) for array in (task.x, task.y, losses, angles))
        begin, size = starts.ctypes.data_as(ctypes.c_void_p), ctypes.c_long

        def part(first: int, last: int) -> None:
            counts = size(first), size(last), size(runs), size(task.steps)
            loop(x, y, size(len(task.x)), begin, *counts, ctypes.c_double(RATE), out, places)

        list(POOL.map(part, ends[:-1].tolist(), ends[1:].tolist()))
        return losses[:, : len(task.starts)]

    return "C loop", call


def in_numba() -> Floor | None:
    """Compile the same loop with Numba; None without it."""
    if not find_spec("numba"):
        return None
    numba: Any = import_module("numba")

    @numba.njit(parallel=True, fastmath=True, error_model="numpy")
    def loop(x, y, starts, steps, half, losses, angles):
        for block in numba.prange(len(starts) // LANES):
            lanes = slice(block * LANES, (block + 1) * LANES)
            phi = starts[lanes].copy()
            for step in range(steps + 1):
                t, total, slope = np.tan(phi), np.zeros_like(phi), np.zeros_like(phi)
                for i in range(len(x)):
                    for k in range(LANES):
                        r = t[k] * x[i] - y[i]
                        root = np.sqrt(abs(r))
                        total[k] += root
                        if step < steps:
                            slope[k] += x[i] * (r / (abs(r) * root) if root > 0 else 0)
                losses[step, lanes] = total / len(x)
                angles[step, lanes] = phi
                phi -= half * slope * (1 + t * t)

    def call(task: Task) -> np.ndarray:
        losses, angles, starts = room(task)
        loop(task.x, task.y, starts, task.steps, starts.dtype.type(RATE / 2 / len(task.x)), losses, angles)
        return losses[:, : len(task.starts)]

    return "Numba loop", call


def room(task: Task) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Make room for what a loop keeps, the losses and the angles; the starts, filled up to whole blocks."""
    starts = np.pad(task.starts, (0, -len(task.starts) % LANES), mode="edge")
    losses, angles = np.empty((2, task.steps + 1, len(starts)), starts.dtype)
    return losses, angles, starts


def fresh(code: str, *arguments: str) -> Row:
    """Run code in a process of its own that compiles all anew; what it prints."""
    command = [sys.executable, "-c", code, *arguments]
    quiet = os.environ | {"JAX_ENABLE_COMPILATION_CACHE": "false"}
    return json.loads(subprocess.run(command, env=quiet, stdout=subprocess.PIPE, text=True, check=True).stdout)


def clock(call: Callable[[], Any]) -> tuple[float, float, Any]:
    """Time a call: (seconds, seconds of all processor cores together, what it returned)."""
    begun, used = time.perf_counter(), time.process_time()
    result = call()
    return time.perf_counter() - begun, time.process_time() - used, result


if __name__ == "__main__":
    main()
