"""Networks: any framework's model as a function of its parameters; its surface, its training."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
