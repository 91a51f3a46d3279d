"""JAX: networks as pytrees, descents with ``optax``."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from thalweg.frameworks.common.room import Room
    from thalweg.frameworks.jax import backend, checkpoint, descend, models, network, recorder

    CHECKED = Room(network, recorder, checkpoint, descend, models=models, backend=backend)
