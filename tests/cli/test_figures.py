"""``thalweg figures``: one run drawn again, several runs in the same pictures."""

import re
import shutil

import pytest
from PIL import Image

from tests.process import thalweg
from thalweg.experiment import directory, experiment, results

SMALL = """
[problem]
kind = "himmelblau"
[optimizer]
kind = "sgd"
learning_rate = 0.01
[descent]
steps = 5
[surface]
points = 21
[figures]
formats = []
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """One run, and copies whose files say that they are of another optimiser and of another problem."""
    folder = tmp_path_factory.mktemp("figures")
    (folder / "a.toml").write_text(SMALL, encoding="utf-8")
    done = results.perform(experiment.load(folder / "a.toml"))
    with directory.staging(folder / "sgd") as staged:
        directory.write(done, staged)
    for name, old, new in (("adam", "sgd", "adam"), ("other", "himmelblau", "booth")):
        shutil.copytree(folder / "sgd", folder / name)
        text = (folder / name / "experiment.toml").read_text(encoding="utf-8")
        (folder / name / "experiment.toml").write_text(text.replace(old, new), encoding="utf-8")
    return folder


def test_several_runs_are_drawn_together_and_told_in_a_table(folder):
    done = thalweg("figures", "sgd", "adam", "--formats", "png,pdf,html", folder=folder)
    out = folder / "figures-of-2-runs"
    assert sorted(path.name for path in out.iterdir()) == ["figures", "report.html", "runs.csv"]
    drawn = {f"{name}.{ending}" for name in ("plane", "loss", "parameter") for ending in ("png", "pdf")}
    assert {path.name for path in (out / "figures").iterdir()} == drawn | {"interactive.html"}
    assert re.search(r"sgd +│ +5 │ on the way", done.stdout)
    page = (out / "report.html").read_text(encoding="utf-8")
    assert "<h1>Himmelblau: 4 valleys, 2 runs</h1>" in page
    assert "<p>adam</p><pre>[optimizer]\nkind = &quot;adam&quot;" in page
    # Publishers refuse other fonts than TrueType.
    fonts = set(re.findall(rb"/Subtype ?/(\w+)", (out / "figures" / "plane.pdf").read_bytes()))
    assert b"CIDFontType2" in fonts
    assert b"Type3" not in fonts


@pytest.mark.long
def test_figures_of_several_are_replaced(folder):
    for formats in ("svg", "pdf"):
        thalweg("figures", "adam", "sgd", "--formats", formats, "--out", "both", folder=folder)
    assert {path.suffix for path in (folder / "both" / "figures").iterdir()} == {".pdf"}


def test_one_run_is_drawn_again_in_the_formats_that_are_typed(folder):
    thalweg("figures", "sgd", "--formats", "pdf", folder=folder)
    drawn = {path.suffix for path in (folder / "sgd" / "figures").iterdir()}
    assert drawn == {".pdf"}
    assert (folder / "sgd" / "results.zarr").is_dir()


def test_pictures_are_drawn_for_slides(folder):
    """Dark, of the size that is typed, and so are the page of figures and the report; printed they are light."""
    look = ["--dark", "--size", "5x4", "--font-size", "8", "--formats", "png,html"]
    thalweg("figures", "sgd", "adam", *look, "--out", "slides", folder=folder)
    picture = Image.open(folder / "slides" / "figures" / "plane.png").convert("RGB")
    assert (picture.size, picture.getpixel((0, 0))) == ((1000, 800), (22, 22, 22))
    interactive = (folder / "slides" / "figures" / "interactive.html").read_text("utf-8")
    assert "background: #161616" in interactive
    assert "color-scheme: dark" in interactive
    screen, paper = (folder / "slides" / "report.html").read_text("utf-8").split("@media print", 1)
    assert "--paper: #161616" in screen
    assert "--paper: #ffffff" in paper
    assert "color-scheme: dark" in screen
    assert "color-scheme: light" in paper


def test_a_file_asks_for_a_look_and_an_option_for_another(folder):
    shutil.copytree(folder / "adam", folder / "asked")
    text = (folder / "asked" / "experiment.toml").read_text("utf-8").replace("dark = false", "dark = true")
    (folder / "asked" / "experiment.toml").write_text(text, encoding="utf-8")
    corners = []
    for more in ([], ["--light"]):
        thalweg("figures", "asked", "--formats", "png", *more, folder=folder)
        corners.append(Image.open(folder / "asked" / "figures" / "loss.png").convert("RGB").getpixel((0, 0)))
    assert corners == [(22, 22, 22), (255, 255, 255)]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["sgd", "other"], "sgd and other differ in problem.kind, 'himmelblau' and 'booth'; runs in one picture share"),
        (["sgd", "none"], "none holds no finished run; give a folder that 'thalweg run' or 'thalweg demo' wrote"),
        (["sgd", "./sgd"], "sgd is given twice; give each folder once"),
        (["sgd", "adam", "--out", "other"], "other exists and holds no figures of several runs; give another folder"),
        (["sgd", "adam", "--out", "a.toml"], "a.toml is a file; give another folder with --out"),
        (
            ["sgd", "adam", "--formats", "png,gif"],
            "--formats 'png,gif' has 'gif'; give some of png, svg, pdf, html, parted",
        ),
        (["sgd", "--formats", ""], "--formats '' has ''; give some of png, svg, pdf, html, parted by commas"),
        (["sgd", "x" * 300], "… holds no finished run; give a folder that 'thalweg run' or 'thalweg demo' wrote"),
        (["sgd", "--out", "there"], "--out there: one run keeps its pictures; give two or more folders"),
        (["sgd", "--size", "13"], "--size '13' is not allowed; give width and height in inches, such as 13.3x7.5"),
        (["sgd", "--size", "1x5"], "a side of --size = 1.0 is not allowed; give a finite number of at least 2"),
        (["sgd", "--font-size", "100"], "--font-size = 100.0 is not allowed; give a finite number of at least 4"),
        (["sgd", "adam", "--font", "DejaVu Sens"], "unknown font 'DejaVu Sens'; did you mean 'DejaVu Sans' or"),
        (["sgd", "adam", "--dpi", "1"], "--dpi = 1 is not allowed; give a whole number of at least 10"),
    ],
)
def test_bad_input_gets_one_line_and_writes_nothing(folder, arguments, message):
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    done = thalweg("figures", *arguments, folder=folder, check=False)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert message in done.stderr
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before
