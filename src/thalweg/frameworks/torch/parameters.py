"""The parameters of a PyTorch module: which of them make the flat vector."""

from __future__ import annotations

from typing import Any

from thalweg.base.errors import InvalidValue
from thalweg.frameworks.common.installed import torch
from thalweg.geometry.network import Flat

TYPES = (torch.float32, torch.float64, torch.bfloat16, torch.float16)
"""What parameters may be; see ``replica`` on those of few bits."""

PARAMETRISED = ".parametrizations."
"""What stands in the name of a parameter between its layer and the parametrisation that it belongs to."""


def plain(model: Any) -> Any:
    """Take the module out of what compiles it or spreads it over devices; refuse what is no module."""
    parallel = torch.nn.DataParallel, torch.nn.parallel.DistributedDataParallel
    while hasattr(model, "_orig_mod") or isinstance(model, parallel):
        model = model.module if isinstance(model, parallel) else model._orig_mod
    if not isinstance(model, torch.nn.Module):
        raise InvalidValue(f"{type(model).__name__} is no PyTorch model; give a torch.nn.Module")
    return model


def trainable(model: Any) -> dict[str, Any]:
    """Find the parameters that are trained, by name; tied ones come once, under their first name.

    Raises
    ------
    InvalidValue
        If there are none, they are of mixed devices, or no real numbers of 16, 32 or 64 bits.
    """
    model = plain(model)
    everything = dict(model.named_parameters())
    for name, tensor in {**everything, **dict(model.named_buffers())}.items():
        if isinstance(tensor, torch.nn.parameter.UninitializedTensorMixin):
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
    for name, parameter in trained.items():
        if parameter.dtype not in TYPES:
            raise InvalidValue(
                f"parameter {name!r} is {written(parameter.dtype)}, which is not allowed; give a model in "
                f"{', '.join(map(written, TYPES))}, or several of these (complex numbers as pairs: torch.view_as_real)"
            )
    return trained


def written(dtype: Any) -> str:
    """Write a type of PyTorch's without the module before it."""
    return str(dtype).removeprefix("torch.")


def flatten(model: Any) -> Flat:
    """Copy the trained parameters of a module into one flat vector; nothing else is touched."""
    with torch.no_grad():
        return joined(trainable(model).values()).cpu().numpy()


def joined(tensors: Any) -> Any:
    """Copy tensors into one flat tensor, one behind the other, of 32 bits, or of 64 if any has so many."""
    pieces = [tensor.detach().to_dense().reshape(-1) for tensor in tensors]
    wide = any(piece.dtype == torch.float64 for piece in pieces)
    return torch.cat([piece.to(torch.float64 if wide else torch.float32) for piece in pieces])
