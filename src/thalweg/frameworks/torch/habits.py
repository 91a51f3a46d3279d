"""What a model does besides computing: found by evaluations that are watched, before anything is measured.

Most models only compute, and to put everything back before each of thousands of evaluations would cost more than a
small network. So a copy is evaluated a few times and looked at: does it draw random numbers, change buffers, inputs or
attributes, differentiate, compute in fewer bits than its flat vector has? What it does is put back; what it does not
need not be.

**Refused** is what would make a point's loss depend on those before it: an attribute by which three evaluations at one
point differ, or by which a copy that was elsewhere before differs from one that was not. An attribute that changes and
has no such part (a cache of angles, a weight that a hook makes anew) is put back too, since a counter may show late.
Generators other than PyTorch's global ones are refused at once: a layer that is dropped one time in twenty would pass
three evaluations.

**Modes.** ``inference_mode`` is the quickest and stays for good: what was made in it has no derivatives, even where a
model asks for them by itself. So a model that fails in it, loses by it, or calls ``torch.func``, is evaluated with
gradients as it is trained. Its parameters require none, so that nothing is kept for them, unless it fails without: then
it differentiates by them.

**What would break it.** A model that does these things only elsewhere than at its own parameters and on its first
batch.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np

from thalweg.base.errors import InvalidValue, ThalwegError
from thalweg.frameworks.common.batches import Nest, leaves, mapped
from thalweg.frameworks.common.installed import torch
from thalweg.frameworks.common.portions import steady
from thalweg.frameworks.common.steps import number
from thalweg.frameworks.torch import attributes
from thalweg.frameworks.torch.chance import generators, kept


class Batch(NamedTuple):
    """A batch with its arrays as tensors, and the step, ``step(module, values)``, that computes its loss."""

    values: Nest
    step: Any


class Habits(NamedTuple):
    """What a model does besides computing, and what must therefore be put back before each evaluation."""

    draws: bool = True
    """It draws random numbers."""
    gathers: bool = True
    """It changes its buffers, as normalisation layers do in training mode."""
    overwrites: bool = True
    """It changes its inputs in place."""
    keeps: bool = False
    """It changes attributes."""
    differentiates: bool = False
    """It takes derivatives by itself, and must be evaluated with gradients."""
    trains: bool = False
    """It takes derivatives by its parameters, which must require gradients."""
    rounds: bool = False
    """Its parameters or what it computes have fewer bits than the flat vector."""


def watch(replica: Any, batch: Batch, another: Callable[[], Any]) -> None:
    """Find the habits of a replica, which stands at the network's own parameters and was never evaluated.

    Parameters
    ----------
    replica : whose habits are set
    another : makes another replica like it

    Raises
    ------
    InvalidValue
        If the loss depends on the evaluations before it, or draws from others' generators.
    """
    with torch.no_grad(), kept(replica.flat.device):
        replica.habits = Habits(False, False, False)
        try:
            loss, found, changes = _watched(replica, batch)
        except InvalidValue:  # as where a loss differentiates by parameters that require no gradients
            replica.habits = replica.habits._replace(trains=True)
            loss, found, changes = _watched(replica, batch)
        replica.habits = found
        if changes:
            pristine = another()
            pristine.habits = found
            _check_history(replica, pristine, batch, [attributes.written(place) for place in changes])
            replica.keep(attributes.Kept(replica.module, pristine.module, changes))
            replica.habits = found = found._replace(keeps=True, differentiates=True)
        own, types = _tried(replica, batch)
        if not found.differentiates and not _same(own, loss, types, replica.flat.dtype):
            replica.habits = found = found._replace(differentiates=True)
            own, types = _tried(replica, batch)
        few = {kind for kind in types if kind.itemsize < 4}
        replica.types = replica.types | few
        replica.coarsest = max((*types, *replica.types), key=lambda kind: torch.finfo(kind).eps)
        replica.habits = found._replace(
            rounds=any(kind.itemsize < replica.flat.dtype.itemsize for kind in replica.types)
        )


def _watched(replica: Any, batch: Batch) -> tuple[float, Habits, list[attributes.Place]]:
    """Evaluate once, as in training, and tell the loss, the habits that show by it, and the attributes that changed."""
    devices = generators(replica.flat.device)
    for generator in devices:
        generator.manual_seed(0)
    states, others = [generator.get_state() for generator in devices], _others()
    versions = [buffer._version for *_, buffer, _ in replica.buffers]
    values = mapped(cloned, batch.values)
    before, marks = _versions(values), attributes.marked(replica.module)
    with torch.enable_grad(), _transforms(replica.module) as transforms:
        loss = replica.returned(batch._replace(values=values)).loss
    after = attributes.marked(replica.module)
    own = [f"its own generator {attributes.written(place)!r}" for place in attributes.drawn(marks, after)]
    _check_others([*own, *(name for name, state in _others().items() if state != others[name])])
    habits = Habits(
        draws=any(
            not torch.equal(state, generator.get_state()) for state, generator in zip(states, devices, strict=True)
        ),
        gathers=versions != [buffer._version for *_, buffer, _ in replica.buffers]
        or any(home._buffers[name] is not buffer for home, name, buffer, _ in replica.buffers),
        overwrites=before != _versions(values),
        differentiates=bool(transforms) or bool(getattr(loss, "requires_grad", False)),
        trains=replica.habits.trains,
    )
    return number(loss), habits, attributes.changed(marks, after)


def _check_history(replica: Any, pristine: Any, batch: Batch, names: Sequence[str]) -> None:
    """Refuse what depends on evaluations before: three times here; and elsewhere, beside what was never here."""
    steady(lambda: replica.measured(batch), lambda: names)
    here = replica.flat.clone()
    there = here + 0.05 * (here.abs() + 0.01) * torch.arange(len(here), device=here.device).cos()
    losses = []
    for one in (replica, pristine):
        one.move(there)
        losses.append(one.measured(batch)[0])
        one.move(here)
    if not np.array_equal(*losses, equal_nan=True):
        raise InvalidValue(
            f"at one point the loss is {losses[0]:.9g} after evaluations elsewhere and {losses[1]:.9g} without: it "
            f"changes with {', '.join(map(repr, names))}; keep no state outside of parameters and buffers"
        )


def _tried(replica: Any, batch: Batch) -> tuple[float | None, set[Any]]:
    """Evaluate as on slices; give the loss, None where that fails, and the types of numbers that it went through."""
    types: set[Any] = set()
    for noting in (_noting(types), nullcontext()):
        try:
            with torch.inference_mode(), replica.evaluating(), noting:
                return number(replica.compute(batch)), types
        except ThalwegError:  # the model's, where it differentiates; or it does not bear to be watched
            continue
    return None, types


def _same(one: float | None, other: float, types: Collection[Any], own: Any) -> bool:
    """Compare losses to half of the digits: rounding takes fewer."""
    eps = max(torch.finfo(kind).eps for kind in (*types, own))
    return one is not None and bool(np.isclose(one, other, rtol=eps**0.5, atol=0, equal_nan=True))


def _others() -> dict[str, Any]:
    """Read the states of generators that are not PyTorch's."""
    state: Any = np.random.get_state()
    return {"numpy.random": (state[1].tobytes(), *state[2:]), "Python's random": random.getstate()}


