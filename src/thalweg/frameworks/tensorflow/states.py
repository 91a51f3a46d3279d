"""What a module holds besides its parameters: variables that it changes, and generators that it draws from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import numpy as np

from thalweg.frameworks.common.installed import tensorflow as tf


class States:
    """The variables of a private module that are no parameters, and what they are put back to.

    In training, generators that the module holds start from seed 0 at every evaluation, so that what is dropped out is
    drawn once; what is gathered starts from what it was.

    Attributes
    ----------
    state : variables with their values, tensors
    """

    def __init__(self, module: Any, others: Mapping[str, Any], *, training: bool):
        self._names = dict(others)
        self.state = [(variable, tf.identity(variable)) for variable in others.values()]
        self._drawn: list[tuple[Any, Any]] = []
        for path, source in module._flatten(
            predicate=lambda value: isinstance(value, tf.random.Generator), with_path=True
        ):
            start = tf.random.Generator.from_seed(0, alg=source.algorithm).state if training else source.state
            pair = (source.state, tf.identity(start))
            self._drawn += [pair] * training
            self.state.append(pair)
            self._names["/".join(map(str, path))] = source.state

    @contextmanager
    def put_back(self) -> Iterator[None]:
        """Start from the kept values, and end with them."""
        try:
            self._assign()
            yield
        finally:
            self._assign()

    def _assign(self) -> None:
        for variable, values in self.state:
            variable.assign(values)

    def changed(self) -> list[str]:
        """Name what is not as it was kept; what is drawn in training starts anew."""
        kept = {variable.ref(): values for variable, values in self.state}
        for variable, values in self._drawn:
            variable.assign(values)
        return [
            name
            for name, variable in self._names.items()
            if not np.array_equal(variable.numpy(), kept[variable.ref()].numpy(), equal_nan=variable.dtype.is_floating)
        ]


@contextmanager
def kept_generators() -> Iterator[None]:
    """Keep what TensorFlow itself draws seeds from: the eager context, and the global generator where there is one."""
    context = import_module("tensorflow.python.eager.context").context()
    own = getattr(context, "_rng", None)
    shared = import_module("tensorflow.python.ops.stateful_random_ops").global_generator
    state = own.getstate() if own is not None else None
    numbers = tf.identity(shared.state) if shared is not None else None
    try:
        yield
    finally:
        if own is not None:
            own.setstate(state)
        if shared is not None:
            shared.state.assign(numbers)
