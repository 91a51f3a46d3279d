"""What a module's operations do with its parameters: seen, not guessed from what comes out.

One evaluation is watched below everything that a module can do: whatever it is written with, in the end PyTorch's
dispatcher is asked for an operation on tensors, and a mode sees each with its arguments. All parameters are pieces of
one flat vector, so that an operation reads a parameter where an argument lies in the memory of that piece; views
(``.data``, ``.T``, ``flatten``, ``detach``) lie there too and need no name.

**What is found.** Which layer, or what else, reads each parameter, and whether it is written; which inputs of layers
depend on no parameter, followed from result to result by memory; and whether numbers that depend on parameters leave
the tensors (``item``, ``bool``, ``numpy``, a mask whose length is asked), so that Python could decide by them what to
compute next.

**Why one evaluation is enough.** Where no such number leaves, the next operation cannot depend on a parameter's value:
the same operations read the same memory at every point. Where one leaves, nothing is concluded.

**Why so.** To set parameters to NaN and look at the loss is the other way: but ``NaN > 1`` is false, and a rule such as
``where(norm > 1, 1 / norm, 1)`` swallows it without a trace. Derivatives would miss what is detached.

**What would break it.** Code that takes a tensor's address past PyTorch, as an extension in C may, without being a
registered operation; the evaluator's trial on a few points stands behind this. Compiled functions are run as they were
written, here alone.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from importlib import import_module
from typing import Any, NamedTuple

from thalweg.frameworks.common.installed import torch
from thalweg.frameworks.torch.replica import Batch, Replica

LEAVING = frozenset(
    (
        *("numpy", "tolist", "storage", "untyped_storage", "_typed_storage", "__array__", "__dlpack__", "to_dlpack"),
        *("data_ptr", "const_data_ptr", "mutable_data_ptr", "__cuda_array_interface__", "__reduce_ex__"),
        "__deepcopy__",
    )
)
"""Methods by which numbers leave tensors without an operation."""


COPIES = ("clone", "_to_copy", "_weight_norm_interface")
"""Operations whose first result has its numbers where the parameter has, beside those that PyTorch says so of."""


class Uses(NamedTuple):
    """What an evaluation did with parameters.

    Attributes
    ----------
    readers : of each parameter, the layers that read it in their own operation, by name; None is all else
    written : numbers of the parameters that are changed in place
    inputs : of each layer that was watched, its input at each call; None where it depends on parameters or, as with
        ``autocast``, is of another type than the output
    decides : whether values that depend on parameters may decide what is computed
    differentiates : whether something is differentiated on the way
    """

    readers: tuple[frozenset[str | None], ...]
    written: frozenset[int]
    inputs: Mapping[str, list[Any]]
    decides: bool
    differentiates: bool


Around = Callable[[Mapping[str, Callable[[Callable[[Any], Any], Any], Any]]], Any]
"""Lets layers, by name, be computed in another way meanwhile: ``first_layer.standing_in`` of a replica."""


def watched(replica: Replica, batch: Batch, layers: Sequence[str], around: Around) -> Uses:
    """Evaluate where the replica stands, and tell what happens to its parameters.

    Parameters
    ----------
    replica : stands where it stood
    layers : names of layers whose own operation and inputs are told apart
    around : lets them be computed in another way
    """
    seen = _Seen(replica)
    inputs: dict[str, list[Any]] = {name: [] for name in layers}

    def within(name: str) -> Callable[[Callable[[Any], Any], Any], Any]:
        def compute(forward: Callable[[Any], Any], input: Any) -> Any:
            fixed = not seen.depends(input)
            seen.reader, before = name, seen.reader
            try:
                output = forward(input)
            finally:
                seen.reader = before
            inputs[name].append(input if fixed and input.dtype == output.dtype else None)
            return output

        return compute

    with graded(replica), around({name: within(name) for name in layers}), _watching(seen):
        replica.compute(batch)
    return Uses(tuple(map(frozenset, seen.readers)), frozenset(seen.written), inputs, seen.decides, seen.differentiates)


@contextmanager
def graded(replica: Replica) -> Iterator[None]:
    """Let operations be seen one by one, those that others are composed of; a model may differentiate that does."""
    differentiates = getattr(replica.habits, "differentiates", False)
    with torch.inference_mode(False), nullcontext() if differentiates else torch.no_grad():
        yield


class _Seen:
    """What was seen so far of an evaluation."""

    def __init__(self, replica: Replica):
        self.pieces = Pieces(replica)
        self.readers: list[set[str | None]] = [set() for _ in replica.spans]
        self.written: set[int] = set()
        self.reader: str | None = None
        self.decides = self.differentiates = False
        # weak references keep a storage's address from being given to another
        self.memory = {memory_of(one): (_weakly(one), True) for one in (replica.flat, *replica.tensors)}

    def depends(self, tensor: Any) -> bool:
        """Tell whether a tensor lies where numbers that depend on parameters do."""
        with torch._C.DisableTorchFunction():
            key = memory_of(tensor)
            return key is None or self.memory.get(key, (None, False))[1]

    def operation(self, called: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """Run an operation, and see what it reads, writes and returns."""
        given = tensors_in((args, kwargs))
        depends = any(map(self.depends, given))
        if not called.is_view:
            for tensor in given:
                for number in self.pieces.of(tensor):
                    self.readers[number].add(self.reader)
        changed = list(_changed(called, args, kwargs))
        for tensor in changed:
            self.written.update(self.pieces.of(tensor))
        self.differentiates |= torch.is_grad_enabled()
        result = called(*args, **kwargs)
        returned = tensors_in(result)
        self.decides |= depends and (_tells(called, given, self.depends) or not (returned or result is None))
        old = {memory_of(tensor) for tensor in given}
        for tensor in (*returned, *changed):
            key = memory_of(tensor)
            if key is None:
                self.decides |= depends
            elif depends or key not in old:
                self.memory[key] = (self.memory[key][0] if key in self.memory else _weakly(tensor), depends)
        return result


class Piece(NamedTuple):
    """Memory in which a parameter lies, or what stands for it.

    Attributes
    ----------
    start, stop : of the storage
    number : of the parameter
    strides : of its axes there; 0 of axes of one number
    """

    start: int
    stop: int
    number: int
    strides: tuple[int, ...]


class Pieces:
    """Where parameters lie in memory, and what else stands for one of them."""

    def __init__(self, replica: Replica):
        self.shapes = [tuple(tensor.shape) for tensor in replica.tensors]
        self.places: dict[int | None, list[Piece]] = {}
        self.weak: list[Any] = []
        for number, parameter in enumerate(replica.tensors):
            self._place(parameter, number, parameter.stride())

    def of(self, tensor: Any) -> list[int]:
        """Number the parameters in whose memory a tensor lies."""
        return [piece.number for piece in self._touched(tensor)]

    def one(self, tensor: Any) -> Piece | None:
        """Find the parameter that a tensor is a view of."""
        pieces = self._touched(tensor) if isinstance(tensor, torch.Tensor) else []
        return pieces[0] if len(pieces) == 1 else None

    def derive(self, called: Any, args: Sequence[Any], result: Any) -> None:
        """Let what is made of a parameter number by number stand for it, as a copy, or a weight that is normalised."""
        name = called._schema.name.partition("::")[2]
        if not (name in COPIES or torch.Tag.pointwise in called.tags) or called._schema.is_mutable:
            return
        made = result[0] if isinstance(result, tuple) else result
        for tensor in args:
            piece = self.one(tensor)
            if piece is None or not isinstance(made, torch.Tensor) or made.shape != tensor.shape:
                continue
            ways = {(tensor.shape[axis], tensor.stride(axis)): made.stride(axis) for axis in range(tensor.dim())}
            axes = zip(self.shapes[piece.number], piece.strides, strict=True)
            strides = [0 if size == 1 else ways.get((size, stride)) for size, stride in axes]
            if None not in strides:
                self._place(made, piece.number, strides)
                return

    def _touched(self, tensor: Any) -> list[Piece]:
        pieces = self.places.get(memory_of(tensor), [])
        if not pieces or not tensor.numel():
            return []
        start = tensor.storage_offset()
        last = start + sum((size - 1) * stride for size, stride in zip(tensor.shape, tensor.stride(), strict=True))
        return [piece for piece in pieces if start < piece.stop and piece.start <= last]

    def _place(self, tensor: Any, number: int, strides: Sequence[Any]) -> None:
        start = tensor.storage_offset()
        self.weak.append(_weakly(tensor))  # so that its address is not given to another
        self.places.setdefault(memory_of(tensor), []).append(
            Piece(start, start + tensor.numel(), number, tuple(strides))
        )


@contextmanager
def _watching(seen: _Seen) -> Iterator[None]:
    """See every operation, and every method by which numbers leave."""
    dispatch, overrides = import_module("torch.utils._python_dispatch"), import_module("torch.overrides")

    class Operations(dispatch.TorchDispatchMode):
        def __torch_dispatch__(self, called: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            with torch._C.DisableTorchFunction():
                return seen.operation(called, args, kwargs or {})

    class Methods(overrides.TorchFunctionMode):
        def __torch_function__(self, called: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            if getattr(called, "__name__", "") in LEAVING and args:
                seen.decides |= any(map(seen.depends, tensors_in(args[0])))
            seen.differentiates |= torch._C._functorch.maybe_current_level() is not None
            return called(*args, **(kwargs or {}))

    with ExitStack() as stack:
        if "torch._dynamo" in sys.modules:
            stack.enter_context(torch.compiler.set_stance("force_eager"))
        stack.enter_context(Operations())
        stack.enter_context(Methods())
        yield


def memory_of(tensor: Any) -> int | None:
    """Know a tensor's memory; None where it has none of its own, as of sparse ones."""
    try:
        return tensor.untyped_storage()._cdata
    except (NotImplementedError, RuntimeError):
        return None


def _weakly(tensor: Any) -> Any:
    return import_module("torch.multiprocessing.reductions").StorageWeakRef(tensor.untyped_storage())


def tensors_in(nest: Any) -> list[Any]:
    """List the tensors in a nesting."""
    return [leaf for leaf in torch.utils._pytree.tree_leaves(nest) if isinstance(leaf, torch.Tensor)]


def _changed(called: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Iterator[Any]:
    """Find the tensors that an operation writes to."""
    for place, argument in enumerate(called._schema.arguments):
        if argument.alias_info is not None and argument.alias_info.is_write:
            yield from tensors_in(args[place] if place < len(args) else kwargs.get(argument.name))


def _tells(called: Any, given: Sequence[Any], depends: Callable[[Any], bool]) -> bool:
    """Tell whether the shape of what an operation returns, or a number, says something of values."""
    if torch.Tag.data_dependent_output in called.tags:
        return True
    if torch.Tag.dynamic_output_shape not in called.tags:
        return False
    masks = [one for one in given if one.dtype in (torch.bool, torch.uint8)]
    return "index" not in called._schema.name or any(map(depends, masks))
