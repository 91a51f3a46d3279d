"""The verb ``read_checkpoints``: saved checkpoints of one training as a recording."""

from __future__ import annotations

import re
from collections.abc import Sequence
from glob import glob
from pathlib import Path

import numpy as np
import xarray as xr

from thalweg.base.border import public
from thalweg.base.checks import whole
from thalweg.base.errors import InvalidData, InvalidValue
from thalweg.base.progress import track
from thalweg.base.room import check_room
from thalweg.frameworks.common.facts import of_framework
from thalweg.geometry.network import Network
from thalweg.networks.checkpoints import read_checkpoint
from thalweg.store.recording import Recorder

MOST = 4e9
"""Bytes of checkpoints in memory at most."""


@public
def read_checkpoints(
    network: Network,
    paths: str | Path | Sequence[str | Path],
    *,
    steps: Sequence[int] | None = None,
    store: str | Path | None = None,
) -> xr.Dataset:
    """Read the checkpoints that a training left on disk as a recording, which every verb takes that takes one.

    They are read one after the other, as :func:`read_checkpoint` does.

    Parameters
    ----------
    network : whose parameters they are
    paths : of the checkpoints, in the order of the training; or a pattern with ``*`` for any letters, such as
        ``"run/checkpoint-*/model.safetensors"``, whose files are put into the order of the numbers in their names
    steps : of training before each, rising; by default the first number in the names that is not always the same,
        where it rises, and otherwise 0, 1, 2, …
    store : a folder that must not exist yet, to which the checkpoints are written one by one; in memory by default

    Returns
    -------
    xarray.Dataset
        =========== =========== =========== ======================================
        variable    dims        unit        meaning
        =========== =========== =========== ======================================
        ``step``    step        1           coordinate: steps of training before
        ``params``  step, param as trained  the network's flat vector
        ``loss``    step        of the loss the training's own, not known: NaN
        =========== =========== =========== ======================================

        In attributes ``paths``. What normalisation layers gathered is with the parameters where the network keeps it.

    Raises
    ------
    InvalidData
        If one cannot be read or is of another model, or a pattern fits no file.
    InvalidValue
        If there is none, there is not one rising step each, or they take more than 4 GB without a store.
    OutputError
        If the store exists or cannot be written.

    Examples
    --------
    >>> import tempfile, jax.numpy as jnp, thalweg as tw
    >>> network = tw.networks.wrap({"w": jnp.ones(3)}, lambda p: jnp.sum(p["w"] ** 2))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for step in (5, 10, 100):
    ...         np.savez(f"{folder}/step-{step}.npz", w=np.full(3, float(step)))
    ...     recording = tw.networks.read_checkpoints(network, f"{folder}/step-*.npz")
    >>> recording["step"].values.tolist(), recording["params"].values[:, 0].tolist()
    ([5, 10, 100], [5.0, 10.0, 100.0])
    """
    files = _files(paths)
    counted = _steps(files) if steps is None else [whole("steps", step, at_least=0) for step in steps]
    if len(counted) != len(files) or (np.diff(counted) <= 0).any():
        raise InvalidValue(
            f"steps = {counted} do not fit {len(files)} checkpoint{'s' * (len(files) != 1)}; give one each, rising"
        )
    size = len(files) * network.position.nbytes
    if store is None:
        if size > MOST:
            raise InvalidValue(
                f"{len(files)} checkpoints take {size / 1e9:.3g} GB, and 4 are held in memory at most; give a store"
            )
        check_room(f"{len(files)} checkpoints take", size, "give a store, or fewer checkpoints")
    facts = of_framework(str(network.facts["framework"])) | {"paths": [str(path) for path in files]}
    recorder = Recorder(np.asarray, network.leaves, store, most=len(files) + 1, facts=facts)
    *before, last = zip(counted, files, strict=True)
    for step, path in track(before, "reading checkpoints"):
        recorder.taken = step
        recorder.step(model=read_checkpoint(network, path))
    recorder.taken = last[0]
    return recorder.finish(read_checkpoint(network, last[1]))


def _files(paths: str | Path | Sequence[str | Path]) -> list[Path]:
    if not isinstance(paths, str | Path):
        if not paths:
            raise InvalidValue("paths = [] has no checkpoint; give one or more, or a pattern such as 'run/*.pt'")
        return [Path(path) for path in paths]
    if not re.search(r"[*?\[]", str(paths)) or Path(paths).exists():
        return [Path(paths)]
    # A checkpoint of TensorFlow is several files of one name.
    named = glob(str(paths))  # noqa: PTH207  # pathlib raises at some patterns
    found = {name.removesuffix(".index") for name in named if not re.search(r"\.data-\d+-of-\d+$", name)}
    if not found:
        raise InvalidData(f"no file fits {str(paths)!r}; give a pattern that fits the checkpoints, or their paths")
    return sorted(map(Path, found), key=lambda path: [(_numbers(path)), str(path)])


def _numbers(path: Path) -> list[int]:
    return [int(digits) for digits in re.findall(r"\d+", str(path))]


def _steps(files: Sequence[Path]) -> list[int]:
    """Find steps in names: the first number that is not always the same, where it rises."""
    numbers = [_numbers(path) for path in files]
    if len({len(each) for each in numbers}) == 1:
        for column in zip(*numbers, strict=True):
            if len(set(column)) > 1:
                return list(column) if (np.diff(column) > 0).all() else list(range(len(files)))
    return list(range(len(files)))
