"""What a module keeps outside of parameters and buffers: attributes of Python, in which a state may hide.

A hidden state, a counter, a cache or a generator in an attribute makes a model another one after each evaluation, and
nothing of PyTorch tells. So attributes are marked before and after an evaluation, and the marks compared: a tensor by
its identity, its count of changes in place and a check sum, since what is changed through ``.data`` or NumPy is not
counted; a generator by its state; what holds others by these; anything else by what it is written as.

What would break it. State that no attribute leads to: global variables, what a function closes over, what an extension
keeps. ``portions.steady`` sees it where the loss changes by it, and can name nothing.
"""

from __future__ import annotations

import functools
import random
import threading
import zlib
from collections.abc import Iterator, Mapping, Sequence
from types import BuiltinFunctionType, FunctionType, MethodType, ModuleType
from typing import Any, NamedTuple

import numpy as np

from thalweg.frameworks.common.installed import torch

OWN = ("_parameters", "_buffers", "_modules")
"""Where a module keeps what PyTorch knows of."""

MOST = 100_000
"""Things that are looked at in one module; what lies beyond is not marked."""

WHOLE = (type, ModuleType, FunctionType, BuiltinFunctionType)
"""What is not looked into."""

LOCKS = {type(make()): make for make in (threading.Lock, threading.RLock)}
"""How each kind of lock is made."""

Place = tuple[str, str]
"""An attribute: the name of the layer that has it, and its own."""

MISSING = object()


class Marks(NamedTuple):
    """What a module's attributes are.

    Attributes
    ----------
    marks : by place; equal where nothing changed
    held : what was marked by its identity, which only what is alive has for itself
    """

    marks: dict[Place, Any]
    held: list[Any]


def places(module: Any) -> Iterator[tuple[Place, Any]]:
    """Go through all attributes of a module and of its layers."""
    for path, home in module.named_modules():
        for name, value in vars(home).items():
            if name not in OWN:
                yield (path, name), value


def marked(module: Any) -> Marks:
    """Mark all attributes of a module."""
    marker = _Marker(module)
    return Marks({place: marker.mark(value) for place, value in places(module)}, marker.held)


def changed(before: Marks, after: Marks) -> list[Place]:
    """List the attributes that are others now, or new, or gone."""
    every = {**before.marks, **after.marks}
    return [place for place in every if before.marks.get(place, MISSING) != after.marks.get(place, MISSING)]


def drawn(before: Marks, after: Marks) -> list[Place]:
    """List the attributes that lead to generators of random numbers which were drawn from."""
    return [
        place for place in changed(before, after) if _states(before.marks.get(place)) != _states(after.marks.get(place))
    ]


def written(place: Place) -> str:
    """Write the name of an attribute."""
    return ".".join(part for part in place if part)


def tensors(module: Any) -> Iterator[Any]:
    """Go through the tensors and locks in attributes, however deep they lie in what these hold."""
    marker = _Marker(module, contents=False)
    for _, value in places(module):
        marker.mark(value)
    yield from (one for one in marker.held if isinstance(one, (torch.Tensor, *LOCKS)))


