"""Recordings: the parameters of a training run, step by step, and its losses.

The file is long because a recording, its writer and its reader share one layout.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any

import numpy as np
import xarray as xr

from thalweg.base.border import public
from thalweg.base.checks import whole
from thalweg.base.errors import InvalidValue
from thalweg.base.showing import shown
from thalweg.geometry.leaves import Leaf
from thalweg.store import journal
from thalweg.store.journal import Journal, Row
from thalweg.store.snapshots import Snapshots
from thalweg.store.versions import versions

TAKEN = ("params", "param", "step")
"""Names that no measure may have."""


@public
class Recorder:
    """Keeps the parameters of a training run, whatever framework trains; made by :func:`thalweg.networks.record`.

    :meth:`step` is called once a training step, *before* its update, and :meth:`finish` at the end; so a row has the
    loss that belongs to its parameters. The parameters are copied; training is not affected in any way, and no random
    number is drawn. Used as a context manager it finishes by itself, unless an error ends the block: then what is
    there is kept, marked as unfinished.

    Parameters
    ----------
    flatten : gives the flat vector of parameters; called with the ``model`` of the step, None where none is given
    leaves : the parameter arrays, in the order of the vector
    store : a folder, which must not exist, for a Zarr store: every chunk of a few MB is written as soon as it is full,
        and can be read even if the process is killed. By default the recording is in memory
    every : steps from one recorded one to the next
    most : rows in memory at most, fewer of those that would take more than 4 GB; when they are full, every second is
        dropped. Of no effect with a store
    facts : of the network, for the attributes

    Attributes
    ----------
    taken : steps of training so far, recorded or not
    due : whether the next step will be recorded
    result : the recording, once it is finished

    Raises
    ------
    InvalidValue
        If ``every`` or ``most`` is out of range.
    OutputError
        If the store exists or cannot be written.

    Examples
    --------
    >>> import numpy as np, thalweg as tw
    >>> model = {"w": np.array([4.0])}
    >>> recorder = tw.networks.record(model, every=2)
    >>> for _ in range(5):
    ...     recorder.step(model["w"][0] ** 2, model)
    ...     model = {"w": model["w"] / 2}
    >>> recording = recorder.finish(model)
    >>> recording["step"].values.tolist(), recording["loss"].values.tolist()
    ([0, 2, 4, 5], [16.0, 1.0, 0.0625, nan])
    """

    def __init__(
        self,
        flatten: Callable[[Any], Any],
        leaves: Sequence[Leaf],
        store: str | Path | None = None,
        *,
        every: int = 1,
        most: int = 256,
        facts: Mapping[str, Any] = MappingProxyType({}),
    ):
        every, most = whole("every", every, at_least=1), whole("most", most, at_least=2)
        self.taken = 0
        self._flatten, self._size = flatten, sum(leaf.size for leaf in leaves)
        self._attrs = dict(facts) | {
            **versions("thalweg", "numpy"),
            "leaf_names": [leaf.name for leaf in leaves],
            "leaf_shapes": [" x ".join(map(str, leaf.shape)) for leaf in leaves],
        }
        self._sink = Snapshots(every, most) if store is None else Journal(every, store)
        self._laid: dict[str, np.dtype] = {}
        self._result: xr.Dataset | None = None

    @public
    def step(self, loss: Any = None, model: Any = None, **measures: Any) -> None:
        """Record a step of training, before its update.

        Parameters
        ----------
        loss : the training's own loss at the present parameters, a scalar of any framework; NaN where it is not given
        model : what has the parameters; may be left out where the recorder was made for a model that changes in place
        measures : further scalars by name, such as ``accuracy``: the same ones at every step

        Raises
        ------
        InvalidValue
            If the recording is finished, the model is another one, or a measure is not a scalar or a new one.
        """
        self._check_open("step")
        if self.due:
            self._sink.add(self._row(model, {"loss": loss} | measures))
        self.taken += 1

    @public
    def finish(self, model: Any = None, *, loss: Any = None, **measures: Any) -> xr.Dataset:
        """Add the end of training and return the recording.

        Parameters
        ----------
        model : what has the parameters at the end; may be left out as in :meth:`step`
        loss, measures : at the end, where they are known

        Returns
        -------
        xarray.Dataset
            =========== =========== =========== ====================================================
            variable    dims        unit        meaning
            =========== =========== =========== ====================================================
            ``step``    step        1           coordinate: steps of training before this row
            ``params``  step, param as trained  the network's flat vector, before the step's update
            ``loss``    step        of the loss the training's own there; NaN where it was not given
            by its name step        its own     every further measure
            =========== =========== =========== ====================================================

            The last row is the end of training. In attributes ``every``, names and shapes of the leaves, versions.

        Raises
        ------
        InvalidValue
            If the recording is finished already, or the model or a measure is none that the steps had.
        """
        self._check_open("finish")
        absent = dict.fromkeys(set(self._laid) - {"params", "step"})
        self._result = self._sink.finish(self._row(model, absent | {"loss": loss} | measures))
        return self._result

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._result is not None:
            return
        if kind is None:
            self.finish()
        else:
            self._sink.flush()

    @property
    def due(self) -> bool:
        """Whether the next step will be recorded; what is costly to read need be read only then."""
        return self._sink.wants(self.taken)

    @property
    def result(self) -> xr.Dataset:
        """The recording, once it is finished."""
        if self._result is None:
            raise InvalidValue(f"the recording is not finished after {self.taken} steps; call finish() first")
        return self._result

    def _check_open(self, what: str) -> None:
        if self._result is not None:
            raise InvalidValue(f"{what}() was called on a finished recording; make a new recorder for further steps")

    def _row(self, model: Any, scalars: Mapping[str, Any]) -> Row:
        taken = sorted(set(scalars) & set(TAKEN))
        if taken:
            raise InvalidValue(f"a measure cannot be called {taken[0]!r}; give it another name")
        row = {"step": np.array(self.taken), "params": self._vector(model)}
        row |= {name: _scalar(name, value) for name, value in scalars.items()}
        kinds = {name: values.dtype for name, values in row.items()}
        if not self._laid:
            self._sink.lay_out(row, self._attrs)
            self._laid = kinds
        if kinds != self._laid:
            raise InvalidValue(_difference(self._laid, kinds))
        return row

    def _vector(self, model: Any) -> np.ndarray:
        # It may be a framework's own memory, which the next update overwrites: it is copied where it is kept.
        vector = np.asarray(self._flatten(model))
        if vector.shape != (self._size,):
            raise InvalidValue(
                f"parameters of shape {vector.shape} are none of the recorded model; give it as it was at first, with "
                f"{self._size} parameters"
            )
        if vector.dtype not in (np.float32, np.float64):
            raise InvalidValue(f"parameters of type {vector.dtype} cannot be recorded; give float32 or float64")
        return vector


def _scalar(name: str, value: Any) -> np.ndarray:
    """Read a number of any framework; NaN for None."""
    if value is None:
        return np.array(np.nan)
    shape = tuple(getattr(value, "shape", ()))
    if math.prod(shape) != 1:
        raise InvalidValue(f"{name} of shape {shape} is not a scalar; give one number, such as the mean")
    if isinstance(value, str | bytes):
        raise InvalidValue(f"{name} = {shown(value)} is not a number; give one number")
    try:
        # ``item`` is what arrays and tensors with a graph or on a device have in common.
        return np.array(float(value.item() if hasattr(value, "item") else value))
    except OverflowError:
        raise InvalidValue(f"{name} = {shown(value)} is too large; give a number that fits 64 bits") from None
    except (TypeError, ValueError):  # whatever else a framework raises says more than we could
        raise InvalidValue(f"{name} of type {type(value).__name__} is not a number; give one number") from None


def _difference(before: Mapping[str, np.dtype], now: Mapping[str, np.dtype]) -> str:
    """Tell in one line what a row has that the first did not have, or lacks."""
    for name in sorted(set(before) ^ set(now)):
        change = "was not given at every step before" if name in now else "was given before and is missing"
        names = ", ".join(sorted(set(before) - {"step", "params"}))
        return f"the measure {name!r} {change}; give the same ones at every step: {names}"
    return f"parameters of type {now['params']} follow others of type {before['params']}; keep the precision of a run"


@public
def open_recording(store: str | Path) -> xr.Dataset:
    """Open a recording that was streamed to a store; its numbers are read when they are asked for.

    It may be unfinished: still written, or broken off by whatever ended the process. Then all rows are there that had
    been written, and the attribute ``finished`` is 0.

    Parameters
    ----------
    store : the folder that the recorder was given

    Returns
    -------
    xarray.Dataset
        =========== =========== =========== ====================================================
        variable    dims        unit        meaning
        =========== =========== =========== ====================================================
        ``step``    step        1           coordinate: steps of training before this row
        ``params``  step, param as trained  the network's flat vector, before the step's update
        ``loss``    step        of the loss the training's own there; NaN where it was not given
        by its name step        its own     every further measure
        =========== =========== =========== ====================================================

        As :meth:`Recorder.finish` gives it; in attributes ``finished``, 1 or 0, too.

    Raises
    ------
    InvalidData
        If it is no store of a recorder, or nothing was written to it yet.

    Examples
    --------
    >>> import tempfile, numpy as np, thalweg as tw
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with tw.networks.record({"w": np.ones(3)}, store=f"{folder}/run.zarr") as recorder:
    ...         for _ in range(5):
    ...             recorder.step(0.5, {"w": np.ones(3)})
    ...         _ = recorder.finish({"w": np.zeros(3)})
    ...     dict(tw.networks.open_recording(f"{folder}/run.zarr").sizes)
    {'step': 6, 'param': 3}
    """
    return journal.read(store)


def as_recording(dataset: xr.Dataset) -> xr.Dataset:
    """Take a recording, or one run of :func:`thalweg.descend`, as a recording.

    Parameters
    ----------
    dataset : with ``params`` over (step, param). Of runs, a dimension ``run`` of length 1 is dropped, ``train_loss``
        is the loss, and what lies behind ``last_step``, where the numbers are not finite, is cut off

    Returns
    -------
    xarray.Dataset
        ``params`` (step, param), ``loss`` (step), the further measures, and the coordinate ``step``; lazy if it was.

    Raises
    ------
    InvalidValue
        If it is neither.
    """
    if not isinstance(dataset, xr.Dataset) or "params" not in dataset:
        raise InvalidValue(
            f"a {type(dataset).__name__} without params is no recording; give what a recorder or descend returned"
        )
    if dataset.sizes.get("run", 1) != 1:
        raise InvalidValue(f"there are {dataset.sizes['run']} runs; choose one: runs.isel(run=0)")
    dataset = (dataset.squeeze("run") if "run" in dataset.dims else dataset).drop_vars("run", errors="ignore")
    if "step" in dataset.dims and "step" not in dataset.coords:
        dataset = dataset.assign_coords(step=np.arange(dataset.sizes["step"]))
    if "step" in dataset.dims and "last_step" in dataset:
        # Steps may have been left out, so the number is not the place.
        dataset = dataset.isel(step=dataset["step"].values <= int(dataset["last_step"]))
    if set(dataset["params"].dims) != {"step", "param"} or not dataset["params"].size:
        dims = ", ".join(f"{dim}: {size}" for dim, size in dataset["params"].sizes.items())
        raise InvalidValue(
            f"params over ({dims}) are no recording; give params over (step, param), at least one of each"
        )
    if "train_loss" in dataset and "loss" not in dataset:
        dataset = dataset.rename(train_loss="loss")
    if "loss" not in dataset:
        dataset = dataset.assign(loss=("step", np.full(dataset.sizes["step"], np.nan)))
    along = [name for name, values in dataset.data_vars.items() if values.dims == ("step",) or name == "params"]
    return dataset[along].transpose("step", "param")
