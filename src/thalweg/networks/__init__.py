"""Networks: any framework's model as a function of its parameters; its surface, its training."""

from lazy_loader import attach_stub as _attach_stub

__getattr__, __dir__, __all__ = _attach_stub(__name__, __file__)
