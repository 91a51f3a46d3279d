"""Formulas that people write: read strictly, never executed as Python; evaluated with ``jax.numpy``."""