class _Marker:
    """Marks values, each object once: what was met before is marked by its identity."""

    def __init__(self, module: Any, *, contents: bool = True):
        self.contents = contents
        # what PyTorch knows of is no attribute, wherever one leads to it
        known = (*module.modules(), *module.parameters(), *module.buffers())
        self.met: dict[int, Any] = {id(one): one for one in known}
        self.held: list[Any] = []

    def mark(self, value: Any) -> Any:
        """Make something that is equal for equal values, and unequal where one was changed."""
        if value is None or isinstance(value, bool | int | float | complex | str | bytes):
            return type(value).__name__, repr(value)
        if id(value) in self.met or len(self.met) >= MOST:
            return "met", id(value)
        self.met[id(value)] = value
        if isinstance(value, torch.Tensor):
            return self._tensor(value)
        if isinstance(value, np.ndarray) and value.dtype.kind != "O":
            return "array", value.shape, self.contents and zlib.crc32(np.ascontiguousarray(value).tobytes())
        state = _state(value) if self.contents else None
        if state is not None:
            return "generator", state
        if isinstance(value, (*WHOLE, *LOCKS)):
            self.held.append(value)
            return "whole", id(value)
        return self._parts(value)

    def _tensor(self, value: Any) -> Any:
        self.held.append(value)
        version = -1 if value.is_inference() else value._version
        return "tensor", id(value), version, self.contents and _sum(value)

    def _parts(self, value: Any) -> Any:
        """Mark what holds others."""
        if isinstance(value, Mapping):
            return "mapping", tuple((repr(key), self.mark(one)) for key, one in list(value.items()))
        if isinstance(value, list | tuple | set | frozenset) or type(value).__name__ == "deque":
            return type(value).__name__, tuple(map(self.mark, list(value)))
        if isinstance(value, functools.partial):
            return "partial", self.mark(value.args), self.mark(value.keywords)
        if isinstance(value, MethodType):
            return "method", self.mark(value.__self__)
        self.held.append(value)
        inside = getattr(value, "__dict__", None)
        if isinstance(inside, dict):
            return "object", id(value), tuple((name, self.mark(one)) for name, one in list(inside.items()))
        return "object", id(value), _told(value)


def _sum(value: Any) -> Any:
    """Sum a tensor up, for a change that PyTorch does not count; None of what has no plain memory."""
    try:
        return zlib.crc32(value.detach().cpu().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes())
    except Exception:  # sparse, nested, quantised tensors and those of other libraries may raise anything
        return None


def _state(value: Any) -> Any:
    """Read the state of a generator of random numbers; None of anything else."""
    if isinstance(value, torch.Generator):
        return zlib.crc32(value.get_state().numpy().tobytes())
    if isinstance(value, np.random.Generator):
        return repr(value.bit_generator.state)
    if isinstance(value, np.random.BitGenerator):
        return repr(value.state)
    if isinstance(value, np.random.RandomState):
        return repr(value.get_state(legacy=False))
    return hash(value.getstate()) if isinstance(value, random.Random) else None


def _states(mark: Any) -> list[Any]:
    """Find the states of generators in a mark."""
    if not isinstance(mark, tuple):
        return []
    return [mark] if mark[:1] == ("generator",) else [state for part in mark for state in _states(part)]


def _told(value: Any) -> str:
    """Write what has no attributes, such as a counter of ``itertools``."""
    try:
        return repr(value)[:1000]
    except Exception:  # of a class of a user's, it may raise anything
        return ""


class Kept:
    """Puts attributes that evaluations change back to what they were in a copy that was never evaluated.

    Only what holds no modules and no foreign objects: to copy these would bring their own parameters along.
    """

    def __init__(self, module: Any, pristine: Any, changes: Sequence[Place]):
        others = dict(pristine.named_modules())
        values = [(place, vars(others[place[0]]).get(place[1], MISSING)) for place in changes]
        self._set(module, [(place, value) for place, value in values if _plain(value)])

    def of(self, module: Any) -> Kept:
        """Do the same for another copy."""
        other = Kept(module, module, ())
        other._set(module, self._values)
        return other

    def _set(self, module: Any, values: Sequence[tuple[Place, Any]]) -> None:
        homes = dict(module.named_modules())
        self._values = values
        self._places = [(homes[path], name, value) for (path, name), value in values]

    def put_back(self) -> None:
        """Put them back."""
        for home, name, value in self._places:
            if value is MISSING:
                vars(home).pop(name, None)
            else:
                vars(home)[name] = _again(value)


def _plain(value: Any) -> bool:
    """Tell what can be copied by itself."""
    if isinstance(value, Mapping):
        return type(value) in (dict,) and all(map(_plain, value.values()))
    if isinstance(value, list | tuple):
        return type(value) in (list, tuple) and all(map(_plain, value))
    if isinstance(value, torch.Tensor):
        return not isinstance(value, torch.nn.Parameter)
    return value is None or value is MISSING or isinstance(value, bool | int | float | complex | str | np.ndarray)


def _again(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _again(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(map(_again, value))
    if isinstance(value, torch.Tensor):
        return value.detach().clone()
    return value.copy() if isinstance(value, np.ndarray) else value
