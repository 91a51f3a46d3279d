"""The verb ``record``: what keeps the parameters of a training loop, whatever framework trains."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from thalweg.base.border import public
from thalweg.frameworks.catalogue import framework_of
from thalweg.store.recording import Recorder, open_recording

__all__ = ["Recorder", "open_recording", "record"]


@public
def record(model: Any, *, store: str | Path | None = None, every: int = 1, most: int = 256) -> Recorder:
    """Make a recorder for a user's own training loop.

    Call its ``step(loss)`` once a training step, after the loss is known and *before* the update. ``finish()`` adds the
    end of training and returns the recording; used with ``with``, it finishes by itself. In JAX, whose arrays never
    change, call ``step(loss, params)`` and ``finish(params)``. The parameters are copied and nothing else is touched:
    training goes on as without a recorder, to the bit. Reading loss and parameters waits for an accelerator; ``every``
    makes it rare.

    Parameters
    ----------
    model : a PyTorch module, a Keras model, a TensorFlow module, or a pytree of JAX arrays
    store : a folder that must not exist yet, to which every chunk of a few MB is written at once, so that memory is
        bounded and a process that is killed loses no more than a chunk; in memory by default
    every : steps from one recorded one to the next; the first and the last step always stay
    most : rows of a recording in memory at most, fewer of those that would take more than 4 GB; when they are full,
        every second is dropped

    Returns
    -------
    Recorder
        Its ``step`` takes further measures by name, such as ``accuracy``. That of Keras has a callback for
        ``model.fit``.

    Raises
    ------
    InvalidValue
        If the model has no parameters, or ``every`` or ``most`` is out of range.
    OutputError
        If the store exists or cannot be written.
    NotInstalled
        If the framework is not there.

    Examples
    --------
    >>> import jax, jax.numpy as jnp
    >>> params = jnp.ones(3)
    >>> with record(params, most=16) as training:
    ...     for _ in range(100):
    ...         training.step(jnp.sum(params**2), params)
    ...         params = 0.9 * params
    ...     recording = training.finish(params)
    >>> recording["step"].values.tolist()
    [0, 8, 16, 24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 100]
    """
    return framework_of(model).recorder.recorder(model, store=store, every=every, most=most)
