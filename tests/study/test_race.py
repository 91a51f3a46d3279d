"""A race: every number told anew from the outcomes, and the intervals from published examples.

The file is long because every number of one verb is told anew from the outcomes.
"""

import numpy as np
import optax
import pytest

import thalweg as tw
from thalweg.base.errors import InvalidValue
from thalweg.study.contest import deepest
from thalweg.study.race import pair_confidence
from thalweg.valleys.shares import medians, paired, wilson

CONDITIONS = tw.Conditions(starts=200, steps=60, seed=4, precision=32)
TUNING = tw.Tuning(starts=40, rates=7, low=1e-4, high=1.0, seed=9)
RIVALS = {
    "sgd": tw.Optimizer(optax.sgd),
    "momentum": tw.Optimizer(optax.sgd, momentum=0.9, learning_rate=123.0),
    "adam": tw.Optimizer(optax.adam),
}


@pytest.fixture(scope="module")
def objective():
    return tw.objective(tw.problems.pencil(), tw.losses.fourth_root())


@pytest.fixture(scope="module")
def valleys(objective):
    return tw.find_valleys(objective, method="exact")


@pytest.fixture(scope="module")
def ran(objective, valleys):
    return tw.race(objective, RIVALS, valleys, conditions=CONDITIONS, tuning=TUNING)


def ends(objective, valleys, name, rate, starts, minibatch=None):
    """Outcomes of one optimiser with one rate, which is an array as in the race: a number may round otherwise."""
    optimizer = RIVALS[name].replace(learning_rate=np.full(len(starts), rate))
    descent = tw.Descent(optimizer, CONDITIONS.steps, minibatch, CONDITIONS.precision)
    return tw.outcomes(objective, descent, valleys, starts=starts)


def chosen(rates, success, settled):
    """The stated rule in plain Python."""
    medians = [np.inf if np.isnan(step) else step for step in settled]
    return min(zip([-share for share in success], medians, rates, strict=True))[2]


@pytest.mark.parametrize("k", range(3))
def test_the_race_is_told_from_the_outcomes(objective, valleys, ran, k):
    one, name = ran.isel(optimizer=k), ran.attrs["names"][k]
    starts = tw.starts.uniform(objective.problem, CONDITIONS.starts, CONDITIONS.seed)
    found = ends(objective, valleys, name, float(one["learning_rate"]), starts)
    won = found["outcome"].values == 0
    steps = np.sort(found["settled"].values[won])
    assert 0 < won.sum() < len(won)
    assert float(one["success"]) == won.mean()
    interval = wilson(np.array([won.sum()]), len(won))
    assert (float(one["success_low"]), float(one["success_high"])) == (interval.low[0], interval.high[0])
    assert float(one["derailed"]) == (found["derailments"].values > 0).mean()
    assert float(one["diverged"]) == 0
    by_step = [np.sum(steps <= step) / len(won) for step in range(CONDITIONS.steps + 1)]
    np.testing.assert_array_equal(one["success_by_step"].values, by_step)
    for share, step in zip((0.05, 0.5, 0.95), one["settled"].values, strict=True):
        # The first step by which at least that share of the successful runs has settled.
        assert step == next(other for other in steps if np.mean(steps <= other) >= share)


@pytest.mark.parametrize("k", range(3))
def test_the_rate_is_the_best_on_starts_of_another_seed(objective, valleys, ran, k):
    one, name = ran.isel(optimizer=k), ran.attrs["names"][k]
    starts = tw.starts.uniform(objective.problem, TUNING.starts, TUNING.seed)
    success, settled = [], []
    for rate in one["tuned_rate"].values:
        found = ends(objective, valleys, name, rate, starts)
        won = found["outcome"].values == 0
        success.append(won.mean())
        settled.append(np.median(found["settled"].values[won]) if won.any() else np.nan)
    np.testing.assert_array_equal(one["tuned_success"].values, success)
    np.testing.assert_array_equal(one["tuned_settled"].values, settled)
    assert float(one["learning_rate"]) == chosen(one["tuned_rate"].values, success, settled)


