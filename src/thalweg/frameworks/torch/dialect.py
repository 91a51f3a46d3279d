"""How PyTorch writes formulas."""

from __future__ import annotations

from functools import reduce

from thalweg.frameworks.common.installed import torch
from thalweg.frameworks.common.operations import Dialect, elementwise

DIALECT = Dialect(
    title="PyTorch",
    namespace=torch,
    elementwise=elementwise(torch, pow=torch.pow, eq=torch.eq, rem=torch.fmod),
    reductions={
        "reduce_sum": torch.sum,
        "reduce_max": torch.amax,
        "reduce_min": torch.amin,
        "reduce_prod": lambda x, axes: reduce(torch.prod, sorted(axes, reverse=True), x),
    },
    constant=lambda array: torch.tensor(array, device="cpu"),
    cast=lambda x, dtype: x.to(getattr(torch, dtype.name)),
    transpose=torch.permute,
    concatenate=torch.cat,
    mean=torch.mean,
)
