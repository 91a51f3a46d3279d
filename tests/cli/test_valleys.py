"""``thalweg valleys``: its tables, its figures; what it refuses."""

import csv

import pytest

from tests.process import is_refused, thalweg

DRAWN = {"crown.png", "profile.png", "basins.png", "barcode.png", "merge_tree.png", "interactive.html"}


def rows(path):
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_pencils_valleys_are_printed_saved_and_drawn(tmp_path):
    thalweg("new", "pencil", folder=tmp_path)
    done = thalweg("valleys", "experiment.toml", folder=tmp_path)
    out = tmp_path / "experiment-valleys"
    assert [row["name"] for row in rows(out / "valleys.csv")] == ["0°", "36°", "-36°", "-72°", "72°"]
    assert sum(int(row["merges"]) for row in rows(out / "passes.csv")) == 4
    assert {path.name for path in (out / "figures").iterdir()} >= DRAWN
    assert "Valleys from a grid of 1800 points, refined on the objective" in " ".join(done.stdout.split())
    assert not (out / "trajectory.csv").exists()


@pytest.mark.long
def test_the_exact_census_is_asked_for_by_name(tmp_path):
    thalweg("new", "pencil", folder=tmp_path)
    overrides = ["--set", "problem.noise=0.01", 'figures.formats=["png"]']
    done = thalweg("valleys", "experiment.toml", "--exact", *overrides, folder=tmp_path)
    assert len(rows(tmp_path / "experiment-valleys" / "valleys.csv")) == 670
    assert "Valleys by the exact census of |r|^0.5 with vertical residuals." in " ".join(done.stdout.split())


def test_the_best_line_through_the_stars_is_given_with_its_two_stars(tmp_path):
    thalweg("new", "table", folder=tmp_path)
    overrides = ["--set", "loss=fourth_root", 'figures.formats=["pdf"]']
    thalweg("valleys", "experiment.toml", "--exact", *overrides, folder=tmp_path)
    drawn = {path.name: path.read_bytes()[:5] for path in (tmp_path / "experiment-valleys" / "figures").iterdir()}
    assert drawn["plane.pdf"] == b"%PDF-"
    assert {name.rpartition(".")[2] for name in drawn} == {"pdf"}
    best = rows(tmp_path / "experiment-valleys" / "valleys.csv")[0]
    assert (best["through"], best["and"]) == ("6", "41")
    assert float(best["W"]) == pytest.approx(0.67213115, abs=1e-8)


@pytest.mark.long
def test_valleys_are_drawn_again_from_the_arrays(tmp_path):
    thalweg("new", "function", folder=tmp_path)
    thalweg("valleys", "experiment.toml", "--grid", "61", folder=tmp_path)
    plane = tmp_path / "experiment-valleys" / "figures" / "plane.png"
    before = plane.read_bytes()
    plane.unlink()
    thalweg("figures", "experiment-valleys", folder=tmp_path)
    assert plane.read_bytes() == before


@pytest.mark.long
def test_starts_find_valleys_where_no_grid_can(tmp_path):
    text = '[problem]\nkind = "styblinski_tang"\ndimension = 4\n[figures]\nformats = ["png"]\n'
    (tmp_path / "experiment.toml").write_text(text, encoding="utf-8")
    done = thalweg("valleys", "experiment.toml", "--starts", "256", folder=tmp_path)
    assert len(rows(tmp_path / "experiment-valleys" / "valleys.csv")) == 16
    said = " ".join(done.stdout.split())
    assert "Valleys from 256 starts, seed 0; minima not seen have an estimated 0.0% of the start volume" in said
    assert "with 95 % confidence at most" in said


BAD = [
    (["--grid", "50", "--starts", "9"], "--grid and --starts are different ways; give one of them"),
    (["--exact", "--grid", "50"], "--exact and --grid are different ways; give one of them"),
    (["--seed", "3"], "--seed 3 is the seed of starts; give --starts N too, or leave it out"),
    (["--starts", "0"], "--starts = 0 is not allowed; give a whole number of at least 1 and at most 1048576"),
    (["--grid", "1"], "--grid = 1 is not allowed; give a whole number of at least 3"),
    (["--exact", "--set", "loss=quadratic"], "and the loss has p = 2; use method = 'grid'"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD)
def test_bad_input_gets_one_line_and_status_2(tmp_path, arguments, message):
    is_refused("valleys", *arguments, folder=tmp_path, message=message)
