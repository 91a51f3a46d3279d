import shlex
import tomllib

import pytest
import tomli_w
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.strategies import tables
from thalweg.base.errors import ThalwegError
from thalweg.cli.options import override
from thalweg.experiment import experiment

SMALL = """
[problem]
kind = "pencil"
points = 10
[loss]
kind = "fourth_root"
"""


def test_the_filled_in_file_makes_the_same_experiment_again():
    first = experiment.parse(SMALL)
    text = tomli_w.dumps(first.settings)
    second = experiment.parse(text)
    assert second.settings == first.settings
    assert first.settings["problem"] == {
        "kind": "pencil",
        "lines": 5,
        "points": 10,
        "noise": 0.0,
        "seed": 314,
        "residual": "vertical",
        "split": {"test_share": 0.33, "seed": 42},
    }
    assert first.settings["descent"]["steps"] == 100


REFUSED = [
    ("[problme]", "unknown section 'problme'; did you mean 'problem'"),
    ("", r"the experiment has no \[problem\]"),
    ("[problem]\nlines = 5", r"\[problem\] has no kind; give one, such as kind = \"pencil\""),
    ("[problem]\nkind = 'pencils'", "unknown problem 'pencils'; did you mean 'pencil'"),
    ("[problem]\nkind = 7", r"kind of \[problem\] = 7 is not a name"),
    (
        "[problem]\nkind = 'pencil'\npionts = 5\n[loss]\nkind='absolute'",
        "unknown key in .problem. 'pionts'; did you mean 'points'",
    ),
    ("[problem]\nkind = 'pencil'\nnoise = -1.0\n[loss]\nkind='absolute'", "^problem.noise = -1.0 is not allowed"),
    (
        "[problem]\nkind = 'pencil'\nnoise = 'loud'\n[loss]\nkind='absolute'",
        "problem.noise = 'loud' is not allowed; give a number",
    ),
    ("[problem]\nkind = 'pencil'", r"the experiment has no \[loss\]; give one, such as"),
    (
        "[problem]\nkind = 'himmelblau'\n[loss]\nkind='absolute'",
        "himmelblau is a surface in closed form and takes no loss",
    ),
    (SMALL + "[loss2]", "unknown section 'loss2'; did you mean 'loss'"),
    (SMALL + "[fixed]\nphi = 0.1", "all parameters of pencil are held"),
    ("[problem]\nkind='himmelblau'\n[fixed]\nz = 0.1", "unknown parameter of himmelblau 'z'; allowed: x, y"),
    ("[problem]\nkind='himmelblau'\n[fixed]\nx = 'left'", "x = 'left' is not a number"),
    ("[problem]\nkind='himmelblau'\n[fixed]\nx = 7", "a parameter is held at x = 7, off its axis"),
    ("fixed = 3\n[problem]\nkind='himmelblau'", r"fixed = 3 is not a table; write it as \[fixed\]"),
    (SMALL + "[descent]\nstarts = [0.1, 45]", r"a start has phi = 45 rad, which is 2578.31°; .* give 0.785398 for 45°"),
    ("[problem]\nkind='himmelblau'\n[descent]\nstarts = [1, 9]", "a start has y = 9, off its axis; give a number from"),
    ("problem = 3", r"problem = 3 is not a table; write it as \[problem\]"),
    ("[problem\n", "is not TOML"),
    (
        "[problem]\nkind='pencil'\n[loss]\nkind='power'\np=-0.5",
        "^loss.p = -0.5 is not allowed; give a finite number above 0",
    ),
    ("[problem]\nkind='pencil'\n[loss]\nkind='power'\np=0", "^loss.p = 0 is not allowed"),
    ("[problem]\nkind='pencil'\n[loss]\nkind='power'", r"\[loss\] has no p; give it a value"),
    (
        SMALL + "[optimizer]\nkind='sgd'\nlearning_rate=nan",
        "optimizer.learning_rate = nan is not allowed; give a finite number above 0",
    ),
    (SMALL + "[optimizer]\nkind='sgd'\nlearning_rate='fast'", "optimizer.learning_rate = 'fast' is not a number"),
    (SMALL + "[optimizer]\nkind='sgd'", r"\[optimizer\] has no learning_rate; give it a number"),
    (SMALL + "[optimizer]\nkind='sdg'\nlearning_rate=1.0", "unknown optimizer 'sdg'; did you mean 'sgd'"),
    (
        SMALL + "[optimizer]\nkind='sgd'\nlearning_rate=1.0\nmomentun=0.9",
        "unknown key in .optimizer. 'momentun'; did you mean 'momentum'",
    ),
    (SMALL + "[optimizer]\nkind='sgd'\nlearning_rate=1.0\nclip=-1", "optimizer.clip = -1 is not allowed"),
    (
        SMALL + "[optimizer]\nkind='sgd'\nlearning_rate={kind='cosine_decay_schedule', init_value=1.0}",
        "has no decay_steps",
    ),
    (SMALL + "[descent]\nsteps = 0", "descent.steps = 0 is not allowed; give a whole number of at least 1"),
    (SMALL + "[descent]\nstarts = [[1.0, 2.0]]", "starts have the shape"),
    (SMALL + "[descent]\nstarts = {kind='random', count=3}", "unknown kind of starts 'random'"),
    (SMALL + "[descent]\nstarts = {count=0}", "count of starts = 0 is not allowed"),
    (SMALL + "[descent]\nprecision = 16", "^descent.precision = 16 is not allowed; give 32 or 64"),
    (SMALL + "[descent]\nminibatch = {size=0}", "minibatch size = 0 is not allowed"),
    (SMALL + "[surface]\npoints = {}", "surface.points = {} is not allowed; give a whole number or a list of"),
    (
        SMALL + "[surface]\npoints = [9, 'a']",
        r"surface.points = \[9, 'a'\] is not allowed; give a whole number or a list of",
    ),
    (SMALL + "[surface]\ndomain = 3", "surface.domain = 3 is not allowed; give a table"),
    (SMALL + "[surface]\npoints = 2", "^surface.points = 2 is not allowed; give a whole number of at least 3"),
    (SMALL + "[surface]\ndomain = {phi=[1.0, 0.0]}", "low must be below high"),
    (SMALL + "[surface]\ndomain = {psi=[1.0, 2.0]}", "unknown key in .surface.domain. 'psi'"),
    (SMALL + "[valleys]\nfloor = 2.0", "valleys.floor = 2.0 is not allowed"),
    (
        SMALL + "[figures]\nformats = ['jpg']",
        "figures.formats = .'jpg'. is not allowed; give a list of 'png', 'svg', 'pdf' or 'html'",
    ),
]


