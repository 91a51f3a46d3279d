"""A rate found from the surface: good in whatever units data come."""

import numpy as np
import optax
import pytest

import thalweg as tw
from thalweg.base.errors import InvalidValue
from thalweg.descent.rates import find_rate
from thalweg.experiment import experiment
from thalweg.experiment.results import perform
from thalweg.report.summary import summarise


def bowl(scale=1.0):
    return tw.objective(tw.problems.function(lambda p: scale * p[0] ** 2, tw.problems.Axis("x", -2, 2)))


def test_a_step_along_the_median_slope_crosses_a_twentieth():
    # On a box from -2 to 2 the median slope of s x² is about 2 s: a step of 0.2 is a twentieth of 4.
    for scale in (1.0, 1e6, 1e-6):
        assert find_rate(bowl(scale), tw.Optimizer(optax.sgd)) == pytest.approx(0.1 / scale, rel=0.1)
    # In lengths of the axis the slope is four times as large, and a twentieth is 0.05.
    assert find_rate(bowl(), tw.Optimizer(optax.sgd), (4.0,)) == pytest.approx(0.05 / 8, rel=0.1)
    # A momentum of 0.9 steps ten times as far.
    assert find_rate(bowl(), tw.Optimizer(optax.sgd, momentum=0.9)) == pytest.approx(0.01, rel=0.1)


@pytest.mark.parametrize("maker", [optax.adam, optax.lion, optax.rmsprop, optax.sign_sgd])
def test_a_step_that_does_not_depend_on_the_slope_crosses_a_hundredth(maker):
    for scale in (1.0, 1e6):
        slope = tw.objective(tw.problems.function(lambda p, scale=scale: scale * p[0], tw.problems.Axis("x", -2, 2)))
        rate = find_rate(slope, tw.Optimizer(maker))
        moved = tw.descend(slope, tw.Optimizer(maker, learning_rate=rate), starts=1.9, steps=40)
        assert abs(float(moved["params"][0, 40, 0] - moved["params"][0, 39, 0])) == pytest.approx(0.04, rel=0.1)


def test_a_surface_without_slope_has_no_rate():
    flat = tw.objective(tw.problems.function(lambda p: 0 * p[0], tw.problems.Axis("x", -2, 2)))
    with pytest.raises(InvalidValue, match="learning_rate = 'auto': .* has no slope at most places of its domain"):
        find_rate(flat, tw.Optimizer(optax.sgd))


FILE = """
[problem]
kind = "table"
path = "mine.csv"
x = "conc"
y = "signal"
[loss]
kind = "quadratic"
[optimizer]
kind = "{kind}"
learning_rate = "auto"
scaled = true
[descent]
steps = 600
[surface]
points = 9
"""


@pytest.mark.parametrize("kind", ["sgd", "adam"])
@pytest.mark.parametrize("units", [(1.0, 1.0), (1e4, 1e-3), (1e-6, 1e9)])
def test_the_template_fits_a_file_in_any_units(tmp_path, kind, units):
    """With the template's rate of 0.45 another file ended at 1.2e303."""
    rng = np.random.default_rng(5)
    x = rng.uniform(1, 3, 60)
    y = 2 * x - 1 + rng.normal(0, 0.1, 60)
    x, y = x * units[0], y * units[1]
    rows = "\n".join(f"{a!r},{b!r}" for a, b in zip(x.tolist(), y.tolist(), strict=True))
    (tmp_path / "mine.csv").write_text(f"conc,signal\n{rows}\n", encoding="utf-8")
    done = perform(experiment.parse(FILE.format(kind=kind), tmp_path))
    slope, intercept = np.polyfit(x, y, 1)
    assert float(done.runs["params"][0, -1, 0]) == pytest.approx(slope, rel=1e-5)
    assert float(done.runs["b"][0, -1]) == pytest.approx(intercept, rel=1e-4)
    summary = summarise(done)
    assert summary.lead.startswith("The run came to rest on the floor of ")
    rate = done.experiment.settings["optimizer"]["learning_rate"]
    assert f"The learning rate {rate:g} was found from the surface's median slope" in summary.remarks[0]
    # What is recorded makes the same run again, with the number that was found.
    tables = done.experiment.settings | {"problem": done.experiment.settings["problem"]}
    again = perform(experiment.build(tables, tmp_path))
    np.testing.assert_array_equal(again.runs["params"].values, done.runs["params"].values)


def test_what_finds_its_own_scales_is_not_scaled():
    text = '[problem]\nkind = "himmelblau"\n[optimizer]\nkind = "lbfgs"\nscaled = true\n'
    with pytest.raises(InvalidValue, match="optimizer.scaled = true: lbfgs finds its own scales; leave scaled out"):
        experiment.parse(text)
    with pytest.raises(InvalidValue, match="optimizer.scaled = 1 is not allowed; give true or false"):
        experiment.parse(text.replace("lbfgs", "adam").replace("true", "1"))
