"""The verb ``outcome_map``: how runs end over two of the things that they depend on, a pixel a run."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from thalweg.base.border import public
from thalweg.base.parallel import cores
from thalweg.descent.descent import Descent
from thalweg.descent.described import described
from thalweg.losses.objective import Objective
from thalweg.store.kinds import Valleys
from thalweg.store.stream import Column, Stream, rows
from thalweg.study.axes import Range, named, source_of, without
from thalweg.study.ends import ATTRS, Ending
from thalweg.study.find_derailments import FLOOR
from thalweg.study.memory import OUTCOME, bound
from thalweg.study.outcomes import attributes, tasks, watch
from thalweg.valleys import boundary
from thalweg.valleys.outcomes import DIVERGED, Outcomes


class Cost(NamedTuple):
    """What a map takes: runs with their shadows, cores at work, and about how many seconds and bytes of store."""

    runs: int
    cores: int
    seconds: float
    stored: int


@public
def outcome_map(
    objective: Objective,
    descent: Descent,
    valleys: Valleys,
    *,
    along: tuple[Range, Range],
    floor: float = FLOOR,
    store: str | Path | None = None,
) -> xr.Dataset:
    """Map how runs end over two of the things that they depend on.

    All runs share one compiled program. Whatever does not vary is as the problem and the descent have it.

    Parameters
    ----------
    objective : what is descended
    descent : the optimiser, its steps and precision, and whether each run has shadows
    valleys : from :func:`thalweg.find_valleys`, of the same objective
    along : what varies to the right, and what upwards
    floor : share of a valley's barrier up to which a loss lies on its floor, above 0 and at most 1
    store : a folder to stream to, a Zarr store; by default the map is held in memory

    Returns
    -------
    xarray.Dataset
        Dimensions are named like what varies, with its values as coordinates: ``right`` stands for the first of
        ``along``, ``up`` for the second. Names of the valleys are in the attribute ``names``. Where the map has 64 x 64
        pixels or more, attributes measure the boundary between basins, each with its ``_error``: ``entropy`` and
        ``boundary_entropy``, the basin entropy over all boxes of 5 x 5 pixels and over those that hold a boundary, in
        nats; ``dimension`` by box counting and ``pair_dimension`` by pairs of pixels.

        =========== ========= ====== ==========================================================================
        variable    dims      unit   meaning
        =========== ========= ====== ==========================================================================
        outcome     up, right valley on whose floor the run ends; -1 on the way to it, -3 on a plateau, above the floor
                                     where the slope leads nowhere, -2 where it diverged
        valley      up, right valley in whose basin it ends, on its floor or not; -1 for none
        settled     up, right steps  since which it has stayed on that floor; NaN where there is none
        derailments up, right count  how often it was thrown off a floor into another valley's basin
        loss        up, right loss   at its last finite step, on training data
        rounding    up, right 0 or 1 whether rounding alone decided where it ends; with shadows only
        =========== ========= ====== ==========================================================================

    Raises
    ------
    InvalidValue, UnknownName
        If what varies is not known, or is one thing twice, or optax refuses a setting, or the map is larger than memory
        and there is no store.
    OutputError
        If the store exists or cannot be written.

    References
    ----------
    A. Daza, A. Wagemakers, B. Georgeot, D. Guéry-Odelin, M. A. F. Sanjuán, "Basin entropy: a new tool to analyze
    uncertainty in dynamical systems", Scientific Reports 6, 31416, 2016, doi:10.1038/srep31416.
    C. Grebogi, S. W. McDonald, E. Ott, J. A. Yorke, "Final state sensitivity: an obstruction to predictability",
    Physics Letters A 99, 415–418, 1983, doi:10.1016/0375-9601(83)90945-3.
    J. Sohl-Dickstein, "The boundary of neural network trainability is fractal", 2024, arXiv:2402.06184.

    Examples
    --------
    >>> import math, optax, thalweg as tw
    >>> objective = tw.objective(tw.problems.pencil(), tw.losses.fourth_root())
    >>> descent = tw.Descent(tw.Optimizer(optax.sgd, learning_rate=0.05), steps=30, precision=32)
    >>> along = tw.Range("phi", 0, math.pi / 2, 40), tw.Range("learning_rate", 1e-3, 0.1, 30, "log")
    >>> chart = tw.outcome_map(objective, descent, tw.find_valleys(objective), along=along)
    >>> dict(chart.sizes)
    {'learning_rate': 30, 'phi': 40}
    """
    along = named(objective.problem, descent, along)
    if store is None:
        pixels = along[0].count * along[1].count
        bound(f"{pixels:,} pixels", OUTCOME * pixels, "take fewer, or give a store")
    varied, source = source_of(objective, descent, along)
    frame = _frame(objective, varied, valleys, along, floor)
    frame.attrs["optimizer"] = described(without(descent, along).optimizer)
    ending = Ending(objective, valleys, floor, descent.precision, descent.steps)
    ends = ((span, _pixels(ending, part)) for span, part in watch(objective, varied, valleys, floor, source))
    parts = rows(ends, (along[0].count,))
    if store is None:
        return _held(frame, parts)
    stream, dims = None, tuple(map(str, frame.sizes))
    ends = np.empty(tuple(frame.sizes.values()), np.int8 if valleys.sizes["valley"] < 128 else np.int16)
    for first, part in parts:
        if stream is None:
            columns = {name: Column(dims, values.dtype, ATTRS.get(name, {})) for name, values in part.items()}
            stream = Stream(Path(store), frame, columns)
        stream.write(first, part)
        ends[first : first + len(part["outcome"])] = _ends(part["outcome"], part["valley"])
    assert stream is not None
    return stream.finish(texture(ends))


def _pixels(ending: Ending, part: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Complete how some runs end, and keep of it what a pixel holds."""
    told = ending.of(Outcomes(*(part[name] for name in Outcomes._fields)))
    return {name: told.get(name, values) for name, values in part.items() if name != "place"}