def test_all_have_the_same_candidates_and_the_budget_is_recorded(ran):
    np.testing.assert_allclose(ran["tuned_rate"][0], [1e-4 * 10 ** (k * 4 / 6) for k in range(7)], rtol=1e-12)
    assert (ran["tuned_rate"] == ran["tuned_rate"][0]).all()
    kept = {key: ran.attrs[key] for key in ("seed", "tuning_seed", "starts", "steps", "tuning_steps", "precision")}
    assert kept == {
        "seed": 4,
        "tuning_seed": 9,
        "starts": 200,
        "steps": 60,
        "tuning_steps": 7 * 40 * 60,
        "precision": 32,
    }
    assert ran.attrs["names"] == list(RIVALS)
    assert ran.attrs["best_names"] == ["0°"]
    assert ran.attrs["optimizer"][1].startswith("sgd(momentum=0.9, learning_rate=")


def test_a_race_run_again_is_the_same_but_for_its_time(objective, valleys, ran):
    again = tw.race(objective, RIVALS, valleys, conditions=CONDITIONS, tuning=TUNING)
    assert again.drop_vars("seconds").identical(ran.drop_vars("seconds"))
    assert (ran["seconds"] > 0).all()


def test_an_optimiser_is_not_moved_by_its_rivals(objective, valleys, ran):
    alone = tw.race(objective, {"adam": RIVALS["adam"]}, valleys, conditions=CONDITIONS, tuning=TUNING)
    for name in ("learning_rate", "success", "settled", "success_by_step", "tuned_success"):
        np.testing.assert_array_equal(alone[name][0], ran[name][2])
    assert alone["difference"].isnull().all()


@pytest.fixture(scope="module")
def bowl():
    objective = tw.objective(tw.problems.function(lambda p: p[0] ** 2, tw.problems.Axis("x", -2, 2)))
    return objective, tw.find_valleys(objective, refine=True)


def test_of_equal_successes_the_fastest_rate_wins(bowl):
    tuning = tw.Tuning(starts=20, rates=5, low=0.005, high=50.0)
    found = tw.race(bowl[0], {"sgd": tw.Optimizer(optax.sgd)}, bowl[1], conditions=CONDITIONS, tuning=tuning)
    # With 0.5 one step leads to the minimum; with 0.05 all runs arrive too, but later.
    assert found["tuned_success"].values[0, 1:3].tolist() == [1, 1]
    assert float(found["learning_rate"][0]) == pytest.approx(0.5)
    assert found["at_end"].values.tolist() == [0]


def deaf(learning_rate, pace):
    """An optimiser whose rate has no effect."""
    return optax.sgd(pace)


def test_of_rates_that_are_alike_the_smallest_wins_and_is_named_as_an_end(bowl):
    deaf_ones = {"calm": tw.Optimizer(deaf, pace=0.1), "wild": tw.Optimizer(deaf, pace=50.0)}
    found = tw.race(bowl[0], deaf_ones, bowl[1], conditions=CONDITIONS, tuning=TUNING)
    assert found["learning_rate"].values.tolist() == [pytest.approx(1e-4)] * 2
    assert found["at_end"].values.tolist() == [1, 1]
    # -99 to the power of 60 is more than 32 bits hold.
    assert found["diverged"].values.tolist() == [0, 1]
    assert found["success"].values.tolist() == [1, 0]
    assert found["settled"].isnull().values.tolist() == [[False] * 3, [True] * 3]


def test_on_a_surface_with_one_valley_the_goal_is_the_loss():
    """Of Rosenbrock's function a quarter of all starts lay on the floor, a share of its relief, at step 0."""
    objective = tw.objective(tw.problems.rosenbrock())
    valleys = tw.find_valleys(objective)
    conditions = tw.Conditions(starts=100, steps=60, seed=4)
    tuning = tw.Tuning(starts=20, rates=4, low=1e-3, high=1.0, seed=9)
    found = tw.race(objective, {"adam": tw.Optimizer(optax.adam)}, valleys, conditions=conditions, tuning=tuning)
    heights = np.array([float(objective.example(p)) for p in tw.starts.uniform(objective.problem, 1024)])
    assert found.attrs["within"] == 1e-3
    assert found.attrs["level"] == pytest.approx(1e-3 * np.median(heights), rel=1e-6)
    assert "within 0.001 of the surface's median height" in found.attrs["goal"]
    starts = tw.starts.uniform(objective.problem, 100, 4)
    rate = found["learning_rate"].values.repeat(100)
    runs = tw.descend(objective, tw.Optimizer(optax.adam, learning_rate=rate), starts=starts, steps=60)
    losses, last = runs["train_loss"].values, runs["params"].values[:, -1]
    inside = (np.abs(last) <= 2.048).all(axis=1)
    assert float(found["success"][0]) == np.mean((losses[:, -1] <= found.attrs["level"]) & inside)
    assert float(found["success_by_step"][0, 0]) <= 0.02
    assert float(found["final"][0]) == np.sort(losses[:, -1])[49]
    away = np.linalg.norm(last - 1, axis=1)
    assert float(found["distance"].sel(quantile=0.5)[0]) == pytest.approx(np.sort(away)[49], rel=1e-6)
    strict = tw.Conditions(starts=100, steps=60, seed=4, within=1e-8)
    harder = tw.race(objective, {"adam": tw.Optimizer(optax.adam)}, valleys, conditions=strict, tuning=tuning)
    assert float(harder["success"][0]) < float(found["success"][0])
    with pytest.raises(InvalidValue, match="within = 1.5 is not allowed; give a finite number above 0 and below 1"):
        tw.Conditions(within=1.5)


