"""PyTorch: networks as modules, descents with ``torch.optim``."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from thalweg.frameworks.common.room import Room
    from thalweg.frameworks.torch import backend, checkpoint, descend, models, network, recorder

    CHECKED = Room(network, recorder, checkpoint, descend, models=models, backend=backend)
