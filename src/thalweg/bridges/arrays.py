"""Named arrays in files that hold nothing else, and how they become the flat vector of a network."""

from __future__ import annotations

import zipfile
from collections.abc import Mapping, Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from thalweg.base.errors import InvalidData
from thalweg.bridges.frameworks import NotInstalled
from thalweg.surface.network import Flat, Leaf

ENDINGS = (".npz", ".safetensors")

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
        tensors = import_module("safetensors.numpy")
        try:
            return tensors.load_file(path)
        except Exception as error:  # its own exceptions have no common type of their own
            raise InvalidData(f"cannot read {path}: {error}; give a file of safetensors") from None
    try:
        # Opened here: NumPy leaves the file of a broken archive open.
        with path.open("rb") as handle, np.load(handle, allow_pickle=False) as file:
            return {name: file[name] for name in file.files}
    except (OSError, EOFError, ValueError, zipfile.BadZipFile, AttributeError) as error:
        reason = "it holds pickled objects, which are never executed" if "pickle" in str(error) else error
        raise InvalidData(f"cannot read {path}: {reason}; give arrays as numpy.savez writes them") from None


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
    wanted = {leaf.name: leaf for leaf in leaves}
    for name, leaf in wanted.items():
        if name not in arrays:
            raise InvalidData(f"{path} has no {name}, which the network has; {_OTHER}")
        if arrays[name].shape != leaf.shape:
            raise InvalidData(
                f"{name} has the shape {arrays[name].shape} in {path} and {leaf.shape} in the network; {_OTHER}"
            )
        if arrays[name].dtype.kind != "f" or not np.isfinite(arrays[name]).all():
            raise InvalidData(f"{name} in {path} holds what are no finite numbers; give another checkpoint")
    for name in arrays:
        if name not in wanted:
            raise InvalidData(f"{path} has {name}, which the network has not; {_OTHER}")
    return np.concatenate([arrays[name].ravel() for name in wanted])
