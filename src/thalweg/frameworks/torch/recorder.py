"""Recording a training loop of PyTorch: parameters are read, and nothing else is touched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from statistics import fmean
from typing import Any

import xarray as xr

from thalweg.base.errors import InvalidValue
from thalweg.frameworks.common.facts import of_framework
from thalweg.frameworks.common.installed import torch
from thalweg.frameworks.torch.parameters import plain
from thalweg.frameworks.torch.roles import leaves_of
from thalweg.frameworks.torch.state import flatten_all, state_leaves
from thalweg.frameworks.torch.trainers import Turns, follower
from thalweg.store.recording import Recorder

INSIDE = ("optimizer", "_optimizer", "optim", "base_optimizer")
"""Where what wraps an optimiser has it: those of accelerate, Lightning, sharded and sharpness-aware ones."""


class Following:
    """Recording by optimisers' steps."""

    def __init__(self, ends: Sequence[Callable[[], None]]):
        self._ends = ends

    def remove(self) -> None:
        """End the recording; ``finish()`` of the recorder adds the last row."""
        for end in self._ends:
            end()


class TorchRecorder(Recorder):
    """A recorder that can follow optimisers."""

    def __init__(self, *arguments: Any, **options: Any):
        super().__init__(*arguments, **options)
        self._noted: list[Any] = []

    def follow(self, *optimizers: Any) -> Following:
        """Record a step each time that an optimiser makes one; the training loop stays as it is.

        The loss is what was given to :meth:`note` since the step before. Or it is what the closure of
        ``optimizer.step(closure)`` returns when it is called first, at the parameters before the update. Without either
        it is NaN.

        Parameters
        ----------
        optimizers : ``torch.optim.Optimizer`` of the model, or what wraps one, as ``accelerate`` and Lightning do. Of
            several a step of training is over when each has made one, or one makes its next. Or one trainer, of Hugging
            Face or Lightning, before it trains: its losses are known, too

        Returns
        -------
        Following
            Its ``remove()`` ends the recording; ``finish()`` adds the last row.
        """
        follow = follower(optimizers[0]) if len(optimizers) == 1 else None
        if follow is not None:
            return Following([follow(optimizers[0], lambda losses: self.step(sum(losses) if losses else None))])
        own = [_within(optimizer) for optimizer in optimizers]
        if not own:
            raise InvalidValue("no optimiser is given; give a torch.optim.Optimizer, or several, or a trainer")
        begins = Turns()

        def before(optimizer: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
            return self._before(args, kwargs) if begins(optimizer, len(own)) else None

        return Following([optimizer.register_step_pre_hook(before).remove for optimizer in own])

    def note(self, loss: Any) -> None:
        """Give the loss at the present parameters to the step that an optimiser makes next.

        Where several are given before a step, as those of parts of a batch whose gradients are accumulated, their mean
        is recorded.

        Parameters
        ----------
        loss : a scalar; before it is scaled for the gradients' sake
        """
        self._noted.append(loss.detach() if isinstance(loss, torch.Tensor) else loss)

    def finish(self, model: Any = None, *, loss: Any = None, **measures: Any) -> xr.Dataset:
        """Add the end of training, with the loss noted since the last step where none is given."""
        noted = self._taken()
        return super().finish(model, loss=noted if loss is None else loss, **measures)

    def _before(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, dict[str, Any]] | None:
        """Record a step, or let its closure do so."""
        loss = self._taken()
        # the first of the arguments is the optimiser itself
        own, *rest = args
        closure = rest[0] if rest else kwargs.get("closure")
        if closure is None or loss is not None:
            self.step(loss)
            return None
        heard = _heard(self, closure)
        return ((own, heard, *rest[1:]), kwargs) if rest else (args, kwargs | {"closure": heard})

    def _taken(self) -> Any:
        """Take what was noted: nothing, one loss, or the mean of several."""
        noted, self._noted = self._noted, []
        return noted[0] if len(noted) == 1 else fmean(map(float, noted)) if noted and self.due else None


def _within(optimizer: Any) -> Any:
    """Find the optimiser of PyTorch in what wraps it: its own steps are those that change parameters."""
    inner = [getattr(optimizer, name, None) for name in INSIDE]
    for one in inner:
        if isinstance(one, torch.optim.Optimizer) and one is not optimizer:
            return _within(one)
    if not isinstance(optimizer, torch.optim.Optimizer):
        raise InvalidValue(
            f"{type(optimizer).__name__} is no optimiser of PyTorch; give a torch.optim.Optimizer, or a trainer of "
            "Hugging Face or Lightning"
        )
    return optimizer


def recorder(model: Any, **options: Any) -> TorchRecorder:
    """Make a recorder for a module.

    Its ``step(loss)`` is called before ``optimizer.step()``; or ``follow(optimizer)`` lets the optimiser call it, and
    ``note(loss)`` gives it the loss. That is read with ``item()`` and parameters are copied to the processor, which
    waits for an accelerator; ``every`` makes it rare.

    Parameters
    ----------
    model : a ``torch.nn.Module``, whose parameters that require gradients are recorded
    options : ``store``, ``every`` and ``most`` of :class:`thalweg.store.recording.Recorder`

    Examples
    --------
    >>> import torch
    >>> model = torch.nn.Linear(1, 1, bias=False)
    >>> _ = torch.nn.init.ones_(model.weight)
    >>> optimizer = torch.optim.SGD(model.parameters(), 0.25)
    >>> training = recorder(model)
    >>> for _ in range(3):
    ...     loss = model(torch.ones(1)).square().sum()
    ...     optimizer.zero_grad()
    ...     loss.backward()
    ...     training.step(loss)
    ...     _ = optimizer.step()
    >>> training.finish()["params"].values[:, 0].tolist()
    [1.0, 0.5, 0.25, 0.125]
    """
    own = plain(model)
    return TorchRecorder(
        lambda given: flatten_all(own if given is None else given),
        leaves_of(own) + state_leaves(own),
        facts=of_framework("torch"),
        **options,
    )


def _heard(recorder: Recorder, closure: Any) -> Any:
    """Let a closure record a step when it is called first; optimisers that search lines call it again elsewhere."""
    first = True

    def heard() -> Any:
        nonlocal first
        loss = closure()
        if first:
            first = False
            recorder.step(loss)
        return loss

    return heard
