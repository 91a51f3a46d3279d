"""Frameworks: the same descent in JAX, PyTorch, TensorFlow and Keras, compared; a room for each."""

from lazy_loader import attach_stub as _attach_stub

__getattr__, __dir__, __all__ = _attach_stub(__name__, __file__)
