"""Five files of different make, read and fitted as an experimentalist would, on the command line too."""

import numpy as np
import pytest

import thalweg as tw
from tests.problems.reading.labs import LABS, experiment
from tests.process import thalweg
from thalweg.experiment.experiment import parse


@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.name)
def test_the_file_is_read_and_the_truth_lies_in_the_fit(tmp_path, lab):
    lab.write(tmp_path)
    problem = parse(experiment(lab), tmp_path).problem
    assert problem.told[0] == lab.told
    assert sorted(problem.parameters) == sorted(lab.truth)
    truth = [lab.truth[name] for name in problem.parameters]
    columns = problem.train.values()
    residuals = [float(problem.residual(truth, *row)) for row in zip(*columns, strict=True)]
    height = max(map(abs, list(columns)[len(problem.residual.inputs)]))
    assert np.abs(residuals).max() < 1e-4 * height  # digits that were written, and 32 bits


@pytest.mark.long
@pytest.mark.parametrize("lab", LABS[1:3], ids=lambda lab: lab.name)
def test_the_fit_finds_the_truth(tmp_path, lab):
    lab.write(tmp_path)
    problem = parse(experiment(lab), tmp_path).problem
    found = tw.fit(tw.objective(problem, tw.losses.quadratic()), tw.starts.Sobol(16))
    truth = [lab.truth[name] for name in problem.parameters]
    np.testing.assert_allclose(found["position"][0], truth, rtol=1e-3)  # two digits behind the point were written


@pytest.mark.long
@pytest.mark.parametrize("lab", LABS, ids=lambda lab: lab.name)
def test_a_run_keeps_the_file_and_is_repeated_from_its_folder(tmp_path, lab):
    lab.write(tmp_path)
    (tmp_path / "a.toml").write_text(experiment(lab), encoding="utf-8")
    thalweg("run", "a.toml", "--out", "out", folder=tmp_path)
    assert (tmp_path / "out" / lab.name).read_bytes() == (tmp_path / lab.name).read_bytes()
    (tmp_path / lab.name).unlink()
    thalweg("run", "out/experiment.toml", "--out", "again", folder=tmp_path)
    first, again = (tw.load(tmp_path / folder).runs for folder in ("out", "again"))
    assert first.params.equals(again.params)
