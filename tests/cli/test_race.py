"""``thalweg race``: its table, its store, its figure; what it refuses."""

import csv
import re
from types import SimpleNamespace

import optax
import pytest

import thalweg as tw
from tests.process import is_refused, thalweg
from thalweg.base.errors import InvalidValue, ThalwegError
from thalweg.cli.race import contestants
from thalweg.experiment import directory, experiment
from thalweg.report.race import of_race

SMALL = ["--starts", "200", "--tuning-starts", "40", "--rates", "5", "--lowest-rate", "0.001", "--highest-rate", "0.1"]
QUICK = ["--set", "descent.steps=60", 'figures.formats=["png"]']


@pytest.mark.long
def test_a_race_is_printed_saved_drawn_and_drawn_again(tmp_path):
    thalweg("new", "pencil", folder=tmp_path)
    arguments = ["--optimizers", "sgd,momentum,adam", *SMALL, "--seed", "3", *QUICK, "optimizer.clip=5.0"]
    done = thalweg("race", "experiment.toml", *arguments, folder=tmp_path)
    out, said = tmp_path / "experiment-race", " ".join(done.stdout.split())
    with (out / "race.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert {row["name"] for row in rows} == {"sgd", "momentum", "adam"}
    successes = [float(row["success"]) for row in rows]
    assert successes == sorted(successes, reverse=True)
    assert rows[0]["behind"] == ""
    assert float(rows[2]["behind"]) == pytest.approx(successes[0] - successes[2], abs=1e-12)  # sums of three decimals
    assert "are the best of 5 from 0.001 to 0.1 on 40 starts of seed 4, 12,000 steps for each optimiser" in said
    assert "The race has the seed 3." in said
    assert re.search(
        r"Raced were sgd\(learning_rate=[\d.]+, clip=5\); sgd\(learning_rate=[\d.]+, momentum=0.9, cl", said
    )
    assert "The gradients of all are clipped at 5." in said
    assert f"{100 * successes[0]:.1f} (" in said
    assert "Repeat it with: thalweg race experiment.toml --optimizers sgd,momentum,adam --starts 200" in said
    assert said.partition("Repeat it with: ")[2].partition(" Valleys from")[0].endswith("optimizer.clip=5.0")
    kept = directory.read(out).race
    assert kept is not None
    assert kept.attrs["names"] == ["sgd", "momentum", "adam"]
    assert max(kept["success"].values.tolist()) == successes[0]
    picture = out / "figures" / "race.png"
    before = picture.read_bytes()
    picture.unlink()
    thalweg("figures", "experiment-race", folder=tmp_path)
    assert picture.read_bytes() == before


BAD = [
    (["--optimizers", "sgd,adm"], "unknown optimizer 'adm'; did you mean 'adam'?"),
    (["--optimizers", "sgd,nesterow"], "unknown optimizer 'nesterow'; did you mean 'nesterov'?"),
    (["--optimizers", "sgd,,adam"], "unknown optimizer ''"),
    (["--optimizers", "sgd,adam,sgd"], "--optimizers names sgd twice; name each of them once"),
    (["--starts", "0"], "--starts = 0 is not allowed; give a whole number of at least 1"),
    (["--tuning-starts", "0"], "--tuning-starts = 0 is not allowed; give a whole number of at least 1"),
    (["--rates", "1"], "--rates = 1 is not allowed; give a whole number of at least 2"),
    (["--lowest-rate", "0"], "--lowest-rate = 0.0 is not allowed; give a finite number above 0"),
    (["--lowest-rate", "20"], "--highest-rate = 10.0 is not allowed; give a finite number above 20"),
    (["--seed", "-1"], "--seed = -1 is not allowed; give a whole number of at least 0"),
    (
        ["--set", "loss=quadratic", 'problem.residual="orthogonal"', "problem.split={test_share=0.0}"],
        "the surface is constant to rounding and has no valley to race for",
    ),
]


BAD += [
    (["--optimizers", "optax.adm"], "unknown optimizer of optax 'adm'; did you mean 'adam'?"),
    (["--optimizers", "nowhere:mine"], "cannot import nowhere: No module named 'nowhere'; mend it, or its name"),
    (["--optimizers", ":mine"], "--optimizers :mine is not complete; give module:name"),
    (["--within", "0"], "--within = 0.0 is not allowed; give a finite number above 0 and below 1"),
]


@pytest.mark.parametrize(("arguments", "message"), BAD)
def test_bad_input_gets_one_line_and_status_2_and_writes_nothing(tmp_path, arguments, message):
    is_refused("race", *arguments, folder=tmp_path, message=message)


PENCIL = '[problem]\nkind = "pencil"\n[loss]\nkind = "fourth_root"\n'


def test_named_optimisers_have_optax_defaults_and_the_bound_of_the_experiment():
    made = contestants("sgd, nesterov,lbfgs", experiment.parse(PENCIL))
    assert list(made) == ["sgd", "nesterov", "lbfgs"]
    assert made["nesterov"].settings == {"momentum": 0.9, "nesterov": True, "learning_rate": 1.0}
    assert made["lbfgs"].settings == {}
    bounded = experiment.parse(PENCIL + '[optimizer]\nkind = "adam"\nlearning_rate = 0.1\nb1 = 0.5\nclip = 2.0\n')
    made = contestants("adam,momentum", bounded)
    assert made["adam"].settings == {"learning_rate": 1.0, "clip": 2.0}
    assert made["momentum"].settings["clip"] == 2.0
    with pytest.raises(InvalidValue, match="--optimizers names adam twice"):
        contestants("adam,adam", bounded)


MINE = """
import optax

def heavy(learning_rate):
    return optax.sgd(learning_rate, momentum=0.95)

def mute(learning_rate):
    return 3

def wild(learning_rate):
    raise KeyError("x")

def still(learning_rate):
    return optax.stateless(lambda gradient, params: None)

def flat(learning_rate):
    return optax.stateless(lambda gradient, params: gradient[:, None])

def greedy(learning_rate, pace):
    return optax.sgd(pace)
"""


def test_optimisers_of_ones_own_and_all_of_optax_are_named(tmp_path, monkeypatch):
    (tmp_path / "own_makers.py").write_text(MINE, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    made = contestants("own_makers:heavy,optax.signum", experiment.parse(PENCIL))
    assert made["own_makers:heavy"].maker(learning_rate=0.1).init is not None
    assert made["optax.signum"].maker is optax.signum
    refused = {
        "own_makers:mute": "makes no optimiser",
        "own_makers:wild": "makes no optimiser: KeyError: 'x'",
        "own_makers:still": "is refused by optax: ",
        "own_makers:flat": "its update makes an array of shape (1, 1) of parameters of shape (1,)",
        "own_makers:greedy": "needs pace too",
        "own_makers:hevy": "unknown name in own_makers 'hevy'; did you mean 'heavy'?",
        "own_makers:optax": "is no function",
    }
    for name, message in refused.items():
        with pytest.raises(ThalwegError, match=re.escape(message)):
            contestants(name, experiment.parse(PENCIL))


def test_a_rate_that_few_runs_chose_is_called_chance():
    done = SimpleNamespace(experiment=SimpleNamespace(settings={"optimizer": {}}, call="experiment.toml"))
    objective = tw.objective(tw.problems.pencil(), tw.losses.fourth_root())
    valleys = tw.find_valleys(objective, method="exact")
    conditions = tw.Conditions(starts=20, steps=3)
    few, many = tw.Tuning(starts=3, rates=2, low=0.01, high=0.1), tw.Tuning(starts=60, rates=2, low=0.01, high=0.1)
    for tuning, warned in ((few, True), (many, False)):
        ran = tw.race(objective, {"sgd": tw.Optimizer(optax.sgd)}, valleys, conditions=conditions, tuning=tuning)
        won = round(float(ran["tuned_success"].max()) * tuning.starts)
        assert (won <= 3) is warned
        told = [remark for remark in of_race(done, ran) if remark.startswith("Chance chose the rate of sgd (")]
        assert bool(told) is warned


@pytest.mark.long
def test_a_lead_at_rates_that_chance_chose_is_not_called_beyond_chance():
    done = SimpleNamespace(experiment=SimpleNamespace(settings={"optimizer": {}}, call="experiment.toml"))
    objective = tw.objective(tw.problems.pencil(), tw.losses.fourth_root())
    valleys = tw.find_valleys(objective, method="exact")
    rivals = {"sgd": tw.Optimizer(optax.sgd), "still": tw.Optimizer(lambda learning_rate: optax.sgd(0 * learning_rate))}
    conditions = tw.Conditions(starts=400, steps=30)
    for starts, luck in ((200, False), (4, True)):
        tuning = tw.Tuning(starts=starts, rates=2, low=0.01, high=0.1)
        ran = tw.race(objective, rivals, valleys, conditions=conditions, tuning=tuning)
        lead = " at these learning rates, some of which chance chose." if luck else ", beyond chance."
        assert of_race(done, ran)[0] == f"sgd is ahead of all others{lead}"
