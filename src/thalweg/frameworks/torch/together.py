"""Several points of a slice in one evaluation, for networks so small that calling operations costs the most.

An operation of PyTorch costs some microseconds before it computes anything. In a small network that is nearly all of
the time, so as many points as fit are evaluated by one call of ``torch.vmap`` over the parameters and the outputs of
first layers, always as many at once: what is missing at the end is filled up with copies of the last.

**The last bit.** A point must have the same loss wherever it stands. Under ``vmap`` it is computed by the same
operations on arrays of the same shape, but its place among the others could still change the last bit: where a loop
over numbers ends, vector instructions give way to scalar ones, which may round otherwise; and where memory is not
aligned, they begin elsewhere (Demmel and Nguyen 2013 on what it takes to sum reproducibly). So this is done only where
all arrays of a point are whole cache lines long, where no operation is so large that PyTorch would split it over
threads (``SPLIT``), and where a trial with the points in three rotations gives each the same bits.

**What fits** depends on shapes alone: it is tried once a network and number of directions, and the count is kept.
Anything that the module raises under ``vmap``, a warning among it (``vmap`` warns where it would fall back to a loop),
means that points are evaluated one by one.

**Why not always?** Large networks gain nothing, and lose: their operations fill the cores by themselves, and several
points' activations do not fit into the cache. Modules that draw random numbers or change their buffers are left out,
since they would draw once for all points.

**What would break it.** Another PyTorch that splits operations at another size, or a processor with longer cache
lines: the trial would notice most of it; ``SPLIT`` and ``LINE`` are the two numbers to look at.

References
----------
J. Demmel and H. D. Nguyen, "Fast reproducible floating-point summation", 2013, doi:10.1109/ARITH.2013.9.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from importlib import import_module
from typing import Any

from thalweg.frameworks.common.installed import torch
from thalweg.frameworks.common.steps import returned
from thalweg.frameworks.torch.first_layer import Forward, far, standing_in
from thalweg.frameworks.torch.replica import LINE, Replica
from thalweg.frameworks.torch.walk import Sum, Walk

MOST, LEAST = 32, 8
"""Points evaluated at once, a power of two; with fewer than the least of them nothing is gained."""

SPLIT = 2**15
"""Numbers from which PyTorch splits an operation on a processor over its threads, and small networks end."""

PARAMETERS = 2**20
"""Parameters of all points evaluated at once, at most: a few MB."""


class Astray(Exception):
    """A first layer was given another input than its fixed one."""


class Together(Walk):
    """The losses at points of a slice, several at once."""

    def __init__(self, walk: Walk, count: int):
        super().__init__(walk.batch, walk.terms, walk.layers, walk.spans)
        self.alone, self.count = walk, count
        origin = walk.terms[0]
        lines = -(-len(origin) * origin.element_size() // LINE) * LINE
        # flat vectors and first layers' outputs, (point, …), each point computed as when it is alone
        self._vectors = origin.new_empty((count, lines // origin.element_size()))
        self._outputs = [layer.terms[0].new_empty((count, *layer.terms[0].shape)) for layer in walk.layers]
        self._filled = [
            *((Sum([term[span] for term in walk.terms]), list(self._vectors[:, span])) for span in walk.spans),
            *((Sum(layer.terms), list(some)) for layer, some in zip(walk.layers, self._outputs, strict=True)),
        ]

    def losses(self, replica: Replica, rows: Sequence[list[float]]) -> list[Any]:
        """Compute the losses at coordinates; where points cannot be evaluated at once, each by itself."""
        if self.partial:
            replica.flat.fill_(float("nan"))
        moved = [pair for pair in zip(replica.spans, replica.tensors, strict=True) if self.moves(pair[0])]
        losses: list[Any] = []
        now: Sequence[Any] = ()

        def given(index: int, forward: Forward, input: Any) -> Any:
            if not self.layers[index].given(input):
                raise Astray
            # what follows may overwrite it: first layers are called once, and it is filled anew for the next points
            return now[index]

        def evaluate(parameters: Sequence[Any], outputs: Sequence[Any]) -> Any:
            nonlocal now
            put(parameters)
            now = outputs
            return returned(self.batch.step(replica.module, self.batch.values)).loss

        with (
            standing_in(replica, {layer.name: partial(given, i) for i, layer in enumerate(self.layers)}),
            _parameters_put(replica, [parameter for _, parameter in moved]) as put,
        ):
            at_once = torch.vmap(evaluate)
            parameters = [self._vectors[:, span].view(self.count, *parameter.shape) for span, parameter in moved]
            for first in range(0, len(rows), self.count):
                some = list(rows[first : first + self.count])
                self._fill(some + some[-1:] * (self.count - len(some)))
                try:
                    losses.extend(at_once(parameters, self._outputs)[: len(some)].unbind())
                except Astray:
                    break
        rest = rows[len(losses) :]
        return losses + (self.alone.losses(replica, rest) if rest else [])

    def _fill(self, rows: Sequence[list[float]]) -> None:
        """Go to points, as many as fit."""
        for total, places in self._filled:
            for row, place in zip(rows, places, strict=True):
                total.at(row, out=place)


@contextmanager
def _parameters_put(replica: Replica, moved: Sequence[Any]) -> Iterator[Callable[[Sequence[Any]], None]]:
    """Let a function put other tensors in the place of parameters, wherever these are tied to."""
    owners = {id(parameter): k for k, parameter in enumerate(moved)}
    places = [
        (home, name, tensor, owners[id(tensor)])
        for layer in replica.module.modules()
        for home in (layer._parameters, layer._buffers)
        for name, tensor in home.items()
        if id(tensor) in owners
    ]

    def put(values: Sequence[Any]) -> None:
        for home, name, _, k in places:
            home[name] = values[k]

    try:
        yield put
    finally:
        for home, name, parameter, _ in places:
            home[name] = parameter


Counts = dict[tuple[int, ...], int]
"""How many points can be evaluated at once, by the number of directions and the spans that are moved."""


def together(replica: Replica, walk: Walk, counts: Counts) -> Walk:
    """Evaluate several points at once if the network is small and nothing changes by it; else return the walk given.

    That depends on shapes alone, so it is tried out once for all planes; what comes out goes into ``counts``.
    """
    key = (len(walk.terms), *(end for span in walk.spans for end in (span.start, span.stop)))
    if key not in counts:
        counts[key] = _tried(replica, walk)
    return Together(walk, counts[key]) if counts[key] else walk


def _tried(replica: Replica, walk: Walk) -> int:
    """Find how many points can be evaluated at once; 0 where they cannot."""
    if any(replica.habits):
        return 0
    count = _fitting(replica, walk)
    if count < LEAST:
        return 0
    tried = Together(walk, count)
    rows = [[value * (k + 1) / count for value in far(len(walk.terms) - 1)] for k in range(count)]
    turns = (0, 1, count // 2 - 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # vmap warns where it would go from point to point in a loop
            turned = [tried.losses(replica, rows[turn:] + rows[:turn]) for turn in turns]
    except Exception:  # a user's model under vmap, which cannot do all that models do: it may raise anything
        return 0
    losses, *others = (torch.stack(some).roll(turn, 0) for some, turn in zip(turned, turns, strict=True))
    if not all(torch.equal(other.nan_to_num(), losses.nan_to_num()) for other in others):
        return 0
    single = torch.stack(walk.losses(replica, rows))
    eps = torch.finfo(replica.flat.dtype).eps
    # half of the digits: rounding takes fewer, an operation that mixes the points more
    return count if torch.allclose(losses, single, rtol=eps**0.5, atol=0, equal_nan=True) else 0


def _fitting(replica: Replica, walk: Walk) -> int:
    """Count the points that fit: no operation is then split over threads, in other places for other points.

    None fit if an array is not whole cache lines long: of a point at another place, it would begin within one.
    """
    dispatch = import_module("torch.utils._python_dispatch")
    sizes: list[tuple[int, int]] = []
    # what lies in the flat vector is the parameters, which begin at the same place of a cache line at every point
    flat = replica.flat.untyped_storage().data_ptr()

    class Watching(dispatch.TorchDispatchMode):
        def __torch_dispatch__(self, called: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            result = called(*args, **(kwargs or {}))
            several = () if called.is_view else result if isinstance(result, tuple | list) else (result,)
            sizes.extend(
                (one.numel(), one.element_size())
                for one in several
                if hasattr(one, "numel") and one.untyped_storage().data_ptr() != flat
            )
            return result

    with Watching():
        walk.losses(replica, [[0.0] * (len(walk.terms) - 1)])
    if any(count > 1 and count * size % LINE for count, size in sizes):
        return 0
    largest = max((count for count, _ in sizes), default=1)
    room = min(SPLIT // largest, PARAMETERS // len(walk.terms[0]), MOST)
    return 1 << room.bit_length() - 1 if room else 0
