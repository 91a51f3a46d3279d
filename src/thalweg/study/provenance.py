"""Where a result comes from: what goes into the attributes of every dataset."""

from __future__ import annotations

from typing import Any

import jax

from thalweg.descent.descent import Descent
from thalweg.descent.described import described
from thalweg.descent.formulation import formulation
from thalweg.descent.search import alone
from thalweg.losses.objective import Objective
from thalweg.store.versions import versions


def provenance(objective: Objective, precision: int) -> dict[str, Any]:
    """Collect problem, loss, precision, device and versions."""
    problem, loss = objective.problem, objective.loss
    return {
        "problem": problem.name,
        **({"fixed": problem.fixed} if problem.fixed else {}),
        "source": problem.source,
        **{f"problem_{name}": value for name, value in problem.settings.items()},
        "parameters": list(problem.parameters),
        "units": [axis.unit for axis in problem.domain],
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
        "optimizer": described(descent.optimizer),
        "formulation": formulation(objective, alone(objective, descent)).value,
        "steps": descent.steps,
        "examples": examples,
        "minibatch_size": sizes[0] if len(sizes) == 1 else sizes,
        "minibatch_seed": batch.seed if batch else 0,
    }
