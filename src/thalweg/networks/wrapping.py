"""The verb ``wrap``: a network of any framework and its loss, as a function of its parameters."""

from __future__ import annotations

from typing import Any, Literal

from thalweg.base.border import public
from thalweg.frameworks.catalogue import framework_of
from thalweg.geometry.network import Network
from thalweg.networks.batching import task_of


@public
def wrap(
    model: Any,
    loss: Any = None,
    data: Any = (),
    *,
    mode: Literal["evaluation", "training"] = "evaluation",
    statistics: Literal["recorded", "gathered", "estimated", "batch"] | None = None,
    rows: int | None = None,
) -> Network:
    """See a network and its loss on fixed data as a function of a flat vector of parameters.

    The model is copied or read, never changed: its parameters, its mode, its gradients and all random states are
    afterwards what they were, to the bit.

    Parameters
    ----------
    model : a PyTorch module, a Keras model, a TensorFlow module, any pytree of JAX arrays, or a
        :class:`thalweg.objective`
    loss : a step as you wrote it for training, ``step(model, batch)``, whose first argument is called model, module,
        net or network; it returns the loss of a batch, a scalar, or ``(loss, count)`` with what that is a mean over, or
        what has it as ``.loss`` or ``["loss"]``. Or, for data ``(inputs, targets)``, a loss of outputs and targets, in
        the order that its library or the names of its arguments tell; of Keras also whatever ``compile`` takes. Of JAX
        ``loss(parameters, *data)``, or ``loss(parameters, batch)`` where its second argument is called batch or the
        data are no tuple. By default that of the model itself: what a Keras model trains with, and in PyTorch
        the ``.loss`` of ``model(**batch)``
    data : a batch: arrays in tuples, dictionaries and dataclasses of any depth; a list of batches; a loader, which is
        read once; or :func:`thalweg.networks.batches`, which says how several make one loss. Without a step a tuple is
        ``(*inputs, targets)`` in PyTorch and TensorFlow, and ``(x, y, sample_weight)`` in Keras, as ``fit`` has it
    mode : ``"evaluation"``: normalisation layers use the statistics that they gathered, nothing is dropped out; or
        ``"training"``: they use the statistics of the data given here, and what is dropped out is drawn once (seed
        0). A step that passes ``training=`` to a model of Keras or TensorFlow is overruled
    statistics : which ones normalisation layers use in evaluation mode. ``"recorded"``, the default: those that
        belong to a point; of JAX what Flax, Equinox and Haiku keep in or beside a model. They lie behind the parameters
        in the flat vector, as recordings and checkpoints have them; lines between checkpoints interpolate them, random
        directions leave them.
        ``"gathered"``, of every framework: the model's own everywhere. Of PyTorch also ``"estimated"``: gathered anew
        from the data at every point, the mean over the batches, as where weights are averaged (no gradients); and
        ``"batch"``: of the data, while nothing is dropped out
    rows : rows evaluated at once, to bound memory; all by default. A loss that is not additive over rows is refused

    Returns
    -------
    Network
        The loss as a function of a flat vector (param,), with gradient and products with the Hessian.

    Raises
    ------
    InvalidValue
        If the model has no parameters, they are of mixed types or devices, or the loss is not a scalar, is not the same
        twice at one point, or cannot be put together from the batches.
    NotInstalled
        If the framework is not there.

    Examples
    --------
    >>> import jax.numpy as jnp, numpy as np
    >>> x = np.linspace(-1, 1, 8, dtype=np.float32)
    >>> line = wrap({"w": jnp.ones((1, 1)), "b": jnp.zeros(1)}, lambda p, x: jnp.mean((p["w"] * x + p["b"]) ** 2), x)
    >>> round(line.value(), 4), line.position.size
    (0.4286, 2)
    """
    return framework_of(model).network.build(model, loss, task_of(data, rows, mode=mode, statistics=statistics))
