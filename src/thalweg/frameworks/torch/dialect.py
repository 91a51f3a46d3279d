"""How PyTorch writes formulas."""

from __future__ import annotations

from functools import cache
from typing import Any

from thalweg.frameworks.catalogue import FRAMEWORKS
from thalweg.frameworks.common.operations import Dialect, elementwise


@cache
def dialect() -> Dialect:
    """Name PyTorch's operations."""
    torch = FRAMEWORKS["torch"].load()
    kinds = {"bool": torch.bool, "int32": torch.int32, "int64": torch.int64}
    kinds |= {"float32": torch.float32, "float64": torch.float64}

    written = elementwise(torch, pow=torch.pow, eq=torch.eq, rem=torch.fmod)
    reductions = {
        "reduce_sum": lambda x, axes: torch.sum(x, dim=axes),
        "reduce_max": lambda x, axes: torch.amax(x, dim=axes),
        "reduce_min": lambda x, axes: torch.amin(x, dim=axes),
        "reduce_prod": lambda x, axes: _product(torch, x, axes),
    }
    return Dialect(
        title="PyTorch",
        elementwise=written,
        reductions=reductions,
        constant=lambda array: torch.tensor(array, device="cpu"),
        cast=lambda x, dtype: x.to(kinds[dtype.name]),
        reshape=torch.reshape,
        broadcast=torch.broadcast_to,
        transpose=torch.permute,
        concatenate=torch.cat,
        einsum=torch.einsum,
        mean=torch.mean,
    )


def _product(torch: Any, x: Any, axes: tuple[int, ...]) -> Any:
    for axis in sorted(axes, reverse=True):
        x = torch.prod(x, dim=axis)
    return x
