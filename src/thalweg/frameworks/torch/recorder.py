"""Recording a training loop of PyTorch: parameters are read, and nothing else is touched."""

from __future__ import annotations

from typing import Any

from thalweg.base.errors import InvalidValue
from thalweg.frameworks.common.facts import of_framework
from thalweg.frameworks.common.installed import torch
from thalweg.frameworks.torch.parameters import flatten, plain
from thalweg.frameworks.torch.roles import leaves_of
from thalweg.store.recording import Recorder


class TorchRecorder(Recorder):
    """A recorder that can follow an optimiser."""

    def follow(self, optimizer: Any) -> Any:
        """Record a step each time that an optimiser makes one; the training loop stays as it is.

        The loss is what the closure of ``optimizer.step(closure)`` returns when it is called first, at the parameters
        before the update; without a closure it is NaN.

        Parameters
        ----------
        optimizer : a ``torch.optim.Optimizer`` of the model

        Returns
        -------
        torch.utils.hooks.RemovableHandle
            Its ``remove()`` ends the recording; ``finish()`` adds the last row.
        """
        if not isinstance(optimizer, torch.optim.Optimizer):
            raise InvalidValue(f"{type(optimizer).__name__} is no optimiser of PyTorch; give a torch.optim.Optimizer")

        def before(_: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, dict[str, Any]] | None:
            # the first of the arguments is the optimiser itself
            own, *rest = args
            closure = rest[0] if rest else kwargs.get("closure")
            if closure is None:
                self.step()
                return None
            heard = _heard(self, closure)
            return ((own, heard, *rest[1:]), kwargs) if rest else (args, kwargs | {"closure": heard})

        return optimizer.register_step_pre_hook(before)


def recorder(model: Any, **options: Any) -> TorchRecorder:
    """Make a recorder for a module.

    Its ``step(loss)`` is called before ``optimizer.step()``; or ``follow(optimizer)`` lets the optimiser call it. The
    loss is read with ``item()`` and parameters are copied to the processor, which waits for an accelerator; ``every``
    makes it rare.

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
        lambda given: flatten(own if given is None else given), leaves_of(own), facts=of_framework("torch"), **options
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
