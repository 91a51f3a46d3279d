"""What is larger than memory is refused in one line, before any of it is made."""

import optax
import pytest

import thalweg as tw
from thalweg.base.errors import InvalidValue

SGD = tw.Optimizer(optax.sgd, learning_rate=0.05)


@pytest.fixture(scope="module")
def objective():
    return tw.objective(tw.problems.pencil(), tw.losses.fourth_root())


@pytest.fixture(scope="module")
def valleys(objective):
    return tw.find_valleys(objective, method="exact")


def test_too_many_steps_of_outcomes(objective, valleys):
    with pytest.raises(InvalidValue, match=r"2000000000 steps take .* GB, more than the 4 GB .*; take fewer steps"):
        tw.outcomes(objective, tw.Descent(SGD, steps=2 * 10**9), valleys)


@pytest.mark.parametrize("steps", [2**31, 10**10, 10**400])
def test_steps_that_no_counter_holds(steps):
    with pytest.raises(InvalidValue, match=r"^steps = .* allowed; give a whole number") as caught:
        tw.Descent(SGD, steps=steps)
    assert len(str(caught.value)) < 200


def test_too_many_steps_of_a_descent_even_with_a_store(objective, tmp_path):
    with pytest.raises(InvalidValue, match="1 runs of 2000000000 steps take 64 GB.* or give a store"):
        tw.descend(objective, SGD, steps=2 * 10**9)
    with pytest.raises(InvalidValue, match="2000000000 steps of a batch of 16 runs take .*; take fewer steps"):
        tw.descend(objective, SGD, steps=2 * 10**9, store=tmp_path / "runs")
    assert not list(tmp_path.iterdir())


def test_too_many_pixels_without_a_store(objective, valleys):
    along = tw.Range("phi", 0, 1, 2**14), tw.Range("learning_rate", 0.1, 1, 2**14)
    with pytest.raises(InvalidValue, match="268,435,456 pixels take 12.9 GB.*; take fewer, or give a store"):
        tw.outcome_map(objective, tw.Descent(SGD), valleys, along=along)


def test_too_many_runs_of_a_race(objective, valleys):
    rivals = {str(k): tw.Optimizer(optax.sgd) for k in range(20)}
    with pytest.raises(InvalidValue, match="the ends of 200,000,000 runs take 11.2 GB.*; take fewer starts"):
        tw.race(objective, rivals, valleys, conditions=tw.Conditions(starts=10_000_000))
    with pytest.raises(InvalidValue, match="10000000000 steps take 160 GB.*; take fewer steps"):
        tw.race(objective, {"sgd": tw.Optimizer(optax.sgd)}, valleys, conditions=tw.Conditions(starts=9, steps=10**10))
