"""``thalweg fit``: a table and a formula in, the valleys of the fit and a verdict out; what it refuses."""

import csv
import shutil

import numpy as np
import pytest

from tests.process import thalweg, thalweg_alone

MODEL = "A*exp(-t/tau)*cos(2*pi*f*t + p) + c"
RANGES = ["--range", "f=0.1:5", "tau=0.1:100:log", "p=0:2pi:periodic"]
QUICK = ["--formats", "png", "--starts", "64"]


def rows(path):
    with path.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def words(done):
    return " ".join(done.stdout.split())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The template with its data, an oscillation of known truth; no test here changes them."""
    folder = tmp_path_factory.mktemp("fit")
    thalweg("new", "fit", folder=folder)
    return folder


@pytest.fixture(scope="module")
def fitted(folder):
    """The oscillation fitted from the command line alone, with a start of one's own and a file that repeats it."""
    own = ["--start", "f=0.5", "tau=2", "--save", "saved.toml", "--sigma", "error", "--out", "typed"]
    return thalweg("fit", "oscillation.csv", "--y", "signal", "--model", MODEL, *RANGES, *own, *QUICK, folder=folder)


def test_the_best_fit_has_the_true_parameters_within_their_errors(folder, fitted):
    best = rows(folder / "typed" / "fit.csv")[0]
    truth = {"A": 3.0, "tau": 4.0, "f": 1.9, "c": 0.5}
    for name, value in truth.items():
        assert abs(abs(float(best[name])) - value) < 3.5 * float(best[f"error_{name}"])
    assert float(best["error_f"]) < 0.005


def test_a_verdict_says_how_many_valleys_there_are_and_where_ones_own_start_leads(folder, fitted):
    listed, text = rows(folder / "typed" / "fit.csv"), words(fitted)
    curves = {row["twin"] for row in listed}
    assert f"{len(curves)} valleys, with {len(listed) - len(curves)} twin" in text
    share = 100 * sum(float(row["share"]) for row in listed if row["twin"] == "0")
    assert f"{share:.2g} % of the starts find the best fit." in text
    said = text.partition("Your start leads to valley #")[2].split()
    own = listed[int(said[0].rstrip(","))]
    assert float(own["f"]) == pytest.approx(0.51, abs=0.01)
    assert float(said[1]) == pytest.approx(float(own["loss"]) / float(listed[0]["loss"]), rel=5e-3)


def test_starts_that_are_recommended_lead_to_the_best_fit(folder, fitted):
    name, _, low, _, high, share, *_ = words(fitted).partition("Start with ")[2].split()
    low, high, ends = float(low), float(high.rstrip(":")), rows(folder / "typed" / "ends.csv")
    assert name == "f"
    assert len(ends) == 64
    best = {row["valley"] for row in rows(folder / "typed" / "fit.csv") if row["twin"] == "0"}
    inside = [row["valley"] in best for row in ends if 0.999 * low <= float(row["start_f"]) <= 1.001 * high]
    assert float(share) == pytest.approx(100 * np.mean(inside), abs=0.6)
    assert np.mean(inside) > 1.5 * np.mean([row["valley"] in best for row in ends])


def test_a_saved_file_repeats_the_fit_to_the_last_digit(folder, fitted):
    thalweg("fit", "saved.toml", "--formats", "png", folder=folder)
    assert (folder / "saved-fit" / "fit.csv").read_bytes() == (folder / "typed" / "fit.csv").read_bytes()
    text = (folder / "saved.toml").read_text(encoding="utf-8")
    assert 'f = "0.1:5"' in text
    assert "# A = " in text
    assert "proposed from the data" in text


def test_a_run_directory_repeats_itself_and_is_drawn_again(folder, fitted, tmp_path):
    shutil.copytree(folder / "typed", tmp_path / "typed")
    thalweg("fit", "typed/experiment.toml", "--formats", "png", folder=tmp_path)
    assert (tmp_path / "experiment-fit" / "fit.csv").read_bytes() == (folder / "typed" / "fit.csv").read_bytes()
    drawn = sorted(path.name for path in (tmp_path / "typed" / "figures").iterdir())
    before = (tmp_path / "typed" / "figures" / "fit_curves.png").read_bytes()
    thalweg("figures", "typed", folder=tmp_path)
    assert sorted(path.name for path in (tmp_path / "typed" / "figures").iterdir()) == drawn
    assert (tmp_path / "typed" / "figures" / "fit_curves.png").read_bytes() == before


def test_the_template_fits_its_data(folder, fitted):
    thalweg("fit", "experiment.toml", *QUICK, folder=folder)
    ours, typed = (rows(folder / name / "fit.csv")[0] for name in ("experiment-fit", "typed"))
    assert float(ours["loss"]) == pytest.approx(float(typed["loss"]), rel=1e-12)


@pytest.mark.long
def test_the_template_runs_and_finds_valleys_too(folder):
    thalweg("run", "experiment.toml", "--formats", "png", folder=folder)
    assert len(rows(folder / "experiment-run" / "trajectory.csv")) == 101


