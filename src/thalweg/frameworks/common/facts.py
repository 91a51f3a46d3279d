"""What is kept of a network or a recording beside its numbers: the same facts by the same names in every room."""

from __future__ import annotations

from typing import Any

from thalweg.frameworks.catalogue import FRAMEWORKS
from thalweg.geometry.network import Flat


def of_framework(name: str, **more: str) -> dict[str, Any]:
    """Name a framework with its version, and what else matters, such as the backend."""
    return {"framework": name, "framework_version": FRAMEWORKS[name].version, **more}


def of_network(
    framework: dict[str, Any], position: Flat, *, device: str, loss: Any, examples: int, **more: Any
) -> dict[str, Any]:
    """Tell how a network is evaluated.

    Parameters
    ----------
    framework : as :func:`of_framework` gives it
    position : its parameters
    device : where it is evaluated
    loss : a function or its name
    examples : rows of all data
    more : what differs from what holds of a plain function: evaluated, not trained; no statistics that normalisation
        layers gathered; in the precision of its parameters
    """
    return {
        **framework,
        "device": device,
        "mode": "evaluation",
        "statistics": "none",
        "loss": name_of(loss),
        "examples": examples,
        "precision": 8 * position.dtype.itemsize,
        "parameters": position.size,
        **more,
    }


def name_of(loss: Any) -> str:
    """Name a loss: a function, an object with a name, a function with some arguments filled in, or a name."""
    if isinstance(loss, str):
        return loss
    loss = getattr(loss, "func", loss)
    return str(getattr(loss, "__name__", None) or type(loss).__name__)
