"""The same descent in several frameworks: measured against the reference, parted, explained."""

import numpy as np
import optax
import pytest
import xarray as xr

import thalweg as tw
from thalweg.base.errors import InvalidValue, UnknownName
from thalweg.frameworks import catalogue as frameworks
from thalweg.frameworks.common.trajectory import TooSlow
from thalweg.frameworks.comparison import compare as module
from thalweg.frameworks.comparison.compare import compare
from thalweg.frameworks.comparison.shadows import bound_of
from thalweg.store.stream import readable, storable

SGD = tw.Optimizer(optax.sgd, learning_rate=0.05)
QUARTER = np.pi / 4


@pytest.fixture(scope="module")
def pencil():
    return tw.objective(tw.problems.pencil(), tw.losses.fourth_root())


@pytest.fixture
def faked(monkeypatch):
    """Frameworks whose runs are the reference's, changed by a function of theirs."""

    def fake(slow=(), **changes):
        def descend(objective, descent, name, starts, patience):
            if patience is not None and name in slow:
                raise TooSlow(20 * patience)
            runs = tw.descend(
                objective, descent.optimizer, starts=starts, steps=descent.steps, precision=descent.precision
            )
            runs.attrs |= {"framework_version": "1.0", "backend": "", "idiom": f"by {name}"}
            runs.attrs |= {"seconds_first": 1.0, "seconds_per_step": 0.5}
            return changes[name](runs.copy(deep=True))

        monkeypatch.setattr(module, "runs_in", descend)
        return tuple(changes)

    return fake


def moved(by, since):
    def change(runs):
        runs["params"][:, since:] = runs["params"][:, since:] + by
        return runs

    return change


def test_differences_and_the_step_where_runs_part_are_measured(pencil, faked):
    names = faked(jax=lambda runs: runs, torch=moved(1e-3, 4), tensorflow=moved(2e-16, 3))
    found = compare(pencil, tw.Descent(SGD, steps=8), names, starts=QUARTER)
    np.testing.assert_array_equal(found["parts"], [-1, 4, -1])
    np.testing.assert_array_equal(found["first_unequal"], [-1, 4, 3])
    # The shift is added to a number of order 1, and so is rounded.
    np.testing.assert_allclose(found["difference"][1], [0] * 4 + [1e-3] * 5, atol=2e-16)
    assert found["largest"].values[0] == 0
    assert float(found["largest"][1]) == pytest.approx(1e-3, abs=2e-16)
    assert int(found["largest_step"][1]) >= 4
    assert found.attrs["causes"][0] == "none: equal to the bit"
    assert found.attrs["causes"][1:] == ["not known", "rounding"]
    assert found.attrs["titles"] == ["JAX", "PyTorch", "TensorFlow"]
    assert found.attrs["idioms"] == ["by jax", "by torch", "by tensorflow"]


def test_the_bound_holds_what_rounding_does_and_no_more(pencil):
    reference = tw.descend(pencil, SGD, starts=QUARTER, steps=100)["params"].values[0]
    bound = bound_of(pencil, tw.Descent(SGD, steps=100), np.array([[QUARTER]]), reference)
    assert (np.diff(bound) >= 0).all()
    # At the start one unit in the last place times ten, and four more; the run amplifies that.
    assert 10 * 1.1e-16 < bound[0] < 1e-14
    plain = np.array([QUARTER])
    x, y = pencil.train
    with np.errstate(invalid="ignore"):
        for k in range(100):  # the gradient as a textbook writes it
            slope = np.tan(plain[-1])
            r = slope * x - y
            plain = np.append(
                plain, plain[-1] - 0.05 * np.mean(np.sign(r) / (2 * np.sqrt(np.abs(r))) * x * (1 + slope**2))
            )
            assert abs(plain[-1] - reference[k + 1, 0]) <= bound[k + 1]
    assert bound[-1] < 1e-9


def test_the_bound_of_each_step_grows_with_what_amplifies_rounding(pencil):
    adam = tw.Optimizer(optax.adam, learning_rate=0.05)
    reference = tw.descend(pencil, adam, starts=QUARTER, steps=100)["params"].values[0]
    bound = bound_of(pencil, tw.Descent(adam, steps=100), np.array([[QUARTER]]), reference)
    assert bound[30] < 1e-12  # on the slope
    assert bound[100] > 1e-3  # from one floor to the next


def test_an_object_as_optimiser_can_be_shaken_too(pencil):
    optimizer = optax.chain(optax.clip(1.0), optax.sgd(0.05))
    reference = tw.descend(pencil, optimizer, starts=QUARTER, steps=5)["params"].values[0]
    bound = bound_of(pencil, tw.Descent(optimizer, steps=5), np.array([[QUARTER]]), reference)
    assert (bound < 1e-12).all()


def test_a_run_that_is_no_number_parts_there(pencil, faked):
    def lost(runs):
        runs["params"][:, 2:] = np.nan
        return runs

    # From 0 the residuals of the horizontal line are exactly zero at the start, and nowhere else.
    found = compare(pencil, tw.Descent(SGD, steps=8), faked(torch=lost), starts=0.0)
    assert int(found["parts"][0]) == 2
    assert found.attrs["causes"] == ["not finite"]
    assert np.isnan(found["difference"].values[0, 2:]).all()