@pytest.mark.parametrize(("text", "message"), REFUSED)
def test_bad_experiments_are_refused_in_one_line(text, message):
    with pytest.raises(ThalwegError, match=message) as caught:
        experiment.parse(text)
    assert "\n" not in str(caught.value)


KEYS = {
    "problem": ["kind", "lines", "points", "noise", "seed", "residual", "split", "truth", "path", "dimension"],
    "loss": ["kind", "p", "smoothing", "alpha", "scale", "delta", "n"],
    "optimizer": ["kind", "learning_rate", "momentum", "clip", "b1", "nesterov"],
    "descent": ["starts", "steps", "precision", "minibatch"],
    "surface": ["points", "domain"],
    "valleys": ["persistence", "floor"],
    "figures": ["formats", "animation"],
}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_random_settings_make_an_experiment_or_one_line(data):
    tables_ = tomllib.loads(SMALL)
    tables_["optimizer"] = {"kind": "sgd", "learning_rate": 0.1}
    for section in data.draw(st.sets(st.sampled_from(sorted(KEYS)), min_size=1, max_size=3)):
        kept = tables_.get(section, {}) if data.draw(st.booleans()) else {}
        tables_[section] = kept | data.draw(tables(KEYS[section]))
    expect_one_line(tables_)


@settings(max_examples=100, deadline=None)
@given(st.text(max_size=60))
def test_random_text_is_refused_in_one_line(text):
    with pytest.raises(ThalwegError) as caught:
        experiment.parse(text)
    assert "\n" not in str(caught.value)


def expect_one_line(tables_):
    try:
        experiment.build(tables_)
    except ThalwegError as error:
        assert "\n" not in str(error)
        assert str(error)


@pytest.mark.parametrize(
    ("overrides", "section", "expected"),
    [
        ({"loss": "quadratic"}, "loss", {"kind": "quadratic"}),
        ({"loss.kind": "power", "loss.p": 0.7}, "loss", {"kind": "power", "p": 0.7, "smoothing": 0.0}),
        ({"problem.points": 3}, "problem", {"points": 3}),
        ({"optimizer.kind": "adam"}, "optimizer", {"kind": "adam", "learning_rate": 0.2, "b1": 0.9}),
    ],
)
def test_overrides_replace_values_and_a_new_kind_keeps_what_it_shares(overrides, section, expected):
    text = SMALL + "[optimizer]\nkind='sgd'\nlearning_rate=0.2\nmomentum=0.9"
    found = experiment.parse(text, overrides=overrides).settings[section]
    assert expected.items() <= found.items()
    assert "momentum" not in found or section != "optimizer"


@pytest.mark.parametrize("key", ["steps", "", "descent.", "problem.kind.x"])
def test_an_override_without_a_section_is_refused(key):
    with pytest.raises(ThalwegError, match="--set"):
        experiment.parse(SMALL, overrides={key: 3})


def test_held_parameters_leave_a_slice_and_stand_in_the_file():
    text = "[problem]\nkind = 'rastrigin'\ndimension = 4\n[fixed]\nx4 = 1\nx2 = 0.5\n[descent]\nstarts = [2.0, 3.0]"
    made = experiment.parse(text)
    assert made.problem.parameters == made.domain.names == ("x1", "x3")
    assert made.points == [241, 241]
    assert made.starts.tolist() == [[2.0, 3.0]]
    again = experiment.parse(tomli_w.dumps(made.settings))
    assert again.problem.fixed == made.problem.fixed == "x2 = 0.5, x4 = 1"
    assert experiment.parse(text, overrides={"fixed.x3": 0, "descent.starts": 2.0}).problem.parameters == ("x1",)


def test_an_experiment_knows_how_it_was_called(tmp_path):
    """What a race prints to repeat it had named experiment.toml, whatever the file was, and no values in place of its own."""
    path = tmp_path / "my springs.toml"
    path.write_text(SMALL, encoding="utf-8")
    assert shlex.split(experiment.load(path).call) == [str(path)]
    typed = [
        "loss=power",
        "optimizer=sgd",
        "loss.p=0.8",
        "descent.starts=[[0.5], [1.5]]",
        "descent.shadows=true",
        'optimizer.learning_rate={kind="exponential_decay", init_value=0.1, transition_steps=5, decay_rate=0.5}',
        "surface.domain={phi=[-1.0, 1.0]}",
    ]
    overrides = dict(map(override, typed))
    name, option, *again = shlex.split(experiment.load(path, overrides).call)
    assert (name, option) == (str(path), "--set")
    assert dict(map(override, again)) == overrides
