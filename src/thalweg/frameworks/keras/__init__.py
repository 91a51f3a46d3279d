"""Keras 3 on any of its backends: networks as models, descents with ``model.fit``."""
