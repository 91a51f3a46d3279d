"""Frameworks: the same descent in JAX, PyTorch, TensorFlow and Keras, compared; a room for each."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
