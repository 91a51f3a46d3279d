"""What each parameter of a module is, and along which axes its filters lie.

A filter is what makes one output. Along which axes of an array outputs are counted is a matter of who wrote the layer:
PyTorch's own have outputs first, transposed convolutions second and within groups, GPT-2's projections last, and a
user's layer anywhere. So two ways lead there.

- **Seen.** One evaluation is watched. A product sums over an axis of its operand; which axes of the parameter these
  are, its memory tells: whatever views lie between, the strides are the parameter's. All others count outputs.
- **Known.** Where no product reads the parameter itself, or two sum over different axes (tied weights), or it is a
  table from which rows are taken, the layer's class decides, and for those unknown the first axis counts filters.

What is no factor of a product and has one axis of more than one number, as a class token (1, 1, feature), or a scale
(channel, 1, 1), is moved as biases are.

**What would break it.** A product by an operation that is not listed is not seen: the class decides.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any, NamedTuple

from thalweg.frameworks.common.installed import torch
from thalweg.frameworks.torch.parameters import PARAMETRISED, plain, trainable
from thalweg.frameworks.torch.replica import Batch, Replica
from thalweg.frameworks.torch.uses import Pieces, graded
from thalweg.geometry.leaves import Kind, Leaf

PRODUCTS: Mapping[str, Mapping[int, int]] = {
    "mm": {0: 1, 1: 0},
    "addmm": {1: 1, 2: 0},
    "_addmm_activation": {1: 1, 2: 0},
    "bmm": {0: 2, 1: 1},
    "baddbmm": {1: 2, 2: 1},
    "mv": {0: 1},
    "addmv": {1: 1},
    "linear": {1: -1},
}
"""Operations that sum over an axis of operands: by the operand's place, which."""


LENGTHS = ("original0", "weight_g")
"""What PyTorch calls the lengths of the rows of a weight that is normalised."""


class Filters(NamedTuple):
    """Where filters lie.

    Attributes
    ----------
    outputs : axes along which they are counted
    split : the shape in which these axes are, where filters lie across an axis; empty for the array's own
    """

    outputs: tuple[int, ...]
    split: tuple[int, ...] = ()


def leaves_of(model: Any, seen: Mapping[str, Filters] | None = None) -> tuple[Leaf, ...]:
    """Describe the trained parameters of a module, in the order of the flat vector; ``seen`` is what was watched."""
    model = plain(model)
    return tuple(_leaf(model, name, p, (seen or {}).get(name)) for name, p in trainable(model).items())


def seen(replica: Replica, batch: Batch) -> dict[str, Filters]:
    """Find along which axes of parameters products sum, by an evaluation where the replica stands."""
    watching = _watching(replica)
    with replica.evaluating(), graded(replica), watching:
        replica.compute(batch)
    found = watching.found.items()
    return {replica.names[number]: next(iter(several)) for number, several in found if len(several) == 1}


