"""Recording the training of a TensorFlow module."""

from __future__ import annotations

from typing import Any

from thalweg.frameworks.common.facts import of_framework
from thalweg.frameworks.tensorflow.network import flatten, leaves_of, state_leaves
from thalweg.store.recording import Recorder


def recorder(model: Any, **options: Any) -> Recorder:
    """Make a recorder for a ``tf.Module``, to be called in a loop written by hand, before each update.

    The variables are read from outside the graphs that train them; nothing is added to these.

    Parameters
    ----------
    model : whose ``trainable_variables`` are recorded
    options : of :class:`thalweg.store.recording.Recorder`, such as ``store`` and ``every``

    Examples
    --------
    ::

        recorder = tw.networks.record(module, every=10)
        for inputs, targets in batches:
            with tf.GradientTape() as tape:
                loss = ...
            recorder.step(loss)
            optimizer.apply_gradients(...)
        recording = recorder.finish()
    """
    return Recorder(
        lambda given: flatten(model if given is None else given, state=True),
        leaves_of(model) + state_leaves(model),
        facts=of_framework("tensorflow"),
        **options,
    )