def test_names_are_the_coordinates(ran):
    assert ran["optimizer"].values.tolist() == ran["rival"].values.tolist() == list(RIVALS)
    assert float(ran["success"].sel(optimizer="adam")) == float(ran["success"][2])


@pytest.mark.parametrize("n", [6, 7, 25, 100])
def test_the_interval_of_a_median_covers_it_at_least_as_often_as_it_says(n):
    # The median of the uniform distribution: 4,000 draws know a coverage to 0.0035.
    values = np.random.default_rng(n).random((4000, n))
    found = medians(values)
    covered = np.mean((found.low <= 0.5) & (found.high >= 0.5))
    assert covered > 0.95 - 0.01
    # One place further in, at both ends, is not enough.
    ordered = np.sort(values, axis=1)
    out = int(np.argmax((ordered == found.low[:, None])[0]))
    assert np.mean((ordered[:, out + 1] <= 0.5) & (ordered[:, n - 2 - out] >= 0.5)) < 0.95


def test_of_fewer_than_six_values_nothing_is_known_of_the_median():
    found = medians(np.arange(5.0)[None])
    assert (found.share[0], found.low[0], found.high[0]) == (2.0, -np.inf, np.inf)


def test_every_valley_as_deep_as_the_deepest_counts():
    objective = tw.objective(tw.problems.himmelblau())
    valleys = tw.find_valleys(objective, refine=True)
    tuning = tw.Tuning(starts=20, rates=3, low=1e-3, high=1e-2)
    found = tw.race(objective, {"sgd": tw.Optimizer(optax.sgd)}, valleys, conditions=CONDITIONS, tuning=tuning)
    assert found.attrs["best"] == [0, 1, 2, 3]
    assert found.attrs["goal"] == "ends on the floor of the deepest valley"
    assert float(found["success"][0]) > 0.9


@pytest.mark.long
def test_of_valleys_from_starts_the_goal_is_the_deepest_found():
    """Of the 1,331 valleys of Rastrigin's function in three dimensions four starts miss the deepest, at the origin.

    It is found where the problem says that it is there.
    """
    known = tw.problems.rastrigin(dimension=3)
    assert float(tw.find_valleys(tw.objective(known), method=tw.starts.Sobol(4))["loss"][0]) == 0
    objective = tw.objective(tw.problems.function(known.value, known.domain))
    valleys = tw.find_valleys(objective, method=tw.starts.Sobol(4))
    conditions, tuning = tw.Conditions(starts=4, steps=2), tw.Tuning(starts=4, rates=2)
    found = tw.race(objective, {"sgd": tw.Optimizer(optax.sgd)}, valleys, conditions=conditions, tuning=tuning)
    assert float(valleys["loss"][0]) > 1.0
    assert found.attrs["goal"] == "ends on the floor of the deepest valley found"


WHOLE = tw.problems.Split(test_share=0.0)


