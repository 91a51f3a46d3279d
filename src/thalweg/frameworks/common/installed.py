"""The frameworks themselves: ``from thalweg.frameworks.common.installed import torch`` imports PyTorch.

Where it is not there, that says in one line how it is installed (:meth:`Framework.load`).
"""

from __future__ import annotations

from typing import Any

from thalweg.frameworks.catalogue import FRAMEWORKS


def __getattr__(name: str) -> Any:
    """Import a framework by name."""
    if name not in FRAMEWORKS:
        raise AttributeError(name)
    return FRAMEWORKS[name].load()