def test_what_is_missing_or_refused_is_named(pencil, faked, monkeypatch):
    def refuse(runs):
        raise InvalidValue("PyTorch has no counterpart")

    def fail(runs):
        raise InvalidValue("no such formula")

    names = faked(jax=lambda runs: runs, torch=refuse, tensorflow=fail, keras=lambda runs: runs)
    find = frameworks.find_spec
    monkeypatch.setattr(frameworks, "find_spec", lambda module: None if module == "keras" else find(module))
    found = compare(pencil, tw.Descent(SGD, steps=8), names)
    assert found.attrs["names"] == ["jax"]
    assert found.attrs["missing"] == ["Keras is not installed; install it with: python -m pip install 'thalweg[keras]'"]
    assert found.attrs["refused"] == ["PyTorch has no counterpart", "TensorFlow: no such formula"]
    with pytest.raises(InvalidValue, match="no framework can make this descent: Keras is not installed"):
        compare(pencil, tw.Descent(SGD, steps=8), ("keras",))


def test_what_takes_more_than_ten_times_as_long_is_left_out_unless_it_is_named(pencil, faked):
    same = dict.fromkeys(("jax", "torch", "tensorflow", "keras"), lambda runs: runs)
    names = faked(slow=("keras",), **same)
    compared = compare(pencil, tw.Descent(SGD, steps=8))
    assert compared.attrs["names"] == ["jax", "torch", "tensorflow"]
    # The others take 1 + 8 * 0.5 = 5 seconds each; so more than 50 is too long.
    assert compared.attrs["refused"] == [
        "Keras would take about 1000 s, more than 10 times as long as the others; to wait for it, name it among the "
        "frameworks: jax,torch,tensorflow,keras"
    ]
    assert compare(pencil, tw.Descent(SGD, steps=8), names).attrs["names"] == list(names)


def test_of_several_starts_and_settings_the_first_is_taken(pencil, faked):
    optimizer = tw.Optimizer(optax.sgd, learning_rate=np.array([0.05, 0.1]))
    found = compare(pencil, tw.Descent(optimizer, steps=8), faked(jax=lambda runs: runs), starts=[QUARTER, 0.2])
    assert found.attrs["start"] == [QUARTER]
    assert found.attrs["optimizer"] == "sgd(learning_rate=0.05)"
    assert dict(found.sizes) == {"framework": 1, "step": 9, "param": 1}


def test_a_comparison_survives_the_store(pencil, faked, tmp_path):
    found = compare(pencil, tw.Descent(SGD, steps=8), faked(jax=lambda runs: runs, torch=moved(1e-3, 1)))
    storable(found).to_zarr(tmp_path / "store", zarr_format=3, consolidated=False)
    again = readable(xr.load_dataset(tmp_path / "store", engine="zarr", consolidated=False))
    xr.testing.assert_identical(again.drop_attrs(), found.drop_attrs())
    assert again.attrs["sentences"] == found.attrs["sentences"]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ((), "there is no framework to compare; give some of jax, torch, tensorflow, keras"),
        (("jax", "jax"), "framework jax is named twice; name each of them once"),
        (("jax", "", "torch"), "unknown framework ''"),
        (("jax", "torhc"), "unknown framework 'torhc'; did you mean 'torch'?"),
        (("jax", "torch:fast"), "unknown framework 'torch:fast'; did you mean 'torch'?"),
    ],
)
def test_bad_names_are_refused_in_one_line(pencil, names, message):
    with pytest.raises((InvalidValue, UnknownName)) as error:
        compare(pencil, tw.Descent(SGD, steps=8), names)
    assert message in str(error.value)


def test_minibatches_are_refused(pencil):
    descent = tw.Descent(SGD, steps=2, minibatch=tw.Minibatch(10))
    with pytest.raises(InvalidValue, match="mini-batches are drawn otherwise in every framework; compare on all data"):
        compare(pencil, descent)


def test_jax_and_pytorch_descend_the_published_problem_within_rounding(pencil):
    found = compare(pencil, tw.Descent(SGD, steps=100), ("jax", "torch"), starts=QUARTER)
    assert (found["largest"] <= 1e-9).all()
    assert found["parts"].values.tolist() == [-1, -1]
    assert set(found.attrs["causes"]) <= {"rounding", "none: equal to the bit"}
    assert (found["seconds_per_step"] > 0).all()


def test_pytorch_has_no_gradient_at_a_residual_of_zero(pencil):
    found = compare(pencil, tw.Descent(SGD, steps=8), ("torch",), starts=0.0)
    assert found.attrs["causes"] == ["NaN gradient at a residual of 0"]
    assert int(found["zero_residuals"][0]) > 0
    assert int(found["cause_step"][0]) == 0
    assert int(found["parts"][0]) == 1


@pytest.mark.long
def test_the_difference_of_adam_is_found_in_tensorflow_and_keras_at_its_first_step(pencil):
    adam = tw.Optimizer(optax.adam, learning_rate=0.05)
    found = compare(pencil, tw.Descent(adam, steps=20), starts=QUARTER)
    assert found["parts"].values.tolist() == [-1, -1, 1, 1]
    assert found["cause_step"].values.tolist()[2:] == [1, 1]
    for cause in found.attrs["causes"][2:]:
        assert cause.startswith("ε beside the uncorrected root")
