"""``thalweg phases``: its counts, its figure; what it refuses."""

import csv

import numpy as np
import pytest

import thalweg as tw
from tests.process import thalweg
from thalweg.cli.phases import numbers

PENCIL = '[problem]\nkind = "pencil"\npoints = 20\n[loss]\nkind = "quadratic"\n[figures]\nformats = ["png"]\n'


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("phases")
    (folder / "pencil.toml").write_text(PENCIL, encoding="utf-8")
    thalweg("new", "function", folder=folder)
    return folder


def test_the_command_counts_what_the_verb_counts(folder):
    sides = ["--noise", "0:0.1:3", "--exponent", "0.5,2", "--persistence", "0.003"]
    done = thalweg("phases", "pencil.toml", *sides, folder=folder)
    told = " ".join(done.stdout.split())
    assert "pencil (points 20) · valleys over noise and exponent" in told
    assert "Counted are valleys of persistence 0.003 or more: 3 of 6 cells by theorem, the others on a grid" in told
    expected = tw.phase_diagram(
        lambda noise: tw.problems.pencil(points=20, noise=noise), [0.0, 0.05, 0.1], [0.5, 2.0], persistence=0.003
    )
    out = folder / "pencil-phases"
    with (out / "phases.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(float(row["exponent"]), float(row["noise"])) for row in rows[:4]] == [
        (0.5, 0),
        (0.5, 0.05),
        (0.5, 0.1),
        (2, 0),
    ]
    assert [int(row["valleys"]) for row in rows] == expected["valleys"].values.ravel().tolist()
    assert expected["valleys"].values[0, 0] == 5
    saved = tw.load(out).phases
    assert saved is not None
    np.testing.assert_array_equal(saved["valleys"], expected["valleys"])
    assert {path.name for path in (out / "figures").iterdir()} == {"phase_diagram.png", "data.png"}
    assert "drew" in thalweg("figures", "pencil-phases", folder=folder).stdout


def test_persistence_is_that_of_the_experiment_by_default(folder):
    sides = ["--noise", "0", "--exponent", "0.5", "--set", "valleys.persistence=0.02", "figures.formats=[]"]
    done = thalweg("phases", "pencil.toml", *sides, "--out", "own", folder=folder)
    assert "valleys of persistence 0.02 or more: 1 of 1 cells by theorem." in " ".join(done.stdout.split())


def test_numbers_are_read_as_they_were_meant():
    assert numbers("noise", "0:0.3:4") == [0.0, 0.1, 0.2, 0.3]
    assert numbers("noise", "2, 0.5,1") == [0.5, 1.0, 2.0]


@pytest.mark.parametrize(
    ("file", "arguments", "text"),
    [
        ("pencil.toml", ["--noise", "much"], "--noise 'much' is no list of numbers; give LOW:HIGH:COUNT"),
        ("pencil.toml", ["--exponent", "0.5:2:x"], "--exponent '0.5:2:x' is no list of numbers"),
        ("pencil.toml", ["--noise", "0:inf:3"], "--noise '0:inf:3' is no list of numbers"),
        ("pencil.toml", ["--noise", "0:1:0"], "--noise '0:1:0' is no list of numbers"),
        ("pencil.toml", ["--noise", "0:1:1000000000"], "has more than 200 numbers; give fewer"),
        ("pencil.toml", ["--noise=-1,0"], "--noise = -1.0 is not allowed"),
        ("pencil.toml", ["--exponent", "0,1"], "--exponent = 0.0 is not allowed"),
        ("pencil.toml", ["--persistence", "0"], "--persistence = 0.0 is not allowed"),
        ("experiment.toml", [], "himmelblau has no noise to vary; give an experiment on a problem that has"),
    ],
)
def test_what_cannot_be_counted_is_refused(folder, file, arguments, text):
    done = thalweg("phases", file, *arguments, "--out", "none", folder=folder, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert text in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
    assert not (folder / "none").exists()
