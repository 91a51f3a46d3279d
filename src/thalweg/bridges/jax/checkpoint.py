"""Checkpoints of JAX networks: only such as every framework has."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

from thalweg.base.errors import InvalidData
from thalweg.bridges.arrays import ENDINGS
from thalweg.surface.network import Network


def read(network: Network, path: Path) -> NoReturn:
    """Refuse what is in no format that names its arrays."""
    raise InvalidData(
        f"cannot read {path} for a JAX network; give {' or '.join(ENDINGS)} with arrays named like its parameters, "
        f"such as {network.leaves[0].name!r}"
    )
