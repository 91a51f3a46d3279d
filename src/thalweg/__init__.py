"""Thalweg: loss surfaces with many valleys, optimisers sent down them, measured and shown.

Everything public is reached from here and imported when first used, so that ``import thalweg`` is quick, starts no
device and imports no plotting library. What there is stands in ``__init__.pyi``, which type checkers read too.
"""

from lazy_loader import attach_stub as _attach_stub

_load, __dir__, __all__ = _attach_stub(__name__, __file__)


def __getattr__(name):
    if name == "__version__":
        from importlib.metadata import version

        return version("thalweg")
    if name not in __all__:
        raise AttributeError(f"module 'thalweg' has no attribute {name!r}", name=name, obj=__import__("thalweg"))
    return _load(name)
