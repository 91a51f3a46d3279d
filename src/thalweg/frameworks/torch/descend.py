"""Descent as users of PyTorch write it: zero_grad, backward, step."""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce

import numpy as np

from thalweg.frameworks.common.installed import torch
from thalweg.frameworks.common.operations import Dialect, elementwise
from thalweg.frameworks.common.optimizers import Counterpart, translate
from thalweg.frameworks.common.trajectory import Job, Log, Prepared, Trajectory

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
"""How PyTorch writes formulas."""

BETAS = {"betas": ("b1", "b2")}
EPS = {"eps": "eps"}
DECAY = {"weight_decay": "weight_decay"}

# PyTorch's momentum of NAdam rises to b1 by a rule of its own (momentum_decay), which optax's does not have.
TABLE: Mapping[str, Counterpart] = {
    "sgd": Counterpart("SGD", {"momentum": "momentum", "nesterov": "nesterov"}),
    "adam": Counterpart("Adam", EPS | BETAS),
    "adamw": Counterpart("AdamW", EPS | DECAY | BETAS),
    "amsgrad": Counterpart(
        "Adam", EPS | BETAS, {"amsgrad": True}, {"bias_correction_mu": True, "bias_correction_nu": True}
    ),
    "nadam": Counterpart("NAdam", EPS | BETAS, only={"nesterov": True}),
    "nadamw": Counterpart("NAdam", EPS | DECAY | BETAS, {"decoupled_weight_decay": True}, {"nesterov": True}),
    "radam": Counterpart("RAdam", EPS | BETAS, only={"threshold": 5.0}),
    "adamax": Counterpart("Adamax", EPS | BETAS),
    "adadelta": Counterpart("Adadelta", EPS | {"rho": "rho"}),
    "adagrad": Counterpart("Adagrad", EPS | {"initial_accumulator_value": "initial_accumulator_value"}),
    "rmsprop": Counterpart("RMSprop", EPS | {"alpha": "decay", "momentum": "momentum", "centered": "centered"}),
    "rprop": Counterpart(
        "Rprop", {"etas": ("eta_minus", "eta_plus"), "step_sizes": ("min_step_size", "max_step_size")}
    ),
}
"""What our optimisers are called in PyTorch."""


def prepare(job: Job, manner: str = "") -> Prepared:
    """Prepare a descent by an optimiser of ``torch.optim``; there is one manner."""
    chosen = job.chosen
    name, settings = translate(chosen, TABLE, "PyTorch")

    def run(start: np.ndarray) -> Trajectory:
        loss_at = job.train.mean(DIALECT)
        point = torch.nn.Parameter(torch.tensor(start.astype(job.train.dtype), device="cpu"))
        optimizer = getattr(torch.optim, name)([point], lr=float(chosen.rates[0]), **settings)
        log = Log(job)
        with torch.enable_grad():
            for rate in chosen.rates.tolist():
                log.begin(point.detach().numpy())
                optimizer.param_groups[0]["lr"] = rate
                optimizer.zero_grad()
                loss = loss_at(point)
                loss.backward()
                gradient = point.grad.numpy().copy()
                if chosen.clip is not None:
                    torch.nn.utils.clip_grad_norm_([point], chosen.clip)
                optimizer.step()
                log.end(loss.item(), gradient)
        return log.trajectory(job.test_loss(DIALECT))

    return Prepared(f"torch.optim.{name}", {"device": "cpu"}, run)
