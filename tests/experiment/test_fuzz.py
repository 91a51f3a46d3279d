"""Random experiment files: every one makes an experiment, or is refused in one line.

Each begins as a good one and has a few of its values replaced, most by what a signature does not foresee. The seed is
fixed, so a failure is found again by its number.
"""

import datetime
import inspect
import random
import sys

import pytest
import tomli_w

from thalweg.base.errors import ThalwegError
from thalweg.descent import optimizers
from thalweg.experiment import experiment, results
from thalweg.experiment.experiment import KINDS, SECTIONS

# NumPy says so once when a setting such as 1e308 is made a number of 32 bits, an infinite one.
pytestmark = pytest.mark.filterwarnings("ignore::RuntimeWarning")

HUGE = [2**31, -(2**31) - 1, 2**63 - 1, 2**63, -(2**63) - 1, 2**64, 10**18, 10**300, 10**308, -(10**309), 10**4000]

NUMBERS = [0, 1, 2, 3, -1, 7, 0.0, -0.0, 0.5, 1.0, -0.5, 1e-3, 1e-320, 1e308, -1e308, 1.7e308, *HUGE]
NUMBERS += [float("inf"), float("-inf"), float("nan")]

TEXTS = ["", "a", "sgd", "uniform", "no\nline", "zero\0byte", "x" * 5000, "é→∞", "../..", "/dev/zero", "[bold]", "{}"]

OTHERS = [True, False, [], [[]], {}, [1, "a"], [[1.0, 2.0]], [0.5] * 300, {"kind": 3}, datetime.date(2020, 1, 1)]


def value(draw):
    """Draw anything that TOML can hold."""
    kind = draw.choices(("number", "text", "other", "list", "table"), (6, 2, 2, 2, 1))[0]
    if kind == "list":
        return [draw.choice(NUMBERS) for _ in range(draw.randrange(4))]
    if kind == "table":
        return {draw.choice(("kind", "size", "count", "seed", "low")): draw.choice(NUMBERS + TEXTS)}
    return draw.choice({"number": NUMBERS, "text": TEXTS, "other": OTHERS}[kind])


def good(draw):
    """Draw an experiment that is one, and small."""
    problem = draw.choice(
        [
            {"kind": "pencil", "points": 5, "lines": 3},
            {"kind": "line", "points": 8},
            {"kind": draw.choice(["himmelblau", "ackley", "rosenbrock", "eggholder", "booth"])},
        ]
    )
    regression = problem["kind"] in ("pencil", "line")
    optimizer = {"kind": draw.choice([*optimizers.CATALOGUE]), "learning_rate": draw.choice([0.01, 0.5])}
    schedule = {"kind": "exponential_decay", "init_value": 0.1, "transition_steps": 3, "decay_rate": 0.5}
    if optimizer["kind"] == "lbfgs":
        del optimizer["learning_rate"]
    elif draw.random() < 0.2:
        optimizer["learning_rate"] = schedule
    starts = draw.choice([None, {"kind": "uniform", "count": 3}, {"kind": "even", "count": 2}])
    return {
        "problem": problem,
        **({"loss": {"kind": draw.choice(["quadratic", "fourth_root", "huber", "absolute"])}} if regression else {}),
        "optimizer": optimizer,
        "descent": {"steps": 2, **({"starts": starts} if starts else {})},
        "surface": {"points": 9},
        "valleys": {"floor": 0.25},
        "figures": {"formats": ["png", "svg", "html"]},
    }


def spoilt(draw):
    """Draw an experiment with one to three values replaced, added or left out."""
    tables = good(draw)
    for _ in range(draw.randint(1, 3)):
        section = draw.choice([*SECTIONS])
        table = tables.setdefault(section, {})
        if not isinstance(table, dict) or draw.random() < 0.03:
            tables[section] = value(draw)
            continue
        kind = table.get("kind")
        makers = KINDS.get(section, {kind: SECTIONS[section]} if isinstance(kind, str | None) else {})
        keys = [*inspect.signature(makers[kind]).parameters] if isinstance(kind, str | None) and kind in makers else []
        key = draw.choice([*keys, *table, "kind", "clip", "nonsense"])
        inner = table.get(key)
        if draw.random() < 0.1:
            table.pop(key, None)
        elif isinstance(inner, dict) and draw.random() < 0.7:
            inner[draw.choice([*inner, "kind", "seed"])] = value(draw)
        else:
            table[key] = value(draw)
    return tables


def outcome(tables, folder):
    """Build an experiment, run it if it can be built; the message if it is refused."""
    try:
        study = experiment.build(tables, folder)
    except ThalwegError as error:
        return str(error)
    if study.descent.steps > 2 or len(study.starts) > 4 or (study.points and max(study.points) > 9):
        return None  # a good experiment that takes long
    return study


def go(seeds, folder, carried_out):
    """Go through the experiments of some seeds, and carry out the share ``carried_out`` of those that are good."""
    for seed in seeds:
        draw = random.Random(seed)
        tables = spoilt(draw)
        try:
            study = outcome(tables, folder)
            if isinstance(study, experiment.Experiment) and draw.random() < carried_out:
                try:
                    results.perform(study)
                except ThalwegError as error:
                    study = str(error)
        except Exception as error:
            raise AssertionError(f"seed {seed}: {type(error).__name__} from {str(tables)[:2000]}") from error
        if isinstance(study, str):
            assert 20 < len(study) < 600, f"seed {seed}: {len(study)} characters: {study[:700]}"
            assert "\n" not in study, f"seed {seed}: {study}"


def test_a_few_random_experiments_are_experiments_or_one_line(tmp_path):
    go(range(400), tmp_path, 0.0)


@pytest.mark.long
def test_random_experiments_are_experiments_or_one_line(tmp_path):
    go(range(1000, 9000), tmp_path, 0.01)


def test_every_experiment_that_is_built_is_built_again_from_what_is_stored(tmp_path):
    for seed in range(400, 500):
        study = outcome(spoilt(random.Random(seed)), tmp_path)
        if isinstance(study, experiment.Experiment):
            again = experiment.parse(tomli_w.dumps(study.settings), tmp_path)
            assert again.settings == study.settings


def test_a_number_that_python_does_not_write_is_refused_in_one_line():
    digits = "1" * (sys.get_int_max_str_digits() + 1)
    with pytest.raises(ThalwegError, match="is not TOML: .*; mend it there"):
        experiment.parse(f"[problem]\nkind = 'pencil'\npoints = {digits}\n")
