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
    rows: int | None = None,
) -> Network:
    """See a network and its loss on fixed data as a function of a flat vector of parameters.

    The model is copied or read, never changed: its parameters, its mode, its gradients and all random states are
    afterwards what they were, to the bit.

    Parameters
    ----------
    model : a PyTorch module, a Keras model, a TensorFlow module, any pytree of JAX arrays, or a
        :class:`thalweg.objective`
    loss : of a PyTorch or TensorFlow module ``loss(model(inputs), targets)``; of Keras a loss or its name, by default
        the one that the model was compiled with; of JAX ``loss(parameters, *data)``. It is a scalar, a mean over rows
    data : the arrays of a batch or of the full set, all with one row an example: ``(inputs, targets)``
    mode : ``"evaluation"``: normalisation layers use the statistics that they gathered, nothing is dropped out; or
        ``"training"``: they use the statistics of the data given here, and what is dropped out is drawn once (seed 0)
    filters : of JAX only: for a parameter array by name, such as ``"layers/0/w"``, the axis along which its filters
        (what one output is made of) lie; by default the last
    rows : rows evaluated at once, to bound memory; all by default. In training mode the statistics are those of a part

    Returns
    -------
    Network
        The loss as a function of a flat vector (param,), with gradient and products with the Hessian.

    Raises
    ------
    InvalidValue
        If the model has no parameters, they are of mixed types or devices, or the loss is not a scalar.
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
    return framework_of(model).network.build(model, loss, task_of(data, rows, mode=mode, statistics=None))
