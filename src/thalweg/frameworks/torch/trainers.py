"""Trainers whose steps a recorder follows: Hugging Face's and Lightning's.

Both call what is registered with them before an optimiser's step, when the parameters are still those that the loss
belongs to. The loss of a step is the sum of what its parts were differentiated with: both trainers divide the losses of
accumulated parts beforehand, by their number or, for language models, by the tokens of all.

What would break it: a trainer that scales its losses for 16 bits before its hooks hear of them. Lightning's does, and
its scale is taken off.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

Record = Callable[[list[Any]], None]
"""Records a step, of whose parts it is given the losses."""

LIGHTNING = ("lightning", "pytorch_lightning")
"""Packages that Lightning comes in."""


def follower(trainer: Any) -> Callable[[Any, Record], Callable[[], None]] | None:
    """Find what follows a trainer, and ends that when it is called; None where it is no trainer that we know."""
    homes = [home.__module__.partition(".")[0] for home in type(trainer).__mro__ if home.__name__ == "Trainer"]
    if "transformers" in homes:
        return _transformers
    return _lightning if any(home in LIGHTNING for home in homes) else None


def _transformers(trainer: Any, record: Record) -> Callable[[], None]:
    losses: list[Any] = []
    own = trainer.training_step

    def training_step(*arguments: Any, **options: Any) -> Any:
        loss = own(*arguments, **options)
        losses.append(loss.detach())
        return loss

    class Before(import_module("transformers").TrainerCallback):
        def on_pre_optimizer_step(self, *arguments: Any, **options: Any) -> None:
            record(_emptied(losses))

    callback = Before()
    trainer.add_callback(callback)
    trainer.training_step = training_step

    def remove() -> None:
        trainer.remove_callback(callback)
        vars(trainer).pop("training_step", None)

    return remove


def _lightning(trainer: Any, record: Record) -> Callable[[], None]:
    losses: list[Any] = []
    package = next(home.__module__ for home in type(trainer).__mro__ if home.__name__ == "Trainer").partition(".")[0]
    module = import_module("lightning.pytorch" if package == "lightning" else package)
    begins = Turns()

    class Before(module.Callback):
        def on_before_backward(self, trainer: Any, pl_module: Any, loss: Any) -> None:
            scaler = getattr(trainer.precision_plugin, "scaler", None)
            losses.append(loss.detach() / (scaler.get_scale() if scaler is not None else 1))

        def on_before_optimizer_step(self, trainer: Any, pl_module: Any, optimizer: Any) -> None:
            if begins(optimizer, len(trainer.optimizers)):
                record(_emptied(losses))

    callback = Before()
    trainer.callbacks.append(callback)
    return lambda: trainer.callbacks.remove(callback)


class Turns:
    """Tells where a step of training begins that several optimisers share."""

    def __init__(self) -> None:
        self._stepped: set[int] = set()

    def __call__(self, optimizer: Any, count: int) -> bool:
        """Hear of an optimiser's step: is it the first of a step of training?

        That is over when each of ``count`` optimisers has made one, or one makes its next.
        """
        begins = not self._stepped or id(optimizer) in self._stepped
        if begins:
            self._stepped.clear()
        self._stepped.add(id(optimizer))
        if len(self._stepped) == count:
            self._stepped.clear()
        return begins


def _emptied(losses: list[Any]) -> list[Any]:
    taken = list(losses)
    losses.clear()
    return taken
