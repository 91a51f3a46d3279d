"""Where a result comes from: what goes into the attributes of every dataset."""

from __future__ import annotations

from typing import Any

import jax

from thalweg.descent.descent import Descent
from thalweg.descent.formulation import formulation
from thalweg.descent.optimizer import Optimizer
from thalweg.losses.objective import Objective
from thalweg.store.versions import versions


def provenance(objective: Objective, precision: int) -> dict[str, Any]:
    """Collect problem, loss, precision, device and versions."""
    loss, fixed = objective.loss, objective.problem.fixed
    return {
        "problem": objective.problem.name,
        **({"fixed": fixed} if fixed else {}),
        "source": objective.problem.source,
        "loss": loss.name if loss else "none",
        **{f"loss_{name}": value for name, value in (loss.settings if loss else {}).items()},
        "precision": precision,
        "device": jax.devices()[0].device_kind,
        **versions("thalweg", "jax", "jaxlib", "optax", "numpy"),
    }


def facts(objective: Objective, descent: Descent) -> dict[str, Any]:
    """Collect how runs were made."""
    batch, examples = descent.minibatch, len(objective.train[0]) if objective.train else 0
    sizes = [examples] if batch is None else batch.sizes.tolist()
    return {
        "optimizer": repr(descent.optimizer) if isinstance(descent.optimizer, Optimizer) else "given as an object",
        "formulation": formulation(objective).value,
        "steps": descent.steps,
        "minibatch_size": sizes[0] if len(sizes) == 1 else sizes,
        "minibatch_seed": batch.seed if batch else 0,
    }
