"""The demo from end to end, as a newcomer sees it."""

import csv
import re
from pathlib import Path

import pytest

from tests.process import thalweg

REFERENCE = Path(__file__).parents[1] / "data" / "multiple-valleys.csv"


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    done = thalweg("demo", "--timings", folder=folder)
    return folder / "thalweg-demo", " ".join(done.stdout.split())


def test_the_demo_writes_the_published_rows(demo):
    with (demo[0] / "trajectory.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    with REFERENCE.open(encoding="utf-8") as file:
        published = list(csv.DictReader(file))
    assert len(rows) == 101
    for row, expected in zip(rows, published, strict=False):
        assert row["step"] == expected["step"]
        assert f"{float(row['phi']):.2f}" == expected["phi"]
        assert f"{float(row['train_loss']):.5f}" == expected["train_loss"]


def test_the_demo_tells_the_fall_and_the_five_valleys(demo):
    said = demo[1]
    assert "6 → 7 │ 36° → 0°" in said
    for name in ("0°", "36°", "-36°", "72°", "-72°"):
        assert f"│ {name}" in said


def test_the_demo_draws_everything(demo):
    drawn = {path.name for path in (demo[0] / "figures").iterdir()}
    for name in ("data", "fit", "loss", "parameter", "profile", "crown"):
        assert {f"{name}.png", f"{name}.svg"} <= drawn
    assert {"crown.gif", "interactive.html"} <= drawn


def test_the_timings_name_the_stages(demo):
    for stage in ("import the engine", "descend", "survey", "draw crown", "in all"):
        assert stage in demo[1]


def test_the_report_needs_no_network(demo):
    text = (demo[0] / "report.html").read_text(encoding="utf-8")
    assert not re.findall(r"""(?:src|href)=["']?(?:https?:)?//""", text)
    assert "36° → 0°" in text


@pytest.mark.long
def test_the_figures_are_drawn_again_from_the_arrays(demo, tmp_path):
    import shutil

    shutil.copytree(demo[0], tmp_path / "run")
    crown = (tmp_path / "run" / "figures" / "crown.png").read_bytes()
    shutil.rmtree(tmp_path / "run" / "figures")
    thalweg("figures", "run", folder=tmp_path)
    assert (tmp_path / "run" / "figures" / "crown.png").read_bytes() == crown


def test_the_experiment_in_the_run_directory_gives_the_same_run_again(demo, tmp_path):
    again = ["--set", 'figures.formats=["png"]', "figures.animation=false"]
    thalweg("run", str(demo[0] / "experiment.toml"), "--out", "again", *again, folder=tmp_path)
    for name in ("trajectory.csv", "valleys.csv", "derailments.csv"):
        assert (tmp_path / "again" / name).read_bytes() == (demo[0] / name).read_bytes()
