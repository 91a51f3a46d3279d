"""Every public optimiser of optax, against a loop of optax's own outside of the driver."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import optax.contrib as contrib
import pytest

import thalweg as tw
from thalweg.base.errors import InvalidValue
from thalweg.base.precision import computing

STEPS, RATE, START = 12, 0.05, np.array([1.5, -1.2, 2.1])


def valley(p):
    """A smooth function without symmetry, with curvature that changes."""
    return 1.5 * (p[0] - 0.3) ** 2 + jnp.cosh(p[1] + 0.2 * p[0]) + 0.5 * (p[2] - p[1]) ** 2 + 0.1 * p[0] * p[2]


OBJECTIVE = tw.objective(tw.problems.function(valley, [tw.problems.Axis(name, -3, 3) for name in "abc"]))

RATED = """adabelief adadelta adafactor adagrad adam adamax adamaxw adamw adan amsgrad fromage lamb lars lion nadam nadamw
novograd optimistic_adam_v2 optimistic_gradient_descent radam rmsprop rprop sgd sign_sgd signum sm3 yogi"""
CONTRIBUTED = "acprop ademamix adopt galore madgrad muon simplified_ademamix sophia"
WITHOUT_RATE = "cocob dadapt_adamw dog dowg momo momo_adam prodigy schedule_free_adamw schedule_free_sgd"
PARTS = """centralize identity keep_params_nonnegative normalize_by_update_norm scale_by_adadelta scale_by_adam
scale_by_adamax scale_by_adan scale_by_amsgrad scale_by_belief scale_by_distance_over_gradients scale_by_lbfgs
scale_by_lion scale_by_novograd scale_by_optimistic_gradient scale_by_param_block_norm scale_by_param_block_rms
scale_by_polyak scale_by_radam scale_by_rms scale_by_rss scale_by_sign scale_by_sm3 scale_by_stddev
scale_by_trust_ratio scale_by_yogi zero_nans"""
SETTLED = {
    "adaptive_grad_clip": (0.1,), "add_decayed_weights": (0.1,), "add_noise": (0.1, 0.55, 0), "apply_every": (3,),
    "clip": (0.5,), "clip_by_block_rms": (0.5,), "clip_by_global_norm": (0.5,), "ema": (0.9,), "trace": (0.9,),
    "snapshot": ("norm", optax.tree.norm), "freeze": (False,),
    "stateless_with_tree_map": (lambda u, p: u + 0.1 * p,), "stateless": (lambda u, p: u + 0.1 * p,),
}  # fmt: skip


def adversary():
    return optax.chain(contrib.normalize(), optax.sgd(0.05))


def rated(module, name):
    return lambda: getattr(module, name)(RATE)


def part(name, arguments=()):
    return lambda: optax.chain(getattr(optax, name)(*arguments), optax.scale(-RATE))


SEARCHING = {
    "lbfgs": optax.lbfgs,
    "backtracking": lambda: optax.chain(optax.sgd(1.0), optax.scale_by_backtracking_linesearch(15)),
    "zoom": lambda: optax.chain(optax.sgd(1.0), optax.scale_by_zoom_linesearch(15)),
}
FAULTS = {
    "reduce_on_plateau": lambda: optax.chain(optax.sgd(RATE), contrib.reduce_on_plateau(patience=2, rtol=0.3)),
    "lookahead": lambda: optax.lookahead(optax.sgd(RATE), 4, 0.5),
    "sam": lambda: contrib.sam(optax.sgd(RATE), adversary()),
    "sam, opaque": lambda: contrib.sam(optax.adam(RATE), adversary(), sync_period=3, opaque_mode=True),
    "MultiSteps": lambda: optax.MultiSteps(optax.adam(RATE), 3),
    "inject_hyperparams": lambda: optax.inject_hyperparams(optax.adam)(learning_rate=optax.linear_schedule(RATE, 0.01, 7)),
    "sophia": lambda: contrib.sophia(RATE),
    "adam, schedule": lambda: optax.adam(optax.cosine_decay_schedule(RATE, 10)),
}  # fmt: skip
DEAR = {"sophia", "MultiSteps", "adam, schedule", "sam, opaque"}
WRAPPED = {
    "noisy_sgd": lambda: optax.noisy_sgd(RATE, key=0),
    "polyak_sgd": optax.polyak_sgd,
    "lbfgs, no search": lambda: optax.lbfgs(RATE, linesearch=None),
    "scale_by_rprop": lambda: optax.chain(optax.scale_by_rprop(RATE), optax.scale(-1.0)),
    "scale_by_learning_rate": lambda: optax.scale_by_learning_rate(RATE),
    "scale_by_schedule": lambda: optax.chain(optax.scale_by_schedule(optax.exponential_decay(RATE, 3, 0.9)), optax.scale(-1.0)),
    "plateau of means": lambda: optax.chain(optax.adam(RATE), contrib.reduce_on_plateau(0.5, 2, 0.3, cooldown=2, accumulation_size=2)),
    "lookahead, reset": lambda: optax.lookahead(optax.adam(RATE), 4, 0.5, reset_state=True),
    "lookahead in a chain": lambda: optax.chain(optax.clip(0.5), optax.lookahead(optax.adam(RATE), 4, 0.5)),
    "lookahead, injected": lambda: optax.inject_hyperparams(lambda r: optax.lookahead(optax.sgd(r), 4, 0.5))(r=RATE),
    "MultiSteps, schedule": lambda: optax.MultiSteps(optax.sgd(RATE), lambda step: step // 2 + 1),
    "MultiSteps, skipping": lambda: optax.MultiSteps(optax.sgd(RATE), 2, should_skip_update_fn=optax.skip_not_finite),
    "apply_if_finite": lambda: optax.apply_if_finite(optax.sgd(RATE), 3),
    "conditionally_transform": lambda: optax.chain(optax.conditionally_transform(optax.scale(0.5), lambda step: step % 2 == 0), optax.sgd(RATE)),
    "conditionally_mask": lambda: optax.conditionally_mask(optax.sgd(RATE), lambda step: step % 2 == 0),
    "flatten": lambda: optax.flatten(optax.adam(RATE)),
    "masked": lambda: optax.chain(optax.masked(optax.scale(0.5), True), optax.sgd(RATE)),
    "selective_transform": lambda: optax.selective_transform(optax.sgd(RATE), freeze_mask=False),
    "inject, a number": lambda: optax.inject_hyperparams(optax.adam)(learning_rate=RATE),
    "multi_transform": lambda: optax.multi_transform({"a": optax.sgd(RATE), "b": optax.adam(RATE)}, "b"),
    "partition": lambda: optax.partition({"a": optax.sgd(RATE), "b": optax.adam(RATE)}, "a"),
    "named_chain": lambda: optax.named_chain(("c", optax.clip(0.5)), ("o", optax.adam(RATE))),
    "with_extra_args_support": lambda: optax.with_extra_args_support(optax.sgd(RATE)),
    "piecewise schedule": lambda: optax.sgd(optax.piecewise_constant_schedule(RATE, {3: 0.5, 6: 0.1})),
    "joined schedules": lambda: optax.sgd(optax.join_schedules([optax.linear_schedule(0.01, RATE, 4), optax.constant_schedule(RATE)], [4])),
    "mechanize": lambda: contrib.mechanize(optax.sgd(RATE)),
    "sam, adam": lambda: contrib.sam(optax.adam(RATE), adversary(), sync_period=3),
    "sam, not reset": lambda: contrib.sam(optax.adam(RATE), optax.adam(0.05), reset_state=False),
    "schedule_free": lambda: contrib.schedule_free(optax.sgd(RATE), RATE),
    "split_real_and_imaginary": lambda: contrib.split_real_and_imaginary(optax.adam(RATE)),
    "normalize": lambda: optax.chain(contrib.normalize(), optax.sgd(RATE)),
}  # fmt: skip
MANY = {
    **{name: rated(optax, name) for name in RATED.split()},
    **{name: rated(contrib, name) for name in CONTRIBUTED.split()},
    **{name: getattr(contrib, name) for name in WITHOUT_RATE.split()},
    **{name: part(name) for name in PARTS.split()},
    **{name: part(name, arguments) for name, arguments in SETTLED.items()},
    **WRAPPED,
    **SEARCHING,
}


def by_hand(name, made, precision):
    """Descend as optax's documentation shows, one call after the other, nothing compiled."""
    with computing(precision):
        optimizer = made()
        if isinstance(optimizer, optax.MultiSteps):
            optimizer = optimizer.gradient_transformation()
        optimizer = optax.with_extra_args_support(optimizer)
        params = jnp.asarray(START, dtype=f"float{precision}")
        if name.startswith("lookahead"):
            params = optax.LookaheadParams.init_synced(params)
        state = optimizer.init(params)
        if precision == 64 and "plateau" not in name:  # counted in 64 bits, as the engine's documentation says
            state = jax.tree.map(lambda leaf: leaf.astype(np.int64) if leaf.dtype == np.int32 else leaf, state)
        path = []
        for _ in range(STEPS + 1):
            fast = getattr(params, "fast", params)
            path.append(np.asarray(fast))
            value, gradient = jax.value_and_grad(valley)(fast)
            more = {"value": value, "grad": gradient, "value_fn": valley}
            if name.startswith("sam"):
                more = {"grad_fn": lambda params, _: jax.grad(valley)(params)}
            if name.startswith("sophia"):
                more = {"obj_fn": valley}
            changes, state = optimizer.update(gradient, state, params, **more)
            params = optax.apply_updates(params, changes)
        return np.array(path)


