"""Results to draw, computed once."""

from dataclasses import dataclass

import numpy as np
import optax
import pytest
import xarray as xr

import thalweg as tw


@dataclass(frozen=True)
class Drawn:
    problem: tw.problems.Problem
    runs: xr.Dataset
    surface: xr.Dataset
    valleys: xr.Dataset

    @property
    def of_surface(self):
        return self.surface, self.runs, self.valleys


def drawn(objective, optimizer, points=None, **descent) -> Drawn:
    surface = tw.survey(objective, points=points)
    runs = tw.descend(objective, optimizer, **descent)
    return Drawn(objective.problem, runs, surface, tw.find_valleys(objective, surface))


@pytest.fixture(scope="session")
def published():
    objective = tw.objective(tw.problems.pencil(), tw.losses.fourth_root())
    return drawn(objective, optax.sgd(0.05), starts=np.pi / 4, steps=100, precision=32)


@pytest.fixture(scope="session")
def line():
    objective = tw.objective(tw.problems.line(points=200), tw.losses.quadratic())
    return drawn(objective, optax.sgd(0.1), points=41, starts=[5.0, 0.0], steps=10)


@pytest.fixture(scope="session")
def himmelblau():
    objective = tw.objective(tw.problems.himmelblau())
    starts = [[-0.5, -1.0], [3.3, 1.0], [-3.0, 3.0]]
    return drawn(objective, optax.sgd(0.01), points=101, starts=starts, steps=30)


@pytest.fixture(scope="session")
def leaving():
    """A run that leaves its box and then the finite numbers."""
    axis = tw.problems.Axis("x", -2, 2)
    objective = tw.objective(tw.problems.function(lambda p: p[0] ** 4 - p[0] ** 2, axis, start=[1.5]))
    return drawn(objective, optax.sgd(0.4), steps=30)


@pytest.fixture(scope="session")
def many():
    """Hundreds of valleys, most of them far shallower than can be seen."""
    objective = tw.objective(tw.problems.pencil(noise=0.02), tw.losses.fourth_root())
    surface = tw.survey(objective, points=90_000)
    runs = tw.descend(objective, optax.sgd(0.05), starts=np.pi / 4, steps=5)
    return Drawn(objective.problem, runs, surface, tw.find_valleys(objective, surface, persistence=0.0, refine=False))


@pytest.fixture(scope="session")
def crowd():
    """Two hundred valleys on an interval, every third of them far more persistent than its neighbours."""
    import jax.numpy as jnp

    axis = tw.problems.Axis("x", 0, 40)
    wave = 10 * np.pi
    function = tw.problems.function(
        lambda p: jnp.cos(wave * p[0]) * (1 + 0.5 * jnp.sin(wave * p[0] / 20)) + 0.1 * p[0], axis, start=[20.0]
    )
    objective = tw.objective(function)
    surface, runs = tw.survey(objective, points=8000), tw.descend(objective, optax.sgd(0.01, momentum=0.9), steps=60)
    return Drawn(function, runs, surface, tw.find_valleys(objective, surface, refine=False))


@pytest.fixture(scope="session")
def constant():
    """A surface without a valley."""
    whole = tw.problems.Split(test_share=0.0)
    objective = tw.objective(tw.problems.pencil(residual="orthogonal", split=whole), tw.losses.quadratic())
    surface, runs = tw.survey(objective), tw.descend(objective, optax.sgd(0.1), steps=3)
    return Drawn(objective.problem, runs, surface, tw.find_valleys(objective, surface, refine=False))