def refuse(objective: Objective, descent: Descent, along: tuple[Range, Range]) -> None:
    """Refuse what no map can be made of, before any work on it."""
    source_of(objective, descent, named(objective.problem, descent, along))


def cost(objective: Objective, descent: Descent, valleys: xr.Dataset, along: tuple[Range, Range], floor: float) -> Cost:
    """Estimate what a map takes, from its first batch: its runs, and what completes their ends, gradients and flows.

    Batches are made side by side and completed one after the other. The programs are compiled on the way. What is left
    out: writing to the store, and measuring the texture of the whole.
    """
    along = named(objective.problem, descent, along)
    varied, source = source_of(objective, descent, along)
    spans, work = tasks(objective, varied, valleys, floor, source)
    ending = Ending(objective, valleys, floor, descent.precision, descent.steps)
    _pixels(ending, work(spans[0]))
    begun = time.perf_counter()
    made = work(spans[0])
    between = time.perf_counter()
    size = sum(values.nbytes for values in _pixels(ending, made).values())
    seconds = (between - begun) * -(-len(spans) // cores()) + (time.perf_counter() - between) * len(spans)
    return Cost(source.count * (4 if descent.shadows else 1), cores(), seconds, size // spans[0].stop * source.count)


def texture(ends: np.ndarray) -> dict[str, float]:
    """Measure how basins are interwoven: entropies and dimensions with their errors; nothing of a small map."""
    if min(ends.shape) < 64:
        return {}
    entropy = boundary.basin_entropy(ends)
    boxes, pairs = boundary.boundary_dimension(ends), boundary.uncertainty_exponent(ends)
    measured = {
        "entropy": (entropy.entropy, entropy.entropy_error),
        "boundary_entropy": (entropy.boundary, entropy.boundary_error),
        "dimension": (boxes.dimension, boxes.error),
        "pair_dimension": (pairs.dimension, pairs.error),
    }
    return {
        name + end: value for name, both in measured.items() for end, value in zip(("", "_error"), both, strict=True)
    }


def _frame(
    objective: Objective, descent: Descent, valleys: xr.Dataset, along: tuple[Range, Range], floor: float
) -> xr.Dataset:
    units = {axis.name: axis.unit for axis in objective.problem.domain}
    coords: dict[str, Any] = {}
    for axis in reversed(along):
        attrs = {"unit": units.get(axis.name, ""), "scale": axis.scale, "low": axis.low, "high": axis.high}
        coords[axis.name] = axis.name, axis.values(), attrs
    problem = objective.problem
    start = [np.nan if name in coords else value for name, value in zip(problem.parameters, problem.start, strict=True)]
    fixed = {"start": start} if np.isfinite(start).any() else {}
    return xr.Dataset(coords=coords, attrs=attributes(objective, descent, valleys, floor) | fixed)


def _held(frame: xr.Dataset, parts: Iterator[tuple[int, Any]]) -> xr.Dataset:
    blocks = [part for _, part in parts]
    joined = {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}
    dims = tuple(frame.sizes)
    chart = frame.assign({name: (dims, values, ATTRS.get(name, {})) for name, values in joined.items()})
    return chart.assign_attrs(texture(_ends(joined["outcome"], joined["valley"])))


def _ends(outcome: np.ndarray, valley: np.ndarray) -> np.ndarray:
    """Give the valley in which each run ends, with diverged runs apart."""
    return np.where(outcome == DIVERGED, DIVERGED, valley)