@pytest.mark.parametrize(
    ("settings", "count", "method"),
    [
        ({}, 1, "exact"),
        ({}, 1, "grid"),
        ({"residual": "orthogonal", "split": WHOLE}, 5, "exact"),  # each line is turned into each other
        ({"residual": "orthogonal", "split": WHOLE}, 5, "grid"),
        ({"lines": 6, "split": WHOLE, "noise": 0.0}, 1, "exact"),
        pytest.param({"lines": 6, "split": WHOLE, "noise": 0.0}, 1, "grid", marks=pytest.mark.long),
    ],
)
def test_equal_depths_are_told_up_to_the_rounding_of_their_places(settings, count, method):
    objective = tw.objective(tw.problems.pencil(**settings), tw.losses.fourth_root())
    valleys = tw.find_valleys(objective, method=method, refine=method == "grid")
    assert len(deepest(objective, valleys)) == count


def cells(both, one, other, neither):
    """Runs of which so many succeed twice, with the one alone, with the other alone, and never."""
    counts = [both, one, other, neither]
    return tuple(np.repeat(np.array(values, dtype=bool), counts)[None] for values in ([1, 1, 0, 0], [1, 0, 1, 0]))


def test_the_interval_of_a_paired_difference_is_the_published_one():
    # Airway hyper-responsiveness, from Fagerland, Lydersen and Laake 2014, doi:10.1002/sim.6148, and the first example
    # of Newcombe 1998; both print three or four digits.
    found = paired(*cells(1, 1, 7, 12))
    assert (round(found.share[0], 3), round(found.low[0], 3), round(found.high[0], 3)) == (-0.286, -0.507, -0.026)
    found = paired(*cells(36, 12, 2, 0))
    assert (round(found.share[0], 4), round(found.low[0], 4), round(found.high[0], 4)) == (0.2, 0.0569, 0.3404)


def test_a_paired_interval_turned_round_is_its_mirror_image():
    one, other = cells(20, 9, 3, 30)
    ahead, behind = paired(one, other), paired(other, one)
    # The same sums in another order.
    np.testing.assert_allclose(
        [ahead.share, ahead.low, ahead.high], [-behind.share, -behind.high, -behind.low], atol=1e-15
    )
    assert ahead.low[0] < ahead.share[0] < ahead.high[0]


def test_a_paired_interval_covers_as_often_as_it_says():
    # 2000 draws know a coverage of 0.95 to 0.005; three times that is chance.
    shares = np.array([0.2, 0.15, 0.1, 0.55])
    draws = np.random.default_rng(3).choice(4, size=(2000, 150), p=shares)
    found = paired(np.isin(draws, (0, 1)), np.isin(draws, (0, 2)))
    covered = np.mean((found.low <= 0.05) & (found.high >= 0.05))
    assert abs(covered - 0.95) < 0.015


def test_pairs_are_compared_on_the_same_starts(objective, valleys, ran):
    starts = tw.starts.uniform(objective.problem, CONDITIONS.starts, CONDITIONS.seed)
    rates = ran["learning_rate"].values
    sgd, _, adam = (
        ends(objective, valleys, name, rate, starts)["outcome"].values[None] == 0
        for name, rate in zip(RIVALS, rates, strict=True)
    )
    found = paired(adam, sgd, 1 - 0.05 / 3)
    told = [float(ran[f"difference{end}"][2, 0]) for end in ("", "_low", "_high")]
    assert told == [found.share[0], found.low[0], found.high[0]]
    assert ran.attrs["pair_confidence"] == pair_confidence(3) == 1 - (1 - 0.95) / 3
    assert [pair_confidence(1), pair_confidence(2)] == [0.95, 0.95]
    assert np.isnan(ran["difference"].values.diagonal()).all()


@pytest.mark.long
def test_shuffles_of_the_tuning_are_not_those_of_the_race(objective, valleys):
    conditions = tw.Conditions(40, CONDITIONS.steps, CONDITIONS.seed, tw.Minibatch(32, seed=5), CONDITIONS.precision)
    tuning = tw.Tuning(starts=30, rates=2, low=0.01, high=0.1, seed=9)
    found = tw.race(objective, {"sgd": RIVALS["sgd"]}, valleys, conditions=conditions, tuning=tuning)
    starts = np.tile(tw.starts.uniform(objective.problem, 30, 9), (2, 1))
    rates = np.repeat([0.01, 0.1], 30)
    shares = []
    for seed in (5, 6):
        descent = tw.Descent(
            tw.Optimizer(optax.sgd, learning_rate=rates), CONDITIONS.steps, tw.Minibatch(32, seed=seed), 32
        )
        again = tw.outcomes(objective, descent, valleys, starts=starts)
        shares.append((again["outcome"].values == 0).reshape(2, 30).mean(axis=1).tolist())
    assert found["tuned_success"].values[0].tolist() == shares[1]
    assert shares[0] != shares[1]


