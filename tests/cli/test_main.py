"""What the command line prints and how it ends."""

import os
import subprocess
import sys

import pytest

from tests.process import thalweg, thalweg_alone
from thalweg.cli.app import app

COMMANDS = ["demo", "new", "run", "fit", "valleys", "phases", "map", "race", "compare", "figures"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """An experiment on the pencil and a folder of the user's own; no test here changes them."""
    folder = tmp_path_factory.mktemp("main")
    thalweg("new", "pencil", "a.toml", folder=folder)
    (folder / "mine").mkdir()
    (folder / "mine" / "thesis.tex").write_text("years of work", encoding="utf-8")
    return folder


def test_every_command_is_among_those_tried_here():
    assert {name for name in app if name[0] != "-"} == set(COMMANDS)


def test_help_names_every_command_in_the_order_of_a_newcomer(tmp_path):
    lines = thalweg("--help", folder=tmp_path).stdout.splitlines()
    named = [word for line in lines for word in line.split()[1:2] if line.startswith("│") and word in COMMANDS]
    assert named == COMMANDS
    assert any("Start with thalweg demo" in line for line in lines)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_explains_itself(tmp_path, command):
    text = thalweg(command, "--help", folder=tmp_path).stdout
    assert f"Usage: thalweg {command}" in text
    assert len(text.splitlines()) > 5


@pytest.mark.parametrize("command", ["demo", "run", "valleys", "phases", "map", "race", "compare"])
def test_every_command_that_writes_results_has_the_same_options(tmp_path, command):
    text = thalweg(command, "--help", folder=tmp_path).stdout
    for option in ("--set STR...", "--formats STR", "--out PATH", "--cache PATH", "--timings"):
        assert option in text


def test_a_new_file_says_how_it_is_run(tmp_path):
    thalweg("new", "function", "my surface.toml", folder=tmp_path)
    text = (tmp_path / "my surface.toml").read_text(encoding="utf-8")
    assert "Run me:  thalweg run 'my surface.toml'" in text
    assert "experiment.toml" not in text


def test_help_imports_nothing_heavy(tmp_path):
    heavy = ["jax", "optax", "numpy", "xarray", "pandas", "matplotlib", "plotly", "torch", "tensorflow", "keras"]
    code = (
        "import sys\nfrom thalweg.cli.main import main\n"
        f"for command in {COMMANDS}: main([command, '--help'])\n"
        f"print([m for m in {heavy} if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, encoding="utf-8", timeout=60, check=True
    )
    assert done.stdout.strip().endswith("[]")


BAD = [
    (["run", "none.toml"], "cannot read none.toml: No such file or directory; give the path of an experiment file"),
    (["rnu"], 'Unknown command "rnu". Did you mean "run"?'),
    (["new", "curve"], 'Invalid value "curve" for KIND. Choose from'),
    (["run", "a.toml", "--set", "steps"], "--set 'steps' has no '='; give section.key=value"),
    (["run", "a.toml", "--set", "descent.stesp=3"], "unknown key in [descent] 'stesp'; did you mean 'steps'?"),
    (
        ["run", "a.toml", "--set", "problem.noise=-1"],
        "problem.noise = -1 is not allowed; give a finite number of at least 0",
    ),
    (["run", "a.toml", "--set", "optimizer.learning_rate=nan"], "optimizer.learning_rate = nan is not allowed"),
    (["run", "a.toml", "--set", "descent.steps=0"], "descent.steps = 0 is not allowed"),
    (["run", "a.toml", "--set", "loss=power", "loss.p=0"], "loss.p = 0 is not allowed; give a finite number above 0"),
    (["run", "a.toml", "--out", "mine"], "holds 'thesis.tex', which thalweg did not write"),
    (["run", "a.toml", "--out", "a.toml"], "a.toml is a file; give another folder with --out"),
    (["run", "a.toml", "--out", "a.toml/x"], "a.toml/x: Not a directory; make room there or give another folder"),
    (["run", "a.toml", "--out", "new/" + "x" * 300], "File name too long; make room there or give another folder"),
    (["run", "a.toml", "--out", "...."], ".... is a name of dots only; give another folder with --out"),
    (["run", "a.toml", "--out", ""], "which thalweg did not write; give another folder"),
    (["run", "mine"], "cannot read mine: it is a folder; give the path of an experiment file"),
    (["run", os.devnull], f"cannot read {os.devnull}: it is a device; give the path of an experiment file"),
    (["figures", "mine"], "mine holds no finished run"),
    (["figures", "mine", "--dpi", "0"], "--dpi = 0 is not allowed; give a whole number of at least 10"),
    (["new", "pencil", "a.toml"], "a.toml exists already; give another path"),
    (["new", "pencil", "a.toml/x"], "cannot write a.toml/x: a.toml is no folder; give another path"),
    (["new", "pencil", "new/" + "x" * 300], "File name too long; give another path"),
]


@pytest.mark.skipif(sys.platform == "win32", reason="the reasons are those of POSIX systems")
@pytest.mark.parametrize(("arguments", "message"), BAD)
def test_bad_input_gets_one_line_and_status_2_and_writes_nothing(folder, arguments, message):
    before = sorted(path.name for path in folder.rglob("*"))
    done = thalweg(*arguments, folder=folder, check=False)
    assert done.returncode == 2
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1
    assert message in lines[0]
    assert len(lines[0]) < 600
    assert sorted(path.name for path in folder.rglob("*")) == before


def test_a_process_ends_as_the_function_does(folder):
    done = thalweg_alone("run", "a.toml", "--set", "descent.steps=0", folder=folder, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "thalweg: descent.steps = 0 is not allowed; give a whole number of at least 1\n"


QUICK = ["--set", 'figures.formats=["png"]', "figures.animation=false"]


@pytest.mark.parametrize(
    "kind", ["pencil", *(pytest.param(kind, marks=pytest.mark.long) for kind in ("line", "table", "function"))]
)
def test_every_template_runs_as_it_is(tmp_path, kind):
    thalweg("new", kind, folder=tmp_path)
    done = thalweg("run", "experiment.toml", *QUICK, folder=tmp_path)
    written = {path.name for path in (tmp_path / "experiment-run").iterdir()}
    assert {
        "experiment.toml",
        "results.zarr",
        "trajectory.csv",
        "valleys.csv",
        "derailments.csv",
        "report.html",
    } <= written
    assert "Look first at" in done.stdout
    assert list((tmp_path / "experiment-run" / "figures").glob("*.png"))


@pytest.mark.long
def test_the_stars_under_the_quadratic_loss_give_the_least_squares_line(tmp_path):
    thalweg("new", "table", folder=tmp_path)
    done = thalweg("run", "experiment.toml", *QUICK, folder=tmp_path)
    # Rousseeuw and Leroy 1987 print the least-squares line of these stars.
    assert "Fitted line: log_light = -0.4133 log_temperature + 6.7935" in " ".join(done.stdout.split())
    rows = (tmp_path / "experiment-run" / "trajectory.csv").read_text(encoding="utf-8").splitlines()
    last = dict(zip(rows[0].split(","), rows[-1].split(","), strict=True))
    assert (f"{float(last['W']):.4f}", f"{float(last['b']):.4f}") == ("-0.4133", "6.7935")


def test_the_stars_under_the_fourth_root_have_more_than_one_valley(tmp_path):
    thalweg("new", "table", folder=tmp_path)
    thalweg(
        "run",
        "experiment.toml",
        *QUICK,
        "loss=fourth_root",
        "optimizer.learning_rate=0.05",
        "surface.points=61",
        folder=tmp_path,
    )
    rows = (tmp_path / "experiment-run" / "valleys.csv").read_text(encoding="utf-8").splitlines()
    assert len(rows) - 1 > 1


def test_a_diverging_run_is_a_result(tmp_path):
    thalweg("new", "line", folder=tmp_path)
    overrides = ["figures.formats=[]", "figures.animation=false", "descent.steps=200", "optimizer.learning_rate=5.0"]
    done = thalweg("run", "experiment.toml", "--set", *overrides, folder=tmp_path)
    assert "The run diverged after step 18: " in " ".join(done.stdout.split())
    assert "try a smaller learning rate or clip the gradient" in " ".join(done.stdout.split())


def test_a_terminal_that_knows_only_ascii_gets_the_summary_too(folder, tmp_path):
    overrides = [*QUICK, "descent.steps=8", "--out", str(tmp_path / "run")]
    command = [sys.executable, "-m", "thalweg", "run", "a.toml", *overrides]
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = subprocess.run(command, cwd=folder, capture_output=True, timeout=120, env=environment, check=True)
    assert b"6 ? 7" in done.stdout


def test_a_second_experiment_on_the_same_stars_can_be_made(tmp_path):
    thalweg("new", "table", folder=tmp_path)
    thalweg("new", "table", "other.toml", folder=tmp_path)
    assert (tmp_path / "other.toml").exists()


def test_a_formula_is_marked_where_it_is_wrong(tmp_path):
    (tmp_path / "d.csv").write_text("t,y\n0,1\n1,2\n2,4\n", encoding="utf-8")
    text = '[problem]\nkind = "fit"\ndata = "d.csv"\nmodel = "A*epx(-t)"\ny = "y"\n[loss]\nkind = "quadratic"\n'
    (tmp_path / "e.toml").write_text(text, encoding="utf-8")
    done = thalweg("run", "e.toml", folder=tmp_path, check=False)
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "thalweg: formula, character 3: unknown function 'epx'; did you mean 'exp'?",
        "  A*epx(-t)",
        "    ^^^",
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["d.csv", "e.toml"]