def check(name, made, precision):
    want = by_hand(name, made, precision)
    with computing(precision):
        optimizer = made()
    runs = tw.descend(OBJECTIVE, optimizer, starts=START, steps=STEPS, precision=precision)
    # Rounding of a dozen steps; quotients of small differences (Polyak's step, DoWG) carry it on, by 30 in 32 bits.
    tolerance = {64: 1e-12, 32: 1e-4}[precision]
    np.testing.assert_allclose(runs["params"].values[0], want, rtol=0, atol=tolerance)
    assert not np.array_equal(want[-1], want[0])


@pytest.mark.parametrize("precision", [64, pytest.param(32, marks=pytest.mark.long)])
@pytest.mark.parametrize(
    "name", [name if name not in DEAR else pytest.param(name, marks=pytest.mark.long) for name in FAULTS]
)
def test_optimisers_that_ask_for_more_are_those_of_a_plain_loop(name, precision):
    check(name, FAULTS[name], precision)


SHORT = ("adam", "adamw", "lion", "muon", "prodigy", "rmsprop", "scale_by_adam", "yogi")
"""Those that are tried in 32 bits too: nothing in the driver tells others from them."""


@pytest.mark.long
@pytest.mark.parametrize(("name", "precision"), [*((name, 64) for name in MANY), *((name, 32) for name in SHORT)])
def test_every_public_optimiser_is_that_of_a_plain_loop(name, precision):
    check(name, MANY[name], precision)


