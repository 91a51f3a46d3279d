"""Who runs beside the engine: hand-written loops, and what one would write in JAX, NumPy, PyTorch and others."""

from __future__ import annotations

import ctypes
import os
import shutil
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from jax import lax
from jax import numpy as jnp
from scipy import optimize

import thalweg as tw
from thalweg.base.precision import computing
from thalweg.descent.driver import drive, listed
from thalweg.losses.objective import Objective

RATE = 0.05
LANES = 64
"""Runs moved together in the hand-written loops and in NumPy: what they need stays in the nearest cache."""

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
POOL = ThreadPoolExecutor(CORES)

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

ROUNDED = ("-mrecip=!all", "-mrecip=none")
"""What asks for correctly rounded roots and quotients in spite of -Ofast, of GCC and of Clang: GCC ignores ``none``."""


class Task(NamedTuple):
    """The work: from every start descend the mean of ``sqrt|tan(phi) x - y|``; with 0 steps only evaluate it."""

    x: np.ndarray
    y: np.ndarray
    starts: np.ndarray
    steps: int


class Floor(NamedTuple):
    """A hand-written loop: its name, what it is, and how it does a task."""

    name: str
    what: str
    call: Callable[[Task], np.ndarray]


def floors(bits: int, folder: Path) -> dict[str, Floor]:
    """Make the loops that can be compiled here, by their roles beside ours."""
    found = {"floor": in_c(bits, folder) or in_numba(), "rounded": in_c(bits, folder, rounded=True)}
    return {role: floor for role, floor in found.items() if floor}


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


def in_c(bits: int, folder: Path, *, rounded: bool = False) -> Floor | None:
    """Make the loop in C, a thread a core; with correctly rounded roots and quotients, or as fast as they come.

    None where there is no compiler, or none that lets itself be told so.
    """
    if not (library := compile_loop(bits, folder, rounded)):
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

    name, what = "C loop", "-Ofast; in 32 bits GCC approximates roots and quotients and takes one Newton step"
    if rounded:
        name, what = "C loop, rounded", "the same with correctly rounded roots and quotients, such as XLA makes"
    return Floor(name, what, call)


def compile_loop(bits: int, folder: Path, rounded: bool) -> Path | None:
    """Compile the loop, with vectors as wide as they come; the library, which lies beside its object file."""
    if not (compiler := shutil.which("cc")):
        return None
    number, stem = {32: "float", 64: "double"}[bits], f"{bits}-rounded" if rounded else f"{bits}"
    made, library = folder / f"{stem}.o", folder / f"{stem}.so"
    build = [compiler, "-Ofast", "-march=native", "-fPIC", f"-DT={number}", f"-DLANES={LANES}", "-xc", "-", "-c"]
    # Linked without -Ofast, which would have the library flush small numbers to zero in all of this process.
    link = [compiler, "-shared", made, "-o", library, "-lm"]

    def works(command: list[Any]) -> bool:
        return not subprocess.run(command, check=False, input=C, text=True, capture_output=True).returncode

    roots = [[flag] for flag in ROUNDED] if rounded else [[]]
    wide = ["-mprefer-vector-width=512"], []
    built = any(works([*build, "-o", made, *root, *width]) for root in roots for width in wide)
    return library if built and works(link) else None


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

    return Floor("Numba loop", "fast-math", call)


def room(task: Task) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Make room for what a loop keeps, the losses and the angles; the starts, filled up to whole blocks."""
    starts = np.pad(task.starts, (0, -len(task.starts) % LANES), mode="edge")
    losses, angles = np.empty((2, task.steps + 1, len(starts)), starts.dtype)
    return losses, angles, starts
