"""What a framework's room has in it, as protocols that pyright holds every room to.

A part is a module, ``thalweg.frameworks.<name>.<part>``. A room names its parts in a :class:`Room`, for the type
checker only: it imports nothing by that.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from thalweg.frameworks.common.batches import Nest, Task
from thalweg.frameworks.common.trajectory import Job, Prepared
from thalweg.frameworks.common.weights import Layers
from thalweg.geometry.network import Evaluator, Flat, Network
from thalweg.store.recording import Recorder


class NetworkPart(Protocol):
    """``network``: models as functions of a flat vector."""

    def build(self, model: Any, loss: Any, task: Task) -> Network:
        """See a model with a loss or a step on data as a function of its parameters; see :func:`networks.wrap`."""
        ...


class RecorderPart(Protocol):
    """``recorder``: training loops, recorded."""

    def recorder(self, model: Any, **options: Any) -> Recorder:
        """Make a recorder for a model; options are those of :class:`thalweg.store.recording.Recorder`."""
        ...


class CheckpointPart(Protocol):
    """``checkpoint``: saved parameters, read without executing anything."""

    def read(self, network: Network, path: Path) -> Flat:
        """Read what the framework wrote for a network that this room has made, whose ``model`` tells the layout."""
        ...


class DescendPart(Protocol):
    """``descend``: descents as the framework's users write them."""

    def prepare(self, job: Job, manner: str = "") -> Prepared:
        """Prepare a descent in one of the manners of the catalogue."""
        ...


class ModelsPart(Protocol):
    """``models``: the example networks."""

    def build(self, layers: Layers) -> Any:
        """Make a network of given first weights, rectified between its layers."""
        ...


class BackendPart(Protocol):
    """``backend``: the framework at work for Keras."""

    def bound(self, loss: Callable[..., Any], values: Sequence[Any], *, training: bool) -> Bound:
        """Make what evaluates ``loss(parameters, batch)`` on batches.

        Parameters
        ----------
        loss : gives a scalar of the framework's, from the list of parameter tensors and a batch
        values : the parameters now, tensors of the framework's; they are copied
        training : whether random numbers may be drawn
        """
        ...

    def without_slope(self, loss: Callable[[Any], Any], outputs: Any) -> Any:
        """Compute a loss of outputs less the linear part that it has there; see ``geometry/matrices.py``."""
        ...


class Bound(NamedTuple):
    """A loss of parameters and a batch, bound to the parameters now.

    Attributes
    ----------
    evaluator : makes what evaluates a batch, nested arrays of NumPy
    device : where
    kept : a context to evaluate in at once, without derivatives, that keeps the backend's random states
    start : starts these states anew, where random numbers may be drawn
    """

    evaluator: Callable[[Nest], Evaluator]
    device: str
    kept: Callable[[], AbstractContextManager[Any]] = nullcontext
    start: Callable[[], object] = bool


class Room(NamedTuple):
    """The parts of a room, named for the type checker."""

    network: NetworkPart
    recorder: RecorderPart
    checkpoint: CheckpointPart
    descend: DescendPart
    models: ModelsPart | None = None
    backend: BackendPart | None = None