def test_none_of_the_public_optimisers_is_forgotten():
    made = {
        "scale_by_" + name
        for name in ["learning_rate", "schedule", "rprop", "zoom_linesearch", "backtracking_linesearch"]
    }
    only_parts = {name for name in dir(contrib) if name.startswith("scale_by_")}
    none = {"chain", "optimistic_adam", "inject_stateful_hyperparams", "measure_with_ema", "monitor", "dpsgd", "scale", "set_to_zero", "lookahead", "inject_hyperparams", "differentially_private_aggregate",
            "hutchinson_estimator_diag_hessian", "schedule_free_eval_params", "reduce_on_plateau", "sam"}  # fmt: skip
    tried = {*MANY, *made, *only_parts, *none}
    for module in (optax, contrib):
        for name in dir(module):
            if name[0] != "_" and "GradientTransformation" in str(
                getattr(getattr(module, name), "__annotations__", {}).get("return")
            ):
                assert name in tried, name


def test_runs_of_lookahead_are_apart_and_its_numbers_may_differ():
    def maker(rate):
        return optax.lookahead(optax.sgd(rate), 3, 0.5)

    starts = np.array([START, -START])
    together = tw.descend(OBJECTIVE, tw.Optimizer(maker, rate=[0.05, 0.1]), starts=starts, steps=9)
    for k, rate in enumerate((0.05, 0.1)):
        alone = tw.descend(OBJECTIVE, maker(rate), starts=starts[k], steps=9)
        np.testing.assert_array_equal(together["params"].values[k], alone["params"].values[0])


def test_what_is_not_taken_is_said_in_one_line():
    line = tw.problems.regression(
        lambda p, x, y: p[0] * x - y, {"x": np.arange(5.0), "y": np.arange(5.0)}, tw.problems.Axis("k", -3, 3)
    )
    sophia = tw.Descent(contrib.sophia(RATE), minibatch=tw.Minibatch(2))
    with pytest.raises(
        InvalidValue,
        match="asks for the loss at points of its own, which is not given of mini-batches; leave minibatch",
    ):
        tw.descend(tw.objective(line, tw.losses.quadratic()), sophia)

    monitor = optax.monitor({"norm": optax.measure_with_ema(optax.tree.norm, 0.9)})
    with pytest.raises(
        InvalidValue, match="its update gives a state of another form than it was given; mend its values"
    ):
        tw.descend(OBJECTIVE, optax.chain(monitor, optax.sgd(RATE)))
    mean = optax.stateless(lambda updates, params: updates.mean(0))  # as dpsgd, which takes gradients of examples
    with pytest.raises(InvalidValue, match="makes an array of shape .. of parameters of shape .3,.; mend its values"):
        tw.descend(OBJECTIVE, optax.chain(mean, optax.sgd(RATE)))

    def update(updates, state, params=None, *, temperature, **more):
        return updates, state

    odd = optax.GradientTransformationExtraArgs(lambda params: (), update)
    with pytest.raises(
        InvalidValue, match="refused by optax: .* missing 1 required .*: 'temperature'; mend its values"
    ):
        tw.descend(OBJECTIVE, odd)
