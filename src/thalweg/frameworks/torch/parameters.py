"""The parameters of a PyTorch module: which of them make the flat vector."""

from __future__ import annotations

from typing import Any

from thalweg.base.errors import InvalidValue
from thalweg.frameworks.common.checks import one_type
from thalweg.frameworks.common.installed import torch
from thalweg.geometry.network import Flat

PARAMETRISED = ".parametrizations."
"""What stands in the name of a parameter between its layer and the parametrisation that it belongs to."""


def plain(model: Any) -> Any:
    """Take the module out of what ``torch.compile`` made of it; refuse what is no module."""
    model = getattr(model, "_orig_mod", model)
    if not isinstance(model, torch.nn.Module):
        raise InvalidValue(f"{type(model).__name__} is no PyTorch model; give a torch.nn.Module")
    return model


def trainable(model: Any) -> dict[str, Any]:
    """Find the parameters that are trained, by name; tied ones come once, under their first name.

    Raises
    ------
    InvalidValue
        If there are none, or they are of mixed devices or types, or of less than 32 bits.
    """
    model = plain(model)
    everything = dict(model.named_parameters())
    for name, parameter in everything.items():
        if isinstance(parameter, torch.nn.parameter.UninitializedParameter):
            raise InvalidValue(f"parameter {name!r} has no shape yet; run the model once on its data before this")
    trained = {
        name: parameter for name, parameter in everything.items() if parameter.requires_grad and parameter.numel()
    }
    if not trained:
        raise InvalidValue(
            f"{type(model).__name__} has no trainable parameters ({len(everything)} are frozen); give a model with "
            "parameters that require gradients"
        )
    devices = sorted({str(parameter.device) for parameter in everything.values()})
    if len(devices) > 1:
        raise InvalidValue(
            f"parameters lie on {' and '.join(devices)}; put the whole model on one device with model.to(...)"
        )
    if devices == ["meta"]:
        raise InvalidValue("parameters lie on the device meta and hold no numbers; make the model on a real device")
    one_type({name: str(parameter.dtype).removeprefix("torch.") for name, parameter in trained.items()})
    return trained


def flatten(model: Any) -> Flat:
    """Copy the trained parameters of a module into one flat vector; nothing else is touched."""
    with torch.no_grad():
        return joined(trainable(model).values()).cpu().numpy()


def joined(tensors: Any) -> Any:
    """Copy tensors into one flat tensor, one behind the other."""
    return torch.cat([tensor.detach().reshape(-1) for tensor in tensors])
