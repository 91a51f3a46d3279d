"""Named arrays in files that hold nothing else, and how they become the flat vector of a network."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from thalweg.base.errors import InvalidData
from thalweg.frameworks.catalogue import NotInstalled
from thalweg.frameworks.common.checks import reason
from thalweg.geometry.leaves import Leaf
from thalweg.geometry.network import Flat

ENDINGS = (".npz", ".safetensors")

DAMAGED = (OSError, EOFError, ValueError, RuntimeError, AttributeError, zipfile.BadZipFile, zlib.error)
"""What reading a damaged file raises: of archives, of what is compressed in them, of arrays."""

_OTHER = "it is a checkpoint of another model; give one of this"


def read(path: Path) -> dict[str, np.ndarray]:
    """Read all arrays of an ``.npz`` or ``.safetensors`` file; objects, which would have to be unpickled, are refused.

    Raises
    ------
    InvalidData
        If it cannot be read, or holds other things than arrays of numbers.
    NotInstalled
        If safetensors is needed and not there.
    """
    if path.suffix == ".safetensors":
        if find_spec("safetensors") is None:
            raise NotInstalled(
                f"cannot read {path}: safetensors is not installed; install it with: python -m pip install safetensors"
            )
        try:
            return import_module("safetensors.numpy").load_file(path)
        except (*DAMAGED, import_module("safetensors").SafetensorError) as error:
            raise unreadable(path, error, "give a file of safetensors") from None
    try:
        # Opened here: NumPy leaves the file of a broken archive open.
        with path.open("rb") as handle, np.load(handle, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except DAMAGED as error:
        pickled = ValueError("it holds pickled objects, which are never executed")
        raise unreadable(
            path, pickled if "pickle" in str(error) else error, "give arrays as numpy.savez writes them"
        ) from None


def unreadable(path: Path, error: Exception, advice: str) -> InvalidData:
    """Say in one line why a file cannot be read."""
    return InvalidData(f"cannot read {path}: {reason(error)}; {advice}")


def named(leaves: Sequence[Leaf], path: Path) -> Flat:
    """Read a file of arrays that are named like a network's leaves."""
    return flat(leaves, read(path), path)


def flat(leaves: Sequence[Leaf], arrays: Mapping[str, np.ndarray], path: Path) -> Flat:
    """Put named arrays into the order of a network's leaves.

    Raises
    ------
    InvalidData
        If a name is missing or too much, a shape is another, or a number is not finite.
    """
    statistics = [leaf.name for leaf in leaves if leaf.kind == "statistic"]
    if statistics and not any(name in arrays for name in statistics):
        raise InvalidData(
            f"{path} has no {statistics[0]}, which layers gathered and the loss depends on; give a checkpoint with it, "
            "or wrap the model with statistics='gathered'"
        )
    compare({leaf.name: leaf.shape for leaf in leaves}, arrays, path)
    for leaf in leaves:
        if arrays[leaf.name].dtype.kind != "f" or not np.isfinite(arrays[leaf.name]).all():
            raise InvalidData(f"{leaf.name} in {path} holds what are no finite numbers; give another checkpoint")
    return np.concatenate([arrays[leaf.name].ravel() for leaf in leaves])


def compare(shapes: Mapping[str, tuple[int, ...]], arrays: Mapping[str, np.ndarray], path: Path) -> None:
    """Check that arrays are those of a network, by their names and shapes.

    Raises
    ------
    InvalidData
        That names the first difference.
    """
    for name, shape in shapes.items():
        if name not in arrays:
            raise InvalidData(f"{path} has no {name}, which the network has; {_OTHER}")
        if arrays[name].shape != shape:
            raise InvalidData(
                f"{name} has the shape {arrays[name].shape} in {path} and {shape} in the network; {_OTHER}"
            )
    for name in arrays:
        if name not in shapes:
            raise InvalidData(f"{path} has {name}, which the network has not; {_OTHER}")
