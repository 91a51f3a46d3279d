"""Checkpoints of JAX networks: only such as every framework has."""

from __future__ import annotations

from pathlib import Path

from thalweg.base.errors import InvalidData
from thalweg.frameworks.common.arrays import ENDINGS, named
from thalweg.geometry.network import Flat, Network


def read(network: Network, path: Path) -> Flat:
    """Read arrays that are named like the parameters; JAX has no format of its own."""
    if path.suffix in ENDINGS:
        return named(network.leaves, path)
    raise InvalidData(
        f"cannot read {path} for a JAX network; give {' or '.join(ENDINGS)} with arrays named like its parameters, "
        f"such as {network.leaves[0].name!r}"
    )
