"""``thalweg compare``: its table, its store, its figure; what it refuses."""

import csv

import pytest

from tests.process import is_refused, thalweg, thalweg_alone
from thalweg.experiment import directory
from thalweg.report.summary import summarise

QUICK = ["--set", "descent.steps=40", "descent.precision=64", 'figures.formats=["png"]']


def rows_of(out):
    with (out / "compare.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_comparison_is_printed_saved_drawn_and_drawn_again(tmp_path):
    thalweg("new", "pencil", folder=tmp_path)
    arguments = ["--frameworks", "jax, torch", *QUICK, "optimizer=rmsprop"]
    done = thalweg("compare", "experiment.toml", *arguments, folder=tmp_path)
    out, said = tmp_path / "experiment-compare", " ".join(done.stdout.split())
    rows = rows_of(out)
    assert [row["name"] for row in rows] == ["jax", "torch"]
    assert [row["parts"] for row in rows] == ["-1", "1"]
    assert rows[1]["cause"] == "ε outside the root"
    assert float(rows[1]["largest"]) > 0
    assert "PyTorch: ε outside the root. The reference: ε inside the root. First seen at step 1." in said
    assert "One run from 45.00°." in said
    assert "torch.optim.RMSprop" in said
    assert "pencil, fourth root loss · rmsprop(learning_rate=0.05) · from 45° · 64 bits · 1 run of 40 steps" in said
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "<h1>The pencil in 2 frameworks</h1>" in page
    kept = directory.read(out)
    assert kept.comparison is not None
    assert kept.comparison.attrs["names"] == ["jax", "torch"]
    picture = out / "figures" / "compare.png"
    before = picture.read_bytes()
    picture.unlink()
    thalweg("figures", "experiment-compare", folder=tmp_path)
    assert picture.read_bytes() == before
    same = kept.comparison.copy(deep=True)
    same.attrs["sentences"] = [f"{title}: parts." for title in same.attrs["titles"]]
    remarks = summarise(directory.Results(kept.experiment, comparison=same)).remarks
    assert remarks[0] == "JAX and PyTorch: parts."


BAD = [
    (["--frameworks", "jax,torhc"], "unknown framework 'torhc'; did you mean 'torch'?"),
    (
        ["--frameworks", "torch", "--set", "optimizer=lion"],
        "no framework can make this descent: PyTorch has no counterpart of lion",
    ),
]


@pytest.mark.parametrize(("arguments", "message"), BAD)
def test_bad_input_gets_one_line_and_status_2_and_writes_nothing(tmp_path, arguments, message):
    is_refused("compare", *arguments, folder=tmp_path, message=message)


@pytest.mark.long
def test_all_four_frameworks_are_compared_and_nothing_else_is_said(tmp_path):
    thalweg("new", "pencil", folder=tmp_path)
    done = thalweg_alone("compare", "experiment.toml", *QUICK, "optimizer=adam", folder=tmp_path)
    assert done.stderr == ""
    rows = rows_of(tmp_path / "experiment-compare")
    assert [row["name"] for row in rows] == ["jax", "torch", "tensorflow", "keras"]
    assert [row["cause_step"] for row in rows][2:] == ["1", "1"]
    assert rows[2]["cause"] == rows[3]["cause"]
    assert rows[2]["cause"].startswith("ε beside the uncorrected root")