def _watching(replica: Replica) -> Any:
    """Make a mode that notes which axes of parameters products sum over."""
    pieces = Pieces(replica)

    class Watching(import_module("torch.utils._python_dispatch").TorchDispatchMode):
        def __init__(self) -> None:
            super().__init__()
            self.found: dict[int, set[Filters]] = {}

        def __torch_dispatch__(self, called: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            name = called._schema.name.partition("::")[2]
            for place, axis in PRODUCTS.get(name, {}).items():
                if (piece := pieces.one(args[place])) is not None:
                    filters = _summed(args[place], axis, piece.strides, pieces.shapes[piece.number])
                    self.found.setdefault(piece.number, set()).add(filters)
            if name == "convolution" and (piece := pieces.one(args[1])) is not None:
                self.found.setdefault(piece.number, set()).add(_convolved(tuple(args[1].shape), args[6], args[8]))
            result = called(*args, **(kwargs or {}))
            pieces.derive(called, args, result)
            return result

    return Watching()


def _summed(operand: Any, axis: int, strides: Sequence[int], shape: Sequence[int]) -> Filters:
    """Tell which axes of a parameter count outputs, of an operand in its memory that is summed over an axis."""
    least = operand.stride(axis)
    most = least * operand.shape[axis]
    free = [not (stride >= least and stride * size <= most) for size, stride in zip(shape, strides, strict=True)]
    several = [k for k, size in enumerate(shape) if size > 1 and free[k]]
    ones = [k for k, size in enumerate(shape) if size == 1]
    # what makes one output alone is one filter, whatever its shape
    return Filters(tuple(several or ones[:1])) if several or ones else Filters((0,), (1, *shape))


def _convolved(shape: tuple[int, ...], transposed: bool, groups: int) -> Filters:
    """Tell where the filters of a convolution lie; transposed ones have inputs first, group after group."""
    if not transposed:
        return Filters((0,))
    inputs, outputs, *kernel = shape
    return Filters((1,)) if groups == 1 else Filters((0, 2), (groups, inputs // groups, outputs, *kernel))


def _leaf(model: Any, name: str, parameter: Any, seen: Filters | None) -> Leaf:
    shape = tuple(parameter.shape)
    home = name.partition(PARAMETRISED)[0] if PARAMETRISED in name else name.rpartition(".")[0]
    layer = dict(model.named_modules())[home]  # scripted modules have no get_submodule
    kind = _kind(layer, name, shape, seen)
    rows = issubclass(_class(layer), torch.nn.Embedding | torch.nn.EmbeddingBag)
    filters = (None if rows else seen) or _known(layer, shape)
    if kind != "weight":
        return Leaf(name, shape, kind, tuple(range(len(shape))))
    axes = range(len(filters.split or shape))
    order = (*filters.outputs, *(axis for axis in axes if axis not in filters.outputs))
    return Leaf(name, shape, kind, order, len(filters.outputs), filters.split)


def _known(layer: Any, shape: tuple[int, ...]) -> Filters:
    """Tell by the class of a layer where the filters of its weight lie."""
    transposed = torch.nn.ConvTranspose1d, torch.nn.ConvTranspose2d, torch.nn.ConvTranspose3d
    if issubclass(_class(layer), transposed) and len(shape) == len(layer.kernel_size) + 2:
        return _convolved(shape, True, layer.groups)
    if type(layer).__name__ == "Conv1D" and shape[1:] == (getattr(layer, "nf", None),):
        return Filters((1,))
    return (
        Filters((next((axis for axis, size in enumerate(shape) if size > 1), 0),)) if not _own(layer) else Filters((0,))
    )


def _class(layer: Any) -> type:
    """Give a layer's class; of a scripted one that which it was written as, where that is PyTorch's own."""
    scripted = isinstance(layer, torch.jit.ScriptModule)
    return getattr(torch.nn, str(getattr(layer, "original_name", "")), type(layer)) if scripted else type(layer)


def _own(layer: Any) -> bool:
    """Tell whether a layer is PyTorch's own, or derived from one that has parameters by itself."""
    return any(home.__module__.startswith("torch.nn.modules.") for home in _class(layer).__mro__[:-2])


def _kind(layer: Any, name: str, shape: tuple[int, ...], seen: Filters | None) -> Kind:
    """Tell what a parameter is from the layer that holds it, and from what is done with it.

    Normalisation layers that a user wrote are known by their name, as PyTorch's own are.
    """
    norm = any("Norm" in home.__name__ for home in _class(layer).__mro__)
    ours = issubclass(_class(layer), torch.nn.LayerNorm | torch.nn.RMSNorm)
    vector = len(shape) <= 1 or (sum(size > 1 for size in shape) <= 1 and not (seen or _product(layer, name, shape)))
    lengths = name.rpartition(".")[2] in LENGTHS
    if (norm and (ours or vector)) or (lengths and vector):
        return "norm"
    return "bias" if vector else "weight"


def _product(layer: Any, name: str, shape: tuple[int, ...]) -> bool:
    """Tell whether a parameter is the weight of one of PyTorch's own layers, however few numbers it has."""
    last = name.rpartition(".")[2]
    return _own(layer) and ("weight" in last or last in ("original", "original1")) and last != "weight_g"
