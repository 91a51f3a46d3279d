"""Random states are afterwards what they were."""

import random

import numpy as np

from thalweg.frameworks.common.chance import kept, untouched


class Loader:
    """Shuffles with a generator of its own."""

    class Source:
        state = 7

        def get_state(self):
            return self.state

        def set_state(self, state):
            self.state = state

    generator = Source()


def test_global_generators_and_those_of_loaders_are_put_back():
    loader = Loader()
    random.seed(1)
    np.random.seed(2)
    before = random.getstate(), np.random.get_state()[1].tolist()
    with untouched(loader), kept():
        random.random()
        np.random.rand()
        loader.generator.state = 8
    assert (random.getstate(), np.random.get_state()[1].tolist(), loader.generator.state) == (*before, 7)
