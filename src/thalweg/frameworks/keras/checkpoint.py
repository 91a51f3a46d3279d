"""Checkpoints of Keras: only arrays are read from them, no model is made and no code is run."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from thalweg.base.errors import InvalidData
from thalweg.frameworks.common import arrays
from thalweg.frameworks.keras.leaves import gathered, parameters
from thalweg.geometry.network import Flat, Network

INSIDE = "model.weights.h5"
"""The file in a ``.keras`` archive that has the weights; the others describe the model and are not opened."""

OPTIMIZER = "optimizer/"


def read(network: Network, path: Path) -> Flat:
    """Read the weights that ``model.save_weights`` or ``model.save`` wrote.

    Files name weights by their places in layers and layers by their kinds. Which place is whose is known from the model
    that the network was made of, by Keras' own walk through it.
    What normalisation layers gathered is taken where the network moves it with its parameters.

    Parameters
    ----------
    path : ``.weights.h5`` or ``.keras``

    Raises
    ------
    InvalidData
        If it cannot be read, or is of another model.
    """
    if path.suffix in arrays.ENDINGS:
        return arrays.named(network.leaves, path)
    saved = _saved(path)
    layout = _layout(network.model, state=network.trained < network.position.size)
    arrays.compare({place: shape for place, (_, shape) in layout.items()}, saved, path)
    named = {network.leaves[k].name: saved[place] for place, (k, _) in layout.items() if k is not None}
    return arrays.flat(network.leaves, named, path)


def _saved(path: Path) -> dict[str, np.ndarray]:
    """Read all weights in a file but those of an optimiser."""
    try:
        if path.suffix == ".keras":
            with zipfile.ZipFile(path) as archive:
                return _arrays(io.BytesIO(archive.read(INSIDE)))
        if path.name.endswith(".weights.h5"):
            with path.open("rb") as file:
                return _arrays(file)
    except (*arrays.DAMAGED, KeyError) as error:  # KeyError: the archive has no weights
        raise arrays.unreadable(path, error, "give weights as Keras saves them") from None
    raise InvalidData(f"cannot read {path} for a Keras network; give .weights.h5, .keras or .npz")


def _arrays(file: Any) -> dict[str, np.ndarray]:
    """Read the datasets of an HDF5 file that lie in it: links to other files are not followed."""
    h5py = import_module("h5py")
    datasets: dict[str, np.ndarray] = {}

    def visit(name: str | bytes, item: Any) -> None:
        name = str(name)  # bytes, where a damaged name is no text
        if not isinstance(item, h5py.Dataset) or name.startswith(OPTIMIZER):
            return
        if item.external or item.is_virtual:
            raise ValueError(f"{name} lies in another file")
        datasets[name] = np.asarray(item[()])

    with h5py.File(file, "r") as opened:
        opened.visititems(visit)
    return datasets


def _layout(model: Any, *, state: bool) -> Mapping[str, tuple[int | None, tuple[int, ...]]]:
    """Find the place of each weight in the model's files: which parameter it is (None: none), and its shape."""
    saving = import_module("keras.src.saving.saving_lib")
    written: dict[str, dict[str, Any]] = {}

    class Places(saving.H5IOStore):
        """Notes what is to be written where, and writes nothing."""

        def __init__(self) -> None:
            pass

        def __bool__(self) -> bool:
            return True

        def make(self, path: str, metadata: Any = None) -> dict[str, Any]:
            return written.setdefault(path, {})

    # Keras' own walk through a model and all it holds, by which its files are written; an optimiser is left out
    skipped = {id(optimizer)} if (optimizer := getattr(model, "optimizer", None)) is not None else set()
    saving._save_state(model, Places(), None, "", skipped)
    moved = [*parameters(model), *(gathered(model) if state else [])]
    numbers = {id(variable): number for number, variable in enumerate(moved)}
    return {
        f"{path}/vars/{key}".removeprefix("/"): (numbers.get(id(weight)), tuple(map(int, weight.shape)))
        for path, weights in written.items()
        for key, weight in weights.items()
    }