def test_a_line_search_has_no_tuning(objective, valleys):
    lbfgs = tw.Optimizer(optax.lbfgs)
    conditions = tw.Conditions(starts=20, steps=8)
    found = tw.race(objective, {"lbfgs": lbfgs}, valleys, conditions=conditions, tuning=tw.Tuning(starts=10, rates=2))
    assert found["learning_rate"].isnull().all()
    assert found["tuned_success"].isnull().all()
    assert found["at_end"].values.tolist() == [0]
    starts = tw.starts.uniform(objective.problem, 20, 0)
    again = tw.outcomes(objective, tw.Descent(lbfgs, 8), valleys, starts=starts)
    assert float(found["success"][0]) == float((again["outcome"] == 0).mean()) > 0


def test_what_rounding_decided_is_told_where_asked(objective, valleys):
    conditions = tw.Conditions(starts=50, steps=60, seed=2, shadows=True)
    rivals = {"sgd": RIVALS["sgd"]}
    found = tw.race(
        objective, rivals, valleys, conditions=conditions, tuning=tw.Tuning(starts=10, rates=2, low=0.05, high=0.1)
    )
    starts = tw.starts.uniform(objective.problem, 50, 2)
    made = rivals["sgd"].replace(learning_rate=np.full(50, float(found["learning_rate"][0])))
    again = tw.outcomes(objective, tw.Descent(made, 60, shadows=True), valleys, starts=starts)
    assert float(found["rounding"][0]) == float(again["rounding"].mean()) > 0


BAD = [
    ({"optimizers": {}}, "there is no optimizer to race; give at least one"),
    (
        {"optimizers": {"adam": optax.adam(0.1)}},
        r"optimizers\['adam'\] = <GradientTransformationExtraArgs> is not an Optimizer; give a thalweg.Optimizer",
    ),
    (
        {"optimizers": {"slow": tw.Optimizer(optax.sgd, learning_rate=optax.constant_schedule(0.1))}},
        "learning_rate of optimizer 'slow' is a schedule and cannot be tuned; give a maker that takes its peak",
    ),
    (
        {"optimizers": {"sgd": tw.Optimizer(optax.sgd, momentum=[0.5, 0.9])}},
        "momentum of optimizer 'sgd' differs from run to run; give one value",
    ),
    ({"tuning": tw.Tuning(seed=0)}, "the race and its tuning both have the seed 0; give the tuning another"),
    ({"floor": 0.0}, "floor = 0.0 is not allowed"),
]


@pytest.mark.parametrize(("change", "message"), BAD)
def test_an_unfair_race_is_refused_in_one_line(objective, valleys, change, message):
    with pytest.raises(InvalidValue, match=message) as refused:
        tw.race(objective, **{"optimizers": RIVALS, "valleys": valleys} | change)
    assert "\n" not in str(refused.value)


def test_valleys_must_be_known_well_and_be_there(objective, bowl):
    coarse = tw.find_valleys(objective, tw.survey(objective, points=90), refine=False)
    with pytest.raises(InvalidValue, match="known to half a cell, too coarsely .*; find them with refine=True"):
        tw.race(objective, RIVALS, coarse)
    with pytest.raises(InvalidValue, match="constant to rounding and has no valley to race for"):
        tw.race(bowl[0], RIVALS, bowl[1].isel(valley=[]))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: tw.Conditions(starts=0), "starts = 0 is not allowed; give a whole number of at least 1"),
        (lambda: tw.Tuning(starts=0), "tuning starts = 0 is not allowed; give a whole number of at least 1"),
        (lambda: tw.Tuning(rates=1), "rates = 1 is not allowed; give a whole number of at least 2"),
        (lambda: tw.Tuning(low=0.0), "the lowest rate = 0.0 is not allowed; give a finite number above 0"),
        (lambda: tw.Tuning(high=1e-4), "the highest rate = 0.0001 is not allowed; give a finite number above 0.0001"),
        (lambda: tw.Tuning(rates=5000, starts=5000), "rates times tuning starts = 25000000 is not allowed"),
    ],
)
def test_bad_counts_are_refused_in_one_line(make, message):
    with pytest.raises(InvalidValue, match=message):
        make()
