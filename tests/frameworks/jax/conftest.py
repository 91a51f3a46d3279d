import pytest

from thalweg.frameworks.jax import affine


@pytest.fixture(autouse=True)
def _small_networks_are_quick_too(monkeypatch):
    """The networks of tests are so small that the quick way would leave their products alone."""
    monkeypatch.setattr(affine, "SHORT", 1)
