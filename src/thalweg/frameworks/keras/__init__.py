"""Keras 3 on any of its backends: networks as models, descents with ``model.fit``."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from thalweg.frameworks.common.room import Room
    from thalweg.frameworks.keras import checkpoint, descend, models, network, recorder

    CHECKED = Room(network, recorder, checkpoint, descend, models=models)
