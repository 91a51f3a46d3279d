"""Where a result comes from: what goes into the attributes of every dataset."""

from __future__ import annotations

from importlib.metadata import version
from typing import Any

import jax

from thalweg.losses.objective import Objective


def provenance(objective: Objective, precision: int) -> dict[str, Any]:
    """Collect problem, loss, precision, device and versions."""
    loss = objective.loss
    return {
        "problem": objective.problem.name,
        "source": objective.problem.source,
        "loss": loss.name if loss else "none",
        **{f"loss_{name}": value for name, value in (loss.settings if loss else {}).items()},
        "precision": precision,
        "device": jax.devices()[0].device_kind,
        **{f"{name}_version": version(name) for name in ("thalweg", "jax", "jaxlib", "optax", "numpy")},
    }
