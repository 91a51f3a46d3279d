"""Recording the training of a Keras model, by a callback of ``fit`` or in a loop written by hand."""

from __future__ import annotations

from typing import Any

import numpy as np

from thalweg.frameworks.common.facts import of_framework
from thalweg.frameworks.common.installed import keras
from thalweg.frameworks.keras.leaves import flatten, leaves_of, state_leaves
from thalweg.store.recording import Recorder


class KerasRecorder(Recorder):
    """A recorder whose :meth:`callback` follows ``model.fit``."""

    def callback(self) -> Any:
        """Make a ``keras.callbacks.Callback`` for ``model.fit(…, callbacks=[…])``.

        At the start of a batch that is recorded it copies the parameters, and at its end it learns their loss; of the
        others it touches nothing. Keras reports only the
        mean over the epoch's batches so far; the batch's own loss is the difference of the sums that this mean is made
        of. These are kept in 32 bits, so after k batches of one size the difference is exact to about ``6e-8 k`` times
        the epoch's mean loss. With ``steps_per_execution`` above 1 only every so many updates are seen and numbered,
        and no loss is known: NaN, as where a model keeps no mean called ``loss``; the recording's attribute
        ``losses`` says why. Further calls of ``fit`` go on with
        the same recording, which :meth:`finish` ends with the parameters as they then are.
        """
        recorder = self

        class Following(keras.callbacks.Callback):
            def on_train_begin(self, logs: Any = None) -> None:
                unknown = _unknown(self.model)
                if unknown:
                    recorder._attrs["losses"] = unknown

            # reading self.model brings all variables back from where the trainer of JAX keeps them, which takes time
            def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
                if recorder.due:
                    model = self.model
                    self.params, self.sums = flatten(model, state=True), _sums(model)

            def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
                if recorder.due:
                    model = self.model
                    single = getattr(model, "steps_per_execution", 1) == 1
                    recorder.step(_last(self.sums, _sums(model)) if single else None, self.params)
                else:
                    recorder.step()

        return Following()


def recorder(model: Any, **options: Any) -> KerasRecorder:
    """Make a recorder for a Keras model: ``model.fit(…, callbacks=[recorder.callback()])``, then ``finish()``.

    Nothing of the training changes. In a loop written by hand call ``step(loss)`` before each update.

    Parameters
    ----------
    model : built, whose ``trainable_variables`` are recorded
    options : of :class:`thalweg.store.recording.Recorder`, such as ``store`` and ``every``
    """
    facts = of_framework("keras", backend=keras.backend.backend())

    def read(given: Any) -> np.ndarray:
        return given if isinstance(given, np.ndarray) else flatten(model if given is None else given, state=True)

    return KerasRecorder(read, leaves_of(model) + state_leaves(model), facts=facts, **options)


def _unknown(model: Any) -> str:
    """Say in one line why the losses of a training will not be known; nothing where they will be."""
    several = getattr(model, "steps_per_execution", 1)
    if several != 1:
        return f"not known: {several} updates are one execution; compile with steps_per_execution=1 to have them"
    if _sums(model) is None:
        return (
            f"not known: {type(model).__name__} keeps no keras.metrics.Mean called 'loss'; let its train_step update "
            "one that metrics lists"
        )
    return ""


def _sums(model: Any) -> tuple[float, float] | None:
    """Read the sum of losses of the epoch so far, weighted by rows, and the rows."""
    for metric in model.metrics:
        if metric.name == "loss" and isinstance(metric, keras.metrics.Mean):
            return float(metric.total.value), float(metric.count.value)
    return None


def _last(before: tuple[float, float] | None, after: tuple[float, float] | None) -> float | None:
    """Compute the mean loss of the rows that came last."""
    if before is None or after is None or not after[1] > before[1]:
        return None
    return (after[0] - before[0]) / (after[1] - before[1])
