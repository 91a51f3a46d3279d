from contextlib import nullcontext

import numpy as np
import optax
import pytest

from tests.process import thalweg
from thalweg.base.errors import InvalidValue, UnknownName
from thalweg.experiment import experiment, results
from thalweg.study.descend import descend
from thalweg.valleys.outcomes import ON_THE_WAY

LARGE = '[problem]\nkind = "rosenbrock"\ndimension = 5\n[optimizer]\nkind = "adam"\nlearning_rate = 0.01\n[descent]\nsteps = 3\n'


def test_a_descent_over_more_parameters_than_a_grid_holds_tells_where_its_runs_lead():
    done = results.perform(experiment.parse(LARGE))
    assert done.runs is not None
    assert done.runs.sizes["param"] == 5
    assert done.surface is None
    assert done.valleys is not None
    np.testing.assert_allclose(done.valleys["position"].values[0], 1, rtol=1e-9)
    assert done.outcomes is not None
    assert done.outcomes["outcome"].values.tolist() == [ON_THE_WAY]
    height = float(done.runs["train_loss"][0, -1])
    assert float(done.outcomes["above"][0]) == pytest.approx(height, rel=1e-12)


def test_a_grid_is_refused_where_none_can_hold_the_parameters():
    with pytest.raises(
        InvalidValue, match="has 5 parameters, and a grid holds at most 3; find its valleys from starts"
    ):
        results.census(experiment.parse(LARGE), lambda name: nullcontext(), points=20)


@pytest.mark.parametrize(
    ("command", "heading"), [("valleys", "share of starts"), ("map", "median step"), ("race", "Race")]
)
def test_every_command_works_beyond_a_grid(tmp_path, command, heading):
    """A race of rprop and sm3 on such a problem ended in a traceback of its census: KeyError 'surface'."""
    (tmp_path / "large.toml").write_text(LARGE, encoding="utf-8")
    more = {
        "valleys": [],
        "map": ["--x", "x1", "--y", "x2", "--size", "4"],
        "race": ["--optimizers", "rprop,sm3", "--starts", "20", "--tuning-starts", "5", "--rates", "2"],
    }
    done = thalweg(command, "large.toml", *more[command], "--set", "valleys.starts=8", folder=tmp_path)
    assert heading in " ".join(done.stdout.split())
    assert (tmp_path / f"large-{command}" / "report.html").exists()


LINE = (
    '[problem]\nkind = "line"\npoints = 1200\n[loss]\nkind = "{loss}"\n[optimizer]\nkind = "sgd"\nlearning_rate = 0.1\n'
)


@pytest.mark.parametrize(
    ("text", "refused"),
    [
        (LINE.format(loss="quadratic"), "and the loss has p = 2"),
        (LINE.format(loss="huber"), "the exact census needs a power of"),
        (LINE.format(loss="fourth_root") + "[surface]\npoints = 9\n", None),
        (LINE.format(loss="fourth_root").replace("1200", "2000"), "1340 points have too many pairs"),
        (
            LINE.format(loss="fourth_root").replace('"line"', '"line"\nresidual = "orthogonal"'),
            "no exact census is known",
        ),
        ('[problem]\nkind = "himmelblau"\n', "himmelblau has no exact census"),
    ],
)
def test_an_exact_census_is_refused_before_the_surface_is_surveyed(monkeypatch, text, refused):
    """Of 200,000 rows the survey had taken half a minute, and then the census was refused."""
    surveyed = []
    monkeypatch.setattr(results, "survey", lambda *_, **more: surveyed.append(more))
    monkeypatch.setattr(results, "find_valleys", lambda *_, **more: surveyed.append(more))
    if refused is None:
        results.census(experiment.parse(text), lambda name: nullcontext(), "exact")
        assert len(surveyed) == 2
        return
    with pytest.raises(InvalidValue, match=refused):
        results.census(experiment.parse(text), lambda name: nullcontext(), "exact")
    assert not surveyed


def test_a_map_is_refused_before_the_surface_is_surveyed(monkeypatch, tmp_path):
    surveyed = []
    monkeypatch.setattr(results, "survey", lambda *_, **more: surveyed.append(more))
    along = results.Range("W", 1, 2, 8), results.Range("rate", 0.1, 1, 8)
    with pytest.raises(UnknownName, match="unknown axis of a map 'rate'; did you mean 'learning_rate'"):
        read = experiment.parse(LINE.format(loss="quadratic"))
        results.charted(read, lambda name: nullcontext(), along, tmp_path, False, lambda cost: None)
    assert not surveyed


def test_a_map_starts_where_the_experiment_does(tmp_path):
    """Of what does not vary the start is that of ``[descent]``, the first of several, not the problem's own."""
    text = '[problem]\nkind = "himmelblau"\n[optimizer]\nkind = "sgd"\nlearning_rate = 0.01\n[surface]\npoints = 41\n'
    read = experiment.parse(text + "[descent]\nstarts = [[2.5, -1.0], [0.5, 2.0]]\nsteps = 3\n")
    along = results.Range("x", -3, 3, 2), results.Range("learning_rate", 0.001, 0.009, 2)
    chart = results.charted(read, lambda name: nullcontext(), along, tmp_path, False, lambda cost: None).map
    for rate in (0.003, 0.007):
        runs = descend(read.objective, optax.sgd(rate), starts=[[-1.5, -1.0], [1.5, -1.0]], steps=3)
        np.testing.assert_allclose(chart["loss"].sel(learning_rate=rate), runs["train_loss"][:, -1], rtol=1e-12)
    np.testing.assert_array_equal(chart.attrs["start"], [np.nan, -1.0])
