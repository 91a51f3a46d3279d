"""TensorFlow: networks as modules, descents with a gradient tape."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from thalweg.frameworks.common.room import Room
    from thalweg.frameworks.tensorflow import backend, checkpoint, descend, network, recorder

    CHECKED = Room(network, recorder, checkpoint, descend, backend=backend)