def _check_others(moved: Sequence[str]) -> None:
    """Refuse what draws from other generators than PyTorch's: a rare draw would show nowhere in a few evaluations."""
    if moved:
        raise InvalidValue(
            f"the model draws from {moved[0]} while it computes, so its loss changes from call to call; draw from "
            "PyTorch's own generator, as torch.rand does: it starts from one state at every evaluation"
        )


@contextmanager
def _transforms(module: Any) -> Iterator[list[Any]]:
    """Note layers that are called within transformations of ``torch.func``."""
    found: list[Any] = []
    level = torch._C._functorch.maybe_current_level

    def note(layer: Any, inputs: Any) -> None:
        if level() is not None:
            found.append(layer)

    scripted = torch.jit.ScriptModule
    hooks = [one.register_forward_pre_hook(note) for one in module.modules() if not isinstance(one, scripted)]
    try:
        yield found
    finally:
        for hook in hooks:
            hook.remove()


def _noting(types: set[Any]) -> Any:
    """Note the types of all numbers with a point that operations give."""
    dispatch = import_module("torch.utils._python_dispatch")

    class Noting(dispatch.TorchDispatchMode):
        def __torch_dispatch__(self, called: Any, kinds: Any, args: Any = (), kwargs: Any = None) -> Any:
            result = called(*args, **(kwargs or {}))
            several = result if isinstance(result, tuple | list) else (result,)
            types.update(one.dtype for one in several if isinstance(one, torch.Tensor) and one.is_floating_point())
            return result

    return Noting()


def cloned(leaf: Any) -> Any:
    """Copy a tensor of a batch; it requires gradients where the user's does."""
    return leaf.detach().clone().requires_grad_(leaf.requires_grad) if isinstance(leaf, torch.Tensor) else leaf


def _versions(values: Nest) -> list[int]:
    """Count the changes in place that tensors went through."""
    return [leaf._version for leaf in leaves(values) if isinstance(leaf, torch.Tensor)]
