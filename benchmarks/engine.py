"""What runs and surfaces cost, beside a hand-written loop and beside what one would write without this library.

Run: python benchmarks/engine.py [--only runs,surface,compile,scaling] [--json FILE] [--full] [--repeats N] …

Absolute times depend on the machine and are printed for orientation only; the ratios are the result. Runs and surfaces
are timed in this process on all its cores, all candidates in turn, and the best time of each counts; the first call of
each, in which it compiles, is timed apart, and what it computes is compared before anything else is timed. Processor
time tells the same where other programs keep the cores busy. Compilation and maps are measured in processes of their
own. The floor of a race is a loop written by hand; a second one has its roots and quotients correctly rounded. The
largest maps: --only scaling --side 1024 --map-steps 200 --repeats 1.
"""

from __future__ import annotations

import argparse
import json
import math
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
import optax
from jax import numpy as jnp

import thalweg as tw
from processes import COMPILE, IMPORT, MAP, fresh
from rivals import CORES, RATE, cast, driven, floors, in_numpy, in_scipy, in_tensorflow, in_torch, kept, scanned
from thalweg.descent import grid
from thalweg.losses.objective import Objective
from thalweg.problems.split import WHOLE
from timing import Asked, Row, clock

AGREE = {32: 1e-4, 64: 1e-10}
"""How close values must be, relative to their size, by bits: far above rounding, far below another loss or rate."""

SHARE = 0.98
"""Share of the runs that must agree: at a right angle and at a residual of 0, rounding alone moves the others."""


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
    parser.add_argument("--side", type=int, default=256, help="pixels along the smaller map's sides")
    parser.add_argument("--map-steps", type=int, default=50, help="steps of the runs of both maps")
    parser.add_argument("--full", action="store_true", help="make a map of 1024 x 1024 runs of 200 steps, too")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        options.floors = {bits: floors(bits, Path(folder)) for bits in AGREE}
        written = {floor.name: floor.what for found in options.floors.values() for floor in found.values()}
        machine = {"device": jax.devices()[0].device_kind, "cores": CORES, "floors": written}
        print(f"device: {machine['device']}, cores: {CORES}")
        print(
            *(f"{name}: {what}" for name, what in (written or {"no floor": "no C compiler, no Numba"}).items()),
            sep="\n",
        )
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
        more = {"processor": ", in processor time {:.2f}", "mib": ", {:+.0f} MiB"}
        said = "".join(form.format(row[key]) for key, form in more.items() if key in row)
        return f"{name:62} {row['ratio']:8.2f}   asked: {row['asked']:12} {'met' if row['met'] else 'MISSED'}{said}"
    ratios = "".join(f"{ratio:9.2f} x {yardstick}" for yardstick, ratio in row["ratios"].items())
    more = {"first": "   first call {:.2f} s", "peak": "   peak {:.0f} MiB", "rate": "   {:,.0f} runs/s"}
    return f"{name:62} {row['seconds']:8.3f} s{ratios}" + "".join(
        more[key].format(row[key]) for key in more if key in row
    )


def runs(options: argparse.Namespace) -> dict[str, Row]:
    """Time the published problem without its test data: many starts, the losses of all steps."""
    published, rows = tw.problems.pencil(), {}
    problem = tw.problems.regression(published.residual, published.train, published.domain)
    objective, starts = tw.objective(problem, tw.losses.fourth_root()), tw.starts.even(problem, options.runs)
    for bits, most in {32: 2.0, 64: 2.5}.items():
        asked = {"floor": Asked("at most", most), "rounded": Asked("at most", most), "plain": Asked("at least", 25)}
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
        candidates += [
            Candidate(floor.name, partial(floor.call, task), role) for role, floor in options.floors[bits].items()
        ]
        rows |= race(candidates, options.repeats, bits, dict.fromkeys(("floor", "rounded"), Asked("at most", 1.5)))
    return rows


