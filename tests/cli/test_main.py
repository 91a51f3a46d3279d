"""The command line as a whole process: what it prints and how it ends."""

import os
import subprocess
import sys
import time

import pytest

from tests.process import explains_itself_at_once, thalweg


def test_help_names_every_command_and_where_to_start(tmp_path):
    text = thalweg("--help", folder=tmp_path).stdout
    for word in ("demo", "new", "run", "figures", "Start with"):
        assert word in text


@pytest.mark.parametrize("command", ["demo", "new", "run", "figures"])
def test_every_command_explains_itself(tmp_path, command):
    text = thalweg(command, "--help", folder=tmp_path).stdout
    assert f"Usage: thalweg {command}" in text
    assert len(text.splitlines()) > 5


def test_help_imports_nothing_heavy():
    explains_itself_at_once("run", "--set")


BAD = [
    (["run", "none.toml"], "cannot read none.toml: No such file or directory; give the path of an experiment file"),
    (["rnu"], 'Unknown command "rnu". Did you mean "run"?'),
    (["new", "curve"], 'Invalid value "curve" for KIND. Choose from'),
    (["run", "a.toml", "--set", "steps"], "--set 'steps' has no '='; give section.key=value"),
    (["run", "a.toml", "--set", "descent.stesp=3"], "unknown key in [descent] 'stesp'; did you mean 'steps'?"),
    (["run", "a.toml", "--set", "problem.noise=-1"], "noise = -1 is not allowed; give a finite number of at least 0"),
    (["run", "a.toml", "--set", "optimizer.learning_rate=nan"], "optimizer.learning_rate = nan is not allowed"),
    (["run", "a.toml", "--set", "descent.steps=0"], "descent.steps = 0 is not allowed"),
    (["run", "a.toml", "--set", "loss=power", "loss.p=0"], "p = 0 is not allowed; give a finite number above 0"),
    (["run", "a.toml", "--out", "mine"], "holds 'thesis.tex', which thalweg did not write"),
    (["run", "a.toml", "--out", "a.toml"], "a.toml is a file; give another folder with --out"),
    (["figures", "mine"], "mine holds no finished run"),
    (["new", "pencil", "a.toml"], "a.toml exists already; give another path"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD)
def test_bad_input_gets_one_line_and_status_2_and_writes_nothing(tmp_path, arguments, message):
    thalweg("new", "pencil", "a.toml", folder=tmp_path)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("years of work")
    before = sorted(path.name for path in tmp_path.rglob("*"))
    done = thalweg(*arguments, folder=tmp_path, check=False)
    assert done.returncode == 2
    lines = done.stderr.strip().splitlines()
    assert len(lines) == 1
    assert message in lines[0]
    assert sorted(path.name for path in tmp_path.rglob("*")) == before


QUICK = ["--set", 'figures.formats=["png"]', "figures.animation=false"]


@pytest.mark.parametrize(
    "kind", ["pencil", *(pytest.param(kind, marks=pytest.mark.long) for kind in ("line", "table", "function"))]
)
def test_every_template_runs_as_it_is(tmp_path, kind):
    thalweg("new", kind, folder=tmp_path)
    done = thalweg("run", "experiment.toml", *QUICK, folder=tmp_path)
    held = {path.name for path in (tmp_path / "experiment-run").iterdir()}
    assert {
        "experiment.toml",
        "results.zarr",
        "trajectory.csv",
        "valleys.csv",
        "derailments.csv",
        "report.html",
    } <= held
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
    thalweg("run", "experiment.toml", *QUICK, "loss=fourth_root", "optimizer.learning_rate=0.05", folder=tmp_path)
    rows = (tmp_path / "experiment-run" / "valleys.csv").read_text(encoding="utf-8").splitlines()
    assert len(rows) - 1 > 1


def test_a_diverging_run_is_a_result(tmp_path):
    thalweg("new", "line", folder=tmp_path)
    overrides = ["descent.steps=200", "optimizer.learning_rate=5.0"]
    done = thalweg("run", "experiment.toml", *QUICK, *overrides, folder=tmp_path)
    assert "The run diverged after step 18: " in " ".join(done.stdout.split())
    assert "try a smaller learning rate or clip the gradient" in " ".join(done.stdout.split())


@pytest.mark.skipif(sys.platform == "win32", reason="Windows cannot send Ctrl-C to one process")
@pytest.mark.parametrize("signal_name", ["SIGINT", "SIGKILL"])
def test_an_interrupted_run_leaves_no_run_directory(tmp_path, signal_name):
    import signal

    thalweg("new", "pencil", folder=tmp_path)
    process = subprocess.Popen(
        [sys.executable, "-m", "thalweg", "run", "experiment.toml"],
        cwd=tmp_path,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    # Until it has begun to write: the staging folder is there.
    deadline = time.monotonic() + 120
    while not list(tmp_path.glob(".experiment-run.partial-*")) and time.monotonic() < deadline:
        assert process.poll() is None
    process.send_signal(getattr(signal, signal_name))
    _, said = process.communicate(timeout=120)
    assert not (tmp_path / "experiment-run").exists()
    if signal_name == "SIGINT":
        assert process.returncode == 130
        assert said.strip().splitlines() == ["thalweg: interrupted; nothing was written"]
        assert [path.name for path in tmp_path.iterdir()] == ["experiment.toml"]


def test_a_terminal_that_knows_only_ascii_gets_the_summary_too(tmp_path):
    thalweg("new", "pencil", folder=tmp_path)
    overrides = [*QUICK, "descent.steps=8"]
    command = [sys.executable, "-m", "thalweg", "run", "experiment.toml", *overrides]
    environment = os.environ | {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=120, env=environment, check=True)
    assert b"6 ? 7" in done.stdout


def test_a_second_experiment_on_the_same_stars_can_be_made(tmp_path):
    thalweg("new", "table", folder=tmp_path)
    thalweg("new", "table", "other.toml", folder=tmp_path)
    assert (tmp_path / "other.toml").exists()