def test_models_of_the_same_data_are_compared(tmp_path):
    x = np.linspace(0, 3, 40)
    noise = np.random.default_rng(0).normal(0, 0.05, x.size)
    table = "\n".join(f"{a},{b}" for a, b in zip(x, 1 + 2 * x + noise, strict=True))
    (tmp_path / "line.csv").write_text(f"x,y\n{table}\n", encoding="utf-8")
    models = ["--model", "a + b*x", "a", "a + b*x + d*x**2", "--intervals", "all"]
    done = thalweg("fit", "line.csv", "--y", "y", *models, "--out", "out", *QUICK, folder=tmp_path)
    compared = {row["model"]: row for row in rows(tmp_path / "out" / "models.csv")}
    design = {"a": x[:, None] ** [0], "a + b*x": x[:, None] ** [0, 1], "a + b*x + d*x**2": x[:, None] ** [0, 1, 2]}
    y = 1 + 2 * x + noise
    for name, columns in design.items():
        squares = float(np.linalg.lstsq(columns, y, rcond=None)[1][0])
        aic = x.size * np.log(squares / x.size) + 2 * (columns.shape[1] + 1)
        assert float(compared[name]["aic"]) == pytest.approx(aic, rel=1e-9)
    assert "One valley: all starts find it." in words(done)
    # Of a linear model the profile is a parabola: its interval is Student's.
    slope = next(row for row in rows(tmp_path / "out" / "intervals.csv") if row["parameter"] == "b")
    fit = np.linalg.lstsq(design["a + b*x"], y, rcond=None)
    variance = float(fit[1][0]) / 38
    half = 2.024394164 * np.sqrt(variance / ((x - x.mean()) ** 2).sum())  # Student's quantile of 38 degrees of freedom
    assert [float(slope["low"]), float(slope["high"])] == pytest.approx([fit[0][1] - half, fit[0][1] + half], rel=1e-6)


def test_data_come_from_standard_input_too(folder, tmp_path):
    text = (folder / "oscillation.csv").read_text(encoding="utf-8")
    thalweg_alone("fit", "-", "--y", "signal", "--model", "a + b*t", *QUICK, folder=tmp_path, input=text)
    assert (tmp_path / "stdin-fit" / "data.csv").read_text(encoding="utf-8") == text
    best = rows(tmp_path / "stdin-fit" / "fit.csv")[0]
    table = np.array([[float(cell) for cell in line.split(",")[:2]] for line in text.splitlines()[1:]])
    slope, height = np.polyfit(table[:, 0], table[:, 1], 1)
    assert [float(best["a"]), float(best["b"])] == pytest.approx([height, slope], rel=1e-9)


BAD = [
    (["none.csv", "--y", "signal", "--model", "a*t"], "cannot read none.csv"),
    (["oscillation.csv"], "no --model and --y is given; oscillation.csv has the columns t, signal, error"),
    (["oscillation.csv", "--y", "signal"], "no --model is given"),
    (
        ["oscillation.csv", "--y", "singal", "--model", "a*t"],
        "unknown column in oscillation.csv 'singal'; did you mean 'signal'?",
    ),
    (["oscillation.csv", "--y", "signal", "--model", "a*sinn(t)"], "unknown function 'sinn'; did you mean 'sin'?"),
    (["oscillation.csv", "--y", "signal", "--model", "t**2"], "the model has no parameter"),
    (["oscillation.csv", "--y", "signal", "--model", "a*t", "--range", "a"], "--range 'a' is not name=value"),
    (["oscillation.csv", "--y", "signal", "--model", "a*t", "--range", "b=1:2"], "unknown parameter 'b'"),
    (["oscillation.csv", "--y", "signal", "--model", "a*t", "--range", "a=2:1"], "runs from 2 to 1; low must be below"),
    (["oscillation.csv", "--y", "signal", "--model", "a*t", "--range", "a=-1:1:log"], "logarithmic"),
    (["oscillation.csv", "--y", "signal", "--model", "a*t", "--start", "b=1"], "unknown key in [fit.start] 'b'"),
    (["oscillation.csv", "--y", "signal", "--model", "a*t", "--start", "a=x"], "fit.start.a"),
    (["oscillation.csv", "--y", "signal", "--model", "a*t", "--start", "a=1", "a=2"], "--start names a twice"),
    (["oscillation.csv", "--y", "signal", "--model", "a*t", "--starts", "0"], "starts = 0"),
    (
        ["oscillation.csv", "--y", "signal", "--model", "a*t", "--intervals", "b"],
        "unknown parameter in fit.intervals 'b'",
    ),
    (["oscillation.csv", "--y", "signal", "--model", "a*t", "--loss", "tukay"], "did you mean 'tukey'?"),
    (["oscillation.csv", "--y", "signal", "--model", "a*t", "--save", "oscillation.csv"], "exists already"),
    (
        ["oscillation.csv", "--y", "signal", "--model", "a*t", "--sigma", "err"],
        "unknown column in oscillation.csv 'err'; did you mean 'error'?",
    ),
    (["oscillation.csv", "--y", "signal", "--model", "__import__('os')"], "thalweg: "),
    (["-", "--y", "signal", "--model", "a*t", "--save", "x.toml"], "these come from standard input"),
]


@pytest.mark.parametrize(("arguments", "said"), BAD, ids=[" ".join(case[0][1:]) or "nothing" for case in BAD])
def test_bad_input_is_one_line(folder, arguments, said):
    before = sorted(path.name for path in folder.iterdir())
    done = thalweg("fit", *arguments, folder=folder, check=False)
    assert done.returncode == 2
    assert said in " ".join(done.stderr.split())
    assert len(done.stderr.splitlines()) == (1 if "mark" not in said and "^" not in done.stderr else 3)
    assert sorted(path.name for path in folder.iterdir()) == before