def compilation(options: argparse.Namespace) -> dict[str, Row]:
    """Time what the first descent of the demo's shape takes longer than the second, beside an import of JAX.

    All in fresh processes, those that import and those that compile in turn.
    """
    found = [(fresh(IMPORT), fresh(COMPILE)) for _ in range(min(5, options.repeats))]
    importing = np.array([times for times, _ in found])
    compiling = np.array([np.subtract(*process["times"]) for _, process in found])
    ratio, processor = np.median(compiling / importing, axis=0).tolist()
    first, second = (max(process["programs"][call] for _, process in found) for call in (0, 1))
    seconds = (np.median(times[:, 0]) for times in (importing, compiling))
    names = "import jax", f"trace and compile of the demo's shape, {first} program(s)"
    rows: dict[str, Row] = {name: {"seconds": float(s), "ratios": {}} for name, s in zip(names, seconds, strict=True)}
    imported = sorted({name for _, process in found for name in process["imported"]})
    return rows | {
        "trace and compile / import jax": Asked("at most", 0.5).verdict(ratio, processor=processor),
        "programs compiled by the second call": Asked("at most", 0).verdict(second),
        "modules imported while it traced and compiled": Asked("at most", 0).verdict(len(imported), modules=imported),
    }


def scaling(options: argparse.Namespace) -> dict[str, Row]:
    """Time maps streamed to a store, one of ten times as many runs as the other, and find their peaks of memory."""
    if not Path("/proc/self/status").exists():
        return {"left out: this system does not tell the peak of memory": {}}
    sides = options.side, round(options.side * math.sqrt(10))
    turns = range(min(3, options.repeats))
    found = np.array([[fresh(MAP, str(side), str(options.map_steps)) for side in sides] for _ in turns])
    small, large = (np.append(found[:, k, :2].min(axis=0), found[:, k, 2].max()) for k in (0, 1))
    ratio, processor, memory = (large / small).tolist()
    more = (sides[1] / sides[0]) ** 2
    rows = chart(sides[0], options.map_steps, small) | chart(sides[1], options.map_steps, large)
    rows["ten times the runs / ten times the time"] = Asked("at most", 1.15).verdict(
        ratio / more, processor=processor / more
    )
    rows["ten times the runs / their memory"] = Asked("at most", 1.1).verdict(memory, mib=float(large[2] - small[2]))
    if options.full:
        whole = np.array(fresh(MAP, "1024", "200"))
        rows |= chart(1024, 200, whole)
        rows["its peak of memory / 1 GiB"] = Asked("at most", 1).verdict(float(whole[2]) / 1024)
    return rows


def chart(side: int, steps: int, found: np.ndarray) -> dict[str, Row]:
    """Make the row of a map from its seconds, its processor seconds and its peak of memory."""
    seconds, processor, peak = found.tolist()
    row = {"seconds": seconds, "processor": processor, "ratios": {}, "peak": peak, "rate": side**2 / seconds}
    return {f"tw.outcome_map of {side} x {side} runs, {steps} steps": row}


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
    candidates += [
        Candidate(floor.name, partial(floor.call, task), role) for role, floor in options.floors[bits].items()
    ]
    if find_spec("torch"):
        kinds = {"PyTorch autograd": False} | ({"torch.compile": True} if options.torch_compile else {})
        candidates += [Candidate(f"{name}, batched", in_torch(task, kind)) for name, kind in kinds.items()]
    if find_spec("tensorflow"):
        candidates.append(Candidate(f"TensorFlow eager, {scaled}", partial(in_tensorflow, part), picked=few))
    for method in ("BFGS", "L-BFGS-B") if bits == 64 else ():
        name = f"SciPy {method} until it stops, {scaled}"
        candidates.append(Candidate(name, partial(in_scipy, part, method), picked=few))
    return candidates


def race(candidates: list[Candidate], repeats: int, bits: int, asked: dict[str, Asked]) -> dict[str, Row]:
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
    names = {candidate.role: candidate.name for candidate in candidates}
    for role in [role for role in asked if role in roles]:
        name, above, below = (f"tw / {names[role]}", "ours", role)
        if role == "plain":
            name, above, below = (f"{names[role]} / tw", role, "ours")
        ratio, processor = (roles[above] / roles[below]).tolist()
        rows[f"{name}, {bits} bits"] = asked[role].verdict(ratio, processor=processor)
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


if __name__ == "__main__":
    main()
