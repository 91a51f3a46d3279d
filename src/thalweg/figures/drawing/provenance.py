"""What was evaluated and along which directions, in words, from the attributes of results about networks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from thalweg.figures.drawing.wording import count, shortened
from thalweg.frameworks.catalogue import FRAMEWORKS

KINDS = {
    "gaussian": "Gaussian directions",
    "orthonormal": "random orthonormal directions",
    "filter-normalised": "filter-normalised directions",
    "principal": "principal directions of the run",
    "hessian": "eigenvectors of the Hessian",
    "checkpoints": "between checkpoints",
}

DRAWN = ("gaussian", "orthonormal", "filter-normalised")
"""Kinds whose directions are random, so that their seed is named."""


def network_of(attrs: Mapping[Any, Any]) -> str:
    """Name the network, its loss and the data.

    Examples
    --------
    >>> facts = {"framework": "torch", "parameters": 4929, "loss": "mse_loss", "examples": 32}
    >>> network_of(facts | {"network_mode": "training"})
    'PyTorch, 4,929 parameters · mse loss on 32 examples, training mode'
    >>> network_of(facts | {"parameters": 20, "subspace": 20})
    'PyTorch, 20 random directions · mse loss on 32 examples'
    """
    name = str(attrs.get("framework", ""))
    title = FRAMEWORKS[name].title if name in FRAMEWORKS else shortened(name)
    what = "random direction" if "subspace" in attrs else "parameter"
    size = count(int(attrs["parameters"]), what) if "parameters" in attrs else ""
    loss = shortened(str(attrs.get("loss", "loss")).replace("_", " "))
    loss = loss if "loss" in loss.lower() or "measured" in attrs else f"{loss} loss"
    data = f"{loss} on {count(int(attrs['examples']), 'example')}" if int(attrs.get("examples", 0)) else loss
    mode = ", training mode" if attrs.get("network_mode") == "training" else ""
    return f"{', '.join(filter(None, (title, size))) or 'a network'} · {data}{mode}"


def directions_of(attrs: Mapping[Any, Any]) -> str:
    """Say how the directions were made.

    Examples
    --------
    >>> directions_of({"kind": "gaussian", "seed": 3})
    'Gaussian directions, seed 3'
    """
    kind = str(attrs.get("kind", "directions"))
    seed = f", seed {attrs['seed']}" if kind in DRAWN and "seed" in attrs else ""
    if kind == "principal" and "runs" in attrs:
        return f"principal directions of {attrs['runs']} runs"
    if kind == "hessian" and "matrix" in attrs:
        return f"eigenvectors of the {attrs['matrix']}"
    return KINDS.get(kind, shortened(kind)) + seed
