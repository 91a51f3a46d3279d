from contextlib import nullcontext

import pytest

from tests.process import thalweg
from thalweg.base.errors import InvalidValue
from thalweg.experiment import experiment, results

LARGE = '[problem]\nkind = "rosenbrock"\ndimension = 5\n[descent]\nsteps = 3\n'


def test_a_descent_over_more_parameters_than_a_grid_holds_has_runs_and_no_valleys():
    done = results.perform(experiment.parse(LARGE))
    assert done.runs is not None
    assert done.runs.sizes["param"] == 5
    assert (done.surface, done.valleys) == (None, None)


def test_valleys_of_a_grid_are_refused_where_no_grid_can_hold_the_parameters():
    with pytest.raises(InvalidValue, match="has 5 parameters, .* a grid .* holds at most 3; .* valleys --starts 256"):
        results.census(experiment.parse(LARGE), lambda name: nullcontext())


@pytest.mark.parametrize("command", ["valleys", "map", "race"])
def test_every_command_that_needs_valleys_refuses_them_in_one_line(tmp_path, command):
    """A race of rprop and sm3 on such a problem ended in a traceback of its census: KeyError 'surface'."""
    (tmp_path / "large.toml").write_text(LARGE, encoding="utf-8")
    axes = ["--x", "x0", "--y", "x1", "--size", "4"] if command == "map" else []
    done = thalweg(command, "large.toml", *axes, folder=tmp_path, check=False)
    assert (done.returncode, len(done.stderr.splitlines())) == (2, 1)
    assert "rosenbrock has 5 parameters" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["large.toml"]
