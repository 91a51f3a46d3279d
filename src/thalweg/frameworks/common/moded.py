"""A model as a step sees it: the model itself, but in the mode that was asked for.

A step written for training says ``model(x, training=True)``. Whether a surface is that of training or of evaluation is
said once, by ``mode``, for all frameworks alike; so what stands for the model in a step takes ``training`` for itself.
Layers that a step finds in the model, by attribute or in a list, are seen in the same way.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any


class Moded:
    """Stands for a model or a layer, and calls it with ``training`` as said, where it takes that.

    Parameters
    ----------
    model : that it stands for, also in ``isinstance``
    training : what it is called with
    kind : classes of what is seen in the same way where it is found in the model
    """

    def __init__(self, model: Any, kind: type | tuple[type, ...], *, training: bool):
        object.__setattr__(self, "_moded", (model, kind, training))

    def __call__(self, *inputs: Any, **named: Any) -> Any:
        """Call the model in its mode."""
        model, _, training = self._moded
        place = argument_place(model)
        if place is not None and place < len(inputs):
            inputs = (*inputs[:place], training, *inputs[place + 1 :])
        elif place is not None or "training" in named:
            named["training"] = training
        return model(*inputs, **named)

    def __getattr__(self, name: str) -> Any:
        model, kind, training = self._moded
        return _seen(getattr(model, name), kind, training)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self._moded[0], name, value)

    @property
    def __class__(self) -> type:  # pyright: ignore[reportIncompatibleMethodOverride]  # what isinstance looks at
        return type(self._moded[0])


def _seen(value: Any, kind: type | tuple[type, ...], training: bool) -> Any:
    if isinstance(value, kind):
        return Moded(value, kind, training=training)
    if type(value) in (list, tuple):
        return type(value)(_seen(one, kind, training) for one in value)
    if type(value) is dict:
        return {name: _seen(one, kind, training) for name, one in value.items()}
    return value


def argument_place(model: Any) -> int | None:
    """Find the place of ``training`` among the arguments of a call; None where it takes no such argument."""
    call: Callable[..., Any] = getattr(model, "call", None) or model.__call__
    try:
        names: Mapping[str, Any] = inspect.signature(call).parameters
    except (TypeError, ValueError):
        return None
    return list(names).index("training") if "training" in names else None
